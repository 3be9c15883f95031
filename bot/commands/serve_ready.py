"""Whether this process may be given work: what /readyz says to a load balancer, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.rasa import WithRasa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.engine import Engine
    from bot.runtime import Runtime

# The sweep comes every two seconds, and says so in the middle of long work too; only rewriting a large file is longer.
SWEPT_WITHIN_SECONDS = 180.0


class Readiness:
    """
    Looks whether all that a message needs is there. `draining` is set once the process was told to stop.

    `engine` is the one that sweeps in this process; where many processes share the work another one may sweep.
    The understanding needs no look: nothing is served before it was read. Without its encoder, or without the Rasa that
    it was given, it still answers; that Rasa is away is told, and keeps nobody out.
    """

    def __init__(self, runtime: Runtime, engine: Engine | None = None) -> None:
        self._runtime = runtime
        self.engine = engine
        self.draining = False

    def report(self) -> Mapping[str, Any]:
        """Return `ok`, the reasons where it is false, and `rasa` where that is away: words of ours, of no error."""
        reasons = list(self._reasons())
        ear = self._runtime.understander
        is_without = isinstance(ear, WithRasa) and ear.is_away
        return {
            "ok": not reasons,
            **({"reasons": reasons} if reasons else {}),
            **({"rasa": "away"} if is_without else {}),
        }

    def _reasons(self) -> Iterator[str]:
        if self.draining:
            yield "draining"
        try:
            if not self._runtime.database.schema().fits:
                yield "schema_differs"
        except Exception:  # noqa: BLE001  # whatever it is, it cannot be used now
            yield "database_away"
        since = self.engine.seconds_since_sweep if self.engine is not None else None
        if since is not None and since > SWEPT_WITHIN_SECONDS:
            yield "sweep_late"
