"""A newcomer in the chat, on both databases, where what is said of taking part is known; see tests/guide."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.knowledge.folders import Folders
from bot.knowledge.load import load
from tests.guide.conftest import *  # noqa: F403  # all its fixtures

if TYPE_CHECKING:
    from bot.knowledge.knowledge import Knowledge
    from tests.guide.conftest import Guide


# The files of content/responses/ that taking part speaks with.
TOPICS = frozenset({"participation", "matching"})


@cache
def shipped() -> Knowledge:
    return load(Folders(layers=(Path(__file__).parents[2],)))


@pytest.fixture
def taking_part(guide: Guide) -> Guide:
    """The guide's newcomer, with the words of participation.yml and matching.yml, and all templates of WhatsApp."""
    runtime = guide.runtime
    said = {name: one for name, one in shipped().content.responses.items() if one.topic in TOPICS}
    content = replace(
        runtime.knowledge.content,
        responses={**runtime.knowledge.content.responses, **said},
        templates=shipped().content.templates,
    )
    guide.desk.runtime = replace(
        runtime,
        knowledge=replace(runtime.knowledge, content=content),
        renderer=replace(runtime.renderer, content=content),
    )
    guide.talk.runtime = guide.desk.runtime
    return guide
