"""What goes over the wire: texts that fit, three buttons, a list of ten, or numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.limits import length
from bot.channels.whatsapp_shape import (
    File,
    FreeText,
    ListPicker,
    QuickReply,
    content_name,
    content_of,
    parts_of,
    split,
    template_content,
    template_name,
    template_variables,
)
from bot.content.model import ButtonText, TemplateText
from bot.domain.turn import Button, Media, Message

if TYPE_CHECKING:
    from bot.channels.whatsapp_shape import Part

WORDS = {"utter_list_button": "Kies", "utter_choose_number": "Stuur het nummer."}


def says(text: str, *titles: str, direction: str = "ltr", media: tuple[Media, ...] = ()) -> Message:
    return Message(
        response="utter_example",
        text=text,
        buttons=tuple(Button(title=title, payload=f"/SetSlots(x={at})") for at, title in enumerate(titles)),
        language="ar" if direction == "rtl" else "nl",
        direction="rtl" if direction == "rtl" else "ltr",
        media=media,
    )


def parts(message: Message, public_url: str | None = None) -> tuple[Part, ...]:
    return parts_of(message, WORDS.get, lambda media: f"{public_url}/{media.path}" if public_url else None)


def test_a_short_text_goes_as_it_is() -> None:
    assert parts(says("Goedemorgen.")) == (FreeText(text="Goedemorgen."),)


def test_a_long_text_is_parted_between_paragraphs_then_sentences() -> None:
    first, second = "Een zin over de huur. " * 60, "Een zin over de zorg. " * 60

    found = split(f"{first.strip()}\n\n{second.strip()}")

    assert found == (first.strip(), second.strip())
    assert [part[-1] for part in split("Dit is een zin! " * 150)] == ["!", "!"]


def test_arabic_and_tigrinya_sentences_end_too() -> None:
    for sentence in ("هل لديكم سؤال؟ ", "ሕቶ ኣለኩም፧ ", "እዚ መልሲ እዩ። "):
        assert {part[-1] for part in split(sentence * 300)} == {sentence.strip()[-1]}


def test_an_isolated_dutch_word_is_never_torn() -> None:
    text = "كلمة " * 318 + "\u2066zorg. verzekering\u2069 " + "كلمة " * 100

    assert all(part.count("\u2066") == part.count("\u2069") for part in split(text))


@given(st.text(min_size=1, max_size=6000))
def test_whatever_is_written_fits_and_nothing_of_it_is_lost(text: str) -> None:
    found = split(text)

    assert all(length(part) <= 1600 for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_three_short_choices_are_buttons() -> None:
    message = says("Is dit duidelijk?", "Ja", "Nee", "Een mens")

    assert parts(message) == (QuickReply(text="Is dit duidelijk?", buttons=message.buttons),)


def test_ten_choices_are_a_list() -> None:
    message = says("Welk onderwerp?", *(f"Onderwerp {number}" for number in range(10)))

    assert parts(message) == (ListPicker(text="Welk onderwerp?", label="Kies", items=message.buttons),)


def test_a_title_too_long_for_a_button_fits_in_a_list() -> None:
    found = parts(says("Wat bedoelt u?", "Huurtoeslag aanvragen ja", "Iets anders"))

    assert isinstance(found[0], ListPicker)


def test_what_fits_nowhere_is_numbered() -> None:
    (found,) = parts(says("Wat bedoelt u?", "Een vraag over de verzekering", "Iets anders"))

    assert found == FreeText(
        text="Wat bedoelt u?\n\n1. Een vraag over de verzekering\n2. Iets anders\nStuur het nummer."
    )


def test_numbers_stand_on_the_right_in_arabic() -> None:
    (found,) = parts(says("ماذا تقصدون؟", "سؤال عن التأمين الصحي الأساسي", "DigiD", direction="rtl"))

    assert isinstance(found, FreeText)
    assert "\u200f2. DigiD" in found.text


def test_two_titles_alike_are_numbered_because_whatsapp_refuses_them() -> None:
    assert isinstance(parts(says("Welke?", "Huur", "Huur"))[0], FreeText)


def test_a_payload_too_long_for_an_id_is_numbered() -> None:
    message = Message(
        response="utter_x",
        text="Kies.",
        buttons=(Button(title="Ja", payload="/SetSlots(x=" + "é" * 101 + ")"),),
        language="nl",
        direction="ltr",
    )

    assert isinstance(parts(message)[0], FreeText)


def test_buttons_stand_below_the_last_part_of_a_long_text() -> None:
    *before, last = parts(says("Een zin over de huur. " * 100, "Ja", "Nee"))

    assert [type(part) for part in before] == [FreeText]
    assert isinstance(last, QuickReply)
    assert length(last.text) <= 1024


def test_pictures_go_first_with_their_words_and_sound_is_told_in_the_text() -> None:
    media = (
        Media(path="media/brief.png", alt="Een brief van de gemeente."),
        Media(path="media/brief.mp3", alt="Dit antwoord, voorgelezen."),
    )

    found = parts(says("Dit is een brief.", "Ja", media=media), "https://wegwijs.example")

    assert found[:2] == (
        File(url="https://wegwijs.example/media/brief.png", text="Een brief van de gemeente.", captioned=True),
        File(url="https://wegwijs.example/media/brief.mp3", text="Dit antwoord, voorgelezen.", captioned=False),
    )
    assert isinstance(found[2], QuickReply)
    assert found[2].text == "Dit is een brief.\nDit antwoord, voorgelezen."


def test_without_a_public_address_a_picture_is_told() -> None:
    media = (Media(path="media/brief.png", alt="Een brief van de gemeente."),)

    assert parts(says("Kijk.", media=media)) == (FreeText(text="Kijk.\nEen brief van de gemeente."),)


def test_the_same_buttons_have_one_name_whatever_stands_above_them() -> None:
    one, two, other = (parts(says(text, title))[0] for text, title in (("A", "Ja"), ("B", "Ja"), ("A", "Nee")))
    assert isinstance(one, QuickReply)
    assert isinstance(two, QuickReply)
    assert isinstance(other, QuickReply)

    assert content_name(one) == content_name(two) != content_name(other)
    assert content_of(one, "nl")["types"] == {
        "twilio/quick-reply": {
            "body": "{{1}}",
            "actions": [{"type": "QUICK_REPLY", "title": "Ja", "id": "/SetSlots(x=0)"}],
        }
    }


def test_a_language_that_twilio_does_not_know_is_not_named() -> None:
    part = parts(says("ሰላም", "እወ"))[0]
    assert isinstance(part, QuickReply)

    assert content_of(part, "ti")["language"] == "en"
    assert content_of(part, "ar")["language"] == "ar"


TEMPLATE = TemplateText(
    name="answer_ready",
    language="nl",
    category="utility",
    text="Vraag {1} is klaar op {2} hoor.",
    examples=("1042", "maandag"),
    buttons=(ButtonText(title="Lezen", payload="/open"),),
)


def test_a_template_is_written_as_whatsapp_wants_it() -> None:
    content = template_content(TEMPLATE)

    assert content["types"]["twilio/quick-reply"]["body"] == "Vraag {{1}} is klaar op {{2}} hoor."
    assert content["variables"] == {"1": "1042", "2": "maandag"}
    assert re.fullmatch(r"answer_ready_nl_[0-9a-f]{8}", template_name(TEMPLATE))


def test_variables_hold_no_line_breaks_and_none_is_empty() -> None:
    assert template_variables(("een\n\ntwee", "")) == {"1": "een twee", "2": "-"}
