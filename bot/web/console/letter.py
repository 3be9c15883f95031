"""A letter on the desk: the picture, document or voice note that a newcomer sent, and what may be done to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import Response

from bot.answer import Declined
from bot.handoff.access import Screen
from bot.handoff.case import Decline
from bot.redact import MOST_BOXES, Letter, open_letter, redact, throw_away
from bot.safety.pictures import JPEG, PDF, Box, FileNotTakenError, blackened, turned
from bot.web.console.door import HEADERS, Door

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.web.console.door import Visit

PATH = "/desk/cases/{case}/files/{file}"
MOST_ZOOM = 3
# Sound that a browser plays; whatever else a file is, it is only offered to be kept.
SOUNDS = frozenset({"audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/webm"})
ENDS = {JPEG: "jpg", PDF: "pdf", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a"}
EMPTY_BOXES = 3
_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")

STATUS = {Decline.GONE: 404, Decline.EMPTY: 400}


def letter(visit: Visit) -> Response:
    """Show the file, turned and as large as was asked for."""
    found = _opened(visit)
    if isinstance(found, Response):
        return found
    return _page(visit, found)


def _opened(visit: Visit, *, with_content: bool = False) -> Letter | Response:
    """Return the file that the address names, or the page that says why it stays shut."""
    case_id, file_id = _named(visit)
    found = open_letter(visit.runtime, visit.user.id, case_id, file_id, with_content=with_content)
    return _declined(visit, found) if isinstance(found, Declined) else found


def _named(visit: Visit) -> tuple[str, str]:
    return str(visit.request.path_params["case"]), str(visit.request.path_params["file"])


def _declined(visit: Visit, declined: Declined) -> Response:
    name = f"letter_declined_{declined.why.value}"
    problem = visit.words(name if visit.words.has(name) else "letter_declined")
    return visit.page("problem.html", status=STATUS.get(declined.why, 403), problem=problem)


def _page(visit: Visit, found: Letter) -> Response:
    case_id, file_id = _named(visit)
    here = PATH.format(case=case_id, file=file_id)
    turn, zoom = _count(visit.asked("turn")) % 4, min(max(_count(visit.asked("zoom"), 1), 1), MOST_ZOOM)

    def at(*, turned_to: int = turn, as_large: int = zoom) -> str:
        return f"{here}?{urlencode({'turn': turned_to % 4, 'zoom': as_large})}"

    return visit.page(
        "letter.html",
        letter=found,
        kind=_kind(found),
        here=here,
        source=f"{here}/content?{urlencode({'turn': turn})}",
        zoom=zoom,
        left=at(turned_to=turn + 3),
        right=at(turned_to=turn + 1),
        larger=at(as_large=zoom + 1) if zoom < MOST_ZOOM else "",
        smaller=at(as_large=zoom - 1) if zoom > 1 else "",
    )


def _kind(found: Letter) -> str:
    """Return how the file is shown; by what was found in it, never by what somebody called it."""
    if not found.file.is_here:
        return "wanted" if found.file.status == "wanted" else "not_here"
    if found.file.media_type == JPEG:
        return "picture"
    if found.file.media_type in SOUNDS:
        return "sound"
    return "document" if found.file.media_type == PDF else "other"


def _count(text: str, otherwise: int = 0) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else otherwise  # noqa: PLR2004  # digits


# ---- the bytes


def content(visit: Visit) -> Response:
    """Return what the file holds: for the eyes of who asks, kept by no one on the way, run by nothing."""
    found = _opened(visit, with_content=True)
    if isinstance(found, Response):
        return found
    if not found.content:
        return _declined(visit, Declined(why=Decline.GONE))
    body, kind = found.content, _kind(found)
    if kind == "picture":
        boxes = [box for asked in visit.request.query_params.getlist("box") if (box := _box(asked.split(",")))]
        try:
            body = blackened(body, boxes[:MOST_BOXES]) if boxes else body
            body = turned(body, _count(visit.asked("turn")))
        except FileNotTakenError:
            return _declined(visit, Declined(why=Decline.GONE))
    media_type = str(found.file.media_type) if kind != "other" else "application/octet-stream"
    shown = "inline" if kind in {"picture", "sound"} else "attachment"
    name = f"wegwijs-{found.case.number}.{ENDS.get(media_type, 'bin')}"
    headers = {
        **HEADERS,
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "content-disposition": f'{shown}; filename="{name}"',
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
    }
    return _part(visit, body, media_type, headers) if kind == "sound" else Response(body, 200, headers, media_type)


def _part(visit: Visit, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Return the part that was asked for: some browsers play no sound that they cannot have by the piece."""
    headers["accept-ranges"] = "bytes"
    asked = _RANGE.fullmatch(visit.request.headers.get("range", ""))
    if asked is None or not (asked[1] or asked[2]):
        return Response(body, 200, headers, media_type)
    size = len(body)
    start = int(asked[1]) if asked[1] else max(size - int(asked[2]), 0)
    end = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if start > end:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    headers["content-range"] = f"bytes {start}-{end}/{size}"
    return Response(body[start : end + 1], 206, headers, media_type)


