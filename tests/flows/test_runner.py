"""The runner: from a flow document to what is said, step by step, and what is remembered between two messages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.turn import Say
from bot.flows.dialogue import Answered, Dialogue, Frame, Offered, StateFromTheFutureError
from bot.flows.model import END
from bot.flows.reading import FlowError, read_flow
from bot.flows.runner import Do, FlowLoopError, Outcome, Resumed, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping


def runner(text: str, about: Mapping[str, Any] | None = None) -> Runner:
    """Return a runner for flows written as an author writes them."""
    flows = {name: read_flow(name, raw) for name, raw in yaml.safe_load(text).items()}
    return Runner(flows=flows, about=about or {})


def told(outcome: Outcome) -> list[str]:
    """Return what was said and done, in order."""
    words = []
    for output in outcome.outputs:
        match output:
            case Say():
                words.append(output.response)
            case Do():
                words.append(output.action)
            case Resumed():
                words.append(f"back to {output.flow}")
    return words


RENT = """
rent:
  steps:
    - action: utter_rent
    - collect: home_kind
      next:
        - if: slots.home_kind is null
          then: after
        - if: slots.home_kind is "room"
          then:
            - action: utter_rent_room
              next: after
        - else:
            - collect: age
              next:
                - if: slots.age < 21
                  then:
                    - action: utter_rent_young
                      next: END
                - else: after
    - id: after
      call: after_answer
after_answer:
  comes_back: false
  steps:
    - collect: clear
      ask_before_filling: true
      next:
        - if: slots.clear
          then:
            - action: utter_glad
              next: END
        - else: END
letter:
  persisted_slots: [town]
  steps:
    - collect: town
    - collect: letter_date
    - action: utter_letter
    - call: after_answer
person:
  comes_back: false
  steps:
    - action: action_open_case
    - action: utter_case_opened
"""


# ---- one flow


def test_answer_first_then_the_question() -> None:
    outcome = runner(RENT).start(Dialogue(), "rent")

    assert told(outcome) == ["utter_rent", "utter_ask_home_kind"]
    assert outcome.dialogue.collecting == "home_kind"


def test_branch_is_taken_by_the_answer() -> None:
    talk = runner(RENT)
    outcome = talk.fill(talk.start(Dialogue(), "rent").dialogue, "room")

    assert told(outcome) == ["utter_rent_room", "utter_ask_clear"]


def test_question_inside_a_branch() -> None:
    talk = runner(RENT)
    asked = talk.fill(talk.start(Dialogue(), "rent").dialogue, "whole_home")
    assert told(asked) == ["utter_ask_age"]

    young = talk.fill(asked.dialogue, 19)
    assert told(young) == ["utter_rent_young"]
    assert young.dialogue.stack == ()


def test_skipped_question_goes_past_its_branches() -> None:
    talk = runner(RENT)
    outcome = talk.skip(talk.start(Dialogue(), "rent").dialogue)

    assert told(outcome) == ["utter_ask_clear"]
    assert outcome.dialogue.skipped == {"home_kind"}


def test_skipped_question_is_asked_again_in_a_new_conversation_about_it() -> None:
    talk = runner(RENT)
    over = talk.skip(talk.skip(talk.start(Dialogue(), "rent").dialogue).dialogue)

    assert over.dialogue.skipped == frozenset()
    assert told(talk.start(over.dialogue, "rent")) == ["utter_rent", "utter_ask_home_kind"]


def test_called_flow_comes_back_to_its_caller() -> None:
    talk = runner("""
        outer: {steps: [{call: inner}, {action: utter_after}]}
        inner: {steps: [{action: utter_inside}]}
    """)

    assert told(talk.start(Dialogue(), "outer")) == ["utter_inside", "utter_after"]


def test_what_was_told_where_a_called_flow_led_is_forgotten_with_the_caller() -> None:
    talk = runner("""
        outer: {steps: [{call: middle}]}
        middle: {steps: [{link: inner}]}
        inner: {steps: [{collect: age}, {action: utter_inside}]}
    """)

    ended = talk.fill(talk.start(Dialogue(), "outer").dialogue, 30).dialogue

    assert (ended.stack, dict(ended.slots), ended.answers) == ((), {}, ())


def test_linked_flow_does_not_come_back() -> None:
    talk = runner("""
        outer: {steps: [{action: utter_before}, {link: inner}]}
        inner: {steps: [{collect: town}]}
    """)
    outcome = talk.start(Dialogue(), "outer")

    assert told(outcome) == ["utter_before", "utter_ask_town"]
    assert [frame.flow for frame in outcome.dialogue.stack] == ["inner"]


def test_link_in_a_called_flow_still_comes_back_to_the_caller() -> None:
    talk = runner("""
        outer: {steps: [{call: middle}, {action: utter_after}]}
        middle: {steps: [{link: inner}]}
        inner: {steps: [{action: utter_inside}]}
    """)

    assert told(talk.start(Dialogue(), "outer")) == ["utter_inside", "utter_after"]


def test_set_slots_fill_and_forget() -> None:
    talk = runner("""
        one:
          steps:
            - set_slots: [{town: schiedam}, {age: 12.5}]
            - collect: town
            - set_slots: [{town: null}]
            - collect: town
    """)
    outcome = talk.start(Dialogue(), "one")

    assert told(outcome) == ["utter_ask_town"]
    assert outcome.dialogue.slots == {"age": Decimal("12.5")}
    assert Dialogue.from_json(outcome.dialogue.to_json()) == outcome.dialogue


def test_known_answer_is_not_asked_for() -> None:
    talk = runner(RENT)

    assert told(talk.start(Dialogue(slots={"town": "schiedam"}), "letter")) == ["utter_ask_letter_date"]


def test_ask_before_filling_asks_all_the_same() -> None:
    talk = runner(RENT)
    outcome = talk.start(Dialogue(slots={"home_kind": "room", "clear": True}), "rent")

    assert told(outcome) == ["utter_rent", "utter_rent_room", "utter_ask_clear"]


REJECTS = """
family:
  steps:
    - collect: children
      rejections:
        - if: slots.children > 20
          utter: utter_too_many
    - action: utter_family
