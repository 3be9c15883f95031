"""The team page: numbers, people, hours as told; and who puts whom in a coach's group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.coach import Refusal, put_in_group, take_out_of_group
from tests.console.conftest import words_of_page

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from tests.console.conftest import Office


def team(office: Office, user: UserRow) -> str:
    reply = office.signed_in(user).get("/desk/team")
    assert reply.status == 200, reply.text
    return words_of_page(reply.text)


def coach(office: Office, team: str = "form_team", name: str = "Coby") -> UserRow:
    now = office.desk.clock.now()
    return office.desk.runtime.database.write(lambda work: work.users.add(name, roles=["coach"], teams=[team], now=now))


def test_a_volunteer_sees_their_team_in_numbers(office: Office) -> None:
    desk = office.desk
    desk.taken(desk.asks())
    case = desk.asks()
    office.signed_in(desk.kim).post("/desk/shift", {"hours": "2"})
    desk.attend(hours=5)
    page = team(office, desk.sam)
    assert "1 wachten, 1 in behandeling, 2 wachten te lang." in page
    assert "maandag: 09:00–17:00" in page
    assert "Kim" in page
    assert "Otto" not in page
    assert f"Zaak {case.number}" not in page
    assert f"Zaak {case.number}" in team(office, desk.cora)


def test_hours_that_nobody_told_are_not_made_up(office: Office) -> None:
    page = team(office, office.desk.otto)
    assert "Niemand heeft ons de openingstijden verteld." in page
    assert "09:00" not in page
    assert "vrijdag 25 december" in page


def test_who_is_there_and_until_when(office: Office) -> None:
    kim = office.signed_in(office.desk.kim)
    kim.post("/desk/shift", {"hours": "2"})
    assert "tot 12:00" in team(office, office.desk.sam)
    office.desk.wait(hours=3)
    assert "tot 12:00" not in team(office, office.desk.sam)


def test_who_is_in_no_team_sees_none(office: Office) -> None:
    nobody = office.desk.runtime.database.write(
        lambda work: work.users.add("Nora", roles=["coordinator"], teams=[], now=office.desk.clock.now())
    )
    page = team(office, nobody)
    assert "U zit nog in geen team." in page
    assert "Sam" not in page


def test_a_coordinator_fills_a_group_of_five_and_no_more(office: Office) -> None:
    desk, guide = office.desk, coach(office)
    cora = office.signed_in(desk.cora)
    cases = [desk.asks() for _ in range(6)]
    for case in cases[:5]:
        reply = cora.post("/desk/team/group", {"number": str(case.number), "coach": guide.id})
        assert "De nieuwkomer zit nu in de groep." in words_of_page(cora.follow(reply).text)
    full = cora.post("/desk/team/group", {"number": str(cases[5].number), "coach": guide.id})
    assert full.status == 409
    assert "Deze groep is vol." in full.text
    again = cora.post("/desk/team/group", {"number": str(cases[0].number), "coach": guide.id})
    assert again.status == 303
    cora.post("/desk/team/group/leave", {"number": str(cases[0].number)})
    assert cora.post("/desk/team/group", {"number": str(cases[5].number), "coach": guide.id}).status == 303
    whose = desk.runtime.database.read(lambda work: work.newcomers.get(cases[5].newcomer_id))
    assert whose is not None
    assert whose.coach_id == guide.id
    assert desk.events(cases[5])[-1].kind == "coach"
    assert "Coby: 5 van 5" in team(office, desk.cora)
    assert "Coby: 5 van 5" in team(office, guide)
    assert "Coby: 5 van 5" not in team(office, desk.sam)


def test_a_group_is_for_coordinators_of_the_case_and_coaches_of_their_teams(office: Office) -> None:
    desk, ours, theirs = office.desk, coach(office), coach(office, "other", "Carl")
    case = desk.asks()

    def put(who: UserRow, guide: UserRow, number: int = case.number) -> Refusal | None:
        return put_in_group(desk.runtime, who.id, number=number, coach_id=guide.id)

    for who in (desk.sam, desk.pia, ours):
        assert put(who, ours) is Refusal.NOT_YOUR_ROLE
        assert take_out_of_group(desk.runtime, who.id, number=case.number) is Refusal.NOT_YOUR_ROLE
    assert put(desk.otto, theirs) is Refusal.NO_CASE
    assert put(desk.cora, ours, 999) is Refusal.NO_CASE
    assert put(desk.cora, theirs) is Refusal.NO_COACH
    assert put(desk.cora, desk.sam) is Refusal.NO_COACH
    assert put(desk.cora, ours) is None
    sam = office.signed_in(desk.sam)
    assert sam.post("/desk/team/group", {"number": str(case.number), "coach": ours.id}).status == 403
    cora = office.signed_in(desk.cora)
    for number in ("", "abc", "1" * 30, "-1"):
        assert cora.post("/desk/team/group", {"number": number, "coach": ours.id}).status == 409
