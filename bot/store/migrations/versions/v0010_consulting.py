"""The questions of organisations can be closed; what is good to know for everybody becomes a note."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the questions anew, which nobody could ask before, and add the notes."""
    op.drop_table("expert_questions")
    _expert_questions()
    _notes()


def _expert_questions() -> None:
    op.create_table(
        "expert_questions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'answered', 'closed')", name=op.f("ck_expert_questions_state")),
        sa.ForeignKeyConstraint(["answered_by"], ["users.id"], name=op.f("fk_expert_questions_answered_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_expert_questions_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_expert_questions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_questions")),
    )
    op.create_index("ix_expert_questions_organisation_id", "expert_questions", ["organisation_id", "at"])
    op.create_index("ix_expert_questions_team", "expert_questions", ["team", "state"])


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("question_id", sa.String(length=36), nullable=True),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("noted_by", sa.String(length=36), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.String(length=36), nullable=True),
        sa.Column("reviewed_as", sa.String(length=16), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("reviewed_as IN ('expert', 'coordinator')", name=op.f("ck_notes_reviewed_as")),
        sa.CheckConstraint("state IN ('proposed', 'taken', 'declined')", name=op.f("ck_notes_state")),
        sa.ForeignKeyConstraint(["noted_by"], ["users.id"], name=op.f("fk_notes_noted_by")),
        sa.ForeignKeyConstraint(["question_id"], ["expert_questions.id"], name=op.f("fk_notes_question_id")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["users.id"], name=op.f("fk_notes_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        sa.UniqueConstraint("question_id", name=op.f("uq_notes_question_id")),
    )
    op.create_index("ix_notes_state", "notes", ["state", "reviewed_at"])
