"""The one way to speak: render, then outbox. Nothing reaches a newcomer past this file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.content.render import Known, Reader, Rendered
from bot.flows.dialogue import Dialogue, Offered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.turn import Say, SlotValue
    from bot.runtime import Runtime
    from bot.store.work import Work


@dataclass(kw_only=True)
class Voice:
    """
    Speaks in one conversation during one unit of work, and remembers what was shown and explained.

    `cause` is the message that is answered; with it the same answer can never be queued twice.
    """

    runtime: Runtime
    work: Work
    conversation_id: str
    cause: str | None
    now: datetime
    language: str
    second_language: str | None
    dialogue: Dialogue
    values: dict[str, SlotValue] = field(default_factory=dict)
    position: int = 0
    shown: tuple[Offered, ...] = ()

    def say(self, what: Say) -> Rendered:
        """Render and queue one message."""
        reader = Reader(
            language=what.language or self.language,
            second=self.second_language,
            explained=self.dialogue.explained,
        )
        known = Known(slots=what.slots, extra={**self.values, **what.extra})
        rendered = self.runtime.renderer.render(what.response, reader, known, now=self.now, choices=what.choices)
        self.work.outbox.say(self.conversation_id, self.cause, self.position, rendered.message.as_body(), self.now)
        self.position += 1
        self._remember(rendered)
        return rendered

    def learn(self, values: Mapping[str, SlotValue]) -> None:
        """Take up values that an effect brought (a case number), for the texts that follow."""
        self.values.update(values)

    def _remember(self, rendered: Rendered) -> None:
        # All buttons of this answer count, so that "2" is still the second of the question when a language is offered.
        self.shown += tuple(
            Offered(title=b.title, payload=b.payload, message=self.position) for b in rendered.message.buttons
        )
        self.dialogue = replace(
            self.dialogue,
            explained=self.dialogue.explained | rendered.explained,
            offered=self.shown or self.dialogue.offered,
        )
