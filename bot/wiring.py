"""The one place where real parts are chosen."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.content.render import Renderer
from bot.domain.clock import SystemClock
from bot.flows.runner import Runner
from bot.knowledge.folders import folders
from bot.knowledge.load import load
from bot.runtime import Runtime
from bot.safety.crisis import CrisisGuard
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bot.domain.clock import Clock
    from bot.knowledge.folders import Folders
    from bot.knowledge.knowledge import Knowledge
    from bot.nlu.model import Understander
    from bot.runtime import Channel
    from bot.settings import Settings

    Progress = Callable[[int, int, str], None]


def knowledge_folders(settings: Settings) -> Folders:
    """Return the folders with knowledge that the settings name."""
    return folders(settings.knowledge_dir, settings.organisation_dir)


def read_knowledge(settings: Settings) -> Knowledge:
    """Return the knowledge, or raise `KnowledgeError` with every mistake in it."""
    return load(knowledge_folders(settings), cache_dir=settings.cache_dir)


def open_database(settings: Settings, *, keys_dir: Path | None = None) -> Database:
    """Return the database with its tables up to date; the embedded one makes its key on the first run."""
    if settings.master_key is not None:
        master = MasterKeys.from_base64(settings.master_key.get_secret_value())
    else:
        master = MasterKeys.load_or_create(keys_dir or settings.keys_dir)
    database = Database.open(settings.url, Vault(master))
    database.upgrade()
    return database


def understander(settings: Settings, knowledge: Knowledge, on_progress: Progress | None = None) -> Understander:
    """Return the trained model; it is trained when the examples changed, and else read from the cache."""
    from bot.nlu.encoder import NoEncoder
    from bot.nlu.training import load_or_train

    return load_or_train(
        knowledge.examples,
        cache_dir=settings.cache_dir / "nlu",
        on_progress=on_progress,
        encoder=None if settings.nlu_encoder else NoEncoder(),
    )


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What is shared by every runtime of one process."""

    settings: Settings
    knowledge: Knowledge
    understander: Understander

    def runtime(
        self,
        database: Database,
        *,
        channels: Mapping[str, Channel] | None = None,
        wake: Callable[[str], None] | None = None,
        clock: Clock | None = None,
    ) -> Runtime:
        """Return a runtime on `database`."""
        return Runtime(
            database=database,
            knowledge=self.knowledge,
            runner=Runner(flows=self.knowledge.flows, about=self.knowledge.about),
            renderer=Renderer(content=self.knowledge.content, catalogues=self.knowledge.catalogues),
            understander=self.understander,
            guard=CrisisGuard(self.knowledge.crisis),
            clock=clock or SystemClock(),
            channels=channels or {},
            wake=wake or (lambda _conversation_id: None),
        )


@contextmanager
def parts(settings: Settings, on_progress: Progress | None = None) -> Iterator[Parts]:
    """Give the knowledge and the trained model; the encoder's process ends with the block."""
    knowledge = read_knowledge(settings)
    model = understander(settings, knowledge, on_progress)
    try:
        yield Parts(settings=settings, knowledge=knowledge, understander=model)
    finally:
        model.close()


def preview_secret(database: Database) -> bytes:
    """Return the bytes that sign the preview's cookies: derived from the master key, so that they survive a restart."""
    return hashlib.sha256(b"preview cookies:" + database.vault.address_digest("preview", "cookie")).digest()
