"""From an author's flow document (already parsed) to a compiled flow."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.flows.conditions import ConditionError, read_condition
from bot.flows.model import END, Act, AnyStep, Branch, Call, Collect, Flow, Link, Noop, Rejection, SetSlots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = ("action", "collect", "set_slots", "call", "link", "noop")
COMMON = {"id", "next", "description", "metadata"}
ALLOWED: Mapping[str, set[str]] = {
    "action": COMMON,
    "collect": {*COMMON, "utter", "ask_before_filling", "reset_after_flow_ends", "rejections"},
    "set_slots": COMMON,
    "call": COMMON,
    "link": {"id", "description", "metadata"},
    "noop": COMMON,
}
FLOW_KEYS = {
    "name", "description", "nlu_trigger", "persisted_slots", "steps", "always_include_in_prompt", "comes_back",
    "metadata",
}  # fmt: skip


class FlowError(ValueError):
    """A flow that cannot be read. `path` leads to the place in the document."""

    def __init__(self, path: tuple[str | int, ...], why: str, mend: str) -> None:
        super().__init__(f"{why}; {mend}")
        self.path = path
        self.why = why
        self.mend = mend


def read_flow(flow_id: str, raw: Mapping[str, Any]) -> Flow:
    """
    Return the compiled flow.

    Raises:
        FlowError: something in it cannot be read; says where, why and how to mend it.

    """
    return _Reader(flow_id, raw).read()


class _Reader:
    def __init__(self, flow_id: str, raw: Mapping[str, Any]) -> None:
        self._id = flow_id
        self._raw = raw
        self._steps: dict[str, AnyStep] = {}
        self._places: dict[str, tuple[str | int, ...]] = {}
        self._targets: list[tuple[str, tuple[str | int, ...]]] = []

    def read(self) -> Flow:
        raw = self._raw
        if not isinstance(raw, dict):
            raise FlowError((), "a flow is a list of settings", "write name, description and steps below its id")
        for key in raw:
            if key not in FLOW_KEYS:
                raise FlowError((key,), f"a flow has no '{key}'", f"use one of: {', '.join(sorted(FLOW_KEYS))}")
        steps = raw.get("steps")
        if not isinstance(steps, list) or not steps:
            raise FlowError(("steps",), "a flow needs steps", "add at least one step below 'steps:'")
        first = self._read_list(steps, ("steps",), prefix="", after=END, nested=False)
        for target, path in self._targets:
            if target != END and target not in self._steps:
                raise FlowError(path, f"there is no step '{target}'", "use the id of a step of this flow, or END")
        return Flow(
            id=self._id,
            name=str(raw.get("name") or self._id),
            description=str(raw.get("description") or ""),
            intents=tuple(self._intents()),
            persisted_slots=frozenset(self._names("persisted_slots")),
            steps=self._steps,
            first=first,
            digest=hashlib.sha256(json.dumps(raw["steps"], sort_keys=True, default=str).encode()).hexdigest()[:12],
            comes_back=self._comes_back(),
            places=self._places,
        )

    def _comes_back(self) -> bool:
        # Rasa takes settings of others in a flow's metadata only; beside the name it stands in older knowledge.
        metadata = self._raw.get("metadata") or {}
        if not isinstance(metadata, dict):
            raise FlowError(
                ("metadata",), "a flow's metadata is a list of settings", "write 'comes_back: false' below it"
            )
        return bool(metadata.get("comes_back", self._raw.get("comes_back", True)))

    def _names(self, key: str) -> list[str]:
        names = self._list(key)
        for at, name in enumerate(names):
            if not isinstance(name, str):
                raise FlowError((key, at), f"'{key}' lists names", "write one name on each line, or [name, name]")
        return names

    def _list(self, key: str) -> list[Any]:
        found = self._raw.get(key) or []
        if not isinstance(found, list):
            raise FlowError((key,), f"'{key}' is a list", "write '- …' lines below it")
        return found

    def _intents(self) -> list[str]:
        names: list[str] = []
        for at, trigger in enumerate(self._list("nlu_trigger")):
            intent = trigger.get("intent") if isinstance(trigger, dict) else None
            name = intent.get("name") if isinstance(intent, dict) else intent
            if not isinstance(name, str):
                raise FlowError(("nlu_trigger", at), "a trigger names an intent", "write '- intent: name'")
            names.append(name)
        return names

    def _read_list(
        self, steps: Sequence[Any], path: tuple[str | int, ...], *, prefix: str, after: str, nested: bool
    ) -> str:
        """Read a list of steps, return the id of the first; the last goes on to `after`."""
        ids = [self._step_id(raw, (*path, at), f"{prefix}{at}") for at, raw in enumerate(steps)]
        for at, raw in enumerate(steps):
            last = at == len(steps) - 1
            if last and nested and "next" not in raw and "link" not in raw:
                raise FlowError(
                    (*path, at), "the last step of a branch needs 'next'", "add 'next: <step id>' or 'next: END'"
                )
            following = after if last else ids[at + 1]
            self._read_step(raw, ids[at], (*path, at), following)
        return ids[0]

    def _step_id(self, raw: Any, path: tuple[str | int, ...], place: str) -> str:
        if not isinstance(raw, dict):
            raise FlowError(path, "a step is a setting such as 'action: utter_x'", f"write one of: {', '.join(KINDS)}")
        step_id = str(raw.get("id", place))
        if step_id == END:
            raise FlowError((*path, "id"), "END is the end of a flow, no id", "give the step another id")
        if step_id in self._steps:
            raise FlowError((*path, "id"), f"two steps have the id '{step_id}'", "give each step an id of its own")
        self._steps[step_id] = Noop(id=step_id, next=())  # holds the place, so that twins are seen
        self._places[step_id] = path
        return step_id

    def _read_step(self, raw: dict[str, Any], step_id: str, path: tuple[str | int, ...], following: str) -> None:
        kinds = [kind for kind in KINDS if kind in raw]
        if len(kinds) != 1:
            given = ", ".join(kinds) or "nothing we know"
            raise FlowError(path, f"a step does one thing, this one says {given}", f"keep one of: {', '.join(KINDS)}")
        kind = kinds[0]
        for key in raw:
            if key != kind and key not in ALLOWED[kind]:
                raise FlowError((*path, key), f"a '{kind}' step has no '{key}'", f"use: {', '.join(ALLOWED[kind])}")
        branches = self._next(raw, step_id, path, following)
        self._steps[step_id] = self._made(kind, raw, step_id, path, branches)

    def _made(
        self, kind: str, raw: dict[str, Any], step_id: str, path: tuple[str | int, ...], branches: tuple[Branch, ...]
    ) -> AnyStep:
        value = raw[kind]
        match kind:
            case "noop":
                if "next" not in raw:
                    raise FlowError(path, "a 'noop' step only decides, so it needs 'next'", "add 'next:'")
                return Noop(id=step_id, next=branches)
            case "set_slots":
                return SetSlots(id=step_id, next=branches, slots=self._slots(value, (*path, kind)))
            case _ if not isinstance(value, str):
                raise FlowError((*path, kind), f"'{kind}' names one thing", f"write '{kind}: name'")
            case "action":
                if not value.startswith(("utter_", "action_")):
                    raise FlowError((*path, kind), f"'{value}' is no action", "start it with utter_ or action_")
                return Act(id=step_id, next=branches, action=value)
            case "call":
                return Call(id=step_id, next=branches, flow=value)
            case "link":
                return Link(id=step_id, next=(), flow=value)
            case _:
                return Collect(
                    id=step_id,
                    next=branches,
                    slot=value,
                    utter=str(raw.get("utter", f"utter_ask_{value}")),
                    ask_before_filling=bool(raw.get("ask_before_filling", False)),
                    reset_after_flow_ends=bool(raw.get("reset_after_flow_ends", True)),
                    rejections=self._rejections(raw.get("rejections") or [], (*path, "rejections")),
                )

    def _rejections(self, raw: Any, path: tuple[str | int, ...]) -> tuple[Rejection, ...]:
        found = []
        if not isinstance(raw, list):
            raise FlowError(path, "'rejections' is a list", "write '- if: …' and 'utter: …'")
        for at, rejection in enumerate(raw):
            if not isinstance(rejection, dict) or not {"if", "utter"} <= set(rejection):
                raise FlowError((*path, at), "a rejection needs 'if' and 'utter'", "write both")
            found.append(
                Rejection(condition=self._condition(rejection["if"], (*path, at, "if")), utter=str(rejection["utter"]))
            )
        return tuple(found)

    def _slots(self, raw: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
        if not isinstance(raw, list) or not all(isinstance(pair, dict) for pair in raw):
            raise FlowError(path, "'set_slots' is a list", "write '- slot: value' lines below it")
        filled = {name: value for pair in raw for name, value in pair.items()}
        for name, value in filled.items():
            if isinstance(value, (list, dict)):
                raise FlowError(path, f"'{name}' gets more than one thing", "write one value: a word, a number, true …")
        return {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in filled.items()}

    def _next(
        self, raw: dict[str, Any], step_id: str, path: tuple[str | int, ...], following: str
    ) -> tuple[Branch, ...]:
        if "next" not in raw:
            return (Branch(condition=None, target=following),)
        value, path = raw["next"], (*path, "next")
        if isinstance(value, (str, int)):
            self._targets.append((str(value), path))
            return (Branch(condition=None, target=str(value)),)
        if not isinstance(value, list) or not value:
            raise FlowError(path, "'next' is a step id, END or a list of branches", "write '- if: … then: …' lines")
        branches = [self._branch(one, step_id, (*path, at), following, at) for at, one in enumerate(value)]
        if branches[-1].condition is not None:
            raise FlowError(path, "the branches have no 'else'", "close the list with '- else: <step id or END>'")
        if any(branch.condition is None for branch in branches[:-1]):
            raise FlowError(path, "'else' stands before another branch", "put 'else' last")
        return tuple(branches)

    def _branch(self, raw: Any, step_id: str, path: tuple[str | int, ...], following: str, at: int) -> Branch:
        if not isinstance(raw, dict) or not ({"if", "then"} == set(raw) or {"else"} == set(raw)):
            raise FlowError(path, "a branch is 'if' with 'then', or 'else'", "write '- if: …' and 'then: …'")
        word = "then" if "then" in raw else "else"
        condition = self._condition(raw["if"], (*path, "if")) if "if" in raw else None
        target = raw[word]
        if isinstance(target, list):
            if not target:
                raise FlowError((*path, word), "a branch without steps goes nowhere", "write a step id or END")
            first = self._read_list(
                target, (*path, word), prefix=f"{step_id}.{at}.{word}.", after=following, nested=True
            )
            return Branch(condition=condition, target=first)
        self._targets.append((str(target), (*path, word)))
        return Branch(condition=condition, target=str(target))

    def _condition(self, text: Any, path: tuple[str | int, ...]) -> Any:
        try:
            return read_condition(str(text))
        except ConditionError as error:
            raise FlowError(path, str(error), "see 'Conditions' in flows/README.md") from error
