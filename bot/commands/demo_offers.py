"""What an invented organisation offers in the demo: something in every state, with people who signed up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.clock import local_day
from bot.participation.writing import Draft, read
from bot.publish import approve, draft, submit
from bot.store.participation_rows import OfferRow

if TYPE_CHECKING:
    from bot.commands.demo import Stage
    from bot.store.work import Work

MOST_WHO_COME = 3


@dataclass(frozen=True, kw_only=True)
class Idea:
    """An offer of the demo, so many days from now (None: no fixed moment), and how far it is."""

    state: str  # draft, submitted or published
    days: int | None
    fields: dict[str, str]


IDEAS = (
    Idea(
        state="published",
        days=2,
        fields={
            "title": "Taalcafé",
            "sort": "language_cafe",
            "body": "Wij praten Nederlands bij de koffie. Iedereen is welkom. U hoeft niets mee te nemen.",
            "begins": "10:00",
            "ends": "12:00",
            "repeats": "weekly",
            "place": "Demo-buurthuis, Voorbeeldstraat 1",
            "capacity": "2",
            "languages": "nl,ar,ti",
            "cost": "0",
        },
    ),
    Idea(
        state="published",
        days=None,
        fields={
            "title": "Helpen in de tuin",
            "kind": "volunteer",
            "sort": "meeting",
            "body": "Wij werken op dinsdag in de tuin. U leert er Nederlands bij. U hoeft niets te betalen.",
            "place": "Demo-buurthuis, Voorbeeldstraat 1",
            "capacity": "3",
            "languages": "nl",
        },
    ),
    Idea(
        state="submitted",
        days=6,
        fields={
            "title": "Samen koken",
            "sort": "cooking",
            "body": "Wij koken samen. Daarna eten wij samen.",
            "begins": "17:30",
            "ends": "20:00",
            "place": "Demo-buurthuis, Voorbeeldstraat 1",
            "capacity": "8",
            "cost": "2,50",
            "childcare": "ja",
        },
    ),
    Idea(
        state="draft",
        days=9,
        fields={"title": "Wandelen in het park", "sort": "walking", "begins": "09:30"},
    ),
)


def fill(stage: Stage) -> None:
    """Have the organiser offer something, the coordinator publish some of it, and newcomers sign up."""
    stage.go_back(minutes=30)
    runtime, now = stage.runtime, stage.clock.now()
    spoken = runtime.knowledge.content.languages.all
    olga, nora = stage.users["olga"].id, stage.users["nora"].id
    for idea in IDEAS:
        day = "" if idea.days is None else local_day(now + timedelta(days=idea.days)).isoformat()
        given = read({**idea.fields, "day": day})
        assert isinstance(given, Draft)
        given = replace(given, languages=tuple(one for one in given.languages if one in spoken))
        offer = _done(draft(runtime, olga, given))
        if idea.state != "draft":
            offer = _done(submit(runtime, olga, offer.id, version=offer.version))
        if idea.state == "published":
            offer = _done(approve(runtime, nora, offer.id, version=offer.version))
            if idea.days is not None:
                _sign_up(stage, offer)


def _sign_up(stage: Stage, offer: OfferRow) -> None:
    def join(work: Work) -> None:
        first = work.publishing.occasions(offer.id)[0].occasion
        for name in list(stage.addresses)[:MOST_WHO_COME]:
            work.sign_ups.join(first.id, stage.newcomer(name, work), stage.clock.now())

    stage.runtime.database.write(join)


def _done(done: object) -> OfferRow:
    assert isinstance(done, OfferRow), done
    return done
