"""
A coach does something in the trajectory of somebody in their group, or gives a code that begins one.

Whether they may is asked each time, with the newcomer held: who left the group a moment ago is not theirs any more.
What it does is `bot/guide.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from bot import guide
from bot.answer import as_actor
from bot.domain.clock import local_day
from bot.guide import GROUP_SIZE, Settled
from bot.handoff.case import Role
from bot.safety.redaction import mask
from bot.trajectory.redating import Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.rows import UserRow
    from bot.store.trajectory_rows import TaskRow, TrajectoryRow
    from bot.store.work import Work

LONGEST_TITLE, LONGEST_TEXT = 80, 500
# Nothing of a year's trajectory is put further away, and nobody begins one later than this from now.
FAR = timedelta(days=366)
AHEAD = timedelta(days=92)
VALID_DAYS = (7, 14, 30)


class Refusal(StrEnum):
    """Why a coach changed nothing; those of `bot/guide.py` come besides. The console has a sentence for each."""

    NO_ACCOUNT = "no_account"
    NOT_YOUR_ROLE = "not_your_role"
    NOT_YOURS = "not_yours"  # another coach's, nobody's, or gone: nobody learns which
    NO_REASON = "no_reason"
    NO_TITLE = "no_title"
    NOT_AHEAD = "not_ahead"  # the day is past, or further than a year
    NOT_A_START = "not_a_start"  # it would be over already, or lies too far ahead
    CHANGED = "changed"  # the template changed again since it was shown
    FULL = "full"
    NO_CODE = "no_code"  # used, withdrawn, or of somebody else


AnyRefusal: TypeAlias = Refusal | guide.Refusal
_Done = TypeVar("_Done")


def reason_not_to_guide(work: Work, who: str, newcomer_id: str) -> Refusal | None:
    """Return why this user may not see or change the trajectory of this newcomer; None when they are their coach."""
    coach = coach_or_refusal(work, who)
    if isinstance(coach, Refusal):
        return coach
    newcomer = work.newcomers.get(newcomer_id)
    if newcomer is None or newcomer.status == "erasing" or newcomer.coach_id != who:
        return Refusal.NOT_YOURS
    return None


def coach_or_refusal(work: Work, who: str) -> UserRow | Refusal:
    """Return the coach whose id this is, or why they are none."""
    user = work.users.get(who)
    if user is None or not user.active:
        return Refusal.NO_ACCOUNT
    return user if Role.COACH in as_actor(user).roles else Refusal.NOT_YOUR_ROLE


@dataclass(frozen=True, kw_only=True)
class Mentor:
    """A coach (`who`, a user's id) at work for one newcomer. Every act returns what changed, or why nothing did."""

    runtime: Runtime
    who: str
    newcomer_id: str

    # ---- the trajectory

    def enrol(self, template: str, started: date) -> guide.Begun | AnyRefusal:
        """Put the newcomer in a trajectory that began, or begins, on this day."""
        known = self.runtime.knowledge.trajectories.get(template)
        today = self._today()
        if known is not None and not (started <= today + AHEAD and _ends(known.ends_on, started) > today):
            return Refusal.NOT_A_START
        return self._do(
            lambda work: guide.enrol(self.runtime, work, self.newcomer_id, template, started=started, actor=self.who)
        )

    def end(self, trajectory_id: str) -> TrajectoryRow | AnyRefusal:
        """End a trajectory before its time."""
        return self._in(trajectory_id, lambda work: guide.end(self.runtime, work, trajectory_id, actor=self.who))

    def pause(self, trajectory_id: str) -> TrajectoryRow | AnyRefusal:
        """Let a trajectory rest; days of the law are still reminded of."""
        return self._in(trajectory_id, lambda work: guide.pause(self.runtime, work, trajectory_id, actor=self.who))

    def resume(self, trajectory_id: str) -> TrajectoryRow | AnyRefusal:
        """Take up a trajectory that rested."""
        return self._in(trajectory_id, lambda work: guide.resume(self.runtime, work, trajectory_id, actor=self.who))

    def tell(
        self, trajectory_id: str, anchors: Mapping[str, date | None], conditions: Mapping[str, bool | None]
    ) -> Changes | AnyRefusal:
        """Take up what the coach knows: only what is another than before; None forgets it."""

        def told(work: Work) -> Changes | guide.Refusal:
            row = work.trajectories.get(trajectory_id)
            known = row.told if row else None
            days = {name: day for name, day in anchors.items() if known and known.anchors.get(name) != day}
            said = {name: yes for name, yes in conditions.items() if known and known.conditions.get(name) != yes}
            if not days and not said:
                return Changes()
            return guide.tell(self.runtime, work, trajectory_id, actor=self.who, anchors=days, conditions=said)

        return self._in(trajectory_id, told)

    def move_layer(self, trajectory_id: str, layer: str, days: int) -> Changes | AnyRefusal:
        """Have a layer begin so many days later (earlier when negative) than the template says."""
        if abs(days) > FAR.days:
            return guide.Refusal.OUT_OF_CALENDAR
        return self._in(
            trajectory_id,
            lambda work: guide.move_layer(self.runtime, work, trajectory_id, layer, days, actor=self.who),
        )

    def preview_template(self, trajectory_id: str) -> Changes | AnyRefusal:
        """Return what following the changed template would do. Nothing changes."""
        return self._in(
            trajectory_id,
            lambda work: guide.follow_template(self.runtime, work, trajectory_id, actor=self.who, preview=True),
        )

    def follow_template(self, trajectory_id: str, digest: str) -> Changes | AnyRefusal:
        """Follow the changed template; `digest` is of the one that was shown in the preview."""

        def follow(work: Work) -> Changes | AnyRefusal:
            row = work.trajectories.get(trajectory_id)
            template = self.runtime.knowledge.trajectories.get(row.template) if row else None
            if template is not None and template.digest != digest:
                return Refusal.CHANGED
            return guide.follow_template(self.runtime, work, trajectory_id, actor=self.who, preview=False)

        return self._in(trajectory_id, follow)

    def add_task(self, trajectory_id: str, title: str, text: str, due: date) -> TaskRow | AnyRefusal:
        """Add a task in the coach's own words. They are masked and cut as everything that the team writes."""
        named = mask(title.strip()[:LONGEST_TITLE]).text
        if not named:
            return Refusal.NO_TITLE
        if not self._is_ahead(due):
            return Refusal.NOT_AHEAD
        why = mask(text.strip()[:LONGEST_TEXT]).text
        return self._in(
            trajectory_id,
            lambda work: guide.add_own_task(
                self.runtime, work, trajectory_id, title=named, text=why, due=due, actor=self.who
            ),
        )

    # ---- one task

    def done(self, task_id: str) -> TaskRow | AnyRefusal:
        """Take a task for done; the coach saw it, so nothing waits."""
        return self._with(task_id, lambda work: guide.settle(self.runtime, work, task_id, Settled.DONE, actor=self.who))

    def confirm(self, task_id: str, *, accepted: bool) -> TaskRow | AnyRefusal:
        """Confirm what the newcomer says is done, or give it back as open."""
        return self._with(
            task_id, lambda work: guide.confirm(self.runtime, work, task_id, actor=self.who, accepted=accepted)
        )

    def skip(self, task_id: str, reason: str) -> TaskRow | AnyRefusal:
        """Skip a task, every time of it, with the reason."""
        given = mask(reason.strip()[:LONGEST_TEXT]).text
        if not given:
            return Refusal.NO_REASON
        return self._with(task_id, lambda work: guide.skip(self.runtime, work, task_id, given, actor=self.who))

    def pin(self, task_id: str, due: date | None) -> TaskRow | AnyRefusal:
        """Set a task's day by hand; None lets it follow the plan again."""
        if due is not None and not self._is_ahead(due):
            return Refusal.NOT_AHEAD
        return self._with(task_id, lambda work: guide.pin(self.runtime, work, task_id, due, actor=self.who))

    def put_off(self, task_id: str, until: date | None) -> TaskRow | AnyRefusal:
        """Have the newcomer not be reminded of a task before this day; None: never any more."""
        if until is not None and (until == self._today() or not self._is_ahead(until)):
            return Refusal.NOT_AHEAD
        return self._with(
            task_id, lambda work: guide.put_off(self.runtime, work, task_id, until or date.max, actor=self.who)
        )

    # ---- parts

    def _do(self, act: Callable[[Work], _Done | AnyRefusal]) -> _Done | AnyRefusal:
        def attempt(work: Work) -> _Done | AnyRefusal:
            work.trajectories.hold(self.newcomer_id)
            refused = reason_not_to_guide(work, self.who, self.newcomer_id)
            return act(work) if refused is None else refused

        return self.runtime.database.write(attempt)

    def _in(self, trajectory_id: str, act: Callable[[Work], _Done | AnyRefusal]) -> _Done | AnyRefusal:
        """Act in a trajectory of this newcomer; that of anybody else is none."""

        def there(work: Work) -> _Done | AnyRefusal:
            row = work.trajectories.get(trajectory_id)
            theirs = row is not None and row.newcomer_id == self.newcomer_id
            return act(work) if theirs else guide.Refusal.NOT_GOING_ON

        return self._do(there)

    def _with(self, task_id: str, act: Callable[[Work], _Done | AnyRefusal]) -> _Done | AnyRefusal:
        """Act on a task of this newcomer; that of anybody else is none."""

        def there(work: Work) -> _Done | AnyRefusal:
            task = work.trajectories.task(task_id)
            theirs = task is not None and task.newcomer_id == self.newcomer_id
            return act(work) if theirs else guide.Refusal.NO_TASK

        return self._do(there)

    def _today(self) -> date:
        return local_day(self.runtime.clock.now())

    def _is_ahead(self, day: date) -> bool:
        return self._today() <= day <= self._today() + FAR


def _ends(ends_on: Callable[[date], date], started: date) -> date:
    """Return the last day; one outside the calendar is no start either."""
    try:
        return ends_on(started)
    except OverflowError:
        return date.min


# ---- codes


@dataclass(frozen=True, kw_only=True)
class GivenCode:
    """A code as it is shown once, and until when it works (UTC)."""

    code: str
    until: datetime


def give_code(runtime: Runtime, who: str, template: str, days: int) -> GivenCode | AnyRefusal:
    """Make a code with which one newcomer begins a trajectory in this coach's group; it is stored nowhere."""
    if template not in runtime.knowledge.trajectories or days not in VALID_DAYS:
        return guide.Refusal.UNKNOWN_TEMPLATE
    now, valid_for = runtime.clock.now(), timedelta(days=days)

    def make(work: Work) -> GivenCode | Refusal:
        work.groups.hold(who)
        coach = coach_or_refusal(work, who)
        if isinstance(coach, Refusal):
            return coach
        waiting = [one for one in work.enrol_codes.of_coach(who) if one.used_at is None and one.expires_at > now]
        # Who enters a code of a full group would begin without a coach.
        if len(work.newcomers.group_of(who)) + len(waiting) >= GROUP_SIZE:
            return Refusal.FULL
        code = work.enrol_codes.make(
            template=template,
            coach_id=who,
            team=min(coach.teams, default=None),
            started=None,
            now=now,
            valid_for=valid_for,
        )
        return GivenCode(code=code, until=now + valid_for)

    return runtime.database.write(make)


def withdraw_code(runtime: Runtime, who: str, code_id: str) -> Refusal | None:
    """Take back a code that nobody used yet."""

    def take_back(work: Work) -> Refusal | None:
        coach = coach_or_refusal(work, who)
        if isinstance(coach, Refusal):
            return coach
        return None if work.enrol_codes.withdraw(code_id, who) else Refusal.NO_CODE

    return runtime.database.write(take_back)
