"""Our side of the bench: one message in on a line, one answer out on a line."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bot.nlu.training import Example, load_or_train


def memory() -> int:
    """Return what this process and the encoder's keep in memory, shared pages counted once."""
    total = 0
    for process in (Path("/proc/self"), *_children()):
        rollup = (process / "smaps_rollup").read_text()
        total += next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def _children() -> list[Path]:
    tasks = Path("/proc/self/task").iterdir()
    pids = [pid for task in tasks for pid in (task / "children").read_text().split()]
    return [Path("/proc") / pid for pid in pids]


def main(lines: str, cache: str, vectors: str = "") -> None:
    """Train on the lines; with a folder of `vectors` the encoder is not asked about lines that it has."""
    examples = [Example(**line) for line in json.loads(Path(lines).read_text())]
    shipped = sorted(Path(vectors).glob("*.npz")) if vectors else []
    understander = load_or_train(examples, cache_dir=Path(cache), shipped=shipped)
    understander.warm()
    for line in sys.stdin:
        message = json.loads(line)
        start = time.perf_counter()
        understood = understander.understand(message["text"], language=message["language"])
        seconds = time.perf_counter() - start
        answer = {
            "seconds": seconds,
            "intents": [guess.name for guess in understood.intents],
            "refused": understood.out_of_scope,
            "engine": understood.engine,
            "memory": memory(),
        }
        print(json.dumps(answer), flush=True)
    understander.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
