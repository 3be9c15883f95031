"""What Twilio posts, over HTTP: signed it is stored, unsigned it is refused and nothing of it is kept."""

from __future__ import annotations

import http.client
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha1
from hmac import new as hmac
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import uvicorn
from starlette.applications import Starlette

from bot.commands.throwaway import throwaway
from bot.web.webhooks_whatsapp import MESSAGES, MOST_BYTES, RECEIPTS, WhatsAppWebhooks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime
    from bot.wiring import Parts

TOKEN = "twilio signs with this"
ACCOUNT = "AC" + "0" * 32
PUBLIC = "https://wegwijs.example.nl"
HELLO = [("MessageSid", "SM" + "1" * 32), ("From", "whatsapp:+31612345678"), ("Body", "Hallo"), ("NumMedia", "0")]
PHOTO = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'1' * 32}/Media/ME{'2' * 32}"


def signed(address: str, fields: list[tuple[str, str]], token: str = TOKEN) -> str:
    """Sign as twilio.com/docs/usage/security says: the address, then every field, its values sorted and once each."""
    names = sorted({name for name, _ in fields})
    values = ((name, sorted({value for key, value in fields if key == name})) for name in names)
    whole = address + "".join(name + value for name, several in values for value in several)
    return b64encode(hmac(token.encode(), whole.encode(), sha1).digest()).decode()


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running server with the two addresses."""

    port: int
    runtime: Runtime

    def post(
        self,
        fields: list[tuple[str, str]] | bytes,
        *,
        path: str = MESSAGES,
        signature: str | None = None,
        **headers: str,
    ) -> tuple[int, bytes]:
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        given = {"Content-Type": "application/x-www-form-urlencoded"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        given |= {"X-Twilio-Signature": signature} if signature is not None else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", path, body, given)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stored(self) -> list[dict[str, Any]]:
        """The body of every message that was stored."""

        def read(work: Any) -> list[dict[str, Any]]:
            found = work.conversations.with_unread(100)
            return [dict(row.body) for one in found for row in work.inbox.unread(one)]

        return self.runtime.database.read(read)


@contextmanager
def serving(runtime: Runtime, **settings: Any) -> Iterator[Site]:
    webhooks = WhatsAppWebhooks(runtime=runtime, account_sid=ACCOUNT, token=TOKEN, **settings)
    app = Starlette(routes=webhooks.routes())
    config = uvicorn.Config(app, port=0, log_level="critical", log_config=None, lifespan="off", proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Site(port=server.servers[0].sockets[0].getsockname()[1], runtime=runtime)
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def runtime(assistant: Parts, clock: HeldClock) -> Iterator[Runtime]:
    with throwaway(assistant, clock) as found:
        yield found


@pytest.fixture
def site(runtime: Runtime) -> Iterator[Site]:
    with serving(runtime, public_url=PUBLIC) as found:
        yield found


def test_a_signed_message_is_stored_and_answered_with_nothing_to_say(site: Site) -> None:
    status, body = site.post(HELLO, signature=signed(PUBLIC + MESSAGES, HELLO))

    assert (status, body) == (200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>')
    assert [stored["text"] for stored in site.stored()] == ["Hallo"]


def test_the_same_message_twice_is_stored_once(site: Site) -> None:
    answers = [site.post(HELLO, signature=signed(PUBLIC + MESSAGES, HELLO))[0] for _ in range(3)]

    assert answers == [200, 200, 200]
    assert len(site.stored()) == 1


@pytest.mark.parametrize("signature", ["wrong", "", None, "é" * 28, signed(PUBLIC + MESSAGES, HELLO, token="another")])
def test_a_wrong_or_missing_signature_is_refused_and_nothing_is_stored(site: Site, signature: str | None) -> None:
    status, _ = site.post(HELLO, signature=signature and signature.encode("latin-1").decode("latin-1"))

    assert (status, site.stored()) == (403, [])


def test_a_changed_field_is_refused(site: Site) -> None:
    changed = [*HELLO[:2], ("Body", "Iets anders"), HELLO[3]]

    assert site.post(changed, signature=signed(PUBLIC + MESSAGES, HELLO))[0] == 403
    assert site.stored() == []


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_no_form_is_refused(site: Site, content_type: str) -> None:
    status, _ = site.post(b'{"Body": "Hallo"}', signature="wrong", Content_Type=content_type)

    assert (status, site.stored()) == (403, [])


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"Body=%FF%FE", b"&" * 600 + b"a=1", b"a=1&" * 600, b"=&=&="])
def test_bytes_that_make_no_sense_are_refused(site: Site, body: bytes) -> None:
    assert site.post(body, signature="wrong")[0] == 403
    assert site.stored() == []


def test_fields_that_repeat_and_are_empty_are_signed_too(site: Site) -> None:
    fields = [*HELLO, ("MessagingServiceSid", ""), ("Tag", "b"), ("Tag", "a"), ("Tag", "b"), ("Nieuw", "ja")]

    assert site.post(fields, signature=signed(PUBLIC + MESSAGES, fields))[0] == 200
    assert len(site.stored()) == 1


def test_arabic_and_tigrinya_words_arrive_as_they_were_written(site: Site) -> None:
    fields = [HELLO[0], HELLO[1], ("Body", "سؤال + ሕቶ & emoji 😀"), ("ProfileName", "أمينة")]

    assert site.post(fields, signature=signed(PUBLIC + MESSAGES, fields))[0] == 200
    assert site.stored()[0]["text"] == "سؤال + ሕቶ & emoji 😀"


def test_an_encoded_query_is_part_of_the_address(site: Site) -> None:
    path = f"{MESSAGES}?from=a%20b%2Fc&x=%C3%A9"

    assert site.post(HELLO, path=path, signature=signed(PUBLIC + path, HELLO))[0] == 200
    assert site.post(HELLO, path=path, signature=signed(f"{PUBLIC}{MESSAGES}?from=a b/c&x=é", HELLO))[0] == 403


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_port_that_everybody_knows_may_be_signed_or_not(site: Site, port: str) -> None:
    assert site.post(HELLO, signature=signed(f"{PUBLIC}{port}{MESSAGES}", HELLO))[0] == 200


def test_another_port_is_part_of_the_address(runtime: Runtime) -> None:
    with serving(runtime, public_url=f"{PUBLIC}:8443/") as site:
        assert site.post(HELLO, signature=signed(f"{PUBLIC}:8443{MESSAGES}", HELLO))[0] == 200


def test_a_trusted_proxy_says_where_it_was_asked(runtime: Runtime) -> None:
    forwarded = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "bot.example.nl"}
    with serving(runtime, trusted=(ip_network("127.0.0.0/8"),)) as site:
        assert site.post(HELLO, signature=signed(f"https://bot.example.nl{MESSAGES}", HELLO), **forwarded)[0] == 200
        there = signed(f"https://bot.example.nl:8443{MESSAGES}", HELLO)
        assert site.post(HELLO, signature=there, **forwarded, X_Forwarded_Port="8443")[0] == 200


def test_anybody_else_does_not(runtime: Runtime) -> None:
    forwarded = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "bot.example.nl"}
    with serving(runtime, trusted=(ip_network("10.0.0.0/8"),)) as site:
        refused = site.post(HELLO, signature=signed(f"https://bot.example.nl{MESSAGES}", HELLO), **forwarded)
        assert (refused[0], site.stored()) == (403, [])
        direct = signed(f"http://127.0.0.1:{site.port}{MESSAGES}", HELLO)
        assert site.post(HELLO, signature=direct, **forwarded)[0] == 200


def test_what_is_too_long_is_not_read(site: Site) -> None:
    fields = [*HELLO[:2], ("Body", "x" * MOST_BYTES)]

    assert site.post(fields, signature=signed(PUBLIC + MESSAGES, fields))[0] == 413
    assert site.stored() == []


def test_a_photo_is_stored_with_where_it_is(site: Site) -> None:
    fields = [*HELLO[:3], ("NumMedia", "1"), ("MediaUrl0", PHOTO), ("MediaContentType0", "image/jpeg")]

    assert site.post(fields, signature=signed(PUBLIC + MESSAGES, fields))[0] == 200
    assert len(site.stored()) == 1


@pytest.mark.parametrize("fields", [[], [("From", "whatsapp:")], [("MessageSid", "\x00"), HELLO[1]], [("x", "y")]])
def test_a_signed_form_without_a_message_is_answered_and_forgotten(site: Site, fields: list[tuple[str, str]]) -> None:
    assert site.post(fields, signature=signed(PUBLIC + MESSAGES, fields))[0] == 200
    assert site.stored() == []


@pytest.mark.parametrize("status", ["sent", "delivered", "read", "failed", "queued", "invented"])
def test_a_receipt_is_taken_whatever_it_says(site: Site, status: str) -> None:
    path = f"{RECEIPTS}?reference=0190-abc"
    fields = [("MessageSid", "SM" + "1" * 32), ("MessageStatus", status), ("ErrorCode", "63016"), ("New", "field")]

    assert site.post(fields, path=path, signature=signed(PUBLIC + path, fields)) == (204, b"")
    assert site.post(fields, path=path, signature=signed(PUBLIC + RECEIPTS, fields))[0] == 403


def test_a_store_that_is_away_is_said_so(runtime: Runtime) -> None:
    with throwaway_closed(runtime) as closed, serving(closed, public_url=PUBLIC) as site:
        assert site.post(HELLO, signature=signed(PUBLIC + MESSAGES, HELLO))[0] == 503


@contextmanager
def throwaway_closed(runtime: Runtime) -> Iterator[Runtime]:
    """The same assistant with its database gone."""

    class Away:
        def write(self, fn: object, *, urgent: bool = False) -> object:
            raise OSError("the disk is full")

    yield replace(runtime, database=Away())  # type: ignore[arg-type]  # it is away


def test_only_posting_is_possible(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.request("GET", MESSAGES)

    assert connection.getresponse().status == 405
