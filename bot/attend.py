"""
Time alone acts on the cases: a lease runs out, a snooze ends, somebody waits too long, nobody answers a reminder.

Whoever changes a case sets its `due_at` to now; here it is worked out what has come due and when to look again. A look
that finds nothing is harmless, and so is one that comes late or twice.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

import structlog

from bot.domain.days import is_day, next_morning
from bot.domain.turn import Say
from bot.handoff.case import Event, Outcome, Status, is_unasked
from bot.handoff.timers import Standing, Timer, lease_end, timers
from bot.store.errors import DatabaseAwayError
from bot.team import clock_of, remember, say_closed, take_up_again, voice_to

if TYPE_CHECKING:
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.rows import CaseRow
    from bot.store.work import Work

log = structlog.get_logger()

AT_ONCE = 100
# When a case is looked at again that could not be.
TRY_AGAIN = timedelta(hours=1)
# Who did it, in the events of a case.
TIME = "time"


def attend_due(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """Do what time has brought to the cases; return how many were looked at."""
    now = runtime.clock.now()
    ids = runtime.database.read(lambda work: [*work.cases.without_account(limit), *work.cases.due(now, limit)])
    for case_id in dict.fromkeys(ids):
        try:
            runtime.database.write(partial(_attend, runtime, case_id))
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it was, the other cases must not wait for this one
            log.warning("case not attended", case=case_id, error=type(error).__name__)
            runtime.database.write(partial(_later, case_id, now + TRY_AGAIN))
    return len(set(ids))


def _later(case_id: str, moment: datetime, work: Work) -> None:
    work.cases.wind(case_id, moment)


def _attend(runtime: Runtime, case_id: str, work: Work) -> None:
    case = work.cases.held(case_id)
    if case is None:
        return
    newcomer = work.newcomers.get(case.newcomer_id)
    if newcomer is None or newcomer.status == "erasing":
        work.cases.wind(case_id, None)
        return
    now = runtime.clock.now()
    case = _back_from_nobody(work, case, now)
    cannot: set[Timer] = set()
    while (due := _first_due(runtime, work, case, now, cannot)) is not None:
        if not _act(runtime, work, case, due, now):
            cannot.add(due)
        case = _read(work, case_id)
    # What cannot be done now is not tried again until something happens to the case; at night, until the morning.
    hours = clock_of(runtime, case.team)
    ahead = [moment for moment, _ in timers(standing(runtime, work, case), hours) if moment > now]
    if Timer.REMINDED in cannot and newcomer.status == "active":
        ahead.append(next_morning(now))
    until = lease_end(hours, case.lease_from) if case.lease_from else None
    work.cases.wind(case_id, min(ahead, default=None), lease_until=until)


def _first_due(runtime: Runtime, work: Work, case: CaseRow, now: datetime, cannot: set[Timer]) -> Timer | None:
    found = timers(standing(runtime, work, case), clock_of(runtime, case.team))
    return next((timer for moment, timer in found if moment <= now and timer not in cannot), None)


def standing(runtime: Runtime, work: Work, case: CaseRow) -> Standing:
    """Return a case as the timers see it."""
    conversation = work.conversations.get(case.conversation_id)
    channel = runtime.channels.get(conversation.channel) if conversation else None
    window = channel.limits.window if channel else None
    heard_at = conversation.heard_at if conversation else None
    return Standing(
        status=Status(case.state),
        waiting_since=case.waiting_since,
        crisis=case.priority == "crisis",
        answered_at=case.answered_at,
        lease_from=case.lease_from,
        warned=case.warned,
        pinged=case.pinged,
        snoozed_until=case.snoozed_until,
        reminded_at=case.reminded_at,
        heard_at=heard_at,
        shuts=heard_at + window if heard_at and window else None,
        choice_until=case.choice_until,
    )


def _act(runtime: Runtime, work: Work, case: CaseRow, timer: Timer, now: datetime) -> bool:
    """Do what is due; return False when it cannot be done now."""
    match timer:
        case Timer.SNOOZE_ENDED:
            _moved(work, case, Event.SNOOZE_ENDED, now)
        case Timer.LEASE_WARNING:
            _told(work, case, "lease_warning", now, warned=True)
        case Timer.LEASE_EXPIRED:
            _moved(work, case, Event.LEASE_EXPIRED, now)
        case Timer.TEAM_PINGED:
            _told(work, case, "waits_too_long", now, level="team", pinged=1)
        case Timer.COORDINATOR_PINGED:
            _told(work, case, "waits_too_long", now, level="coordinator", pinged=2)
            if case.answered_at is None and not is_unasked(case.reason, case.first_answered_at):
                _say(runtime, work, case, "utter_desk_waits_too_long")
        case Timer.REMINDED:
            if not is_day(now) or not _say(runtime, work, case, "utter_desk_reminder"):
                return False
            _told(work, case, "reminded", now, reminded_at=now)
        case Timer.EXPIRED:
            closed = _moved(work, case, Event.EXPIRED, now, outcome=Outcome.NO_REPLY.value)
            say_closed(runtime, work, closed)
        case Timer.NO_CHOICE:
            _reopened(runtime, work, case, now)
        case _:
            assert_never(timer)
    return True


def _moved(work: Work, case: CaseRow, event: Event, now: datetime, **values: Any) -> CaseRow:
    moved = work.cases.move(case, event, actor=TIME, now=now, **values)
    if moved is None:
        return _read(work, case.id)  # a receipt came in between; the next look sees what it left
    work.cases.route_all(case.newcomer_id)
    return moved


def _told(work: Work, case: CaseRow, kind: str, now: datetime, *, level: str | None = None, **values: object) -> None:
    work.cases.note(case.id, kind=kind, actor=TIME, now=now, detail={"level": level} if level else {})
    work.cases.wind(case.id, now, **values)


def _say(runtime: Runtime, work: Work, case: CaseRow, response: str) -> bool:
    voice = voice_to(runtime, work, case.conversation_id)
    if voice is None:
        return False
    voice.say(Say(response=response, extra={"case_number": str(case.number)}))
    remember(voice)
    return True


def _reopened(runtime: Runtime, work: Work, case: CaseRow, now: datetime) -> None:
    """Take silence for the earlier question: what was written must not lie where nobody looks."""
    values = take_up_again(runtime, work, case.conversation_id, case.id, "", TIME, now)
    voice = voice_to(runtime, work, case.conversation_id)
    if not values:
        work.cases.settle_choice(case.id)
    elif voice is not None:
        voice.learn(values)
        voice.say(Say(response="utter_desk_reopened"))
        remember(voice)


def _back_from_nobody(work: Work, case: CaseRow, now: datetime) -> CaseRow:
    """Return the case, back in the queue when the account of who had it is off."""
    user = work.users.get(case.assignee_id) if case.assignee_id else None
    if user is None or user.active:
        return case
    return _moved(work, case, Event.ACCOUNT_OFF, now)


def _read(work: Work, case_id: str) -> CaseRow:
    case = work.cases.get(case_id)
    assert case is not None
    return case
