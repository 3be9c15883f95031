"""
What somebody at the desk sees of the work: what needs them, what waits, who is there.

Nobody sees beyond their own teams: who is in none, or may not help, sees nothing. No list holds what anybody wrote; a
file is opened elsewhere, and that is journalled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.answer import Done, as_actor, release, take
from bot.domain.clock import local_day
from bot.domain.days import is_holiday
from bot.handoff.access import Screen, may_open
from bot.handoff.case import PROFESSIONALS_FIRST_FOR, Act, Decline, Event, Role, Seen, Status, reason_to_decline
from bot.handoff.hours import is_open, next_opening
from bot.store.queues import Counted, Place, Wanted
from bot.team import hours_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from bot.handoff.case import Actor
    from bot.handoff.hours import Hours
    from bot.runtime import Runtime
    from bot.store.rows import GroupRow, QueueRow, UserRow
    from bot.store.work import Work

PAGE = 50
# So many are looked at before the queue is read anew: others may be taking them at the same moment.
AT_ONCE = 10
TRIES = 20
LONGEST_SHIFT = timedelta(hours=12)
AHEAD = timedelta(days=90)  # of which days that are closed a team page tells

# Why a case needs the person who has it, by the last of these that happened to it.
NEEDS = (Event.NEWCOMER_WROTE, Event.SNOOZE_ENDED, Event.REPLY_FAILED, Event.CLAIMED, Event.TAKEN_OVER)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A case in a list, for who looks at it: why they may not take it, if so, and until when it can be answered."""

    row: QueueRow
    why_not: Decline | None
    theirs: bool  # it is in a language that they speak
    shuts: datetime | None = None
    trained_until: datetime | None = None  # until then it is for professionals and coordinators


@dataclass(frozen=True, kw_only=True)
class Mine:
    """A case that somebody has, and what happened to it last; `warned`: it goes back to the queue soon."""

    listed: Listed
    why: str | None

    @property
    def row(self) -> QueueRow:
        """The case."""
        return self.listed.row

    @property
    def warned(self) -> bool:
        """Whether it goes back to the queue soon if nothing happens."""
        return self.row.warned and self.row.state == Status.ACTIVE


@dataclass(frozen=True, kw_only=True)
class Today:
    """What the day begins with."""

    on_shift_until: datetime | None
    needs_me: tuple[Mine, ...]
    waits_for_newcomer: tuple[Mine, ...]
    put_away: tuple[Mine, ...]
    crises: tuple[Listed, ...]
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the queue; `after` is where the next one begins, None on the last."""

    cases: tuple[Listed, ...]
    after: Place | None
    count: int


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """Somebody of a team: how many cases of it they have now, and until when they are on shift."""

    user: UserRow
    load: int
    on_shift_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class TeamView:
    """A team: who is there, how much there is, when it is open. `hours` is None when nobody told us."""

    id: str
    name: str
    hours: Hours | None
    is_open: bool
    opens: datetime | None
    counted: Counted
    overdue: int
    late: tuple[QueueRow, ...]  # for who steers
    people: tuple[Colleague, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """A coach and who is in their group."""

    coach: UserRow
    members: tuple[GroupRow, ...]


# ---- whose cases


def teams_of(who: Actor) -> frozenset[str]:
    """Return the teams of whose cases somebody may see the rows: their own, and only when they may help."""
    return who.teams if may_open(Screen.QUEUE, who) else frozenset()


def within(who: Actor, team: str | None) -> frozenset[str]:
    """Return the same, of one team when one is asked for; a team that is not theirs gives nothing."""
    own = teams_of(who)
    return own if not team else own & {team}


def listed(runtime: Runtime, user: UserRow, row: QueueRow) -> Listed:
    """Return a case as it stands in a list before this person."""
    who, now = as_actor(user), runtime.clock.now()
    crisis_at = row.crisis_at if row.priority == "crisis" else None
    seen = Seen(status=Status(row.state), team=row.team, assignee=row.assignee_id, crisis_at=crisis_at)
    why_not = reason_to_decline(Act.TAKE, who, seen, now)
    first = why_not is Decline.PROFESSIONALS_FIRST and crisis_at is not None
    channel = runtime.channels.get(row.channel)
    window = channel.limits.window if channel else None
    return Listed(
        row=row,
        why_not=why_not,
        theirs=row.language in user.languages,
        shuts=row.heard_at + window if row.heard_at and window else None,
        trained_until=crisis_at + PROFESSIONALS_FIRST_FOR if first and crisis_at else None,
    )


# ---- the pages


def today(runtime: Runtime, user: UserRow) -> Today:
    """Return what somebody's day begins with."""
    who, now = as_actor(user), runtime.clock.now()
    teams = teams_of(who)

    def look(work: Work) -> tuple[list[QueueRow], dict[str, str], list[QueueRow], int]:
        rows = [row for row in work.queues.of(user.id) if row.team in teams]
        happened = work.queues.last_of([row.id for row in rows], NEEDS)
        waiting = sum(counted.of(Status.QUEUED) for counted in work.queues.counts(teams).values())
        return rows, happened, work.queues.crises(teams), waiting

    rows, happened, crises, waiting = runtime.database.read(look)
    mine = [Mine(listed=listed(runtime, user, row), why=happened.get(row.id)) for row in rows]
    seen = [listed(runtime, user, row) for row in crises]
    return Today(
        on_shift_until=_on_shift(user, now),
        # The queue's order, and within a priority what goes back to the queue soon.
        needs_me=tuple(
            sorted(
                (one for one in mine if one.row.state == Status.ACTIVE),
                key=lambda one: (one.row.priority != "crisis", not one.warned, one.row.priority != "urgent"),
            )
        ),
        waits_for_newcomer=tuple(one for one in mine if one.row.state == Status.AWAITING),
        put_away=tuple(one for one in mine if one.row.state == Status.SNOOZED),
        # Who is trained hears of it at once, and everybody else when they may take it.
        crises=tuple(one for one in seen if one.why_not is None),
        waiting=waiting,
    )


