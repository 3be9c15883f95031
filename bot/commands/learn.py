"""
`wegwijs learn`: what newcomers wrote and was not understood, for an author to teach the assistant.

Nothing is added by itself. What is shown is masked (`bot/safety/anonymous.py`), but stays a person's words: an author
reads each, puts it in other words where it could point to somebody, and only then copies it into nlu/.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.handoff.learning import called, guessed
from bot.nlu.text import words_of
from bot.safety.anonymous import anonymous

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from rich.console import Console

    from bot.knowledge.knowledge import Knowledge
    from bot.store.database import Database
    from bot.store.rows import HeardRow, LearntRow
    from bot.store.work import Work

NOT_UNDERSTOOD = frozenset({"not_understood", "clarify"})
# A message that was answered, perhaps with the answer to another question.
ANSWERED = frozenset({"new_subject"})
# What was written so long before a case was opened belongs to it; what was answered wrongly, only just before.
BEFORE = timedelta(hours=24)
JUST_BEFORE = timedelta(hours=1)
FEWEST_WORDS = 2


@dataclass
class Group:
    """Phrases in one language that a volunteer put with one question; None while nobody did."""

    question: str | None
    language: str
    phrases: Counter[str] = field(default_factory=Counter)
    wanted: int = 0  # messages of cases of which was said that the assistant should know the answer
    unwanted: int = 0

    @property
    def count(self) -> int:
        """How many messages it holds."""
        return self.phrases.total()


def run(  # noqa: PLR0913  # what is asked of whom, and where it goes
    database: Database, knowledge: Knowledge, screen: Console, *, now: datetime, days: int, target: Path | None
) -> int:
    """Print what was not understood in the last days, or write it to a file as proposals; return 0."""
    groups = database.read(lambda work: gathered(work, knowledge, now - timedelta(days=days)))
    if target is not None:
        target.write_text(as_yaml(groups, knowledge, now, days), encoding="utf-8")
        screen.print(f"{sum(len(group.phrases) for group in groups)} phrases stand in {target}. Nothing was added.")
        screen.print("They are people's own words: read each before you copy it to nlu/data/.")
        return 0
    if not groups:
        screen.print(f"Everything that was written in the last {days} days was understood.")
    for group in groups:
        screen.print(f"\n{_heading(group, knowledge)}", markup=False)
        for phrase, count in group.phrases.most_common():
            screen.print(f"  {count:>4}  {phrase}", markup=False, soft_wrap=True)
    return 0


def gathered(work: Work, knowledge: Knowledge, since: datetime) -> list[Group]:
    """Return what was not understood since then, grouped by question and language, the largest group first."""
    # A case may have been closed long after its messages; those of before belong to it all the same.
    cases: dict[str, list[LearntRow]] = {}
    for closed in work.learning.closed(since):
        cases.setdefault(closed.newcomer_id, []).append(closed)
    names, known = work.learning.names(), _words_of_ours(knowledge)
    taught = {(example.intent, words_of(example.text)) for example in knowledge.examples}
    groups: dict[tuple[str | None, str], Group] = {}
    for row in work.learning.heard(since, NOT_UNDERSTOOD | ANSWERED):
        case = _case_of(row, cases.get(row.newcomer_id, []))
        if not _teaches(knowledge, row, case):
            continue
        phrase = anonymous(row.text, names=names, known=known)
        question = case.was_about if case else None
        if len(words_of(phrase)) < FEWEST_WORDS or (question, words_of(phrase)) in taught:
            continue
        language = row.language or "?"
        group = groups.setdefault((question, language), Group(question=question, language=language))
        group.phrases[phrase] += 1
        if case is not None and case.answer_wanted is not None:
            group.wanted += case.answer_wanted
            group.unwanted += not case.answer_wanted
    return sorted(groups.values(), key=lambda group: (group.question is None, -group.count, group.language))


def _teaches(knowledge: Knowledge, row: HeardRow, case: LearntRow | None) -> bool:
    """Return whether this message was not understood, or, by what the team says, taken for another question."""
    if row.understood.get("crisis") or not row.text.strip():
        return False
    if row.understood.get("rung") in NOT_UNDERSTOOD:
        return True
    # What was taken for small talk, or for the wish to speak to a person, was no question that was answered.
    best = guessed(knowledge, {"intents": list(row.understood.get("intents", ()))[:1]})
    if case is None or case.was_about is None or not best:
        return False
    return best[0][0] != case.was_about and case.opened_at - JUST_BEFORE <= row.at <= case.opened_at


def _case_of(row: HeardRow, cases: list[LearntRow]) -> LearntRow | None:
    """Return the case that this message belongs to: the first one that closed after it and was near."""
    return next((case for case in cases if case.opened_at - BEFORE <= row.at <= case.closed_at), None)


def _words_of_ours(knowledge: Knowledge) -> frozenset[str]:
    """Return the words that stand in the examples, in small letters: what is in them is nobody's name."""
    texts = [example.text for example in knowledge.examples]
    texts += [term.term for term in knowledge.content.terms.values()]
    texts += [place.name for place in knowledge.content.municipalities.values()]
    return frozenset(word.casefold() for text in texts for word in text.replace("-", " ").split())


# ---- how it is shown


def _heading(group: Group, knowledge: Knowledge) -> str:
    what = f"{called(knowledge, group.question)} ({group.question})" if group.question else "no question named yet"
    messages = f"{group.count} message{'s' if group.count > 1 else ''}"
    return f"{what} · {group.language} · {messages}{_opinion(group)}"


def _opinion(group: Group) -> str:
    parts = [(group.wanted, "the assistant should know it"), (group.unwanted, "it is for a person")]
    said = ", ".join(f"{count} × {what}" for count, what in parts if count)
    return f" · team: {said}" if said else ""


def as_yaml(groups: list[Group], knowledge: Knowledge, now: datetime, days: int) -> str:
    """Return the groups as a file in the format of nlu/data/, with what an author must know beside them."""
    lines = [
        f"# Proposals of `wegwijs learn`, {now:%Y-%m-%d}: what newcomers wrote in {days} days and was not understood.",
        "# Nothing here is in use. Names and numbers are masked where rules could find them, but these are people's",
        "# own words: read each, change what could point to somebody, put a word of your own in the place of [naam],",
        "# and copy what is left to nlu/data/<language>/. Run `wegwijs check`. Delete this file when you are done.",
        'version: "3.1"',
        f"nlu:{'' if any(group.question for group in groups) else ' []'}",
    ]
    by_language: Mapping[str, list[Group]] = {
        language: [group for group in groups if group.language == language and group.question]
        for language in sorted({group.language for group in groups})
    }
    for language, named in by_language.items():
        for group in named:
            lines += [
                f"  # {language}: {_heading(group, knowledge)}",
                f"  - intent: {group.question}",
                "    examples: |",
            ]
            lines += [f"      - {phrase}" for phrase, _ in group.phrases.most_common()]
    lines += _unplaced(groups, knowledge)
    return "\n".join(lines) + "\n"


def _unplaced(groups: list[Group], knowledge: Knowledge) -> Iterator[str]:
    """Yield, as comments, what no volunteer put with a question: it is no example of anything yet."""
    for group in groups:
        if group.question is None:
            yield f"# {_heading(group, knowledge)}"
            yield from (f"#   {count} × {phrase}" for phrase, count in group.phrases.most_common())
