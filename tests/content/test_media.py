"""Pictures and sounds that go with an answer: their words are translated, and never come without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.content.extraction import phrases
from bot.content.model import Variant
from bot.domain.turn import Media
from tests.content.small import Desk, catalogues, content, said, translated

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Variant(
    context="utter_example/town",
    text="Zo ziet de brief eruit.",
    media=("media/letter.png", "media/letter.mp3"),
    alt="Een brief van *DUO*.",
)
SHOWN = content(said(LETTER))


def test_the_words_of_a_picture_are_translated_beside_the_text(tmp_path: Path) -> None:
    own = {
        "ar": [
            translated(LETTER.text, "هكذا تبدو الرسالة.", context=LETTER.context),
            translated(LETTER.alt or "", "رسالة من *DUO*.", context="utter_example/town.alt"),
        ]
    }
    message = Desk(content=SHOWN, catalogues=catalogues(tmp_path, own)).read(language="ar").message
    alt = "رسالة من \u2066DUO\u2069."
    assert message.media == (Media(path="media/letter.png", alt=alt), Media(path="media/letter.mp3", alt=alt))
    assert [media.is_sound for media in message.media] == [False, True]


def test_without_a_translation_the_dutch_words_stay(tmp_path: Path) -> None:
    message = Desk(content=SHOWN, catalogues=catalogues(tmp_path, {})).read(language="tr").message
    assert {media.alt for media in message.media} == {"Een brief van DUO."}


def test_the_words_are_extracted_for_translators() -> None:
    assert [(phrase.context, phrase.text) for phrase in phrases(SHOWN)] == [
        ("utter_example/town", "Zo ziet de brief eruit."),
        ("utter_example/town.alt", "Een brief van *DUO*."),
    ]
