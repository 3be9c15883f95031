"""What the lists of the desk call things: languages, topics, states, channels, teams, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.handoff.organisation import Team
    from bot.web.console.door import Visit
    from bot.web.console.words import Words


@dataclass(frozen=True, kw_only=True)
class Names:
    """`names.topic("housing")`; what has no words goes by its own name."""

    words: Words
    teams: Mapping[str, Team]

    def language(self, code: str | None) -> str:
        """Return what a language is called."""
        if not code:
            return self.words("queue_language_unknown")
        return str(self.words.languages.get(code, code))

    def topic(self, topic: str | None) -> str:
        """Return what a topic is called."""
        return self._named("queue_topic", topic or "none")

    def state(self, state: str) -> str:
        """Return where a case stands."""
        return self._named("queue_state", state)

    def priority(self, priority: str) -> str:
        """Return how soon a person must look."""
        return self._named("queue_priority", priority)

    def channel(self, channel: str) -> str:
        """Return what a messenger is called."""
        return self._named("queue_channel", channel)

    def role(self, role: str) -> str:
        """Return what a role is called."""
        return self._named("team_role", role)

    def team(self, team: str) -> str:
        """Return what a team is called."""
        known = self.teams.get(team)
        return known.name if known and known.name else team

    def _named(self, group: str, name: str) -> str:
        full = f"{group}_{name}"
        return self.words(full) if self.words.has(full) else name


def names_for(visit: Visit) -> Names:
    """Return the names for whoever visits."""
    return Names(words=visit.words, teams=visit.runtime.knowledge.organisation.teams)
