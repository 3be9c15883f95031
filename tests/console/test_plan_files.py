"""The plan and the calendar at the door of the console: for the newcomer's own coach, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.languages import SOURCE
from tests.desk.conftest import said

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from tests.console.conftest import Office

FILES = {"plan.pdf": ("application/pdf", b"%PDF-"), "plan.ics": ("text/calendar", b"BEGIN:VCALENDAR")}


def somebody(office: Office, *roles: str) -> UserRow:
    now = office.desk.clock.now()
    return office.desk.runtime.database.write(
        lambda work: work.users.add("-".join(roles), roles=roles, teams=["form_team"], now=now)
    )


def newcomer_of(office: Office, coach: UserRow) -> str:
    talk = office.desk.newcomer(SOURCE)
    said(talk, "mijn buurman heeft de sleutel van de kelder")
    newcomer_id = office.desk.asks(talk).newcomer_id
    office.desk.runtime.database.write(lambda work: work.newcomers.set_coach(newcomer_id, coach.id))
    return newcomer_id


@pytest.mark.parametrize("name", FILES)
def test_their_own_coach_keeps_the_file(office: Office, name: str) -> None:
    coach = somebody(office, "coach")
    newcomer_id = newcomer_of(office, coach)
    found = office.signed_in(coach).get(f"/desk/group/{newcomer_id}/{name}")
    media_type, begins = FILES[name]
    assert found.status == 200
    assert found.headers["content-type"].startswith(media_type)
    assert found.headers["content-disposition"].startswith("attachment; filename=")
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.body.startswith(begins)
    assert b"buurman" not in found.body
    assert newcomer_id.encode() not in found.body


def test_it_is_written_down_with_the_number_of_a_case(office: Office) -> None:
    coach = somebody(office, "coach")
    newcomer_id = newcomer_of(office, coach)
    office.signed_in(coach).get(f"/desk/group/{newcomer_id}/plan.pdf")
    (row,) = office.desk.runtime.database.read(lambda work: work.views.latest(5, newcomer_id=newcomer_id))
    assert (row.user_id, row.what) == (coach.id, "plan")
    assert row.case_number is not None
    admin = office.signed_in(somebody(office, "administrator"))
    assert "Het plan meegenomen" in admin.get("/desk/privacy/log").text


@pytest.mark.parametrize("name", FILES)
def test_another_coach_finds_nothing_and_others_no_door(office: Office, name: str) -> None:
    newcomer_id = newcomer_of(office, somebody(office, "coach"))
    path = f"/desk/group/{newcomer_id}/{name}"
    other = office.desk.runtime.database.write(
        lambda work: work.users.add("Anders", roles=["coach"], teams=["form_team"], now=office.desk.clock.now())
    )
    assert office.signed_in(other).get(path).status == 404
    assert office.signed_in(other).get(f"/desk/group/x/{name}").status == 404
    assert office.signed_in(somebody(office, "coordinator")).get(path).status == 403
    assert office.signed_in(somebody(office, "volunteer")).get(path).status == 403
    assert office.stranger().get(path).location.startswith("/desk/sign-in")
    assert office.desk.runtime.database.read(lambda work: work.views.latest(5, newcomer_id=newcomer_id)) == []


def test_who_is_no_coach_any_more_finds_no_door(office: Office) -> None:
    coach = somebody(office, "coach")
    newcomer_id = newcomer_of(office, coach)
    browser = office.signed_in(coach)
    assert browser.get(f"/desk/group/{newcomer_id}/plan.pdf").status == 200
    office.desk.runtime.database.write(lambda work: work.users.change(coach.id, roles_json=["volunteer"]))
    assert browser.get(f"/desk/group/{newcomer_id}/plan.pdf").status == 403
