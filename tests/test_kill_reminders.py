"""Kill -9 while reminders go out: each that is due has one outcome and is in one message; none is lost or doubled."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.channels.webchat import WebChat
from bot.commands.throwaway import accept_notice
from bot.deliver import deliver_due
from bot.domain.clock import HeldClock, local_day
from bot.domain.days import at
from bot.guide import Begun, enrol
from bot.settings import Settings
from bot.trajectory.reminders import SENT_AT, next_moment
from bot.wiring import open_database, parts
from tests.peers.killable import Server, environment, killable, rows
from tests.peers.serve_many import AHEAD
from tests.trajectory.small import days, knowing, task, template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.runtime import Runtime
    from bot.store.database import Database
    from bot.store.work import Work

log = logging.getLogger(__name__)

NEWCOMERS = 100
TASKS = 7  # more than stand in one message, so that everybody gets two
MESSAGES = 2
STOPPED = range(0, NEWCOMERS, 10)  # these want nothing any more
KILLS = 6
SEED = 20261128
GONE_OUT = "SELECT count(*) FROM reminders WHERE state <> 'waiting'"


@pytest.fixture
def ten_o_clock() -> datetime:
    """Ten in the morning of the next working day: at night and on Sundays nobody is reminded."""
    return next_moment(at(local_day(datetime.now(UTC)) + timedelta(days=1), SENT_AT))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ten_o_clock: datetime) -> Iterator[Server]:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(AHEAD, str((ten_o_clock - datetime.now(UTC)).total_seconds()))
    with killable(tmp_path) as server:
        yield server


def enrolled(runtime: Runtime) -> None:
    """Put everybody in a trajectory whose tasks are all due on the same day, a week later."""
    small = template(*(task(f"t{number}", reminder_days=(0,), order=number, due=days(7)) for number in range(TASKS)))
    runtime = knowing(runtime, small)
    started = local_day(runtime.clock.now())
    for number in range(NEWCOMERS):
        accept_notice(runtime, WebChat.name, str(number), "nl")

        def begin(work: Work, address: str = str(number), stops: bool = number in STOPPED) -> None:
            found = work.newcomers.at(WebChat.name, address)
            assert found is not None
            assert isinstance(enrol(runtime, work, found.newcomer.id, small.id, started=started, actor="x"), Begun)
            if stops:
                work.newcomers.stop(found.newcomer.id)

        runtime.database.write(begin)


@pytest.mark.endurance
@pytest.mark.timeout(600)
def test_killed_while_reminders_go_out_none_is_lost_and_none_goes_twice(server: Server, ten_o_clock: datetime) -> None:
    with parts(Settings()) as ready, open_database(Settings()) as database:
        database.upgrade()
        a_week_before = HeldClock(ten_o_clock - timedelta(days=7))
        runtime = ready.runtime(database, channels={WebChat.name: WebChat()}, clock=a_week_before)
        enrolled(runtime)
    left = _killed_again_and_again(server)
    with parts(Settings()) as ready, open_database(Settings()) as database:
        # What was leased when the process died goes out once its lease has run out.
        later = HeldClock(ten_o_clock + timedelta(minutes=10))
        runtime = ready.runtime(database, channels={WebChat.name: WebChat()}, clock=later)
        while deliver_due(runtime):
            pass
        _each_once(database)
    log.info("%d kills; kills that left behind: %s", server.kills, dict(left))
    assert server.kills > KILLS
    assert left["some waiting"] == KILLS, "each of them died while reminders were still to go"
    assert left["some gone"] > 0


def _killed_again_and_again(server: Server) -> Counter[str]:
    """Kill the server at so many moments while reminders go out, and start it again, until nothing waits."""
    chance = random.Random(SEED)
    left: Counter[str] = Counter()
    due = NEWCOMERS * TASKS
    moments = sorted(chance.sample(range(1, due - due // 3, TASKS), KILLS))
    server.start()
    for moment in moments:
        _until(server, moment)
        time.sleep(chance.uniform(0, 0.05))
        server.kill()
        gone = sum(count for (count,) in rows(server, GONE_OUT))
        left.update({"some waiting": gone < due, "some gone": gone > 0})
        left.update(status for (status,) in rows(server, "SELECT DISTINCT 'outbox ' || status FROM outbox"))
        server.start()
    _until(server, due)
    server.kill()
    return left


def _until(server: Server, moment: int) -> None:
    while sum(count for (count,) in rows(server, GONE_OUT)) < moment:
        assert time.monotonic() < server.until, f"nothing happens any more:\n{server.log()}"
        time.sleep(0.005)


def _each_once(database: Database) -> None:
    def look(work: Work) -> None:
        run = work.connection.execute
        outcomes = {(state, rule): times for state, rule, times in run(text(_OUTCOMES))}
        talking = NEWCOMERS - len(STOPPED)
        assert outcomes == {("sent", None): talking * TASKS, ("ended", "stopped"): len(STOPPED) * TASKS}
        messages = run(text("SELECT newcomer_id, outbox_id, id, tasks FROM reminder_messages")).all()
        each = Counter(row.newcomer_id for row in messages)
        assert len(each) == talking
        assert set(each.values()) == {MESSAGES}
        assert len({row.outbox_id for row in messages}) == len(messages)
        held = {row.id: [one.task_id for one in work.reminders.in_message(row.id)] for row in messages}
        assert {row.id: row.tasks for row in messages} == {name: len(tasks) for name, tasks in held.items()}
        every = [one for tasks in held.values() for one in tasks]
        assert len(every) == len(set(every)) == talking * TASKS, "each task is in one message"
        said = {}
        for conversation_id in work.connection.scalars(text("SELECT id FROM conversations")).all():
            answers = work.outbox.all_for(conversation_id)
            assert [one.number for one in answers] == list(range(1, len(answers) + 1)), "no gap, no twin"
            assert {one.status for one in answers} <= {"sent"}
            said |= {one.id: one.body["response"] for one in answers}
        reminded = {one for one, response in said.items() if response.startswith("utter_reminder")}
        assert reminded == {row.outbox_id for row in messages}, "what was said is what was written down, and no more"

    database.read(look)


_OUTCOMES = "SELECT state, rule, count(*) FROM reminders GROUP BY state, rule"
