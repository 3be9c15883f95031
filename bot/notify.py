"""
The team is told that there is something to look at: by mail or by Telegram, whoever asked for it, never what it is.

`tell` follows the events of the cases by a cursor and queues pings; `ping_due` sends them outside any transaction.
A look that comes late, twice or side by side with another tells nobody twice.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.channels.errors import DeliveryError
from bot.channels.limits import SEND_SECONDS
from bot.domain.messenger import Letter, Remedy
from bot.domain.turn import Message
from bot.handoff.case import Actor, Role, Status
from bot.handoff.pings import EVENTS, QUIET_FOR, Colleague, Matter, Ping, audience, moment_for, ping_of, still_so
from bot.store.errors import DatabaseAwayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.domain.messenger import TiesDesk
    from bot.runtime import Channel, Runtime
    from bot.store.rows import CaseEventRow, MatterRow, PingRow, UserRow
    from bot.store.work import Work

log = structlog.get_logger()

MAIL, TELEGRAM = "mail", "telegram"
AT_ONCE = 20
LEASE = timedelta(seconds=3 * SEND_SECONDS)
# Seconds until the next try; after the last one, half a day later, the ping has failed.
BACK_OFF = (30, 120, 600, 1800, 3600, 7200, 14400)
# What happened longer ago is told to nobody any more: the desk shows it.
TOO_OLD = timedelta(hours=24)
KEPT = timedelta(days=30)
# These were asked for a moment ago, so they go out whatever else somebody wants to hear.
ASKED_FOR = frozenset({Ping.TEST, Ping.TIED})
# These are about no case, but about a question of an organisation.
OF_ORGANISATIONS = frozenset({Ping.ASKED, Ping.ANSWERED})


def ways(runtime: Runtime) -> Mapping[str, Channel]:
    """Return by what somebody can be told here: what the settings set up."""
    found = {MAIL: runtime.mail, TELEGRAM: runtime.channels.get(TELEGRAM)}
    return {name: channel for name, channel in found.items() if channel is not None}


# ---- 1. who is told of what


def tell(runtime: Runtime) -> int:
    """Queue a ping for whoever is to hear of what happened since the last look; return how many."""
    now = runtime.clock.now()
    cursor, planned = runtime.database.read(lambda work: (work.pings.looked_until(), _planned(runtime, work, now)))
    if cursor is not None and not planned and now - cursor < timedelta(minutes=2):
        return 0

    def queue(work: Work) -> int:
        work.pings.hold()
        found = _planned(runtime, work, now)
        for user, event, ping, at in found:
            for way in sorted(user.notify & set(ways(runtime))):
                work.pings.queue(
                    user.id, kind=ping, channel=way, now=now, at=at, case_id=event.case_id, event_id=event.id
                )
        work.pings.looked(now)
        return len(found)

    return runtime.database.write(queue)


def _planned(runtime: Runtime, work: Work, now: datetime) -> list[tuple[UserRow, CaseEventRow, Ping, datetime]]:
    """Return who is to be told of which event, and when; nobody before the first look, which sets the cursor."""
    cursor = work.pings.looked_until()
    everybody = work.users.everybody()
    wanting = {user.id: user for user in everybody if user.active and user.notify & set(ways(runtime))}
    if cursor is None or not wanting:
        return []
    people = [as_colleague(user, now) for user in everybody]
    told: list[tuple[UserRow, CaseEventRow, Ping, datetime]] = []
    for event in work.pings.events_since(max(cursor, now - TOO_OLD), EVENTS):
        ping, row = ping_of(event.kind, event.detail), work.pings.matter(event.case_id)
        if ping is None or row is None:
            continue
        matter = as_matter(row)
        for who in audience(ping, matter, people):
            user = wanting.get(who)
            if user is None or who == event.actor or not still_so(ping, matter, who):
                continue
            just_now = work.pings.was_told_of(who, event.case_id, now - QUIET_FOR) or any(
                (user.id, event.case_id) == (other.id, earlier.case_id) for other, earlier, _, _ in told
            )
            if ping is Ping.CRISIS or not just_now:
                told.append((user, event, ping, moment_for(ping, now, crisis=matter.crisis)))
    return told


def as_colleague(user: UserRow, now: datetime) -> Colleague:
    """Return somebody as the rules of pings see them."""
    roles = frozenset(Role(role) for role in user.roles if role in set(Role))
    who = Actor(id=user.id, roles=roles, teams=user.teams, active=user.active)
    return Colleague(who=who, on_shift=user.on_shift_until is not None and user.on_shift_until > now)


def as_matter(row: MatterRow) -> Matter:
    """Return a case as the rules of pings see it."""
    return Matter(
        status=Status(row.state),
        team=row.team,
        assignee=row.assignee_id,
        crisis=row.priority == "crisis",
        owed=row.answered_at is None,
        warned=row.warned,
    )


def tell_of_question(runtime: Runtime, work: Work, people: Iterable[UserRow], kind: Ping, question_id: str) -> None:
    """Have these people be told that an organisation asked, or was answered: each once on each of their ways."""
    now = runtime.clock.now()
    at = moment_for(kind, now, crisis=False)
    for user in people:
        for way in sorted(user.notify & set(ways(runtime))):
            work.pings.queue(user.id, kind=kind, channel=way, now=now, at=at, event_id=question_id)


def ask_for_a_test(runtime: Runtime, user_id: str) -> bool:
    """Send somebody a ping on each of their ways; False when they have none, or had one a minute ago."""
    now = runtime.clock.now()

    def queue(work: Work) -> bool:
        user = work.users.get(user_id)
        last = work.pings.last_of(user_id, Ping.TEST)
        mine = sorted(user.notify & set(ways(runtime))) if user else []
        if not mine or (last is not None and now - last < timedelta(minutes=1)):
            return False
        for way in mine:
            work.pings.queue(user_id, kind=Ping.TEST, channel=way, now=now, at=now)
        return True

    return runtime.database.write(queue)


# ---- 2. sending


def ping_due(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """Send the pings that are due on the ways of this process; return how many were taken up."""
    now = runtime.clock.now()
    here = ways(runtime)
    pings = runtime.database.read(lambda work: work.pings.due(now, limit, tuple(here))) if here else []
    for ping in pings:
        try:
            _send(runtime, here[ping.channel], ping)
        except DatabaseAwayError:
            raise
        except Exception as error:  # noqa: BLE001  # one whose address cannot be opened must not hold up the others
            log.warning("ping not sent", channel=ping.channel, error=type(error).__name__)
            runtime.database.write(partial(_given_up, ping))
    return len(pings)


def _given_up(ping: PingRow, work: Work) -> None:
    work.pings.give_up(ping)


def _send(runtime: Runtime, channel: Channel, ping: PingRow) -> None:
    letter = runtime.database.write(partial(_taken, runtime, ping))
    if letter is None:
        return
    try:
        channel.send(letter)
    except Exception as caught:  # noqa: BLE001  # whatever it was, the pings after this one must go out
        error = caught if isinstance(caught, DeliveryError) else DeliveryError(type(caught).__name__)
        log.warning("ping not sent", channel=ping.channel, reason=error.reason, remedy=error.remedy.value)
        runtime.database.write(partial(_not_taken, ping, error, runtime.clock.now()))
        return
    runtime.database.write(lambda work: work.pings.sent(ping))


def _taken(runtime: Runtime, ping: PingRow, work: Work) -> Letter | None:
    """Return what is to be sent, leased; None when somebody else has it, or it is not worth telling any more."""
    now = runtime.clock.now()
    if not work.pings.lease(ping, now + LEASE):
        return None
    user, kind = work.users.get(ping.user_id), Ping(ping.kind)
    row = work.pings.matter(ping.case_id) if ping.case_id else None
    wanted = user is not None and user.active and (kind in ASKED_FOR or ping.channel in user.notify)
    if kind in OF_ORGANISATIONS:
        so = _is_still_asked(work, ping)
    else:
        so = kind in ASKED_FOR or (row is not None and still_so(kind, as_matter(row), ping.user_id))
    address = work.users.secret(ping.user_id, ping.channel) if wanted and so else None
    if user is None or address is None:
        work.pings.drop(ping)
        return None
    text = words_of(runtime, kind, user.interface)
    message = Message(response=f"ping_{kind.value}", text=text, buttons=(), language=user.interface, direction="ltr")
    return Letter(address=address, message=message, reference=ping.id)


def _is_still_asked(work: Work, ping: PingRow) -> bool:
    """Return whether a question of an organisation still waits, or its answer is still there to be read."""
    question = work.consulting.get(ping.event_id) if ping.event_id else None
    return question is not None and question.state == ("open" if ping.kind == Ping.ASKED else "answered")


def words_of(runtime: Runtime, ping: Ping, language: str) -> str:
    """Return what a ping says: that there is something, and where the desk is. Its first line is a mail's subject."""
    console = runtime.knowledge.console
    name = f"notifications_ping_{ping.value}"
    text = console.get(language, {}).get(name) or console.get("nl", {}).get(name) or name
    return f"{text}\n\n{runtime.desk_url}" if runtime.desk_url else text


