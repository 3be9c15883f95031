"""Keeping other writers off whole people, when more than one conversation of theirs changes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.dialect import is_postgresql
from bot.store.tables import conversations, newcomers

if TYPE_CHECKING:
    from sqlalchemy import Connection


def hold_people(connection: Connection, *newcomer_ids: str) -> None:
    """
    Hold these people and all their conversations until the end of the unit of work.

    The order is everybody's: conversations, then newcomers, then what hangs on them, each by id. A turn holds its
    conversation first too, and only then what it changes of its newcomer.
    """
    if not is_postgresql(connection):
        return  # SQLite has no row locks and needs none: its writes come one at a time
    theirs = select(conversations.c.id).where(conversations.c.newcomer_id.in_(newcomer_ids))
    theirs = theirs.order_by(conversations.c.id).with_for_update()
    people = select(newcomers.c.id).where(newcomers.c.id.in_(newcomer_ids)).order_by(newcomers.c.id)
    connection.execute(theirs)
    connection.execute(people.with_for_update())
    # While we waited, a conversation may have become theirs; now that they are held none does any more.
    connection.execute(theirs)
