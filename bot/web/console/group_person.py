"""`/desk/group/{newcomer}`: one person's year by layer, what is known of it, and what the coach does with all of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot import guide
from bot.domain.clock import local_day
from bot.handoff.access import Screen
from bot.mentor import LONGEST_TEXT, LONGEST_TITLE, Mentor, Refusal
from bot.naming import dutch_name
from bot.reckon import ASKED, Stage
from bot.review import open_year
from bot.web.console.door import Door, Visit
from bot.web.console.group import GROUP, called, refused, sentence, shut, templates
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from bot.review import Year
    from bot.trajectory.redating import Changes

# What the coach looks at first.
FIRST = (Stage.OVERDUE, Stage.AWAITING)
UNDER_WAY = ASKED - {Stage.OVER}
_ANSWERS: Mapping[str, bool | None] = {"yes": True, "no": False, "": None}
_MOST_SHOWN = 100


def mentor(visit: Visit) -> Mentor:
    """Return the coach at work for the newcomer of this address."""
    return Mentor(runtime=visit.runtime, who=visit.user.id, newcomer_id=newcomer_of(visit))


def newcomer_of(visit: Visit) -> str:
    """Return which newcomer this page is about."""
    return str(visit.request.path_params["newcomer"])


def home_of(visit: Visit) -> str:
    """Return the address of their year."""
    return f"{GROUP}/{newcomer_of(visit)}"


def day_given(visit: Visit, name: str) -> date | None:
    """Return the day in this field; None when there is none, or it is no day."""
    try:
        return date.fromisoformat(visit.given(name))
    except ValueError:
        return None


def show(visit: Visit, *, wrong: str = "", at: str = "") -> Response:
    """Show somebody's year; `wrong` stands at the form of this name, with what was typed."""
    year = open_year(visit.runtime, visit.user.id, newcomer_of(visit))
    if isinstance(year, Refusal):
        return shut(visit, year)
    going_on = {one.row.template for one in year.courses}
    return visit.page(
        "group_person.html",
        status=409 if wrong else 200,
        **_around(visit, year),
        templates={name: title for name, title in templates(visit).items() if name not in going_on},
        history=year.history[:_MOST_SHOWN],
        longest_title=LONGEST_TITLE,
        longest_text=LONGEST_TEXT,
        wrong=wrong,
        wrong_at=at,
    )


def _around(visit: Visit, year: Year) -> dict[str, object]:
    return {
        "year": year,
        "home": home_of(visit),
        "called": called(visit),
        "names": names_for(visit),
        "given": visit.given,
        "today": local_day(visit.now),
        "Stage": Stage,
        "first": FIRST,
        "under_way": UNDER_WAY,
    }


def onward(visit: Visit, done: object, said: str, at: str) -> Response:
    """Go back to the year, or say at the form why nothing changed."""
    if isinstance(done, Refusal | guide.Refusal):
        return refused(visit, done) or show(visit, wrong=sentence(visit, done), at=at)
    return visit.go(home_of(visit), said=said)


# ---- the trajectory


def enrol(visit: Visit) -> Response:
    """Have somebody begin a trajectory."""
    started = day_given(visit, "started")
    if started is None:
        return onward(visit, Refusal.NOT_A_START, "", "enrol")
    return onward(visit, mentor(visit).enrol(visit.given("template"), started), "group_enrolled", "enrol")


def tell(visit: Visit) -> Response:
    """Take up what the coach changed on the form; what the newcomer told meanwhile stays."""
    anchors: dict[str, date | None] = {}
    conditions: dict[str, bool | None] = {}
    for name in visit.form:
        kind, _, which = name.partition(":")
        given = visit.given(name)
        if kind not in {"day", "answer"} or given == visit.given(f"was:{which}"):
            continue
        if kind == "answer":
            conditions[which] = _ANSWERS.get(given)
        elif given and day_given(visit, name) is None:
            return onward(visit, guide.Refusal.OUT_OF_CALENDAR, "", "told")
        else:
            anchors[which] = day_given(visit, name)
    done = mentor(visit).tell(visit.given("trajectory"), anchors, conditions)
    return onward(visit, done, "group_told", "told")


