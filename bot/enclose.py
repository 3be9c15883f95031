"""
Files that somebody of the team sends along with a reply.

Each file goes in a message of its own, so that the outbox knows of each whether it arrived, and sends none twice. The
words go below the first one where every messenger shows them there, else before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.channels.limits import CAPTION, length
from bot.domain.turn import SentFile
from bot.handoff.case import Decline
from bot.safety.outgoing import may_go, name_of
from bot.safety.pictures import TOO_LARGE, UNKNOWN_TYPE, UNREADABLE, FileNotTakenError
from bot.safety.redaction import mask
from bot.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.turn import Message
    from bot.runtime import Runtime

MOST_FILES = 5

_DECLINES: Mapping[str, Decline] = {
    TOO_LARGE: Decline.FILE_TOO_LARGE,
    UNKNOWN_TYPE: Decline.FILE_UNKNOWN,
    UNREADABLE: Decline.FILE_UNREADABLE,
}


@dataclass(frozen=True, kw_only=True)
class Given:
    """A file as somebody chose it, by the name it has there."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A file as it may go."""

    file: SentFile
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class NotReady:
    """A file that may not go, by its name (None: it is about all of them), and why."""

    why: Decline
    name: str | None = field(default=None, repr=False)


def takes_files(runtime: Runtime, channel: str) -> bool:
    """Return whether files can be sent on this channel."""
    found = runtime.channels.get(channel)
    return found is not None and found.limits.files


def made_ready(given: Sequence[Given]) -> tuple[Ready, ...] | NotReady:
    """Return the files as they may go, or the first that may not."""
    if len(given) > MOST_FILES:
        return NotReady(why=Decline.TOO_MANY_FILES)
    ready = []
    for one in given:
        try:
            taken = may_go(one.content)
        except FileNotTakenError as error:
            return NotReady(why=_DECLINES[error.reason], name=one.name)
        file = SentFile(
            id=new_id(),
            name=mask(name_of(one.name, taken.media_type)).text,
            media_type=taken.media_type,
            size=len(taken.content),
        )
        ready.append(Ready(file=file, content=taken.content))
    return tuple(ready)


def parted(message: Message, files: Sequence[Ready]) -> tuple[tuple[Message, Ready | None], ...]:
    """Return the messages that a reply goes in, each with at most one file, in order."""
    bare = replace(message, text="", original=None)
    each = [(replace(bare, files=(one.file,)), one) for one in files]
    if not each:
        return ((message, None),)
    (first, one), *rest = each
    if not message.text:
        return tuple(each)
    # WhatsApp shows no words below a recording.
    if first.files[0].shown_as == "sound" or length(message.text) > CAPTION:
        return ((message, None), *each)
    return ((replace(message, files=first.files), one), *rest)
