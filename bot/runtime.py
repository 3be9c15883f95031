"""What every verb has at hand. Few fields: it must not swell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.channels.limits import Limits
    from bot.content.render import Renderer
    from bot.domain.clock import Clock
    from bot.domain.messenger import Letter
    from bot.flows.runner import Runner
    from bot.knowledge.knowledge import Knowledge
    from bot.nlu.model import Understanding
    from bot.safety.crisis import CrisisGuard
    from bot.store.database import Database


class Channel(Protocol):
    """A messenger, as the delivering verb sees it. Every method may be called from several threads at once."""

    @property
    def name(self) -> str:
        """The channel's name in the tables."""
        ...

    @property
    def limits(self) -> Limits:
        """What the messenger takes: length, rate, window."""
        ...

    def send(self, letter: Letter) -> str:
        """
        Hand the message over within `SEND_SECONDS` and return the messenger's id for it.

        Raises:
            DeliveryError: it was not taken, or nobody knows; the error says what helps.

        """
        ...


@runtime_checkable
class HasFiles(Channel, Protocol):
    """A messenger that newcomers send files through."""

    def fetch(self, reference: str, *, at_most: int) -> bytes:
        """
        Return the file, of at most so many bytes.

        Raises:
            FileRefusedError: it is larger, or gone, or out of reach for now.

        """
        ...

    def discard(self, reference: str) -> None:
        """
        Delete the file at the provider, where it can be; harmless when it is gone, or cannot be.

        Raises:
            FileRefusedError: it is still there; the error says whether another try can help.

        """
        ...


class Understands(Protocol):
    """What finds the meaning of a message."""

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        """Return language, the best intents and whether it is for us at all; `language` is the one on file."""
        ...


class Translates(Protocol):
    """A machine that translates."""

    def translate(self, text: str, source: str, target: str) -> str:
        """
        Return the text in the language `target`.

        Raises:
            TranslationError: there is no translation; it says why.

        """
        ...


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """The parts of one running assistant."""

    database: Database
    knowledge: Knowledge
    runner: Runner
    renderer: Renderer
    understander: Understands
    guard: CrisisGuard
    clock: Clock
    channels: Mapping[str, Channel] = field(default_factory=dict)
    mail: Channel | None = None  # to the team, never to newcomers
    desk_url: str | None = None  # where the console is found from outside
    translator: Translates | None = None
    erased_list: Path | None = None  # where it is written outside the database who was erased
