"""One person, two messengers: what is said in both when a code is asked for in the one and entered in the other."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import structlog

from bot.carry_out import carry_out
from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation, throwaway
from bot.content.model import Response, Variant
from bot.content.render import Renderer
from bot.domain.turn import Enrol, SetRemindersTo
from bot.domain.words import LINK_NOTICE
from bot.flows.dialogue import Dialogue
from bot.say import Voice
from bot.store.links import MOST_TRIES
from tests.peers.small import small_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import HeldClock
    from bot.domain.turn import Effect, Message, SlotValue
    from bot.runtime import Runtime
    from bot.store.rows import Writing
    from bot.store.work import Work

A_DOCTOR = "Hoe vind ik een huisarts?"


class Messenger(Terminal):
    """Another of our own screens, under a messenger's name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Talk(Conversation):
    """One newcomer on one messenger."""

    def __init__(self, runtime: Runtime, channel: str, address: str) -> None:
        messenger = runtime.channels[channel]
        assert isinstance(messenger, Messenger)
        super().__init__(runtime, messenger, address)

    def says(self, text: str) -> list[str]:
        return [message.response for message in self.send(text)[0]]

    def pressed(self, payload: str) -> list[str]:
        return [message.response for message in self.send("", payload=payload)[0]]

    def hears(self) -> list[Message]:
        """What came in meanwhile because of somebody else."""
        heard = []
        while not self._terminal.delivered.empty():
            heard.append(self._terminal.delivered.get())
        return heard

    def who(self) -> Writing:
        found = self.runtime.database.read(lambda work: work.newcomers.at(self._terminal.name, self._address))
        assert found is not None
        return found

    def a_code(self) -> str:
        (*_, message), _ = self.send("/link")
        (code,) = re.findall(r"[0-9]{8}", message.text)
        return code


@pytest.fixture
def runtime(clock: HeldClock) -> Iterator[Runtime]:
    channels = {name: Messenger(name) for name in ("telegram", "whatsapp", "preview", "terminal")}
    with throwaway(small_assistant(), clock) as plain:
        content = plain.knowledge.content
        # The text belongs to the content's authors; here only who gets it counts.
        notice = Response(
            name=LINK_NOTICE,
            topic="messengers",
            variants=(Variant(context=LINK_NOTICE, text="Uw andere app is nu {messenger}."),),
        )
        content = replace(content, responses={LINK_NOTICE: notice, **content.responses})
        yield replace(
            plain,
            channels=channels,
            knowledge=replace(plain.knowledge, content=content),
            renderer=Renderer(content=content, catalogues=plain.knowledge.catalogues),
        )


@pytest.fixture
def telegram(runtime: Runtime) -> Talk:
    """Amina, who accepted the notice on Telegram and reads Arabic."""
    talk = Talk(runtime, "telegram", "7001")
    talk.accept_notice("ar")
    return talk


@pytest.fixture
def whatsapp(runtime: Runtime) -> Talk:
    """Somebody on WhatsApp who accepted the notice there, in Dutch."""
    talk = Talk(runtime, "whatsapp", "+31611111111")
    talk.accept_notice("nl")
    return talk


def carried_out(talk: Talk, *effects: Effect) -> dict[str, SlotValue]:
    """Do effects in this conversation, outside a turn."""
    found = talk.who()

    def unit(work: Work) -> dict[str, SlotValue]:
        voice = Voice(
            runtime=talk.runtime,
            work=work,
            conversation_id=found.conversation.id,
            cause=None,
            now=talk.runtime.clock.now(),
            language="nl",
            second_language=None,
            dialogue=Dialogue(),
        )
        brought: dict[str, SlotValue] = {}
        for effect in effects:
            brought |= carry_out(effect, voice, found.newcomer, found.conversation, "")
        return brought

    return talk.runtime.database.write(unit)


def test_a_code_joins_the_two_and_both_are_told(telegram: Talk, whatsapp: Talk) -> None:
    code = telegram.a_code()
    answers, _ = whatsapp.send(f"/link {code}")
    assert [answer.response for answer in answers] == ["utter_link_done"]
    assert whatsapp.who().newcomer.id == telegram.who().newcomer.id
    (told,) = telegram.hears()
    assert told.response == LINK_NOTICE
    assert "WhatsApp" in told.text
    assert whatsapp.who().newcomer.language == "ar", "what the person who asked has chosen"
    assert answers[0].language == "ar"
    assert whatsapp.says(A_DOCTOR)[0] == "utter_health_gp", "each goes on by itself"


def test_a_wrong_code_says_so_and_after_five_nothing_is_tried(telegram: Talk, whatsapp: Talk) -> None:
    code = telegram.a_code()
    wrong = [f"{(int(code) + step) % 10**8:08d}" for step in range(1, MOST_TRIES + 1)]
    assert [whatsapp.says(f"/link {one}") for one in wrong] == [["utter_link_wrong"]] * MOST_TRIES
    assert whatsapp.says(f"/link {code}") == ["utter_link_too_many"]
    assert telegram.hears() == []
    assert whatsapp.who().newcomer.id != telegram.who().newcomer.id


