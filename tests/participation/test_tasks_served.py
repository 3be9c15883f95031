"""A task of the trajectory leads to what is offered for it, and who took part has done it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.guide import confirm
from bot.trajectory.plan import State
from bot.trajectory.template import Recurrence, Repeats
from tests.trajectory.small import EVENING, LEGAL, WELCOME, days, task

if TYPE_CHECKING:
    from bot.domain.turn import Message
    from tests.guide.conftest import Guide

CAFE = "Taalcafé"
WAY = "/offers task one"
LIKED, SETTLES = "utter_offer_liked", "utter_offer_settles"
# Due, and reminded of, on a Monday.
ONE = task("one", reminder_days=(0,))
WEEKLY = task("one", due=days(7), recurrence=Recurrence(kind=Repeats.REGULARLY, every=days(7), until=days(70)))


def says(guide: Guide, payload: str) -> list[Message]:
    answers, _ = guide.talk.send(payload, payload=guide.talk.with_occasions(payload))
    return answers


def leads(messages: list[Message]) -> list[str]:
    """The buttons that lead to what is offered for a task."""
    found = [button.payload for message in messages for button in message.buttons]
    return [payload for payload in found if payload.startswith("/offers task")]


def attends(guide: Guide, *, said: str = "good", in_days: int = 3) -> list[str]:
    """Sign up for what serves the task, be there, and say how it was."""
    guide.talk.offered(CAFE, begins={"days": in_days}, tasks=["one"])
    says(guide, f"/join <{CAFE}>")
    guide.desk.clock.wait(days=in_days, hours=3)
    return [one.response for one in says(guide, f"/how_was_it <{CAFE}> {said}")]


def begins(guide: Guide, *tasks: object) -> None:
    guide.knows(*tasks)
    guide.enrols()
    guide.read()


def states(guide: Guide, name: str = "one") -> list[State]:
    return [one.state for one in guide.tasks() if one.task == name]


def test_my_tasks_lead_to_what_is_offered_for_one(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, WELCOME, replace(ONE, order=1))
    guide.talk.offered(CAFE, begins={"days": 3}, tasks=["one"])
    guide.talk.offered("Voetbal", begins={"days": 3})

    assert leads(says(guide, "/tasks")) == [WAY]
    (found,) = says(guide, WAY)
    assert found.response == "utter_offers_found"
    assert "[task_one]" in found.text
    assert CAFE in found.text
    assert "Voetbal" not in found.text


def test_three_are_shown_and_the_others_on_request(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, ONE)
    for number in range(4):
        guide.talk.offered(f"Nummer {number}", begins={"days": 2 + number}, tasks=["one"])

    (first,) = says(guide, WAY)
    (more,) = says(guide, f"{WAY} more 3")

    assert [f"Nummer {number}" in first.text for number in range(4)] == [True, True, True, False]
    assert f"{WAY} more 3" in leads([first])
    assert "Nummer 3" in more.text
    assert leads([more]) == []


@pytest.mark.parametrize(
    "offer",
    [
        {"tasks": []},
        {"tasks": ["another"]},
        {"begins": {"days": -1}},
        {"state": "cancelled"},
        {"age_from": 90, "told": "/profile limits women_only 0"},
    ],
)
def test_where_nothing_to_come_serves_it_there_is_no_button(taking_part: Guide, offer: dict[str, object]) -> None:
    guide = taking_part
    begins(guide, ONE)
    given = {"begins": {"days": 3}, "tasks": ["one"], **offer}
    told, state = given.pop("told", None), given.pop("state", None)
    guide.talk.offered(CAFE, **given)  # type: ignore[arg-type]  # the columns of an offer
    if told:
        says(guide, str(told))
    if state:
        guide.talk.called_off(CAFE)

    assert leads(says(guide, "/tasks")) == []
    assert leads(guide.comes(days=7)) == []
    assert [one.response for one in says(guide, WAY)] == ["utter_offers_none"]


def test_a_reminder_leads_there_and_one_that_hides_its_subject_does_not(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, ONE)
    guide.talk.offered(CAFE, begins={"days": 10}, tasks=["one"])

    (reminded,) = guide.comes(days=7)

    assert leads([reminded]) == [WAY]


def test_a_reminder_that_hides_its_subject_does_not_lead_there(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, replace(ONE, sensitive=True))
    guide.talk.offered(CAFE, begins={"days": 10}, tasks=["one"])

    (reminded,) = guide.comes(days=7)

    assert leads([reminded]) == []


def test_what_somebody_takes_part_in_already_is_not_offered_again(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, ONE)
    guide.talk.offered(CAFE, begins={"days": 3}, tasks=["one"])
    says(guide, f"/join <{CAFE}>")

    assert leads(says(guide, "/tasks")) == []


def test_who_was_there_did_the_task_and_hears_it(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, ONE)

    assert attends(guide, said="bad") == [SETTLES, "utter_offer_not_liked"]
    assert states(guide) == [State.DONE]
    assert [one.response for one in says(guide, f"/how_was_it <{CAFE}> good")] == [LIKED]  # once


def test_who_was_not_there_did_nothing(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, ONE)

    assert attends(guide, said="not_there") == ["utter_offer_was_not_there"]
    assert states(guide) == [State.OPEN]


def test_the_coach_sees_where_it_comes_from_and_confirms(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, replace(ONE, confirm=True))

    assert attends(guide) == [SETTLES, LIKED]
    assert states(guide) == [State.AWAITING]
    event = guide.events()[-1]
    assert (event.kind, event.actor) == ("awaiting", "newcomer")
    assert event.detail["offer"] == guide.talk._offers[CAFE]

    guide.does(confirm, guide.task("one").id, actor=guide.desk.cora.id)
    assert states(guide) == [State.DONE]


def test_once_is_not_every_week_of_a_task_that_comes_back(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, WEEKLY)

    attends(guide, in_days=10)

    done = [one.occurrence for one in guide.tasks() if one.state is State.DONE]
    assert len(done) == 1
    (number,) = done
    row = guide.task("one", number)
    assert row.starts is not None
    assert row.starts <= guide.desk.clock.now().date()


def test_what_the_law_asks_is_not_done_by_taking_part(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, replace(ONE, kind=LEGAL))

    assert attends(guide) == [LIKED]
    assert states(guide) == [State.OPEN]


def test_a_session_of_the_group_is_the_coachs_to_note(taking_part: Guide) -> None:
    guide = taking_part
    begins(guide, replace(EVENING, id="one"))

    assert attends(guide) == [LIKED]
