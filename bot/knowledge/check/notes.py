"""Rules about the notes of the desk: found by their subject, read by somebody in time, and about nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.knowledge.check.ground import Finding
from bot.safety.redaction import mask, reaches_somebody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.check.ground import Ground


def note_subject(ground: Ground) -> Iterator[Finding]:
    """A note under a subject that nobody knows is found by nobody."""
    topics = {question.topic for question in ground.read.questions.values()}
    for name, note in ground.read.desk_notes.items():
        if note.subject not in topics:
            yield Finding(
                place=ground.at("note", name, "subject"),
                why=f"'{note.subject}' is no subject we know",
                mend=f"use one of: {', '.join(sorted(topics))}",
            )


def note_days(ground: Ground) -> Iterator[Finding]:
    """A note is read after it was asked, and not tomorrow."""
    for name, note in ground.read.desk_notes.items():
        if note.reviewed_on < note.asked_on:
            why, mend = "it was reviewed before it was asked", "mend asked_on or reviewed_on"
        elif note.reviewed_on > ground.today:
            why, mend = "it is reviewed on a day that is still to come", "write the day on which somebody read it"
        else:
            continue
        yield Finding(place=ground.at("note", name, "reviewed_on"), why=why, mend=mend)


def note_person(ground: Ground) -> Iterator[Finding]:
    """Everybody at the desk reads a note: nothing by which a person is found or reached stands in it."""
    for name, note in ground.read.desk_notes.items():
        for part in ("title", "text"):
            words = getattr(note, part)
            if reaches_somebody(words) or mask(words).kinds:
                yield Finding(
                    place=ground.at("note", name, part),
                    why="a telephone number, a mail address, a BSN or an IBAN stands in it",
                    mend="leave it out; numbers of services are in content/facts/",
                )
