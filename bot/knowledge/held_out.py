"""The messages that understanding is measured with (nlu/held_out/); no model is ever trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.knowledge import schema
from bot.knowledge.document import KnowledgeError
from bot.knowledge.load import Read, each_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.knowledge.document import Document
    from bot.knowledge.folders import Folders

NO_CRISIS = "none"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """
    One message, and what a human reader makes of it.

    Either `intent` (`out_of_scope` among them), or `crisis`: the category of content/crisis.yml, or `none` where it
    only sounds like danger.
    """

    text: str
    language: str
    intent: str | None
    crisis: str | None
    place: tuple[str, int] = ("", 0)


def held_out(folders: Folders) -> tuple[HeldOut, ...]:
    """
    Return the messages of every language.

    Raises:
        KnowledgeError: a file cannot be used; it carries every mistake that was found.

    """
    read = Read(folders=folders)
    messages = read_held_out(read)
    if read.mistakes:
        raise KnowledgeError(read.mistakes)
    return messages


def read_held_out(read: Read) -> tuple[HeldOut, ...]:
    """Read every file; what is wrong in one is reported in `read`."""
    found: list[HeldOut] = []

    def take(_read: Read, document: Document, shaped: schema.HeldOutFile) -> None:
        found.extend(_messages(document, shaped))

    each_file(read, "nlu/held_out", schema.HeldOutFile, take)
    return tuple(found)


def _messages(document: Document, shaped: schema.HeldOutFile) -> Sequence[HeldOut]:
    return [
        HeldOut(
            text=message.text,
            language=shaped.language,
            intent=message.intent,
            crisis=message.crisis,
            place=(document.name, document.line("messages", at)),
        )
        for at, message in enumerate(shaped.messages)
    ]
