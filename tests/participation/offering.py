"""An occasion and words in another language for an offer, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.participation_rows import OfferText
    from bot.store.work import Work


def occur(work: Work, offer_id: str, at: datetime) -> str:
    """Add an occasion of an offer; return its id."""
    work.publishing.occur(offer_id, [(at, None)])
    return next(row.occasion.id for row in work.publishing.occasions(offer_id) if row.occasion.starts_at == at)


def translate(work: Work, offer_id: str, text: OfferText, now: datetime) -> None:
    """Keep an offer's words in a language; nobody who speaks it has read them."""
    offer = work.offers.get(offer_id)
    assert offer is not None
    work.publishing.translate(offer, text, checked_by=None, now=now)
