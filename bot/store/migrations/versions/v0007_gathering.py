"""Meetings that belong to no task, their reminders, and messages to a group."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_REMINDS = sa.text("remind_at IS NOT NULL")


def upgrade() -> None:
    """Add what gathering a group needs."""
    with op.batch_alter_table("group_sessions") as sessions:
        sessions.add_column(sa.Column("subject", sa.Text(), nullable=True))
    with op.batch_alter_table("session_guests") as guests:
        guests.add_column(sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
        guests.add_column(sa.Column("outbox_id", sa.String(length=36), nullable=True))
    op.create_index(
        "ix_session_guests_remind_at",
        "session_guests",
        ["remind_at"],
        sqlite_where=_REMINDS,
        postgresql_where=_REMINDS,
    )
    op.create_table(
        "group_letters",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("coach_id", sa.String(length=36), nullable=False),
        sa.Column("newcomer_id", sa.String(length=36), nullable=False),
        sa.Column("outbox_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["coach_id"], ["users.id"], name=op.f("fk_group_letters_coach_id")),
        sa.ForeignKeyConstraint(["newcomer_id"], ["newcomers.id"], name=op.f("fk_group_letters_newcomer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_letters")),
        sa.UniqueConstraint("message_id", "newcomer_id", name=op.f("uq_group_letters_message_id_newcomer_id")),
    )
    op.create_index("ix_group_letters_coach_id", "group_letters", ["coach_id", "at"])
    op.create_index("ix_group_letters_newcomer_id", "group_letters", ["newcomer_id", "at"])
