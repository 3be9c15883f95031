"""
The tables. Ids are time-ordered UUIDs made here; moments are aware UTC; `…sealed` columns are encrypted.

What is not sealed (`reason`, `topic`, `error`, `detail_json`) never holds a person's words, name or address,
and a `provider_id` is a messenger's own id that does not contain the address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    literal_column,
    select,
    text,
    true,
)

from bot.store.columns import Moment, count, id_, metadata, one_of, only_where, to

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from sqlalchemy import BindParameter, ColumnElement, FromClause

NEWCOMER_STATUSES = ("active", "stopped", "erasing")
ROUTES = ("bot", "human")
INBOUND_STATUSES = ("unread", "held", "read", "set_aside", "dropped")
# waiting: until the newcomer writes, because the messenger takes no free text now. What is settled only moves on.
OUTBOX_STATUSES = (
    "queued",
    "leased",
    "waiting",
    "sent",
    "delivered",
    "read",
    "failed",
    "uncertain",
    "dropped",
)
ATTACHMENT_STATUSES = ("wanted", "fetched", "refused", "unwanted", "gone")
CASE_STATES = ("queued", "active", "awaiting_newcomer", "snoozed", "closed")
PRIORITIES = ("normal", "urgent", "crisis")
OUTCOMES = ("answered", "partly_answered", "referred", "handed_back", "no_reply", "joined")
# asked: whether it is the earlier question or a new one; new: it was a new one, so nobody is asked again.
AFTER_CLOSE = ("asked", "new")
INVITATIONS = ("password", "telegram")
PINGED_BY = ("mail", "telegram")
PING_STATUSES = ("queued", "sent", "failed")
# What the case of a reply was told of it last.
TOLD = ("accepted", "waits", "failed")

_UNREAD = "status = 'unread'"
_HELD = "status = 'held'"
_UNSENT = "status IN ('queued', 'leased')"
_WAITING = "status = 'waiting'"
_UNCERTAIN = "status = 'uncertain'"
_WANTED = "status IN ('wanted', 'unwanted')"
_ERASING = "status = 'erasing'"
_DUE = "due_at IS NOT NULL"
_REPLY = "case_id IS NOT NULL"
_OPEN = "state <> 'closed'"
_FULL = "closed_at IS NOT NULL AND emptied_at IS NULL"
_TO_SEND = "status = 'queued'"
_QUEUE_ORDER = ("team", "state", "priority", "waiting_since", "id")

data_keys = Table(
    "data_keys",
    metadata,
    id_(),
    Column("master_key_id", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_data_keys_master_key_id", "master_key_id"),
)

newcomers = Table(
    "newcomers",
    metadata,
    id_(),
    to("data_keys"),
    Column("language", String(16)),
    Column("second_language", String(16)),
    Column("status", String(16), nullable=False, server_default=text("'active'")),
    Column("consent_at", Moment),
    Column("consent_version", String(32)),
    Column("created_at", Moment, nullable=False),
    Column("reminders_to", String(36)),  # the conversation that reminders go to; empty means the one last used
    Column("enrolment_code", String(64)),  # what the deep link brought that they first came by
    to("users", name="coach_id", nullable=True),  # in whose group they are
    one_of("status", NEWCOMER_STATUSES),
    Index("ix_newcomers_data_key_id", "data_key_id", unique=True),
    Index("ix_newcomers_erasing", "created_at", **only_where(_ERASING)),
    Index("ix_newcomers_coach_id", "coach_id", **only_where("coach_id IS NOT NULL")),
)

addresses = Table(
    "addresses",
    metadata,
    id_(),
    to("newcomers"),
    Column("channel", String(32), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("name_sealed", LargeBinary),  # the name they show in the messenger, once they consented
    Column("blocked_at", Moment),
    UniqueConstraint("channel", "digest"),
    Index("ix_addresses_newcomer_id", "newcomer_id"),
)

conversations = Table(
    "conversations",
    metadata,
    id_(),
    to("newcomers"),
    Column("channel", String(32), nullable=False),
    to("addresses", name="address_id"),
    count("next_number", 1),
    count("read_mark"),
    count("said_count"),
    Column("state_sealed", LargeBinary),
    count("state_version"),
    Column("route", String(16), nullable=False, server_default=text("'bot'")),
    count("attempts"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("heard_at", Moment),  # when they last wrote: WhatsApp takes free text for a day after it
    UniqueConstraint("address_id"),
    one_of("route", ROUTES),
    Index("ix_conversations_newcomer_id", "newcomer_id"),
)

inbound = Table(
    "inbound",
    metadata,
    id_(),
    to("conversations"),
    Column("number", Integer, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("provider_id", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("sealed", LargeBinary),
    Column("received_at", Moment, nullable=False),
    Column("status", String(16), nullable=False, server_default=text("'unread'")),
    count("attempts"),
    Column("error", Text),
    Column("understood_json", JSON),  # which intents it looked like and how much, and which rung decided: no words
    UniqueConstraint("conversation_id", "number"),
    UniqueConstraint("conversation_id", "provider_id"),
    one_of("status", INBOUND_STATUSES),
    Index("ix_inbound_unread", "conversation_id", "number", **only_where(_UNREAD)),
    Index("ix_inbound_held", "received_at", **only_where(_HELD)),
    Index("ix_inbound_received_at", "received_at"),
)

outbox = Table(
    "outbox",
    metadata,
    id_(),
    to("conversations"),
    Column("number", Integer, nullable=False),
    to("inbound", name="cause_inbound_id", nullable=True),
    Column("position", Integer, nullable=False),
    Column("sealed", LargeBinary),
    Column("status", String(16), nullable=False, server_default=text("'queued'")),
    Column("available_at", Moment, nullable=False),
    count("attempts"),
    count("lease_token"),
    Column("leased_until", Moment),
    Column("sent_at", Moment),
    Column("provider_id", String(255)),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    Column("bulk", Boolean, nullable=False, server_default=false()),  # reminders and news wait for answers
    Column("delivered_at", Moment),
    Column("read_at", Moment),
    # What a person of the team wrote: in which case, who, up to which message they had read, what the case was told.
    to("cases", name="case_id", nullable=True),
    to("users", name="user_id", nullable=True),
    Column("seen_number", Integer),
    Column("told", String(16)),
    UniqueConstraint("conversation_id", "number"),
    UniqueConstraint("cause_inbound_id", "position"),
    one_of("status", OUTBOX_STATUSES),
    one_of("told", TOLD),
    Index("ix_outbox_due", "bulk", "available_at", "id", **only_where(_UNSENT)),
    Index("ix_outbox_lanes", "conversation_id", "number", **only_where(_UNSENT)),
    Index("ix_outbox_waiting", "conversation_id", **only_where(_WAITING)),
    Index("ix_outbox_uncertain", "available_at", **only_where(_UNCERTAIN)),
    Index("ix_outbox_provider_id", "provider_id", **only_where("provider_id IS NOT NULL")),
    Index("ix_outbox_replies", "conversation_id", **only_where(_REPLY)),
    Index("ix_outbox_created_at", "created_at"),
)

attachments = Table(
    "attachments",
    metadata,
    id_(),
    to("conversations"),
    to("inbound", name="inbound_id"),
    count("place"),
    Column("reference_sealed", LargeBinary),  # what the messenger gives the file for
    Column("media_type", String(128)),  # what was found in it; before that, what the messenger said
    Column("size", Integer),
    Column("sealed", LargeBinary),
    Column("status", String(16), nullable=False),
    Column("error", String(64)),
    count("attempts"),
    Column("available_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("inbound_id", "place"),
    one_of("status", ATTACHMENT_STATUSES),
    Index("ix_attachments_conversation_id", "conversation_id"),
    Index("ix_attachments_due", "available_at", **only_where(_WANTED)),
)

# How much an account may still send now, shared by every process: a bucket that fills with time.
budgets = Table(
    "budgets",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", Moment, nullable=False),
    Column("paused_until", Moment),
)

link_codes = Table(
    "link_codes",
    metadata,
    id_(),
    to("newcomers"),
    Column("digest", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False),
    UniqueConstraint("digest"),
    Index("ix_link_codes_newcomer_id", "newcomer_id"),
)

# Each wrong code of the last hour: after a few of them a conversation has to wait, so that nobody can guess.
link_tries = Table(
    "link_tries",
    metadata,
    id_(),
    to("conversations"),
    Column("at", Moment, nullable=False),
    Index("ix_link_tries_conversation_id", "conversation_id", "at"),
)

# What WhatsApp's provider keeps for us: button sets and templates, by our own name for them. Nothing personal.
vendor_contents = Table(
    "vendor_contents",
    metadata,
    id_(),
    Column("account", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("language", String(16), nullable=False),
    Column("sid", String(64), nullable=False),
    Column("status", String(32), nullable=False),
    Column("checked_at", Moment, nullable=False),
    UniqueConstraint("account", "name", "language"),
)

cases = Table(
    "cases",
    metadata,
    id_(),
    Column("number", Integer, nullable=False),
    to("newcomers"),
    to("conversations"),
    Column("state", String(24), nullable=False, server_default=text("'queued'")),
    Column("priority", String(16), nullable=False, server_default=text("'normal'")),
    Column("reason", String(64), nullable=False),
    Column("topic", String(64)),
    Column("question_id", String(128)),
    Column("language", String(16)),
    Column("summary_sealed", LargeBinary),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("team", String(64), nullable=False, server_default=text("'form_team'")),
    to("users", name="assignee_id", nullable=True),
    count("version", 1),  # grows with every change, so that nobody acts on a case that they did not see
    Column("waiting_since", Moment),  # the newcomer waits since then; empty only in cases from before it was kept
    Column("answered_at", Moment),  # the team's last answer; empty while it owes one
    Column("first_answered_at", Moment),
    Column("lease_from", Moment),  # when who has it last did something
    Column("lease_until", Moment),
    Column("warned", Boolean, nullable=False, server_default=false()),
    count("pinged"),  # 1: the team was told that it waits too long, 2: the coordinator too
    Column("snoozed_until", Moment),
    Column("reminded_at", Moment),
    Column("crisis_at", Moment),
    Column("outcome", String(24)),
    Column("after_close", String(16)),
    Column("choice_until", Moment),
    to("cases", name="earlier_case_id", nullable=True),
    Column("due_at", Moment),  # when time alone may change something here
    # What who closed it said: which question it really was, and whether the assistant should know the answer.
    Column("was_about", String(128)),
    Column("answer_wanted", Boolean),
    Column("emptied_at", Moment),  # when its words went, a while after it was closed
    UniqueConstraint("number"),
    one_of("state", CASE_STATES),
    one_of("priority", PRIORITIES),
    one_of("outcome", OUTCOMES),
    one_of("after_close", AFTER_CLOSE),
    Index("ix_cases_due", "due_at", **only_where(_DUE)),
    # The queue's order within each team, state and priority, so that a page of it is read and nothing more; with what
    # it is filtered by, so that counting needs no row.
    Index("ix_cases_queue", *_QUEUE_ORDER, "language", "topic", **only_where(_OPEN)),
    Index("ix_cases_closed", "closed_at", **only_where(_FULL)),
    Index("ix_cases_assignee_id", "assignee_id", **only_where("assignee_id IS NOT NULL")),
    Index("uq_cases_open_newcomer_id", "newcomer_id", unique=True, **only_where(_OPEN)),
    Index("ix_cases_newcomer_id", "newcomer_id"),
    Index("ix_cases_conversation_id", "conversation_id"),
)

case_events = Table(
    "case_events",
    metadata,
    id_(),
    to("cases"),
    Column("at", Moment, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("detail_json", JSON, nullable=False),
    Index("ix_case_events_case_id", "case_id", "at"),
    Index("ix_case_events_at", "at"),
)

# What people of the team write to each other about a case. Never shown to the newcomer.
case_notes = Table(
    "case_notes",
    metadata,
    id_(),
    to("cases"),
    to("newcomers"),
    to("users"),
    Column("at", Moment, nullable=False),
    Column("sealed", LargeBinary),
    Index("ix_case_notes_case_id", "case_id", "at"),
    Index("ix_case_notes_newcomer_id", "newcomer_id"),
)

# Who works at the desk: as newcomers may know them, and by what they sign in. Who was only invited has no password yet.
users = Table(
    "users",
    metadata,
    id_(),
    Column("pseudonym", String(64), nullable=False),
    Column("roles_json", JSON, nullable=False),
    Column("teams_json", JSON, nullable=False),
    Column("languages_json", JSON, nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created_at", Moment, nullable=False),
    to("data_keys", nullable=True),  # what is sealed here is sealed under it
    Column("sign_in", String(64)),  # lower case
    Column("password_hash", String(255)),
    Column("totp_sealed", LargeBinary),
    Column("totp_step", Integer),  # the last code's half minute: no code counts twice
    Column("oidc_subject", String(255)),
    Column("interface", String(8), nullable=False, server_default=text("'nl'")),
    Column("theme", String(8)),
    Column("on_shift_until", Moment),
    Column("mail_sealed", LargeBinary),
    Column("telegram_sealed", LargeBinary),
    Column("notify_json", JSON),  # by which of the two they want to be told
    to("organisations", nullable=True),  # of an organiser: whose offers are theirs
    UniqueConstraint("pseudonym"),
    UniqueConstraint("sign_in"),
    UniqueConstraint("oidc_subject"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    id_(),
    to("users"),
    Column("digest", LargeBinary, nullable=False),
    Column("used_at", Moment),
    UniqueConstraint("digest"),
    Index("ix_recovery_codes_user_id", "user_id"),
)

# A link that works once: to set a password for the first time, or anew; or a code that ties a Telegram chat.
invitations = Table(
    "invitations",
    metadata,
    id_(),
    to("users"),
    Column("purpose", String(16), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False),
    UniqueConstraint("digest"),
    one_of("purpose", INVITATIONS),
    Index("ix_invitations_user_id", "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    id_(),
    to("users"),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("confirmed_at", Moment),  # by the second factor; until then it opens nothing
    Column("device", String(64)),  # a word for the browser, so that its owner knows it again
    UniqueConstraint("digest"),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)

# Each wrong password or code of the last hour, by who was tried and from where; both only as digests.
sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    id_(),
    Column("digest", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_sign_in_tries_digest", "digest", "at"),
)

# What somebody was writing in a case, kept so that a closed page or a dead battery loses nothing.
drafts = Table(
    "drafts",
    metadata,
    id_(),
    to("cases"),
    to("users"),
    to("newcomers"),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("case_id", "user_id"),
    Index("ix_drafts_newcomer_id", "newcomer_id"),
)

# A file that somebody of the team sends along with a reply.
reply_files = Table(
    "reply_files",
    metadata,
    id_(),
    to("outbox"),
    to("conversations"),
    count("place"),
    Column("media_type", String(128), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary),
    UniqueConstraint("outbox_id", "place"),
    Index("ix_reply_files_conversation_id", "conversation_id"),
)

# Who looked at what of whom, and why. It outlives the newcomer's rows, and knows no more of them than an id.
views = Table(
    "views",
    metadata,
    id_(),
    Column("at", Moment, nullable=False),
    to("users"),
    Column("newcomer_id", String(36)),
    Column("case_number", Integer),
    Column("what", String(32), nullable=False),
    Column("reason_sealed", LargeBinary),  # under the key of who gave it
    Index("ix_views_at", "at"),
    Index("ix_views_newcomer_id", "newcomer_id", "at"),
)

# What the organisation decided, who wrote it down and when; the newest of a name counts.
decisions = Table(
    "decisions",
    metadata,
    id_(),
    Column("name", String(32), nullable=False),
    Column("value_json", JSON, nullable=False),
    Column("note", Text),
    to("users"),
    Column("at", Moment, nullable=False),
    Index("ix_decisions_name", "name", "at"),
)

# Words in a language that somebody who speaks it has read, as they were then.
checked_texts = Table(
    "checked_texts",
    metadata,
    id_(),
    Column("name", String(128), nullable=False),
    Column("language", String(16), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    to("users"),
    Column("at", Moment, nullable=False),
    UniqueConstraint("name", "language"),
)

# What tells somebody of the team that there is something to look at; it never says what.
pings = Table(
    "pings",
    metadata,
    id_(),
    to("users"),
    Column("kind", String(32), nullable=False),
    Column("case_id", String(36)),
    Column("event_id", String(36)),  # the event of a case that it tells of: of one event nobody is told twice
    Column("channel", String(16), nullable=False),
    Column("status", String(16), nullable=False, server_default=text("'queued'")),
    count("attempts"),
    Column("available_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("event_id", "user_id", "channel"),
    one_of("channel", PINGED_BY),
    one_of("status", PING_STATUSES),
    Index("ix_pings_due", "available_at", **only_where(_TO_SEND)),
    Index("ix_pings_user_id", "user_id", "created_at"),
)

helped = Table(
    "helped",
    metadata,
    id_(),
    Column("question_id", String(128), nullable=False),
    Column("language", String(16)),
    Column("helped", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_helped_question_id", "question_id", "at"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Integer, nullable=False),
)

# Who was erased, by digests of ids that nobody else had: a backup from before that must not bring them back.
erased = Table(
    "erased",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
)


# A partial index is used only by a query that says the same words, so the conditions stand beside them. With
# bound values they would not match: PostgreSQL plans a prepared statement without looking at its values.
UNREAD = inbound.c.status == literal_column("'unread'")
HELD = inbound.c.status == literal_column("'held'")
ERASING = newcomers.c.status == literal_column("'erasing'")
OPEN = cases.c.state != literal_column("'closed'")
DUE = cases.c.due_at.is_not(None)
REPLY = outbox.c.case_id.is_not(None)
FULL = and_(cases.c.closed_at.is_not(None), cases.c.emptied_at.is_(None))
PINGS_DUE = pings.c.status == literal_column("'queued'")


def unsent(table: FromClause = outbox) -> ColumnElement[bool]:
    """Messages that still have to go out; the first of a conversation is the head of its lane."""
    return table.c.status.in_([literal_column("'queued'"), literal_column("'leased'")])


WAITING = outbox.c.status == literal_column("'waiting'")
UNCERTAIN = outbox.c.status == literal_column("'uncertain'")
FILES_DUE = attachments.c.status.in_([literal_column("'wanted'"), literal_column("'unwanted'")])


def on_channels(table: FromClause, channels: Collection[str] | BindParameter[Any]) -> ColumnElement[bool]:
    """
    Rows of conversations on these channels; a process leaves alone what it cannot reach.

    Asked of each row: as a list of conversations SQLite reads all there are, to find that nothing is due.
    """
    return (
        select(literal_column("1"))
        .where(conversations.c.id == table.c.conversation_id, conversations.c.channel.in_(channels))
        .correlate(table)
        .exists()
    )
