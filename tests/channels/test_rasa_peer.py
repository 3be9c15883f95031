"""
Rasa's client against an HTTP server that answers as Rasa documents it (mountebank: nobody here wrote it).

The real Rasa answers in `make rasa`; it is too large to be installed with every check.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.rasa import AWAY, LATE, REFUSED, STRANGE, Rasa, RasaError
from tests.peers import twilio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.peers.twilio import Mountebank

pytestmark = pytest.mark.peers

HER_WORDS = "حرارة البيت"
ANSWER = {
    "text": HER_WORDS,
    "intent": {"name": "housing_repairs", "confidence": 0.83},
    "entities": [],
    "intent_ranking": [
        {"name": "housing_repairs", "confidence": 0.83},
        {"name": "housing_utilities", "confidence": 0.11},
    ],
}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mountebank]:
    with twilio.mountebank(tmp_path_factory.mktemp("mountebank")) as found:
        yield found


def why(rasa: Rasa) -> str:
    with pytest.raises(RasaError) as caught:
        rasa.understand(HER_WORDS)
    assert HER_WORDS not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    return caught.value.reason


def in_turn(*stubs: dict[str, Any]) -> dict[str, Any]:
    """Return a stub that answers with each of these in turn."""
    return {"responses": [response for stub in stubs for response in stub["responses"]]}


def test_it_is_asked_as_rasa_wants_to_be(bank: Mountebank) -> None:
    with bank.imposter(twilio.answers(200, ANSWER)) as imposter:
        found = Rasa(url=imposter.url, token="s3cret").understand(HER_WORDS, language="ar")
        (asked,) = imposter.requests()

    assert (asked["method"], asked["path"], asked["query"]) == ("POST", "/model/parse", {"token": "s3cret"})
    assert json.loads(asked["body"]) == {"text": HER_WORDS}
    assert [guess.name for guess in found.intents] == ["housing_repairs", "housing_utilities"]
    assert (found.language, found.out_of_scope, found.engine) == ("ar", False, "rasa")


@pytest.mark.parametrize(
    "first", [twilio.answers(500, {"status": "failure"}), twilio.breaks("CONNECTION_RESET_BY_PEER")]
)
def test_a_failure_that_passes_costs_one_more_try(bank: Mountebank, first: dict[str, Any]) -> None:
    with bank.imposter(in_turn(first, twilio.answers(200, ANSWER))) as imposter:
        assert Rasa(url=imposter.url, seconds=5).understand(HER_WORDS).intents[0].name == "housing_repairs"
        assert len(imposter.requests()) == 2


@pytest.mark.parametrize(
    ("status", "body", "reason", "times"),
    [
        (500, {"reason": "ParsingError"}, REFUSED, 2),
        (409, {"reason": "Conflict", "message": "No agent loaded."}, STRANGE, 1),
        (401, {"reason": "NotAuthenticated"}, STRANGE, 1),
        (301, "moved", STRANGE, 1),
        (200, "<html>no JSON</html>", STRANGE, 1),
        (200, {"intent": None, "intent_ranking": 3}, STRANGE, 1),
        (200, ["housing_repairs"], STRANGE, 1),
        (200, "x" * 400_000, STRANGE, 1),
    ],
)
def test_each_failure_has_its_reason(bank: Mountebank, status: int, body: object, reason: str, times: int) -> None:
    with bank.imposter(twilio.answers(status, body)) as imposter:
        assert why(Rasa(url=imposter.url, token="s3cret", seconds=5)) == reason
        assert len(imposter.requests()) == times


def test_a_rasa_that_hangs_is_not_waited_for(bank: Mountebank) -> None:
    with bank.imposter(twilio.answers(200, ANSWER, wait=5000)) as imposter:
        assert why(Rasa(url=imposter.url, seconds=0.3)) == LATE
        assert len(imposter.requests()) == 1


def test_nobody_there() -> None:
    assert why(Rasa(url=f"http://127.0.0.1:{twilio.free_port()}")) == AWAY
