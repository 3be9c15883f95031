"""The newcomers of a simulated year: who they are, what they do with a reminder, and what they go through."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot import remind
from bot.channels.limits import TELEGRAM, WHATSAPP
from bot.commands.throwaway import accept_notice
from bot.deliver import deliver_due
from bot.domain.clock import local_day
from bot.domain.turn import OpenCase, Priority
from bot.guide import Begun, Settled, confirm, enrol, plan_of, put_off, settle, tell
from bot.team import take_on, voice_to
from bot.trajectory.plan import State
from bot.trajectory.reminders import moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.channels.limits import Limits
    from bot.domain.clock import HeldClock
    from bot.domain.messenger import Letter
    from bot.runtime import Runtime
    from bot.store.work import Work
    from bot.trajectory.template import Template

LANGUAGES = ("ar", "ti", "nl", "en", "fa", "tr", "so", "uk", "fr")
TEMPLATE = "twelve_months"
# What somebody does with a task that they are reminded of, in hundredths.
DOES = ("done", "later", "help", "not for me", "stop", "nothing")
HABITS = {"quick": (66, 10, 4, 5, 0.2, 14.8), "slow": (32, 25, 6, 5, 0.3, 31.7), "silent": (5, 5, 1, 2, 0.5, 86.5)}
BACK_AFTER_STOP = (30, 60, None)  # days; None: they never write again


class Postbox:
    """A messenger that takes everything, and writes down when and in which language."""

    def __init__(self, name: str, limits: Limits, clock: HeldClock) -> None:
        # Without a rate it is given one message after the other: nothing waits here but the clock.
        self.name, self.limits, self._clock = name, replace(limits, per_second=None), clock
        self.taken: dict[str, list[datetime]] = defaultdict(list)
        self.languages: dict[str, str] = {}
        self.templates: set[str] = set()

    def send(self, letter: Letter) -> str:
        """Take a message."""
        self.taken[letter.reference].append(self._clock.now())
        self.languages[letter.reference] = letter.message.language
        if letter.message.template is not None:
            self.templates.add(letter.reference)
        return letter.reference


def postboxes(clock: HeldClock) -> dict[str, Postbox]:
    """Return both messengers, with the window of the one that has one."""
    return {name: Postbox(name, limits, clock) for name, limits in (("telegram", TELEGRAM), ("whatsapp", WHATSAPP))}


@dataclass
class Person:
    """Somebody, with what happened to them as their own side saw it."""

    number: int
    chance: random.Random
    channel: str
    language: str
    habit: str
    id: str = ""
    conversation: str = ""
    trajectory: str = ""
    seen: int = 0
    planned_on: date = date.min  # the last day on which their days were counted anew
    crises: list[datetime] = field(default_factory=list)
    stops: list[tuple[datetime, datetime | None]] = field(default_factory=list)


class Year:
    """The newcomers, the clock, and what is still to happen."""

    def __init__(self, runtime: Runtime, clock: HeldClock, boxes: dict[str, Postbox], seed: int) -> None:
        self.runtime, self.clock, self.boxes, self.seed = runtime, clock, boxes, seed
        self.people: dict[str, Person] = {}
        self.forgotten: set[str] = set()
        self.lost: list[tuple[Person, tuple[object, ...]]] = []
        self._to_come: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = 0

    def later(self, moment: datetime, do: Callable[[], object]) -> None:
        """Have this happen in the hour of that moment."""
        self._order += 1
        heapq.heappush(self._to_come, (moment, self._order, do))

    def hour(self) -> None:
        """Let people do what they do in this hour, then have the house do what is due."""
        now, write = self.clock.now(), self.runtime
        is_busy = bool(self._to_come) and self._to_come[0][0] <= now
        while self._to_come and self._to_come[0][0] <= now:
            heapq.heappop(self._to_come)[2]()
        due = self._due()
        while due and remind.remind_due(write):
            pass
        while remind.escalate_due(write):
            pass
        is_busy = bool(remind.end_over(write)) or is_busy
        while (due or is_busy) and deliver_due(write):
            pass
        if due:
            self.forgotten |= self._due()
        for person in sorted((self.people[one] for one in due), key=lambda one: one.number):
            self._reads(person)

    def _due(self) -> set[str]:
        now = self.clock.now()
        return set(self.runtime.database.read(lambda work: work.reminders.due(now, 1_000_000)))

    def _write(self, what: Callable[[Work], Any]) -> Any:
        return self.runtime.database.write(what)

    # ---- one person

    def begins(self, number: int) -> None:
        """Have somebody begin: with the days and answers known so far; the rest is told in the weeks after."""
        chance, now = random.Random(f"{self.seed}/{number}"), self.clock.now()  # noqa: S311  # a habit is no secret
        person = Person(
            number=number,
            chance=chance,
            channel=chance.choice(("telegram", "telegram", "whatsapp")),
            language=LANGUAGES[number % len(LANGUAGES)],
            habit=chance.choice((*HABITS,)),
        )
        accept_notice(self.runtime, person.channel, str(number), person.language)
        self._write(lambda work: self._met(work, person))
        started = local_day(now) - timedelta(days=chance.choice((0, 0, 0, 3, 7, 20, 45, 90)))
        template = self.runtime.knowledge.trajectories[TEMPLATE]
        days, answers = _life(template, started, chance)
        known = {name: day for name, day in days.items() if chance.random() < 0.6}
        told = {name: yes for name, yes in answers.items() if chance.random() < 0.7}
        begun = self._write(
            lambda work: enrol(
                self.runtime,
                work,
                person.id,
                TEMPLATE,
                started=started,
                actor="coach",
                anchors=known,
                conditions=told,
            )
        )
        assert isinstance(begun, Begun), begun
        # Of who begins nothing is said on the same day.
        person.trajectory, person.planned_on = begun.trajectory.id, local_day(now) + timedelta(days=1)
        self.people[person.id] = person
        for name in sorted({*days, *answers} - {*known, *told}):
            what = {"anchors": {name: days[name]}} if name in days else {"conditions": {name: answers[name]}}
            self.later(now + timedelta(days=chance.randint(1, 60)), lambda what=what: self._tells(person, **what))
        if chance.random() < 0.2:
            moved = {"housing_date": days["housing_date"] + timedelta(days=chance.randint(5, 40))}
            self.later(now + timedelta(days=chance.randint(10, 120)), lambda: self._tells(person, anchors=moved))
        if chance.random() < 0.05:
            hours = chance.randint(24, 300 * 24)
            self.later(now + timedelta(hours=hours), lambda: self._in_danger(person))

    def _met(self, work: Work, person: Person) -> None:
        found = work.newcomers.at(person.channel, str(person.number))
        assert found is not None
        person.id, person.conversation = found.newcomer.id, found.conversation.id

    def _tells(self, person: Person, **known: Any) -> None:
        """Have a day or an answer told: days move, tasks come and go."""
        self._counted_anew(person, lambda work: tell(self.runtime, work, person.trajectory, actor="newcomer", **known))

    def _counted_anew(self, person: Person, change: Callable[[Work], object]) -> None:
        """Make a change that counts the days anew; see that no reminder is lost that waited and is still wanted."""
        now = self.clock.now()
        today = local_day(now)

        def made(work: Work) -> set[tuple[object, ...]]:
            rows = work.reminders.due_for(person.id, now + timedelta(days=10))
            waited = {row.key for row in rows if row.day < today}
            change(work)
            if not waited:
                return set()
            there = {row.key for row in work.reminders.of_trajectory(person.trajectory)}
            return (waited & wanted(self.runtime, work, person.trajectory)) - there

        self.lost += [(person, key) for key in self._write(made)]
        person.planned_on = max(person.planned_on, today)

    def _in_danger(self, person: Person) -> None:
        """Have somebody write of danger: a case of the crisis team, and silence for three days."""
        person.crises.append(self.clock.now())
        self._ask(person, "crisis", Priority.CRISIS)
        self.later(self.clock.now() + timedelta(days=person.chance.randint(1, 5)), lambda: self._answered(person))

    def _ask(self, person: Person, reason: str, priority: Priority) -> None:
        def ask(work: Work) -> None:
            voice = voice_to(self.runtime, work, person.conversation)
            newcomer, conversation = work.newcomers.get(person.id), work.conversations.get(person.conversation)
            if voice is None or newcomer is None or conversation is None:
                return
            asked = OpenCase(reason=reason, priority=priority, topic=None, question=None, summary="")
            take_on(voice, newcomer, conversation, asked)
            work.conversations.set_route(person.conversation, "human", now=voice.now)

        self._write(ask)

    def _answered(self, person: Person) -> None:
        now = self.clock.now()
        self._write(lambda work: work.conversations.set_route(person.conversation, "bot", now=now))

    # ---- what they do with a reminder

    def _reads(self, person: Person) -> None:
        seen = person.seen

        def read(work: Work) -> tuple[int, list[list[tuple[str, int, str]]]]:
            messages = work.reminders.messages(person.id)
            found = []
            for message in messages[seen:]:
                tasks = work.trajectories.these(*{row.task_id for row in work.reminders.in_message(message.id)})
                found.append(sorted((task.task, task.occurrence, task.id) for task in tasks.values()))
            return len(messages), found

        person.seen, messages = self.runtime.database.read(read)
        chance = person.chance
        for tasks in messages:
            when = self.clock.now() + timedelta(hours=chance.randint(1, 72))
            for *_, task in tasks:
                (what,) = chance.choices(DOES, weights=HABITS[person.habit])
                if what != "nothing":
                    self.later(when, lambda what=what, task=task: self._does(person, what, task))

    def _does(self, person: Person, what: str, task: str) -> None:
        now, chance = self.clock.now(), person.chance
        self._write(lambda work: self._wrote(work, person, f"{now} {what} {task}"))
        match what:
            case "done":
                self._write(lambda work: settle(self.runtime, work, task, Settled.DONE, actor="newcomer"))
                is_so = chance.random() < 0.8
                self.later(now + timedelta(days=3), lambda: self._seen_by_the_coach(person, task, is_so))
            case "not for me":
                self._write(lambda work: settle(self.runtime, work, task, Settled.NOT_FOR_ME, actor="newcomer"))
            case "later":
                until = local_day(now) + timedelta(days=chance.choice((1, 7, 12)))
                self._write(lambda work: put_off(self.runtime, work, task, until, actor="newcomer"))
            case "help":
                self._ask(person, "task_help", Priority.NORMAL)
                self.later(now + timedelta(hours=chance.randint(2, 96)), lambda: self._answered(person))
            case _:
                self._stops(person, chance.choice(BACK_AFTER_STOP))

    def _wrote(self, work: Work, person: Person, words: str) -> None:
        """Keep that they wrote: WhatsApp's window is open for a day. Who stopped and writes again is back."""
        row = work.inbox.receive(person.conversation, person.channel, words, "text", {"text": ""}, self.clock.now())
        work.inbox.mark_read([row.id] if row else [])
        if person.stops and person.stops[-1][1] is None:
            work.newcomers.restart(person.id)
            person.stops[-1] = (person.stops[-1][0], self.clock.now())

    def _stops(self, person: Person, days: int | None) -> None:
        now = self.clock.now()
        person.stops.append((now, None))
        self._write(lambda work: work.newcomers.stop(person.id))
        if days is not None:
            back = now + timedelta(days=days)
            self.later(back, lambda: self._write(lambda work: self._wrote(work, person, f"{back} back")))

    def _seen_by_the_coach(self, person: Person, task: str, is_so: bool) -> None:
        """Have the coach confirm what waits for them, or give it back."""
        found = self.runtime.database.read(lambda work: work.trajectories.task(task))
        if found is not None and found.state is State.AWAITING:
            self._counted_anew(person, lambda work: confirm(self.runtime, work, task, actor="coach", accepted=is_so))


def wanted(runtime: Runtime, work: Work, trajectory_id: str) -> set[tuple[object, ...]]:
    """Return what the reminders of the open tasks are known by, in a plan that is counted anew beside the rows."""
    trajectory = work.trajectories.get(trajectory_id)
    assert trajectory is not None
    plan = {one.key: one for one in plan_of(runtime, work, trajectory).tasks}
    return {
        (task.id, nudge.day, nudge.why, nudge.on, nudge.limit)
        for task in work.trajectories.tasks(trajectory_id)
        if task.state is State.OPEN and task.key in plan
        for nudge in moments(plan[task.key], due=task.due)
    }


def _life(template: Template, started: date, chance: random.Random) -> tuple[dict[str, date], dict[str, bool]]:
    """Return the days and the answers of one life: a home first, and a family, work, debts as they fall."""
    days = {
        name: started + timedelta(days=chance.randint(-60, 90))
        for name, response in sorted(template.anchors.items())
        if response
    }
    days["housing_date"] = started - timedelta(days=chance.randint(0, 10))
    return days, {name: chance.random() < 0.6 for name in sorted(template.conditions)}
