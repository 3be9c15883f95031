"""What a log line may hold: codes, counts and ids; never anyone's words."""

from __future__ import annotations

import ast
import http.client
import json
import logging
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.routing import Route

from bot.channels.limits import SCREEN
from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation
from bot.deliver import deliver_due
from bot.domain.turn import Inbound, Kind
from bot.log import ALLOWED, OfLibraries, keep_threads_quiet, redact, set_up_logging
from bot.receive import answer_next, take_in
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from bot.domain.messenger import Letter
    from bot.nlu.model import Understanding

ROOT = Path(__file__).resolve().parents[1]
WORDS = "Ik heet Amina, mijn nummer is 0612345678"


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@given(line=st.dictionaries(st.text(min_size=1) | st.sampled_from(sorted(ALLOWED)), st.text()))
def test_a_field_that_is_not_on_the_list_is_left_out_and_named(line: dict[str, str]) -> None:
    kept = redact(None, "warning", dict(line))
    left_out = kept.pop("left_out", [])

    assert kept == {name: value for name, value in line.items() if name in ALLOWED}
    assert left_out == sorted(set(line) - ALLOWED)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log lines; standard output stays clean for other programs."""
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_a_line_is_json_on_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("INFO")
    structlog.get_logger().info("turn failed", conversation="7", text=WORDS, address="0612345678", naam="أمينة")
    (line,) = written(capsys)

    assert {name: line[name] for name in ("event", "level", "conversation")} == {
        "event": "turn failed",
        "level": "info",
        "conversation": "7",
    }
    assert line["left_out"] == ["address", "naam", "text"]
    assert line["timestamp"].endswith("Z")
    assert "Amina" not in str(line)


def test_bound_fields_are_looked_at_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("INFO")
    structlog.get_logger().bind(newcomer="Amina", count=3).warning("x")

    assert "Amina" not in str(line := written(capsys)[0])
    assert line["count"] == 3


@pytest.mark.parametrize(("level", "heard"), [("DEBUG", 4), ("INFO", 3), ("warning", 2), ("ERROR", 1), ("nonsense", 2)])
def test_only_what_is_serious_enough_is_written(level: str, heard: int, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level)
    log = structlog.get_logger()
    for say in (log.debug, log.info, log.warning, log.error):
        say("x")

    assert len(written(capsys)) == heard


# ---- what the assistant itself writes


class Broken:
    """An ear and a messenger that quote a newcomer in their errors, as libraries do."""

    name = Terminal.name
    limits = SCREEN

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        raise ValueError(text)

    def send(self, letter: Letter) -> str:
        raise ValueError(f"{letter.address}: {letter.message.text}")


def test_what_goes_wrong_is_logged_without_anyones_words(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("DEBUG")
    with at_work() as runtime:
        broken = replace(runtime, understander=Broken(), channels={Terminal.name: Broken()})
        terminal = runtime.channels[Terminal.name]
        assert isinstance(terminal, Terminal)
        talk = Conversation(broken, terminal, "+31612345678")
        talk.accept_notice("nl")
        inbound = Inbound(
            channel=Terminal.name,
            address="+31612345678",
            provider_id="1",
            kind=Kind.TEXT,
            text=WORDS,
            received_at=runtime.clock.now(),
        )
        found = take_in(broken, inbound)
        assert found is not None
        while answer_next(broken, found):
            pass
        deliver_due(broken)
    lines = written(capsys)

    assert [line["event"] for line in lines] == ["turn failed"] * 3 + ["delivery failed"]
    assert {line["error"] for line in lines[:3]} == {"ValueError"}
    assert lines[3]["reason"] == "ValueError"
    shown = json.dumps(lines, ensure_ascii=False)
    assert not any(word in shown for word in ("Amina", "0612345678", "+31612345678", "Er ging iets mis"))
    assert all("left_out" not in line for line in lines)


def logged() -> Iterator[tuple[str, str]]:
    """Every field that our own code gives to the structured log, with its place."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if "structlog" not in {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
                for keyword in node.keywords:
                    yield str(keyword.arg), f"{path.relative_to(ROOT)}:{node.lineno}"