def _not_taken(ping: PingRow, error: DeliveryError, now: datetime, work: Work) -> None:
    """
    Try again later, or never.

    What nobody knows the outcome of goes out again: reading twice that a question waits is better than never.
    """
    match error.remedy:
        case Remedy.NEVER | Remedy.WINDOW_CLOSED:
            work.pings.failed(ping, None)
        case Remedy.STOP_SENDING:
            # They blocked us, or closed the chat: until they tie one again, this is no way to tell them anything.
            work.pings.failed(ping, None)
            forget_way(work, ping.user_id, ping.channel)
        case Remedy.RETRY | Remedy.PAUSE | Remedy.UNCERTAIN:
            tries = ping.attempts + 1
            wait = max(BACK_OFF[min(tries, len(BACK_OFF)) - 1], error.retry_after or 0)
            work.pings.failed(ping, now + timedelta(seconds=wait) if tries <= len(BACK_OFF) else None)


def drop_old_pings(runtime: Runtime) -> int:
    """Delete what was told long ago; return how many."""
    before = runtime.clock.now() - KEPT
    return runtime.database.write(lambda work: work.pings.drop_before(before))


# ---- 3. by which way


def tie(runtime: Runtime, news: TiesDesk) -> bool:
    """
    Have somebody's pings come to this chat from now on, and say so there; False when the code is nobody's.

    A code that is wrong, used or too old is answered with silence: nobody can learn from it who works here.
    """
    now = runtime.clock.now()

    def attempt(work: Work) -> bool:
        user_id = work.pings.take_tie(news.code, now)
        user = work.users.get(user_id) if user_id else None
        if user is None or not user.active:
            return False
        work.users.set_secret(user.id, TELEGRAM, news.address)
        work.users.change(user.id, notify_json=sorted(user.notify | {TELEGRAM}))
        work.pings.queue(user.id, kind=Ping.TIED, channel=TELEGRAM, now=now, at=now)
        return True

    return runtime.database.write(attempt)


def forget_way(work: Work, user_id: str, way: str) -> None:
    """Know no longer where somebody is told by this way."""
    user = work.users.get(user_id)
    if user is not None:
        work.users.set_secret(user_id, way, None)
        work.users.change(user_id, notify_json=sorted(user.notify - {way}))
