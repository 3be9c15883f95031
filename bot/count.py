"""
What the work looks like in numbers: who is in a trajectory, what is late, what reminders do, how soon a person helps.

Counts of people only, by the team of their coach, never by anything that somebody told. What may not be told is left
out here (`bot/trajectory/counts.py`), before anybody sees it: a page and a file are made of the same numbers. Nobody's
file is opened, so the journal has no line of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import time, timedelta
from typing import TYPE_CHECKING

from bot.answer import Declined, as_actor
from bot.domain.clock import local_day
from bot.domain.days import at
from bot.handoff.access import Screen, may_open
from bot.handoff.case import Decline, Role
from bot.trajectory.counts import Group, Row, as_of, helped, may_show, rows_of, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from bot.runtime import Runtime
    from bot.store.trajectory_counts import Parted, Reminded
    from bot.store.work import Work
    from bot.trajectory.counts import Helped, ShownGroup
    from bot.trajectory.template import Template

# How far back questions are looked at, for how soon they were answered.
HELPED_IN = timedelta(weeks=52)
# What stands before the name of a row, so that a layer and a task may have the same.
LAYER, TASK, REMINDERS = "layer:", "task:", "reminders"


@dataclass(frozen=True, kw_only=True)
class Messages:
    """How many messages reminded the people of a group, and how many of them were answered in time."""

    sent: int
    answered: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """What is told of one team (None: of all of them together) in one trajectory. `messages` goes with its row."""

    team: str | None
    shown: ShownGroup
    messages: Messages | None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One trajectory: its layers and tasks that are counted, in order, and a block for each team with people in it."""

    template: str
    layers: tuple[str, ...]
    tasks: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """
    All that somebody may see, as things stood when this week began in Amsterdam.

    `templates` are all there are, also when one was asked for. `helped` is by the team that had the cases; None where
    it may not be told.
    """

    day: date
    templates: tuple[str, ...]
    parts: tuple[Part, ...]
    helped: Mapping[str, Helped | None]


def count(runtime: Runtime, who: str, template: str | None = None) -> Counts | Declined:
    """
    Return the counts of somebody's teams, and to an administrator of all teams and their totals; of one trajectory.

    What somebody sees of a team is what everybody sees of it. A trajectory that is not known gives no counts.
    """
    day = as_of(local_day(runtime.clock.now()))
    moment = at(day, time())
    trajectories = runtime.knowledge.trajectories

    def read(work: Work) -> Counts | Declined:
        user = work.users.get(who)
        if user is None or not user.active:
            return Declined(why=Decline.NO_ACCOUNT)
        actor = as_actor(user)
        if not may_open(Screen.COUNTS, actor):
            return Declined(why=Decline.NOT_YOUR_ROLE)
        teams = None if Role.ADMINISTRATOR in actor.roles else actor.teams
        team_of = _teams(runtime, work)
        wanted = [one for name, one in trajectories.items() if template in {None, name}]
        return Counts(
            day=day,
            templates=tuple(trajectories),
            parts=tuple(_part(work, one, team_of, teams, (moment, day)) for one in wanted),
            helped=_helped(work, teams, moment),
        )

    return runtime.database.read(read)


def _part(
    work: Work,
    template: Template,
    team_of: Mapping[str | None, str],
    teams: frozenset[str] | None,
    when: tuple[datetime, date],
) -> Part:
    """Return what is told of one trajectory to who may see these teams; None: all of them, and the totals."""
    layers, tasks = rows_of(template)
    groups, messages = _groups(work, template, team_of, when)
    blocks = []
    for team, group in sorted(groups.items()):
        what = may_show(group)
        goes_along = messages[team] if what.rows[REMINDERS] is not None else None
        blocks.append(Block(team=team, shown=what, messages=goes_along))
    if teams is not None:
        blocks = [block for block in blocks if block.team in teams]
    elif len(blocks) > 1:
        blocks.append(_all_of(blocks))
    return Part(template=template.id, layers=tuple(layers), tasks=tuple(tasks), blocks=tuple(blocks))


