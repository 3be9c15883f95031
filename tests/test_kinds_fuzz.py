"""
Whatever two people send, of any kind and in any order, through the whole of it: heard, answered, fetched, delivered.

Amina is at Telegram, Yonas at WhatsApp; what the messengers tell goes in as they tell it, raw.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from bot.channels import telegram_news, whatsapp_news
from bot.channels.errors import DeliveryError, FileRefusedError
from bot.channels.limits import TELEGRAM, WHATSAPP
from bot.commands.throwaway import throwaway
from bot.deliver import deliver_due
from bot.domain.clock import HeldClock
from bot.domain.messenger import Remedy
from bot.fetch import fetch_due
from bot.forget import finish_erasures
from bot.hear import hear
from bot.receive import answer_next
from tests.channels import updates
from tests.peers.small import small_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.channels.limits import Limits
    from bot.domain.messenger import Letter, News
    from bot.domain.turn import Button
    from bot.runtime import Runtime
    from bot.store.rows import InboundRow
    from bot.store.work import Work

ACCOUNT = "AC" + "0" * 32
FILE = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'1' * 32}/Media/ME{'2' * 32}"
# What is answered with nothing, by decision: an emoji that answers no question, and the button below a template.
SILENT = frozenset({"reaction"})
SILENT_PAYLOADS = frozenset({"/open"})


@dataclass(kw_only=True)
class Messenger:
    """A messenger that takes everything, or, now and then, says what went wrong. It keeps what it was given."""

    name: str
    limits: Limits
    letters: list[Letter] = field(default_factory=list)
    trouble: Remedy | None = None

    def send(self, letter: Letter) -> str:
        if self.trouble is not None:
            remedy, self.trouble = self.trouble, None
            raise DeliveryError("trouble", remedy=remedy)
        self.letters.append(letter)
        return f"m{len(self.letters)}"

    def fetch(self, reference: str, *, at_most: int) -> bytes:
        if len(reference) % 2:
            raise FileRefusedError("gone")
        return b"%PDF-1.4 a letter"

    def discard(self, reference: str) -> None:
        pass

    def buttons(self) -> list[Button]:
        return [button for letter in self.letters[-3:] for button in letter.message.buttons]

    def code(self) -> str:
        """The code last given for joining another messenger; any, when there was none."""
        shown = [re.search(r"\d{4}[ -]?\d{4}", letter.message.text) for letter in self.letters[-3:]]
        return next((one[0] for one in shown if one), "12345678")


# ---- what people and messengers do

WORDS = st.one_of(
    st.sampled_from(
        [
            *(
                "ja",
                "nee",
                "ja",
                "menu",
                "mens",
                "stop",
                "/start",
                "/start l-ar",
                "/language",
                "/language ar",
                "/tasks",
            ),
            *(
                "verwijder mijn gegevens",
                "/delete",
                "/link",
                "/reminders",
                "/reminders whatsapp",
                "/help",
                "/stop",
                "/",
            ),
            *("Hoe vind ik een huisarts?", "lekkage", "ik wil dood", "3", "٣", "👍", "123456782", "qqq zzz", "\u202e"),
        ]
    ),
    st.text(max_size=20),
)
KINDS_OF_TYPES = ["image/jpeg", "image/webp", "audio/ogg", "video/mp4", "application/pdf", "text/vcard", "x", ""]
PRESS = "press"


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing that happens. `words` are what is said in it; `choice` picks where there is something to pick."""

    what: str
    by_telegram: bool = True
    words: str = ""
    choice: int = 0
    answered: bool = True  # else the next thing happens first


ACTS = st.builds(
    Act,
    what=st.sampled_from(
        [
            *["text"] * 5,
            *[PRESS] * 5,
            *["kind"] * 6,
            *(
                "edit",
                "again",
                "reaction",
                "block",
                "unblock",
                "code",
                "receipt",
                "trouble",
                "a person",
                "the bot",
                "wait",
            ),
        ]
    ),
    by_telegram=st.booleans(),
    words=WORDS,
    choice=st.integers(0, 60),
    answered=st.sampled_from([True, True, False]),
)
KINDS = sorted(set(updates.MESSAGES) - {"text", "stop", "start with a code"})


