"""
What coordinators and administrators do about what is kept: find a person, hand all of it over, erase it, decide.

Each of these is one unit of work that asks again who may, and leaves a line in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bot.answer import Declined, as_actor
from bot.erase import erase_for_them
from bot.export import MOST_FOR_THE_DESK, kept_about
from bot.fetch import LETTER_PHOTOS, letter_photos_allowed
from bot.forget import RETENTION, Days, days_kept
from bot.handoff.access import reason_not_to_oversee
from bot.handoff.case import Decline, Role
from bot.safety.redaction import mask

if TYPE_CHECKING:
    from bot.export import Kept
    from bot.runtime import Runtime
    from bot.store.rows import CaseRow, DecisionRow, NewcomerRow, UserRow, ViewRow
    from bot.store.work import Work

EXPORTED, ERASED = "export", "erase"
LONGEST_REASON = 500
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Found:
    """A newcomer, by one of their cases: what must be known to be sure that it is this one, and nothing they wrote."""

    case: CaseRow
    newcomer: NewcomerRow
    channels: tuple[str, ...]
    wrote: int
    were_told: int
    cases: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Look:
    """A line of the journal, with the name of who looked."""

    row: ViewRow
    by: str | None


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What the organisation decided: for how long things are kept, whether photos are taken, by whom, and before."""

    days: Days
    retention: tuple[tuple[DecisionRow, str | None], ...]
    photos: bool
    photos_before: tuple[tuple[DecisionRow, str | None], ...]


_Person: TypeAlias = "tuple[UserRow, CaseRow, NewcomerRow]"


def _person(work: Work, who: str, number: int) -> _Person | Declined:
    user = work.users.get(who)
    if user is None:
        return Declined(why=Decline.NO_ACCOUNT)
    case = work.kept.case_numbered(number)
    newcomer = work.newcomers.get(case.newcomer_id) if case else None
    # Who may not steer anything hears that first: which numbers there are is nobody else's.
    declined = reason_not_to_oversee(as_actor(user), case.team if case else "")
    if declined is not None and (case is not None or declined is not Decline.OTHER_TEAM):
        return Declined(why=declined)
    if case is None or newcomer is None or newcomer.status == "erasing":
        return Declined(why=Decline.GONE)
    return user, case, newcomer


def find(runtime: Runtime, who: str, number: int) -> Found | Declined:
    """Find the newcomer of the case with this number; nothing of what they wrote is opened."""

    def look(work: Work) -> Found | Declined:
        person = _person(work, who, number)
        if isinstance(person, Declined):
            return person
        _, case, newcomer = person
        wrote, were_told = work.kept.counts(newcomer.id)
        return Found(
            case=case,
            newcomer=newcomer,
            channels=tuple(conversation.channel for conversation in work.conversations.of(newcomer.id)),
            wrote=wrote,
            were_told=were_told,
            cases=tuple(other.number for other in work.kept.cases(newcomer.id)),
        )

    return runtime.database.read(look)


def export(runtime: Runtime, who: str, number: int, *, reason: str) -> Kept | Declined:
    """Write down who takes all that is kept about the newcomer of this case, and why; return it."""

    def ask(work: Work) -> str | Declined:
        person = _person(work, who, number)
        if isinstance(person, Declined):
            return person
        why = mask(reason.strip()[:LONGEST_REASON]).text
        if not why:
            return Declined(why=Decline.NEEDS_REASON)
        _, case, newcomer = person
        now = runtime.clock.now()
        work.views.note(who, EXPORTED, now, newcomer_id=newcomer.id, case_number=case.number, reason=why)
        return newcomer.id

    asked = runtime.database.write(ask)
    if isinstance(asked, Declined):
        return asked
    # Opening it all takes a while: nobody who writes waits for it.
    kept = runtime.database.read(lambda work: kept_about(runtime, work, asked, most_bytes=MOST_FOR_THE_DESK))
    return kept if kept is not None else Declined(why=Decline.GONE)


