"""What organisations ask the teams, at the desk: asked, answered, made a note of by one and reviewed by another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
import yaml

from bot.consult import LONGEST_QUESTION, MOST_OPEN, Refusal
from bot.content.model import Note
from bot.knowledge.notes import written
from bot.look_up import all_notes, taken_notes
from tests.console.conftest import shipped_words, words_of_page
from tests.console.test_offers import page

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from bot.store.work import Work
    from tests.console.conftest import Office, Person

QUESTIONS, NOTES = "/desk/questions", "/desk/notes"
TEXT = "Hoe bereik ik moeders die nog geen Nederlands lezen?"
ANSWER = "Bel ze. Of vraag iemand uit hun eigen groep om mee te gaan."
NOTE = {"title": "Moeders bereiken", "body": "Bel eerst. Een brief wordt vaak niet gelezen.", "subject": "housing"}


@dataclass
class Circle:
    """An organiser, one of another organisation, and the people of two teams, at their browsers."""

    office: Office
    organiser: UserRow
    olga: Person
    other: Person
    sam: Person  # a volunteer of the form team
    kim: Person  # another
    oki: Person  # of the other team
    cora: Person  # a coordinator

    def asks(self, text: str = TEXT, team: str = "form_team") -> str:
        """Ask; return the address of the question."""
        reply = self.olga.post(f"{QUESTIONS}/new", {"team": team, "text": text})
        assert reply.status == 303, words_of_page(reply.text)
        return reply.location.split("?")[0]

    def does(self, who: Person, home: str, act: str, **fields: str) -> str:
        """Post what is done with a question; return what the page says then."""
        reply = who.post(f"{home}/{act}", fields)
        assert reply.status == 303, (reply.status, words_of_page(reply.text))
        return words_of_page(who.follow(reply).text)

    def answers(self, home: str, who: Person | None = None) -> str:
        return self.does(who or self.sam, home, "answer", text=ANSWER, version="0")

    def proposed(self, **other: str) -> str:
        home = self.asks()
        self.answers(home)
        self.does(self.sam, home, "note", **{**NOTE, **other})
        return home

    def stamp(self, home: str) -> str:
        row = self.office.desk.runtime.database.read(lambda work: work.consulting.note_of(home.rsplit("/", 1)[1]))
        assert row is not None
        return row.noted_at.isoformat()

    def taken(self, **other: str) -> str:
        home = self.proposed(**other)
        self.does(self.kim, home, "note/take", read=self.stamp(home))
        return home

    def refused(self, who: Person, home: str, act: str, status: int, **fields: str) -> str:
        reply = who.post(f"{home}/{act}", fields)
        assert reply.status == status, (reply.status, words_of_page(reply.text))
        return words_of_page(reply.text)


@pytest.fixture
def circle(office: Office) -> Circle:
    desk = office.desk

    def fill(work: Work) -> tuple[UserRow, UserRow, UserRow]:
        now = desk.clock.now()
        own, other = (work.offers.add_organisation(name, now) for name in ("Buurthuis De Brug", "Sportclub Vooruit"))
        return (
            work.users.add("Olga", roles=["organiser"], teams=[], now=now, organisation_id=own),
            work.users.add("Ot", roles=["organiser"], teams=[], now=now, organisation_id=other),
            work.users.add("Oki", roles=["volunteer"], teams=["other"], now=now),
        )

    olga, other, oki = desk.runtime.database.write(fill)
    people = [office.signed_in(one) for one in (olga, other, desk.sam, desk.kim, oki, desk.cora)]
    return Circle(office, olga, *people)


def test_asked_answered_and_closed(circle: Circle) -> None:
    assert "Er zijn nog geen vragen. Stel de eerste." in page(circle.olga, QUESTIONS)
    home = circle.asks()
    assert "Wacht op antwoord" in page(circle.olga, home)
    assert TEXT in page(circle.olga, home)
    seen = page(circle.sam, QUESTIONS)
    for words in ("Wachten op uw antwoord", TEXT, "Buurthuis De Brug"):
        assert words in seen
    assert "1 vraag wacht op antwoord" in seen
    assert ANSWER in circle.answers(home)
    assert "wacht op antwoord" not in page(circle.sam, QUESTIONS)
    answered = page(circle.olga, home)
    assert ANSWER in answered
    assert "Sam" not in answered  # the team answers
    assert "De vraag is gesloten." in circle.does(circle.olga, home, "close")
    assert "Dit kan niet meer" in circle.refused(circle.olga, home, "close", 409)
    assert "Dit kan niet meer" in circle.refused(circle.sam, home, "answer", 409, text="Nog iets", version="2")


def test_nobody_sees_the_questions_of_others(circle: Circle) -> None:
    home = circle.asks()
    for stranger in (circle.other, circle.oki):
        assert TEXT not in page(stranger, QUESTIONS)
        assert stranger.get(home).status == 404
        for act in ("answer", "close", "note", "note/take", "note/decline"):
            refused = circle.refused(stranger, home, act, 404, text="x", version="0", reason="x", **NOTE)
            assert TEXT not in refused
    assert TEXT in page(circle.cora, home)
    assert circle.sam.post(f"{QUESTIONS}/new", {"team": "form_team", "text": TEXT}).status == 403


def test_an_organiser_neither_answers_nor_makes_notes(circle: Circle) -> None:
    home = circle.proposed()
    shown = page(circle.olga, home)
    assert NOTE["title"] not in shown
    assert "Maak hier een notitie van" not in shown
    circle.refused(circle.olga, home, "answer", 403, text="Zelf bedacht", version="1")
    circle.refused(circle.olga, home, "note", 403, **NOTE)
    circle.refused(circle.olga, home, "note/take", 403, read=circle.stamp(home))
    circle.refused(circle.olga, home, "note/decline", 403, reason="zo")


def test_of_two_answers_at_once_the_first_counts(circle: Circle) -> None:
    home = circle.asks()
    circle.answers(home)
    said = circle.refused(circle.kim, home, "answer", 409, text="Ik weet iets beters", version="0")
    assert "Iemand heeft dit intussen veranderd." in said
    assert "Ik weet iets beters" in said  # what was written is not lost
    assert ANSWER in said
    assert "Iemand anders gaf dit antwoord." in circle.refused(
        circle.kim, home, "answer", 409, text="Toch", version="1"
    )
    assert "Beter zo" in circle.does(circle.sam, home, "answer", text="Beter zo", version="1")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": " "}, "Schrijf een tekst."),
        ({"text": "x" * (LONGEST_QUESTION + 1)}, "Dat is te lang."),
        ({"team": "nobody"}, "Kies aan welk team u het vraagt."),
        ({"text": "Bel haar op 06 12 34 56 78"}, "Er staat een telefoonnummer of e-mailadres in."),
        ({"text": "Mail amina@example.org eens"}, "Er staat een telefoonnummer of e-mailadres in."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_written_stays(circle: Circle, fields: dict[str, str], said: str) -> None:
    reply = circle.olga.post(f"{QUESTIONS}/new", {"team": "form_team", "text": TEXT, **fields})
    assert reply.status == 422
    assert said in words_of_page(reply.text)
    assert fields.get("text", TEXT).strip() in reply.text


def test_a_citizens_number_is_not_kept(circle: Circle) -> None:
    home = circle.asks("Mag iemand met BSN 123456782 meedoen?")
    assert "Mag iemand met BSN [BSN] meedoen?" in page(circle.sam, home)
    assert "123456782" not in circle.does(circle.sam, home, "answer", text="Ja, 123456782 mag", version="0")


def test_so_many_questions_wait_and_no_more(circle: Circle) -> None:
    homes = [circle.asks(f"Vraag {number}") for number in range(MOST_OPEN)]
    reply = circle.olga.post(f"{QUESTIONS}/new", {"team": "form_team", "text": TEXT})
    assert reply.status == 422
    assert f"Er wachten al {MOST_OPEN} vragen" in words_of_page(reply.text)
    circle.does(circle.olga, homes[0], "close")
    circle.asks()


def test_a_note_is_reviewed_by_somebody_else(circle: Circle) -> None:
    assert "Er zijn nog geen notities." in page(circle.olga, NOTES)
    home = circle.proposed()
    assert "Zet bij Goed om te weten" not in page(circle.sam, home)
    assert "U schreef deze notitie zelf." in circle.refused(circle.sam, home, "note/take", 409, read=circle.stamp(home))
    assert "Moeders bereiken" not in page(circle.olga, NOTES)
    assert "Notities die u kunt nakijken" in page(circle.kim, QUESTIONS)
    assert "Notities die u kunt nakijken" not in page(circle.sam, QUESTIONS)
    said = circle.does(circle.kim, home, "note/take", read=circle.stamp(home))
    assert "De notitie staat nu bij Goed om te weten." in said
    for reader in (circle.olga, circle.other, circle.oki, circle.cora):
        shown = page(reader, NOTES)
        assert NOTE["body"] in shown
        assert "Nagekeken door iemand van het team" in shown
        assert "Sam" not in shown
    assert "Dit kan niet meer" in circle.refused(circle.cora, home, "note/take", 409, read=circle.stamp(home))


def test_what_was_read_is_what_is_taken(circle: Circle) -> None:
    home = circle.proposed()
    read = circle.stamp(home)
    circle.does(circle.cora, home, "note/decline", reason="Korter graag")
    circle.office.desk.wait(minutes=1)
    circle.does(circle.sam, home, "note", **{**NOTE, "body": "Bel eerst."})
    assert "Iemand heeft dit intussen veranderd." in circle.refused(circle.cora, home, "note/take", 409, read=read)
    circle.does(circle.cora, home, "note/take", read=circle.stamp(home))
    shown = page(circle.olga, NOTES)
    assert "Bel eerst." in shown
    assert NOTE["body"] not in shown
    assert "Nagekeken door een coördinator" in shown


def test_a_note_is_given_back_with_the_reason(circle: Circle) -> None:
    home = circle.proposed()
    assert "Schrijf waarom u het teruggeeft." in circle.refused(circle.kim, home, "note/decline", 422, reason=" ")
    circle.does(circle.kim, home, "note/decline", reason="Zo weet ik om wie het gaat")
    seen = page(circle.sam, home)
    assert "Zo weet ik om wie het gaat" in seen
    assert NOTE["title"] in seen
    assert NOTE["title"] not in page(circle.cora, NOTES)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "Geef de notitie een titel."),
        ({"body": ""}, "Schrijf een tekst."),
        ({"subject": "weather"}, "Kies een onderwerp."),
        ({"body": "Bel 06-12345678"}, "Er staat een telefoonnummer of e-mailadres in."),
        ({"title": "Vraag a@b.nl"}, "Er staat een telefoonnummer of e-mailadres in."),
    ],
)
def test_what_is_wrong_with_a_note_is_said(circle: Circle, fields: dict[str, str], said: str) -> None:
    home = circle.asks()
    circle.refused(circle.sam, home, "note", 409, **NOTE)  # nothing was answered yet
    circle.answers(home)
    assert said in circle.refused(circle.sam, home, "note", 422, **{**NOTE, **fields})
    assert "Iemand anders gaf dit antwoord." in circle.refused(circle.kim, home, "note", 409, **NOTE)


def test_notes_are_found_by_their_words_and_subject(circle: Circle) -> None:
    circle.taken()
    circle.taken(title="Ramadan en lesuren", body="Vraag wanneer het past.", subject="insurance")
    assert "2 notities" in page(circle.olga, NOTES)
    found = page(circle.olga, f"{NOTES}?q=RAMADAN+past")
    assert "1 notitie" in found
    assert "Ramadan en lesuren" in found
    assert "Moeders bereiken" not in found
    assert "0 notities" in page(circle.olga, f"{NOTES}?q=ramadan+brief")
    assert "1 notitie" in page(circle.olga, f"{NOTES}?subject=housing")
    assert "0 notities" in page(circle.olga, f"{NOTES}?subject=work")


def test_a_coordinator_takes_a_note_away(circle: Circle) -> None:
    circle.taken()
    runtime = circle.office.desk.runtime
    (note,) = runtime.database.read(lambda work: work.consulting.notes("taken"))
    address = f"{NOTES}/{note.id}/remove"
    assert circle.sam.post(address).status == 403
    assert "Haal weg" not in page(circle.sam, NOTES)
    assert "Haal weg" in page(circle.cora, NOTES)
    assert "De notitie is weg." in words_of_page(circle.cora.follow(circle.cora.post(address)).text)
    assert circle.cora.post(address).status == 404
    assert "Er zijn nog geen notities." in page(circle.olga, NOTES)


def test_what_is_exported_names_nobody(circle: Circle) -> None:
    circle.taken()
    circle.proposed(title="Nog niet nagekeken")
    told = written(circle.office.desk.runtime.database.read(taken_notes))
    (note,) = yaml.safe_load(told)["notes"]
    day = date(2026, 11, 23)
    assert note.pop("id")
    assert note == {
        "title": NOTE["title"],
        "text": NOTE["body"],
        "subject": "housing",
        "asked_on": day,
        "reviewed_by": "expert",
        "reviewed_on": day,
    }


def test_a_note_that_is_in_the_content_too_is_shown_once(circle: Circle) -> None:
    circle.taken()
    desk = circle.office.desk
    (row,) = desk.runtime.database.read(lambda work: work.consulting.notes("taken"))
    day = date(2026, 11, 20)
    words = {"subject": "housing", "asked_on": day, "reviewed_by": "expert", "reviewed_on": day}
    own = Note(id=row.id, title="Door de auteur verbeterd", text="Bel eerst.", **words)
    more = Note(id="only_here", title="Alleen hier", text="Ook goed om te weten.", **words)
    knowledge = replace(desk.runtime.knowledge, notes={one.id: one for one in (own, more)})
    shown = all_notes(replace(desk.runtime, knowledge=knowledge))
    assert [one.title for one in shown] == ["Alleen hier", "Door de auteur verbeterd"]


def test_who_leaves_sees_nothing_more_and_the_question_stays(circle: Circle) -> None:
    home = circle.asks()
    circle.answers(home)
    desk = circle.office.desk
    work_at = desk.runtime.database.write
    work_at(lambda work: work.users.set_active(desk.sam.id, active=False))
    work_at(lambda work: work.users.set_active(circle.organiser.id, active=False))
    assert circle.olga.get(home).status == 303
    assert circle.sam.get(home).status == 303
    assert ANSWER in page(circle.kim, home)
    colleague = work_at(
        lambda work: work.users.add(
            "Oda",
            roles=["organiser"],
            teams=[],
            now=desk.clock.now(),
            organisation_id=circle.organiser.organisation_id,
        )
    )
    assert TEXT in page(circle.office.signed_in(colleague), home)
    # An organiser who goes to another organisation takes nothing along.
    elsewhere = work_at(lambda work: work.offers.add_organisation("Elders", desk.clock.now()))
    work_at(lambda work: work.users.change(colleague.id, organisation_id=elsewhere))
    assert circle.office.signed_in(colleague).get(home).status == 404


def test_the_list_of_pages_says_what_is_there_for_whom(circle: Circle) -> None:
    link = f'href="{QUESTIONS}"'
    assert link in circle.olga.get("/desk/settings").text
    assert link not in circle.sam.get("/desk").text  # no organisation asked anything yet
    circle.asks()
    assert link in circle.sam.get("/desk").text
    assert link not in circle.oki.get("/desk").text
    assert "1 vraag wacht op antwoord" in words_of_page(circle.sam.get("/desk").text)


def test_who_is_of_no_organisation_is_told_so(circle: Circle) -> None:
    desk = circle.office.desk
    nobody = desk.runtime.database.write(
        lambda work: work.users.add("Nobody", roles=["organiser"], teams=[], now=desk.clock.now())
    )
    browser = circle.office.signed_in(nobody)
    assert "Uw account hoort nog bij geen organisatie." in page(browser, QUESTIONS)
    reply = browser.post(f"{QUESTIONS}/new", {"team": "form_team", "text": TEXT})
    assert reply.status == 422
    assert "Uw account hoort nog bij geen organisatie." in words_of_page(reply.text)


def test_every_reason_has_words_in_both_languages() -> None:
    names = [f"questions_wrong_{one.value}" for one in Refusal]
    for language, words in shipped_words().items():
        assert [name for name in names if name not in words] == [], language
