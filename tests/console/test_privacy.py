"""The Privacy screen: who finds whom, what is handed over, what is erased, who looked, what was decided."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.answer import note
from bot.fetch import letter_photos_allowed
from bot.forget import Days, days_kept, finish_erasures
from bot.oversee import PAGE
from tests.console.conftest import words_of_page
from tests.desk.conftest import MONDAY

if TYPE_CHECKING:
    from bot.store.rows import CaseRow, UserRow
    from tests.console.conftest import Office

HERE = "/desk/privacy"


@pytest.fixture
def anna(office: Office) -> UserRow:
    """An administrator, of no team."""
    return office.desk.runtime.database.write(
        lambda work: work.users.add("Anna", roles=["administrator"], teams=[], now=MONDAY)
    )


@pytest.fixture
def case(office: Office) -> CaseRow:
    desk = office.desk
    taken = desk.taken(desk.asks())
    note(desk.runtime, desk.sam.id, taken.id, text="belt morgen terug")
    return taken


def find(office: Office, who: UserRow, number: object) -> tuple[int, str]:
    reply = office.signed_in(who).get(f"{HERE}?number={number}")
    return reply.status, words_of_page(reply.text)


# ---- finding


def test_a_person_is_found_by_a_case_of_theirs_and_nothing_they_wrote_is_shown(office: Office, case: CaseRow) -> None:
    status, words = find(office, office.desk.cora, case.number)
    assert status == 200
    assert f"De persoon van zaak {case.number}" in words
    assert "1 ontvangen" in words
    assert "ik wil een mens spreken" not in words
    assert "belt morgen terug" not in words


def test_only_who_steers_gets_in_and_no_coordinator_past_their_team(
    office: Office, anna: UserRow, case: CaseRow
) -> None:
    desk = office.desk
    assert find(office, anna, case.number)[0] == 200
    assert "ander team" in find(office, desk.otto, case.number)[1]
    assert "De persoon van zaak" not in find(office, desk.otto, case.number)[1]
    for who in (desk.sam, desk.kim, desk.pia):
        assert find(office, who, case.number)[0] == 403
    assert office.stranger().get(HERE).status == 303


@pytest.mark.parametrize("number", ["999", "0", "-1", "x", "9" * 30, "٣"])
def test_a_number_that_is_none_finds_nobody(office: Office, case: CaseRow, number: str) -> None:
    reply = office.signed_in(office.desk.cora).get(HERE + "?number=" + ("%D9%A3" if number == "٣" else number))
    assert reply.status == 404
    assert "De persoon van zaak" not in reply.text


# ---- handing over


def test_all_that_is_kept_comes_as_a_file_and_stands_in_the_journal(office: Office, case: CaseRow) -> None:
    cora = office.signed_in(office.desk.cora)
    given = {"number": str(case.number), "reason": "zij vroeg erom"}
    data = cora.post(f"{HERE}/export", {**given, "as": "json"})
    assert data.status == 200
    assert data.headers["content-disposition"] == f'attachment; filename="wegwijs-{case.number}.json"'
    assert data.headers["x-content-type-options"] == "nosniff"
    kept = json.loads(data.text)
    assert kept["cases"][0]["notes"][0]["text"] == "belt morgen terug"
    assert kept["looked"][-1]["why"] == "zij vroeg erom"
    page = cora.post(f"{HERE}/export", {**given, "as": "html"})
    assert page.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert page.headers["content-disposition"].startswith("attachment")
    assert "Wat Wegwijs van deze persoon bewaart" in page.text
    assert "ik wil een mens spreken" in page.text
    words = words_of_page(cora.get(f"{HERE}/log").text)
    assert "Alles opgevraagd" in words
    assert "zij vroeg erom" in words


def test_nothing_is_handed_over_without_a_reason_or_past_the_team(office: Office, case: CaseRow) -> None:
    desk = office.desk
    path, number = f"{HERE}/export", {"number": str(case.number), "as": "json"}
    without = office.signed_in(desk.cora).post(path, {**number, "reason": " "})
    assert without.status == 400
    assert "Schrijf op waarom" in without.text
    for who, status in ((desk.otto, 400), (desk.sam, 403)):
        reply = office.signed_in(who).post(path, {**number, "reason": "zo maar"})
        assert reply.status == status
        assert "belt morgen terug" not in reply.text
    assert desk.runtime.database.read(lambda work: work.views.latest(10)) == []


# ---- erasing


def test_erasing_asks_for_the_number_and_closes_the_open_case(office: Office, case: CaseRow) -> None:
    desk, cora = office.desk, office.signed_in(office.desk.cora)
    wrong = cora.post(f"{HERE}/erase", {"number": str(case.number), "typed": "7777"})
    assert wrong.status == 400
    assert "Er is niets verwijderd" in wrong.text
    assert desk.now(case).state == "active"

    done = cora.post(f"{HERE}/erase", {"number": str(case.number), "typed": f" {case.number} "})
    assert "Alles van deze persoon is verwijderd" in cora.follow(done).text
    closed = desk.now(case)
    assert (closed.state, closed.assignee_id, closed.summary) == ("closed", None, None)
    assert desk.kinds(case)[-1] == "closed"
    assert desk.delivered()[-1] == "utter_erased"
    assert finish_erasures(desk.runtime) == 1
    assert desk.runtime.database.read(lambda work: work.cases.get(case.id)) is None
    assert find(office, desk.cora, case.number)[0] == 404
    words = words_of_page(cora.get(f"{HERE}/log").text)
    assert "Alles verwijderd" in words


def test_who_may_not_find_may_not_erase(office: Office, case: CaseRow) -> None:
    desk = office.desk
    for who in (desk.otto, desk.sam, desk.pia):
        office.signed_in(who).post(f"{HERE}/erase", {"number": str(case.number), "typed": str(case.number)})
    assert desk.now(case).state == "active"
    gone = office.signed_in(desk.cora).post(f"{HERE}/erase", {"number": "99", "typed": "99"})
    assert gone.status == 400


def test_who_wants_no_messages_gets_no_goodbye(office: Office, case: CaseRow) -> None:
    desk = office.desk
    desk.delivered()
    desk.runtime.database.write(lambda work: work.newcomers.stop(case.newcomer_id))
    office.signed_in(desk.cora).post(f"{HERE}/erase", {"number": str(case.number), "typed": str(case.number)})
    assert desk.delivered() == []
    assert finish_erasures(desk.runtime) == 1


# ---- who looked


def test_the_journal_is_filtered_paged_and_stays_inside_the_team(office: Office, anna: UserRow, case: CaseRow) -> None:
    desk = office.desk
    other = desk.asks()

    def look(work: object) -> None:
        for number in range(PAGE + 5):
            at = desk.clock.now() + timedelta(minutes=number)
            of = {"newcomer_id": case.newcomer_id, "case_number": case.number, "reason": f"reden {number}."}
            work.views.note(desk.cora.id, "case", at, **of)  # type: ignore[attr-defined]
        work.views.note(desk.sam.id, "letter", at, newcomer_id=other.newcomer_id, case_number=other.number)  # type: ignore[attr-defined]

    desk.runtime.database.write(look)
    cora = office.signed_in(desk.cora)
    first = cora.get(f"{HERE}/log?number={case.number}")
    assert f"reden {PAGE + 4}." in first.text
    assert "reden 4." not in first.text.replace(f"reden {PAGE + 4}.", "")
    assert "Een bestand bekeken" not in first.text
    older = cora.get(f"{HERE}/log?number={case.number}&page=1")
    assert "reden 4." in older.text
    assert 'rel="prev"' in older.text
    assert 'rel="next"' not in older.text
    assert "Een bestand bekeken" in cora.get(f"{HERE}/log?by=Sam").text
    assert "reden" not in cora.get(f"{HERE}/log?by=Sam").text
    assert "Hier keek niemand" in cora.get(f"{HERE}/log?by=Nobody").text
    assert "Hier keek niemand" in office.signed_in(desk.otto).get(f"{HERE}/log").text
    assert f"reden {PAGE + 4}." in office.signed_in(anna).get(f"{HERE}/log").text


@pytest.mark.parametrize("asked", ["number=x", "page=x", "page=999999999", "by=%00", "number=&by="])
def test_whatever_is_asked_of_the_journal_gets_a_page(office: Office, asked: str) -> None:
    assert office.signed_in(office.desk.cora).get(f"{HERE}/log?{asked}").status == 200


# ---- decisions


def test_an_administrator_decides_how_long_things_are_kept(office: Office, anna: UserRow) -> None:
    page = office.signed_in(anna)
    days = {"files": "10", "messages": "20", "journal": "100"}
    assert page.post(f"{HERE}/retention", {**days, "grounds": ""}).status == 400
    assert page.post(f"{HERE}/retention", {**days, "files": "21", "grounds": "x"}).status == 400
    done = page.post(f"{HERE}/retention", {**days, "grounds": "besluit van het bestuur"})
    shown = words_of_page(page.follow(done).text)
    assert "Bestanden 10 dagen, berichten 20 dagen" in shown
    assert "Anna" in shown
    assert "besluit van het bestuur" in shown
    read = office.desk.runtime.database.read
    assert read(days_kept)[0] == Days(files=10, messages=20, journal=100)


def test_photos_are_off_until_an_administrator_writes_the_decision_down(office: Office, anna: UserRow) -> None:
    desk, page = office.desk, office.signed_in(anna)
    assert "wij nemen geen foto" in page.get(HERE).text

    def allowed() -> bool:
        return desk.runtime.database.read(lambda work: letter_photos_allowed(work, desk.runtime.knowledge))

    assert page.post(f"{HERE}/photos", {"photos": "allow", "grounds": ""}).status == 400
    assert page.post(f"{HERE}/photos", {"photos": "perhaps", "grounds": "x"}).status == 400
    assert not allowed()
    done = page.post(f"{HERE}/photos", {"photos": "allow", "grounds": "DPIA van mei, het bestuur"})
    assert "DPIA van mei" in page.follow(done).text
    assert allowed()
    page.post(f"{HERE}/photos", {"photos": "forbid", "grounds": "toch niet"})
    assert not allowed()
    shown = words_of_page(page.get(HERE).text)
    assert "toch niet" in shown
    assert "DPIA van mei" in shown


@pytest.mark.parametrize(
    ("path", "fields"),
    [("photos", {"photos": "allow"}), ("retention", {"files": "1", "messages": "1", "journal": "1"})],
)
def test_a_coordinator_reads_the_decisions_and_takes_none(office: Office, path: str, fields: dict[str, str]) -> None:
    cora = office.signed_in(office.desk.cora)
    assert "Dit mag alleen een beheerder" in cora.post(f"{HERE}/{path}", {**fields, "grounds": "ik"}).text
    shown = cora.get(HERE).text
    assert f'action="/desk/privacy/{path}"' not in shown
    assert office.desk.runtime.database.read(lambda work: work.decisions.history("letter_photos")) == []


@pytest.mark.parametrize("path", ["export", "erase", "retention", "photos"])
def test_a_form_that_is_not_ours_changes_nothing(office: Office, anna: UserRow, path: str) -> None:
    assert office.signed_in(anna).post(f"{HERE}/{path}", {"token": "x", "number": "1"}).status == 403
