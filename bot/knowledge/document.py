"""One YAML file that an author edits, with the line of everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, order=True)
class Mistake:
    """
    What is wrong in a knowledge file: where, which kind, why, and what to do about it.

    A `warning` is counted and shown, and lets the check pass: it waits for something only people outside can give.
    """

    file: str
    line: int
    kind: str
    why: str
    mend: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why} → {self.mend} [{self.kind}]"


class KnowledgeError(Exception):
    """The knowledge files cannot be used as they are; `wegwijs check` tells how to mend them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        shown = "\n".join(f"  {mistake}" for mistake in mistakes[:20])
        super().__init__(f"{self.__doc__}\n{shown}")
        self.mistakes = mistakes


class Document:
    """A parsed file: `data` as plain Python, and `line(...)` of any place in it."""

    def __init__(self, name: str, data: Any, node: yaml.Node | None) -> None:
        self.name = name
        self.data = data
        self._node = node

    def line(self, *path: str | int) -> int:
        """Return the line (from 1) of the value at `path`, or of the nearest place above it."""
        node, line = self._node, 1
        for part in path:
            node, found = _step(node, part)
            if node is None:
                return line
            line = found
        return line

    def text_line(self, number: int, *path: str | int) -> int:
        """Return the line of the `number`-th line (from 0) of the text at `path`, where it is written as a block."""
        node: yaml.Node | None = self._node
        for part in path:
            node, _ = _step(node, part)
        if isinstance(node, yaml.ScalarNode) and node.style == "|":
            return int(node.start_mark.line) + 2 + number
        return self.line(*path)

    def mistake(self, kind: str, path: tuple[str | int, ...], why: str, mend: str) -> Mistake:
        """Return a mistake at `path` of this file."""
        return Mistake(file=self.name, line=self.line(*path), kind=kind, why=why, mend=mend)


def _step(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, int]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line + 1
    return None, 1


def read_document(path: Path, name: str) -> tuple[Document | None, list[Mistake]]:
    """Return the file's document and the mistakes met on the way; None when it is no YAML at all."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None, [Mistake(file=name, line=1, kind="encoding", why="the file is not UTF-8", mend="save it as UTF-8")]
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        data = loader.construct_document(node) if node is not None else None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        why = getattr(error, "problem", None) or str(error)
        mend = "look at indentation, quotes and colons on this line and the one before"
        return None, [Mistake(file=name, line=line, kind="yaml", why=f"this is no YAML: {why}", mend=mend)]
    finally:
        loader.dispose()
    return Document(name, data, node), [_twin(name, key) for key in _twins(node)]


def _twin(name: str, key: yaml.Node) -> Mistake:
    return Mistake(
        file=name,
        line=key.start_mark.line + 1,
        kind="twice",
        why=f"'{key.value}' stands here twice, and the first would be lost",
        mend="keep one of the two, or give one another name",
    )


def _twins(node: yaml.Node | None) -> list[yaml.Node]:
    """Return the keys that a mapping has for the second time: YAML would keep the last one in silence."""
    found: list[yaml.Node] = []
    waiting = [node] if node is not None else []
    while waiting:
        one = waiting.pop()
        if isinstance(one, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in one.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        found.append(key)
                    seen.add(key.value)
                waiting.append(value)
        elif isinstance(one, yaml.SequenceNode):
            waiting.extend(one.value)
    return found
