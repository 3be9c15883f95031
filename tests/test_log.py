"""What a log line may hold: codes, counts and ids; never anyone's words."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.limits import SCREEN
from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation
from bot.deliver import deliver_due
from bot.domain.turn import Inbound, Kind
from bot.log import ALLOWED, redact, set_up_logging
from bot.receive import answer_next, take_in
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator

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
