"""`/desk`: my shift, what needs me, and one button that takes the next case."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.handoff.access import Screen, may_open
from bot.handoff.case import Role
from bot.survey import begin_shift, end_shift, take_next, today
from bot.web.console.door import HOME, Door, Visit
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from starlette.responses import Response

OFFERS = "/desk/offers"
SHIFT_END = "/desk/shift/end"
SHIFTS = (1, 2, 4, 8)  # hours


def show(visit: Visit) -> Response:
    """Show the day; to the page's script only the part that changes. Who only offers something goes to their offers."""
    if visit.who.roles == {Role.ORGANISER}:
        return visit.go(OFFERS)
    return visit.page(
        "today_part.html" if visit.is_part else "today.html",
        day=today(visit.runtime, visit.user),
        names=names_for(visit),
        may_take=may_open(Screen.QUEUE, visit.who),
        shifts=SHIFTS,
    )


def take(visit: Visit) -> Response:
    """Take the next case and open it, or say that there is none."""
    done = take_next(visit.runtime, visit.user.id)
    if done is None:
        return visit.go(HOME, said="today_nothing_waits")
    return visit.go(f"/desk/cases/{done.case.id}")


def begin(visit: Visit) -> Response:
    """Begin a shift of so many hours."""
    hours = visit.given("hours")
    if hours not in {str(length) for length in SHIFTS}:
        return visit.problem(400)
    begin_shift(visit.runtime, visit.user.id, timedelta(hours=int(hours)))
    return visit.go(HOME, said="today_shift_began")


def ask_before_end(visit: Visit) -> Response:
    """Ask what becomes of the cases."""
    return visit.page("today_shift_end.html", day=today(visit.runtime, visit.user), names=names_for(visit))


def end(visit: Visit) -> Response:
    """End the shift; the cases stay, or go back to the queue."""
    gives_back = visit.given("cases") == "return"
    returned = end_shift(visit.runtime, visit.user.id, give_back=gives_back)
    return visit.go(HOME, said="today_shift_ended_returned" if returned else "today_shift_ended")


DOORS = (
    Door(path=HOME, screen=Screen.TODAY, endpoint=show),
    Door(path="/desk/next", screen=Screen.QUEUE, endpoint=take, methods=("POST",)),
    Door(path="/desk/shift", screen=Screen.TODAY, endpoint=begin, methods=("POST",)),
    Door(path=SHIFT_END, screen=Screen.TODAY, endpoint=ask_before_end),
    Door(path=SHIFT_END, screen=Screen.TODAY, endpoint=end, methods=("POST",)),
)
