"""The desk: who works there, what becomes of a case, notes, and replies in the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENTS = (
    *("waiting_since", "answered_at", "first_answered_at", "lease_from", "lease_until", "snoozed_until"),
    *("reminded_at", "crisis_at", "choice_until", "due_at"),
)
_OUTCOMES = "'answered', 'partly_answered', 'referred', 'handed_back', 'no_reply', 'joined'"


def upgrade() -> None:
    """Add who works there, and what the desk knows of a case."""
    _users()
    _cases()
    _notes()
    _outbox()


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("roles_json", sa.JSON(), nullable=False),
        sa.Column("teams_json", sa.JSON(), nullable=False),
        sa.Column("languages_json", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        _moment("created_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_users_pseudonym")),
    )


def _cases() -> None:
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("team", sa.String(length=64), server_default=sa.text("'form_team'"), nullable=False))
        cases.add_column(sa.Column("assignee_id", sa.String(length=36), nullable=True))
        cases.add_column(sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
        for name in _MOMENTS:
            cases.add_column(_moment(name))
        cases.add_column(sa.Column("warned", sa.Boolean(), server_default=sa.false(), nullable=False))
        cases.add_column(sa.Column("pinged", sa.Integer(), server_default=sa.text("0"), nullable=False))
        cases.add_column(sa.Column("outcome", sa.String(length=24), nullable=True))
        cases.add_column(sa.Column("after_close", sa.String(length=16), nullable=True))
        cases.add_column(sa.Column("earlier_case_id", sa.String(length=36), nullable=True))
        cases.create_foreign_key(op.f("fk_cases_assignee_id"), "users", ["assignee_id"], ["id"])
        cases.create_foreign_key(op.f("fk_cases_earlier_case_id"), "cases", ["earlier_case_id"], ["id"])
        cases.create_check_constraint(op.f("ck_cases_outcome"), f"outcome IN ({_OUTCOMES})")
        cases.create_check_constraint(op.f("ck_cases_after_close"), "after_close IN ('asked', 'new')")
    op.execute("UPDATE cases SET waiting_since = opened_at, due_at = opened_at WHERE state <> 'closed'")
    op.execute("UPDATE cases SET crisis_at = opened_at WHERE priority = 'crisis'")
    for name, columns, where in (
        ("ix_cases_due", ["due_at"], "due_at IS NOT NULL"),
        ("ix_cases_open_team", ["team", "waiting_since"], "state <> 'closed'"),
        ("ix_cases_assignee_id", ["assignee_id"], "assignee_id IS NOT NULL"),
    ):
        op.create_index(name, "cases", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _notes() -> None:
    op.create_table(
        "case_notes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("newcomer_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        _moment("at", nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_notes_case_id")),
        sa.ForeignKeyConstraint(["newcomer_id"], ["newcomers.id"], name=op.f("fk_case_notes_newcomer_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_case_notes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
    )
    op.create_index("ix_case_notes_case_id", "case_notes", ["case_id", "at"])
    op.create_index("ix_case_notes_newcomer_id", "case_notes", ["newcomer_id"])


def _outbox() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("case_id", sa.String(length=36), nullable=True))
        outbox.add_column(sa.Column("user_id", sa.String(length=36), nullable=True))
        outbox.add_column(sa.Column("seen_number", sa.Integer(), nullable=True))
        outbox.add_column(sa.Column("told", sa.String(length=16), nullable=True))
        outbox.create_foreign_key(op.f("fk_outbox_case_id"), "cases", ["case_id"], ["id"])
        outbox.create_foreign_key(op.f("fk_outbox_user_id"), "users", ["user_id"], ["id"])
        outbox.create_check_constraint(op.f("ck_outbox_told"), "told IN ('accepted', 'waits', 'failed')")
    where = sa.text("case_id IS NOT NULL")
    op.create_index("ix_outbox_replies", "outbox", ["conversation_id"], sqlite_where=where, postgresql_where=where)
