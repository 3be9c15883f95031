"""
The browser preview: a page that looks like a phone chat, for trying the assistant on one's own machine.

It works without JavaScript (forms and redirects); with it, the same routes answer in JSON.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.domain.clock import AMSTERDAM, Clock
from bot.domain.turn import Button, Inbound, Kind
from bot.web.pace import Pace
from bot.web.pages import Pages, wants_json
from bot.web.parts import Part, as_typed, parts_of
from bot.web.session import Session, Sessions, is_from_here, is_theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import datetime

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from bot.channels.webchat import WebChat
    from bot.domain.languages import Direction, Languages
    from bot.domain.turn import Media, SentFile

LONGEST_TEXT = 4096  # characters; what Telegram takes in one message
LARGEST_FORM = 256 * 1024  # bytes; a text well over the limit still arrives whole, so that it can be kept
DRAINED = 4 * 1024 * 1024  # bytes; read and dropped, so that the browser shows our page and not its own
MESSAGE_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
PAYLOAD_LANGUAGE = "/language "

KEEP_ALIVE = 15.0  # seconds between signs of life on an event stream
STREAMS_PER_SESSION = 4  # a browser keeps six connections to one site; the rest stay free for posts
ANSWER_WITHIN = 2.5  # seconds that a page without JavaScript waits for the answer before it shows itself
POSTS_FROM_A_HOUSE = 120  # a minute, from one address: of a whole class behind it
LOOK_AGAIN = 5  # times that a page without JavaScript reloads itself while an answer is being written


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message on the page, the visitor's or ours. `at` is aware; *stars* stand around official words."""

    number: int
    mine: bool
    text: str
    language: str
    direction: Direction
    buttons: tuple[Button, ...]
    at: datetime
    media: tuple[Media, ...] = ()
    files: tuple[SentFile, ...] = ()

    @property
    def time(self) -> str:
        """The time of day in Amsterdam."""
        return self.at.astimezone(AMSTERDAM).strftime("%H:%M")

    @property
    def parts(self) -> tuple[Part, ...]:
        """The text, ready to show."""
        return as_typed(self.text) if self.mine else parts_of(self.text, self.language)

    def as_json(self) -> dict[str, Any]:
        """Return the line for the page's script. A button is known by its place; its payload stays here."""
        return {
            "number": self.number,
            "mine": self.mine,
            "language": self.language,
            "direction": self.direction,
            "at": self.at.isoformat(),
            "time": self.time,
            "parts": [part.as_json() for part in self.parts],
            "buttons": [button.title for button in self.buttons],
            "media": [
                *({"src": f"/{one.path}", "alt": one.alt, "sound": one.is_sound} for one in self.media),
                *(
                    {"src": f"/sent/{one.id}", "alt": one.name, "sound": one.shown_as == "sound"}
                    | ({"save": True} if one.shown_as == "other" else {})
                    for one in self.files
                ),
            ],
        }


class PreviewDesk(Protocol):
    """What the preview asks of the assistant. Every method is called from a worker thread."""

    @property
    def languages(self) -> Languages:
        """The languages to choose from."""
        ...

    def labels(self, language: str) -> Mapping[str, str]:
        """Return the page's own words, by response name (`utter_preview_send`), in this language."""
        ...

    def take_in(self, inbound: Inbound) -> None:
        """Store the message and wake whoever answers; the same provider id never counts twice."""
        ...

    def timeline(self, address: str, after: int) -> list[Line]:
        """
        Return the lines of this conversation with a number above `after`, in order.

        Numbers grow in the order in which lines become visible: a page never asks again for what lies before
        the last line it has.
        """
        ...

    def busy(self, address: str) -> bool:
        """Return whether an answer to this person is being written, or is not on the timeline yet."""
        ...


