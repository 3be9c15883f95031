"""What the assistant knows, as `wegwijs doctor` sees it: knowledge, the trained model, translations nobody read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands.doctor_finding import fine, warning, wrong
from bot.knowledge.document import KnowledgeError
from bot.knowledge.exchange import State, Translations, to_translate
from bot.nlu.training import is_trained
from bot.settings import UnknownOrganisationError
from bot.wiring import knowledge_folders, read_knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.commands.doctor_finding import Finding
    from bot.knowledge.knowledge import Knowledge
    from bot.settings import Settings


def known(settings: Settings) -> tuple[Knowledge | None, list[Finding]]:
    """Return what the assistant knows, or None when it cannot be read, with what there is to say of it."""
    try:
        knowledge = read_knowledge(settings)
    except KnowledgeError as error:
        count = len(error.mistakes)
        return None, [wrong("knowledge", f"{count} mistakes: wegwijs serve does not start", "wegwijs check names them")]
    except UnknownOrganisationError as error:
        return None, [wrong("knowledge", str(error), "set WEGWIJS_ORGANISATION to one of these")]
    says = f"{len(knowledge.about)} questions in {len(knowledge.content.languages.all)} languages"
    return knowledge, [fine("knowledge", says)]


def model(settings: Settings, knowledge: Knowledge) -> Iterator[Finding]:
    """Look whether the understanding was trained on what nlu/ says now."""
    if is_trained(knowledge.examples, cache_dir=settings.cache_dir / "nlu", alarming=knowledge.alarming):
        yield fine("model", "the understanding is trained")
    else:
        yield warning(
            "model", "the understanding is not trained yet: the next start takes minutes", "wegwijs train, before that"
        )


def hours(knowledge: Knowledge) -> Iterator[Finding]:
    """Look whether newcomers can be told when somebody is there."""
    organisation = knowledge.organisation
    without = sorted(team.id for team in organisation.teams.values() if team.hours is None)
    if without:
        mend = f"write opening hours in content/organisation/{organisation.id}.yml; is WEGWIJS_ORGANISATION right?"
        yield warning("hours", f"nobody told when {', '.join(without)} is there", mend)
    else:
        yield fine("hours", f"every team of {organisation.id} has opening hours")


def translations(settings: Settings, knowledge: Knowledge) -> Iterator[Finding]:
    """Count what no fluent person has read: what is said to somebody in danger first."""
    found = Translations(knowledge_folders(settings))
    grave = {category.response for category in knowledge.crisis}
    crisis: dict[str, int] = {}
    others: dict[str, int] = {}
    for code in to_translate(found):
        for row in found.rows(code):
            if row.state is not State.CHECKED:
                of = crisis if row.phrase.context in grave else others
                of[code] = of.get(code, 0) + 1
    mend = "have somebody who speaks it read them: wegwijs translations export"
    if crisis:
        yield warning("crisis texts", f"not read by a fluent person: {_listed(crisis)}", f"{mend}; before going live")
    if others:
        yield warning("translations", f"not read by a fluent person: {_listed(others)}", mend)
    if not crisis and not others:
        yield fine("translations", "a fluent person has read every sentence")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(counts.items()))
