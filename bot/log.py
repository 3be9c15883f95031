"""Structured logs without personal data: codes, counts and ids, never anyone's words."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

# What may stand in a log line beside the event's name. Anything else is left out, and the line says so.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "conversation", "case", "message", "error", "outbox", "reason", "remedy",
        "again", "job", "channel", "count", "seconds", "rung", "address_port", "exception",
    }
)  # fmt: skip


def redact(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list, so that a forgotten one cannot leak."""
    kept = {key: value for key, value in line.items() if key in ALLOWED}
    left_out = sorted(set(line) - set(kept))
    return {**kept, "left_out": left_out} if left_out else kept


class WithoutWords(logging.Filter):
    """
    Of what went wrong leaves the kind and the place.

    The server writes whole tracebacks, and the message of an error may hold what somebody wrote.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the error out of the record; the record itself always stays."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            last = traceback.extract_tb(error.__traceback__)[-1:]
            places = [f" at {Path(frame.filename).name}:{frame.lineno}" for frame in last]
            record.msg, record.args = f"{record.getMessage().strip()}: {type(error).__name__}{''.join(places)}", ()
            record.exc_info = record.exc_text = None
        return True


def set_up_logging(level: str) -> None:
    """Write JSON lines of at least `level` to the error stream."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 30)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Pillow tells what stands in the notes of a photo: where it was taken, and by whom.
    server = logging.getLogger("uvicorn.error")
    if not any(isinstance(one, WithoutWords) for one in server.filters):
        server.addFilter(WithoutWords())
    for name in ("uvicorn.access", "alembic", "httpx", "httpcore", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)
