"""`wegwijs evaluate`: figures on messages that were not trained on, and the floor under them."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from bot.commands.evaluate import subjects
from bot.knowledge.folders import folders
from bot.knowledge.load import load
from bot.rasa import is_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.commands.conftest import Home

# Two of the training lines, so that something is certain; a markup joke, as somebody may well write one.
MESSAGES = """\
language: nl
messages:
  - {text: "De verwarming is kapot!", intent: housing_repairs}
  - {text: "ik heb nog geen verzekering, hoe moet dat", intent: insurance_start}
  - {text: "de verwarming is <b>kapot</b>", intent: insurance_start}
  - {text: "vertel een grap", intent: out_of_scope}
  - {text: "help, er is brand", crisis: immediate_danger}
  - {text: "de kachel rookt en de vlammen komen eruit", crisis: immediate_danger}
  - {text: "een verzekering tegen brand", crisis: none}
"""
EASY = "{top_1: 0, caught: 0, refused: 1, crisis_recall: 0, false_alarms: 1}"
# What these messages reach, and one point more or less.
REACHED = "{top_1: 0.65, caught: 0.99, refused: 0.35, crisis_recall: 0.49, false_alarms: 0.01}"


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """A home with held-out messages."""

    home: Home
    folder: Path

    @property
    def floor(self) -> Path:
        return self.folder / "nlu" / "floor.yml"

    def holds(self, in_all: str, dutch: str = EASY) -> None:
        self.floor.write_text(f"all: {in_all}\nlanguages:\n  nl: {dutch}\n", encoding="utf-8")


@pytest.fixture
def measuring(home: Home, organisation: Path, tmp_path: Path) -> Measuring:
    folder = tmp_path / "organisation"
    shutil.copytree(organisation, folder)
    (folder / "nlu" / "held_out" / "nl").mkdir(parents=True)
    (folder / "nlu" / "held_out" / "nl" / "messages.yml").write_text(MESSAGES, encoding="utf-8")
    environment = {**home.environment, "WEGWIJS_ORGANISATION_DIR": str(folder)}
    measuring = Measuring(home=replace(home, environment=environment), folder=folder)
    measuring.holds(EASY)
    return measuring


# ---- the figures


def test_the_figures_of_the_held_out_messages(measuring: Measuring) -> None:
    told = measuring.home.run("evaluate", "--json")
    report = json.loads(told.stdout)

    assert told.exit_code == 0
    total = report["total"]
    assert (total["ours"], total["others"], total["caught"]) == (3, 1, 1)
    assert total["top_1"] == pytest.approx(2 / 3)
    assert report["by_language"] == {"nl": total}
    assert set(report["by_subject"]) == {"housing", "insurance", "out_of_scope"}
    assert report["danger"]["total"]["heard"] == {"times": 1, "of": 2, "share": 0.5}
    assert report["danger"]["total"]["false_alarms"] == {"times": 0, "of": 5, "share": 0}
    assert report["below_floor"] == []
    assert sum(pace["messages"] for pace in report["engines"].values()) == 7


def test_json_has_nobodys_words(measuring: Measuring) -> None:
    assert "vlammen" not in measuring.home.run("evaluate", "--json").output


def test_a_table_for_a_person(measuring: Measuring) -> None:
    told = measuring.home.run("evaluate")

    assert told.exit_code == 0
    assert "held-out messages" in told.stdout
    assert "66.7%" in told.stdout
    assert "insurance_start taken for" in told.stdout


def test_without_messages_there_is_nothing_to_measure(home: Home) -> None:
    told = home.run("evaluate")

    assert told.exit_code == 1
    assert "nlu/held_out:1: there are no messages to measure with" in told.stderr


def test_cross_validation_adds_up_and_the_trained_model_stays(home: Home, tmp_path: Path) -> None:
    models = sorted((home.data / "cache" / "nlu").glob("understanding-*"))
    told = home.run("evaluate", "--cross-validate", "--json", "--html", str(tmp_path / "report.html"))
    report = json.loads(told.stdout)

    assert told.exit_code == 0
    assert set(report["by_language"]) == {"nl", "en", "ar"}
    assert report["total"]["ours"] + report["total"]["others"] == 36
    assert sum(score["ours"] for score in report["by_language"].values()) == report["total"]["ours"]
    assert report["total"]["by_engine"] == {"lexical": 36}  # as the settings ask, without the encoder
    assert report["danger"] is None
    assert sorted((home.data / "cache" / "nlu").glob("understanding-*")) == models
    assert "cross-validation" in (tmp_path / "report.html").read_text("utf-8")


def test_cross_validation_has_no_floor(measuring: Measuring) -> None:
    measuring.floor.unlink()
    told = measuring.home.run("evaluate", "--cross-validate")

    assert told.exit_code == 0
    assert "cross-validation" in told.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--lower",),
        ("--cross-validate", "--set-floor"),
        ("--cross-validate", "--rasa", "http://127.0.0.1:5005"),
        ("--rasa", "127.0.0.1:5005"),
    ],
)
def test_what_does_not_go_together(home: Home, words: tuple[str, ...]) -> None:
    assert home.run("evaluate", *words).exit_code == 2


def test_a_subject_is_the_file_of_its_question() -> None:
    knowledge = load(folders(Path(__file__).resolve().parents[1] / "knowledge" / "good"))
    found = subjects(knowledge)
    assert (found["housing_repairs"], found["insurance_start"], found["talk_to_human"]) == (
        *("housing", "insurance", "controls"),
    )
    assert "out_of_scope" not in found


# ---- the floor


def test_a_floor_that_holds(measuring: Measuring) -> None:
    measuring.holds(REACHED, REACHED)
    told = measuring.home.run("evaluate")

    assert told.exit_code == 0
    assert "floor.yml" not in told.output


def test_a_floor_that_breaks_names_the_figure_the_line_and_what_to_do(measuring: Measuring) -> None:
    measuring.holds(EASY, EASY.replace("top_1: 0", "top_1: 0.9").replace("crisis_recall: 0", "crisis_recall: 0.98"))
    told = measuring.home.run("evaluate")

    assert told.exit_code == 1
    said = [line for line in told.stderr.splitlines() if "floor.yml" in line]
    assert len(said) == 2
    assert "nlu/floor.yml:3: crisis_recall of nl is 50.00%, and must be at least 98.0% → " in said[0]
    assert "which kind is missed, and write other examples of it in nlu/data/nl" in said[0]
    assert "nlu/floor.yml:3: top_1 of nl is 66.67%, and must be at least 90.0% → " in said[1]


def test_a_broken_floor_is_in_the_json_too(measuring: Measuring) -> None:
    measuring.holds(EASY.replace("caught: 0", "caught: 1").replace("top_1: 0", "top_1: 1"))
    told = measuring.home.run("evaluate", "--json")

    assert told.exit_code == 1
    assert [line.split(" → ")[0] for line in json.loads(told.stdout)["below_floor"]] == [
        "nlu/floor.yml:1: top_1 of all is 66.67%, and must be at least 100.0%"
    ]


def test_who_asks_for_no_floor_gets_none(measuring: Measuring) -> None:
    measuring.holds(EASY.replace("top_1: 0", "top_1: 1"))
    told = measuring.home.run("evaluate", "--no-floor", "--json")

    assert told.exit_code == 0
    assert "below_floor" not in json.loads(told.stdout)


def test_a_missing_floor_is_a_failure(measuring: Measuring) -> None:
    measuring.floor.unlink()
    told = measuring.home.run("evaluate")

    assert told.exit_code == 1
    assert "nlu/floor.yml:1: there is no such file → write it with --set-floor" in told.stderr


def test_a_language_without_a_floor_is_a_failure(measuring: Measuring) -> None:
    measuring.floor.write_text(f"all: {EASY}\nlanguages: {{}}\n", encoding="utf-8")
    told = measuring.home.run("evaluate")

    assert told.exit_code == 1
    assert "'nl' has messages in nlu/held_out/ and no floor" in told.stderr


def test_a_floor_that_nothing_measures_is_a_failure(measuring: Measuring) -> None:
    measuring.floor.write_text(f"all: {EASY}\nlanguages:\n  nl: {EASY}\n  nk: {REACHED}\n", encoding="utf-8")
    told = measuring.home.run("evaluate")

    assert told.exit_code == 1
    assert "nlu/floor.yml:4: top_1 of nk has a floor, and no message measures it" in told.stderr


def test_a_misspelt_floor_is_named_before_anything_is_measured(measuring: Measuring) -> None:
    measuring.holds(EASY, EASY.replace("caught", "cought"))
    told = measuring.home.run("evaluate")

    assert told.exit_code == 1
    assert "nlu/floor.yml:3: 'cought' is no setting here" in told.stderr
    assert told.stdout == ""


def test_setting_the_floor(measuring: Measuring) -> None:
    measuring.floor.unlink()
    told = measuring.home.run("evaluate", "--set-floor")

    assert told.exit_code == 0
    assert "top_1: 0.656, caught: 0.99" in measuring.floor.read_text("utf-8")
    assert measuring.home.run("evaluate").exit_code == 0


def test_a_floor_is_lowered_only_on_request(measuring: Measuring) -> None:
    measuring.holds(EASY, EASY.replace("top_1: 0", "top_1: 0.9"))

    kept = measuring.home.run("evaluate", "--set-floor")
    assert kept.exit_code == 1
    assert "top_1 of nl is 66.67%" in kept.stderr
    assert "  nl: {top_1: 0.9, caught: 0.99" in measuring.floor.read_text("utf-8")

    lowered = measuring.home.run("evaluate", "--set-floor", "--lower")
    assert lowered.exit_code == 0
    assert "  nl: {top_1: 0.656, caught: 0.99" in measuring.floor.read_text("utf-8")


# ---- the page


class Page(HTMLParser):
    """The words of a page by the id of their section; every tag must be closed in its turn."""

    EMPTY: ClassVar = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, str] = {}
        self._section = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words[self._section] = f"{self.words.get(self._section, '')} {data.strip()}".strip()


def page_of(measuring: Measuring, *words: str) -> Page:
    file = measuring.folder / "report.html"
    measuring.home.run("evaluate", "--html", str(file), *words)
    page = Page()
    page.feed(file.read_text("utf-8"))
    page.close()
    assert page.open == []
    return page


def test_the_page_holds_the_figures(measuring: Measuring) -> None:
    words = page_of(measuring).words

    assert set(words) == {"", "languages", "subjects", "danger", "confusion", "sure", "time", "messages"}
    assert "66.7 %" in words["languages"]
    assert "100.0 % of 1" in words["languages"]
    assert "insurance 2 50.0 %" in words["subjects"]
    assert "50.0 % 1/2" in words["danger"]
    assert "immediate_danger" in words["danger"]
    assert "insurance_start" in words["confusion"]
    assert "de verwarming is <b>kapot</b>" in words["confusion"]
    assert "de kachel rookt" in words["messages"]


def test_the_page_needs_nothing_else_and_gives_each_text_its_direction(measuring: Measuring) -> None:
    tags = page_of(measuring).tags

    assert {tag for tag, _ in tags}.isdisjoint({"script", "link", "img", "iframe"})
    assert all(attributes["href"] and attributes["href"].startswith("#") for tag, attributes in tags if tag == "a")
    quotes = [attributes for tag, attributes in tags if tag == "q"]
    assert quotes
    assert all(attributes == {"lang": "nl", "dir": "auto"} for attributes in quotes)


def test_the_page_says_what_is_below_the_floor(measuring: Measuring) -> None:
    measuring.holds(EASY.replace("top_1: 0", "top_1: 1"))

    assert "top_1 of all is 66.67%" in page_of(measuring).words["floor"]


def test_a_page_that_cannot_be_written_says_so(measuring: Measuring) -> None:
    told = measuring.home.run("evaluate", "--html", str(measuring.folder / "nowhere" / "report.html"))

    assert told.exit_code == 1
    assert "nowhere" in told.stderr


# ---- Rasa beside us


@dataclass
class RasaServer:
    """Stands for Rasa's HTTP API: it answers what it was told to, and remembers what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, text: str) -> bytes:
        if self.body is not None:
            return self.body
        name = "housing_repairs" if "verwarming" in text else "nlu_fallback"
        guesses = [{"name": name, "confidence": 0.8}, {"name": "insurance_start", "confidence": 0.1}]
        return json.dumps({"text": text, "intent": guesses[0], "entities": [], "intent_ranking": guesses}).encode()


