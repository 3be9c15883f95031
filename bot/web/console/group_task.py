"""`/desk/group/{newcomer}/tasks/{task}`: one task of somebody's year, with every reminder and all that can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import guide
from bot.domain.clock import local_day
from bot.handoff.access import Screen
from bot.mentor import LONGEST_TEXT, Refusal
from bot.reckon import ASKED, Stage
from bot.review import open_year
from bot.trajectory.template import DeadlineKind
from bot.web.console.door import Door, Visit
from bot.web.console.group import called, refused, sentence, shut
from bot.web.console.group_person import PERSON, day_given, home_of, mentor, newcomer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from bot.mentor import AnyRefusal
    from bot.store.trajectory_rows import TaskRow


def _task_of(visit: Visit) -> str:
    return str(visit.request.path_params["task"])


def show(visit: Visit, *, wrong: str = "", at: str = "") -> Response:
    """Show one task; `wrong` stands at the form of this name."""
    year = open_year(visit.runtime, visit.user.id, newcomer_of(visit))
    if isinstance(year, Refusal):
        return shut(visit, year)
    found = year.step(_task_of(visit))
    if found is None:
        return visit.problem(404)
    course, step = found
    return visit.page(
        "group_task.html",
        status=409 if wrong else 200,
        year=year,
        course=course,
        step=step,
        home=home_of(visit),
        called=called(visit),
        given=visit.given,
        today=local_day(visit.now),
        Stage=Stage,
        may_change=step.stage in ASKED,
        may_pin=step.stage in ASKED and step.row.kind is not DeadlineKind.LEGAL,
        longest_text=LONGEST_TEXT,
        wrong=wrong,
        wrong_at=at,
    )


# ---- what is done with it


def _pin(visit: Visit) -> TaskRow | AnyRefusal:
    day = day_given(visit, "day")
    return guide.Refusal.NEEDS_A_DAY if day is None else mentor(visit).pin(_task_of(visit), day)


def _put_off(visit: Visit) -> TaskRow | AnyRefusal:
    day = day_given(visit, "until")
    return guide.Refusal.NEEDS_A_DAY if day is None else mentor(visit).put_off(_task_of(visit), day)


DOES: Mapping[str, Callable[[Visit], TaskRow | AnyRefusal]] = {
    "done": lambda visit: mentor(visit).done(_task_of(visit)),
    "confirm": lambda visit: mentor(visit).confirm(_task_of(visit), accepted=True),
    "give_back": lambda visit: mentor(visit).confirm(_task_of(visit), accepted=False),
    "skip": lambda visit: mentor(visit).skip(_task_of(visit), visit.given("reason")),
    "pin": _pin,
    "unpin": lambda visit: mentor(visit).pin(_task_of(visit), None),
    "put_off": _put_off,
    "never": lambda visit: mentor(visit).put_off(_task_of(visit), None),
}


def do(visit: Visit) -> Response:
    """Do what the form says, and go back to the year."""
    what = visit.given("do")
    act = DOES.get(what)
    if act is None:
        return visit.problem(400)
    done = act(visit)
    if isinstance(done, Refusal | guide.Refusal):
        return refused(visit, done) or show(visit, wrong=sentence(visit, done), at=what)
    return visit.go(home_of(visit), said=f"group_{what}")


TASK = f"{PERSON}/tasks/{{task}}"
DOORS = (
    Door(path=TASK, screen=Screen.GROUP, endpoint=show),
    Door(path=TASK, screen=Screen.GROUP, endpoint=do, methods=("POST",)),
)
