"""Whatever an author writes, the check answers with mistakes, never with a crash."""

from __future__ import annotations

import copy
import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.knowledge.check import check
from bot.knowledge.document import KnowledgeError
from bot.knowledge.folders import folders
from bot.knowledge.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = Path(__file__).parent / "good"
FILES = sorted(path.relative_to(GOOD).as_posix() for path in GOOD.rglob("*.yml"))
CATALOGUES = sorted(path.relative_to(GOOD).as_posix() for path in GOOD.rglob("*.po"))
TODAY = date(2026, 11, 22)
ODD = st.sampled_from([
    None, 0, -1, 3.5, True, "", "x", "END", "{", "*", "slots.", "utter_x", "/skip", [], [None], {}, {"x": None},
    {1: 2}, [[]], date(2026, 11, 22), "ሰላም", "a\tb", "\u0000"[:0], "0" * 700, "- ", "…",
])  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("robust") / "knowledge"
    shutil.copytree(GOOD, place)
    return place


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_odd_values_are_said_not_crashed_on(root: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    document = yaml.safe_load((GOOD / name).read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(sorted(_places(document), key=str)))
        document = _with(document, place, data.draw(ODD), drop=data.draw(st.booleans()))
    text = yaml.safe_dump(document, allow_unicode=True)
    _stays_whole(root, name, text.encode())


@given(data=st.data())
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_torn_files_are_said_not_crashed_on(root: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES + CATALOGUES))
    whole = (GOOD / name).read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 20))
    put = data.draw(st.sampled_from([b"", b"\t", b'"', b"\n", b": ", b"\xff", b"- ", b"{", b"\x00"]))
    _stays_whole(root, name, whole[:at] + put + whole[at + length :])


def _stays_whole(root: Path, name: str, content: bytes) -> None:
    before = (root / name).read_bytes()
    (root / name).write_bytes(content)
    try:
        report = check(folders(root), today=TODAY)
        assert all(mistake.line >= 1 and mistake.why and mistake.mend for mistake in report.mistakes)
        with suppress(KnowledgeError):
            load(folders(root))
    finally:
        (root / name).write_bytes(before)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    match node:
        case dict():
            for key, value in node.items():
                yield from _places(value, (*path, key))
        case list():
            for at, value in enumerate(node):
                yield from _places(value, (*path, at))


def _with(document: Any, path: tuple[Any, ...], value: Any, *, drop: bool) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    node = changed
    for part in path[:-1]:
        node = node[part]
    if drop:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return changed
