"""The desk of tests/desk with a small trajectory: newcomers who are in it, on both databases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.content.model import Response, Variant
from bot.deliver import deliver_due
from bot.guide import Begun, enrol
from bot.remind import remind_due
from tests.desk.conftest import (
    MONDAY,
    Desk,
    at_the_desk,
    clock,
    cluster,
    database,
    migrated_file,
    migrated_template,
    on_postgresql,
    url,
    vault,
)
from tests.trajectory.small import (
    BILL,
    CHECK_IN,
    DEBTS,
    EVENING,
    INSURANCE,
    REGISTER,
    SCHOOL,
    STARTED,
    SWITCH,
    WELCOME,
    template,
)
from tests.trajectory.small import WORK as WORK_TASK

if TYPE_CHECKING:
    from datetime import date

    from bot.commands.throwaway import Conversation
    from bot.domain.clock import HeldClock
    from bot.domain.turn import Message
    from bot.runtime import Runtime
    from bot.store.database import Database
    from bot.store.trajectory_rows import ReminderRow, TaskRow, TrajectoryEventRow, TrajectoryRow
    from bot.trajectory.template import Task, Template

# What the tests of other folders take over whole.
__all__ = [
    "clock",
    "cluster",
    "database",
    "guide",
    "migrated_file",
    "migrated_template",
    "on_postgresql",
    "url",
    "vault",
]

ALL = (WELCOME, REGISTER, INSURANCE, SCHOOL, WORK_TASK, DEBTS, CHECK_IN, SWITCH, BILL, EVENING)


@dataclass(kw_only=True)
class Guide:
    """A desk at which newcomers are guided."""

    desk: Desk
    talk: Conversation
    newcomer_id: str

    @property
    def runtime(self) -> Runtime:
        return self.desk.runtime

    def knows(self, *tasks: Task, **others: Any) -> Template:
        """Have the authors' files hold this trajectory, with words for what is in it."""
        found = replace(template(*tasks), **others)
        knowledge, renderer = self.runtime.knowledge, self.runtime.renderer
        said = {
            name: Response(name=name, topic="trajectory", variants=(Variant(context=name, text=f"[{name[6:]}]"),))
            for name in found.responses
        }
        content = replace(knowledge.content, responses={**knowledge.content.responses, **said})
        self.desk.runtime = replace(
            self.runtime,
            knowledge=replace(knowledge, content=content, trajectories={found.id: found}),
            renderer=replace(renderer, content=content),
        )
        self.talk.runtime = self.desk.runtime
        return found

    def does(self, verb: Any, *arguments: Any, **others: Any) -> Any:
        """Do something in a unit of work of its own."""
        return self.runtime.database.write(lambda work: verb(self.runtime, work, *arguments, **others))

    def enrols(self, started: date = STARTED, **others: Any) -> Begun:
        begun = self.does(enrol, self.newcomer_id, "small", started=started, **{"actor": self.desk.cora.id, **others})
        assert isinstance(begun, Begun), begun
        return begun

    @property
    def trajectory(self) -> TrajectoryRow:
        rows = self.runtime.database.read(lambda work: work.trajectories.of(self.newcomer_id))
        return rows[-1]

    def task(self, name: str, occurrence: int = 0) -> TaskRow:
        return next(task for task in self.tasks() if task.key == (name, occurrence))

    def tasks(self) -> list[TaskRow]:
        trajectory = self.trajectory
        return self.runtime.database.read(lambda work: work.trajectories.tasks(trajectory.id))

    def reminders(self, name: str, occurrence: int = 0) -> list[ReminderRow]:
        task = self.task(name, occurrence)
        return self.runtime.database.read(lambda work: work.reminders.of_task(task.id))

    def waiting(self, name: str, occurrence: int = 0) -> list[date]:
        return [row.day for row in self.reminders(name, occurrence) if row.state == "waiting"]

    def events(self) -> list[TrajectoryEventRow]:
        trajectory = self.trajectory
        return self.runtime.database.read(lambda work: work.trajectories.events(trajectory.id))

    def all_reminders(self) -> list[ReminderRow]:
        trajectory = self.trajectory
        return self.runtime.database.read(lambda work: work.reminders.of_trajectory(trajectory.id))

    def read(self) -> list[Message]:
        """Deliver what is due; return what the newcomer reads."""
        while deliver_due(self.runtime):
            pass
        found = []
        while not self.desk.wire.delivered.empty():
            found.append(self.desk.wire.delivered.get())
        return found

    def comes(self, **units: float) -> list[Message]:
        """Let time pass, send what is due, and return what the newcomer reads of it."""
        self.desk.wait(**units)
        while remind_due(self.runtime):
            pass
        return self.read()

    def lives(self, days: int, *, step: int = 1) -> dict[str, list[Message]]:
        """Let days go by, hour by hour; return what the newcomer read on each."""
        found: dict[str, list[Message]] = {}
        for _ in range(days * 24 // step):
            for message in self.comes(hours=step):
                day = self.desk.clock.now().astimezone().strftime("%Y-%m-%d")
                found.setdefault(day, []).append(message)
        return found


@pytest.fixture
def guide(database: Database, clock: HeldClock) -> Guide:
    """Ten in the morning, Monday 23 November 2026; one newcomer who accepted the notice."""
    desk = at_the_desk(database, clock)
    talk = desk.newcomer()
    found = database.read(lambda work: work.newcomers.at(desk.wire.name, talk._address))
    assert found is not None
    guide = Guide(desk=desk, talk=talk, newcomer_id=found.newcomer.id)
    guide.knows(*ALL)
    assert clock.now() == MONDAY
    return guide
