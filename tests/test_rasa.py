"""Rasa in our place: what is taken from it, what stays ours, and what happens while it is away."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from bot.commands.serve_ready import Readiness
from bot.measure import REGISTRY
from bot.nlu.confidence import Scale
from bot.nlu.model import IntentGuess, Understanding
from bot.rasa import FIRST_REST, LATE, LONGEST_REST, Rasa, RasaError, WithRasa, _understanding
from bot.settings import PartialSettingsError, Settings
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from pathlib import Path


def meant(name: str, confidence: float = 0.9, **more: object) -> Understanding:
    return Understanding(
        **{
            "language": "nl",
            "intents": (IntentGuess(name=name, confidence=confidence),),
            "out_of_scope": False,
            "engine": "full",
            **more,
        }
    )


@dataclass
class Own:
    """Stands for our trained model."""

    says: Understanding
    asked: list[str] = field(default_factory=list)

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        self.asked.append(text)
        return self.says


@dataclass(frozen=True, kw_only=True)
class Server(Rasa):
    """Stands for a server whose answers are told beforehand; the last one is repeated."""

    url: str = "http://127.0.0.1:5005"
    says: list[Understanding | RasaError] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        self.asked.append(text)
        found = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(found, RasaError):
            raise found
        return found


class Watch:
    """A clock that never goes back, and goes on only when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


AWAY = RasaError("http://127.0.0.1:5005", "nobody answers there")
HER_WORDS = "ik ben bang thuis"
KNOWS = frozenset({"benefits_huurtoeslag", "school_start", "danger_violence"})


def ear(server: Server, own: Understanding, watch: Watch | None = None) -> WithRasa:
    return WithRasa(
        rasa=server, own=Own(own), knows=KNOWS, alarming=frozenset({"danger_violence"}), seconds=watch or Watch()
    )


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("wegwijs_rasa_total", {"outcome": outcome}) or 0.0


# ---- whose word counts for what


def test_rasa_says_what_is_asked_and_we_which_language_it_is_and_whether_there_is_danger() -> None:
    own = meant("school_start", language="ti", certain=True, alarm="danger_violence")
    rasa = meant("benefits_huurtoeslag", engine="rasa")

    found = ear(Server(says=[rasa]), own).understand(HER_WORDS)

    assert found.intents == rasa.intents
    assert (found.engine, found.language, found.certain, found.alarm) == ("rasa", "ti", True, "danger_violence")


def test_danger_that_only_rasa_hears_is_heard() -> None:
    found = ear(Server(says=[meant("danger_violence")]), meant("school_start")).understand(HER_WORDS)

    assert found.alarm == "danger_violence"


def test_danger_that_rasa_itself_refuses_is_no_alarm_of_its_own() -> None:
    refused = meant("danger_violence", out_of_scope=True)

    assert ear(Server(says=[refused]), meant("school_start")).understand(HER_WORDS).alarm is None


def test_what_nobody_here_knows_is_left_out_and_nothing_left_is_a_refusal() -> None:
    guesses = (IntentGuess(name="chitchat", confidence=0.8), IntentGuess(name="school_start", confidence=0.1))
    both, none = meant("x", intents=guesses), meant("chitchat")

    found = ear(Server(says=[both, none]), meant("school_start"))

    assert [guess.name for guess in found.understand("a b").intents] == ["school_start"]
    refused = found.understand("c d")
    assert (refused.intents, refused.out_of_scope) == ((), True)


def test_where_nothing_was_said_rasa_is_not_asked() -> None:
    server = Server(says=[meant("school_start")])

    ear(server, meant("x", intents=())).understand("…")

    assert server.asked == []


# ---- away


def test_while_rasa_is_away_the_same_message_is_understood_by_us_and_not_lost() -> None:
    own, before = meant("school_start"), counted("away")

    found = ear(Server(says=[AWAY]), own)

    assert found.understand(HER_WORDS) == own
    assert found.is_away
    assert counted("away") == before + 1


def test_a_rasa_that_failed_is_left_alone_longer_each_time_and_then_asked_by_one_message() -> None:
    watch, own = Watch(), meant("school_start")
    server = Server(says=[RasaError("http://127.0.0.1:5005", "it takes too long", LATE)])
    found, asked_at = ear(server, own, watch), []

    while len(asked_at) < 9:
        before = len(server.asked)
        found.understand(HER_WORDS)
        asked_at += [watch.now] if len(server.asked) > before else []
        watch.now += 0.5

    rests = [after - before for before, after in itertools.pairwise(asked_at)]
    assert rests == [FIRST_REST, 4.0, 8.0, 16.0, 32.0, LONGEST_REST, LONGEST_REST, LONGEST_REST]


