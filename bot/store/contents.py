"""What WhatsApp's provider keeps for us, by our own name for it: sets of buttons, and templates. Nothing personal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.rows import ContentRow
from bot.store.tables import vendor_contents

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection


class Contents:
    """The contents of every account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, account: str, name: str, language: str) -> ContentRow | None:
        """Return one content, or None when it is not known."""
        rows = self._rows(*_named(account, name, language))
        return rows[0] if rows else None

    def all_for(self, account: str) -> list[ContentRow]:
        """Return every content of the account, in order of name."""
        return self._rows(vendor_contents.c.account == account)

    def keep(self, account: str, name: str, language: str, *, sid: str, status: str, now: datetime) -> None:  # noqa: PLR0913
        """Remember a content; what was known of the same name is replaced."""
        known = {"sid": sid, "status": status, "checked_at": now}
        self._connection.execute(
            insert_or(self._connection, vendor_contents)
            .values(id=new_id(), account=account, name=name, language=language, **known)
            .on_conflict_do_update(index_elements=["account", "name", "language"], set_=known)
        )

    def forget(self, account: str, name: str, language: str) -> None:
        """Forget a content that is not there any more."""
        self._connection.execute(delete(vendor_contents).where(*_named(account, name, language)))

    def _rows(self, *conditions: ColumnElement[bool]) -> list[ContentRow]:
        rows = self._connection.execute(
            select(vendor_contents).where(*conditions).order_by(vendor_contents.c.name, vendor_contents.c.language)
        ).all()
        return [
            ContentRow(
                account=row.account,
                name=row.name,
                language=row.language,
                sid=row.sid,
                status=row.status,
                checked_at=row.checked_at,
            )
            for row in rows
        ]


def _named(account: str, name: str, language: str) -> tuple[ColumnElement[bool], ...]:
    return (
        vendor_contents.c.account == account,
        vendor_contents.c.name == name,
        vendor_contents.c.language == language,
    )
