"""
Telegram, through python-telegram-bot.

That library is asynchronous: it has a thread of its own here, and the rest of the house calls it as it calls anything.
The token stands in every address that is called. So no address, no error text of the library and none of its log lines
leaves this file: what went wrong is told by a code of `telegram_errors`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections import OrderedDict
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
import telegram
from telegram.error import BadRequest, InvalidToken
from telegram.request import HTTPXRequest

from bot.channels.errors import DeliveryError, FileRefusedError
from bot.channels.limits import CAPTION, SEND_SECONDS, TELEGRAM
from bot.channels.telegram_buttons import Payloads, keyboard
from bot.channels.telegram_errors import explained
from bot.channels.telegram_news import ALLOWED_UPDATES, CHANNEL, NotAnUpdateError, Told, read
from bot.channels.telegram_text import Piece, pieces
from bot.domain.clock import Clock, SystemClock
from bot.domain.messenger import FromGroup, Remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
    from pathlib import Path

    from bot.channels.telegram_news import Press
    from bot.domain.messenger import Letter
    from bot.domain.turn import Media, Message, SentFile

log = structlog.get_logger()
T = TypeVar("T")

API_URL = "https://api.telegram.org"
# How long Telegram holds a question for updates open when there are none.
POLL_SECONDS = 25
# One at a time, so that two messages of one person never overtake each other; a store takes milliseconds.
MAX_CONNECTIONS = 1
REMEMBERED = 1000
_TOKEN = re.compile(r"[0-9A-Za-z_:-]+")
# How a file is shown, by the end of its name; whatever else it is, it goes as a document.
_SHOWN_AS: Mapping[str, str] = {
    ".jpg": "photo", ".jpeg": "photo", ".png": "photo", ".webp": "photo",
    ".mp3": "audio", ".m4a": "audio", ".ogg": "voice", ".oga": "voice",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How we are known at Telegram: the bot's name, and where its updates go (empty: they are asked for)."""

    name: str
    webhook_url: str
    pending: int
    last_error: str | None
    allowed_updates: tuple[str, ...]


