"""A newcomer writes: what becomes of the message, in stories. The database is a real one; the clock is held."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation, conversation, throwaway
from bot.deliver import deliver_due
from bot.domain.turn import Inbound, Kind
from bot.flows.dialogue import Dialogue
from bot.flows.runner import Runner
from bot.forget import drop_unanswered_notices, finish_erasures
from bot.receive import answer_next, take_in
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from tests.peers.small import small_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import HeldClock
    from bot.domain.turn import Message
    from bot.nlu.model import Understanding
    from bot.runtime import Runtime, Understands
    from bot.store.rows import CaseRow, InboundRow, OutboxRow, Writing

A_DOCTOR = "Hoe vind ik een huisarts?"
A_REPAIR = "lekkage in de badkamer"
A_LETTER = "ik snap deze brief niet"
RENT_ALLOWANCE = "benefits_huurtoeslag"
# Every digit sum of a BSN and every remainder of an IBAN is right, so that only masking keeps them out.
BSN, IBAN = "111222333", "NL91ABNA0417164300"


@pytest.fixture(scope="module")
def everybody() -> Iterator[Runtime]:
    """One assistant for all these stories: each has its own newcomer, as in life."""
    with throwaway(small_assistant()) as runtime:
        yield runtime


@pytest.fixture
def stranger(everybody: Runtime, clock: HeldClock) -> Conversation:
    """Somebody who writes for the first time."""
    return conversation(replace(everybody, clock=clock))


@pytest.fixture
def newcomer(stranger: Conversation) -> Conversation:
    """Somebody who accepted the notice and has chosen no language yet."""
    stranger.accept_notice(None)
    return stranger


# ---- helpers


def said(answers: list[Message]) -> list[str]:
    return [answer.response for answer in answers]


def send(talk: Conversation, text: str, payload: str | None = None, kind: Kind | None = None) -> list[str]:
    """Send one message and return the names of what was answered."""
    answers, reports = talk.send(text, payload=payload, kind=kind)
    assert "failed" not in [report.rung for report in reports]
    return said(answers)


def press(talk: Conversation, payload: str) -> list[str]:
    return send(talk, "", payload)


def who(talk: Conversation) -> Writing:
    writing = talk.runtime.database.read(lambda work: work.newcomers.at(Terminal.name, talk._address))
    assert writing is not None
    return writing


def inbox(talk: Conversation) -> list[InboundRow]:
    at = who(talk).conversation.id
    return talk.runtime.database.read(lambda work: work.inbox.all_for(at))


def outbox(talk: Conversation) -> list[OutboxRow]:
    at = who(talk).conversation.id
    return talk.runtime.database.read(lambda work: work.outbox.all_for(at))


def open_case(talk: Conversation) -> CaseRow | None:
    newcomer = who(talk).newcomer.id
    return talk.runtime.database.read(lambda work: work.cases.open_for(newcomer))


def dialogue(talk: Conversation) -> Dialogue:
    state = who(talk).conversation.state
    return Dialogue.from_json(state.decode() if state else None)


def inbound(talk: Conversation, text: str, provider_id: str) -> Inbound:
    return Inbound(
        channel=Terminal.name,
        address=talk._address,
        provider_id=f"{talk._address}.{provider_id}",
        kind=Kind.TEXT,
        text=text,
        received_at=talk.runtime.clock.now(),
    )


def answer_all(runtime: Runtime, conversation_id: str) -> list[str]:
    rungs = []
    while (report := answer_next(runtime, conversation_id)) is not None:
        rungs.append(report.rung)
    return rungs


def delivered(runtime: Runtime) -> list[str]:
    while deliver_due(runtime):
        pass
    terminal = runtime.channels[Terminal.name]
    assert isinstance(terminal, Terminal)
    found = []
    while not terminal.delivered.empty():
        found.append(terminal.delivered.get().response)
    return found


# ---- in, once and in order


def test_a_message_that_the_messenger_gives_twice_is_answered_once(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    first = take_in(runtime, inbound(newcomer, A_DOCTOR, "wamid.1"))
    again = take_in(runtime, inbound(newcomer, A_DOCTOR, "wamid.1"))
    assert first is not None
    assert again is None
    answer_all(runtime, first)
    assert take_in(runtime, inbound(newcomer, A_DOCTOR, "wamid.1")) is None, "also after it was answered"
    answer_all(runtime, first)
    assert len(inbox(newcomer)) == 1
    assert delivered(runtime) == ["utter_health_gp", "utter_ask_gp_question"]


def test_three_quick_messages_get_three_answers_in_order(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    for number, text in enumerate((A_DOCTOR, "huisarts zoeken", A_REPAIR)):
        conversation = take_in(runtime, inbound(newcomer, text, f"wamid.{number}"))
    assert conversation is not None
    answer_all(runtime, conversation)
    causes = [row.cause_inbound_id for row in outbox(newcomer)]
    assert list(dict.fromkeys(causes)) == [row.id for row in inbox(newcomer)]
    assert [row.number for row in outbox(newcomer)] == list(range(1, len(causes) + 1))
    heard = delivered(runtime)
    assert heard[0] == "utter_health_gp"
    assert heard[-1] == "utter_ask_repair_reported"


@dataclass(frozen=True)
class Stumbling:
    """An ear that fails on one word and hears the rest well: the model is ours, its failure is invented."""

    ear: Understands
    word: str

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        if self.word in text:
            raise MemoryError(self.word)
        return self.ear.understand(text, language=language)


def test_a_message_that_fails_three_times_is_put_aside_and_the_next_one_goes_on(newcomer: Conversation) -> None:
    runtime = newcomer.runtime = replace(
        newcomer.runtime, understander=Stumbling(small_assistant().understander, "kwaak")
    )
    conversation = take_in(runtime, inbound(newcomer, "kwaak in mijn badkamer", "wamid.1"))
    take_in(runtime, inbound(newcomer, A_DOCTOR, "wamid.2"))
    assert conversation is not None
    assert answer_all(runtime, conversation) == ["failed", "failed", "failed", "new_subject"]
    still = "utter_desk_still_with_team"  # the message that was put aside
    assert delivered(runtime) == ["utter_set_aside", "utter_health_gp", still, "utter_ask_gp_question"]
    aside, answered = inbox(newcomer)
    assert (aside.status, aside.error, answered.status) == ("set_aside", "MemoryError", "read")
    case = open_case(newcomer)
    assert case is not None
    assert (case.reason, case.priority, case.summary) == ("set_aside", "urgent", "kwaak in mijn badkamer")


def test_before_consent_a_message_put_aside_gives_its_case_no_words(stranger: Conversation) -> None:
    runtime = stranger.runtime = replace(
        stranger.runtime, understander=Stumbling(small_assistant().understander, "kwaak")
    )
    stranger.send("kwaak in mijn badkamer")
    case = open_case(stranger)
    assert case is not None
    assert case.summary is None
    assert runtime.database.read(lambda work: work.conversations.with_unread(10)) == []


def test_numbers_that_do_not_belong_in_a_chat_are_never_stored(newcomer: Conversation) -> None:
    answered = send(newcomer, f"mijn bsn is {BSN} en mijn rekening {IBAN}, lekkage in de badkamer")
    assert answered[0] == "utter_masked"
    send(newcomer, "mens")
    stored = f"{inbox(newcomer)} {outbox(newcomer)} {[row.body for row in inbox(newcomer)]} {open_case(newcomer)}"
    file = bytes_of(newcomer)
    for number in (BSN, IBAN):
        assert number not in stored
        assert number.encode() not in file


# ---- consent


def test_a_message_before_the_notice_waits_encrypted_and_is_answered_after_the_yes(stranger: Conversation) -> None:
    assert send(stranger, A_DOCTOR) == ["utter_ask_notice"]
    assert [row.status for row in inbox(stranger)] == ["held"]
    assert A_DOCTOR.encode() not in bytes_of(stranger)
    assert send(stranger, A_REPAIR) == ["utter_notice_waiting", "utter_ask_notice"]
    answered = press(stranger, "/SetSlots(notice_answer=accept)")
    assert answered == [
        "utter_notice_accepted",
        *("utter_health_gp", "utter_ask_gp_question"),
        *("utter_housing_repairs", "utter_ask_repair_reported"),
    ]
    assert [row.status for row in inbox(stranger)] == ["read", "read", "read"]
    assert who(stranger).newcomer.consent_at is not None


def test_a_no_to_the_notice_drops_what_waited(stranger: Conversation) -> None:
    send(stranger, A_DOCTOR)
    assert send(stranger, "nee") == ["utter_notice_declined"]
    waited = inbox(stranger)[0]
    assert (waited.status, dict(waited.body)) == ("dropped", {})
    assert who(stranger).newcomer.consent_at is None
    assert send(stranger, A_REPAIR) == ["utter_ask_notice"], "who writes again is asked again"


def test_what_waits_for_the_notice_is_gone_after_a_day(stranger: Conversation, clock: HeldClock) -> None:
    send(stranger, A_DOCTOR)
    clock.wait(hours=23)
    drop_unanswered_notices(stranger.runtime)
    assert inbox(stranger)[0].body["text"] == A_DOCTOR
    clock.wait(hours=1, seconds=1)
    drop_unanswered_notices(stranger.runtime)
    waited = inbox(stranger)[0]
    assert (waited.status, dict(waited.body)) == ("dropped", {})
    assert send(stranger, "ja") == ["utter_notice_accepted"], "and nothing is answered that is gone"


def test_asked_to_delete_before_consent_something_else_is_still_no_consent(stranger: Conversation) -> None:
    assert send(stranger, "verwijder mijn gegevens") == ["utter_ask_erase_confirmed"]
    assert send(stranger, A_DOCTOR) == ["utter_ask_notice"]
    assert inbox(stranger)[-1].status == "held"


# ---- stop


@pytest.mark.parametrize(
    ("before", "word"),
    [
        pytest.param((), "STOP", id="at the first message, in capitals"),
        pytest.param((A_DOCTOR,), "stop", id="while a question waits"),
        pytest.param((A_REPAIR, A_DOCTOR), "توقف", id="in Arabic, two subjects deep"),
        pytest.param(("qqq zzz", "qqq zzz"), "ኣቋርጽ", id="in Tigrinya, while a person is offered"),
        pytest.param(("ik wil dood",), "стоп", id="in Ukrainian, after a crisis"),
        pytest.param(("verwijder mijn gegevens",), "dur", id="in Turkish, while deleting is asked"),
        pytest.param(("menu",), "jooji", id="in Somali, in the menu"),
        pytest.param(("taal",), "arrêtez", id="in French, choosing a language"),
        pytest.param(("stop",), "متوقف کن", id="in Farsi, after a stop"),
    ],
)
def test_stop_works_at_once_in_every_state_and_language(
    newcomer: Conversation, before: tuple[str, ...], word: str
) -> None:
    for text in before:
        send(newcomer, text)
    assert send(newcomer, word) == ["utter_stopped"]
    assert who(newcomer).newcomer.status == "stopped"
    assert dialogue(newcomer).stack == ()


def test_stop_works_before_the_notice_and_while_a_person_helps(stranger: Conversation) -> None:
    assert send(stranger, "stop") == ["utter_stopped"]
    assert send(stranger, A_DOCTOR) == ["utter_started_again", "utter_ask_notice"]
    press(stranger, "/SetSlots(notice_answer=accept)")
    a_volunteer_takes_over(stranger)
    assert send(stranger, "stop") == ["utter_stopped"]


def test_who_writes_after_stop_is_welcome(newcomer: Conversation) -> None:
    send(newcomer, "stoppen")
    assert send(newcomer, A_DOCTOR) == ["utter_started_again", "utter_health_gp", "utter_ask_gp_question"]
    assert who(newcomer).newcomer.status == "active"


# ---- delete my data


def bytes_of(talk: Conversation) -> bytes:
    """Return all that stands in the database's files, its journal too."""
    path = Path(talk.runtime.database._writer.url.database)  # type: ignore[attr-defined]
    return b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))


