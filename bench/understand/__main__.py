"""
Our understanding beside Rasa Open Source 3.6.21: the same training lines, the same messages, the same core.

    python -m bench.understand [--cache var/bench] [--languages nl,en,ar,ti] [--messages 400]

Every fifth example of each intent and language is kept out of training and becomes a message. The two sides answer
in turn, message by message, so that what else the machine does slows both. Rasa trains by nlu/config.yml. The first run
installs Rasa (2.7 GB) in an environment of its own; that needs Python 3.10 (on PATH or from pyenv) and PyPI.
Accuracy is on authors' own lines, so compare the two, not either with the world.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.peers.install import install

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
Line = dict[str, str]


def main() -> None:
    asked = _arguments()
    cache = asked.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    python = install("rasa").with_name("python")
    training, messages = split(asked.languages.split(","))
    messages = spread(messages, asked.messages)
    print(f"{len(training)} training lines, {len(messages)} messages, core {asked.core}")

    model, rasa_training = train_rasa(python, cache, training, asked.core)
    lines = cache / "lines.json"
    lines.write_text(as_json(training))
    our_training = train_ours(lines, cache / "ours", asked.core)

    ours = Side.started([sys.executable, str(HERE / "our_side.py"), str(lines), str(cache / "ours")], asked.core)
    rasa = Side.started([str(python), str(HERE / "rasa_side.py"), str(model)], asked.core)
    for message in messages:
        ours.asked(message)
        rasa.asked(message)
    again = len(messages) // 2
    for message in messages[:again]:
        ours.asked(message, repeated=True)
        rasa.asked(message, repeated=True)
    ours.closed()
    rasa.closed()
    for name, side in (("ours", ours), ("rasa", rasa)):
        print(f"{name}: {side.summary()}")
    print(verdict(ours, rasa, our_training, rasa_training))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.understand")
    parser.add_argument("--cache", type=Path, default=Path(os.environ.get("BENCH_CACHE", ROOT / "var" / "bench")))
    parser.add_argument("--languages", default="nl,en,ar,ti")
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--core", type=int, default=min(os.sched_getaffinity(0)))
    return parser.parse_args()


def split(languages: list[str]) -> tuple[list[Line], list[Line]]:
    """
    Return the training lines and the messages: every fifth example of each intent and language.

    A line's `file` is the one of nlu/data/<language>/ that it stands in.
    """
    piles: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for language in languages:
        for file in sorted((ROOT / "nlu" / "data" / language).glob("*.yml")):
            for item in yaml.safe_load(file.read_text("utf-8"))["nlu"]:
                for example in item["examples"].splitlines() if "intent" in item else ():
                    line = {"text": example.removeprefix("- "), "intent": item["intent"], "language": language}
                    line["file"] = file.stem
                    piles[item["intent"], language].append(line)
    training = [line for pile in piles.values() for place, line in enumerate(pile) if place % 5 != 4]
    messages = [line for pile in piles.values() for place, line in enumerate(pile) if place % 5 == 4]
    return training, messages


def as_json(lines: list[Line]) -> str:
    """Return the lines as our side reads them."""
    return json.dumps(
        [{key: line[key] for key in ("text", "intent", "language")} for line in lines], ensure_ascii=False
    )


def spread(messages: list[Line], most: int) -> list[Line]:
    """Return at most so many messages, evenly from all of them, in an order that mixes languages and intents."""
    mixed = sorted(messages, key=lambda line: hashlib.sha256(line["text"].encode()).digest())
    return mixed[:most]


@dataclass(frozen=True, kw_only=True)
class Training:
    seconds: float
    cpu_seconds: float


def train_rasa(python: Path, cache: Path, lines: list[Line], core: int) -> tuple[Path, Training]:
    """Return Rasa's model of these lines and what training it took, from an earlier run where nothing changed."""
    pipeline = yaml.safe_load((ROOT / "nlu" / "config.yml").read_text("utf-8"))
    by_intent: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        by_intent[line["intent"]].append(f"- {line['text']}")
    nlu = {
        "version": "3.1",
        "nlu": [{"intent": intent, "examples": "\n".join(own)} for intent, own in by_intent.items()],
    }
    texts = [yaml.safe_dump(each, allow_unicode=True, width=10_000) for each in (nlu, pipeline)]
    folder = cache / f"rasa-{hashlib.sha256(''.join(texts).encode()).hexdigest()[:12]}"
    model = folder / "models" / "bench.tar.gz"
    took = folder / "took.json"
    if not took.exists():
        folder.mkdir(exist_ok=True)
        (folder / "nlu.yml").write_text(texts[0], "utf-8")
        (folder / "config.yml").write_text(texts[1], "utf-8")
        command = [str(python), "-m", "rasa", "train", "nlu", "--nlu", "nlu.yml", "--config", "config.yml"]
        command += ["--out", "models", "--fixed-model-name", "bench"]
        training = timed(command, core, folder / "training.log", cwd=folder)
        took.write_text(json.dumps(vars(training)))
    return model, Training(**json.loads(took.read_text()))