class Telegram:
    """
    The channel of a Telegram bot.

    `payloads` are all that a button of the knowledge can carry, `file` finds a file of content/, `group_line` is what
    a group hears once (None: nothing), given the language of whoever wrote. `api_url` is another Bot API server's.
    """

    name = CHANNEL
    limits = TELEGRAM

    def __init__(  # noqa: PLR0913  # all but the token have a default
        self,
        token: str,
        *,
        api_url: str = API_URL,
        payloads: Iterable[str] = (),
        file: Callable[[str], Path | None] = lambda _path: None,
        group_line: Callable[[str | None], Message | None] = lambda _language: None,
        send_seconds: float = SEND_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        _quieten()
        self._payloads = Payloads(payloads)
        self._file = file
        self._group_line = group_line
        self._send_seconds = send_seconds
        self._clock = clock or SystemClock()
        # A token with a space in it would make an address that cannot be called; Telegram would refuse it too.
        self._well_formed = bool(_TOKEN.fullmatch(token))
        self._bot = _Bot(
            token if self._well_formed else "0:0",
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=_requests(32, send_seconds),
            get_updates_request=_requests(1, send_seconds),
        )
        self._previews_can_be_off = True
        self._lock = threading.Lock()
        self._under_way = _Memory[int]()
        self._greeted = _Memory[bool]()
        self._poll: Future[Any] | None = None
        self._username: str | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=CHANNEL, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End what is under way and the thread; nothing can be sent any more."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _ended(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._bot.end()

    # ---- sending

    def send(self, letter: Letter) -> str:
        """
        Send the files and then the text with its buttons; return the id of the last.

        A file that a person of the team sends has its words below it where they fit, else after them.

        A letter that was broken off goes on where it was, as long as this process lives.
        """
        return self._run(self._sent(letter), self._send_seconds)

    async def _sent(self, letter: Letter) -> str:
        chat, message = _chat(letter.address), letter.message
        texts = pieces(message.text, self.limits.text)
        below: Piece | None = None
        if message.files and not message.buttons and len(caption := pieces(message.text, CAPTION)) == 1:
            texts, below = (), caption[0]
        steps: list[Coroutine[Any, Any, telegram.Message]] = [self._send_media(chat, media) for media in message.media]
        steps += [self._send_text(chat, piece) for piece in texts[:-1]]
        steps += [self._send_text(chat, piece, keyboard(message.buttons)) for piece in texts[-1:]]
        files = zip(message.files, (below, *(None for _ in message.files[1:])), strict=False)
        steps += [self._send_sent_file(chat, file, letter, words) for file, words in files]
        done = self._under_way.get(letter.reference) or 0
        sent: telegram.Message | None = None
        try:
            for at, step in enumerate(steps):
                if at < done and at < len(steps) - 1:
                    continue
                sent = await step
                self._under_way.keep(letter.reference, at + 1)
        finally:
            for step in steps:
                step.close()
        self._under_way.drop(letter.reference)
        if sent is None:
            raise DeliveryError("empty", remedy=Remedy.NEVER)
        return f"m{sent.message_id}"

    async def _send_text(
        self, chat: int, piece: Piece, markup: telegram.InlineKeyboardMarkup | None = None
    ) -> telegram.Message:
        off = telegram.LinkPreviewOptions(is_disabled=True) if self._previews_can_be_off else None
        try:
            return await self._bot.send_message(
                chat, piece.text, entities=piece.bold or None, reply_markup=markup, link_preview_options=off
            )
        except BadRequest as error:
            if off is None or "link_preview_options" not in error.message.lower():
                raise
        self._previews_can_be_off = False  # another Bot API server, that does not know the option
        return await self._send_text(chat, piece, markup)

    async def _send_media(self, chat: int, media: Media) -> telegram.Message:
        """Send a file with what it shows or says below it; where there is no file, that alone."""
        alt = pieces(media.alt, CAPTION)[0]
        path = self._file(media.path)
        if path is None:
            log.error("file of the knowledge is missing", channel=CHANNEL)
            return await self._send_text(chat, alt)
        data = await asyncio.to_thread(path.read_bytes)
        return await self._send_shown(chat, data, path.name, alt)

    async def _send_sent_file(self, chat: int, file: SentFile, letter: Letter, words: Piece | None) -> telegram.Message:
        data = await asyncio.to_thread(letter.open, file.id)
        if data is None:
            raise DeliveryError("file_gone", remedy=Remedy.NEVER)
        return await self._send_shown(chat, data, file.name, words)

    async def _send_shown(self, chat: int, data: bytes, name: str, words: Piece | None) -> telegram.Message:
        """Send a file as the end of its name says, with these words below it."""
        shown_as = _SHOWN_AS.get(PurePath(name).suffix.lower(), "document")
        try:
            return await self._send_file(shown_as, chat, data, name, words)
        except BadRequest:
            if shown_as == "document":
                raise
        # A picture with strange measures, or somebody who lets no recordings through: it can still be opened.
        return await self._send_file("document", chat, data, name, words)

    async def _send_file(
        self, shown_as: str, chat: int, data: bytes, name: str, words: Piece | None
    ) -> telegram.Message:
        caption = {"caption": words.text, "caption_entities": words.bold or None} if words else {}
        below: dict[str, Any] = {"filename": name, **caption}
        match shown_as:
            case "photo":
                return await self._bot.send_photo(chat, data, **below)
            case "audio":
                return await self._bot.send_audio(chat, data, **below)
            case "voice":
                return await self._bot.send_voice(chat, data, **below)
            case _:
                return await self._bot.send_document(chat, data, **below)

    # ---- what comes in

    def read(self, data: object) -> Told:
        """
        Return what an update tells.

        Raises:
            NotAnUpdateError: it is none.

        """
        return read(data, now=self._clock.now(), payload_behind=self._payloads.behind)

    def poll(self, offset: int, *, seconds: int = POLL_SECONDS) -> tuple[Told, ...]:
        """
        Return the updates from the number `offset` on, waiting for one; those before it are confirmed by asking.

        Raises:
            DeliveryError: Telegram did not answer, or refused; the reason says which.

        """
        answered = self._run(self._bot.updates(offset, seconds), seconds + self._send_seconds, is_poll=True)
        updates = answered if isinstance(answered, list) else [answered]
        told = []
        for data in updates:
            try:
                told.append(self.read(data))
            except NotAnUpdateError:
                log.warning("update not understood", channel=CHANNEL, error="NotAnUpdateError")
        if updates and not told:  # asked at once again, it would answer the same
            raise DeliveryError("not_understood")
        return tuple(told)

    def stop_polling(self) -> None:
        """End the question for updates that waits for an answer."""
        with self._lock:
            if self._poll is not None:
                self._poll.cancel()

    def settle(self, told: Told) -> None:
        """Once the news is stored: answer the press, take its keyboard away, greet the group. Never waits or raises."""
        if told.press is not None:
            self._begin(self._settle_press(told.press))
        for news in told.news:
            if isinstance(news, FromGroup) and self._greeted.get(news.address) is None:
                self._greeted.keep(news.address, True)
                self._begin(self._greet(news))

    async def _settle_press(self, press: Press) -> None:
        try:
            await self._bot.answer_callback_query(press.query)
        finally:
            if press.chat is not None and press.message is not None:
                await self._bot.edit_message_reply_markup(press.chat, press.message, reply_markup=None)

    async def _greet(self, news: FromGroup) -> None:
        line = self._group_line(news.language_hint)
        for piece in pieces(line.text, self.limits.text) if line else ():
            await self._send_text(_chat(news.address), piece)

    def fetch(self, reference: str, *, at_most: int) -> bytes:
        """Return the file a newcomer sent."""
        try:
            return self._run(self._fetched(reference, at_most), self._send_seconds)
        except DeliveryError as error:
            raise FileRefusedError(error.reason, again=error.remedy is not Remedy.NEVER) from None

    async def _fetched(self, reference: str, at_most: int) -> bytes:
        file = await self._bot.get_file(reference)
        if file.file_size is not None and file.file_size > at_most:
            raise FileRefusedError("too_large")
        if not file.file_path:
            raise FileRefusedError("gone")
        data = await self._bot.request.retrieve(file.file_path)
        if len(data) > at_most:
            raise FileRefusedError("too_large")
        return data

    def discard(self, reference: str) -> None:
        """Do nothing: a file stays at Telegram, in the chat it was sent in."""

    # ---- setting up

    def standing(self) -> Standing:
        """
        Return how Telegram knows us.

        Raises:
            DeliveryError: it does not answer, or does not know the token.

        """
        return self._run(self._standing(), self._send_seconds)

    async def _standing(self) -> Standing:
        me = await self._bot.get_me()
        info = await self._bot.get_webhook_info()
        return Standing(
            name=f"@{me.username}" if me.username else me.first_name,
            webhook_url=info.url,
            pending=info.pending_update_count,
            last_error=info.last_error_message,
            allowed_updates=tuple(info.allowed_updates or ()),
        )

    def username(self) -> str:
        """
        Return the bot's name, as it stands in its links.

        Raises:
            DeliveryError: Telegram does not answer, or does not know the token.

        """
        if self._username is None:
            me = self._run(self._bot.get_me(), self._send_seconds)
            self._username = me.username or ""
        return self._username

    def use_webhook(self, url: str, secret: str) -> None:
        """Have updates posted to `url`; those that wait are kept."""
        self._run(
            self._bot.set_webhook(
                url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, max_connections=MAX_CONNECTIONS
            ),
            self._send_seconds,
        )

    def use_polling(self) -> None:
        """Have updates wait until they are asked for; those that wait are kept."""
        self._run(self._bot.delete_webhook(), self._send_seconds)

    def set_commands(self, commands: Sequence[tuple[str, str]], language: str | None = None) -> None:
        """Show these commands with their descriptions in the client's menu; without a language: to everybody else."""
        self._run(self._bot.set_my_commands(commands, language_code=language), self._send_seconds)

    # ---- between the threads

    def _run(self, work: Coroutine[Any, Any, T], seconds: float, *, is_poll: bool = False) -> T:
        """Have the library's thread do it and wait; what goes wrong is told without the library's words."""
        try:
            if not self._well_formed:
                work.close()
                raise explained(InvalidToken())  # noqa: TRY301  # told as Telegram itself would tell it
            waiting = self._handed_over(asyncio.wait_for(work, seconds), work)
            with self._lock:
                self._poll = waiting if is_poll else self._poll
            return waiting.result()
        except (DeliveryError, FileRefusedError):
            raise
        except CancelledError:
            raise DeliveryError("closing") from None
        except Exception as error:  # noqa: BLE001  # its text may hold the token: only what it means goes on
            raise explained(error) from None

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self._handed_over(work, work).add_done_callback(_mention)
        except DeliveryError:
            log.info("not settled", channel=CHANNEL, reason="closing")

    def _handed_over(self, call: Coroutine[Any, Any, T], work: Coroutine[Any, Any, Any]) -> Future[T]:
        try:
            return asyncio.run_coroutine_threadsafe(call, self._loop)
        except RuntimeError:  # the loop is closed
            call.close()
            work.close()
            raise DeliveryError("closing") from None


class _Bot(telegram.Bot):
    """The library's bot, with two things it does not do."""

    async def updates(self, offset: int, seconds: int) -> Any:
        """
        Return updates as they came.

        The library reads all of them or none: one it cannot read would keep back every other, and be written to the
        log as it stands.
        """
        return await self._post(
            "getUpdates",
            {"offset": offset or None, "timeout": seconds, "allowed_updates": list(ALLOWED_UPDATES)},
            read_timeout=seconds + 5.0,
        )

    async def end(self) -> None:
        """
        Close the connections.

        The library's own ending does so only after its own beginning, which names the token in what it raises.
        """
        for request in self._request:
            await request.shutdown()


class _Memory(Generic[T]):
    """What was done lately; the oldest is forgotten. Used from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> T | None:
        with self._lock:
            return self._kept.get(key)

    def keep(self, key: str, value: T) -> None:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)

    def drop(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)


def _requests(connections: int, seconds: float) -> HTTPXRequest:
    quarter = seconds / 4
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=quarter,
        pool_timeout=quarter,
        write_timeout=seconds,
        media_write_timeout=seconds,
        read_timeout=seconds,
    )


def _chat(address: str) -> int:
    try:
        return int(address)
    except ValueError:
        raise DeliveryError("no_address", remedy=Remedy.NEVER) from None


def _mention(done: Future[None]) -> None:
    """Log what could not be done on the side, by its code."""
    if not done.cancelled() and isinstance(error := done.exception(), Exception):
        log.info("not settled", channel=CHANNEL, reason=explained(error).reason)


def _quieten() -> None:
    """Keep the libraries' own lines out of the log: they name the token, or what people wrote."""
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL + 1)):
        logging.getLogger(name).setLevel(level)
