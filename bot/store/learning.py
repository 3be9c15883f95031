"""What can be learnt from: how messages were understood, and what the team said that cases were about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.rows import HeardRow, LearntRow
from bot.store.tables import addresses, cases, conversations, inbound, newcomers

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from bot.store.keys import Keys


class Learning:
    """Read only. Who is being forgotten, or never said yes to the notice, is not in it."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def heard(self, since: datetime, rungs: Collection[str]) -> list[HeardRow]:
        """Return what came in since then and was decided on one of these rungs, with its words, in order."""
        query = (
            select(
                inbound.c.id,
                inbound.c.conversation_id,
                inbound.c.sealed,
                inbound.c.received_at,
                inbound.c.understood_json,
                conversations.c.newcomer_id,
                newcomers.c.language,
            )
            .join(conversations, conversations.c.id == inbound.c.conversation_id)
            .join(newcomers, newcomers.c.id == conversations.c.newcomer_id)
            .where(inbound.c.received_at >= since, inbound.c.sealed.is_not(None), *_may_be_learnt_from())
            .order_by(inbound.c.received_at, inbound.c.id)
        )
        found = []
        for row in self._connection.execute(query):
            understood = row.understood_json
            if not understood or understood.get("rung") not in rungs:
                continue
            key = self._keys.of_conversation(row.conversation_id)
            body = self._keys.open_json(row.sealed, key, table="inbound", column="sealed", row=row.id)
            found.append(
                HeardRow(
                    newcomer_id=row.newcomer_id,
                    language=understood.get("language") or row.language,
                    at=row.received_at,
                    text="" if body.get("payload") else str(body.get("text") or ""),
                    understood=understood,
                )
            )
        return found

    def closed(self, since: datetime) -> list[LearntRow]:
        """Return the cases that were closed since then, with what who closed them said, in order."""
        query = (
            select(cases.c.newcomer_id, cases.c.opened_at, cases.c.closed_at, cases.c.was_about, cases.c.answer_wanted)
            .join(newcomers, newcomers.c.id == cases.c.newcomer_id)
            .where(cases.c.closed_at >= since, *_may_be_learnt_from())
            .order_by(cases.c.closed_at)
        )
        return [LearntRow(**row._mapping) for row in self._connection.execute(query)]  # noqa: SLF001  # its public name

    def names(self) -> list[str]:
        """Return the names that newcomers show in their messengers, so that they can be taken out of what is shown."""
        query = (
            select(addresses.c.id, addresses.c.name_sealed, addresses.c.newcomer_id)
            .join(newcomers, newcomers.c.id == addresses.c.newcomer_id)
            .where(addresses.c.name_sealed.is_not(None), *_may_be_learnt_from())
        )
        vault = self._keys.vault
        return [
            vault.open(
                row.name_sealed,
                key=self._keys.of_newcomer(row.newcomer_id),
                table="addresses",
                column="name_sealed",
                row=row.id,
            ).decode()
            for row in self._connection.execute(query)
        ]


def _may_be_learnt_from() -> tuple[ColumnElement[bool], ...]:
    return newcomers.c.consent_at.is_not(None), newcomers.c.status != "erasing"
