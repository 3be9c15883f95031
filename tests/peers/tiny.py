"""A whole assistant on a tiny knowledge: three questions, read and trained in a moment."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.channels.terminal import Terminal
from bot.nlu.encoder import NoEncoder
from bot.nlu.training import load_or_train
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.wiring import Parts, read_knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import Clock
    from bot.runtime import Runtime

TESTS = Path(__file__).resolve().parents[1]
GOOD = TESTS / "knowledge" / "good"
OVER = TESTS / "commands" / "knowledge"  # what the assistant says by itself


@cache
def tiny_assistant() -> Parts:
    """Return the assistant that knows tests/knowledge/good; nothing of content/ can make a story about it fail."""
    folders = {"WEGWIJS_KNOWLEDGE_DIR": GOOD, "WEGWIJS_ORGANISATION_DIR": OVER}
    settings = Settings.model_validate({**Settings().model_dump(by_alias=True), **folders})
    knowledge = read_knowledge(settings)
    ear = load_or_train(knowledge.examples, cache_dir=settings.cache_dir / "nlu-tiny", encoder=NoEncoder())
    return Parts(settings=settings, knowledge=knowledge, understander=ear)


@contextmanager
def at_work(clock: Clock | None = None) -> Iterator[Runtime]:
    """Give a runtime on a new database in a file; its tables were made once, which is quicker than for each story."""
    with TemporaryDirectory(prefix="wegwijs-") as folder:
        path = Path(folder) / "wegwijs.sqlite"
        path.write_bytes(_tables())
        with Database.open(f"sqlite:///{path}", vault()) as database:
            yield tiny_assistant().runtime(database, channels={Terminal.name: Terminal()}, clock=clock)


def vault() -> Vault:
    """Return the vault of every tiny assistant: they can read each other's databases."""
    return Vault(MasterKeys.from_base64(base64.b64encode(b"1" * 32).decode()))


@cache
def _tables() -> bytes:
    with TemporaryDirectory(prefix="wegwijs-") as folder:
        path = Path(folder) / "wegwijs.sqlite"
        with Database.open(f"sqlite:///{path}", vault()) as database:
            database.upgrade()
        return path.read_bytes()
