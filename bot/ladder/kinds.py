"""Messages that are no plain text: what is said to each kind, and when an emoji below a message is an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import CAPTIONED, FILES, Kind
from bot.ladder import commands, subject, waiting
from bot.ladder.actions import open_case
from bot.ladder.answers import No, from_text
from bot.ladder.notice import ERASE
from bot.ladder.turn import Decision, decided, say
from bot.nlu.text import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.turn import Event
    from bot.ladder.turn import Rung, Turn

# What is said instead of reading it. Photos and documents are here for as long as the organisation takes none.
INSTEAD: Mapping[Kind, str] = {
    Kind.PHOTO: "utter_photo_off",
    Kind.DOCUMENT: "utter_photo_off",
    Kind.VOICE: "utter_voice_not_yet",
    Kind.VIDEO: "utter_video_not_yet",
    Kind.STICKER: "utter_sticker",
    Kind.CONTACT: "utter_contact",
    Kind.LOCATION: "utter_location",
    Kind.EDIT: "utter_edit_too_late",
    Kind.OTHER: "utter_other_kind",
}
# Who reads the words beside a file, in order: only those who are sure of what they read.
READERS: tuple[Rung, ...] = (
    commands.other_commands,
    waiting.answer,
    waiting.correction,
    subject.offered,
    subject.new_subject,
)


def unreadable(turn: Turn) -> Decision | None:
    """Say what to do instead of a voice note, a photo or a sticker; words that came with it are answered as well."""
    kind = turn.heard.kind
    if kind is Kind.TEXT:
        wordless = not words_of(turn.heard.text) and not _answers(turn)
        return _instead(turn, "utter_only_text") if wordless else None
    if kind not in INSTEAD:
        return None
    answer = _read(turn) if kind in CAPTIONED and words_of(turn.heard.text) else None
    if kind in FILES and turn.knowledge.content.letter_photos_allowed:
        case = open_case(turn, "photo", turn.runner.subject(turn.dialogue))
        told: tuple[Event, ...] = (case, say("utter_photo_received", turn))
    elif answer is None:
        return _instead(turn, INSTEAD[kind])
    else:
        told = (say(INSTEAD[kind], turn, has_caption=True),)
    if answer is None:
        return decided(turn.dialogue, *told, *turn.runner.ask_again(turn.dialogue))
    return replace(answer, events=(*told, *answer.events))


def reaction(turn: Turn) -> Decision | None:
    """Take an emoji below a message for the answer that is waited for; any other asks nothing and gets nothing."""
    if turn.heard.kind is not Kind.REACTION:
        return None
    top = turn.dialogue.top
    # What cannot be undone, and whether we may keep anything at all, is said in words or with a button.
    counts = top is not None and top.flow != ERASE and turn.person.consented and not turn.person.helped_by_person
    answer = waiting.answer(_as_text(turn)) if counts and _answers(turn) else None
    return answer or Decision(dialogue=turn.dialogue)


def _instead(turn: Turn, response: str) -> Decision:
    return decided(turn.dialogue, say(response, turn), *turn.runner.ask_again(turn.dialogue))


def _read(turn: Turn) -> Decision | None:
    text = _as_text(turn)
    return next((decision for rung in READERS if (decision := rung(text)) is not None), None)


def _as_text(turn: Turn) -> Turn:
    return replace(turn, heard=replace(turn.heard, kind=Kind.TEXT))


def _answers(turn: Turn) -> bool:
    slot = turn.knowledge.slots.get(turn.dialogue.collecting or "")
    return slot is not None and slot.kind != "text" and not isinstance(from_text(turn, slot, turn.heard.text), No)
