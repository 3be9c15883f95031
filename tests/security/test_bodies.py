"""Bodies of gigabytes, bodies that lie about their length, and bodies and heads that never end."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.web.console.door import LARGEST_AT_THE_DOOR, LARGEST_FORM, SIGN_IN
from bot.web.patience import BodyInTime, Patient
from tests.security.conftest import said_on_the_line, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from tests.console.conftest import Office

EDGE = "edge-of-a-part"
FILE = f'--{EDGE}\r\ncontent-disposition: form-data; name="file"; filename="a"\r\ncontent-type: a/b\r\n\r\n'.encode()


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    kind = f"content-type: multipart/form-data; boundary={EDGE}"
    return "\r\n".join((f"{method} {path} HTTP/1.1", "host: here", kind, *lines, "", "")).encode()


def chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def endless(path: str, *lines: str, most: int) -> Iterator[bytes]:
    """Say that ten bytes come, and send more than `most` of a body without its end."""
    yield head(path, *lines, "content-length: 10", "transfer-encoding: chunked")
    yield chunk(FILE)
    for _ in range(0, most, 1 << 16):
        yield chunk(b"a" * (1 << 16))


def test_a_body_in_chunks_that_says_it_is_short_is_cut_off(office: Office) -> None:
    """The answer comes though the body has no end."""
    answer = said_on_the_line(office.port, endless(SIGN_IN, most=2 * LARGEST_AT_THE_DOOR), most=1)
    assert status_of(answer) == 413


def test_what_is_in_may_not_lie_about_its_length_either(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    cookie = f"cookie: wegwijs_desk={sam.secret}"
    answer = said_on_the_line(office.port, endless("/desk/shift", cookie, most=LARGEST_FORM + (2 << 20)), most=1)
    assert status_of(answer) == 413


def test_what_a_stranger_uploads_is_not_even_read(office: Office) -> None:
    """The answer comes though not one byte of the twenty megabytes was sent."""
    answer = said_on_the_line(office.port, [head("/desk/shift", f"content-length: {20 << 20}")], most=1)
    assert status_of(answer) == 303


def test_at_the_door_nobody_needs_room_for_a_file(office: Office) -> None:
    most = LARGEST_AT_THE_DOOR
    answer = said_on_the_line(office.port, [head(SIGN_IN, f"content-length: {most + 1}")], most=1)
    assert status_of(answer) == 413


def test_a_million_fields_are_not_taken_apart(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    body = b"a=&" * 100_000
    kind = {"content_type": "application/x-www-form-urlencoded"}
    assert sam.ask("POST", "/desk/shift", body, kind).status == 400


def test_ten_thousand_headers_are_too_many(office: Office) -> None:
    lines = (f"a{number}: b".encode() + b"\r\n" for number in range(50_000))
    answer = said_on_the_line(office.port, [b"GET / HTTP/1.1\r\nhost: here\r\n", *lines])
    assert status_of(answer) in {0, 400}


# ---- what never ends


class Hasty(Patient):
    head_seconds = 0.2


@contextmanager
def hasty_server() -> Iterator[int]:
    async def echo(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    app = Starlette(
        routes=[Route("/", echo, methods=["GET", "POST"])], middleware=[Middleware(BodyInTime, seconds=0.2)]
    )
    config = uvicorn.Config(app, port=0, log_level="critical", log_config=None, http=Hasty, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def test_a_head_that_never_ends_is_not_waited_for() -> None:
    with hasty_server() as port:
        assert said_on_the_line(port, [b"GET / HTTP/1.1\r\nhost: here\r\n"]) == b""


def test_a_line_on_which_nothing_is_said_is_shut() -> None:
    with hasty_server() as port:
        assert said_on_the_line(port, []) == b""


def test_the_second_head_on_a_line_has_to_end_too() -> None:
    with hasty_server() as port:
        answer = said_on_the_line(port, [b"GET / HTTP/1.1\r\nhost: here\r\n\r\n", b"GET / HTTP/1.1\r\nho"])
        assert status_of(answer) == 200
        assert answer.count(b"HTTP/1.1") == 1


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    with hasty_server() as port:
        answer = said_on_the_line(port, [b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\na"])
        assert status_of(answer) == 408


def test_who_goes_on_talking_after_the_answer_is_cut_off() -> None:
    with hasty_server() as port:
        answer = said_on_the_line(port, [b"POST /nowhere HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\na"])
        assert status_of(answer) == 404


def test_whoever_says_what_they_want_is_answered() -> None:
    with hasty_server() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        for _ in range(3):
            line.sendall(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\nab")
            answer = b""
            while not answer.endswith(b"\r\n\r\nab"):
                answer += line.recv(1 << 14)
            assert status_of(answer) == 200
