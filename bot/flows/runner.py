"""
The flow runner: state and input in, state and events out. Pure: no clock, no database, no chance.

It carries out Rasa's flow format. What the person says is read elsewhere; the runner gets a value, a skip, a new
subject, a correction or a cancel, walks on until it must wait for an answer or has nothing left to do, and reports what
it said and which actions it met.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias, assert_never

from bot.domain.turn import Say
from bot.flows.dialogue import Answered, Dialogue, Frame
from bot.flows.model import END, Act, AnyStep, Call, Collect, Flow, Link, Noop, SetSlots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.turn import SlotValue

# More steps than any honest flow takes between two questions: a circle without a question is an author's mistake.
MOST_STEPS = 200
DEEPEST = 4


class FlowLoopError(Exception):
    """A flow goes in a circle without asking anything."""

    def __init__(self, flow: str) -> None:
        super().__init__(f"{self.__doc__} ({flow})")
        self.flow = flow


@dataclass(frozen=True, kw_only=True)
class Do:
    """An action that a flow met, with the question it was about."""

    action: str
    question: str | None
    slots: Mapping[str, SlotValue]


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """An earlier subject goes on; the person is told which."""

    flow: str


Output: TypeAlias = Say | Do | Resumed


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The dialogue after a move, and what happened on the way, in order."""

    dialogue: Dialogue
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Runner:
    """
    Walks dialogues through `flows`.

    `about` gives values that a flow can see while it runs, by flow id: for a question its id and who must help.
    """

    flows: Mapping[str, Flow]
    about: Mapping[str, Mapping[str, SlotValue]] = field(default_factory=dict)

    # ---- moves

    def start(self, dialogue: Dialogue, flow: str) -> Outcome:
        """
        Begin `flow`; what was going on waits below it and is taken up again afterwards.

        Raises:
            KeyError: there is no such flow.
            FlowLoopError: it never stops.

        """
        dialogue = self._make_room(dialogue, flow)
        frame = self._entry(flow, called=False)
        return self._walk(replace(dialogue, stack=(*dialogue.stack, frame), question=self._question(flow, dialogue)))

    def fill(self, dialogue: Dialogue, value: SlotValue) -> Outcome:
        """Answer the question that is waiting; a rejected answer is said so and asked again."""
        frame, step = self._waiting(dialogue)
        candidate = {**self.slots(dialogue), step.slot: value}
        for rejection in step.rejections:
            if rejection.condition.holds(candidate):
                outputs = (Say(response=rejection.utter, slots=candidate), *self.ask_again(dialogue))
                return Outcome(dialogue=dialogue, outputs=outputs)
        answered = Answered(flow=frame.flow, step=step.id, slot=step.slot)
        dialogue = replace(
            dialogue.with_slots(**{step.slot: value}),
            answers=(*(a for a in dialogue.answers if a.slot != step.slot), answered),
            skipped=dialogue.skipped - {step.slot},
            misses=0,
        )
        return self._go_on(dialogue, step)

    def skip(self, dialogue: Dialogue) -> Outcome:
        """Leave the question that is waiting unanswered."""
        _, step = self._waiting(dialogue)
        dialogue = replace(dialogue.with_slots(**{step.slot: None}), skipped=dialogue.skipped | {step.slot}, misses=0)
        return self._go_on(dialogue, step)

    def correct(self, dialogue: Dialogue, answered: Answered, value: SlotValue) -> Outcome | None:
        """
        Change an earlier answer and walk again from there; None when that flow is no longer going on.

        Rejections hold for a corrected answer too.
        """
        top = len(dialogue.stack)
        for depth in range(top - 1, top - 1 - len(self._group(dialogue)), -1):
            frame = dialogue.stack[depth]
            if frame.flow == answered.flow and answered.step in self.flows[frame.flow].steps:
                waiting = replace(frame, step=answered.step, collecting=answered.slot)
                return self.fill(replace(dialogue, stack=(*dialogue.stack[:depth], waiting)), value)
        return None

    def cancel(self, dialogue: Dialogue) -> Outcome:
        """End what is going on; an earlier subject that was waiting goes on."""
        ended = self._end_group(dialogue)
        if ended.dialogue.top is None or ended.dialogue.collecting is not None:
            return ended
        walked = self._walk(ended.dialogue)
        return Outcome(dialogue=walked.dialogue, outputs=(*ended.outputs, *walked.outputs))

    def ask_again(self, dialogue: Dialogue) -> tuple[Say, ...]:
        """Return the question that is waiting, once more; nothing when none is."""
        if dialogue.collecting is None:
            return ()
        _, step = self._waiting(dialogue)
        return (Say(response=step.utter, slots=self.slots(dialogue)),)

    # ---- looking

    def slots(self, dialogue: Dialogue) -> dict[str, SlotValue]:
        """Return what a condition or a text can see: the slots, and what the running flow is about."""
        for frame in reversed(dialogue.stack):
            if frame.flow in self.about:
                return {**dialogue.slots, **self.about[frame.flow]}
        return dict(dialogue.slots)

    def subject(self, dialogue: Dialogue) -> str | None:
        """Return the flow the conversation is about: the lowest frame of the running group."""
        group = self._group(dialogue)
        return group[0].flow if group else None

    def settle(self, dialogue: Dialogue) -> tuple[Dialogue, str | None]:
        """
        Drop what can no longer go on because an author changed its flow; return what was dropped last.

        A flow may change under a conversation: it goes on where the same question still stands at the same step.
        """
        dropped: list[str] = []
        kept: list[Frame] = []
        while group := self._group(dialogue):
            dialogue = replace(dialogue, stack=dialogue.stack[: -len(group)])
            if group[-1].collecting is not None and all(self._still_fits(frame) for frame in group):
                kept = [replace(frame, digest=self.flows[frame.flow].digest) for frame in group] + kept
            else:
                dropped.append(group[0].flow)
        dialogue = replace(dialogue, stack=tuple(kept))
        for flow in dropped:
            dialogue = self._forget(dialogue, flow)
        return dialogue, dropped[0] if dropped else None

    # ---- walking

    def _walk(self, dialogue: Dialogue) -> Outcome:
        outputs: list[Output] = []
        for _ in range(MOST_STEPS):
            frame = dialogue.top
            if frame is None:
                return Outcome(dialogue=dialogue, outputs=tuple(outputs))
            if frame.step == END:
                ended = self._end_frame(dialogue)
                dialogue = ended.dialogue
                outputs.extend(ended.outputs)
                if dialogue.collecting is not None:
                    return Outcome(dialogue=dialogue, outputs=tuple(outputs))
                continue
            step = self.flows[frame.flow].steps[frame.step]
            match step:
                case Collect():
                    if self._is_known(step, dialogue):
                        dialogue = self._at(dialogue, self._next(step, dialogue))
                        continue
                    dialogue = self._replace_top(dialogue, replace(frame, collecting=step.slot))
                    outputs.append(Say(response=step.utter, slots=self.slots(dialogue)))
                    return Outcome(dialogue=dialogue, outputs=tuple(outputs))
                case Act():
                    outputs.append(self._act(step, dialogue))
                    dialogue = self._at(dialogue, self._next(step, dialogue))
                case SetSlots():
                    dialogue = dialogue.with_slots(**step.slots)
                    dialogue = self._at(dialogue, self._next(step, dialogue))
                case Noop():
                    dialogue = self._at(dialogue, self._next(step, dialogue))
                case Call():
                    dialogue = self._at(dialogue, self._next(step, dialogue))
                    dialogue = replace(dialogue, stack=(*dialogue.stack, self._entry(step.flow, called=True)))
                case Link():
                    there = self._entry(step.flow, called=frame.called)
                    dialogue = self._forget(self._replace_top(dialogue, there), frame.flow)
                case _:
                    assert_never(step)
        raise FlowLoopError(dialogue.stack[-1].flow)

    def _is_known(self, step: Collect, dialogue: Dialogue) -> bool:
        """Return whether the question need not be asked: it was answered or passed over before."""
        known = step.slot in dialogue.slots or step.slot in dialogue.skipped
        return known and not step.ask_before_filling

    def _go_on(self, dialogue: Dialogue, step: Collect) -> Outcome:
        return self._walk(self._at(dialogue, self._next(step, dialogue)))

    def _act(self, step: Act, dialogue: Dialogue) -> Output:
        view = self.slots(dialogue)
        if step.action.startswith("utter_"):
            return Say(response=step.action, slots=view)
        question = view.get("question")
        return Do(action=step.action, question=str(question) if question else dialogue.question, slots=view)

    def _next(self, step: AnyStep, dialogue: Dialogue) -> str:
        view = self.slots(dialogue)
        for branch in step.next:
            if branch.condition is None or branch.condition.holds(view):
                return branch.target
        return END

    def _end_frame(self, dialogue: Dialogue) -> Outcome:
        """The top frame is at its end: go back to its caller, or end its group."""
        frame = dialogue.stack[-1]
        if frame.called:
            return Outcome(dialogue=replace(dialogue, stack=dialogue.stack[:-1]))
        return self._end_group(dialogue)

    def _end_group(self, dialogue: Dialogue) -> Outcome:
        """Drop the running group; what waited below goes on, past its question when that was answered meanwhile."""
        if dialogue.top is None:
            return Outcome(dialogue=dialogue)
        dialogue = self._drop_group(dialogue)
        if dialogue.collecting is None:
            return Outcome(dialogue=dialogue)
        subject = self.subject(dialogue)
        resumed = (Resumed(flow=subject),) if subject else ()
        _, step = self._waiting(dialogue)
        if self._is_known(step, dialogue):
            return Outcome(dialogue=self._at(dialogue, step.id), outputs=resumed)
        return Outcome(dialogue=dialogue, outputs=(*resumed, *self.ask_again(dialogue)))

    def _drop_group(self, dialogue: Dialogue) -> Dialogue:
        group = self._group(dialogue)
        return self._forget(replace(dialogue, stack=dialogue.stack[: -len(group)]), group[0].flow)

    def _forget(self, dialogue: Dialogue, flow: str) -> Dialogue:
        """
        Forget what a flow that ended was told, and the flows it called.

        It keeps its persisted slots, and whatever belongs to the questions that still wait.
        """
        ended = self._reachable(flow)
        waiting = {name for frame in dialogue.stack for name in self._reachable(frame.flow)}
        kept = self.flows[flow].persisted_slots if flow in self.flows else frozenset()
        forgotten = self._touched(ended) - self._touched(waiting) - kept
        return replace(
            dialogue,
            slots={name: value for name, value in dialogue.slots.items() if name not in forgotten},
            skipped=dialogue.skipped - (self._asked(ended) - self._asked(waiting)),
            answers=tuple(a for a in dialogue.answers if a.flow not in {flow, *ended} - waiting),
        )

    def _touched(self, flows: set[str]) -> set[str]:
        return {slot for name in flows for slot in self.flows[name].touched_slots()}

    def _asked(self, flows: set[str]) -> set[str]:
        return {step.slot for name in flows for step in self.flows[name].steps.values() if isinstance(step, Collect)}

    def _make_room(self, dialogue: Dialogue, flow: str) -> Dialogue:
        """Make the stack ready for a new subject: no twin of it, no question that need not come back."""
        while dialogue.stack and (
            not self.flows[dialogue.stack[-1].flow].comes_back
            or dialogue.collecting is None
            or flow in {frame.flow for frame in self._group(dialogue)}
            or self._groups(dialogue) >= DEEPEST
        ):
            dialogue = self._drop_group(dialogue)
        twin = next((at for at, frame in enumerate(dialogue.stack) if not frame.called and frame.flow == flow), None)
        if twin is None:
            return dialogue
        above = twin + 1
        while above < len(dialogue.stack) and dialogue.stack[above].called:
            above += 1
        return self._forget(replace(dialogue, stack=(*dialogue.stack[:twin], *dialogue.stack[above:])), flow)

    # ---- frames

    def _entry(self, flow: str, *, called: bool) -> Frame:
        found = self.flows[flow]
        return Frame(flow=flow, step=found.first, digest=found.digest, called=called)

    def _waiting(self, dialogue: Dialogue) -> tuple[Frame, Collect]:
        frame = dialogue.top
        if frame is None or frame.collecting is None:
            raise ValueError("no question is waiting for an answer")
        step = self.flows[frame.flow].steps[frame.step]
        if not isinstance(step, Collect):
            raise TypeError("a frame waits at a step that asks nothing")
        return frame, step

    def _at(self, dialogue: Dialogue, target: str) -> Dialogue:
        return self._replace_top(dialogue, replace(dialogue.stack[-1], step=target, collecting=None))

    def _replace_top(self, dialogue: Dialogue, frame: Frame) -> Dialogue:
        return replace(dialogue, stack=(*dialogue.stack[:-1], frame))

    def _group(self, dialogue: Dialogue) -> Sequence[Frame]:
        """Return the frames from the running subject up: a flow and what it called."""
        at = len(dialogue.stack) - 1
        while at > 0 and dialogue.stack[at].called:
            at -= 1
        return dialogue.stack[max(at, 0) :]

    def _groups(self, dialogue: Dialogue) -> int:
        return sum(not frame.called for frame in dialogue.stack)

    def _reachable(self, flow: str) -> set[str]:
        """Return the flow and those below it: what it calls, and what a called one turns into and comes back from."""
        seen: set[str] = {flow} & set(self.flows)
        waiting = [name for at in seen for name in self.flows[at].called()]
        while waiting:
            name = waiting.pop()
            if name in self.flows and name not in seen:
                seen.add(name)
                waiting.extend(self.flows[name].called() | self.flows[name].linked())
        return seen

    def _question(self, flow: str, dialogue: Dialogue) -> str | None:
        question = self.about.get(flow, {}).get("question")
        return str(question) if question else dialogue.question

    def _still_fits(self, frame: Frame) -> bool:
        flow = self.flows.get(frame.flow)
        if flow is None:
            return False
        if flow.digest == frame.digest:
            return True
        step = flow.steps.get(frame.step)
        if frame.collecting is not None:
            return isinstance(step, Collect) and step.slot == frame.collecting
        return frame.step == END or step is not None
