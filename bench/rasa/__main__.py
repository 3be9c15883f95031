"""
Rasa Open Source as the engine, beside ours: a table for who has to choose. `make bench-rasa`.

    python -m bench.rasa [--languages nl,en,ar,ti] [--messages 600] [--calibrate FILE]

Both learn the same lines of nlu/data (four of five) and answer the same messages (of the fifth), in turn on one core,
as in bench/understand. Rasa trains by nlu/config.yml; ours takes the encoder's vectors of nlu/vectors/, as every
installation does. A message is *refused* when it is ours and was taken for none of ours, and *caught* when it is none
of ours and was. Throughput is messages a second of one process on that core, one after the other. `--calibrate` writes
what `wegwijs rasa calibrate` reads.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.understand.__main__ import ROOT, Side, as_json, p99, share, split, spread, train_ours, train_rasa
from tests.peers.install import install

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = ROOT / "bench" / "understand" / "our_side.py"
RASA = ROOT / "bench" / "understand" / "rasa_side.py"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rasa")
    parser.add_argument("--cache", type=Path, default=Path(os.environ.get("BENCH_CACHE", ROOT / "var" / "bench")))
    parser.add_argument("--languages", default="nl,en,ar,ti")
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--core", type=int, default=min(os.sched_getaffinity(0)))
    parser.add_argument("--calibrate", type=Path, metavar="FILE")
    asked = parser.parse_args()
    cache = asked.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    python = install("rasa").with_name("python")
    training, messages = split(asked.languages.split(","))
    messages = spread(messages, asked.messages)
    print(f"{len(training)} training lines, {len(messages)} messages, one core; Rasa trains …", flush=True)
    model, rasa_training = train_rasa(python, cache, training, asked.core)
    lines = cache / "lines.json"
    lines.write_text(as_json(training))
    print("ours trains …", flush=True)
    vectors = str(ROOT / "nlu" / "vectors")
    our_training = train_ours(lines, cache / "ours", asked.core, vectors)

    words = [sys.executable, str(OURS), str(lines), str(cache / "ours"), vectors]
    ours, rasa = Side.started(words, asked.core), Side.started([str(python), str(RASA), str(model)], asked.core)
    for message in messages:
        ours.asked(message)
        rasa.asked(message)
    ours.closed()
    rasa.closed()

    rows = [("", "ours", "Rasa 3.6")]
    rows += [(f"right, {language}", f"{a:.1%}", f"{b:.1%}") for language, a, b in by_language(ours, rasa)]
    rows += [
        ("right, all", f"{ours.right():.1%}", f"{rasa.right():.1%}"),
        ("of ours refused", f"{ours.refused():.1%}", f"{rasa.refused():.1%}"),
        ("of others caught", f"{ours.caught():.1%}", f"{rasa.caught():.1%}"),
        ("a message, median", *(f"{statistics.median(side.milliseconds()):.1f} ms" for side in (ours, rasa))),
        ("a message, p99", *(f"{p99(side.milliseconds()):.1f} ms" for side in (ours, rasa))),
        ("messages a second", *(f"{1000 / statistics.mean(side.milliseconds()):.0f}" for side in (ours, rasa))),
        ("memory", f"{ours.memory():.0f} MB", f"{rasa.memory():.0f} MB"),
        ("start to first answer", f"{ours.first_answer:.1f} s", f"{rasa.first_answer:.1f} s"),
        ("training, CPU", f"{our_training.cpu_seconds:.0f} s", f"{rasa_training.cpu_seconds:.0f} s"),
        ("installed", f"{installed(Path(sys.prefix)):.1f} GB", f"{installed(python.parents[1]):.1f} GB"),
    ]
    print("\n".join(table(rows)))
    if asked.calibrate:
        asked.calibrate.write_text("\n".join(guesses(rasa)) + "\n", encoding="utf-8")
    quicker = statistics.median(rasa.milliseconds()) / statistics.median(ours.milliseconds())
    print(f"rasa: ours beside Rasa: right {ours.right() - rasa.right():+.1%}, median {quicker:.2f} times as quick")


def by_language(ours: Side, rasa: Side) -> list[tuple[str, float, float]]:
    """Return for each language what share of the messages that are ours each understood."""
    found = []
    for side in (ours, rasa):
        own: dict[str, list[bool]] = defaultdict(list)
        for message, answer in side.new:
            if message["intent"] != "out_of_scope":
                own[message["language"]].append(message["intent"] in answer["intents"][:1])
        found.append({language: share(right) for language, right in own.items()})
    return [(language, found[0][language], found[1][language]) for language in sorted(found[0])]


def installed(folder: Path) -> float:
    """Return the size of an environment on the disk, in GB."""
    said = subprocess.run(["du", "-sk", str(folder)], capture_output=True, text=True, check=True).stdout
    return int(said.split()[0]) / 1e6


def table(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return the rows as a table of Markdown."""
    head, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return [head, "|---|---|---|", *rest]


def guesses(rasa: Side) -> list[str]:
    """
    Return Rasa's first guess of each message, for a calibration.

    Without those of the files about danger: half of what stands there was written to be mistaken, which says little of
    what a confidence is worth when people write.
    """
    return [
        json.dumps(
            {
                "confidence": round(answer["confidence"], 4),
                "right": message["intent"] != "out_of_scope" and message["intent"] in answer["intents"][:1],
                "ours": message["intent"] != "out_of_scope",
            }
        )
        for message, answer in rasa.new
        if "danger" not in message["file"]
    ]


if __name__ == "__main__":
    main()
