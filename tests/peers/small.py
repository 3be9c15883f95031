"""The real assistant, made small: a few intents without the encoder, or a few subjects of the knowledge."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING

from bot.knowledge.folders import shipped
from bot.nlu.encoder import NoEncoder
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.training import load_or_train
from bot.settings import Settings
from bot.wiring import Parts, read_knowledge

if TYPE_CHECKING:
    from pathlib import Path

# Questions with a choice, a date, a count and a person at their end: enough for every kind of turn.
INTENTS = frozenset({
    "admin_letter_help", "benefits_huurtoeslag", "debt_help", "health_gp", "housing_repairs",
    "affirm", "deny", "greet", "thanks", OUT_OF_SCOPE,
})  # fmt: skip


@cache
def small_assistant() -> Parts:
    """Return the shipped knowledge with an ear that knows only a few intents; their examples it knows by heart."""
    settings = Settings()
    knowledge = read_knowledge(settings)
    heard = [example for example in knowledge.examples if example.intent in INTENTS]
    ear = load_or_train(heard, cache_dir=settings.cache_dir / "nlu-small", encoder=NoEncoder())
    return Parts(settings=settings, knowledge=knowledge, understander=ear)


# What every conversation needs (notice, commands, answers, a person, the preview's words), in Dutch.
CORE = (
    "flows/patterns.yml",
    "content/responses/system.yml",
    "content/responses/messengers.yml",
    "content/responses/paper.yml",
    "content/responses/desk.yml",
    "content/responses/trajectory.yml",
    "content/responses/participation.yml",
    "content/responses/matching.yml",
    "content/responses/preview.yml",
    "content/languages.yml",
    "content/sources.yml",
    "content/glossary.yml",
    "content/facts/numbers.yml",
    "nlu/domain/patterns.yml",
    "nlu/domain/controls.yml",
    "nlu/domain/shared.yml",
    "nlu/answers/nl/general.yml",
    "nlu/data/nl/controls.yml",
)
SUBJECT = (
    "flows/{}.yml",
    "content/responses/{}.yml",
    "content/questions/{}.yml",
    "content/facts/{}.yml",
    "nlu/domain/{}.yml",
    "nlu/data/nl/{}.yml",
    "nlu/answers/nl/{}.yml",
)


def small_knowledge(root: Path, *subjects: str) -> Path:
    """Copy the core of the shipped knowledge to `root`, and these subjects in Dutch; it is read in a moment."""
    for name in (*CORE, *(part.format(subject) for subject in subjects for part in SUBJECT)):
        if (shipped() / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shipped() / name, root / name)
    return root
