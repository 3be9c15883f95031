"""
A simulated year of reminders: `make bench-year ARGS="--newcomers 500 --days 365"`.

Newcomers with different days, languages and families begin over eight weeks, some of them late. A held clock goes on
hour by hour; people answer by a seeded habit; a stand-in messenger takes what is sent. No model and no network. What
must never happen is counted from what that messenger was given and from the rows; exit code 1 when any of it did.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from holidays import country_holidays

from bot import remind
from bot.channels.limits import SCREEN
from bot.commands.throwaway import accept_notice
from bot.content.render import Renderer
from bot.deliver import deliver_due
from bot.domain.clock import HeldClock
from bot.flows.runner import Runner
from bot.guide import Begun, Settled, confirm, enrol, put_off, settle, tell
from bot.runtime import Runtime
from bot.safety.crisis import CrisisGuard
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.trajectory.plan import State
from bot.wiring import read_knowledge

if TYPE_CHECKING:
    from bot.domain.messenger import Letter
    from bot.runtime import Understands
    from bot.store.work import Work

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
# From here a year holds both clock changes and 29 February.
BEGINS = date(2027, 9, 6)
LANGUAGES = ("ar", "ti", "nl", "en", "fa", "tr", "so", "uk", "fr")
TEMPLATE = "twelve_months"
WEEKS = 8  # in which people begin
HABITS = {  # what somebody does with a reminder: done, later, not for me, STOP, nothing
    "quick": (70, 10, 5, 0.1, 15),
    "slow": (35, 25, 5, 0.2, 35),
    "silent": (5, 5, 2, 0.3, 88),
}


class Postbox:
    """A messenger that takes everything and writes down when."""

    name = "terminal"
    limits = SCREEN

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock
        self.taken: dict[str, list[datetime]] = defaultdict(list)

    def send(self, letter: Letter) -> str:
        self.taken[letter.reference].append(self._clock.now())
        return letter.reference


@dataclass
class Person:
    number: int
    id: str
    habit: str
    trajectory: str = ""
    seen: int = 0


@dataclass
class Result:
    """What a year brought. `wrong` are the counts that must be 0."""

    counts: dict[str, int] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, int] = field(default_factory=dict)
    weeks: dict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    special: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Year:
    """The newcomers, the clock and what they do."""

    def __init__(self, runtime: Runtime, clock: HeldClock, postbox: Postbox, seed: int) -> None:
        self.runtime, self.clock, self.postbox = runtime, clock, postbox
        self.chance = random.Random(seed)  # noqa: S311  # a habit is no secret
        self.people: dict[str, Person] = {}
        self.todo: list[tuple[datetime, int, Any]] = []
        self.order = 0
        self.forgotten: set[str] = set()

    def later(self, moment: datetime, do: Any) -> None:
        self.order += 1
        heapq.heappush(self.todo, (moment, self.order, do))

    def does(self, verb: Any, *arguments: Any, **others: Any) -> Any:
        return self.runtime.database.write(lambda work: verb(self.runtime, work, *arguments, **others))

    def begins(self, number: int) -> None:
        """Have somebody begin: with the days and answers known so far, the rest is told in the weeks after."""
        chance, now = self.chance, self.clock.now()
        today = now.astimezone(AMSTERDAM).date()
        started = today - timedelta(days=chance.choice((0, 0, 0, 3, 7, 20, 45, 90)))
        template = self.runtime.knowledge.trajectories[TEMPLATE]
        asked = [name for name, response in template.anchors.items() if response]
        days = {name: started + timedelta(days=chance.randint(-60, 90)) for name in asked}
        days["housing_date"] = started - timedelta(days=chance.randint(0, 10))
        answers = {name: chance.random() < 0.6 for name in template.conditions}
        known = {name: day for name, day in days.items() if chance.random() < 0.6}
        told = {name: yes for name, yes in answers.items() if chance.random() < 0.7}
        accept_notice(self.runtime, self.postbox.name, str(number), chance.choice(LANGUAGES))

        def found(work: Work) -> str:
            person = work.newcomers.at(self.postbox.name, str(number))
            assert person is not None
            return person.newcomer.id

        person = Person(number, self.runtime.database.read(found), chance.choice([*HABITS]))
        begun = self.does(enrol, person.id, TEMPLATE, started=started, actor="coach", anchors=known, conditions=told)
        assert isinstance(begun, Begun), begun
        person.trajectory = begun.trajectory.id
        self.people[person.id] = person
        for name in (*(days.keys() - known.keys()), *(answers.keys() - told.keys())):
            when = now + timedelta(days=chance.randint(1, 60))
            what = {"anchors": {name: days[name]}} if name in days else {"conditions": {name: answers[name]}}
            self.later(when, lambda what=what: self.does(tell, person.trajectory, actor="newcomer", **what))
        if chance.random() < 0.2:
            moved = {"housing_date": days["housing_date"] + timedelta(days=chance.randint(5, 40))}
            when = now + timedelta(days=chance.randint(10, 120))
            self.later(when, lambda: self.does(tell, person.trajectory, actor="coach", anchors=moved))

    def hour(self) -> None:
        now = self.clock.now()
        is_busy = bool(self.todo) and self.todo[0][0] <= now
        while self.todo and self.todo[0][0] <= now:
            heapq.heappop(self.todo)[2]()
        due = self.runtime.database.read(lambda work: work.reminders.due(now, 100_000))
        while due and remind.remind_due(self.runtime):
            pass
        while remind.escalate_due(self.runtime):
            pass
        is_busy = bool(remind.end_over(self.runtime)) or is_busy
        while (due or is_busy) and deliver_due(self.runtime):
            pass
        if due:
            self.forgotten |= set(self.runtime.database.read(lambda work: work.reminders.due(now, 100_000)))
        for newcomer_id in due:
            self._reads(self.people[newcomer_id])

    def _reads(self, person: Person) -> None:
        messages = self.runtime.database.read(lambda work: work.reminders.messages(person.id))
        for message in messages[person.seen :]:
            rows = self.runtime.database.read(lambda work, message=message: work.reminders.in_message(message.id))
            when = self.clock.now() + timedelta(hours=self.chance.randint(1, 72))
            for task in dict.fromkeys(row.task_id for row in rows):
                (what,) = self.chance.choices(
                    ("done", "later", "not_for_me", "stop", None), weights=HABITS[person.habit]
                )
                if what is not None:
                    self.later(when, lambda what=what, task=task: self._answers(person, what, task))
        person.seen = len(messages)

    def _answers(self, person: Person, what: str, task: str) -> None:
        now = self.clock.now()
        match what:
            case "done":
                self.does(settle, task, Settled.DONE, actor="newcomer")
                self.later(now + timedelta(days=3), lambda: self._sees(task))
            case "not_for_me":
                self.does(settle, task, Settled.NOT_FOR_ME, actor="newcomer")
            case "later":
                until = now.astimezone(AMSTERDAM).date() + timedelta(days=self.chance.choice((1, 7, 12)))
                self.does(put_off, task, until, actor="newcomer")
            case _:
                self.runtime.database.write(lambda work: work.newcomers.stop(person.id))
                back = now + timedelta(days=30)
                self.later(back, lambda: self.runtime.database.write(lambda work: work.newcomers.restart(person.id)))

    def _sees(self, task: str) -> None:
        """Have the coach see what waits for them."""
        found = self.runtime.database.read(lambda work: work.trajectories.task(task))
        if found is not None and found.state is State.AWAITING:
            self.does(confirm, task, actor="coach", accepted=self.chance.random() < 0.8)


def simulate(newcomers: int, days: int, *, begins: date = BEGINS, seed: int = 1) -> Result:
    """Live so many days with so many newcomers, and count."""
    knowledge = read_knowledge(Settings())
    start = datetime(begins.year, begins.month, begins.day, tzinfo=AMSTERDAM).astimezone(UTC)
    clock = HeldClock(start)
    postbox, result = Postbox(clock), Result()
    with tempfile.TemporaryDirectory(prefix="wegwijs-year-") as folder:
        database = Database.open(
            f"sqlite:///{folder}/year.sqlite", Vault(MasterKeys.load_or_create(Path(folder) / "keys"))
        )
        database.upgrade()
        with database:
            runtime = Runtime(
                database=database,
                knowledge=knowledge,
                runner=Runner(flows=knowledge.flows, about=knowledge.about),
                renderer=Renderer(content=knowledge.content, catalogues=knowledge.catalogues),
                understander=cast("Understands", None),  # nobody writes a word here
                guard=CrisisGuard(knowledge.crisis),
                clock=clock,
                channels={postbox.name: postbox},
            )
            year = Year(runtime, clock, postbox, seed)
            for number in range(newcomers):
                day = year.chance.randrange(min(WEEKS * 7, max(1, days // 2)))
                moment = start + timedelta(days=day, hours=year.chance.randint(9, 17))
                year.later(moment, lambda number=number: year.begins(number))
            asked = remind.reason_to_hold

            def counting(nudge: Any, so: Any) -> Any:
                held = asked(nudge, so)
                if held is not None and held.until is not None:
                    result.held[held.rule] += 1
                return held

            remind.reason_to_hold = counting
            began = time.perf_counter()
            try:
                for _ in range(days * 24):
                    clock.wait(hours=1)
                    year.hour()
            finally:
                remind.reason_to_hold = asked
            result.seconds = time.perf_counter() - began
            judge(year, result, begins, clock.now())
    return result


def judge(year: Year, result: Result, begins: date, now: datetime) -> None:
    """Count what happened, from the rows and from what the messenger was given, by the rules as they are written."""
    holidays = country_holidays("NL", years=range(begins.year, now.year + 1))
    today = now.astimezone(AMSTERDAM).date()
    wrong: Counter[str] = Counter({"newcomers forgotten": 0, "sent twice": 0})
    counts: Counter[str] = Counter()
    layers = year.runtime.knowledge.trajectories[TEMPLATE].tasks
    sent_on: Counter[date] = Counter()
    for person in year.people.values():
        with_rows = year.runtime.database.read(
            lambda work, person=person: (
                work.reminders.of_trajectory(person.trajectory),
                work.reminders.messages(person.id),
                {task.id: task.task for task in work.trajectories.tasks(person.trajectory)},
            )
        )
        rows, messages, tasks = with_rows
        of_message = defaultdict(list)
        for row in rows:
            if row.state == "sent":
                of_message[row.message_id].append(row)
            elif row.state == "ended":
                result.ended[row.rule or "?"] += 1
        due = [row for row in rows if row.day <= today]
        counts["due"] += len(due)
        counts["sent"] += sum(row.state == "sent" for row in rows)
        counts["wait"] += sum(row.state == "waiting" for row in due)
        went = [row for row in rows if row.state == "sent"]
        wrong["sent twice"] += len(went) - len({row.key for row in went})
        silent = [row for row in due if row.state != "sent" and row.rule is None and row.due_at <= now]
        if silent or person.id in year.forgotten:
            wrong["newcomers forgotten"] += 1
        days = []
        for message in messages:
            taken = year.postbox.taken.get(message.outbox_id or "", [])
            wrong["sent twice"] += max(0, len(taken) - 1)
            wrong["said and never delivered"] += not taken
            for moment in taken:
                local = moment.astimezone(AMSTERDAM)
                day = local.date()
                days.append(day)
                sent_on[day] += 1
                wrong["between 19:00 and 09:00"] += not 9 <= local.hour < 19
                legal = any(
                    row.kind == "legal" and day <= row.about <= day + timedelta(days=1)
                    for row in of_message[message.id]
                )
                rest = day.weekday() == 6 or day in holidays
                counts["on a day of rest by law"] += rest and legal
                wrong["Sunday or holiday"] += rest and not legal
                for row in of_message[message.id]:
                    task = layers.get(tasks[row.task_id])
                    result.weeks[day - timedelta(days=day.weekday())][task.layer if task else "own"] += 1
        counts["messages"] += len(days)
        wrong["more than two a day"] += sum(times > 2 for times in Counter(days).values())
        wrong["more than five in seven days"] += sum(
            sum(day <= other < day + timedelta(days=7) for other in days) > 5 for day in set(days)
        )
    result.counts, result.wrong = dict(counts), dict(wrong)
    for day in (begins + timedelta(days=number) for number in range((today - begins).days)):
        midnights = [datetime(one.year, one.month, one.day, tzinfo=AMSTERDAM) for one in (day, day + timedelta(days=1))]
        if midnights[0].utcoffset() != midnights[1].utcoffset():
            following = day + timedelta(days=1)
            result.special[f"clock change {day}"] = f"{sent_on[day]} messages, {sent_on[following]} the day after"
        if (day.month, day.day) == (2, 29):
            result.special[f"leap day {day}"] = f"{sent_on[day]} messages"


def drawn(weeks: dict[date, Counter[str]], names: list[str]) -> str:
    """Return the reminders of each week by layer, as stacked bars."""
    colours = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377")
    most = max((sum(one.values()) for one in weeks.values()), default=1)
    left, top, wide, high = 70, 40, 800, 300
    step = wide / max(1, len(weeks))
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 420" font-family="sans-serif" font-size="12">',
        (
            "<style>text{fill:#222}line{stroke:#888}.b{fill:#fff}@media(prefers-color-scheme:dark)"
            "{text{fill:#eee}.b{fill:#181818}}</style>"
        ),
        '<rect class="b" width="900" height="420"/>',
    ]
    for part in range(5):
        y = top + high - high * part / 4
        out.append(f'<line x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke-width="0.5"/>')
        out.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{most * part // 4}</text>')
    for at, (week, counted) in enumerate(sorted(weeks.items())):
        y, x = float(top + high), left + at * step
        for number, name in enumerate(names):
            size = high * counted[name] / most
            y -= size
            size_of = f'width="{step * 0.8:.1f}" height="{size:.1f}"'
            out.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size_of} fill="{colours[number % 6]}"/>')
        if at % max(1, len(weeks) // 9) == 0:
            out.append(f'<text x="{x:.1f}" y="{top + high + 18}">{week}</text>')
    for number, name in enumerate(names):
        x = left + number * 110
        out.append(f'<rect x="{x}" y="14" width="12" height="12" fill="{colours[number % 6]}"/>')
        out.append(f'<text x="{x + 17}" y="24">{name}</text>')
    out.append(f'<text x="{left + wide / 2}" y="385" text-anchor="middle">week that begins on</text>')
    out.append(
        '<text transform="translate(16 190) rotate(-90)" text-anchor="middle">reminders sent a week</text></svg>'
    )
    return "\n".join(out) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-year", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--newcomers", type=int, default=500)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--begins", type=date.fromisoformat, default=BEGINS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="draw the reminders of each week in this SVG file")
    options = parser.parse_args()
    found = simulate(options.newcomers, options.days, begins=options.begins, seed=options.seed)
    for title, counted in (
        ("", found.counts),
        ("held, times, by ", found.held),
        ("ended by ", found.ended),
        ("MUST BE 0: ", found.wrong),
    ):
        for name, times in sorted(counted.items()):
            print(f"{title + name:45}{times:>10}")
    for name, told in found.special.items():
        print(f"{name:45}  {told}")
    if options.plot:
        names = sorted({name for week in found.weeks.values() for name in week})
        options.plot.write_text(drawn(found.weeks, names), encoding="utf-8")
    bad = sum(found.wrong.values())
    sent = found.counts.get("sent", 0)
    print(
        f"bench-year: {options.newcomers} newcomers, {options.days} days: {found.counts.get('due', 0)} reminders due, "
        f"{sent} sent in {found.counts.get('messages', 0)} messages, {bad} wrong; "
        f"{found.seconds:.0f} s, {sent / found.seconds:.0f} reminders/s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
