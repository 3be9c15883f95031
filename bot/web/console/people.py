"""Settings, people: who works at the desk, as what, in which teams. For administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot import appoint
from bot.appoint import Known, Person, Unfit
from bot.handoff.access import Screen
from bot.handoff.case import Role
from bot.sign_in import can_sign_in
from bot.web.console.door import Door
from bot.web.console.sign_in import invitation_link

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.appoint import Appointed
    from bot.store.rows import UserRow
    from bot.web.console.door import Visit

PEOPLE = "/desk/settings/people"
# Which field of the form each reason is about; the others stand above it.
ABOUT = {
    Unfit.NO_NAME: "pseudonym",
    Unfit.NAME_TAKEN: "pseudonym",
    Unfit.BAD_SIGN_IN: "sign_in",
    Unfit.SIGN_IN_TAKEN: "sign_in",
    Unfit.NO_ORGANISATION: "organisation",
}
NOBODY = Person(pseudonym="", sign_in="", roles=frozenset({Role.VOLUNTEER}))


def known_to(visit: Visit) -> Known:
    """Return the teams of the organisation and the languages of the assistant."""
    knowledge = visit.runtime.knowledge
    return Known(teams=knowledge.organisation.teams, languages=knowledge.content.languages.all)


def _form(visit: Visit, person: Person, unfit: Unfit | None) -> dict[str, object]:
    """Return what the form about somebody needs."""
    knowledge = visit.runtime.knowledge
    teams = {team.id: team.name or team.id for team in knowledge.organisation.teams.values()}
    wrong = visit.words(f"settings_unfit_{unfit}") if unfit else ""
    return {
        "person": person,
        "roles": tuple(Role),
        # A team that the organisation names no more is shown for who is still in it.
        "teams": {**teams, **{team: team for team in person.teams if team not in teams}},
        "languages": knowledge.content.languages.all,
        "wrong": {ABOUT.get(unfit, "other"): wrong} if unfit else {},
    }


def _given(visit: Visit) -> Person:
    languages = known_to(visit).languages
    chosen = visit.chosen("language")
    return Person(
        pseudonym=visit.given("pseudonym"),
        sign_in=visit.given("sign_in"),
        roles=frozenset(visit.chosen("role")),
        teams=frozenset(visit.chosen("team")),
        languages=(
            *(code for code in languages if code in chosen),
            *(code for code in chosen if code not in languages),
        ),
        organisation=visit.given("organisation"),
    )


def people_page(visit: Visit) -> Response:
    """Show who has an account, and the form to add somebody."""
    return _people(visit, NOBODY)


def _people(visit: Visit, person: Person, unfit: Unfit | None = None) -> Response:
    everybody, invited = visit.runtime.database.read(
        lambda work: (
            everybody := work.users.everybody(),
            {user.id for user in everybody if work.sign_ins.has_invitation(user.id, visit.now)},
        )
    )
    return visit.page(
        "people.html",
        status=422 if unfit else 200,
        everybody=[(user, _state(user, user.id in invited)) for user in everybody],
        **_form(visit, person, unfit),
    )


def _state(user: UserRow, is_invited: bool) -> str:
    if not user.active:
        return "off"
    if can_sign_in(user):
        return "invited_anew" if is_invited else "on"
    return "invited" if is_invited else "without_link"


def add(visit: Visit) -> Response:
    """Add somebody, and show the link they are invited by."""
    person = _given(visit)
    done = appoint.add(visit.runtime.database, person, known_to(visit), visit.now)
    return _people(visit, person, done) if isinstance(done, Unfit) else _link(visit, done)


def _link(visit: Visit, done: Appointed) -> Response:
    """Show a one-time link, once: it stands in no address and is stored nowhere."""
    assert done.link is not None
    link = invitation_link(visit.site.entrance.here(visit.request), done.link)
    return visit.page("people_link.html", who=done.user, link=link)


def person_page(visit: Visit) -> Response:
    """Show what somebody is, to be changed."""
    user = _somebody(visit)
    return _person(visit, user, _as_is(visit, user))


def _somebody(visit: Visit) -> UserRow:
    user_id = str(visit.request.path_params["user"])
    user = visit.runtime.database.read(lambda work: work.users.get(user_id))
    if user is None:
        raise HTTPException(404)
    return user


def _as_is(visit: Visit, user: UserRow) -> Person:
    own = user.organisation_id
    name = visit.runtime.database.read(lambda work: work.publishing.organisation(own)) if own else None
    return Person(
        pseudonym=user.pseudonym,
        sign_in=user.sign_in or "",
        roles=user.roles,
        teams=user.teams,
        languages=user.languages,
        organisation=name or "",
    )


def _person(visit: Visit, user: UserRow, person: Person, unfit: Unfit | None = None) -> Response:
    status = 422 if unfit else 200
    return visit.page("person.html", status=status, who=user, **_form(visit, person, unfit))


def change(visit: Visit) -> Response:
    """Make somebody what the form says."""
    user, person = _somebody(visit), _given(visit)
    done = appoint.change(visit.runtime.database, user.id, person, known_to(visit), visit.now)
    return _person(visit, user, person, done) if isinstance(done, Unfit) else visit.go(PEOPLE, said="settings_saved")


def invite(visit: Visit) -> Response:
    """Make a new link for somebody, and show it."""
    user = _somebody(visit)
    done = appoint.invite(visit.runtime.database, user.id, visit.now)
    return _person(visit, user, _as_is(visit, user), done) if isinstance(done, Unfit) else _link(visit, done)


def switch(visit: Visit) -> Response:
    """Switch an account off, or on."""
    user = _somebody(visit)
    on = visit.given("to") == "on"
    done = (appoint.switch_on if on else appoint.switch_off)(visit.runtime.database, user.id)
    if isinstance(done, Unfit):
        return _person(visit, user, _as_is(visit, user), done)
    return visit.go(PEOPLE, said="settings_switched_on" if on else "settings_switched_off")


_POST = ("POST",)
DOORS: tuple[Door, ...] = (
    Door(path=PEOPLE, screen=Screen.PEOPLE, endpoint=people_page),
    Door(path=PEOPLE, screen=Screen.PEOPLE, endpoint=add, methods=_POST),
    Door(path=f"{PEOPLE}/{{user}}", screen=Screen.PEOPLE, endpoint=person_page),
    Door(path=f"{PEOPLE}/{{user}}", screen=Screen.PEOPLE, endpoint=change, methods=_POST),
    Door(path=f"{PEOPLE}/{{user}}/invite", screen=Screen.PEOPLE, endpoint=invite, methods=_POST),
    Door(path=f"{PEOPLE}/{{user}}/switch", screen=Screen.PEOPLE, endpoint=switch, methods=_POST),
)
