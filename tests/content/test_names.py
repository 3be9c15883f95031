"""How messengers are called: in a text, on a button, and on a messenger's own screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.content.render import Renderer
from bot.domain.turn import Choice
from tests.content.small import Desk, catalogues, content, said, translated

if TYPE_CHECKING:
    from pathlib import Path

NAMES = content(
    said("Herinneringen komen in {messenger}."),
    said("Proefpagina", name="utter_messenger_preview"),
    said("Waar?", name="utter_ask_reminders_to"),
)
FRENCH = {
    "fr": [
        translated("Herinneringen komen in {messenger}.", "Les rappels arrivent dans {messenger}."),
        translated("Proefpagina", "Page d’essai", context="utter_messenger_preview"),
        translated("Waar?", "Où ?", context="utter_ask_reminders_to"),
    ]
}


def test_a_messenger_is_called_by_its_name_in_the_readers_language(tmp_path: Path) -> None:
    desk = Desk(content=NAMES, catalogues=catalogues(tmp_path, FRENCH))
    assert desk.read(language="fr", extra={"messenger": "preview"}).message.text == (
        "Les rappels arrivent dans Page d’essai."
    )
    choice = Choice(payload="/reminders preview", messenger="preview")
    buttons = desk.read("utter_ask_reminders_to", "fr", choices=(choice,)).message.buttons
    assert [(button.title, button.payload) for button in buttons] == [("Page d’essai", "/reminders preview")]


def test_words_for_a_screen_fall_back_to_dutch(tmp_path: Path) -> None:
    renderer = Renderer(content=NAMES, catalogues=catalogues(tmp_path, FRENCH))
    assert renderer.words("utter_messenger_preview", "fr") == "Page d’essai"
    assert renderer.words("utter_messenger_preview", "uk", "fr") == "Page d’essai"
    assert renderer.words("utter_messenger_preview", "uk") == "Proefpagina"
