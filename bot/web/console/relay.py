"""Beside a case: a text is put into the reply, a message is translated, a file that was sent is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from bot import answer, prepare
from bot.answer import Declined
from bot.handoff.access import Screen
from bot.handoff.case import Act
from bot.handoff.timeline import Said, Wrote
from bot.look import CaseFile, open_file
from bot.translate import TranslationError
from bot.web.console.case import CASE, case_id_of, path_of, show, why
from bot.web.console.case_actions import status_of
from bot.web.console.door import HEADERS, Door
from bot.web.console.reply_extras import filled, written_in
from bot.web.files import headers_of

if TYPE_CHECKING:
    from bot.web.console.door import Visit


def _opened(visit: Visit) -> CaseFile:
    file = open_file(visit.runtime, visit.user.id, case_id_of(visit), part=True)
    if isinstance(file, Declined):
        raise HTTPException(status_of(file))
    return file


# ---- a text to choose


def put(visit: Visit) -> Response:
    """Put a text into the reply, below what was written; when something has to be typed first, ask for it."""
    file = _opened(visit)
    text, short = visit.given("text"), visit.given("canned")
    chosen = filled(visit, file, short, language=_language(visit) or file.language)
    if Act.REPLY not in file.may or chosen is None:
        return show(visit, status=422, problem=visit.words("relay_no_canned"), problem_at="reply")
    asks = bool(chosen.missing) and not visit.given("put")
    whole = text if asks else "\n\n".join(part for part in (text, chosen.text) if part)
    language = _language(visit) if asks else chosen.language
    kept = answer.keep_draft(visit.runtime, visit.user.id, case_id_of(visit), text=whole, language=language)
    if isinstance(kept, Declined):
        return show(visit, status=status_of(kept), problem=why(visit, kept), problem_at="reply")
    done = {} if asks else {"put": "1"}
    onward = visit.go(path_of(visit), said="canned_asks" if asks else "canned_put", canned=short, **done)
    return RedirectResponse(f"{onward.headers['location']}#reply", 303, headers=HEADERS)


def _language(visit: Visit) -> str | None:
    return visit.runtime.knowledge.content.languages.known(visit.given("language"))


# ---- a machine's translation


def translation(visit: Visit) -> Response:
    """Show a message of the newcomer in the language of who reads, below the message itself."""
    file, asked = _opened(visit), visit.asked("message")
    item = next((item for item in file.items if isinstance(item, Wrote) and item.id == asked), None)
    if item is None or not item.text:
        raise HTTPException(404)
    text, problem = "", ""
    try:
        text = prepare.translated(
            visit.runtime,
            item.text,
            source=item.language,
            target=visit.words.language,
            crisis=item.crisis is not None,
        )
    except TranslationError as error:
        problem = visit.words(f"relay_translate_{error.reason}")
    template = "relay_translation.html" if visit.is_part else "relay_translation_page.html"
    return visit.page(template, item=item, translation=text, problem=problem, home=path_of(visit))


def translate_reply(visit: Visit) -> Response:
    """Propose what was written in the newcomer's language, in the box; what was written stands beside it."""
    file, text = _opened(visit), visit.given("text")
    target = _language(visit) or file.language
    if not text or Act.REPLY not in file.may:
        return show(visit, status=422, problem=visit.words("decline_empty"), problem_at="reply")
    source = written_in(visit, text, target=target)
    if source == target:
        return show(visit, status=422, problem=visit.words("relay_translate_same"), problem_at="reply")
    try:
        crisis = file.case.priority == "crisis"
        proposal = prepare.translated(visit.runtime, text, source=source, target=target, crisis=crisis)
    except TranslationError as error:
        problem = visit.words(f"relay_translate_{error.reason}")
        return show(visit, status=422, problem=problem, problem_at="reply")
    answer.keep_draft(visit.runtime, visit.user.id, case_id_of(visit), text=proposal, language=target)
    return show(visit, part=True, text=proposal, original=text)


# ---- a file that was sent


def sent(visit: Visit) -> Response:
    """Show a file that the team sent."""
    file, asked = _opened(visit), str(visit.request.path_params["file_id"])
    said = (item for item in file.items if isinstance(item, Said))
    found = next((one for item in said for one in item.sent_files if one.id == asked), None)
    content = visit.runtime.database.read(lambda work: work.reply_files.open(asked)) if found else None
    if found is None or content is None:
        raise HTTPException(404)
    return Response(content, headers=headers_of(found))


DOORS = (
    Door(path=f"{CASE}/canned", screen=Screen.CASE, endpoint=put, methods=("POST",)),
    Door(path=f"{CASE}/translation", screen=Screen.CASE, endpoint=translation),
    Door(path=f"{CASE}/translate", screen=Screen.CASE, endpoint=translate_reply, methods=("POST",)),
    Door(path=f"{CASE}/sent/{{file_id}}", screen=Screen.CASE, endpoint=sent),
)
