"""
`/desk/matches`: a coordinator looks for suggestions and decides on each; no name stands here.

An organiser finds here, by the reasons alone, who may fit their own volunteer work, and says yes or no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import host, pair
from bot.ask_after import mark_of
from bot.handoff.access import Screen
from bot.handoff.case import Role
from bot.pair import Refusal
from bot.participation.fit import Reason
from bot.web.console.door import Door
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from bot.runtime import Runtime
    from bot.store.participation_rows import MatchRow
    from bot.web.console.door import Visit

MATCHES = "/desk/matches"
STATUS = {Refusal.NOT_YOUR_ROLE: 403, Refusal.NO_MATCH: 404}
HOST_STATUS = {host.Refusal.NO_MATCH: 404, host.Refusal.OVER: 409}


def show(visit: Visit, *, wrong: Refusal | None = None) -> Response:
    """Show what is suggested, asked and agreed; an organiser what is suggested for them."""
    if Role.COORDINATOR not in visit.who.roles:
        return show_host(visit)
    found = pair.overview(visit.runtime, visit.user.id)
    if isinstance(found, Refusal):
        return visit.problem(403)
    listed = (*found.suggested, *found.approved, *found.agreed)
    return visit.page(
        "matches.html",
        status=STATUS.get(wrong, 409) if wrong else 200,
        found=found,
        marks={one: mark_of(one) for each in listed for one in each.row.people},
        why={one.row.id: reasons_of(visit, one.row, _group(one.row)) for one in listed},
        wrong=visit.words(f"matches_wrong_{wrong.value}") if wrong else "",
    )


def show_host(visit: Visit, *, wrong: host.Refusal | None = None) -> Response:
    """Show who may fit an organiser's volunteer work: why, and not who."""
    found = host.suggestions(visit.runtime, visit.user.id)
    if isinstance(found, host.Refusal):
        return visit.problem(403)
    return visit.page(
        "matches_host.html",
        status=HOST_STATUS.get(wrong, 422) if wrong else 200,
        waiting=[one for one in found if one.match.other_says is None],
        answered=[one for one in found if one.match.other_says is not None],
        why={one.match.id: reasons_of(visit, one.match, _group(one.match)) for one in found},
        wrong=visit.words(f"matches_host_wrong_{wrong.value}") if wrong else "",
        wrong_at=visit.given("match"),
        reason=visit.given("reason"),
    )


def answer(visit: Visit) -> Response:
    """Say yes or no to somebody, for the organisation that offers the work."""
    said: host.Said = "yes" if visit.given("say") == "yes" else "no"
    match_id, reason = visit.given("match"), visit.given("reason")
    done = host.answer(visit.runtime, visit.user.id, match_id, said, reason=reason)
    if done is host.Refusal.NOT_YOUR_ROLE:
        return visit.problem(403)
    if isinstance(done, host.Refusal):
        return show_host(visit, wrong=done)
    return visit.go(MATCHES, said=f"match_host_{said}")


def _group(match: MatchRow) -> str:
    # What two have in common is said otherwise than why somebody fits what is to be done.
    return "matches_why" if match.offer_id is None else "matches_host_why"


def reasons_of(visit: Visit, match: MatchRow, group: str) -> list[str]:
    """Return why two may fit, in words."""
    names = names_for(visit)
    found = []
    for code, value in match.reasons:
        match code:
            case Reason.LANGUAGE:
                said = names.language(value)
            case Reason.TIME | Reason.INTEREST if visit.words.has(f"matches_{code}_{value}"):
                said = visit.words(f"matches_{code}_{value}")
            case _:
                said = value
        if visit.words.has(f"{group}_{code}"):
            found.append(visit.words(f"{group}_{code}", value=said))
    return list(dict.fromkeys(found))


def look(visit: Visit) -> Response:
    """Look for new suggestions."""
    found = pair.suggest(visit.runtime, visit.user.id)
    return visit.problem(403) if isinstance(found, Refusal) else visit.go(MATCHES, said="matches_looked")


def approve(visit: Visit) -> Response:
    """Have both be asked."""
    return _decided(visit, pair.approve, "match_approved", later="match_held")


def refuse(visit: Visit) -> Response:
    """Have it not be."""
    return _decided(visit, pair.refuse, "match_refused")


def _decided(
    visit: Visit, decide: Callable[[Runtime, str, str], MatchRow | Refusal], said: str, *, later: str = ""
) -> Response:
    done = decide(visit.runtime, visit.user.id, visit.given("match"))
    if done is Refusal.NOT_YOUR_ROLE:
        return visit.problem(403)
    if isinstance(done, Refusal):
        return show(visit, wrong=done)
    return visit.go(MATCHES, said=later if later and done.approved_at is None else said)


DOORS = (
    Door(path=MATCHES, screen=Screen.MATCHES, endpoint=show),
    Door(path=f"{MATCHES}/answer", screen=Screen.MATCHES, endpoint=answer, methods=("POST",)),
    Door(path=f"{MATCHES}/look", screen=Screen.MATCHES, endpoint=look, methods=("POST",)),
    Door(path=f"{MATCHES}/approve", screen=Screen.MATCHES, endpoint=approve, methods=("POST",)),
    Door(path=f"{MATCHES}/refuse", screen=Screen.MATCHES, endpoint=refuse, methods=("POST",)),
)
