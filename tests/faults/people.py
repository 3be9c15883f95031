"""
Who writes, and the messenger that posts what they write: until the answer is 2xx, now and then once more for nothing.

Some only talk: what they hear is compared with an assistant that nobody harms. The others have a trajectory too.
"""

from __future__ import annotations

import http.client
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.test_endurance import WORDS, Post

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

TALKERS = 60
REMINDED = 60
WRITING_TOO = 12  # so many of those who are reminded write as well
PER_SECOND = 8.0
TWICE = 0.1
SENDERS = 16
ANSWER_SECONDS = 10.0  # how long the messenger waits for an answer before it posts again
AGAIN_SECONDS = (0.2, 1.0)
PEOPLE = TALKERS + REMINDED


def chat(person: int) -> int:
    """Return the number of this person's chat."""
    return 1000 + 2 * person


def post(person: int, number: int, words: str) -> Post:
    """Return one message; whoever has an even number writes by Telegram."""
    return Post(newcomer=2 * person, number=number, words=words)


@dataclass
class Senders:
    """Post at a steady rate, to either web process. `first_at` is when each message was first posted."""

    ports: Sequence[int]
    chance: random.Random
    todo: queue.Queue[Post | None] = field(default_factory=queue.Queue)
    words: dict[tuple[int, int], str] = field(default_factory=dict)
    first_at: dict[tuple[int, int], float] = field(default_factory=dict)
    taken_at: list[float] = field(default_factory=list)
    posts: int = 0
    again: int = 0
    twice: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to write."""
        self._threads = ThreadPoolExecutor(SENDERS + 1, thread_name_prefix="sender")
        self._working = [self._threads.submit(self._send) for _ in range(SENDERS)]
        self._working.append(self._threads.submit(self._write))

    def finish(self) -> None:
        """Write nothing new, and wait until all that was written is taken."""
        self._stop.set()
        for one in self._working:
            one.result()
        self._threads.shutdown()

    def _write(self) -> None:
        numbers = [0] * PEOPLE
        writers = [*range(TALKERS + WRITING_TOO)]
        due = time.monotonic()
        while not self._stop.is_set():
            person = self.chance.choice(writers)
            number = numbers[person]
            numbers[person] += 1
            # Those with a trajectory have answered the notice; for the others the second word is the yes to it.
            said = "ja" if number == 1 else self.chance.choice(WORDS)
            written = post(person, number, said)
            self.words[person, number] = said
            self.todo.put(written)
            if self.chance.random() < TWICE:
                self.twice += 1
                self.todo.put(written)
            due += 1 / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
        for _ in range(SENDERS):
            self.todo.put(None)

    def _send(self) -> None:
        connections: dict[int, http.client.HTTPConnection] = {}
        while (post := self.todo.get()) is not None:
            port = self.chance.choice(self.ports)
            while not self._taken(post, port, connections):
                time.sleep(self.chance.uniform(*AGAIN_SECONDS))
                port = self.chance.choice(self.ports)
        for connection in connections.values():
            connection.close()

    def _taken(self, post: Post, port: int, connections: dict[int, http.client.HTTPConnection]) -> bool:
        path, body, headers = post.request()
        connection = connections.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS))
        with self._lock:
            self.posts += 1
            self.first_at.setdefault((post.newcomer // 2, post.number), time.monotonic())
        status = 0
        with suppress(OSError, http.client.HTTPException):
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            response.read()
            status = response.status
        fine = 200 <= status < 300
        with self._lock:
            if fine:
                self.taken_at.append(time.monotonic())
            else:
                self.again += 1
                self.refused[status] = self.refused.get(status, 0) + 1
        if not fine:
            connection.close()
            connections.pop(port, None)
        return fine
