"""A newcomer joins or leaves a coach's group of five. A coordinator does it, by the number of a case of their team."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.answer import as_actor
from bot.guide import GROUP_SIZE
from bot.handoff.case import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.handoff.case import Actor
    from bot.runtime import Runtime
    from bot.store.rows import CaseRow
    from bot.store.work import Work


class Refusal(StrEnum):
    """Why a group stayed as it was; the console has a sentence for each."""

    NOT_YOUR_ROLE = "not_your_role"
    NO_CASE = "no_case"  # no such number, or another team's: nobody learns which
    NO_COACH = "no_coach"  # not a coach of a team of theirs
    FULL = "full"


def put_in_group(runtime: Runtime, who: str, *, number: int, coach_id: str) -> Refusal | None:
    """Put the newcomer of this case in a coach's group, out of the one they were in; return why not, if not."""

    def change(work: Work, actor: Actor, case: CaseRow) -> Refusal | None:
        work.groups.hold(coach_id)
        coach = work.users.get(coach_id)
        if coach is None or not coach.active or Role.COACH not in coach.roles or not coach.teams & actor.teams:
            return Refusal.NO_COACH
        members = {one.newcomer_id for one in work.groups.of([coach_id])}
        if case.newcomer_id not in members and len(members) >= GROUP_SIZE:
            return Refusal.FULL
        _set(runtime, work, actor, case, coach_id)
        return None

    return _do(runtime, who, number, change)


def take_out_of_group(runtime: Runtime, who: str, *, number: int) -> Refusal | None:
    """Take the newcomer of this case out of the group they are in; return why not, if not."""

    def change(work: Work, actor: Actor, case: CaseRow) -> Refusal | None:
        _set(runtime, work, actor, case, None)
        return None

    return _do(runtime, who, number, change)


def _do(
    runtime: Runtime, who: str, number: int, change: Callable[[Work, Actor, CaseRow], Refusal | None]
) -> Refusal | None:
    def attempt(work: Work) -> Refusal | None:
        user = work.users.get(who)
        actor = as_actor(user) if user else None
        if actor is None or not actor.active or Role.COORDINATOR not in actor.roles:
            return Refusal.NOT_YOUR_ROLE
        case_id = work.groups.case_numbered(number)
        case = work.cases.held(case_id) if case_id else None
        newcomer = work.newcomers.get(case.newcomer_id) if case else None
        if case is None or newcomer is None or newcomer.status == "erasing" or case.team not in actor.teams:
            return Refusal.NO_CASE
        return change(work, actor, case)

    return runtime.database.write(attempt)


def _set(runtime: Runtime, work: Work, actor: Actor, case: CaseRow, coach_id: str | None) -> None:
    work.newcomers.set_coach(case.newcomer_id, coach_id)
    # Who may open somebody's file has changed: that is part of the case's history.
    work.cases.note(case.id, kind="coach", actor=actor.id, now=runtime.clock.now(), detail={"coach": coach_id})
