"""Rasa's side of the bench, run by Rasa's own Python 3.10: one message in on a line, one answer out on a line."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path


def memory() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def _is_guess(one: dict[str, object]) -> bool:
    """Return whether this is an intent, and not Rasa's word for having none."""
    return one["name"] != "nlu_fallback"


async def main(model: str) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # Rasa and TensorFlow print
    from rasa.core.agent import Agent  # noqa: PLC0415  # only now is standard output out of its reach

    agent = Agent.load(model)
    for line in sys.stdin:
        text = json.loads(line)["text"]
        start = time.perf_counter()
        parsed = await agent.parse_message(text)
        seconds = time.perf_counter() - start
        ranking = [guess["name"] for guess in parsed["intent_ranking"]]
        print(
            json.dumps(
                {
                    "seconds": seconds,
                    "intents": [name for name in ranking if name != "nlu_fallback"][:3],
                    "refused": parsed["intent"]["name"] in ("nlu_fallback", "out_of_scope", None),
                    "engine": "rasa",
                    "confidence": next((one["confidence"] for one in parsed["intent_ranking"] if _is_guess(one)), 0.0),
                    "memory": memory(),
                }
            ),
            file=answers,
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
