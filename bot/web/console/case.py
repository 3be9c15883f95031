"""The case: who asks, what was said, what the bot made of it, and the box in which somebody answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from bot.answer import LONGEST_REPLY, Declined
from bot.handoff import learning
from bot.handoff.access import Screen
from bot.handoff.case import CHOSEN_OUTCOMES, Act, Decline
from bot.handoff.timeline import Delivery, Said, Wrote
from bot.look import CaseFile, open_file, see_outside
from bot.store.tables import PRIORITIES
from bot.web.console.door import HEADERS, Door
from bot.web.console.reply_extras import extras
from bot.web.parts import as_typed, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.handoff.timeline import Item
    from bot.web.console.door import Visit

CASE = "/desk/cases/{case_id}"
# A part that says this is not asked for again by the page's script.
STOP_ASKING = 286
# What a page that refreshes itself tells of what it shows: so many of the last things.
TOLD = 20
# The rung that leaves a message to the team.
BY_A_PERSON = "by_a_person"
FOR_A_PERSON = "talk_to_human"
OUTCOMES = ("answered", "partly_answered", "referred", "no_reply", "handed_back")
assert set(OUTCOMES) == {outcome.value for outcome in CHOSEN_OUTCOMES}


def path_of(visit: Visit) -> str:
    """Return where this case's page is."""
    return CASE.format(case_id=case_id_of(visit))


def case_id_of(visit: Visit) -> str:
    """Return the id of the case that the address names."""
    return str(visit.request.path_params["case_id"])


def why(visit: Visit, declined: Declined) -> str:
    """Return in words why something was not done."""
    who = visit.words("case_somebody")
    if declined.taken_by is not None:
        taken_by = declined.taken_by
        user = visit.runtime.database.read(lambda work: work.users.get(taken_by))
        who = user.pseudonym if user else who
    return visit.words(f"decline_{declined.why.value}", who=who, file=declined.file or "")


# ---- the page


def page(visit: Visit) -> Response:
    """Show the file to who may see it, and the outside of it to their team."""
    # Where something was just done here, this is the same look.
    return show(visit, part=bool(visit.asked("said")), before=_moment(visit.asked("before")))


def show(  # noqa: PLR0913  # by name, what is shown besides the file
    visit: Visit,
    *,
    status: int = 200,
    part: bool = False,
    before: datetime | None = None,
    problem: str = "",
    problem_at: str = "",
    seen: int | None = None,
    otherwise: str | None = None,
    text: str | None = None,
    original: str = "",
) -> Response:
    """
    Return the page of the case: the file, or the outside of it.

    With `problem` something was not done: what was typed stands there again, in the form `problem_at`. `seen` is the
    last message that had been read: what came after it stands above the reply. `otherwise` is the language that the
    reply seems to be in. `text` stands in the box in place of what was typed, `original` is what it was made of.
    """
    typed = {name: value for name, value in visit.form.items() if isinstance(value, str) and name != "token"}
    opened = open_file(visit.runtime, visit.user.id, case_id_of(visit), part=part or bool(problem), before=before)
    around = {"problem": problem, "problem_at": problem_at, "typed": typed, "home": path_of(visit)}
    if isinstance(opened, Declined):
        return _outside(visit, opened, status, around)
    newer = [item for item in opened.items if isinstance(item, Wrote) and seen is not None and item.number > seen]
    chosen = _chosen_language(visit, opened)
    return visit.page(
        "case.html",
        status=status,
        **{**around, **shown(visit, opened)},
        is_earlier=before is not None,
        newer=newer,
        held=[item for item in opened.items if isinstance(item, Said) and item.undo_until and not item.follows],
        chosen_language=chosen,
        languages=_languages(visit, opened),
        otherwise=otherwise,
        text=typed.get("text", opened.draft.text if opened.draft else "") if text is None else text,
        **extras(visit, opened, original or typed.get("original", "")),
        longest=LONGEST_REPLY,
        asked=_asked(opened),
        teams=_teams(visit, opened),
        priorities=[name for name in PRIORITIES if name != opened.case.priority],
        outcomes=OUTCOMES,
        **_questions(visit, opened),
    )