class Life:
    """Two people and the assistant, from their first words."""

    numbers = itertools.count(1)

    def __init__(self, runtime: Runtime, clock: HeldClock) -> None:
        self.runtime, self.clock = runtime, clock
        self.telegram = Messenger(name="telegram", limits=TELEGRAM)
        self.whatsapp = Messenger(name="whatsapp", limits=WHATSAPP)
        self.runtime = replace(runtime, channels={one.name: one for one in (self.telegram, self.whatsapp)})
        self.chat, self.phone = 5_000_000_000 + next(self.numbers), f"+316{10_000_000 + next(self.numbers)}"
        self.waiting: set[str] = set()
        self.last: News | None = None
        self.at = 0

    def does(self, act: Act) -> None:
        event(act.what)
        self.clock.wait(minutes=1)
        for news in self._told(act):
            self.last = news
            conversation = hear(self.runtime, news)
            if conversation is not None:
                self.waiting.add(conversation)
        if act.answered:
            self.settles()

    def settles(self) -> None:
        """Have everything answered, fetched and delivered."""
        for conversation in sorted(self.waiting):
            while self._answered_one(conversation):
                pass
        self.waiting.clear()
        while fetch_due(self.runtime):
            self.clock.wait(hours=1)
        while deliver_due(self.runtime):
            self.clock.wait(seconds=1)
        finish_erasures(self.runtime)

    def ends(self) -> None:
        """Have done what had to wait, for a messenger that was away too."""
        for _ in range(10):
            self.settles()
            self.clock.wait(hours=1)

    # ---- how each messenger tells it

    def _told(self, act: Act) -> tuple[News, ...]:
        messenger = self.telegram if act.by_telegram else self.whatsapp
        match act.what:
            case "again":
                return (self.last,) if self.last is not None else ()
            case "trouble":
                messenger.trouble = list(Remedy)[act.choice % len(Remedy)]
                return ()
            case "wait":
                self.clock.wait(hours=7 * (act.choice % 5))
                return ()
            case "a person" | "the bot":
                self._gives_to("human" if act.what == "a person" else "bot", messenger)
                return ()
            case "code":
                other = self.whatsapp if act.by_telegram else self.telegram
                act = replace(act, what="text", words=other.code())
            case _:
                pass
        return self._by_telegram(act) if act.by_telegram else self._by_whatsapp(act)

    def _by_telegram(self, act: Act) -> tuple[News, ...]:
        update = self._update(act)
        return telegram_news.read(update, now=self.clock.now()).news if update is not None else ()

    def _update(self, act: Act) -> dict[str, Any] | None:
        user = {**updates.USER, "id": self.chat, "language_code": ("nl", "ar", "zz")[act.choice % 3]}
        home = {"chat": {**updates.CHAT, "id": self.chat}, "user": user}
        self.at += 1
        match act.what:
            case "text":
                return updates.update("message", updates.text(act.words, self.at, **home))
            case "kind":
                parts = updates.MESSAGES[KINDS[act.choice % len(KINDS)]]
                if "migrate_to_chat_id" in parts:
                    parts = {"migrate_to_chat_id": self.chat + 1_000_000_000}
                said = {"caption": act.words} if act.words and "text" not in parts else {}
                return updates.update("message", updates.message(self.at, **home, **{**said, **parts}))
            case "edit":
                at = max(1, self.at - 1 - act.choice % 3)
                edited = updates.text(act.words, at, **home, edit_date=updates.WROTE_AT + self.at)
                return updates.update("edited_message", edited)
            case "press":
                buttons = self.telegram.buttons()
                data = buttons[act.choice % len(buttons)].payload if buttons else act.words
                pressed = updates.press(data, ("Kies", data), at=10_000 + self.at)
                pressed["message"]["chat"] = home["chat"]
                return updates.update("callback_query", {**pressed, "from": user})
            case "reaction":
                emoji = ["👍", "👎", "❤"][act.choice % 3]
                return updates.update("message_reaction", {**updates.reaction([], [emoji]), **home}, self.at)
            case "block" | "unblock":
                sides = ("member", "kicked") if act.what == "block" else ("kicked", "member")
                return updates.update("my_chat_member", updates.membership(*sides, chat=home["chat"]))
            case _:
                return None  # Telegram has no receipts

    def _by_whatsapp(self, act: Act) -> tuple[News, ...]:
        self.at += 1
        form = {
            "MessageSid": f"SM{uuid4().hex}",
            "From": f"whatsapp:{self.phone}",
            "ProfileName": "Yonas",
            "Body": act.words,
        }
        match act.what:
            case "press":
                buttons = self.whatsapp.buttons()
                button = buttons[act.choice % len(buttons)] if buttons else None
                form["ButtonPayload"] = button.payload if button else "/open"
                form["ButtonText"] = button.title if button else "Kies"
            case "kind":
                form |= {"NumMedia": "1", "MediaUrl0": FILE, "MediaContentType0": KINDS_OF_TYPES[act.choice % 8]}
            case "reaction":
                form |= {"MessageType": "reaction", "Body": "👍"}
            case "edit":
                form |= {"Latitude": "51.9", "Longitude": "4.4", "Label": act.words}
            case "block" | "unblock" | "receipt":
                return self._receipt(act)
            case _:
                pass
        news = whatsapp_news.inbound(form, self.clock.now(), account_sid=ACCOUNT)
        return () if news is None else (news,)

    def _receipt(self, act: Act) -> tuple[News, ...]:
        if not self.whatsapp.letters:
            return ()
        letter = self.whatsapp.letters[-1 - act.choice % len(self.whatsapp.letters)]
        status = "failed" if act.what == "block" else ("sent", "delivered", "read", "failed")[act.choice % 4]
        code = "21610" if act.what == "block" else ("63016", "30008", "", "x")[act.choice % 4]
        form = {"MessageSid": f"SM{uuid4().hex}", "MessageStatus": status, "ErrorCode": code}
        news = whatsapp_news.receipt(form, {"reference": letter.reference})
        return () if news is None else (news,)

    def _gives_to(self, route: str, messenger: Messenger) -> None:
        address = str(self.chat) if messenger is self.telegram else self.phone

        def give(work: Work) -> None:
            found = work.newcomers.at(messenger.name, address)
            if found is not None:
                work.conversations.set_route(found.conversation.id, route, now=self.clock.now())

        self.runtime.database.write(give)

    # ---- what must be so

    def _answered_one(self, conversation_id: str) -> bool:
        """Have the next message answered, and look whether it was."""

        def standing(work: Work) -> tuple[InboundRow, str] | None:
            unread = work.inbox.unread(conversation_id)
            conversation = work.conversations.get(conversation_id)
            return (unread[0], conversation.route) if unread and conversation else None

        def said(work: Work) -> int:
            return sum(row.cause_inbound_id == message.id for row in work.outbox.all_for(conversation_id))

        before = self.runtime.database.read(standing)
        if before is None:
            return False
        message, route = before
        said_before = self.runtime.database.read(said)
        report = answer_next(self.runtime, conversation_id)
        assert report is not None
        assert report.rung != "failed", message
        event(report.rung)
        silent = route != "bot" or report.rung in SILENT or message.body.get("payload") in SILENT_PAYLOADS
        assert silent or self.runtime.database.read(said) > said_before, (report.rung, message.kind, message.body)
        return True

    def left(self) -> tuple[list[str], set[str]]:
        """Return whose messages are unread, and what became of all that was said."""

        def look(work: Work) -> tuple[list[str], set[str]]:
            places = [("telegram", str(self.chat)), ("whatsapp", self.phone)]
            found = [one.conversation.id for one in (work.newcomers.at(*place) for place in places) if one]
            return work.conversations.with_unread(10), {row.status for one in found for row in work.outbox.all_for(one)}

        return self.runtime.database.read(look)


