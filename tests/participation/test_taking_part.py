"""Signing up, the waiting list, what is told once, and what is left when somebody goes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import text

from bot import recall
from bot.domain.clock import AMSTERDAM
from bot.export import kept_about
from bot.recall import recall_due
from bot.store.participation_rows import OfferText
from tests.participation.offering import translate

if TYPE_CHECKING:
    from datetime import datetime

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


def test_an_old_button_does_not_undo_what_was(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3})
    presses(guide, f"/join <{CAFE}>")
    guide.desk.clock.wait(days=4)
    presses(guide, f"/how_was_it <{CAFE}> good")

    assert presses(guide, f"/leave <{CAFE}>") == ["utter_offer_gone"]
    assert (mine(guide).state, mine(guide).attended) == ("going", True)


def test_after_its_last_day_nobody_signs_up(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, expires_on=guide.desk.clock.now().date())
    guide.desk.clock.wait(days=1)

    assert presses(guide, f"/offer <{CAFE}>") == ["utter_offer_gone"]
    assert presses(guide, f"/join <{CAFE}>") == ["utter_offer_gone"]
    assert mine(guide) is None


def test_what_has_begun_is_neither_joined_nor_left(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"hours": 2})
    guide.desk.clock.wait(hours=2)

    assert presses(guide, f"/join <{CAFE}>") == ["utter_offer_gone"]
    assert presses(guide, f"/leave <{CAFE}>") == ["utter_offer_gone"]
    assert mine(guide) is None


def test_nobody_was_where_it_was_called_off(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, tasks=["welcome"])
    guide.enrols()
    presses(guide, f"/join <{CAFE}>")
    guide.talk.called_off(CAFE)

    assert presses(guide, f"/how_was_it <{CAFE}> good") == ["utter_offer_gone"]
    guide.desk.clock.wait(days=4)
    assert presses(guide, f"/how_was_it <{CAFE}> good") == ["utter_offer_gone"]
    assert mine(guide).attended is None
    assert guide.task("welcome").state == "open"


def test_who_left_meanwhile_is_not_told_that_it_is_off(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3})
    presses(guide, f"/join <{CAFE}>")
    occasion = guide.talk.with_occasions(f"<{CAFE}>")
    database = guide.runtime.database
    database.write(lambda work: work.sign_ups.leave(occasion, guide.newcomer_id))
    database.write(lambda work: work.publishing.set_occasion(occasion, "cancelled"))

    # It was found before they left.
    assert not database.write(partial(recall._tell_off, guide.runtime, occasion, guide.newcomer_id))
    assert guide.read() == []


def test_who_cannot_be_reached_leaves_the_waiting_list_to_others(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, capacity=1)
    guide.talk.another_joins(CAFE)
    presses(guide, f"/join <{CAFE}>")
    name, address, now = guide.desk.wire.name, guide.talk._address, guide.desk.clock.now()
    guide.runtime.database.write(lambda work: work.newcomers.set_reachable(name, address, reachable=False, now=now))
    guide.talk.others_leave(CAFE)

    assert comes(guide, minutes=1) == []
    assert mine(guide).state == "cancelled"


def test_of_a_long_waiting_list_only_the_first_is_looked_at_and_at_night_nobody(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 3}, capacity=1)
    for _ in range(4):
        guide.talk.another_joins(CAFE)
        guide.desk.clock.wait(seconds=1)
    occasion, first = guide.talk.with_occasions(f"<{CAFE}>"), guide.talk._others[0][1]
    guide.runtime.database.write(lambda work: work.sign_ups.leave(occasion, first))
    now = guide.desk.clock.now()

    def found(until: datetime | None) -> int:
        return len(guide.runtime.database.read(lambda work: work.sign_ups.to_move_up(now, 100, until)))

    assert found(None) == 1
    assert found(now + timedelta(hours=12)) == 0
    assert found(now + timedelta(days=3)) == 1


def hourly(guide: Guide, days: int) -> list[tuple[str, str]]:
    """What is said in these days, and when it was."""
    said = []
    for _ in range(days * 24):
        here = [(one, guide.desk.clock.now().astimezone(AMSTERDAM)) for one in comes(guide, hours=1)]
        said += [(one, f"{moment:%d %b %H}") for one, moment in here]
    return said


def test_how_it_was_is_asked_by_day_and_not_at_christmas(taking_part: Guide) -> None:
    guide = taking_part
    guide.desk.clock.wait(days=30)  # it is Wednesday 23 December
    guide.talk.offered(CAFE, begins={"days": 1, "hours": 4})
    presses(guide, f"/join <{CAFE}>")

    assert hourly(guide, 7) == [("utter_offer_how_was_it", "28 Dec 10")]


def test_how_it_was_waits_for_the_morning_where_nobody_looked_by_day(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 1, "hours": 4})
    presses(guide, f"/join <{CAFE}>")
    guide.desk.clock.wait(days=2, hours=11)  # nothing was looked at until nine in the evening

    assert hourly(guide, 1) == [("utter_offer_how_was_it", "26 Nov 09")]


def test_the_message_of_the_week_does_not_come_on_a_day_of_rest_or_in_the_evening(taking_part: Guide) -> None:
    guide = taking_part
    guide.desk.clock.wait(days=120)  # it is Tuesday 23 March 2027; the Monday after it is Easter Monday
    guide.talk.offered(CAFE, begins={"days": 9})
    presses(guide, "/week on")

    assert hourly(guide, 8) == [("utter_offers_week", "30 Mar 10")]


def test_what_lasts_for_days_is_asked_about_when_it_is_over(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 1, "hours": 1})
    occasion, now = guide.talk.with_occasions(f"<{CAFE}>"), guide.desk.clock.now()
    guide.runtime.database.write(lambda work: work.publishing.set_end(occasion, now + timedelta(days=9)))
    presses(guide, f"/join <{CAFE}>")

    said = [one for _ in range(12) for one in comes(guide, days=1)]

    assert said == ["utter_offer_how_was_it"]


def test_two_of_the_same_name_can_be_told_apart(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 2})
    guide.talk.offered(CAFE, begins={"days": 3})
    (found,) = guide.talk.send("/offers", payload="/offers")[0]

    first, second = found.buttons[:2]

    assert (first.title, second.title) == (CAFE, f"{CAFE} (2)")
    assert first.payload != second.payload


def test_a_machines_words_in_another_language_say_both(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 2})
    text = OfferText(language="en", title="Language café", body="We talk.", by="machine")
    guide.runtime.database.write(lambda work: translate(work, guide.talk._offers[CAFE], text, guide.desk.clock.now()))
    guide.runtime.database.write(lambda work: work.newcomers.set_language(guide.newcomer_id, "ar"))
    (shown,) = guide.talk.send("/offer", payload=guide.talk.with_occasions(f"/offer <{CAFE}>"))[0]

    assert "Language café" in shown.text
    assert "nog niet in uw taal" in shown.text
    assert "Een machine heeft deze tekst vertaald." in shown.text


def test_an_age_that_nobody_told_forbids_nothing_and_is_said(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 2}, age_from=60, women_only=True)
    (found,) = guide.talk.send("/offers", payload="/offers")[0]
    (shown,) = guide.talk.send("/offer", payload=guide.talk.with_occasions(f"/offer <{CAFE}>"))[0]

    assert CAFE in found.text
    assert "vanaf 60 jaar" in shown.text
    assert "alleen voor vrouwen" in shown.text


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
