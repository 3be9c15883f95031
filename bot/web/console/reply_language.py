"""In which language somebody is writing a reply, found without a model: to warn before a newcomer cannot read it."""

from __future__ import annotations

from functools import cache

from bot.nlu.language import LanguageIdentifier


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier()


def seems_otherwise(text: str, *, than: str) -> str | None:
    """Return the language that a text surely is in when it is another one; None when it is not, or nobody can tell."""
    guess = _identifier().identify(text, current=than)
    return guess.language if guess.certain and guess.language != than else None
