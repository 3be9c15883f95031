"""`/desk/offers`: what organisations offer is written down, looked at, published, called off. Numbers, never names."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot import publish
from bot.browse import LISTS, ON_A_PAGE, my_offers, open_offer, tasks_by_name
from bot.domain.languages import SOURCE
from bot.handoff.access import Screen
from bot.participation.offers import KINDS, SORTS
from bot.participation.writing import FIELDS, Misread, as_written, read
from bot.publish import Refusal
from bot.web.console.door import Door
from bot.web.console.lists import names_for

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.browse import Opened
    from bot.publish import Published
    from bot.web.console.door import Visit

OFFERS = "/desk/offers"
OFFER = f"{OFFERS}/{{offer}}"
STATUS = {Refusal.NOT_YOUR_ROLE: 403, Refusal.NO_OFFER: 404, Refusal.OVER: 409, Refusal.CHANGED: 409}
# Beside which field the sentence of a refusal stands; the others stand above the form.
BESIDE = {
    Refusal.NO_ORGANISATION: "organisation",
    Refusal.NO_TITLE: "title",
    Refusal.NO_TEXT: "body",
    Refusal.NO_MOMENT: "day",
    Refusal.NOT_AHEAD: "day",
    Refusal.CALLED_OFF: "day",
    Refusal.ENDS_BEFORE: "until",
    Refusal.BAD_AREA: "area",
    Refusal.BAD_CAPACITY: "capacity",
    Refusal.BAD_AGE: "age_from",
    Refusal.BAD_COST: "cost",
    Refusal.NO_REASON: "reason",
}
SEVERAL = ("languages", "tasks")
_MOST_DIGITS = 9


# ---- all of them


def show(visit: Visit) -> Response:
    """Show what there is, by where it stands; where a list is long, it has pages of its own."""
    only = visit.asked("list") if visit.asked("list") in LISTS else None
    page = _number(visit.asked("page")) or 0 if only else 0
    shelf = my_offers(visit.runtime, visit.user.id, only, page)
    if isinstance(shelf, Refusal):
        return visit.problem(403)
    return visit.page("offers.html", shelf=shelf, only=only, page=page, size=ON_A_PAGE)


# ---- written down


def ask(visit: Visit, *, wrong: Refusal | Misread | None = None) -> Response:
    """Show the form for a new one; what was filled in stands there again."""
    shelf = my_offers(visit.runtime, visit.user.id)
    if isinstance(shelf, Refusal):
        return visit.problem(403)
    return _form(
        visit,
        _given(visit),
        wrong,
        home=OFFERS,
        offer=None,
        organisation=visit.given("organisation") or shelf.own or "",
        organisations=shelf.organisations,
        moderates=shelf.moderates,
    )


def write(visit: Visit) -> Response:
    """Write a new one down."""
    given = read(_given(visit))
    if isinstance(given, Misread):
        return ask(visit, wrong=given)
    done = publish.draft(visit.runtime, visit.user.id, given, organisation=visit.given("organisation"))
    return ask(visit, wrong=done) if isinstance(done, Refusal) else visit.go(f"{OFFERS}/{done.id}", said="offer_kept")


def ask_again(visit: Visit, *, wrong: Refusal | Misread | None = None) -> Response:
    """Show the form with what stands there now, or what was filled in."""
    found = open_offer(visit.runtime, visit.user.id, _id(visit))
    if isinstance(found, Refusal):
        return visit.problem(STATUS[found])
    if "change" not in found.may:
        return _one(visit, found, Refusal.PUBLISHED if found.offer.state == "published" else Refusal.OVER)
    kept = {**asdict(found.offer), "contact": found.contact}
    return _form(
        visit,
        _given(visit) if wrong else as_written(kept, found.when),
        wrong,
        home=f"{OFFERS}/{found.offer.id}/change",
        offer=found.offer,
        organisation=found.offer.organisation,
        organisations=(),
        moderates=found.moderates,
    )


def rewrite(visit: Visit) -> Response:
    """Write it anew."""
    given = read(_given(visit))
    if isinstance(given, Misread):
        return ask_again(visit, wrong=given)
    done = publish.change(visit.runtime, visit.user.id, _id(visit), given, version=_version(visit))
    if done in {Refusal.OVER, Refusal.CHANGED, Refusal.PUBLISHED, Refusal.NO_OFFER}:
        return _onward(visit, done, "")
    return ask_again(visit, wrong=done) if isinstance(done, Refusal) else _onward(visit, done, "offer_kept")


def _given(visit: Visit) -> dict[str, str]:
    given = {name: visit.given(name) for name in FIELDS}
    return {**given, **{name: ",".join(visit.chosen(name)) for name in SEVERAL}}


def _form(visit: Visit, typed: dict[str, str], wrong: Refusal | Misread | None, **values: Any) -> Response:
    knowledge = visit.runtime.knowledge
    named = {"problem": "", "wrong": {}}
    if wrong is not None:
        why, beside = (wrong.why, wrong.field) if isinstance(wrong, Misread) else (wrong, BESIDE.get(wrong, ""))
        text = visit.words(f"offers_wrong_{why.value}")
        named = {"problem": "" if beside else text, "wrong": {beside: text} if beside else {}}
    return visit.page(
        "offer_form.html",
        status=200 if wrong is None else STATUS.get(wrong, 422) if isinstance(wrong, Refusal) else 422,
        typed=typed,
        kinds=KINDS,
        sorts=SORTS,
        languages=knowledge.content.languages.all,
        spoken=typed.get("languages", "").split(","),
        served=typed.get("tasks", "").split(","),
        tasks=tasks_by_name(visit.runtime),
        municipalities={one: place.name for one, place in sorted(knowledge.content.municipalities.items())},
        **named,
        **values,
    )


# ---- one of them


def open_one(visit: Visit, *, wrong: Refusal | None = None) -> Response:
    """Show one: what newcomers read, where it stands, its times in numbers."""
    found = open_offer(visit.runtime, visit.user.id, _id(visit))
    return visit.problem(STATUS[found]) if isinstance(found, Refusal) else _one(visit, found, wrong)


def _one(visit: Visit, found: Opened, wrong: Refusal | None) -> Response:
    places = visit.runtime.knowledge.content.municipalities
    town = places.get(found.offer.municipality or "")
    tasks = tasks_by_name(visit.runtime) if found.offer.tasks else {}
    return visit.page(
        "offer.html",
        status=STATUS.get(wrong, 422) if wrong else 200,
        found=found,
        town=town.name if town else found.offer.municipality or "",
        serves=[tasks.get(task, task) for task in found.offer.tasks],
        names=names_for(visit),
        languages={code: one for code, one in visit.runtime.knowledge.content.languages.all.items() if code != SOURCE},
        problem=visit.words(f"offers_wrong_{wrong.value}") if wrong else "",
        reason=visit.given("reason"),
    )


def translate(visit: Visit) -> Response:
    """Say it in another language."""
    done = publish.translate(
        visit.runtime,
        visit.user.id,
        _id(visit),
        language=visit.given("language"),
        title=visit.given("title"),
        body=visit.given("body").replace("\r\n", "\n"),
        version=_version(visit),
    )
    return _onward(visit, done, "offer_kept")


def submit(visit: Visit) -> Response:
    """Send it in."""
    done = publish.submit(visit.runtime, visit.user.id, _id(visit), version=_version(visit))
    return _onward(visit, done, "offer_submitted")


def withdraw(visit: Visit) -> Response:
    """Take it back before it was looked at."""
    done = publish.withdraw(visit.runtime, visit.user.id, _id(visit), version=_version(visit))
    return _onward(visit, done, "offer_withdrawn")


def approve(visit: Visit) -> Response:
    """Publish it."""
    done = publish.approve(visit.runtime, visit.user.id, _id(visit), version=_version(visit))
    return _onward(visit, done, "offer_published")


def decline(visit: Visit) -> Response:
    """Give it back with the reason."""
    given = visit.given("reason")
    done = publish.decline(visit.runtime, visit.user.id, _id(visit), version=_version(visit), reason=given)
    return _onward(visit, done, "offer_declined")


def cancel(visit: Visit) -> Response:
    """Call all of it off."""
    return _onward(visit, publish.cancel(visit.runtime, visit.user.id, _id(visit)), "offer_cancelled")


def cancel_occasion(visit: Visit) -> Response:
    """Call one time of it off."""
    occasion = str(visit.request.path_params["occasion"])
    done = publish.cancel_occasion(visit.runtime, visit.user.id, _id(visit), occasion)
    return _onward(visit, done, "offer_occasion_cancelled")


def _onward(visit: Visit, done: Published, said: str) -> Response:
    if isinstance(done, Refusal):
        return visit.problem(403) if done is Refusal.NOT_YOUR_ROLE else open_one(visit, wrong=done)
    return visit.go(f"{OFFERS}/{done.id}", said=said)


def _id(visit: Visit) -> str:
    return str(visit.request.path_params["offer"])


def _version(visit: Visit) -> int:
    """Return the version that the form was made of; -1, which no offer has, when it is none."""
    given = _number(visit.given("version"))
    return -1 if given is None else given


def _number(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS else None


_POST = ("POST",)
DOORS = (
    Door(path=OFFERS, screen=Screen.OFFERS, endpoint=show),
    Door(path=OFFERS, screen=Screen.OFFERS, endpoint=write, methods=_POST),
    Door(path=f"{OFFERS}/new", screen=Screen.OFFERS, endpoint=ask),
    Door(path=OFFER, screen=Screen.OFFERS, endpoint=open_one),
    Door(path=f"{OFFER}/change", screen=Screen.OFFERS, endpoint=ask_again),
    Door(path=f"{OFFER}/change", screen=Screen.OFFERS, endpoint=rewrite, methods=_POST),
    Door(path=f"{OFFER}/texts", screen=Screen.OFFERS, endpoint=translate, methods=_POST),
    Door(path=f"{OFFER}/submit", screen=Screen.OFFERS, endpoint=submit, methods=_POST),
    Door(path=f"{OFFER}/withdraw", screen=Screen.OFFERS, endpoint=withdraw, methods=_POST),
    Door(path=f"{OFFER}/approve", screen=Screen.OFFERS, endpoint=approve, methods=_POST),
    Door(path=f"{OFFER}/decline", screen=Screen.OFFERS, endpoint=decline, methods=_POST),
    Door(path=f"{OFFER}/cancel", screen=Screen.OFFERS, endpoint=cancel, methods=_POST),
    Door(path=f"{OFFER}/times/{{occasion}}/cancel", screen=Screen.OFFERS, endpoint=cancel_occasion, methods=_POST),
)
