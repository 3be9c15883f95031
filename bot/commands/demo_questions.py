"""What an invented organisation asks in the demo: one question that waits, and one whose answer became a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.consult import answer, ask, propose, stamp_of, subjects, take
from bot.store.consulting import QuestionRow

if TYPE_CHECKING:
    from bot.commands.demo import Stage

WAITS = "Hoe bereik ik moeders die nog geen Nederlands lezen? Onze folder blijft liggen."
ASKED = "Moet er bij een eerste gesprek altijd een tolk zijn?"
ANSWERED = "Vraag het vooraf aan de nieuwkomer zelf: wil die een tolk, en liever een man of een vrouw?"
TITLE = "Een tolk bij het eerste gesprek"
NOTE = "Vraag vooraf aan de nieuwkomer zelf of er een tolk bij moet zijn.\nVraag ook: liever een man of een vrouw?"


def fill(stage: Stage) -> None:
    """Have the organiser ask twice, the team answer once, and the coordinator take the note."""
    runtime, team = stage.runtime, stage.team
    olga, sami, nora = (stage.users[name].id for name in ("olga", "sami", "nora"))
    asked = _done(ask(runtime, olga, team=team, text=ASKED))
    answered = _done(answer(runtime, sami, asked.id, text=ANSWERED, version=asked.version))
    if subjects(runtime):
        about = next((one for one in subjects(runtime) if one == "social"), subjects(runtime)[0])
        _done(propose(runtime, sami, answered.id, title=TITLE, text=NOTE, subject=about))
        note = runtime.database.read(lambda work: work.consulting.note_of(answered.id))
        assert note is not None
        _done(take(runtime, nora, answered.id, read=stamp_of(note)))
    stage.clock.wait(minutes=5)
    _done(ask(runtime, olga, team=team, text=WAITS))


def _done(done: object) -> QuestionRow:
    assert isinstance(done, QuestionRow), done
    return done
