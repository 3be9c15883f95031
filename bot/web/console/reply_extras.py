"""What helps somebody who writes a reply: texts to choose from, files, a machine's translation. Nothing of it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot import prepare
from bot.domain.words import CANNED, TYPED
from bot.enclose import MOST_FILES, Given, takes_files
from bot.handoff.case import Act
from bot.safety.outgoing import ACCEPTED, MOST_BYTES
from bot.web.console.reply_language import seems_otherwise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.look import CaseFile
    from bot.prepare import Filled
    from bot.web.console.door import Visit

MEGABYTE = 1_000_000
# How a field for something to fill in is asked.
INPUTS: Mapping[str, str] = {"reply_date": "date", "reply_time": "time", "reply_phone": "tel"}


def extras(visit: Visit, file: CaseFile, original: str) -> dict[str, Any]:
    """Return what stands below the box of a reply; `original` is what a machine's proposal in it was made of."""
    if Act.REPLY not in file.may:
        return {}
    chosen = visit.asked("canned")
    return {
        "canned": [(name.removeprefix(CANNED), title(visit, name)) for name in prepare.offered(visit.runtime)],
        "filled": filled(visit, file, chosen, language=file.language) if chosen else None,
        "is_put": bool(visit.asked("put")),
        "inputs": INPUTS,
        "takes_files": takes_files(visit.runtime, file.channel),
        "accepted": ACCEPTED,
        "most_files": MOST_FILES,
        "megabytes": MOST_BYTES // MEGABYTE,
        "original": original,
        "may_translate": visit.runtime.translator is not None and file.case.priority != "crisis",
    }


def title(visit: Visit, name: str) -> str:
    """Return the short name of a text to choose: the console's, else its first line."""
    words = f"replies_title_{name.removeprefix(CANNED)}"
    if visit.words.has(words):
        return visit.words(words)
    return visit.runtime.knowledge.content.responses[name].variants[-1].text.split("\n")[0]


def filled(visit: Visit, file: CaseFile, short: str, *, language: str) -> Filled | None:
    """Return a text by its short name, filled in with what the desk knows and what was typed."""
    typed = {place: visit.given(place) for place in TYPED}
    return prepare.fill(visit.runtime, visit.user.id, file.case, f"{CANNED}{short}", language=language, typed=typed)


def given_files(visit: Visit) -> list[Given]:
    """Return the files that were chosen."""
    return [Given(name=file.filename or "", content=file.file.read()) for file in visit.files("file")]


def written_in(visit: Visit, text: str, *, target: str) -> str:
    """Return the language that somebody surely wrote in, else the one in which they use the console."""
    return seems_otherwise(text, than=target) or visit.user.interface