def test_our_own_code_logs_only_what_is_on_the_list() -> None:
    fields = list(logged())

    assert len(fields) > 5
    assert [place for name, place in fields if name not in ALLOWED] == []


# ---- what libraries write


def says(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = written(capsys)
    assert not any(word in json.dumps(line, ensure_ascii=False) for word in ("Amina", "0612345678"))
    return line


@pytest.fixture
def of_a_library(capsys: pytest.CaptureFixture[str]) -> Iterator[logging.Logger]:
    """A library's logger, after logging was set up; no other handler of the tests writes along."""
    set_up_logging("DEBUG")
    root = logging.getLogger()
    others = [handler for handler in root.handlers if not isinstance(handler, OfLibraries)]
    for handler in others:
        root.removeHandler(handler)
    yield logging.getLogger("some.library")
    for handler in [*root.handlers]:
        root.removeHandler(handler)
    for handler in others:
        root.addHandler(handler)


def test_a_librarys_sentence_is_written_without_its_values(
    of_a_library: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    of_a_library.warning("could not send %s", WORDS)
    line = says(capsys)

    assert (line["library"], line["reason"], line["level"]) == ("some.library", "could not send %s", "warning")
    assert line["place"].startswith("test_log.py:")


def test_a_librarys_sentence_that_was_put_together_is_left_out(
    of_a_library: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    of_a_library.error(f"could not send {WORDS}")  # as libraries do

    assert "reason" not in says(capsys)


def test_a_librarys_error_is_told_by_its_kind_and_place(
    of_a_library: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        int(WORDS)
    except ValueError:
        of_a_library.exception("it failed")
    line = says(capsys)

    assert (line["error"], line["reason"]) == ("ValueError", "it failed")
    assert line["trace"].startswith("test_log.py:")


@pytest.mark.parametrize("name", ["sqlalchemy.engine.Engine", "procrastinate.worker", "uvicorn.access", "telegram.ext"])
def test_what_is_less_than_a_warning_is_not_written_at_any_level_of_ours(
    of_a_library: logging.Logger, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    logging.getLogger(name).info("INSERT INTO inbound %s", WORDS)
    logging.getLogger(name).debug(WORDS)

    assert written(capsys) == []


def test_an_error_of_the_database_quotes_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a statement's values, nor what stood in the row that was in the way."""
    broken = text("INSERT INTO counters (name, nonsense) VALUES (:name, 1)")
    with at_work() as runtime, pytest.raises(SQLAlchemyError) as raised:
        runtime.database.write(lambda work: work.connection.execute(broken, {"name": WORDS}))

    assert "Amina" not in str(raised.value)
    assert "hidden" in str(raised.value)


def test_a_page_that_fails_writes_no_path_and_no_words(
    of_a_library: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    async def page(request: Request) -> None:
        raise ValueError(WORDS)

    config = uvicorn.Config(
        Starlette(routes=[Route("/{name}", page)]), log_config=None, log_level="warning", access_log=False, port=0
    )
    server = uvicorn.Server(config)
    with closing(socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        while not server.started:
            pass
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/Amina")
        status = connection.getresponse().status
        connection.close()
        server.should_exit = True
        serving.join(timeout=20)
    line = says(capsys)

    assert status == 500
    assert (line["library"], line["error"]) == ("uvicorn.error", "ValueError")
    assert line["reason"].strip() == "Exception in ASGI application"


def test_a_thread_that_ends_by_an_error_is_told_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back afterwards
    keep_threads_quiet()

    def broken() -> None:
        raise ValueError(WORDS)

    thread = threading.Thread(target=broken, name="telegram-hello")
    thread.start()
    thread.join()
    line = says(capsys)

    assert (line["event"], line["job"], line["error"]) == ("a thread ended", "telegram-hello", "ValueError")