def _outside(visit: Visit, declined: Declined, status: int, around: Mapping[str, Any]) -> Response:
    """Show what the team may know of a case that this person may not open; nothing to anybody else."""
    outside = see_outside(visit.runtime, visit.user.id, case_id_of(visit))
    if isinstance(outside, Declined):
        gone = outside.why is Decline.GONE
        return visit.page("case_shut.html", status=404 if gone else 403, reason=why(visit, outside), **around)
    return visit.page(
        "case_outside.html",
        status=status,
        **around,
        outside=outside,
        case=outside.case,
        window=outside.window,
        Act=Act,
        reason=why(visit, declined) if declined.why is not Decline.NOT_YOURS else "",
        language_name=language_namer(visit),
    )


def shown(visit: Visit, file: CaseFile) -> dict[str, Any]:
    """Return what the page and its part both show of a file."""
    knowledge = visit.runtime.knowledge
    return {
        "file": file,
        "case": file.case,
        "window": file.window,
        "Act": Act,
        "home": path_of(visit),
        "cursor": cursor_of(file).query,
        "parts_of": parts_of,
        "as_typed": as_typed,
        "called": lambda question: learning.called(knowledge, question),
        "language_name": language_namer(visit),
        "team_name": lambda team: (knowledge.organisation.teams[team].name if _is_team(visit, team) else "") or team,
        "translates": visit.runtime.translator is not None,
        "seconds": lambda until: seconds_until(visit, until),
    }


def _is_team(visit: Visit, team: str) -> bool:
    return team in visit.runtime.knowledge.organisation.teams


def language_namer(visit: Visit) -> Any:
    """Return what gives a language its name in the interface's language."""
    names = visit.words.languages
    own = visit.runtime.knowledge.content.languages.all
    return lambda code: names.get(code) or (own[code].name if code in own else code)


