"""The whole assistant on a tiny knowledge, with a bot at an emulated Telegram."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from bot.channels.telegram import Telegram
from bot.engine import Engine
from bot.listen import Listener
from bot.web.webhooks_telegram import SECRET_HEADER, telegram_webhook
from tests.channels import updates
from tests.channels.updates import AMINA
from tests.peers.telegram import TOKEN, free_port, until
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.runtime import Runtime
    from bot.store.rows import InboundRow
    from tests.peers.telegram import Call, Emulator

SECRET = "a_secret-that-Telegram-repeats"
SEND_SECONDS = 2.0


def post(address: str, body: bytes, secret: str | None) -> int:
    """Post to the webhook; return the status of the answer."""
    parts = urlsplit(address)
    line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    headers = {"content-type": "application/json"}
    line.request("POST", parts.path, body, headers | ({SECRET_HEADER: secret} if secret is not None else {}))
    status = line.getresponse().status
    line.close()
    return status


@dataclass
class Chat:
    """What Amina does on her phone and sees there."""

    telegram: Any  # the Emulator
    runtime: Runtime
    bot: Telegram
    shown: int = 0

    def sends(self, kind: str = "message", **parts: Any) -> int:
        """Have her send something; return its number in the row of updates."""
        return self.telegram.tell(kind, updates.message(**parts))

    def says(self, text: str) -> None:
        self.telegram.tell("message", updates.text(text))

    def presses(self, title: str) -> None:
        """Have her press the last button with this title."""
        call = next(one for one in reversed(self.messages()) if title in dict(one.buttons))
        data = dict(call.buttons)[title]
        self.telegram.tell("callback_query", updates.press(data, *call.buttons, at=call.result["message_id"]))

    def posts(self, address: str, update: object, secret: str | None) -> int:
        """Post an update as Telegram does; return the status of the answer."""
        return post(address, json.dumps(update).encode(), secret)

    def messages(self) -> list[Call]:
        """What arrived on her phone."""
        calls = [call for call in list(self.telegram.gate.calls) if call.method.startswith("send")]
        return [call for call in calls if call.chat == AMINA and call.status == 200]

    def texts(self) -> list[str]:
        return [call.fields.get("text", "") for call in self.messages()]

    def reads(self, words: str) -> bool:
        """Whether a message with these words arrives that she had not looked at before."""

        def new() -> list[int]:
            return [at for at, text in enumerate(self.texts()) if at >= self.shown and words in text]

        found = until(new)
        if found:
            self.shown = new()[0] + 1
        return found

    def inbox(self) -> list[InboundRow]:
        """What is stored of hers, in order."""

        def stored(work: Any) -> list[InboundRow]:
            writing = work.newcomers.at(Telegram.name, str(AMINA))
            return work.inbox.all_for(writing.conversation.id) if writing else []

        return self.runtime.database.read(stored)

    def stored(self, count: int) -> bool:
        return until(lambda: len(self.inbox()) >= count)

    def heard(self) -> list[str]:
        return [row.body["text"] for row in self.inbox()]


@contextmanager
def chatting(telegram: Emulator, *, token: str = TOKEN, **options: Any) -> Iterator[Chat]:
    """An assistant that answers and sends, and does not hear anything yet."""
    engine = Engine()
    bot = Telegram(token, api_url=telegram.api_url, send_seconds=SEND_SECONDS, **options)
    with at_work() as runtime:
        awake = replace(runtime, channels={Telegram.name: bot})
        engine.start(awake)
        try:
            yield Chat(telegram=telegram, runtime=awake, bot=bot)
        finally:
            engine.stop()
            bot.close()


@contextmanager
def chatting_with_nobody() -> Iterator[Chat]:
    """An assistant whose bot reaches no Telegram, and that answers nobody: for what only has to be stored."""
    bot = Telegram(TOKEN, api_url=f"http://127.0.0.1:{free_port()}", send_seconds=SEND_SECONDS)
    with at_work() as runtime:
        try:
            yield Chat(telegram=None, runtime=runtime, bot=bot)
        finally:
            bot.close()


@contextmanager
def asking(chat: Chat) -> Iterator[Listener]:
    """Long polling, quick to try again."""
    listener = Listener(chat.runtime, chat.bot, pauses=(0.05,))
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


@contextmanager
def posted_to(chat: Chat, runtime: Runtime | None = None) -> Iterator[str]:
    """The webhook on a real server; gives its address, which Telegram is not told yet."""
    port = free_port()
    app = Starlette(routes=[telegram_webhook(runtime or chat.runtime, chat.bot, secret=SECRET)])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}/webhooks/telegram"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
