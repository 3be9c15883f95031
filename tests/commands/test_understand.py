"""`wegwijs understand`: a line in, a line out; a bad line is named and the rest goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.commands.conftest import A_REPAIR

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home

GOOD = json.dumps({"id": "good", "text": A_REPAIR})
A_LINE = 'a line is {"id": …, "text": "…"} with an optional "lang"'
HALF = "this is no UTF-8, or holds half a character"
TOO_MUCH = "this is more than JSON should hold"
BAD = (
    (b"nonsense", "this is no JSON: Expecting value, character 1"),
    (b'{"id": 1, "text": "half', "this is no JSON: Unterminated string starting at, character 19"),
    (b"[1, 2]", A_LINE),
    (b'"text"', A_LINE),
    (b'{"text": "without an id"}', A_LINE),
    (b'{"id": 1}', A_LINE),
    (b'{"id": 1, "text": 5}', A_LINE),
    (b'{"id": 1, "text": null}', A_LINE),
    (b'{"id": 1, "text": "x", "lang": 5}', '"lang" is a language code such as "ar"'),
    (b'{"id": 1, "text": "caf\xe9"}', HALF),
    (b'{"id": 1, "text": "\\ud83d"}', HALF),
    (b'{"id": "\\ud83d", "text": "x"}', HALF),
    (b'{"id": ' + b"9" * 5000 + b', "text": "x"}', TOO_MUCH),
    (b"[" * 100_000, TOO_MUCH),
)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_message_gets_a_line_in_the_same_order(trained: Home) -> None:
    messages = [
        {"id": 1, "text": A_REPAIR},
        {"id": "b", "text": "How do I take health insurance?", "lang": "en"},
        {"id": ["c"], "text": "vertel een grap", "lang": None},
        {"id": None, "text": "er is brand", "lang": "xx", "more": "is left alone"},
        {"id": 5, "text": ""},
    ]
    told = trained.run("understand", "--input", "-", given="\n".join(map(json.dumps, messages)))
    answers = lines(told.stdout)

    assert (told.exit_code, told.stderr) == (0, "")
    assert [answer["id"] for answer in answers] == [1, "b", ["c"], None, 5]
    assert all(list(a) == ["id", "language", "intents", "out_of_scope", "crisis"] for a in answers)
    assert [a["intents"][0]["name"] for a in answers[:2]] == ["housing_repairs", "insurance_start"]
    assert [answers[at]["out_of_scope"] for at in (0, 1, 2, 4)] == [False, False, True, True]
    assert [a["crisis"] for a in answers] == [None, None, None, "immediate_danger", None]


def test_bad_lines_are_named_and_the_rest_goes_on(trained: Home) -> None:
    given = b"\n\n".join([GOOD.encode(), *(bad for bad, _ in BAD), GOOD.encode()])
    told = trained.run("understand", "--input", "-", given=given, WEGWIJS_LOG_LEVEL="DEBUG")

    assert told.exit_code == 1
    assert told.stderr.splitlines() == [f"line {3 + 2 * at}: {why}" for at, (_, why) in enumerate(BAD)]
    assert [answer["id"] for answer in lines(told.stdout)] == ["good", "good"]


def test_nothing_in_nothing_out(trained: Home) -> None:
    told = trained.run("understand", "--input", "-", given="\n  \n")

    assert (told.exit_code, told.stdout, told.stderr) == (0, "", "")


def test_files_are_read_and_written(trained: Home, tmp_path: Path) -> None:
    given, wanted = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_text('{"id": "ع", "text": "هناك حريق"}\r\n', encoding="utf-8")
    told = trained.run("understand", "--input", str(given), "--output", str(wanted))
    written = wanted.read_text(encoding="utf-8")

    assert (told.exit_code, told.stdout) == (0, "")
    assert '{"id": "ع", "language": "ar"' in written  # readable, not escaped
    assert [answer["crisis"] for answer in lines(written)] == ["immediate_danger"]


def test_a_pipe_that_is_closed_early_is_no_error_to_shout_about(trained: Home) -> None:
    """As in `wegwijs understand … | head -1`: a process of its own."""
    with trained.start("understand", "--input", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(f"{GOOD}\n" * 100)
        process.stdin.close()
        assert process.stderr.read() == ""
