"""
What goes by itself when its time is over. Each call takes a few rows, so that no other writer waits long.

A message belongs to a case when it was written while the case was open, or in the week that led up to it: it stays as
long as the case needs it. What belongs to none goes by its own age.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, exists, func, not_, or_, select, union, update

from bot.domain.clock import local_day
from bot.store.holding import hold_people
from bot.store.participation_tables import (
    PUBLISHED,
    STANDS,
    matches,
    occasions,
    offer_texts,
    offers,
    seekings,
    sign_ups,
)
from bot.store.tables import (
    FILES_DUE,
    FULL,
    OPEN,
    addresses,
    attachments,
    case_events,
    case_notes,
    cases,
    conversations,
    drafts,
    inbound,
    invitations,
    outbox,
    reply_files,
    sessions,
    sign_in_tries,
    views,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, Select, Table

# What was said this long before somebody asked the team is what the question is about.
LED_UP_TO_IT = timedelta(days=7)
# A wrong password or code counts for an hour.
TRIES_COUNT = timedelta(hours=1)


class Expiry:
    """Deletes what is too old. What is found first is changed later, and looked at again then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ---- words and files

    def with_old_words(self, before: datetime, *, after: str, limit: int) -> list[str]:
        """Return conversations, in the order of their ids after `after`, in which something is older than this."""
        came = select(inbound.c.conversation_id.label("id")).where(inbound.c.received_at < before)
        went = select(outbox.c.conversation_id.label("id")).where(outbox.c.created_at < before)
        remembered = select(conversations.c.id.label("id")).where(_is_silent(before), _is_remembered())
        found = union(came, went, remembered).subquery()
        return list(
            self._connection.scalars(select(found.c.id).where(found.c.id > after).order_by(found.c.id).limit(limit))
        )

    def drop_words(self, conversation_id: str, before: datetime, *, limit: int) -> int:
        """
        Delete messages of a conversation that nothing needs any more, and what was remembered in it; return how many.

        What still has to be sent, answered, or deleted at the messenger stays until that was done.
        """
        whose = self._held(conversation_id)
        if whose is None:
            return 0
        run = self._connection.execute
        here, kept = outbox.c.conversation_id == conversation_id, self._needed(whose, before)
        settled = outbox.c.status.not_in(("queued", "leased", "uncertain"))
        said = select(outbox.c.id).where(
            here, outbox.c.created_at < before, settled, *_not_in(outbox.c.created_at, kept)
        )
        gone = self._connection.scalars(said.order_by(outbox.c.number).limit(limit)).all()
        if gone:
            run(delete(reply_files).where(reply_files.c.outbox_id.in_(gone)))
            run(delete(outbox).where(outbox.c.id.in_(gone)))
        still = exists().where(attachments.c.inbound_id == inbound.c.id, FILES_DUE)
        answered = exists().where(outbox.c.cause_inbound_id == inbound.c.id)
        heard = (
            select(inbound.c.id)
            .where(inbound.c.conversation_id == conversation_id, inbound.c.received_at < before)
            .where(inbound.c.status.not_in(("unread", "held")), ~still, ~answered)
            .where(*_not_in(inbound.c.received_at, kept))
        )
        read = self._connection.scalars(heard.order_by(inbound.c.number).limit(limit)).all()
        if read:
            run(delete(attachments).where(attachments.c.inbound_id.in_(read)))
            run(delete(inbound).where(inbound.c.id.in_(read)))
        return len(gone) + len(read) + self._forget_what_was_remembered(conversation_id, whose, before)

    def _forget_what_was_remembered(self, conversation_id: str, newcomer_id: str, before: datetime) -> int:
        """Drop the dialogue and the name of somebody who was silent for so long, and whose question is long closed."""
        busy = exists().where(cases.c.newcomer_id == newcomer_id, or_(OPEN, cases.c.closed_at >= before))
        here = (conversations.c.id == conversation_id, _is_silent(before), ~busy)
        forgotten = self._connection.execute(
            update(conversations)
            .where(*here, conversations.c.state_sealed.is_not(None))
            .values(state_sealed=None, state_version=0)
        ).rowcount
        theirs = select(conversations.c.address_id).where(*here).scalar_subquery()
        named = update(addresses).where(addresses.c.id == theirs, addresses.c.name_sealed.is_not(None))
        return forgotten + self._connection.execute(named.values(name_sealed=None)).rowcount

    def with_old_files(self, before: datetime, *, after: str, limit: int) -> list[str]:
        """Return conversations, in the order of their ids after `after`, with files that came before this."""
        query = select(attachments.c.conversation_id).where(attachments.c.sealed.is_not(None))
        query = query.where(attachments.c.created_at < before, attachments.c.conversation_id > after).distinct()
        return list(self._connection.scalars(query.order_by(attachments.c.conversation_id).limit(limit)))

    def drop_files(self, conversation_id: str, before: datetime, *, limit: int) -> int:
        """Drop what a conversation's files hold that nothing needs any more; return how many."""
        whose = self._held(conversation_id)
        if whose is None:
            return 0
        query = (
            select(attachments.c.id)
            .where(attachments.c.conversation_id == conversation_id, attachments.c.sealed.is_not(None))
            .where(attachments.c.created_at < before)
            .where(*_not_in(attachments.c.created_at, self._needed(whose, before)))
        )
        ids = self._connection.scalars(query.order_by(attachments.c.id).limit(limit)).all()
        # One that must still be deleted at the messenger is not wanted any more, but not forgotten either.
        status = case((attachments.c.reference_sealed.is_not(None), "unwanted"), else_="gone")
        self._connection.execute(
            update(attachments)
            .where(attachments.c.id.in_(ids))
            .values(sealed=None, media_type=None, size=None, status=status)
        )
        return len(ids)

    def empty_cases(self, before: datetime, now: datetime, *, limit: int) -> int:
        """Take the words out of cases that were closed before this: only what can be counted stays. Return how many."""
        closed = select(cases.c.id).where(FULL, cases.c.closed_at < before).order_by(cases.c.closed_at).limit(limit)
        ids = self._connection.scalars(closed.with_for_update(skip_locked=True)).all()
        if not ids:
            return 0
        run = self._connection.execute
        for table in (case_notes, drafts):
            run(delete(table).where(table.c.case_id.in_(ids)))
        run(update(cases).where(cases.c.id.in_(ids)).values(summary_sealed=None, due_at=None, emptied_at=now))
        return len(ids)

    # ---- taking part

    def drop_taken_part(self, before: datetime, *, limit: int) -> int:
        """
        Delete what there was to take part in before this, who did, and who looked for whom; return how many rows.

        What is counted of it goes with it. An offer stays while somebody still does its work.
        """
        somebody = exists().where(sign_ups.c.occasion_id == occasions.c.id)
        was = select(occasions.c.id).where(occasions.c.starts_at < before)
        theirs = select(sign_ups.c.id).join(occasions, occasions.c.id == sign_ups.c.occasion_id)
        gone = 0
        for table, old in (
            (sign_ups, theirs.where(occasions.c.starts_at < before)),
            (occasions, was.where(~somebody)),
        ):
            gone += self._delete(table, self._connection.scalars(old.limit(limit)).all())
        # What hangs on something goes before it.
        for drop in (self._drop_matches, self._drop_seekings, self._drop_offers):
            gone += drop(before, limit)
        return gone

    def _drop_matches(self, before: datetime, limit: int) -> int:
        """Delete matches that are over; two who both look still stay known, so as not to be suggested again."""
        offered = exists().where(offers.c.id == matches.c.offer_id, PUBLISHED)
        other = exists().where(seekings.c.newcomer_id == matches.c.other_newcomer_id, STANDS)
        both_look = and_(exists().where(seekings.c.newcomer_id == matches.c.newcomer_id, STANDS), or_(other, offered))
        over = and_(
            matches.c.state.in_(("refused", "ended")), matches.c.ended_at < before, matches.c.check_at.is_(None)
        )
        never = and_(matches.c.state == "suggested", matches.c.suggested_at < before)
        old = select(matches.c.id, matches.c.name_outbox_ids).where(or_(and_(over, not_(both_look)), never))
        rows = self._connection.execute(old.limit(limit).with_for_update(skip_locked=True)).all()
        # Erasing somebody finds by these in which messages to others their name stands.
        told = [one for row in rows for one in row.name_outbox_ids or ()]
        if told:
            settled = outbox.c.status.not_in(("queued", "leased", "uncertain"))
            self._connection.execute(update(outbox).where(outbox.c.id.in_(told), settled).values(sealed=None))
        return self._delete(matches, [row.id for row in rows])

    def _drop_seekings(self, before: datetime, limit: int) -> int:
        needed = (_filled(matches.c.seeking_id), _filled(matches.c.other_seeking_id))
        old = select(seekings.c.id).where(seekings.c.state == "closed", seekings.c.at < before)
        old = old.where(*(seekings.c.id.not_in(some) for some in needed)).limit(limit)
        return self._delete(seekings, self._connection.scalars(old).all())

    def _drop_offers(self, before: datetime, limit: int) -> int:
        """Delete offers that newcomers cannot find any more, or never could, and that nothing happened to since."""
        here = offers.c
        quiet = [or_(one.is_(None), one < before) for one in (here.submitted_at, here.decided_at, here.starts_at)]
        old = select(here.id).where(here.state != "published", here.created_at < before, *quiet)
        old = old.where(or_(here.expires_on.is_(None), here.expires_on < local_day(before)))
        old = old.where(~exists().where(occasions.c.offer_id == here.id))
        old = old.where(here.id.not_in(_filled(matches.c.offer_id))).limit(limit)
        ids = self._connection.scalars(old.with_for_update(skip_locked=True)).all()
        if ids:
            self._connection.execute(delete(offer_texts).where(offer_texts.c.offer_id.in_(ids)))
        return self._delete(offers, ids)

    # ---- the journal, and the door

    def drop_journal(self, before: datetime, *, limit: int) -> int:
        """Delete who looked at what, and what happened to cases without words, from before this; return how many."""
        old = select(views.c.id).where(views.c.at < before).order_by(views.c.at).limit(limit)
        empty = select(cases.c.id).where(cases.c.emptied_at.is_not(None))
        events = (
            select(case_events.c.id).where(case_events.c.at < before, case_events.c.case_id.in_(empty)).limit(limit)
        )
        return self._delete(views, self._connection.scalars(old).all()) + self._delete(
            case_events, self._connection.scalars(events).all()
        )

    def drop_at_the_door(self, now: datetime, *, limit: int) -> int:
        """Delete sessions and invitations that are over, and tries that count no more; return how many."""
        over = (
            (sessions, sessions.c.expires_at <= now),
            (invitations, invitations.c.expires_at <= now),
            (sign_in_tries, sign_in_tries.c.at <= now - TRIES_COUNT),
        )
        return sum(
            self._delete(table, self._connection.scalars(select(table.c.id).where(condition).limit(limit)).all())
            for table, condition in over
        )

    def _delete(self, table: Table, ids: Sequence[Any]) -> int:
        return self._connection.execute(delete(table).where(table.c.id.in_(ids))).rowcount if ids else 0

    # ---- what is still needed

    def _held(self, conversation_id: str) -> str | None:
        """Keep other writers off the conversation's newcomer; return who that is, None when nobody."""
        query = select(conversations.c.newcomer_id).where(conversations.c.id == conversation_id)
        newcomer_id: str | None = self._connection.scalar(query)
        if newcomer_id is not None:
            hold_people(self._connection, newcomer_id)
        return newcomer_id

    def _needed(self, newcomer_id: str, before: datetime) -> list[tuple[datetime, datetime | None]]:
        """Return the times, from and until, in which what was written belongs to a case that is not old enough yet."""
        rows = self._connection.execute(
            select(cases.c.opened_at, cases.c.closed_at)
            .where(cases.c.newcomer_id == newcomer_id)
            .where(or_(OPEN, cases.c.closed_at >= before))
        ).all()
        return [(row.opened_at - LED_UP_TO_IT, row.closed_at) for row in rows]


def _filled(column: Column[Any]) -> Select[tuple[Any]]:
    """Return what stands in a column that has no index: read once, not for each row."""
    return select(column).where(column.is_not(None))


def _is_silent(before: datetime) -> ColumnElement[bool]:
    return func.coalesce(conversations.c.heard_at, conversations.c.created_at) < before


def _is_remembered() -> ColumnElement[bool]:
    named = exists().where(addresses.c.id == conversations.c.address_id, addresses.c.name_sealed.is_not(None))
    return or_(conversations.c.state_sealed.is_not(None), named)


def _not_in(moment: Column[Any], spans: Sequence[tuple[datetime, datetime | None]]) -> list[ColumnElement[bool]]:
    return [
        not_(moment >= start) if until is None else not_(and_(moment >= start, moment <= until))
        for start, until in spans
    ]
