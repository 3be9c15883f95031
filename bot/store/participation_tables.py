"""
The tables of taking part: what organisations offer, who signs up, who looks for whom.

What an organisation publishes is for everybody. What a newcomer tells of their wishes, and in which words they look for
somebody, is sealed under their own key; for what they signed up is not.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)

from bot.store.columns import Moment, count, id_, metadata, one_of, only_where, to

OFFER_KINDS = ("activity", "volunteer", "goods", "buddy")
OFFER_STATES = ("draft", "submitted", "published", "declined", "cancelled", "ended")
OCCASION_STATES = ("planned", "cancelled", "held")
SIGN_UP_STATES = ("going", "waiting", "cancelled")
LIKED = ("good", "so_so", "bad")
SEEKING_KINDS = ("buddy", "volunteer", "be_buddy", "can_offer")
SEEKING_STATES = ("open", "paused", "matched", "closed")
MATCH_KINDS = ("buddy", "volunteer")
MATCH_STATES = ("suggested", "approved", "agreed", "refused", "ended")
SAID = ("yes", "no")
EXPERT_STATES = ("open", "answered", "closed")
NOTE_STATES = ("proposed", "taken", "declined")
REVIEWERS = ("expert", "coordinator")

_PUBLISHED = "state = 'published'"
_REMINDS = "remind_at IS NOT NULL"
_ASKS = "ask_at IS NOT NULL"
_DIGEST = "digest_at IS NOT NULL"
_STANDS = "state <> 'closed'"

organisations = Table(
    "organisations",
    metadata,
    id_(),
    Column("name", String(200), nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("name"),
)

offers = Table(
    "offers",
    metadata,
    id_(),
    to("organisations"),
    Column("kind", String(16), nullable=False),
    Column("sort", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False, server_default=text("''")),
    Column("place", Text),
    Column("area", String(4)),  # the digits of its postcode
    Column("municipality", String(64)),
    Column("starts_at", Moment),
    Column("ends_at", Moment),
    Column(
        "weekly_json", JSON(none_as_null=True)
    ),  # weekday (0 Monday), from, to, until: on the wall clock of Amsterdam
    Column("capacity", Integer),
    Column("languages_json", JSON, nullable=False),
    Column("age_from", Integer),
    Column("age_to", Integer),
    Column("women_only", Boolean, nullable=False, server_default=false()),
    Column("childcare", Boolean, nullable=False, server_default=false()),
    Column("accessible", Boolean, nullable=False, server_default=false()),
    Column("cost_cents", Integer),  # 0: free; empty: nobody said
    Column("contact_sealed", LargeBinary),  # stays inside, under the key of who made the offer
    Column("tasks_json", JSON, nullable=False),  # names of the tasks of a trajectory that it serves
    Column("source_uid", String(200)),  # of the row or event that it was imported from
    Column("expires_on", Date),
    count("version"),
    to("users", name="created_by", nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("submitted_at", Moment),
    to("users", name="decided_by", nullable=True),
    Column("decided_at", Moment),
    Column("reason", Text),
    one_of("kind", OFFER_KINDS),
    one_of("state", OFFER_STATES),
    UniqueConstraint("organisation_id", "source_uid"),
    Index("ix_offers_organisation_id", "organisation_id", "state"),
    Index("ix_offers_published", "kind", **only_where(_PUBLISHED)),
)

# What an offer is called and says in another language; stale when it was made from another Dutch than there is now.
offer_texts = Table(
    "offer_texts",
    metadata,
    id_(),
    to("offers"),
    Column("language", String(8), nullable=False),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("by", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    to("users", name="checked_by", nullable=True),
    Column("checked_at", Moment),
    one_of("by", ("person", "machine")),
    UniqueConstraint("offer_id", "language"),
)

occasions = Table(
    "occasions",
    metadata,
    id_(),
    to("offers"),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment),
    Column("state", String(16), nullable=False),
    one_of("state", OCCASION_STATES),
    UniqueConstraint("offer_id", "starts_at"),
    Index("ix_occasions_starts_at", "starts_at"),
)

sign_ups = Table(
    "sign_ups",
    metadata,
    id_(),
    to("occasions"),
    to("newcomers"),
    Column("state", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("remind_at", Moment),  # when they are told next that it comes; empty where nothing is to be told
    Column("ask_at", Moment),  # when they are asked how it was
    Column("attended", Boolean),
    Column("liked", String(8)),
    Column("outbox_id", String(36)),  # in what they were told of it last
    Column("told_cancelled_at", Moment),
    UniqueConstraint("occasion_id", "newcomer_id"),
    one_of("state", SIGN_UP_STATES),
    one_of("liked", LIKED),
    Index("ix_sign_ups_newcomer_id", "newcomer_id"),
    Index("ix_sign_ups_remind_at", "remind_at", **only_where(_REMINDS)),
    Index("ix_sign_ups_ask_at", "ask_at", **only_where(_ASKS)),
)

profiles = Table(
    "profiles",
    metadata,
    id_(),
    to("newcomers"),
    Column("sealed", LargeBinary),  # interests, area, times, languages, limits
    Column("digest_at", Moment),  # when the message of the week goes out next; empty: it was not asked for
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("newcomer_id"),
    Index("ix_profiles_digest_at", "digest_at", **only_where(_DIGEST)),
)

seekings = Table(
    "seekings",
    metadata,
    id_(),
    to("newcomers"),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("words_sealed", LargeBinary),
    Column("at", Moment, nullable=False),
    one_of("kind", SEEKING_KINDS),
    one_of("state", SEEKING_STATES),
    Index("uq_seekings_open", "newcomer_id", "kind", unique=True, **only_where(_STANDS)),
    Index("ix_seekings_newcomer_id", "newcomer_id"),
)

matches = Table(
    "matches",
    metadata,
    id_(),
    Column("kind", String(16), nullable=False),
    to("seekings"),
    to("newcomers"),
    to("seekings", name="other_seeking_id", nullable=True),
    to("newcomers", name="other_newcomer_id", nullable=True),
    to("offers", nullable=True),
    Column("state", String(16), nullable=False),
    Column("newcomer_says", String(8)),
    Column("other_says", String(8)),
    # The first name that each wants to be known by, under their own key; gone as soon as the other was told it.
    Column("newcomer_name_sealed", LargeBinary),
    Column("other_name_sealed", LargeBinary),
    Column("reasons_json", JSON, nullable=False),  # codes, no words
    Column("suggested_at", Moment, nullable=False),
    to("users", name="approved_by", nullable=True),
    Column("approved_at", Moment),
    Column("agreed_at", Moment),
    Column("check_at", Moment),
    count("checks"),
    Column("ended_at", Moment),
    Column("ended_by", String(64)),
    Column("name_outbox_ids", JSON, nullable=False),  # messages that told a name
    one_of("kind", MATCH_KINDS),
    one_of("state", MATCH_STATES),
    one_of("newcomer_says", SAID),
    one_of("other_says", SAID),
    Index("ix_matches_newcomer_id", "newcomer_id"),
    Index("ix_matches_other_newcomer_id", "other_newcomer_id"),
    # What is expired is looked for from the other side.
    Index("ix_matches_seeking_id", "seeking_id"),
    Index("ix_matches_other_seeking_id", "other_seeking_id"),
    Index("ix_matches_offer_id", "offer_id"),
    Index("ix_matches_check_at", "check_at", **only_where("check_at IS NOT NULL")),
)

# What an organisation asks the expert teams of working with newcomers. The question is sealed under the key of who
# asked it, the answer under that of who gave it.
expert_questions = Table(
    "expert_questions",
    metadata,
    id_(),
    to("organisations"),
    to("users"),
    Column("team", String(64), nullable=False),
    Column("text_sealed", LargeBinary),
    Column("state", String(16), nullable=False),
    Column("answer_sealed", LargeBinary),
    Column("at", Moment, nullable=False),
    to("users", name="answered_by", nullable=True),
    Column("answered_at", Moment),
    Column("closed_at", Moment),
    count("version"),
    one_of("state", EXPERT_STATES),
    Index("ix_expert_questions_organisation_id", "organisation_id", "at"),
    Index("ix_expert_questions_team", "team", "state"),
)

# What is good to know for everybody at the desk, made of an answer. It is written to be read by all, so it is not
# sealed; once it is taken it stays when its question goes.
notes = Table(
    "notes",
    metadata,
    id_(),
    Column("question_id", String(36), ForeignKey("expert_questions.id")),
    Column("team", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("asked_on", Date, nullable=False),
    to("users", name="noted_by"),
    Column("noted_at", Moment, nullable=False),
    to("users", name="reviewed_by", nullable=True),
    Column("reviewed_as", String(16)),
    Column("reviewed_at", Moment),
    Column("reason", Text),
    UniqueConstraint("question_id"),
    one_of("state", NOTE_STATES),
    one_of("reviewed_as", REVIEWERS),
    Index("ix_notes_state", "state", "reviewed_at"),
)

# A partial index is used only by a query that says the same words; see tables.py.
PUBLISHED = offers.c.state == literal_column("'published'")
REMINDS = sign_ups.c.remind_at.is_not(None)
ASKS = sign_ups.c.ask_at.is_not(None)
DIGEST = profiles.c.digest_at.is_not(None)
LOOKED_AFTER = matches.c.check_at.is_not(None)
STANDS = seekings.c.state != literal_column("'closed'")
# All that is about one newcomer, in the order in which it can be deleted.
OF_A_NEWCOMER = (matches, seekings, profiles, sign_ups)
