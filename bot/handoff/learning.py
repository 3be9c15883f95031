"""
Which question a case was about in the end: what to suggest to who closes it, and how to find another.

Nothing here reads what anybody wrote: it goes by what the case was opened with and by what the assistant had guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_SUGGESTED = 4
# Below this a guess says nothing; see what the assistant itself still offers (`bot/ladder/subject.py`).
LIKELY = 0.08
MOST_FOUND = 20


class HasQuestions(Protocol):
    """The catalogue of questions, and how their flows are called."""

    @property
    def questions(self) -> Mapping[str, Any]:
        """The questions by their id; each has a `topic` and an `ask`."""
        ...

    @property
    def flow_names(self) -> Mapping[str, str]:
        """The short names of flows, in Dutch; a question's flow has the question's id."""
        ...


class Knows(Protocol):
    """What the assistant knows, as far as it matters here."""

    @property
    def content(self) -> HasQuestions:
        """What can be said."""
        ...

    @property
    def flow_of_intent(self) -> Mapping[str, str]:
        """The flow that answers each intent."""
        ...


class Asked(Protocol):
    """A case."""

    @property
    def question_id(self) -> str | None:
        """The question that the newcomer was in when the case was opened."""
        ...


class Heard(Protocol):
    """A message of the newcomer."""

    @property
    def understood(self) -> Mapping[str, Any] | None:
        """What the assistant made of it: `intents` as [name, probability]."""
        ...


def suggestions(knowledge: Knows, case: Asked, rows: Iterable[Heard]) -> tuple[str, ...]:
    """
    Return the questions that this case was most probably about, the likeliest first; each is one tap.

    `rows` are the newcomer's messages in the case's conversation, in any order.
    """
    questions = knowledge.content.questions
    likely: dict[str, float] = {}
    for row in rows:
        for question, chance in guessed(knowledge, row.understood):
            if chance >= LIKELY:
                likely[question] = max(chance, likely.get(question, 0.0))
    best = sorted(likely, key=lambda name: -likely[name])
    first = (case.question_id,) if case.question_id in questions else ()
    return tuple(dict.fromkeys([*first, *best]))[:MOST_SUGGESTED]


def guessed(knowledge: Knows, understood: Mapping[str, Any] | None) -> list[tuple[str, float]]:
    """Return the questions that a message looked like, with how much; small talk is none of them."""
    questions = knowledge.content.questions
    found = []
    for name, chance in (understood or {}).get("intents", ()):
        question = knowledge.flow_of_intent.get(name, name)
        if question in questions:
            found.append((question, float(chance)))
    return found


def called(knowledge: Knows, question: str) -> str:
    """Return how a question is called in Dutch, as short as it has a name; its id when it left the catalogue."""
    name = knowledge.content.flow_names.get(question)
    known = knowledge.content.questions.get(question)
    return name or (known.ask if known else question)


def by_topic(knowledge: Knows) -> dict[str, tuple[str, ...]]:
    """Return every question below its topic, each by name: for a list to choose from without a script."""
    topics: dict[str, list[str]] = {}
    for name, question in knowledge.content.questions.items():
        topics.setdefault(question.topic, []).append(name)
    return {
        topic: tuple(sorted(names, key=lambda name: called(knowledge, name).casefold()))
        for topic, names in sorted(topics.items())
    }


def search(knowledge: Knows, words: str) -> tuple[str, ...]:
    """Return the questions in whose name, wording or id every one of these words stands, those by name first."""
    wanted = words.casefold().split()
    if not wanted:
        return ()
    by_name, elsewhere = [], []
    for name, question in knowledge.content.questions.items():
        title = called(knowledge, name).casefold()
        if all(word in title for word in wanted):
            by_name.append(name)
        elif all(word in f"{title} {question.ask} {name}".casefold() for word in wanted):
            elsewhere.append(name)
    return tuple([*by_name, *elsewhere][:MOST_FOUND])


def is_unknown(knowledge: Knows, was_about: str | None) -> bool:
    """Return whether this is no question of the catalogue; nothing at all is fine."""
    return was_about is not None and was_about not in knowledge.content.questions
