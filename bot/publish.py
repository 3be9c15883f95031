"""
An organisation offers something: it is written down, looked at by a coordinator, published, changed, called off.

An organiser touches only what their own organisation offers; a coordinator touches all of it, and nothing is published
without one. Each of these is one unit of work with the offer held. What was declined changed nothing and says why. Who
signed up for what is off is told by bot/recall.py: it finds them by the state that is left here, and tells each once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.answer import as_actor
from bot.domain.clock import local_day
from bot.domain.languages import SOURCE
from bot.handoff.case import Role
from bot.participation.offers import (
    FURTHEST,
    KINDS,
    SORTS,
    WEEKDAYS,
    State,
    Weekly,
    When,
    is_over,
    may_become,
    moments,
)
from bot.safety.redaction import mask
from bot.store.participation_rows import OfferRow, OfferText

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from bot.handoff.case import Actor
    from bot.knowledge.knowledge import Knowledge
    from bot.participation.writing import Draft
    from bot.runtime import Runtime
    from bot.store.work import Work

LONGEST_TITLE, LONGEST_BODY, LONGEST_PLACE, LONGEST_CONTACT = 120, 2000, 200, 200
LONGEST_REASON, LONGEST_ORGANISATION = 500, 200
AREA = 4  # digits of a postcode
MOST_AGE, MOST_PEOPLE, MOST_CENTS = 120, 10_000, 100_000


class Refusal(StrEnum):
    """Why nothing changed; the console has a sentence for each."""

    NOT_YOUR_ROLE = "not_your_role"
    NO_OFFER = "no_offer"  # unknown, or another organisation's: nobody learns which
    NO_ORGANISATION = "no_organisation"
    NO_TITLE = "no_title"
    NO_TEXT = "no_text"
    TOO_LONG = "too_long"
    NO_KIND = "no_kind"
    NO_MOMENT = "no_moment"  # an activity is at some moment
    NOT_AHEAD = "not_ahead"  # a moment that is past, or further than a year away
    ENDS_BEFORE = "ends_before"
    BAD_AREA = "bad_area"
    BAD_MUNICIPALITY = "bad_municipality"
    BAD_LANGUAGE = "bad_language"
    BAD_TASK = "bad_task"
    BAD_CAPACITY = "bad_capacity"
    BAD_AGE = "bad_age"
    BAD_COST = "bad_cost"
    NO_REASON = "no_reason"  # who is declined may know why
    PUBLISHED = "published"  # newcomers read it: a coordinator changes it
    OVER = "over"  # where it stands, this cannot be done any more
    CALLED_OFF = "called_off"  # they were told that it is not then
    CHANGED = "changed"  # somebody changed it since it was read


Published: TypeAlias = OfferRow | Refusal


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Somebody before an offer that is held, inside a unit of work."""

    runtime: Runtime
    work: Work
    who: Actor
    now: datetime
    offer: OfferRow

    @property
    def moderates(self) -> bool:
        """Whether they decide what newcomers read."""
        return Role.COORDINATOR in self.who.roles


# ---- written down, sent in


def draft(runtime: Runtime, who: str, given: Draft, *, organisation: str = "") -> Published:
    """Write an offer down: an organiser for their own organisation, a coordinator for the one that is named."""

    def attempt(work: Work) -> Published:
        actor = actor_of(work, who)
        if actor is None:
            return Refusal.NOT_YOUR_ROLE
        refused = reason_not_to_write(runtime.knowledge, given, runtime.clock.now())
        if refused is not None:
            return refused
        owner = _whose(runtime, work, actor, organisation)
        if isinstance(owner, Refusal):
            return owner
        return written(work, owner, given, runtime.clock.now(), created_by=who)

    return runtime.database.write(attempt)


def written(work: Work, organisation_id: str, given: Draft, now: datetime, **more: Any) -> OfferRow:
    """Store a new draft of an organisation, of which nothing is wrong, and return it."""
    offer_id = work.offers.add(organisation_id, now=now, **columns(given), **more)
    offer = work.publishing.hold(offer_id)
    assert offer is not None
    if given.contact:
        work.publishing.set_contact(offer, _clean(given.contact))
    return offer


