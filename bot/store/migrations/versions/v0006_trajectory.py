"""The trajectory: who is in one, its tasks, reminders, codes to begin with, sessions of a group."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KINDS = ("legal", "advised", "programme")


def upgrade() -> None:
    """Add what a trajectory needs."""
    _trajectories()
    _tasks()
    _reminders()
    _events()
    _codes()
    _sessions()


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=36), nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _day(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _bytes(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


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


def _index(name: str, table: str, columns: list[str], where: str | None = None, *, unique: bool = False) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _trajectories() -> None:
    _table(
        "template_versions",
        _text("template", 64, nullable=False),
        _text("digest", 64, nullable=False),
        sa.Column("document_json", sa.JSON(), nullable=False),
        _moment("at", nullable=False),
        _unique("template_versions", "template", "digest"),
    )
    _table(
        "trajectories",
        _id("newcomer_id"),
        _text("template", 64, nullable=False),
        _text("digest", 64, nullable=False),
        _day("started", nullable=False),
        _day("ends", nullable=False),
        _text("state", 16, nullable=False),
        _bytes("told_sealed"),
        _moment("created_at", nullable=False),
        _text("created_by", 64, nullable=False),
        _moment("ended_at"),
        _check("trajectories", "state", "active", "paused", "ended"),
        newcomer_id="newcomers",
    )
    going_on = ["newcomer_id", "template"]
    _index("uq_trajectories_going_on", "trajectories", going_on, "state <> 'ended'", unique=True)
    _index("ix_trajectories_newcomer_id", "trajectories", ["newcomer_id"])
    _index("ix_trajectories_ends", "trajectories", ["ends"], "state = 'active'")
    _index("ix_trajectories_ended", "trajectories", ["ended_at"], "ended_at IS NOT NULL")


def _tasks() -> None:
    _table(
        "trajectory_tasks",
        _id("trajectory_id"),
        _id("newcomer_id"),
        _text("task", 64, nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        _text("state", 16, nullable=False),
        _text("kind", 16, nullable=False),
        _day("starts"),
        _day("due"),
        sa.Column("pinned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("limits_json", sa.JSON(), nullable=False),
        _day("paused_until"),
        _moment("settled_at"),
        _text("settled_by", 64),
        _bytes("words_sealed"),
        _day("escalates_on"),
        _moment("escalated_at"),
        _unique("trajectory_tasks", "trajectory_id", "task", "occurrence"),
        _check("trajectory_tasks", "state", "open", "awaiting", "done", "skipped", "dropped"),
        _check("trajectory_tasks", "kind", *_KINDS),
        trajectory_id="trajectories",
        newcomer_id="newcomers",
    )
    _index("ix_trajectory_tasks_newcomer_id", "trajectory_tasks", ["newcomer_id"])
    _index("ix_trajectory_tasks_escalates", "trajectory_tasks", ["escalates_on"], "escalates_on IS NOT NULL")


def _reminders() -> None:
    _table(
        "reminder_messages",
        _id("newcomer_id"),
        _id("conversation_id"),
        _id("outbox_id", nullable=True),
        _moment("sent_at", nullable=False),
        sa.Column("tasks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("answered_at"),
        newcomer_id="newcomers",
        conversation_id="conversations",
    )
    _index("ix_reminder_messages_newcomer_id", "reminder_messages", ["newcomer_id", "sent_at"])
    _index("ix_reminder_messages_sent_at", "reminder_messages", ["sent_at"])
    _table(
        "reminders",
        _id("task_id"),
        _id("trajectory_id"),
        _id("newcomer_id"),
        _day("day", nullable=False),
        _text("why", 16, nullable=False),
        _day("about", nullable=False),
        _text("kind", 16, nullable=False),
        _text("limit_id", 64),
        _moment("due_at", nullable=False),
        _text("state", 16, nullable=False),
        _text("rule", 32),
        _moment("sent_at"),
        _id("message_id", nullable=True),
        _check("reminders", "why", "before", "due", "after", "limit"),
        _check("reminders", "kind", *_KINDS),
        _check("reminders", "state", "waiting", "sent", "ended"),
        task_id="trajectory_tasks",
        trajectory_id="trajectories",
        newcomer_id="newcomers",
        message_id="reminder_messages",
    )
    _index("ix_reminders_due", "reminders", ["due_at"], "state = 'waiting'")
    _index("ix_reminders_trajectory_id", "reminders", ["trajectory_id"])
    _index("ix_reminders_task_id", "reminders", ["task_id"])
    _index("ix_reminders_newcomer_id", "reminders", ["newcomer_id"])
    _index("ix_reminders_message_id", "reminders", ["message_id"], "message_id IS NOT NULL")


def _events() -> None:
    _table(
        "trajectory_events",
        _id("trajectory_id"),
        _id("newcomer_id"),
        _moment("at", nullable=False),
        _text("kind", 32, nullable=False),
        _text("actor", 64, nullable=False),
        sa.Column("detail_json", sa.JSON(), nullable=False),
        trajectory_id="trajectories",
        newcomer_id="newcomers",
    )
    _index("ix_trajectory_events_trajectory_id", "trajectory_events", ["trajectory_id", "at"])
    _index("ix_trajectory_events_newcomer_id", "trajectory_events", ["newcomer_id"])


def _codes() -> None:
    _table(
        "enrol_codes",
        _bytes("digest", nullable=False),
        _text("template", 64, nullable=False),
        _id("coach_id", nullable=True),
        _text("team", 64),
        _day("started"),
        _moment("expires_at", nullable=False),
        _moment("used_at"),
        _unique("enrol_codes", "digest"),
        coach_id="users",
    )
    _index("ix_enrol_codes_coach_id", "enrol_codes", ["coach_id"])
    _index("ix_enrol_codes_expires_at", "enrol_codes", ["expires_at"])


def _sessions() -> None:
    _table(
        "group_sessions",
        _id("coach_id"),
        _text("template", 64, nullable=False),
        _text("task", 64, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _moment("at", nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        _text("state", 16, nullable=False),
        _unique("group_sessions", "coach_id", "template", "task", "number"),
        _check("group_sessions", "state", "planned", "held", "cancelled"),
        coach_id="users",
    )
    _index("ix_group_sessions_coach_id", "group_sessions", ["coach_id", "at"])
    _table(
        "session_guests",
        _id("session_id"),
        _id("newcomer_id"),
        _moment("invited_at", nullable=False),
        _text("answer", 8),
        sa.Column("attended", sa.Boolean(), nullable=True),
        _unique("session_guests", "session_id", "newcomer_id"),
        _check("session_guests", "answer", "yes", "no"),
        session_id="group_sessions",
        newcomer_id="newcomers",
    )
    _index("ix_session_guests_newcomer_id", "session_guests", ["newcomer_id"])
