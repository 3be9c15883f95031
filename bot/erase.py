"""Somebody is forgotten: their words at once, the last traces when they read the goodbye (`bot/forget.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.turn import Say
from bot.handoff.case import Event
from bot.say import voice_in

if TYPE_CHECKING:
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.work import Work

GOODBYE = "utter_erased"


def erase(work: Work, newcomer_id: str, *, actor: str, now: datetime) -> None:
    """
    Close the open question and drop every word and file of and to this person.

    `actor` is who asked for it: newcomer, or the id of somebody of the team. Say the goodbye after this.
    """
    found = work.cases.open_for(newcomer_id)
    held = work.cases.held(found.id) if found is not None else None
    if held is not None:
        # In the queue, and before who has it, it would be a question that nobody can open any more.
        detail = {"outcome": "erased"}
        work.cases.move(held, Event.CLOSED, actor=actor, now=now, detail=detail, after_close="new")
    work.newcomers.forget(newcomer_id)


def erase_for_them(runtime: Runtime, work: Work, newcomer_id: str, *, actor: str) -> bool:
    """
    Erase somebody who asked it of the team; False when they are gone or going already.

    They read the goodbye where they wrote last, unless they want nothing from us.
    """
    newcomer = work.newcomers.get(newcomer_id)
    if newcomer is None or newcomer.status == "erasing":
        return False
    ways = work.newcomers.ways_to(newcomer_id)
    erase(work, newcomer_id, actor=actor, now=runtime.clock.now())
    voice = voice_in(runtime, work, ways[0].conversation_id) if ways and newcomer.status == "active" else None
    if voice is not None:
        voice.say(Say(response=GOODBYE))
    return True
