"""A team hears that an organisation asks it something, and who asked hears that it was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.consult import answer, ask
from bot.store.consulting import QuestionRow

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from bot.store.work import Work
    from tests.notify.conftest import Team


@pytest.fixture
def olga(team: Team) -> UserRow:
    def add(work: Work) -> UserRow:
        now = team.desk.clock.now()
        own = work.offers.add_organisation("De Brug", now)
        return work.users.add("Olga", roles=["organiser"], teams=[], now=now, organisation_id=own)

    return team.desk.runtime.database.write(add)


def asked(team: Team, olga: UserRow) -> QuestionRow:
    done = ask(team.desk.runtime, olga.id, team="form_team", text="Hoe bereik ik moeders?")
    assert isinstance(done, QuestionRow), done
    return done


def answered(team: Team, question: QuestionRow, version: int = 0) -> None:
    done = answer(team.desk.runtime, team.desk.sam.id, question.id, text=f"Bel ze ({version})", version=version)
    assert isinstance(done, QuestionRow), done


def test_the_team_is_told_and_then_who_asked(team: Team, olga: UserRow) -> None:
    for user in (team.desk.sam, team.desk.kim, team.desk.otto, olga):
        team.wants(user, "mail")
    question = asked(team, olga)
    assert team.told() == [("kim", "asked"), ("sam", "asked")]  # Otto is of another team
    answered(team, question)
    assert team.told() == [("olga", "answered")]
    answered(team, question, version=1)  # mended: nobody is told twice
    assert team.told() == []


def test_what_was_answered_meanwhile_is_told_to_nobody(team: Team, olga: UserRow) -> None:
    team.wants(team.desk.kim, "mail")
    question = asked(team, olga)
    answered(team, question)
    assert team.told() == []


def test_nobody_is_told_at_night(team: Team, olga: UserRow) -> None:
    team.wants(team.desk.kim, "mail")
    team.desk.wait(hours=12)
    asked(team, olga)
    assert team.told() == []
    team.desk.wait(hours=12)
    assert team.told() == [("kim", "asked")]
