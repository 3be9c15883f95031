"""Whatever people write and authors make: nobody is left without an answer, and nothing falls over."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation, conversation, throwaway
from bot.domain.clock import HeldClock
from bot.domain.turn import Kind
from bot.flows.dialogue import Dialogue
from bot.flows.model import ACTIONS
from bot.forget import drop_unanswered_notices, finish_erasures
from bot.knowledge.check import check
from bot.knowledge.document import KnowledgeError
from bot.knowledge.folders import folders
from bot.knowledge.load import load
from bot.settings import Settings
from bot.wiring import Parts
from tests.peers.small import small_assistant, small_knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy

    from bot.domain.turn import Message
    from bot.receive import Report
    from bot.runtime import Runtime

# Twilio takes 1,600 characters in a WhatsApp message, Telegram 4,096.
LONGEST = 1600
SUNDAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

# A machine may be busy: an example that is slow is no failure.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module", autouse=True)
def _in_memory() -> Iterator[None]:
    """Thousands of commits: what is tried here does not need a disk."""
    shm = Path("/dev/shm")
    before = tempfile.tempdir
    tempfile.tempdir = str(shm) if shm.is_dir() else before
    yield
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def assistant(_in_memory: None) -> Iterator[Runtime]:
    with throwaway(small_assistant(), HeldClock(SUNDAY)) as runtime:
        yield runtime


# ---- what people send


@dataclass(frozen=True)
class Sent:
    """One thing that a newcomer does. `press` is a place among the buttons last seen."""

    text: str = ""
    payload: str | None = None
    press: int | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class Meanwhile:
    """Something that happens between two messages."""

    what: str


_ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
_LETTERS = st.text(st.sampled_from("aeبتሀለ1٣፪,.-/()\u200f\u2067\u0000\n👍🇳🇱'\"=*{}_ "), max_size=30)
_PHRASES = st.sampled_from(
    [
        *(
            "ja",
            "nee",
            "weet ik niet",
            "stop",
            "menu",
            "mens",
            "annuleren",
            "taal",
            "verwijder mijn gegevens",
            "bedankt",
        ),
        *(
            "نعم",
            "لا",
            "توقف",
            "العربية",
            "احذف بياناتي",
            "እወ",
            "ኣይፋል",
            "ደው በል",
            "ትግርኛ",
            "так",
            "стоп",
            "dur",
            "Soomaali",
        ),
        *(
            "Hoe vind ik een huisarts?",
            "lekkage in de badkamer",
            "ik snap deze brief niet",
            "kif bsajjel 3and el huisarts",
        ),
        *(
            "ik wil dood",
            "ik ben op straat gezet",
            "nee ik bedoelde gisteren",
            "qqq zzz",
            "2",
            "٣",
            "፲፪",
            "1988",
            "-1",
            "1,5",
        ),
        *(
            "gisteren",
            "20 november 2026",
            "31-12-2026",
            "٢٠٢٦-١١-٢٠",
            "over 9999 jaar",
            "29 februari",
            "0-0-0",
            "👍",
            "❌",
        ),
        *("mijn bsn is 111222333", "NL91 ABNA 0417 1643 00", "9" * 400, "፼" * 400, "1.000.000", "/", "/ ", "/stop nu"),
    ]
)
_PAYLOADS = st.one_of(
    st.sampled_from(
        [
            *("/skip", "/", "//", "/ x", "/SetSlots(age=34)", "/SetSlots(age=²)", "/SetSlots(age=--5)"),
            *("/SetSlots(letter_date=9999-12-31)", "/SetSlots(letter_date=0001-01-01)", "/SetSlots(no_such=1)"),
            *("/language xx", "/language  ar", "/talk_to_human", "/deny", "/not an intent", "/notice", "/erase"),
            *("/SetSlots(notice_answer=accept)", "/SetSlots(erase_confirmed=true)", "/SetSlots(has_children=maybe)"),
        ]
    ),
    st.builds("/{}".format, _ANY_TEXT),
    st.builds("/SetSlots({}={})".format, st.sampled_from(["age", "letter_date", "home_kind"]), _ANY_TEXT),
    _ANY_TEXT,
)


def flows_by_button() -> SearchStrategy[Sent]:
    intents = st.deferred(lambda: st.sampled_from(sorted(small_assistant().knowledge.flow_of_intent)))
    return st.builds(lambda intent: Sent(payload=f"/{intent}"), intents)


# Mostly what people really do, so that a life gets somewhere; nonsense in between.
_SENT = st.one_of(
    *[st.builds(Sent, text=_PHRASES)] * 4,
    *[st.builds(Sent, press=st.integers(0, 9))] * 4,
    *[flows_by_button()] * 2,
    st.builds(Sent, text=_LETTERS),
    st.builds(Sent, text=_ANY_TEXT),
    st.builds(Sent, payload=_PAYLOADS),
    st.builds(Sent, text=_ANY_TEXT, kind=st.just(Kind.OTHER)),
)
_DONE = st.one_of(*[_SENT] * 9, st.builds(Meanwhile, st.sampled_from(["human", "bot", "a day", "tidy"])))


class Life:
    """A newcomer's messages one after the other, each looked at as it is answered."""

    def __init__(self, runtime: Runtime) -> None:
        # Each newcomer has a clock of their own, so that a day waited by one is none for the next.
        self.runtime = replace(runtime, clock=HeldClock(SUNDAY))
        self.talk: Conversation = conversation(self.runtime)
        self.buttons: list[str] = []

    def do(self, done: Sent | Meanwhile) -> None:
        if isinstance(done, Meanwhile):
            self._meanwhile(done.what)
            return
        payload = done.payload
        if done.press is not None:
            payload = self.buttons[done.press % len(self.buttons)] if self.buttons else None
        by_hand = self._is_by_hand()
        answers, reports = self.talk.send(done.text, payload=payload, kind=done.kind)
        assert "failed" not in [report.rung for report in reports], reports
        assert answers or by_hand, "everybody is answered, unless a volunteer does it"
        for answer in answers:
            self._looks_right(answer)
        for report in reports:
            event(report.rung)
            _comes_back_from_the_database(report)
        self.buttons = [button.payload for answer in answers for button in answer.buttons] or self.buttons

    def _looks_right(self, answer: Message) -> None:
        languages = self.runtime.knowledge.content.languages
        assert answer.text.strip()
        assert len(answer.text) <= LONGEST, answer.response
        assert answer.language in languages.all
        assert answer.direction == languages.direction(answer.language)
        assert all(button.title.strip() for button in answer.buttons)
        assert "{" not in answer.text, answer.text

    def _meanwhile(self, what: str) -> None:
        database, now = self.runtime.database, self.runtime.clock.now()
        match what:
            case "human" | "bot":
                found = database.read(lambda work: work.newcomers.at(Terminal.name, self.talk._address))
                if found is not None:
                    database.write(lambda work: work.conversations.set_route(found.conversation.id, what, now=now))
            case "a day":
                clock = self.runtime.clock
                assert isinstance(clock, HeldClock)
                clock.wait(hours=25)
            case _:
                drop_unanswered_notices(self.runtime)
                finish_erasures(self.runtime)

    def _is_by_hand(self) -> bool:
        found = self.runtime.database.read(lambda work: work.newcomers.at(Terminal.name, self.talk._address))
        return found is not None and found.conversation.route == "human"


