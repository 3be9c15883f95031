"""
A coach plans a session of their group or an appointment with one of it, moves it, calls it off, notes who was there.

Each of these is one unit of work with the people concerned held: rows, the days of their tasks and what they are told
are stored together. What was declined changed nothing and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from bot.answer import as_actor
from bot.guide import Settled, redate, settle
from bot.handoff.case import Role
from bot.invite import APPOINTMENT, CANCELLED, FREE, INVITED, MOVED, is_coming, tell
from bot.safety.redaction import mask
from bot.store.trajectory_rows import SessionOfGroupRow
from bot.trajectory.meetings import reminder_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.work import Work

LONGEST_SUBJECT, LONGEST_PLACE = 120, 200
FURTHEST = timedelta(days=366)


class Refusal(StrEnum):
    """Why nothing changed; the console has a sentence for each."""

    NOT_YOUR_ROLE = "not_your_role"
    NO_SESSION = "no_session"  # unknown, or another coach's: nobody learns which
    NOBODY = "nobody"  # nobody is chosen, or somebody who is not in the group
    ONE_PERSON = "one_person"  # an appointment is with one
    NO_TASK = "no_task"
    NO_SUBJECT = "no_subject"
    NO_PLACE = "no_place"
    TOO_LONG = "too_long"
    NOT_AHEAD = "not_ahead"  # a moment that is past, or further than a year away
    OVER = "over"  # it was, or is off
    NOT_YET = "not_yet"  # nobody can have been there


@dataclass(frozen=True, kw_only=True)
class What:
    """What a session is about: a task of a trajectory template, or (without a template) a subject, an appointment."""

    template: str = ""
    task: str = FREE
    subject: str = ""

    @property
    def is_appointment(self) -> bool:
        """Whether it is with one person."""
        return not self.template and self.task == APPOINTMENT


Gathered: TypeAlias = SessionOfGroupRow | Refusal


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A coach before their group, inside a unit of work, with the people concerned held."""

    runtime: Runtime
    work: Work
    who: str
    now: datetime
    group: frozenset[str]


# ---- planned, moved, off


def plan(  # noqa: PLR0913  # a session is these things
    runtime: Runtime, who: str, what: What, *, at: datetime, place: str, guests: Collection[str]
) -> Gathered:
    """Plan a session and invite these members of the group; each is told, and their plan follows."""

    def change(scene: Scene) -> Gathered:
        refused = (
            _reason_not_to_plan(runtime, what, guests)
            or _reason_not_to_meet(scene, at, place)
            or _reason_not_to_invite(scene, guests)
        )
        if refused is not None:
            return refused
        session = scene.work.group_sessions.plan(
            who,
            template=what.template,
            task=what.task,
            at=at,
            place=_clean(place),
            subject=_clean(what.subject) if what.task == FREE and not what.template else None,
        )
        return _invited(scene, session, guests)

    return _do(runtime, who, guests, change)


def invite(runtime: Runtime, who: str, session_id: str, *, guests: Collection[str]) -> Gathered:
    """Invite more members of the group to a session that is still to be."""

    def change(scene: Scene) -> Gathered:
        session = _coming(scene, session_id)
        if isinstance(session, Refusal):
            return session
        if session.task == APPOINTMENT:
            return Refusal.ONE_PERSON
        return _reason_not_to_invite(scene, guests) or _invited(scene, session, guests)

    return _do(runtime, who, guests, change)


def move(runtime: Runtime, who: str, session_id: str, *, at: datetime, place: str) -> Gathered:
    """Have a session be at another moment or place; who is invited is told and asked anew."""

    def change(scene: Scene) -> Gathered:
        session = _coming(scene, session_id)
        if isinstance(session, Refusal):
            return session
        refused = _reason_not_to_meet(scene, at, place)
        if refused is not None:
            return refused
        if (session.at, session.place) == (at, _clean(place)):
            return session
        sessions = scene.work.group_sessions
        sessions.change(session.id, at=at, place=_clean(place))
        moved = _own(scene, session.id)
        assert isinstance(moved, SessionOfGroupRow)
        for newcomer_id in _guests(scene, session):
            sessions.answer(session.id, newcomer_id, None)
            sessions.wind(session.id, newcomer_id, reminder_moment(at, scene.now))
            _redate(scene, moved, newcomer_id)
            tell(runtime, scene.work, moved, newcomer_id, MOVED)
        return moved

    return _do(runtime, who, _invited_to(runtime, session_id), change)


def cancel(runtime: Runtime, who: str, session_id: str) -> Gathered:
    """Call a session off; who did not say no is told."""

    def change(scene: Scene) -> Gathered:
        session = _coming(scene, session_id)
        if isinstance(session, Refusal):
            return session
        sessions = scene.work.group_sessions
        sessions.change(session.id, state="cancelled")
        said_no = {guest.newcomer_id for guest in sessions.guests(session.id) if guest.answer == "no"}
        for newcomer_id in _guests(scene, session):
            sessions.wind(session.id, newcomer_id, None)
            _redate(scene, session, newcomer_id)
            if newcomer_id not in said_no:
                tell(runtime, scene.work, session, newcomer_id, CANCELLED)
        return _own(scene, session.id)

    return _do(runtime, who, _invited_to(runtime, session_id), change)