def change(runtime: Runtime, who: str, offer_id: str, given: Draft, *, version: int) -> Published:
    """Write an offer anew. What newcomers read already is changed by a coordinator; its days follow at once."""

    def change_it(scene: Scene) -> Published:
        offer = scene.offer
        # A moment that stood there before may stay, also when it has become past.
        refused = _reason_not_to_rewrite(scene, version) or reason_not_to_write(
            runtime.knowledge, given, scene.now, before=offer
        )
        if refused is not None:
            return refused
        if _was_called_off(scene, given.when):
            return Refusal.CALLED_OFF
        more: dict[str, Any] = {"state": State.DRAFT.value} if offer.state == State.DECLINED else {}
        if given.contact and offer.created_by is None:
            more["created_by"] = who
        return rewritten(scene.work, offer, given, scene.now, **more)

    return _do(runtime, who, offer_id, change_it)


def rewritten(work: Work, offer: OfferRow, given: Draft, now: datetime, **more: Any) -> OfferRow:
    """Store a draft of which nothing is wrong in the place of an offer that is held, and return it."""
    work.publishing.save(offer.id, **columns(given), **more)
    after = _again(work, offer.id)
    if given.contact is not None:
        work.publishing.set_contact(after, _clean(given.contact))
    if after.state == State.PUBLISHED:
        _plan(work, after, now, anew=True)
    return after


def submit(runtime: Runtime, who: str, offer_id: str, *, version: int) -> Published:
    """Have a coordinator look at it."""

    def submit_it(scene: Scene) -> Published:
        refused = _reason_not_to_become(scene, State.SUBMITTED, version) or reason_not_to_offer(scene.offer, scene.now)
        if refused is not None:
            return refused
        return _become(scene, State.SUBMITTED, submitted_at=scene.now, reason=None)

    return _do(runtime, who, offer_id, submit_it)


def withdraw(runtime: Runtime, who: str, offer_id: str, *, version: int) -> Published:
    """Have it be a draft again, that nobody looks at yet."""

    def withdraw_it(scene: Scene) -> Published:
        return _reason_not_to_become(scene, State.DRAFT, version) or _become(scene, State.DRAFT, submitted_at=None)

    return _do(runtime, who, offer_id, withdraw_it)


def translate(  # noqa: PLR0913  # an offer's words, in which language, as read
    runtime: Runtime, who: str, offer_id: str, *, language: str, title: str, body: str, version: int
) -> Published:
    """
    Say an offer in another language, made from the Dutch that stands there; without a title it is taken away.

    Who may change the offer may do this, so that nothing is read that a coordinator did not see. It counts as checked
    by somebody who speaks the language when they do.
    """

    def translate_it(scene: Scene) -> Published:
        offer, user = scene.offer, scene.work.users.get(scene.who.id)
        refused = _reason_not_to_rewrite(scene, version)
        if refused is not None:
            return refused
        if language == SOURCE or language not in runtime.knowledge.content.languages.all:
            return Refusal.BAD_LANGUAGE
        if len(title) > LONGEST_TITLE or len(body) > LONGEST_BODY:
            return Refusal.TOO_LONG
        if not title.strip():
            if body.strip():
                return Refusal.NO_TITLE
            scene.work.publishing.untranslate(offer.id, language)
        else:
            text = OfferText(language=language, title=_clean(title), body=_clean(body), by="person")
            speaks = user is not None and language in user.languages
            scene.work.publishing.translate(offer, text, checked_by=scene.who.id if speaks else None, now=scene.now)
        # Who decides on it has read these words too.
        scene.work.publishing.save(offer.id)
        return _again(scene.work, offer.id)

    return _do(runtime, who, offer_id, translate_it)


# ---- looked at


def approve(runtime: Runtime, who: str, offer_id: str, *, version: int) -> Published:
    """Publish what was sent in, as it was read: from now on newcomers find it."""

    def approve_it(scene: Scene) -> Published:
        refused = (
            _reason_not_to_decide(scene)
            or _reason_not_to_become(scene, State.PUBLISHED, version)
            or reason_not_to_offer(scene.offer, scene.now)
        )
        if refused is not None:
            return refused
        offer = _become(scene, State.PUBLISHED, decided_by=scene.who.id, decided_at=scene.now, reason=None)
        _plan(scene.work, offer, scene.now)
        return offer

    return _do(runtime, who, offer_id, approve_it)