"""


def test_rejected_answer_is_refused_and_asked_again() -> None:
    talk = runner(REJECTS)
    asked = talk.start(Dialogue(), "family").dialogue
    refused = talk.fill(asked, 100)

    assert told(refused) == ["utter_too_many", "utter_ask_children"]
    assert refused.dialogue == asked
    assert told(talk.fill(refused.dialogue, 2)) == ["utter_family"]


def test_condition_sees_what_the_flow_is_about() -> None:
    talk = runner(
        """
        rent:
          steps:
            - noop: true
              next:
                - if: slots.question_needs_human is "always"
                  then: END
                - else: more
            - id: more
              action: action_more
        """,
        about={"rent": {"question": "rent", "question_needs_human": "never"}},
    )
    (more,) = talk.start(Dialogue(), "rent").outputs

    assert more == Do(
        action="action_more", question="rent", slots={"question": "rent", "question_needs_human": "never"}
    )


def test_case_without_a_running_question_is_about_the_last_one() -> None:
    talk = runner(RENT, about={"rent": {"question": "rent"}})
    over = talk.fill(talk.skip(talk.start(Dialogue(), "rent").dialogue).dialogue, True).dialogue
    case = talk.start(over, "person").outputs[0]

    assert isinstance(case, Do)
    assert case.question == "rent"


# ---- what is remembered


def test_answers_are_forgotten_at_the_end_but_persisted_ones_stay() -> None:
    talk = runner(RENT)
    dialogue = talk.start(Dialogue(), "letter").dialogue
    for value in ("schiedam", date(2026, 11, 1), True):
        dialogue = talk.fill(dialogue, value).dialogue

    assert dialogue.slots == {"town": "schiedam"}
    assert dialogue.answers == ()
    assert dialogue.stack == ()


def test_collect_can_keep_its_own_answer() -> None:
    talk = runner("one: {steps: [{collect: town, reset_after_flow_ends: false}, {collect: age}]}")
    dialogue = talk.fill(talk.fill(talk.start(Dialogue(), "one").dialogue, "enschede").dialogue, 30).dialogue

    assert dialogue.slots == {"town": "enschede"}


def test_question_in_between_does_not_take_the_answers_of_the_one_that_waits() -> None:
    talk = runner("""
        first:
          steps:
            - collect: age
            - collect: town
            - noop: true
              next: [{if: slots.age is null, then: END}, {else: known}]
            - id: known
              action: utter_known
        second: {steps: [{collect: age}, {collect: street}]}
    """)
    waiting = talk.fill(talk.start(Dialogue(), "first").dialogue, 30).dialogue
    between = talk.start(waiting, "second")
    assert told(between) == ["utter_ask_street"]

    back = talk.fill(between.dialogue, "Dorpsstraat")
    assert told(back) == ["back to first", "utter_ask_town"]
    assert back.dialogue.slots == {"age": 30}
    assert told(talk.fill(back.dialogue, "schiedam")) == ["utter_known"]


# ---- a question in between


def test_question_in_between_and_back() -> None:
    talk = runner(RENT)
    waiting = talk.start(Dialogue(), "rent").dialogue
    between = talk.start(waiting, "letter")
    assert told(between) == ["utter_ask_town"]

    dialogue = talk.fill(talk.fill(between.dialogue, "schiedam").dialogue, date(2026, 11, 1)).dialogue
    back = talk.fill(dialogue, True)

    assert told(back) == ["utter_glad", "back to rent", "utter_ask_home_kind"]
    assert back.dialogue.collecting == "home_kind"


def test_answer_given_meanwhile_is_not_asked_for_again() -> None:
    talk = runner("""
        first: {steps: [{collect: town}, {action: utter_first}]}
        second: {persisted_slots: [town], steps: [{collect: town}, {action: utter_second}]}
    """)
    waiting = talk.start(Dialogue(), "first").dialogue
    back = talk.fill(talk.start(waiting, "second").dialogue, "schiedam")

    assert told(back) == ["utter_second", "back to first", "utter_first"]
    assert back.dialogue.stack == ()


def test_is_this_clear_does_not_come_back() -> None:
    talk = runner(RENT)
    waiting = talk.skip(talk.start(Dialogue(), "rent").dialogue).dialogue
    assert waiting.collecting == "clear"

    between = talk.start(waiting, "letter").dialogue
    assert [frame.flow for frame in between.stack] == ["letter"]


def test_same_question_again_starts_anew() -> None:
    talk = runner(RENT)
    waiting = talk.fill(talk.start(Dialogue(), "rent").dialogue, "whole_home").dialogue
    again = talk.start(waiting, "rent")

    assert told(again) == ["utter_rent", "utter_ask_home_kind"]
    assert len(again.dialogue.stack) == 1
    assert again.dialogue.answers == ()


def test_question_that_waits_below_starts_anew_on_top() -> None:
    talk = runner(RENT)
    waiting = talk.fill(talk.start(Dialogue(), "rent").dialogue, "whole_home").dialogue
    between = talk.start(waiting, "letter").dialogue
    again = talk.start(between, "rent")

    assert told(again) == ["utter_rent", "utter_ask_home_kind"]
    assert [frame.flow for frame in again.dialogue.stack] == ["letter", "rent"]


def test_only_a_few_questions_wait() -> None:
    talk = runner("\n".join(f"q{n}: {{steps: [{{collect: slot{n}}}]}}" for n in range(9)))
    dialogue = Dialogue()
    for n in range(9):
        dialogue = talk.start(dialogue, f"q{n}").dialogue

    assert len(dialogue.stack) <= 4
    assert dialogue.collecting == "slot8"


# ---- correcting and cancelling


def test_correction_walks_again_from_there() -> None:
    talk = runner(RENT)
    dialogue = talk.fill(talk.start(Dialogue(), "rent").dialogue, "room").dialogue
    corrected = talk.correct(dialogue, dialogue.answers[0], "whole_home")

    assert corrected is not None
    assert told(corrected) == ["utter_ask_age"]


def test_refused_correction_asks_again() -> None:
    talk = runner(REJECTS.replace("- action: utter_family", "- collect: town"))
    dialogue = talk.fill(talk.start(Dialogue(), "family").dialogue, 2).dialogue
    corrected = talk.correct(dialogue, dialogue.answers[0], 100)

    assert corrected is not None
    assert told(corrected) == ["utter_too_many", "utter_ask_children"]
    assert corrected.dialogue.collecting == "children"


def test_correction_of_a_flow_that_is_over_is_declined() -> None:
    talk = runner(RENT)
    dialogue = talk.start(Dialogue(), "letter").dialogue

    assert talk.correct(dialogue, Answered(flow="rent", step="1", slot="home_kind"), "room") is None


def test_cancel_goes_back_to_what_waited() -> None:
    talk = runner(RENT)
    between = talk.start(talk.start(Dialogue(), "rent").dialogue, "letter").dialogue
    cancelled = talk.cancel(between)

    assert told(cancelled) == ["back to rent", "utter_ask_home_kind"]
    assert told(talk.cancel(cancelled.dialogue)) == []
    assert talk.cancel(cancelled.dialogue).dialogue.stack == ()


def test_cancel_of_nothing_does_nothing() -> None:
    assert runner(RENT).cancel(Dialogue()) == Outcome(dialogue=Dialogue())


# ---- authors change flows under a conversation


def test_flow_that_did_not_change_goes_on() -> None:
    talk = runner(RENT)
    waiting = talk.start(Dialogue(), "rent").dialogue

    assert talk.settle(waiting) == (waiting, None)


def test_changed_flow_goes_on_where_the_same_question_stands() -> None:
    waiting = runner(RENT).start(Dialogue(), "rent").dialogue
    changed = runner(RENT.replace("utter_rent_room", "utter_rent_one_room"))
    settled, dropped = changed.settle(waiting)

    assert dropped is None
    assert told(changed.fill(settled, "room")) == ["utter_rent_one_room", "utter_ask_clear"]


def test_changed_flow_without_that_question_is_dropped() -> None:
    waiting = runner(RENT).start(Dialogue(), "rent").dialogue
    settled, dropped = runner(RENT.replace("collect: home_kind", "collect: house_kind")).settle(waiting)

    assert dropped == "rent"
    assert settled.stack == ()


def test_removed_flow_is_dropped_and_what_waited_below_stays() -> None:
    talk = runner(RENT)
    between = talk.start(talk.start(Dialogue(), "rent").dialogue, "letter").dialogue
    fewer = Runner(flows={name: flow for name, flow in talk.flows.items() if name != "letter"})
    settled, dropped = fewer.settle(between)

    assert dropped == "letter"
    assert [frame.flow for frame in settled.stack] == ["rent"]
    assert told(fewer.fill(settled, "room")) == ["utter_rent_room", "utter_ask_clear"]


def test_circle_without_a_question_is_broken_off() -> None:
    talk = runner("round: {steps: [{id: here, action: utter_again, next: here}]}")

    with pytest.raises(FlowLoopError):
        talk.start(Dialogue(), "round")


def test_flows_that_call_each_other_are_broken_off() -> None:
    talk = runner("one: {steps: [{call: two}]}\ntwo: {steps: [{call: one}]}")

    with pytest.raises(FlowLoopError):
        talk.start(Dialogue(), "one")


# ---- reading a flow


@pytest.mark.parametrize(
    ("steps", "path", "mend"),
    [
        ("[{action: utter_x, link: y}]", ("steps", 0), "keep one of"),
        ("[{act: utter_x}]", ("steps", 0), "keep one of"),
        ("[{action: say_x}]", ("steps", 0, "action"), "utter_"),
        ("[{action: utter_x, next: there}]", ("steps", 0, "next"), "END"),
        ("[{noop: true}]", ("steps", 0), "next"),
        ("[{collect: age, next: [{if: slots.age < 3, then: END}]}]", ("steps", 0, "next"), "else"),
        ("[{collect: age, next: [{else: END}, {if: slots.age < 3, then: END}]}]", ("steps", 0, "next"), "else"),
        (
            "[{collect: age, next: [{if: age < 3, then: END}, {else: END}]}]",
            ("steps", 0, "next", 0, "if"),
            "Conditions",
        ),
        ("[{collect: age, next: [{else: [{action: utter_x}]}]}]", ("steps", 0, "next", 0, "else", 0), "next"),
        ("[{id: a, action: utter_x}, {id: a, action: utter_y}]", ("steps", 1, "id"), "own"),
        ("[{set_slots: {age: 3}}]", ("steps", 0, "set_slots"), "slot: value"),
        ("[{set_slots: [{age: [3]}]}]", ("steps", 0, "set_slots"), "one value"),
        ("[{collect: age, rejections: [{utter: utter_x}]}]", ("steps", 0, "rejections", 0), "both"),
        ("[{collect: age, ask: true}]", ("steps", 0, "ask"), "use"),
        ("[]", ("steps",), "step"),
        ("[{id: END, action: utter_x}]", ("steps", 0, "id"), "another id"),
    ],
)
def test_mistake_in_a_flow_is_said_with_its_place(steps: str, path: tuple[object, ...], mend: str) -> None:
    with pytest.raises(FlowError) as caught:
        read_flow("one", yaml.safe_load(f"steps: {steps}"))

    assert caught.value.path == path
    assert mend in caught.value.mend


def test_steps_know_their_place_in_the_document() -> None:
    flow = runner(RENT).flows["rent"]

    assert flow.places["after"] == ("steps", 2)
    assert flow.places[flow.first] == ("steps", 0)
    assert set(flow.places) == set(flow.steps)


# ---- saving


def test_dialogue_survives_saving() -> None:
    dialogue = Dialogue(
        stack=(Frame(flow="rent", step="1", digest="abc", called=True, collecting="age"),),
        slots={"age": 30, "share": Decimal("12.5"), "day": date(2026, 11, 22), "glad": False, "town": "Vlaardingen"},
        skipped=frozenset({"kind"}),
        answers=(Answered(flow="rent", step="1", slot="age"),),
        misses=2,
        offered=(Offered(title="ሓደ ክፍሊ", payload="/SetSlots(home_kind=room)"),),
        explained=frozenset({"IND"}),
        language_chosen=True,
        language_offered="ar",
        notice_shown=True,
        crisis="immediate_danger",
        question="rent",
    )

    assert Dialogue.from_json(dialogue.to_json()) == dialogue
    assert Dialogue.from_json(None) == Dialogue()


def test_state_of_a_newer_release_is_refused() -> None:
    with pytest.raises(StateFromTheFutureError):
        Dialogue.from_json(Dialogue().to_json().replace('"version":1', '"version":99'))


# ---- whatever flows, whatever answers

SLOTS = ("age", "town", "glad")
FLOWS = ("one", "two", "three")
answers = st.one_of(
    st.booleans(), st.integers(-5, 200), st.sampled_from(["room", "", "ጽባሕ"]), st.dates(), st.decimals(0, 9)
)
in_conditions = st.sampled_from([
    "slots.age < 27", "slots.age is null", "not slots.glad", 'slots.town is "room"', "slots.town is not null",
    "slots.glad and slots.age > 3", 'slots.town contains "o"', "slots.question",
])  # fmt: skip


@st.composite
def flow_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a flow as an author might write it, circles, calls and all."""
    ids = [f"step{n}" for n in range(draw(st.integers(1, 5)))]
    targets = st.sampled_from([*ids, END])
    steps = []
    for step_id in ids:
        kind = draw(st.sampled_from(["action", "action", "collect", "collect", "set_slots", "call", "link", "noop"]))
        step: dict[str, Any] = {"id": step_id}
        match kind:
            case "action":
                step["action"] = draw(st.sampled_from(["utter_x", "action_more"]))
            case "collect":
                step["collect"] = draw(st.sampled_from(SLOTS))
                step["ask_before_filling"] = draw(st.booleans())
                step["reset_after_flow_ends"] = draw(st.booleans())
                if draw(st.booleans()):
                    step["rejections"] = [{"if": draw(in_conditions), "utter": "utter_no"}]
            case "set_slots":
                values = st.one_of(st.none(), st.booleans(), st.integers(0, 99), st.floats(0, 9), st.just("room"))
                step["set_slots"] = [{draw(st.sampled_from(SLOTS)): draw(values)}]
            case "call" | "link":
                step[kind] = draw(st.sampled_from(FLOWS))
            case "noop":
                step["noop"] = True
        if kind == "noop" or (kind != "link" and draw(st.booleans())):
            nested = [{"action": "utter_nested", "next": draw(targets)}]
            step["next"] = draw(
                st.one_of(
                    targets,
                    st.builds(
                        lambda condition, then, other: [{"if": condition, "then": then}, {"else": other}],
                        in_conditions,
                        st.one_of(targets, st.just(nested)),
                        targets,
                    ),
                )
            )
        steps.append(step)
    return {
        "steps": steps,
        "comes_back": draw(st.booleans()),
        "persisted_slots": draw(st.lists(st.sampled_from(SLOTS), max_size=2)),
    }


