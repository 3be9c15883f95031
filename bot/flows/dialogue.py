"""What is remembered between two messages of one conversation. It is saved as JSON with a version."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.turn import SlotValue

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Frame:
    """
    One flow that is going on. `digest` is the flow as it was when we stopped at `step`.

    `called` frames return to the frame below when they end. `collecting` is the slot being asked for.
    """

    flow: str
    step: str
    digest: str
    called: bool = False
    collecting: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A slot that a flow filled from an answer, so that "no, I meant …" can find its way back."""

    flow: str
    step: str
    slot: str


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A button that the last answer showed: its words pick it too, or its number in its own message."""

    title: str
    payload: str
    message: int = 0


@dataclass(frozen=True, kw_only=True)
class Asking:
    """
    What was asked outside any flow.

    A day or a yes for the plan (`anchor`, `condition`), when to `remind`, a `wish`, in which words somebody `seek`s,
    or by which name somebody is known in a match (`match_name`). `name` is the anchor's, the condition's, the wish's,
    what is sought, or the id of a task or match; so many questions are `left`
    after this one (of a wish: 1 when the others follow).
    """

    kind: str
    name: str
    left: int = 0


@dataclass(frozen=True, kw_only=True)
class Dialogue:
    """
    The state of one conversation's talk.

    `stack` has the running flow last. `skipped` are slots the person did not want to answer in this flow. `misses`
    counts messages in a row that were not understood. `explained` are official words that were explained already.
    `explained`, `slots` with persisted answers and `language_chosen` survive the end of a flow.
    """

    stack: tuple[Frame, ...] = ()
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    answers: tuple[Answered, ...] = ()
    misses: int = 0
    offered: tuple[Offered, ...] = ()
    explained: frozenset[str] = frozenset()
    language_chosen: bool = False
    language_offered: str | None = None
    notice_shown: bool = False
    crisis: str | None = None
    question: str | None = None
    asking: Asking | None = None

    @property
    def top(self) -> Frame | None:
        """The frame of the running flow."""
        return self.stack[-1] if self.stack else None

    @property
    def collecting(self) -> str | None:
        """The slot the running flow is asking for."""
        return self.top.collecting if self.top else None

    def with_slots(self, **values: SlotValue) -> Dialogue:
        """Return the dialogue with these slots filled; None forgets."""
        slots = {**self.slots, **values}
        return replace(self, slots={name: value for name, value in slots.items() if value is not None})

    def to_json(self) -> str:
        """Return the dialogue as it is saved."""
        return json.dumps(
            {
                "version": VERSION,
                "stack": [
                    [frame.flow, frame.step, frame.digest, frame.called, frame.collecting] for frame in self.stack
                ],
                "slots": {name: _pack(value) for name, value in self.slots.items()},
                "skipped": sorted(self.skipped),
                "answers": [[a.flow, a.step, a.slot] for a in self.answers],
                "misses": self.misses,
                "offered": [[o.title, o.payload, o.message] for o in self.offered],
                "explained": sorted(self.explained),
                "language_chosen": self.language_chosen,
                "language_offered": self.language_offered,
                "notice_shown": self.notice_shown,
                "crisis": self.crisis,
                "question": self.question,
                "asking": self.asking and [self.asking.kind, self.asking.name, self.asking.left],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, saved: str | None) -> Dialogue:
        """
        Return the dialogue that was saved; a new one for None.

        Raises:
            StateFromTheFutureError: a newer release saved it.

        """
        if not saved:
            return cls()
        raw: dict[str, Any] = json.loads(saved)
        if raw["version"] > VERSION:
            raise StateFromTheFutureError(raw["version"])
        return cls(
            stack=tuple(
                Frame(flow=f, step=s, digest=d, called=c, collecting=slot) for f, s, d, c, slot in raw["stack"]
            ),
            slots={name: _unpack(value) for name, value in raw["slots"].items()},
            skipped=frozenset(raw["skipped"]),
            answers=tuple(Answered(flow=f, step=s, slot=slot) for f, s, slot in raw["answers"]),
            misses=raw["misses"],
            offered=tuple(_offered(*offer) for offer in raw["offered"]),
            explained=frozenset(raw["explained"]),
            language_chosen=raw["language_chosen"],
            language_offered=raw["language_offered"],
            notice_shown=raw["notice_shown"],
            crisis=raw["crisis"],
            question=raw["question"],
            asking=_asking(raw.get("asking")),  # earlier releases asked nothing
        )


def _offered(title: str, payload: str, message: int = 0) -> Offered:
    """Return a saved button; earlier releases did not say in which message it stood."""
    return Offered(title=title, payload=payload, message=message)


def _asking(saved: list[Any] | None) -> Asking | None:
    return Asking(kind=saved[0], name=saved[1], left=saved[2]) if saved else None


class StateFromTheFutureError(Exception):
    """This conversation was saved by a newer release; start that release again, or migrate back."""

    def __init__(self, version: int) -> None:
        super().__init__(f"{self.__doc__} (version {version}, this release knows {VERSION})")
        self.version = version


def _pack(value: SlotValue) -> Any:
    match value:
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case _:
            return value


def _unpack(value: Any) -> SlotValue:
    match value:
        case {"date": day}:
            return date.fromisoformat(day)
        case {"decimal": number}:
            return Decimal(number)
        case str() | bool() | int() | None:
            return value
        case _:
            return None