@pytest.fixture(scope="module")
def assistant() -> Iterator[tuple[Runtime, HeldClock]]:
    """One for all lives; its clock only goes on."""
    shm, before = Path("/dev/shm"), tempfile.tempdir  # thousands of commits need no disk
    tempfile.tempdir = str(shm) if shm.is_dir() else before
    clock = HeldClock(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    with throwaway(small_assistant(), clock) as runtime:
        yield runtime, clock
    tempfile.tempdir = before


def text(words: str, **more: Any) -> Act:
    return Act(what="text", words=words, **more)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=st.lists(ACTS, min_size=3, max_size=14), photos=st.booleans(), agrees=st.sampled_from([True, True, False]))
@example(
    acts=[text("/link"), Act(what="code", by_telegram=False), text("menu"), Act(what="again")], photos=True, agrees=True
)
@example(acts=[text("verwijder mijn gegevens"), text("ja"), text("ja"), Act(what="press")], photos=False, agrees=True)
@example(
    acts=[text("menu", answered=False), Act(what="edit", words="stop"), Act(what="block")], photos=True, agrees=True
)
def test_nobody_is_left_without_an_answer(
    assistant: tuple[Runtime, HeldClock], acts: list[Act], photos: bool, agrees: bool
) -> None:
    runtime, clock = assistant
    content = replace(runtime.knowledge.content, letter_photos_allowed=photos)
    life = Life(replace(runtime, knowledge=replace(runtime.knowledge, content=content)), clock)
    first = [text(words, by_telegram=at) for words in ("Hallo", "ja") for at in (True, False)] if agrees else []
    for act in (*first, *acts):
        life.does(act)
    life.ends()

    unread, statuses = life.left()
    assert unread == []
    assert statuses <= {"sent", "delivered", "read", "failed", "uncertain", "waiting", "dropped"}
