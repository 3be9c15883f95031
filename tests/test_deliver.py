"""From the outbox to the messenger: in order, once, and patiently. The database is a real one; the clock is held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.errors import DeliveryError
from bot.channels.limits import SCREEN, Limits
from bot.deliver import BACK_OFF, LEASE_SECONDS, deliver_due, settle_uncertain, take_receipt
from bot.domain.messenger import Letter, Outcome, Receipt, Remedy
from bot.domain.turn import Button, Inbound, Kind, Message, Template
from bot.receive import take_in
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime
    from bot.store.rows import OutboxRow
    from bot.store.work import Work

AWAY = DeliveryError("503")
REFUSED = DeliveryError("131026", remedy=Remedy.NEVER)


@dataclass(kw_only=True)
class Messenger:
    """A messenger nobody can have here: it takes what it is given, unless something else was planned."""

    name: str = "telegram"
    limits: Limits = SCREEN
    planned: list[BaseException | Callable[[], None]] = field(default_factory=list)
    took: list[tuple[str, str]] = field(default_factory=list)

    def send(self, letter: Letter) -> str:
        match self.planned.pop(0) if self.planned else None:
            case BaseException() as error:
                raise error
            case None:
                pass
            case happens:
                happens()
        self.took.append((letter.address, letter.message.text))
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
        limits: Limits = SCREEN

        def send(self, letter: Letter) -> str:
            arrived.append(letter.message)
            return letter.reference

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
    messenger.planned = [REFUSED]
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


def test_a_process_that_stood_still_since_it_took_messages_up_leaves_them_to_others(
    runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    """Both are taken up at once; while the first is sent the process stands still, and another sends the second."""
    say(runtime, "amina", "een")
    say(runtime, "yonas", "twee", "drie")

    def stands_still() -> None:
        clock.wait(seconds=LEASE_SECONDS)
        deliver_all(replace(runtime, channels={messenger.name: messenger}))

    messenger.planned.append(stands_still)
    deliver_all(runtime)

    assert messenger.texts.count("twee") == messenger.texts.count("drie") == 1
    assert messenger.texts.index("twee") < messenger.texts.index("drie")


@pytest.mark.parametrize("end", [None, AWAY, REFUSED])
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


# ---- a messenger with a window, a budget and receipts

WINDOWED = Limits(text=1600, window=timedelta(hours=24), repeatable=False)
NARROW = Limits(text=4096, per_second=2.0, burst=3)


@pytest.fixture
def whatsapp(runtime: Runtime) -> Messenger:
    messenger = Messenger(name="whatsapp", limits=WINDOWED)
    runtime.channels["whatsapp"] = messenger  # type: ignore[index]  # the fixture's own dictionary
    return messenger


def writes(runtime: Runtime, address: str, text: str, number: int = 1) -> str:
    """Have somebody write; return their conversation."""
    inbound = Inbound(
        channel="whatsapp",
        address=address,
        provider_id=f"SM{number}",
        kind=Kind.TEXT,
        text=text,
        received_at=runtime.clock.now(),
    )
    conversation = take_in(runtime, inbound)
    assert conversation is not None
    return conversation


def templates(runtime: Runtime, conversation: str) -> list[str]:
    messages = [Message.from_body(row.body) for row in rows(runtime, conversation)]
    return [message.template.name for message in messages if message.template]


def receipt(outcome: Outcome, *, reference: str | None = None, provider_id: str | None = None, **more: Any) -> Receipt:
    return Receipt(channel="whatsapp", outcome=outcome, reference=reference, provider_id=provider_id, **more)


def test_free_text_waits_until_the_newcomer_writes(runtime: Runtime, whatsapp: Messenger, clock: HeldClock) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    clock.wait(hours=24)
    say(runtime, "yonas", "een", "twee", channel="whatsapp")
    deliver_all(runtime)

    assert states(runtime, yonas) == ["waiting", "waiting", "sent"]
    assert templates(runtime, yonas) == ["answer_ready"]  # once, and it says nothing of what waits
    writes(runtime, "yonas", "ja", number=2)
    deliver_all(runtime)
    assert whatsapp.texts[1:] == ["een", "twee"]
    assert states(runtime, yonas) == ["sent"] * 3


def test_within_the_window_free_text_goes(runtime: Runtime, whatsapp: Messenger, clock: HeldClock) -> None:
    writes(runtime, "yonas", "hallo")
    clock.wait(hours=23)
    say(runtime, "yonas", "een", channel="whatsapp")
    deliver_all(runtime)

    assert whatsapp.texts == ["een"]


def test_the_messenger_knows_better_when_its_window_is_closed(runtime: Runtime, whatsapp: Messenger) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    whatsapp.planned = [DeliveryError("63016", remedy=Remedy.WINDOW_CLOSED)]
    deliver_all(runtime)

    assert states(runtime, yonas) == ["waiting", "sent"]
    assert templates(runtime, yonas) == ["answer_ready"]


def test_a_window_that_closed_on_the_way_is_told_by_the_receipt(runtime: Runtime, whatsapp: Messenger) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    deliver_all(runtime)
    told = receipt(Outcome.FAILED, provider_id="whatsapp.1", reason="63016", remedy=Remedy.WINDOW_CLOSED)
    assert take_receipt(runtime, told)
    assert not take_receipt(runtime, told)

    assert states(runtime, yonas) == ["waiting", "queued"]
    assert templates(runtime, yonas) == ["answer_ready"]


def test_receipts_only_move_on_whatever_their_order(runtime: Runtime, whatsapp: Messenger) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    deliver_all(runtime)

    assert take_receipt(runtime, receipt(Outcome.READ, provider_id="whatsapp.1"))
    for late in (Outcome.SENT, Outcome.DELIVERED, Outcome.READ, Outcome.FAILED):
        assert not take_receipt(runtime, receipt(late, provider_id="whatsapp.1"))
    (row,) = rows(runtime, yonas)
    assert (row.status, row.read_at) == ("read", runtime.clock.now())


def test_a_receipt_of_nothing_of_ours_changes_nothing(runtime: Runtime, whatsapp: Messenger) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    deliver_all(runtime)

    assert not take_receipt(runtime, receipt(Outcome.DELIVERED, provider_id="somebody else's"))
    assert not take_receipt(runtime, receipt(Outcome.DELIVERED, reference="nothing of ours"))
    assert not take_receipt(runtime, receipt(Outcome.DELIVERED))
    (row,) = rows(runtime, yonas)
    other = Receipt(channel="telegram", outcome=Outcome.READ, reference=row.id, provider_id=None)
    assert not take_receipt(runtime, other)
    assert states(runtime, yonas) == ["sent"]


def test_an_unknown_outcome_is_not_repeated_and_a_receipt_settles_it(
    runtime: Runtime, whatsapp: Messenger, clock: HeldClock
) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", "twee", channel="whatsapp")
    whatsapp.planned = [DeliveryError("read time-out", remedy=Remedy.UNCERTAIN)]
    deliver_all(runtime)
    clock.wait(hours=3)
    deliver_all(runtime)

    assert states(runtime, yonas) == ["uncertain", "sent"]
    assert whatsapp.texts == ["twee"]
    first = rows(runtime, yonas)[0]
    assert take_receipt(runtime, receipt(Outcome.DELIVERED, reference=first.id, provider_id="SM9"))
    settled = rows(runtime, yonas)[0]
    assert (settled.status, settled.provider_id, settled.error) == ("delivered", "SM9", None)


def test_where_a_double_is_harmless_an_unknown_outcome_is_repeated(
    runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    amina = say(runtime, "amina", "een")
    messenger.planned = [DeliveryError("read time-out", remedy=Remedy.UNCERTAIN)]
    deliver_all(runtime)
    clock.wait(seconds=BACK_OFF[0])
    deliver_all(runtime)

    assert states(runtime, amina) == ["sent"]


def test_a_process_that_died_on_the_way_leaves_an_unknown_outcome(
    runtime: Runtime, whatsapp: Messenger, clock: HeldClock
) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    whatsapp.planned = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        deliver_due(runtime)
    clock.wait(seconds=LEASE_SECONDS)
    deliver_all(runtime)

    assert (states(runtime, yonas), whatsapp.took) == (["uncertain"], [])


@dataclass(kw_only=True)
class Asked(Messenger):
    """A messenger that can be asked what it has."""

    has: str | None = None
    says: Exception | None = None

    def find(self, letter: Letter, since: datetime) -> str | None:
        if self.says is not None:
            raise self.says
        return self.has


def uncertain(runtime: Runtime) -> tuple[str, Asked]:
    asked = Asked(name="whatsapp", limits=WINDOWED)
    runtime.channels["whatsapp"] = asked  # type: ignore[index]  # the fixture's own dictionary
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    asked.planned = [DeliveryError("read time-out", remedy=Remedy.UNCERTAIN)]
    deliver_all(runtime)
    return yonas, asked


def test_the_messenger_is_asked_and_has_it(runtime: Runtime, clock: HeldClock) -> None:
    yonas, asked = uncertain(runtime)
    asked.has = "SM7"
    assert settle_uncertain(runtime) == 0  # it may still be busy with it
    clock.wait(minutes=2)
    assert settle_uncertain(runtime) == 1

    (row,) = rows(runtime, yonas)
    assert (row.status, row.provider_id) == ("sent", "SM7")


def test_the_messenger_is_asked_and_never_had_it(runtime: Runtime, clock: HeldClock) -> None:
    yonas, asked = uncertain(runtime)
    clock.wait(minutes=9)
    assert settle_uncertain(runtime) == 0
    clock.wait(minutes=1)
    asked.says = DeliveryError("503")
    assert settle_uncertain(runtime) == 0  # no answer is no "never"
    asked.says = None
    assert settle_uncertain(runtime) == 1
    deliver_all(runtime)

    assert (states(runtime, yonas), asked.texts) == (["sent"], ["een"])


def test_who_blocked_us_hears_nothing_until_they_write(runtime: Runtime, whatsapp: Messenger, clock: HeldClock) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", "twee", channel="whatsapp")
    whatsapp.planned = [DeliveryError("63014", remedy=Remedy.STOP_SENDING)]
    deliver_all(runtime)
    say(runtime, "yonas", "drie", channel="whatsapp")
    deliver_all(runtime)
    assert states(runtime, yonas) == ["failed"] * 3
    assert [row.error for row in rows(runtime, yonas)] == ["63014", "63014", "blocked"]

    writes(runtime, "yonas", "ik ben er weer", number=2)
    say(runtime, "yonas", "vier", channel="whatsapp")
    deliver_all(runtime)
    assert whatsapp.texts == ["vier"]


def test_a_refusal_told_by_the_receipt_stops_us_too(runtime: Runtime, whatsapp: Messenger) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    deliver_all(runtime)
    say(runtime, "yonas", "twee", channel="whatsapp")
    told = receipt(Outcome.FAILED, provider_id="whatsapp.1", reason="21610", remedy=Remedy.STOP_SENDING)
    assert take_receipt(runtime, told)
    deliver_all(runtime)

    assert states(runtime, yonas) == ["failed", "failed"]
    assert whatsapp.texts == ["een"]


def test_a_pause_is_the_whole_accounts_and_costs_no_try(runtime: Runtime, clock: HeldClock) -> None:
    narrow = Messenger(limits=NARROW)
    runtime.channels["telegram"] = narrow  # type: ignore[index]  # the fixture's own dictionary
    amina = say(runtime, "amina", "een")
    narrow.planned = [DeliveryError("429", remedy=Remedy.PAUSE, retry_after=30)]
    deliver_all(runtime)
    say(runtime, "yonas", "hallo")
    deliver_all(runtime)
    assert narrow.took == []
    assert rows(runtime, amina)[0].attempts == 0

    clock.wait(seconds=30)
    deliver_all(runtime)
    assert sorted(narrow.texts) == ["een", "hallo"]


def test_an_account_sends_no_faster_than_it_may(runtime: Runtime, clock: HeldClock) -> None:
    narrow = Messenger(limits=NARROW)
    runtime.channels["telegram"] = narrow  # type: ignore[index]  # the fixture's own dictionary
    for number in range(10):
        say(runtime, f"newcomer {number}", "hallo")
    deliver_all(runtime)
    assert len(narrow.took) == 3  # what it may send at once after a rest
    clock.wait(seconds=1)
    deliver_all(runtime)
    assert len(narrow.took) == 5
    clock.wait(minutes=1)
    deliver_all(runtime)
    assert len(narrow.took) == 8


def test_answers_go_before_reminders(runtime: Runtime) -> None:
    narrow = Messenger(limits=NARROW)
    runtime.channels["telegram"] = narrow  # type: ignore[index]  # the fixture's own dictionary
    now = runtime.clock.now()

    def remind(work: Work) -> None:
        for number in range(5):
            conversation = work.newcomers.writing_from("telegram", f"newcomer {number}", now=now).conversation.id
            work.outbox.say(conversation, None, 0, message("Morgen is de afspraak").as_body(), now, bulk=True)

    runtime.database.write(remind)
    say(runtime, "amina", "een")
    deliver_all(runtime)

    assert narrow.took[0] == ("amina", "een")
    assert len(narrow.took) == 3


def test_a_template_goes_out_after_the_window(runtime: Runtime, whatsapp: Messenger, clock: HeldClock) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    clock.wait(days=3)
    reminder = replace(message("Morgen"), template=Template(name="reminder", variables=("morgen",)))
    now = clock.now()
    runtime.database.write(lambda work: work.outbox.say(yonas, None, 0, reminder.as_body(), now, bulk=True))
    deliver_all(runtime)

    assert whatsapp.texts == ["Morgen"]
    assert Message.from_body(rows(runtime, yonas)[0].body) == reminder


# ---- what a person must look at


def test_what_is_stuck_can_be_tried_again_or_dropped(runtime: Runtime, messenger: Messenger) -> None:
    amina = say(runtime, "amina", "een", "twee", "drie")
    messenger.planned = [REFUSED, REFUSED]
    deliver_all(runtime)
    stuck = runtime.database.read(lambda work: work.outbox.stuck(10))
    assert [row.body["text"] for row in stuck] == ["twee", "een"]

    now = runtime.clock.now()
    assert runtime.database.write(lambda work: work.outbox.retry(stuck[1].id, now))
    assert runtime.database.write(lambda work: work.outbox.drop(stuck[0].id))
    arrived = rows(runtime, amina)[2].id
    assert not runtime.database.write(lambda work: work.outbox.drop(arrived))
    deliver_all(runtime)
    assert states(runtime, amina) == ["sent", "dropped", "sent"]
    assert messenger.texts == ["drie", "een"]


def test_what_was_taken_and_given_back_goes_out_once_more(
    runtime: Runtime, whatsapp: Messenger, clock: HeldClock
) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    deliver_all(runtime)
    told = receipt(Outcome.FAILED, provider_id="whatsapp.1", reason="63018", remedy=Remedy.RETRY)
    assert take_receipt(runtime, told)
    assert not take_receipt(runtime, told)
    assert states(runtime, yonas) == ["queued"]
    clock.wait(minutes=5)
    deliver_all(runtime)

    assert whatsapp.texts == ["een", "een"]
    (row,) = rows(runtime, yonas)
    assert (row.status, row.provider_id, row.error) == ("sent", "whatsapp.2", None)


def test_what_is_given_back_every_time_has_failed_in_the_end(
    runtime: Runtime, whatsapp: Messenger, clock: HeldClock
) -> None:
    yonas = writes(runtime, "yonas", "hallo")
    say(runtime, "yonas", "een", channel="whatsapp")
    for number in range(1, len(BACK_OFF) + 3):
        deliver_all(runtime)
        take_receipt(
            runtime,
            receipt(Outcome.FAILED, provider_id=f"whatsapp.{number}", reason="63018", remedy=Remedy.PAUSE),
        )
        clock.wait(minutes=5)

    assert states(runtime, yonas) == ["failed"]
    assert len(whatsapp.took) == len(BACK_OFF) + 1


def test_nobody_looks_in_vain_at_what_stands_behind_a_message_that_waits(
    runtime: Runtime, messenger: Messenger, clock: HeldClock
) -> None:
    amina = say(runtime, "amina", "een", "twee")
    messenger.planned = [AWAY]
    deliver_all(runtime)
    say(runtime, "amina", "drie")

    def due() -> bool:
        return runtime.database.read(lambda work: work.outbox.is_due(clock.now(), channel="telegram"))

    assert not due()
    clock.wait(seconds=BACK_OFF[0])
    assert due()
    deliver_all(runtime)
    assert (messenger.texts, states(runtime, amina)) == (["een", "twee", "drie"], ["sent"] * 3)
