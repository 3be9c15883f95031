"""The one clock. Everything that asks for the time asks this, so a test can hold it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        return datetime.now(UTC)


class HeldClock:
    """A clock that moves only when told."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """Return the held moment, aware, in UTC."""
        return self._moment

    def wait(self, **units: float) -> None:
        """Move on by the given days, hours, minutes or seconds (the words of `timedelta`)."""
        self._moment += timedelta(**units)


def local_day(moment: datetime) -> date:
    """Return the calendar day in Amsterdam at an aware moment."""
    return moment.astimezone(AMSTERDAM).date()