def decline(runtime: Runtime, who: str, offer_id: str, *, version: int, reason: str) -> Published:
    """Give it back with the reason; who wrote it may mend it and send it in again."""

    def decline_it(scene: Scene) -> Published:
        refused = _reason_not_to_decide(scene) or _reason_not_to_become(scene, State.DECLINED, version)
        if refused is not None:
            return refused
        if not reason.strip():
            return Refusal.NO_REASON
        if len(reason) > LONGEST_REASON:
            return Refusal.TOO_LONG
        said = _clean(reason)
        return _become(scene, State.DECLINED, decided_by=scene.who.id, decided_at=scene.now, reason=said)

    return _do(runtime, who, offer_id, decline_it)


# ---- called off


def cancel(runtime: Runtime, who: str, offer_id: str) -> Published:
    """Call all of it off; everybody who signed up for what is still to be is told."""

    def cancel_it(scene: Scene) -> Published:
        if not may_become(scene.offer.state, State.CANCELLED):
            return Refusal.OVER
        for row in scene.work.publishing.occasions(scene.offer.id):
            if row.occasion.state == "planned" and row.occasion.starts_at > scene.now:
                scene.work.publishing.set_occasion(row.occasion.id, "cancelled")
        return _become(scene, State.CANCELLED)

    return _do(runtime, who, offer_id, cancel_it)


def cancel_occasion(runtime: Runtime, who: str, offer_id: str, occasion_id: str) -> Published:
    """Call one time of it off; everybody who signed up for that is told."""

    def cancel_it(scene: Scene) -> Published:
        found = {row.occasion.id: row.occasion for row in scene.work.publishing.occasions(scene.offer.id)}
        occasion = found.get(occasion_id)
        if occasion is None:
            return Refusal.NO_OFFER
        if scene.offer.state != State.PUBLISHED or occasion.state != "planned" or occasion.starts_at <= scene.now:
            return Refusal.OVER
        scene.work.publishing.set_occasion(occasion_id, "cancelled")
        return scene.offer

    return _do(runtime, who, offer_id, cancel_it)


# ---- time goes on


def keep_up(runtime: Runtime) -> int:
    """Make the coming weeks of what comes back, and end what is over; return how many offers ended."""
    now = runtime.clock.now()
    seen, there = runtime.database.read(lambda work: (work.publishing.published(), work.publishing.coming(now)))
    # At nearly every look there is nothing to do: nothing is held for that.
    due = [offer.id for offer in seen if _is_due(offer, there.get(offer.id, frozenset()), now)]
    ended = sum(runtime.database.write(partial(_kept_up, offer_id, now)) for offer_id in due)
    if runtime.database.read(lambda work: work.publishing.are_past(now)):
        runtime.database.write(lambda work: work.publishing.hold_past(now))
    return ended


def _is_due(offer: OfferRow, there: frozenset[datetime], now: datetime) -> bool:
    when = when_of(offer)
    return is_over(when, now) or not there.issuperset(begins for begins, _ in moments(when, now))


def _kept_up(offer_id: str, now: datetime, work: Work) -> int:
    offer = work.publishing.hold(offer_id)
    if offer is None or offer.state != State.PUBLISHED:
        return 0
    if is_over(when_of(offer), now):
        work.publishing.save(offer.id, state=State.ENDED.value)
        return 1
    _plan(work, offer, now)
    return 0


# ---- parts


def when_of(offer: OfferRow) -> When:
    """Return when an offer is."""
    weekly = Weekly.from_json(offer.weekly) if offer.weekly else None
    return When(starts_at=offer.starts_at, ends_at=offer.ends_at, weekly=weekly, expires_on=offer.expires_on)


def columns(given: Draft) -> dict[str, Any]:
    """Return a draft as the store's columns; what looks like the number of a person is not kept."""
    when = given.when
    return {
        "kind": given.kind,
        "sort": given.sort,
        "title": _clean(given.title),
        "body": _clean(given.body),
        "place": _clean(given.place) or None,
        "area": given.area or None,
        "municipality": given.municipality or None,
        "starts_at": when.starts_at,
        "ends_at": when.ends_at,
        "weekly_json": when.weekly.to_json() if when.weekly else None,
        "capacity": given.capacity,
        "languages_json": list(given.languages),
        "age_from": given.age_from,
        "age_to": given.age_to,
        "women_only": given.women_only,
        "childcare": given.childcare,
        "accessible": given.accessible,
        "cost_cents": given.cost_cents,
        "tasks_json": list(given.tasks),
        "expires_on": when.expires_on,
    }


