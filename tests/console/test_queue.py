"""The queue: its rows, its order, its filters and pages; never what anybody wrote, never another team's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.answer import prioritise
from bot.web.console.queue import read_place, written_place
from tests.console.conftest import words_of_page

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from tests.console.conftest import Office


def queue(office: Office, user: UserRow, query: str = "") -> str:
    reply = office.signed_in(user).get(f"/desk/queue{query}")
    assert reply.status == 200, reply.text
    return reply.text


def test_a_row_shows_what_is_needed_to_choose_and_nothing_that_was_written(office: Office) -> None:
    desk = office.desk
    talk = desk.newcomer()
    desk.wire.has_a_window()
    case = desk.asks(talk)
    talk.send("mijn naam is Geheim en ik heb een brief")
    html = queue(office, desk.sam)
    page = words_of_page(html)
    assert f"Zaak {case.number}" in page
    assert "Nederlands" in page
    assert "Er wacht één vraag." in page
    assert "antwoorden kan tot" in page
    assert "Geheim" not in html
    assert f'action="/desk/cases/{case.id}/take"' in html
    assert f'name="version" value="{desk.now(case).version}"' in html


def test_the_order_is_crisis_urgent_and_then_who_waits_longest(office: Office) -> None:
    desk = office.desk
    cases = [desk.asks() for _ in range(4)]
    prioritise(desk.runtime, desk.cora.id, cases[3].id, priority="crisis")
    prioritise(desk.runtime, desk.cora.id, cases[2].id, priority="urgent")
    html = queue(office, desk.pia)
    places = [html.index(f"/desk/cases/{case.id}/take") for case in (cases[3], cases[2], cases[0], cases[1])]
    assert places == sorted(places)
    volunteers = queue(office, desk.sam)
    assert f"/desk/cases/{cases[3].id}/take" not in volunteers
    assert "eerst voor een professional" in volunteers


def test_an_empty_queue_is_a_good_thing(office: Office) -> None:
    page = words_of_page(queue(office, office.desk.sam))
    assert "Er wacht nu niemand." in page
    assert "Iedereen is geholpen." in page
    assert "Niets gevonden." in words_of_page(queue(office, office.desk.sam, "?language=nl"))


def test_filters_are_plain_addresses_and_never_reach_beyond_my_teams(office: Office) -> None:
    desk = office.desk
    waiting = desk.asks()
    taken = desk.taken(desk.asks())
    assert f"Zaak {taken.number}" not in words_of_page(queue(office, desk.kim))
    everything = words_of_page(queue(office, desk.kim, "?state=all"))
    assert f"Zaak {taken.number}" in everything
    assert "In behandeling (Sam)" in everything
    assert f"Zaak {waiting.number}" in everything
    nothing = ("?team=other", "?team=no_such_team", "?language=xx", "?topic=none_such", "?state=closed", "?state=zzz")
    for query in nothing:
        assert f"Zaak {waiting.number}" not in words_of_page(queue(office, desk.kim, query)), query
    for query in ("", "?team=form_team", "?state=all"):
        assert f"Zaak {waiting.number}" not in words_of_page(queue(office, desk.otto, query)), query
    html = queue(office, desk.sam, "?state=all")
    assert f'href="/desk/cases/{taken.id}"' in html
    assert f'href="/desk/cases/{taken.id}"' not in queue(office, desk.kim, "?state=all")


def test_pages_go_on_where_the_last_one_ended(office: Office) -> None:
    desk = office.desk
    cases = [desk.asks() for _ in range(51)]
    first = queue(office, desk.sam)
    assert f"Zaak {cases[49].number} " in words_of_page(first)
    assert f"Zaak {cases[50].number} " not in words_of_page(first)
    onward = first.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    second = words_of_page(queue(office, desk.sam, onward.removeprefix("/desk/queue")))
    assert f"Zaak {cases[50].number} " in second
    assert f"Zaak {cases[49].number} " not in second
    assert "Terug naar het begin" in second
    assert "Er wachten 51 vragen." in second


def test_an_address_that_nobody_made_is_the_beginning(office: Office) -> None:
    case = office.desk.asks()
    for after in ("", "x", "normal", "normal.1", "normal.x.y", "odd.1.a", f"normal.{'9' * 40}.a", "normal.-1.a"):
        assert read_place(after) is None
        assert f"Zaak {case.number}" in words_of_page(queue(office, office.desk.sam, f"?after={after}"))
    place = read_place("urgent.1763888400000001.some-id")
    assert place is not None
    assert written_place(place) == "urgent.1763888400000001.some-id"


def test_my_languages_is_a_choice_when_i_speak_some(office: Office) -> None:
    desk = office.desk
    case = desk.asks()
    assert 'value="mine"' not in queue(office, desk.sam)
    desk.runtime.database.write(lambda work: work.users.change(desk.sam.id, languages_json=["nl"]))
    html = queue(office, desk.sam, "?language=mine")
    assert f"Zaak {case.number}" in words_of_page(html)
    assert "Uw taal" in html
