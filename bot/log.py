"""
Structured logs without personal data: codes, counts and ids, never anyone's words.

Libraries log too, and put into their lines and tracebacks what they were given: a path with a name in it, a message
that could not be handled. Of theirs only what cannot be anybody's is written: who logs, where, which kind of error.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from types import FrameType
    from typing import Any

# What may stand in a log line beside the event's name. Anything else is left out, and the line says so.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "conversation", "case", "message", "error", "outbox", "reason", "remedy",
        "again", "job", "channel", "count", "seconds", "rung", "address_port", "exception", "library", "place", "trace",
    }
)  # fmt: skip
# So many steps of a traceback tell where it went wrong.
STEPS = 8


def redact(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list, so that a forgotten one cannot leak."""
    kept = {key: value for key, value in line.items() if key in ALLOWED}
    left_out = sorted(set(line) - set(kept))
    return {**kept, "left_out": left_out} if left_out else kept


def set_up_logging(level: str) -> None:
    """Write JSON lines of at least `level` to the error stream; of libraries, warnings and worse."""
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
    root = logging.getLogger()
    root.setLevel(logging.WARNING)  # below it they tell every request and every statement, whatever our own level is
    if not any(isinstance(handler, OfLibraries) for handler in root.handlers):
        root.addHandler(OfLibraries(logging.WARNING))
    # Pillow tells what stands in the notes of a photo: where it was taken, and by whom.
    for name in ("uvicorn.access", "alembic", "httpx", "httpcore", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)


class OfLibraries(logging.Handler):
    """Writes what libraries log as a line like ours, without anything that they were given."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[1] if record.exc_info else None
        _write(
            {
                "event": "a library says",
                "level": record.levelname.lower(),
                "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
                "library": record.name,
                "place": f"{record.filename}:{record.lineno}",
                **({"reason": record.msg} if _stands_in_the_code(record) else {}),
                **({"error": type(error).__name__, "trace": trace_of(error)} if error else {}),
            }
        )


def _write(line: dict[str, Any]) -> None:
    text = json.dumps(redact(None, "", line), ensure_ascii=False)
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # where the log goes


def _stands_in_the_code(record: logging.LogRecord) -> bool:
    """
    Return whether what is said stands in the library's code, word for word.

    With values to be filled in (`%s`) it is the sentence without them. A sentence that was put together when it was
    said is not in there, and may hold anything.
    """
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  # the one way to see who is calling
    while frame is not None:
        code = frame.f_code
        if code.co_filename == record.pathname and code.co_name == record.funcName:
            return record.msg in code.co_consts
        frame = frame.f_back
    return False


def trace_of(error: BaseException) -> str:
    """Return where an error comes from, the innermost place first, without a word of what it says."""
    steps, at = [], error.__traceback__
    while at is not None:
        steps.append(f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}")
        at = at.tb_next
    return " < ".join(reversed(steps[-STEPS:]))


def place_of(error: BaseException) -> str:
    """Return the innermost place of an error, as `runner.py:120`."""
    return trace_of(error).partition(" < ")[0]


def keep_threads_quiet() -> None:
    """Have a thread that ends by an error write such a line, not what Python prints: that quotes the error."""

    def ended(told: threading.ExceptHookArgs) -> None:
        error = told.exc_value
        _write(
            {
                "event": "a thread ended",
                "level": "error",
                "timestamp": datetime.now(UTC).isoformat(),
                "job": told.thread.name if told.thread else None,
                "error": told.exc_type.__name__,
                **({"trace": trace_of(error)} if error else {}),
            }
        )

    threading.excepthook = ended
