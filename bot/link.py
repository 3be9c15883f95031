"""One person, two messengers: a code joins them, the others are told, and the person chooses where reminders go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.turn import Choice, Say
from bot.domain.words import (
    ASK_REMINDERS_TO,
    LINK_DONE,
    LINK_NONE_OTHER,
    LINK_NOTICE,
    LINK_TOO_MANY,
    LINK_WRONG,
    REMINDERS_TO_SET,
)
from bot.flows.dialogue import Dialogue
from bot.say import Voice
from bot.store.links import VALID_FOR, Refused

if TYPE_CHECKING:
    from bot.domain.turn import SlotValue
    from bot.store.rows import NewcomerRow

WHY_NOT = {Refused.WRONG: LINK_WRONG, Refused.TOO_MANY: LINK_TOO_MANY}


def new_code(voice: Voice, newcomer_id: str) -> dict[str, SlotValue]:
    """Make a code for the person and return what the text that shows it needs."""
    code = voice.work.links.ask(newcomer_id, voice.now)
    return {"link_code": code, "link_minutes": str(int(VALID_FOR.total_seconds() // 60))}


def join(voice: Voice, newcomer: NewcomerRow, code: str) -> None:
    """Make who writes here one with who asked for the code, and tell them in all their messengers."""
    work = voice.work
    asker = work.links.take(code, voice.conversation_id, voice.now)
    if isinstance(asker, Refused):
        voice.say(Say(response=WHY_NOT[asker]))
        return
    joined = asker != newcomer.id and work.merging.merge(newcomer.id, asker, voice.now)
    if joined:
        _speak_as_there(voice, asker)
        if newcomer.consent_at is None:
            # The yes they gave there counts here: the notice is not asked any more, and what it held up is answered.
            voice.dialogue = replace(voice.dialogue, stack=())
            work.inbox.release_held(voice.conversation_id)
    voice.say(Say(response=LINK_DONE))
    if joined:
        _tell_elsewhere(voice, asker)


def _speak_as_there(voice: Voice, newcomer_id: str) -> None:
    """Go on in the language of the person that this conversation is part of now."""
    person = voice.work.newcomers.get(newcomer_id)
    languages = voice.runtime.knowledge.content.languages
    if person is not None:
        voice.language = languages.known(person.language) or voice.language
        voice.second_language = languages.known(person.second_language)


def _tell_elsewhere(voice: Voice, newcomer_id: str) -> None:
    """Say in the person's other conversations what was joined, so that a stolen code is noticed."""
    here = voice.work.conversations.get(voice.conversation_id)
    assert here is not None
    for way in voice.work.newcomers.ways_to(newcomer_id):
        if way.conversation_id == voice.conversation_id:
            continue
        other = Voice(
            runtime=voice.runtime,
            work=voice.work,
            conversation_id=way.conversation_id,
            cause=None,
            now=voice.now,
            language=voice.language,
            second_language=voice.second_language,
            dialogue=Dialogue(),
        )
        other.say(Say(response=LINK_NOTICE, extra={"messenger": here.channel}))


def ask_reminders_to(voice: Voice, newcomer_id: str) -> None:
    """Ask in which messenger the person wants reminders, or say that there is only this one."""
    channels = dict.fromkeys(way.channel for way in voice.work.newcomers.ways_to(newcomer_id))
    if len(channels) > 1:
        choices = tuple(Choice(payload=f"/reminders {channel}", messenger=channel) for channel in channels)
        voice.say(Say(response=ASK_REMINDERS_TO, choices=choices))
    else:
        voice.say(Say(response=LINK_NONE_OTHER))


def set_reminders_to(voice: Voice, newcomer_id: str, channel: str) -> None:
    """Have reminders go to the person's conversation on this channel; ask again when they have none there."""
    ways = [way for way in voice.work.newcomers.ways_to(newcomer_id) if way.channel == channel]
    if not ways:
        ask_reminders_to(voice, newcomer_id)
        return
    voice.work.newcomers.set_reminders_to(newcomer_id, ways[0].conversation_id)
    voice.say(Say(response=REMINDERS_TO_SET, extra={"messenger": channel}))
