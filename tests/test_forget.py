"""Erasing and expiring by the clock: not a second early, nobody else, not held up by a goodbye that cannot arrive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.channels.errors import DeliveryError
from bot.channels.limits import SCREEN
from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation, conversation
from bot.deliver import deliver_due
from bot.domain.messenger import Remedy
from bot.domain.turn import Inbound, Kind
from bot.forget import GOODBYE_AT_MOST, HELD_AT_MOST, drop_unanswered_notices, finish_erasures
from bot.receive import answer_next, take_in
from bot.store.erased import read_list
from bot.store.errors import StillBeingReadError
from bot.store.whole import seen
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import HeldClock
    from bot.domain.messenger import Letter
    from bot.runtime import Runtime
    from bot.store.rows import InboundRow, Writing

ERASE, YES = "verwijder mijn gegevens", "/SetSlots(erase_confirmed=true)"


class Unreachable:
    """A messenger whose newcomer has taken our number away."""

    name = Terminal.name
    limits = SCREEN

    def send(self, letter: Letter) -> str:
        raise DeliveryError("403")


@pytest.fixture
def runtime(clock: HeldClock) -> Iterator[Runtime]:
    with at_work(clock) as runtime:
        yield runtime


@pytest.fixture
def amina(runtime: Runtime) -> Conversation:
    talk = conversation(runtime)
    talk.accept_notice("nl")
    return talk


@pytest.fixture
def stranger(runtime: Runtime) -> Conversation:
    return conversation(runtime)


def who(talk: Conversation) -> Writing | None:
    return talk.runtime.database.read(lambda work: work.newcomers.at(Terminal.name, talk._address))


def inbox(talk: Conversation) -> list[InboundRow]:
    found = who(talk)
    assert found is not None
    return talk.runtime.database.read(lambda work: work.inbox.all_for(found.conversation.id))


def asks_to_be_forgotten(talk: Conversation) -> list[str]:
    answers, _ = talk.send(ERASE)
    assert [answer.response for answer in answers] == ["utter_ask_erase_confirmed"]
    answers, _ = talk.send("", payload=YES)
    return [answer.response for answer in answers]


def asks_unreachably(talk: Conversation) -> Runtime:
    """Somebody asks to be forgotten and then cannot be reached; return the runtime that cannot reach them."""
    talk.send(ERASE)
    unreachable = replace(talk.runtime, channels={Terminal.name: Unreachable()})
    _takes_in(unreachable, talk, "", YES)
    while deliver_due(unreachable):
        pass
    return unreachable


def _takes_in(runtime: Runtime, talk: Conversation, text: str, payload: str | None = None) -> None:
    inbound = Inbound(
        channel=Terminal.name,
        address=talk._address,
        provider_id=f"{talk._address}.{text or payload}",
        kind=Kind.BUTTON if payload else Kind.TEXT,
        text=text,
        payload=payload,
        received_at=runtime.clock.now(),
    )
    found = take_in(runtime, inbound)
    while found and answer_next(runtime, found):
        pass


# ---- a day without a yes


def test_a_message_without_a_yes_is_kept_a_day_and_no_longer(
    stranger: Conversation, runtime: Runtime, clock: HeldClock
) -> None:
    stranger.send("De verwarming is kapot")
    clock.wait(seconds=HELD_AT_MOST.total_seconds())
    assert drop_unanswered_notices(runtime) == 0
    assert [row.status for row in inbox(stranger)] == ["held"]

    clock.wait(seconds=1)
    assert drop_unanswered_notices(runtime) == 1
    assert [(row.status, dict(row.body)) for row in inbox(stranger)] == [("dropped", {})]
    assert drop_unanswered_notices(runtime) == 0


def test_each_message_has_its_own_day(stranger: Conversation, runtime: Runtime, clock: HeldClock) -> None:
    stranger.send("De verwarming is kapot")
    clock.wait(hours=20)
    stranger.send("En het dak ook")
    clock.wait(hours=5)

    assert drop_unanswered_notices(runtime) == 1
    assert [row.status for row in inbox(stranger)] == ["dropped", "held"]


def test_what_was_answered_is_not_dropped(amina: Conversation, runtime: Runtime, clock: HeldClock) -> None:
    amina.send("De verwarming is kapot")
    clock.wait(days=30)

    assert drop_unanswered_notices(runtime) == 0
    assert inbox(amina)[0].body["text"] == "De verwarming is kapot"


# ---- forgetting


def test_who_was_told_goodbye_is_forgotten(amina: Conversation, runtime: Runtime) -> None:
    assert asks_to_be_forgotten(amina) == ["utter_erased"]

    assert finish_erasures(runtime) == 1
    assert who(amina) is None
    assert finish_erasures(runtime) == 0


def test_nobody_else_is_forgotten(amina: Conversation, stranger: Conversation, runtime: Runtime) -> None:
    stranger.send("De verwarming is kapot")
    asks_to_be_forgotten(amina)
    finish_erasures(runtime)

    assert [row.status for row in inbox(stranger)] == ["held"]


def test_who_asked_before_the_notice_is_forgotten_too(stranger: Conversation, runtime: Runtime) -> None:
    assert asks_to_be_forgotten(stranger) == ["utter_erased"]

    assert finish_erasures(runtime) == 1
    assert who(stranger) is None


def test_a_goodbye_that_waits_to_be_sent_keeps_the_address(amina: Conversation, runtime: Runtime) -> None:
    asks_unreachably(amina)

    assert finish_erasures(runtime) == 0
    assert who(amina) is not None
    assert {bool(row.body) for row in inbox(amina)} == {False}  # the words went at once


def test_a_goodbye_that_cannot_arrive_keeps_the_address_for_an_hour(
    amina: Conversation, runtime: Runtime, clock: HeldClock
) -> None:
    unreachable = asks_unreachably(amina)
    clock.wait(seconds=GOODBYE_AT_MOST.total_seconds())
    assert finish_erasures(unreachable) == 0

    clock.wait(seconds=1)
    assert finish_erasures(unreachable) == 1
    assert who(amina) is None


def test_a_goodbye_that_can_never_arrive_keeps_nobody(amina: Conversation, runtime: Runtime) -> None:
    asks_unreachably(amina)

    class Blocked(Unreachable):
        def send(self, letter: Letter) -> str:
            raise DeliveryError("131026", remedy=Remedy.NEVER)

    runtime.clock.wait(seconds=2)  # type: ignore[attr-defined]  # a held clock
    deliver_due(replace(runtime, channels={Terminal.name: Blocked()}))

    assert finish_erasures(runtime) == 1


def test_many_are_forgotten_at_once(runtime: Runtime) -> None:
    everybody = [conversation(runtime) for _ in range(3)]
    for talk in everybody:
        talk.accept_notice("nl")
        asks_to_be_forgotten(talk)

    assert finish_erasures(runtime) == 3
    assert [who(talk) for talk in everybody] == [None] * 3


def test_who_writes_again_is_a_stranger(amina: Conversation, runtime: Runtime) -> None:
    asks_to_be_forgotten(amina)
    finish_erasures(runtime)
    answers, _ = amina.send("De verwarming is kapot")

    assert [answer.response for answer in answers] == ["utter_ask_notice"]


def test_files_that_could_not_be_rewritten_are_rewritten_at_the_next_look(
    runtime: Runtime, amina: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    amina.send(ERASE)
    amina.send("ja", payload=YES)
    done: list[str] = []

    def being_read() -> None:
        done.append("tried")
        raise StillBeingReadError

    with monkeypatch.context() as patched:
        patched.setattr(runtime.database, "scrub", being_read)
        assert finish_erasures(runtime) == 1
    assert who(amina) is None
    with monkeypatch.context() as patched:
        patched.setattr(runtime.database, "scrub", lambda: done.append("done"))
        assert finish_erasures(runtime) == 0
        assert finish_erasures(runtime) == 0
    assert done == ["tried", "done"]


def test_a_backup_that_takes_long_holds_nobody_up(clock: HeldClock, tmp_path: Path) -> None:
    """While it reads, somebody is erased: the rewriting of the file waits for it, and nothing else does."""
    with at_work(clock) as runtime:
        path = Path(runtime.database.read(lambda work: str(work.connection.engine.url.database)))
        talk = conversation(runtime)
        talk.accept_notice("nl")
        talk.send(ERASE)
        talk.send("", payload=YES)
        with seen(f"sqlite:///{path}") as backup:
            before = backup.exec_driver_sql("SELECT count(*) FROM newcomers").scalar()
            assert finish_erasures(runtime) == 1
            grown = path.with_name(f"{path.name}-wal").stat().st_size
            assert finish_erasures(runtime) == 0
            assert path.with_name(f"{path.name}-wal").stat().st_size <= grown + 65536
            assert backup.exec_driver_sql("SELECT count(*) FROM newcomers").scalar() == before == 1
            assert runtime.database.read(lambda work: work.counts.scrubs_owed()) == 1
        finish_erasures(runtime)
        assert runtime.database.read(lambda work: work.counts.scrubs_owed()) == 0


# ---- the list outside the database


def test_who_is_erased_is_listed_outside_before_their_rows_are_gone(
    runtime: Runtime, amina: Conversation, tmp_path: Path
) -> None:
    listed = replace(runtime, erased_list=tmp_path / "other disk" / "erased.txt")
    finish_erasures(listed)
    assert (tmp_path / "other disk" / "erased.txt").read_text() == ""
    amina.send(ERASE)
    amina.send("", payload=YES)
    finish_erasures(listed)

    assert read_list(tmp_path / "other disk" / "erased.txt") == runtime.database.read(lambda work: work.erased.all())
    assert len(read_list(tmp_path / "other disk" / "erased.txt")) == 2


def test_a_list_that_cannot_be_written_keeps_nobody_from_being_erased(
    runtime: Runtime, amina: Conversation, tmp_path: Path
) -> None:
    (tmp_path / "erased.txt").write_text("something else")
    for path in (tmp_path / "erased.txt", tmp_path / "erased.txt" / "below a file"):
        finish_erasures(replace(runtime, erased_list=path))
    amina.send(ERASE)
    amina.send("", payload=YES)
    with capture_logs() as logs:
        assert finish_erasures(replace(runtime, erased_list=tmp_path / "erased.txt")) == 1

    assert [line["error"] for line in logs] == ["BadErasedListError"]
    assert (tmp_path / "erased.txt").read_text() == "something else"
