"""`wegwijs whatsapp templates` and `wegwijs channels check`, at a made-up Twilio."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.whatsapp_shape import template_name
from bot.content.model import TemplateText
from tests.peers import twilio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.commands.conftest import Home
    from tests.peers.twilio import Imposter, Mountebank

GOOD = Path(__file__).parents[1] / "knowledge" / "good"
TEXT = "Hallo, uw antwoord is er."
TEMPLATES = f"templates:\n  answer_ready:\n    category: utility\n    text: {TEXT}\n"
DUTCH = template_name(TemplateText(name="answer_ready", language="nl", category="utility", text=TEXT))
SETTINGS = {
    "TWILIO_ACCOUNT_SID": twilio.ACCOUNT,
    "TWILIO_AUTH_TOKEN": "secret",
    "TWILIO_WHATSAPP_FROM": "whatsapp:+31101234567",
}
MADE = twilio.answers(201, {"sid": "HX" + "6" * 32}, only={"equals": {"method": "POST", "path": "/v1/Content"}})
SUBMITTED = twilio.answers(201, {"status": "received"}, only={"endsWith": {"path": "/ApprovalRequests/whatsapp"}})


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mountebank]:
    with twilio.mountebank(tmp_path_factory.mktemp("mountebank")) as found:
        yield found


@pytest.fixture
def texts(home: Home, tmp_path: Path) -> dict[str, str]:
    """Settings whose knowledge has one template, in Dutch only, and Tigrinya among its languages."""
    folder = tmp_path / "organisation"
    shutil.copytree(home.environment["WEGWIJS_ORGANISATION_DIR"], folder)
    (folder / "content" / "whatsapp_templates.yml").write_text(TEMPLATES, encoding="utf-8")
    known = (GOOD / "content" / "languages.yml").read_text(encoding="utf-8")
    more = known.replace("fallback:", "  ti: {name: ትግርኛ, direction: ltr, complete: false, min_examples: 0}\nfallback:")
    (folder / "content" / "languages.yml").write_text(more, encoding="utf-8")
    return {**SETTINGS, "WEGWIJS_ORGANISATION_DIR": str(folder)}


def keeps(status: str, reason: str | None = None) -> dict[str, Any]:
    """A Twilio that keeps the Dutch template."""
    one = {"sid": "HX" + "7" * 32, "friendly_name": DUTCH, "language": "nl"}
    one["approval_requests"] = {"status": status, "rejection_reason": reason}  # type: ignore[assignment]  # JSON
    page = {"contents": [one], "meta": {"next_page_url": None}}
    return twilio.answers(200, page, only={"equals": {"path": "/v1/ContentAndApprovals"}})


def asked(imposter: Imposter) -> list[tuple[str, str]]:
    return [(one["method"], one["path"]) for one in imposter.requests()]


@pytest.mark.peers
def test_what_is_missing_is_made_and_submitted(home: Home, texts: dict[str, str], bank: Mountebank) -> None:
    nothing = twilio.answers(200, {"contents": [], "meta": {}}, only={"equals": {"path": "/v1/ContentAndApprovals"}})
    with bank.imposter(nothing, MADE, SUBMITTED) as imposter:
        done = home.run("whatsapp", "templates", "push", **texts, TWILIO_API_URL=imposter.url)
        bodies = [json.loads(one["body"]) for one in imposter.requests() if one["method"] == "POST"]

    assert done.exit_code == 0, done.output
    assert "answer_ready nl: submitted, received" in done.output
    assert "answer_ready ar: not translated, skipped" in done.output
    assert "its readers get en" in done.output
    assert [body.get("friendly_name", body.get("name")) for body in bodies] == [DUTCH, DUTCH]
    assert bodies[1]["category"] == "UTILITY"


@pytest.mark.peers
def test_what_is_under_way_is_not_asked_again(home: Home, texts: dict[str, str], bank: Mountebank) -> None:
    with bank.imposter(keeps("pending")) as imposter:
        done = home.run("whatsapp", "templates", "push", **texts, TWILIO_API_URL=imposter.url)
        assert asked(imposter) == [("GET", "/v1/ContentAndApprovals")]

    assert done.exit_code == 0
    assert "answer_ready nl: pending already" in done.output


@pytest.mark.peers
def test_what_was_rejected_says_why(home: Home, texts: dict[str, str], bank: Mountebank) -> None:
    with bank.imposter(keeps("rejected", "INVALID_FORMAT")) as imposter:
        pushed = home.run("whatsapp", "templates", "push", **texts, TWILIO_API_URL=imposter.url)
        shown = home.run("whatsapp", "templates", "status", **texts, TWILIO_API_URL=imposter.url)

    assert (pushed.exit_code, shown.exit_code) == (1, 1)
    assert "answer_ready nl: rejected, INVALID_FORMAT; change the text first" in pushed.output
    assert "answer_ready nl: rejected, INVALID_FORMAT" in shown.output


@pytest.mark.peers
def test_the_table_shows_every_language(home: Home, texts: dict[str, str], bank: Mountebank) -> None:
    with bank.imposter(keeps("approved")) as imposter:
        done = home.run("whatsapp", "templates", "status", **texts, TWILIO_API_URL=imposter.url)

    assert done.exit_code == 1  # the other languages are not translated here
    assert "approved" in done.output
    assert "→ en" in done.output
    assert "1 of 3 approved" in done.output


@pytest.mark.peers
def test_a_twilio_that_lets_nobody_in_is_told_plainly(home: Home, texts: dict[str, str], bank: Mountebank) -> None:
    with bank.imposter(twilio.refuses(401, 20003)) as imposter:
        listed = home.run("whatsapp", "templates", "status", **texts, TWILIO_API_URL=imposter.url)
        checked = home.run("channels", "check", **texts, TWILIO_API_URL=imposter.url)

    assert (listed.exit_code, checked.exit_code) == (1, 1)
    assert "20003: Twilio does not know this account or its token" in listed.output
    assert "Twilio does not let us in: 20003" in checked.output


@pytest.mark.peers
def test_an_account_that_works_is_told_where_to_post(home: Home, texts: dict[str, str], bank: Mountebank) -> None:
    with bank.imposter(twilio.answers(200, {"status": "active", "sid": twilio.ACCOUNT})) as imposter:
        address = {"TWILIO_API_URL": imposter.url, "PUBLIC_URL": "https://wegwijs.example.nl/"}
        done = home.run("channels", "check", **texts, **address)
        without = home.run("channels", "check", **texts, TWILIO_API_URL=imposter.url)

    assert (done.exit_code, without.exit_code) == (0, 1)
    assert "+31101234567: the account at Twilio is active" in done.output
    assert "POST https://wegwijs.example.nl/webhooks/whatsapp" in done.output
    assert "set PUBLIC_URL" in without.output


def test_a_missing_setting_says_which_and_where_to_get_it(home: Home) -> None:
    part = {name: value for name, value in SETTINGS.items() if name != "TWILIO_AUTH_TOKEN"}
    pushed, served = (home.run(*words, **part) for words in (("whatsapp", "templates", "push"), ("serve",)))
    checked = home.run("channels", "check", **part)

    for done in (pushed, served, checked):
        assert done.exit_code == 1
        assert "TWILIO_AUTH_TOKEN" in done.output
        assert "console.twilio.com" in done.output
        assert "TWILIO_ACCOUNT_SID" not in done.output


def test_not_set_up_at_all_says_what_it_needs(home: Home) -> None:
    done = home.run("whatsapp", "templates", "status")

    assert done.exit_code == 1
    assert all(name in done.output for name in SETTINGS)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("TWILIO_ACCOUNT_SID", "SK" + "0" * 32, "begins with AC"),
        ("TWILIO_WHATSAPP_FROM", "0612345678", "+31612345678"),
        ("TWILIO_API_URL", "http://api.example.nl", "https://"),
        ("PUBLIC_URL", "wegwijs.example.nl", "https://wegwijs.example.nl"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "10.0.0.0/8"),
    ],
)
def test_a_setting_that_cannot_be_used_says_how_to_write_it(home: Home, name: str, value: str, why: str) -> None:
    done = home.run("check", **{name: value})

    assert done.exit_code == 1
    assert name in done.output
    assert why in done.output