def train_ours(lines: Path, cache: Path, core: int, *more: str) -> Training:
    """Return what training from nothing takes on one core; the vectors of earlier runs are thrown away."""
    shutil.rmtree(cache, ignore_errors=True)
    command = [sys.executable, str(HERE / "our_side.py"), str(lines), str(cache), *more]
    return timed(command, core, lines.with_suffix(".log"))


def timed(command: list[str], core: int, log: Path, cwd: Path = ROOT) -> Training:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as written:
        done = subprocess.run(
            ["taskset", "-c", str(core), *command],
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} … ended with {done.returncode}; see {log}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Training(seconds=time.perf_counter() - start, cpu_seconds=cpu)


def environment() -> dict[str, str]:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    one = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return os.environ | quiet | one | {"PYTHONPATH": str(ROOT)}


@dataclass(kw_only=True)
class Side:
    """One engine in its own process on the core, and what it answered."""

    process: subprocess.Popen[str]
    start: float
    first_answer: float = 0.0
    new: list[tuple[Line, dict[str, Any]]] = field(default_factory=list)
    repeats: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def started(cls, command: list[str], core: int) -> Side:
        """Return the engine when it has answered its first message, which is not counted."""
        start = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        side = cls(process=process, start=start)
        side._ask({"text": "waar kan ik hier ergens een fiets kopen", "language": "nl"})
        side.first_answer = time.perf_counter() - start
        return side

    def asked(self, message: Line, *, repeated: bool = False) -> None:
        answer = self._ask(message)
        if repeated:
            self.repeats.append(answer)
        else:
            self.new.append((message, answer))

    def closed(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def _ask(self, message: Line) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def milliseconds(self, *, repeated: bool = False) -> list[float]:
        answers = self.repeats if repeated else [answer for _, answer in self.new]
        return [answer["seconds"] * 1000 for answer in answers]

    def memory(self) -> float:
        """Return the most memory it had, in MB."""
        return max(answer["memory"] for _, answer in self.new) / 1e6

    def right(self) -> float:
        ours = [(message, answer) for message, answer in self.new if message["intent"] != "out_of_scope"]
        return share(message["intent"] in answer["intents"][:1] for message, answer in ours)

    def refused(self) -> float:
        return share(answer["refused"] for message, answer in self.new if message["intent"] != "out_of_scope")

    def caught(self) -> float:
        return share(answer["refused"] for message, answer in self.new if message["intent"] == "out_of_scope")

    def summary(self) -> str:
        engines = defaultdict(int)
        for _, answer in self.new:
            engines[answer["engine"]] += 1
        return (
            f"first answer {self.first_answer:.1f} s, "
            f"median {statistics.median(self.milliseconds()):.1f} ms, "
            f"p99 {p99(self.milliseconds()):.1f} ms, "
            f"repeats {statistics.median(self.milliseconds(repeated=True)):.2f} ms, "
            f"{self.memory():.0f} MB, right {self.right():.1%}, refused of ours {self.refused():.1%}, "
            f"caught of others {self.caught():.1%}, answered by {dict(engines)}"
        )


def share(cases: Any) -> float:
    counted = list(cases)
    return sum(counted) / len(counted) if counted else 0.0


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def verdict(ours: Side, rasa: Side, our_training: Training, rasa_training: Training) -> str:
    """Return the line that is kept: our figure, Rasa's, and how many times better ours is."""
    median = statistics.median
    rows = [
        ("new_median_ms", median(ours.milliseconds()), median(rasa.milliseconds())),
        ("new_p99_ms", p99(ours.milliseconds()), p99(rasa.milliseconds())),
        ("repeat_median_ms", median(ours.milliseconds(repeated=True)), median(rasa.milliseconds(repeated=True))),
        ("memory_mb", ours.memory(), rasa.memory()),
        ("start_s", ours.first_answer, rasa.first_answer),
        ("training_cpu_s", our_training.cpu_seconds, rasa_training.cpu_seconds),
    ]
    parts = [f"{name} {own:.2f}/{their:.2f} ({their / own:.2f}x)" for name, own, their in rows]
    parts += [
        f"right {ours.right():.3f}/{rasa.right():.3f}",
        f"refused_ours {ours.refused():.3f}/{rasa.refused():.3f}",
        f"caught_others {ours.caught():.3f}/{rasa.caught():.3f}",
    ]
    return "understand ours/rasa: " + "; ".join(parts)


if __name__ == "__main__":
    main()
