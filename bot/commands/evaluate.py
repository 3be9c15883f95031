"""`wegwijs evaluate`: how well the understanding does on messages it was not trained on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from bot.commands.evaluate_floor import fallen, figures_of
from bot.knowledge.document import KnowledgeError, Mistake
from bot.knowledge.floor import FLOOR_FILE, Floor, floor, raised, written
from bot.knowledge.held_out import held_out
from bot.ladder.crisis import danger_in
from bot.nlu.evaluation import Sample, Yardstick, cross_validate, evaluate
from bot.nlu.vectors import kept
from bot.rasa import Rasa
from bot.safety.crisis import CrisisGuard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from bot.knowledge.folders import Folders
    from bot.knowledge.knowledge import Knowledge
    from bot.nlu.encoder import Encoder
    from bot.nlu.evaluation import Report, Score
    from bot.nlu.model import Understanding
    from bot.wiring import Parts

    Progress = Callable[[int, int, str], None]

FOLDS = 3
SHOWN_CONFUSIONS = 15
PATIENCE = 30.0  # seconds that Rasa has for a message while it is measured
HELD_OUT = "held-out messages"
CONTROLS = "controls"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured; `name` says on what. `rasa` is what Rasa made of the same messages."""

    name: str
    report: Report
    rasa: Report | None = None


def on_held_out(
    parts: Parts, messages: Sequence[Sample], *, rasa_url: str | None, on_progress: Progress, timed: bool = False
) -> Measured:
    """
    Return how these messages are understood and how danger in them is heard, by us and on request by Rasa.

    The seconds are those of life when it is `timed`; else the vectors of nlu/vectors/ spare most of the encoder's.

    Raises:
        RasaError: Rasa was asked for, and does not answer.

    """
    knowledge = parts.knowledge
    # Rasa first: when nobody answers there, that is known before the minutes are spent.
    rasa = _by_rasa(knowledge, messages, rasa_url, on_progress) if rasa_url else None
    ear = parts.understander if timed else parts.understander.knowing(kept(knowledge.vectors))
    if timed:
        ear.understand("wegwijs wegwijs")  # so that no message waits for the encoder to start
    report = evaluate(ear, messages, _yardstick(knowledge), on_progress=on_progress)
    return Measured(name=HELD_OUT, report=report, rasa=rasa)


def by_cross_validation(
    knowledge: Knowledge, *, cache_dir: Path, on_progress: Progress, encoder: Encoder | None = None
) -> Measured:
    """Return how the training lines are understood by models that have not seen them; danger is not measured."""
    on_progress(0, 1, f"training {FOLDS} times")
    report = cross_validate(
        knowledge.examples,
        cache_dir=cache_dir,
        folds=FOLDS,
        encoder=encoder,
        yardstick=Yardstick(subject_of=subjects(knowledge)),
    )
    on_progress(1, 1, f"training {FOLDS} times")
    return Measured(name="cross-validation", report=report)


def messages_of(folders: Folders) -> tuple[Sample, ...]:
    """
    Return the held-out messages.

    Raises:
        KnowledgeError: there are none, or they cannot be used.

    """
    messages = tuple(
        Sample(text=one.text, language=one.language, intent=one.intent, danger=one.crisis) for one in held_out(folders)
    )
    if not messages:
        why, mend = "there are no messages to measure with", "write some, or measure with --cross-validate"
        raise KnowledgeError([Mistake(file="nlu/held_out", line=1, kind="held_out", why=why, mend=mend)])
    return messages


def tell(measured: Measured, *, as_json: bool, failures: Sequence[Mistake] | None = None) -> None:
    """Print the figures; `failures` is what stands below the floor, None where it was not asked."""
    if as_json:
        document = _plain(measured.report)
        if measured.rasa:
            document["rasa"] = _plain(measured.rasa)
        if failures is not None:
            document["below_floor"] = [str(failure) for failure in failures]
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    screen = Console(highlight=False)
    screen.print(_table(measured.report, measured.name))
    if measured.rasa:
        screen.print(_table(measured.rasa, f"{measured.name}, Rasa"))
    for confusion in measured.report.confusions[:SHOWN_CONFUSIONS]:
        languages = " ".join(confusion.languages)
        screen.print(f"{confusion.times:4} × {confusion.meant} taken for {confusion.understood} ({languages})")


