"""What is tried at the desk: sent elsewhere, framed, led by a header, shown what is not escaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from markupsafe import escape

import bot
from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.web.console.door import token_of
from bot.web.console.entrance import Entrance
from bot.web.console.sign_in import inside
from tests.console.conftest import Person, served
from tests.desk.conftest import said

if TYPE_CHECKING:
    from tests.console.conftest import Office

ELSEWHERE = (
    "https://evil.example", "//evil.example", "/\\evil.example", "/desk/../../evil", "/desk//evil.example",
    "/desk\r\nset-cookie: a=b", "/desk\n", "javascript:alert(1)", "/deskevil", "/desk@evil.example", "\t/desk",
    "/desk/sign-out", "/desk/\u202eevil", "https:/desk",
)  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
def test_signing_in_leads_nowhere_else(path: str) -> None:
    assert inside(path) == "/desk"


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nothing_that_is_asked_for_becomes_a_header(office: Office, path: str) -> None:
    sam = office.signed_in(office.desk.sam)
    reply = sam.get(f"/desk/sign-in?next={quote(path)}")
    assert reply.location == "/desk"
    assert "set-cookie" not in reply.headers


def test_a_desk_is_framed_kept_and_sniffed_by_nobody(office: Office) -> None:
    headers = office.signed_in(office.desk.sam).get("/desk").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_the_host_that_is_asked_for_leads_nobody_away(office: Office, host: str) -> None:
    reply = office.stranger().get("/desk/queue", host=host, x_forwarded_host=host)
    assert reply.location == "/desk/sign-in?next=%2Fdesk%2Fqueue"


TEMPLATES = sorted(Path(bot.__file__).parent.rglob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_lets_anything_through_unescaped(template: Path) -> None:
    """`attrs` of a form field is the one exception: it is written in templates, never given by anybody."""
    text = template.read_text(encoding="utf-8").replace("{{ attrs|safe }}", "")
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape false" not in text
    assert "<script>" not in text
    assert "javascript:" not in text
    assert " style=" not in text or template.name in {"kept.html", "evaluation.html"}


def test_no_template_is_made_of_words_that_somebody_gave() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in Path(bot.__file__).parent.rglob("*.py"))
    assert "from_string(" not in code
    assert "jinja2.Template" not in code


WRITTEN = ("{{ 7*7 }}", "{% for x in [].__class__.__mro__ %}", "${7*7}", "<img src=x onerror=alert(1)>", "' OR '1'='1")


@pytest.mark.parametrize("words", WRITTEN)
def test_what_a_newcomer_writes_stands_on_the_desk_as_they_wrote_it(office: Office, words: str) -> None:
    talk = office.desk.newcomer()
    case = office.desk.asks(talk)
    said(talk, words)
    sam = office.signed_in(office.desk.sam)
    sam.post(f"/desk/cases/{case.id}/take", {"version": str(case.version)})
    page = sam.get(f"/desk/cases/{case.id}").text
    assert "<img src=x" not in page
    assert str(escape(words)) in page


def test_over_https_the_desk_s_cookie_is_this_host_s_alone(office: Office) -> None:
    desk = office.desk
    entrance = Entrance(public_url="https://wegwijs.example.nl")
    app = application(desk.runtime, WebChat(), secret=b"a secret of thirty-two bytes ...", entrance=entrance)
    secret = office.signed_in(desk.sam).secret
    for _, port in served(app):
        person = Person(port, cookies={"__Host-wegwijs_desk": secret})
        assert person.get("/desk").status == 200
        planted = Person(port, cookies={"wegwijs_desk": secret})
        reply = planted.get("/desk")
        assert reply.location.startswith("/desk/sign-in")
        door = planted.follow(reply)
        kept = {part.strip() for part in door.headers["set-cookie"].lower().split(";")[1:]}
        assert door.headers["set-cookie"].startswith("__Host-wegwijs_desk=")
        assert {"path=/", "secure", "httponly", "samesite=lax"} <= kept
        assert not [part for part in kept if part.startswith("domain")]
        out = person.post("/desk/sign-out", {"token": token_of(secret)})
        assert out.headers["set-cookie"].startswith('__Host-wegwijs_desk="";')
        assert person.get("/desk").status == 303
