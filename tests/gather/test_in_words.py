"""What a newcomer reads of a session, on the real texts: in each language, with the day as people write it there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bot.announce import announce_due
from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation, throwaway
from bot.domain.clock import HeldClock
from bot.gather import Refusal, What, cancel, move, plan
from bot.invite import APPOINTMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.turn import Message
    from bot.runtime import Runtime
    from bot.wiring import Parts

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
THURSDAY = datetime(2026, 12, 3, 13, 0, tzinfo=UTC)
SELF_PORTRAIT = What(template="twelve_months", task="g01_zelfportret")  # sensitive: its name is nobody else's business
SOCIETY = What(template="twelve_months", task="g03_samenleving")
ISOLATES = re.compile("[\u2066-\u2069\u200f]")


@pytest.fixture(scope="module")
def at_work(assistant: Parts) -> Iterator[Runtime]:
    with throwaway(assistant) as runtime:
        yield runtime


def invited(runtime: Runtime, language: str) -> tuple[Runtime, HeldClock, Conversation, str, str]:
    """Return an assistant on a clock of its own, and somebody who reads this language in a coach's group."""
    clock, terminal = HeldClock(NOW), Terminal()
    own = replace(runtime, clock=clock, channels={terminal.name: terminal})
    talk = Conversation(own, terminal, uuid4().hex)
    talk.accept_notice(language)
    coach = own.database.write(lambda work: work.users.add(uuid4().hex, roles=["coach"], teams=["form_team"], now=NOW))
    found = own.database.read(lambda work: work.newcomers.at(terminal.name, talk._address))
    assert found is not None
    own.database.write(lambda work: work.newcomers.set_coach(found.newcomer.id, coach.id))
    talk._delivered()
    return own, clock, talk, coach.id, found.newcomer.id


def plain(message: Message) -> str:
    return ISOLATES.sub("", message.text)


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("nl", "donderdag 3 december 2026"),
        ("en", "Thursday, December 3, 2026"),
        ("fr", "jeudi 3 décembre 2026"),
        ("tr", "3 Aralık 2026 Perşembe"),
        ("uk", "четвер, 3 грудня 2026"),
        ("ar", "الخميس"),
        ("fa", "پنجشنبه"),
        ("so", "2026"),
        ("ti", "2026"),
    ],
)
def test_all_of_it_in_the_language_of_who_reads(at_work: Runtime, language: str, day: str) -> None:
    runtime, clock, talk, coach, newcomer = invited(at_work, language)
    session = plan(runtime, coach, What(task=APPOINTMENT), at=THURSDAY, place="Zaal 2", guests=[newcomer])
    assert not isinstance(session, Refusal)
    read = talk._delivered()
    read += talk.send("knop", payload=f"/session no {session.id}")[0]
    read += talk.send("knop", payload=f"/session yes {session.id}")[0]
    clock.wait(days=9)
    assert announce_due(runtime) == 1
    read += talk._delivered()
    move(runtime, coach, session.id, at=THURSDAY, place="Zaal 3")
    read += talk._delivered()
    cancel(runtime, coach, session.id)
    read += talk._delivered()
    read += talk.send("knop", payload=f"/session yes {session.id}")[0]
    assert [message.response.removeprefix("utter_session_") for message in read] == [
        *("invited", "comes_not", "comes", "reminder", "moved", "cancelled", "gone")
    ]
    assert {message.language for message in read} == {language}
    titles = {button.title for message in read for button in message.buttons}
    assert len(titles) == 2
    assert max(map(len, titles)) <= 20  # WhatsApp shows no more of a button
    for message in (read[0], read[2], read[3]):
        assert day in plain(message)
        assert "14:00" in plain(message)
        assert "Zaal 2" in plain(message)
    assert "Zaal 3" in plain(read[4])
    if language != "nl":
        assert not re.search(r"\b(dag|plaats|afspraak|herinnering)\b", " ".join(map(plain, read)), re.IGNORECASE)


def test_a_story_in_dutch(at_work: Runtime) -> None:
    runtime, clock, talk, coach, newcomer = invited(at_work, "nl")
    session = plan(runtime, coach, SOCIETY, at=THURSDAY, place="De bibliotheek, zaal 2", guests=[newcomer])
    assert not isinstance(session, Refusal)
    (invitation,) = talk._delivered()
    assert "nodigt u uit" in invitation.text
    assert "donderdag 3 december 2026, om 14:00 uur" in invitation.text
    assert [button.title for button in invitation.buttons] == ["Ik kom", "Ik kan niet"]
    (answer,), _ = talk.send("ik kom")
    assert answer.text.startswith("Fijn dat u komt")
    clock.wait(days=9)
    announce_due(runtime)
    (reminder,) = talk._delivered()
    assert reminder.text.startswith("Dit is een herinnering")
    (answer,), _ = talk.send("Ik kan niet")
    assert "weet nu dat u niet komt" in answer.text
    guests = runtime.database.read(lambda work: work.group_sessions.guests(session.id))
    assert [guest.answer for guest in guests] == ["no"]


def test_what_nobody_else_may_read_is_only_a_meeting(at_work: Runtime) -> None:
    runtime, _, talk, coach, newcomer = invited(at_work, "nl")
    assert not isinstance(plan(runtime, coach, SELF_PORTRAIT, at=THURSDAY, place="Zaal 2", guests=[newcomer]), Refusal)
    (invitation,) = talk._delivered()
    assert "Bijeenkomst van uw groep" in invitation.text
    assert "elfportret" not in invitation.text