def _comes_back_from_the_database(report: Report) -> None:
    if report.dialogue is not None:
        assert Dialogue.from_json(report.dialogue.to_json()) == report.dialogue


# ---- every message, every order


@settings(CALM, max_examples=80)
@given(text=st.one_of(_ANY_TEXT, _LETTERS, _PHRASES), accepted=st.booleans())
@example(text="", accepted=True)
@example(text="\x00", accepted=False)
@example(text="\u202e\u2067\u200f", accepted=True)
@example(text="ﷺ" * 300, accepted=True)
@example(text="a" * 100_000, accepted=True)
@example(text="ja " * 10_000, accepted=False)
@example(text="👩‍👩‍👧‍👦" * 500, accepted=True)
def test_every_text_gets_an_answer(assistant: Runtime, text: str, accepted: bool) -> None:
    life = Life(assistant)
    if accepted:
        life.talk.accept_notice(None)
    life.do(Sent(text))


@settings(CALM, max_examples=40)
@given(lived=st.lists(_DONE, min_size=2, max_size=10), accepted=st.booleans())
@example(lived=[Sent("ik wil dood"), Sent("hallo"), Sent("ja"), Sent("ja")], accepted=False)
@example(lived=[Sent("verwijder mijn gegevens"), Sent("ja"), Sent("ja"), Meanwhile("tidy"), Sent("ja")], accepted=True)
@example(lived=[Meanwhile("human"), Sent("stop"), Sent("wis mijn gegevens"), Sent("x y z"), Sent("ja")], accepted=True)
@example(lived=[Sent(payload="/benefits_huurtoeslag"), Sent(press=0), Sent("9" * 300), Sent("፼" * 300)], accepted=True)
@example(lived=[Sent(payload="/admin_letter_help"), Sent(press=0), Sent("31-12-2100"), Sent("1-1-1900")], accepted=True)
def test_every_life_is_answered_to_its_end(assistant: Runtime, lived: list[Sent | Meanwhile], accepted: bool) -> None:
    life = Life(assistant)
    if accepted:
        life.talk.accept_notice(None)
    for done in lived:
        life.do(done)


