"""In Arabic and Farsi, what is written from left to right stands apart, so that nothing changes places."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.model import Variant
from bot.content.render import LRI, PDI, RLI
from tests.content.small import Desk, Entry, catalogues, content, deadline, fact, place, question, said, source, term

if TYPE_CHECKING:
    from bot.domain.turn import SlotValue

DUTCH = "Nederlands."
ISOLATED = re.compile(f"{LRI}([^{LRI}{PDI}]*){PDI}")


def reading(translation: str, folder: Path, language: str = "ar", **rest: object) -> Desk:
    """A desk whose only sentence reads like this in that language."""
    entry = Entry(context="utter_example", text=DUTCH, translation=translation)
    return Desk(content=content(said(DUTCH), **rest), catalogues=catalogues(folder, {language: [entry]}))


def isolated(text: str) -> list[str]:
    return ISOLATED.findall(text)


def depth(text: str) -> list[int]:
    """How deep in isolates each sign stands; every line ends where it began."""
    level, levels = 0, []
    for sign in text:
        level += (sign in {LRI, RLI}) - (sign == PDI)
        assert level >= 0, f"an isolate ends that never began: {text!r}"
        assert sign != "\n" or level == 0, f"an isolate runs on into the next line: {text!r}"
        levels.append(level)
    assert level == 0, f"an isolate never ends: {text!r}"
    return levels


def test_a_command_keeps_its_slash_before_it(tmp_path: Path) -> None:
    text = reading("اكتبوا /link في تطبيقكم، أو/و STOP.", tmp_path).text(language="ar")
    assert isolated(text) == ["/link", "STOP"]


@pytest.mark.parametrize("language", ["ar", "fa"])
@pytest.mark.parametrize(
    ("translation", "apart"),
    [
        ("استخدموا DigiD الآن", ["DigiD"]),
        ("استخدموا DigiD.", ["DigiD"]),  # the full stop belongs to the sentence
        ("اتصلوا بـ DUO، ثم IND؟", ["DUO", "IND"]),
        ("اكتبوا *zorgverzekering* هنا", ["*zorgverzekering*"]),
        ("هذه *eigen bijdrage* كبيرة", ["*eigen bijdrage*"]),
        ("عند Stichting Lezen en Schrijven غدًا", ["Stichting Lezen en Schrijven"]),
        ("انظروا https://www.duo.nl/inburgeren?a=1.", ["https://www.duo.nl/inburgeren?a=1"]),
        ("انظروا www.ind.nl/ar هنا", ["www.ind.nl/ar"]),
        ("في MijnOverheid-app الآن", ["MijnOverheid-app"]),
        ("ببطاقة OV-chipkaart الآن", ["OV-chipkaart"]),
        ("لدى UWV/DUO الآن", ["UWV/DUO"]),
        ("رقمBSNتان", ["BSN"]),  # letters of the own script right beside it stay outside
        ("لديكم 6 أسابيع", []),  # digits find their place by themselves
        ("لا شيء هنا", []),
        ("*كلمة* ثم *كلمة* هنا", []),
        ("*كلمة* Dutch *كلمة*", ["Dutch"]),  # the end of one word and the beginning of the next are no pair
        ("*BSN* ثم *DigiD*", ["*BSN*", "*DigiD*"]),
    ],
)
def test_latin_letters_stand_apart(language: str, translation: str, apart: list[str], tmp_path: Path) -> None:
    text = reading(translation, tmp_path, language).text(language=language)

    assert isolated(text) == apart
    assert max(depth(text)) <= 1
    assert text.replace(LRI, "").replace(PDI, "") == translation


@pytest.mark.parametrize(
    ("translation", "slots", "apart"),
    [
        ("اتصلوا على {number_help} الآن", {}, ["010 - 123 45 67"]),
        ("{number_help}: المساعدة", {}, ["010 - 123 45 67"]),
        ("العنوان {local_desk} هنا", {"municipality": "ede"}, ["Markt 1, Ede"]),
        ("الموقع {local_site} هنا", {"municipality": "ede"}, ["https://ede.nl"]),
        ("لديكم {children} أطفال", {"children": 12}, ["12"]),
        ("آخر يوم {deadline_objection} فقط", {"letter_date": date(2026, 11, 1)}, []),  # a date is Arabic itself
        ("في *{municipality}* غدًا", {"municipality": "ede"}, ["Ede"]),
    ],
)
def test_what_is_filled_in_stands_apart(
    translation: str, slots: dict[str, object], apart: list[str], tmp_path: Path
) -> None:
    known = {
        "numbers": {"help": "010 - 123 45 67"},
        "facts": {"rent": fact("rent", Decimal("900.5"))},
        "municipalities": {"ede": place("Ede", desk="Markt 1, Ede", site="https://ede.nl")},
        "deadlines": {"objection": deadline()},
    }
    text = reading(translation, tmp_path, **known).text(language="ar", **slots)  # type: ignore[arg-type]  # all are values

    assert isolated(text) == apart
    assert max(depth(text)) <= 1


def test_an_amount_runs_as_its_language_writes_it(tmp_path: Path) -> None:
    """Arabic puts the currency behind the number, which is on its left; Farsi before it, and says so with a mark."""
    known = {"facts": {"rent": fact("rent", Decimal("900.5"))}}
    arabic = reading("الإيجار {fact_rent} كحد أقصى", tmp_path, **known).text(language="ar")  # type: ignore[arg-type]
    farsi = reading("کرایه {fact_rent} است", tmp_path / "fa", "fa", **known).text(language="fa")  # type: ignore[arg-type]

    assert f"{RLI}\u200f900.50\u00a0€{PDI}" in arabic
    assert f"{LRI}\u200e€\u00a0900.50{PDI}" in farsi
    assert max(depth(arabic) + depth(farsi)) == 1


def test_a_list_in_two_scripts_isolates_only_the_names(tmp_path: Path) -> None:
    answer, footer = "utter_example", "utter_footer_source"
    own = [
        Entry(context=answer, text=DUTCH, translation="جواب."),
        Entry(context=footer, text="Bron: {sources}.", translation="المصدر: {sources}."),
    ]
    known = content(
        said(DUTCH),
        said("Bron: {sources}.", name=footer),
        questions={"example": question("a", "b")},
        sources={"a": source("a", "Politie"), "b": source("b", "Belastingdienst")},
    )
    text = Desk(content=known, catalogues=catalogues(tmp_path, {"ar": own})).text(language="ar")

    assert isolated(text) == ["Politie", "Belastingdienst"]
    assert f"{PDI} و{LRI}" in text


def test_an_explanation_keeps_its_dutch_word_apart(tmp_path: Path) -> None:
    entries = [
        Entry(context="utter_example", text="Een *BSN*.", translation="رقم *BSN*."),
        Entry(context="glossary", text="Uw nummer.", translation="رقمكم عند DUO."),
    ]
    variant = Variant(context="utter_example", text="Een *BSN*.", terms=("BSN",))
    known = content(said(variant), terms={"BSN": term("BSN", "Uw nummer.")})
    text = Desk(content=known, catalogues=catalogues(tmp_path, {"ar": entries})).text(language="ar")

    assert text.split("\n") == [f"رقم {LRI}*BSN*{PDI}.", f"{LRI}*BSN*{PDI} = رقمكم عند {LRI}DUO{PDI}."]


@pytest.mark.parametrize("language", ["nl", "en", "fr", "ti", "uk"])
def test_text_from_left_to_right_is_left_alone(language: str, tmp_path: Path) -> None:
    words = "*DigiD* {number_help} https://x.nl {fact_rent} عربي"
    known = content(said(words), numbers={"help": "112"}, facts={"rent": fact("rent", "een feit", "plain")})
    own = {} if language == "nl" else {language: [Entry(context="utter_example", text=words, translation=words)]}
    text = Desk(content=known, catalogues=catalogues(tmp_path, own)).text(language=language)

    assert text == "*DigiD* 112 https://x.nl een feit عربي"


def test_a_note_in_arabic_above_a_dutch_message_is_one_piece(tmp_path: Path) -> None:
    note, in_arabic = "Nog niet in uw taal.\nZie DUO.", "ليس بلغتكم بعد.\nراجعوا DUO."
    own = [Entry(context="utter_other_language", text=note, translation=in_arabic)]
    known = content(said(DUTCH), said(note, name="utter_other_language"))
    message = Desk(content=known, catalogues=catalogues(tmp_path, {"ar": own})).read(language="ar").message

    assert message.direction == "ltr"
    assert message.text.split("\n") == [f"{RLI}ليس بلغتكم بعد.{PDI}", f"{RLI}راجعوا {LRI}DUO{PDI}.{PDI}", DUTCH]
    depth(message.text)


def test_a_footer_in_english_below_an_arabic_message_is_one_piece(tmp_path: Path) -> None:
    footer = "utter_footer_source"
    known = content(
        said(DUTCH),
        said("Bron: {sources}.", name=footer),
        questions={"example": question("a")},
        sources={"a": source("a", "Politie")},
    )
    own = {
        "ar": [Entry(context="utter_example", text=DUTCH, translation="جواب.")],
        "en": [Entry(context=footer, text="Bron: {sources}.", translation="Source: {sources}.")],
    }
    text = Desk(content=known, catalogues=catalogues(tmp_path, own)).text(language="ar")

    assert text.split("\n") == ["جواب.", f"{LRI}Source: Politie.{PDI}"]


# ---- whatever an author, a translator or a newcomer writes


SIGNS = st.text(alphabet="aZé9 *_-/.:،؟\n{}()'’اعرби፣ሰ\u200c", max_size=40)
VALUES = st.one_of(SIGNS, st.integers(-5, 3000), st.dates(), st.sampled_from(["https://x.nl/a)b", "010 - 12", "+31 6"]))


@settings(deadline=None)  # the first use of a language reads its files
@given(before=SIGNS, after=SIGNS, value=VALUES, language=st.sampled_from(["ar", "fa", "uk"]))
def test_isolates_are_always_balanced(before: str, after: str, value: SlotValue, language: str) -> None:
    translation = f"{before}{{value}}{after}"
    entry = Entry(context="utter_example", text="{value}", translation=translation)
    with TemporaryDirectory() as folder:
        desk = Desk(content=content(said("{value}")), catalogues=catalogues(Path(folder), {language: [entry]}))
        text = desk.text(language=language, value=value)

    assert max(depth(text), default=0) <= (0 if language == "uk" else 1)