def test_delete_my_data_says_goodbye_and_leaves_nothing(newcomer: Conversation) -> None:
    send(newcomer, A_REPAIR)
    send(newcomer, "mens")
    traces = [who(newcomer).newcomer.id, who(newcomer).conversation.id, *(row.id for row in inbox(newcomer))]
    traces += [row.provider_id for row in inbox(newcomer)]
    assert all(trace.encode() in bytes_of(newcomer) for trace in traces), "before, they are there"
    assert send(newcomer, "verwijder mijn gegevens") == ["utter_ask_erase_confirmed"]
    assert send(newcomer, "ja") == ["utter_erased"], "the goodbye arrives"
    assert all(not row.body for row in inbox(newcomer)), "texts go at once"
    assert finish_erasures(newcomer.runtime) == 1
    assert newcomer.runtime.database.read(lambda work: work.newcomers.at(Terminal.name, newcomer._address)) is None
    left = bytes_of(newcomer)
    assert [trace for trace in traces if trace.encode() in left] == []
    assert not any(text.encode() in left for text in (A_REPAIR, newcomer._address))


def test_the_goodbye_is_delivered_before_the_address_is_forgotten(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    send(newcomer, "delete my data")
    conversation = take_in(runtime, inbound(newcomer, "ja", "wamid.1"))
    assert conversation is not None
    answer_all(runtime, conversation)
    assert finish_erasures(runtime) == 0
    assert delivered(runtime) == ["utter_erased"]
    assert finish_erasures(runtime) == 1


def test_a_goodbye_that_cannot_be_delivered_keeps_nobody_for_long(newcomer: Conversation, clock: HeldClock) -> None:
    runtime = newcomer.runtime
    send(newcomer, "delete my data")
    conversation = take_in(runtime, inbound(newcomer, "ja", "wamid.1"))
    assert conversation is not None
    answer_all(runtime, conversation)
    clock.wait(minutes=61)
    assert finish_erasures(runtime) == 1


def test_a_message_after_the_goodbye_is_answered_before_the_rest_is_forgotten(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    send(newcomer, "verwijder mijn gegevens")
    send(newcomer, "ja")
    conversation = take_in(runtime, inbound(newcomer, A_DOCTOR, "wamid.late"))
    assert conversation is not None
    assert finish_erasures(runtime) == 0
    answer_all(runtime, conversation)
    assert delivered(runtime) == ["utter_health_gp", "utter_ask_gp_question"]
    assert finish_erasures(runtime) == 1


def test_no_keeps_everything(newcomer: Conversation) -> None:
    send(newcomer, "wis mijn gegevens")
    assert send(newcomer, "nee") == ["utter_not_erased"]
    assert who(newcomer).newcomer.status == "active"


# ---- danger


def test_danger_is_answered_first_and_the_flow_keeps_its_place(newcomer: Conversation) -> None:
    send(newcomer, A_REPAIR)
    assert send(newcomer, "ik wil dood") == ["utter_crisis_suicide_selfharm"]
    case = open_case(newcomer)
    assert case is not None
    assert (case.priority, case.reason, case.summary) == ("crisis", "crisis:suicide_selfharm", "ik wil dood")
    assert dialogue(newcomer).collecting == "repair_reported"
    assert send(newcomer, "ja") == ["utter_crisis_contact"]
    assert press(newcomer, "/SetSlots(repair_reported=true)") == ["utter_housing_repairs_ask_date"]


def test_a_later_yes_is_no_answer_to_an_old_crisis(newcomer: Conversation) -> None:
    send(newcomer, A_REPAIR)
    send(newcomer, "ik wil dood")
    assert press(newcomer, "/SetSlots(repair_reported=false)") == [
        "utter_housing_repairs_report",
        "utter_ask_after_answer",
    ]
    assert "utter_crisis_contact" not in send(newcomer, "ja")


def test_danger_before_consent_is_answered_and_its_case_has_no_words(stranger: Conversation) -> None:
    assert send(stranger, "ik wil dood") == ["utter_crisis_suicide_selfharm"]
    case = open_case(stranger)
    assert case is not None
    assert (case.priority, case.summary) == ("crisis", None)
    assert inbox(stranger)[0].status == "held"
    assert send(stranger, A_DOCTOR) == ["utter_ask_notice"]
    answered = send(stranger, "ja")
    assert answered[0] == "utter_notice_accepted", "this yes is for the notice, not for the crisis"
    assert answered[-3:] == ["utter_health_gp", "utter_desk_still_with_team", "utter_ask_gp_question"]
    case = open_case(stranger)
    assert case is not None
    assert case.summary == "ik wil dood", "now the team may read it"


def test_danger_is_heard_while_a_person_helps(newcomer: Conversation) -> None:
    send(newcomer, "mens")
    a_volunteer_takes_over(newcomer)
    assert send(newcomer, "ik wil dood") == ["utter_crisis_suicide_selfharm"]
    case = open_case(newcomer)
    assert case is not None
    assert case.priority == "crisis"


# ---- language


def test_a_language_is_chosen_by_its_own_name(newcomer: Conversation) -> None:
    for name, code in (("العربية", "ar"), ("Türkçe", "tr"), ("دری", "fa"), ("ትግርኛ", "ti"), ("nederlands", "nl")):
        answers, _ = newcomer.send(name)
        assert said(answers) == ["utter_language_set"]
        assert who(newcomer).newcomer.language == code
    assert answers[0].language == "nl"


def test_a_language_in_the_middle_of_a_flow_repeats_its_question(newcomer: Conversation) -> None:
    send(newcomer, A_REPAIR)
    answers, _ = newcomer.send("العربية")
    assert said(answers) == ["utter_ask_repair_reported"]
    assert (answers[0].language, answers[0].direction) == ("ar", "rtl")
    answers, _ = newcomer.send("نعم")
    assert said(answers) == ["utter_housing_repairs_ask_date"]
    assert answers[0].language == "ar"


def test_another_language_is_offered_once(newcomer: Conversation) -> None:
    send(newcomer, "Nederlands")
    answers, _ = newcomer.send("كيف أجد طبيب أسرة؟")
    assert said(answers) == ["utter_health_gp", "utter_ask_gp_question", "utter_offer_language"]
    assert [answer.language for answer in answers] == ["nl", "nl", "ar"]
    answers, _ = newcomer.send("ماذا أحضر للتسجيل في العيادة")
    assert "utter_offer_language" not in said(answers)
    answers, _ = newcomer.send("", payload="/language ar")
    assert {answer.language for answer in answers} == {"ar"}


def test_after_an_offer_a_number_still_means_the_button_of_the_question(newcomer: Conversation) -> None:
    send(newcomer, "Nederlands")
    answers, _ = newcomer.send("كيف أجد طبيب أسرة؟")
    second = answers[1].buttons[1].payload
    send(newcomer, "2")
    assert second == f"/SetSlots(gp_question={dialogue(newcomer).slots['gp_question']})"


# ---- not understood


def test_the_second_miss_offers_a_person_and_a_yes_opens_a_case(newcomer: Conversation) -> None:
    assert send(newcomer, "qqq zzz") == ["utter_not_understood"]
    assert send(newcomer, "www vvv") == ["utter_ask_person_after_miss"]
    assert send(newcomer, "ja") == ["utter_case_opened"]
    case = open_case(newcomer)
    assert case is not None
    assert case.state == "queued"


def test_a_photo_an_empty_and_an_endless_message_are_answered(newcomer: Conversation) -> None:
    send(newcomer, A_REPAIR)
    assert send(newcomer, "", kind=Kind.PHOTO) == ["utter_photo_off", "utter_ask_repair_reported"]
    for text in ("", " \u200f\n\t ", "👩‍👩‍👧"):
        assert send(newcomer, text) == ["utter_only_text", "utter_ask_repair_reported"]
    assert send(newcomer, "xq zv " * 20_000), "a message longer than any messenger lets through"
    assert dialogue(newcomer).collecting is not None


AGES = {"Latin": "34", "Arabic": "٣٤", "Persian": "۳۴", "Ge'ez": "፴፬"}
YEARS = {"Latin": "1988", "Arabic": "١٩٨٨", "Persian": "۱۹۸۸", "Ge'ez": "፲፱፻፹፰"}


@pytest.mark.parametrize("script", AGES)
def test_a_number_is_read_in_the_digits_people_write(newcomer: Conversation, script: str) -> None:
    assert press(newcomer, f"/{RENT_ALLOWANCE}")[-1] == "utter_ask_home_kind"
    assert press(newcomer, "/SetSlots(home_kind=whole_home)") == ["utter_ask_age"]
    assert send(newcomer, YEARS[script]) == ["utter_out_of_range", "utter_ask_age"], "a year is no age"
    send(newcomer, AGES[script])
    assert dialogue(newcomer).slots["age"] in {34, Decimal(34)}


# ---- a person has the conversation


def a_volunteer_takes_over(talk: Conversation) -> None:
    conversation, now = who(talk).conversation.id, talk.runtime.clock.now()
    talk.runtime.database.write(lambda work: work.conversations.set_route(conversation, "human", now=now))


def test_the_bot_is_silent_while_a_person_helps(newcomer: Conversation) -> None:
    send(newcomer, "Nederlands")
    send(newcomer, "mens")
    a_volunteer_takes_over(newcomer)
    assert send(newcomer, A_DOCTOR) == []
    assert send(newcomer, "كيف أجد طبيب أسرة؟") == [], "no offer of a language either"
    assert [row.status for row in inbox(newcomer)][-2:] == ["read", "read"]


def test_deleting_works_to_its_end_while_a_person_helps(newcomer: Conversation) -> None:
    a_volunteer_takes_over(newcomer)
    assert send(newcomer, "verwijder mijn gegevens") == ["utter_ask_erase_confirmed"]
    assert send(newcomer, "ja") == ["utter_erased"]
    assert finish_erasures(newcomer.runtime) == 1


# ---- the assistant itself changes


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'wegwijs.sqlite'}"


def started(file: str, clock: HeldClock, vault: Vault) -> Iterator[Conversation]:
    """Start the assistant on this file, as a new process would; the same newcomer writes each time."""
    while True:
        with Database.open(file, vault) as database:
            database.upgrade()
            terminal = Terminal()
            runtime = small_assistant().runtime(database, channels={Terminal.name: terminal}, clock=clock)
            yield Conversation(runtime, terminal, "amina")


def test_a_restart_between_two_messages_is_not_noticed(file: str, clock: HeldClock, tmp_path: Path) -> None:
    starts = started(file, clock, Vault(MasterKeys.load_or_create(tmp_path / "keys")))
    assert send(next(starts), A_REPAIR) == ["utter_ask_notice"]
    talk = next(starts)
    assert send(talk, "ja") == ["utter_notice_accepted", "utter_housing_repairs", "utter_ask_repair_reported"]
    talk = next(starts)
    assert send(talk, "ja") == ["utter_housing_repairs_ask_date"]
    taken = take_in(talk.runtime, inbound(talk, "gisteren", "wamid.last"))
    assert taken is not None
    talk = next(starts)
    assert talk.runtime.database.read(lambda work: work.conversations.with_unread(10)) == [taken]
    answer_all(talk.runtime, taken)
    assert delivered(talk.runtime)[0] == "utter_housing_repairs_deadline"
    starts.close()  # type: ignore[attr-defined]


def test_a_flow_that_changed_meanwhile_says_so_and_asks_anew(newcomer: Conversation) -> None:
    send(newcomer, A_REPAIR)
    runtime = newcomer.runtime
    flows = {name: flow for name, flow in runtime.knowledge.flows.items() if name != "housing_repairs"}
    knowledge = replace(
        runtime.knowledge,
        flows=flows,
        flow_of_intent={intent: flow for intent, flow in runtime.knowledge.flow_of_intent.items() if flow in flows},
    )
    newcomer.runtime = replace(runtime, knowledge=knowledge, runner=Runner(flows=flows, about=knowledge.about))
    assert send(newcomer, "bedankt") == ["utter_flow_changed", "utter_thanks"]
    assert dialogue(newcomer).stack == ()


def test_a_flow_whose_question_still_stands_goes_on(newcomer: Conversation) -> None:
    send(newcomer, A_REPAIR)
    runtime = newcomer.runtime
    flow = runtime.knowledge.flows["housing_repairs"]
    flows = {**runtime.knowledge.flows, "housing_repairs": replace(flow, digest="changed below the question")}
    newcomer.runtime = replace(
        runtime,
        knowledge=replace(runtime.knowledge, flows=flows),
        runner=Runner(flows=flows, about=runtime.knowledge.about),
    )
    assert send(newcomer, "ja") == ["utter_housing_repairs_ask_date"]


# ---- other words for a message that was sent already


def edited(talk: Conversation, text: str, of: str) -> Inbound:
    return replace(inbound(talk, text, f"{of}.edited"), edits=f"{talk._address}.{of}")


def test_an_edit_before_the_answer_is_what_was_meant(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    taken = take_in(runtime, inbound(newcomer, "Hoe vind ik een huisrats?", "1"))
    assert taken is not None
    assert take_in(runtime, edited(newcomer, "Hoe vraag ik huurtoeslag aan?", "1")) == taken

    assert answer_all(runtime, taken) == ["new_subject"]
    assert "utter_benefits_huurtoeslag" in "".join(delivered(runtime))
    assert [row.body["text"] for row in inbox(newcomer)] == ["Hoe vraag ik huurtoeslag aan?"]


def test_an_edit_after_the_answer_asks_for_a_new_message(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    taken = take_in(runtime, inbound(newcomer, "Hoe vind ik een huisarts?", "1"))
    assert taken is not None
    answer_all(runtime, taken)
    delivered(runtime)
    take_in(runtime, edited(newcomer, "Hoe vraag ik huurtoeslag aan?", "1"))
    answer_all(runtime, taken)

    assert delivered(runtime)[0] == "utter_edit_too_late"


def test_an_edit_of_what_never_came_is_the_message(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    taken = take_in(runtime, edited(newcomer, "Hoe vraag ik huurtoeslag aan?", "lost"))
    assert taken is not None
    assert answer_all(runtime, taken) == ["new_subject"]


def test_an_edit_while_the_first_words_are_being_understood_is_read_again(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    taken = take_in(runtime, inbound(newcomer, "Hoe vind ik een huisarts?", "1"))
    assert taken is not None

    @dataclass
    class Edits:
        """An ear during which the newcomer changes their words."""

        done: bool = False

        def understand(self, text: str, *, language: str | None = None) -> Understanding:
            if not self.done:
                self.done = True
                take_in(runtime, edited(newcomer, "Hoe vraag ik huurtoeslag aan?", "1"))
            return runtime.understander.understand(text, language=language)

    assert answer_all(replace(runtime, understander=Edits()), taken) == ["reworded", "new_subject"]
    assert "utter_benefits_huurtoeslag" in "".join(delivered(runtime))


def test_danger_in_the_new_words_of_a_message_that_waits_for_the_notice_is_heard(stranger: Conversation) -> None:
    runtime = stranger.runtime
    taken = take_in(runtime, inbound(stranger, "hallo daar", "1"))
    assert taken is not None
    assert answer_all(runtime, taken) == ["notice"]
    delivered(runtime)
    take_in(runtime, edited(stranger, "ik wil dood", "1"))

    assert answer_all(runtime, taken) == ["crisis"]
    assert "utter_crisis_suicide" in "".join(delivered(runtime))


def test_a_masked_number_in_the_new_words_is_masked_too(newcomer: Conversation) -> None:
    runtime = newcomer.runtime
    taken = take_in(runtime, inbound(newcomer, "mijn nummer volgt", "1"))
    assert taken is not None
    take_in(runtime, edited(newcomer, "mijn bsn is 111222333", "1"))
    answer_all(runtime, taken)

    assert "utter_masked" in delivered(runtime)
    assert all("111222333" not in str(row.body) for row in inbox(newcomer))


def test_the_name_of_a_person_is_kept_only_after_their_yes(stranger: Conversation) -> None:
    runtime = stranger.runtime
    taken = take_in(runtime, replace(inbound(stranger, "hallo", "1"), profile_name="Amina Haddad"))
    assert taken is not None
    answer_all(runtime, taken)
    assert runtime.database.read(lambda work: work.newcomers.profile_name(taken)) is None
    take_in(runtime, replace(inbound(stranger, "ja", "2"), profile_name="Amina Haddad"))
    answer_all(runtime, taken)
    take_in(runtime, replace(inbound(stranger, "menu", "3"), profile_name="Amina Haddad"))

    assert runtime.database.read(lambda work: work.newcomers.profile_name(taken)) == "Amina Haddad"
