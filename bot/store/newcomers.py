"""The people who write: how they are met, what they chose, and how they are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, delete, func, insert, select, update

from bot.store.conversations import CONVERSATION, conversation_from
from bot.store.dialect import only_one_at_a_time
from bot.store.encryption import WrappedKey
from bot.store.erased import Erased
from bot.store.holding import hold_people
from bot.store.ids import new_id
from bot.store.matches import Matches
from bot.store.participation_tables import OF_A_NEWCOMER as TAKING_PART
from bot.store.rows import NewcomerRow, WayRow, Writing
from bot.store.tables import (
    ERASING,
    addresses,
    attachments,
    case_events,
    case_notes,
    cases,
    conversations,
    data_keys,
    drafts,
    inbound,
    link_codes,
    link_tries,
    newcomers,
    outbox,
    pings,
    reply_files,
    views,
)
from bot.store.trajectory_tables import OF_A_NEWCOMER

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.keys import Keys

_NEWCOMER = [
    newcomers.c[name].label(f"newcomer_{name}")
    for name in (
        "id",
        "language",
        "second_language",
        "status",
        "consent_at",
        "consent_version",
        "created_at",
        "coach_id",
    )
]

# Made once, for every turn asks them (see bot/store/inbox.py).
_ONE = select(*_NEWCOMER).where(newcomers.c.id == bindparam("of_newcomer"))
_LANGUAGE_IN = (
    select(newcomers.c.language)
    .join(conversations, conversations.c.newcomer_id == newcomers.c.id)
    .where(conversations.c.id == bindparam("of_conversation"))
)
_CHANGE = update(newcomers).where(newcomers.c.id == bindparam("of_newcomer"))
_AT = (
    select(
        *_NEWCOMER,
        *CONVERSATION,
        conversations.c.newcomer_id.label("owner_id"),
        data_keys.c.id.label("key_id"),
        data_keys.c.master_key_id,
        data_keys.c.wrapped,
    )
    .join_from(addresses, newcomers, newcomers.c.id == addresses.c.newcomer_id)
    .join(data_keys, data_keys.c.id == newcomers.c.data_key_id)
    .join(conversations, conversations.c.address_id == addresses.c.id)
    .where(addresses.c.channel == bindparam("on_channel"))
    .where(addresses.c.digest.in_(bindparam("digests", expanding=True)))
)
_HELD_AT = _AT.with_for_update(of=conversations)
_WAYS = (
    select(conversations.c.id, conversations.c.channel, conversations.c.heard_at)
    .join(addresses, addresses.c.id == conversations.c.address_id)
    .where(conversations.c.newcomer_id == bindparam("id"), addresses.c.blocked_at.is_(None))
)
_REMINDERS_TO = select(newcomers.c.reminders_to).where(newcomers.c.id == bindparam("id"))


# What a messenger shows as a name is longer than this only in jest.
_LONGEST_NAME = 100
_LONGEST_CODE = 64


class Newcomers:
    """The newcomers and their addresses."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def writing_from(self, channel: str, address: str, *, now: datetime, language: str | None = None) -> Writing:
        """Return who writes from this address and their conversation; a first message makes both."""
        # Held from here on, so that the conversation is not forgotten between finding it and storing in it.
        found = self._at(channel, address, hold=True)
        if found is None:
            only_one_at_a_time(self._connection, self._keys.vault.address_digest(channel, address))
            found = self._at(channel, address, hold=True)
        return found or self._met(channel, address, now, language)

    def at(self, channel: str, address: str) -> Writing | None:
        """Return who is known at this address, or None."""
        return self._at(channel, address, hold=False)

    def _at(self, channel: str, address: str, *, hold: bool) -> Writing | None:
        query = _HELD_AT if hold else _AT
        asked = {"on_channel": channel, "digests": list(self._keys.vault.address_digests(channel, address))}
        row = self._connection.execute(query, asked).one_or_none()
        # Their conversation may have become another person's while we waited to hold it; now it stays as it is.
        if hold and row is not None and row.owner_id != row.newcomer_id:
            row = self._connection.execute(query, asked).one_or_none()
        if row is None:
            return None
        key = self._keys.vault.unwrap(WrappedKey(id=row.key_id, master_key_id=row.master_key_id, wrapped=row.wrapped))
        self._keys.remember(key, newcomer_id=row.newcomer_id, conversation_id=row.id)
        return Writing(newcomer=_newcomer_from(row), conversation=conversation_from(row, self._keys), is_new=False)

    def _met(self, channel: str, address: str, now: datetime, language: str | None) -> Writing:
        key = self._keys.make(now)
        newcomer_id, address_id, conversation_id = new_id(), new_id(), new_id()
        vault = self._keys.vault
        self._connection.execute(
            insert(newcomers).values(id=newcomer_id, data_key_id=key.id, language=language, created_at=now)
        )
        self._connection.execute(
            insert(addresses).values(
                id=address_id,
                newcomer_id=newcomer_id,
                channel=channel,
                digest=vault.address_digest(channel, address),
                sealed=vault.seal(address, key=key, table="addresses", column="sealed", row=address_id),
            )
        )
        self._connection.execute(
            insert(conversations).values(
                id=conversation_id,
                newcomer_id=newcomer_id,
                channel=channel,
                address_id=address_id,
                created_at=now,
                updated_at=now,
            )
        )
        self._keys.remember(key, newcomer_id=newcomer_id, conversation_id=conversation_id)
        row = self._connection.execute(
            select(*_NEWCOMER, *CONVERSATION)
            .join_from(conversations, newcomers, newcomers.c.id == conversations.c.newcomer_id)
            .where(conversations.c.id == conversation_id)
        ).one()
        return Writing(newcomer=_newcomer_from(row), conversation=conversation_from(row, self._keys), is_new=True)

    def get(self, newcomer_id: str) -> NewcomerRow | None:
        """Return the newcomer, or None when they are unknown or forgotten."""
        row = self._connection.execute(_ONE, {"of_newcomer": newcomer_id}).one_or_none()
        return None if row is None else _newcomer_from(row)

    def language_in(self, conversation_id: str) -> str | None:
        """Return the language on file of the conversation's newcomer; None when there is none, or no such person."""
        language: str | None = self._connection.scalar(_LANGUAGE_IN, {"of_conversation": conversation_id})
        return language

    def set_language(self, newcomer_id: str, language: str) -> None:
        """Record the language the person chose."""
        self._set(newcomer_id, language=language)

    def set_second_language(self, newcomer_id: str, language: str | None) -> None:
        """Record the language to fall back on when a text is missing in the first."""
        self._set(newcomer_id, second_language=language)

    def set_coach(self, newcomer_id: str, user_id: str | None) -> None:
        """Record in whose group the person is; None: in nobody's."""
        self._set(newcomer_id, coach_id=user_id)

    def group_of(self, user_id: str) -> list[str]:
        """Return the ids of the newcomers in somebody's group, the earliest first."""
        query = select(newcomers.c.id).where(newcomers.c.coach_id == user_id).order_by(newcomers.c.created_at)
        return list(self._connection.scalars(query))

    def accept_notice(self, newcomer_id: str, version: str, now: datetime) -> None:
        """Record that the person accepted this version of the notice."""
        self._set(newcomer_id, consent_at=now, consent_version=version)

    def stop(self, newcomer_id: str) -> None:
        """
        Record that the person wants nothing sent on our own account; a person being erased stays so.

        A code they asked for before this joins nobody any more.
        """
        self._move(newcomer_id, "active", "stopped")
        self._connection.execute(delete(link_codes).where(link_codes.c.newcomer_id == newcomer_id))

    def restart(self, newcomer_id: str) -> None:
        """Record that the person writes again after STOP."""
        self._move(newcomer_id, "stopped", "active")

    def _set(self, newcomer_id: str, **values: object) -> None:
        self._connection.execute(_CHANGE, {"of_newcomer": newcomer_id, **values})

    def _move(self, newcomer_id: str, before: str, after: str) -> None:
        self._connection.execute(
            update(newcomers).where(newcomers.c.id == newcomer_id, newcomers.c.status == before).values(status=after)
        )

    # ---- where they can be reached

    def ways_to(self, newcomer_id: str) -> list[WayRow]:
        """Return the person's conversations that are not blocked, the one last heard from first, then the newest."""
        rows = self._connection.execute(_WAYS, {"id": newcomer_id}).all()
        heard = sorted((row for row in rows if row.heard_at is not None), key=lambda row: row.heard_at, reverse=True)
        silent = sorted((row for row in rows if row.heard_at is None), key=lambda row: row.id, reverse=True)
        return [WayRow(conversation_id=row.id, channel=row.channel) for row in (*heard, *silent)]

    def set_reminders_to(self, newcomer_id: str, conversation_id: str) -> None:
        """Record the conversation that the person wants reminders in."""
        self._set(newcomer_id, reminders_to=conversation_id)

    def reminder_conversation(self, newcomer_id: str) -> str | None:
        """Return where reminders go: where the person wants them, else where they last wrote; None when all is shut."""
        ways = [way.conversation_id for way in self.ways_to(newcomer_id)]
        chosen = self._connection.scalar(_REMINDERS_TO, {"id": newcomer_id})
        return chosen if chosen in ways else next(iter(ways), None)

    def set_reachable(self, channel: str, address: str, *, reachable: bool, now: datetime) -> bool:
        """Record that this address lets nothing through, or does again; False when nobody is known there."""
        digests = self._keys.vault.address_digests(channel, address)
        here = (addresses.c.channel == channel, addresses.c.digest.in_(digests))
        # The first moment is kept: since then nothing has come through.
        blocked_at = None if reachable else func.coalesce(addresses.c.blocked_at, now)
        return self._connection.execute(update(addresses).where(*here).values(blocked_at=blocked_at)).rowcount > 0

    def move_address(self, channel: str, address: str, new_address: str) -> bool:
        """
        Record that the messenger gave the same chat another address.

        Return False, and leave all as it is, when nobody is known at the old one or somebody is at the new one.
        """
        vault = self._keys.vault
        only_one_at_a_time(self._connection, vault.address_digest(channel, new_address))
        found = self._at(channel, address, hold=True)
        if found is None or self._at(channel, new_address, hold=False) is not None:
            return False
        key = self._keys.of_newcomer(found.newcomer.id)
        address_id = self._address_of(found.conversation.id)
        self._connection.execute(
            update(addresses)
            .where(addresses.c.id == address_id)
            .values(
                digest=vault.address_digest(channel, new_address),
                sealed=vault.seal(new_address, key=key, table="addresses", column="sealed", row=address_id),
            )
        )
        return True

    # ---- what they are called, and by whom they came

    def set_profile_name(self, conversation_id: str, name: str | None) -> None:
        """
        Keep the name that the person shows in this conversation's messenger, once they accepted the notice.

        The conversation must be held.
        """
        name = (name or "").strip()[:_LONGEST_NAME]
        row = self._connection.execute(
            select(addresses.c.id, addresses.c.name_sealed, newcomers.c.consent_at, newcomers.c.status)
            .join_from(conversations, addresses, addresses.c.id == conversations.c.address_id)
            .join(newcomers, newcomers.c.id == conversations.c.newcomer_id)
            .where(conversations.c.id == conversation_id)
        ).one_or_none()
        if not name or row is None or row.consent_at is None or row.status == "erasing":
            return
        if self._name_in(row.name_sealed, row.id, conversation_id) == name:
            return
        key = self._keys.of_conversation(conversation_id)
        sealed = self._keys.vault.seal(name, key=key, table="addresses", column="name_sealed", row=row.id)
        self._connection.execute(update(addresses).where(addresses.c.id == row.id).values(name_sealed=sealed))

    def profile_name(self, conversation_id: str) -> str | None:
        """Return the name that the person shows in this conversation's messenger, if it was kept."""
        row = self._connection.execute(
            select(addresses.c.id, addresses.c.name_sealed)
            .join(conversations, conversations.c.address_id == addresses.c.id)
            .where(conversations.c.id == conversation_id)
        ).one_or_none()
        return None if row is None else self._name_in(row.name_sealed, row.id, conversation_id)

    def _name_in(self, sealed: bytes | None, address_id: str, conversation_id: str) -> str | None:
        if sealed is None:
            return None
        key = self._keys.of_conversation(conversation_id)
        return self._keys.vault.open(sealed, key=key, table="addresses", column="name_sealed", row=address_id).decode()

    def _address_of(self, conversation_id: str) -> str:
        query = select(conversations.c.address_id).where(conversations.c.id == conversation_id)
        address_id: str = self._connection.execute(query).scalar_one()
        return address_id

    def enrol(self, newcomer_id: str, code: str) -> None:
        """Record what the deep link brought that the person came by; the first one stays."""
        self._connection.execute(
            update(newcomers)
            .where(newcomers.c.id == newcomer_id, newcomers.c.enrolment_code.is_(None), newcomers.c.status != "erasing")
            .values(enrolment_code=code[:_LONGEST_CODE])
        )

    # ---- forgetting

    def forget(self, newcomer_id: str) -> None:
        """
        Drop every text and file of and to this person at once, and keep only what the goodbye needs.

        What stays is the address and the language, and by what a messenger deletes a file that it still keeps for us.
        What was not sent yet is dropped; say the goodbye after this, and call `finish_forgetting` when it went out.
        """
        if not self._held_still(newcomer_id):
            return
        Erased(self._connection).note(newcomer_id)
        theirs = select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
        run = self._connection.execute
        run(
            update(inbound)
            .where(inbound.c.conversation_id.in_(theirs), inbound.c.status.in_(("unread", "held")))
            .values(status="dropped")
        )
        run(update(inbound).where(inbound.c.conversation_id.in_(theirs)).values(sealed=None, error=None))
        run(
            update(outbox)
            .where(outbox.c.conversation_id.in_(theirs), outbox.c.status.in_(("queued", "leased", "waiting")))
            .values(status="dropped", leased_until=None)
        )
        run(update(outbox).where(outbox.c.conversation_id.in_(theirs)).values(sealed=None, error=None))
        status = case((attachments.c.reference_sealed.is_not(None), "unwanted"), else_="gone")
        run(
            update(attachments)
            .where(attachments.c.conversation_id.in_(theirs))
            .values(sealed=None, media_type=None, size=None, error=None, status=status)
        )
        run(
            update(conversations)
            .where(conversations.c.newcomer_id == newcomer_id)
            .values(state_sealed=None, state_version=0, route="bot", attempts=0)
        )
        run(update(addresses).where(addresses.c.newcomer_id == newcomer_id).values(name_sealed=None))
        Matches(self._connection, self._keys).forget(newcomer_id)
        run(update(cases).where(cases.c.newcomer_id == newcomer_id).values(summary_sealed=None, due_at=None))
        run(update(case_notes).where(case_notes.c.newcomer_id == newcomer_id).values(sealed=None))
        run(update(reply_files).where(reply_files.c.conversation_id.in_(theirs)).values(sealed=None))
        # Why somebody looked may tell something of the person; that somebody did stays.
        run(update(views).where(views.c.newcomer_id == newcomer_id).values(reason_sealed=None))
        run(delete(drafts).where(drafts.c.newcomer_id == newcomer_id))
        for table in (*OF_A_NEWCOMER, *TAKING_PART):
            run(delete(table).where(table.c.newcomer_id == newcomer_id))
        run(delete(link_codes).where(link_codes.c.newcomer_id == newcomer_id))
        run(delete(link_tries).where(link_tries.c.conversation_id.in_(theirs)))
        self._set(newcomer_id, status="erasing", reminders_to=None, enrolment_code=None)

    def being_forgotten(self, limit: int) -> list[str]:
        """Return newcomers whose texts are gone and whose last traces must still go, the earliest first."""
        query = select(newcomers.c.id).where(ERASING).order_by(newcomers.c.created_at).limit(limit)
        return list(self._connection.scalars(query))

    def finish_forgetting(self, newcomer_id: str) -> None:
        """
        Delete every row about this person and their data key.

        The counts of `helped` stay: they never knew the person. Deleted rows can leave bytes in the files
        until `Database.scrub`; without the key they cannot be read.
        """
        data_key_id = self._held_still(newcomer_id)
        if data_key_id is None:
            return
        Erased(self._connection).note(newcomer_id)
        run = self._connection.execute
        conversation_ids = select(conversations.c.id).where(conversations.c.newcomer_id == newcomer_id)
        case_ids = select(cases.c.id).where(cases.c.newcomer_id == newcomer_id)
        Matches(self._connection, self._keys).forget(newcomer_id)
        for table in (*OF_A_NEWCOMER, *TAKING_PART):
            run(delete(table).where(table.c.newcomer_id == newcomer_id))
        for table in (attachments, reply_files, outbox, inbound, link_tries):
            run(delete(table).where(table.c.conversation_id.in_(conversation_ids)))
        for table in (case_events, case_notes, drafts):
            run(delete(table).where(table.c.case_id.in_(case_ids)))
        run(update(views).where(views.c.newcomer_id == newcomer_id).values(newcomer_id=None))
        run(update(pings).where(pings.c.case_id.in_(case_ids)).values(case_id=None))
        run(delete(cases).where(cases.c.newcomer_id == newcomer_id))
        for table in (link_codes, conversations, addresses):
            run(delete(table).where(table.c.newcomer_id == newcomer_id))
        run(delete(newcomers).where(newcomers.c.id == newcomer_id))
        self._keys.destroy(data_key_id)

    def _held_still(self, newcomer_id: str) -> str | None:
        """Keep other writers off the newcomer and their conversations; return the id of their data key."""
        hold_people(self._connection, newcomer_id)
        data_key_id: str | None = self._connection.scalar(
            select(newcomers.c.data_key_id).where(newcomers.c.id == newcomer_id)
        )
        return data_key_id


def _newcomer_from(row: Row[*tuple[Any, ...]]) -> NewcomerRow:
    return NewcomerRow(
        id=row.newcomer_id,
        language=row.newcomer_language,
        second_language=row.newcomer_second_language,
        status=row.newcomer_status,
        consent_at=row.newcomer_consent_at,
        consent_version=row.newcomer_consent_version,
        created_at=row.newcomer_created_at,
        coach_id=row.newcomer_coach_id,
    )
