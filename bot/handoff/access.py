"""
Who may open what at the desk. What is not here is shut.

In 2017 a newspaper showed that volunteers of a refugee organisation could open 1,300 files with citizen numbers and
copies of identity papers. So a file opens for who has the case, for the newcomer's own coach, and for a coordinator of
the team who says why; and never across teams.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.handoff.case import HELPERS, Decline, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.handoff.case import Actor, Seen


class Screen(StrEnum):
    """The pages of the console."""

    TODAY = "today"
    QUEUE = "queue"
    CASE = "case"
    LETTER = "letter"
    GROUP = "group"  # of a coach: theirs, nobody else's
    REPLIES = "replies"
    OFFERS = "offers"  # an organiser's: those of their organisation; a coordinator's: all
    MATCHES = "matches"  # who is put together with whom
    QUESTIONS = "questions"  # of organisations: an organiser's own, those of a team, a coordinator's: all
    NOTES = "notes"  # what is good to know, made of answers
    TEAM = "team"
    COUNTS = "counts"
    PRIVACY = "privacy"
    SETTINGS = "settings"
    PEOPLE = "people"  # a part of Settings: who works here, and as what


EVERYBODY = frozenset(Role)
STEERING = frozenset({Role.COORDINATOR, Role.ADMINISTRATOR})

MAY_OPEN: Mapping[Screen, frozenset[Role]] = {
    Screen.TODAY: EVERYBODY,
    Screen.QUEUE: HELPERS,
    Screen.CASE: HELPERS,
    Screen.LETTER: HELPERS,
    Screen.GROUP: frozenset({Role.COACH}),
    Screen.REPLIES: HELPERS | {Role.CONTENT_EDITOR},
    Screen.OFFERS: frozenset({Role.ORGANISER, Role.COORDINATOR}),
    Screen.MATCHES: frozenset({Role.COORDINATOR}),
    Screen.QUESTIONS: HELPERS | {Role.ORGANISER},
    Screen.NOTES: EVERYBODY,
    Screen.TEAM: HELPERS | STEERING,
    Screen.COUNTS: STEERING,
    Screen.PRIVACY: STEERING,
    Screen.SETTINGS: EVERYBODY,
    Screen.PEOPLE: frozenset({Role.ADMINISTRATOR}),
}


def may_open(screen: Screen, who: Actor) -> bool:
    """Return whether somebody may open this page at all; what stands on it is asked for each case."""
    return who.active and bool(who.roles & MAY_OPEN[screen])


def reason_not_to_see(who: Actor, case: Seen, *, coach: str | None, reason: str) -> Decline | None:
    """
    Return why this person may not open this newcomer's file now, or None when they may.

    `coach` is who has the newcomer in their group; `reason` is why a coordinator wants to look, and is journalled.
    """
    if not who.active:
        return Decline.NO_ACCOUNT
    if not who.roles & MAY_OPEN[Screen.CASE]:
        return Decline.NOT_YOUR_ROLE
    if Role.COACH in who.roles and coach == who.id:
        return None
    if case.team not in who.teams:
        return Decline.OTHER_TEAM
    if case.assignee == who.id:
        return None
    if Role.COORDINATOR in who.roles:
        return None if reason.strip() else Decline.NEEDS_REASON
    return Decline.NOT_YOURS


def reason_not_to_oversee(who: Actor, team: str) -> Decline | None:
    """
    Return why this person may not export or erase what is kept of a newcomer of this team; None when they may.

    Administrators may for every team: somebody must, also for a team that has no coordinator.
    """
    if not who.active:
        return Decline.NO_ACCOUNT
    if not who.roles & STEERING:
        return Decline.NOT_YOUR_ROLE
    if Role.ADMINISTRATOR in who.roles or team in who.teams:
        return None
    return Decline.OTHER_TEAM
