"""
What a simulated year must never hold, counted by the rules as they are written and not by the code that keeps them.

The clock, the calendar and the limits are looked at in what the messengers were given; whether somebody was forgotten,
in a plan that is counted anew beside the rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from holidays import country_holidays

from bench.year.living import TEMPLATE, wanted

if TYPE_CHECKING:
    from bench.year.living import Person, Year
    from bot.store.trajectory_rows import ReminderMessageRow, ReminderRow, TaskRow, TrajectoryEventRow
    from bot.store.work import Work

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOURS = range(9, 19)
MOST_A_DAY, MOST_A_WEEK, SILENCE = 2, 5, timedelta(hours=72)
# After one of these a task may be overdue once more: its day is another one, or it was given back.
MOVES = frozenset({"told", "redated", "layer_moved", "pinned", "template_followed", "given_back"})
MUST_NOT = (
    "due, and neither sent nor ended by a named rule",
    "a task without the reminder it wants, and no rule",
    "lost when days were counted anew",
    "sent twice",
    "said and not delivered",
    "between 19:00 and 09:00",
    "on a Sunday or holiday without the law",
    "more than two a day",
    "more than five in seven days",
    "within 72 hours of a crisis",
    "after STOP",
    "overdue told to the coach twice",
    "overdue and never told to the coach",
)


@dataclass
class Verdict:
    """What a year brought. `wrong` holds who it happened to and when, by what must not happen."""

    counts: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in MUST_NOT})
    weeks: dict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    days: Counter[date] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether nothing happened that must not."""
        return not any(self.wrong.values())


@dataclass(frozen=True, kw_only=True)
class Kept:
    """All that is kept of one person's reminders."""

    tasks: dict[str, TaskRow]
    wanted: set[tuple[object, ...]]
    rows: list[ReminderRow]
    messages: list[ReminderMessageRow]
    events: list[TrajectoryEventRow]
    ends: date


def judge(year: Year, verdict: Verdict) -> None:
    """Look at everybody."""
    now = year.clock.now()
    for person in year.people.values():
        kept = year.runtime.database.read(lambda work, person=person: _kept(year, work, person, now))
        _rows(year, verdict, person, kept, now)
        _messages(year, verdict, person, kept)
        _overdue(verdict, person, kept, now)


def _kept(year: Year, work: Work, person: Person, now: datetime) -> Kept:
    trajectory = work.trajectories.get(person.trajectory)
    assert trajectory is not None
    # Nothing is due any more in a trajectory that has ended: its last day bounds what is asked for.
    last = min(now.astimezone(AMSTERDAM).date() - timedelta(days=1), trajectory.ends)
    found = wanted(year.runtime, work, person.trajectory)
    return Kept(
        tasks={task.id: task for task in work.trajectories.tasks(person.trajectory)},
        wanted={key for key in found if person.planned_on <= cast("date", key[1]) <= last},
        rows=work.reminders.of_trajectory(person.trajectory),
        messages=work.reminders.messages(person.id),
        events=work.trajectories.events(person.trajectory),
        ends=trajectory.ends,
    )


def _rows(year: Year, verdict: Verdict, person: Person, kept: Kept, now: datetime) -> None:
    """Each reminder once; each that came due sent, or ended or held by a rule; each that is wanted there."""
    wrong, counts = verdict.wrong, verdict.counts
    today = now.astimezone(AMSTERDAM).date()
    if person.id in year.forgotten:
        wrong[MUST_NOT[0]].append(f"newcomer {person.number}: still due at the end of an hour")
    for row in kept.rows:
        counts[f"reminders {row.state}"] += 1
        counts["reminders due"] += row.day <= today
        task = kept.tasks[row.task_id]
        told = f"newcomer {person.number}: {task.task} {row.day} {row.state} {row.rule}"
        if row.state == "ended":
            verdict.ended[row.rule or "?"] += 1
        still_due = row.state == "waiting" and row.due_at <= now
        if still_due or (row.state == "ended" and row.rule is None):
            wrong[MUST_NOT[0]].append(told)
    wrong["lost when days were counted anew"] += [
        f"newcomer {person.number}: {key}" for whose, key in year.lost if whose is person
    ]
    keys = Counter(row.key for row in kept.rows)
    wrong["sent twice"] += [f"newcomer {person.number}: {key}" for key, times in keys.items() if times > 1]
    wrong[MUST_NOT[1]] += [
        f"newcomer {person.number}: {kept.tasks[str(key[0])].task} {key[1]}" for key in kept.wanted - keys.keys()
    ]
    counts["wanted, counted anew"] += len(kept.wanted)