def test_a_code_works_once_and_not_after_a_quarter_of_an_hour(
    runtime: Runtime, telegram: Talk, whatsapp: Talk, clock: HeldClock
) -> None:
    code = telegram.a_code()
    clock.wait(minutes=15)
    assert whatsapp.says(f"/link {code}") == ["utter_link_wrong"]
    code = telegram.a_code()
    assert whatsapp.says(f"/link {code}") == ["utter_link_done"]
    third = Talk(runtime, "preview", "page")
    third.accept_notice("nl")
    assert third.says(f"/link {code}") == ["utter_link_wrong"]


def test_the_yes_given_in_the_one_counts_in_the_other(runtime: Runtime, telegram: Talk) -> None:
    stranger = Talk(runtime, "whatsapp", "+31622222222")
    assert stranger.says(A_DOCTOR) == ["utter_ask_notice"]
    code = telegram.a_code()
    answers = stranger.says(f"/link {code}")
    # What had to wait is answered, in the language of the person they are; the one they wrote in is offered.
    assert answers == ["utter_link_done", "utter_health_gp", "utter_ask_gp_question", "utter_offer_language"]
    assert stranger.who().newcomer.consent_at is not None
    assert "utter_ask_notice" not in stranger.says("menu")


def test_who_is_joined_already_is_told_so_and_nobody_else(telegram: Talk, whatsapp: Talk) -> None:
    whatsapp.says(f"/link {telegram.a_code()}")
    telegram.hears()
    assert whatsapp.says(f"/link {telegram.a_code()}") == ["utter_link_done"]
    assert telegram.hears() == []


def test_a_third_messenger_is_told_in_every_other_one_that_is_not_blocked(
    runtime: Runtime, telegram: Talk, whatsapp: Talk, clock: HeldClock
) -> None:
    whatsapp.says(f"/link {telegram.a_code()}")
    telegram.hears()
    third = Talk(runtime, "preview", "page")
    third.accept_notice("nl")
    code = telegram.a_code()
    assert third.says(f"/link {code}") == ["utter_link_done"]
    assert [len(talk.hears()) for talk in (telegram, whatsapp)] == [1, 1]

    fourth = Talk(runtime, "terminal", "a screen")
    fourth.accept_notice("nl")
    code = telegram.a_code()
    runtime.database.write(
        lambda work: work.newcomers.set_reachable("whatsapp", "+31611111111", reachable=False, now=clock.now())
    )
    assert fourth.says(f"/link {code}") == ["utter_link_done"]
    assert [len(talk.hears()) for talk in (telegram, whatsapp, third)] == [1, 0, 1]


def test_the_code_is_in_no_log_and_in_no_file(telegram: Talk, whatsapp: Talk, runtime: Runtime) -> None:
    with structlog.testing.capture_logs() as lines:
        code = telegram.a_code()
        whatsapp.says("/link 00000000")
        whatsapp.says(f"/link {code}")
    assert code not in repr(lines)
    path = runtime.database._writer.url.database
    with open(path, "rb") as file, open(f"{path}-wal", "rb") as journal:  # noqa: PTH123  # two at once
        assert code.encode() not in file.read() + journal.read()


def test_where_reminders_go_is_asked_when_there_is_a_choice(telegram: Talk, whatsapp: Talk) -> None:
    assert telegram.says("/reminders") == ["utter_link_none_other"]
    whatsapp.says(f"/link {telegram.a_code()}")
    telegram.hears()
    (asked,), _ = telegram.send("/reminders")
    assert asked.response == "utter_ask_reminders_to"
    assert {button.payload for button in asked.buttons} == {"/reminders telegram", "/reminders whatsapp"}
    assert telegram.pressed("/reminders whatsapp") == ["utter_reminders_to_set"]
    person = telegram.who().newcomer.id
    chosen = telegram.runtime.database.read(lambda work: work.newcomers.reminder_conversation(person))
    assert chosen == whatsapp.who().conversation.id


def test_reminders_to_a_messenger_they_do_not_have_are_asked_for_again(telegram: Talk, whatsapp: Talk) -> None:
    carried_out(telegram, SetRemindersTo(channel="whatsapp"))
    whatsapp.says(f"/link {telegram.a_code()}")
    carried_out(telegram, SetRemindersTo(channel="preview"))
    mine = telegram.who().conversation.id
    said = telegram.runtime.database.read(lambda work: work.outbox.all_for(mine))
    responses = [row.body["response"] for row in said]
    assert responses == ["utter_link_none_other", "utter_link_code", LINK_NOTICE, "utter_ask_reminders_to"]


def test_who_comes_by_the_link_of_a_coach_is_known_by_it(telegram: Talk) -> None:
    carried_out(telegram, Enrol(code="coach-7"), Enrol(code="coach-8"))
    talk = telegram.who().newcomer.id
    found = telegram.runtime.database.read(
        lambda work: work.connection.exec_driver_sql("SELECT id, enrolment_code FROM newcomers").all()
    )
    assert found == [(talk, "coach-7")]
