"""A volunteer takes, answers, closes: each promise of the hand-off has somebody who tries to break it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot import answer
from bot.answer import Declined, Done
from bot.channels.errors import DeliveryError
from bot.deliver import take_receipt
from bot.domain.messenger import Outcome as Became
from bot.domain.messenger import Receipt, Remedy
from bot.handoff.case import Decline, Outcome
from tests.desk.conftest import Desk, said

if TYPE_CHECKING:
    from bot.nlu.model import Understanding
    from bot.runtime import Understands
    from bot.store.rows import CaseRow

ROUNDS = 1000


def why(answered: object) -> Decline | None:
    return answered.why if isinstance(answered, Declined) else None


# ---- taking


def test_two_volunteers_who_click_at_once_get_one_winner_each_time(desk: Desk) -> None:
    case = desk.asks()
    both = threading.Barrier(2)
    database = desk.runtime.database
    version = case.version

    def claims(who: str) -> bool:
        both.wait()
        return database.write(lambda work: work.cases.claim(case.id, version, who, desk.clock.now())) is not None

    with ThreadPoolExecutor(2) as threads:
        for _ in range(ROUNDS):
            won = list(threads.map(claims, (desk.sam.id, desk.kim.id)))
            assert sorted(won) == [False, True]
            holder = desk.now(case)
            assert holder.assignee_id == (desk.sam.id if won[0] else desk.kim.id)
            back = answer.release(desk.runtime, str(holder.assignee_id), case.id)
            assert isinstance(back, Done)
            version = back.case.version
    assert desk.kinds(case).count("claimed") == ROUNDS


def test_many_who_take_at_the_desk_at_once_hear_who_has_it(desk: Desk) -> None:
    case = desk.asks()
    people = [desk.sam, desk.kim, desk.cora, desk.pia] * 3
    with ThreadPoolExecutor(len(people)) as threads:
        answers = list(
            threads.map(lambda who: answer.take(desk.runtime, who.id, case.id, version=case.version), people)
        )
    (winner,) = [found for found in answers if isinstance(found, Done)]
    losers = [found for found in answers if isinstance(found, Declined)]
    assert {loser.why for loser in losers} == {Decline.TAKEN}
    assert {loser.taken_by for loser in losers} == {winner.case.assignee_id}
    assert desk.route(case) == "human"


def test_a_case_that_changed_since_it_was_seen_is_not_taken(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.asks(talk)
    said(talk, "er is brand")  # it is a crisis now
    assert why(answer.take(desk.runtime, desk.pia.id, case.id, version=case.version)) is Decline.CHANGED
    assert desk.now(case).assignee_id is None


def test_a_crisis_is_for_professionals_first_and_then_for_anybody(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "er is brand")
    case = desk.open_case(talk)
    assert why(answer.take(desk.runtime, desk.sam.id, case.id, version=case.version)) is Decline.PROFESSIONALS_FIRST
    desk.wait(minutes=15)
    assert isinstance(answer.take(desk.runtime, desk.sam.id, case.id, version=case.version), Done)


def test_teams_are_apart_and_an_account_that_is_off_does_nothing(desk: Desk) -> None:
    case = desk.asks()
    assert why(answer.take(desk.runtime, desk.otto.id, case.id, version=case.version)) is Decline.OTHER_TEAM
    assert why(answer.take_over(desk.runtime, desk.otto.id, case.id, reason="haast")) is Decline.OTHER_TEAM
    assert why(answer.take(desk.runtime, "nobody", case.id, version=case.version)) is Decline.NO_ACCOUNT
    answer.switch_off(desk.runtime, desk.sam.id)
    assert why(answer.take(desk.runtime, desk.sam.id, case.id, version=case.version)) is Decline.NO_ACCOUNT
    assert why(answer.take(desk.runtime, desk.kim.id, "no-such-case", version=1)) is Decline.GONE


def test_roles_that_help_nobody_take_nothing(desk: Desk) -> None:
    case = desk.asks()
    database = desk.runtime.database
    for role in ("content_editor", "administrator", "a_role_of_a_later_release"):
        user = database.write(
            lambda work, role=role: work.users.add(role, roles=[role], teams=["form_team"], now=desk.clock.now())
        )
        assert why(answer.take(desk.runtime, user.id, case.id, version=case.version)) is Decline.NOT_YOUR_ROLE


# ---- only who has it


def test_only_who_has_the_case_may_do_something_with_it(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    runtime, kim = desk.runtime, desk.kim.id
    at, seen, later = case.conversation_id, desk.newest(case), desk.clock.now() + timedelta(hours=2)
    assert why(answer.reply(runtime, kim, case.id, text="Dag", conversation_id=at, seen=seen)) is Decline.NOT_YOURS
    assert why(answer.note(runtime, kim, case.id, text="?")) is Decline.NOT_YOURS
    assert why(answer.snooze(runtime, kim, case.id, until=later)) is Decline.NOT_YOURS
    assert why(answer.release(runtime, kim, case.id)) is Decline.NOT_YOURS
    assert why(answer.transfer(runtime, kim, case.id, team="other", note="x")) is Decline.NOT_YOURS
    assert why(answer.close(runtime, kim, case.id, outcome=Outcome.ANSWERED)) is Decline.NOT_YOURS
    assert why(answer.take_over(runtime, kim, case.id, reason="x")) is Decline.NOT_YOUR_ROLE
    # A coordinator does not speak in somebody else's place either.
    cora = desk.cora.id
    assert why(answer.reply(runtime, cora, case.id, text="Dag", conversation_id=at, seen=seen)) is Decline.NOT_YOURS
    assert desk.now(case) == case
    assert desk.kinds(case) == ["opened", "claimed"]


def test_taking_over_needs_a_reason_and_is_logged(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    assert why(answer.take_over(desk.runtime, desk.cora.id, case.id, reason=" ")) is Decline.NEEDS_REASON
    done = answer.take_over(desk.runtime, desk.cora.id, case.id, reason="Sam is ziek")
    assert isinstance(done, Done)
    assert done.case.assignee_id == desk.cora.id
    last = desk.events(case)[-1]
    assert (last.kind, last.actor, last.detail["from"]) == ("taken_over", desk.cora.id, desk.sam.id)
    (note,) = desk.runtime.database.read(lambda work: work.cases.notes(case.id))
    assert (note.text, note.id) == ("Sam is ziek", last.detail["note"])
    assert desk.replies(case, by=desk.cora).case.state == "active"


# ---- replying


def test_a_reply_arrives_and_then_it_is_the_newcomers_turn(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    assert desk.route(case) == "human"
    desk.replies(case)
    assert desk.delivered() == [], "it can still be taken back"
    assert desk.now(case).state == "active"
    desk.wait(seconds=6)
    assert desk.delivered() == ["reply"]
    waiting = desk.now(case)
    assert (waiting.state, waiting.answered_at) == ("awaiting_newcomer", desk.clock.now())
    assert said(talk, "dank u, maar welke dag?") == [], "the bot is silent"
    again = desk.now(case)
    assert (again.state, again.answered_at, again.waiting_since) == ("active", None, desk.clock.now())


def test_a_newer_message_stops_the_reply_and_nothing_is_sent(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    seen = desk.newest(case)
    said(talk, "laat maar, het is opgelost")
    declined = answer.reply(
        desk.runtime, desk.sam.id, case.id, text="Kom langs", conversation_id=case.conversation_id, seen=seen
    )
    assert declined == Declined(why=Decline.NEWER_MESSAGE, newest=seen + 1)
    assert [row.user_id for row in desk.outbox(case) if row.user_id] == []
    elsewhere = answer.reply(
        desk.runtime, desk.sam.id, case.id, text="Kom langs", conversation_id="another", seen=seen + 1
    )
    assert why(elsewhere) is Decline.NEWER_MESSAGE


def test_a_message_that_no_turn_has_taken_yet_stops_the_reply_too(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    seen = desk.newest(case)
    database, now = desk.runtime.database, desk.clock.now()
    database.write(
        lambda work: work.inbox.receive(case.conversation_id, "terminal", "late", "text", {"text": "wacht"}, now)
    )
    declined = answer.reply(
        desk.runtime, desk.sam.id, case.id, text="Kom langs", conversation_id=case.conversation_id, seen=seen
    )
    assert why(declined) is Decline.NEWER_MESSAGE


def test_a_reply_is_taken_back_within_five_seconds_and_not_later(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    done = desk.replies(case)
    assert done.reply is not None
    assert done.undo_until == desk.clock.now() + timedelta(seconds=5)
    assert why(answer.undo(desk.runtime, desk.kim.id, done.reply)) is Decline.NOT_YOURS
    desk.wait(seconds=4)
    assert isinstance(answer.undo(desk.runtime, desk.sam.id, done.reply), Done)
    desk.wait(seconds=10)
    assert desk.delivered() == []
    (gone,) = [row for row in desk.outbox(case) if row.user_id]
    assert (gone.status, gone.body) == ("dropped", {})
    second = desk.replies(case)
    assert second.reply is not None
    desk.wait(seconds=5)
    assert why(answer.undo(desk.runtime, desk.sam.id, second.reply)) is Decline.TOO_LATE
    assert desk.delivered() == ["reply"]
    assert why(answer.undo(desk.runtime, desk.sam.id, second.reply)) is Decline.TOO_LATE
    assert why(answer.undo(desk.runtime, desk.sam.id, "no-such-reply")) is Decline.GONE


def test_a_reply_that_fails_leaves_the_case_active_and_says_why(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    desk.wire.refuses = DeliveryError("21211", remedy=Remedy.NEVER)
    failed = desk.answered(case)
    assert (failed.state, failed.answered_at) == ("active", None)
    last = desk.events(case)[-1]
    assert (last.kind, last.detail["reason"]) == ("reply_failed", "21211")


def test_a_reply_that_failed_after_all_is_the_teams_turn_again_on_the_old_clock(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    answered = desk.answered(case)
    assert answered.state == "awaiting_newcomer"
    (row,) = [row for row in desk.outbox(case) if row.user_id]
    receipt = Receipt(
        channel="terminal", provider_id=row.provider_id, reference=row.id, outcome=Became.FAILED, reason="63016"
    )
    assert take_receipt(desk.runtime, receipt)
    assert not take_receipt(desk.runtime, receipt)
    again = desk.now(case)
    assert (again.state, again.answered_at, again.waiting_since) == ("active", None, case.waiting_since)
    assert desk.kinds(case).count("reply_failed") == 1


def test_a_reply_into_a_shut_window_waits_and_comes_with_their_tap(desk: Desk) -> None:
    desk.wire.has_a_window()
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.wait(hours=25)
    waits = desk.answered(case)
    assert waits.state == "awaiting_newcomer"
    assert "reply_waits" in desk.kinds(case)
    assert [row.status for row in desk.outbox(case) if row.user_id] == ["waiting"]
    assert said(talk, "", payload="/open") == ["reply"]
    assert desk.now(case).state == "awaiting_newcomer", "a tap asks nothing"
    assert desk.kinds(case)[-1] == "reply_accepted"


def test_a_reply_that_crossed_with_a_message_leaves_the_team_owing(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.replies(case)
    said(talk, "en nog iets: wanneer?")  # the reply is on its way for a few seconds
    desk.wait(seconds=6)
    assert desk.delivered() == ["reply"]
    crossed = desk.now(case)
    assert (crossed.state, crossed.answered_at) == ("active", None)
    assert crossed.first_answered_at == desk.clock.now()


@pytest.mark.parametrize(
    ("text", "reason"), [("", Decline.EMPTY), ("  \n", Decline.EMPTY), ("x" * 3001, Decline.TOO_LONG)]
)
def test_what_cannot_be_a_reply_is_declined(desk: Desk, text: str, reason: Decline) -> None:
    case = desk.taken(desk.asks())
    at = case.conversation_id
    assert why(answer.reply(desk.runtime, desk.sam.id, case.id, text=text, conversation_id=at, seen=99)) is reason


def test_nobody_writes_to_who_said_stop_or_blocked_us(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    said(talk, "/stop")
    at = case.conversation_id
    words = {"text": "Dag", "conversation_id": at, "seen": desk.newest(case)}
    assert why(answer.reply(desk.runtime, desk.sam.id, case.id, **words)) is Decline.STOPPED
    database, now = desk.runtime.database, desk.clock.now()
    database.write(lambda work: work.newcomers.restart(case.newcomer_id))
    database.write(lambda work: work.conversations.block(at, now=now))
    assert why(answer.reply(desk.runtime, desk.sam.id, case.id, **words)) is Decline.BLOCKED


def test_a_number_that_does_not_belong_in_a_chat_is_masked_in_replies_and_notes(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    desk.replies(case, text="Uw nummer is 111222333")
    answer.note(desk.runtime, desk.sam.id, case.id, text="BSN 111222333")
    (row,) = [row for row in desk.outbox(case) if row.user_id]
    (note,) = desk.runtime.database.read(lambda work: work.cases.notes(case.id))
    assert "111222333" not in str(row.body) + str(note.text)


class Busy:
    """An ear that somebody takes the case behind, while it listens."""

    def __init__(self, ear: Understands, desk: Desk) -> None:
        self._ear = ear
        self._desk = desk
        self.case: CaseRow | None = None

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        if self.case is not None:
            self._desk.taken(self.case)
            self.case = None
        return self._ear.understand(text, language=language)


def test_the_bot_is_silent_when_a_person_came_while_it_was_thinking(desk: Desk) -> None:
    ear = Busy(desk.runtime.understander, desk)
    desk.runtime = replace(desk.runtime, understander=ear)
    talk = desk.newcomer()
    ear.case = desk.asks(talk)
    assert said(talk, "de verwarming is kapot") == []
    assert desk.now(desk.open_case(talk)).state == "active"


# ---- notes, later, elsewhere, done


def test_a_note_is_for_the_team_and_never_reaches_the_newcomer(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    assert isinstance(answer.note(desk.runtime, desk.sam.id, case.id, text="Belt met de woningbouw"), Done)
    assert why(answer.note(desk.runtime, desk.sam.id, case.id, text=" ")) is Decline.EMPTY
    assert isinstance(answer.note(desk.runtime, desk.cora.id, case.id, text="Gezien"), Done)
    desk.wait(minutes=1)
    assert desk.delivered() == []
    notes = desk.runtime.database.read(lambda work: work.cases.notes(case.id))
    assert [(note.user_id, note.text) for note in notes] == [
        (desk.sam.id, "Belt met de woningbouw"),
        (desk.cora.id, "Gezien"),
    ]
    assert "woningbouw" not in str(notes[0])


def test_a_snoozed_case_comes_back_at_its_time_or_when_they_write(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    until = desk.clock.now() + timedelta(hours=3)
    for wrong in (desk.clock.now(), desk.clock.now() + timedelta(days=93)):
        assert why(answer.snooze(desk.runtime, desk.sam.id, case.id, until=wrong)) is Decline.NOT_AHEAD
    assert isinstance(answer.snooze(desk.runtime, desk.sam.id, case.id, until=until), Done)
    assert said(talk, "hallo?") == []
    woken = desk.now(case)
    assert (woken.state, woken.snoozed_until, woken.assignee_id) == ("active", None, desk.sam.id)
    assert woken.waiting_since == case.waiting_since, "the team still owed an answer"


def test_a_case_goes_to_another_team_with_a_note_and_its_clock(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    runtime, sam = desk.runtime, desk.sam.id
    desk.wait(hours=1)
    assert why(answer.transfer(runtime, sam, case.id, team="other", note="")) is Decline.NEEDS_NOTE
    assert why(answer.transfer(runtime, sam, case.id, team="nowhere", note="x")) is Decline.NO_TEAM
    assert why(answer.transfer(runtime, sam, case.id, team="form_team", note="x")) is Decline.NO_TEAM
    done = answer.transfer(runtime, sam, case.id, team="other", note="Spreekt Tigrinya")
    assert isinstance(done, Done)
    moved = done.case
    assert (moved.state, moved.team, moved.assignee_id) == ("queued", "other", None)
    assert moved.waiting_since == case.waiting_since
    assert desk.route(case) == "bot"
    assert why(answer.take(runtime, sam, case.id, version=moved.version)) is Decline.OTHER_TEAM
    assert isinstance(answer.take(runtime, desk.otto.id, case.id, version=moved.version), Done)


@pytest.mark.parametrize(
    ("outcome", "heard"), [(Outcome.ANSWERED, "utter_desk_closed"), (Outcome.HANDED_BACK, "utter_desk_given_back")]
)
def test_a_close_is_told_and_the_bot_answers_again(desk: Desk, outcome: Outcome, heard: str) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    assert why(answer.close(desk.runtime, desk.sam.id, case.id, outcome=Outcome.JOINED)) is Decline.NO_OUTCOME
    assert why(answer.close(desk.runtime, desk.sam.id, case.id, outcome=outcome, version=1)) is Decline.CHANGED
    done = answer.close(desk.runtime, desk.sam.id, case.id, outcome=outcome)
    assert isinstance(done, Done)
    assert (done.case.state, done.case.outcome, done.case.assignee_id) == ("closed", outcome, None)
    assert desk.route(case) == "bot"
    assert desk.delivered() == [heard]
    last = desk.events(case)[-1]
    assert (last.kind, last.detail["person_until"]) == ("closed", desk.clock.now().isoformat())
    at = case.conversation_id
    assert why(answer.reply(desk.runtime, desk.sam.id, case.id, text="x", conversation_id=at, seen=9)) is Decline.CLOSED


def test_a_downgrade_needs_a_reason_and_somebody_trained(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "er is brand")
    case = desk.open_case(talk)
    runtime = desk.runtime
    assert why(answer.prioritise(runtime, desk.sam.id, case.id, priority="normal", reason="x")) is Decline.NOT_YOUR_ROLE
    assert why(answer.prioritise(runtime, desk.pia.id, case.id, priority="normal")) is Decline.NEEDS_REASON
    assert desk.now(case).priority == "crisis"
    done = answer.prioritise(runtime, desk.pia.id, case.id, priority="urgent", reason="Gebeld, het is veilig")
    assert isinstance(done, Done)
    assert (done.case.priority, done.case.crisis_at) == ("urgent", None)
    assert desk.events(case)[-1].detail == {"from": "crisis", "to": "urgent"}


def test_who_is_being_forgotten_is_gone_for_the_desk(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    answer.note(desk.runtime, desk.sam.id, case.id, text="een notitie")
    database = desk.runtime.database
    desk.replies(case, text="een antwoord")
    database.write(lambda work: work.newcomers.forget(case.newcomer_id))
    assert why(answer.note(desk.runtime, desk.sam.id, case.id, text="nog een")) is Decline.GONE
    assert [note.text for note in database.read(lambda work: work.cases.notes(case.id))] == [None]
    assert desk.attend(hours=30) == []
    database.write(lambda work: work.newcomers.finish_forgetting(case.newcomer_id))
    assert database.read(lambda work: work.cases.get(case.id)) is None
