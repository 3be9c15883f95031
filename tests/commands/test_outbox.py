"""What did not arrive: shown without anyone's words, sent again or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from bot.channels.errors import DeliveryError
from bot.channels.limits import SCREEN
from bot.channels.terminal import Terminal
from bot.commands import outbox
from bot.deliver import deliver_due
from bot.domain.messenger import Letter, Remedy
from bot.domain.turn import Message
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime


class Refusing:
    name = Terminal.name
    limits = SCREEN

    def __init__(self, remedy: Remedy) -> None:
        self._remedy = remedy

    def send(self, letter: Letter) -> str:
        raise DeliveryError("131026", remedy=self._remedy)


@pytest.fixture
def runtime(clock: HeldClock) -> Iterator[Runtime]:
    with at_work(clock) as runtime:
        yield runtime


@pytest.fixture
def screen() -> Console:
    return Console(record=True, width=120, highlight=False)


def refused(runtime: Runtime, words: str, remedy: Remedy = Remedy.NEVER) -> str:
    """Say something that does not arrive; return its id."""
    body = Message(response="utter_x", text=words, buttons=(), language="nl", direction="ltr").as_body()
    now = runtime.clock.now()

    def say(work):  # noqa: ANN001, ANN202  # a unit of work
        conversation = work.newcomers.writing_from(Terminal.name, words, now=now).conversation.id
        return work.outbox.say(conversation, None, 0, body, now).id

    said: str = runtime.database.write(say)
    channels = dict(runtime.channels)
    runtime.channels[Terminal.name] = Refusing(remedy)  # type: ignore[index]  # the fixture's own dictionary
    deliver_due(runtime)
    runtime.channels.update(channels)  # type: ignore[attr-defined]
    return said


def status(runtime: Runtime, outbox_id: str) -> str:
    row = runtime.database.read(lambda work: work.outbox.get(outbox_id))
    assert row is not None
    return row.status


def test_nothing_stuck_is_said_so(runtime: Runtime, screen: Console) -> None:
    assert outbox.show(runtime.database, screen, limit=10) == 0
    assert "Nothing is stuck" in screen.export_text()


def test_the_list_shows_why_and_nobodys_words(runtime: Runtime, screen: Console) -> None:
    said = refused(runtime, "Amina's afspraak")
    assert outbox.show(runtime.database, screen, limit=10) == 0
    shown = screen.export_text()

    assert said in shown
    assert "131026" in shown
    assert "2026-11-22 10:00" in shown
    assert "Amina" not in shown


def test_one_is_sent_again_and_an_unknown_id_is_an_error(runtime: Runtime, screen: Console) -> None:
    said = refused(runtime, "een")
    now = runtime.clock.now()

    assert outbox.retry(runtime.database, (said, "unknown"), screen, every_failed=False, now=now) == 1
    assert status(runtime, said) == "queued"
    assert "nothing was changed" in screen.export_text()
    deliver_due(runtime)
    assert status(runtime, said) == "sent"


def test_all_that_failed_is_sent_again_but_not_what_is_uncertain(runtime: Runtime, screen: Console) -> None:
    failed, unknown = refused(runtime, "een"), refused(runtime, "twee")
    runtime.database.write(lambda work: work.outbox.retry(unknown, runtime.clock.now()))
    (leased,) = runtime.database.write(lambda work: work.outbox.lease(runtime.clock.now(), 1, 60))
    runtime.database.write(
        lambda work: work.outbox.uncertain(leased.id, leased.lease_token, "time-out", runtime.clock.now())
    )

    assert outbox.retry(runtime.database, (), screen, every_failed=True, now=runtime.clock.now()) == 0
    assert (status(runtime, failed), status(runtime, unknown)) == ("queued", "uncertain")


def test_what_is_dropped_is_gone_for_good(runtime: Runtime, screen: Console) -> None:
    said = refused(runtime, "een")

    assert outbox.drop(runtime.database, (said,), screen) == 0
    assert status(runtime, said) == "dropped"
    assert outbox.retry(runtime.database, (said,), screen, every_failed=False, now=runtime.clock.now()) == 1
