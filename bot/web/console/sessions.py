"""`/desk/group/sessions`: a coach plans sessions of their group and appointments, and notes who was there."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from bot import gather
from bot.domain.clock import AMSTERDAM
from bot.domain.days import at
from bot.foresee import doubts, my_sessions, open_session, topics
from bot.gather import Refusal, What
from bot.handoff.access import Screen
from bot.invite import APPOINTMENT, FREE
from bot.web.console.door import Door
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.foresee import Doubt
    from bot.gather import Gathered
    from bot.web.console.door import Visit

SESSIONS = "/desk/group/sessions"
SESSION = f"{SESSIONS}/{{session}}"
STATUS = {Refusal.NOT_YOUR_ROLE: 403, Refusal.NO_SESSION: 404, Refusal.OVER: 409, Refusal.NOT_YET: 409}
# Beside which field the sentence of a refusal stands; the others stand above the form.
BESIDE = {
    Refusal.NO_SUBJECT: "subject",
    Refusal.NOT_AHEAD: "day",
    Refusal.NO_PLACE: "place",
    Refusal.NOBODY: "guest",
    Refusal.ONE_PERSON: "guest",
}
FIELDS = ("what", "subject", "day", "time", "team", "place")


# ---- all of them


def show(
    visit: Visit, *, status: int = 200, wrong: Refusal | None = None, doubtful: tuple[Doubt, ...] = ()
) -> Response:
    """Show what comes and what was, and the form for the next one; what was typed stands there again."""
    found = my_sessions(visit.runtime, visit.user.id)
    if isinstance(found, Refusal):
        return visit.problem(403)
    alone = APPOINTMENT in {visit.asked("for"), visit.given("what")}
    organisation = visit.runtime.knowledge.organisation
    return visit.page(
        "sessions.html",
        status=status,
        found=found,
        topics=topics(visit.runtime),
        teams={team.id: team.name for team in organisation.teams.values() if team.name},
        alone=alone,
        typed={name: visit.given(name) for name in FIELDS},
        chosen=visit.chosen("guest") if wrong or doubtful or alone else [one.id for one in found.group],
        doubtful=[visit.words(f"sessions_doubt_{one.value}") for one in doubtful],
        names=names_for(visit),
        **_said(visit, wrong),
    )


def plan(visit: Visit) -> Response:
    """Plan a session, or an appointment; when something speaks against the moment, only on a second word."""
    moment = _moment(visit)
    if moment is None:
        return show(visit, status=422, wrong=Refusal.NOT_AHEAD)
    found = doubts(visit.runtime, moment, visit.given("team"))
    if found and not visit.given("anyway"):
        return show(visit, status=422, doubtful=found)
    planned = gather.plan(
        visit.runtime,
        visit.user.id,
        _what(visit),
        at=moment,
        place=_place(visit),
        guests=visit.chosen("guest"),
    )
    if isinstance(planned, Refusal):
        return show(visit, status=STATUS.get(planned, 422), wrong=planned)
    return visit.go(f"{SESSIONS}/{planned.id}", said="session_planned")


def _what(visit: Visit) -> What:
    given = visit.given("what")
    if given == APPOINTMENT:
        return What(task=APPOINTMENT)
    template, _, task = given.partition("/")
    return What(template=template, task=task) if task else What(task=FREE, subject=visit.given("subject"))


def _place(visit: Visit) -> str:
    """Return the place in words: a team's, with what was written beside it."""
    team = visit.runtime.knowledge.organisation.teams.get(visit.given("team"))
    return ", ".join(part for part in (team.name if team else "", visit.given("place")) if part)


def _moment(visit: Visit) -> datetime | None:
    """Return the moment that was given in Amsterdam's time; None when it is none."""
    try:
        day = date.fromisoformat(visit.given("day"))
        hour = datetime.strptime(visit.given("time"), "%H:%M").time()  # noqa: DTZ007  # a time of the day
        return at(day, hour)
    except (ValueError, OverflowError):
        return None


def _said(visit: Visit, wrong: Refusal | None) -> dict[str, object]:
    """Return the sentence of a refusal, and beside which field it stands."""
    if wrong is None:
        return {"problem": "", "wrong": {}}
    text, beside = visit.words(f"sessions_wrong_{wrong.value}"), BESIDE.get(wrong, "")
    return {"problem": "" if beside else text, "wrong": {beside: text} if beside else {}}


# ---- one of them


def open_one(visit: Visit, *, status: int = 200, wrong: Refusal | None = None) -> Response:
    """Show one session: who is invited, what they said, who was there."""
    found = open_session(visit.runtime, visit.user.id, _id(visit))
    if isinstance(found, Refusal):
        return visit.problem(STATUS[found])
    meets = found.listed.row.at.astimezone(AMSTERDAM)
    typed = {name: visit.given(name) for name in ("day", "time", "place")} if wrong else {}
    now = {"day": meets.date().isoformat(), "time": f"{meets:%H:%M}", "place": found.listed.row.place}
    return visit.page(
        "session.html",
        status=status,
        found=found,
        typed={name: typed.get(name) or now[name] for name in now},
        names=names_for(visit),
        **_said(visit, wrong),
    )


def move(visit: Visit) -> Response:
    """Have it be at another moment or place."""
    moment = _moment(visit)
    if moment is None:
        return open_one(visit, status=422, wrong=Refusal.NOT_AHEAD)
    done = gather.move(visit.runtime, visit.user.id, _id(visit), at=moment, place=visit.given("place"))
    return _onward(visit, done, "session_moved")


def cancel(visit: Visit) -> Response:
    """Call it off."""
    return _onward(visit, gather.cancel(visit.runtime, visit.user.id, _id(visit)), "session_cancelled")


def invite(visit: Visit) -> Response:
    """Invite more of the group."""
    done = gather.invite(visit.runtime, visit.user.id, _id(visit), guests=visit.chosen("guest"))
    return _onward(visit, done, "session_invited")


def attendance(visit: Visit) -> Response:
    """Note who was there."""
    done = gather.note_attendance(visit.runtime, visit.user.id, _id(visit), present=visit.chosen("present"))
    return _onward(visit, done, "session_noted")


def _onward(visit: Visit, done: Gathered, said: str) -> Response:
    if isinstance(done, Refusal):
        return open_one(visit, status=STATUS.get(done, 422), wrong=done)
    return visit.go(f"{SESSIONS}/{done.id}", said=said)


def _id(visit: Visit) -> str:
    return str(visit.request.path_params["session"])


DOORS = (
    Door(path=SESSIONS, screen=Screen.GROUP, endpoint=show),
    Door(path=SESSIONS, screen=Screen.GROUP, endpoint=plan, methods=("POST",)),
    Door(path=SESSION, screen=Screen.GROUP, endpoint=open_one),
    Door(path=f"{SESSION}/move", screen=Screen.GROUP, endpoint=move, methods=("POST",)),
    Door(path=f"{SESSION}/cancel", screen=Screen.GROUP, endpoint=cancel, methods=("POST",)),
    Door(path=f"{SESSION}/invite", screen=Screen.GROUP, endpoint=invite, methods=("POST",)),
    Door(path=f"{SESSION}/attendance", screen=Screen.GROUP, endpoint=attendance, methods=("POST",)),
)
