"""A coach's pages: sessions, appointments, and one message to the group."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from bot.handoff.organisation import Team
from tests.console.conftest import words_of_page
from tests.trajectory.small import EVENING, template

if TYPE_CHECKING:
    from bot.commands.throwaway import Conversation
    from bot.store.rows import UserRow
    from tests.console.conftest import Office, Person, Reply

SESSIONS, MESSAGE = "/desk/group/sessions", "/desk/group/message"
FORM = {"what": "free", "subject": "Samen koken", "day": "2026-12-03", "time": "14:00", "place": "De bibliotheek"}


@dataclass
class Circle:
    """A coach at the console, with two people in their group."""

    office: Office
    coach: UserRow
    browser: Person
    talks: list[Conversation]
    ids: list[str]

    def post(self, path: str, fields: dict[str, str], **many: list[str]) -> Reply:
        pairs = [("token", self.browser.token), *fields.items()]
        pairs += [(name, value) for name, values in many.items() for value in values]
        form = {"content_type": "application/x-www-form-urlencoded"}
        return self.browser.ask("POST", path, urlencode(pairs).encode(), form)

    def plans(self, **other: str) -> str:
        """Plan a session with all; return its address."""
        reply = self.post(SESSIONS, {**FORM, **other}, guest=self.ids)
        assert reply.status == 303, words_of_page(reply.text)
        return reply.location.split("?")[0]

    def page(self, path: str) -> str:
        reply = self.browser.get(path)
        assert reply.status == 200, reply.status
        return words_of_page(reply.text)


@pytest.fixture
def circle(office: Office) -> Circle:
    desk = office.desk
    now = desk.clock.now()
    coach = desk.runtime.database.write(
        lambda work: work.users.add("Coby", roles=["coach"], teams=["form_team"], now=now)
    )
    small = template(EVENING)
    organisation = desk.runtime.knowledge.organisation
    teams = {**organisation.teams, "form_team": Team(id="form_team", name="Infopunt", hours=_hours(office))}
    object.__setattr__(desk.runtime.knowledge, "trajectories", {small.id: small})
    object.__setattr__(desk.runtime.knowledge, "organisation", replace(organisation, teams=teams))
    talks = [desk.newcomer(), desk.newcomer("en")]
    ids = []
    for talk in talks:
        found = desk.runtime.database.read(lambda work, one=talk: work.newcomers.at(desk.wire.name, one._address))
        assert found is not None
        ids.append(found.newcomer.id)
        desk.runtime.database.write(lambda work, one=ids[-1]: work.newcomers.set_coach(one, coach.id))
    desk.delivered()
    return Circle(office=office, coach=coach, browser=office.signed_in(coach), talks=talks, ids=ids)


def _hours(office: Office) -> object:
    return office.desk.runtime.knowledge.organisation.teams["form_team"].hours


# ---- sessions


def test_a_session_is_planned_and_seen(circle: Circle) -> None:
    assert "Er staat niets gepland." in circle.page(SESSIONS)
    home = circle.plans()
    assert circle.office.desk.delivered() == ["utter_session_invited"] * 2
    page = circle.page(SESSIONS)
    assert "Samen koken" in page
    assert "donderdag 3 december, 14:00" in page
    assert "2 uitgenodigd, 0 komen, 0 komen niet" in page
    circle.talks[0].send("knop", payload=f"/session yes {home.rsplit('/', 1)[1]}")
    page = circle.page(home)
    assert "donderdag 3 december om 14:00, De bibliotheek" in page
    assert "Komt" in page
    assert "Nog geen antwoord" in page
    assert "Verstuurd" in page
    assert "Wie was erbij" not in page  # it has not begun


def test_a_task_of_a_template(circle: Circle) -> None:
    home = circle.plans(what="small/evening")
    assert "evening" in circle.page(home)  # this small assistant has no words for it


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"subject": ""}, "Schrijf waar het over gaat."),
        ({"day": "2026-11-20"}, "Kies een dag en een tijd die nog komen"),
        ({"day": "gisteren"}, "Kies een dag en een tijd die nog komen"),
        ({"time": "26:00"}, "Kies een dag en een tijd die nog komen"),
        ({"place": ""}, "Schrijf waar het is."),
        ({"what": "small/welcome"}, "Voor deze taak worden geen bijeenkomsten gepland."),
    ],
)
def test_what_does_not_go_says_why_and_keeps_what_was_typed(circle: Circle, other: dict[str, str], said: str) -> None:
    reply = circle.post(SESSIONS, {**FORM, **other}, guest=circle.ids)
    assert reply.status == 422
    assert said in words_of_page(reply.text)
    typed = {**FORM, **other}
    assert f'value="{typed["place"]}"' in reply.text
    assert f'value="{typed["subject"]}"' in reply.text
    assert len(re.findall(r'name="guest"[^>]* checked', reply.text)) == 2
    assert circle.office.desk.delivered() == []


def test_nobody_outside_the_group_is_invited(circle: Circle) -> None:
    for guests in ([], ["nobody"], [*circle.ids, "nobody"]):
        reply = circle.post(SESSIONS, FORM, guest=guests)
        assert reply.status == 422
        assert "Kies wie u uitnodigt uit uw eigen groep." in words_of_page(reply.text)
    assert circle.office.desk.delivered() == []


@pytest.mark.parametrize(
    ("day", "time", "team", "said"),
    [
        ("2026-12-25", "14:00", "", "Dit is een feestdag."),
        ("2026-12-05", "14:00", "form_team", "Het team is er niet op die dag."),
        ("2026-12-03", "19:00", "form_team", "Het team is er die dag op andere uren."),
    ],
)
def test_a_doubtful_moment_asks_for_a_second_word(circle: Circle, day: str, time: str, team: str, said: str) -> None:
    fields = {"what": "appointment", "day": day, "time": time, "team": team, "place": "Balie 2"}
    reply = circle.post(SESSIONS, fields, guest=circle.ids[:1])
    assert reply.status == 422
    assert said in words_of_page(reply.text)
    assert circle.office.desk.delivered() == []
    again = circle.post(SESSIONS, {**fields, "anyway": "1"}, guest=circle.ids[:1])
    assert again.status == 303
    assert circle.office.desk.delivered() == ["utter_session_invited"]


def test_an_appointment_is_with_one_person_at_a_team_that_is_there(circle: Circle) -> None:
    form = circle.browser.get(f"{SESSIONS}?for=appointment").text
    assert 'type="radio" name="guest"' in form
    assert "Een afspraak maken met één persoon" in words_of_page(form)
    fields = {"what": "appointment", "day": "2026-12-03", "time": "10:00", "team": "form_team", "place": ""}
    both = circle.post(SESSIONS, fields, guest=circle.ids)
    assert both.status == 422
    assert "Een afspraak is met één persoon." in words_of_page(both.text)
    reply = circle.post(SESSIONS, fields, guest=circle.ids[:1])
    page = words_of_page(circle.browser.follow(reply).text)
    assert "Gepland." in page
    assert "donderdag 3 december om 10:00, Infopunt" in page
    assert "Meer mensen uitnodigen" not in page


def test_it_is_moved_called_off_and_more_are_invited(circle: Circle) -> None:
    reply = circle.post(SESSIONS, FORM, guest=circle.ids[:1])
    home = reply.location.split("?")[0]
    assert circle.post(f"{home}/invite", {}, guest=circle.ids[1:]).status == 303
    circle.office.desk.delivered()
    moved = circle.post(f"{home}/move", {"day": "2026-12-04", "time": "15:30", "place": "Het wijkhuis"})
    assert "vrijdag 4 december om 15:30, Het wijkhuis" in words_of_page(circle.browser.follow(moved).text)
    assert circle.office.desk.delivered() == ["utter_session_moved"] * 2
    wrong = circle.post(f"{home}/move", {"day": "x", "time": "15:30", "place": "Het wijkhuis"})
    assert wrong.status == 422
    off = circle.post(f"{home}/cancel", {})
    page = words_of_page(circle.browser.follow(off).text)
    assert "Gaat niet door." in page
    assert circle.office.desk.delivered() == ["utter_session_cancelled"] * 2
    assert circle.post(f"{home}/cancel", {}).status == 409
    assert "Gaat niet door." in circle.page(SESSIONS)


def test_who_was_there_is_noted(circle: Circle) -> None:
    home = circle.plans()
    assert circle.post(f"{home}/attendance", {}, present=circle.ids).status == 409
    circle.office.desk.wait(days=10, hours=6)
    circle.browser = circle.office.signed_in(circle.coach)
    assert "Wie was erbij" in circle.page(home)
    noted = circle.post(f"{home}/attendance", {}, present=circle.ids[:1])
    assert "Opgeschreven." in words_of_page(circle.browser.follow(noted).text)
    guests = circle.office.desk.runtime.database.read(lambda work: work.group_sessions.guests(home.rsplit("/", 1)[1]))
    assert {guest.newcomer_id: guest.attended for guest in guests} == {circle.ids[0]: True, circle.ids[1]: False}


def test_another_coach_sees_none_of_it(circle: Circle) -> None:
    desk = circle.office.desk
    home = circle.plans()
    now = desk.clock.now()
    carl = desk.runtime.database.write(
        lambda work: work.users.add("Carl", roles=["coach"], teams=["form_team"], now=now)
    )
    other = circle.office.signed_in(carl)
    assert "Samen koken" not in other.get(SESSIONS).text
    assert other.get(home).status == 404
    for act in ("move", "cancel", "invite", "attendance"):
        fields = {"day": "2026-12-04", "time": "15:30", "place": "x", "guest": circle.ids[0], "present": circle.ids[0]}
        assert other.post(f"{home}/{act}", fields).status == 404
    assert "Samen koken" in circle.page(home)
    assert other.post(MESSAGE, {"text": "Hoe gaat het met iedereen?", "to": circle.ids[0]}).status == 422


# ---- a message to all


def test_a_message_to_the_group_and_what_became_of_it(circle: Circle) -> None:
    form = circle.browser.get(MESSAGE).text
    assert len(re.findall(r'name="to"[^>]* checked', form)) == 2
    reply = circle.post(MESSAGE, {"text": "Donderdag koken we samen.", "language": "nl"}, to=circle.ids)
    page = words_of_page(circle.browser.follow(reply).text)
    assert "Uw bericht gaat naar iedereen die u koos." in page
    assert "Gaat over enkele seconden weg" in page
    circle.office.desk.wait(seconds=6)
    assert circle.office.desk.delivered() == ["reply"] * 2
    page = circle.page(MESSAGE)
    assert page.count("Verstuurd") == 2
    assert "Haal terug" not in page
    circle.talks[1].send("I will bring rice")
    page = circle.page(MESSAGE)
    assert page.count("schreef daarna iets") == 1
    found = re.search(r'href="(/desk/cases/[^"]+)"', circle.browser.get(MESSAGE).text)
    assert found is not None
    assert "I will bring rice" in circle.page(found[1])


def test_it_is_taken_back_and_its_words_are_there_again(circle: Circle) -> None:
    circle.post(MESSAGE, {"text": "Donderdag koken we samen.", "language": "nl"}, to=circle.ids)
    found = re.search(r'name="message" value="([^"]+)"', circle.browser.get(MESSAGE).text)
    assert found is not None
    taken = circle.post(f"{MESSAGE}/undo", {"message": found[1]})
    assert taken.status == 200
    assert "Donderdag koken we samen.</textarea>" in taken.text
    circle.office.desk.wait(seconds=6)
    assert circle.office.desk.delivered() == []
    late = circle.post(f"{MESSAGE}/undo", {"message": found[1]})
    assert late.status == 409
    assert "Terughalen kan niet meer." in words_of_page(late.text)


def test_words_in_another_language_than_was_chosen_ask_for_a_second_word(circle: Circle) -> None:
    text = "We will cook together on Thursday, please bring some rice with you."
    reply = circle.post(MESSAGE, {"text": text, "language": "nl"}, to=circle.ids)
    assert reply.status == 422
    assert "Dit lijkt Engels" in words_of_page(reply.text)
    again = circle.post(MESSAGE, {"text": text, "language": "nl", "anyway": "1"}, to=circle.ids)
    assert again.status == 303
    circle.office.desk.wait(seconds=6)
    assert circle.office.desk.delivered() == ["reply"] * 2


@pytest.mark.parametrize(("text", "said"), [(" ", "Schrijf eerst iets."), ("x" * 3001, "Dat is te lang.")])
def test_what_is_not_sent_says_why(circle: Circle, text: str, said: str) -> None:
    reply = circle.post(MESSAGE, {"text": text, "language": "nl"}, to=circle.ids)
    assert reply.status == 422
    assert said in words_of_page(reply.text)


def test_a_coach_without_a_group(circle: Circle) -> None:
    desk = circle.office.desk
    now = desk.clock.now()
    carl = desk.runtime.database.write(
        lambda work: work.users.add("Carl", roles=["coach"], teams=["form_team"], now=now)
    )
    other = circle.office.signed_in(carl)
    for path in (SESSIONS, MESSAGE):
        assert "Er zit nog niemand in uw groep." in words_of_page(other.get(path).text)
