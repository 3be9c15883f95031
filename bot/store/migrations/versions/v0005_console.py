"""The console: signing in, who looked at what, drafts, files of replies, pings, what the organisation decided."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what people at the desk need besides the cases."""
    _users()
    _newcomers()
    _cases()
    with op.batch_alter_table("inbound") as inbound:
        inbound.add_column(sa.Column("understood_json", sa.JSON(), nullable=True))
    _index("ix_inbound_received_at", "inbound", ["received_at"])
    _index("ix_outbox_created_at", "outbox", ["created_at"])
    _signing_in()
    _writing()
    _looking()
    _pings()


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=36), nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _bytes(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _table(name: str, *parts: sa.Column[Any] | sa.Constraint, **to: str) -> None:
    """Make a table with an id and foreign keys by the name of the column."""
    foreign = (
        sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_{name}_{column}"))
        for column, table in to.items()
    )
    op.create_table(name, _id(), *parts, *foreign, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _check(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


def _users() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(_id("data_key_id", nullable=True))
        users.add_column(_text("sign_in", 64))
        users.add_column(_text("password_hash", 255))
        users.add_column(_bytes("totp_sealed"))
        users.add_column(sa.Column("totp_step", sa.Integer(), nullable=True))
        users.add_column(_text("oidc_subject", 255))
        users.add_column(sa.Column("interface", sa.String(length=8), server_default=sa.text("'nl'"), nullable=False))
        users.add_column(_text("theme", 8))
        users.add_column(_moment("on_shift_until"))
        users.add_column(_bytes("mail_sealed"))
        users.add_column(_bytes("telegram_sealed"))
        users.add_column(sa.Column("notify_json", sa.JSON(), nullable=True))
        users.create_foreign_key(op.f("fk_users_data_key_id"), "data_keys", ["data_key_id"], ["id"])
        users.create_unique_constraint(op.f("uq_users_sign_in"), ["sign_in"])
        users.create_unique_constraint(op.f("uq_users_oidc_subject"), ["oidc_subject"])


def _newcomers() -> None:
    with op.batch_alter_table("newcomers") as newcomers:
        newcomers.add_column(_id("coach_id", nullable=True))
        newcomers.create_foreign_key(op.f("fk_newcomers_coach_id"), "users", ["coach_id"], ["id"])
    _index("ix_newcomers_coach_id", "newcomers", ["coach_id"], "coach_id IS NOT NULL")


def _cases() -> None:
    with op.batch_alter_table("cases") as cases:
        cases.add_column(_text("was_about", 128))
        cases.add_column(sa.Column("answer_wanted", sa.Boolean(), nullable=True))
        cases.add_column(_moment("emptied_at"))
    op.drop_index("ix_cases_open_team", "cases")
    queue = ["team", "state", "priority", "waiting_since", "id", "language", "topic"]
    _index("ix_cases_queue", "cases", queue, "state <> 'closed'")
    _index("ix_cases_closed", "cases", ["closed_at"], "closed_at IS NOT NULL AND emptied_at IS NULL")
    _index("ix_case_events_at", "case_events", ["at"])


def _signing_in() -> None:
    _table(
        "recovery_codes",
        _id("user_id"),
        _bytes("digest", nullable=False),
        _moment("used_at"),
        _unique("recovery_codes", "digest"),
        user_id="users",
    )
    _index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    _table(
        "invitations",
        _id("user_id"),
        _text("purpose", 16, nullable=False),
        _bytes("digest", nullable=False),
        _moment("expires_at", nullable=False),
        _unique("invitations", "digest"),
        _check("invitations", "purpose", "password", "telegram"),
        user_id="users",
    )
    _index("ix_invitations_user_id", "invitations", ["user_id"])
    _table(
        "sessions",
        _id("user_id"),
        _bytes("digest", nullable=False),
        _moment("created_at", nullable=False),
        _moment("seen_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("confirmed_at"),
        _text("device", 64),
        _unique("sessions", "digest"),
        user_id="users",
    )
    _index("ix_sessions_user_id", "sessions", ["user_id"])
    _index("ix_sessions_expires_at", "sessions", ["expires_at"])
    _table("sign_in_tries", _bytes("digest", nullable=False), _moment("at", nullable=False))
    _index("ix_sign_in_tries_digest", "sign_in_tries", ["digest", "at"])


def _writing() -> None:
    _table(
        "drafts",
        _id("case_id"),
        _id("user_id"),
        _id("newcomer_id"),
        _bytes("sealed", nullable=False),
        _moment("at", nullable=False),
        _unique("drafts", "case_id", "user_id"),
        case_id="cases",
        user_id="users",
        newcomer_id="newcomers",
    )
    _index("ix_drafts_newcomer_id", "drafts", ["newcomer_id"])
    _table(
        "reply_files",
        _id("outbox_id"),
        _id("conversation_id"),
        sa.Column("place", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _text("media_type", 128, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _bytes("sealed"),
        _unique("reply_files", "outbox_id", "place"),
        outbox_id="outbox",
        conversation_id="conversations",
    )
    _index("ix_reply_files_conversation_id", "reply_files", ["conversation_id"])
    _table(
        "checked_texts",
        _text("name", 128, nullable=False),
        _text("language", 16, nullable=False),
        _bytes("digest", nullable=False),
        _id("user_id"),
        _moment("at", nullable=False),
        _unique("checked_texts", "name", "language"),
        user_id="users",
    )


def _looking() -> None:
    _table(
        "views",
        _moment("at", nullable=False),
        _id("user_id"),
        _id("newcomer_id", nullable=True),
        sa.Column("case_number", sa.Integer(), nullable=True),
        _text("what", 32, nullable=False),
        _bytes("reason_sealed"),
        user_id="users",
    )
    _index("ix_views_at", "views", ["at"])
    _index("ix_views_newcomer_id", "views", ["newcomer_id", "at"])
    _table(
        "decisions",
        _text("name", 32, nullable=False),
        sa.Column("value_json", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _id("user_id"),
        _moment("at", nullable=False),
        user_id="users",
    )
    _index("ix_decisions_name", "decisions", ["name", "at"])


def _pings() -> None:
    _table(
        "pings",
        _id("user_id"),
        _text("kind", 32, nullable=False),
        _id("case_id", nullable=True),
        _id("event_id", nullable=True),
        _text("channel", 16, nullable=False),
        sa.Column("status", sa.String(length=16), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("available_at", nullable=False),
        _moment("created_at", nullable=False),
        _unique("pings", "event_id", "user_id", "channel"),
        _check("pings", "channel", "mail", "telegram"),
        _check("pings", "status", "queued", "sent", "failed"),
        user_id="users",
    )
    _index("ix_pings_due", "pings", ["available_at"], "status = 'queued'")
    _index("ix_pings_user_id", "pings", ["user_id", "created_at"])
