"""Erase on request, expire on schedule."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.runtime import Runtime
    from bot.store.work import Work

# A message that came before the notice was answered is kept no longer than this.
HELD_AT_MOST = timedelta(hours=24)
# A goodbye that cannot be delivered does not keep the person's address alive.
GOODBYE_AT_MOST = timedelta(hours=1)


def finish_erasures(runtime: Runtime) -> int:
    """Delete the last traces of people whose goodbye went out, or could not for an hour; return how many."""

    def finish(work: Work) -> int:
        done = 0
        for newcomer_id in work.newcomers.being_forgotten(limit=50):
            if _is_answered(work, newcomer_id) or _waited_long(runtime, work, newcomer_id):
                work.newcomers.finish_forgetting(newcomer_id)
                done += 1
        return done

    if not runtime.database.read(lambda work: work.newcomers.being_forgotten(limit=1)):
        return 0
    done = runtime.database.write(finish)
    if done:
        runtime.database.scrub()
    return done


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


def drop_unanswered_notices(runtime: Runtime) -> int:
    """Drop messages that waited a day for a yes to the notice; return how many."""
    before = runtime.clock.now() - HELD_AT_MOST
    return runtime.database.write(lambda work: work.inbox.drop_held_older_than(before))


def drop_expired_codes(runtime: Runtime) -> int:
    """Drop the codes that nobody entered in time; return how many."""
    return runtime.database.write(lambda work: work.links.drop_expired(runtime.clock.now()))
