"""Who sees which counts: their teams', the same as everybody sees of them, and as they were when the week began."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from bot.answer import Declined
from bot.count import LAYER, REMINDERS, TASK, Counts, Messages, count
from bot.handoff.case import Decline
from bot.trajectory.counts import Helped, ShownGroup, ShownRow
from tests.store.counted import BEFORE, LATE, ON_TIME, THEN, asked, enrolled, person, reminded, with_calls

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from bot.store.work import Work
    from tests.desk.conftest import Desk

INSURE, CALL, BASIS = f"{TASK}insure", f"{TASK}call", f"{LAYER}basis"
NOTHING = {INSURE: None, CALL: None, BASIS: None, REMINDERS: None}


def user(desk: Desk, name: str, *roles: str, team: str | None = "form_team") -> UserRow:
    teams = [team] if team else []
    return desk.runtime.database.write(lambda work: work.users.add(name, roles=roles, teams=teams, now=BEFORE))


def group(desk: Desk, coach: UserRow | None, people: int, late: int = 0) -> None:
    """So many people of a coach, so many of whom are late with their insurance; two of them for their call too."""

    def begin(work: Work) -> None:
        for number in range(people):
            who = person(work, coach.id if coach else None)
            call = LATE if number < min(late, 2) else ON_TIME
            row = enrolled(work, who, {"insure": LATE if number < late else ON_TIME, "call": call}, template="year")
            reminded(work, who, row, THEN - timedelta(days=20), timedelta(hours=1) if number < late else None)

    desk.runtime.database.write(begin)


def counts(desk: Desk, who: UserRow, template: str | None = None) -> Counts:
    found = count(desk.runtime, who.id, template)
    assert isinstance(found, Counts), found
    return found


def by_team(found: Counts) -> dict[str | None, ShownGroup]:
    (part,) = found.parts
    return {block.team: block.shown for block in part.blocks}


@pytest.fixture(autouse=True)
def calls(desk: Desk) -> None:
    desk.runtime = with_calls(desk.runtime)


@pytest.fixture
def ada(desk: Desk) -> UserRow:
    return user(desk, "Ada", "administrator", team=None)


@pytest.fixture
def coby(desk: Desk) -> UserRow:
    return user(desk, "Coby", "coach")


@pytest.fixture
def carl(desk: Desk) -> UserRow:
    return user(desk, "Carl", "coach", team="other")


def test_a_coordinator_sees_their_teams_and_an_administrator_all(
    desk: Desk, ada: UserRow, coby: UserRow, carl: UserRow
) -> None:
    group(desk, coby, 12, late=6)
    group(desk, carl, 3, late=1)
    ours = ShownGroup(
        enrolled=12, ended=None, rows=NOTHING | dict.fromkeys((INSURE, BASIS, REMINDERS), ShownRow(late=6, on_time=6))
    )
    theirs = ShownGroup(enrolled=None, ended=None, rows=NOTHING)
    assert by_team(counts(desk, desk.cora)) == {"form_team": ours}
    assert by_team(counts(desk, desk.otto)) == {"other": theirs}
    everything = by_team(counts(desk, ada))
    assert everything == {"form_team": ours, "other": theirs, None: theirs}
    (part,) = counts(desk, desk.cora).parts
    assert [block.messages for block in part.blocks] == [Messages(sent=12, answered=6)]


def test_totals_are_there_when_every_team_is_large_enough(
    desk: Desk, ada: UserRow, coby: UserRow, carl: UserRow
) -> None:
    group(desk, coby, 12, late=6)
    group(desk, carl, 14, late=5)
    found = by_team(counts(desk, ada))
    assert found[None].enrolled == 26
    assert found[None].rows[INSURE] == ShownRow(late=11, on_time=15)
    assert found[None].rows[CALL] is None
    (part,) = counts(desk, ada).parts
    assert part.blocks[-1].messages == Messages(sent=26, answered=11)


def test_a_filter_and_who_looks_change_no_number(desk: Desk, ada: UserRow, coby: UserRow) -> None:
    group(desk, coby, 12, late=6)
    all_of_it, filtered = counts(desk, desk.cora), counts(desk, desk.cora, "year")
    assert all_of_it == filtered
    assert by_team(counts(desk, ada, "year")) == by_team(all_of_it)
    assert counts(desk, desk.cora, "nothing").parts == ()
    assert counts(desk, desk.cora, "nothing").templates == ("year",)


def test_who_may_not_steer_sees_nothing(desk: Desk, coby: UserRow) -> None:
    group(desk, coby, 12, late=6)
    for who in (desk.sam, desk.pia, coby):
        assert count(desk.runtime, who.id) == Declined(why=Decline.NOT_YOUR_ROLE)
    assert count(desk.runtime, "nobody") == Declined(why=Decline.NO_ACCOUNT)
    assert by_team(counts(desk, user(desk, "Nora", "coordinator", team=None))) == {}
    desk.runtime.database.write(lambda work: work.users.change(desk.cora.id, active=False))
    assert count(desk.runtime, desk.cora.id) == Declined(why=Decline.NO_ACCOUNT)


def test_who_has_no_coach_at_work_counts_in_the_team_for_all_the_rest(desk: Desk, carl: UserRow, ada: UserRow) -> None:
    group(desk, None, 5)
    group(desk, carl, 7)
    assert {team: group.enrolled for team, group in by_team(counts(desk, ada)).items()} == {
        "form_team": 5,
        "other": 7,
        None: 12,
    }
    desk.runtime.database.write(lambda work: work.users.change(carl.id, active=False))
    assert {team: group.enrolled for team, group in by_team(counts(desk, ada)).items()} == {"form_team": 12}


def test_the_numbers_are_of_the_monday_and_wait_for_the_next(desk: Desk, coby: UserRow) -> None:
    group(desk, coby, 12, late=6)
    before = counts(desk, desk.cora)

    def one_more(work: Work) -> None:
        enrolled(work, person(work, coby.id), {"insure": LATE}, template="year", now=desk.clock.now())
        (first, *_) = work.trajectories.going_on(work.newcomers.group_of(coby.id)[0])
        task = next(one for one in work.trajectories.tasks(first.id) if one.task == "insure")
        work.trajectories.change(task.id, state="done", settled_at=desk.clock.now(), settled_by="newcomer")

    desk.runtime.database.write(one_more)
    desk.wait(days=6)
    assert counts(desk, desk.cora) == before
    desk.wait(days=1)
    after = counts(desk, desk.cora)
    assert after.day == before.day + timedelta(days=7)
    assert by_team(after)["form_team"].enrolled == 13


def test_how_soon_a_team_helps(desk: Desk, ada: UserRow) -> None:
    def story(work: Work) -> None:
        for number in range(5):
            asked(work, person(work), timedelta(minutes=30 * (number + 1)))
        for _ in range(4):
            asked(work, person(work), timedelta(minutes=5), team="other")

    desk.runtime.database.write(story)
    ours = Helped(cases=5, half=timedelta(minutes=90), nine_in_ten=timedelta(hours=3))
    assert counts(desk, desk.cora).helped == {"form_team": ours}
    assert counts(desk, ada).helped == {"form_team": ours, "other": None}


def test_as_many_queries_however_many_people(desk: Desk, coby: UserRow) -> None:
    def asked_of_the_database() -> int:
        seen: list[str] = []

        def listen(_c: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        def look(work: Work) -> None:
            event.listen(work.connection.engine, "before_cursor_execute", listen)

        desk.runtime.database.read(look)
        counts(desk, desk.cora)
        desk.runtime.database.read(lambda work: event.remove(work.connection.engine, "before_cursor_execute", listen))
        return sum(statement.lstrip().startswith("SELECT") for statement in seen)

    group(desk, coby, 1)
    few = asked_of_the_database()
    group(desk, coby, 30, late=9)
    assert 0 < asked_of_the_database() == few < 12
