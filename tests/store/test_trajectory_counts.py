"""Counts by coach, on both databases: as things stood when the week began, a person once, and nobody's answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from bot.store.tables import newcomers
from bot.store.trajectory_counts import Enrolled, Parted, Reminded
from tests.store.counted import BEFORE, LATE, MONDAY, ON_TIME, THEN, asked, enrolled, person, reminded, settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.store.database import Database
    from bot.store.work import Work

LAYERS = {"welcome": "basis", "register": "basis", "work": "laag1"}
AFTER = THEN + timedelta(minutes=1)


@pytest.fixture
def coach(database: Database) -> str:
    return database.write(lambda work: work.users.add("Coby", roles=["coach"], teams=["form_team"], now=BEFORE)).id


def parted(
    database: Database, layers: Mapping[str, str] | None = None
) -> dict[tuple[str | None, str], tuple[int, int]]:
    rows: list[Parted] = database.read(
        lambda work: work.trajectory_counts.parted("small", LAYERS, THEN, MONDAY, layers)
    )
    return {(row.coach_id, row.name): (row.late, row.on_time) for row in rows}


def test_who_is_in_a_trajectory_now_and_who_ended_one(database: Database, coach: str) -> None:
    def story(work: Work) -> None:
        for _ in range(3):
            enrolled(work, person(work, coach), {})
        ended = enrolled(work, person(work, coach), {})
        work.trajectories.end(ended.id, THEN - timedelta(days=1))
        later = enrolled(work, person(work), {})
        work.trajectories.end(later.id, AFTER)  # when the week began it went on
        again = person(work)
        first = enrolled(work, again, {})
        work.trajectories.end(first.id, BEFORE)
        enrolled(work, again, {})
        enrolled(work, person(work), {}, now=AFTER)
        enrolled(work, person(work), {}, template="other")
        leaving = person(work)
        enrolled(work, leaving, {})
        work.connection.execute(update(newcomers).where(newcomers.c.id == leaving.newcomer.id).values(status="erasing"))

    database.write(story)
    found = database.read(lambda work: work.trajectory_counts.enrolled("small", THEN))
    assert sorted(found, key=lambda row: row.coach_id or "") == [
        Enrolled(coach_id=None, enrolled=2, ended=1),
        Enrolled(coach_id=coach, enrolled=3, ended=1),
    ]


def test_somebody_is_late_when_a_day_is_past_and_the_task_open(database: Database) -> None:
    def story(work: Work) -> None:
        enrolled(work, person(work), {"welcome": LATE})
        enrolled(work, person(work), {"welcome": ON_TIME})  # until the day is over
        enrolled(work, person(work), {"welcome": None})  # nobody told the day it counts from
        states = {"done": BEFORE, "awaiting": BEFORE, "skipped": BEFORE, "dropped": None}
        for state, at in states.items():
            row = enrolled(work, person(work), {"welcome": LATE})
            settled(work, row, "welcome", state, at or BEFORE)
        for state in ("done", "skipped"):  # when the week began it was open
            row = enrolled(work, person(work), {"welcome": LATE})
            settled(work, row, "welcome", state, AFTER)
        over = enrolled(work, person(work), {"welcome": LATE})
        work.trajectories.end(over.id, BEFORE)

    database.write(story)
    # Late: the first, and the two of after. On time: whose day it is, who did it, who waits for the coach.
    assert parted(database, LAYERS) == {(None, "basis"): (3, 3)}
    assert parted(database) == {(None, "welcome"): (3, 3)}
    assert database.read(lambda work: work.trajectory_counts.parted("small", (), THEN, MONDAY)) == []


def test_a_person_counts_once_however_often_a_task_comes_back(database: Database, coach: str) -> None:
    def story(work: Work) -> None:
        for _ in range(2):
            enrolled(work, person(work, coach), {"welcome#0": LATE, "welcome#1": ON_TIME, "register": LATE})
        enrolled(work, person(work, coach), {"welcome": ON_TIME, "register": ON_TIME, "work": LATE, "own": LATE})

    database.write(story)
    assert parted(database, LAYERS) == {(coach, "basis"): (2, 1), (coach, "laag1"): (1, 0)}
    assert parted(database) == {
        (coach, "welcome"): (2, 1),
        (coach, "register"): (2, 1),
        (coach, "work"): (1, 0),
    }


def test_a_reminder_is_answered_within_three_days(database: Database, coach: str) -> None:
    three_days, sent = timedelta(hours=72), THEN - timedelta(days=20)

    def story(work: Work) -> None:
        quick = person(work, coach)
        row = enrolled(work, quick, {"welcome": LATE, "register": LATE})  # one message for two tasks
        reminded(work, quick, row, sent, three_days)
        slow = person(work, coach)
        row = enrolled(work, slow, {"welcome": LATE})
        reminded(work, slow, row, sent, three_days + timedelta(minutes=1))
        silent = person(work, coach)
        reminded(work, silent, enrolled(work, silent, {"welcome": LATE}), sent)
        recent = person(work, coach)  # still has time to answer
        reminded(work, recent, enrolled(work, recent, {"welcome": LATE}), THEN - three_days, timedelta(hours=1))

    database.write(story)
    found = database.read(lambda work: work.trajectory_counts.reminded("small", THEN))
    assert found == [Reminded(coach_id=coach, people=3, people_who_answered=1, messages=3, answered=1)]


def test_questions_that_a_person_answered_and_how_long_they_waited(database: Database) -> None:
    hour = timedelta(hours=1)

    def story(work: Work) -> None:
        asked(work, person(work), hour)
        asked(work, person(work), 2 * hour, team="other")
        asked(work, person(work), None)
        asked(work, person(work), hour, reason="task:welcome")  # time opened it: nobody asked
        asked(work, person(work), 2 * hour, at=THEN - hour)  # answered after the week began
        asked(work, person(work), hour, at=BEFORE - timedelta(days=400))

    database.write(story)
    since = THEN - timedelta(weeks=52)
    found = database.read(lambda work: work.trajectory_counts.waited(since, THEN))
    assert sorted((one.team, one.waited) for one in found) == [("form_team", hour), ("other", 2 * hour)]
