"""The desk of the other tests, with a mail server and a Telegram that take pings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.limits import SCREEN
from bot.notify import MAIL, TELEGRAM, ping_due, tell
from tests.console.conftest import office, shipped_words
from tests.desk.conftest import Desk, clock, desk
from tests.store.conftest import cluster, database, migrated_file, migrated_template, on_postgresql, url, vault

if TYPE_CHECKING:
    from bot.channels.errors import DeliveryError
    from bot.domain.messenger import Letter
    from bot.store.rows import UserRow

__all__ = [
    "clock", "cluster", "database", "desk", "migrated_file", "migrated_template", "office", "on_postgresql", "url",
    "vault",
]  # fmt: skip


@dataclass
class Postbox:
    """Where pings arrive, or do not."""

    name: str
    limits = SCREEN
    letters: list[Letter] = field(default_factory=list)
    refuses: DeliveryError | None = None

    def send(self, letter: Letter) -> str:
        if self.refuses is not None:
            raise self.refuses
        self.letters.append(letter)
        return "1"


@dataclass
class Team:
    """The desk, and what its people hear of it."""

    desk: Desk
    mail: Postbox
    telegram: Postbox

    def wants(self, user: UserRow, *ways: str) -> None:
        def choose(work: object) -> None:
            for way in ways:
                work.users.set_secret(user.id, way, f"{user.pseudonym.lower()}@example.nl")  # type: ignore[attr-defined]
            work.users.change(user.id, notify_json=list(ways))  # type: ignore[attr-defined]

        self.desk.runtime.database.write(choose)

    def on_shift(self, user: UserRow, hours: float = 4) -> None:
        until = self.desk.clock.now() + timedelta(hours=hours)
        self.desk.runtime.database.write(lambda work: work.users.change(user.id, on_shift_until=until))

    def told(self) -> list[tuple[str, str]]:
        """Look and send; return who heard what since the last time."""
        tell(self.desk.runtime)
        while ping_due(self.desk.runtime):
            pass
        heard = [
            (letter.address.partition("@")[0], letter.message.response.removeprefix("ping_"))
            for box in (self.mail, self.telegram)
            for letter in box.letters
        ]
        self.mail.letters.clear()
        self.telegram.letters.clear()
        return sorted(heard)


@pytest.fixture
def team(desk: Desk) -> Team:
    mail, telegram = Postbox(MAIL), Postbox(TELEGRAM)
    runtime = desk.runtime
    knowledge = replace(runtime.knowledge, console=shipped_words())
    desk.runtime = replace(
        runtime,
        knowledge=knowledge,
        mail=mail,
        channels={**runtime.channels, TELEGRAM: telegram},
        desk_url="https://wegwijs.example.nl/desk",
    )
    found = Team(desk=desk, mail=mail, telegram=telegram)
    assert found.told() == []  # the first look only sets the cursor
    return found
