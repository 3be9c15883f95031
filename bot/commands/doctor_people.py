"""Who works at the desk, as `wegwijs doctor` sees it: counts, and names that newcomers see; nothing else of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands.doctor_finding import fine, warning, wrong
from bot.domain.clock import SystemClock
from bot.handoff.case import HELPERS, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.commands.doctor_finding import Finding
    from bot.knowledge.knowledge import Knowledge
    from bot.settings import Settings
    from bot.store.database import Database
    from bot.store.rows import UserRow


def team(settings: Settings, database: Database, knowledge: Knowledge | None) -> Iterator[Finding]:
    """Look whether somebody looks after the accounts, who has no second factor, and whether teams have people."""
    everybody = [user for user in database.read(lambda work: work.users.everybody()) if user.active]
    yield _administrators(everybody)
    # Who comes in by the organisation's own sign-in may have had the second factor there.
    without = [user for user in everybody if user.has_password and not user.has_totp]
    if without and not settings.has_oidc:
        mend = "each of them opens their invitation again: wegwijs users invite"
        yield warning("second factor", f"{len(without)} people with a password have no code of an app yet", mend)
    elif everybody:
        yield fine("second factor", "everybody who has a password has one")
    if knowledge is not None:
        yield from _teams(everybody, knowledge)


def _administrators(everybody: Sequence[UserRow]) -> Finding:
    able = [user for user in everybody if Role.ADMINISTRATOR in user.roles and user.has_password]
    if not able:
        mend = "start wegwijs serve and open the link that it prints, or: wegwijs users add NAME --role administrator"
        return wrong("administrators", "nobody can look after the accounts", mend)
    if len(able) == 1:
        mend = "appoint a second one, for the day on which the first is ill: wegwijs users roles"
        return warning("administrators", "there is one", mend)
    return fine("administrators", f"there are {len(able)}")


def _teams(everybody: Sequence[UserRow], knowledge: Knowledge) -> Iterator[Finding]:
    now = SystemClock().now()
    helpers = [user for user in everybody if HELPERS & set(user.roles)]
    empty = sorted(name for name in knowledge.organisation.teams if not any(name in user.teams for user in helpers))
    if empty:
        mend = "wegwijs users add NAME --team, or route its questions elsewhere in content/organisation/"
        yield wrong("teams", f"nobody is in {', '.join(empty)}: what is sent there waits for ever", mend)
    else:
        yield fine("teams", "every team has people")
    on_duty = [user for user in helpers if user.on_shift_until is not None and user.on_shift_until > now]
    yield fine("on duty", f"{len(on_duty)} of {len(helpers)} helpers say that they are on duty now")
