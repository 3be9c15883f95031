"""Outside WhatsApp's window what is said of taking part goes as an approved text, and its button leads on."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import bot
from bot import announce, recall, remind, say
from bot.content.extraction import TEMPLATE_LANGUAGES
from bot.content.render import Renderer
from bot.domain.languages import SOURCE
from bot.recall import recall_due
from tests.participation.conftest import shipped

if TYPE_CHECKING:
    from bot.domain.turn import Message
    from tests.guide.conftest import Guide

CAFE = "Taalcafé"
# Every template that the code says, with how many values it fills in.
FILLS = {
    say.ANSWER_READY: 0,
    **dict.fromkeys(say.ANNOUNCED_BY.values(), 0),
    remind.REMINDER: 1,
    announce.TEMPLATE: 2,
    recall.COMES: 2,
    recall.IS_OFF: 2,
    recall.WAS: 2,
    recall.THIS_WEEK: 0,
}


def test_every_template_that_the_code_says_is_there_with_as_many_values() -> None:
    templates = shipped().content.templates
    assert set(FILLS) == set(templates)
    for name, fills in FILLS.items():
        text = templates[name].text
        assert sorted(set(re.findall(r"\{(\d)\}", text))) == [str(number + 1) for number in range(fills)], name


def test_no_other_module_says_a_template() -> None:
    said = set()
    for path in Path(bot.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("say_template"):
                name = ast.unparse(node.args[0])
                known = getattr(import_module(f"bot.{path.stem}"), name, None)
                assert known is None or known in FILLS, (path, name)
                said.add(path.stem)
    assert said == {"say", "remind", "announce", "recall"}


def test_each_is_written_in_every_language_that_whatsapp_takes() -> None:
    knowledge = shipped()
    renderer = Renderer(content=knowledge.content, catalogues=knowledge.catalogues)
    languages = sorted({*TEMPLATE_LANGUAGES} & {*knowledge.content.languages.all})
    assert SOURCE in languages
    assert [(name, code) for name in FILLS for code in languages if renderer.template(name, code) is None] == []


def later(guide: Guide, **units: float) -> list[Message]:
    guide.desk.clock.wait(**units)
    while recall_due(guide.runtime):
        pass
    return guide.read()


def presses(guide: Guide, payload: str) -> list[str]:
    answers, _ = guide.talk.send(payload, payload=guide.talk.with_occasions(payload))
    return [one.response for one in answers]


def filled(messages: list[Message]) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.template.name, one.template.variables) for one in messages if one.template is not None]


def test_what_is_near_and_how_it_was(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 9, "hours": 4})
    presses(guide, f"/join <{CAFE}>")
    guide.desk.wire.has_a_window()
    when = ("woensdag 2 december 2026", "14.00")

    assert filled(later(guide, days=8)) == [("activity", when)]
    assert presses(guide, "/signed_up") == ["utter_signed_up"]
    assert filled(later(guide, days=2)) == [("activity_was", when)]
    assert presses(guide, "/how_was_it") == ["utter_offer_how_was_it"]


def test_what_is_off(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 9, "hours": 4})
    presses(guide, f"/join <{CAFE}>")
    guide.desk.wire.has_a_window()
    guide.desk.clock.wait(days=3)

    assert filled(guide.talk.called_off(CAFE)) == [("activity_cancelled", ("woensdag 2 december 2026", "14.00"))]


def test_the_message_of_the_week(taking_part: Guide) -> None:
    guide = taking_part
    guide.talk.offered(CAFE, begins={"days": 9})
    presses(guide, "/week on")
    guide.desk.wire.has_a_window()

    (said,) = later(guide, days=7)

    assert filled([said]) == [("activities_week", ())]
    assert presses(guide, said.buttons[0].payload) == ["utter_offers_found"]
    assert presses(guide, said.buttons[1].payload) == ["utter_week_off"]


def test_the_question_of_a_match_waits_behind_words_of_its_own(taking_part: Guide) -> None:
    guide = taking_part
    guide.desk.wire.has_a_window()
    guide.desk.clock.wait(days=3)

    said = guide.talk.matched()
    said += guide.read()

    assert filled(said) == [("match", ())]
    assert presses(guide, said[-1].buttons[0].payload) == ["utter_match_asked"]
