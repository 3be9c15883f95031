"""
Two newcomers turn out to be one person: everything of the one becomes the other's, and nothing is left of the one.

Which value is kept when both have one is decided in docs/decisions/0007-one-person-two-messengers.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, select, update

from bot.store.encryption import TamperedError
from bot.store.holding import hold_people
from bot.store.participation_tables import OF_A_NEWCOMER as TAKING_PART
from bot.store.participation_tables import STANDS, matches, profiles, seekings, sign_ups
from bot.store.tables import (
    addresses,
    attachments,
    case_notes,
    cases,
    conversations,
    drafts,
    inbound,
    link_codes,
    newcomers,
    outbox,
    reply_files,
    views,
)
from bot.store.trajectories import Trajectories
from bot.store.trajectory_tables import (
    OF_A_NEWCOMER,
    group_letters,
    session_guests,
    trajectories,
    trajectory_tasks,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.cases import Cases
    from bot.store.encryption import DataKey
    from bot.store.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """The sealed columns of a table, and how many of its rows are worked on at once."""

    table: Table
    columns: tuple[str, ...]
    at_once: int = 100
    owner: str = "newcomer_id"  # the column that says whose it is


SEALED = (
    Sealed(table=addresses, columns=("sealed", "name_sealed")),
    Sealed(table=conversations, columns=("state_sealed",)),
    Sealed(table=inbound, columns=("sealed",)),
    Sealed(table=outbox, columns=("sealed",)),
    Sealed(table=attachments, columns=("reference_sealed", "sealed"), at_once=1),  # a file can be twenty megabytes
    Sealed(table=cases, columns=("summary_sealed",)),
    Sealed(table=case_notes, columns=("sealed",)),
    Sealed(table=drafts, columns=("sealed",)),
    Sealed(table=reply_files, columns=("sealed",), at_once=1),
    Sealed(table=trajectories, columns=("told_sealed",)),
    Sealed(table=trajectory_tasks, columns=("words_sealed",)),
    Sealed(table=profiles, columns=("sealed",)),
    Sealed(table=seekings, columns=("words_sealed",)),
    Sealed(table=matches, columns=("newcomer_name_sealed",)),
    Sealed(table=matches, columns=("other_name_sealed",), owner="other_newcomer_id"),
)
# What points to a newcomer and moves along.
OWNED = (
    *(addresses, conversations, cases, case_notes, drafts),
    *OF_A_NEWCOMER,
    *TAKING_PART,
)


class Merging:
    """Makes one newcomer of two."""

    def __init__(self, connection: Connection, keys: Keys, cases: Cases) -> None:
        self._connection = connection
        self._keys = keys
        self._cases = cases

    def merge(self, from_newcomer: str, into_newcomer: str, now: datetime) -> bool:
        """
        Give all that `from_newcomer` has to `into_newcomer`, sealed under their key, and delete the other key.

        Each conversation keeps its own talk, order and unsent messages. Return False, and change nothing, when they
        are the same, or one of them is unknown or being forgotten.
        """
        hold_people(self._connection, from_newcomer, into_newcomer)
        gone, stays = self._person(from_newcomer), self._person(into_newcomer)
        if gone is None or stays is None or gone.id == stays.id or "erasing" in {gone.status, stays.status}:
            return False
        self._cases.keep_one_open(gone.id, stays.id, now)
        Trajectories(self._connection, self._keys).keep_one_going(gone.id, stays.id, now)
        old, new = self._keys.of_newcomer(gone.id), self._keys.of_newcomer(stays.id)
        for sealed in SEALED:
            self._seal_anew(sealed, gone.id, old, new)
        run = self._connection.execute
        # To a session that both are invited to one person comes once.
        invited = select(session_guests.c.session_id).where(session_guests.c.newcomer_id == stays.id)
        twice = (session_guests.c.newcomer_id == gone.id, session_guests.c.session_id.in_(invited))
        run(delete(session_guests).where(*twice))
        got = select(group_letters.c.message_id).where(group_letters.c.newcomer_id == stays.id)
        run(delete(group_letters).where(group_letters.c.newcomer_id == gone.id, group_letters.c.message_id.in_(got)))
        self._take_part_once(gone.id, stays.id)
        run(update(matches).where(matches.c.other_newcomer_id == gone.id).values(other_newcomer_id=stays.id))
        for table in OWNED:
            run(update(table).where(table.c.newcomer_id == gone.id).values(newcomer_id=stays.id))
        run(update(views).where(views.c.newcomer_id == gone.id).values(newcomer_id=stays.id))
        run(delete(link_codes).where(link_codes.c.newcomer_id.in_((gone.id, stays.id))))
        run(update(newcomers).where(newcomers.c.id == stays.id).values(**_joined(gone, stays)))
        self._cases.route_all(stays.id)
        run(delete(newcomers).where(newcomers.c.id == gone.id))
        self._keys.destroy(gone.data_key_id)
        return True

    def _take_part_once(self, gone: str, stays: str) -> None:
        """Drop what one person has twice: a place at an occasion, what they told, what they look for."""
        run = self._connection.execute
        joined = select(sign_ups.c.occasion_id).where(sign_ups.c.newcomer_id == stays)
        run(delete(sign_ups).where(sign_ups.c.newcomer_id == gone, sign_ups.c.occasion_id.in_(joined)))
        told = select(profiles.c.newcomer_id).where(profiles.c.newcomer_id == stays)
        run(delete(profiles).where(profiles.c.newcomer_id == gone, exists(told)))
        stand = select(seekings.c.kind).where(seekings.c.newcomer_id == stays, STANDS)
        twice = (seekings.c.newcomer_id == gone, STANDS, seekings.c.kind.in_(stand))
        run(update(seekings).where(*twice).values(state="closed", words_sealed=None))
        # Nobody is their own buddy.
        both = (gone, stays)
        run(delete(matches).where(matches.c.newcomer_id.in_(both), matches.c.other_newcomer_id.in_(both)))

    def _person(self, newcomer_id: str) -> Row[*tuple[Any, ...]] | None:
        return self._connection.execute(select(newcomers).where(newcomers.c.id == newcomer_id)).one_or_none()

    def _seal_anew(self, sealed: Sealed, newcomer_id: str, old: DataKey, new: DataKey) -> None:
        table = sealed.table
        # Held before they are read: a message that is being sent, or a file that is being fetched, changes its row.
        ids = self._connection.scalars(
            select(table.c.id).where(_theirs(sealed, newcomer_id)).order_by(table.c.id).with_for_update()
        ).all()
        change = update(table).where(table.c.id == bindparam("of"))
        change = change.values({name: bindparam(f"new_{name}") for name in sealed.columns})
        for start in range(0, len(ids), sealed.at_once):
            some = ids[start : start + sealed.at_once]
            rows = self._connection.execute(
                select(table.c.id, *(table.c[name] for name in sealed.columns)).where(table.c.id.in_(some))
            ).all()
            self._connection.execute(
                change,
                [
                    {"of": row.id} | {f"new_{name}": self._moved(row, table, name, old, new) for name in sealed.columns}
                    for row in rows
                ],
            )

    def _moved(self, row: Row[*tuple[Any, ...]], table: Table, column: str, old: DataKey, new: DataKey) -> bytes | None:
        sealed: bytes | None = getattr(row, column)
        if sealed is None:
            return None
        try:
            plain = self._keys.vault.open(sealed, key=old, table=table.name, column=column, row=row.id)
        except TamperedError:
            return sealed  # it was damaged before and stays so; that must not keep a person from joining the rest
        return self._keys.vault.seal(plain, key=new, table=table.name, column=column, row=row.id)


def _theirs(sealed: Sealed, newcomer_id: str) -> ColumnElement[bool]:
    table = sealed.table
    if sealed.owner in table.c:
        return table.c[sealed.owner] == newcomer_id
    theirs = select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
    return table.c.conversation_id.in_(theirs)


def _joined(gone: Row[*tuple[Any, ...]], stays: Row[*tuple[Any, ...]]) -> dict[str, object]:
    """Return what the one person has after two became one."""
    consented = [row for row in (stays, gone) if row.consent_at is not None]
    latest = max(consented, key=lambda row: row.consent_at, default=stays)
    language = stays.language or gone.language
    seconds = [name for name in (stays.second_language, gone.second_language) if name and name != language]
    return {
        "language": language,
        "second_language": seconds[0] if seconds else None,
        "status": "stopped" if "stopped" in {gone.status, stays.status} else "active",
        "consent_at": latest.consent_at,
        "consent_version": latest.consent_version,
        "created_at": min(gone.created_at, stays.created_at),
        "reminders_to": stays.reminders_to or gone.reminders_to,
        "enrolment_code": stays.enrolment_code or gone.enrolment_code,
        "coach_id": stays.coach_id or gone.coach_id,
    }
