"""
How many turns a second, and where the time goes: `make bench-turn`.

Fifty newcomers write to the real assistant on an SQLite file on disk, with the settings it always has: example
messages with typing errors in them, buttons they were shown, short answers, and messages nobody can understand. Each
turn is timed apart: understanding, dialogue (which rung decides, and the flow's steps), render, store (the rest of the
transaction). Between the turns the same number of bare commits goes to a file beside it, with the same synchronous
setting: no assistant on this disk can be quicker than that.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean, quantiles
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bot import receive
from bot.channels.terminal import Terminal
from bot.commands.output import progress
from bot.commands.throwaway import Conversation
from bot.deliver import deliver_due
from bot.domain.turn import Inbound, Kind
from bot.nlu.examples import OUT_OF_SCOPE
from bot.settings import Settings
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.wiring import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Runtime

NEWCOMERS = 50
LANGUAGES = ("ar", "ti", "nl", "en")
SHORT = {
    "nl": ("ja", "nee", "3", "gisteren", "weet ik niet"),
    "en": ("yes", "no", "3", "yesterday", "I don't know"),
    "ar": ("نعم", "لا", "٣", "أمس", "لا أعرف"),
    "ti": ("እወ", "ኣይፋል", "፫", "ትማሊ", "ኣይፈልጥን"),
}
AT_ONCE = 50  # turns between two looks at the disk
ROW = 1500  # bytes; about what a turn's rows weigh


# ---- what is written


@dataclass
class Writer:
    """A newcomer, and what they write next."""

    talk: Conversation
    language: str
    chance: random.Random
    questions: Sequence[str]
    misses: Sequence[str]
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def next(self, now: Any) -> Inbound:
        kind = self.chance.choices(("question", "button", "short", "miss"), weights=(45, 35, 12, 8))[0]
        payload = None
        match kind:
            case "button" if self.buttons:
                words, payload = self.chance.choice(self.buttons)
            case "short":
                words = self.chance.choice(SHORT[self.language])
            case "miss":
                words = self.chance.choice(self.misses)
            case _:
                words = mistyped(self.chance.choice(self.questions), self.chance)
        return Inbound(
            channel=Terminal.name,
            address=self.talk._address,  # noqa: SLF001  # the conversation is ours
            provider_id=uuid4().hex,
            kind=Kind.BUTTON if payload else Kind.TEXT,
            text=words,
            payload=payload,
            received_at=now,
        )


def mistyped(text: str, chance: random.Random) -> str:
    """Return the text as people type it, with a letter swapped or lost: few messages are known by heart."""
    at = chance.randrange(max(1, len(text) - 1))
    match chance.randrange(4):
        case 0:
            return text
        case 1:
            return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        case 2:
            return text[:at] + text[at + 1 :]
        case _:
            return f"{text} {chance.choice(text.split())}"


def writers(runtime: Runtime, terminal: Terminal, chance: random.Random) -> list[Writer]:
    found = []
    for number in range(NEWCOMERS):
        language = LANGUAGES[number % len(LANGUAGES)]
        talk = Conversation(runtime, terminal, f"bench {number}")
        talk.accept_notice(language)
        questions, misses = lines(runtime.knowledge, language)
        found.append(Writer(talk, language, chance, questions, misses))
    return found


def lines(knowledge: Knowledge, language: str) -> tuple[list[str], list[str]]:
    own = [example for example in knowledge.examples if example.language == language]
    questions = [example.text for example in own if example.intent in knowledge.content.questions]
    misses = [example.text for example in own if example.intent == OUT_OF_SCOPE]
    return questions, misses or ["qqq zzz xxx"]


# ---- what is timed


class Watch:
    """Adds up the seconds of named parts of the turn that is going on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - began

    def watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            with self.part(name):
                return call(*args, **named)

        return timed

    def taken(self) -> dict[str, float]:
        found, self.seconds = dict(self.seconds), defaultdict(float)
        return found


class Instead:
    """A part of the runtime of which one method is timed."""

    def __init__(self, inner: Any, **methods: Callable[..., Any]) -> None:
        self._inner = inner
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@contextmanager
def timed(runtime: Runtime, watch: Watch) -> Iterator[Runtime]:
    """Give a runtime whose parts are timed. What decides is a function of the verb, so it is swapped there."""
    decide = receive.decide
    receive.decide = watch.watched("dialogue", decide)
    database, renderer, ear = runtime.database, runtime.renderer, runtime.understander
    try:
        yield replace(
            runtime,
            database=Instead(  # type: ignore[arg-type]
                database,
                read=watch.watched("database", database.read),
                write=watch.watched("database", database.write),
            ),
            renderer=Instead(renderer, render=watch.watched("render", renderer.render)),  # type: ignore[arg-type]
            understander=Instead(ear, understand=watch.watched("understanding", ear.understand)),
        )
    finally:
        receive.decide = decide


class BareCommits:
    """A file beside the assistant's, opened as its writer opens it; nothing but a row and a commit."""

    def __init__(self, path: Path, like: Database) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        settings = like.write(
            lambda work: {
                name: work.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "secure_delete", "journal_size_limit")
            }
        )
        for name, value in settings.items():
            self._file.execute(f"PRAGMA {name} = {value}")
        self._file.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB)")
        self.settings = settings

    def some(self, count: int) -> list[float]:
        seconds = []
        row = random.randbytes(ROW)  # noqa: S311  # filling, no secret
        for _ in range(count):
            began = time.perf_counter()
            self._file.execute("BEGIN IMMEDIATE")
            self._file.execute("INSERT INTO rows (bytes) VALUES (?)", (row,))
            self._file.execute("COMMIT")
            seconds.append(time.perf_counter() - began)
        return seconds

    def close(self) -> None:
        self._file.close()


