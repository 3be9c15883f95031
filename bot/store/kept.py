"""What is kept about one newcomer, for who wants to see all of it: the person, or who handles their request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, and_, func, or_, select

from bot.store.rows import AddressRow, AttachmentRow, CaseRow, DraftOfRow, ReplyFileRow, ViewRow
from bot.store.tables import (
    addresses,
    attachments,
    cases,
    conversations,
    drafts,
    inbound,
    newcomers,
    outbox,
    reply_files,
    views,
)
from bot.store.views import Views

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Row

    from bot.store.attachments import Attachments
    from bot.store.cases import Cases
    from bot.store.keys import Keys
    from bot.store.reply_files import ReplyFiles


class Kept:
    """Everything about one newcomer that the other collections hand out by the piece."""

    def __init__(
        self, connection: Connection, keys: Keys, of_cases: Cases, of_files: Attachments, sent: ReplyFiles
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._cases = of_cases
        self._files = of_files
        self._sent = sent
        self._views = Views(connection, keys)

    def case_numbered(self, number: int) -> CaseRow | None:
        """Return the case that people call by this number."""
        case_id = self._connection.scalar(select(cases.c.id).where(cases.c.number == number))
        return None if case_id is None else self._cases.get(case_id)

    def cases(self, newcomer_id: str) -> list[CaseRow]:
        """Return all the person's cases, the first one first."""
        query = select(cases.c.id).where(cases.c.newcomer_id == newcomer_id).order_by(cases.c.number)
        found = (self._cases.get(case_id) for case_id in self._connection.scalars(query).all())
        return [case for case in found if case is not None]

    def addresses(self, newcomer_id: str) -> list[AddressRow]:
        """Return where the person writes from, and the name they show there."""
        key = self._keys.of_newcomer(newcomer_id)

        def opened(row: Row[*tuple[Any, ...]], column: str) -> str | None:
            sealed: bytes | None = getattr(row, column)
            if sealed is None:
                return None
            return self._keys.vault.open(sealed, key=key, table="addresses", column=column, row=row.id).decode()

        query = select(addresses).where(addresses.c.newcomer_id == newcomer_id).order_by(addresses.c.id)
        return [
            AddressRow(
                channel=row.channel,
                address=opened(row, "sealed") or "",
                name=opened(row, "name_sealed"),
                blocked_at=row.blocked_at,
            )
            for row in self._connection.execute(query).all()
        ]

    def enrolment_code(self, newcomer_id: str) -> str | None:
        """Return what the link carried that the person came by."""
        query = select(newcomers.c.enrolment_code).where(newcomers.c.id == newcomer_id)
        found: str | None = self._connection.scalar(query)
        return found

    def counts(self, newcomer_id: str) -> tuple[int, int]:
        """Return how many messages came from the person and went to them, without opening any."""

        def counted(table: Table) -> int:
            query = select(func.count()).select_from(table).where(table.c.conversation_id.in_(_of(newcomer_id)))
            return self._connection.execute(query).scalar_one()

        return counted(inbound), counted(outbox)

    def files(self, newcomer_id: str) -> dict[str, list[AttachmentRow]]:
        """Return the files the person sent, by the id of the message they came with."""
        with_files = select(attachments.c.inbound_id).where(attachments.c.conversation_id.in_(_of(newcomer_id)))
        ids = self._connection.scalars(with_files.distinct()).all()
        return {inbound_id: self._files.for_inbound(inbound_id) for inbound_id in ids}

    def file(self, newcomer_id: str, file_id: str) -> AttachmentRow | None:
        """Return one file when this person sent it."""
        query = select(attachments.c.inbound_id).where(attachments.c.id == file_id)
        inbound_id = self._connection.scalar(query.where(attachments.c.conversation_id.in_(_of(newcomer_id))))
        files = [] if inbound_id is None else self._files.for_inbound(inbound_id)
        return next((file for file in files if file.id == file_id), None)

    def reply_files(self, newcomer_id: str) -> dict[str, list[ReplyFileRow]]:
        """Return the files that were sent to the person, by the id of the message they went with."""
        query = select(reply_files.c.id).where(reply_files.c.conversation_id.in_(_of(newcomer_id)))
        found: dict[str, list[ReplyFileRow]] = {}
        for file_id in self._connection.scalars(query.order_by(reply_files.c.place)).all():
            file = self._sent.get(file_id)
            if file is not None:
                found.setdefault(file.outbox_id, []).append(file)
        return found

    def drafts(self, newcomer_id: str) -> list[DraftOfRow]:
        """Return what people of the team were writing to the person and did not send."""
        key = self._keys.of_newcomer(newcomer_id)
        rows = self._connection.execute(select(drafts).where(drafts.c.newcomer_id == newcomer_id)).all()
        return [
            DraftOfRow(
                case_id=row.case_id,
                user_id=row.user_id,
                at=row.at,
                text=str(
                    self._keys.open_json(row.sealed, key, table="drafts", column="sealed", row=row.id).get("text") or ""
                ),
            )
            for row in rows
        ]

    def looked(self, newcomer_id: str) -> list[ViewRow]:
        """Return who looked at what of the person, the first first."""
        query = select(func.count()).select_from(views).where(views.c.newcomer_id == newcomer_id)
        many = self._connection.execute(query).scalar_one()
        return self._views.latest(many, newcomer_id=newcomer_id)[::-1]

    def journal(  # noqa: PLR0913  # which part of it, by name
        self,
        *,
        limit: int,
        offset: int,
        number: int | None,
        user_id: str | None,
        teams: Collection[str] | None,
        colleagues: Collection[str],
    ) -> list[ViewRow]:
        """
        Return who looked at what, the newest first; of one case, or by one person, when named.

        With `teams` only what concerns a case of theirs; of a case that is no more, what `colleagues` did.
        """
        query = select(views).outerjoin(cases, cases.c.number == views.c.case_number)
        if number is not None:
            query = query.where(views.c.case_number == number)
        if user_id is not None:
            query = query.where(views.c.user_id == user_id)
        if teams is not None:
            theirs = and_(cases.c.id.is_(None), views.c.user_id.in_(colleagues))
            query = query.where(or_(cases.c.team.in_(teams), theirs))
        query = query.order_by(views.c.at.desc(), views.c.id.desc()).limit(limit).offset(offset)
        return [self._views.opened(row) for row in self._connection.execute(query).all()]


def _of(newcomer_id: str) -> Any:  # a query for the ids of their conversations
    return select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
