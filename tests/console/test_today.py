"""Today: the shift, what needs me, and the one button; for each role what is theirs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from bot.answer import Done, prioritise
from tests.console.conftest import words_of_page

if TYPE_CHECKING:
    from bot.store.rows import CaseRow, UserRow
    from tests.console.conftest import Office


def today(office: Office, user: UserRow) -> str:
    reply = office.signed_in(user).get("/desk")
    assert reply.status == 200, reply.text
    return words_of_page(reply.text)


def crisis(office: Office) -> CaseRow:
    case = office.desk.asks()
    done = prioritise(office.desk.runtime, office.desk.cora.id, case.id, priority="crisis")
    assert isinstance(done, Done)
    return done.case


def test_an_empty_day_says_so(office: Office) -> None:
    page = today(office, office.desk.sam)
    assert "Welkom, Sam" in page
    assert "Er wacht nu niemand." in page
    assert "Er is nu niets dat op u wacht." in page
    assert "crisis" not in page.lower()


def test_the_button_takes_the_first_of_the_queue_and_opens_it(office: Office) -> None:
    desk = office.desk
    first = desk.asks()
    desk.wait(minutes=5)
    desk.asks()
    sam = office.signed_in(desk.sam)
    reply = sam.post("/desk/next")
    assert (reply.status, reply.location) == (303, f"/desk/cases/{first.id}")
    assert desk.now(first).assignee_id == desk.sam.id
    page = words_of_page(sam.get("/desk").text)
    assert "Dit heeft u nodig (1)" in page
    assert f"Zaak {first.number}" in page
    assert "U heeft deze zaak genomen." in page


def test_my_language_comes_first_and_what_is_urgent_before_it(office: Office) -> None:
    desk = office.desk
    desk.runtime.database.write(lambda work: work.users.change(desk.sam.id, languages_json=["ar"]))
    dutch = desk.asks()
    desk.wait(minutes=1)
    arabic = desk.asks(desk.newcomer("ar")) if "ar" in desk.runtime.knowledge.content.languages.all else None
    urgent = desk.asks()
    prioritise(desk.runtime, desk.cora.id, urgent.id, priority="urgent")
    sam = office.signed_in(desk.sam)
    expected = [urgent, *([arabic] if arabic else []), dutch]
    assert [sam.post("/desk/next").location for _ in expected] == [f"/desk/cases/{case.id}" for case in expected]


def test_an_empty_queue_is_said(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    reply = sam.post("/desk/next")
    assert "Er wacht nu niets dat u kunt nemen" in words_of_page(sam.follow(reply).text)


def test_ten_people_who_press_at_once_get_ten_cases(office: Office) -> None:
    desk = office.desk
    cases = {desk.asks().id for _ in range(10)}
    people = [
        desk.runtime.database.write(
            lambda work, name=f"Team {at}": work.users.add(
                name, roles=["volunteer"], teams=["form_team"], now=desk.clock.now()
            )
        )
        for at in range(10)
    ]
    browsers = [office.signed_in(person) for person in people]
    went: list[str] = []
    ready = threading.Barrier(len(browsers))

    def press(at: int) -> None:
        ready.wait()
        went.append(browsers[at].post("/desk/next").location.rsplit("/", 1)[-1])

    threads = [threading.Thread(target=press, args=[at]) for at in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(went) == cases
    assert len(went) == 10


def test_a_crisis_is_for_professionals_first(office: Office) -> None:
    desk = office.desk
    case = crisis(office)
    normal = desk.asks()
    assert "Er wacht een crisis" in today(office, desk.pia)
    assert "Er wacht een crisis" in today(office, desk.cora)
    assert "Er wacht een crisis" not in today(office, desk.sam)
    assert office.signed_in(desk.sam).post("/desk/next").location == f"/desk/cases/{normal.id}"
    desk.wait(minutes=16)
    assert "Er wacht een crisis" in today(office, desk.sam)
    assert office.signed_in(desk.sam).post("/desk/next").location == f"/desk/cases/{case.id}"
    assert "Er wacht een crisis" not in today(office, desk.pia)


def test_many_fresh_crises_do_not_hide_what_a_volunteer_may_take(office: Office) -> None:
    for _ in range(11):
        crisis(office)
    normal = office.desk.asks()
    assert office.signed_in(office.desk.sam).post("/desk/next").location == f"/desk/cases/{normal.id}"


def test_what_happened_last_is_told_and_the_newcomers_turn_stands_apart(office: Office) -> None:
    desk = office.desk
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.answered(case)
    page = today(office, desk.sam)
    assert "Dit heeft u nodig (0)" in page
    assert "De nieuwkomer is aan de beurt (1)" in page
    talk.send("nog een vraag over mijn brief")
    page = today(office, desk.sam)
    assert "De nieuwkomer heeft geschreven." in page
    assert "nog een vraag" not in page
    desk.attend(hours=6.5)
    assert "terug naar de wachtrij" in today(office, desk.sam)


def test_a_shift_begins_and_ends_with_the_cases_kept_or_returned(office: Office) -> None:
    desk = office.desk
    case = desk.taken(desk.asks())
    sam = office.signed_in(desk.sam)
    page = words_of_page(sam.follow(sam.post("/desk/shift", {"hours": "2"})).text)
    assert "U heeft dienst tot 12:00." in page
    assert sam.post("/desk/shift", {"hours": "999"}).status == 400
    asked = words_of_page(sam.get("/desk/shift/end").text)
    assert "U heeft nog één zaak" in asked
    sam.post("/desk/shift/end", {"cases": "keep"})
    assert desk.now(case).assignee_id == desk.sam.id
    page = words_of_page(sam.follow(sam.post("/desk/shift/end", {"cases": "return"})).text)
    assert "Uw zaken staan weer in de wachtrij" in page
    assert (desk.now(case).assignee_id, desk.now(case).state) == (None, "queued")


def test_another_teams_cases_are_not_in_anybodys_day(office: Office) -> None:
    desk = office.desk
    desk.asks()
    crisis(office)
    page = today(office, desk.otto)
    assert "Er wacht nu niemand." in page
    assert "Er wacht een crisis" not in page
    assert office.signed_in(desk.otto).post("/desk/next").location.startswith("/desk?")
    nobody = desk.runtime.database.write(
        lambda work: work.users.add("Nora", roles=["volunteer"], teams=[], now=desk.clock.now())
    )
    assert "Er wacht nu niemand." in today(office, nobody)
    assert office.signed_in(nobody).post("/desk/next").location.startswith("/desk?")


def test_who_does_not_help_has_a_day_without_cases(office: Office) -> None:
    desk = office.desk
    desk.asks()
    editor = desk.runtime.database.write(
        lambda work: work.users.add("Ed", roles=["content_editor"], teams=["form_team"], now=desk.clock.now())
    )
    assert "Neem de volgende" not in today(office, editor)
    assert office.signed_in(editor).post("/desk/next").status == 403
    assert office.signed_in(editor).get("/desk/queue").status == 403


def test_the_script_gets_only_the_part(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    part = sam.get("/desk", hx_request="true").text
    assert "<html" not in part
    assert "take-next" in part
    assert office.stranger().get("/desk").location.startswith("/desk/sign-in")
    assert office.stranger().get("/desk", hx_request="true").status == 401
