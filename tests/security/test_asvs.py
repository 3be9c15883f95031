"""Every test that docs/ASVS.md and docs/SECURITY.md call a proof is there, and every row says how it stands."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
DOCUMENTS = ("ASVS.md", "SECURITY.md")


def text_of(document: str) -> str:
    return (ROOT / "docs" / document).read_text(encoding="utf-8")


@cache
def functions_of(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_is_named_is_there(document: str) -> None:
    named = NAMED.findall(text_of(document))
    assert len(named) > 15
    assert sorted({f"{file}::{name}" for file, name in named if name not in functions_of(file)}) == []


def rows() -> list[list[str]]:
    lines = [line for line in text_of("ASVS.md").splitlines() if re.match(r"\| \d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_row_says_how_it_stands() -> None:
    stands = re.compile(r"`tests/|by design|open|yours|does not apply")
    assert len(rows()) > 100
    assert [row for row in rows() if len(row) != 4 or not stands.search(" ".join(row[2:]))] == []


def test_every_chapter_is_there_and_no_requirement_twice() -> None:
    ids = [one for row in rows() for one in re.findall(r"\d+(?:\.\d+)+|^17$", row[0])]
    assert {int(one.split(".")[0]) for one in ids} == set(range(1, 18))
    assert [one for one in set(ids) if ids.count(one) > 1] == []
