"""
A session is near: who is invited is reminded once, politely.

As with tasks (`bot/remind.py`), what is said, the message that counts for the limits of a day and a week, and that no
reminder is left are one unit of work with the newcomer held: a process that dies says nothing twice.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.domain.clock import AMSTERDAM
from bot.invite import REMINDED, is_coming, said_of
from bot.remind import AT_ONCE, TRY_AGAIN, around_of
from bot.say import window_is_open
from bot.store.errors import DatabaseAwayError
from bot.team import remember, voice_to
from bot.trajectory.meetings import nudge_of
from bot.trajectory.reminders import next_moment, reason_to_hold

if TYPE_CHECKING:
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.trajectory_rows import SessionOfGroupRow
    from bot.store.work import Work

log = structlog.get_logger()

# The template of content/whatsapp_templates.yml that names a day and a time.
TEMPLATE = "appointment"


def announce_due(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """Send the reminders of sessions that are due, or wind them on; return how many were looked at."""
    now = runtime.clock.now()
    found = runtime.database.read(lambda work: work.group_sessions.to_remind(now, limit))
    for session_id, newcomer_id in found:
        try:
            runtime.database.write(partial(_announce, runtime, session_id, newcomer_id))
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it was, the others must not wait for this one
            log.warning("not reminded", error=type(error).__name__)
            runtime.database.write(partial(_wind, session_id, newcomer_id, now + TRY_AGAIN))
    return len(found)


def _wind(session_id: str, newcomer_id: str, until: datetime | None, work: Work) -> None:
    work.group_sessions.wind(session_id, newcomer_id, until)


def _announce(runtime: Runtime, session_id: str, newcomer_id: str, work: Work) -> None:
    work.trajectories.hold(newcomer_id)
    found, newcomer = work.group_sessions.invitation(session_id, newcomer_id), work.newcomers.get(newcomer_id)
    now = runtime.clock.now()
    if found is None or newcomer is None or found[1].remind_at is None or found[1].remind_at > now:
        return
    session, guest = found
    if newcomer.status == "erasing" or not is_coming(session, now) or guest.answer == "no":
        _wind(session_id, newcomer_id, None, work)
        return
    held = reason_to_hold(nudge_of(session.at), around_of(work, newcomer, now))
    if held is not None:
        _wind(session_id, newcomer_id, held.until, work)
        return
    sent = _say(runtime, work, session, newcomer_id)
    if sent is None:
        _wind(session_id, newcomer_id, next_moment(now + timedelta(days=1)), work)
        return
    conversation_id, outbox_id = sent
    work.reminders.sent(
        (), newcomer_id=newcomer_id, conversation_id=conversation_id, outbox_id=outbox_id, tasks=1, now=now
    )
    work.group_sessions.told(session_id, newcomer_id, outbox_id)
    _wind(session_id, newcomer_id, None, work)


def _say(runtime: Runtime, work: Work, session: SessionOfGroupRow, newcomer_id: str) -> tuple[str, str] | None:
    """Say it where the person wants reminders; return in which conversation and outbox row, None when all is shut."""
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where else None
    if where is None or voice is None:
        return None
    if not window_is_open(runtime, work, where, voice.now) and TEMPLATE in runtime.knowledge.content.templates:
        meets = session.at.astimezone(AMSTERDAM)
        voice.say_template(TEMPLATE, meets.date(), f"{meets:%H.%M}", bulk=True)
    else:
        voice.say(said_of(voice, session, REMINDED), bulk=True)
        remember(voice)
    assert voice.last is not None
    return where, voice.last