# ---- every knowledge that authors can make

# The check's words for mistakes that can break a turn; what it says about style excuses nothing here.
CAN_BREAK = frozenset({
    *("unknown_flow", "flow_circle", "endless", "silent_circle", "unknown_slot", "question_missing"),
    *("unknown_response", "unknown_action", "unknown_placeholder", "last_variant", "more_missing", "slot_value"),
})  # fmt: skip
FLOWS = ("made_one", "made_two", "made_three")
SLOTS: dict[str, dict[str, Any]] = {
    "made_choice": {
        "type": "categorical",
        "values": ["a", "b"],
        "mappings": [{"type": "custom", "yes_value": "a", "no_value": "b"}],
    },
    "made_count": {"type": "float", "mappings": [{"type": "custom", "kind": "count"}], "min_value": 0},
    "made_date": {"type": "any", "mappings": [{"type": "custom", "kind": "date"}]},
    "made_yes": {"type": "bool", "mappings": [{"type": "custom", "kind": "yes_no"}]},
    "made_text": {"type": "text", "mappings": [{"type": "custom", "kind": "text"}]},
}
SAYS = ("utter_made_1", "utter_made_2")
FITTING: dict[str, list[Any]] = {
    "made_choice": ["a", None],
    "made_count": [3, 2.5, None],
    "made_date": [None],
    "made_yes": [True, False, None],
    "made_text": ["a", None],
}
_CONDITIONS = st.sampled_from(
    [
        *('slots.made_choice is "a"', "slots.made_count > 3", "slots.made_date is null", "slots.made_yes"),
        *("not slots.made_yes", 'slots.made_text contains "a"', 'slots.made_text matches "^a"', "slots.made_count < 3"),
        *("slots.question_has_more", "(slots.made_yes or slots.made_count = 2)", "slots.made_text is empty"),
    ]
)
_STRANGE = st.sampled_from(
    [
        *(
            'slots.made_text matches "("',
            "slots.made_date > 3",
            "slots.made_choice > 3",
            "3 < 4 and",
            "",
            "slots.nothing",
        ),
        *('slots.made_choice is "a" and slots.made_yes or 3', "undefined is empty", 'slots.made_count is "x"', "slots"),
    ]
)
_VALUES = st.sampled_from(["a", "c", 3, 2.5, True, None, "2026-11-22", [1], {"x": 1}])