def to_page(
    measured: Measured, knowledge: Knowledge, file: Path, *, now: datetime, failures: Sequence[Mistake] = ()
) -> None:
    """Write the report that an author reads in a browser."""
    from bot.commands.evaluate_page import page_of

    names = dict(knowledge.content.flow_names)
    page = page_of(measured.report, measured.rasa, name=measured.name, names=names, failures=failures, now=now)
    file.write_text(page, encoding="utf-8")


def to_floor(measured: Measured, folders: Folders, *, lower: bool) -> Floor:
    """Rewrite the floor at these figures less a margin, no easier than it was unless `lower`; return what it is now."""
    files = folders.files(FLOOR_FILE)
    # A new one lies in the layer of the messages that it is about.
    path = files[-1].path if files else folders.layers[folders.files("nlu/held_out")[-1].layer] / FLOOR_FILE
    path.write_text(written(raised(floor(folders), figures_of(measured.report), lower=lower)), encoding="utf-8")
    now = floor(folders)
    assert now is not None
    return now


def below(measured: Measured, held: Floor | None) -> list[Mistake]:
    """Return every figure that the floor does not hold."""
    return fallen(held, figures_of(measured.report))


def subjects(knowledge: Knowledge) -> dict[str, str]:
    """Return the subject of each intent: the file of content/questions/ that its question stands in, or `controls`."""
    questions = knowledge.content.questions
    intents = {*questions, *knowledge.flow_of_intent, *(example.intent for example in knowledge.examples)}
    found = {}
    for intent in intents - {"out_of_scope"}:
        question = questions.get(intent) or questions.get(knowledge.flow_of_intent.get(intent, ""))
        found[intent] = question.topic if question else CONTROLS
    return found


def _yardstick(knowledge: Knowledge) -> Yardstick:
    guard = CrisisGuard(knowledge.crisis)

    def hears(text: str, understood: Understanding) -> str | None:
        category = danger_in(text, understood, guard, knowledge)
        return category.id if category else None

    return Yardstick(subject_of=subjects(knowledge), danger_of=_danger_of(knowledge), hears=hears)


def _danger_of(knowledge: Knowledge) -> dict[str, str]:
    return {
        intent: knowledge.crisis_of_flow[knowledge.flow_of_intent[intent]].id for intent in sorted(knowledge.alarming)
    }


def _by_rasa(knowledge: Knowledge, messages: Sequence[Sample], url: str, on_progress: Progress) -> Report:
    """Return how Rasa does: it hears danger where its first intent is that of somebody in danger; it has no guard."""
    danger_of = _danger_of(knowledge)

    def hears(_text: str, understood: Understanding) -> str | None:
        first = understood.intents[:1] if not understood.out_of_scope else ()
        return danger_of.get(first[0].name) if first else None

    yardstick = Yardstick(subject_of=subjects(knowledge), danger_of=danger_of, hears=hears)
    # Nobody waits for an answer here, so it gets the time it needs.
    rasa = Rasa(url=url, seconds=PATIENCE)
    try:
        return evaluate(
            rasa, messages, yardstick, on_progress=lambda done, of, what: on_progress(done, of, f"{what}, Rasa")
        )
    finally:
        rasa.close()


def _plain(report: Report) -> dict[str, Any]:
    """Return the figures as JSON's values, without anybody's words."""
    document = asdict(report)
    del document["wrong"]
    return document


def _table(report: Report, title: str) -> Table:
    table = Table("language", "messages", "right", "among 3", "answered", "refused", "caught", title=title)
    if report.danger:
        for heading in ("danger heard", "right kind", "false alarms"):
            table.add_column(heading)
    rows: Mapping[str, Score] = {**report.by_language, "all": report.total}
    for language, score in rows.items():
        table.add_row(language, str(score.ours), *_shares(score), *_dangers(report, language))
    return table


def _shares(score: Score) -> list[str]:
    shares = [f"{share:.1%}" for share in (score.top_1, score.top_3, score.answered, score.refused)]
    return [*shares, f"{score.caught:.1%}" if score.others else "–"]


def _dangers(report: Report, language: str) -> list[str]:
    if report.danger is None:
        return []
    score = report.danger.total if language == "all" else report.danger.by_language[language]
    return [f"{share.share:.1%}" if share.of else "–" for share in (score.heard, score.right_kind, score.false_alarms)]
