"""
One-time codes with which a newcomer begins a trajectory in the chat: a coach makes them, and gives each to one person.

The code itself is nowhere: only its digest under the master key is stored.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.links import Refused, count_wrong_try, tried_too_often
from bot.store.trajectory_rows import EnrolCodeRow
from bot.store.trajectory_tables import enrol_codes

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from bot.store.encryption import Vault

# It begins with a letter, so that it can never be taken for the code that joins two messengers.
MARK = "T"
DIGITS = 8
VALID_FOR = timedelta(days=30)


class EnrolCodes:
    """The codes that wait to be entered, and for a while those that were."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def make(  # noqa: PLR0913  # what the code begins, and until when
        self,
        *,
        template: str,
        coach_id: str | None,
        team: str | None,
        started: date | None,
        now: datetime,
        valid_for: timedelta = VALID_FOR,
    ) -> str:
        """Make a code and return it, once. Without `started` the trajectory begins on the day it is entered."""
        values = {"template": template, "coach_id": coach_id, "team": team, "started": started}
        while True:
            code = f"{MARK}{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
            digest, *_ = self._vault.code_digests(code)
            stored = self._connection.scalar(
                insert_or(self._connection, enrol_codes)
                .values(id=new_id(), digest=digest, expires_at=now + valid_for, **values)
                .on_conflict_do_nothing(index_elements=["digest"])
                .returning(enrol_codes.c.id)
            )
            if stored is not None:  # else this very code was given out already
                return code

    def take(self, code: str, conversation_id: str, now: datetime) -> EnrolCodeRow | Refused:
        """Use up a code that was entered in this conversation; return what it begins."""
        if tried_too_often(self._connection, self._vault, conversation_id, now):
            return Refused.TOO_MANY
        # One statement, so that two who enter it at once do not both get it.
        row = self._connection.execute(
            update(enrol_codes)
            .where(enrol_codes.c.digest.in_(self._vault.code_digests(code)))
            .where(enrol_codes.c.used_at.is_(None), enrol_codes.c.expires_at > now)
            .values(used_at=now)
            .returning(*(column for column in enrol_codes.c if column.name != "digest"))
        ).one_or_none()
        if row is None:
            count_wrong_try(self._connection, self._vault, conversation_id, now)
            return Refused.WRONG
        return EnrolCodeRow(**row._mapping)  # noqa: SLF001  # SQLAlchemy's own name for it

    def of_coach(self, coach_id: str) -> list[EnrolCodeRow]:
        """Return the codes that a coach gave out, the newest first."""
        columns = (column for column in enrol_codes.c if column.name != "digest")
        query = select(*columns).where(enrol_codes.c.coach_id == coach_id).order_by(enrol_codes.c.id.desc())
        return [EnrolCodeRow(**row._mapping) for row in self._connection.execute(query).all()]  # noqa: SLF001

    def withdraw(self, code_id: str, coach_id: str) -> bool:
        """Delete a code that this coach gave out and nobody used; False when there is none."""
        unused = (enrol_codes.c.used_at.is_(None), enrol_codes.c.coach_id == coach_id)
        return self._connection.execute(delete(enrol_codes).where(enrol_codes.c.id == code_id, *unused)).rowcount == 1

    def drop_expired(self, now: datetime) -> int:
        """Delete the codes whose time is over, used or not; return how many."""
        return self._connection.execute(delete(enrol_codes).where(enrol_codes.c.expires_at <= now)).rowcount
