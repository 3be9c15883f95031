"""
What somebody does with a case from its page: one form each, one verb of `bot/answer.py` each.

What was declined says why, and what was typed stands there again.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from bot import answer
from bot.answer import Declined, Done
from bot.domain.clock import AMSTERDAM, local_day
from bot.handoff.access import Screen
from bot.handoff.case import Decline, Outcome
from bot.look import CaseFile, open_file
from bot.web.console.case import CASE, case_id_of, path_of, show, why
from bot.web.console.door import Door
from bot.web.console.reply_extras import given_files
from bot.web.console.reply_language import seems_otherwise

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.answer import Answered
    from bot.web.console.door import Visit

TODAY, QUEUE = "/desk", "/desk/queue"
MORNING = time(9)
# In these the page that was on the screen is no longer how it is; the others ask for something to be mended.
CONFLICTS = frozenset(
    {
        Decline.TAKEN,
        Decline.CHANGED,
        Decline.NEWER_MESSAGE,
        Decline.CLOSED,
        Decline.NOT_NOW,
        Decline.NOT_YOURS,
        Decline.BOT_HAS_IT,
        Decline.STOPPED,
        Decline.BLOCKED,
        Decline.TOO_LATE,
        Decline.PROFESSIONALS_FIRST,
    }
)
FORBIDDEN = frozenset({Decline.NO_ACCOUNT, Decline.NOT_YOUR_ROLE, Decline.OTHER_TEAM})


def status_of(declined: Declined) -> int:
    """Return what a declined act is to a browser."""
    if declined.why in FORBIDDEN:
        return 403
    if declined.why is Decline.GONE:
        return 404
    return 409 if declined.why in CONFLICTS else 422


def _or_show(visit: Visit, answered: Answered, at: str, done: Response) -> Response:
    if isinstance(answered, Done):
        return done
    return show(visit, status=status_of(answered), problem=why(visit, answered), problem_at=at)


def _number(visit: Visit, name: str) -> int | None:
    given = visit.given(name)
    return int(given) if given.isdigit() else None


def _version(visit: Visit) -> int | None:
    """
    Return the version that was on the screen, or today's when this person missed nothing since.

    That their own reply went out changes the case too; only what the newcomer wrote would be news to who has it.
    """
    shown, seen = _number(visit, "version"), _number(visit, "seen")
    file = open_file(visit.runtime, visit.user.id, case_id_of(visit), part=True) if seen is not None else None
    if isinstance(file, CaseFile) and file.is_mine and seen is not None and file.seen <= seen:
        return file.case.version
    return shown


# ---- opening and taking


def take(visit: Visit) -> Response:
    """Take the case that was seen; who comes second hears who has it."""
    version = _number(visit, "version") or 0
    answered = answer.take(visit.runtime, visit.user.id, case_id_of(visit), version=version)
    if isinstance(answered, Declined) and answered.taken_by == visit.user.id:
        return visit.go(path_of(visit))  # they clicked twice
    return _or_show(visit, answered, "take", visit.go(path_of(visit), said="claimed"))


def open_with_reason(visit: Visit) -> Response:
    """Open the file as a coordinator who says why."""
    opened = open_file(visit.runtime, visit.user.id, case_id_of(visit), reason=visit.given("reason"))
    if isinstance(opened, CaseFile):
        return visit.go(path_of(visit), said="case_opened")
    return show(visit, status=status_of(opened), problem=why(visit, opened), problem_at="open")


def take_over(visit: Visit) -> Response:
    """Take the case from whoever has it, with a reason."""
    reason = visit.given("takeover_reason")
    answered = answer.take_over(visit.runtime, visit.user.id, case_id_of(visit), reason=reason)
    return _or_show(visit, answered, "take_over", visit.go(path_of(visit), said="claimed"))


def reopen(visit: Visit) -> Response:
    """Put a closed case back into the queue, with a reason."""
    answered = answer.reopen(visit.runtime, visit.user.id, case_id_of(visit), reason=visit.given("reopen_reason"))
    return _or_show(visit, answered, "reopen", visit.go(path_of(visit), said="case_reopened"))


# ---- writing


def _language(visit: Visit) -> str | None:
    return visit.runtime.knowledge.content.languages.known(visit.given("language"))


def keep_draft(visit: Visit) -> Response:
    """Keep what is being written; to the page's script say that it was, and when it is in another language."""
    text, language = visit.given("text"), _language(visit)
    kept = answer.keep_draft(
        visit.runtime,
        visit.user.id,
        case_id_of(visit),
        text=text,
        language=language,
        last_reply=visit.given("last_reply"),
    )
    if not visit.is_part:
        return _or_show(visit, kept, "reply", visit.go(path_of(visit), said="draft_kept"))
    problem = why(visit, kept) if isinstance(kept, Declined) else ""
    otherwise = seems_otherwise(text, than=language) if language else None
    return visit.page("case_draft.html", problem=problem, otherwise=otherwise, chosen=language, empty=not text)


