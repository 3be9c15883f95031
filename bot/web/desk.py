"""What the browser preview asks of the assistant, answered by the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.webchat import WebChat
from bot.content.render import Known, Reader
from bot.domain.turn import Message
from bot.receive import take_in
from bot.web.preview import Line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.languages import Languages
    from bot.domain.turn import Inbound
    from bot.runtime import Runtime
    from bot.store.rows import ConversationRow, InboundRow, NewcomerRow, OutboxRow
    from bot.store.work import Work

LABELS = "utter_preview_"


class Desk:
    """The preview's desk: the same inbox and outbox as every other channel."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def languages(self) -> Languages:
        """The languages to choose from."""
        return self._runtime.knowledge.content.languages

    def labels(self, language: str) -> Mapping[str, str]:
        """Return the page's own words in this language."""
        reader = Reader(language=language, explained=frozenset({f"language:{language}"}))
        now = self._runtime.clock.now()
        return {
            name: self._runtime.renderer.render(name, reader, Known(), now=now).message.text
            for name in self._runtime.knowledge.content.responses
            if name.startswith(LABELS)
        }

    def take_in(self, inbound: Inbound) -> None:
        """Store the message and wake the engine."""
        take_in(self._runtime, inbound)

    def timeline(self, address: str, after: int) -> list[Line]:
        """Return what this person wrote and what was delivered to them, after the moment `after`."""
        return self._runtime.database.read(lambda work: self._lines(work, address, after))

    def busy(self, address: str) -> bool:
        """Return whether an answer is still on its way."""
        return self._runtime.database.read(lambda work: self._is_busy(work, address))

    def _lines(self, work: Work, address: str, after: int) -> list[Line]:
        found = work.newcomers.at(WebChat.name, address)
        if found is None:
            return []
        newcomer, conversation = found.newcomer, found.conversation
        lines = [self._mine(row, newcomer) for row in work.inbox.all_for(conversation.id) if row.body]
        lines += [
            self._ours(row, row.sent_at)
            for row in work.outbox.all_for(conversation.id)
            if row.sent_at is not None and row.body
        ]
        return sorted((line for line in lines if line.number > after), key=lambda line: line.number)

    def _mine(self, row: InboundRow, newcomer: NewcomerRow) -> Line:
        language = self.languages.known(newcomer.language) or self.languages.fallback[0]
        return Line(
            number=_moment(row.received_at),
            mine=True,
            text=str(row.body.get("text") or ""),
            language=language,
            direction=self.languages.direction(language),
            buttons=(),
            at=row.received_at,
        )

    def _ours(self, row: OutboxRow, sent_at: datetime) -> Line:
        message = Message.from_body(row.body)
        return Line(
            number=_moment(sent_at),
            mine=False,
            text=message.text,
            language=message.language,
            direction=message.direction,
            buttons=message.buttons,
            at=sent_at,
            media=message.media,
            files=message.files,
        )

    def _is_busy(self, work: Work, address: str) -> bool:
        found = work.newcomers.at(WebChat.name, address)
        if found is None:
            return False
        conversation: ConversationRow = found.conversation
        waiting = any(row.status in {"queued", "leased"} for row in work.outbox.all_for(conversation.id))
        return waiting or bool(work.inbox.unread(conversation.id))


def _moment(at: datetime) -> int:
    """Return microseconds since 1970: moments are taken inside the unit of work, so they grow as lines appear."""
    return int(at.timestamp() * 1_000_000)
