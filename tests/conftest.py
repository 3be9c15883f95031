"""What all tests share: the shipped knowledge, a trained model from the cache, a held clock, a throw-away assistant."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from bot.commands.throwaway import Conversation, conversation, throwaway
from bot.domain.clock import HeldClock
from bot.settings import Settings
from bot.wiring import Parts, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
# Trained once, kept between runs: the cache is named after the content, so it can never be stale.
os.environ.setdefault("WEGWIJS_DATA_DIR", str(ROOT / "var" / "test-data"))
# What hypothesis thinks up is judged by what comes of it, never by how long a busy machine took.
settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give a page time on a busy machine: what it waits for comes at once, or is missed anyway."""
    if item.get_closest_marker("browser"):
        from playwright.sync_api import expect  # noqa: PLC0415  # only who opens a page needs it

        expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def assistant() -> Iterator[Parts]:
    """The shipped knowledge and the model trained on it."""
    with parts(Settings()) as ready:
        yield ready


@pytest.fixture
def clock() -> HeldClock:
    """Ten in the morning in Amsterdam on Sunday 22 November 2026; it moves only when told."""
    return HeldClock(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))


@pytest.fixture
def newcomer(assistant: Parts, clock: HeldClock) -> Iterator[Conversation]:
    """Somebody who accepted the notice and has chosen no language yet."""
    with throwaway(assistant, clock) as runtime:
        talk = conversation(runtime)
        talk.accept_notice(None)
        yield talk


@pytest.fixture
def stranger(assistant: Parts, clock: HeldClock) -> Iterator[Conversation]:
    """Somebody who writes for the first time."""
    with throwaway(assistant, clock) as runtime:
        yield conversation(runtime)
