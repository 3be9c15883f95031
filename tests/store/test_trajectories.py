"""Trajectories, tasks, reminders, codes to begin with and sessions: what is kept, sealed, found, joined, and let go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from bot.store.links import MOST_TRIES, Refused
from bot.store.trajectory_rows import Told
from bot.trajectory.plan import State
from bot.trajectory.reminders import Why
from bot.trajectory.template import DeadlineKind
from tests.store.trajectories import DUE, NOW, a_nudge, a_task, begun

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.rows import Writing
    from bot.store.trajectory_rows import EnrolCodeRow, TrajectoryRow
    from bot.store.work import Work

TOLD = Told(
    anchors={"housing_date": date(2026, 11, 20)},
    conditions={"has_children": True},
    layer_shifts={"laag1": 14},
    asked=frozenset({"permit_date"}),
)


def begin(database: Database, whose: Writing, told: Told | None = None) -> TrajectoryRow:
    return database.write(lambda work: begun(work, whose.newcomer.id, told=told))


# ---- trajectories and tasks


def test_what_somebody_told_comes_back_and_stands_nowhere_in_the_open(database: Database, amina: Writing) -> None:
    trajectory = begin(database, amina, TOLD)
    assert database.read(lambda work: work.trajectories.get(trajectory.id)) == trajectory
    assert trajectory.told == TOLD
    row = database.read(lambda work: work.connection.execute(text("SELECT * FROM trajectories")).one())
    assert "has_children" not in str(row)
    database.write(lambda work: work.trajectories.learn(trajectory, Told()))
    assert database.read(lambda work: work.trajectories.get(trajectory.id)).told == Told()


def test_nobody_is_twice_in_the_same_trajectory_at_once(database: Database, amina: Writing) -> None:
    trajectory = begin(database, amina)
    with pytest.raises(IntegrityError):
        begin(database, amina)
    database.write(lambda work: begun(work, amina.newcomer.id, template="short"))
    assert len(database.read(lambda work: work.trajectories.going_on(amina.newcomer.id))) == 2
    database.write(lambda work: work.trajectories.end(trajectory.id, NOW))
    again = begin(database, amina)
    rows = database.read(lambda work: work.trajectories.of(amina.newcomer.id))
    assert (rows[0].id, rows[0].state, rows[0].ended_at) == (trajectory.id, "ended", NOW)
    assert again in database.read(lambda work: work.trajectories.going_on(amina.newcomer.id))


def test_a_task_is_kept_with_its_days_and_words(database: Database, amina: Writing) -> None:
    trajectory = begin(database, amina)
    own = a_task("own", title="Bel de school", text="Vraag naar een plek", kind="advised")
    limited = a_task("insurance", limits={"legal": date(2027, 3, 20)})
    first, second = database.write(lambda work: work.trajectories.add(trajectory, [limited, own]))
    one, other = database.read(lambda work: work.trajectories.tasks(trajectory.id))
    assert (one.id, one.key, one.due, one.limits) == (first, ("insurance", 0), DUE, {"legal": date(2027, 3, 20)})
    assert (other.id, other.title, other.text, other.kind) == (
        second,
        "Bel de school",
        "Vraag naar een plek",
        DeadlineKind.ADVISED,
    )

    def skip(work: Work) -> None:
        work.trajectories.give_reason(other, "is al gebeld")
        settled: dict[str, Any] = {"settled_at": NOW, "settled_by": "newcomer"}
        work.trajectories.change(second, state=State.SKIPPED.value, paused_until=date.max, **settled)

    database.write(skip)
    skipped = database.read(lambda work: work.trajectories.task(second))
    assert (skipped.state, skipped.reason, skipped.title) == (State.SKIPPED, "is al gebeld", "Bel de school")
    assert (skipped.paused_until, skipped.settled_at) == (date.max, NOW)
    with pytest.raises(IntegrityError):
        database.write(lambda work: work.trajectories.add(trajectory, [a_task("own")]))


def test_what_is_overdue_and_what_is_over_is_found(database: Database, amina: Writing) -> None:
    trajectory = begin(database, amina)
    late, later = database.write(
        lambda work: work.trajectories.add(
            trajectory,
            [a_task("a", escalates_on=date(2026, 12, 7)), a_task("b", escalates_on=date(2026, 12, 8)), a_task("c")],
        )
    )[:2]
    found = [database.read(lambda work, d=day: work.trajectories.escalating(date(2026, 12, d), 9)) for day in (6, 7, 8)]
    assert found == [[], [late], [late, later]]
    over = [database.read(lambda work, d=day: work.trajectories.over(date(2027, 11, d), 9)) for day in (23, 24)]
    assert over == [[], [trajectory.id]]


def test_what_ended_long_ago_goes_with_all_that_was_in_it(database: Database, amina: Writing) -> None:
    trajectory = begin(database, amina)

    def unit(work: Work) -> None:
        (task_id,) = work.trajectories.add(trajectory, [a_task("welcome")])
        work.reminders.add(amina.newcomer.id, trajectory.id, [(task_id, a_nudge("welcome"), NOW)])
        work.trajectories.end(trajectory.id, NOW)

    database.write(unit)
    assert database.write(lambda work: work.trajectories.drop_ended(NOW, limit=9)) == 0
    assert database.write(lambda work: work.trajectories.drop_ended(NOW + timedelta(seconds=1), limit=9)) == 1
    assert database.read(lambda work: work.trajectories.of(amina.newcomer.id)) == []
    assert database.read(lambda work: work.connection.scalar(text("SELECT count(*) FROM reminders"))) == 0


# ---- reminders


def with_reminders(database: Database, whose: Writing) -> tuple[TrajectoryRow, list[str]]:
    """A task that is reminded of on its day, a day later, and in a week."""
    trajectory = begin(database, whose)

    def unit(work: Work) -> None:
        (task_id,) = work.trajectories.add(trajectory, [a_task("welcome")])
        wanted = [
            (task_id, a_nudge("welcome", DUE + timedelta(days=days), Why.AFTER), NOW + timedelta(days=days))
            for days in (0, 1, 7)
        ]
        work.reminders.add(whose.newcomer.id, trajectory.id, wanted)

    database.write(unit)
    rows = database.read(lambda work: work.reminders.of_trajectory(trajectory.id))
    return trajectory, [row.id for row in rows]


def test_a_reminder_is_due_from_its_moment_on(database: Database, amina: Writing, yonas: Writing) -> None:
    with_reminders(database, amina)
    with_reminders(database, yonas)
    at = NOW + timedelta(days=1)
    both = [amina.newcomer.id, yonas.newcomer.id]
    assert database.read(lambda work: work.reminders.due(NOW - timedelta(seconds=1), 9)) == []
    assert sorted(database.read(lambda work: work.reminders.due(at, 9))) == sorted(both)
    mine = database.read(lambda work: work.reminders.due_for(amina.newcomer.id, at))
    assert [(row.day, row.why, row.about) for row in mine] == [
        (DUE, Why.AFTER, DUE),
        (date(2026, 12, 1), Why.AFTER, DUE),
    ]


def test_a_reminder_waits_goes_out_or_ends_and_then_stays_so(database: Database, amina: Writing) -> None:
    trajectory, (first, second, third) = with_reminders(database, amina)
    later = NOW + timedelta(hours=5)

    def unit(work: Work) -> str:
        work.reminders.wind([first], later, "night")
        work.reminders.end([second], "settled")
        return work.reminders.sent(
            [third],
            newcomer_id=amina.newcomer.id,
            conversation_id=amina.conversation.id,
            outbox_id="o1",
            tasks=1,
            now=NOW,
        )

    message_id = database.write(unit)
    rows = {row.id: row for row in database.read(lambda work: work.reminders.of_trajectory(trajectory.id))}
    assert (rows[first].state, rows[first].due_at, rows[first].rule) == ("waiting", later, "night")
    assert (rows[second].state, rows[second].rule) == ("ended", "settled")
    assert (rows[third].state, rows[third].sent_at, rows[third].message_id) == ("sent", NOW, message_id)
    for change in (
        lambda work: work.reminders.wind(list(rows), NOW, "night"),
        lambda work: work.reminders.end(list(rows), "stopped"),
        lambda work: work.reminders.drop(list(rows)),
    ):
        database.write(change)
    left = database.read(lambda work: work.reminders.of_trajectory(trajectory.id))
    assert {row.id: (row.state, row.rule) for row in left} == {
        first: ("ended", "stopped"),
        second: ("ended", "settled"),
        third: ("sent", None),
    }


def test_the_messages_of_the_last_days_and_the_first_reaction(database: Database, amina: Writing) -> None:
    def send(work: Work, days: int) -> None:
        where = {"newcomer_id": amina.newcomer.id, "conversation_id": amina.conversation.id, "outbox_id": f"o{days}"}
        work.reminders.sent([], **where, tasks=days, now=NOW + timedelta(days=days))

    for days in (0, 2):
        database.write(lambda work, d=days: send(work, d))
    since = database.read(lambda work: work.reminders.sent_since(amina.newcomer.id, NOW))
    assert since == (NOW + timedelta(days=2),)
    first = NOW + timedelta(days=2, hours=1)
    for moment in (first, first + timedelta(hours=1)):
        database.write(lambda work, m=moment: work.reminders.answered(amina.newcomer.id, m))
    messages = database.read(lambda work: work.reminders.messages(amina.newcomer.id))
    assert [(row.tasks, row.answered_at) for row in messages] == [(0, None), (2, first)]


NUMBERS = "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000) SELECT n FROM n) AS n"
FILL = f"""
INSERT INTO reminders (id, task_id, trajectory_id, newcomer_id, day, why, about, kind, due_at, state)
SELECT 'r' || n, :task, :trajectory, :newcomer, :day, 'due', :day, 'legal', :now, 'sent' FROM {NUMBERS};
INSERT INTO trajectory_tasks (id, trajectory_id, newcomer_id, task, occurrence, state, kind, limits_json)
SELECT 't' || n, :trajectory, :newcomer, 'many', n, 'done', 'legal', '{{}}' FROM {NUMBERS};
ANALYZE
"""
QUERIES = {
    "ix_reminders_due": lambda work: work.reminders.due(NOW, 10),
    "ix_trajectory_tasks_escalates": lambda work: work.trajectories.escalating(DUE, 10),
    "ix_trajectories_ends": lambda work: work.trajectories.over(DUE, 10),
}


@pytest.mark.parametrize("index", QUERIES)
def test_what_is_asked_all_day_reads_its_index(database: Database, amina: Writing, index: str) -> None:
    trajectory, _ = with_reminders(database, amina)

    def fill(work: Work) -> None:
        (task,) = work.trajectories.tasks(trajectory.id)
        whose = {"task": task.id, "trajectory": trajectory.id, "newcomer": amina.newcomer.id}
        for statement in FILL.split(";"):
            work.connection.execute(text(statement), {**whose, "day": DUE, "now": NOW.replace(tzinfo=None)})

    def plans(work: Work) -> str:
        seen: list[tuple[str, Any]] = []
        event.listen(
            work.connection, "before_cursor_execute", lambda _c, _cursor, said, given, *_: seen.append((said, given))
        )
        QUERIES[index](work)
        explain = "EXPLAIN QUERY PLAN " if work.connection.dialect.name == "sqlite" else "EXPLAIN "
        said, given = seen[0]
        # One trajectory is quicker read than looked up.
        if work.connection.dialect.name != "sqlite":
            work.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(str(row[-1]) for row in work.connection.exec_driver_sql(explain + said, given).all())

    database.write(fill)
    assert index in database.write(plans)


# ---- codes


def make(database: Database, **others: Any) -> str:
    usual = {"template": "small", "coach_id": None, "team": "form_team", "started": None}
    return database.write(lambda work: work.enrol_codes.make(**{**usual, **others}, now=NOW))


def take(database: Database, code: str, whose: Writing, days: int = 0) -> EnrolCodeRow | Refused:
    at = NOW + timedelta(days=days)
    return database.write(lambda work: work.enrol_codes.take(code, whose.conversation.id, at))


def test_a_code_begins_what_it_was_made_for_once(database: Database, amina: Writing, yonas: Writing) -> None:
    sam = database.write(lambda work: work.users.add("Sam", roles=["coach"], teams=["form_team"], now=NOW))
    code = make(database, coach_id=sam.id, started=DUE)
    assert code[0] == "T"
    assert code[1:].isdigit()
    assert len(code) == 9
    taken = take(database, code, amina)
    assert not isinstance(taken, Refused)
    assert (taken.template, taken.coach_id, taken.team, taken.started) == ("small", sam.id, "form_team", DUE)
    assert take(database, code, yonas) is Refused.WRONG
    (listed,) = database.read(lambda work: work.enrol_codes.of_coach(sam.id))
    assert listed == taken
    row = database.read(lambda work: work.connection.execute(text("SELECT * FROM enrol_codes")).one())
    assert code[1:] not in str(row)


def test_a_code_works_for_a_month_and_then_goes(database: Database, amina: Writing) -> None:
    code = make(database)
    assert take(database, code, amina, days=30) is Refused.WRONG
    assert database.write(lambda work: work.enrol_codes.drop_expired(NOW + timedelta(days=29))) == 0
    assert database.write(lambda work: work.enrol_codes.drop_expired(NOW + timedelta(days=30))) == 1


def test_nobody_can_guess_a_code(database: Database, amina: Writing) -> None:
    code = make(database)
    for number in range(MOST_TRIES):
        assert take(database, f"T0000000{number}", amina) is Refused.WRONG
    assert take(database, code, amina) is Refused.TOO_MANY
    assert not isinstance(take(database, code, amina, days=1), Refused)


def test_two_who_enter_one_code_at_once_do_not_both_get_it(database: Database, amina: Writing, yonas: Writing) -> None:
    code = make(database)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda whose: take(database, code, whose), (amina, yonas)))
    assert sum(isinstance(one, Refused) for one in found) == 1


# ---- sessions


def test_sessions_are_numbered_and_know_their_guests(database: Database, amina: Writing, yonas: Writing) -> None:
    sam = database.write(lambda work: work.users.add("Sam", roles=["coach"], teams=["form_team"], now=NOW))

    def unit(work: Work) -> None:
        for days in (7, 14):
            session = work.group_sessions.plan(
                sam.id, template="small", task="evening", at=NOW + timedelta(days=days), place="De bibliotheek"
            )
            for _ in range(2):  # once is enough
                work.group_sessions.invite(session.id, amina.newcomer.id, NOW)

    database.write(unit)
    first, second = database.read(lambda work: work.group_sessions.of_coach(sam.id))
    assert [(one.number, one.state, one.place) for one in (first, second)] == [
        (1, "planned", "De bibliotheek"),
        (2, "planned", "De bibliotheek"),
    ]

    def answers(work: Work) -> list[bool]:
        sessions = work.group_sessions
        sessions.change(second.id, state="cancelled")
        return [
            sessions.answer(first.id, amina.newcomer.id, "yes"),
            sessions.attended(first.id, amina.newcomer.id, was_there=True),
            sessions.answer(first.id, yonas.newcomer.id, "yes"),
        ]

    assert database.write(answers) == [True, True, False]
    mine = database.read(lambda work: work.group_sessions.for_newcomer(amina.newcomer.id))
    assert [(one.number, one.state, guest.answer, guest.attended) for one, guest in mine] == [
        (1, "planned", "yes", True),
        (2, "cancelled", None, None),
    ]
    assert len(database.read(lambda work: work.group_sessions.guests(first.id))) == 1
    assert database.read(lambda work: work.group_sessions.get(second.id)).state == "cancelled"


# ---- two who are one


def test_of_two_trajectories_the_first_goes_on_with_what_was_done_in_either(
    database: Database, amina: Writing, yonas: Writing
) -> None:
    sam = database.write(lambda work: work.users.add("Sam", roles=["coach"], teams=["form_team"], now=NOW))
    mine, ids = with_reminders(database, amina)
    theirs, _ = with_reminders(database, yonas)

    def live(work: Work) -> None:
        (task,) = work.trajectories.tasks(theirs.id)
        work.trajectories.learn(theirs, TOLD)
        work.trajectories.give_reason(task, "had het al")
        work.trajectories.change(task.id, state="skipped", settled_by="newcomer", settled_at=NOW)
        session = work.group_sessions.plan(sam.id, template="small", task="evening", at=NOW, place="hier")
        for whose in (amina, yonas):
            work.group_sessions.invite(session.id, whose.newcomer.id, NOW)
        assert work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW)

    database.write(live)
    rows = database.read(lambda work: work.trajectories.of(amina.newcomer.id))
    assert {row.id: row.state for row in rows} == {mine.id: "active", theirs.id: "ended"}
    assert {row.id: row.told for row in rows} == {mine.id: Told(), theirs.id: TOLD}
    (task,) = database.read(lambda work: work.trajectories.tasks(mine.id))
    assert (task.state, task.settled_by) == (State.SKIPPED, "newcomer")
    (other,) = database.read(lambda work: work.trajectories.tasks(theirs.id))
    assert (other.newcomer_id, other.reason) == (amina.newcomer.id, "had het al")
    rules = {row.id: row.rule for row in database.read(lambda work: work.reminders.of_trajectory(mine.id))}
    assert rules == dict.fromkeys(ids, "settled")
    assert database.read(lambda work: work.reminders.due(NOW + timedelta(days=99), 9)) == []
    assert len(database.read(lambda work: work.group_sessions.for_newcomer(amina.newcomer.id))) == 1


def test_a_trajectory_that_only_one_has_goes_along(database: Database, amina: Writing, yonas: Writing) -> None:
    trajectory, _ = with_reminders(database, yonas)
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
    (row,) = database.read(lambda work: work.trajectories.going_on(amina.newcomer.id))
    assert row.id == trajectory.id
    assert database.read(lambda work: work.reminders.due(NOW, 9)) == [amina.newcomer.id]