@contextmanager
def rasa_server() -> Iterator[RasaServer]:
    told = RasaServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append((self.path, asked))
            body = told.answer(asked["text"])
            self.send_response(told.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_rasa_beside_us(measuring: Measuring) -> None:
    with rasa_server() as server:
        told = measuring.home.run("evaluate", "--json", "--rasa", f"{server.url}/")

    rasa = json.loads(told.stdout)["rasa"]
    assert told.exit_code == 0
    assert {path for path, _ in server.asked} == {"/model/parse"}
    assert {"text": "De verwarming is kapot!"} in [asked for _, asked in server.asked]
    assert len(server.asked) == 7
    # It knows the heating, and refuses the rest: one of three right, one more among its guesses.
    total = rasa["total"]
    assert [total[name] for name in ("top_1", "top_3", "answered", "refused")] == pytest.approx(
        [2 / 3, 1, 1 / 3, 1 / 3]
    )
    assert total["caught"] == 1
    assert rasa["danger"]["total"]["heard"] == {"times": 0, "of": 2, "share": 0}
    assert "wrong" not in rasa


def test_rasa_stands_on_the_page_and_in_the_table(measuring: Measuring) -> None:
    with rasa_server() as server:
        words = page_of(measuring, "--rasa", server.url).words
        told = measuring.home.run("evaluate", "--rasa", server.url)

    assert "Rasa on the same messages" in words["languages"]
    assert "Rasa, over HTTP 7" in words["time"]
    assert "held-out messages, Rasa" in told.stdout


def test_rasa_that_is_away_is_said_at_once(measuring: Measuring) -> None:
    with rasa_server() as server:
        pass
    told = measuring.home.run("evaluate", "--rasa", server.url)

    assert told.exit_code == 1
    assert "rasa run --enable-api" in told.stderr
    assert f"{server.url}: nobody answers there" in told.stderr
    assert told.stdout == ""


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (409, b"{}", "it answers with HTTP 409"),
        (302, b"", "it answers with HTTP 302"),
        (200, b"<html>", "its answer has no intent and intent_ranking"),
        (200, b'{"intent": null, "intent_ranking": []}', "its answer has no intent and intent_ranking"),
        (200, b"[]", "its answer has no intent and intent_ranking"),
        (200, b'{"intent": {"name": "a"}, "intent_ranking": [{"name": "a"}]}', "its answer has no intent"),
    ],
)
def test_an_answer_that_is_not_rasas(measuring: Measuring, status: int, body: bytes, why: str) -> None:
    with rasa_server() as server:
        server.status, server.body = status, body
        told = measuring.home.run("evaluate", "--rasa", server.url)

    assert told.exit_code == 1
    assert why in told.stderr
    assert len(server.asked) == 1


def test_a_rasa_that_has_no_guess_refuses(measuring: Measuring) -> None:
    with rasa_server() as server:
        server.body = b'{"intent": {"name": null, "confidence": 0.0}, "intent_ranking": []}'
        told = measuring.home.run("evaluate", "--json", "--rasa", server.url)

    total = json.loads(told.stdout)["rasa"]["total"]
    assert (total["refused"], total["caught"], total["top_1"]) == (1, 1, 0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:5005", "https://rasa.example.org/api/"])
def test_an_address(url: str) -> None:
    assert is_address(url)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:5005", "ftp://a", "http://", "http://a:b", "http://[", "http://a:99999"]
)
def test_no_address(url: str) -> None:
    assert not is_address(url)
