"""The notes of the desk, written as content/notes/ has them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from yaml.nodes import ScalarNode

    from bot.content.model import Note

WIDTH = 120
HEAD = "# What is good to know at the desk. Read by `wegwijs check`; a note keeps its id, so that it is shown once.\n"


def written(notes: Iterable[Note]) -> str:
    """Return the notes as a file of content/notes/, the oldest first, so that a new one is added below."""
    ordered = sorted(notes, key=lambda note: (note.reviewed_on, note.id))
    told = {"notes": [asdict(note) for note in ordered]}
    return HEAD + yaml.dump(told, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)


class _Dumper(yaml.SafeDumper):
    """Several lines stand as an author would write them."""


def _text(dumper: yaml.SafeDumper, text: str) -> ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
