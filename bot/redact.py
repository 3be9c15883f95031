"""
A letter on the desk: somebody looks at it, blackens what nobody needs to read, or throws it away.

Who may open the case's file may do this, asked for every request; what was seen and done is written down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from bot.answer import Declined, as_actor, as_seen
from bot.handoff.access import reason_not_to_see
from bot.handoff.case import Decline
from bot.look import REASON_COUNTS, SAME_LOOK
from bot.safety.pictures import JPEG, Box, FileNotTakenError, blackened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.rows import AttachmentRow, CaseRow
    from bot.store.work import Work

WHAT = "letter"
MOST_BOXES = 20


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A file that somebody may see. `content` is empty when it is not here, or was not asked for."""

    case: CaseRow
    file: AttachmentRow
    sent_at: datetime
    language: str | None
    content: bytes = field(repr=False, default=b"")


_Seen: TypeAlias = "tuple[CaseRow, AttachmentRow, str]"


def open_letter(
    runtime: Runtime, who: str, case_id: str, file_id: str, *, with_content: bool = False
) -> Letter | Declined:
    """Return a file of a case's newcomer and write down that this person saw it; or say why they may not."""

    def look(work: Work) -> Letter | Declined:
        seen = _seen(runtime, work, who, case_id, file_id)
        if isinstance(seen, Declined):
            return seen
        case, file, newcomer_id = seen
        now = runtime.clock.now()
        # A page asks for its picture, then turned, then larger: one look.
        if not (with_content and work.views.has_seen(who, newcomer_id, WHAT, now - SAME_LOOK)):
            work.views.note(who, WHAT, now, newcomer_id=newcomer_id, case_number=case.number)
        content = work.attachments.open(file.id) if with_content else None
        message = work.inbox.get(file.inbound_id)
        return Letter(
            case=case,
            file=file,
            sent_at=message.received_at if message else file.created_at,
            language=case.language,
            content=content or b"",
        )

    return runtime.database.write(look)


def redact(runtime: Runtime, who: str, case_id: str, file_id: str, boxes: Sequence[Box]) -> CaseRow | Declined:
    """Make parts of a picture black in the file itself: nobody gets them back."""
    if not 0 < len(boxes) <= MOST_BOXES:
        return Declined(why=Decline.EMPTY)

    def change(work: Work, file: AttachmentRow) -> bool:
        content = work.attachments.open(file.id)
        if content is None or file.media_type != JPEG:
            return False
        try:
            return work.attachments.replace(file.id, blackened(content, boxes))
        except FileNotTakenError:
            return False

    return _do(runtime, who, case_id, file_id, "file_redacted", change)


def throw_away(runtime: Runtime, who: str, case_id: str, file_id: str) -> CaseRow | Declined:
    """Drop what a file holds; that there was one stays in the conversation."""
    return _do(runtime, who, case_id, file_id, "file_deleted", lambda work, file: work.attachments.drop(file.id))


def _do(  # noqa: PLR0913, PLR0917  # who does what to which
    runtime: Runtime, who: str, case_id: str, file_id: str, kind: str, change: Callable[[Work, AttachmentRow], bool]
) -> CaseRow | Declined:
    def attempt(work: Work) -> CaseRow | Declined:
        if work.cases.held(case_id) is None:
            return Declined(why=Decline.GONE)
        seen = _seen(runtime, work, who, case_id, file_id)
        if isinstance(seen, Declined):
            return seen
        case, file, _ = seen
        if not change(work, file):
            return Declined(why=Decline.GONE)
        work.cases.note(case.id, kind=kind, actor=who, now=runtime.clock.now(), detail={"file": file.id})
        return case

    return runtime.database.write(attempt)


def _seen(runtime: Runtime, work: Work, who: str, case_id: str, file_id: str) -> _Seen | Declined:
    """Return the case and one of its newcomer's files when this person may see it now, and whose it is."""
    user = work.users.get(who)
    if user is None:
        return Declined(why=Decline.NO_ACCOUNT)
    case = work.cases.get(case_id)
    newcomer = work.newcomers.get(case.newcomer_id) if case else None
    if case is None or newcomer is None or newcomer.status == "erasing":
        return Declined(why=Decline.GONE)
    reason = work.views.last_reason(who, newcomer.id, runtime.clock.now() - REASON_COUNTS) or ""
    declined = reason_not_to_see(as_actor(user), as_seen(case), coach=newcomer.coach_id, reason=reason)
    if declined is not None:
        return Declined(why=declined)
    file = work.kept.file(newcomer.id, file_id)
    return Declined(why=Decline.GONE) if file is None else (case, file, newcomer.id)