def erase(runtime: Runtime, who: str, number: int, *, typed: str) -> CaseRow | Declined:
    """Erase the newcomer of this case; `typed` is the number once more, so that it is never done by a slip."""

    def do(work: Work) -> CaseRow | Declined:
        person = _person(work, who, number)
        if isinstance(person, Declined):
            return person
        _, case, newcomer = person
        if typed.strip() != str(case.number):
            return Declined(why=Decline.CHANGED)
        now = runtime.clock.now()
        if not erase_for_them(runtime, work, newcomer.id, actor=who):
            return Declined(why=Decline.GONE)
        # Afterwards, because erasing takes the reasons away; this line needs none, and is not the newcomer's any more.
        work.views.note(who, ERASED, now, case_number=case.number)
        return case

    return runtime.database.write(do)


def journal(
    runtime: Runtime, who: str, *, number: int | None = None, by: str | None = None, page: int = 0
) -> tuple[list[Look], bool] | Declined:
    """
    Return a page of who looked at what, the newest first, and whether there is more.

    Of one case, or by one person (a pseudonym). A coordinator sees what concerns cases of their teams.
    """

    def read(work: Work) -> tuple[list[Look], bool] | Declined:
        user = work.users.get(who)
        declined = reason_not_to_oversee(as_actor(user), "") if user else Decline.NO_ACCOUNT
        if user is None or declined in {Decline.NO_ACCOUNT, Decline.NOT_YOUR_ROLE}:
            return Declined(why=declined or Decline.NO_ACCOUNT)
        everybody = work.users.everybody()
        names = {one.id: one.pseudonym for one in everybody}
        looked_by = next((one.id for one in everybody if one.pseudonym == by), None)
        if by and looked_by is None:
            return [], False
        sees_all = Role.ADMINISTRATOR in as_actor(user).roles
        rows = work.kept.journal(
            limit=PAGE + 1,
            offset=page * PAGE,
            number=number,
            user_id=looked_by,
            teams=None if sees_all else user.teams,
            colleagues=[one.id for one in everybody if one.teams & user.teams],
        )
        return [Look(row=row, by=names.get(row.user_id)) for row in rows[:PAGE]], len(rows) > PAGE

    return runtime.database.read(read)


def decisions(runtime: Runtime) -> Decisions:
    """Return what the organisation decided about what is kept."""

    def read(work: Work) -> Decisions:
        names = {user.id: user.pseudonym for user in work.users.everybody()}

        def history(name: str) -> tuple[tuple[DecisionRow, str | None], ...]:
            return tuple((row, names.get(row.user_id)) for row in work.decisions.history(name))

        return Decisions(
            days=days_kept(work)[0],
            retention=history(RETENTION),
            photos=letter_photos_allowed(work, runtime.knowledge),
            photos_before=history(LETTER_PHOTOS),
        )

    return runtime.database.read(read)


def decide_retention(runtime: Runtime, who: str, days: Days, *, grounds: str) -> Decline | None:
    """Write down for how long things are kept from now on; return why not, when not."""
    return _decide(runtime, who, RETENTION, dict(days.as_value()), grounds)


def decide_photos(runtime: Runtime, who: str, *, allowed: bool, grounds: str) -> Decline | None:
    """Write down whether photos of letters are taken from now on; return why not, when not."""
    return _decide(runtime, who, LETTER_PHOTOS, {"allowed": allowed}, grounds)


def _decide(runtime: Runtime, who: str, name: str, value: object, grounds: str) -> Decline | None:
    def record(work: Work) -> Decline | None:
        user = work.users.get(who)
        if user is None or not user.active:
            return Decline.NO_ACCOUNT
        if Role.ADMINISTRATOR not in as_actor(user).roles:
            return Decline.NOT_YOUR_ROLE
        if not grounds.strip():
            return Decline.NEEDS_REASON
        note = grounds.strip()[:LONGEST_REASON]
        work.decisions.record(name, value, note=note, user_id=who, now=runtime.clock.now())
        return None

    return runtime.database.write(record)
