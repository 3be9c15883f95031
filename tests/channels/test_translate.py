"""
The translator against an HTTP server that answers as LibreTranslate documents it (mountebank: nobody here wrote it).

LibreTranslate itself needs language models from the internet to start, so it is not asked here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.settings import Settings
from bot.translate import (
    LONGEST,
    NOT_UNDERSTOOD,
    OUT_OF_REACH,
    REFUSED,
    TOO_BUSY,
    TOO_LONG,
    UNKNOWN_LANGUAGE,
    LibreTranslate,
    TranslationError,
)
from bot.wiring import translator
from tests.peers import twilio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.peers.twilio import Mountebank

pytestmark = pytest.mark.peers

HELLO = {"translatedText": "مرحبا"}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mountebank]:
    with twilio.mountebank(tmp_path_factory.mktemp("mountebank")) as found:
        yield found


def why(service: LibreTranslate, text: str = "Hallo") -> str:
    with pytest.raises(TranslationError) as caught:
        service.translate(text, "nl", "ar")
    assert text not in str(caught.value)
    return caught.value.reason


def test_it_is_asked_as_libretranslate_wants_to_be(bank: Mountebank) -> None:
    with bank.imposter(twilio.answers(200, HELLO)) as imposter:
        assert LibreTranslate(url=imposter.url, key="secret").translate("Hallo *u*", "nl", "ar") == "مرحبا"
        (asked,) = imposter.requests()

    assert (asked["method"], asked["path"], asked["query"]) == ("POST", "/translate", {})
    assert json.loads(asked["body"]) == {
        "q": "Hallo *u*", "source": "nl", "target": "ar", "format": "text", "api_key": "secret",
    }  # fmt: skip


def test_without_a_key_none_is_given(bank: Mountebank) -> None:
    with bank.imposter(twilio.answers(200, HELLO)) as imposter:
        LibreTranslate(url=imposter.url).translate("Hallo", "nl", "ar")
        assert "api_key" not in json.loads(imposter.requests()[0]["body"])


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": "ti is not supported"}, UNKNOWN_LANGUAGE),
        (403, {"error": "Invalid API key"}, REFUSED),
        (429, {"error": "Slowdown: 20 per 1 minute"}, TOO_BUSY),
        (500, {"error": "Cannot translate text: out of memory"}, OUT_OF_REACH),
        (502, "<html>Bad Gateway</html>", OUT_OF_REACH),
        (301, "moved", OUT_OF_REACH),
        (200, "<html>no JSON</html>", NOT_UNDERSTOOD),
        (200, {"translatedText": ["Hallo"]}, NOT_UNDERSTOOD),
        (200, {"translatedText": " "}, NOT_UNDERSTOOD),
        (200, ["Hallo"], NOT_UNDERSTOOD),
        (200, "x" * 400_000, OUT_OF_REACH),
    ],
)
def test_each_failure_has_its_reason(bank: Mountebank, status: int, body: object, reason: str) -> None:
    with bank.imposter(twilio.answers(status, body)) as imposter:
        assert why(LibreTranslate(url=imposter.url)) == reason
        assert len(imposter.requests()) == 1


def test_a_service_that_takes_too_long_is_not_waited_for(bank: Mountebank) -> None:
    with bank.imposter(twilio.answers(200, HELLO, wait=3000)) as imposter:
        assert why(LibreTranslate(url=imposter.url, seconds=0.5)) == OUT_OF_REACH


@pytest.mark.parametrize("fault", ["CONNECTION_RESET_BY_PEER", "RANDOM_DATA_THEN_CLOSE"])
def test_a_line_that_breaks(bank: Mountebank, fault: str) -> None:
    with bank.imposter(twilio.breaks(fault)) as imposter:
        assert why(LibreTranslate(url=imposter.url)) == OUT_OF_REACH


def test_nobody_there() -> None:
    assert why(LibreTranslate(url=f"http://127.0.0.1:{twilio.free_port()}")) == OUT_OF_REACH


def test_what_is_too_long_is_not_even_asked() -> None:
    assert why(LibreTranslate(url="http://127.0.0.1:1"), "x" * (LONGEST + 1)) == TOO_LONG


def test_it_is_off_until_somebody_sets_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEGWIJS_TRANSLATE_URL", raising=False)
    assert translator(Settings()) is None
    monkeypatch.setenv("WEGWIJS_TRANSLATE_URL", "https://translate.example.nl/")
    monkeypatch.setenv("WEGWIJS_TRANSLATE_KEY", "secret\n")
    assert translator(Settings()) == LibreTranslate(url="https://translate.example.nl", key="secret")
    assert "secret" not in repr(translator(Settings()))
    monkeypatch.setenv("WEGWIJS_TRANSLATE_URL", "http://translate.example.nl")
    with pytest.raises(ValueError, match="https"):
        Settings()
