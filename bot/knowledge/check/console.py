"""Rules about the words of the team's own pages: the same in each language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.knowledge.check.ground import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.check.ground import Ground

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def console_language(ground: Ground) -> Iterator[Finding]:
    """Words that are missing in a language would stand there in Dutch, or not at all."""
    words = ground.read.console
    every = {name for of in words.values() for name in of}
    for language in ("nl", "en"):
        for name in sorted(every - words.get(language, {}).keys()):
            yield Finding(
                place=ground.at("console", name),
                why=f"'{name}' has no words in {language}",
                mend=f"add '{language}:' to it",
            )


def console_placeholders(ground: Ground) -> Iterator[Finding]:
    """A value that only one language has a place for is lost, or stands there as {…}."""
    words = ground.read.console
    for name, dutch in words.get("nl", {}).items():
        places = set(_PLACEHOLDER.findall(dutch))
        for language, of in words.items():
            if name in of and set(_PLACEHOLDER.findall(of[name])) != places:
                yield Finding(
                    place=ground.at("console", name),
                    why=f"'{name}' has other values between {{…}} in {language} than in nl",
                    mend="use the same names between {…} in both",
                )
