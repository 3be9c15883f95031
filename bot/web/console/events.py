"""
`/desk/events`: the desk hears that a case changed, and nothing else.

One reader in this process asks the table of events what is new while somebody listens: as soon as it hears that a case
changed, and every second all the same. It tells every open page of the teams that the case is or was of. An event
carries the case's id; the page asks for its parts again, each with its own permission check. A signed-out browser's
stream ends within a second or two.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bot.answer import as_actor
from bot.domain.wakes import Wake
from bot.handoff.access import Screen, may_open
from bot.handoff.case import Role
from bot.web.console.door import HEADERS, admitted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping
    from datetime import datetime

    from starlette.requests import Request

    from bot.domain.wakes import Wakes
    from bot.handoff.case import Actor
    from bot.runtime import Runtime
    from bot.store.rows import NewsRow
    from bot.store.work import Work
    from bot.web.console.door import Site

log = structlog.get_logger()

PATH = "/desk/events"
EVERY = 1.0  # seconds between two looks when nobody says that something changed
SOONEST = 0.2  # seconds between two looks when somebody does
KEEP_ALIVE = 15.0  # seconds between signs of life on a silent stream
STREAMS_PER_SESSION = 6
# A transaction that began earlier may be seen later, so that each look goes back so far and leaves out what it knows.
OVERLAP = timedelta(seconds=10)
# A page that was just loaded may have missed what happened while it was on its way.
LOADING = timedelta(seconds=5)
# A browser that was away for longer reads everything anew.
LONGEST_AWAY = timedelta(minutes=10)
MOST = 2000  # events of one look; a page that would hear of more reads everything anew


@dataclass(eq=False, kw_only=True)
class Listener:
    """One open page: the cases it has still to hear of, each with its last event."""

    session_id: str
    who: Actor
    pending: dict[str, str] = field(default_factory=dict)
    missed: bool = False
    ended: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, row: NewsRow) -> None:
        """Note what happened, if it is for this person."""
        if concerns(self.who, row):
            self.pending.pop(row.case_id, None)
            self.pending[row.case_id] = row.id
            self.woken.set()

    def hear_too_much(self) -> None:
        """Note that more happened than can be told one by one."""
        self.pending, self.missed = {}, True
        self.woken.set()

    def end(self) -> None:
        """Close the page's stream."""
        self.ended = True
        self.woken.set()

    async def wait(self, seconds: float) -> None:
        """Return when there is something to tell, or so many seconds passed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), seconds)
        self.woken.clear()

    def told(self) -> bytes:
        """Return what there is to tell as events, and forget it."""
        pending, missed = self.pending, self.missed
        self.pending, self.missed = {}, False
        events = [f"id: {event_id}\nevent: case\ndata: {case_id}\n\n" for case_id, event_id in pending.items()]
        return ("event: missed\ndata: all\n\n" if missed else "").encode() + "".join(events).encode()


def concerns(who: Actor, row: NewsRow) -> bool:
    """Return whether somebody may know that this case changed: it is of their team, or they are its coach."""
    if not may_open(Screen.QUEUE, who):
        return False
    return bool(row.teams & who.teams) or (Role.COACH in who.roles and row.coach_id == who.id)


class News:
    """Reads what happened, once for all who listen. It lives in the event loop of its first listener."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._listeners: set[Listener] = set()
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._since: datetime = runtime.clock.now()
        self._known: dict[str, NewsRow] = {}
        self._stirred = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether the streams are to end, because the server does."""
        return self._closed

    def listening(self, session_id: str | None = None) -> int:
        """Return how many pages are open, of one session when it is named."""
        return sum(session_id in {None, one.session_id} for one in self._listeners)

    def hear(self, wakes: Wakes) -> None:
        """Look soon, if a case changed; from any thread."""
        if Wake.DESK in wakes.others and self._listeners and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._stirred.set)

    def close(self) -> None:
        """End every stream, so that the server can stop; from any thread."""
        self._closed = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and its streams with it
                self._loop.call_soon_threadsafe(self._end_all)

    @contextmanager
    def listen(self, session_id: str, who: Actor) -> Iterator[Listener]:
        """Give a listener that hears what happens from a few seconds ago on."""
        listener = Listener(session_id=session_id, who=who)
        self._loop = asyncio.get_running_loop()
        self._listeners.add(listener)
        if self._reader is None:
            self._since = self._runtime.clock.now() - OVERLAP
            self._known = {}
            self._reader = asyncio.create_task(self._read())
        loaded = self._runtime.clock.now() - LOADING
        for row in self._known.values():
            if row.at >= loaded:
                listener.hear(row)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def away_since(self, listener: Listener, event_id: str) -> None:
        """Have a page that comes back hear what happened after the last event that it got."""
        rows = await run_in_threadpool(self._runtime.database.read, partial(self._after, event_id))
        if rows is None or len(rows) == MOST:
            listener.hear_too_much()
            return
        for row in rows:
            listener.hear(row)

    def _after(self, event_id: str, work: Work) -> list[NewsRow] | None:
        at = work.queues.happened_at(event_id)
        if at is None or self._runtime.clock.now() - at > LONGEST_AWAY:
            return None
        rows = work.queues.news(at - OVERLAP, limit=MOST)
        # Ids sort by when they were made, moments by when the unit of work began.
        return [row for row in rows if row.id > event_id or row.at > at]

    def _end_all(self) -> None:
        for listener in self._listeners:
            listener.end()
        if self._reader is not None:
            self._reader.cancel()

    async def _read(self) -> None:
        try:
            while self._listeners and not self._closed:
                sessions = {listener.session_id for listener in self._listeners}
                try:
                    rows, present = await run_in_threadpool(self._look, sessions)
                except Exception as error:  # noqa: BLE001  # whatever it was, the next look may go well
                    log.warning("news of the desk not read", error=type(error).__name__)
                else:
                    self._tell(rows, sessions, present)
                await asyncio.sleep(SOONEST)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stirred.wait(), EVERY - SOONEST)
                self._stirred.clear()
        finally:
            self._reader = None

    def _look(self, sessions: Collection[str]) -> tuple[list[NewsRow], Mapping[str, Actor]]:
        now = self._runtime.clock.now()

        def look(work: Work) -> tuple[list[NewsRow], dict[str, Actor]]:
            users = {user.id: as_actor(user) for user in work.users.everybody() if user.active}
            signed_in = work.sessions.open_among(sessions, now)
            present = {session: users[user] for session, user in signed_in.items() if user in users}
            return work.queues.news(self._since, limit=MOST), present

        return self._runtime.database.read(look)

    def _tell(self, rows: list[NewsRow], sessions: Collection[str], present: Mapping[str, Actor]) -> None:
        for listener in self._listeners:
            if listener.session_id in present:
                listener.who = present[listener.session_id]  # roles and teams as they are now
            elif listener.session_id in sessions:
                listener.end()
        fresh = [row for row in rows if row.id not in self._known]
        for listener in self._listeners:
            for row in fresh:
                listener.hear(row)
            if len(rows) == MOST:
                listener.hear_too_much()
        if len(rows) == MOST:
            self._since, self._known = rows[-1].at + timedelta(microseconds=1), {}
        elif rows:
            self._since = max(self._since, rows[-1].at - OVERLAP)
            self._known = {row.id: row for row in rows if row.at >= self._since}


def events_route(site: Site, news: News) -> Route:
    """Return the route of the streams: not a page in a thread, because it stays open."""

    async def endpoint(request: Request) -> Response:
        try:
            visit = await run_in_threadpool(admitted, site, request, Screen.TODAY)
        except HTTPException as error:
            return Response(status_code=error.status_code, headers=HEADERS)
        if isinstance(visit, Response):
            return Response(status_code=401, headers=HEADERS)  # a stream cannot be led to the sign-in page
        if news.closed:
            return Response(status_code=503, headers=HEADERS)
        if news.listening(visit.session.id) >= STREAMS_PER_SESSION:
            return Response(status_code=429, headers=HEADERS)  # the page asks every half minute instead
        last = request.headers.get("last-event-id", "")
        stream = _stream(news, visit.session.id, visit.who, last)
        headers = {**HEADERS, "x-accel-buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return Route(PATH, endpoint, methods=["GET"])


async def _stream(news: News, session_id: str, who: Actor, last: str) -> AsyncIterator[bytes]:
    with news.listen(session_id, who) as listener:
        yield b"retry: 3000\n\n"
        if last:
            await news.away_since(listener, last)
        while not (listener.ended or news.closed):
            await listener.wait(KEEP_ALIVE)
            if not listener.ended:
                yield listener.told() or b": still here\n\n"
