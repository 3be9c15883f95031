"""What was not understood, grouped and masked: shown to an author, never added by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from rich.console import Console

from bot import answer
from bot.commands import learn
from bot.commands.throwaway import conversation
from bot.handoff.case import Outcome
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.commands.throwaway import Conversation
    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime

ODD = "wanneer gaat het sneeuwen in Zuidhorn bij Willem"
MASKED = "wanneer gaat het sneeuwen in [naam] bij [naam]"


@pytest.fixture
def runtime(clock: HeldClock) -> Iterator[Runtime]:
    with at_work(clock) as runtime:
        yield runtime


def newcomer(runtime: Runtime) -> Conversation:
    talk = conversation(runtime)
    talk.accept_notice("nl")
    return talk


def write(talk: Conversation, text: str) -> str:
    _, reports = talk.send(text)
    return reports[-1].rung


def closed(runtime: Runtime, about: str | None, *, wanted: bool | None = None) -> None:
    """Have a volunteer take the one waiting case and close it."""

    def sam_of(work: object) -> object:
        found = work.users.by_pseudonym("Sam")  # type: ignore[attr-defined]
        now = runtime.clock.now()
        return found or work.users.add("Sam", roles=["volunteer"], teams=["form_team"], now=now)  # type: ignore[attr-defined]

    sam = runtime.database.write(sam_of)
    (case_id,) = runtime.database.read(lambda work: work.cases.due(runtime.clock.now(), 5))
    case = runtime.database.read(lambda work: work.cases.get(case_id))
    assert isinstance(answer.take(runtime, sam.id, case_id, version=case.version), answer.Done)  # type: ignore[attr-defined, union-attr]
    done = answer.close(
        runtime,
        sam.id,  # type: ignore[attr-defined]
        case_id,
        outcome=Outcome.ANSWERED,
        was_about=about,
        answer_wanted=wanted,
    )
    assert isinstance(done, answer.Done), done


def gathered(runtime: Runtime) -> list[learn.Group]:
    since = runtime.clock.now() - learn.timedelta(days=30)
    return runtime.database.read(lambda work: learn.gathered(work, runtime.knowledge, since))


def a_question(runtime: Runtime) -> str:
    return next(iter(runtime.knowledge.content.questions))


def shown(runtime: Runtime, target: Path | None = None) -> str:
    screen = Console(record=True, width=120, highlight=False)
    assert learn.run(runtime.database, runtime.knowledge, screen, now=runtime.clock.now(), days=30, target=target) == 0
    return screen.export_text()


def test_what_the_volunteer_named_groups_what_was_not_understood(runtime: Runtime) -> None:
    about = a_question(runtime)
    talk = newcomer(runtime)
    assert write(talk, ODD) in learn.NOT_UNDERSTOOD
    assert write(talk, ODD) in learn.NOT_UNDERSTOOD
    write(talk, "ik wil een mens spreken")
    closed(runtime, about, wanted=True)
    (group,) = gathered(runtime)
    assert (group.question, group.language, group.wanted) == (about, "nl", 2)
    assert group.phrases == {MASKED: 2}


def test_what_nobody_named_is_shown_apart(runtime: Runtime, tmp_path: Path) -> None:
    write(newcomer(runtime), ODD)
    (group,) = gathered(runtime)
    assert group.question is None
    assert "no question named yet · nl · 1 message" in shown(runtime)
    target = tmp_path / "proposals.yml"
    shown(runtime, target)
    assert yaml.safe_load(target.read_text(encoding="utf-8"))["nlu"] == []
    assert f"#   1 × {MASKED}" in target.read_text(encoding="utf-8")


def test_what_was_taken_for_another_question_is_in_it(runtime: Runtime, clock: HeldClock) -> None:
    questions = list(runtime.knowledge.content.questions)
    talk = newcomer(runtime)
    clock.wait(minutes=1)
    assert write(talk, "De verwarming is kapot") == "new_subject"
    clock.wait(minutes=1)
    write(talk, "ik wil een mens spreken")
    understood = next(name for name in questions if "repair" in name)
    closed(runtime, next(name for name in questions if name != understood))
    assert [phrase for group in gathered(runtime) for phrase in group.phrases] == ["De verwarming is kapot"]


def test_what_was_understood_is_not_in_it(runtime: Runtime) -> None:
    write(newcomer(runtime), "De verwarming is kapot")
    assert gathered(runtime) == []
    assert "Everything" in shown(runtime)


def test_the_proposals_are_examples_that_the_authors_files_can_hold(runtime: Runtime, tmp_path: Path) -> None:
    about = a_question(runtime)
    talk = newcomer(runtime)
    write(talk, "wanneer gaat het sneeuwen: 0612345678")
    write(talk, "ik wil een mens spreken")
    closed(runtime, about, wanted=False)
    target = tmp_path / "proposals.yml"
    assert "1 phrases stand in" in shown(runtime, target).replace("\n", " ")
    written = target.read_text(encoding="utf-8")
    (item,) = yaml.safe_load(written)["nlu"]
    assert item == {"intent": about, "examples": "- wanneer gaat het sneeuwen: [nummer]\n"}
    assert "1 × it is for a person" in written


def test_who_did_not_agree_or_is_leaving_is_not_in_it(runtime: Runtime) -> None:
    stranger = conversation(runtime)
    stranger.send(ODD)
    leaving = newcomer(runtime)
    write(leaving, ODD)
    found = runtime.database.read(lambda work: work.newcomers.at("terminal", leaving._address))
    assert found is not None
    runtime.database.write(lambda work: work.newcomers.forget(found.newcomer.id))
    assert gathered(runtime) == []