# ---- who was there


def note_attendance(runtime: Runtime, who: str, session_id: str, *, present: Collection[str]) -> Gathered:
    """Note who was there once it began; what they came for is done. Who else was invited was not there."""

    def change(scene: Scene) -> Gathered:
        session = _own(scene, session_id)
        if isinstance(session, Refusal):
            return session
        if session.state == "cancelled":
            return Refusal.OVER
        if session.at > scene.now:
            return Refusal.NOT_YET
        scene.work.group_sessions.change(session.id, state="held")
        for newcomer_id in _guests(scene, session):
            was_there = newcomer_id in present
            scene.work.group_sessions.attended(session.id, newcomer_id, was_there=was_there)
            if was_there and newcomer_id in scene.group:
                _done(scene, session, newcomer_id)
        return _own(scene, session.id)

    return _do(runtime, who, _invited_to(runtime, session_id), change)


def _done(scene: Scene, session: SessionOfGroupRow, newcomer_id: str) -> None:
    trajectories = scene.work.trajectories
    for trajectory in trajectories.going_on(newcomer_id):
        for task in trajectories.tasks(trajectory.id) if trajectory.template == session.template else ():
            if task.key == (session.task, session.number) and task.under_way:
                settle(scene.runtime, scene.work, task.id, Settled.DONE, actor=scene.who)


# ---- parts


def _do(runtime: Runtime, who: str, concerned: Iterable[str], change: Callable[[Scene], Gathered]) -> Gathered:
    def attempt(work: Work) -> Gathered:
        # People before who guides them, as everybody holds them.
        work.trajectories.hold(*{*concerned, *work.newcomers.group_of(who)})
        work.groups.hold(who)
        user = work.users.get(who)
        actor = as_actor(user) if user else None
        if actor is None or not actor.active or Role.COACH not in actor.roles:
            return Refusal.NOT_YOUR_ROLE
        members = (work.newcomers.get(one) for one in work.newcomers.group_of(who))
        group = frozenset(one.id for one in members if one is not None and one.status != "erasing")
        return change(Scene(runtime=runtime, work=work, who=who, now=runtime.clock.now(), group=group))

    return runtime.database.write(attempt)


def _reason_not_to_plan(runtime: Runtime, what: What, guests: Collection[str]) -> Refusal | None:
    template = runtime.knowledge.trajectories.get(what.template)
    if what.template:
        task = template.tasks.get(what.task) if template else None
        return None if task is not None and task.by_session else Refusal.NO_TASK
    if what.is_appointment:
        return None if len(set(guests)) == 1 else Refusal.ONE_PERSON
    if not what.subject.strip() or what.task != FREE:
        return Refusal.NO_SUBJECT
    return Refusal.TOO_LONG if len(what.subject) > LONGEST_SUBJECT else None


def _reason_not_to_meet(scene: Scene, at: datetime, place: str) -> Refusal | None:
    if not place.strip():
        return Refusal.NO_PLACE
    if len(place) > LONGEST_PLACE:
        return Refusal.TOO_LONG
    return None if scene.now < at <= scene.now + FURTHEST else Refusal.NOT_AHEAD


def _reason_not_to_invite(scene: Scene, guests: Collection[str]) -> Refusal | None:
    return None if guests and set(guests) <= scene.group else Refusal.NOBODY


def _invited(scene: Scene, session: SessionOfGroupRow, guests: Iterable[str]) -> SessionOfGroupRow:
    for newcomer_id in sorted(set(guests)):
        if scene.work.group_sessions.invite(session.id, newcomer_id, scene.now):
            scene.work.group_sessions.wind(session.id, newcomer_id, reminder_moment(session.at, scene.now))
            _redate(scene, session, newcomer_id)
            tell(scene.runtime, scene.work, session, newcomer_id, INVITED)
    return session


def _redate(scene: Scene, session: SessionOfGroupRow, newcomer_id: str) -> None:
    """Have the tasks of somebody follow the days of their sessions; they are told of the session itself."""
    for trajectory in scene.work.trajectories.going_on(newcomer_id):
        if trajectory.template == session.template:
            redate(scene.runtime, scene.work, trajectory.id, actor=scene.who, quietly=True)


def _own(scene: Scene, session_id: str) -> Gathered:
    session = scene.work.group_sessions.get(session_id)
    return session if session is not None and session.coach_id == scene.who else Refusal.NO_SESSION


def _coming(scene: Scene, session_id: str) -> Gathered:
    session = _own(scene, session_id)
    if isinstance(session, Refusal) or is_coming(session, scene.now):
        return session
    return Refusal.OVER


def _guests(scene: Scene, session: SessionOfGroupRow) -> list[str]:
    """Return who is invited, and not leaving."""
    people = (scene.work.newcomers.get(one.newcomer_id) for one in scene.work.group_sessions.guests(session.id))
    return sorted(one.id for one in people if one is not None and one.status != "erasing")


def _invited_to(runtime: Runtime, session_id: str) -> list[str]:
    guests = runtime.database.read(lambda work: work.group_sessions.guests(session_id))
    return [guest.newcomer_id for guest in guests]


def _clean(text: str) -> str:
    return mask(text.strip()).text
