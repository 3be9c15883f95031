"""A Rasa project from elsewhere: what has a place is taken, the rest is named with file, line and reason."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.folders import Folders, shipped
from bot.knowledge.load import read_all
from bot.knowledge.rasa_format import ENTITY, block_of, dumped, escaped, lines_of, without_entities
from bot.knowledge.rasa_reading import REPORT, BadProjectError, Imported, take

NLU = """\
version: "3.1"
nlu:
  - intent: ask_library
    examples: |
      - where is the library
      - is the [library](place) in [Deventer]{"entity": "city"} open
  - intent: faq/hours
    examples: |
      - when are you open
  - intent: Say-Hello
    examples:
      - text: |
          hello there
      - text: dag allemaal
        metadata: {language: nl}
  - synonym: library
    examples: |
      - the place with books
  - regex: zipcode
    examples: |
      - \\d{4}
  - lookup: city
    examples: |
      - Deventer
"""
DOMAIN = """\
version: "3.1"
intents:
  - ask_library
  - Say-Hello: {use_entities: []}
  - faq/hours
entities: [place, city]
slots:
  member:
    type: bool
    mappings:
      - type: from_intent
        intent: affirm
        value: true
  branch:
    type: categorical
    values: [north, south]
    mappings:
      - type: custom
  books:
    type: list
    mappings: []
forms:
  card_form:
    required_slots: [member]
actions:
  - action_look_up
  - utter_library
responses:
  utter_library:
    - text: The library is in Brink street.
    - text: You find the library in Brink street.
    - condition:
        - type: slot
          name: branch
          value: north
      text: "The library: in the north # on the left | or so"
      image: https://example.org/library.png
      buttons:
        - title: Thanks
          payload: /Thanks
        - title: South
          payload: /SetSlots(branch=south)
    - text: Only here
      channel: slack
  utter_member:
    - text: "Your number is {card}."
  utter_custom:
    - custom: {blocks: []}
"""
STORIES = """\
version: "3.1"
stories:
  - story: to the library
    steps:
      - intent: ask_library
      - action: utter_library
rules:
  - rule: hello
    steps:
      - intent: Say-Hello
      - action: utter_library
"""
FLOWS = """\
flows:
  library:
    description: where the library is
    nlu_trigger:
      - intent: ask_library
    steps:
      - action: utter_library
  broken:
    description: goes nowhere
    steps:
      - action: utter_library
        next: nowhere
