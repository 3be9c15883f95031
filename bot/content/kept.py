"""The page with everything that is kept about somebody: it needs nothing else, and each text has its direction."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.domain.clock import AMSTERDAM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Template

# What a browser may show inside the page; anything else of ours is offered as a file to keep.
SHOWN = ("image/jpeg", "image/png", "image/webp")
HEARD = ("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr")
OFFERED = ("application/pdf", *HEARD)


def page_of(
    kept: Mapping[str, Any],
    words: Callable[[str], str],
    named: Callable[[str, str], str],
    *,
    language: str,
    direction: str,
) -> str:
    """
    Return the page.

    `kept` is what `bot/export.py` gathered, `words` gives what stands around it, `named` what a wish's code is called.
    """

    def moment(iso: str | None) -> str:
        return "" if iso is None else _written(datetime.fromisoformat(iso), language)

    def day(iso: str | None) -> str:
        return "" if iso is None else format_date(date.fromisoformat(iso), "d MMMM y", locale=_locale(language))

    return _template().render(
        kept=kept,
        words=words,
        named=named,
        language=language,
        direction=direction,
        moment=moment,
        day=day,
        shown=SHOWN,
        heard=HEARD,
        offered=OFFERED,
    )


def _written(moment: datetime, language: str) -> str:
    return format_datetime(moment.astimezone(AMSTERDAM), "d MMMM y, HH:mm", locale=_locale(language))


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("nl")


@cache
def _template() -> Template:
    here = FileSystemLoader(Path(__file__).parent)
    around = Environment(loader=here, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return around.get_template("kept.html")