def test_while_one_message_tries_the_others_do_not_wait_for_it() -> None:
    watch, own = Watch(), meant("school_start")
    server = Server(says=[AWAY])
    found = ear(server, own, watch)
    found.understand(HER_WORDS)
    watch.now += FIRST_REST

    assert found._may_ask()
    assert not found._may_ask()


def test_when_it_is_back_it_is_asked_about_everything_again() -> None:
    watch, own = Watch(), meant("school_start")
    server = Server(says=[AWAY, meant("benefits_huurtoeslag", engine="rasa")])
    found = ear(server, own, watch)
    found.understand(HER_WORDS)
    watch.now += FIRST_REST

    assert found.understand(HER_WORDS).engine == "rasa"
    assert found.understand(HER_WORDS).engine == "rasa"
    assert not found.is_away


def test_it_is_said_once_and_without_a_word_of_the_message(capfd: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    server = Server(says=[AWAY, AWAY, meant("school_start")])
    found = ear(server, meant("school_start"), watch)
    for _again in range(4):
        found.understand(HER_WORDS)
        watch.now += 10

    told = "".join(capfd.readouterr())
    assert (told.count("rasa is away"), told.count("rasa is back")) == (1, 1)
    assert "bang" not in told


def test_without_rasa_we_are_ready_and_say_so() -> None:
    with at_work() as runtime:
        found = ear(Server(says=[AWAY]), meant("school_start"))
        found.understand(HER_WORDS)

        object.__setattr__(runtime, "understander", found)
        assert Readiness(runtime).report() == {"ok": True, "rasa": "away"}


# ---- confidences


ANSWER = {
    "text": "x",
    "intent": {"name": "nlu_fallback", "confidence": 0.3},
    "intent_ranking": [
        {"name": "nlu_fallback", "confidence": 0.3},
        {"name": "school_start", "confidence": 0.28},
        {"name": "out_of_scope", "confidence": 0.2},
        {"name": "benefits_huurtoeslag", "confidence": 0.1},
    ],
}


def test_unmeasured_its_own_fallback_is_a_refusal() -> None:
    found = _understanding(ANSWER, "nl", None)

    assert found.out_of_scope
    assert [(guess.name, guess.confidence) for guess in found.intents] == [
        ("school_start", 0.28), ("benefits_huurtoeslag", 0.1),
    ]  # fmt: skip


def test_measured_its_confidences_are_read_by_what_they_are_worth() -> None:
    scale = Scale(refuse_below=0.2, points=((0.1, 0.05), (0.28, 0.7)))

    found = _understanding(ANSWER, "nl", scale)

    assert not found.out_of_scope
    assert [guess.confidence for guess in found.intents] == pytest.approx([0.7, 0.05])
    assert _understanding(ANSWER, "nl", Scale(refuse_below=0.29, points=((0.0, 0.0),))).out_of_scope


# ---- settings


def test_rasa_without_an_address_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings().has_rasa
    monkeypatch.setenv("NLU_ENGINE", "rasa")
    with pytest.raises(PartialSettingsError, match=r"RASA_URL is missing; where to get it: the address that"):
        _ = Settings().has_rasa


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5005", "http://rasa:5005", "http://[fd00::7]:5005", "https://r.example.nl"]
)
def test_an_address_of_our_own_network_may_be_plain(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("RASA_URL", url)
    assert Settings().rasa_url == url


@pytest.mark.parametrize("url", ["http://rasa.example.nl", "http://8.8.8.8:5005", "rasa:5005", "ftp://rasa"])
def test_peoples_words_do_not_go_in_the_open(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("RASA_URL", url)
    with pytest.raises(ValueError, match="https://"):
        Settings()


def test_the_token_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "RASA_TOKEN").write_text("s3cret\n")
    monkeypatch.setenv("WEGWIJS_SECRETS_DIR", str(tmp_path))
    token = Settings().rasa_token

    assert token is not None
    assert token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(Rasa(url="http://127.0.0.1:5005", token=token.get_secret_value()))
