"""
How much of everything waits, told to who watches the service.

It is read from the tables when asked, and not more often than every few seconds, however many ask. A figure never says
of whom it is. Cases are counted by team and priority: that is what the team works by, it is read only by who runs the
service, and it leaves the machine only where they send it.
"""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.measure import OTHER, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from bot.runtime import Runtime
    from bot.store.stock import OpenCases, Pile, StockRow

# Who scrapes every fifteen seconds gets new figures each time; who asks in a loop costs the database nothing.
EVERY_SECONDS = 10.0
PRIORITIES = ("normal", "urgent", "crisis")


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was found at one look; `stock` is None while the database does not answer."""

    stock: StockRow | None
    at: datetime


class Stock(Collector):
    """
    Tells how much waits. It is asked by the listener's threads, several at once.

    `folder` is where the data lies: how much room is left there, and how large an embedded database has become.
    """

    def __init__(self, runtime: Runtime, folder: Path | None = None, *, every: float = EVERY_SECONDS) -> None:
        self._runtime = runtime
        self._folder = folder
        self._every = every
        self._looking = threading.Lock()
        self._look: Look | None = None
        self._looked = 0.0

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return nothing: what it tells is asked of it when somebody wants to know, not when it is registered."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every figure."""
        yield gauge("wegwijs_info", "Which version this is.", {(version("wegwijs"),): 1}, "version")
        yield from self._room()
        look = self.look()
        yield gauge("wegwijs_database_up", "1 while the database answers.", {(): 0 if look.stock is None else 1})
        if look.stock is not None:
            yield from _waiting(look.stock, look.at)
            yield from _cases(look.stock.cases, self._teams(), look.at)

    def look(self) -> Look:
        """Return what waits: as it was at most so many seconds ago."""
        with self._looking:
            if self._look is None or time.monotonic() - self._looked >= self._every:
                now = self._runtime.clock.now()
                self._look = Look(stock=self._taken(now), at=now)
                self._looked = time.monotonic()
            return self._look

    def _taken(self, now: datetime) -> StockRow | None:
        try:
            return self._runtime.database.read(lambda work: work.stock.taken(now))
        except Exception:  # noqa: BLE001  # whatever it is, what the process counted itself must still be told
            return None

    def _teams(self) -> frozenset[str]:
        return frozenset(self._runtime.knowledge.organisation.teams)

    def _room(self) -> Iterator[GaugeMetricFamily]:
        if self._folder is None:
            return
        try:
            free = shutil.disk_usage(self._folder).free
            sizes: dict[tuple[str, ...], float] = {
                (path.name.removeprefix("wegwijs."),): path.stat().st_size for path in _files(self._folder)
            }
        except OSError:
            return
        yield gauge("wegwijs_data_free_bytes", "Room that is left where the data lies.", {(): free})
        yield gauge("wegwijs_database_file_bytes", "Size of the embedded database's files.", sizes, "file")


def _files(folder: Path) -> Iterable[Path]:
    return sorted((folder / "database").glob("wegwijs.sqlite*"))


def gauge(name: str, told: str, values: Mapping[tuple[str, ...], float], *labels: str) -> GaugeMetricFamily:
    """Return a figure with its values, by the values of its labels."""
    family = GaugeMetricFamily(name, told, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def _waiting(stock: StockRow, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield from _pile(
        "unread_conversations", "Conversations with a message that was not answered yet", stock.unread, now
    )
    yield from _pile("held_messages", "Messages that wait for a yes to the notice", stock.held, now)
    yield from _pile("outbox_due", "Messages whose moment to be sent has come", stock.due, now)
    yield from _pile("reminders_due", "Reminders whose moment has come", stock.reminders, now)
    yield from _pile("pings_due", "Messages to the team whose moment has come", stock.pings, now)
    yield from _pile("files_due", "Files to fetch from a messenger, or to delete there", stock.files, now)
    yield gauge(
        "wegwijs_outbox_messages",
        "Messages that are not settled: queued, leased (on their way), waiting (until the newcomer writes), uncertain.",
        {(status,): count for status, count in stock.outbox.items()},
        "status",
    )
    yield gauge("wegwijs_outbox_failed", "Messages of the last day that did not arrive.", {(): stock.failed})
    yield gauge(
        "wegwijs_outbox_lanes_in_back_off",
        "Conversations whose next message waits for another try.",
        {(): stock.lanes_in_back_off},
    )
    yield gauge(
        "wegwijs_channel_paused_seconds",
        "Seconds that an account still rests because its messenger asked for it.",
        {(account,): seconds for account, seconds in stock.paused.items()},
        "channel",
    )
    yield gauge(
        "wegwijs_erasures_unfinished",
        "People who asked to be erased and are not yet, for a goodbye.",
        {(): stock.erasures},
    )
    yield gauge(
        "wegwijs_erasures_overdue", "Of them, those whose goodbye had time enough.", {(): stock.erasures_overdue}
    )
    yield gauge("wegwijs_desk_people", "People who are signed in at the desk.", {(): stock.sessions})


def _pile(name: str, told: str, pile: Pile, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield gauge(f"wegwijs_{name}", f"{told}.", {(): pile.count})
    yield gauge(f"wegwijs_{name}_oldest_seconds", f"{told}: for how long the oldest.", {(): pile.seconds(now)})


def _cases(found: Iterable[OpenCases], teams: frozenset[str], now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield the open cases; of a team that the organisation no longer has they are `other`."""
    states: dict[tuple[str, ...], float] = {}
    # A team with nothing to do tells so, for a figure that comes and goes cannot be compared with the day before.
    waiting: dict[tuple[str, ...], float] = {(team, priority): 0 for team in sorted(teams) for priority in PRIORITIES}
    oldest = dict(waiting)
    overdue: dict[tuple[str, ...], float] = {(team,): 0 for team in sorted(teams)}
    for one in found:
        team = one.team if one.team in teams else OTHER
        states[team, one.state] = states.get((team, one.state), 0) + one.pile.count
        overdue[(team,)] = overdue.get((team,), 0) + one.overdue
        if one.state == "queued":
            place = (team, one.priority)
            waiting[place] = waiting.get(place, 0) + one.pile.count
            oldest[place] = max(oldest.get(place, 0), one.pile.seconds(now))
    yield gauge("wegwijs_cases_open", "Open cases by team and state.", states, "team", "state")
    yield gauge("wegwijs_cases_waiting", "Cases that nobody has taken.", waiting, "team", "priority")
    yield gauge(
        "wegwijs_cases_waiting_oldest_seconds",
        "Cases that nobody has taken: for how long the oldest.",
        oldest,
        "team",
        "priority",
    )
    yield gauge("wegwijs_cases_overdue", "Cases that wait longer than the team promises.", overdue, "team")


@contextmanager
def told(runtime: Runtime, folder: Path, *, host: str, port: int) -> Iterator[None]:
    """
    Tell every figure to who asks at this address, on a listener of its own, until the block ends.

    It is never the public port: how much waits in which team is nobody's business outside, and a proxy that is set up
    wrong must not give it away. Raises OSError when the address is taken.
    """
    collectors = (Stock(runtime, folder), ProcessCollector(registry=None), PlatformCollector(registry=None))
    for collector in collectors:
        REGISTRY.register(collector)
    try:
        server, thread = start_http_server(port, host, registry=REGISTRY)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join(timeout=5)
    finally:
        for collector in collectors:
            REGISTRY.unregister(collector)
