"""Rules about flows: nobody gets stuck, nobody is left without a way to a person."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.flows.conditions import UNDEFINED, Compare, Literal
from bot.flows.conditions import Slot as SlotOperand
from bot.flows.model import ACTIONS, END, Act, Call, Collect, Link, SetSlots
from bot.knowledge.check.ground import ABOUT, ASKS, Finding
from bot.knowledge.check.walks import comparisons, reachable, silent_circle, when_empty
from bot.knowledge.knowledge import CONTROLS
from bot.nlu.examples import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.flows.conditions import Condition
    from bot.flows.model import Branch, Flow
    from bot.knowledge.check.ground import Ground, Place
    from bot.knowledge.knowledge import Slot

AFTER_ANSWER = "after_answer"
# What these say has a button for a person below it (bot/join_in.py).
PERSON_BELOW = frozenset({"action_ask_seeking", "action_find_activities", "action_find_volunteering"})
# A flow's name is a line in a WhatsApp list, which holds no more.
LONGEST_NAME = 24


def intent_without_flow(ground: Ground) -> Iterator[Finding]:
    """Somebody who is understood must get an answer."""
    triggered = {intent for flow in ground.read.flows.values() for intent in flow.intents}
    for intent in sorted(ground.read.intents - triggered - {OUT_OF_SCOPE}):
        yield Finding(
            place=ground.at("intent", intent),
            why=f"no flow starts at the intent '{intent}'",
            mend=f"write a flow with 'nlu_trigger: - intent: {intent}', or take the intent away",
        )


def unknown_intent(ground: Ground) -> Iterator[Finding]:
    """A trigger that no intent carries never fires."""
    for flow in ground.read.flows.values():
        for at, intent in enumerate(flow.intents):
            if intent not in ground.read.intents:
                yield Finding(
                    place=ground.at("flow", flow.id, "nlu_trigger", at),
                    why=f"'{intent}' is no intent",
                    mend="mend the spelling, or add it to 'intents:' in nlu/domain/",
                )


def trigger_twice(ground: Ground) -> Iterator[Finding]:
    """Two flows for one intent: only one of them would ever be heard."""
    first: dict[str, str] = {}
    for flow in ground.read.flows.values():
        for at, intent in enumerate(flow.intents):
            if first.setdefault(intent, flow.id) != flow.id:
                yield Finding(
                    place=ground.at("flow", flow.id, "nlu_trigger", at),
                    why=f"the intent '{intent}' starts '{first[intent]}' already",
                    mend="keep the trigger in one flow",
                )


def no_question(ground: Ground) -> Iterator[Finding]:
    """An intent is a question of the catalogue, so that its answer has facts and a source; a crisis has fixed words."""
    fixed = {category.response for category in ground.read.crisis}
    crises = {
        intent
        for flow in ground.read.flows.values()
        if any(isinstance(step, Act) and step.action in fixed for step in flow.steps.values())
        for intent in flow.intents
    }
    for intent in sorted(ground.read.intents - set(ground.read.questions) - {*CONTROLS, OUT_OF_SCOPE} - crises):
        yield Finding(
            place=ground.at("intent", intent),
            why=f"the intent '{intent}' is no question of content/questions/",
            mend="use the question's id, or add the question with its facts and sources",
        )


def question_flow(ground: Ground) -> Iterator[Finding]:
    """A question's flow has the question's id and starts at its intent, or the question is never answered."""
    for flow, question in ground.question_flows:
        if question.id not in flow.intents:
            yield Finding(
                place=ground.at("flow", flow.id),
                why=f"the flow of the question '{question.id}' does not start at its intent",
                mend=f"add 'nlu_trigger: - intent: {question.id}'",
            )


def no_person(ground: Ground) -> Iterator[Finding]:
    """Every answer ends with a way to a person; nobody is left alone with a text."""
    helps = {AFTER_ANSWER, "talk_to_human", *(flow.id for flow, _ in ground.question_flows)}
    for flow, _ in ground.question_flows:
        good = frozenset(
            name
            for name, step in flow.steps.items()
            if (isinstance(step, Call) and step.flow == AFTER_ANSWER)
            or (isinstance(step, Link) and step.flow in helps)
            or (isinstance(step, Act) and step.action in PERSON_BELOW)
        )
        open_ends = [
            step
            for name in reachable(flow, past=good)
            if name != END
            for step in [flow.steps[name]]
            if isinstance(step, Link) or any(branch.target == END for branch in step.next)
        ]
        for step in sorted(open_ends, key=lambda step: ground.step(flow, step)):
            yield Finding(
                place=ground.step(flow, step),
                why=f"'{flow.id}' can end here without a way to a person",
                mend=f"let this path end with 'call: {AFTER_ANSWER}'",
            )


def skip_branch(ground: Ground) -> Iterator[Finding]:
    """Who passes a question over must not be told what is only true for who answered it."""
    for flow, _ in ground.question_flows:
        for step in flow.steps.values():
            if not isinstance(step, Collect) or len(step.next) == 1:
                continue
            at, branch = _when_skipped(step)
            target = flow.steps.get(branch.target)
            if branch.condition is None and isinstance(target, Act) and target.action.startswith("utter_"):
                yield Finding(
                    place=ground.step(flow, step, "next", at),
                    why=f"who skips this question is told '{target.action}'",
                    mend=f"begin with '- if: slots.{step.slot} is null'",
                )


def kept_unlike(ground: Ground) -> Iterator[Finding]:
    """An answer that one flow remembers and another forgets is asked for twice."""
    keeps: dict[str, set[str]] = {}
    asks: dict[str, list[tuple[Flow, Collect]]] = {}
    for flow in ground.read.flows.values():
        for step in flow.steps.values():
            if isinstance(step, Collect):
                asks.setdefault(step.slot, []).append((flow, step))
                if step.slot in flow.persisted_slots or not step.reset_after_flow_ends:
                    keeps.setdefault(step.slot, set()).add(flow.id)
    for slot, keepers in keeps.items():
        for flow, step in asks[slot]:
            if flow.id not in keepers:
                yield Finding(
                    place=ground.step(flow, step),
                    why=f"'{flow.id}' forgets '{slot}', which '{min(keepers)}' remembers",
                    mend=f"add it here too: 'persisted_slots: [{slot}]'",
                )


def unknown_flow(ground: Ground) -> Iterator[Finding]:
    """A call or link into nothing breaks the conversation."""
    for flow in ground.read.flows.values():
        for step in flow.steps.values():
            if isinstance(step, (Call, Link)) and step.flow not in ground.read.flows:
                word = "call" if isinstance(step, Call) else "link"
                yield Finding(
                    place=ground.step(flow, step, word),
                    why=f"there is no flow '{step.flow}'",
                    mend="mend the spelling, or write that flow",
                )


def flow_circle(ground: Ground) -> Iterator[Finding]:
    """Flows that call or link each other in a circle never come to an end."""
    goes_to = {
        flow.id: {step.flow: step for step in flow.steps.values() if isinstance(step, (Call, Link))}
        for flow in ground.read.flows.values()
    }

    def leads_to(start: str, wanted: str) -> bool:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name == wanted:
                return True
            if name not in seen:
                seen.add(name)
                waiting.extend(goes_to.get(name, ()))
        return False

    told: set[str] = set()
    for flow in ground.read.flows.values():
        for other, step in goes_to[flow.id].items():
            if other not in told and leads_to(other, flow.id):
                told.add(flow.id)
                yield Finding(
                    place=ground.step(flow, step),
                    why=f"'{flow.id}' goes to '{other}', which comes back to '{flow.id}'",
                    mend="break the circle: let one of them end",
                )


def unreachable_step(ground: Ground) -> Iterator[Finding]:
    """A step that no path leads to is never carried out."""
    for flow in ground.read.flows.values():
        for name in sorted(set(flow.steps) - reachable(flow)):
            yield Finding(
                place=ground.step(flow, flow.steps[name]),
                why=f"no path in '{flow.id}' leads to this step",
                mend="let a 'next' or 'then' go to it, or take it away",
            )


def endless(ground: Ground) -> Iterator[Finding]:
    """Every path comes to an end; else a conversation stays open for ever."""
    for flow in ground.read.flows.values():
        for name in reachable(flow) - {END}:
            onward = reachable(flow, name)
            links = any(isinstance(flow.steps[other], Link) for other in onward - {END})
            if END not in onward and not links:
                yield Finding(
                    place=ground.step(flow, flow.steps[name]),
                    why=f"from here '{flow.id}' never ends",
                    mend="let one branch go to END or to a last step",
                )
                break


def silent_circles(ground: Ground) -> Iterator[Finding]:
    """A circle in which nothing is asked would repeat itself until the assistant gives up."""
    for flow in ground.read.flows.values():
        name = silent_circle(flow)
        if name is not None:
            yield Finding(
                place=ground.step(flow, flow.steps[name]),
                why=f"'{flow.id}' goes round here without asking anything",
                mend="ask in the circle with 'ask_before_filling: true', or let it end",
            )


def unknown_slot(ground: Ground) -> Iterator[Finding]:
    """A slot that is declared nowhere is never filled: its question cannot be answered, its branch never taken."""
    mend = "mend the spelling, or add it to 'slots:' in nlu/domain/"
    known = set(ground.read.slots)
    for flow in ground.read.flows.values():
        for name in sorted(flow.persisted_slots - known):
            yield Finding(place=ground.at("flow", flow.id, "persisted_slots"), why=f"'{name}' is no slot", mend=mend)
        for step in flow.steps.values():
            match step:
                case Collect(slot=slot) if slot not in known:
                    yield Finding(place=ground.step(flow, step, "collect"), why=f"'{slot}' is no slot", mend=mend)
                case SetSlots(slots=slots):
                    for name in sorted(set(slots) - known):
                        place = ground.step(flow, step, "set_slots")
                        yield Finding(place=place, why=f"'{name}' is no slot", mend=mend)
                case _:
                    pass
    for place, condition in _conditions(ground):
        for name in sorted(condition.slots() - known - ABOUT):
            yield Finding(place=place, why=f"'{name}' is no slot", mend=mend)


def slot_value(ground: Ground) -> Iterator[Finding]:
    """A value that the slot can never have is a branch that is never taken."""
    for flow in ground.read.flows.values():
        for step in flow.steps.values():
            if isinstance(step, SetSlots):
                for name, value in step.slots.items():
                    slot = ground.read.slots.get(name)
                    if slot is not None and value is not None and not fits(slot, value):
                        yield _value_finding(ground.step(flow, step, "set_slots"), slot, value)
    for place, condition in _conditions(ground):
        for comparison in comparisons(condition.expression):
            compared, literal = _compared(ground, comparison)
            if compared is not None and not fits(compared, literal):
                yield _value_finding(place, compared, literal)


def undefined(ground: Ground) -> Iterator[Finding]:
    """An empty slot is `null`, as in Rasa, so `is undefined` never holds."""
    for place, condition in _conditions(ground):
        for comparison in comparisons(condition.expression):
            sides = (comparison.left, comparison.right)
            if any(isinstance(side, Literal) and side.value is UNDEFINED for side in sides):
                yield Finding(place=place, why="an empty slot is null, never undefined", mend="write 'is null'")


def and_or(ground: Ground) -> Iterator[Finding]:
    """`a and b or c` means `a and (b or c)` to Rasa, and something else to most readers."""
    for place, condition in _conditions(ground):
        if condition.mixes_and_with_or():
            yield Finding(
                place=place,
                why="'and' stands beside 'or' in this condition",
                mend="put brackets around the part that belongs together",
            )


def question_missing(ground: Ground) -> Iterator[Finding]:
    """A `collect` without its question waits for an answer that nobody was asked for."""
    for name, uses in ground.uses.items():
        for use in uses:
            if use.how == "collect" and name not in ground.read.responses:
                yield Finding(
                    place=ground.step(use.flow, use.step),
                    why=f"the question '{name}' is no response",
                    mend=f"add '{name}:' to content/responses/, or name another with 'utter:'",
                )


def unknown_response(ground: Ground) -> Iterator[Finding]:
    """A response that does not exist cannot be said; the turn would fail."""
    for name, uses in ground.uses.items():
        for use in uses:
            if use.how != "collect" and name not in ground.read.responses:
                word = "rejections" if use.how == "rejection" else "action"
                yield Finding(
                    place=ground.step(use.flow, use.step, word),
                    why=f"'{name}' is no response",
                    mend=f"mend the spelling, or add '{name}:' to content/responses/",
                )
    for name in sorted(set(ground.spoken) - set(ground.read.responses)):
        yield Finding(
            place=("content/responses", 1),
            why=f"the assistant itself says '{name}', and it is no response",
            mend=f"add '{name}:' to content/responses/system.yml",
        )


def unused_response(ground: Ground) -> Iterator[Finding]:
    """A text that is never said costs translators their time."""
    said = {*ground.uses, *ground.spoken, *(shape.response for shape in ground.read.crisis_shapes)}
    said |= {f"utter_{question.id}_more" for _, question in ground.question_flows}
    for name in ground.read.responses:
        if name not in said:
            yield Finding(
                place=ground.at("response", name),
                why=f"'{name}' is never said",
                mend="say it in a flow, or take it away",
                # A shared question may wait for the flow that will ask it.
                warning=name.removeprefix(ASKS) in ground.read.slots,
            )


def answer_missing(ground: Ground) -> Iterator[Finding]:
    """`utter_<question>` is the answer: source and date are added below that one, and no other."""
    fixed = {shape.response for shape in ground.read.crisis_shapes}
    for flow, question in ground.question_flows:
        name = f"utter_{question.id}"
        said = {step.action for step in flow.steps.values() if isinstance(step, Act)}
        # A calm question about danger gets the same fixed text as the danger itself.
        if name not in said and not said & fixed:
            yield Finding(
                place=ground.at("flow", flow.id),
                why=f"the flow never says '{name}', so its source is never shown",
                mend=f"begin with 'action: {name}'",
            )


def more_missing(ground: Ground) -> Iterator[Finding]:
    """Five lines are never all: who asks for more gets it."""
    for flow, question in ground.question_flows:
        name = f"utter_{question.id}_more"
        if name not in ground.read.responses:
            yield Finding(
                place=ground.at("flow", flow.id),
                why=f"there is no '{name}' for who asks for more",
                mend=f"add '{name}:' to content/responses/{question.topic}.yml",
            )


def unknown_action(ground: Ground) -> Iterator[Finding]:
    """An action that the assistant does not know would make the turn fail."""
    for flow in ground.read.flows.values():
        for step in flow.steps.values():
            if isinstance(step, Act) and step.action.startswith("action_") and step.action not in ACTIONS:
                yield Finding(
                    place=ground.step(flow, step, "action"),
                    why=f"'{step.action}' is no action",
                    mend=f"use one of: {', '.join(sorted(ACTIONS))}",
                )


def flow_name(ground: Ground) -> Iterator[Finding]:
    """A flow's name is read by people, in menus that hold 24 characters."""
    for flow in ground.read.flows.values():
        place = ground.at("flow", flow.id, "name")
        if flow.name == flow.id:
            yield Finding(place=place, why="the flow has no name", mend="give it a short Dutch 'name:'")
        elif len(flow.name) > LONGEST_NAME:
            yield Finding(
                place=place,
                why=f"the name '{flow.name}' has {len(flow.name)} characters",
                mend=f"use at most {LONGEST_NAME}",
            )