def reason_not_to_write(
    knowledge: Knowledge, given: Draft, now: datetime, *, before: OfferRow | None = None
) -> Refusal | None:
    """Return the first thing that is wrong with a draft; `before` is what stands there now."""
    when = given.when
    was = when_of(before) if before else None
    wrong: tuple[tuple[bool, Refusal], ...] = (
        (given.kind not in KINDS or given.sort not in SORTS, Refusal.NO_KIND),
        (not given.title.strip(), Refusal.NO_TITLE),
        (_is_too_long(given), Refusal.TOO_LONG),
        (not _is_sound(when.weekly), Refusal.NO_MOMENT),
        (when.ends_at is not None and (when.starts_at is None or when.ends_at <= when.starts_at), Refusal.ENDS_BEFORE),
        (_is_before(when), Refusal.ENDS_BEFORE),
        (when != was and not _is_ahead(when, now), Refusal.NOT_AHEAD),
        (bool(given.area) and not _is_area(given.area), Refusal.BAD_AREA),
        (
            bool(given.municipality) and given.municipality not in knowledge.content.municipalities,
            Refusal.BAD_MUNICIPALITY,
        ),
        (not set(given.languages) <= set(knowledge.content.languages.all), Refusal.BAD_LANGUAGE),
        (not set(given.tasks) <= tasks_known(knowledge), Refusal.BAD_TASK),
        (given.capacity is not None and not 1 <= given.capacity <= MOST_PEOPLE, Refusal.BAD_CAPACITY),
        (not _is_age(given.age_from, given.age_to), Refusal.BAD_AGE),
        (given.cost_cents is not None and not 0 <= given.cost_cents <= MOST_CENTS, Refusal.BAD_COST),
    )
    return next((refusal for is_wrong, refusal in wrong if is_wrong), None)


def tasks_known(knowledge: Knowledge) -> frozenset[str]:
    """Return the names of the tasks that an offer may serve."""
    return frozenset(task for template in knowledge.trajectories.values() for task in template.tasks)


def _is_too_long(given: Draft) -> bool:
    return (
        len(given.title) > LONGEST_TITLE
        or len(given.body) > LONGEST_BODY
        or len(given.place) > LONGEST_PLACE
        or len(given.contact or "") > LONGEST_CONTACT
    )


def _is_sound(weekly: Weekly | None) -> bool:
    return weekly is None or weekly.weekday in WEEKDAYS


def _until(when: When) -> date | None:
    return when.weekly.until if when.weekly else None


def _is_before(when: When) -> bool:
    """Return whether it is over before it begins: then nobody would ever find it."""
    weekly = when.weekly
    begins = weekly.since if weekly else local_day(when.starts_at) if when.starts_at else None
    return begins is not None and any(day is not None and day < begins for day in (_until(when), when.expires_on))


def _is_ahead(when: When, now: datetime) -> bool:
    last = local_day(now + FURTHEST)
    days = [day for day in (_until(when), when.expires_on) if day is not None]
    if any(not local_day(now) <= day for day in days):
        return False
    if when.weekly is not None and when.weekly.since is not None and when.weekly.since > last:
        return False
    return when.starts_at is None or now < when.starts_at <= now + FURTHEST


def _is_area(area: str) -> bool:
    return len(area) == AREA and area.isascii() and area.isdigit()


def _is_age(age_from: int | None, age_to: int | None) -> bool:
    given = [age for age in (age_from, age_to) if age is not None]
    return all(0 <= age <= MOST_AGE for age in given) and given == sorted(given)


def actor_of(work: Work, who: str) -> Actor | None:
    """Return who it is when offers are theirs to touch at all."""
    user = work.users.get(who)
    actor = as_actor(user) if user else None
    if actor is None or not actor.active or not actor.roles & {Role.ORGANISER, Role.COORDINATOR}:
        return None
    return actor


def _whose(runtime: Runtime, work: Work, actor: Actor, organisation: str) -> str | Refusal:
    """Return the id of the organisation that a new offer is of; a coordinator may name one that is new."""
    name = whose(work, actor, organisation)
    return name if isinstance(name, Refusal) else work.offers.add_organisation(name, runtime.clock.now())


