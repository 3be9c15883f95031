"""`wegwijs users`: who works at the desk. What it prints of a link is the only time that anybody sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table

from bot import appoint
from bot.appoint import SIGN_IN, Appointed, Known, Person, Unfit
from bot.handoff.case import Role
from bot.sign_in import INVITED_FOR, can_sign_in
from bot.web.console.sign_in import invitation_link

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from bot.knowledge.knowledge import Knowledge
    from bot.store.database import Database
    from bot.store.rows import UserRow

HERE = "http://127.0.0.1:8000"
ROLES = ", ".join(Role)


def show(database: Database, screen: Console, now: datetime) -> int:
    """Print who has an account; return 0."""
    everybody, invited = database.read(
        lambda work: (
            found := work.users.everybody(),
            {user.id for user in found if work.sign_ins.has_invitation(user.id, now)},
        )
    )
    if not everybody:
        screen.print("Nobody has an account yet: `wegwijs users add NAME --role administrator` adds the first.")
        return 0
    table = Table("sign-in name", "name", "roles", "teams", "speaks", "account")
    for user in everybody:
        table.add_row(
            user.sign_in or "–",
            user.pseudonym,
            ", ".join(sorted(user.roles)),
            ", ".join(sorted(user.teams)),
            " ".join(user.languages),
            _state(user, is_invited=user.id in invited),
        )
    screen.print(table)
    return 0


def _state(user: UserRow, *, is_invited: bool) -> str:
    if not user.active:
        return "off"
    if can_sign_in(user):
        return "on, has a new link" if is_invited else "on"
    return "invited" if is_invited else "no link: invite again"


def known_to(knowledge: Knowledge) -> Known:
    """Return the teams and languages that somebody may have here."""
    return Known(teams=knowledge.organisation.teams, languages=knowledge.content.languages.all)


def add(database: Database, screen: Console, person: Person, known: Known, *, base: str | None, now: datetime) -> int:  # noqa: PLR0913  # who, and where they will sign in
    """Add somebody and print their link; return 0."""
    done = _done(appoint.add(database, person, known, now), person, known)
    screen.print(f"{done.user.sign_in} is added as {_as_what(done.user)}.")
    _print_link(screen, done, base)
    return 0


def set_roles(  # noqa: PLR0913  # whose, and what they are from now on
    database: Database,
    screen: Console,
    name: str,
    *,
    roles: tuple[str, ...],
    teams: tuple[str, ...],
    organisation: str | None,
    known: Known,
    now: datetime,
) -> int:
    """Give somebody these roles instead of theirs, and these teams when some are named; return 0."""
    user = _somebody(database, name)
    own = user.organisation_id
    before = database.read(lambda work: work.publishing.organisation(own)) if own else None
    person = Person(
        pseudonym=user.pseudonym,
        sign_in=user.sign_in or "",
        roles=frozenset(roles),
        teams=frozenset(teams) or user.teams,
        languages=user.languages,
        organisation=organisation or before or "",
    )
    done = _done(appoint.change(database, user.id, person, known, now), person, known)
    screen.print(f"{done.user.sign_in} is now {_as_what(done.user)}; it counts from their next click on.")
    return 0


def invite(database: Database, screen: Console, name: str, *, base: str | None, now: datetime) -> int:
    """Print a new link for somebody; return 0."""
    user = _somebody(database, name)
    done = _done(appoint.invite(database, user.id, now))
    _print_link(screen, done, base)
    return 0


def switch(database: Database, screen: Console, name: str, *, on: bool) -> int:
    """Switch an account on or off; return 0."""
    user = _somebody(database, name)
    _done((appoint.switch_on if on else appoint.switch_off)(database, user.id))
    if on:
        screen.print(f"{name} can sign in again, with the password and the app from before.")
    else:
        screen.print(f"{name} is signed out everywhere; their cases go back to the queue.")
    return 0


def _somebody(database: Database, name: str) -> UserRow:
    user, everybody = database.read(lambda work: (work.users.by_sign_in(name), work.users.everybody()))
    if user is None:
        names = ", ".join(sorted(one.sign_in for one in everybody if one.sign_in)) or "nobody yet"
        raise click.BadParameter(f"nobody signs in as '{name}'; there are: {names}")
    return user


def _as_what(user: UserRow) -> str:
    teams = f" in {', '.join(sorted(user.teams))}" if user.teams else " in no team"
    return ", ".join(sorted(user.roles)) + teams


def _print_link(screen: Console, done: Appointed, base: str | None) -> None:
    assert done.link is not None
    days = INVITED_FOR.days
    screen.print(f"Give them this link; it works once, for {days} days, and is shown only now:")
    screen.print(f"  {invitation_link(base or HERE, done.link)}", soft_wrap=True)
    if base is None:
        screen.print(f"(PUBLIC_URL is not set: {HERE} works on this machine only.)")


def _done(result: Appointed | Unfit, person: Person | None = None, known: Known | None = None) -> Appointed:
    """Return what was done, or raise what to do instead."""
    if isinstance(result, Appointed):
        return result
    teams = ", ".join(sorted(known.teams)) if known else ""
    wrong = ", ".join(sorted(person.teams - set(known.teams))) if person and known else ""
    match result:
        case Unfit.UNKNOWN_TEAM:
            raise click.BadParameter(
                f"this organisation has no team '{wrong}'; its teams are: {teams}. "
                "WEGWIJS_ORGANISATION chooses the organisation."
            )
        case Unfit.UNKNOWN_LANGUAGE:
            raise click.BadParameter(f"not every language is known; use: {' '.join(known.languages) if known else ''}")
        case Unfit.UNKNOWN_ROLE | Unfit.NO_ROLE:
            raise click.BadParameter(f"name at least one role of: {ROLES}")
        case Unfit.BAD_SIGN_IN | Unfit.NO_NAME:
            raise click.BadParameter(
                "a sign-in name has 2 to 64 small letters, digits and . _ @ + - "
                f"({SIGN_IN.pattern}); a name has at most 64 signs"
            )
        case Unfit.SIGN_IN_TAKEN | Unfit.NAME_TAKEN:
            raise click.ClickException(
                "somebody has this name already: `wegwijs users list` shows who; --name gives another to newcomers"
            )
        case Unfit.NO_ORGANISATION:
            raise click.BadParameter("say whose offers an organiser looks after: --organisation NAME")
        case Unfit.LAST_ADMINISTRATOR:
            raise click.ClickException(
                "nobody else could look after the accounts: make somebody else administrator first, and wait until "
                "they have signed in"
            )
        case Unfit.SWITCHED_OFF:
            raise click.ClickException("this account is off: `wegwijs users enable` switches it on first")
        case Unfit.GONE:
            raise click.ClickException("this account is not there any more")
