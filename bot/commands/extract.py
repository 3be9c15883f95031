"""`wegwijs extract`: bring every language's catalogues up to date with the Dutch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.content.extraction import as_po, is_wanted, phrases, read_catalogue, updated
from bot.knowledge.document import KnowledgeError
from bot.knowledge.load import as_knowledge, read_all

if TYPE_CHECKING:
    from pathlib import Path

    from babel.messages.catalog import Catalog

    from bot.content.extraction import Phrase
    from bot.knowledge.folders import Folders


def run(folders: Folders, *, only_check: bool = False) -> int:
    """
    Write the catalogues that are behind (or only name them); return 1 when only checking and one is behind.

    An organisation's folder gets the sentences that the folders below it do not translate.

    Raises:
        KnowledgeError: something cannot be read; the translations of its sentences would be lost.

    """
    read = read_all(folders)
    mistakes = [mistake for mistake in read.mistakes if not mistake.warning]
    if mistakes:
        raise KnowledgeError(mistakes)
    content = as_knowledge(read).content
    by_topic: dict[str, list[Phrase]] = {}
    for phrase in phrases(content, read.notes):
        by_topic.setdefault(phrase.topic, []).append(phrase)
    *below, own = (layer / "content" / "locale" for layer in folders.layers)
    behind: list[Path] = []
    for language in content.languages.all:
        for topic, sentences in by_topic.items():
            place = f"{language}/LC_MESSAGES/{topic}.po"
            path = own / place
            old = read_catalogue(path, language) if path.exists() else None
            shipped = [read_catalogue(layer / place, language) for layer in below if (layer / place).exists()]
            elsewhere = _entries(*shipped) - _entries(*([old] if old else []))
            wanted = [
                phrase
                for phrase in sentences
                if (phrase.context, phrase.text) not in elsewhere and is_wanted(phrase, language)
            ]
            if not wanted and old is None:
                continue
            fresh = as_po(updated(old, wanted, language))
            if old is None or path.read_bytes() != fresh:
                behind.append(path)
                if not only_check:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(fresh)
    word = "behind" if only_check else "written"
    for path in behind:
        click.echo(f"{word}: {path.relative_to(own.parent.parent)}")
    click.echo(f"{len(behind)} catalogues {word}, {sum(map(len, by_topic.values()))} sentences each language")
    return 1 if only_check and behind else 0


def _entries(*catalogues: Catalog) -> set[tuple[str | None, str]]:
    """Return context and Dutch text of every entry of these catalogues."""
    return {
        (message.context, str(message.id[0] if isinstance(message.id, (tuple, list)) else message.id))
        for catalogue in catalogues
        for message in catalogue
    }
