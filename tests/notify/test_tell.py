"""Who of the team is told of what, once, politely, and without a word of a newcomer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import answer
from bot.channels.errors import DeliveryError
from bot.domain.messenger import Remedy
from bot.notify import BACK_OFF, drop_old_pings, ping_due, tell
from tests.desk.conftest import said

if TYPE_CHECKING:
    from bot.store.rows import CaseRow
    from tests.notify.conftest import Team

DANGER = "mijn man slaat mij"


def crisis(team: Team, case: CaseRow) -> CaseRow:
    done = answer.prioritise(team.desk.runtime, team.desk.pia.id, case.id, priority="crisis")
    assert isinstance(done, answer.Done), done
    return done.case


def test_a_crisis_is_for_who_is_trained_and_for_who_is_on_shift(team: Team) -> None:
    desk = team.desk
    for user in (desk.sam, desk.kim, desk.otto, desk.cora, desk.pia):
        team.wants(user, "mail")
    team.on_shift(desk.kim)
    crisis(team, desk.asks())
    # Pia made it one herself; Otto is of another team; Sam is not there today.
    assert team.told() == [("cora", "crisis"), ("kim", "crisis")]
    assert team.told() == []


def test_who_waits_four_hours_is_told_to_who_is_on_shift(team: Team) -> None:
    desk = team.desk
    for user in (desk.sam, desk.kim, desk.otto):
        team.wants(user, "telegram")
    team.on_shift(desk.sam, hours=10)
    desk.asks()
    desk.attend(hours=4, minutes=1)
    assert team.told() == [("sam", "waits")]


def test_when_nobody_is_on_shift_the_whole_team_hears_it_and_after_eight_hours_the_coordinator(team: Team) -> None:
    desk = team.desk
    for user in (desk.sam, desk.kim, desk.cora):
        team.wants(user, "telegram")
    desk.asks()
    desk.attend(hours=4, minutes=1)
    assert team.told() == [("cora", "waits"), ("kim", "waits"), ("sam", "waits")]
    desk.attend(hours=20)  # the next morning
    assert team.told() == [("cora", "waits_long")]


def test_what_the_newcomer_writes_is_told_to_who_has_the_case_once_an_hour(team: Team) -> None:
    desk = team.desk
    team.wants(desk.sam, "mail", "telegram")
    team.wants(desk.kim, "mail")
    talk = desk.newcomer()
    desk.taken(desk.asks(talk))
    said(talk, "nog iets")
    assert team.told() == [("sam", "wrote"), ("sam", "wrote")]  # on both ways
    desk.wait(minutes=10)
    said(talk, "en nog iets")
    assert team.told() == []
    desk.wait(minutes=51)
    said(talk, "hallo?")
    assert len(team.told()) == 2


def test_at_night_only_a_crisis_wakes_anybody(team: Team) -> None:
    desk = team.desk
    team.wants(desk.sam, "mail")
    team.wants(desk.cora, "mail")
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.wait(hours=12)
    said(talk, "ik kan niet slapen")
    assert team.told() == []
    desk.wait(hours=2)
    crisis(team, desk.now(case))
    assert team.told() == [("cora", "crisis"), ("sam", "crisis")]
    desk.wait(hours=9)  # nine in the morning
    assert team.told() == [("sam", "wrote")]


def test_what_is_over_by_the_morning_is_told_to_nobody(team: Team) -> None:
    desk = team.desk
    team.wants(desk.sam, "mail")
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    desk.wait(hours=12)
    said(talk, "ik kan niet slapen")
    assert team.told() == []
    answer.release(desk.runtime, desk.sam.id, case.id)
    desk.wait(hours=14)
    assert team.told() == []


def test_a_lease_that_runs_out_and_a_reply_that_failed(team: Team) -> None:
    desk = team.desk
    team.wants(desk.sam, "mail")
    case = desk.taken(desk.asks())
    desk.attend(hours=4, minutes=1)
    assert team.told() == [("sam", "waits")]
    desk.attend(hours=2)
    assert team.told() == [("sam", "lease")]
    desk.replies(case)
    desk.wire.refuses = DeliveryError("gone", remedy=Remedy.NEVER)
    desk.wait(hours=17)
    desk.delivered()
    assert team.told() == [("sam", "reply_failed")]


def test_nobody_is_told_who_did_not_ask_for_it(team: Team) -> None:
    crisis(team, team.desk.asks())
    assert team.told() == []


def test_who_asks_for_it_later_hears_nothing_of_before(team: Team) -> None:
    desk = team.desk
    crisis(team, desk.asks())
    team.told()
    desk.wait(minutes=30)
    tell(desk.runtime)
    team.wants(desk.cora, "mail")
    assert team.told() == []


def test_a_lost_look_is_made_up_for_and_a_repeated_one_is_harmless(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    crisis(team, desk.asks())
    desk.wait(hours=3)  # nobody looked
    tell(desk.runtime)
    tell(desk.runtime)
    assert team.told() == [("cora", "crisis")]


def test_an_event_that_is_stored_late_is_found(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    case = desk.asks()
    before = desk.clock.now()
    desk.wait(minutes=1)
    team.told()
    desk.wait(seconds=30)
    team.told()
    raised = desk.runtime.database.write(lambda work: work.cases.set_priority(case, "crisis", before, actor="bot"))
    assert raised is not None
    assert team.told() == [("cora", "crisis")]


def test_a_ping_says_that_something_waits_and_where_the_desk_is(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    talk = desk.newcomer()
    said(talk, "ik wil een mens spreken")
    crisis(team, desk.open_case(talk))
    tell(desk.runtime)
    ping_due(desk.runtime)
    text = team.mail.letters[0].message.text
    assert text == "Wegwijs: er is nu iemand van uw team nodig\n\nhttps://wegwijs.example.nl/desk"


def test_a_mail_server_that_is_away_is_tried_again_and_given_up_in_the_end(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    crisis(team, desk.asks())
    team.mail.refuses = DeliveryError("ConnectionRefusedError")
    for seconds in BACK_OFF:
        assert team.told() == []
        desk.wait(seconds=seconds + 1)
    team.mail.refuses = None
    assert team.told() == [("cora", "crisis")]


def test_after_the_last_try_it_has_failed(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    crisis(team, desk.asks())
    team.mail.refuses = DeliveryError("smtp_550", remedy=Remedy.NEVER)
    team.told()
    team.mail.refuses = None
    desk.wait(hours=20)
    assert team.told() == []


def test_who_blocked_the_bot_is_not_told_there_any_more(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail", "telegram")
    crisis(team, desk.asks())
    team.telegram.refuses = DeliveryError("forbidden", remedy=Remedy.STOP_SENDING)
    assert team.told() == [("cora", "crisis")]
    cora = desk.runtime.database.read(lambda work: work.users.get(desk.cora.id))
    assert cora is not None
    assert cora.notify == {"mail"}


def test_two_processes_send_it_once(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    crisis(team, desk.asks())
    tell(desk.runtime)
    due = desk.runtime.database.read(lambda work: work.pings.due(desk.clock.now(), 5, ("mail",)))
    later = desk.clock.now() + timedelta(minutes=1)
    assert desk.runtime.database.write(lambda work: work.pings.lease(due[0], later))
    assert not desk.runtime.database.write(lambda work: work.pings.lease(due[0], later))
    assert team.told() == []


def test_an_address_that_cannot_be_opened_holds_up_nobody(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    team.wants(desk.kim, "mail")
    team.on_shift(desk.kim)
    desk.runtime.database.write(lambda work: work.users.change(desk.cora.id, mail_sealed=b"damaged"))
    crisis(team, desk.asks())
    assert team.told() == [("kim", "crisis")]


def test_an_account_that_is_off_hears_nothing(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    crisis(team, desk.asks())
    tell(desk.runtime)
    answer.switch_off(desk.runtime, desk.cora.id)
    assert team.told() == []


def test_without_a_way_nothing_is_queued_and_old_pings_go(team: Team) -> None:
    desk = team.desk
    team.wants(desk.cora, "mail")
    crisis(team, desk.asks())
    assert team.told()
    desk.wait(days=31)
    assert drop_old_pings(desk.runtime) == 1
    desk.runtime = replace(desk.runtime, mail=None)
    crisis(team, desk.asks())
    assert team.told() == []
