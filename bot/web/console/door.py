"""
Who comes in at the console: a session that both factors opened, the role that a page is for, a form that is ours.

What a door does not let through reaches no page. Which case somebody may see is asked further in, by `bot/look.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.answer import as_actor
from bot.handoff.access import MAY_OPEN, Screen
from bot.handoff.case import Role
from bot.look_up import waiting_for
from bot.sign_in import IDLE, LONGEST
from bot.web.console.entrance import Entrance
from bot.web.console.words import INTERFACES, Words
from bot.web.session import is_from_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from starlette.types import Message

    from bot.handoff.case import Actor
    from bot.runtime import Runtime
    from bot.store.rows import SessionRow, UserRow
    from bot.web.pages import Pages

HOME = "/desk"
SIGN_IN = "/desk/sign-in"
DEMO = "/desk/demo"  # the way in to a demo, where nobody has a password
# How often a session's last use is written down: not at every part of a page.
NOTED_EVERY = timedelta(minutes=5)
LARGEST_FORM = 26 * 1024 * 1024  # bytes: a file of twenty megabytes and what stands around it
LARGEST_AT_THE_DOOR = 64 * 1024  # bytes: a name and a password, of somebody whom nobody knows yet
MOST_FILES, MOST_FIELDS = 5, 200

HEADERS: Mapping[str, str] = {
    # As strict as the preview's, but for the trusted types: htmx puts the parts that we render into the page itself.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Site:
    """What every page of the console has at hand."""

    runtime: Runtime
    pages: Pages
    entrance: Entrance = field(default_factory=Entrance)
    is_demo: bool = False

    def words(self, language: str) -> Words:
        """Return the console's words in this language."""
        known = language if language in INTERFACES else INTERFACES[0]
        return Words(language=known, all=self.runtime.knowledge.console, now=self.runtime.clock.now())


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Somebody at the door: nobody knows yet who."""

    site: Site
    request: Request
    words: Words
    form: FormData = field(default_factory=FormData)

    @property
    def runtime(self) -> Runtime:
        """The assistant's parts."""
        return self.site.runtime

    @property
    def now(self) -> datetime:
        """The moment."""
        return self.runtime.clock.now()

    def given(self, name: str) -> str:
        """Return a field of the form, without the blanks around it; empty when it is not there."""
        value = self.form.get(name)
        return value.strip() if isinstance(value, str) else ""

    def chosen(self, name: str) -> list[str]:
        """Return every value of a field that may be given more than once."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def files(self, name: str) -> list[UploadFile]:
        """Return the files that were chosen."""
        return [value for value in self.form.getlist(name) if isinstance(value, UploadFile) and value.filename]

    def asked(self, name: str) -> str:
        """Return a value from the address, empty when it is not there."""
        return str(self.request.query_params.get(name, ""))

    @property
    def cookie(self) -> str:
        """The secret that the browser carries; empty when it has none."""
        return self.site.entrance.secret(self.request)

    @property
    def is_part(self) -> bool:
        """Whether the page's script asks for a part of it."""
        return self.request.headers.get("hx-request") == "true"

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page, or a part of one. `say` are the words, `me` who reads (None at the door)."""
        html = self.site.pages.html(f"console/{template}", **self._around(), **values)
        return HTMLResponse(html, status, headers=HEADERS)

    def problem(self, status: int) -> Response:
        """Say on a page of its own what is wrong and what to do."""
        name = f"problem_{status}"
        text = self.words(name if self.words.has(name) else "problem_other")
        return self.page("problem.html", status=status, problem=text)

    def go(self, path: str, *, said: str | None = None, **values: str) -> Response:
        """Send the browser on, with the name of what is to be said there."""
        query = urlencode({**({"said": said} if said else {}), **values})
        return RedirectResponse(f"{path}?{query}" if query else path, 303, headers=HEADERS)

    def _around(self) -> dict[str, Any]:
        said = self.asked("said")
        name = f"said_{said}"
        return {
            "say": self.words,
            "me": None,
            "may_open": frozenset(),
            "token": "",
            "said": self.words(name) if said and self.words.has(name) else "",
            "path": self.request.url.path,
            "demo": DEMO if self.site.is_demo else "",
        }


@dataclass(frozen=True, kw_only=True)
class Visit(Guest):
    """Somebody of the team who is signed in, at a page that is for them."""

    user: UserRow
    session: SessionRow
    token: str

    @property
    def who(self) -> Actor:
        """Who it is, as the rules see them."""
        return as_actor(self.user)

    def _around(self) -> dict[str, Any]:
        may = {screen.value for screen, roles in MAY_OPEN.items() if roles & self.who.roles}
        if self.who.roles == {Role.ORGANISER}:
            may.discard(Screen.TODAY.value)  # their day is their offers
        # A part of a page has no list of pages around it.
        unanswered, has_some = (0, False) if self.is_part else waiting_for(self.runtime, self.user)
        if not has_some:
            may.discard(Screen.QUESTIONS.value)  # no organisation asked their team anything yet
        return {**super()._around(), "me": self.user, "may_open": may, "token": self.token, "unanswered": unanswered}


@dataclass(frozen=True, kw_only=True)
class Door:
    """A page for who is signed in and may open this screen. Its endpoint runs in a thread of its own."""

    path: str
    screen: Screen
    endpoint: Callable[[Visit], Response]
    methods: tuple[str, ...] = ("GET",)


@dataclass(frozen=True, kw_only=True)
class FrontDoor:
    """A page before anybody signed in."""

    path: str
    endpoint: Callable[[Guest], Response]
    methods: tuple[str, ...] = ("GET",)


def token_of(secret: str) -> str:
    """Return what every form of a session carries; nobody can make it who has not the session's cookie."""
    return hashlib.blake2b(secret.encode(), key=b"wegwijs console form", digest_size=18).hexdigest()


