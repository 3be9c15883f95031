"""The engine tells the team by itself: over a bot at an emulated Telegram, from the link to the ping."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.engine import Engine
from bot.notify import MAIL, TELEGRAM, ask_for_a_test
from tests.channels.conftest import chat, phone_network
from tests.channels.updates import AMINA
from tests.console.conftest import shipped_words
from tests.notify.conftest import Postbox
from tests.peers.telegram import refusal, until
from tests.peers.telegram_chat import asking
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from bot.runtime import Runtime
    from bot.store.rows import UserRow
    from tests.peers.telegram_chat import Chat

__all__ = ["chat", "phone_network"]


def volunteer(runtime: Runtime) -> UserRow:
    now = runtime.clock.now()
    return runtime.database.write(lambda work: work.users.add("Sam", roles=["volunteer"], teams=["form_team"], now=now))


def test_the_engine_sends_what_is_queued() -> None:
    with at_work() as found:
        box, engine = Postbox(MAIL), Engine()
        runtime = replace(found, knowledge=replace(found.knowledge, console=shipped_words()), mail=box)
        sam = volunteer(runtime)
        runtime.database.write(lambda work: work.users.set_secret(sam.id, MAIL, "sam@example.nl"))
        runtime.database.write(lambda work: work.users.change(sam.id, notify_json=[MAIL]))
        engine.start(runtime)
        try:
            assert ask_for_a_test(runtime, sam.id)
            assert until(lambda: box.letters)
        finally:
            engine.stop()
        assert [letter.address for letter in box.letters] == ["sam@example.nl"]


@pytest.mark.peers
def test_a_volunteer_follows_the_link_and_is_pinged(chat: Chat) -> None:
    words = replace(chat.runtime.knowledge, console=shipped_words())
    object.__setattr__(chat.runtime, "knowledge", words)  # the running engine has this very runtime
    sam = volunteer(chat.runtime)
    now = chat.runtime.clock.now()
    code = chat.runtime.database.write(lambda work: work.pings.ask_tie(sam.id, now))
    with asking(chat):
        chat.says(f"/start desk_{code}")
        assert chat.reads("meldingen van de balie komen nu hier")
        assert ask_for_a_test(chat.runtime, sam.id)
        assert chat.reads("dit is een proefmelding")
    assert chat.inbox() == []  # nobody became a newcomer
    assert chat.runtime.database.read(lambda work: work.users.secret(sam.id, TELEGRAM)) == str(AMINA)


@pytest.mark.peers
def test_a_volunteer_who_blocked_the_bot_is_let_go(chat: Chat) -> None:
    words = replace(chat.runtime.knowledge, console=shipped_words())
    object.__setattr__(chat.runtime, "knowledge", words)
    sam = volunteer(chat.runtime)
    chat.runtime.database.write(lambda work: work.users.set_secret(sam.id, TELEGRAM, str(AMINA)))
    chat.runtime.database.write(lambda work: work.users.change(sam.id, notify_json=[TELEGRAM]))
    chat.telegram.gate.faults.append(refusal("sendMessage", 403, "Forbidden: bot was blocked by the user"))
    assert ask_for_a_test(chat.runtime, sam.id)
    assert until(lambda: chat.runtime.database.read(lambda work: work.users.secret(sam.id, TELEGRAM)) is None)
