"""`wegwijs serve`: the whole assistant in one process."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
import uvicorn

from bot.channels.webchat import WebChat
from bot.commands import demo
from bot.commands.figures import figures
from bot.commands.messengers import messengers
from bot.commands.serve_ready import Readiness
from bot.commands.work import NotManyError, shared
from bot.domain.clock import SystemClock
from bot.engine import Engine
from bot.log import keep_threads_quiet
from bot.sign_in import first_administrator
from bot.web.app import create_app
from bot.web.console.door import DEMO, HOME
from bot.web.console.entrance import Entrance
from bot.web.console.events import News
from bot.web.console.sign_in import invitation_link
from bot.web.console.site import console_routes
from bot.web.desk import Desk
from bot.web.files import file_routes, preview_file_routes
from bot.web.media import media_routes
from bot.web.pages import Pages
from bot.web.patience import Patient
from bot.wiring import file_links, open_database, preview_secret, provider, whatsapp_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from starlette.applications import Starlette
    from starlette.routing import Route

    from bot.channels.whatsapp import Account
    from bot.commands.serve_telegram import TelegramEdge
    from bot.domain.wakes import Wakes
    from bot.runtime import Channel, Runtime
    from bot.settings import Settings
    from bot.wiring import Parts

STARTED = time.monotonic()
TURNS = 2  # that a process which does everything takes at a time


@dataclass(frozen=True, kw_only=True)
class Page:
    """
    Where people look: the address, the socket that listens there, and whether its desk is the demo's.

    `drain` is for how many seconds it goes on after it was told to stop.
    """

    host: str
    listening: socket.socket
    is_demo: bool = False
    drain: float = 0.0


def run(  # noqa: PLR0913  # what `wegwijs serve` takes
    settings: Settings,
    parts: Parts,
    *,
    host: str,
    port: int,
    is_demo: bool = False,
    web_only: bool = False,
    metrics_port: int | None = None,
    drain: float = 0.0,
) -> None:
    """
    Serve until interrupted; say where to look once it answers. A demo has invented people and its own folder.

    With `web_only` other processes answer and deliver (`wegwijs work`). On `metrics_port` it tells its figures (None:
    to nobody).
    """
    if web_only and not settings.is_shared:
        raise NotManyError
    if is_demo:
        demo.refuse_elsewhere(host)
    page = Page(host=host, listening=listen(host, port), is_demo=is_demo, drain=drain)
    if is_demo:
        settings, parts = demo.made_anew(settings, parts)
    serve(settings, parts, page, web_only=web_only, fills=is_demo, metrics_port=metrics_port)


def serve(  # noqa: PLR0913  # each has a name at the call
    settings: Settings,
    parts: Parts,
    page: Page,
    *,
    web_only: bool,
    fills: bool = False,
    metrics_port: int | None = None,
) -> None:
    """Serve on a socket until interrupted; first put the demo's people in, where it `fills`."""
    webchat = WebChat()
    with open_database(settings) as database, ExitStack() as stack:
        clock = SystemClock()
        channels = stack.enter_context(messengers(settings, parts.knowledge, database, clock))
        runtime = parts.runtime(database, channels={WebChat.name: webchat, **channels}, clock=clock)
        runtime = replace(runtime, erased_list=settings.erased_list)
        bot = channels.get("telegram")
        edge = _telegram_edge(settings, runtime, bot, may_ask=not web_only) if bot else None
        routes = (*(edge.routes if edge else ()), *_whatsapp_routes(settings, runtime, whatsapp_account(settings)))
        news = News(runtime)
        entrance = Entrance(
            public_url=settings.public_url, trusted=settings.trusted_proxies, provider=provider(settings)
        )
        readiness = Readiness(runtime)
        app = application(
            runtime,
            webchat,
            secret=preview_secret(database),
            ready=readiness.report,
            webhooks=routes,
            news=news,
            entrance=entrance,
            is_demo=page.is_demo,
        )
        config = uvicorn.Config(
            app,
            log_config=None,  # its own prints the words of an error; see bot/log.py
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
            lifespan="off",
            http=Patient,
            server_header=False,
            proxy_headers=False,  # it would believe any program on this machine; TRUSTED_PROXIES says whom we believe
        )
        server = _Server(config, webchat, news, readiness=readiness, drain=page.drain)
        if fills:
            demo.fill(runtime, channel=WebChat.name)
        parts.understander.warm()
        stack.enter_context(figures(settings, runtime, metrics_port))
        stack.enter_context(_at_work(settings, runtime, (webchat.hear, news.hear), readiness, web_only=web_only))
        try:
            link = None if page.is_demo else first_administrator(runtime)
            _say_where(page, settings, link)
            if edge:
                edge.start()
            keep_threads_quiet()
            server.run(sockets=[page.listening])
        finally:
            webchat.close()
            news.close()
            if edge:
                edge.stop()


@contextmanager
def _at_work(
    settings: Settings,
    runtime: Runtime,
    listeners: Sequence[Callable[[Wakes], None]],
    readiness: Readiness,
    *,
    web_only: bool,
) -> Iterator[None]:
    """Answer, deliver and sweep; alone, or with others on a shared database."""
    if settings.is_shared:
        with shared(settings, runtime, works=0 if web_only else TURNS, listeners=listeners):
            yield
        return
    engine = Engine()
    engine.start(runtime)
    readiness.engine = engine
    try:
        yield
    finally:
        engine.stop()


