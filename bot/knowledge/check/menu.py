"""Rules about the menu: every question that has an answer can be found by who does not know how to ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flows.model import Act, Collect
from bot.knowledge.check.ground import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.check.ground import Ground

SUBJECT = "subject"


def menu_question(ground: Ground) -> Iterator[Finding]:
    """The menu lists questions of the catalogue, each below one subject."""
    listed: set[str] = set()
    for subject, names in ground.read.menu.items():
        for at, name in enumerate(names):
            place = ground.at("menu", subject, at)
            if name not in ground.read.questions:
                yield Finding(place=place, why=f"'{name}' is no question", mend="use an id of content/questions/")
            elif name in listed:
                yield Finding(place=place, why=f"'{name}' stands in the menu twice", mend="keep one")
            listed.add(name)


def menu_subject(ground: Ground) -> Iterator[Finding]:
    """A subject is a value of the slot, a button and a list of questions; one of the three missing is a dead end."""
    slot = ground.read.slots.get(SUBJECT)
    if slot is None:
        return
    asked = {
        step.utter
        for flow in ground.read.flows.values()
        for step in flow.steps.values()
        if isinstance(step, Collect) and step.slot == SUBJECT
    }
    for name in ground.read.menu:
        if name not in slot.values:
            yield Finding(
                place=ground.at("menu", name),
                why=f"'{name}' is no value of the slot '{SUBJECT}'",
                mend=f"add it to the values of '{SUBJECT}' in nlu/domain/, and a button to its question",
            )
    for name in slot.values:
        if name not in ground.read.menu:
            yield Finding(
                place=ground.at("slot", SUBJECT, "values"),
                why=f"the subject '{name}' has no questions in the menu",
                mend=f"add '{name}:' with its questions to content/menu.yml",
            )
        for utter in sorted(asked & set(ground.read.responses)):
            payload = f"/SetSlots({SUBJECT}={name})"
            last = ground.read.responses[utter].variants[-1:]
            if last and payload not in {button.payload for button in last[0].buttons}:
                yield Finding(
                    place=ground.at("response", utter),
                    why=f"the subject '{name}' has no button",
                    mend=f"add a button with 'payload: {payload}'",
                )


def menu_missing(ground: Ground) -> Iterator[Finding]:
    """A question outside the menu is found only by who words it as we thought."""
    if not ground.read.menu:
        return
    listed = {name for names in ground.read.menu.values() for name in names}
    fixed = {shape.response for shape in ground.read.crisis_shapes}
    for flow, question in ground.question_flows:
        said = {step.action for step in flow.steps.values() if isinstance(step, Act)}
        # Questions about danger are not shown in a list that somebody may look over your shoulder at.
        if question.id not in listed and not said & fixed:
            yield Finding(
                place=ground.at("flow", flow.id),
                why=f"the question '{question.id}' stands below no subject of the menu",
                mend="add it to content/menu.yml",
            )
