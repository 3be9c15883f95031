"""`/desk/queue`: who waits, in the order in which they are to be helped. Nothing of what they wrote stands here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bot.handoff.access import Screen
from bot.handoff.case import Status
from bot.store.queues import OPEN_STATES, ORDER, Place, Wanted
from bot.survey import queue, teams_of, within
from bot.web.console.door import Door, Visit
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from starlette.responses import Response

QUEUE = "/desk/queue"
MINE = "mine"  # the languages that I speak
ALL = "all"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ID = 36


def show(visit: Visit) -> Response:
    """Show a page of the queue, filtered as the address asks; to the page's script only the table."""
    given = {name: visit.asked(name) for name in ("team", "language", "topic", "state")}
    given = {name: value for name, value in given.items() if value}
    after = read_place(visit.asked("after"))
    found = queue(visit.runtime, visit.user, wanted_of(visit), after)
    here = {**given, **({"after": visit.asked("after")} if after else {})}
    onward = {**given, "after": written_place(found.after)} if found.after else None
    questions = visit.runtime.knowledge.content.questions.values()
    own = sorted(teams_of(visit.who))
    return visit.page(
        "queue_part.html" if visit.is_part else "queue.html",
        found=found,
        names=names_for(visit),
        given=given,
        here=_address(here),
        first=_address(given) if after else None,
        onward=_address(onward) if onward else None,
        teams=own,
        languages=list(visit.runtime.knowledge.content.languages.all),
        topics=sorted({question.topic for question in questions}),
        states=OPEN_STATES,
    )


def wanted_of(visit: Visit) -> Wanted:
    """Return what the address asks for; a team that is not theirs, or a state that is none, gives nothing."""
    language, state = visit.asked("language"), visit.asked("state") or Status.QUEUED.value
    spoken = frozenset(visit.user.languages) if language == MINE else frozenset({language})
    return Wanted(
        teams=within(visit.who, visit.asked("team")),
        states=OPEN_STATES if state == ALL else tuple(known for known in OPEN_STATES if known == state),
        languages=spoken if language else None,
        topic=visit.asked("topic") or None,
    )


def written_place(place: Place) -> str:
    """Return a place in the queue as it stands in an address."""
    return f"{place.priority}.{(place.waiting_since - _EPOCH) // timedelta(microseconds=1)}.{place.id}"


def read_place(text: str) -> Place | None:
    """Return the place that an address gives; None, the beginning, when it gives none."""
    priority, _, rest = text.partition(".")
    moment, _, case_id = rest.partition(".")
    if priority not in ORDER or not (moment.isascii() and moment.isdigit()) or not 0 < len(case_id) <= _LONGEST_ID:
        return None
    try:
        waiting_since = _EPOCH + timedelta(microseconds=int(moment))
    except (OverflowError, ValueError):
        return None
    return Place(priority=priority, waiting_since=waiting_since, id=case_id)


def _address(values: dict[str, str]) -> str:
    return f"{QUEUE}?{urlencode(values)}" if values else QUEUE


DOORS = (Door(path=QUEUE, screen=Screen.QUEUE, endpoint=show),)