# ---- blackening and throwing away


def redacting(visit: Visit) -> Response:
    """Show the picture with the fields by which parts of it are named."""
    found = _opened(visit)
    return found if isinstance(found, Response) else _redact_page(visit, found, [])


def do_redact(visit: Visit) -> Response:
    """Show what becomes of the picture; or, after that, make it so."""
    given = list(zip(*(visit.chosen(name) for name in ("x", "y", "w", "h")), strict=False))[:MOST_BOXES]
    filled = [values for values in given if any(value.strip() for value in values)]
    boxes = [box for values in filled if (box := _box(values))]
    is_right = bool(boxes) and len(boxes) == len(filled)
    if visit.given("do") == "apply" and is_right:
        done = redact(visit.runtime, visit.user.id, *_named(visit), boxes)
        if isinstance(done, Declined):
            return _declined(visit, done)
        case_id, file_id = _named(visit)
        return visit.go(PATH.format(case=case_id, file=file_id), said="letter_redacted")
    found = _opened(visit)
    if isinstance(found, Response):
        return found
    wrong = "" if is_right else visit.words("letter_redact_wrong")
    return _redact_page(visit, found, filled, wrong=wrong, boxes=boxes if is_right else ())


def _redact_page(
    visit: Visit, found: Letter, filled: list[tuple[str, ...]], *, wrong: str = "", boxes: Sequence[Box] = ()
) -> Response:
    if _kind(found) != "picture":
        return _declined(visit, Declined(why=Decline.GONE))
    case_id, file_id = _named(visit)
    here = PATH.format(case=case_id, file=file_id)
    asked = [("box", f"{box.x:g},{box.y:g},{box.width:g},{box.height:g}") for box in boxes]
    empty = min(EMPTY_BOXES, MOST_BOXES - len(filled))
    return visit.page(
        "letter_redact.html",
        status=400 if wrong else 200,
        letter=found,
        here=here,
        source=f"{here}/content?{urlencode(asked)}" if asked else f"{here}/content",
        fields=[*filled, *[("", "", "", "")] * empty],
        is_preview=bool(boxes),
        wrong=wrong,
    )


def _box(values: Sequence[str]) -> Box | None:
    four = [value.strip() for value in values]
    return Box.read(*four) if len(four) == 4 else None  # noqa: PLR2004  # left, top, width, height


def delete(visit: Visit) -> Response:
    """Throw the file away."""
    case_id, file_id = _named(visit)
    done = throw_away(visit.runtime, visit.user.id, case_id, file_id)
    if isinstance(done, Declined):
        return _declined(visit, done)
    return visit.go(PATH.format(case=case_id, file=file_id), said="letter_deleted")


DOORS = (
    Door(path=PATH, screen=Screen.LETTER, endpoint=letter),
    Door(path=f"{PATH}/content", screen=Screen.LETTER, endpoint=content),
    Door(path=f"{PATH}/redact", screen=Screen.LETTER, endpoint=redacting),
    Door(path=f"{PATH}/redact", screen=Screen.LETTER, endpoint=do_redact, methods=("POST",)),
    Door(path=f"{PATH}/delete", screen=Screen.LETTER, endpoint=delete, methods=("POST",)),
)
