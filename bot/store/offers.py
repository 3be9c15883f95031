"""What organisations offer, and when it is: what newcomers can find of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, insert, or_, select, update

from bot.store.dialect import insert_or
from bot.store.ids import new_id
from bot.store.participation_rows import OccasionRow, Offered, OfferRow, OfferText
from bot.store.participation_tables import PUBLISHED, occasions, offer_texts, offers, organisations, sign_ups

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from sqlalchemy import Connection

# So many of the nearest occasions are looked through for one person.
MOST_LOOKED_THROUGH = 2000
_GOING = (
    select(func.count())
    .select_from(sign_ups)
    .where(sign_ups.c.occasion_id == occasions.c.id, sign_ups.c.state == "going")
    .scalar_subquery()
    .label("going")
)
_OFFER = (*offers.c, organisations.c.name.label("organisation"))
_OCCASION = tuple(column.label(f"of_{column.name}") for column in occasions.c)
_DATED = (
    select(*_OFFER, *_OCCASION, _GOING)
    .select_from(offers)
    .join(organisations, organisations.c.id == offers.c.organisation_id)
    .join(occasions, occasions.c.offer_id == offers.c.id)
)
# What has no moment of its own.
_UNDATED = and_(offers.c.starts_at.is_(None), offers.c.weekly_json.is_(None))
# An offer with the name of its organisation.
ALONE = select(*_OFFER).select_from(offers).join(organisations, organisations.c.id == offers.c.organisation_id)


class Offers:
    """Offers and their occasions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_organisation(self, name: str, now: datetime) -> str:
        """Add an organisation, or return the id of the one of that name."""
        made = insert_or(self._connection, organisations).values(id=new_id(), name=name, created_at=now)
        self._connection.execute(made.on_conflict_do_nothing(index_elements=["name"]))
        found: str = self._connection.scalars(select(organisations.c.id).where(organisations.c.name == name)).one()
        return found

    def add(self, organisation_id: str, *, now: datetime, **values: Any) -> str:
        """Add an offer with these columns (`title`, `kind` and `sort` at least) and return its id."""
        offer_id = new_id()
        whole = {"state": "draft", "languages_json": [], "tasks_json": [], **values}
        self._connection.execute(
            insert(offers).values(id=offer_id, organisation_id=organisation_id, created_at=now, **whole)
        )
        return offer_id

    def change(self, offer_id: str, **values: Any) -> None:
        """Change these columns of an offer."""
        self._connection.execute(update(offers).where(offers.c.id == offer_id).values(**values))

    # ---- found

    def kinds_to_find(self, *, now: datetime, until: datetime, today: date) -> frozenset[str]:
        """Return of which kinds there is something to find: it begins in this time, or has no moment."""
        begins = exists().where(
            occasions.c.offer_id == offers.c.id,
            occasions.c.state == "planned",
            occasions.c.starts_at > now,
            occasions.c.starts_at <= until,
        )
        here = (PUBLISHED, _lasts(today), or_(_UNDATED, begins))
        return frozenset(self._connection.scalars(select(offers.c.kind).where(*here).distinct()))

    def tasks_served(self, today: date) -> frozenset[str]:
        """Return the names of the tasks that something published serves."""
        found = self._connection.scalars(select(offers.c.tasks_json).where(PUBLISHED, _lasts(today)))
        return frozenset(task for tasks in found for task in tasks or ())

    def upcoming(self, kinds: Collection[str], *, now: datetime, until: datetime, today: date) -> list[Offered]:
        """Return what is published of these kinds: each occasion that begins in this time, and what has no moment."""
        here = (PUBLISHED, offers.c.kind.in_(kinds), _lasts(today))
        dated = _DATED.where(*here, occasions.c.state == "planned", occasions.c.starts_at > now)
        dated = dated.where(occasions.c.starts_at <= until).order_by(occasions.c.starts_at, occasions.c.id)
        undated = ALONE.where(*here, _UNDATED)
        undated = undated.order_by(offers.c.id)
        return [
            *(_offered(row) for row in self._connection.execute(dated.limit(MOST_LOOKED_THROUGH))),
            *(Offered(offer=offer_from(row)) for row in self._connection.execute(undated.limit(MOST_LOOKED_THROUGH))),
        ]

    def get(self, offer_id: str) -> OfferRow | None:
        """Return one offer, whatever its state."""
        row = self._connection.execute(ALONE.where(offers.c.id == offer_id)).one_or_none()
        return None if row is None else offer_from(row)

    def at(self, occasion_id: str) -> Offered | None:
        """Return an offer at this occasion, whatever their state."""
        row = self._connection.execute(_DATED.where(occasions.c.id == occasion_id)).one_or_none()
        return None if row is None else _offered(row)

    def text_in(self, offer: OfferRow, language: str) -> OfferText | None:
        """Return an offer's words in a language; None when there are none, or they were made from an older Dutch."""
        row = self._connection.execute(
            select(offer_texts).where(offer_texts.c.offer_id == offer.id, offer_texts.c.language == language)
        ).one_or_none()
        if row is None or row.digest != digest_of(offer.title, offer.body):
            return None
        return OfferText(language=row.language, title=row.title, body=row.body, by=row.by)


def digest_of(title: str, body: str) -> str:
    """Return by what a translation knows whether the Dutch changed since."""
    return hashlib.sha256(f"{title}\x00{body}".encode()).hexdigest()


def _lasts(today: date) -> Any:
    return or_(offers.c.expires_on.is_(None), offers.c.expires_on >= today)


def offer_from(row: Any) -> OfferRow:
    """Return the offer of a row that has the columns of one, and the name of its organisation."""
    return OfferRow(
        id=row.id,
        organisation_id=row.organisation_id,
        organisation=row.organisation,
        kind=row.kind,
        sort=row.sort,
        state=row.state,
        title=row.title,
        body=row.body,
        place=row.place,
        area=row.area,
        municipality=row.municipality,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        weekly=row.weekly_json,
        capacity=row.capacity,
        languages=tuple(row.languages_json or ()),
        age_from=row.age_from,
        age_to=row.age_to,
        women_only=row.women_only,
        childcare=row.childcare,
        accessible=row.accessible,
        cost_cents=row.cost_cents,
        tasks=tuple(row.tasks_json or ()),
        expires_on=row.expires_on,
        version=row.version,
        created_by=row.created_by,
        submitted_at=row.submitted_at,
        reason=row.reason,
    )


def _offered(row: Any) -> Offered:
    occasion = OccasionRow(
        id=row.of_id,
        offer_id=row.of_offer_id,
        starts_at=row.of_starts_at,
        ends_at=row.of_ends_at,
        state=row.of_state,
    )
    return Offered(offer=offer_from(row), occasion=occasion, going=row.going)