def whose(work: Work, actor: Actor, organisation: str) -> str | Refusal:
    """Return the name of the organisation for which somebody writes: a coordinator for the one that they name."""
    name = organisation.replace("\x00", "").strip()
    if Role.COORDINATOR in actor.roles and name:
        return Refusal.TOO_LONG if len(name) > LONGEST_ORGANISATION else name
    user = work.users.get(actor.id)
    own = user.organisation_id if user and Role.ORGANISER in actor.roles else None
    return (work.publishing.organisation(own) if own else None) or Refusal.NO_ORGANISATION


def _do(runtime: Runtime, who: str, offer_id: str, act: Callable[[Scene], Published]) -> Published:
    def attempt(work: Work) -> Published:
        actor = actor_of(work, who)
        if actor is None:
            return Refusal.NOT_YOUR_ROLE
        offer = work.publishing.hold(offer_id)
        if offer is None or not may_touch(work, actor, offer):
            return Refusal.NO_OFFER
        return act(Scene(runtime=runtime, work=work, who=actor, now=runtime.clock.now(), offer=offer))

    return runtime.database.write(attempt)


def may_touch(work: Work, who: Actor, offer: OfferRow) -> bool:
    """Return whether an offer is somebody's to see: a coordinator's always, an organiser's of their organisation."""
    if Role.COORDINATOR in who.roles:
        return True
    user = work.users.get(who.id)
    return Role.ORGANISER in who.roles and user is not None and user.organisation_id == offer.organisation_id


def _reason_not_to_decide(scene: Scene) -> Refusal | None:
    return None if scene.moderates else Refusal.NOT_YOUR_ROLE


def _reason_not_to_become(scene: Scene, state: State, version: int) -> Refusal | None:
    if not may_become(scene.offer.state, state):
        return Refusal.OVER
    return None if scene.offer.version == version else Refusal.CHANGED


def reason_not_to_offer(offer: OfferRow, now: datetime) -> Refusal | None:
    """Return what an offer still lacks before newcomers may read it."""
    return lacks(offer.kind, offer.body, when_of(offer), now)


def lacks(kind: str, body: str, when: When, now: datetime) -> Refusal | None:
    """Return what something of this kind that says this, and is then, still lacks before newcomers may read it."""
    if not body.strip():
        return Refusal.NO_TEXT
    if kind == "activity" and when.starts_at is None and when.weekly is None:
        return Refusal.NO_MOMENT
    if is_over(when, now) or (when.starts_at is not None and when.starts_at <= now):
        return Refusal.NOT_AHEAD
    return None


def _become(scene: Scene, state: State, **values: Any) -> OfferRow:
    scene.work.publishing.save(scene.offer.id, state=state.value, **values)
    return _again(scene.work, scene.offer.id)


def _reason_not_to_rewrite(scene: Scene, version: int) -> Refusal | None:
    if scene.offer.version != version:
        return Refusal.CHANGED
    if scene.offer.state == State.PUBLISHED and not scene.moderates:
        return Refusal.PUBLISHED
    return Refusal.OVER if scene.offer.state in {State.CANCELLED, State.ENDED} else None


def _was_called_off(scene: Scene, when: When) -> bool:
    rows = scene.work.publishing.occasions(scene.offer.id) if when.starts_at is not None else []
    return any(row.occasion.state == "cancelled" and row.occasion.starts_at == when.starts_at for row in rows)


def _again(work: Work, offer_id: str) -> OfferRow:
    offer = work.offers.get(offer_id)
    assert offer is not None
    return offer


def _plan(work: Work, offer: OfferRow, now: datetime, *, anew: bool = False) -> None:
    """Have an offer's coming occasions be there; `anew`: what it has no moment for any more is called off."""
    wanted = dict(moments(when_of(offer), now))
    if anew:
        for row in work.publishing.occasions(offer.id):
            occasion = row.occasion
            if occasion.state != "planned" or occasion.starts_at <= now:
                continue
            if occasion.starts_at not in wanted:
                work.publishing.set_occasion(occasion.id, "cancelled")
            elif occasion.ends_at != wanted[occasion.starts_at]:
                work.publishing.set_end(occasion.id, wanted[occasion.starts_at])
    work.publishing.occur(offer.id, wanted.items())


def _clean(text: str) -> str:
    return mask(text.replace("\x00", "").strip()).text
