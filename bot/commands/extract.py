"""`wegwijs extract`: bring every language's catalogues up to date with the Dutch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.content.extraction import as_po, phrases, read_catalogue, updated
from bot.knowledge.load import as_knowledge, read_all

if TYPE_CHECKING:
    from pathlib import Path

    from bot.content.extraction import Phrase
    from bot.knowledge.folders import Folders


def run(folders: Folders, *, only_check: bool = False) -> int:
    """Write the catalogues that are behind (or only name them); return 1 when only checking and one is behind."""
    read = read_all(folders)
    content = as_knowledge(read).content
    by_topic: dict[str, list[Phrase]] = {}
    for phrase in phrases(content, read.notes):
        by_topic.setdefault(phrase.topic, []).append(phrase)
    locale = folders.layers[-1] / "content" / "locale"
    behind: list[Path] = []
    for language in content.languages.all:
        for topic, wanted in by_topic.items():
            path = locale / language / "LC_MESSAGES" / f"{topic}.po"
            old = read_catalogue(path, language) if path.exists() else None
            fresh = as_po(updated(old, wanted, language))
            if not path.exists() or path.read_bytes() != fresh:
                behind.append(path)
                if not only_check:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(fresh)
    word = "behind" if only_check else "written"
    for path in behind:
        click.echo(f"{word}: {path.relative_to(locale.parent.parent)}")
    click.echo(f"{len(behind)} catalogues {word}, {sum(map(len, by_topic.values()))} sentences each language")
    return 1 if only_check and behind else 0
