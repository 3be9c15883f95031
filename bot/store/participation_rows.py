"""What the collections of taking part hand out: frozen rows. What a newcomer told stays out of `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class OfferRow:
    """
    What an organisation offers. `title` and `body` are Dutch; `area` is the four digits of its postcode.

    `weekly` says on which weekday, from when, to when and until when it comes back, on the wall clock of Amsterdam.
    """

    id: str
    organisation_id: str
    organisation: str
    kind: str
    sort: str
    state: str
    title: str
    body: str
    place: str | None = None
    area: str | None = None
    municipality: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekly: Mapping[str, Any] | None = None
    capacity: int | None = None
    languages: tuple[str, ...] = ()
    age_from: int | None = None
    age_to: int | None = None
    women_only: bool = False
    childcare: bool = False
    accessible: bool = False
    cost_cents: int | None = None
    tasks: tuple[str, ...] = ()
    expires_on: date | None = None
    version: int = 0
    created_by: str | None = None
    submitted_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class OccasionRow:
    """One dated time of an offer. `state` is planned, cancelled or held."""

    id: str
    offer_id: str
    starts_at: datetime
    ends_at: datetime | None
    state: str


@dataclass(frozen=True, kw_only=True)
class OrganisationRow:
    """An organisation that offers something."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class CountedRow:
    """An occasion in numbers: how many go, wait for a place, came. Who, stands nowhere here."""

    occasion: OccasionRow
    going: int
    waiting: int
    came: int


@dataclass(frozen=True, kw_only=True)
class Offered:
    """An offer at one of its occasions (None: it has no moment), and how many go to it."""

    offer: OfferRow
    occasion: OccasionRow | None = None
    going: int = 0

    @property
    def is_full(self) -> bool:
        """Whether who signs up now comes onto the waiting list."""
        return self.occasion is not None and self.offer.capacity is not None and self.going >= self.offer.capacity

    @property
    def id(self) -> str:
        """By what a button names it: the occasion, or the offer that has none."""
        return self.occasion.id if self.occasion is not None else self.offer.id


@dataclass(frozen=True, kw_only=True)
class OfferText:
    """What an offer is called and says in another language; `by` is person or machine."""

    language: str
    title: str
    body: str
    by: str


@dataclass(frozen=True, kw_only=True)
class TranslatedRow:
    """An offer's words in another language: whether the Dutch changed since, and whether who speaks it looked."""

    text: OfferText
    is_stale: bool
    is_checked: bool


@dataclass(frozen=True, kw_only=True)
class SignUpRow:
    """Somebody signed up for an occasion. `state` is going, waiting or cancelled; `liked` good, so_so, bad or None."""

    id: str
    occasion_id: str
    newcomer_id: str
    state: str
    at: datetime
    remind_at: datetime | None = None
    ask_at: datetime | None = None
    attended: bool | None = None
    liked: str | None = None
    outbox_id: str | None = None
    told_cancelled_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProfileRow:
    """What somebody told for finding; `digest_at` is when the message of the week goes out next."""

    newcomer_id: str
    told: Mapping[str, Any] = field(repr=False)
    digest_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class SeekingRow:
    """Somebody looks for a buddy or volunteer work, wants to be a buddy, or can offer something."""

    id: str
    newcomer_id: str
    kind: str
    state: str
    words: str | None = field(repr=False)
    at: datetime


@dataclass(frozen=True, kw_only=True)
class MatchRow:
    """
    Somebody and their buddy, or an offer of volunteer work. `reasons` are pairs of a code and its value.

    `state` is suggested, approved (both are asked), agreed, refused or ended; each side says yes, no, or nothing yet.
    `approved_at` is when both were asked, None while that waits for a better moment. `check_at` is when it is looked at
    next: they are to be asked, an answer came, it ended, or it is time to ask how it goes.
    """

    id: str
    kind: str
    seeking_id: str
    newcomer_id: str
    state: str
    suggested_at: datetime
    reasons: tuple[tuple[str, str], ...] = ()
    other_seeking_id: str | None = None
    other_newcomer_id: str | None = None
    offer_id: str | None = None
    newcomer_says: str | None = None
    other_says: str | None = None
    newcomer_named: bool = False
    other_named: bool = False
    approved_by: str | None = None
    approved_at: datetime | None = None
    agreed_at: datetime | None = None
    check_at: datetime | None = None
    checks: int = 0
    ended_at: datetime | None = None
    ended_by: str | None = None
    name_outbox_ids: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Return whom it is about: one, or two."""
        return (self.newcomer_id,) if self.other_newcomer_id is None else (self.newcomer_id, self.other_newcomer_id)

    def side_of(self, newcomer_id: str) -> str | None:
        """Return which side somebody is (`newcomer` or `other`); None when it is not about them."""
        if newcomer_id == self.newcomer_id:
            return "newcomer"
        return "other" if newcomer_id == self.other_newcomer_id else None

    def says(self, newcomer_id: str) -> str | None:
        """Return what somebody said: yes, no, or nothing yet."""
        return self.newcomer_says if newcomer_id == self.newcomer_id else self.other_says

    def is_complete(self, newcomer_id: str) -> bool:
        """Return whether somebody answered all that was asked: no, or yes with a name."""
        named = self.newcomer_named if newcomer_id == self.newcomer_id else self.other_named
        return self.says(newcomer_id) == "no" or (self.says(newcomer_id) == "yes" and named)
