"""One text to the group: each gets it as a message of a person, and what they write back reaches their coach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.answer import BY_A_PERSON, Done, close
from bot.channels.errors import DeliveryError
from bot.circulate import Refusal, Sent, circulate, my_messages, take_back
from bot.domain.messenger import Remedy
from bot.forget import expire
from bot.handoff.case import Outcome
from bot.handoff.timeline import Delivery
from bot.look import CaseFile, open_file

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.circulate import GroupMessage
    from bot.store.rows import CaseRow
    from tests.gather.conftest import Group

TEXT = "Donderdag koken we samen. Wie brengt rijst mee?"
PASSED = "utter_group_answer_passed"


def sends(group: Group, text: str = TEXT, to: Collection[str] | None = None, language: str = "nl") -> Sent:
    sent = circulate(group.runtime, group.coach.id, text=text, to=group.ids if to is None else to, language=language)
    assert isinstance(sent, Sent), sent
    return sent


def arrives(group: Group) -> list[str]:
    group.guide.desk.wait(seconds=6)
    return group.read()


def latest(group: Group) -> GroupMessage:
    return my_messages(group.runtime, group.coach.id)[0]


def writes(group: Group, text: str, member: int = 0) -> list[str]:
    answers, _ = group.talks[member].send(text)
    return [one.response for one in answers]


def case_of(group: Group, member: int = 0) -> CaseRow | None:
    return group.runtime.database.read(lambda work: work.cases.open_for(group.ids[member]))


def deliveries(group: Group) -> list[Delivery | None]:
    return [one.delivery for one in latest(group).reached]


# ---- sent


def test_each_of_the_group_gets_it_after_the_moment_to_take_it_back(group: Group) -> None:
    sends(group)
    assert group.read() == []
    assert deliveries(group) == [Delivery.HELD] * 3
    group.guide.desk.wait(seconds=6)
    messages = group.guide.read()
    assert [(one.response, one.text, one.language) for one in messages] == [(BY_A_PERSON, TEXT, "nl")] * 3
    assert deliveries(group) == [Delivery.SENT] * 3
    assert latest(group).text == TEXT
    assert latest(group).undo_until is None


def test_some_of_the_group(group: Group) -> None:
    sends(group, to=group.ids[1:2])
    assert arrives(group) == [BY_A_PERSON]
    assert [one.person.id for one in latest(group).reached] == [group.ids[1]]


@pytest.mark.parametrize(
    ("text", "to", "refusal"),
    [
        ("  ", None, Refusal.EMPTY),
        ("x" * 3001, None, Refusal.TOO_LONG),
        (TEXT, [], Refusal.NOBODY),
        (TEXT, ["nobody"], Refusal.NOBODY),
    ],
)
def test_what_is_not_sent(group: Group, text: str, to: list[str] | None, refusal: Refusal) -> None:
    who = group.ids if to is None else to
    assert circulate(group.runtime, group.coach.id, text=text, to=who) is refusal
    assert arrives(group) == []
    assert my_messages(group.runtime, group.coach.id) == ()


def test_only_a_coach_to_the_own_group(group: Group) -> None:
    desk = group.guide.desk
    for who in (desk.sam, desk.cora, desk.pia):
        assert circulate(group.runtime, who.id, text=TEXT, to=group.ids) is Refusal.NOT_YOUR_ROLE
    assert circulate(group.runtime, group.other.id, text=TEXT, to=group.ids) is Refusal.NOBODY
    assert arrives(group) == []


def test_numbers_that_do_not_belong_in_a_chat_are_hidden(group: Group) -> None:
    sends(group, "Uw nummer is 111222333")
    group.guide.desk.wait(seconds=6)
    assert {one.text for one in group.guide.read()} == {"Uw nummer is [BSN]"}


def test_who_wants_nothing_gets_nothing_and_the_coach_sees_it(group: Group) -> None:
    group.runtime.database.write(lambda work: work.newcomers.stop(group.ids[0]))
    sends(group)
    assert arrives(group) == [BY_A_PERSON] * 2
    found = {one.person.id: one.delivery for one in latest(group).reached}
    assert found[group.ids[0]] is None
    assert found[group.ids[1]] is Delivery.SENT


def test_outside_whatsapps_window_it_waits_until_they_write(group: Group) -> None:
    group.guide.desk.wire.has_a_window()
    group.guide.desk.wait(days=2)
    sends(group)
    arrives(group)
    assert deliveries(group) == [Delivery.WAITING] * 3
    # What they write before they have read it answers nothing.
    answers = writes(group, "hallo")
    assert PASSED not in answers
    assert BY_A_PERSON in [*answers, *group.read()]


def test_what_did_not_arrive_says_why(group: Group) -> None:
    group.guide.desk.wire.refuses = DeliveryError("blocked by them", remedy=Remedy.NEVER)
    sends(group, to=group.ids[:1])
    arrives(group)
    (reached,) = latest(group).reached
    assert reached.delivery is Delivery.FAILED
    assert reached.why == "blocked by them"


# ---- taken back


def test_it_is_taken_back_for_all_while_it_has_not_left(group: Group) -> None:
    sent = sends(group)
    assert take_back(group.runtime, group.other.id, sent.id) is Refusal.TOO_LATE
    assert take_back(group.runtime, group.coach.id, sent.id) == TEXT
    assert arrives(group) == []
    assert my_messages(group.runtime, group.coach.id) == ()
    assert take_back(group.runtime, group.coach.id, sent.id) is Refusal.TOO_LATE


def test_what_left_is_not_taken_back(group: Group) -> None:
    sent = sends(group)
    assert arrives(group) == [BY_A_PERSON] * 3
    assert take_back(group.runtime, group.coach.id, sent.id) is Refusal.TOO_LATE
    assert len(latest(group).reached) == 3


# ---- answered


def test_what_they_write_back_is_the_coachs_at_once(group: Group) -> None:
    sends(group)
    arrives(group)
    assert case_of(group) is None  # who says nothing waits for nothing
    assert writes(group, "ik breng rijst") == [PASSED]
    case = case_of(group)
    assert case is not None
    assert (case.reason, case.assignee_id, case.state) == ("group_message", group.coach.id, "active")
    assert case.summary == "ik breng rijst"
    assert group.guide.desk.route(case) == "human"
    assert "newcomer_wrote" in group.guide.desk.kinds(case)  # of which the coach is told
    # The talk goes on between the two of them.
    assert writes(group, "en ook brood") == []
    done = group.guide.desk.replies(case, "Heel fijn!", by=group.coach)
    assert done.reply is not None
    assert arrives(group) == [BY_A_PERSON]
    reached = {one.person.id: one for one in latest(group).reached}
    assert reached[group.ids[0]].wrote_since
    assert reached[group.ids[0]].case_id == case.id
    assert not reached[group.ids[1]].wrote_since
    file = open_file(group.runtime, group.coach.id, case.id)
    assert isinstance(file, CaseFile)
    assert TEXT in [getattr(item, "text", None) for item in file.items]


@pytest.mark.parametrize("text", ["ok", "bedankt", "ja", "nee", "hoe vraag ik huurtoeslag aan?"])
def test_whatever_it_looks_like(group: Group, text: str) -> None:
    sends(group)
    arrives(group)
    assert writes(group, text) == [PASSED]
    assert case_of(group).summary == text


@pytest.mark.parametrize("text", ["stop", "/tasks", "/mydata"])
def test_commands_are_the_bots_as_always(group: Group, text: str) -> None:
    sends(group)
    arrives(group)
    assert PASSED not in writes(group, text)
    assert case_of(group) is None


def test_danger_comes_first(group: Group) -> None:
    sends(group)
    arrives(group)
    answers = writes(group, "er is brand")
    assert PASSED not in answers
    assert answers[0].startswith("utter_crisis")


def test_after_three_days_it_is_the_bots_again(group: Group) -> None:
    sends(group)
    arrives(group)
    group.guide.desk.wait(days=3, minutes=1)
    assert PASSED not in writes(group, "bedankt")


def test_each_message_is_answered_once(group: Group) -> None:
    sends(group)
    arrives(group)
    writes(group, "ik kom")
    case = case_of(group)
    assert isinstance(close(group.runtime, group.coach.id, case.id, outcome=Outcome.ANSWERED), Done)
    group.read()
    assert PASSED not in writes(group, "dag")
    sends(group, "En wie brengt brood?")
    arrives(group)
    assert writes(group, "ik") == [PASSED]


def test_who_has_a_case_with_a_colleague_keeps_it_and_the_coach_sees_that_they_wrote(group: Group) -> None:
    desk = group.guide.desk
    case = desk.taken(desk.asks(group.talks[0]))
    group.read()
    sends(group)
    assert arrives(group) == [BY_A_PERSON] * 3
    assert writes(group, "ik breng rijst") == []  # it is Sam's to answer
    assert desk.now(case).assignee_id == desk.sam.id
    reached = {one.person.id: one for one in latest(group).reached}
    assert (reached[group.ids[0]].wrote_since, reached[group.ids[0]].case_id) == (True, case.id)


def test_who_waits_in_the_queue_stays_there_with_their_words(group: Group) -> None:
    desk = group.guide.desk
    case = desk.asks(group.talks[0])
    group.read()
    sends(group)
    arrives(group)
    assert writes(group, "ik breng rijst")[0] == PASSED
    now = desk.now(case)
    assert (now.assignee_id, now.state) == (None, "queued")
    assert "ik breng rijst" in (now.summary or "")


def test_a_coach_who_is_gone_leaves_it_to_the_team(group: Group) -> None:
    sends(group)
    arrives(group)
    group.runtime.database.write(lambda work: work.users.set_active(group.coach.id, active=False))
    assert writes(group, "ik breng rijst") == [PASSED]
    case = case_of(group)
    assert (case.assignee_id, case.state) == (None, "queued")


def test_what_the_bot_was_asking_is_no_question_any_more(group: Group) -> None:
    asked = writes(group, "Hoe meld ik mijn kind aan op school?")
    sends(group)
    arrives(group)
    assert writes(group, "ja") == [PASSED], asked


def test_whom_it_went_to_is_forgotten_with_the_words(group: Group) -> None:
    sends(group)
    arrives(group)
    group.guide.desk.wait(days=120)
    expire(group.runtime)
    assert my_messages(group.runtime, group.coach.id) == ()
