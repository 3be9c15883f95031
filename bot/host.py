"""
An organisation says itself whether somebody may come to its volunteer work, before either side hears a name.

It sees why somebody may fit, and nothing else of them. Why it says no stays inside, in the journal. Where it does not
answer, a coordinator who approves answers for it (bot/pair.py). Each of these is one unit of work.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from bot.handoff.case import Role
from bot.publish import LONGEST_REASON, actor_of
from bot.safety.redaction import mask

if TYPE_CHECKING:
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.participation_rows import MatchRow, OfferRow
    from bot.store.work import Work

OPEN = ("suggested", "approved")
DECLINED = "match_declined"  # in the journal
Said: TypeAlias = Literal["yes", "no"]


class Refusal(StrEnum):
    """Why nothing changed; the console has a sentence for each."""

    NOT_YOUR_ROLE = "not_your_role"
    NO_MATCH = "no_match"  # unknown, of another organisation, or gone
    OVER = "over"
    NO_REASON = "no_reason"
    TOO_LONG = "too_long"


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """Somebody may fit an offer. Of the match an organiser sees the reasons; who it is, stands on no page of theirs."""

    match: MatchRow
    offer: OfferRow


def suggestions(runtime: Runtime, who: str) -> tuple[Suggested, ...] | Refusal:
    """Return what waits for an organiser's answer, or waits for the newcomer's after their yes."""

    def look(work: Work) -> tuple[Suggested, ...] | Refusal:
        own = _organisation(work, who)
        if own is None:
            return Refusal.NOT_YOUR_ROLE
        rows = work.matches.at_organisation(own, OPEN)
        offers = {offer_id: work.offers.get(offer_id) for offer_id in {row.offer_id or "" for row in rows}}
        # What they said no to is over as soon as the newcomer has heard it.
        pairs = [(row, offers[row.offer_id or ""]) for row in rows if row.other_says != "no"]
        return tuple(Suggested(match=row, offer=offer) for row, offer in pairs if offer is not None)

    return runtime.database.read(look)


def answer(runtime: Runtime, who: str, match_id: str, said: Said, *, reason: str = "") -> MatchRow | Refusal:
    """
    Say yes, or no with the reason, for what one's own organisation offers.

    Who was asked already hears that it does not go on, and not why. The two are not suggested again.
    """

    def attempt(work: Work) -> MatchRow | Refusal:
        own = _organisation(work, who)
        if own is None:
            return Refusal.NOT_YOUR_ROLE
        before = work.matches.get(match_id)
        offer = work.offers.get(before.offer_id) if before and before.offer_id else None
        if before is None or offer is None or offer.organisation_id != own:
            return Refusal.NO_MATCH
        # People before what they are in, as everybody holds them.
        work.trajectories.hold(*before.people)
        match = work.matches.hold(match_id)
        if match is None or match.people != before.people:
            return Refusal.NO_MATCH
        if match.state not in OPEN or "no" in {match.newcomer_says, match.other_says}:
            return Refusal.OVER
        if said == "yes":
            work.matches.change(match.id, other_says="yes")
        elif (refused := _reason_not_to_decline(reason)) is not None:
            return refused
        else:
            _decline(work, match, who, reason, runtime.clock.now())
        return work.matches.get(match.id) or Refusal.NO_MATCH

    return runtime.database.write(attempt)


def _reason_not_to_decline(reason: str) -> Refusal | None:
    if not reason.strip():
        return Refusal.NO_REASON
    return Refusal.TOO_LONG if len(reason) > LONGEST_REASON else None


def _decline(work: Work, match: MatchRow, who: str, reason: str, now: datetime) -> None:
    kept = mask(reason.replace("\x00", "").strip()).text
    work.views.note(who, DECLINED, now, newcomer_id=match.newcomer_id, reason=kept)
    if match.state == "suggested":
        # Nobody was asked: there is nobody to tell.
        work.matches.change(match.id, state="refused", other_says="no", ended_at=now, ended_by=who, check_at=None)
    else:
        work.matches.change(match.id, other_says="no", check_at=now)


def _organisation(work: Work, who: str) -> str | None:
    """Return for whom somebody answers, empty where their account has no organisation; None when it is not theirs."""
    actor, user = actor_of(work, who), work.users.get(who)
    if actor is None or user is None or Role.ORGANISER not in actor.roles:
        return None
    return user.organisation_id or ""
