"""Expire on schedule, and finish what an erasure began."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.store.erased import add_to_list
from bot.store.errors import BadErasedListError, StillBeingReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.runtime import Runtime
    from bot.store.rows import DecisionRow
    from bot.store.work import Work

log = structlog.get_logger()

# A message that came before the notice was answered is kept no longer than this.
HELD_AT_MOST = timedelta(hours=24)
# A goodbye that cannot be delivered does not keep the person's address alive.
GOODBYE_AT_MOST = timedelta(hours=1)

# ---- how long things are kept

RETENTION = "retention"
LONGEST_DAYS = 3650


@dataclass(frozen=True, kw_only=True)
class Days:
    """
    For how many days files and messages stay after their case was closed, and the journal after it was written.

    As long as the journal, which has no words either, stays who took part in what, from the day it was.
    """

    files: int = 30
    messages: int = 90
    journal: int = 365

    @classmethod
    def read(cls, value: object) -> Days | None:
        """Return the days that somebody gave; None when they make no sense: files go no later than their messages."""
        if not isinstance(value, dict) or set(value) - {"files", "messages", "journal"}:
            return None
        given = {name: days for name, days in value.items() if isinstance(days, int) and not isinstance(days, bool)}
        days = cls(**given)
        in_bounds = all(1 <= number <= LONGEST_DAYS for number in asdict(days).values())
        return days if len(given) == len(value) and in_bounds and days.files <= days.messages else None

    def as_value(self) -> Mapping[str, int]:
        """Return the days as a decision keeps them."""
        return asdict(self)


def days_kept(work: Work) -> tuple[Days, DecisionRow | None]:
    """Return for how long things are kept, and the decision that says so; without one, the defaults."""
    decision = work.decisions.current(RETENTION)
    return (decision and Days.read(decision.value)) or Days(), decision


# ---- erased on request


def finish_erasures(runtime: Runtime) -> int:
    """Delete the last traces of people whose goodbye went out, or could not for an hour; return how many."""

    def finish(work: Work) -> int:
        done = 0
        for newcomer_id in work.newcomers.being_forgotten(limit=50):
            if _is_answered(work, newcomer_id) or _waited_long(runtime, work, newcomer_id):
                work.newcomers.finish_forgetting(newcomer_id)
                done += 1
        if done:
            work.counts.owe_a_scrub()
        return done

    leaving, owed = runtime.database.read(
        lambda work: (work.newcomers.being_forgotten(limit=1), work.counts.scrubs_owed())
    )
    list_erased(runtime, anew=bool(leaving))
    done = runtime.database.write(finish) if leaving else 0
    owed += 1 if done else 0
    if owed:
        try:
            runtime.database.scrub()
        except StillBeingReadError:
            return done  # by a backup, perhaps for minutes: it is still owed at the next look
        runtime.database.write(lambda work: work.counts.scrubbed(owed))
    return done


def list_erased(runtime: Runtime, *, anew: bool) -> None:
    """
    Write outside the database who was erased, when somebody just was (`anew`) or there is no list yet.

    A backup that is restored leaves them out. A disk that is away for a moment keeps nobody from being erased.
    """
    path = runtime.erased_list
    if path is None or not (anew or not path.exists()):
        return
    try:
        add_to_list(path, runtime.database.read(lambda work: work.erased.all()))
    except (OSError, BadErasedListError) as error:
        log.warning("the list of who was erased cannot be written", error=type(error).__name__)


def _is_answered(work: Work, newcomer_id: str) -> bool:
    """Return whether the goodbye went out, and nothing came in after it that still has to be answered."""
    conversations = work.conversations.of(newcomer_id)
    unread = any(work.inbox.unread(conversation.id) for conversation in conversations)
    # A file's reference goes with the rows: until then the messenger can still be asked to delete it.
    settled = work.attachments.unsettled_for(newcomer_id) == 0
    return not unread and settled and work.outbox.unsent_for(newcomer_id) == 0


def _waited_long(runtime: Runtime, work: Work, newcomer_id: str) -> bool:
    latest = max((conversation.updated_at for conversation in work.conversations.of(newcomer_id)), default=None)
    return latest is not None and runtime.clock.now() - latest > GOODBYE_AT_MOST


# ---- by the clock


def drop_unanswered_notices(runtime: Runtime) -> int:
    """Drop messages that waited a day for a yes to the notice; return how many."""
    before = runtime.clock.now() - HELD_AT_MOST
    return runtime.database.write(lambda work: work.inbox.drop_held_older_than(before))


def drop_expired_codes(runtime: Runtime) -> int:
    """Drop the codes that nobody entered in time; return how many."""
    now = runtime.clock.now()
    return runtime.database.write(lambda work: work.links.drop_expired(now) + work.enrol_codes.drop_expired(now))


# Rows in one unit of work: a few hundredths of a second of the writer's time.
AT_ONCE = 100
# Pictures are large: each is overwritten where it lay.
FILES_AT_ONCE = 5
CONVERSATIONS_AT_ONCE = 50
# Each has a hundred tasks and some hundred reminders.
TRAJECTORIES_AT_ONCE = 5


def expire(runtime: Runtime, *, stop: Callable[[], bool] = lambda: False) -> int:
    """
    Delete what nobody needs any more; return how much went.

    Files, messages, trajectories that ended long ago, what organisations asked, what was taken part in, the journal,
    what stands at the door.

    It works in small units, so that no writer waits long, and ends early when `stop` says so: the rest goes next time.
    """
    now = runtime.clock.now()
    days, _ = runtime.database.read(days_kept)
    files, words, journal = (now - timedelta(days=number) for number in (days.files, days.messages, days.journal))

    gone = 0
    for old, drop in (
        (
            lambda work, after: work.expiry.with_old_files(files, after=after, limit=CONVERSATIONS_AT_ONCE),
            lambda work, conversation_id: work.expiry.drop_files(conversation_id, files, limit=FILES_AT_ONCE),
        ),
        (
            lambda work, after: work.expiry.with_old_words(words, after=after, limit=CONVERSATIONS_AT_ONCE),
            lambda work, conversation_id: work.expiry.drop_words(conversation_id, words, limit=AT_ONCE),
        ),
    ):
        gone += sum(_until_none(runtime, partial(_for, drop, one), stop) for one in _each(runtime, old, stop))
    for some in (
        lambda work: work.expiry.empty_cases(words, now, limit=AT_ONCE),
        lambda work: work.trajectories.drop_ended(words, limit=TRAJECTORIES_AT_ONCE),
        lambda work: work.group_letters.drop_before(words, limit=AT_ONCE),
        lambda work: work.consulting.drop_settled(words, limit=AT_ONCE),
        lambda work: work.expiry.drop_taken_part(journal, limit=AT_ONCE),
        lambda work: work.expiry.drop_journal(journal, limit=AT_ONCE),
        lambda work: work.expiry.drop_at_the_door(now, limit=AT_ONCE),
    ):
        gone += _until_none(runtime, some, stop)
    return gone


def _for(drop: Callable[[Work, str], int], conversation_id: str, work: Work) -> int:
    return drop(work, conversation_id)


def _each(runtime: Runtime, old: Callable[[Work, str], list[str]], stop: Callable[[], bool]) -> Iterator[str]:
    """Yield each conversation in which something is old, once: what a case still needs is not asked for again."""
    after = ""
    while not stop() and (some := runtime.database.read(partial(_after, old, after))):
        yield from some
        after = some[-1]


def _after(old: Callable[[Work, str], list[str]], after: str, work: Work) -> list[str]:
    return old(work, after)


def _until_none(runtime: Runtime, some: Callable[[Work], int], stop: Callable[[], bool]) -> int:
    """Do it again until there is nothing left, one unit of work at a time."""
    gone = 0
    while not stop() and (now_gone := runtime.database.write(some)):
        gone += now_gone
    return gone
