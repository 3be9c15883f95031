"""Taking part: what organisations offer, who signs up, who looks for whom."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of taking part."""
    _organisations()
    _organisers()
    _expert_questions()
    _offers()
    _occasions()
    _offer_texts()
    _profiles()
    _seekings()
    _matches()
    _sign_ups()


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("name", name=op.f("uq_organisations_name")),
    )


def _organisers() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("organisation_id", sa.String(length=36), nullable=True))
        users.create_foreign_key(op.f("fk_users_organisation_id"), "organisations", ["organisation_id"], ["id"])


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
        sa.Column("note_state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("note_state IN ('none', 'proposed', 'taken')", name=op.f("ck_expert_questions_note_state")),
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


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sort", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("area", sa.String(length=4), nullable=True),
        sa.Column("municipality", sa.String(length=64), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("weekly_json", sa.JSON(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("languages_json", sa.JSON(), nullable=False),
        sa.Column("age_from", sa.Integer(), nullable=True),
        sa.Column("age_to", sa.Integer(), nullable=True),
        sa.Column("women_only", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("childcare", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("accessible", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cost_cents", sa.Integer(), nullable=True),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tasks_json", sa.JSON(), nullable=False),
        sa.Column("source_uid", sa.String(length=200), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('activity', 'volunteer', 'goods', 'buddy')", name=op.f("ck_offers_kind")),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'published', 'declined', 'cancelled', 'ended')",
            name=op.f("ck_offers_state"),
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_offers_created_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_offers_decided_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_offers_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("organisation_id", "source_uid", name=op.f("uq_offers_organisation_id_source_uid")),
    )
    op.create_index("ix_offers_organisation_id", "offers", ["organisation_id", "state"])
    op.create_index("ix_offers_published", "offers", ["kind"], **_only("state = 'published'"))


def _occasions() -> None:
    op.create_table(
        "occasions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("offer_id", sa.String(length=36), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'cancelled', 'held')", name=op.f("ck_occasions_state")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_occasions_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occasions")),
        sa.UniqueConstraint("offer_id", "starts_at", name=op.f("uq_occasions_offer_id_starts_at")),
    )
    op.create_index("ix_occasions_starts_at", "occasions", ["starts_at"])


def _offer_texts() -> None:
    op.create_table(
        "offer_texts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("offer_id", sa.String(length=36), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("checked_by", sa.String(length=36), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("by IN ('person', 'machine')", name=op.f("ck_offer_texts_by")),
        sa.ForeignKeyConstraint(["checked_by"], ["users.id"], name=op.f("fk_offer_texts_checked_by")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_texts_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_texts")),
        sa.UniqueConstraint("offer_id", "language", name=op.f("uq_offer_texts_offer_id_language")),
    )


def _profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("newcomer_id", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("digest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["newcomer_id"], ["newcomers.id"], name=op.f("fk_profiles_newcomer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profiles")),
        sa.UniqueConstraint("newcomer_id", name=op.f("uq_profiles_newcomer_id")),
    )
    op.create_index("ix_profiles_digest_at", "profiles", ["digest_at"], **_only("digest_at IS NOT NULL"))


def _seekings() -> None:
    op.create_table(
        "seekings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("newcomer_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('buddy', 'volunteer', 'be_buddy', 'can_offer')", name=op.f("ck_seekings_kind")),
        sa.CheckConstraint("state IN ('open', 'paused', 'matched', 'closed')", name=op.f("ck_seekings_state")),
        sa.ForeignKeyConstraint(["newcomer_id"], ["newcomers.id"], name=op.f("fk_seekings_newcomer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seekings")),
    )
    op.create_index("ix_seekings_newcomer_id", "seekings", ["newcomer_id"])
    op.create_index("uq_seekings_open", "seekings", ["newcomer_id", "kind"], unique=True, **_only("state <> 'closed'"))


def _matches() -> None:
    op.create_table(
        "matches",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("seeking_id", sa.String(length=36), nullable=False),
        sa.Column("newcomer_id", sa.String(length=36), nullable=False),
        sa.Column("other_seeking_id", sa.String(length=36), nullable=True),
        sa.Column("other_newcomer_id", sa.String(length=36), nullable=True),
        sa.Column("offer_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("newcomer_says", sa.String(length=8), nullable=True),
        sa.Column("other_says", sa.String(length=8), nullable=True),
        sa.Column("newcomer_name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("other_name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("reasons_json", sa.JSON(), nullable=False),
        sa.Column("suggested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=36), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("name_outbox_ids", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('buddy', 'volunteer')", name=op.f("ck_matches_kind")),
        sa.CheckConstraint("newcomer_says IN ('yes', 'no')", name=op.f("ck_matches_newcomer_says")),
        sa.CheckConstraint("other_says IN ('yes', 'no')", name=op.f("ck_matches_other_says")),
        sa.CheckConstraint(
            "state IN ('suggested', 'approved', 'agreed', 'refused', 'ended')", name=op.f("ck_matches_state")
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["users.id"], name=op.f("fk_matches_approved_by")),
        sa.ForeignKeyConstraint(["newcomer_id"], ["newcomers.id"], name=op.f("fk_matches_newcomer_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_matches_offer_id")),
        sa.ForeignKeyConstraint(["other_newcomer_id"], ["newcomers.id"], name=op.f("fk_matches_other_newcomer_id")),
        sa.ForeignKeyConstraint(["other_seeking_id"], ["seekings.id"], name=op.f("fk_matches_other_seeking_id")),
        sa.ForeignKeyConstraint(["seeking_id"], ["seekings.id"], name=op.f("fk_matches_seeking_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
    )
    op.create_index("ix_matches_check_at", "matches", ["check_at"], **_only("check_at IS NOT NULL"))
    op.create_index("ix_matches_newcomer_id", "matches", ["newcomer_id"])
    op.create_index("ix_matches_other_newcomer_id", "matches", ["other_newcomer_id"])


def _sign_ups() -> None:
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("occasion_id", sa.String(length=36), nullable=False),
        sa.Column("newcomer_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attended", sa.Boolean(), nullable=True),
        sa.Column("liked", sa.String(length=8), nullable=True),
        sa.Column("outbox_id", sa.String(length=36), nullable=True),
        sa.Column("told_cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("liked IN ('good', 'so_so', 'bad')", name=op.f("ck_sign_ups_liked")),
        sa.CheckConstraint("state IN ('going', 'waiting', 'cancelled')", name=op.f("ck_sign_ups_state")),
        sa.ForeignKeyConstraint(["newcomer_id"], ["newcomers.id"], name=op.f("fk_sign_ups_newcomer_id")),
        sa.ForeignKeyConstraint(["occasion_id"], ["occasions.id"], name=op.f("fk_sign_ups_occasion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sa.UniqueConstraint("occasion_id", "newcomer_id", name=op.f("uq_sign_ups_occasion_id_newcomer_id")),
    )
    op.create_index("ix_sign_ups_ask_at", "sign_ups", ["ask_at"], **_only("ask_at IS NOT NULL"))
    op.create_index("ix_sign_ups_newcomer_id", "sign_ups", ["newcomer_id"])
    op.create_index("ix_sign_ups_remind_at", "sign_ups", ["remind_at"], **_only("remind_at IS NOT NULL"))