moves = st.one_of(
    st.tuples(st.just("start"), st.sampled_from(FLOWS)),
    st.tuples(st.just("fill"), answers),
    st.tuples(st.just("skip"), st.none()),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("correct"), answers),
    st.tuples(st.just("change"), st.none()),
)


@given(
    documents=st.fixed_dictionaries(dict.fromkeys(FLOWS, flow_documents())),
    changed=st.fixed_dictionaries(dict.fromkeys(FLOWS, flow_documents())),
    play=st.lists(moves, max_size=12),
)
@settings(max_examples=300, deadline=None)
def test_no_flow_and_no_answer_breaks_the_runner(
    documents: dict[str, Any], changed: dict[str, Any], play: list[tuple[str, Any]]
) -> None:
    talk = _runner_of(documents)
    dialogue = Dialogue()
    for move, value in play:
        if move == "change":
            talk = _runner_of(changed)
            dialogue, _ = talk.settle(dialogue)
        try:
            outcome = _moved(talk, dialogue, move, value)
        except FlowLoopError:
            continue  # said to the author by the check; the turn fails and leaves the dialogue as it was
        if outcome is not None:
            _is_sound(talk, outcome)
            dialogue = outcome.dialogue


def _runner_of(documents: dict[str, Any]) -> Runner:
    flows = {name: read_flow(name, raw) for name, raw in documents.items()}
    return Runner(flows=flows, about={"one": {"question": "one"}})


