"""The console's words, dates and numbers in the language of who reads it. The words stand in content/console/."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_day_names

from bot.domain.clock import AMSTERDAM, local_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime, timedelta

INTERFACES = ("nl", "en")
# Reading a language's name anew for each moment on a page would take longer than the page.
_locale = cache(Locale.parse)


@dataclass(frozen=True, kw_only=True)
class Words:
    """`words("queue_waits", count=3)`, or the moments and spans that stand between them."""

    language: str
    all: Mapping[str, Mapping[str, str]]
    now: datetime

    def __call__(self, name: str, /, **values: object) -> str:
        """
        Return the words of this name with the values filled in; Dutch where this language has none.

        Where an organisation's own content/ has no words at all, the name stands there: a page that can be used.
        """
        text = self.all.get(self.language, {}).get(name) or self.all.get("nl", {}).get(name) or name
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", str(value))
        return text

    def has(self, name: str) -> bool:
        """Return whether there are words of this name."""
        return name in self.all.get("nl", {})

    @property
    def languages(self) -> Mapping[str, str]:
        """The languages by code, as this language calls them."""
        return self.locale.languages

    @property
    def locale(self) -> Locale:
        """What Babel knows of this language."""
        return _locale(self.language)

    def time(self, moment: datetime) -> str:
        """Return the time of day in Amsterdam: 14:20."""
        return format_time(moment.astimezone(AMSTERDAM), "HH:mm", locale=self.locale)

    def day(self, day: date) -> str:
        """Return a day with its weekday: maandag 23 november."""
        pattern = "EEEE d MMMM" if day.year == local_day(self.now).year else "EEEE d MMMM y"
        return format_date(day, pattern, locale=self.locale)

    def day_of(self, moment: datetime) -> str:
        """Return the day in Amsterdam at a moment, with its weekday."""
        return self.day(local_day(moment))

    def weekday(self, number: int) -> str:
        """Return the name of a day of the week; Monday is 0."""
        return str(get_day_names("wide", context="stand-alone", locale=self.locale)[number])

    def moment(self, moment: datetime) -> str:
        """Return a moment in Amsterdam as short as it stays clear: a time today, else the day too."""
        if local_day(moment) == local_day(self.now):
            return self.time(moment)
        return format_datetime(moment.astimezone(AMSTERDAM), "EEE d MMM HH:mm", locale=self.locale)

    def span(self, span: timedelta) -> str:
        """Return about how long something takes or took: 3 uur."""
        return format_timedelta(abs(span), locale=self.locale, threshold=1.5)

    def ago(self, moment: datetime) -> str:
        """Return about how long ago something was: 3 uur."""
        return self.span(self.now - moment)
