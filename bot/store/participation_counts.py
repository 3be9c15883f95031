"""
Counts of taking part, for the coordinator's page: what was offered, who had a place, who came, who was put together.

Nobody's wishes, words or names are read. All is counted as it stood at a moment, from the rows as they are: what time
took away since (bot/store/expiry.py), or somebody had erased, is not counted. A period is named by the moment at which
it begins. Somebody counts once in a period: in the place of the first occasion at which they had a place, or, when they
never had one, for which they waited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, literal, literal_column, or_, select

from bot.store.dialect import follows_within
from bot.store.participation_tables import STANDS, matches, occasions, offers, seekings, sign_ups
from bot.store.tables import newcomers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Connection

# What newcomers could find at some time.
_WAS_PUBLISHED = or_(
    offers.c.state.in_(("published", "ended")), and_(offers.c.state == "cancelled", offers.c.decided_at.is_not(None))
)


@dataclass(frozen=True, kw_only=True)
class Where:
    """In which period, and where as the offer says: its municipality, and four digits of its postcode."""

    period: datetime
    municipality: str | None
    area: str | None


@dataclass(frozen=True, kw_only=True)
class Published:
    """How many offers of a kind and sort were published."""

    where: Where
    kind: str
    sort: str
    offers: int


@dataclass(frozen=True, kw_only=True)
class Held:
    """How many occasions there were, and how many were called off."""

    where: Where
    held: int
    called_off: int


@dataclass(frozen=True, kw_only=True)
class TookPart:
    """
    How many people had a place, how many only waited for one, and how often somebody had a place.

    Of those with a place: how many came at least once, how many told that they did not.
    """

    where: Where
    people: int
    waited: int
    sign_ups: int
    came: int
    stayed_away: int


@dataclass(frozen=True, kw_only=True)
class PutTogether:
    """
    How many newcomers agreed to a match of this kind in a period; a match that each side looked for counts one.

    For each span in turn: for how many it ended within it. `ended`: by now.
    """

    period: datetime
    kind: str
    people: int
    ended_within: tuple[int, ...]
    ended: int


class ParticipationCounts:
    """What can be counted of taking part, a query each. Who is being erased is not counted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def published(self, periods: Sequence[datetime], moment: datetime) -> list[Published]:
        """Return how many offers were published in each of these periods, which are in order; the last one goes on."""
        at = func.coalesce(offers.c.decided_at, offers.c.created_at)
        here = (_period(at, periods), offers.c.municipality, offers.c.area, offers.c.kind, offers.c.sort)
        query = (
            select(*here, func.count()).where(_WAS_PUBLISHED, at >= periods[0], at < moment).group_by(*_numbered(here))
        )
        return [
            Published(where=_where(row, periods), kind=row[3], sort=row[4], offers=row[5])
            for row in self._connection.execute(query)
        ]

    def held(self, periods: Sequence[datetime], until: datetime) -> list[Held]:
        """Return how many occasions began in each of these periods, before `until`."""
        off = case((occasions.c.state == "cancelled", 1), else_=0)
        here = (_period(occasions.c.starts_at, periods), offers.c.municipality, offers.c.area)
        query = (
            select(*here, func.count(), func.sum(off))
            .join(offers, offers.c.id == occasions.c.offer_id)
            .where(occasions.c.starts_at >= periods[0], occasions.c.starts_at < until)
            .group_by(*_numbered(here))
        )
        return [
            Held(where=_where(row, periods), held=row[3] - int(row[4]), called_off=int(row[4]))
            for row in self._connection.execute(query)
        ]

    def took_part(self, periods: Sequence[datetime], until: datetime) -> list[TookPart]:
        """Return who took part in what began in each of these periods, before `until`, and was not called off."""
        period = _period(occasions.c.starts_at, periods)
        told = sign_ups.c.attended.is_not(None)
        has_place = case((or_(sign_ups.c.state == "going", told), 1), else_=0)
        whose = (sign_ups.c.newcomer_id, period)
        first = func.row_number().over(
            partition_by=whose, order_by=(has_place.desc(), occasions.c.starts_at, occasions.c.id)
        )
        each = (
            select(
                sign_ups.c.newcomer_id,
                period.label("period"),
                offers.c.municipality,
                offers.c.area,
                has_place.label("place"),
                case((sign_ups.c.attended.is_(True), 1), else_=0).label("came"),
                case((sign_ups.c.attended.is_(False), 1), else_=0).label("away"),
                first.label("first"),
            )
            .join(newcomers, newcomers.c.id == sign_ups.c.newcomer_id)
            .join(occasions, occasions.c.id == sign_ups.c.occasion_id)
            .join(offers, offers.c.id == occasions.c.offer_id)
            .where(newcomers.c.status != "erasing", or_(sign_ups.c.state != "cancelled", told))
            .where(occasions.c.state != "cancelled")
            .where(occasions.c.starts_at >= periods[0], occasions.c.starts_at < until)
            .subquery()
        )
        is_first = each.c.first == 1
        person = (
            select(
                each.c.period,
                func.max(case((is_first, each.c.municipality))).label("municipality"),
                func.max(case((is_first, each.c.area))).label("area"),
                func.max(each.c.place).label("place"),
                func.sum(each.c.place).label("places"),
                func.max(each.c.came).label("came"),
                func.max(each.c.away).label("away"),
            )
            .group_by(each.c.newcomer_id, each.c.period)
            .subquery()
        )
        here = (person.c.period, person.c.municipality, person.c.area)
        query = select(
            *here,
            func.sum(person.c.place),
            func.sum(1 - person.c.place),
            func.sum(person.c.places),
            func.sum(person.c.came),
            func.sum(case((person.c.came == 0, person.c.away), else_=0)),
        ).group_by(*here)
        return [
            TookPart(
                where=_where(row, periods),
                people=int(row[3]),
                waited=int(row[4]),
                sign_ups=int(row[5]),
                came=int(row[6]),
                stayed_away=int(row[7]),
            )
            for row in self._connection.execute(query)
        ]

    def put_together(
        self, periods: Sequence[datetime], moment: datetime, spans: Sequence[timedelta]
    ) -> list[PutTogether]:
        """
        Return who agreed to a match in each of these periods, and for how many it ended within each of these spans.

        Of several of one kind in a period the last counts.
        """
        period = _period(matches.c.agreed_at, periods)
        over = and_(matches.c.ended_at.is_not(None), matches.c.ended_at < moment)

        def one(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
            return case((condition, 1), else_=0).label(name)

        within = [
            and_(over, follows_within(self._connection, matches.c.agreed_at, matches.c.ended_at, span))
            for span in spans
        ]
        last = func.row_number().over(
            partition_by=(matches.c.newcomer_id, matches.c.kind, period),
            order_by=(matches.c.agreed_at.desc(), matches.c.id.desc()),
        )
        each = (
            select(
                period.label("period"),
                matches.c.kind,
                *(one(condition, f"within_{number}") for number, condition in enumerate(within)),
                one(over, "over"),
                last.label("last"),
            )
            .join(newcomers, newcomers.c.id == matches.c.newcomer_id)
            .where(newcomers.c.status != "erasing")
            .where(matches.c.agreed_at >= periods[0], matches.c.agreed_at < moment)
            .subquery()
        )
        sums = [func.sum(each.c[f"within_{number}"]) for number in range(len(spans))]
        query = (
            select(each.c.period, each.c.kind, func.count(), func.sum(each.c.over), *sums)
            .where(each.c.last == 1)
            .group_by(each.c.period, each.c.kind)
        )
        return [
            PutTogether(
                period=periods[row[0]],
                kind=row[1],
                people=row[2],
                ended=int(row[3]),
                ended_within=tuple(int(number) for number in row[4:]),
            )
            for row in self._connection.execute(query)
        ]

    def seeking(self, moment: datetime) -> dict[str, int]:
        """Return how many people look for somebody or something, by kind, who did so at this moment and still do."""
        query = (
            select(seekings.c.kind, func.count(seekings.c.newcomer_id.distinct()))
            .join(newcomers, newcomers.c.id == seekings.c.newcomer_id)
            .where(newcomers.c.status != "erasing", STANDS, seekings.c.state != "matched", seekings.c.at < moment)
            .group_by(seekings.c.kind)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}


def _period(moment: Any, periods: Sequence[datetime]) -> ColumnElement[int]:
    """Return which of these periods a moment is in, by its number; what is before all of them is in the first."""
    later = [(moment >= begins, literal(number)) for number, begins in enumerate(periods)]
    return case(*reversed(later[1:]), else_=literal(0)) if later[1:] else literal(0)


def _numbered(columns: Sequence[Any]) -> list[ColumnElement[Any]]:
    """Return the first columns of a query by their place: PostgreSQL takes no expression twice with its own values."""
    return [literal_column(str(place)) for place in range(1, len(columns) + 1)]


def _where(row: Any, periods: Sequence[datetime]) -> Where:
    return Where(period=periods[row[0]], municipality=row[1] or None, area=row[2] or None)
