"""
An occasion is near, or was, or is off: who signed up is told, each thing once.

What is said, and that it was, are one unit of work with the newcomer held: a process that dies says nothing twice. The
rules of politeness are those of every reminder (bot/trajectory/reminders.py). That something is off, or that a place
became free, waits for the morning unless it would come too late then.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.describe import choices_of, line_of_offer, say_of
from bot.domain.clock import AMSTERDAM
from bot.domain.days import is_day
from bot.domain.turn import Choice, Say
from bot.join_in import (
    FIND,
    HOW_WAS_IT,
    MOST_FOUND,
    OWN_WISHES,
    how_was_it,
    leave,
    next_week,
    wind_all,
)
from bot.log import place_of
from bot.naming import listed
from bot.remind import AT_ONCE, TRY_AGAIN, around_of
from bot.say import window_is_open
from bot.store.errors import DatabaseAwayError
from bot.suit import KINDS, found_for, is_coming
from bot.team import remember, voice_to
from bot.trajectory.meetings import nudge_of
from bot.trajectory.reminders import next_moment, reason_to_hold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.participation_rows import Offered
    from bot.store.work import Work

log = structlog.get_logger()

MOVED_UP, REMINDED, CANCELLED = "utter_offer_moved_up", "utter_offer_reminder", "utter_offer_cancelled"
WEEK = "utter_offers_week"
WEEK_OFF = Choice(payload="/week off", response="utter_wish_button_week_off")
# Templates of content/whatsapp_templates.yml: the first three with a day and a time, the last with neither. Where one
# is not there, what is said waits until they write; what is asked or told of a week that is past is left out.
COMES, IS_OFF, WAS, THIS_WEEK = "activity", "activity_cancelled", "activity_was", "activities_week"
# What begins within this time is told at night too.
CANNOT_WAIT = timedelta(hours=12)
A_WEEK = timedelta(days=7)
# Later than this nobody is asked how it was.
ASKED_WITHIN = timedelta(days=5)


def recall_due(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """Tell everybody what became due for them; return for how many sign-ups and people something was looked at."""
    now = runtime.clock.now()
    # At night only what cannot wait is looked at: all the rest would be taken up again and again until the morning.
    until = None if is_day(now) else now + CANNOT_WAIT
    read, count = runtime.database.read, 0
    pairs: Sequence[tuple[Callable[[Work], list[tuple[str, str]]], Callable[..., bool], Callable[..., None]]] = (
        (lambda work: work.sign_ups.to_tell_off(now, limit, until), _tell_off, _nothing),
        (lambda work: work.sign_ups.to_move_up(now, limit, until), _move_up, _nothing),
        (lambda work: work.sign_ups.to_remind(now, limit), _remind, _remind_later),
        (lambda work: work.sign_ups.to_ask(now, limit), _ask, _ask_later),
    )
    for find, tell, later in pairs:
        for occasion_id, newcomer_id in read(find):
            count += done(
                runtime, partial(tell, runtime, occasion_id, newcomer_id), partial(later, occasion_id, newcomer_id, now)
            )
    for newcomer_id in read(lambda work: work.profiles.digests_due(now, limit)):
        count += done(runtime, partial(_week, runtime, newcomer_id), partial(_week_later, newcomer_id, now))
    return count


def done(runtime: Runtime, unit: Callable[[Work], bool], later: Callable[[Work], None]) -> int:
    """Do one unit of work; return 1 when it changed something. What fails is tried again later, the others go on."""
    try:
        return int(runtime.database.write(unit))
    except DatabaseAwayError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it was, the others must not wait for this one
        log.warning("not told", error=type(error).__name__, place=place_of(error))
        runtime.database.write(later)
        return 0


def _nothing(*_: object) -> None:
    """Leave it as it is: it is found again."""


# ---- a place became free, or it is off


def _waits_for_morning(offered: Offered, now: datetime) -> bool:
    return not is_day(now) and offered.occasion is not None and offered.occasion.starts_at > now + CANNOT_WAIT


def _move_up(runtime: Runtime, occasion_id: str, newcomer_id: str, work: Work) -> bool:
    work.trajectories.hold(newcomer_id)
    now = runtime.clock.now()
    offered = work.offers.at(occasion_id)
    if offered is None or _waits_for_morning(offered, now):
        return False
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where else None
    if voice is None:
        # Who cannot be told would only keep the place from others.
        work.sign_ups.leave(occasion_id, newcomer_id)
        return True
    if not work.sign_ups.move_up(occasion_id, newcomer_id, now):
        return False
    wind_all(work, offered, newcomer_id, now)
    _tell(voice, offered, COMES, say_of(voice, MOVED_UP, offered, (leave(occasion_id),)))
    work.sign_ups.change(occasion_id, newcomer_id, outbox_id=voice.last)
    return True


def _tell_off(runtime: Runtime, occasion_id: str, newcomer_id: str, work: Work) -> bool:
    work.trajectories.hold(newcomer_id)
    now = runtime.clock.now()
    offered, row = work.offers.at(occasion_id), work.sign_ups.get(occasion_id, newcomer_id)
    if offered is None or row is None or row.told_cancelled_at is not None or is_coming(offered, now):
        return False
    if row.state == "cancelled":  # they left meanwhile
        return False
    if _waits_for_morning(offered, now):
        return False
    work.sign_ups.change(occasion_id, newcomer_id, told_cancelled_at=now, remind_at=None, ask_at=None)
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where else None
    if voice is not None:
        _tell(voice, offered, IS_OFF, say_of(voice, CANCELLED, offered, (FIND,)))
        work.sign_ups.change(occasion_id, newcomer_id, outbox_id=voice.last)
    return True


def _tell(voice: Voice, offered: Offered, template: str, what: Say, *, bulk: bool = False) -> None:
    """Say something of an occasion; where the messenger takes no free text now, by a template with its day and hour."""
    runtime, work = voice.runtime, voice.work
    is_open = window_is_open(runtime, work, voice.conversation_id, voice.now)
    if not is_open and template in runtime.knowledge.content.templates and offered.occasion is not None:
        begins = offered.occasion.starts_at.astimezone(AMSTERDAM)
        voice.say_template(template, begins.date(), f"{begins:%H.%M}", bulk=bulk)
    else:
        voice.say(what, bulk=bulk)
        remember(voice)


# ---- the day before, and the day after


def _remind(runtime: Runtime, occasion_id: str, newcomer_id: str, work: Work) -> bool:
    work.trajectories.hold(newcomer_id)
    now = runtime.clock.now()
    offered, row = work.offers.at(occasion_id), work.sign_ups.get(occasion_id, newcomer_id)
    newcomer = work.newcomers.get(newcomer_id)
    if offered is None or row is None or newcomer is None or row.remind_at is None or row.remind_at > now:
        return False
    if newcomer.status == "erasing" or row.state != "going" or not is_coming(offered, now):
        work.sign_ups.change(occasion_id, newcomer_id, remind_at=None)
        return True
    assert offered.occasion is not None
    held = reason_to_hold(nudge_of(offered.occasion.starts_at), around_of(work, newcomer, now))
    if held is not None:
        work.sign_ups.change(occasion_id, newcomer_id, remind_at=held.until)
        return True
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where else None
    if voice is None or where is None:
        work.sign_ups.change(occasion_id, newcomer_id, remind_at=next_moment(now + timedelta(days=1)))
        return True
    _tell(voice, offered, COMES, say_of(voice, REMINDED, offered, (leave(occasion_id),)), bulk=True)
    counts(voice, newcomer_id)
    work.sign_ups.change(occasion_id, newcomer_id, remind_at=None, outbox_id=voice.last)
    return True


def _ask(runtime: Runtime, occasion_id: str, newcomer_id: str, work: Work) -> bool:
    """Ask how it was, once: a day later, politely, and not any more when that cannot be for three days."""
    work.trajectories.hold(newcomer_id)
    now = runtime.clock.now()
    offered, row = work.offers.at(occasion_id), work.sign_ups.get(occasion_id, newcomer_id)
    newcomer = work.newcomers.get(newcomer_id)
    if offered is None or row is None or newcomer is None or row.ask_at is None or row.ask_at > now:
        return False
    assert offered.occasion is not None
    was = row.state == "going" and offered.occasion.state != "cancelled" and row.attended is None
    too_late = now > (offered.occasion.ends_at or offered.occasion.starts_at) + ASKED_WITHIN
    # Of a series that was called off since, what took place did so all the same.
    if newcomer.status == "erasing" or not was or too_late:
        work.sign_ups.change(occasion_id, newcomer_id, ask_at=None)
        return True
    held = reason_to_hold(nudge_of(now), around_of(work, newcomer, now))
    if held is not None:
        work.sign_ups.change(occasion_id, newcomer_id, ask_at=held.until)
        return True
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where else None
    if voice is not None:
        _tell(voice, offered, WAS, say_of(voice, HOW_WAS_IT, offered, how_was_it(occasion_id)), bulk=True)
        counts(voice, newcomer_id)
    work.sign_ups.change(occasion_id, newcomer_id, ask_at=None, outbox_id=voice.last if voice else row.outbox_id)
    return True


def counts(voice: Voice, newcomer_id: str) -> None:
    """Have what was said count for the most that somebody hears in a day and a week."""
    assert voice.last is not None
    voice.work.reminders.sent(
        (),
        newcomer_id=newcomer_id,
        conversation_id=voice.conversation_id,
        outbox_id=voice.last,
        tasks=1,
        now=voice.now,
    )


def _remind_later(occasion_id: str, newcomer_id: str, now: datetime, work: Work) -> None:
    work.sign_ups.change(occasion_id, newcomer_id, remind_at=now + TRY_AGAIN)


def _ask_later(occasion_id: str, newcomer_id: str, now: datetime, work: Work) -> None:
    work.sign_ups.change(occasion_id, newcomer_id, ask_at=now + TRY_AGAIN)


# ---- once a week


def _week(runtime: Runtime, newcomer_id: str, work: Work) -> bool:
    """Say what fits somebody in the coming week; where there is nothing, say nothing."""
    work.trajectories.hold(newcomer_id)
    now = runtime.clock.now()
    profile, newcomer = work.profiles.get(newcomer_id), work.newcomers.get(newcomer_id)
    if profile is None or newcomer is None or profile.digest_at is None or profile.digest_at > now:
        return False
    held = reason_to_hold(nudge_of(now), around_of(work, newcomer, now)) if newcomer.status == "active" else None
    if held is not None and held.until is not None:
        work.profiles.set_digest(newcomer_id, held.until, now)
        return True
    work.profiles.set_digest(newcomer_id, next_week(now), now)
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where else None
    found = found_for(voice, newcomer_id, KINDS["activity"], A_WEEK)[:MOST_FOUND] if voice else []
    if voice is None or not found:
        return True
    if not window_is_open(runtime, work, voice.conversation_id, now):
        if THIS_WEEK not in runtime.knowledge.content.templates:
            return True  # what waited until they write would be of a week that is past
        voice.say_template(THIS_WEEK, bulk=True)
    else:
        lines = listed(line_of_offer(voice, offered, why) for offered, why in found)
        choices = (*choices_of(voice, [offered for offered, _ in found]), OWN_WISHES, WEEK_OFF)
        voice.say(Say(response=WEEK, extra={"offer_list": lines}, choices=choices), bulk=True)
        remember(voice)
    counts(voice, newcomer_id)
    return True


def _week_later(newcomer_id: str, now: datetime, work: Work) -> None:
    work.profiles.set_digest(newcomer_id, now + TRY_AGAIN, now)
