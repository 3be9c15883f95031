"""Replies: every text that can be chosen, in every language side by side, and who has read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from bot import prepare
from bot.content.render import PLACEHOLDER
from bot.domain.languages import SOURCE
from bot.domain.words import CANNED, TYPED
from bot.handoff.access import Screen
from bot.web.console.case import language_namer
from bot.web.console.door import HEADERS, Door
from bot.web.console.reply_extras import title
from bot.web.parts import parts_of

if TYPE_CHECKING:
    from bot.handoff.case import Decline
    from bot.prepare import Canned, Version
    from bot.web.console.door import Visit
    from bot.web.parts import Part

REPLIES = "/desk/replies"
LONGEST_SEARCH = 100


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A text as the page shows it; `files` are where an author changes it."""

    canned: Canned
    title: str
    versions: tuple[tuple[Version, tuple[tuple[Part, ...], ...]], ...]
    file: str


def page(visit: Visit) -> Response:
    """Show the texts, those that were searched for, in all languages or in one beside the Dutch."""
    return _show(visit)


def _show(visit: Visit, *, status: int = 200, problem: str = "") -> Response:
    sought = (visit.asked("q") or visit.given("q"))[:LONGEST_SEARCH].strip()
    languages = visit.runtime.knowledge.content.languages
    only = languages.known(visit.asked("language") or visit.given("in")) or ""
    every = prepare.all_of_them(visit.runtime, visit.user.id)
    return visit.page(
        "replies.html",
        status=status,
        problem=problem,
        sought=sought,
        only=only,
        languages=[code for code in languages.all if code != SOURCE],
        language_name=language_namer(visit),
        found=[_shown(visit, one, only) for one in every if _matches(visit, one, sought)],
        known=sorted({place for one in every for place in one.known}),
        typed=[place for place in TYPED if any(place in one.typed for one in every)],
    )


def _matches(visit: Visit, canned: Canned, sought: str) -> bool:
    words = [title(visit, canned.name), *(text for one in canned.versions for text in one.texts or ())]
    return all(any(part in word.casefold() for word in words) for part in sought.casefold().split())


def _shown(visit: Visit, canned: Canned, only: str) -> Shown:
    wanted = {SOURCE, only} if only else {one.language for one in canned.versions}
    return Shown(
        canned=canned,
        title=title(visit, canned.name),
        versions=tuple(
            (one, tuple(parts_of(_labelled(visit, text), one.language) for text in one.texts or ()))
            for one in canned.versions
            if one.language in wanted
        ),
        file=f"content/responses/{canned.topic}.yml",
    )


def _labelled(visit: Visit, text: str) -> str:
    """Return a text with what is filled in named between brackets."""
    return PLACEHOLDER.sub(lambda found: f"[{_label(visit, found[1])}]", text)


def _label(visit: Visit, place: str) -> str:
    name = f"replies_{place}"
    return visit.words(name) if visit.words.has(name) else place


def sign(visit: Visit) -> Response:
    """Write down that a text was read, by somebody who speaks the language."""
    short, language = visit.given("name"), visit.given("language")
    declined = prepare.sign(visit.runtime, visit.user.id, f"{CANNED}{short}", language, digest=visit.given("digest"))
    if declined is not None:
        return _show(visit, status=_status_of(declined), problem=visit.words(f"replies_sign_{declined.value}"))
    query = {"said": "replies_signed", "q": visit.given("q"), "language": visit.given("in")}
    kept = urlencode({name: value for name, value in query.items() if value})
    return RedirectResponse(f"{REPLIES}?{kept}#{short}", 303, headers=HEADERS)


def _status_of(declined: Decline) -> int:
    return {"gone": 404, "changed": 409}.get(declined.value, 403)


DOORS = (
    Door(path=REPLIES, screen=Screen.REPLIES, endpoint=page),
    Door(path=f"{REPLIES}/sign", screen=Screen.REPLIES, endpoint=sign, methods=("POST",)),
)