def _moved(talk: Runner, dialogue: Dialogue, move: str, value: Any) -> Outcome | None:
    waiting = dialogue.collecting is not None
    match move:
        case "start":
            return talk.start(dialogue, value)
        case "fill" if waiting:
            return talk.fill(dialogue, value)
        case "skip" if waiting:
            return talk.skip(dialogue)
        case "cancel":
            return talk.cancel(dialogue)
        case "correct" if dialogue.answers:
            return talk.correct(dialogue, dialogue.answers[-1], value)
        case _:
            return None


def _is_sound(talk: Runner, outcome: Outcome) -> None:
    dialogue = outcome.dialogue
    assert Dialogue.from_json(dialogue.to_json()) == dialogue
    assert dialogue.top is None or dialogue.collecting is not None, "it waits for an answer, or it is over"
    for at, frame in enumerate(dialogue.stack):
        assert frame.step == END or frame.step in talk.flows[frame.flow].steps
        assert frame.called or at == 0 or dialogue.stack[at - 1].collecting is not None, "what waits below asks"
    assert not dialogue.stack or not dialogue.stack[0].called
    if not dialogue.stack:
        assert dialogue.answers == (), "nothing is left to correct"
    if outcome.dialogue.collecting is not None:
        assert talk.ask_again(dialogue)
