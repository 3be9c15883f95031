"""What Rasa's files can say, and how: examples, conditions, slots; for who writes and for who reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

VERSION = "3.1"
# What Rasa's own reader takes for an entity inside an example: [words](entity), [words]{"entity": …}.
ENTITY = re.compile(r"\[(?P<words>[^\]]+?)\](?:\([^)]+?\)|\{[^}]+?\})(?:\{[^}]*?\})?")
EXAMPLE = re.compile(r"^\s*-\s+(.*\S)\s*$")
# The settings of a slot that Rasa has too, by type. It refuses all others.
SLOT_KEYS = frozenset({"type", "mappings", "initial_value", "influence_conversation"})
SLOT_KEYS_OF: Mapping[str, frozenset[str]] = {
    "categorical": frozenset({"values"}),
    "float": frozenset({"min_value", "max_value"}),
}
# Below a variant's `metadata` in Rasa: what only we know of it.
OURS = "wegwijs"
# A text that depends on a day hangs in Rasa on a slot that nothing fills there: it is never said on a wrong day.
DEADLINE_SLOT = re.compile(r"^deadline_(?P<name>[a-z0-9_]+)_is$")


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # a shared list is written out each time
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def dumped(data: Any) -> str:
    """Return `data` as YAML that people can read; what a block cannot hold is written between quotes."""
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, indent=2)


def rasa_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variant's condition as Rasa has it: on a slot."""
    if condition.get("type") == "deadline":
        return {"type": "slot", "name": f"deadline_{condition['name']}_is", "value": condition["value"]}
    return dict(condition)


def our_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the condition again as we have it."""
    found = DEADLINE_SLOT.match(str(condition.get("name")))
    if found and condition.get("value") in {"passed", "coming"}:
        return {"type": "deadline", "name": found["name"], "value": condition["value"]}
    return dict(condition)


def rasa_slot(slot: Mapping[str, Any]) -> dict[str, Any]:
    """Return a slot without the settings that Rasa does not know."""
    allowed = SLOT_KEYS | SLOT_KEYS_OF.get(str(slot.get("type")), frozenset())
    return {"type": slot.get("type"), **{key: value for key, value in slot.items() if key in allowed}}


def lines_of(block: str) -> Iterator[tuple[int, str]]:
    """Yield the examples of a block, with their line in it (from 0)."""
    for offset, line in enumerate(block.splitlines()):
        found = EXAMPLE.match(line)
        if found:
            yield offset, found[1]


def block_of(examples: Iterable[str]) -> str:
    """Return examples as a block of lines."""
    return "".join(f"- {text}\n" for text in examples)


def escaped(text: str) -> str:
    """Return an example in which Rasa sees no entity: a space between [words] and (entity)."""
    while found := ENTITY.search(text):
        end = text.index("]", found.start())
        text = f"{text[: end + 1]} {text[end + 1 :]}"
    return text


def without_entities(text: str) -> str:
    """Return the words of an example, without Rasa's marks around them."""
    return ENTITY.sub(lambda found: found["words"], text)
