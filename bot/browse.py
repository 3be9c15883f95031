"""
Somebody at the desk sees offers: an organiser those of their organisation, a coordinator all.

Of who signed up they see how many, never who.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.languages import SOURCE
from bot.handoff.case import Role
from bot.participation.offers import State, may_become
from bot.publish import Refusal, actor_of, may_touch, tasks_known, when_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.participation.offers import When
    from bot.runtime import Runtime
    from bot.store.participation_rows import CountedRow, OfferRow, OrganisationRow, TranslatedRow
    from bot.store.work import Work

# The lists of the page, in its order, and which states stand in each.
LISTS: Mapping[str, tuple[State, ...]] = {
    "waiting": (State.SUBMITTED,),
    "shown": (State.PUBLISHED,),
    "written": (State.DRAFT, State.DECLINED),
    "past": (State.CANCELLED, State.ENDED),
}
# So many of each list stand on the page, and so many when one list is asked for by itself.
AT_FIRST, ON_A_PAGE = 20, 50


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An offer in a list."""

    offer: OfferRow
    when: When


@dataclass(frozen=True, kw_only=True)
class Some:
    """A part of a list, from the one of this number on (0 is the first), and how many there are in all."""

    rows: tuple[Listed, ...]
    skipped: int
    total: int

    @property
    def is_more(self) -> bool:
        """Whether the list goes on."""
        return self.skipped + len(self.rows) < self.total


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """
    What somebody sees of all that is offered, by the names of `LISTS`, the newest first.

    What waits for a coordinator to decide on is in the order in which it came. `own` is the organisation of an
    organiser; a coordinator writes for any of `organisations`.
    """

    lists: Mapping[str, Some]
    own: str | None
    moderates: bool
    organisations: tuple[OrganisationRow, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return not any(one.total for one in self.lists.values())


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One offer with its times in numbers, how to reach who made it, and what who looks may do."""

    offer: OfferRow
    when: When
    coming: tuple[CountedRow, ...]
    past: tuple[CountedRow, ...]
    texts: Mapping[str, TranslatedRow]
    may: frozenset[str]
    moderates: bool
    contact: str = field(repr=False)


def my_offers(runtime: Runtime, user_id: str, only: str | None = None, page: int = 0) -> Shelf | Refusal:
    """Return what somebody sees of what is offered: of each list the first, or one page of `only` that list."""

    def look(work: Work) -> Shelf | Refusal:
        actor = actor_of(work, user_id)
        if actor is None:
            return Refusal.NOT_YOUR_ROLE
        moderates = Role.COORDINATOR in actor.roles
        user = work.users.get(user_id)
        own = user.organisation_id if user and Role.ORGANISER in actor.roles else None
        # An organiser without an organisation sees nothing, and surely not everything.
        whose = None if moderates else own or ""
        numbers = work.publishing.by_state(whose)
        size = AT_FIRST if only is None else ON_A_PAGE

        def some(name: str) -> Some:
            states, skip = LISTS[name], page * size
            first = moderates and name == "waiting"
            rows = work.publishing.all(whose, size, states=states, skip=skip, oldest_first=first)
            listed = tuple(Listed(offer=row, when=when_of(row)) for row in rows)
            return Some(rows=listed, skipped=skip, total=sum(numbers.get(state, 0) for state in states))

        return Shelf(
            lists={name: some(name) for name in LISTS if only in {None, name}},
            own=work.publishing.organisation(own) if own else None,
            moderates=moderates,
            organisations=tuple(work.publishing.organisations()) if moderates else (),
        )

    return runtime.database.read(look)


def open_offer(runtime: Runtime, user_id: str, offer_id: str) -> Opened | Refusal:
    """Return one offer, with its times in numbers."""
    now = runtime.clock.now()

    def look(work: Work) -> Opened | Refusal:
        actor = actor_of(work, user_id)
        offer = work.offers.get(offer_id)
        if actor is None:
            return Refusal.NOT_YOUR_ROLE
        if offer is None or not may_touch(work, actor, offer):
            return Refusal.NO_OFFER
        rows = work.publishing.occasions(offer_id)
        moderates = Role.COORDINATOR in actor.roles
        return Opened(
            offer=offer,
            when=when_of(offer),
            coming=tuple(row for row in rows if row.occasion.starts_at > now),
            past=tuple(row for row in reversed(rows) if row.occasion.starts_at <= now),
            texts={row.text.language: row for row in work.publishing.texts(offer)},
            may=_may(offer, moderates=moderates),
            moderates=moderates,
            contact=work.publishing.contact(offer),
        )

    return runtime.database.read(look)


def tasks_by_name(runtime: Runtime) -> dict[str, str]:
    """Return the tasks of trajectories that an offer may serve, with what they are called in Dutch, by that."""
    known = runtime.knowledge.content.responses
    titles = {
        task: runtime.renderer.words(name, SOURCE) if (name := f"utter_task_{task}") in known else task
        for task in tasks_known(runtime.knowledge)
    }
    return dict(sorted(titles.items(), key=lambda one: one[1]))


def _may(offer: OfferRow, *, moderates: bool) -> frozenset[str]:
    state = State(offer.state)
    acts = {
        "change": state not in {State.CANCELLED, State.ENDED} and (moderates or state is not State.PUBLISHED),
        "submit": may_become(state, State.SUBMITTED),
        "withdraw": state is State.SUBMITTED,
        "decide": state is State.SUBMITTED and moderates,
        "cancel": may_become(state, State.CANCELLED),
    }
    return frozenset(act for act, may in acts.items() if may)
