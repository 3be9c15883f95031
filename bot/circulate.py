"""
A coach writes one text to their group, or to some of it; each gets it as a message of a person.

It belongs to no case: nobody asked, so nobody waits. Who writes back is given to the coach by the next turn
(`bot/ladder/desk.py: to_their_coach`); see docs/decisions/0013-group-messages.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.answer import BY_A_PERSON, LONGEST_REPLY, as_actor
from bot.domain.turn import Message
from bot.foresee import Person, delivery, people_of
from bot.handoff.case import Role
from bot.handoff.timers import UNDO
from bot.safety.redaction import mask
from bot.store.ids import new_id
from bot.store.outbox import Reply
from bot.team import remember, voice_to

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from bot.handoff.timeline import Delivery
    from bot.runtime import Runtime
    from bot.store.trajectory_rows import GroupLetterRow
    from bot.store.work import Work

# So many letters of a coach are shown: the last ten messages to a group of five.
SHOWN = 50


class Refusal(StrEnum):
    """Why nothing was sent, or taken back; the console has a sentence for each."""

    NOT_YOUR_ROLE = "not_your_role"
    NOBODY = "nobody"  # nobody is chosen, or somebody who is not in the group
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_LATE = "too_late"  # to take back: it left, or is nobody's


@dataclass(frozen=True, kw_only=True)
class Sent:
    """It was sent under this id; until then it can be taken back."""

    id: str
    undo_until: datetime


@dataclass(frozen=True, kw_only=True)
class Reached:
    """
    One of whom it was sent to, and what became of it; None: there was no way to them.

    `wrote_since`: they wrote something after it; `case_id` is the open case in which that stands, if there is one.
    """

    person: Person
    delivery: Delivery | None
    why: str | None
    wrote_since: bool
    case_id: str | None


@dataclass(frozen=True, kw_only=True)
class GroupMessage:
    """A message to a group; `text` is None when its words are gone."""

    id: str
    at: datetime
    text: str | None = field(repr=False)
    language: str
    reached: tuple[Reached, ...]
    undo_until: datetime | None


def circulate(
    runtime: Runtime, who: str, *, text: str, to: Collection[str], language: str | None = None
) -> Sent | Refusal:
    """Send a text to these members of a coach's group, after the moment in which it can be taken back."""

    def attempt(work: Work) -> Sent | Refusal:
        refused = _reason_not_to(work, who, text, to)
        if refused is not None:
            return refused
        now = runtime.clock.now()
        message_id = new_id()
        written = mask(text.strip()).text
        spoken = runtime.knowledge.content.languages.known(language)
        sent = [(one, _queued(runtime, work, who, one, written, spoken, now + UNDO)) for one in sorted(set(to))]
        work.group_letters.add(message_id, who, sent, now)
        return Sent(id=message_id, undo_until=now + UNDO)

    return runtime.database.write(attempt)


def take_back(runtime: Runtime, who: str, message_id: str) -> str | Refusal:
    """Take a message back before it left; return its words."""

    def attempt(work: Work) -> str | Refusal:
        now = runtime.clock.now()
        words: str | None = None
        for letter in work.group_letters.of_message(message_id):
            if letter.coach_id != who or letter.outbox_id is None:
                continue
            taken = work.outbox.take_back(letter.outbox_id, who, now)
            if taken is not None:
                words = str(taken.body.get("text") or "")
                work.group_letters.drop(letter.id)
        return Refusal.TOO_LATE if words is None else words

    return runtime.database.write(attempt)


def my_group(runtime: Runtime, who: str) -> tuple[Person, ...]:
    """Return whom a coach may write to."""
    return runtime.database.read(lambda work: people_of(work, who))


def my_messages(runtime: Runtime, who: str) -> tuple[GroupMessage, ...]:
    """Return the last that a coach sent to their group, the newest first, with what became of each."""
    now = runtime.clock.now()

    def look(work: Work) -> tuple[GroupMessage, ...]:
        people = {one.id: one for one in people_of(work, who)}
        letters: dict[str, list[GroupLetterRow]] = {}
        for letter in work.group_letters.of_coach(who, SHOWN):
            letters.setdefault(letter.message_id, []).append(letter)
        return tuple(_message(work, some, people, now) for some in letters.values())

    return runtime.database.read(look)


# ---- parts


def _reason_not_to(work: Work, who: str, text: str, to: Collection[str]) -> Refusal | None:
    work.trajectories.hold(*to)
    user = work.users.get(who)
    actor = as_actor(user) if user else None
    if actor is None or not actor.active or Role.COACH not in actor.roles:
        return Refusal.NOT_YOUR_ROLE
    if not text.strip():
        return Refusal.EMPTY
    if len(text) > LONGEST_REPLY:
        return Refusal.TOO_LONG
    return None if to and set(to) <= {one.id for one in people_of(work, who)} else Refusal.NOBODY


def _queued(  # noqa: PLR0913, PLR0917  # who says what to whom, when
    runtime: Runtime, work: Work, who: str, newcomer_id: str, text: str, language: str | None, leaves_at: datetime
) -> str | None:
    """Queue it for one person and return its outbox id; None when they want nothing or cannot be reached."""
    newcomer = work.newcomers.get(newcomer_id)
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where and newcomer and newcomer.consent_at else None
    if voice is None:
        return None
    # A person speaks: what the bot was asking is no question any more, but for "may a person contact you?".
    voice.dialogue = replace(voice.dialogue, stack=(), offered=(), asking=None, misses=0)
    remember(voice)
    languages = runtime.knowledge.content.languages
    spoken = language or voice.language
    message = Message(
        response=BY_A_PERSON, text=text, buttons=(), language=spoken, direction=languages.direction(spoken)
    )
    as_reply = Reply(case_id=None, user_id=who, seen_number=None, leaves_at=leaves_at)
    return work.outbox.say(voice.conversation_id, None, 0, message.as_body(), voice.now, bulk=True, reply=as_reply).id


def _message(work: Work, letters: Iterable[GroupLetterRow], people: dict[str, Person], now: datetime) -> GroupMessage:
    some = list(letters)
    rows = {one.id: work.outbox.get(one.outbox_id) for one in some if one.outbox_id is not None}
    words = next((row.body for row in rows.values() if row is not None and row.body.get("text")), {})
    first = some[0]
    return GroupMessage(
        id=first.message_id,
        at=first.at,
        text=words.get("text"),
        language=str(words.get("language") or "nl"),
        reached=tuple(_reached(work, one, people, now) for one in some if one.newcomer_id in people),
        undo_until=first.at + UNDO if now < first.at + UNDO else None,
    )


def _reached(work: Work, letter: GroupLetterRow, people: dict[str, Person], now: datetime) -> Reached:
    row = work.outbox.get(letter.outbox_id) if letter.outbox_id else None
    heard = (one.heard_at for one in work.conversations.of(letter.newcomer_id))
    case = work.cases.open_for(letter.newcomer_id)
    return Reached(
        person=people[letter.newcomer_id],
        delivery=delivery(row, now),
        why=row.error if row else None,
        wrote_since=any(moment is not None and moment > letter.at for moment in heard),
        case_id=case.id if case else None,
    )