def _groups(
    work: Work, template: Template, team_of: Mapping[str | None, str], when: tuple[datetime, date]
) -> tuple[dict[str, Group], dict[str, Messages]]:
    """Return the people of every team that has or had any in this trajectory, and the messages that reminded them."""
    moment, day = when
    layers, tasks = rows_of(template)
    for_all = {
        **{LAYER + name: yes for name, yes in layers.items()},
        **{TASK + name: yes for name, yes in tasks.items()},
    }
    counts = work.trajectory_counts
    of_layers = {name: template.tasks[name].layer for name in tasks}
    both = {
        LAYER: counts.parted(template.id, tasks, moment, day, of_layers),
        TASK: counts.parted(template.id, tasks, moment, day),
    }
    reminded = _by_team(counts.reminded(template.id, moment), team_of)
    enrolled: dict[str, int] = defaultdict(int)
    ended: dict[str, int] = defaultdict(int)
    for one in counts.enrolled(template.id, moment):
        enrolled[_team(one.coach_id, team_of)] += one.enrolled
        ended[_team(one.coach_id, team_of)] += one.ended
    parted: dict[tuple[str, str], list[Parted]] = defaultdict(list)
    for kind, found in both.items():
        for part in found:
            parted[_team(part.coach_id, team_of), kind + part.name].append(part)
    groups, messages = {}, {}
    for team, people in enrolled.items():
        rows = {name: _row(parted[team, name], people, for_all=yes) for name, yes in for_all.items()}
        theirs = reminded[team]
        reached, answered = sum(one.people for one in theirs), sum(one.people_who_answered for one in theirs)
        # Everybody is reminded sooner or later: that all of them were tells nothing.
        rows[REMINDERS] = Row(late=reached - answered, on_time=answered, rest=people - reached, for_all=True)
        groups[team] = Group(enrolled=people, ended=ended[team], rows=rows)
        sent, heard = sum(one.messages for one in theirs), sum(one.answered for one in theirs)
        messages[team] = Messages(sent=sent, answered=heard)
    return groups, messages


def _row(parts: Iterable[Parted], people: int, *, for_all: bool) -> Row:
    several = list(parts)
    late, on_time = sum(one.late for one in several), sum(one.on_time for one in several)
    return Row(late=late, on_time=on_time, rest=people - late - on_time, for_all=for_all)


def _all_of(blocks: Sequence[Block]) -> Block:
    """Return the totals; of the messages too where they are told of every team."""
    known = [block.messages for block in blocks if block.messages is not None]
    both = Messages(sent=sum(one.sent for one in known), answered=sum(one.answered for one in known))
    return Block(
        team=None,
        shown=together([block.shown for block in blocks]),
        messages=both if len(known) == len(blocks) else None,
    )


def _helped(work: Work, teams: frozenset[str] | None, moment: datetime) -> dict[str, Helped | None]:
    waited: dict[str, list[tuple[str, timedelta]]] = defaultdict(list)
    for one in work.trajectory_counts.waited(moment - HELPED_IN, moment):
        if teams is None or one.team in teams:
            waited[one.team].append((one.newcomer_id, one.waited))
    return {team: helped(found) for team, found in sorted(waited.items())}


# ---- whose team


def _teams(runtime: Runtime, work: Work) -> dict[str | None, str]:
    """Return the team of each coach, as a new case of their people would get it (`team.team_of_coach`)."""
    organisation = runtime.knowledge.organisation
    found: dict[str | None, str] = {None: organisation.otherwise}
    for user in work.users.everybody():
        theirs = [team for team in organisation.teams if user.active and team in user.teams]
        found[user.id] = next(iter(theirs), organisation.otherwise)
    return found


def _team(coach_id: str | None, team_of: Mapping[str | None, str]) -> str:
    return team_of.get(coach_id, team_of[None])


def _by_team(reminded: Iterable[Reminded], team_of: Mapping[str | None, str]) -> dict[str, list[Reminded]]:
    found: dict[str, list[Reminded]] = defaultdict(list)
    for one in reminded:
        found[_team(one.coach_id, team_of)].append(one)
    return found