@st.composite
def _steps(draw: st.DrawFn, ids: list[str], flows: tuple[str, ...]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for name in ids:
        step: dict[str, Any] = {"id": name}
        kind = draw(st.sampled_from(["action", "action", "collect", "collect", "set_slots", "call", "link", "noop"]))
        wrong = draw(st.integers(0, 19)) == 0  # now and then a name that does not exist
        match kind:
            case "action":
                names = ["utter_nothing", "action_nothing"] if wrong else [*SAYS, *SAYS, *sorted(ACTIONS)]
                step[kind] = draw(st.sampled_from(names))
            case "collect":
                step[kind] = "made_nothing" if wrong else draw(st.sampled_from([*SLOTS]))
                if draw(st.booleans()):
                    step["ask_before_filling"] = draw(st.booleans())
                if draw(st.integers(0, 4)) == 0:
                    step["rejections"] = [{"if": draw(_CONDITIONS), "utter": draw(st.sampled_from(SAYS))}]
            case "set_slots":
                slot = "made_nothing" if wrong else draw(st.sampled_from([*SLOTS]))
                step[kind] = [{slot: draw(_VALUES) if wrong else draw(st.sampled_from(FITTING[slot]))}]
            case "noop":
                step[kind] = True
            case _:
                others = ["nowhere", *FLOWS] if wrong else [*flows, "after_answer", "talk_to_human", "help_menu"]
                step[kind] = draw(st.sampled_from(others))
        later = ids[ids.index(name) + 1 :]
        targets = st.sampled_from([*(ids if wrong else later), *later, "END", "after"])
        if kind != "link" and (kind == "noop" or draw(st.booleans())):
            step["next"] = draw(
                st.one_of(
                    targets,
                    st.builds(
                        lambda one, here, there: [{"if": one, "then": here}, {"else": there}],
                        _STRANGE if wrong else _CONDITIONS,
                        targets,
                        targets,
                    ),
                )
            )
        steps.append(step)
    return steps


@st.composite
def _flows(draw: st.DrawFn) -> dict[str, Any]:
    made = {}
    names = FLOWS[: draw(st.integers(1, 3))]
    for at, name in enumerate(names):
        ids = [f"s{number}" for number in range(draw(st.integers(1, 4)))]
        made[name] = {
            "name": "Iets",
            "description": "made",
            "nlu_trigger": [{"intent": name}],
            "persisted_slots": draw(st.lists(st.sampled_from(list(SLOTS)), max_size=2, unique=True)),
            "steps": [*draw(_steps(ids, names[at + 1 :])), {"id": "after", "call": "after_answer"}],
        }
    return {"flows": made}


_TEXTS = st.sampled_from(
    [
        *("Dit is een antwoord.", "Dit is een ander antwoord.", "Bel {number_emergency}.", "Een *ster* en {}"),
        *(
            "U zei {made_choice}.",
            "Op {made_date}.",
            "Met {made_count} mensen.",
            "{made_text}",
            "Ja {",
            "{case_number}",
        ),
    ]
)
_LAST_TEXTS = st.one_of(*[st.sampled_from(["Dit is een antwoord.", "Bel {number_emergency}."])] * 6, _TEXTS)
_BUTTONS = st.lists(
    st.builds(
        lambda title, payload: {"title": title, "payload": payload},
        st.sampled_from(["Ja", "Nee", "2"]),
        st.sampled_from(["/SetSlots(made_choice=a)", "/SetSlots(made_count=x)", "/skip", "/made_one", "/made_nothing"]),
    ),
    max_size=3,
)
_WHEN = st.lists(
    st.builds(
        lambda slot, value: {"type": "slot", "name": slot, "value": value},
        st.sampled_from(["made_choice", "made_count", "made_yes", "made_nothing"]),
        st.sampled_from(["a", 3, True, None]),
    ),
    max_size=1,
)


@st.composite
def _responses(draw: st.DrawFn) -> dict[str, Any]:
    made = {}
    for name in (*SAYS, *(f"utter_ask_{slot}" for slot in SLOTS)):
        variants = [
            {"id": "some", "text": draw(_TEXTS), "buttons": draw(_BUTTONS), "condition": draw(_WHEN)},
            {"text": draw(_LAST_TEXTS), "buttons": draw(_BUTTONS)},
        ]
        made[name] = variants[draw(st.integers(0, 1)) :]
    return {"responses": made}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every conversation needs; the made files come beside it."""
    root = small_knowledge(tmp_path_factory.mktemp("knowledge"))
    domain = {
        "version": "3.1",
        "intents": list(FLOWS),
        "slots": {name: {"mappings": [], **SLOTS[name]} for name in SLOTS},
    }
    (root / "nlu" / "domain" / "made.yml").write_text(json.dumps(domain))
    return root


@settings(CALM, max_examples=40)
@given(
    flows=_flows(),
    responses=_responses(),
    lived=st.lists(
        st.one_of(
            st.builds(Sent, payload=st.sampled_from([f"/{name}" for name in FLOWS])),
            st.builds(
                Sent, text=st.sampled_from(["ja", "nee", "4", "gisteren", "a", "weet ik niet", "annuleren", "qqq zz"])
            ),
            st.builds(Sent, press=st.integers(0, 5)),
            st.builds(Sent, payload=st.sampled_from(["/SetSlots(made_choice=a)", "/SetSlots(made_count=2)", "/skip"])),
        ),
        min_size=3,
        max_size=6,
    ),
)
def test_what_authors_make_is_refused_or_runs(
    ground: Path, assistant: Runtime, flows: dict[str, Any], responses: dict[str, Any], lived: list[Sent]
) -> None:
    (ground / "flows" / "made.yml").write_text(json.dumps(flows))
    (ground / "content" / "responses" / "made.yml").write_text(json.dumps(responses))
    try:
        knowledge = load(folders(ground))
    except KnowledgeError:
        event("refused by the reader")
        return
    parts = Parts(settings=Settings(), knowledge=knowledge, understander=small_assistant().understander)
    runtime = parts.runtime(assistant.database, channels=assistant.channels, clock=HeldClock(SUNDAY))
    talk = conversation(runtime)
    talk.accept_notice("nl")
    failed = False
    buttons: list[str] = []
    for sent in (Sent(payload=f"/{FLOWS[0]}"), *lived):
        payload = buttons[sent.press % len(buttons)] if sent.press is not None and buttons else sent.payload
        answers, reports = talk.send(sent.text, payload=payload)
        failed = failed or any(report.rung == "failed" for report in reports)
        buttons = [button.payload for answer in answers for button in answer.buttons] or buttons
    event("breaks, and the check said so" if failed else "runs")
    if failed:
        mistakes = {
            mistake.kind for mistake in check(folders(ground), today=SUNDAY.date()).mistakes if "made" in mistake.file
        }
        assert mistakes & CAN_BREAK, mistakes
