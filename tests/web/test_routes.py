"""All that is served: what a fuzzer is told of it, and that nobody who leaves in the middle makes an error of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from starlette.routing import Mount, Route

from bot.channels.telegram import Telegram
from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.commands.throwaway import throwaway
from bot.web.console.door import Door
from bot.web.console.site import DOORS
from bot.web.webhooks_telegram import telegram_webhook
from bot.web.webhooks_whatsapp import WhatsAppWebhooks
from tests.peers.small import small_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

DESCRIBED = Path(__file__).parents[1] / "peers" / "routes.yml"
VERBS = {"get", "post", "put", "patch", "delete"}
SECRET = "telegram-secret"


@pytest.fixture(scope="module")
def app() -> Iterator[Starlette]:
    """The application as `wegwijs serve` makes it, with both messengers."""
    with throwaway(small_assistant()) as runtime:
        bot = Telegram("123456:token", api_url="http://127.0.0.1:9")
        whatsapp = WhatsAppWebhooks(runtime=runtime, account_sid="AC" + "0" * 32, token="twilio signs with this")
        webhooks = (telegram_webhook(runtime, bot, secret=SECRET), *whatsapp.routes())
        yield application(runtime, WebChat(), secret=b"1" * 32, webhooks=webhooks)
        bot.close()


def served(app: Starlette) -> set[tuple[str, str]]:
    """Return method and path of everything; HEAD comes with GET."""
    found: set[tuple[str, str]] = set()
    for route in app.routes:
        match route:
            case Route(path=path, methods=methods):
                found |= {(verb.lower(), path.replace(":path}", "}")) for verb in (methods or ()) if verb != "HEAD"}
            case Mount(path=path):
                found.add(("get", f"{path}/{{path}}"))
            case _:
                raise AssertionError(route)
    return found


def test_the_description_for_the_fuzzer_names_every_route_that_anybody_reaches(app: Starlette) -> None:
    paths = yaml.safe_load(DESCRIBED.read_text(encoding="utf-8"))["paths"]
    # Behind these somebody must be signed in: tests/console/test_matrix.py and test_fuzz.py knock on each.
    inner = {(verb.lower(), door.path) for door in DOORS if isinstance(door, Door) for verb in door.methods}
    assert inner < served(app)
    assert {(verb, path) for path, said in paths.items() for verb in said if verb in VERBS} == served(app) - inner


@pytest.mark.parametrize(
    "path",
    [
        "/messages",
        "/language",
        "/theme",
        "/restart",
        "/webhooks/telegram",
        "/webhooks/whatsapp",
        "/webhooks/whatsapp/status",
    ],
)
def test_whoever_leaves_while_posting_is_no_error_of_ours(app: Starlette, path: str) -> None:
    assert ("post", path) in served(app)
    assert asyncio.run(left_in_the_middle(app, path)) == 400


async def left_in_the_middle(app: Starlette, path: str) -> int:
    """Post half a body and leave; return the status that nobody reads."""
    heard: list[Any] = [
        {"type": "http.request", "body": b"text=Hal", "more_body": True},
        {"type": "http.disconnect"},
    ]
    said: list[Any] = []

    async def receive() -> Any:
        return heard.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    form = (b"content-type", b"application/x-www-form-urlencoded")
    secret = (b"x-telegram-bot-api-secret-token", SECRET.encode())
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), form, secret], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    await app(scope, receive, send)
    return int(said[0]["status"])
