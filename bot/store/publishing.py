"""
Offers as those see them who make them: whatever their state, with numbers, never with names.

How to reach who made an offer stays inside: it is sealed under that person's own key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, or_, select, update

from bot.store.dialect import insert_or
from bot.store.encryption import EncryptionError
from bot.store.ids import new_id
from bot.store.offers import ALONE, digest_of, offer_from
from bot.store.participation_rows import CountedRow, OccasionRow, OfferText, OrganisationRow, TranslatedRow
from bot.store.participation_tables import PUBLISHED, occasions, offer_texts, offers, organisations, sign_ups

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, ScalarSelect

    from bot.store.keys import Keys
    from bot.store.participation_rows import OfferRow


def _counted(name: str, *so: ColumnElement[bool]) -> ScalarSelect[int]:
    query = select(func.count()).select_from(sign_ups).where(sign_ups.c.occasion_id == occasions.c.id, *so)
    return query.scalar_subquery().label(name)  # type: ignore[return-value]


_NUMBERS = (
    _counted("going", sign_ups.c.state == "going"),
    _counted("waiting", sign_ups.c.state == "waiting"),
    _counted("came", sign_ups.c.attended.is_(True)),
)
_COLUMNS = frozenset(offers.c.keys())


def _past(now: datetime) -> tuple[ColumnElement[bool], ...]:
    over = or_(occasions.c.ends_at <= now, and_(occasions.c.ends_at.is_(None), occasions.c.starts_at <= now))
    return occasions.c.state == "planned", occasions.c.starts_at <= now, over


class Publishing:
    """Offers at the desk, and whose they are."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    # ---- organisations

    def organisations(self) -> list[OrganisationRow]:
        """Return those that offer something, by name."""
        query = select(organisations.c.id, organisations.c.name).where(organisations.c.active)
        return [OrganisationRow(id=row.id, name=row.name) for row in self._connection.execute(query.order_by("name"))]

    def organisation_named(self, name: str) -> str | None:
        """Return the id of an organisation."""
        found: str | None = self._connection.scalar(select(organisations.c.id).where(organisations.c.name == name))
        return found

    def organisation(self, organisation_id: str) -> str | None:
        """Return the name of an organisation."""
        query = select(organisations.c.name).where(organisations.c.id == organisation_id)
        found: str | None = self._connection.scalar(query)
        return found

    # ---- offers

    def all(
        self,
        organisation_id: str | None,
        limit: int,
        *,
        states: Collection[str] | None = None,
        skip: int = 0,
        oldest_first: bool = False,
    ) -> list[OfferRow]:
        """Return the offers of an organisation (None: of all) in these states (None: in any), the newest first."""
        query = ALONE.order_by(offers.c.id if oldest_first else offers.c.id.desc()).limit(limit).offset(skip)
        if organisation_id is not None:
            query = query.where(offers.c.organisation_id == organisation_id)
        if states is not None:
            query = query.where(offers.c.state.in_(states))
        return [offer_from(row) for row in self._connection.execute(query)]

    def by_state(self, organisation_id: str | None) -> dict[str, int]:
        """Return how many offers of an organisation (None: of all) are in each state."""
        query = select(offers.c.state, func.count().label("number")).group_by(offers.c.state)
        if organisation_id is not None:
            query = query.where(offers.c.organisation_id == organisation_id)
        return {row.state: row.number for row in self._connection.execute(query)}

    def hold(self, offer_id: str) -> OfferRow | None:
        """Return an offer that nobody else changes in the meantime."""
        self._connection.execute(select(offers.c.id).where(offers.c.id == offer_id).with_for_update())
        row = self._connection.execute(ALONE.where(offers.c.id == offer_id)).one_or_none()
        return None if row is None else offer_from(row)

    def save(self, offer_id: str, **values: Any) -> None:
        """Change these columns of an offer; who read the offer before sees by its version that it is another."""
        assert values.keys() <= _COLUMNS
        query = update(offers).where(offers.c.id == offer_id)
        self._connection.execute(query.values(version=offers.c.version + 1, **values))

    def imported(self, organisation_id: str, source_uid: str) -> OfferRow | None:
        """Return the offer that was made of this row or event before."""
        query = ALONE.where(offers.c.organisation_id == organisation_id, offers.c.source_uid == source_uid)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else offer_from(row)

    def contact(self, offer: OfferRow) -> str:
        """Return how to reach who made it; empty when nobody said, or their key is gone."""
        sealed = self._connection.scalar(select(offers.c.contact_sealed).where(offers.c.id == offer.id))
        if sealed is None or offer.created_by is None:
            return ""
        try:
            key = self._keys.of_user(offer.created_by)
        except EncryptionError:
            return ""
        opened = self._keys.vault.open(sealed, key=key, table="offers", column="contact_sealed", row=offer.id)
        return opened.decode()

    def set_contact(self, offer: OfferRow, contact: str) -> None:
        """Keep how to reach who made it, sealed under their key; empty removes it."""
        sealed = None
        if contact and offer.created_by is not None:
            key = self._keys.of_user(offer.created_by)
            sealed = self._keys.vault.seal(contact, key=key, table="offers", column="contact_sealed", row=offer.id)
        self._connection.execute(update(offers).where(offers.c.id == offer.id).values(contact_sealed=sealed))

    # ---- in other languages

    def texts(self, offer: OfferRow) -> list[TranslatedRow]:
        """Return an offer's words in other languages."""
        query = select(offer_texts).where(offer_texts.c.offer_id == offer.id).order_by(offer_texts.c.language)
        digest = digest_of(offer.title, offer.body)
        return [
            TranslatedRow(
                text=OfferText(language=row.language, title=row.title, body=row.body, by=row.by),
                is_stale=row.digest != digest,
                is_checked=row.checked_at is not None,
            )
            for row in self._connection.execute(query)
        ]

    def translate(self, offer: OfferRow, text: OfferText, *, checked_by: str | None, now: datetime) -> None:
        """Keep an offer's words in a language, made from the Dutch it has now; `checked_by` is who speaks it."""
        values = {"title": text.title, "body": text.body, "by": text.by}
        values |= {"digest": digest_of(offer.title, offer.body)}
        checked = {"checked_by": checked_by, "checked_at": now if checked_by else None}
        made = insert_or(self._connection, offer_texts).values(
            id=new_id(), offer_id=offer.id, language=text.language, **values, **checked
        )
        made = made.on_conflict_do_update(index_elements=["offer_id", "language"], set_={**values, **checked})
        self._connection.execute(made)

    def untranslate(self, offer_id: str, language: str) -> None:
        """Remove an offer's words in a language."""
        here = (offer_texts.c.offer_id == offer_id, offer_texts.c.language == language)
        self._connection.execute(delete(offer_texts).where(*here))

    # ---- when it is

    def occasions(self, offer_id: str) -> list[CountedRow]:
        """Return the occasions of an offer in numbers, the first first."""
        query = select(*occasions.c, *_NUMBERS).where(occasions.c.offer_id == offer_id).order_by(occasions.c.starts_at)
        return [
            CountedRow(
                occasion=OccasionRow(
                    id=row.id, offer_id=row.offer_id, starts_at=row.starts_at, ends_at=row.ends_at, state=row.state
                ),
                going=row.going,
                waiting=row.waiting,
                came=row.came,
            )
            for row in self._connection.execute(query)
        ]

    def occur(self, offer_id: str, moments: Iterable[tuple[datetime, datetime | None]]) -> int:
        """Add occasions that are not there yet, also where one was called off; return how many were added."""
        added = 0
        for starts_at, ends_at in moments:
            made = insert_or(self._connection, occasions).values(
                id=new_id(), offer_id=offer_id, starts_at=starts_at, ends_at=ends_at, state="planned"
            )
            made = made.on_conflict_do_nothing(index_elements=["offer_id", "starts_at"])
            added += self._connection.execute(made).rowcount
        return added

    def set_occasion(self, occasion_id: str, state: str) -> None:
        """Have an occasion be planned, cancelled or held."""
        # Held while somebody signs up: either they are told with the others, or they find that it is off.
        self._connection.execute(select(occasions.c.id).where(occasions.c.id == occasion_id).with_for_update())
        self._connection.execute(update(occasions).where(occasions.c.id == occasion_id).values(state=state))

    def set_end(self, occasion_id: str, ends_at: datetime | None) -> None:
        """Have an occasion end at another moment."""
        self._connection.execute(update(occasions).where(occasions.c.id == occasion_id).values(ends_at=ends_at))

    def coming(self, now: datetime) -> dict[str, frozenset[datetime]]:
        """Return by offer when each of what is published begins from now on, also what is called off."""
        query = select(occasions.c.offer_id, occasions.c.starts_at).join(offers, offers.c.id == occasions.c.offer_id)
        found: dict[str, set[datetime]] = {}
        for row in self._connection.execute(query.where(PUBLISHED, occasions.c.starts_at > now)):
            found.setdefault(row.offer_id, set()).add(row.starts_at)
        return {offer_id: frozenset(starts) for offer_id, starts in found.items()}

    def are_past(self, now: datetime) -> bool:
        """Return whether something that was planned is over."""
        return self._connection.scalar(select(occasions.c.id).where(*_past(now)).limit(1)) is not None

    def hold_past(self, now: datetime) -> int:
        """Note of what was planned and is over that it was held; return of how many."""
        return self._connection.execute(update(occasions).where(*_past(now)).values(state="held")).rowcount

    def published(self) -> list[OfferRow]:
        """Return everything that newcomers can find now, and what may be over."""
        return [offer_from(row) for row in self._connection.execute(ALONE.where(PUBLISHED).order_by(offers.c.id))]
