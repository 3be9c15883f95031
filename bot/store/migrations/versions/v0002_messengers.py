"""Messengers: receipts, waiting for a window, blocked addresses, files, budgets, link codes, vendor contents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATUSES = "'queued', 'leased', 'waiting', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'dropped'"


def upgrade() -> None:
    """Widen the tables that messengers touch and add theirs."""
    with op.batch_alter_table("newcomers") as newcomers:
        newcomers.add_column(sa.Column("reminders_to", sa.String(length=36), nullable=True))
        newcomers.add_column(sa.Column("enrolment_code", sa.String(length=64), nullable=True))
    with op.batch_alter_table("addresses") as addresses:
        addresses.add_column(sa.Column("name_sealed", sa.LargeBinary(), nullable=True))
        addresses.add_column(sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("conversations") as conversations:
        conversations.add_column(sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("inbound") as inbound:
        inbound.drop_constraint(op.f("uq_inbound_channel_provider_id"), type_="unique")
        inbound.create_unique_constraint(
            op.f("uq_inbound_conversation_id_provider_id"), ["conversation_id", "provider_id"]
        )
    _outbox()
    _attachments()
    _small_ones()


def _outbox() -> None:
    op.drop_index("ix_outbox_due", "outbox")
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("bulk", sa.Boolean(), server_default=sa.false(), nullable=False))
        outbox.add_column(sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True))
        outbox.add_column(sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
        outbox.drop_constraint(op.f("ck_outbox_status"), type_="check")
        outbox.create_check_constraint(op.f("ck_outbox_status"), f"status IN ({_STATUSES})")
    for name, columns, where in (
        ("ix_outbox_due", ["bulk", "available_at", "id"], "status IN ('queued', 'leased')"),
        ("ix_outbox_waiting", ["conversation_id"], "status = 'waiting'"),
        ("ix_outbox_uncertain", ["available_at"], "status = 'uncertain'"),
    ):
        op.create_index(name, "outbox", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("inbound_id", sa.String(length=36), nullable=False),
        sa.Column("place", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reference_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("media_type", sa.String(length=128), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('wanted', 'fetched', 'refused', 'unwanted', 'gone')", name=op.f("ck_attachments_status")
        ),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_attachments_conversation_id")),
        sa.ForeignKeyConstraint(["inbound_id"], ["inbound.id"], name=op.f("fk_attachments_inbound_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("inbound_id", "place", name=op.f("uq_attachments_inbound_id_place")),
    )
    op.create_index("ix_attachments_conversation_id", "attachments", ["conversation_id"])
    where = sa.text("status IN ('wanted', 'unwanted')")
    op.create_index("ix_attachments_due", "attachments", ["available_at"], sqlite_where=where, postgresql_where=where)


def _small_ones() -> None:
    op.create_table(
        "budgets",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_budgets")),
    )
    op.create_table(
        "link_codes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("newcomer_id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["newcomer_id"], ["newcomers.id"], name=op.f("fk_link_codes_newcomer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_codes")),
        sa.UniqueConstraint("digest", name=op.f("uq_link_codes_digest")),
    )
    op.create_index("ix_link_codes_newcomer_id", "link_codes", ["newcomer_id"])
    op.create_table(
        "vendor_contents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("sid", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendor_contents")),
        sa.UniqueConstraint("account", "name", "language", name=op.f("uq_vendor_contents_account_name_language")),
    )