def reply(visit: Visit) -> Response:
    """Send what was written, unless it seems to be in another language than was chosen and nobody said "anyway"."""
    text, language = visit.given("text"), _language(visit)
    seen = _number(visit, "seen") or 0
    otherwise = seems_otherwise(text, than=language) if language else None
    who, case_id = visit.user.id, case_id_of(visit)
    if otherwise is not None and not visit.given("anyway"):
        answer.keep_draft(visit.runtime, who, case_id, text=text, language=language)
        return show(visit, status=422, problem=visit.words("case_otherwise"), problem_at="reply", otherwise=otherwise)
    answered = answer.reply(
        visit.runtime,
        who,
        case_id,
        text=text,
        conversation_id=visit.given("conversation"),
        seen=seen,
        # What it really is in, so that it is read aloud and shown as such.
        language=otherwise or language,
        files=given_files(visit),
        original=visit.given("original") or None,
    )
    if isinstance(answered, Done):
        return visit.go(path_of(visit), said="reply_queued")
    # Whatever becomes of this page, the words are kept.
    answer.keep_draft(visit.runtime, who, case_id, text=text, language=language)
    newer = seen if answered.why is Decline.NEWER_MESSAGE else None
    return show(visit, status=status_of(answered), problem=why(visit, answered), problem_at="reply", seen=newer)


def undo(visit: Visit) -> Response:
    """Take a reply back; its words are in the box again."""
    answered = answer.undo(visit.runtime, visit.user.id, visit.given("reply"))
    return _or_show(visit, answered, "undo", visit.go(path_of(visit), said="reply_undone"))


def note(visit: Visit) -> Response:
    """Write something for the team."""
    answered = answer.note(visit.runtime, visit.user.id, case_id_of(visit), text=visit.given("note"))
    return _or_show(visit, answered, "note", visit.go(path_of(visit), said="note_written"))


# ---- where the case goes


def snooze(visit: Visit) -> Response:
    """Put the case away: until tomorrow morning, next Monday morning, or a moment."""
    until = _until(visit)
    answered: Answered = Declined(why=Decline.NOT_AHEAD)
    if until is not None:
        answered = answer.snooze(visit.runtime, visit.user.id, case_id_of(visit), until=until, version=_version(visit))
    return _or_show(visit, answered, "snooze", visit.go(path_of(visit), said="case_snoozed"))


def _until(visit: Visit) -> datetime | None:
    today = local_day(visit.now)
    match visit.given("until"):
        case "tomorrow":
            return datetime.combine(today + timedelta(days=1), MORNING, AMSTERDAM)
        case "next_week":
            return datetime.combine(today + timedelta(days=7 - today.weekday()), MORNING, AMSTERDAM)
        case _:
            try:
                moment = datetime.fromisoformat(visit.given("moment"))
            except ValueError:
                return None
            return moment.replace(tzinfo=AMSTERDAM)  # what a browser gives has no zone: the office's clock is meant


def release(visit: Visit) -> Response:
    """Put the case back into the queue."""
    answered = answer.release(visit.runtime, visit.user.id, case_id_of(visit), version=_version(visit))
    return _or_show(visit, answered, "release", visit.go(QUEUE, said="case_released"))


def transfer(visit: Visit) -> Response:
    """Give the case to another team, with a note."""
    answered = answer.transfer(
        visit.runtime,
        visit.user.id,
        case_id_of(visit),
        team=visit.given("team"),
        note=visit.given("transfer_note"),
        version=_version(visit),
    )
    return _or_show(visit, answered, "transfer", visit.go(QUEUE, said="case_transferred"))


def prioritise(visit: Visit) -> Response:
    """Say how soon somebody must look."""
    answered = answer.prioritise(
        visit.runtime,
        visit.user.id,
        case_id_of(visit),
        priority=visit.given("priority"),
        reason=visit.given("priority_reason"),
    )
    return _or_show(visit, answered, "priority", visit.go(path_of(visit), said="case_prioritised"))


def close(visit: Visit) -> Response:
    """End the case: how, which question it was, and whether the assistant should know the answer."""
    outcome, wanted = visit.given("outcome"), visit.given("answer_wanted")
    answered: Answered = Declined(why=Decline.NO_OUTCOME)
    if outcome in set(Outcome):
        answered = answer.close(
            visit.runtime,
            visit.user.id,
            case_id_of(visit),
            outcome=Outcome(outcome),
            version=_version(visit),
            # Another one from the list says more than a suggestion that was left standing.
            was_about=visit.given("other_question") or visit.given("was_about") or None,
            answer_wanted={"yes": True, "no": False}.get(wanted),
        )
    return _or_show(visit, answered, "close", visit.go(TODAY, said="case_closed"))


_ACTIONS = {
    "take": take,
    "open": open_with_reason,
    "take-over": take_over,
    "reopen": reopen,
    "draft": keep_draft,
    "reply": reply,
    "undo": undo,
    "note": note,
    "snooze": snooze,
    "release": release,
    "transfer": transfer,
    "priority": prioritise,
    "close": close,
}

DOORS = tuple(
    Door(path=f"{CASE}/{name}", screen=Screen.CASE, endpoint=endpoint, methods=("POST",))
    for name, endpoint in _ACTIONS.items()
)
