"""What a turn asks of the world for taking part: offers, wishes, whom somebody looks for, matches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class FindOffers:
    """
    Say what fits the person of what is offered: `what` is `activity` or `volunteer`; the first `after` were shown.

    With `task` it is what serves that task; `question` is what they asked, whose own answer comes where nothing fits.
    Only the world knows what is offered, so this effect and those below say
    themselves how it went.
    """

    what: str = "activity"
    after: int = 0
    task: str | None = None
    question: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeadToOffers:
    """Have what is said next lead to what is offered for the person's open tasks that this question explains."""

    question: str


@dataclass(frozen=True, kw_only=True)
class ShowOffer:
    """Say all about one offer, at one of its occasions or (without a moment) by its own id."""

    id: str


@dataclass(frozen=True, kw_only=True)
class JoinOffer:
    """The person wants to be there on this occasion."""

    occasion: str


@dataclass(frozen=True, kw_only=True)
class LeaveOffer:
    """The person does not come after all."""

    occasion: str


@dataclass(frozen=True, kw_only=True)
class WantOffer:
    """The person wants something that has no moment: a person of the team brings them together."""

    offer: str


@dataclass(frozen=True, kw_only=True)
class ShowSignUps:
    """Say for what the person signed up."""


@dataclass(frozen=True, kw_only=True)
class SayHowItWas:
    """The person says how an occasion was: `good`, `bad`, or that they were `not_there`; without it, it is asked."""

    occasion: str = ""
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class ShowWishes:
    """Say what the person told of their wishes."""


@dataclass(frozen=True, kw_only=True)
class AskWish:
    """Ask one thing for the wishes; `go_on`: the others follow."""

    name: str
    go_on: bool = False


@dataclass(frozen=True, kw_only=True)
class TellWish:
    """What the person told of their wishes, None when they passed it over."""

    name: str
    value: str | None = field(repr=False)
    go_on: bool = False


@dataclass(frozen=True, kw_only=True)
class DropWishes:
    """Forget all that the person told of their wishes, and look for nobody any more."""


@dataclass(frozen=True, kw_only=True)
class SetWeek:
    """Whether the person wants a message each week with what fits them."""

    on: bool


@dataclass(frozen=True, kw_only=True)
class AskSeeking:
    """Ask whether the person looks for a buddy, wants to be one, or has something to offer."""


@dataclass(frozen=True, kw_only=True)
class Seek:
    """The person looks for this kind, or offers it; in which words they say it is asked."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class TellSeeking:
    """In which words the person says what they look for or offer; None when they passed it over."""

    kind: str
    words: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StopSeeking:
    """The person looks for nobody any more."""


@dataclass(frozen=True, kw_only=True)
class AnswerMatch:
    """The person says of a match: yes, no, well, not_well, or that it ends (end)."""

    match: str
    said: str


@dataclass(frozen=True, kw_only=True)
class TellName:
    """By which first name the person wants to be known to whom they are put together with."""

    match: str
    name: str = field(repr=False)


TakingPart: TypeAlias = (
    FindOffers
    | LeadToOffers
    | ShowOffer
    | JoinOffer
    | LeaveOffer
    | WantOffer
    | ShowSignUps
    | SayHowItWas
    | ShowWishes
    | AskWish
    | TellWish
    | DropWishes
    | SetWeek
    | AskSeeking
    | Seek
    | TellSeeking
    | StopSeeking
    | AnswerMatch
    | TellName
)
