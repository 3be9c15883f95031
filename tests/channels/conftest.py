"""An emulated Telegram, and Amina on her phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.peers.telegram import emulator
from tests.peers.telegram_chat import asking, chatting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.peers.telegram import Emulator
    from tests.peers.telegram_chat import Chat


@pytest.fixture
def phone_network() -> Iterator[Emulator]:
    """A fresh emulated Telegram."""
    with emulator() as running:
        yield running


@pytest.fixture
def chat(phone_network: Emulator) -> Iterator[Chat]:
    """Amina, with an assistant that does not hear her yet."""
    with chatting(phone_network) as found:
        yield found


@pytest.fixture
def amina(chat: Chat) -> Iterator[Chat]:
    """Amina, whose messages are asked for."""
    with asking(chat):
        yield chat
