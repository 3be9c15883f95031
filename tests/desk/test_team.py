"""Which team a question goes to, and what its receipt may honestly say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.content.dates import told_hours, written_hours
from bot.content.render import Known, Reader, Renderer
from bot.handoff.organisation import Route
from bot.settings import Settings
from bot.team import receipt
from bot.wiring import read_knowledge
from tests.desk.conftest import MONDAY, OFFICE, ORGANISATION, Desk, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.turn import SlotValue
    from bot.knowledge.knowledge import Knowledge
    from bot.store.rows import CaseRow


def routed(desk: Desk, *routes: Route) -> None:
    organisation = replace(ORGANISATION, routes=routes)
    knowledge = replace(desk.runtime.knowledge, organisation=organisation)
    desk.runtime = replace(desk.runtime, knowledge=knowledge)


def said_of(desk: Desk, case: CaseRow) -> Mapping[str, SlotValue]:
    now = desk.clock.now()
    return desk.runtime.database.read(lambda work: receipt(desk.runtime, work, case, now))


def test_a_question_goes_to_the_team_of_its_language(desk: Desk) -> None:
    routed(desk, Route(team="other", languages=frozenset({"ar"})))
    arabic, dutch = desk.newcomer("ar"), desk.newcomer("nl")
    assert desk.asks(arabic).team == "other"
    assert desk.asks(dutch).team == "form_team"
    assert desk.events(desk.open_case(arabic))[0].detail["team"] == "other"


def test_a_crisis_goes_to_who_is_on_duty_and_takes_a_waiting_case_along(desk: Desk) -> None:
    routed(desk, Route(team="other", crisis=True))
    talk = desk.newcomer()
    case = desk.asks(talk)
    assert case.team == "form_team"
    said(talk, "er is brand")
    assert desk.now(case).team == "other"
    assert "routed" in desk.kinds(case)


def test_a_case_that_somebody_has_stays_with_them_in_a_crisis(desk: Desk) -> None:
    routed(desk, Route(team="other", crisis=True))
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    said(talk, "er is brand")
    now = desk.now(case)
    assert (now.team, now.assignee_id, now.priority) == ("form_team", desk.sam.id, "crisis")


def test_the_receipt_counts_who_comes_before(desk: Desk) -> None:
    first, second = desk.asks(), desk.asks()
    desk.wait(minutes=1)
    third = desk.asks()
    urgent = desk.newcomer()
    said(urgent, "er is brand")
    assert said_of(desk, second)["cases_before"] in {1, 2}, "and the crisis"
    assert said_of(desk, third)["cases_before"] == 3
    assert said_of(desk, desk.open_case(urgent))["cases_before"] == 0
    desk.taken(first)
    assert said_of(desk, third)["cases_before"] == 2


def test_the_receipt_says_when_the_team_is_there(desk: Desk) -> None:
    case = desk.asks()
    assert said_of(desk, case)["team_is_open"] is True
    desk.wait(days=-2)  # Saturday
    weekend = said_of(desk, case)
    assert (weekend["team_is_open"], weekend["team_opens_on"], weekend["team_opens_at"]) == (
        False,
        date(2026, 11, 23),
        "09:00",
    )


def test_hours_that_nobody_told_us_are_not_said(desk: Desk) -> None:
    routed(desk, Route(team="other", languages=frozenset({"nl"})))
    assert set(said_of(desk, desk.asks())) == {"cases_before"}


def test_a_day_is_only_named_when_enough_people_were_answered(desk: Desk) -> None:
    for number in range(5):
        asks = desk.asks()
        assert said_of(desk, asks)["answer_by"] is None, number
        desk.taken(asks)
        desk.wait(minutes=30)
        desk.answered(asks)
    by = said_of(desk, desk.asks())["answer_by"]
    assert by == date(2026, 11, 23)


# ---- in words


@pytest.fixture(scope="module")
def shipped() -> Knowledge:
    return read_knowledge(Settings())


@pytest.mark.parametrize(
    ("language", "written"),
    [("nl", "ma–vr 09:00–17:00"), ("en", "Mon–Fri 09:00–17:00"), ("fr", "lun.–ven. 09:00–17:00")],
)
def test_hours_are_written_as_people_write_them(language: str, written: str) -> None:
    assert written_hours(told_hours(OFFICE.week), language) == written


def test_days_with_the_same_hours_stand_together() -> None:
    morning, whole = ("09:00", "12:00"), ("09:00", "17:00")
    told = f"0 {'-'.join(morning)};1 {'-'.join(morning)} 13:00-15:00;3 {'-'.join(whole)};4 {'-'.join(whole)}"
    assert written_hours(told, "nl") == "ma 09:00–12:00; di 09:00–12:00, 13:00–15:00; do–vr 09:00–17:00"


@pytest.mark.parametrize("language", ["nl", "en", "ar", "ti", "fa", "tr", "uk", "so", "fr"])
def test_the_receipt_is_in_every_language_with_its_number_and_hours(shipped: Knowledge, language: str) -> None:
    renderer = Renderer(content=shipped.content, catalogues=shipped.catalogues)
    values: dict[str, SlotValue] = {
        "case_number": "12",
        "case_is_new": True,
        "cases_before": 3,
        "team_hours": told_hours(OFFICE.week),
        "team_is_open": False,
        "team_opens_on": date(2026, 11, 30),
        "team_opens_at": "09:00",
    }
    for known, telling in (
        (values, "09:00"),
        ({**values, "team_is_open": True}, "17:00"),
        ({**values, "answer_by": date(2026, 12, 1)}, "12"),
        ({name: values[name] for name in ("case_number", "case_is_new", "cases_before")}, "12"),
    ):
        reader = Reader(language=language, explained=frozenset({f"language:{language}"}))
        rendered = renderer.render("utter_case_opened", reader, Known(extra=known), now=MONDAY + timedelta(days=6))
        assert rendered.message.language == language
        assert telling in rendered.message.text
        assert "12" in rendered.message.text
