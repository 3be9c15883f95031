"""
Outbox → messenger: in order per conversation, within the account's budget, the outcome recorded.

A message is leased, sent outside any transaction, and settled under the lease's token, so that a worker that was too
slow changes nothing. What the messenger says goes by `Remedy`; what nobody knows is repeated only on a messenger where
reading a thing twice is the worst that can happen (`Limits.repeatable`), see docs/decisions/0008-delivery.md.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, assert_never, runtime_checkable

import structlog

from bot import measure
from bot.channels.errors import DeliveryError
from bot.channels.limits import SEND_SECONDS
from bot.channels.webchat import WebChat
from bot.domain.messenger import Letter, Outcome, Remedy
from bot.domain.turn import Message
from bot.say import WINDOW_MARGIN, say_that_something_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.channels.limits import Limits
    from bot.domain.messenger import Receipt
    from bot.runtime import Channel, Runtime
    from bot.store.rows import LeasedRow
    from bot.store.work import Work

log = structlog.get_logger()

# Longer than a send may take, so that nobody repeats what is still on its way.
LEASE_SECONDS = 3 * SEND_SECONDS
# How many are sent side by side; one that hangs holds up no more than these.
SIDE_BY_SIDE = 8
# Seconds until the next try; after the last one, most of a day later, the message has failed.
BACK_OFF = (2, 10, 60, 300, 1800, 3600, 7200, 14400, 28800)
# What a messenger took and could not deliver for the moment is given to it again after this.
GIVEN_BACK_SECONDS = 300
AGAIN = frozenset({Remedy.RETRY, Remedy.PAUSE})
# When the messenger is asked for an uncertain message, and when its "I never had it" is believed.
ASK_AFTER = timedelta(minutes=2)
BELIEVE_AFTER = timedelta(minutes=10)


@runtime_checkable
class Finds(Protocol):
    """A messenger that can be asked whether it has a message after all."""

    def find(self, letter: Letter, since: datetime) -> str | None:
        """
        Return the messenger's id of this message, given to it at `since` or later; None when it never had it.

        Raises:
            DeliveryError: it does not say.

        """
        ...


# ---- 1. what is due


def deliver_due(runtime: Runtime, limit: int = SIDE_BY_SIDE) -> int:
    """Send what is due on the channels of this process; return how many messages were taken up."""
    now = runtime.clock.now()
    names = tuple(runtime.channels)
    due = runtime.database.read(lambda work: [name for name in names if work.outbox.is_due(now, channel=name)])
    return sum(_deliver_on(runtime, runtime.channels[name], limit) for name in due)


def _deliver_on(runtime: Runtime, channel: Channel, limit: int) -> int:
    now = runtime.clock.now()
    rows = runtime.database.write(lambda work: _leased(work, channel, limit, now))
    if len(rows) == 1 or channel.limits.per_second is None:
        for row in rows:
            _send(runtime, channel, row)
    elif rows:
        # One newcomer's messages are never sent side by side: only the first of each conversation is leased.
        with ThreadPoolExecutor(len(rows), thread_name_prefix="deliver") as senders:
            list(senders.map(lambda row: _send(runtime, channel, row), rows))
    return len(rows)


def _leased(work: Work, channel: Channel, limit: int, now: datetime) -> list[LeasedRow]:
    limits = channel.limits
    if not limits.repeatable:
        work.outbox.lapsed(now, channel=channel.name)
    if limits.per_second is None:
        return work.outbox.lease(now, limit, LEASE_SECONDS, channels=(channel.name,))
    rate, burst = limits.per_second, limits.burst
    granted = work.budgets.take(channel.name, limit, per_second=rate, burst=burst, now=now)
    rows = work.outbox.lease(now, granted, LEASE_SECONDS, channels=(channel.name,)) if granted else []
    work.budgets.give_back(channel.name, granted - len(rows))
    return rows


# ---- 2. one message


def _send(runtime: Runtime, channel: Channel, row: LeasedRow) -> None:
    """Send one message outside any transaction, then record what became of it."""
    now = runtime.clock.now()
    if row.leased_until is not None and now + timedelta(seconds=SEND_SECONDS) > row.leased_until:
        # The process stood still since it took this up. Sent now, it could come after what another has sent by then.
        log.warning("lease too short to send in", outbox=row.id)
        return
    letter = _letter(runtime, row, channel.limits, now)
    if row.blocked:
        measure.delivery(channel.name, "blocked")
        _record(runtime, row, lambda work: work.outbox.failed(row.id, row.lease_token, "blocked", None))
        return
    if not letter.window_open and letter.message.template is None:
        measure.delivery(channel.name, "waiting")
        _record(runtime, row, lambda work: _wait(runtime, work, row))
        return
    try:
        with measure.delivery_time(channel.name):
            provider_id = channel.send(letter)
    except Exception as caught:  # noqa: BLE001  # whatever it was, the messages after this one must go out
        error = caught if isinstance(caught, DeliveryError) else DeliveryError(type(caught).__name__)
        _not_taken(runtime, channel, row, error)
        return
    measure.delivery(channel.name, "sent")
    # The moment is taken inside the unit of work, so that what is shown later also has the later moment.
    _record(runtime, row, lambda work: work.outbox.sent(row.id, row.lease_token, provider_id, runtime.clock.now()))


def _record(runtime: Runtime, row: LeasedRow, outcome: Callable[[Work], object]) -> None:
    """Record what became of a message, and tell the case that it is a reply of, and the page that shows it."""

    def record(work: Work) -> None:
        outcome(work)
        if row.channel == WebChat.name:
            work.wakes.show(row.address)
        if row.case_id is not None:
            work.cases.after_delivery(row.conversation_id, runtime.clock.now())

    runtime.database.write(record)


def _letter(runtime: Runtime, row: LeasedRow, limits: Limits, now: datetime) -> Letter:
    def opened(file_id: str) -> bytes | None:
        return runtime.database.read(lambda work: work.reply_files.open(file_id))

    return Letter(
        address=row.address,
        message=Message.from_body(row.body),
        reference=row.id,
        window_open=_is_open(row, limits, now),
        open=opened,
    )


def _is_open(row: LeasedRow, limits: Limits, now: datetime) -> bool:
    if limits.window is None:
        return True
    return row.heard_at is not None and now < row.heard_at + limits.window - WINDOW_MARGIN


def _wait(runtime: Runtime, work: Work, row: LeasedRow) -> None:
    """Keep a message until the newcomer writes, and say once by a template that something waits."""
    is_first = work.outbox.waiting_for(row.conversation_id) == 0
    if work.outbox.wait(row.id, row.lease_token) and is_first:
        say_that_something_waits(runtime, work, row.conversation_id, str(row.body.get("response") or ""))


def _not_taken(runtime: Runtime, channel: Channel, row: LeasedRow, error: DeliveryError) -> None:
    """Do what helps after the messenger did not take a message."""
    now = runtime.clock.now()
    remedy = error.remedy
    if remedy is Remedy.UNCERTAIN and channel.limits.repeatable:
        remedy = Remedy.RETRY
    measure.delivery(channel.name, remedy.value, error.reason)
    log.warning("delivery failed", outbox=row.id, reason=error.reason, remedy=remedy.value)
    _record(runtime, row, lambda work: _remedied(runtime, work, row, error, remedy, now))


def _found(runtime: Runtime, work: Work, row: LeasedRow, provider_id: str) -> bool:
    if work.outbox.knows(provider_id, channel=row.channel, besides=row.id):
        return False  # two messages that look the same, and this was the other one: a person must look
    now = runtime.clock.now()
    settled = work.outbox.settled_as("sent", now, outbox_id=row.id, provider_id=provider_id, channel=row.channel)
    if settled is not None:
        work.cases.after_delivery(row.conversation_id, now)
    return settled is not None


def _remedied(  # noqa: PLR0913, PLR0917  # one failure is these things
    runtime: Runtime, work: Work, row: LeasedRow, error: DeliveryError, remedy: Remedy, now: datetime
) -> None:
    if error.new_address is not None:
        work.newcomers.move_address(row.channel, row.address, error.new_address)
    match remedy:
        case Remedy.RETRY:
            retry_at = _retry_at(now, row.attempts, error.retry_after)
            work.outbox.failed(row.id, row.lease_token, error.reason, retry_at)
        case Remedy.PAUSE:
            # It was not refused for what it is, so the pause does not count as one of its tries.
            until = now + timedelta(seconds=error.retry_after or BACK_OFF[1])
            work.budgets.pause(row.channel, until, now=now)
            work.outbox.failed(row.id, row.lease_token, error.reason, until, counts=False)
        case Remedy.NEVER:
            work.outbox.failed(row.id, row.lease_token, error.reason, None)
        case Remedy.STOP_SENDING:
            work.outbox.failed(row.id, row.lease_token, error.reason, None)
            work.conversations.block(row.conversation_id, now=now)
            work.outbox.give_up(row.conversation_id, error.reason)
            work.cases.after_delivery(row.conversation_id, now)
        case Remedy.WINDOW_CLOSED:
            _wait(runtime, work, row)
        case Remedy.UNCERTAIN:
            work.outbox.uncertain(row.id, row.lease_token, error.reason, now)
        case _:
            assert_never(remedy)


def _retry_at(now: datetime, attempts: int, retry_after: float | None) -> datetime | None:
    if attempts > len(BACK_OFF):
        return None
    return now + timedelta(seconds=max(BACK_OFF[attempts - 1], retry_after or 0))


# ---- 3. what the messenger says later


def take_receipt(runtime: Runtime, receipt: Receipt) -> bool:
    """Record a receipt; return False when it brings nothing new: repeated, late, or of a message that is not ours."""
    now = runtime.clock.now()

    def record(work: Work) -> bool:
        failed = receipt.outcome is Outcome.FAILED
        waits = failed and receipt.remedy is Remedy.WINDOW_CLOSED
        if failed and receipt.remedy in AGAIN and _once_more(work, receipt, now):
            return True
        conversation = work.outbox.settled_as(
            "waiting" if waits else receipt.outcome.value,
            now,
            outbox_id=receipt.reference,
            provider_id=receipt.provider_id,
            channel=receipt.channel,
            error=receipt.reason if failed else None,
        )
        if conversation is None:
            return False
        if waits:
            say_that_something_waits(runtime, work, conversation)
        elif failed and receipt.remedy is Remedy.STOP_SENDING:
            work.conversations.block(conversation, now=now)
            work.outbox.give_up(conversation, receipt.reason or "stopped")
        work.cases.after_delivery(conversation, now)
        return True

    is_news = runtime.database.write(record)
    if is_news:
        measure.receipt(receipt.channel, receipt.outcome.value, receipt.reason)
    return is_news


def _once_more(work: Work, receipt: Receipt, now: datetime) -> bool:
    """Queue again what was taken and given back for no fault of its own; False when it was tried often enough."""
    conversation = work.outbox.settled_as(
        "queued",
        now,
        outbox_id=receipt.reference,
        provider_id=receipt.provider_id,
        channel=receipt.channel,
        error=receipt.reason,
        retry_at=now + timedelta(seconds=GIVEN_BACK_SECONDS),
        tries=len(BACK_OFF),
    )
    return conversation is not None


def settle_uncertain(runtime: Runtime, limit: int = 20) -> int:
    """Ask the messengers for messages of unknown outcome; return how many are settled."""
    return sum(
        _settle_on(runtime, channel, limit) for channel in runtime.channels.values() if isinstance(channel, Finds)
    )


def _settle_on(runtime: Runtime, channel: Channel, limit: int) -> int:
    now = runtime.clock.now()
    name = channel.name
    rows: Sequence[LeasedRow] = runtime.database.write(
        lambda work: work.outbox.uncertain_since(now - ASK_AFTER, channel=name, limit=limit)
    )
    return sum(_settle(runtime, channel, row, now) for row in rows)


def _settle(runtime: Runtime, channel: Channel, row: LeasedRow, now: datetime) -> bool:
    assert isinstance(channel, Finds)
    try:
        # It became uncertain within a lease of being handed over; a twin from an earlier day is not it.
        since = row.available_at - timedelta(seconds=LEASE_SECONDS)
        provider_id = channel.find(_letter(runtime, row, channel.limits, now), max(since, row.created_at))
    except DeliveryError as error:
        log.warning("not settled", outbox=row.id, reason=error.reason)
        return False
    if provider_id is not None:
        return runtime.database.write(lambda work: _found(runtime, work, row, provider_id))
    if now - row.available_at < BELIEVE_AFTER:
        return False
    # The messenger was asked, long after it could still be busy with it: this is no blind repeat.
    return runtime.database.write(lambda work: work.outbox.retry(row.id, runtime.clock.now()))
