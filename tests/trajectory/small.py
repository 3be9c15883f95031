"""A small trajectory to tell stories with, and moments on the wall clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from bot.content.model import Response, Variant
from bot.domain.days import at
from bot.trajectory.plan import plan
from bot.trajectory.template import DeadlineKind, Layer, Limit, Offset, Recurrence, Repeats, Task, Template, Track, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.runtime import Runtime
    from bot.trajectory.plan import Planned

LEGAL, ADVISED, PROGRAMME = DeadlineKind.LEGAL, DeadlineKind.ADVISED, DeadlineKind.PROGRAMME
STARTED = date(2026, 11, 23)  # a Monday
HOME = date(2026, 11, 20)


def days(amount: int) -> Offset:
    return Offset(amount=amount)


def weeks(amount: int) -> Offset:
    return Offset(amount=amount, unit=Unit.WEEK)


def months(amount: int) -> Offset:
    return Offset(amount=amount, unit=Unit.MONTH)


def years(amount: int) -> Offset:
    return Offset(amount=amount, unit=Unit.YEAR)


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return at(day, time(hour, minute))


def task(name: str, **others: Any) -> Task:
    usual = {"layer": "basis", "anchor": "trajectory_start", "kind": PROGRAMME, "question": "service_human"}
    return Task(id=name, **{**usual, "start": days(0), "due": days(7), **others})


def template(*tasks: Task) -> Template:
    return Template(
        id="small",
        digest="0",
        start_anchor="trajectory_start",
        months=12,
        anchors={"trajectory_start": None, "housing_date": "utter_ask_anchor_housing_date"},
        conditions={"has_children": "utter_ask_condition_has_children"},
        layers={
            "basis": Layer(id="basis", starts=days(0), ends=days(91)),
            "laag1": Layer(id="laag1", starts=days(91), ends=days(182)),
        },
        tasks={one.id: one for one in tasks},
    )


def planned(*tasks: Task, started: date = STARTED, **others: Any) -> Sequence[Planned]:
    anchors = others.pop("anchors", {"housing_date": HOME})
    return plan(template(*tasks), anchors, others.pop("conditions", {}), started=started, **others).tasks


WELCOME = task("welcome", reminder_days=(-1, 0, 2))
REGISTER = task("register", anchor="housing_date", due=days(5), kind=LEGAL, reminder_days=(-3, 0, 1), order=1)
INSURANCE = task(
    "insurance",
    anchor="housing_date",
    kind=ADVISED,
    reminder_days=(-3, 0),
    limits=(Limit(id="legal", anchor="housing_date", offset=months(4), reminder_days=(-30, -1)),),
    order=2,
)
SCHOOL = task("school", kind=ADVISED, applies_if="has_children", depends_on=("register",), order=3)
WORK = task("work", layer="laag1", start=days(91), due=days(112), reminder_days=(-7, 0, 3), order=4)
DEBTS = task("debts", sensitive=True, reminder_days=(0,), order=5)
CHECK_IN = task(
    "check_in",
    start=months(1),
    due=months(1),
    reminder_days=(0,),
    recurrence=Recurrence(kind=Repeats.REGULARLY, every=months(1), may_pause=True),
    order=6,
)
SWITCH = task(
    "switch",
    anchor="year_end",
    start=days(-46),
    due=days(0),
    kind=LEGAL,
    closes=True,
    reminder_days=(-14, 0),
    recurrence=Recurrence(kind=Repeats.YEARLY),
    order=7,
)
BILL = task("bill", anchor="bill_date", due=days(45), kind=LEGAL, recurrence=Recurrence(kind=Repeats.ANEW), order=8)
EVENING = task(
    "evening",
    track=Track.GROUP,
    due=days(91),
    reminder_days=(-3, -1),
    recurrence=Recurrence(kind=Repeats.SESSIONS, until=days(182)),
    order=9,
)
EVERYTHING = (WELCOME, REGISTER, INSURANCE, SCHOOL, WORK, DEBTS, CHECK_IN, SWITCH, BILL, EVENING)


def knowing(runtime: Runtime, small: Template) -> Runtime:
    """Return a runtime that knows this template alone, with a text for each of its tasks."""
    content = runtime.knowledge.content
    said = {
        name: Response(name=name, topic="trajectory", variants=(Variant(context=name, text=f"[{name}]"),))
        for name in small.responses
    }
    content = replace(content, responses={**content.responses, **said})
    known = replace(runtime.knowledge, content=content, trajectories={small.id: small})
    return replace(runtime, knowledge=known, renderer=replace(runtime.renderer, content=content))
