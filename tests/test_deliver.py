"""From the outbox to the messenger: in order, once, and patiently. The database is a real one; the clock is held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.errors import DeliveryError
from bot.deliver import BACK_OFF, LEASE_SECONDS, deliver_due
from bot.domain.turn import Button, Message
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime
    from bot.store.rows import OutboxRow

AWAY = DeliveryError("503")
BLOCKED = DeliveryError("131026", permanent=True)


@dataclass(kw_only=True)
class Messenger:
    """A messenger nobody can have here: it takes what it is given, unless something else was planned."""

    name: str = "telegram"
    planned: list[BaseException | Callable[[], None]] = field(default_factory=list)
    took: list[tuple[str, str]] = field(default_factory=list)

    def send(self, address: str, message: Message) -> str:
        match self.planned.pop(0) if self.planned else None:
            case BaseException() as error:
                raise error
            case None:
                pass
            case happens:
                happens()
        self.took.append((address, message.text))
        return f"{self.name}.{len(self.took)}"

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.took]


@pytest.fixture
def messenger() -> Messenger:
    return Messenger()


@pytest.fixture
def runtime(messenger: Messenger, clock: HeldClock) -> Iterator[Runtime]:
    with at_work(clock) as runtime:
        yield replace(runtime, channels={messenger.name: messenger})


def message(text: str) -> Message:
    buttons = (Button(title="Ja", payload="/affirm"),)
    return Message(response="utter_example", text=text, buttons=buttons, language="nl", direction="ltr")


def say(runtime: Runtime, address: str, *texts: str, channel: str = "telegram") -> str:
    """Queue these messages to somebody; return their conversation."""
    now = runtime.clock.now()

    def queue(work):  # noqa: ANN001, ANN202  # a unit of work
        conversation = work.newcomers.writing_from(channel, address, now=now).conversation.id
        for text in texts:
            work.outbox.say(conversation, None, 0, message(text).as_body(), now)
        return conversation

    return runtime.database.write(queue)


def rows(runtime: Runtime, conversation: str) -> list[OutboxRow]:
    return runtime.database.read(lambda work: work.outbox.all_for(conversation))


def states(runtime: Runtime, conversation: str) -> list[str]:
    return [row.status for row in rows(runtime, conversation)]


def deliver_all(runtime: Runtime) -> None:
    while deliver_due(runtime):
        pass


# ---- in order


def test_a_newcomer_reads_the_messages_in_the_order_they_were_said(runtime: Runtime, messenger: Messenger) -> None:
    amina = say(runtime, "amina", "een", "twee", "drie")
    deliver_all(runtime)

    assert messenger.took == [("amina", "een"), ("amina", "twee"), ("amina", "drie")]
    assert states(runtime, amina) == ["sent"] * 3
    assert [row.provider_id for row in rows(runtime, amina)] == ["telegram.1", "telegram.2", "telegram.3"]
    assert {row.sent_at for row in rows(runtime, amina)} == {runtime.clock.now()}


def test_only_one_message_of_a_conversation_is_on_its_way(runtime: Runtime, messenger: Messenger) -> None:
    say(runtime, "amina", "een", "twee")
    say(runtime, "yonas", "hallo")

    assert deliver_due(runtime) == 2
    assert sorted(messenger.texts) == ["een", "hallo"]


def test_what_arrives_is_what_was_said(runtime: Runtime) -> None:
    arrived: list[Message] = []

    @dataclass
    class Ear:
        name: str = "telegram"

        def send(self, address: str, message: Message) -> str:
            arrived.append(message)
            return address

    say(runtime, "amina", "سلام *BSN*")
    deliver_all(replace(runtime, channels={"telegram": Ear()}))

    assert arrived == [message("سلام *BSN*")]


def test_nothing_to_do_is_nothing_done(runtime: Runtime) -> None:
    assert deliver_due(runtime) == 0


# ---- what does not go well


def test_a_messenger_that_is_away_is_tried_again_and_the_rest_waits(
    runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    amina = say(runtime, "amina", "een", "twee")
    say(runtime, "yonas", "hallo")
    messenger.planned = [AWAY]
    deliver_all(runtime)

    assert messenger.texts == ["hallo"]  # another conversation does not wait for hers
    assert states(runtime, amina) == ["queued", "queued"]
    assert rows(runtime, amina)[0].error == "503"

    clock.wait(seconds=BACK_OFF[0] - 1)
    assert deliver_due(runtime) == 0
    clock.wait(seconds=1)
    deliver_all(runtime)
    assert messenger.texts == ["hallo", "een", "twee"]
    assert states(runtime, amina) == ["sent", "sent"]
    assert rows(runtime, amina)[0].error is None


def test_each_try_waits_longer_and_the_last_one_ends_it(
    runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    amina = say(runtime, "amina", "een", "twee")
    for at, pause in enumerate(BACK_OFF, start=1):
        messenger.planned = [AWAY]
        assert deliver_due(runtime) == 1
        first = rows(runtime, amina)[0]
        assert (first.status, first.attempts) == ("queued", at)
        assert (first.available_at - clock.now()).total_seconds() == pause
        clock.wait(seconds=pause)
    messenger.planned = [AWAY]
    deliver_all(runtime)

    assert tuple(sorted(BACK_OFF)) == BACK_OFF
    assert states(runtime, amina) == ["failed", "sent"]  # and the one behind it went after all
    assert messenger.texts == ["twee"]


def test_what_can_never_arrive_ends_at_once(runtime: Runtime, messenger: Messenger) -> None:
    amina = say(runtime, "amina", "een", "twee")
    messenger.planned = [BLOCKED]
    deliver_all(runtime)

    assert states(runtime, amina) == ["failed", "sent"]
    assert (rows(runtime, amina)[0].error, rows(runtime, amina)[0].attempts) == ("131026", 1)


@pytest.mark.parametrize(("asked", "pause"), [(90.0, 90), (0.5, BACK_OFF[0]), (0.0, BACK_OFF[0])])
def test_a_messenger_that_asks_for_patience_gets_it(
    asked: float, pause: float, runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    amina = say(runtime, "amina", "een")
    messenger.planned = [DeliveryError("429", retry_after=asked)]
    deliver_all(runtime)

    assert (rows(runtime, amina)[0].available_at - clock.now()).total_seconds() == pause


def test_a_failure_nobody_foresaw_holds_up_nobody_else(
    runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    amina = say(runtime, "amina", "een")
    say(runtime, "yonas", "hallo")
    messenger.planned = [ValueError("Amina's own words")]
    deliver_all(runtime)

    assert messenger.texts == ["hallo"]
    assert (states(runtime, amina), rows(runtime, amina)[0].error) == (["queued"], "ValueError")
    clock.wait(seconds=BACK_OFF[0])
    deliver_all(runtime)
    assert states(runtime, amina) == ["sent"]


# ---- more than one process


def test_a_process_that_died_on_the_way_is_taken_over(runtime: Runtime, messenger: Messenger, clock: HeldClock) -> None:
    amina = say(runtime, "amina", "een")
    messenger.planned = [KeyboardInterrupt()]  # the process ends while it sends
    with pytest.raises(KeyboardInterrupt):
        deliver_due(runtime)

    clock.wait(seconds=LEASE_SECONDS - 1)
    assert deliver_due(runtime) == 0
    clock.wait(seconds=1)
    assert deliver_due(runtime) == 1
    assert (states(runtime, amina), rows(runtime, amina)[0].attempts) == (["sent"], 2)


@pytest.mark.parametrize("end", [None, AWAY, BLOCKED])
def test_who_lost_the_lease_records_nothing(
    end: Exception | None, runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    """The first process hangs for longer than its lease; a second one sends, and then the first one wakes up."""
    second = Messenger()
    amina = say(runtime, "amina", "een", "twee")

    def hangs() -> None:
        clock.wait(seconds=LEASE_SECONDS)
        assert deliver_due(replace(runtime, channels={second.name: second})) == 1
        if end is not None:
            raise end

    messenger.planned = [hangs]
    deliver_due(runtime)
    first = rows(runtime, amina)[0]

    assert (first.status, first.provider_id, first.attempts, first.error) == ("sent", "telegram.1", 2, None)
    assert second.texts == ["een"]
    assert first.lease_token == 2


def test_another_process_has_its_own_messengers(runtime: Runtime, messenger: Messenger) -> None:
    yonas = say(runtime, "yonas", "hallo", channel="whatsapp")

    assert deliver_due(runtime) == 0
    assert (states(runtime, yonas), rows(runtime, yonas)[0].attempts) == (["queued"], 0)
    deliver_all(replace(runtime, channels={"whatsapp": Messenger(name="whatsapp")}))
    assert states(runtime, yonas) == ["sent"]
    assert messenger.took == []


def test_a_process_without_messengers_takes_nothing(runtime: Runtime) -> None:
    say(runtime, "amina", "een")

    assert deliver_due(replace(runtime, channels={})) == 0


def test_a_long_queue_is_taken_in_parts(runtime: Runtime, messenger: Messenger) -> None:
    for number in range(5):
        say(runtime, f"newcomer {number}", "hallo")

    assert [deliver_due(runtime, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(set(messenger.took)) == 5
