"""Row ids: UUIDs that sort by the time they were made, so that an index grows at its end."""

from __future__ import annotations

import secrets
import threading
import time
import uuid

_LOCK = threading.Lock()
_RANDOM_BITS = 62
_COUNTER_BITS = 12
_last = 0


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562) as text; in one process later calls sort after earlier ones."""
    global _last  # noqa: PLW0603  # the order is a promise of the process, not of one caller
    with _LOCK:
        # Milliseconds and a 12-bit fraction of them are one number: raising it by one keeps the order
        # when the machine's clock stands still or is set back.
        now = time.time_ns() * (1 << _COUNTER_BITS) // 1_000_000
        _last = max(now, _last + 1)
        moment = _last
    milliseconds, counter = divmod(moment, 1 << _COUNTER_BITS)
    number = milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(_RANDOM_BITS)
    return str(uuid.UUID(int=number))
