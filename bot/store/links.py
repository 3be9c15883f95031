"""
One-time codes that join a second messenger to a person: asked for in one, entered in the other.

The code itself is nowhere: only its digest under the master key is stored.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, func, insert, select

from bot.store.dialect import insert_or
from bot.store.holding import hold_people
from bot.store.ids import new_id
from bot.store.tables import conversations, link_codes, link_tries, newcomers, sign_in_tries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.store.encryption import Vault

DIGITS = 8
VALID_FOR = timedelta(minutes=15)
# With 10^8 codes, five tries an hour and fifteen minutes for each code, guessing one would take lifetimes.
MOST_TRIES = 5
TRIES_WITHIN = timedelta(hours=1)
# Whoever makes conversation after conversation, or has themselves forgotten in between, gets five tries each time: so
# that all conversations of one messenger together have no more than these.
MOST_TRIES_IN_ALL = 200


class Refused(StrEnum):
    """Why a code joins nobody."""

    WRONG = "wrong"  # unknown, used, too old, replaced by a newer one, or entered where it was asked for
    TOO_MANY = "too_many"  # too many wrong ones from here; not even a right one counts now


class Links:
    """The codes that wait to be entered."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def ask(self, newcomer_id: str, now: datetime) -> str:
        """Make a code for this person and return it, once; an earlier one of theirs no longer counts."""
        self._connection.execute(delete(link_codes).where(link_codes.c.newcomer_id == newcomer_id))
        while True:
            code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
            digest, *_ = self._vault.code_digests(code)
            stored = self._connection.scalar(
                insert_or(self._connection, link_codes)
                .values(id=new_id(), newcomer_id=newcomer_id, digest=digest, expires_at=now + VALID_FOR)
                .on_conflict_do_nothing(index_elements=["digest"])
                .returning(link_codes.c.id)
            )
            if stored is not None:  # else somebody else has this very code now
                return code

    def take(self, code: str, conversation_id: str, now: datetime) -> str | Refused:
        """
        Use up a code that was entered in this conversation; return the id of the person who asked for it.

        They and the person who enters it are held from here on. A person who did not accept the notice, said STOP
        or is being forgotten joins nobody. For someone who has this conversation already it is their own id.
        """
        if tried_too_often(self._connection, self._vault, conversation_id, now):
            return Refused.TOO_MANY
        digests = self._vault.code_digests(code)
        asker: str | None = self._connection.scalar(
            select(link_codes.c.newcomer_id).where(link_codes.c.digest.in_(digests))
        )
        enterer = self._owner(conversation_id)
        if asker is None or enterer is None:
            return count_wrong_try(self._connection, self._vault, conversation_id, now)
        hold_people(self._connection, asker, enterer)
        if asker == enterer and self._conversations(asker) == 1:
            return Refused.WRONG  # it is theirs: they learn that it belongs in the other messenger, and keep it
        taken = self._connection.execute(
            delete(link_codes)
            .where(link_codes.c.digest.in_(digests), link_codes.c.newcomer_id == asker)
            .returning(link_codes.c.expires_at)
        ).one_or_none()
        if taken is None or taken.expires_at <= now or not self._may_join(asker, enterer):
            return count_wrong_try(self._connection, self._vault, conversation_id, now)
        return asker

    def drop_expired(self, now: datetime) -> int:
        """Delete codes and wrong tries that no longer count; return how many codes."""
        self._connection.execute(delete(link_tries).where(link_tries.c.at <= now - TRIES_WITHIN))
        return self._connection.execute(delete(link_codes).where(link_codes.c.expires_at <= now)).rowcount

    def _owner(self, conversation_id: str) -> str | None:
        owner: str | None = self._connection.scalar(
            select(conversations.c.newcomer_id).where(conversations.c.id == conversation_id)
        )
        return owner

    def _conversations(self, newcomer_id: str) -> int:
        theirs = conversations.c.newcomer_id == newcomer_id
        return self._connection.execute(select(func.count()).select_from(conversations).where(theirs)).scalar_one()

    def _may_join(self, asker: str, enterer: str) -> bool:
        rows = self._connection.execute(
            select(newcomers.c.id, newcomers.c.status, newcomers.c.consent_at).where(
                newcomers.c.id.in_((asker, enterer))
            )
        ).all()
        people = {row.id: row for row in rows}
        if not {asker, enterer} <= set(people):
            return False
        asked = people[asker]
        return asked.status == "active" and asked.consent_at is not None and people[enterer].status != "erasing"


def tried_too_often(connection: Connection, vault: Vault, conversation_id: str, now: datetime) -> bool:
    """Return whether so many wrong codes were entered here, or in this messenger, that none counts for a while."""
    since = now - TRIES_WITHIN
    here = (link_tries.c.conversation_id == conversation_id, link_tries.c.at > since)
    digests = vault.code_digests(_mark(connection, conversation_id))
    everywhere = (sign_in_tries.c.digest.in_(digests), sign_in_tries.c.at > since)
    by_one = connection.execute(select(func.count()).select_from(link_tries).where(*here)).scalar_one()
    by_all = connection.execute(select(func.count()).select_from(sign_in_tries).where(*everywhere)).scalar_one()
    return by_one >= MOST_TRIES or by_all >= MOST_TRIES_IN_ALL


def count_wrong_try(
    connection: Connection, vault: Vault, conversation_id: str, now: datetime
) -> Literal[Refused.WRONG]:
    """Count one more wrong code that was entered here."""
    connection.execute(insert(link_tries).values(id=new_id(), conversation_id=conversation_id, at=now))
    # Beside the wrong passwords, which hang on nobody: this one is not forgotten with who entered it.
    digest, *_ = vault.code_digests(_mark(connection, conversation_id))
    connection.execute(insert(sign_in_tries).values(id=new_id(), digest=digest, at=now))
    return Refused.WRONG


def _mark(connection: Connection, conversation_id: str) -> str:
    channel = connection.scalar(select(conversations.c.channel).where(conversations.c.id == conversation_id))
    return f"codes {channel}"
