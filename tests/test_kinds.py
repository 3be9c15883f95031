"""What becomes of a message that is no text: files where the organisation takes them, reactions, numbers, codes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation, conversation, throwaway
from bot.domain.turn import Kind
from bot.flows.dialogue import Dialogue, Frame, Offered
from bot.knowledge.folders import folders, shipped
from bot.knowledge.load import load
from bot.ladder import commands, kinds, subject
from bot.ladder.turn import Heard, Person, Turn
from tests.peers.small import small_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime
    from bot.store.rows import CaseRow


@pytest.fixture(scope="module")
def everybody() -> Iterator[Runtime]:
    with throwaway(small_assistant()) as runtime:
        yield runtime


@pytest.fixture
def newcomer(everybody: Runtime, clock: HeldClock) -> Conversation:
    """Somebody who accepted the notice."""
    talk = conversation(replace(everybody, clock=clock))
    talk.accept_notice("nl")
    return talk


@pytest.fixture
def where_photos_are_taken(everybody: Runtime, clock: HeldClock) -> Conversation:
    """Somebody whose organisation has decided to take photos of letters."""
    content = replace(everybody.knowledge.content, letter_photos_allowed=True)
    knowledge = replace(everybody.knowledge, content=content)
    talk = conversation(replace(everybody, clock=clock, knowledge=knowledge))
    talk.accept_notice("nl")
    return talk


def send(talk: Conversation, text: str, kind: Kind | None = None) -> tuple[list[str], tuple[str, ...]]:
    """Send one message; return the names of what was said, and the effects."""
    answers, reports = talk.send(text, kind=kind)
    assert [report.rung for report in reports if report.rung == "failed"] == []
    return [answer.response for answer in answers], reports[-1].effects


def open_case(talk: Conversation) -> CaseRow | None:
    writing = talk.runtime.database.read(lambda work: work.newcomers.at(Terminal.name, talk._address))
    assert writing is not None
    return talk.runtime.database.read(lambda work: work.cases.open_for(writing.newcomer.id))


# ---- photos of letters


@pytest.mark.parametrize("kind", [Kind.PHOTO, Kind.DOCUMENT])
def test_a_letter_goes_to_the_team_where_the_organisation_takes_it(
    where_photos_are_taken: Conversation, kind: Kind
) -> None:
    said, effects = send(where_photos_are_taken, "", kind)
    assert (said, effects) == (["utter_photo_received"], ("OpenCase",))
    case = open_case(where_photos_are_taken)
    assert case is not None
    assert (case.reason, case.priority) == ("photo", "normal")


def test_a_letter_with_a_question_below_it_is_taken_and_answered(where_photos_are_taken: Conversation) -> None:
    said, effects = send(where_photos_are_taken, "Hoe krijg ik huurtoeslag?", Kind.PHOTO)
    assert said == ["utter_photo_received", "utter_benefits_huurtoeslag", "utter_ask_home_kind"]
    assert effects == ("OpenCase",)
    case = open_case(where_photos_are_taken)
    assert case is not None
    assert case.summary == "Hoe krijg ik huurtoeslag?"


def test_a_letter_in_the_middle_leaves_the_question_standing(where_photos_are_taken: Conversation) -> None:
    send(where_photos_are_taken, "Hoe krijg ik huurtoeslag?")
    said, _ = send(where_photos_are_taken, "", Kind.PHOTO)
    assert said == ["utter_photo_received", "utter_ask_home_kind"]


def test_without_a_decision_nothing_is_opened(newcomer: Conversation) -> None:
    assert send(newcomer, "", Kind.PHOTO) == (["utter_photo_off"], ())
    assert open_case(newcomer) is None


def test_photos_are_off_until_somebody_stands_for_them(tmp_path: Path) -> None:
    assert not load(folders()).content.letter_photos_allowed
    own = tmp_path / "content"
    own.mkdir()
    decided = "{allowed: true, decided_by: Het bestuur, decided_on: 2026-11-20, reason: Hulp bij brieven}"
    (own / "organisation.yml").write_text(f"letter_photos: {decided}\n", encoding="utf-8")
    assert load(folders(shipped(), tmp_path)).content.letter_photos_allowed


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.TEXT, Kind.BUTTON, Kind.REACTION}])
def test_every_kind_has_something_to_say_instead(kind: Kind, newcomer: Conversation) -> None:
    said, effects = send(newcomer, "", kind)
    assert (said, effects) == ([kinds.INSTEAD[kind]], ())


# ---- while a volunteer has the conversation


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.BUTTON])
def test_the_bot_is_silent_about_every_kind_while_a_volunteer_helps(kind: Kind, newcomer: Conversation) -> None:
    send(newcomer, "hoi")
    writing = newcomer.runtime.database.read(lambda work: work.newcomers.at(Terminal.name, newcomer._address))
    assert writing is not None
    at, now = writing.conversation.id, newcomer.runtime.clock.now()
    newcomer.runtime.database.write(lambda work: work.conversations.set_route(at, "human", now=now))
    theirs = () if kind is Kind.REACTION else ("NewcomerWrote",)  # and it is the volunteer's turn
    assert send(newcomer, "2", kind) == ([], theirs)
    assert send(newcomer, "48210537", kind) == ([], theirs)


# ---- numbers


CHOICES = (
    Offered(title="Een", payload="/one", message=1),
    Offered(title="Twee", payload="/two", message=1),
    Offered(title="العربية", payload="/language ar", message=2),
)


@pytest.fixture
def turn(everybody: Runtime, clock: HeldClock) -> Turn:
    today: date = clock.now().date()
    return Turn(
        knowledge=everybody.knowledge,
        runner=everybody.runner,
        dialogue=Dialogue(offered=CHOICES),
        heard=Heard(kind=Kind.TEXT, text="2"),
        person=Person(language="nl", consented=True),
        today=today,
    )


def hears(turn: Turn, text: str) -> Turn:
    return replace(turn, heard=replace(turn.heard, text=text))


def waiting_for(turn: Turn, slot: str, *offered: Offered) -> Turn:
    frame = Frame(flow="after_answer", step="clear", digest="", collecting=slot)
    return replace(turn, dialogue=replace(turn.dialogue, stack=(frame,), offered=offered or turn.dialogue.offered))


@pytest.mark.parametrize("written", ["2", "2.", "(2)", " ٢ ", "۲", "፪", "2️⃣", "２"])
def test_a_bare_number_in_any_script_is_the_choice_of_that_number(turn: Turn, written: str) -> None:
    heard = subject.picked(hears(turn, written)).heard
    assert (heard.kind, heard.payload) == (Kind.BUTTON, "/two")


@pytest.mark.parametrize("written", ["3", "0", "12", "112", "2 kinderen", "2,5", "", "twee"])
def test_what_is_no_number_of_a_choice_stays_a_text(turn: Turn, written: str) -> None:
    assert subject.picked(hears(turn, written)).heard.payload is None


@pytest.mark.parametrize("slot", ["age", "children_count", "housing_date"])
def test_a_number_is_never_a_choice_where_a_number_is_asked(turn: Turn, slot: str) -> None:
    assert subject.picked(waiting_for(turn, slot)).heard.payload is None


def test_a_number_is_never_a_choice_for_a_volunteer(turn: Turn) -> None:
    helped = replace(turn, person=replace(turn.person, helped_by_person=True))
    assert subject.picked(helped).heard.payload is None


def test_the_question_that_waits_is_numbered_before_what_stands_above_it(turn: Turn) -> None:
    above = Offered(title="Een mens vragen", payload="/talk_to_human", message=0)
    clear = Offered(title="Ja, duidelijk", payload="/SetSlots(after_answer=clear)", message=1)
    person = Offered(title="Een mens vragen", payload="/SetSlots(after_answer=person)", message=1)
    asked = waiting_for(turn, "after_answer", above, clear, person)
    assert subject.picked(asked).heard.payload == person.payload


def test_a_list_of_languages_is_numbered_though_another_question_waits(turn: Turn) -> None:
    languages = (Offered(title="A", payload="/language nl"), Offered(title="B", payload="/language ar"))
    assert subject.picked(waiting_for(turn, "notice_answer", *languages)).heard.payload == "/language ar"


def test_a_number_inside_a_title_is_not_its_place(turn: Turn) -> None:
    young = Offered(title="4 tot 12 jaar", payload="/SetSlots(after_answer=clear)")
    old = Offered(title="12 tot 18 jaar", payload="/SetSlots(after_answer=person)")
    assert subject.picked(waiting_for(turn, "after_answer", young, old)).heard.payload is None


def test_buttons_of_an_earlier_release_still_count() -> None:
    saved = Dialogue(offered=(Offered(title="Een", payload="/one"),)).to_json().replace('"/one",0]', '"/one"]')
    assert Dialogue.from_json(saved).offered == (Offered(title="Een", payload="/one"),)


# ---- codes


@pytest.mark.parametrize(
    "written",
    ["K48210537", "k 4821 0537", "К48210537", "K-4821-0537", "48210537", "/link 48210537", "/link K48210537",
     "/start K48210537", "٤٨٢١٠٥٣٧"],
)  # fmt: skip
def test_a_code_is_known_however_it_is_typed(turn: Turn, written: str) -> None:
    decision = commands.link(hears(turn, written))
    assert decision is not None
    assert [getattr(event, "code", None) for event in decision.events] == ["48210537"]


@pytest.mark.parametrize(
    "written", ["12-05-2026", "4821 0537", "/start 48210537", "0612345678", "K4821053", "bel 48210537", "/link"]
)
def test_what_only_looks_like_a_code_is_none(turn: Turn, written: str) -> None:
    assert commands.link(hears(turn, written)) is None


@pytest.mark.parametrize("slot", ["age", "housing_date"])
def test_eight_digits_are_an_answer_where_one_is_asked(turn: Turn, slot: str) -> None:
    assert commands.link(waiting_for(hears(turn, "01102026"), slot)) is None
