"""Outbox → messenger: in order per conversation, with a lease, the outcome recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels.errors import DeliveryError
from bot.domain.messenger import Letter, Remedy
from bot.domain.turn import Message

if TYPE_CHECKING:
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.rows import LeasedRow

log = structlog.get_logger()

LEASE_SECONDS = 60.0
# Seconds until the next try; after the last one the message has failed.
BACK_OFF = (2, 10, 60, 300, 1800)


def deliver_due(runtime: Runtime, limit: int = 50) -> int:
    """Send what is due on the channels of this process; return how many messages were taken up."""
    now = runtime.clock.now()
    channels = tuple(runtime.channels)
    rows = runtime.database.write(lambda work: work.outbox.lease(now, limit, LEASE_SECONDS, channels=channels))
    for row in rows:
        _send(runtime, row)
    return len(rows)


def _send(runtime: Runtime, row: LeasedRow) -> None:
    """Send one message outside any transaction, then record what became of it."""
    try:
        letter = Letter(address=row.address, message=Message.from_body(row.body), reference=row.id)
        provider_id = runtime.channels[row.channel].send(letter)
    except Exception as caught:  # noqa: BLE001  # whatever it was, the messages after this one must go out
        error = caught if isinstance(caught, DeliveryError) else DeliveryError(type(caught).__name__)
        reason = error.reason
        retry_at = _retry_at(runtime.clock.now(), row.attempts, error)
        log.warning("delivery failed", outbox=row.id, reason=reason, again=retry_at is not None)
        runtime.database.write(lambda work: work.outbox.failed(row.id, row.lease_token, reason, retry_at))
        return
    # The moment is taken inside the unit of work, so that what is shown later also has the later moment.
    runtime.database.write(lambda work: work.outbox.sent(row.id, row.lease_token, provider_id, runtime.clock.now()))


def _retry_at(now: datetime, attempts: int, error: DeliveryError) -> datetime | None:
    if error.remedy not in {Remedy.RETRY, Remedy.PAUSE} or attempts > len(BACK_OFF):
        return None
    return now + timedelta(seconds=max(BACK_OFF[attempts - 1], error.retry_after or 0))
