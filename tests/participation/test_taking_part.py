"""Signing up, the waiting list, what is told once, and what is left when somebody goes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import text

from bot.export import kept_about
from bot.recall import recall_due

if TYPE_CHECKING:
    from bot.store.work import Work
    from tests.guide.conftest import Guide

CAFE = "Taalcafé"
SIGNED_UP, MOVED_UP, CANCELLED = "utter_offer_signed_up", "utter_offer_moved_up", "utter_offer_cancelled"


def presses(guide: Guide, payload: str) -> list[str]:
    """What is said to a button; `<title>` stands for an offer's occasion."""
    answers, _ = guide.talk.send(payload, payload=guide.talk.with_occasions(payload))
    return [one.response for one in answers]


def comes(guide: Guide, **units: float) -> list[str]:
    guide.desk.clock.wait(**units)
    while recall_due(guide.runtime):
        pass
    return [one.response for one in guide.read()]


def mine(guide: Guide) -> Any:
    occasion = guide.talk.with_occasions(f"<{CAFE}>")
    return guide.runtime.database.read(lambda work: work.sign_ups.get(occasion, guide.newcomer_id))


def test_of_many_who_want_the_last_place_at_once_one_gets_it(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, capacity=1)
    occasion, now = guide.talk.with_occasions(f"<{CAFE}>"), guide.desk.clock.now()
    database = guide.runtime.database
    people = [
        database.write(lambda work: work.newcomers.writing_from("elsewhere", uuid4().hex, now=now)).newcomer.id
        for _ in range(8)
    ]

    def join(newcomer_id: str) -> str:
        row = database.write(lambda work: work.sign_ups.join(occasion, newcomer_id, now))
        assert row is not None
        return row.state

    with ThreadPoolExecutor(8) as threads:
        states = list(threads.map(join, people))

    assert sorted(states) == ["going", *["waiting"] * 7]


def test_a_place_that_became_free_goes_to_who_waited_longest_and_they_are_told_once(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, capacity=1)
    guide.talk.another_joins(CAFE)
    assert presses(guide, f"/join <{CAFE}>") == ["utter_offer_waiting"]
    assert comes(guide, minutes=5) == []

    guide.talk.others_leave(CAFE)

    assert comes(guide, minutes=1) == [MOVED_UP]
    assert comes(guide, minutes=1) == []
    assert mine(guide).state == "going"
    assert mine(guide).remind_at is not None


def test_a_free_place_is_not_taken_before_who_waits(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, capacity=1)
    guide.talk.another_joins(CAFE)
    presses(guide, f"/join <{CAFE}>")
    guide.talk.others_leave(CAFE)
    guide.talk.another_joins(CAFE)

    comes(guide, minutes=1)

    assert mine(guide).state == "going"


def test_who_wants_to_hear_nothing_leaves_the_waiting_list_to_others(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, capacity=1)
    guide.talk.another_joins(CAFE)
    presses(guide, f"/join <{CAFE}>")
    guide.runtime.database.write(lambda work: work.newcomers.stop(guide.newcomer_id))
    guide.talk.others_leave(CAFE)

    assert comes(guide, minutes=1) == []
    assert mine(guide).state == "cancelled"


def test_what_is_called_off_is_told_once_and_neither_reminded_of_nor_asked_about(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3})
    assert presses(guide, f"/join <{CAFE}>") == [SIGNED_UP]

    assert [one.response for one in guide.talk.called_off(CAFE)] == [CANCELLED]

    said = [comes(guide, hours=3) for _ in range(40)]
    assert not any(said)


def test_called_off_at_night_is_told_at_once_when_it_begins_soon_and_else_in_the_morning(taking_part: Guide) -> None:
    guide = taking_part
    now = guide.desk.clock.now()
    night = (now + timedelta(days=1)).replace(hour=2)
    guide.talk.offered(CAFE, begins={"days": 1, "hours": 1})
    guide.talk.offered("Koken", begins={"days": 5})
    presses(guide, f"/join <{CAFE}>")
    presses(guide, "/join <Koken>")
    guide.desk.clock.wait(seconds=(night - now).total_seconds())
    guide.read()

    assert [one.response for one in guide.talk.called_off("Koken")] == []
    assert [one.response for one in guide.talk.called_off(CAFE)] == [CANCELLED]
    assert comes(guide, hours=8) == [CANCELLED]


def test_pressed_twice_it_is_one_place(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, capacity=2)
    presses(guide, f"/join <{CAFE}>")
    first = mine(guide)
    assert presses(guide, f"/join <{CAFE}>") == [SIGNED_UP]
    assert mine(guide).id == first.id
    assert mine(guide).remind_at == first.remind_at


def test_how_it_was_settles_the_task_that_it_serves(taking_part: Guide) -> None:
    guide = taking_part
    guide.enrols()
    guide.talk.offered(CAFE, begins={"days": 3}, tasks=["welcome"])
    presses(guide, f"/join <{CAFE}>")
    guide.desk.clock.wait(days=4)

    assert presses(guide, f"/how_was_it <{CAFE}> good")[-1] == "utter_offer_liked"

    assert mine(guide).liked == "good"
    assert mine(guide).attended is True
    assert guide.task("welcome").state in {"awaiting", "done"}


def test_an_old_button_takes_nobody_off_what_was(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3})
    presses(guide, f"/join <{CAFE}>")
    guide.desk.clock.wait(days=4)
    assert presses(guide, f"/leave <{CAFE}>") == ["utter_offer_gone"]
    assert (mine(guide).state, mine(guide).ask_at is None) == ("going", False)


def test_all_of_it_is_handed_over_and_all_of_it_goes(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3})
    presses(guide, f"/join <{CAFE}>")
    presses(guide, "/profile interests cooking 0")
    presses(guide, "/week on")
    database, newcomer_id = guide.runtime.database, guide.newcomer_id
    database.write(lambda work: work.seekings.open(newcomer_id, "buddy", "Samen wandelen", guide.desk.clock.now()))

    kept = database.read(lambda work: kept_about(guide.runtime, work, newcomer_id, most_bytes=0))

    assert kept is not None
    part = kept["taking_part"]
    assert part["wishes"] == {"interests": ["cooking"]}
    assert part["message_each_week"] is True
    assert [one["words"] for one in part["looking_for"]] == ["Samen wandelen"]
    assert [(one["for"], one["state"]) for one in part["signed_up"]] == [(CAFE, "going")]

    database.write(lambda work: work.newcomers.forget(newcomer_id))

    def left(work: Work) -> list[int]:
        tables = ("sign_ups", "profiles", "seekings", "matches")
        return [work.connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in tables]

    assert database.read(left) == [0, 0, 0, 0]


def test_what_somebody_can_offer_is_read_by_a_person_of_the_team(taking_part: Guide) -> None:
    guide = taking_part
    presses(guide, "/seek can_offer")
    answers, _ = guide.talk.send("fietsen, kleren, taart")

    case = guide.runtime.database.read(lambda work: work.cases.open_for(guide.newcomer_id))
    assert [one.response for one in answers] == ["utter_seek_noted"]
    assert case is not None
    assert (case.reason, case.summary, case.question_id) == ("seeking", "fietsen, kleren, taart", "buddy_match")


def test_who_looks_for_a_buddy_without_words_is_no_question_for_the_team(taking_part: Guide) -> None:
    guide = taking_part
    presses(guide, "/seek buddy")

    assert presses(guide, "/seek buddy skip") == ["utter_seek_noted"]
    assert guide.runtime.database.read(lambda work: work.cases.open_for(guide.newcomer_id)) is None
