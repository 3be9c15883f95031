"""Conversations as data: Rasa's end-to-end test format, and a little more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain.turn import Kind
from bot.knowledge.document import Document, Mistake, read_document

if TYPE_CHECKING:
    from pathlib import Path

KINDS = (
    *("user", "utter", "slot_was_set", "text_contains", "effect", "wait", "enrol", "tell"),
    *("offers", "others_join", "others_leave", "call_off", "match", "other_says"),
)


@dataclass(frozen=True, kw_only=True)
class StoryStep:
    """
    One step. Rasa's: `user`, `utter`, `slot_was_set`. Ours are the others.

    `wait` (`{hours: 3}`) lets time pass, and what it brings is said. `enrol` has a coach put the person in a
    trajectory: `template`, `started`, `anchors`, `conditions`; `tell` has the coach change its `anchors`, `conditions`.

    `offers` is a list of what is published: the columns of an offer, `begins: {days: 2, hours: 4}` from now where it
    has a moment, and `texts` by language. By its title somebody else joins (`others_join`) or leaves (`others_leave`),
    or its organisation calls it off (`call_off`). A button in the story names an offer's occasion by its title:
    `/join <Taalcafé>`.

    `match` (`{}`, or `reasons`: pairs of a code and its value) has a coordinator approve that the person and
    somebody else may be buddies; the other one then says `no`, `end`, or yes by their name (`other_says`).

    `sent` is the kind of a user step that is no text or button (`kind: voice`); `other: true` is `kind: other`.
    """

    kind: str
    value: Any = None
    slots: tuple[tuple[str, Any], ...] = ()
    sent: Kind | None = None


@dataclass(frozen=True, kw_only=True)
class Story:
    """A conversation with its expected course. `language` is on file when it begins."""

    name: str
    file: str
    line: int
    language: str | None
    notice_accepted: bool
    steps: tuple[StoryStep, ...]


def read_stories(path: Path) -> tuple[list[Story], list[Mistake]]:
    """Return the stories in a file or below a folder, and what could not be read."""
    files = [path] if path.is_file() else sorted(path.rglob("*.yml"))
    stories: list[Story] = []
    mistakes: list[Mistake] = []
    if not files:
        mend = "name a folder or file with test_cases"
        mistakes.append(Mistake(file=str(path), line=1, kind="story", why="no conversations here", mend=mend))
    for file in files:
        document, found = read_document(file, str(file))
        mistakes.extend(found)
        if document is None:
            continue
        cases = document.data.get("test_cases") if isinstance(document.data, dict) else None
        if not isinstance(cases, list):
            mend = "begin with 'test_cases:' and a list"
            mistakes.append(document.mistake("story", (), "there are no test_cases", mend))
            continue
        for at, case in enumerate(cases):
            story = _story(document, at, case, mistakes)
            if story is not None:
                stories.append(story)
    return stories, mistakes


def _story(document: Document, at: int, case: Any, mistakes: list[Mistake]) -> Story | None:
    path = ("test_cases", at)
    if not isinstance(case, dict) or "test_case" not in case or not isinstance(case.get("steps"), list):
        mistakes.append(document.mistake("story", path, "a case has 'test_case' and 'steps'", "write both"))
        return None
    metadata = case.get("metadata") or {}
    steps = [_step(document, (*path, "steps", n), raw, mistakes) for n, raw in enumerate(case["steps"])]
    return Story(
        name=str(case["test_case"]),
        file=document.name,
        line=document.line(*path),
        language=metadata.get("language"),
        notice_accepted=bool(metadata.get("notice_accepted", True)),
        steps=tuple(step for step in steps if step is not None),
    )


def _step(document: Document, path: tuple[str | int, ...], raw: Any, mistakes: list[Mistake]) -> StoryStep | None:
    kinds = [kind for kind in KINDS if isinstance(raw, dict) and kind in raw]
    if len(kinds) != 1:
        mistakes.append(document.mistake("story", path, "this step is none we know", f"use one of: {', '.join(KINDS)}"))
        return None
    kind = kinds[0]
    value = raw[kind]
    if kind == "slot_was_set":
        pairs = [pair for pair in value if isinstance(pair, dict)] if isinstance(value, list) else []
        slots = tuple((name, filled) for pair in pairs for name, filled in pair.items())
        return StoryStep(kind=kind, slots=slots)
    sent = raw.get("kind", Kind.OTHER.value if raw.get("other") else None)
    if sent is not None and (kind != "user" or sent not in set(Kind)):
        mend = f"use one of: {', '.join(Kind)}"
        mistakes.append(document.mistake("story", path, f"'{sent}' is no kind of message", mend))
        return None
    return StoryStep(kind=kind, value=value, sent=Kind(sent) if sent else None)