"""


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    folder = tmp_path / "stranger"
    for name, text in {
        "data/en/nlu.yml": NLU,
        "domain.yml": DOMAIN,
        "data/stories.yml": STORIES,
        "data/flows.yaml": FLOWS,
        "config.yml": "recipe: default.v1\nlanguage: en\n",
        "models/old.yml": "responses: {utter_old: [{text: old}]}\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def imported(source: Path, language: str = "en") -> tuple[Imported, Path]:
    into = source.parent / "ours"
    return take(source, into, language=language, dry_run=False, show=lambda _done, _total, _what: None), into


def whys(report: Imported) -> dict[tuple[str, str], str]:
    return {(left.kind, left.name): left.why for left in report.left}


def at(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


def test_what_has_a_place_is_taken(stranger: Path) -> None:
    report, into = imported(stranger)

    both = read_all(Folders(layers=(shipped(), into)))
    mine = {(e.text, e.language) for e in both.examples if e.intent == "ask_library"}
    assert mine == {("where is the library", "en"), ("is the library in Deventer open", "en")}
    hello = {(e.text, e.language) for e in both.examples if e.intent == "say_hello"}
    assert hello == {("hello there", "en"), ("dag allemaal", "nl")}
    assert both.synonyms["en"]["library"] == ("the place with books",)
    assert (both.slots["member"].kind, both.slots["branch"].values) == ("yes_no", ("north", "south"))
    assert both.flows["library"].intents == ("ask_library",)
    north, always = both.responses["utter_library"].variants
    assert (north.text, always.text) == (
        "The library: in the north # on the left | or so",
        "The library is in Brink street.",
    )
    assert [button.title for button in north.buttons] == ["South"]
    assert "utter_old" not in both.responses
    assert [row.name for row in report.changed] == ["Say-Hello", "Say-Hello"]
    kept = yaml.safe_load((into / "nlu/data/en/nlu.yml").read_text(encoding="utf-8"))["nlu"]
    assert {"lookup", "regex"} <= {key for item in kept for key in item}


def test_what_has_no_place_is_named_with_its_reason(stranger: Path) -> None:
    report, into = imported(stranger)

    left = whys(report)
    assert {
        ("stories", "to the library"),
        ("rules", "hello"),
        ("forms", "card_form"),
        ("entities", "place"),
        ("entities", "city"),
        ("action", "action_look_up"),
        ("slot", "books"),
        ("slot", "member"),
        ("intent", "faq/hours"),
        ("flow", "broken"),
        ("button", "utter_library"),
        ("response", "utter_library"),
        ("response", "utter_custom"),
        ("response", "utter_member"),
        ("entity", 'is the [library](place) in [Deventer]{"entity": "city"} open'),
    } == set(left)
    reasons = {row.why for row in report.left if row.name == "utter_library"}
    assert any("slack" in why for why in reasons)
    assert any("picture" in why for why in reasons)
    assert any("one wording" in why for why in reasons)
    written = (into / REPORT).read_text(encoding="utf-8")
    assert all(f"`{row.file}:{row.line}`" in written for row in report.left)


def test_a_reason_stands_at_its_line(stranger: Path) -> None:
    report, _ = imported(stranger)
    lines = {(row.kind, row.name): (row.file, row.line) for row in report.left}

    assert lines["forms", "card_form"] == ("domain.yml", at(DOMAIN, "card_form:"))
    assert lines["flow", "broken"] == ("data/flows.yaml", at(FLOWS, "next: nowhere"))
    entity = lines["entity", 'is the [library](place) in [Deventer]{"entity": "city"} open']
    assert entity == ("data/en/nlu.yml", at(NLU, "[library](place)"))
    assert lines["stories", "to the library"] == ("data/stories.yml", at(STORIES, "- story"))


def test_broken_yaml_is_named_and_nothing_is_written(stranger: Path) -> None:
    (stranger / "domain.yml").write_text("intents:\n  - ask\n responses: {\n", encoding="utf-8")

    with pytest.raises(BadProjectError) as refused:
        imported(stranger)

    assert [(one.file, one.line) for one in refused.value.mistakes] == [("domain.yml", 3)]
    assert sorted(path.name for path in stranger.parent.iterdir()) == ["stranger"]


@pytest.mark.parametrize("text", ["nlu: {a: b}\n", "responses: [x]\n", "- a\n", "recipe: x\n"])
def test_what_is_no_rasa_project_is_refused(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "domain.yml").write_text(text, encoding="utf-8")

    with pytest.raises(BadProjectError):
        imported(folder)
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize(
    "text",
    [
        "nlu:\n  - 3\n  - {intent: 5, examples: 7}\n  - {intent: ask, examples: [1, null, {text: 4}]}\n",
        "responses:\n  utter_x: 3\n  utter_y: [null, {text: [a]}, {text: a, buttons: 3, condition: x, metadata: y}]\n",
        "slots: {a: 3, b: {type: [x]}, 4: {type: bool}, c: {type: bool, mappings: 3}}\nnlu: []\n",
        "flows: {a: 3, 4: {steps: []}, b: {steps: [3]}}\n",
        "intents: [{}, 3, null, [a]]\nforms: 3\nrules: x\nentities: {a: b}\nactions: 4\n",
    ],
)
def test_odd_shapes_are_named_and_never_break_it(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "domain.yml").write_text(text, encoding="utf-8")

    report, _ = imported(folder)

    assert report.left


# ---- words that are difficult to write down

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=30)
difficult = st.lists(
    st.one_of(words, st.sampled_from(list("'\":#|[](){}-*&!%@`\\\u200f\u2066\u2069\ufeff😀")), st.just("[x](y)")),
    min_size=1,
    max_size=6,
).map(lambda parts: "".join(parts).strip())
lines = difficult.filter(lambda text: bool(text) and unicodedata.normalize("NFC", text) == text)


@given(st.lists(lines, min_size=1, max_size=4))
def test_any_example_is_read_as_it_was_written(texts: list[str]) -> None:
    read: Any = yaml.load(dumped({"nlu": [{"intent": "x", "examples": block_of(texts)}]}), Loader=yaml.CSafeLoader)

    assert [text for _, text in lines_of(read["nlu"][0]["examples"])] == texts


@given(lines)
def test_rasa_sees_no_entity_in_what_is_escaped(text: str) -> None:
    made = escaped(text)

    assert ENTITY.search(made) is None
    assert re.sub(r"\s", "", made) == re.sub(r"\s", "", text)
    assert without_entities(made) == made


@settings(max_examples=30)
@given(lines, st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20))
def test_any_text_comes_through(text: str, more: str) -> None:
    said = f"{text}  \n{more}\u200f 😀 "
    with TemporaryDirectory() as folder:
        source = Path(folder) / "stranger"
        source.mkdir()
        domain = {"responses": {"utter_x": [{"text": said}]}, "intents": ["ask"]}
        (source / "domain.yml").write_text(dumped(domain), encoding="utf-8", newline="\n")
        (source / "nlu.yml").write_text(
            dumped({"nlu": [{"intent": "ask", "examples": [{"text": text}]}]}), encoding="utf-8", newline="\n"
        )
        _, into = imported(source, "nl")
        both = read_all(Folders(layers=(shipped_languages(), into)))

    assert both.responses["utter_x"].variants[0].text == said.strip()
    found = [example.text for example in both.examples]
    assert found == ([without_entities(text).strip()] if without_entities(text).strip() else [])


def shipped_languages() -> Path:
    """The list of languages alone would do; the small knowledge without examples of its own has it."""
    return Path(__file__).parent / "languages_only"
