"""Those who have a trajectory: two tasks each, whose reminders fall due somewhere in the time of the faults."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.channels.telegram_news import CHANNEL
from bot.commands.throwaway import accept_notice
from bot.domain.clock import local_day
from bot.guide import Begun, enrol
from tests.faults.people import PEOPLE, TALKERS, chat
from tests.trajectory.small import days, knowing, task, template

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.work import Work

TASKS = 2  # as many messages a day as anybody gets
DUE = "UPDATE reminders SET due_at = :due WHERE id = :id AND state = 'waiting'"  # else they all fall due at ten o'clock


def enrolled(runtime: Runtime, begins: datetime, seconds: float, chance: random.Random) -> int:
    """Put everybody with a trajectory in one, a week before `begins`; return how many reminders are planned."""
    small = template(*(task(f"t{number}", reminder_days=(0,), order=number, due=days(7)) for number in range(TASKS)))
    runtime = knowing(runtime, small)
    started = local_day(runtime.clock.now())
    for person in range(TALKERS, PEOPLE):
        address = str(chat(person))
        accept_notice(runtime, CHANNEL, address, "nl")

        def begin(work: Work, address: str = address) -> None:
            found = work.newcomers.at(CHANNEL, address)
            assert found is not None
            assert isinstance(enrol(runtime, work, found.newcomer.id, small.id, started=started, actor="x"), Begun)

        runtime.database.write(begin)

    def spread(work: Work) -> Sequence[str]:
        ids = work.connection.scalars(text("SELECT id FROM reminders ORDER BY id")).all()
        for one in ids:
            due = begins + timedelta(seconds=chance.uniform(0, seconds))
            work.connection.execute(text(DUE), {"due": due, "id": one})
        return ids

    return len(runtime.database.write(spread))
