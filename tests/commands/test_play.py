"""`wegwijs test`: conversations that authors wrote, played and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Home

GOOD = """
test_cases:
  - test_case: Yonas has no heating
    metadata: {language: nl}
    steps:
      - user: De verwarming is kapot
      - utter: utter_housing_repairs
      - utter: utter_ask_repair_kind
      - user: de verwarming
      - slot_was_set: [{repair_kind: heating}]
      - utter: utter_housing_repairs_heating
      - utter: utter_ask_children_count
      - text_contains: Bel vandaag de verhuurder.
      - wait: {hours: 3}
      - user: /skip
      - utter: utter_ask_after_answer
      - user: Een mens vragen
      - effect: OpenCase
      - utter: utter_case_opened
  - test_case: A stranger is asked first, and a voice note cannot be read
    metadata: {language: nl, notice_accepted: false}
    steps:
      - user: dag
      - utter: utter_ask_notice
      - user: Ja, goed
      - effect: AcceptNotice
      - utter: utter_notice_accepted
      - utter: utter_clarify
      - user: ""
        kind: voice
      - utter: utter_voice_not_yet
      - user: ""
        other: true
      - utter: utter_other_kind
"""


def write(folder: Path, text: str, name: str = "story.yml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_conversations_that_go_as_written_pass(trained: Home, tmp_path: Path) -> None:
    told = trained.run("test", str(write(tmp_path / "stories", GOOD)))

    assert told.exit_code == 0, told.stdout
    assert told.stdout == "2 passed, 0 failed\n"


def test_a_difference_is_shown_side_by_side(trained: Home, tmp_path: Path) -> None:
    planted = GOOD.replace("utter: utter_ask_repair_kind", "utter: utter_ask_something_else")
    told = trained.run("test", str(write(tmp_path, planted) / "story.yml"))
    shown = [" ".join(line.replace("│", " ").replace("┃", " ").split()) for line in told.stdout.splitlines()]

    assert told.exit_code == 1
    assert "expected happened" in shown
    assert "bot: utter_ask_something_else bot: utter_ask_repair_kind" in shown
    assert "Yonas has no heating" in told.stdout
    assert "story.yml:3" in "".join(told.stdout.split())  # where it stands
    assert shown[-1] == "1 passed, 1 failed"


def test_silence_and_one_answer_too_many_are_differences(trained: Home, tmp_path: Path) -> None:
    head = "test_cases:\n  - test_case: short\n    steps:\n      - user: De verwarming is kapot\n"
    more = "      - utter: utter_housing_repairs\n      - utter: utter_ask_repair_kind\n      - utter: utter_more\n"
    stories = write(tmp_path, head + more, "more.yml")
    write(tmp_path, head, "less.yml")
    told = trained.run("test", str(stories))

    assert told.exit_code == 1
    assert "(nothing)" in told.stdout
    assert told.stdout.endswith("0 passed, 2 failed\n")


def test_what_is_no_conversation_is_named_with_its_line(trained: Home, tmp_path: Path) -> None:
    wrong = "test_cases:\n  - test_case: odd\n    steps:\n      - user: dag\n      - utters: utter_greet\n"
    told = trained.run("test", str(write(tmp_path, wrong)))

    assert told.exit_code == 1
    assert "story.yml:5: this step is none we know" in " ".join(told.stdout.split())


def test_no_conversations_is_no_success(trained: Home, tmp_path: Path) -> None:
    told = trained.run("test", str(tmp_path))

    assert told.exit_code == 1
    assert "no conversations here" in told.stdout


def test_two_parts_play_every_conversation_once(trained: Home, tmp_path: Path) -> None:
    story = "  - test_case: number {}\n    steps:\n      - user: De verwarming is kapot\n"
    stories = write(tmp_path, "test_cases:\n" + "".join(story.format(number) for number in range(5)))
    first, second = (trained.run("test", str(stories), "--part", f"{half}/2") for half in (1, 2))

    played = [name for told in (first, second) for name in range(5) if f"number {name}" in told.stdout]
    assert sorted(played) == [0, 1, 2, 3, 4]
    assert (first.stdout[-19:], second.stdout[-19:]) == ("0 passed, 3 failed\n", "0 passed, 2 failed\n")


def test_what_is_no_part_is_said_at_once(trained: Home) -> None:
    told = trained.run("test", "--part", "3/2")

    assert told.exit_code == 2
    assert "1/2 is the first half" in told.output
