"""The plan on paper and the calendar file: asked for in the chat, and taken along by the coach."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from icalendar import Calendar

from bot.domain.clock import AMSTERDAM
from bot.guide import add_own_task, pin, redate
from bot.hand_out import What, _sessions, for_coach, page_of
from bot.say import voice_in
from bot.store.ids import new_id
from bot.tasks import open_tasks
from tests.guide.test_tasks import answers, begins, presses
from tests.trajectory.small import CHECK_IN, DEBTS, EVENING, INSURANCE, LEGAL, REGISTER, WELCOME, local, task

if TYPE_CHECKING:
    from bot.domain.turn import Message
    from bot.paper.plan import Page
    from bot.store.rows import UserRow
    from bot.store.work import Work
    from tests.guide.conftest import Guide

HOME = {"housing_date": date(2026, 11, 20)}


def file_of(guide: Guide, message: Message) -> bytes:
    (file,) = message.files
    content = guide.runtime.database.read(lambda work: work.reply_files.open(file.id))
    assert content is not None
    assert len(content) == file.size
    return content


def the_page(guide: Guide) -> Page:
    def read(work: Work) -> Page:
        where = work.newcomers.reminder_conversation(guide.newcomer_id)
        voice = voice_in(guide.runtime, work, where or "")
        assert voice is not None
        return page_of(voice, open_tasks(voice, guide.newcomer_id), _sessions(voice, guide.newcomer_id))

    return guide.runtime.database.read(read)


def events(guide: Guide) -> dict[str, list[object]]:
    """What the calendar holds: of each name its days and moments."""
    _, message = answers(guide, "/calendar")
    found: dict[str, list[object]] = {}
    for event in Calendar.from_ical(file_of(guide, message)).walk("VEVENT"):
        found.setdefault(str(event["summary"]), []).append(event["dtstart"].dt)
    return found


def meets(guide: Guide, at: datetime, place: str = "Buurthuis", answer: str | None = None) -> None:
    def plan(work: Work) -> None:
        session = work.group_sessions.plan(guide.desk.cora.id, template="small", task="evening", at=at, place=place)
        work.group_sessions.invite(session.id, guide.newcomer_id, guide.desk.clock.now())
        if answer:
            work.group_sessions.answer(session.id, guide.newcomer_id, answer)

    guide.runtime.database.write(plan)


# ---- in the chat


def test_who_asks_gets_words_and_a_page(guide: Guide) -> None:
    begins(guide, WELCOME)
    said, sent = answers(guide, "/paper")
    assert said.response == "utter_paper_here"
    assert [button.payload for button in said.buttons] == ["/calendar", "/tasks"]
    (file,) = sent.files
    assert (file.name, file.media_type, file.shown_as) == ("wegwijs.pdf", "application/pdf", "other")
    assert file_of(guide, sent).startswith(b"%PDF-")


def test_who_asks_gets_words_and_a_calendar(guide: Guide) -> None:
    begins(guide, WELCOME)
    said, sent = answers(guide, "", "/calendar")
    assert said.response == "utter_calendar_here"
    (file,) = sent.files
    assert (file.name, file.media_type) == ("wegwijs.ics", "text/calendar")
    assert file_of(guide, sent).startswith(b"BEGIN:VCALENDAR\r\n")


def test_whatsapp_takes_a_page_and_no_calendar(guide: Guide) -> None:
    begins(guide, WELCOME)
    guide.desk.wire.has_a_window()
    assert len(answers(guide, "/paper")) == 2
    message = presses(guide, "/calendar")
    assert message.response == "utter_calendar_not_here"
    assert [button.payload for button in message.buttons] == ["/paper", "/talk_to_human"]


def test_a_messenger_that_takes_no_files_says_what_else_to_do(guide: Guide) -> None:
    begins(guide, WELCOME)
    guide.desk.wire.limits = replace(guide.desk.wire.limits, files=False)
    message = presses(guide, "/paper")
    assert message.response == "utter_paper_not_here"
    assert [button.payload for button in message.buttons] == ["/talk_to_human"]


def test_without_a_trajectory_or_a_task_there_is_nothing_to_print(guide: Guide) -> None:
    assert presses(guide, "/paper").response == "utter_no_trajectory"
    begins(guide, replace(WELCOME, start=replace(WELCOME.due, amount=90), due=replace(WELCOME.due, amount=97)))
    assert presses(guide, "/paper").response == "utter_my_tasks_none"


def test_without_a_day_there_is_no_calendar(guide: Guide) -> None:
    begins(guide, REGISTER)  # it counts from a home that nobody told
    assert presses(guide, "/calendar").response == "utter_calendar_none"


# ---- what stands on the page


def test_the_page_says_what_when_whose_day_and_who_helps(guide: Guide) -> None:
    helped = replace(WELCOME, who_helps=("coach", "library"), order=1)
    begins(guide, replace(REGISTER, who_helps=("form_team",)), helped, replace(INSURANCE, order=2), anchors=HOME)
    found = the_page(guide)
    assert found.heading == "Mijn plan"
    assert found.intro[0] == "Dit is het plan van maandag 23 november 2026. Het nieuwste staat in de chat."
    register, insurance, welcome = found.lines
    assert register.title == "[task_register]"
    assert register.below == (
        "Dag: woensdag 25 november 2026",
        "Deze dag staat in de wet. Een mens kan dit met u nakijken.",
        "Hulp: formulierenteam",
    )
    assert insurance.below == ("Dag: vrijdag 27 november 2026", "Deze dag is een advies.")
    assert welcome.below == ("Dag: maandag 30 november 2026", "Hulp: uw coach en bibliotheek")


def test_a_last_day_of_the_law_is_called_one(guide: Guide) -> None:
    begins(guide, INSURANCE, anchors=HOME)
    guide.desk.wait(days=30)
    (line,) = the_page(guide).lines
    assert line.below[:2] == (
        "Dag: zaterdag 20 maart 2027",
        "Deze dag staat in de wet. Een mens kan dit met u nakijken.",
    )


def test_a_day_that_is_over_is_said_kindly(guide: Guide) -> None:
    begins(guide, WELCOME)
    guide.desk.wait(days=10)
    (line,) = the_page(guide).lines
    assert line.below == ("De dag was maandag 30 november 2026. Vaak kan het nog.",)


def test_what_is_nobodys_business_is_a_task(guide: Guide) -> None:
    hidden = replace(DEBTS, kind=LEGAL, who_helps=("legal_adviser",))
    begins(guide, hidden)
    (line,) = the_page(guide).lines
    assert (line.title, line.below) == ("Een taak", ("Dag: maandag 30 november 2026",))
    _, message = answers(guide, "/calendar")
    raw = file_of(guide, message)
    assert b"Een taak" in raw
    assert b"debts" not in raw
    assert b"DESCRIPTION:Deze dag" not in raw


def test_the_words_of_a_coach_are_cut_to_a_line_or_two(guide: Guide) -> None:
    begins(guide, WELCOME)
    title = "Samen naar de markt " * 30
    guide.does(
        add_own_task, guide.trajectory.id, title=title, text="", due=date(2026, 11, 24), actor=guide.desk.cora.id
    )
    first, _ = the_page(guide).lines
    assert first.title.startswith("Samen naar de markt")
    assert len(first.title) <= 120


def test_a_meeting_stands_with_its_hour_and_place(guide: Guide) -> None:
    begins(guide, EVENING)
    meets(guide, local(date(2026, 12, 3), 18))
    guide.does(redate, guide.trajectory.id, actor=guide.desk.cora.id)
    (line,) = the_page(guide).lines
    assert line.below == ("Dag: donderdag 3 december 2026, 18:00", "Plaats: Buurthuis")


# ---- what stands in the calendar


def test_days_and_last_days_of_the_law_and_meetings(guide: Guide) -> None:
    begins(guide, WELCOME, INSURANCE, EVENING, anchors=HOME)
    meets(guide, local(date(2026, 12, 3), 18))
    assert events(guide) == {
        "[task_welcome]": [date(2026, 11, 30)],
        "[task_insurance]": [date(2026, 11, 27), date(2027, 3, 20)],
        "[task_evening]": [datetime(2026, 12, 3, 18, tzinfo=AMSTERDAM)],
    }


def test_of_what_comes_back_only_the_next_day(guide: Guide) -> None:
    begins(guide, CHECK_IN)
    assert events(guide) == {"[task_check_in]": [date(2026, 12, 23)]}
    guide.desk.wait(days=31)
    assert events(guide) == {"[task_check_in]": [date(2027, 1, 23)]}


def test_a_leap_day_and_the_end_of_a_year(guide: Guide) -> None:
    guide.desk.clock.wait(days=400)
    leap = replace(WELCOME, start=replace(WELCOME.due, amount=60), due=replace(WELCOME.due, amount=60))
    begins(guide, leap, task("year_end", anchor="year_end"), started=date(2027, 12, 31))
    found = events(guide)
    assert found["[task_welcome]"] == [date(2028, 2, 29)]
    assert found["[task_year_end]"] == [date(2028, 1, 7)]


def test_what_is_over_done_or_declined_is_left_out(guide: Guide) -> None:
    begins(guide, WELCOME, replace(REGISTER, anchor="trajectory_start"), EVENING)
    meets(guide, local(date(2026, 12, 3), 18), answer="no")
    meets(guide, local(date(2026, 11, 20), 18))
    answers(guide, "", f"/task done {guide.task('register').id}")
    assert events(guide) == {"[task_welcome]": [date(2026, 11, 30)]}


def test_a_day_that_moved_keeps_its_name_in_the_calendar(guide: Guide) -> None:
    begins(guide, WELCOME)

    def read() -> tuple[str, date]:
        _, message = answers(guide, "/calendar")
        (event,) = Calendar.from_ical(file_of(guide, message)).walk("VEVENT")
        return str(event["uid"]), event["dtstart"].dt

    before = read()
    guide.does(pin, guide.task("welcome").id, date(2026, 12, 2), actor=guide.desk.cora.id)
    assert read() == (before[0], date(2026, 12, 2))


# ---- for the coach


def coach(guide: Guide, *roles: str, of_group: bool = True, active: bool = True) -> UserRow:
    def add(work: Work) -> UserRow:
        user = work.users.add(new_id()[-8:], roles=roles or ["coach"], teams=["form_team"], now=guide.desk.clock.now())
        if of_group:
            work.newcomers.set_coach(guide.newcomer_id, user.id)
        if not active:
            work.users.set_active(user.id, active=False)
        return user

    return guide.runtime.database.write(add)


def looked(guide: Guide) -> list[tuple[str, str]]:
    rows = guide.runtime.database.read(lambda work: work.views.latest(10, newcomer_id=guide.newcomer_id))
    return [(row.user_id, row.what) for row in rows]


@pytest.mark.parametrize("what", [*What])
def test_their_own_coach_takes_it_along_and_it_is_written_down(guide: Guide, what: What) -> None:
    begins(guide, WELCOME)
    co = coach(guide)
    found = for_coach(guide.runtime, co.id, guide.newcomer_id, what)
    assert found is not None
    assert found.content.startswith(b"%PDF-" if what is What.PAPER else b"BEGIN:VCALENDAR")
    assert looked(guide) == [(co.id, "plan")]
    assert guide.read() == []  # nothing is said to the newcomer


def test_an_empty_plan_is_a_page_too(guide: Guide) -> None:
    found = for_coach(guide.runtime, coach(guide).id, guide.newcomer_id, What.PAPER)
    assert found is not None
    assert the_page(guide).lines[0].title == "Er is nu geen taak."


def test_nobody_else_gets_it(guide: Guide) -> None:
    begins(guide, WELCOME)
    others = [
        coach(guide, of_group=False),
        coach(guide, "volunteer", "coordinator", "administrator"),
        coach(guide, active=False),
    ]
    for user in others:
        assert for_coach(guide.runtime, user.id, guide.newcomer_id, What.PAPER) is None
    assert for_coach(guide.runtime, "nobody", guide.newcomer_id, What.PAPER) is None
    assert for_coach(guide.runtime, coach(guide).id, "nobody", What.PAPER) is None
    assert looked(guide) == []


def test_who_is_leaving_has_no_plan_any_more(guide: Guide) -> None:
    begins(guide, WELCOME)
    co = coach(guide)
    guide.runtime.database.write(lambda work: work.newcomers.forget(guide.newcomer_id))
    assert for_coach(guide.runtime, co.id, guide.newcomer_id, What.PAPER) is None
    assert looked(guide) == []
