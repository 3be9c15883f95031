"""
Rasa Open Source understands in our place: `make rasa`.

It validates nlu/ as it stands, trains on it (kept until something there changes), tests itself on messages that it did
not learn from, serves, and the conversations of tests/conversations/ are played through it. Where its understanding
does not suffice stands in tests/rasa/not_understood.yml: a conversation that fails and is not on that list fails this.
Then Rasa is killed in the middle of a conversation. Rasa Pro's own reader reads the flows.

`--rewrite` writes the list anew. What Rasa said is kept in var/rasa/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bot.channels.terminal import Terminal
from bot.commands.evaluate import messages_of
from bot.commands.play import play
from bot.commands.throwaway import conversation, throwaway
from bot.knowledge.stories import read_stories
from bot.rasa import Rasa, WithRasa
from bot.settings import Settings
from bot.wiring import knowledge_folders, parts
from tests.peers.install import program
from tests.rasa.server import ROOT, RasaFailedError, serving, tested, trained, warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.wiring import Parts
    from tests.rasa.server import Server

LIST = Path(__file__).with_name("not_understood.yml")
HEAD = """\
# Conversations in which Rasa's understanding does not suffice, by file: the message means something else to it.
# `make rasa` fails when another one fails, and says when one of these passes; ARGS=--rewrite writes it anew.
"""
FEW = 300  # messages that Rasa tests itself on
QUESTION = "Hoe krijg ik huurtoeslag?"


def main() -> int:
    """Return 0 when Rasa does what it should."""
    parser = argparse.ArgumentParser(prog="make rasa", description="Rasa Open Source understands in our place.")
    parser.add_argument("--rewrite", action="store_true", help="write tests/rasa/not_understood.yml anew")
    asked = parser.parse_args()
    folder = ROOT / "var" / "rasa"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _all(folder, rewrite=asked.rewrite)
    except RasaFailedError as error:
        print(error, file=sys.stderr)
        return 1


def _all(folder: Path, *, rewrite: bool) -> int:
    wrong: list[str] = []
    with step("rasa data validate"):
        wrong += [f"validation warns: {line}" for line in warnings(folder)]
    with step("rasa train nlu (minutes, unless nlu/ is as it was)"):
        model = trained(folder)
    settings = Settings.model_validate({"WEGWIJS_DATA_DIR": ROOT / "var" / "test-data"})
    ours = [one for one in messages_of(knowledge_folders(settings)) if one.intent != "out_of_scope"]
    with step(f"rasa test nlu on {FEW} messages that nobody learnt from"):
        few = ours[:: max(1, len(ours) // FEW)]
        averages = tested(model, [(one.text, one.intent) for one in few], folder)
        print(f"   right {averages['recall']:.1%}, f1 {averages['f1-score']:.2f}")
    with ExitStack() as stack:
        with step("our own understanding, to fall back on"):
            own = stack.enter_context(parts(settings))
        with step("rasa run"):
            server = stack.enter_context(serving(model, folder))
        wrong += _conversations(own, server, rewrite=rewrite)
        wrong += _killed(own, server)
    with step("Rasa Pro's reader reads flows/"):
        script = str(Path(__file__).with_name("read_flows.py"))
        done = subprocess.run([str(program("rasa_pro")), "-I", script, str(ROOT / "flows")], check=False)
        wrong += ["Rasa Pro's reader refuses a flow"] if done.returncode else []
    for line in wrong:
        print(f"wrong: {line}")
    print("rasa: " + (f"{len(wrong)} things are wrong" if wrong else "all is well"))
    return 1 if wrong else 0


def with_rasa(own: Parts, server: Server) -> Parts:
    """Return the assistant that understands with this server."""
    knowledge = own.knowledge
    ear = WithRasa(
        rasa=Rasa(url=server.url, scale=knowledge.rasa_scale),
        own=own.understander,
        knows=frozenset(example.intent for example in knowledge.examples),
        alarming=knowledge.alarming,
    )
    return replace(own, with_rasa=ear)


def _conversations(own: Parts, server: Server, *, rewrite: bool) -> list[str]:
    """Play all conversations; return what is wrong with them."""
    stories, mistakes = read_stories(ROOT / "tests" / "conversations")
    assistant = with_rasa(own, server)
    # Here its time is not what is looked at, and a machine that does much else may be slow.
    assert assistant.with_rasa is not None
    assistant.with_rasa.rasa = replace(assistant.with_rasa.rasa, seconds=30.0)
    failed: dict[str, list[str]] = {}
    with step(f"{len(stories)} conversations through Rasa"), throwaway(assistant) as runtime:
        for at, story in enumerate(stories, start=1):
            if not play(assistant, runtime, story).passed:
                failed.setdefault(Path(story.file).name, []).append(story.name)
            if at % 50 == 0:
                print(f"   {at} of {len(stories)}", flush=True)
    count = sum(map(len, failed.values()))
    print(f"   {len(stories) - count} passed, {count} failed")
    if rewrite:
        LIST.write_text(HEAD + yaml.safe_dump(failed, allow_unicode=True, width=110), encoding="utf-8")
        print(f"   written: {LIST.relative_to(ROOT)}")
    known = yaml.safe_load(LIST.read_text(encoding="utf-8")) or {}
    listed = {(file, name) for file, names in known.items() for name in names}
    now = {(file, name) for file, names in failed.items() for name in names}
    for file, name in sorted(listed - now):
        print(f"   passes, and can be taken off the list: {file}: {name}")
    new = [f"a conversation fails that is not on the list: {file}: {name}" for file, name in sorted(now - listed)]
    return [*new, *map(str, mistakes)]


def _killed(own: Parts, server: Server) -> list[str]:
    """Kill Rasa in the middle of a conversation; return what is wrong."""
    assistant = with_rasa(own, server)
    assert assistant.with_rasa is not None
    heard: list[str] = []
    with step("Rasa is killed in the middle of a conversation"), throwaway(assistant) as runtime:
        talk = conversation(replace(runtime, channels={Terminal.name: Terminal()}))
        talk.accept_notice("nl")
        for kills in (False, True):
            if kills:
                server.kill()
            began = time.monotonic()
            answers, _ = talk.send(QUESTION if kills else "Hoe vraag ik een DigiD aan?")
            took = time.monotonic() - began
            heard.append("away" if assistant.with_rasa.is_away else "there")
            print(f"   Rasa is {heard[-1]}: {answers[0].response} after {took * 1000:.0f} ms")
    if heard != ["there", "away"]:
        return [f"Rasa was {heard} before and after it was killed"]
    return (
        [] if answers[0].response == "utter_benefits_huurtoeslag" else ["the next message was not understood by ours"]
    )


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    print(f"== {name} …", flush=True)
    began = time.monotonic()
    yield
    print(f"   {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
