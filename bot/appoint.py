"""Who works at the desk: somebody is added, invited, given other roles or teams, switched off and on again."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.handoff.case import Role
from bot.sign_in import INVITED_FOR, can_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import UserRow
    from bot.store.work import Work

LONGEST_NAME, LONGEST_ORGANISATION = 64, 200
SIGN_IN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")


class Unfit(StrEnum):
    """Why nothing was changed."""

    GONE = "gone"  # no such account
    NO_NAME = "no_name"  # none, or longer than 64 signs
    NAME_TAKEN = "name_taken"
    BAD_SIGN_IN = "bad_sign_in"  # letters, digits and . _ @ + -, at least two
    SIGN_IN_TAKEN = "sign_in_taken"
    NO_ROLE = "no_role"
    UNKNOWN_ROLE = "unknown_role"
    UNKNOWN_TEAM = "unknown_team"
    UNKNOWN_LANGUAGE = "unknown_language"
    NO_ORGANISATION = "no_organisation"  # an organiser is of one
    LAST_ADMINISTRATOR = "last_administrator"
    SWITCHED_OFF = "switched_off"  # nobody is invited to an account that is off


@dataclass(frozen=True, kw_only=True)
class Person:
    """
    What somebody is at the desk. `pseudonym` is what newcomers may see, `sign_in` what they sign in with.

    `organisation` is the name of an organiser's, which may be new; for others it is empty.
    """

    pseudonym: str
    sign_in: str
    roles: frozenset[str]
    teams: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ()
    organisation: str = ""


@dataclass(frozen=True, kw_only=True)
class Known:
    """The teams of the organisation, and the languages of the assistant."""

    teams: Collection[str]
    languages: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Appointed:
    """Somebody as they are now, with their one-time link when there is a new one."""

    user: UserRow
    link: str | None = field(default=None, repr=False)


def add(database: Database, person: Person, known: Known, now: datetime) -> Appointed | Unfit:
    """Add somebody and invite them."""
    link = secrets.token_urlsafe(32)

    def attempt(work: Work) -> Appointed | Unfit:
        unfit = _reason_not_to_be(work, person, known, None)
        if unfit is not None:
            return unfit
        user = work.users.add(
            person.pseudonym.strip(),
            roles=person.roles,
            teams=person.teams,
            languages=person.languages,
            now=now,
            sign_in=person.sign_in.strip().lower(),
            organisation_id=_organisation(work, person, now),
        )
        work.sign_ins.invite(user.id, link, now + INVITED_FOR)
        return Appointed(user=user, link=link)

    return database.write(attempt)


def change(database: Database, user_id: str, person: Person, known: Known, now: datetime) -> Appointed | Unfit:
    """Make somebody what `person` says; it counts from their next request on."""

    def attempt(work: Work) -> Appointed | Unfit:
        before = work.users.get(user_id)
        if before is None:
            return Unfit.GONE
        unfit = _reason_not_to_be(work, person, known, before)
        if unfit is None and Role.ADMINISTRATOR not in person.roles and _is_last_administrator(work, before):
            unfit = Unfit.LAST_ADMINISTRATOR
        if unfit is not None:
            return unfit
        work.users.change(
            user_id,
            pseudonym=person.pseudonym.strip(),
            sign_in=person.sign_in.strip().lower(),
            roles_json=sorted(person.roles),
            teams_json=sorted(person.teams),
            languages_json=list(person.languages),
            organisation_id=_organisation(work, person, now),
        )
        return _as_they_are(work, user_id)

    return database.write(attempt)


def invite(database: Database, user_id: str, now: datetime) -> Appointed | Unfit:
    """
    Give somebody a new one-time link: for a first password and code, or new ones for who lost them.

    What they have works until the link is used.
    """
    link = secrets.token_urlsafe(32)

    def attempt(work: Work) -> Appointed | Unfit:
        user = work.users.get(user_id)
        if user is None:
            return Unfit.GONE
        if not user.active:
            return Unfit.SWITCHED_OFF
        if user.sign_in is None:
            return Unfit.BAD_SIGN_IN
        work.sign_ins.invite(user_id, link, now + INVITED_FOR)
        return Appointed(user=user, link=link)

    return database.write(attempt)


def switch_off(database: Database, user_id: str) -> Appointed | Unfit:
    """Switch an account off: it is signed in nowhere from now on, and its cases go back to their queues."""

    def attempt(work: Work) -> Appointed | Unfit:
        user = work.users.get(user_id)
        if user is None:
            return Unfit.GONE
        if _is_last_administrator(work, user):
            return Unfit.LAST_ADMINISTRATOR
        work.users.set_active(user_id, active=False)
        return _as_they_are(work, user_id)

    return database.write(attempt)


def switch_on(database: Database, user_id: str) -> Appointed | Unfit:
    """Switch an account on again; its password and codes are what they were."""
    return database.write(
        lambda work: _as_they_are(work, user_id) if work.users.set_active(user_id, active=True) else Unfit.GONE
    )


def _as_they_are(work: Work, user_id: str) -> Appointed | Unfit:
    user = work.users.get(user_id)
    return Appointed(user=user) if user is not None else Unfit.GONE


def _organisation(work: Work, person: Person, now: datetime) -> str | None:
    is_organiser = Role.ORGANISER in person.roles
    return work.offers.add_organisation(person.organisation.strip(), now) if is_organiser else None


def _is_last_administrator(work: Work, user: UserRow) -> bool:
    # Everybody is held: two administrators who switch each other off at once would leave none.
    others = [other for other in work.users.everybody(held=True) if other.id != user.id and can_sign_in(other)]
    is_one = user.active and Role.ADMINISTRATOR in user.roles
    return is_one and not any(Role.ADMINISTRATOR in other.roles for other in others)


def _reason_not_to_be(work: Work, person: Person, known: Known, before: UserRow | None) -> Unfit | None:
    """Return the first thing that is wrong with what somebody should be; what they were before they may stay."""
    own = before.id if before else None
    stays = before.teams if before else frozenset()
    spoken = before.languages if before else ()
    wrong: tuple[tuple[Callable[[], bool], Unfit], ...] = (
        (lambda: not 1 <= len(person.pseudonym.strip()) <= LONGEST_NAME, Unfit.NO_NAME),
        (lambda: not SIGN_IN.fullmatch(person.sign_in.strip().lower()), Unfit.BAD_SIGN_IN),
        (lambda: not person.roles, Unfit.NO_ROLE),
        (lambda: not person.roles <= set(Role), Unfit.UNKNOWN_ROLE),
        (lambda: Role.ORGANISER in person.roles and not _is_name(person.organisation), Unfit.NO_ORGANISATION),
        (lambda: not person.teams <= {*known.teams, *stays}, Unfit.UNKNOWN_TEAM),
        (lambda: not set(person.languages) <= {*known.languages, *spoken}, Unfit.UNKNOWN_LANGUAGE),
        (lambda: _is_other(work.users.by_pseudonym(person.pseudonym.strip()), own), Unfit.NAME_TAKEN),
        (lambda: _is_other(work.users.by_sign_in(person.sign_in.strip()), own), Unfit.SIGN_IN_TAKEN),
    )
    return next((unfit for is_wrong, unfit in wrong if is_wrong()), None)


def _is_name(organisation: str) -> bool:
    return 1 <= len(organisation.strip()) <= LONGEST_ORGANISATION


def _is_other(found: UserRow | None, own: str | None) -> bool:
    return found is not None and found.id != own
