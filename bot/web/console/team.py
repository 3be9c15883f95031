"""`/desk/team`: who is there, how much there is, when the team is open, and the coaches' groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.coach import Refusal, put_in_group, take_out_of_group
from bot.guide import GROUP_SIZE
from bot.handoff.access import Screen
from bot.handoff.case import Role
from bot.survey import closed_days, groups, teams
from bot.web.console.door import Door, Visit
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from starlette.responses import Response

TEAM = "/desk/team"
_MOST_DIGITS = 9


def show(visit: Visit, *, wrong: Refusal | None = None) -> Response:
    """Show the teams that somebody is in."""
    return visit.page(
        "team.html",
        status=409 if wrong else 200,
        teams=teams(visit.runtime, visit.user),
        groups=groups(visit.runtime, visit.user),
        closed_on=closed_days(visit.runtime),
        names=names_for(visit),
        steers=Role.COORDINATOR in visit.who.roles,
        group_size=GROUP_SIZE,
        number=visit.given("number"),
        coach=visit.given("coach"),
        wrong=visit.words(f"team_wrong_{wrong.value}") if wrong else "",
    )


def put(visit: Visit) -> Response:
    """Put the newcomer of a case in a coach's group."""
    refused = put_in_group(visit.runtime, visit.user.id, number=_number(visit), coach_id=visit.given("coach"))
    return _onward(visit, refused, "team_in_group")


def take_out(visit: Visit) -> Response:
    """Take the newcomer of a case out of the group they are in."""
    refused = take_out_of_group(visit.runtime, visit.user.id, number=_number(visit))
    return _onward(visit, refused, "team_out_of_group")


def _onward(visit: Visit, refused: Refusal | None, said: str) -> Response:
    if refused is Refusal.NOT_YOUR_ROLE:
        return visit.problem(403)
    return show(visit, wrong=refused) if refused else visit.go(TEAM, said=said)


def _number(visit: Visit) -> int:
    """Return the number that was given; 0, which no case has, when it is none."""
    given = visit.given("number").lstrip("#")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS else 0


DOORS = (
    Door(path=TEAM, screen=Screen.TEAM, endpoint=show),
    Door(path="/desk/team/group", screen=Screen.TEAM, endpoint=put, methods=("POST",)),
    Door(path="/desk/team/group/leave", screen=Screen.TEAM, endpoint=take_out, methods=("POST",)),
)