# ---- the measurement


@dataclass
class Figures:
    turns: list[dict[str, float]] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    rungs: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def measure(runtime: Runtime, terminal: Terminal, bare: BareCommits, turns: int, seed: int) -> Figures:
    chance = random.Random(seed)  # noqa: S311  # chosen messages, no secret
    people = writers(runtime, terminal, chance)
    figures, watch = Figures(), Watch()
    warm_up(people)
    with timed(runtime, watch) as watched:
        while len(figures.turns) < turns:
            for _ in range(min(AT_ONCE, turns - len(figures.turns))):
                one_turn(watched, chance.choice(people), watch, figures)
            bare_ones = len(figures.turns) - len(figures.commits)
            figures.commits += bare.some(bare_ones)
    return figures


def warm_up(people: Sequence[Writer]) -> None:
    """The first message of a process starts the encoder and compiles the queries; it is not what we measure."""
    for writer in people[: len(LANGUAGES)]:
        writer.talk.send(writer.questions[0])


def one_turn(runtime: Runtime, writer: Writer, watch: Watch, figures: Figures) -> None:
    inbound = writer.next(runtime.clock.now())
    began = time.perf_counter()
    conversation = receive.take_in(runtime, inbound)
    figures.accepted.append(time.perf_counter() - began)
    assert conversation is not None
    watch.taken()
    began, worked = time.perf_counter(), time.process_time()
    report = receive.answer_next(runtime, conversation)
    whole, work = time.perf_counter() - began, time.process_time() - worked
    assert report is not None
    figures.rungs[report.rung] += 1
    figures.turns.append({"whole": whole, "work": work, **watch.taken()})
    began = time.perf_counter()
    while deliver_due(runtime):
        pass
    figures.delivered.append(time.perf_counter() - began)
    terminal = runtime.channels[Terminal.name]
    assert isinstance(terminal, Terminal)
    while not terminal.delivered.empty():
        answer = terminal.delivered.get()
        writer.buttons = [(button.title, button.payload) for button in answer.buttons] or writer.buttons


def milliseconds(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


def tell(figures: Figures, engine: str) -> None:
    """Print the parts, and one line that says it all."""
    share: dict[str, list[float]] = {
        name: [turn.get(name, 0.0) for turn in figures.turns]
        for name in ("whole", "work", "understanding", "dialogue", "render")
    }
    share["store"] = [
        turn.get("database", 0.0) - turn.get("dialogue", 0.0) - turn.get("render", 0.0) for turn in figures.turns
    ]
    print(f"{'':24}{'p50 ms':>10}{'p99 ms':>10}{'mean ms':>10}")
    rows = {
        "one turn": share["whole"],
        "  understanding": share["understanding"],
        "  dialogue": share["dialogue"],
        "  render": share["render"],
        "  store": share["store"],
        "of that, our own CPU": share["work"],
        "before: taken in": figures.accepted,
        "after: delivered": figures.delivered,
        "a bare commit": figures.commits,
    }
    for name, seconds in rows.items():
        half, most = milliseconds(seconds)
        print(f"{name:24}{half:10.2f}{most:10.2f}{mean(seconds) * 1000:10.2f}")
    print("who decided: " + ", ".join(f"{rung} {n}" for rung, n in sorted(figures.rungs.items(), key=lambda r: -r[1])))
    half, most = milliseconds(share["whole"])
    a_second, limit = 1 / mean(share["whole"]), 1 / mean(figures.commits)
    parts_of_it = ", ".join(
        f"{name} {milliseconds(share[name])[0]:.2f}/{milliseconds(share[name])[1]:.2f}"
        for name in ("understanding", "dialogue", "store", "render")
    )
    work = mean(share["work"]) * 1000
    print(
        f"bench-turn: {len(figures.turns)} turns, {a_second:.0f} turns/s, "
        f"p50 {half:.1f} ms, p99 {most:.1f} ms, CPU {work:.1f} ms (p50/p99 ms: {parts_of_it}); "
        f"engine {engine}; limit {limit:.0f} bare commits/s; ratio {a_second / limit:.2f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-turn", description=__doc__.strip().splitlines()[0])
    parser.add_argument("--turns", type=int, default=1000, help="how many turns to time (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="which messages are written (default 1)")
    parser.add_argument("--folder", type=Path, help="the disk to measure on (default: the data directory's)")
    options = parser.parse_args()
    if options.turns < 2:
        parser.error("--turns: two or more, or there is no median")
    settings = Settings()
    folder = options.folder or settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (
        progress() as show,
        parts(settings, show) as ready,
        tempfile.TemporaryDirectory(prefix="bench-turn-", dir=folder) as place,
        Database.open(
            f"sqlite:///{place}/wegwijs.sqlite", Vault(MasterKeys.load_or_create(Path(place) / "keys"))
        ) as database,
    ):
        database.upgrade()
        terminal = Terminal()
        runtime = ready.runtime(database, channels={Terminal.name: terminal})
        with closing(BareCommits(Path(place) / "bare.sqlite", database)) as bare:
            figures = measure(runtime, terminal, bare, options.turns, options.seed)
    tell(figures, "with the encoder" if settings.nlu_encoder else "without the encoder")
    return 0


if __name__ == "__main__":
    sys.exit(main())