def routes(site: Site, doors: Iterable[Door | FrontDoor]) -> list[Route]:
    """Return the routes of these doors."""
    return [Route(door.path, _through(site, door), methods=list(door.methods)) for door in doors]


def _through(site: Site, door: Door | FrontDoor) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        form = FormData()
        try:
            _refuse_before_reading(request, LARGEST_AT_THE_DOOR if isinstance(door, FrontDoor) else LARGEST_FORM)
            if isinstance(door, FrontDoor):
                form = await _form(request, LARGEST_AT_THE_DOOR)
                return await run_in_threadpool(door.endpoint, _guest(site, request, form))
            # Who is not in posts nothing: the form of a stranger is not even read.
            visit = await run_in_threadpool(admitted, site, request, door.screen)
            if isinstance(visit, Response):
                return visit
            form = await _form(request, LARGEST_FORM)
            return await run_in_threadpool(door.endpoint, _with_form(visit, form))
        except HTTPException as error:
            return _guest(site, request, form).problem(error.status_code)
        finally:
            await form.close()

    return endpoint


def _guest(site: Site, request: Request, form: FormData) -> Guest:
    return Guest(site=site, request=request, words=site.words(_browser_language(request)), form=form)


def _refuse_before_reading(request: Request, most: int) -> None:
    """Refuse a form of another site, and one that says itself that it is too large."""
    if request.method in {"GET", "HEAD"}:
        return
    if not is_from_here(request):
        raise HTTPException(403)
    length = request.headers.get("content-length", "")
    # Without a length nobody can tell when it is too much; every browser gives one.
    if not (length.isascii() and length.isdigit()):
        raise HTTPException(411)
    if int(length) > most:
        raise HTTPException(413)


async def _form(request: Request, most: int) -> FormData:
    """Return what was posted, of at most so many bytes; nothing for a page that is asked for."""
    if request.method in {"GET", "HEAD"}:
        return FormData()
    read = 0

    async def counted() -> Message:
        # What is sent in chunks may be longer than it says.
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413)
        return message

    form = Request(request.scope, counted).form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=most)
    return await form


def _with_form(visit: Visit, form: FormData) -> Visit:
    """
    Return the visit with what was posted.

    Raises:
        HTTPException: 403: the form is not from a page of ours.

    """
    given = form.get("token")
    if visit.request.method not in {"GET", "HEAD"} and not (
        isinstance(given, str) and hmac.compare_digest(given.encode(), visit.token.encode())
    ):
        raise HTTPException(403)
    return replace(visit, form=form)


def admitted(site: Site, request: Request, screen: Screen) -> Visit | Response:
    """
    Return the visit of who is signed in and may open this screen, or the answer that sends them to the door.

    Raises:
        HTTPException: 403: the page is not for them.

    """
    secret = site.entrance.secret(request)
    # A page that asks for its parts by itself is not somebody at work: a desk that was left must shut in time.
    by_itself = request.method == "GET" and request.headers.get("hx-request") == "true"
    found = signed_in(site.runtime, secret, counts=not by_itself) if secret else None
    if found is None:
        return _to_the_door(site, request)
    session, user = found
    visit = Visit(
        site=site,
        request=request,
        words=site.words(user.interface),
        user=user,
        session=session,
        token=token_of(secret),
    )
    if not visit.who.roles & MAY_OPEN[screen]:
        raise HTTPException(403)
    return visit


def signed_in(runtime: Runtime, secret: str, *, counts: bool = True) -> tuple[SessionRow, UserRow] | None:
    """
    Return the session of this cookie and whose it is; None when it is over, half open, or the account is off.

    What `counts` as use keeps the session open for another half day.
    """
    now = runtime.clock.now()

    def find(work: Any) -> tuple[SessionRow, UserRow] | None:
        session = work.sessions.find(secret, now)
        user = work.users.get(session.user_id) if session is not None and session.confirmed_at is not None else None
        return (session, user) if user is not None and user.active else None

    found = runtime.database.read(find)
    if found is not None and counts and now - found[0].seen_at > NOTED_EVERY:
        until = min(now + IDLE, found[0].created_at + LONGEST)
        runtime.database.write(lambda work: work.sessions.seen(found[0].id, now, until))
    return found


def _to_the_door(site: Site, request: Request) -> Response:
    here = request.url.path if request.method == "GET" else HOME
    where = DEMO if site.is_demo else f"{SIGN_IN}?{urlencode({'next': here})}"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={**HEADERS, "hx-redirect": where})
    return RedirectResponse(where, 303, headers=HEADERS)


def _browser_language(request: Request) -> str:
    wanted = (part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((code for code in wanted if code in INTERFACES), INTERFACES[0])
