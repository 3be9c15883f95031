"""The webhook on a real server: who may post, what is no update, and that nobody's body is an error of ours."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.turn import Inbound, Kind
from bot.hear import TRIES, hear
from bot.web import webhooks_telegram
from bot.web.webhooks_telegram import MOST_BYTES, SECRET_HEADER
from tests.channels import updates
from tests.channels.test_telegram_news import ANYTHING, mutated
from tests.peers.telegram_chat import SECRET, chatting_with_nobody, post, posted_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.messenger import News
    from bot.runtime import Runtime
    from tests.peers.telegram_chat import Chat

HELLO = json.dumps(updates.update("message", updates.text("Hallo", 55))).encode()


@pytest.fixture(scope="module")
def nobody() -> Iterator[tuple[Chat, str]]:
    """An assistant that Telegram can post to, but that reaches no Telegram; one for all these stories."""
    with chatting_with_nobody() as chat, posted_to(chat) as address:
        yield chat, address


@pytest.mark.parametrize("secret", [None, "", "another", SECRET[:-1], SECRET + "x", SECRET.upper(), "gëheim"])
def test_who_does_not_know_the_secret_stores_nothing(nobody: tuple[Chat, str], secret: str | None) -> None:
    chat, address = nobody
    before = len(chat.inbox())

    assert post(address, HELLO, secret) == 403
    assert len(chat.inbox()) == before


def test_a_message_is_stored_before_it_is_thanked_and_once(nobody: tuple[Chat, str]) -> None:
    chat, address = nobody
    said = json.dumps(updates.update("message", updates.text("Eenmaal", 77))).encode()

    assert [post(address, said, SECRET) for _ in range(3)] == [200, 200, 200]
    assert [row.kind for row in chat.inbox() if row.provider_id == "m77"] == [Kind.TEXT]


NO_UPDATE = {
    "nothing": b"",
    "no JSON": b"update_id=7",
    "half": HELLO[:-5],
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "a word": b'"update"',
    "null": b"null",
    "no number": b'{"message": {}}',
    "half a number": b'{"update_id": 7.5}',
    "a number too long": b'{"update_id": ' + b"7" * 5000 + b"}",
    "too deep": b"[" * 100_000,
}


@pytest.mark.parametrize("name", NO_UPDATE)
def test_what_is_no_update(nobody: tuple[Chat, str], name: str) -> None:
    assert post(nobody[1], NO_UPDATE[name], SECRET) == 400


def test_a_body_that_is_too_large(nobody: tuple[Chat, str]) -> None:
    _, address = nobody

    assert post(address, b" " * (MOST_BYTES + 1 - len(HELLO)) + HELLO, SECRET) == 413
    assert post(address, b" " * (MOST_BYTES - len(HELLO)) + HELLO, SECRET) == 200


def test_a_body_without_an_end_is_not_read_on(nobody: tuple[Chat, str]) -> None:
    parts = urlsplit(nobody[1])
    line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    line.putrequest("POST", parts.path)
    line.putheader(SECRET_HEADER, SECRET)
    line.putheader("transfer-encoding", "chunked")
    line.endheaders()
    chunk = b"%x\r\n%s\r\n" % (100_000, b"x" * 100_000)
    for _ in range(MOST_BYTES // 100_000 + 1):
        line.send(chunk)

    assert line.getresponse().status == 413


@settings(max_examples=60, deadline=None)
@given(data=mutated())
def test_no_update_is_an_error_of_ours(nobody: tuple[Chat, str], data: Any) -> None:
    assert post(nobody[1], json.dumps(data).encode(), SECRET) == 200


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=60) | ANYTHING.map(lambda data: json.dumps(data).encode()))
def test_no_body_is_an_error_of_ours(nobody: tuple[Chat, str], body: bytes) -> None:
    assert post(nobody[1], body, SECRET) in {200, 400}


def test_a_message_that_can_never_be_stored_does_not_keep_back_everybodys(
    nobody: tuple[Chat, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, address = nobody
    poison = json.dumps(updates.update("message", updates.text("zwijg", 4001), 990_001)).encode()
    after = json.dumps(updates.update("message", updates.text("Daarna", 4002), 990_002)).encode()

    def hears(runtime: Runtime, news: News) -> str | None:
        if isinstance(news, Inbound) and news.text == "zwijg":
            raise ValueError
        return hear(runtime, news)

    monkeypatch.setattr(webhooks_telegram, "hear", hears)
    assert [post(address, poison, SECRET) for _ in range(TRIES)] == [503] * TRIES
    assert post(address, poison, SECRET) == 200
    assert post(address, after, SECRET) == 200
    stored = {row.provider_id: row.kind for row in chat.inbox()}
    assert (stored["m4001"], stored["m4002"]) == (Kind.OTHER, Kind.TEXT)