class Preview:
    """The routes of the preview."""

    def __init__(  # noqa: PLR0913  # its parts
        self,
        desk: PreviewDesk,
        webchat: WebChat,
        pages: Pages,
        sessions: Sessions,
        clock: Clock,
        *,
        caller: Callable[[Request], str],
    ) -> None:
        self._desk = desk
        self._webchat = webchat
        self._pages = pages
        self._sessions = sessions
        self._clock = clock
        self._pace = Pace(clock)
        # Whoever begins anew at every post is somebody else each time, from the same house.
        self._caller = caller
        self._pace_of_a_house = Pace(clock, limit=POSTS_FROM_A_HOUSE)

    def routes(self) -> list[BaseRoute]:
        """Return what the preview answers to."""
        return [
            Route("/", self.show, methods=["GET"]),
            Route("/messages", self.lines, methods=["GET"]),
            Route("/messages", self.write, methods=["POST"]),
            Route("/events", self.events, methods=["GET"]),
            Route("/language", self.choose_language, methods=["POST"]),
            Route("/theme", self.choose_theme, methods=["POST"]),
            Route("/restart", self.restart, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the conversation."""
        return await self._chat(request, self._sessions.read(request))

    async def lines(self, request: Request) -> Response:
        """Return what came after line `after`, for the page's script."""
        session = self._sessions.read(request)
        if session is None:
            raise HTTPException(403)
        after = request.query_params.get("after", "0")
        number = int(after) if after.isascii() and after.isdigit() and len(after) <= len(str(2**53)) else 0
        return JSONResponse(await run_in_threadpool(self._news, session, number))

    async def events(self, request: Request) -> Response:
        """Say "changed" whenever this conversation changed. What changed is asked for at /messages."""
        session = self._sessions.read(request)
        if session is None:
            raise HTTPException(403)
        if self._webchat.listening(session.address) >= STREAMS_PER_SESSION:
            raise HTTPException(429)
        return StreamingResponse(
            self._changes(session.address),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def write(self, request: Request) -> Response:
        """Take a message or a button in."""
        form = await read_form(request)
        session = await self._admit(request, form)
        if isinstance(session, Response):
            return session
        text = _clean(form.get("text", ""))
        if len(text) > LONGEST_TEXT:
            return await self._refuse(request, session, 422, "utter_preview_too_long", text)

        button = None
        if choice := form.get("choice"):
            button = await run_in_threadpool(self._chosen, session.address, choice)
            if button is None:
                return await self._refuse(request, session, 409, "utter_preview_expired", "")
        if button is None and not text:
            return await self._onward(request, session)

        if button and button.payload.startswith(PAYLOAD_LANGUAGE):
            language = self._desk.languages.known(button.payload.removeprefix(PAYLOAD_LANGUAGE).strip())
            session = replace(session, language=language or session.language)
        await self._take_in(request, session, form, text, button)
        return await self._onward(request, session)

    async def choose_language(self, request: Request) -> Response:
        """Set the page's language, and tell the assistant as if its own button was pressed."""
        form = await read_form(request)
        session = await self._admit(request, form)
        if isinstance(session, Response):
            return session
        code = self._desk.languages.known(form.get("language"))
        if code is not None:
            session = replace(session, language=code)
            button = Button(title=self._desk.languages.all[code].name, payload=f"{PAYLOAD_LANGUAGE}{code}")
            await self._take_in(request, session, form, "", button)
        return await self._onward(request, session)

    async def choose_theme(self, request: Request) -> Response:
        """Set light or dark, over what the device asks for."""
        form = await read_form(request)
        session = await self._admit(request, form)
        if isinstance(session, Response):
            return session
        theme = form.get("theme")
        return self._redirect(request, replace(session, theme=theme) if is_theme(theme) else session)

    async def restart(self, request: Request) -> Response:
        """Begin anew at a fresh address, in the same language and colours."""
        form = await read_form(request)
        session = await self._admit(request, form)
        if isinstance(session, Response):
            return session
        return self._redirect(request, Session.fresh(language=session.language, theme=session.theme))

    async def _admit(self, request: Request, form: Mapping[str, str]) -> Session | Response:
        """Return the session that may post, or the answer that says why it may not."""
        if not is_from_here(request):
            raise HTTPException(403)
        session = self._sessions.read(request)
        text = _clean(form.get("text", ""))
        if session is None or not self._sessions.is_token_of(session, form.get("token", "")):
            return await self._refuse(request, None, 403, "utter_preview_expired", text)
        of_a_house = self._pace_of_a_house.seconds_to_wait(self._caller(request))
        if wait := max(of_a_house, self._pace.seconds_to_wait(session.address)):
            refused = await self._refuse(request, session, 429, "utter_preview_too_many", text)
            refused.headers["retry-after"] = str(wait)
            return refused
        return session

    async def _take_in(
        self, request: Request, session: Session, form: Mapping[str, str], text: str, button: Button | None
    ) -> None:
        given = form.get("id", "")
        once = given if MESSAGE_ID.fullmatch(given) else str(uuid4())
        # The words are part of the id: a page from the browser's history may post new words under an old id.
        words = (button.payload, button.title) if button else (text,)
        inbound = Inbound(
            channel=self._webchat.name,
            address=session.address,
            provider_id=self._sessions.digest(session, once, *words),
            kind=Kind.BUTTON if button else Kind.TEXT,
            text=button.title if button else text,
            payload=button.payload if button else None,
            received_at=self._clock.now(),
            language_hint=self._pages.visitor(request, session).language.code,
        )
        await run_in_threadpool(self._desk.take_in, inbound)
        self._webchat.wake(session.address)

    async def _onward(self, request: Request, session: Session) -> Response:
        """Answer a post that went well. Without a script the page waits a moment, to show the answer at once."""
        if wants_json(request):
            language = self._pages.visitor(request, session).language.code
            response: Response = JSONResponse({"language": language})
            self._sessions.write(request, response, session)
            return response
        await self._until_answered(session.address)
        return self._redirect(request, session)

    def _redirect(self, request: Request, session: Session) -> Response:
        response = RedirectResponse("/#end", 303)
        self._sessions.write(request, response, session)
        return response

    async def _refuse(self, request: Request, session: Session | None, status: int, label: str, text: str) -> Response:
        """Say why the post was not taken, on a page that still holds its text."""
        if wants_json(request):
            visitor = self._pages.visitor(request, session)
            labels = await run_in_threadpool(self._desk.labels, visitor.language.code)
            return self._pages.problem(request, visitor, labels, status=status, label=label)
        return await self._chat(request, session, status=status, notice=label, text=text)

    async def _chat(
        self,
        request: Request,
        session: Session | None,
        *,
        status: int = 200,
        notice: str | None = None,
        text: str = "",
    ) -> Response:
        session = session or Session.fresh()
        visitor = self._pages.visitor(request, session)
        labels = await run_in_threadpool(self._desk.labels, visitor.language.code)
        lines = await run_in_threadpool(self._desk.timeline, session.address, 0)
        busy = await run_in_threadpool(self._desk.busy, session.address)
        looked = request.query_params.get("again", "0")
        again = int(looked) + 1 if looked in {str(n) for n in range(LOOK_AGAIN)} else None
        response = self._pages.page(
            "chat.html",
            visitor,
            labels,
            status=status,
            lines=lines,
            open_line=open_line(lines),
            busy=busy,
            again=again if busy and not notice else None,
            notice=labels[notice] if notice else None,
            text=text,
            token=self._sessions.token(session),
            tag=self._sessions.digest(session, "tag")[:12],
            longest=LONGEST_TEXT,
        )
        self._sessions.write(request, response, session)
        return response

    def _news(self, session: Session, after: int) -> dict[str, Any]:
        # Busy is read first: an answer that lands in between shows a moment of "typing", never a silence.
        busy = self._desk.busy(session.address)
        lines = self._desk.timeline(session.address, after)
        return {"lines": [line.as_json() for line in lines], "busy": busy}

    def _chosen(self, address: str, choice: str) -> Button | None:
        """Return the button at `<line number>:<place>` of this conversation."""
        match = re.fullmatch(r"(\d{1,16}):(\d{1,2})", choice, re.ASCII)
        if match is None:
            return None
        number, place = int(match[1]), int(match[2])
        for line in self._desk.timeline(address, number - 1):
            if line.number == number and not line.mine and place < len(line.buttons):
                return line.buttons[place]
        return None

    async def _until_answered(self, address: str) -> None:
        """Wait until nothing of this person is being worked on, or for as long as a page load may last."""
        with self._webchat.listen(address) as waiter, suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN):
                while await run_in_threadpool(self._desk.busy, address):
                    await waiter.wait(0.25)

    async def _changes(self, address: str) -> AsyncIterator[bytes]:
        with self._webchat.listen(address) as waiter:
            yield b"retry: 3000\n\n"
            while not self._webchat.closed:
                changed = await waiter.wait(KEEP_ALIVE)
                yield b"data: changed\n\n" if changed else b": still here\n\n"


def open_line(lines: list[Line]) -> int | None:
    """Return the line whose buttons can be pressed: the last one with buttons, until the person writes."""
    for line in reversed(lines):
        if line.mine:
            return None
        if line.buttons:
            return line.number
    return None


async def read_form(request: Request) -> dict[str, str]:
    """Return the posted fields; raise a 413 when there is more than a form of ours can hold."""
    body = bytearray()
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read <= LARGEST_FORM:
            body += chunk
        elif read > DRAINED:
            break
    if read > LARGEST_FORM:
        raise HTTPException(413)
    with suppress(ValueError):  # more fields than any form of ours
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    return {}


def _clean(text: str) -> str:
    """Return the text with plain line ends and without control characters (PostgreSQL refuses a NUL)."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
