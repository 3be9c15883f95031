"""What an attacker has: a line to the server, and all the patience in the world."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.console.conftest import clock, office
from tests.store.conftest import migrated_file, vault

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["clock", "migrated_file", "office", "vault"]


def said_on_the_line(port: int, pieces: Iterable[bytes], *, most: int = 1 << 16) -> bytes:
    """Send bytes as no browser would, and return what came back before the server shut the line."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        try:
            for piece in pieces:
                line.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it heard enough
        found = bytearray()
        try:
            while len(found) < most and (more := line.recv(1 << 14)):
                found += more
        except ConnectionResetError:
            pass
    return bytes(found)


def status_of(answer: bytes) -> int:
    """Return the status that an answer begins with; 0 when nothing was said."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0
