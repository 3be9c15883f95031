"""When a translation is missing: the next language of the chain, said once; and what stands below an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.content.model import ButtonText, Variant
from bot.domain.turn import Choice
from tests.content.small import Desk, Entry, catalogues, content, question, said, source, term, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bot.domain.turn import Message

DUTCH = "Goedendag."
NOTE = Entry(context="utter_other_language", text="Niet in uw taal.", translation="")
GREETING = content(said(DUTCH), said(NOTE.text, name=NOTE.context))


def greeting(code: str) -> str:
    return {"nl": DUTCH, "ar": "مرحبًا!"}.get(code, f"{code}!")


def in_languages(folder: Path, *languages: str, notes: Iterable[str] = ()) -> Desk:
    """A desk that can greet in these languages, and can say in those of `notes` that it cannot."""
    own = {code: [translated(DUTCH, greeting(code))] for code in languages}
    for code in notes:
        own.setdefault(code, []).append(translated(NOTE.text, f"note {code}", context=NOTE.context))
    return Desk(content=GREETING, catalogues=catalogues(folder, own))


# ---- the chain


@pytest.mark.parametrize(
    ("has", "language", "second", "spoken"),
    [
        (("ti", "ar", "en"), "ti", "ar", "ti"),
        (("ar", "en"), "ti", "ar", "ar"),
        (("ar", "en"), "ti", None, "en"),
        (("ar",), "ti", None, "nl"),
        ((), "ti", "ar", "nl"),
        (("en",), "ti", "ar", "en"),
        (("en",), "nl", "en", "nl"),  # Dutch is never missing
        (("ti", "en"), "xx", None, "en"),  # a language that was taken away
        (("fr", "en"), "ti", "nl", "nl"),  # the second language may be Dutch
    ],
)
def test_own_language_then_second_then_english_then_dutch(
    has: tuple[str, ...], language: str, second: str | None, spoken: str, tmp_path: Path
) -> None:
    message = in_languages(tmp_path, *has).read(language=language, second=second).message

    assert message.language == spoken
    assert message.text.split("\n")[-1] == greeting(spoken)


def test_the_direction_is_that_of_the_language_it_is_in(tmp_path: Path) -> None:
    desk = in_languages(tmp_path, "ar")

    assert desk.read(language="ar").message.direction == "rtl"
    assert desk.read(language="fa").message.direction == "ltr"


# ---- the note


def test_it_is_said_once_that_this_is_another_language(tmp_path: Path) -> None:
    desk = in_languages(tmp_path, "en", notes=["ti"])
    first = desk.read(language="ti")
    again = desk.read(language="ti", explained=first.explained)

    assert first.message.text == "note ti\nen!"
    assert again.message.text == "en!"
    assert again.explained == frozenset()


def test_each_language_has_its_own_note(tmp_path: Path) -> None:
    desk = in_languages(tmp_path, "en", notes=["ti", "so"])
    first = desk.read(language="ti")

    assert desk.read(language="so", explained=first.explained).message.text == "note so\nen!"


@pytest.mark.parametrize(
    ("notes", "second", "note"),
    [
        (("ti", "en"), None, "note ti"),
        (("ar", "en"), "ar", "note ar"),
        (("en",), None, "note en"),
        ((), None, NOTE.text),
    ],
)
def test_the_note_goes_down_the_same_chain(
    notes: tuple[str, ...], second: str | None, note: str, tmp_path: Path
) -> None:
    text = in_languages(tmp_path, notes=notes).read(language="ti", second=second).message.text

    assert note in text.split("\n")[0]


@pytest.mark.parametrize(("language", "second"), [("ti", None), ("nl", None), ("so", "ti"), ("so", "nl")])
def test_a_language_the_reader_chose_needs_no_note(language: str, second: str | None, tmp_path: Path) -> None:
    assert (
        "note"
        not in in_languages(tmp_path, "ti", notes=["so", "ti"]).read(language=language, second=second).message.text
    )


def test_no_note_when_there_is_none_to_say(tmp_path: Path) -> None:
    assert Desk(content=content(said(DUTCH))).read(language="ti").message.text == DUTCH


# ---- buttons


HOME = Variant(
    context="utter_example",
    text=DUTCH,
    buttons=(ButtonText(title="Woning", payload="/SetSlots(home=whole)"), ButtonText(title="Kamer", payload="/skip")),
)


def titles(message: Message) -> list[str]:
    return [button.title for button in message.buttons]


def test_buttons_fall_back_one_by_one(tmp_path: Path) -> None:
    own: Mapping[str, list[Entry]] = {
        "ti": [translated(DUTCH, "ti!"), translated("Woning", "ገዛ", context="button")],
        "ar": [translated("Kamer", "غرفة", context="button"), translated("Woning", "منزل", context="button")],
        "en": [translated("Kamer", "Room", context="button")],
    }
    desk = Desk(content=content(said(HOME)), catalogues=catalogues(tmp_path, own))

    assert titles(desk.read(language="ti").message) == ["ገዛ", "Room"]
    assert titles(desk.read(language="ti", second="ar").message) == ["ገዛ", "غرفة"]
    assert titles(desk.read(language="nl").message) == ["Woning", "Kamer"]
    assert [button.payload for button in desk.read(language="ti").message.buttons] == ["/SetSlots(home=whole)", "/skip"]


def test_buttons_go_with_the_language_of_their_message(tmp_path: Path) -> None:
    own = {"en": [translated(DUTCH, "en!")], "ti": [translated("Woning", "ገዛ", context="button")]}
    message = Desk(content=content(said(HOME)), catalogues=catalogues(tmp_path, own)).read(language="ti").message

    assert message.language == "en"
    assert titles(message) == ["Woning", "Kamer"]


def test_choices_made_at_run_time_come_before_the_authors_buttons(tmp_path: Path) -> None:
    own = {"en": [translated(DUTCH, "en!"), translated("Een lek", "A leak", context="flow")]}
    known = content(said(HOME), flow_names={"housing_repairs": "Een lek"})
    desk = Desk(content=known, catalogues=catalogues(tmp_path, own))
    choices = (
        Choice(payload="/housing_repairs", flow="housing_repairs"),
        Choice(payload="/language ti", language="ti"),
        Choice(payload="/nobody_knows", flow="nobody_knows"),
        Choice(payload="/skip", title="Kamer"),
    )

    message = desk.read(language="en", choices=choices).message
    assert titles(message) == ["A leak", "ትግርኛ", "nobody_knows", "Kamer", "Woning", "Kamer"]
    assert message.buttons[1].payload == "/language ti"


# ---- official words


BSN = Variant(context="utter_example", text="Uw *BSN*.", terms=("BSN",))
TERMS = {"BSN": term("BSN", "Een nummer.")}


def test_an_official_word_is_explained_once(tmp_path: Path) -> None:
    desk = Desk(content=content(said(BSN), terms=TERMS))
    first = desk.read()

    assert first.message.text == "Uw *BSN*.\n*BSN* = Een nummer."
    assert first.explained == {"BSN"}
    assert desk.read(explained=first.explained).message.text == "Uw *BSN*."


def test_it_is_explained_in_the_language_of_the_message(tmp_path: Path) -> None:
    own = {
        "en": [translated(BSN.text, "Your *BSN*."), translated("Een nummer.", "A number.", context="glossary")],
        "ti": [translated("Een nummer.", "ቁጽሪ.", context="glossary")],
        "so": [translated(BSN.text, "*BSN*-kaaga.")],
    }
    desk = Desk(content=content(said(BSN), terms=TERMS), catalogues=catalogues(tmp_path, own))

    assert desk.text(language="ti") == "Your *BSN*.\n*BSN* = A number."
    # No explanation yet in Somali: it stays to be given, and is not given in another language.
    assert desk.read(language="so").message.text == "*BSN*-kaaga."
    assert desk.read(language="so").explained == frozenset()


def test_a_word_that_is_not_in_the_glossary_is_only_a_word() -> None:
    assert Desk(content=content(said(BSN))).text() == "Uw *BSN*."


# ---- below an answer


FOOTERS = [
    said("Bron: {sources}, {checked_on}.", name="utter_footer_source"),
    said("Niet gelezen: {sources}, {checked_on}.", name="utter_footer_source_unread"),
    said("Kan veranderd zijn.", name="utter_footer_may_have_changed"),
    said("Bedragen veranderen.", name="utter_footer_amounts"),
    said("Uw gemeente.", name="utter_footer_local"),
]
SOURCES = {
    "duo": source("duo", "DUO"),
    "ind": source("ind", "IND; immigratie"),
    "coa": source("coa", "COA (opvang)"),
    "law": source("law", "Overheid.nl, wettenbank"),
    "city": source("city", "Ede via VNG"),
    "heard": source("heard", "Radio 1 / NOS", read=False),
    "seen": source("seen", "Krant", read=False),
}
READ = "Bron: DUO, vrijdag 20 november 2026."


def below(
    *sources: str, gates: Iterable[str] = ("ok_with_checked_on_date",), response: str = "utter_example", **rest: str
) -> list[str]:
    """The lines below the Dutch answer to a question with these sources and gates."""
    known = content(
        said("Antwoord.", name=response),
        *FOOTERS,
        questions={"example": question(*sources, gates=gates, **rest)},
        sources=SOURCES,
    )
    return Desk(content=known).text(response).split("\n")[1:]


@pytest.mark.parametrize(
    ("gates", "confidence", "more"),
    [
        (["ok_with_checked_on_date"], "high", []),
        (["ok_with_checked_on_date"], "medium", []),
        (["ok_with_checked_on_date"], "low", ["Kan veranderd zijn."]),
        (["check_law_status"], "high", ["Kan veranderd zijn."]),
        (["check_source_first"], "high", ["Kan veranderd zijn."]),
        (["check_amounts_each_year"], "high", ["Bedragen veranderen."]),
        (["check_amounts_each_year"], "low", ["Kan veranderd zijn."]),
        (["fill_local_config"], "high", ["Uw gemeente."]),
        (["fill_local_config", "check_law_status"], "high", ["Kan veranderd zijn.", "Uw gemeente."]),
        (["fill_local_config", "check_amounts_each_year"], "high", ["Bedragen veranderen.", "Uw gemeente."]),
        (["check_law_status", "check_source_first", "check_amounts_each_year"], "high", ["Kan veranderd zijn."]),
    ],
)
def test_the_gate_decides_what_caution_is_given(gates: list[str], confidence: str, more: list[str]) -> None:
    assert below("duo", gates=gates, confidence=confidence) == [READ, *more]


@pytest.mark.parametrize("response", ["utter_example", "utter_example_more"])
def test_answer_and_more_have_their_source(response: str) -> None:
    assert below("duo", response=response) == [READ]


@pytest.mark.parametrize("response", ["utter_example_deadline", "utter_ask_example", "utter_greet"])
def test_a_branch_or_a_question_has_none(response: str) -> None:
    assert below("duo", response=response) == []


def test_no_source_no_footer() -> None:
    assert below() == []


@pytest.mark.parametrize(
    ("sources", "named"),
    [
        (("duo", "ind"), "Bron: DUO en IND,"),
        (("duo", "ind", "coa"), "Bron: DUO en IND,"),  # two are enough
        (("duo", "duo"), "Bron: DUO,"),
        (("coa", "law"), "Bron: COA en Overheid.nl,"),  # without remarks
        (("city",), "Bron: Ede,"),
        (("heard", "duo"), "Bron: DUO,"),  # one that was read is worth more
        (("heard",), "Niet gelezen: Radio 1,"),
        (("heard", "seen"), "Niet gelezen: Radio 1 en Krant,"),
    ],
)
def test_at_most_two_organisations_are_named_those_that_were_read_first(sources: tuple[str, ...], named: str) -> None:
    (line,) = below(*sources)

    assert line.startswith(named)


def test_a_footer_goes_down_the_chain_too(tmp_path: Path) -> None:
    known = content(said(DUTCH), *FOOTERS, questions={"example": question("duo")}, sources=SOURCES)
    own = {
        "so": [translated(DUTCH, "so!")],
        "fr": [
            translated(
                "Bron: {sources}, {checked_on}.", "Source : {sources}, {checked_on}.", context="utter_footer_source"
            )
        ],
    }
    desk = Desk(content=known, catalogues=catalogues(tmp_path, own))

    assert desk.text(language="so") == f"so!\n{READ}"
    assert desk.read(language="so", second="fr").message.text == "so!\nSource : DUO, vendredi 20 novembre 2026."


def test_the_order_is_note_text_explanation_source() -> None:
    known = content(
        said(BSN), *FOOTERS, said(NOTE.text, name=NOTE.context),
        questions={"example": question("duo")}, sources=SOURCES, terms=TERMS,
    )  # fmt: skip

    assert Desk(content=known).text(language="ti").split("\n") == [NOTE.text, "Uw *BSN*.", "*BSN* = Een nummer.", READ]
