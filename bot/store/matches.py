"""
Who is put together with whom: suggested, approved, agreed, over. A name waits here sealed until the other is told it.

A pair of people (or somebody and an offer) of which either side said no, or that ended, is remembered: it is never
suggested again. It goes with either of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, insert, or_, select, update

from bot.store.dialect import only_one_at_a_time
from bot.store.ids import new_id
from bot.store.participation_rows import MatchRow
from bot.store.participation_tables import LOOKED_AFTER, matches, seekings
from bot.store.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.keys import Keys

# What goes on: both are asked, or they know each other.
RUNNING = ("approved", "agreed")
OVER = ("refused", "ended")


class Matches:
    """Matches. Whoever tells both of something must hold both people first, then the match."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def alone(self) -> None:
        """
        Keep others from suggesting or deciding until this unit of work is over: before people, before matches.

        Else of two who look at once each would add what the other did not see, and what was just approved would be
        suggested again.
        """
        only_one_at_a_time(self._connection, b"matches!")

    def suggest_anew(self, suggested: Collection[MatchRow]) -> int:
        """
        Put these suggestions in place of those that nobody approved yet; return how many there are now.

        What changed since they were thought of is left out: who looks no more, what was decided. Be alone first.
        """
        run = self._connection.execute
        open_ids = self._still_open({place for one in suggested for place in (one.seeking_id, one.other_seeking_id)})
        before = self.declined()
        run(delete(matches).where(matches.c.state == "suggested"))
        rows = [
            {
                "id": new_id(),
                "kind": one.kind,
                "seeking_id": one.seeking_id,
                "newcomer_id": one.newcomer_id,
                "other_seeking_id": one.other_seeking_id,
                "other_newcomer_id": one.other_newcomer_id,
                "offer_id": one.offer_id,
                "state": "suggested",
                "reasons_json": [list(reason) for reason in one.reasons],
                "suggested_at": one.suggested_at,
                "name_outbox_ids": [],
            }
            for one in suggested
            if {one.seeking_id, one.other_seeking_id} - {None} <= open_ids
            and before.isdisjoint({(one.newcomer_id, _beside(one)), (_beside(one), one.newcomer_id)})
        ]
        if rows:
            run(insert(matches), rows)
        return len(rows)

    def _still_open(self, ids: set[str | None]) -> frozenset[str]:
        """Return which of these seekings are open, and keep them so until this unit of work is over."""
        here = select(seekings.c.id).where(seekings.c.id.in_(ids), seekings.c.state == "open")
        return frozenset(self._connection.scalars(here.order_by(seekings.c.id).with_for_update(read=True)))

    def declined(self) -> frozenset[tuple[str, str]]:
        """Return pairs that are not suggested again: a newcomer, and another newcomer or an offer."""
        query = select(matches.c.newcomer_id, matches.c.other_newcomer_id, matches.c.offer_id)
        rows = self._connection.execute(query.where(matches.c.state.in_((*RUNNING, *OVER))))
        return frozenset((row.newcomer_id, row.other_newcomer_id or row.offer_id) for row in rows)

    def running_by_offer(self) -> dict[str, int]:
        """Return how many of each offer's places are taken, or asked about."""
        found: dict[str, int] = {}
        query = select(matches.c.offer_id).where(matches.c.state.in_(RUNNING), matches.c.offer_id.is_not(None))
        for offer_id in self._connection.scalars(query):
            found[str(offer_id)] = found.get(str(offer_id), 0) + 1
        return found

    # ---- one

    def get(self, match_id: str) -> MatchRow | None:
        """Return one match."""
        row = self._connection.execute(select(matches).where(matches.c.id == match_id)).one_or_none()
        return None if row is None else _match(row)

    def hold(self, match_id: str) -> MatchRow | None:
        """Return one match as it is now, and keep others from changing it until this unit of work is over."""
        held = select(matches).where(matches.c.id == match_id).with_for_update()
        row = self._connection.execute(held).one_or_none()
        return None if row is None else _match(row)

    def change(self, match_id: str, **values: Any) -> None:
        """Change these columns of a match."""
        self._connection.execute(update(matches).where(matches.c.id == match_id).values(**values))

    def keep_name(self, match: MatchRow, newcomer_id: str, name: str) -> None:
        """Keep the name by which somebody wants to be known to the other."""
        column = f"{match.side_of(newcomer_id)}_name_sealed"
        key = self._keys.of_newcomer(newcomer_id)
        self.change(
            match.id, **{column: self._keys.vault.seal(name, key=key, table="matches", column=column, row=match.id)}
        )

    def take_names(self, match: MatchRow) -> dict[str, str]:
        """Return by which name each wants to be known, and keep the names no longer."""
        row = self._connection.execute(select(matches).where(matches.c.id == match.id)).one()
        found = {}
        for newcomer_id in match.people:
            column = f"{match.side_of(newcomer_id)}_name_sealed"
            sealed = getattr(row, column)
            if sealed is not None:
                key = self._keys.of_newcomer(newcomer_id)
                opened = self._keys.vault.open(sealed, key=key, table="matches", column=column, row=match.id)
                found[newcomer_id] = opened.decode()
        self.drop_names(match.id)
        return found

    def drop_names(self, match_id: str) -> None:
        """Keep the names no longer."""
        self.change(match_id, newcomer_name_sealed=None, other_name_sealed=None)

    def forget(self, newcomer_id: str) -> None:
        """
        Delete all matches of somebody; empty the messages that told the other one their name.

        Who was put together with them is open to somebody else again.
        """
        run = self._connection.execute
        theirs = or_(matches.c.newcomer_id == newcomer_id, matches.c.other_newcomer_id == newcomer_id)
        rows = run(select(matches).where(theirs)).all()
        told = [one for row in rows for one in row.name_outbox_ids or ()]
        waits = outbox.c.status.in_(("queued", "leased", "waiting"))
        status = case((waits, "dropped"), else_=outbox.c.status)
        run(
            update(outbox)
            .where(outbox.c.id.in_(told))
            .values(sealed=None, error=None, status=status, leased_until=None)
        )
        others = [row.other_seeking_id if row.newcomer_id == newcomer_id else row.seeking_id for row in rows]
        run(
            update(seekings)
            .where(seekings.c.id.in_([one for one in others if one]), seekings.c.state == "matched")
            .values(state="open")
        )
        run(delete(matches).where(theirs))

    # ---- lists

    def in_states(self, states: Collection[str]) -> list[MatchRow]:
        """Return the matches of these states, the first suggested first."""
        query = select(matches).where(matches.c.state.in_(states)).order_by(matches.c.suggested_at, matches.c.id)
        return [_match(row) for row in self._connection.execute(query)]

    def of(self, newcomer_id: str, states: Collection[str]) -> list[MatchRow]:
        """Return somebody's matches of these states."""
        theirs = or_(matches.c.newcomer_id == newcomer_id, matches.c.other_newcomer_id == newcomer_id)
        query = select(matches).where(theirs, matches.c.state.in_(states)).order_by(matches.c.suggested_at)
        return [_match(row) for row in self._connection.execute(query)]

    def due(self, now: datetime, limit: int) -> list[str]:
        """Return which matches are to be looked at, who waits longest first."""
        query = select(matches.c.id).where(LOOKED_AFTER, matches.c.check_at <= now)
        return list(self._connection.scalars(query.order_by(matches.c.check_at).limit(limit)))


def _beside(match: MatchRow) -> str:
    """Return with whom, or with which offer, a newcomer is put together."""
    return match.other_newcomer_id or match.offer_id or ""


def _match(row: Row[Any]) -> MatchRow:
    return MatchRow(
        id=row.id,
        kind=row.kind,
        seeking_id=row.seeking_id,
        newcomer_id=row.newcomer_id,
        state=row.state,
        suggested_at=row.suggested_at,
        reasons=tuple((str(code), str(value)) for code, value in row.reasons_json or ()),
        other_seeking_id=row.other_seeking_id,
        other_newcomer_id=row.other_newcomer_id,
        offer_id=row.offer_id,
        newcomer_says=row.newcomer_says,
        other_says=row.other_says,
        newcomer_named=row.newcomer_name_sealed is not None,
        other_named=row.other_name_sealed is not None,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        agreed_at=row.agreed_at,
        check_at=row.check_at,
        checks=row.checks,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        name_outbox_ids=tuple(row.name_outbox_ids or ()),
    )