def seconds_until(visit: Visit, until: datetime) -> int:
    """Return the whole seconds that are left until a moment."""
    return max(0, -int((visit.now - until) // timedelta(seconds=1)))


def _moment(given: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given) if given else None
    except ValueError:
        raise HTTPException(404) from None
    if moment is not None and moment.tzinfo is None:
        raise HTTPException(404)
    return moment


def _chosen_language(visit: Visit, file: CaseFile) -> str:
    languages = visit.runtime.knowledge.content.languages
    drafted = file.draft.language if file.draft else None
    return languages.known(visit.given("language")) or languages.known(drafted) or file.language


def _languages(visit: Visit, file: CaseFile) -> list[str]:
    """Return the languages a reply can be in, the newcomer's own first."""
    own = [code for code in (file.language, file.second_language) if code]
    return list(dict.fromkeys([*own, *visit.runtime.knowledge.content.languages.all]))


def _asked(file: CaseFile) -> Wrote | None:
    """
    Return the message that tells best what they asked: the last one that the bot took for a question.

    When there is none, the last of which it made anything, its own before those that a person answered.
    """
    heard = [item for item in reversed(file.items) if isinstance(item, Wrote) and item.guesses]
    own = [item for item in heard if item.rung != BY_A_PERSON]
    asked = (item for item in own if item.guesses[0].question not in {None, FOR_A_PERSON})
    return next(asked, next(iter([*own, *heard]), None))


def _teams(visit: Visit, file: CaseFile) -> list[tuple[str, str]]:
    teams = visit.runtime.knowledge.organisation.teams.values()
    return [(team.id, team.name or team.id) for team in teams if team.id != file.case.team]


def _questions(visit: Visit, file: CaseFile) -> dict[str, Any]:
    knowledge = visit.runtime.knowledge
    return {
        "suggestions": learning.suggestions(knowledge, file.case, file.rows),
        "topics": learning.by_topic(knowledge),
    }


# ---- the part that refreshes itself


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """
    What a page shows of a timeline: up to when, the last ids as a digest, and how the last messages fared.

    By it the part that refreshes itself gives only what is new, so that a screen reader reads nothing twice.
    """

    after: str
    shown: str
    states: str

    @property
    def query(self) -> str:
        """The cursor as it stands in an address."""
        return urlencode({"after": self.after, "shown": self.shown, "states": self.states})


def cursor_of(file: CaseFile) -> Cursor:
    """Return what a page shows when it shows all of this."""
    return _cursor(file.items, file.items[-1].at.isoformat() if file.items else "")


def _cursor(items: Sequence[Item], after: str) -> Cursor:
    ids = " ".join(item.id for item in items[-TOLD:])
    return Cursor(
        after=after,
        shown=blake2b(ids.encode(), digest_size=6).hexdigest(),
        states="-".join(state_of(item) for item in _told(items)),
    )


def _told(items: Sequence[Item]) -> list[Item]:
    return [item for item in items[-TOLD:] if isinstance(item, Said | Wrote)]


def state_of(item: Item) -> str:
    """Return what may still change in something that is shown: how a message fared, what became of its files."""
    match item:
        case Said():
            return item.delivery.value
        case Wrote():
            return ".".join(file.state for file in item.files)
        case _:
            return ""


def timeline(visit: Visit) -> Response:
    """Give the open page what is new since it was shown; nothing when nothing is."""
    file = open_file(visit.runtime, visit.user.id, case_id_of(visit), part=True)
    if isinstance(file, Declined):
        html = visit.page("case_gone.html", status=STOP_ASKING, reason=why(visit, file), home=path_of(visit))
        html.headers.update({"hx-retarget": "#case-news", "hx-reswap": "innerHTML"})
        return html
    after = _moment(visit.asked("after"))
    old = [item for item in file.items if after is not None and item.at <= after]
    was = Cursor(after=visit.asked("after"), shown=visit.asked("shown"), states=visit.asked("states"))
    new = file.items[len(old) :]
    now = _cursor(old, was.after)
    if now.shown != was.shown:
        # Something that was shown is gone, or came in between: the whole of it is shown anew.
        page = visit.page("case_timeline.html", **shown(visit, file), new=file.items, changed=(), heard=False)
        page.headers.update({"hx-reswap": "innerHTML"})
        return page
    before = was.states.split("-")
    told = _told(old)
    changed = [item for item, state in zip(told, before, strict=False) if state_of(item) != state]
    if not new and not changed:
        return Response(status_code=204, headers=HEADERS)
    heard = any(isinstance(item, Wrote) for item in new)
    return visit.page("case_timeline.html", **shown(visit, file), new=new, changed=changed, heard=heard)


def held(visit: Visit) -> Response:
    """Say how many seconds are left to take a reply back; when there are none, say that it went."""
    file = open_file(visit.runtime, visit.user.id, case_id_of(visit), part=True)
    reply_id = visit.asked("reply")
    items = () if isinstance(file, Declined) else file.items
    found = next((item for item in items if isinstance(item, Said) and item.id == reply_id), None)
    if found is not None and found.undo_until is not None:
        left = visit.words("case_seconds", count=seconds_until(visit, found.undo_until))
        return HTMLResponse(left, headers=HEADERS)
    gone = found is None or found.delivery is Delivery.DROPPED
    part = visit.page("case_held.html", status=STOP_ASKING, gone=gone)
    part.headers.update({"hx-retarget": "#held", "hx-reswap": "innerHTML"})
    return part


DOORS = (
    Door(path=CASE, screen=Screen.CASE, endpoint=page),
    Door(path=f"{CASE}/timeline", screen=Screen.CASE, endpoint=timeline),
    Door(path=f"{CASE}/held", screen=Screen.CASE, endpoint=held),
)