def queue(runtime: Runtime, user: UserRow, wanted: Wanted, after: Place | None = None) -> Page:
    """Return a page of the queue; of what is wanted, only what is in somebody's own teams."""
    teams = teams_of(as_actor(user))
    within_reach = Wanted(
        teams=wanted.teams & teams, states=wanted.states, languages=wanted.languages, topic=wanted.topic
    )

    def look(work: Work) -> tuple[list[QueueRow], int]:
        return work.queues.page(within_reach, after=after, limit=PAGE + 1), work.queues.how_many(within_reach)

    rows, count = runtime.database.read(look)
    shown = tuple(listed(runtime, user, row) for row in rows[:PAGE])
    return Page(cases=shown, after=place_of(shown[-1].row) if len(rows) > PAGE else None, count=count)


def place_of(row: QueueRow) -> Place:
    """Return where a case stands in the queue's order."""
    return Place(priority=row.priority, waiting_since=row.waiting_since, id=row.id)


def teams(runtime: Runtime, user: UserRow) -> tuple[TeamView, ...]:
    """Return the teams that somebody is in; which cases of them wait too long only to a coordinator."""
    who, now = as_actor(user), runtime.clock.now()
    own = who.teams if may_open(Screen.TEAM, who) else frozenset()
    steers = Role.COORDINATOR in who.roles
    organisation = runtime.knowledge.organisation

    def look(work: Work) -> tuple[TeamView, ...]:
        counts, overdue, loads = work.queues.counts(own), work.queues.how_many_overdue(own), work.queues.loads(own)
        late = work.queues.overdue(own, limit=PAGE) if steers else []
        people = [person for person in work.users.everybody() if person.active]
        views = []
        for team in sorted(own):
            hours, known = hours_of(runtime, team), organisation.teams.get(team)
            colleagues = tuple(
                Colleague(user=person, load=loads.get((team, person.id), 0), on_shift_until=_on_shift(person, now))
                for person in people
                if team in person.teams
            )
            view = TeamView(
                id=team,
                name=known.name if known and known.name else team,
                hours=hours,
                is_open=hours is not None and is_open(hours, now),
                opens=next_opening(hours, now) if hours else None,
                counted=counts[team],
                overdue=overdue.get(team, 0),
                late=tuple(row for row in late if row.team == team),
                people=colleagues,
            )
            views.append(view)
        return tuple(views)

    return runtime.database.read(look)


def groups(runtime: Runtime, user: UserRow) -> tuple[Group, ...]:
    """Return the coaches' groups of somebody's teams to a coordinator; to a coach their own."""
    who = as_actor(user)

    def look(work: Work) -> tuple[Group, ...]:
        if Role.COORDINATOR in who.roles:
            coaches = [one for one in work.users.everybody() if one.active and one.teams & who.teams]
        else:
            coaches = [user]
        coaches = [one for one in coaches if Role.COACH in one.roles]
        members = work.groups.of([one.id for one in coaches])
        return tuple(
            Group(coach=coach, members=tuple(one for one in members if one.coach_id == coach.id)) for coach in coaches
        )

    return runtime.database.read(look) if who.active else ()


def closed_days(runtime: Runtime) -> tuple[date, ...]:
    """Return the holidays, and the days that the organisation told us, that come."""
    first = local_day(runtime.clock.now())
    days = (first + timedelta(days=later) for later in range(AHEAD.days))
    told = runtime.knowledge.organisation.closed_on
    return tuple(day for day in days if day in told or is_holiday(day))


def _on_shift(user: UserRow, now: datetime) -> datetime | None:
    return user.on_shift_until if user.on_shift_until and user.on_shift_until > now else None


# ---- what somebody does from there


def take_next(runtime: Runtime, who: str) -> Done | None:
    """
    Take the first case of the queue that this person may take, their languages first within a priority.

    When somebody else is quicker, the next one is tried. None when there is nothing for them.
    """
    limit = AT_ONCE
    for _ in range(TRIES):
        user, rows = runtime.database.read(partial(_could_take, who, limit))
        free = [row for row in rows if user and listed(runtime, user, row).why_not is None]
        for row in free:
            done = take(runtime, who, row.id, version=row.version)
            if isinstance(done, Done):
                return done
        if not free:
            if len(rows) < limit:
                return None
            # All that was looked at is for others now, as crises are for who is trained: look further.
            limit *= 4
    return None


def _could_take(who: str, limit: int, work: Work) -> tuple[UserRow | None, list[QueueRow]]:
    user = work.users.get(who)
    if user is None:
        return None, []
    return user, work.queues.suggested(teams_of(as_actor(user)), frozenset(user.languages), limit=limit)


def begin_shift(runtime: Runtime, who: str, length: timedelta) -> None:
    """Record that somebody is there from now on, for so long at most."""
    until = runtime.clock.now() + min(length, LONGEST_SHIFT)
    runtime.database.write(lambda work: work.users.change(who, on_shift_until=until))


def end_shift(runtime: Runtime, who: str, *, give_back: bool) -> int:
    """Record that somebody leaves; return how many of their cases went back to the queue, when they give them back."""
    runtime.database.write(lambda work: work.users.change(who, on_shift_until=None))
    if not give_back:
        return 0
    rows = runtime.database.read(lambda work: work.queues.of(who))
    return sum(isinstance(release(runtime, who, row.id), Done) for row in rows)