def fits(slot: Slot, value: object) -> bool:
    """Return whether the slot can have this value."""
    match slot.kind:
        case "choice":
            return value in slot.values
        case "yes_no":
            return isinstance(value, bool)
        case "count":
            return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
        case "date" | "text":
            return isinstance(value, str)


def _when_skipped(step: Collect) -> tuple[int, Branch]:
    """Return the branch that an empty slot takes: the first one that surely or perhaps holds."""
    for at, branch in enumerate(step.next):
        if branch.condition is None or when_empty(branch.condition.expression, step.slot) is not False:
            return at, branch
    return len(step.next) - 1, step.next[-1]


def _value_finding(place: Place, slot: Slot, value: object) -> Finding:
    can_be = {
        "choice": ", ".join(slot.values),
        "yes_no": "true or false, without quotes",
        "count": "a number, without quotes",
        "date": "a day such as 2026-10-05",
        "text": "a text",
    }[slot.kind]
    shown = str(value).lower() if isinstance(value, bool) else value
    return Finding(place=place, why=f"'{slot.name}' can never be '{shown}'", mend=f"it can be: {can_be}")


def _compared(ground: Ground, comparison: Compare) -> tuple[Slot | None, object]:
    """Return the slot and the value of a comparison that asks for equality; no slot when it asks something else."""
    sides = (comparison.left, comparison.right)
    slots = [side.name for side in sides if isinstance(side, SlotOperand)]
    values = [side.value for side in sides if isinstance(side, Literal)]
    if comparison.op in ("=", "!=") and len(slots) == 1 and isinstance(values[0], (str, int, float)):
        return ground.read.slots.get(slots[0]), values[0]
    return None, None


def _conditions(ground: Ground) -> Iterator[tuple[Place, Condition]]:
    for flow in ground.read.flows.values():
        for step in flow.steps.values():
            for at, branch in enumerate(step.next):
                if branch.condition is not None:
                    yield ground.step(flow, step, "next", at, "if"), branch.condition
            if isinstance(step, Collect):
                for at, rejection in enumerate(step.rejections):
                    yield ground.step(flow, step, "rejections", at, "if"), rejection.condition