def application(  # noqa: PLR0913  # all but the first two have a name at the call
    runtime: Runtime,
    webchat: WebChat,
    *,
    secret: bytes,
    webhooks: Sequence[Route] = (),
    news: News | None = None,
    entrance: Entrance | None = None,
    ready: Callable[[], Mapping[str, Any]] | None = None,
    is_demo: bool = False,
) -> Starlette:
    """
    Return all that is served: webhooks, the knowledge's files, the preview, the desk, the health check.

    `ready` is what /readyz tells; without it that is whether the database can be used.
    `news` feeds the desk's open pages; who stops the server closes it first. `entrance` is how people come to it.
    """
    news = news or News(runtime)
    runtime.database.listeners += [webchat.hear, news.hear]
    return create_app(
        Desk(runtime),
        webchat,
        secret=secret,
        health=lambda: _health(runtime),
        entrance=entrance,
        ready=ready or Readiness(runtime).report,
        clock=runtime.clock,
        more_routes=[
            *media_routes(runtime.knowledge.media),
            *file_routes(runtime, file_links(runtime.database, runtime.clock)),
            *preview_file_routes(runtime, secret, is_secure=(entrance or Entrance()).is_secure),
            *webhooks,
            *console_routes(
                runtime,
                Pages(runtime.knowledge.content.languages),
                news,
                entrance,
                is_demo=is_demo,
            ),
        ],
    )


def _telegram_edge(settings: Settings, runtime: Runtime, bot: Channel, *, may_ask: bool) -> TelegramEdge:
    from bot.channels.telegram import Telegram
    from bot.commands.serve_telegram import TelegramEdge  # its library is large: only for who has a bot

    assert isinstance(bot, Telegram)
    return TelegramEdge(settings, runtime, bot, may_ask=may_ask)


def _whatsapp_routes(settings: Settings, runtime: Runtime, account: Account | None) -> list[Route]:
    if account is None:
        return []
    from bot.web.webhooks_whatsapp import WhatsAppWebhooks

    return WhatsAppWebhooks(
        runtime=runtime,
        account_sid=account.sid,
        token=account.token,
        public_url=account.public_url,
        trusted=settings.trusted_proxies,
    ).routes()


class _Server(uvicorn.Server):
    """
    Ends when asked to, the open streams first, and lets everything behind it end too.

    With `drain` it goes on for so many seconds after it was asked, not ready for anything new; asked again it ends.
    """

    def __init__(
        self, config: uvicorn.Config, *streams: WebChat | News, readiness: Readiness, drain: float = 0.0
    ) -> None:
        super().__init__(config)
        self._streams = streams
        self._readiness = readiness
        self._drain = drain

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn sends itself the signal once more afterwards: SIGTERM would then end us with the engine at work.
        before = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self._drain and not self._readiness.draining:
            self._readiness.draining = True
            timer = threading.Timer(self._drain, self._end, (sig, frame))
            timer.daemon = True
            timer.start()
            return
        self._readiness.draining = True
        self._end(sig, frame)

    def _end(self, sig: int, frame: Any) -> None:
        for stream in self._streams:
            stream.close()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """
    Return a socket that listens there; port 0 is any that is free.

    Raises:
        ClickException: it cannot, and what to choose instead.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        hint = f"choose another with --port {port + 1}" if port else "choose another address with --host"
        raise click.ClickException(f"cannot listen on {host} port {port}: {error.strerror}; {hint}") from None
    listening.listen(128)
    return listening


def _say_where(page: Page, settings: Settings, link: str | None) -> None:
    shown = f"[{page.host}]" if ":" in page.host else page.host
    here = f"http://{shown}:{page.listening.getsockname()[1]}"
    click.echo(f"Wegwijs is ready after {time.monotonic() - STARTED:.1f} s.")
    click.echo(f"  Browser preview   {here}/")
    click.echo(f"  Demo desk         {here}{DEMO}" if page.is_demo else f"  Console           {here}{HOME}")
    click.echo(f"  Health            {here}/healthz")
    click.echo(f"  Data              {settings.data_dir}")
    if link is not None:
        click.echo("Nobody can look after the accounts yet. This link makes you the administrator; it works once:")
        click.echo(f"  {invitation_link(settings.public_url or here, link)}")
    click.echo("Stop with Ctrl-C. Nothing is lost: conversations go on where they were.")


def _health(runtime: Runtime) -> Mapping[str, Any]:
    """Return whether the database answers and how much waits."""
    try:
        waiting = runtime.database.read(lambda work: len(work.conversations.with_unread(1000)))
    except Exception as error:  # noqa: BLE001  # whatever it is, the answer is "not well"
        return {"ok": False, "database": type(error).__name__}
    return {
        "ok": True,
        "conversations_waiting": waiting,
        "questions": len(runtime.knowledge.about),
        "languages": len(runtime.knowledge.content.languages.all),
    }
