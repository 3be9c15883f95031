"""What the coach's pages call things: somebody of the group, layers, why nobody is reminded, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bot.domain.clock import local_day
from bot.reckon import ASKED, Stage, question_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.reckon import Course, Step
    from bot.review import Happened, Member, Year
    from bot.runtime import Runtime
    from bot.trajectory.redating import Moved
    from bot.web.console.words import Words

# Who does something besides people of the team.
_OTHERS = frozenset({"newcomer", "time"})
# What holds a reminder back is written down when its moment comes; of these it is known before.
_FOR_GOOD = frozenset({"stopped", "resting", "condition_unknown", "with_the_coach"})
_KNOWN_BEFORE = {Stage.UNSURE: "condition_unknown", Stage.BLOCKED: "something_first"}


@dataclass(frozen=True, kw_only=True)
class GroupWords:
    """`called.person(member)`, in the words of who reads."""

    words: Words
    runtime: Runtime

    def person(self, one: Member | Year) -> str:
        """Return how the desk names somebody: by their last case, else by four digits of their own."""
        if one.number:
            return self.words("queue_case", number=one.number)
        return self.words("group_newcomer", mark=one.mark)

    def layer(self, layer: str) -> str:
        """Return what a layer is called; one that has no words goes by its own name."""
        name = f"group_layer_{layer}"
        return self.words(name) if self.words.has(name) else layer

    def rule(self, rule: str) -> str:
        """Return why somebody is not reminded."""
        name = f"group_rule_{rule}"
        return self.words(name) if self.words.has(name) else rule

    def question(self, course: Course, name: str) -> str:
        """Return the Dutch question about a day or a condition."""
        return question_of(self.runtime, course.template, name)

    # ---- reminders

    def reminded(self, step: Step, year: Year) -> Iterator[str]:
        """Yield what is so with a task's reminders: the last, the next, and what keeps it in."""
        last, coming = step.last_reminder, step.next_reminder
        if last is not None and last.sent_at is not None:
            yield self.words("group_reminded_last", day=self.words.day(local_day(last.sent_at)))
        if step.stage not in ASKED or step.stage is Stage.TO_PLAN:
            return
        if step.stage is Stage.NO_DAY:
            yield self.words("group_reminded_no_day")
            return
        course = next((one for one in year.courses if one.row.id == step.row.trajectory_id), None)
        resting = course is not None and course.rests and not step.of_the_law
        why = "resting" if resting else self._why_not(step, year)
        if coming is not None and why not in _FOR_GOOD:
            yield self.words("group_reminded_next", day=self.words.day(local_day(coming.due_at)))
            if why is not None:
                yield self.words("group_reminded_waits", why=self.rule(why))
        elif why is not None:
            yield self.words("group_reminded_held", why=self.rule(why))
        else:
            # Who began late, or was told late of a day, is not reminded of days that were past already.
            yield self.words("group_reminded_past" if step.stage is Stage.OVERDUE else "group_reminded_none")

    @staticmethod
    def _why_not(step: Step, year: Year) -> str | None:
        if year.newcomer.status == "stopped":
            return "stopped"
        if step.row.paused_until is not None and step.row.paused_until > local_day(year.at):
            return "paused"
        if step.row.escalated_at is not None:
            return "with_the_coach"
        return _KNOWN_BEFORE.get(step.stage) or step.held_by

    # ---- what moved

    def moved(self, one: Moved) -> str:
        """Return from which day to which something went."""
        old, new = (self.words.day(day) if day else self.words("group_no_day") for day in (one.old, one.new))
        return self.words("group_moved", old=old, new=new)

    # ---- what happened

    def happened(self, one: Happened) -> str:
        """Return a line of the history."""
        kind, values = one.kind, {"who": self._who(one), "task": one.task or ""}
        for name in ("started", "due", "until"):
            given = one.detail.get(name)
            if given is None:
                continue
            day = date.fromisoformat(given)
            kind = "put_off_for_good" if day == date.max else kind
            values["day"] = "" if day == date.max else self.words.day(day)
        if one.kind == "pinned" and one.detail.get("due") is None:
            kind = "unpinned"
        values |= {name: str(one.detail[name]) for name in ("days", "moved", "added", "dropped") if name in one.detail}
        values |= {"layer": self.layer(str(one.detail["layer"]))} if "layer" in one.detail else {}
        values |= {"count": str(len(one.detail["told"]))} if "told" in one.detail else {}
        if one.kind == "legal_moved":
            values["moved"] = str(len(one.detail.get("moved", ())))
            values["dropped"] = str(len(one.detail.get("dropped", ())))
        if "offer" in one.detail:
            kind, values["offer"] = f"{kind}_there", one.offer or self.words("group_some_offer")
        name = f"group_event_{kind}"
        return self.words(name, **values) if self.words.has(name) else kind

    def _who(self, one: Happened) -> str:
        if one.by is not None:
            return one.by
        return self.words(f"group_by_{one.actor}" if one.actor in _OTHERS else "group_by_somebody")
