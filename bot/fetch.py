"""
Files from newcomers: here and encrypted when the organisation takes them, and deleted at the messenger in any case.

Nothing is fetched before a yes to the notice, without the organisation's decision on photos of letters, or of another
kind than a photo or document. What a file claims to be is believed by nobody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels.errors import FileRefusedError
from bot.domain.turn import FILES, Say
from bot.domain.words import PHOTO_REFUSED, PHOTO_TOO_LARGE
from bot.runtime import HasFiles
from bot.safety.pictures import MOST_BYTES, TOO_LARGE, FileNotTakenError, taken
from bot.say import voice_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.domain.turn import Attachment, Kind
    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Runtime
    from bot.store.rows import DueFileRow
    from bot.store.work import Work

log = structlog.get_logger()

# Seconds until the next try; after the last one it is given up.
BACK_OFF = (30, 120, 600, 1800)
TRIES = len(BACK_OFF) + 1
GAVE_UP = "gave_up"
# The decision on photos of letters, as the desk writes it down: its value is {"allowed": true} or {"allowed": false}.
LETTER_PHOTOS = "letter_photos"


# ---- 1. expected


def as_decided(work: Work, knowledge: Knowledge) -> Knowledge:
    """Return the knowledge with what the organisation last decided at the desk: it goes over what the file says."""
    decision = work.decisions.current(LETTER_PHOTOS)
    if decision is None:
        return knowledge
    # Only a plain yes is one.
    allowed = decision.value == {"allowed": True}
    if allowed == knowledge.content.letter_photos_allowed:
        return knowledge
    return replace(knowledge, content=replace(knowledge.content, letter_photos_allowed=allowed))


def letter_photos_allowed(work: Work, knowledge: Knowledge) -> bool:
    """Return whether the organisation has recorded its decision to take photos of letters; until then it has not."""
    return as_decided(work, knowledge).content.letter_photos_allowed


def may_be_fetched(work: Work, knowledge: Knowledge, kind: Kind, *, consented: bool) -> bool:
    """Return whether files with a message of this kind are fetched at all."""
    return consented and kind in FILES and letter_photos_allowed(work, knowledge)


def expect_files(  # noqa: PLR0913, PLR0917  # whose, which, and whether
    work: Work,
    conversation_id: str,
    message_id: str,
    attachments: Sequence[Attachment],
    allowed: bool,
    now: datetime,
) -> None:
    """Note the files that came with a message: to be fetched when allowed, else only to be deleted at the messenger."""
    for place, attachment in enumerate(attachments):
        work.attachments.expect(
            conversation_id, message_id, place, attachment, status="wanted" if allowed else "unwanted", now=now
        )


# ---- 2. fetched, and deleted there


def fetch_due(runtime: Runtime, limit: int = 10) -> int:
    """Fetch what is wanted and delete at the messenger what is not, or no more; return how many were taken up."""
    now = runtime.clock.now()
    channels = {name: channel for name, channel in runtime.channels.items() if isinstance(channel, HasFiles)}
    if not channels or not runtime.database.read(lambda work: work.attachments.is_due(now, channels=channels)):
        return 0
    due = runtime.database.write(lambda work: work.attachments.due(now, limit, channels=tuple(channels)))
    for file in due:
        # One step at a time, each known to be done before the next: a file is deleted there once it is stored here.
        step = _fetch if file.wanted and not file.is_here else _delete_there
        step(runtime, channels[file.channel], file)
    return len(due)


def _fetch(runtime: Runtime, channel: HasFiles, file: DueFileRow) -> None:
    """Have a wanted file here, or know that it never will be."""
    allowed = runtime.database.read(lambda work: letter_photos_allowed(work, runtime.knowledge))
    if not allowed:  # the decision was taken back meanwhile
        runtime.database.write(lambda work: work.attachments.not_wanted(file.id, runtime.clock.now()))
        return
    if file.attempts > TRIES:  # it was taken up so often and nobody lived to say why not
        _refuse(runtime, file, GAVE_UP)
        return
    try:
        found = taken(channel.fetch(file.reference, at_most=MOST_BYTES))
    except FileNotTakenError as error:
        _refuse(runtime, file, error.reason)
    except Exception as caught:  # noqa: BLE001  # whatever it was, the files after this one must be fetched
        known = caught if isinstance(caught, FileRefusedError) else None
        reason = known.reason if known else type(caught).__name__
        if (known is None or known.again) and file.attempts < TRIES:
            _later(runtime, file, reason)
        else:
            _refuse(runtime, file, reason)
    else:
        runtime.database.write(
            lambda work: work.attachments.fetched(file.id, found.content, found.media_type, runtime.clock.now())
        )


def _delete_there(runtime: Runtime, channel: HasFiles, file: DueFileRow) -> None:
    try:
        channel.discard(file.reference)
    except Exception as caught:  # noqa: BLE001  # whatever it was, the files after this one must be deleted
        reason = caught.reason if isinstance(caught, FileRefusedError) else type(caught).__name__
        if file.attempts < TRIES:
            _later(runtime, file, reason)
            return
        log.warning("file stays at the messenger", conversation=file.conversation_id, reason=reason)
    runtime.database.write(lambda work: work.attachments.gone(file.id))


def _later(runtime: Runtime, file: DueFileRow, reason: str) -> None:
    log.warning("file not had yet", conversation=file.conversation_id, reason=reason, again=True)
    at = runtime.clock.now() + timedelta(seconds=BACK_OFF[file.attempts - 1])
    runtime.database.write(lambda work: work.attachments.again(file.id, at))


def _refuse(runtime: Runtime, file: DueFileRow, reason: str) -> None:
    """Keep nothing of a file and tell the newcomer, once."""
    log.warning("file refused", conversation=file.conversation_id, reason=reason, again=False)

    def refuse(work: Work) -> None:
        work.conversations.locked(file.conversation_id)
        first = work.attachments.refused(file.id, reason, runtime.clock.now())
        # No cause: the message itself may not have been answered yet, and its places are its turn's.
        voice = voice_in(runtime, work, file.conversation_id)
        if first and voice is not None:
            voice.say(Say(response=PHOTO_TOO_LARGE if reason == TOO_LARGE else PHOTO_REFUSED))

    runtime.database.write(refuse)