def move_layer(visit: Visit) -> Response:
    """Have a layer begin earlier or later."""
    layer, days = visit.given("layer"), visit.given("days")
    number = int(days) if days.lstrip("-").isdecimal() and days.isascii() and len(days) <= len("-9999") else None
    if number is None:
        return onward(visit, guide.Refusal.OUT_OF_CALENDAR, "", f"layer-{layer}")
    done = mentor(visit).move_layer(visit.given("trajectory"), layer, number)
    return onward(visit, done, "group_layer_moved", f"layer-{layer}")


def add_task(visit: Visit) -> Response:
    """Add a task in the coach's own words."""
    due = day_given(visit, "due")
    if due is None:
        return onward(visit, guide.Refusal.NEEDS_A_DAY, "", "add")
    done = mentor(visit).add_task(visit.given("trajectory"), visit.given("title"), visit.given("text"), due)
    return onward(visit, done, "group_task_added", "add")


def end(visit: Visit) -> Response:
    """End a trajectory, when the coach says that they mean it."""
    if visit.given("sure") != "yes":
        return show(visit, wrong=visit.words("group_wrong_not_sure"), at="end")
    return onward(visit, mentor(visit).end(visit.given("trajectory")), "group_ended", "end")


def pause(visit: Visit) -> Response:
    """Let a trajectory rest."""
    return onward(visit, mentor(visit).pause(visit.given("trajectory")), "group_paused", "rest")


def resume(visit: Visit) -> Response:
    """Take it up again."""
    return onward(visit, mentor(visit).resume(visit.given("trajectory")), "group_resumed", "rest")


# ---- a changed template


def preview(visit: Visit) -> Response:
    """Show what following the changed template would do; nothing changes."""
    return _preview(visit, visit.asked("trajectory"))


def _preview(visit: Visit, trajectory_id: str, wrong: str = "") -> Response:
    year = open_year(visit.runtime, visit.user.id, newcomer_of(visit))
    if isinstance(year, Refusal):
        return shut(visit, year)
    found = mentor(visit).preview_template(trajectory_id)
    course = year.course_of(trajectory_id)
    template = visit.runtime.knowledge.trajectories.get(course.row.template) if course else None
    if isinstance(found, Refusal | guide.Refusal) or course is None or template is None:
        return visit.problem(404)
    titles = {step.row.task: step.title for step in course.steps}
    return visit.page(
        "group_template.html",
        status=409 if wrong else 200,
        **_around(visit, year),
        course=course,
        digest=template.digest,
        changes=found,
        moved=_moved(found),
        title_of=lambda task: titles.get(task) or dutch_name(visit.runtime, task),
        wrong=wrong,
    )


def _moved(found: Changes) -> list[object]:
    return [*found.legal_moved, *found.moved]


def follow(visit: Visit) -> Response:
    """Have the trajectory follow its template as it was shown."""
    done = mentor(visit).follow_template(visit.given("trajectory"), visit.given("digest"))
    if isinstance(done, Refusal | guide.Refusal):
        return refused(visit, done) or _preview(visit, visit.given("trajectory"), sentence(visit, done))
    return visit.go(home_of(visit), said="group_template_followed")


_POST = ("POST",)
PERSON = f"{GROUP}/{{newcomer}}"
DOORS = (
    Door(path=PERSON, screen=Screen.GROUP, endpoint=show),
    Door(path=f"{PERSON}/enrol", screen=Screen.GROUP, endpoint=enrol, methods=_POST),
    Door(path=f"{PERSON}/told", screen=Screen.GROUP, endpoint=tell, methods=_POST),
    Door(path=f"{PERSON}/layer", screen=Screen.GROUP, endpoint=move_layer, methods=_POST),
    Door(path=f"{PERSON}/add", screen=Screen.GROUP, endpoint=add_task, methods=_POST),
    Door(path=f"{PERSON}/end", screen=Screen.GROUP, endpoint=end, methods=_POST),
    Door(path=f"{PERSON}/pause", screen=Screen.GROUP, endpoint=pause, methods=_POST),
    Door(path=f"{PERSON}/resume", screen=Screen.GROUP, endpoint=resume, methods=_POST),
    Door(path=f"{PERSON}/template", screen=Screen.GROUP, endpoint=preview),
    Door(path=f"{PERSON}/template", screen=Screen.GROUP, endpoint=follow, methods=_POST),
)
