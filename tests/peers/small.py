"""A small ear for the real assistant: a few intents, no encoder, trained in a second or two."""

from __future__ import annotations

from functools import cache

from bot.nlu.encoder import NoEncoder
from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.training import load_or_train
from bot.settings import Settings
from bot.wiring import Parts, read_knowledge

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