def _messages(year: Year, verdict: Verdict, person: Person, kept: Kept) -> None:
    """The clock, the calendar, the limits, silence: in what the messenger was given."""
    wrong, box = verdict.wrong, year.boxes[person.channel]
    template = year.runtime.knowledge.trajectories[TEMPLATE]
    of_message = defaultdict(list)
    for row in kept.rows:
        if row.state == "sent":
            of_message[row.message_id].append(row)
    days: list[date] = []
    for message in kept.messages:
        reference = message.outbox_id or ""
        taken, rows = box.taken.get(reference, []), of_message[message.id]
        told = f"newcomer {person.number}: message of {message.sent_at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}"
        if len(taken) > 1:
            wrong["sent twice"].append(told)
        if not taken or not rows:
            wrong["said and not delivered"].append(told)
        verdict.counts[f"messages by {person.channel}"] += 1
        verdict.counts["messages by template, outside the window"] += reference in box.templates
        verdict.languages[f"{person.language} → {box.languages.get(reference, '?')}"] += 1
        for row in rows:
            task = template.tasks.get(kept.tasks[row.task_id].task)
            day = message.sent_at.astimezone(AMSTERDAM).date()
            verdict.weeks[day - timedelta(days=day.weekday())][task.layer if task else "own"] += 1
        for moment in taken:
            local = moment.astimezone(AMSTERDAM)
            days.append(local.date())
            _at_a_bad_time(verdict, person, rows, local, told)
    verdict.counts["messages"] += len(days)
    verdict.days.update(days)
    for day, times in Counter(days).items():
        if times > MOST_A_DAY:
            wrong["more than two a day"].append(f"newcomer {person.number}: {day}")
        if sum(day <= other < day + timedelta(days=7) for other in days) > MOST_A_WEEK:
            wrong["more than five in seven days"].append(f"newcomer {person.number}: from {day}")


def _at_a_bad_time(verdict: Verdict, person: Person, rows: list[ReminderRow], local: datetime, told: str) -> None:
    wrong, day = verdict.wrong, local.date()
    if local.hour not in HOURS:
        wrong["between 19:00 and 09:00"].append(told)
    if day.weekday() == 6 or day in country_holidays("NL", years=day.year):
        by_law = any(row.kind == "legal" and day <= row.about <= day + timedelta(days=1) for row in rows)
        verdict.counts["messages on a day of rest, by law"] += by_law
        if not by_law:
            wrong["on a Sunday or holiday without the law"].append(told)
    if any(timedelta() <= local - crisis < SILENCE for crisis in person.crises):
        wrong["within 72 hours of a crisis"].append(told)
    if any(begun <= local and (back is None or local < back) for begun, back in person.stops):
        wrong["after STOP"].append(told)


def _overdue(verdict: Verdict, person: Person, kept: Kept, now: datetime) -> None:
    """What stays undone the coach hears once for each day it had."""
    heard: set[tuple[str, int]] = set()
    for event in kept.events:
        if event.kind in MOVES:
            heard.clear()
        elif event.kind == "overdue":
            key = str(event.detail["task"]), int(event.detail["number"])
            verdict.counts["overdue, told to the coach"] += 1
            if key in heard:
                verdict.wrong["overdue told to the coach twice"].append(f"newcomer {person.number}: {key} {event.at}")
            heard.add(key)
    today = now.astimezone(AMSTERDAM).date()
    verdict.wrong["overdue and never told to the coach"] += [
        f"newcomer {person.number}: {task.task} {task.escalates_on}"
        for task in kept.tasks.values()
        if task.escalates_on is not None and task.escalates_on <= today
    ]
