"""Privacy: find, hand over, erase what is kept of a person; who looked; for how long; photos of letters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import Response

from bot import oversee
from bot.answer import Declined
from bot.export import as_json, as_page
from bot.forget import Days
from bot.handoff.access import Screen
from bot.handoff.case import Decline, Role
from bot.web.console.door import HEADERS, Door

if TYPE_CHECKING:
    from bot.web.console.door import Visit

HERE = "/desk/privacy"
LOG = f"{HERE}/log"
LONGEST_NUMBER = 9
MOST_PAGES = 10_000


def privacy(visit: Visit) -> Response:
    """Show the screen, with the person of the case that was asked for."""
    return _screen(visit, number=visit.asked("number"))


def _screen(visit: Visit, *, number: str = "", wrong: str = "", status: int = 200, at: str = "") -> Response:
    """Return the screen; `wrong` is what to say beside the part `at`."""
    found = None
    if number:
        known = _number(number)
        answer = oversee.find(visit.runtime, visit.user.id, known) if known is not None else None
        if isinstance(answer, oversee.Found):
            found = answer
        else:
            at, wrong = "find", wrong or _why(visit, answer)
            status = status if status != 200 else 404  # noqa: PLR2004  # as nothing else went wrong before
    return visit.page(
        "privacy.html",
        status=status,
        number=number,
        found=found,
        decided=oversee.decisions(visit.runtime),
        days_of=lambda value: Days.read(value) or Days(),
        may_decide=Role.ADMINISTRATOR in visit.who.roles,
        wrong={at: wrong} if wrong else {},
        given={name: visit.given(name) for name in ("reason", "grounds", "files", "messages", "journal")},
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def _why(visit: Visit, declined: object) -> str:
    """Say why it was not done."""
    if not isinstance(declined, (Declined, Decline)):
        return visit.words("privacy_wrong_number")
    why = declined.why if isinstance(declined, Declined) else declined
    name = f"privacy_declined_{why.value}"
    return visit.words(name if visit.words.has(name) else "privacy_not_done")


def export(visit: Visit) -> Response:
    """Hand over all that is kept, as data or as a page to read; the browser keeps it as a file."""
    number = visit.given("number")
    known = _number(number)
    if known is None:
        return _screen(visit, number=number, status=400)
    kept = oversee.export(visit.runtime, visit.user.id, known, reason=visit.given("reason"))
    if isinstance(kept, Declined):
        return _screen(visit, number=number, wrong=_why(visit, kept), status=400, at="export")
    if visit.given("as") == "json":
        return _as_file(as_json(kept), "application/json", f"wegwijs-{known}.json")
    page = as_page(
        visit.runtime, kept, lambda name: visit.words(f"privacy_{name}"), visit.words.language, partial(_named, visit)
    )
    return _as_file(page, "text/html; charset=utf-8", f"wegwijs-{known}.html")


# By which words of this console a wish's code is called.
_NAMED = {"interests": "matches_interest_{}", "times": "matches_time_{}", "limits": "offers_{}", "seek": "counts_{}"}


def _named(visit: Visit, what: str, value: str) -> str:
    name = _NAMED.get(what, "").format(value)
    return visit.words(name) if visit.words.has(name) else visit.words.languages.get(value, value)


def _as_file(content: bytes, media_type: str, name: str) -> Response:
    headers = {
        **HEADERS,
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


def erase(visit: Visit) -> Response:
    """Erase all that is kept, when the number was typed once more."""
    number = visit.given("number")
    known = _number(number)
    if known is None:
        return _screen(visit, number=number, status=400)
    done = oversee.erase(visit.runtime, visit.user.id, known, typed=visit.given("typed"))
    if isinstance(done, Declined):
        return _screen(visit, number=number, wrong=_why(visit, done), status=400, at="erase")
    return visit.go(HERE, said="privacy_erased")


def decide_retention(visit: Visit) -> Response:
    """Write down for how long things are kept."""
    given = {name: _number(visit.given(name)) for name in ("files", "messages", "journal")}
    days = Days.read(given)
    if days is None:
        return _screen(visit, wrong=visit.words("privacy_days_wrong"), status=400, at="retention")
    declined = oversee.decide_retention(visit.runtime, visit.user.id, days, grounds=visit.given("grounds"))
    return _decided(visit, declined, "retention")


def decide_photos(visit: Visit) -> Response:
    """Write down whether photos of letters are taken."""
    choice = visit.given("photos")
    if choice not in {"allow", "forbid"}:
        return _screen(visit, wrong=visit.words("privacy_not_done"), status=400, at="photos")
    allowed, grounds = choice == "allow", visit.given("grounds")
    declined = oversee.decide_photos(visit.runtime, visit.user.id, allowed=allowed, grounds=grounds)
    return _decided(visit, declined, "photos")


def _decided(visit: Visit, declined: Decline | None, at: str) -> Response:
    if declined is None:
        return visit.go(HERE, said="privacy_decided")
    status = 403 if declined is Decline.NOT_YOUR_ROLE else 400
    return _screen(visit, wrong=_why(visit, declined), status=status, at=at)


def log(visit: Visit) -> Response:
    """Show who looked at what and why, the newest first."""
    number, by = visit.asked("number").strip(), visit.asked("by").strip()
    known = _number(number) if number else None
    page = min(_number(visit.asked("page")) or 0, MOST_PAGES)
    answer: tuple[list[oversee.Look], bool] | Declined = ([], False)
    if known is not None or not number:
        answer = oversee.journal(visit.runtime, visit.user.id, number=known, by=by or None, page=page)
    looks, has_more = ([], False) if isinstance(answer, Declined) else answer
    wrong = visit.words("privacy_wrong_number") if number and known is None else ""

    def at(other: int) -> str:
        asked = {"number": number, "by": by, "page": str(other) if other else ""}
        return f"{LOG}?{urlencode({name: value for name, value in asked.items() if value})}"

    return visit.page(
        "privacy_log.html",
        number=number,
        by=by,
        looks=looks,
        wrong=wrong,
        newer=at(page - 1) if page else "",
        older=at(page + 1) if has_more else "",
    )


DOORS = (
    Door(path=HERE, screen=Screen.PRIVACY, endpoint=privacy),
    Door(path=f"{HERE}/export", screen=Screen.PRIVACY, endpoint=export, methods=("POST",)),
    Door(path=f"{HERE}/erase", screen=Screen.PRIVACY, endpoint=erase, methods=("POST",)),
    Door(path=f"{HERE}/retention", screen=Screen.PRIVACY, endpoint=decide_retention, methods=("POST",)),
    Door(path=f"{HERE}/photos", screen=Screen.PRIVACY, endpoint=decide_photos, methods=("POST",)),
    Door(path=LOG, screen=Screen.PRIVACY, endpoint=log),
)
