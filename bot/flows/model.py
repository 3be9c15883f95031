"""
What a flow is: steps, as in Rasa's flow format (https://rasa.com/docs/reference/primitives/flows/).

A flow is compiled into one table of steps by id. A step without an id of its own gets its place as id (`3`,
`3.0.then.0`), so a saved conversation can find its step again as long as the author did not change the flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.turn import SlotValue
    from bot.flows.conditions import Condition

END = "END"

# What a flow may ask of the world; `bot/ladder/actions.py` says what each one does.
ACTIONS = frozenset(
    {
        "action_accept_notice",
        "action_ask_seeking",
        "action_choose_language",
        "action_decline_notice",
        "action_erase",
        "action_find_activities",
        "action_find_volunteering",
        "action_list_questions",
        "action_more",
        "action_my_tasks",
        "action_open_case",
        "action_record_helped",
        "action_record_not_helped",
        "action_stop",
        "action_task_done",
        "action_task_later",
    }
)


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Go to `target` (a step id or END) when `condition` holds; no condition means `else`."""

    condition: Condition | None
    target: str


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """An answer for which `condition` holds is refused with the response `utter`."""

    condition: Condition
    utter: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step: its id, and where it goes next (the first branch that holds)."""

    id: str
    next: tuple[Branch, ...]


@dataclass(frozen=True, kw_only=True)
class Act(Step):
    """Say a response (`utter_…`) or do something (`action_…`)."""

    action: str


@dataclass(frozen=True, kw_only=True)
class Collect(Step):
    """Ask for a slot, unless it is known."""

    slot: str
    utter: str
    ask_before_filling: bool = False
    reset_after_flow_ends: bool = True
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SetSlots(Step):
    """Fill or forget slots."""

    slots: Mapping[str, SlotValue]


@dataclass(frozen=True, kw_only=True)
class Call(Step):
    """Run another flow and come back."""

    flow: str


@dataclass(frozen=True, kw_only=True)
class Link(Step):
    """Go on in another flow, for good."""

    flow: str


@dataclass(frozen=True, kw_only=True)
class Noop(Step):
    """Only decide where to go."""


AnyStep: TypeAlias = Act | Collect | SetSlots | Call | Link | Noop


@dataclass(frozen=True, kw_only=True)
class Flow:
    """
    A flow, compiled. `digest` changes when its steps change.

    `comes_back` is False for flows that a new subject simply ends ("is this clear?"). `places` tells where in the
    author's document each step stands.
    """

    id: str
    name: str
    description: str
    intents: tuple[str, ...]
    persisted_slots: frozenset[str]
    steps: Mapping[str, AnyStep]
    first: str
    digest: str
    comes_back: bool = True
    places: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)

    def touched_slots(self) -> frozenset[str]:
        """Return the slots this flow itself fills and forgets when it ends."""
        slots: set[str] = set()
        for step in self.steps.values():
            match step:
                case Collect(slot=slot, reset_after_flow_ends=True):
                    slots.add(slot)
                case SetSlots(slots=filled):
                    slots.update(filled)
                case _:
                    pass
        return frozenset(slots) - self.persisted_slots

    def called(self) -> frozenset[str]:
        """Return the flows that this one calls."""
        return frozenset(step.flow for step in self.steps.values() if isinstance(step, Call))

    def linked(self) -> frozenset[str]:
        """Return the flows that this one can turn into."""
        return frozenset(step.flow for step in self.steps.values() if isinstance(step, Link))
