"""
A case: what may happen to it, who may do it, and why not.

Where the question stands (`Status`) is one fact; who answers the newcomer's next message (the conversation's route) is
another, and how soon a person must look (the priority) a third. They are never mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Status(StrEnum):
    """Where the question stands."""

    QUEUED = "queued"
    ACTIVE = "active"
    AWAITING = "awaiting_newcomer"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class Event(StrEnum):
    """What may change where it stands. Each that happens becomes a row with who, when and what."""

    CLAIMED = "claimed"
    REPLY_ACCEPTED = "reply_accepted"  # by the messenger; what it reached is known later
    REPLY_WAITS = "reply_waits"  # WhatsApp's window is shut: the newcomer is asked to write
    REPLY_FAILED = "reply_failed"
    NEWCOMER_WROTE = "newcomer_wrote"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "snooze_ended"
    RELEASED = "released"
    TRANSFERRED = "transferred"
    LEASE_EXPIRED = "lease_expired"
    ACCOUNT_OFF = "account_off"
    TAKEN_OVER = "taken_over"
    CLOSED = "closed"
    EXPIRED = "expired"  # no answer to the one reminder
    REOPENED = "reopened"


_Q, _A, _W, _S, _C = Status.QUEUED, Status.ACTIVE, Status.AWAITING, Status.SNOOZED, Status.CLOSED

# The reason of a case that time opened, for a task that stays undone, begins with this.
OVERDUE = "task:"
# Why a case was opened: the reason itself, or what stands before its colon. The desk has words for each.
REASONS = (
    "asked",
    "photo",
    "crisis",
    "task",
    "task_help",
    "group_message",
    "data",
    "set_aside",
    "not_understood",
    "offer_wanted",
    "seeking",
    "match_work",
    "match_agreed",
    "match_not_well",
)


def is_unasked(reason: str, first_answered_at: datetime | None) -> bool:
    """Return whether the newcomer asked for nothing, and nobody wrote to them about it: then nothing is said of it."""
    return reason.startswith(OVERDUE) and first_answered_at is None


# The whole life of a case. What is not here cannot happen.
BECOMES: Mapping[Event, Mapping[Status, Status]] = {
    Event.CLAIMED: {_Q: _A},
    # A reply is on its way for a moment: meanwhile its case may have gone elsewhere, and stays there.
    Event.REPLY_ACCEPTED: {_A: _W, _W: _W, _S: _S, _Q: _Q, _C: _C},
    Event.REPLY_WAITS: {_A: _W, _W: _W, _S: _S, _Q: _Q, _C: _C},
    Event.REPLY_FAILED: {_A: _A, _W: _A, _S: _S, _Q: _Q, _C: _C},
    Event.NEWCOMER_WROTE: {_Q: _Q, _A: _A, _W: _A, _S: _A},
    Event.SNOOZED: {_A: _S, _W: _S},
    Event.SNOOZE_ENDED: {_S: _A},
    Event.RELEASED: {_A: _Q, _W: _Q, _S: _Q},
    Event.TRANSFERRED: {_A: _Q, _W: _Q, _S: _Q},
    Event.LEASE_EXPIRED: {_A: _Q, _W: _Q, _S: _Q},
    Event.ACCOUNT_OFF: {_A: _Q, _W: _Q, _S: _Q},
    Event.TAKEN_OVER: {_Q: _A, _A: _A, _W: _W, _S: _A},
    Event.CLOSED: {_Q: _C, _A: _C, _W: _C, _S: _C},
    Event.EXPIRED: {_W: _C},
    Event.REOPENED: {_C: _Q},
}

# In these a person has the conversation and the bot is silent.
WITH_A_PERSON = frozenset({_A, _W, _S})
# A snoozed case is woken first, so that nobody answers what they put away.
MAY_BE_ANSWERED = frozenset({_A, _W})


def becomes(status: Status, event: Event) -> Status | None:
    """Return where the question stands after this; None when it cannot happen there."""
    return BECOMES[event].get(status)


class Outcome(StrEnum):
    """How a case ended."""

    ANSWERED = "answered"
    PARTLY = "partly_answered"
    REFERRED = "referred"
    HANDED_BACK = "handed_back"  # to the bot, without an answer of the team
    NO_REPLY = "no_reply"
    JOINED = "joined"  # two newcomers turned out to be one person, who kept the other case


# What a person may choose; the others happen by themselves.
CHOSEN_OUTCOMES = frozenset({Outcome.ANSWERED, Outcome.PARTLY, Outcome.REFERRED, Outcome.HANDED_BACK, Outcome.NO_REPLY})


class Role(StrEnum):
    """What somebody is at the desk; one person may be several."""

    VOLUNTEER = "volunteer"
    COACH = "coach"
    PROFESSIONAL = "professional"
    COORDINATOR = "coordinator"
    CONTENT_EDITOR = "content_editor"
    ADMINISTRATOR = "administrator"
    ORGANISER = "organiser"  # of an organisation that offers something: its own offers, no newcomer


HELPERS = frozenset({Role.VOLUNTEER, Role.COACH, Role.PROFESSIONAL, Role.COORDINATOR})
TRAINED = frozenset({Role.PROFESSIONAL, Role.COORDINATOR})


class Act(StrEnum):
    """What somebody at the desk may want to do."""

    TAKE = "take"
    REPLY = "reply"
    NOTE = "note"
    SNOOZE = "snooze"
    RELEASE = "release"
    TRANSFER = "transfer"
    CLOSE = "close"
    TAKE_OVER = "take_over"
    PRIORITISE = "prioritise"
    REOPEN = "reopen"


@dataclass(frozen=True, kw_only=True)
class May:
    """Who may: one of these roles, who has the case where `mine`, unless they are among `anyway`."""

    roles: frozenset[Role]
    mine: bool = True
    anyway: frozenset[Role] = frozenset()


_COORDINATOR = frozenset({Role.COORDINATOR})

MAY: Mapping[Act, May] = {
    Act.TAKE: May(roles=HELPERS, mine=False),
    Act.REPLY: May(roles=HELPERS),
    Act.NOTE: May(roles=HELPERS, anyway=_COORDINATOR),
    Act.SNOOZE: May(roles=HELPERS),
    Act.RELEASE: May(roles=HELPERS, anyway=_COORDINATOR),
    Act.TRANSFER: May(roles=HELPERS, anyway=_COORDINATOR),
    Act.CLOSE: May(roles=HELPERS, anyway=_COORDINATOR),
    Act.TAKE_OVER: May(roles=_COORDINATOR, mine=False),
    Act.PRIORITISE: May(roles=TRAINED, mine=False),
    Act.REOPEN: May(roles=_COORDINATOR, mine=False),
}

# Which change of the table an act asks for; a note and a priority change nothing there.
ASKS_FOR: Mapping[Act, Event] = {
    Act.TAKE: Event.CLAIMED,
    Act.SNOOZE: Event.SNOOZED,
    Act.RELEASE: Event.RELEASED,
    Act.TRANSFER: Event.TRANSFERRED,
    Act.CLOSE: Event.CLOSED,
    Act.TAKE_OVER: Event.TAKEN_OVER,
    Act.REOPEN: Event.REOPENED,
}
# What can still be done to a case that is closed.
AFTER_CLOSE = frozenset({Act.NOTE, Act.REOPEN})


class Decline(StrEnum):
    """Why something at the desk was not done; the console has a sentence for each."""

    GONE = "gone"  # no such case, or its newcomer was forgotten
    NO_ACCOUNT = "no_account"  # unknown, or switched off
    NOT_YOUR_ROLE = "not_your_role"
    OTHER_TEAM = "other_team"
    TAKEN = "taken"  # somebody else has it
    NOT_YOURS = "not_yours"  # only who has the case may
    CLOSED = "closed"
    NOT_NOW = "not_now"  # not from where the case stands
    CHANGED = "changed"  # it is another case than the one on the screen
    PROFESSIONALS_FIRST = "professionals_first"
    NEWER_MESSAGE = "newer_message"  # the newcomer wrote something that was not seen yet
    BOT_HAS_IT = "bot_has_it"  # the conversation is not a person's
    STOPPED = "stopped"  # the newcomer wants no messages
    BLOCKED = "blocked"  # the newcomer lets nothing through
    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_FILES_HERE = "no_files_here"  # the messenger cannot get files from us
    TOO_MANY_FILES = "too_many_files"
    FILE_TOO_LARGE = "file_too_large"
    FILE_UNKNOWN = "file_unknown"  # of a kind that is not sent
    FILE_UNREADABLE = "file_unreadable"
    NEEDS_NOTE = "needs_note"
    NEEDS_REASON = "needs_reason"
    NO_TEAM = "no_team"
    NO_OUTCOME = "no_outcome"
    NO_QUESTION = "no_question"  # what it is said to be about stands not in the catalogue
    NOT_AHEAD = "not_ahead"  # a moment that is past, or too far away
    TOO_LATE = "too_late"  # to undo: it is on its way


# A crisis is for professionals during this time; after it anybody of the team is better than nobody.
PROFESSIONALS_FIRST_FOR = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody at the desk."""

    id: str
    roles: frozenset[Role]
    teams: frozenset[str]
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the rules see of a case."""

    status: Status
    team: str
    assignee: str | None
    crisis_at: datetime | None = None  # since when it is one; None when it is none


def reason_to_decline(act: Act, who: Actor, case: Seen, now: datetime) -> Decline | None:
    """Return why this person may not do this to this case now, or None when they may."""
    return _reason_about_them(act, who, case) or _reason_about_the_case(act, who, case, now)


def _reason_about_them(act: Act, who: Actor, case: Seen) -> Decline | None:
    if not who.active:
        return Decline.NO_ACCOUNT
    if not who.roles & MAY[act].roles:
        return Decline.NOT_YOUR_ROLE
    return Decline.OTHER_TEAM if case.team not in who.teams else None


def _reason_about_the_case(act: Act, who: Actor, case: Seen, now: datetime) -> Decline | None:
    rule, event = MAY[act], ASKS_FOR.get(act)
    if case.status is Status.CLOSED and act not in AFTER_CLOSE:
        return Decline.CLOSED
    if act is Act.TAKE:
        return _reason_not_to_take(who, case, now)
    if rule.mine and case.assignee != who.id and not who.roles & rule.anyway:
        return Decline.NOT_YOURS
    if event is not None and becomes(case.status, event) is None:
        return Decline.NOT_NOW
    return Decline.NOT_NOW if act is Act.REPLY and case.status not in MAY_BE_ANSWERED else None


def _reason_not_to_take(who: Actor, case: Seen, now: datetime) -> Decline | None:
    if case.assignee is not None or case.status is not Status.QUEUED:
        return Decline.TAKEN
    waits_for_trained = case.crisis_at is not None and now < case.crisis_at + PROFESSIONALS_FIRST_FOR
    return Decline.PROFESSIONALS_FIRST if waits_for_trained and not who.roles & TRAINED else None
