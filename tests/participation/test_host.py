"""An organisation says itself whether somebody may come to its volunteer work; it never learns who it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.host import Refusal, Said, Suggested, answer, suggestions
from bot.pair import approve, overview, suggest
from bot.store.participation_rows import MatchRow
from tests.participation.test_pair import OFF, Two, two

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from bot.store.work import Work

__all__ = ["two"]
ASKED_WORK = "utter_match_asked_work"


@dataclass(kw_only=True)
class Host:
    """Amina looks for volunteer work, and Olga's organisation has some."""

    two: Two
    olga: UserRow
    other: UserRow

    def says(self, said: Said, reason: str = "", who: UserRow | None = None) -> MatchRow | Refusal:
        return answer(self.two.runtime, (who or self.olga).id, self.two.match().id, said, reason=reason)

    def sees(self, who: UserRow | None = None) -> tuple[Suggested, ...]:
        found = suggestions(self.two.runtime, (who or self.olga).id)
        assert not isinstance(found, Refusal)
        return found


@pytest.fixture
def host(two: Two) -> Host:
    runtime, now = two.runtime, two.guide.desk.clock.now()
    two.runtime.database.write(lambda work: work.seekings.close(two.amina))
    two.seeks(two.amina, "volunteer")
    two.guide.talk.offered("Helpen in de tuin", kind="volunteer", capacity=1, languages=["nl"])

    def hire(work: Work) -> tuple[UserRow, UserRow]:
        (offer,) = work.publishing.published()
        elsewhere = work.offers.add_organisation("Een ander", now)
        return (
            work.users.add("Olga", roles=["organiser"], teams=[], now=now, organisation_id=offer.organisation_id),
            work.users.add("Ot", roles=["organiser"], teams=[], now=now, organisation_id=elsewhere),
        )

    olga, other = runtime.database.write(hire)
    assert suggest(runtime, two.cora) == 1
    return Host(two=two, olga=olga, other=other)


def test_only_who_offers_it_sees_it_and_answers(host: Host) -> None:
    two, nobody = host.two, host.two.guide.desk.sam
    (one,) = host.sees()
    assert (one.offer.title, one.match.state) == ("Helpen in de tuin", "suggested")
    assert host.sees(host.other) == ()
    assert host.says("yes", who=host.other) is Refusal.NO_MATCH
    for who in (nobody.id, two.cora):
        assert suggestions(two.runtime, who) is Refusal.NOT_YOUR_ROLE
        assert answer(two.runtime, who, two.match().id, "yes") is Refusal.NOT_YOUR_ROLE
    assert answer(two.runtime, host.olga.id, "x", "yes") is Refusal.NO_MATCH
    assert two.match().other_says is None


def test_two_newcomers_are_nothing_for_an_organisation(host: Host) -> None:
    host.two.seeks(host.two.amina, "buddy")
    assert suggest(host.two.runtime, host.two.cora) == 2
    assert [one.match.kind for one in host.sees()] == ["volunteer"]


def test_who_is_of_no_organisation_sees_nothing(host: Host) -> None:
    runtime, now = host.two.runtime, host.two.guide.desk.clock.now()
    lost = runtime.database.write(lambda work: work.users.add("Lot", roles=["organiser"], teams=[], now=now))
    assert suggestions(runtime, lost.id) == ()
    assert answer(runtime, lost.id, host.two.match().id, "yes") is Refusal.NO_MATCH


def test_yes_and_then_the_newcomer_is_asked(host: Host) -> None:
    two = host.two
    assert isinstance(host.says("yes"), MatchRow)
    assert two.read() == []
    assert suggest(two.runtime, two.cora) == 1
    assert two.match().other_says == "yes"  # also in the new list
    approve(two.runtime, two.cora, two.match().id)
    assert [one.response for one in two.read()] == [ASKED_WORK]
    assert two.presses(two.amina, "yes") == ["utter_offer_asked"]
    assert (two.match().state, two.match().other_says) == ("agreed", "yes")
    assert host.says("no", "toch niet") is Refusal.OVER
    assert host.sees() == ()


def test_a_coordinator_who_approves_answers_for_who_did_not(host: Host) -> None:
    approve(host.two.runtime, host.two.cora, host.two.match().id)
    assert host.two.match().other_says == "yes"
    assert [one.match.state for one in host.sees()] == ["approved"]


def test_no_needs_a_reason_that_stays_inside_and_nobody_hears_of_it(host: Host) -> None:
    two = host.two
    assert host.says("no") is Refusal.NO_REASON
    assert host.says("no", "x" * 501) is Refusal.TOO_LONG
    assert isinstance(host.says("no", "Wij hebben al genoeg mensen."), MatchRow)
    assert (two.match().state, two.match().other_says) == ("refused", "no")
    assert two.time_brings(minutes=1) == []
    assert suggest(two.runtime, two.cora) == 0
    (view,) = two.runtime.database.read(lambda work: work.views.latest(5, user_id=host.olga.id))
    assert (view.what, view.reason, view.newcomer_id) == (
        "match_declined",
        "Wij hebben al genoeg mensen.",
        two.amina,
    )


def test_no_after_the_newcomer_was_asked_is_told_once_and_they_look_on(host: Host) -> None:
    two = host.two
    approve(two.runtime, two.cora, two.match().id)
    two.read()
    assert isinstance(host.says("no", "Het is vol."), MatchRow)
    assert host.sees() == ()
    told = two.time_brings(minutes=1)
    assert [one.response for one in told] == [OFF]
    assert "vol" not in told[0].text
    assert two.match().state == "refused"
    found = overview(two.runtime, two.cora)
    assert not isinstance(found, str)
    assert found.waiting["volunteer"] == 1
    assert suggest(two.runtime, two.cora) == 0


def test_a_yes_that_crosses_the_no_of_the_organisation_makes_no_match(host: Host) -> None:
    two = host.two
    approve(two.runtime, two.cora, two.match().id)
    two.read()
    host.says("no", "Het is vol.")
    assert two.presses(two.amina, "yes") == ["utter_match_gone"]
    assert two.time_brings(minutes=1) == []
    assert two.match().state == "refused"
    assert host.says("yes") is Refusal.OVER
