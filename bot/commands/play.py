"""`wegwijs test`: play conversations written in Rasa's end-to-end format, and show what differed side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table

from bot.channels.terminal import Terminal
from bot.commands.throwaway import conversation, throwaway
from bot.domain.clock import HeldClock
from bot.knowledge.stories import read_stories

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from bot.commands.throwaway import Conversation
    from bot.domain.turn import Message
    from bot.flows.dialogue import Dialogue
    from bot.knowledge.stories import Story, StoryStep
    from bot.runtime import Runtime
    from bot.wiring import Parts

# Conversations are about dates, so the clock is held where their authors put it: 10:00 in Amsterdam.
WHEN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class Played:
    """What was expected and what happened, step by step, up to the first difference."""

    story: Story
    rows: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing differed."""
        return all(same for _, _, same in self.rows)


def play(parts: Parts, runtime: Runtime, story: Story) -> Played:
    """Play one conversation as a new newcomer, on a clock of its own, and return what differed."""
    clock = HeldClock(WHEN)
    own = parts.runtime(runtime.database, channels={Terminal.name: Terminal()}, clock=clock)
    talk = conversation(own)
    if story.notice_accepted:
        talk.accept_notice(story.language)
    played = _played(story, talk, clock)
    if any(step.kind in {"enrol", "offers", "match"} for step in story.steps):
        talk.forgotten()
    talk.nothing_offered()
    return played


def _played(story: Story, talk: Conversation, clock: HeldClock) -> Played:
    played = Played(story=story)
    said: list[str] = []
    texts: list[str] = []
    dialogue: Dialogue | None = None
    effects: list[str] = []
    for step in story.steps:
        match step.kind:
            case "user":
                _nothing_left(played, said)
                if not played.passed:
                    return played
                text = str(step.value)
                # A command stands for the button that carries it, unless its kind says that somebody typed it.
                payload = talk.with_occasions(text) if text.startswith("/") and step.sent is None else None
                answers, reports = talk.send(text, payload=payload, kind=step.sent)
                said, texts = [message.response for message in answers], [message.text for message in answers]
                dialogue = reports[-1].dialogue if reports else dialogue
                effects = [effect for report in reports for effect in report.effects]
                played.rows.append((f"user: {text}", f"user: {text}", True))
            case "utter":
                found = said.pop(0) if said else "(nothing)"
                played.rows.append((f"bot: {step.value}", f"bot: {found}", found == step.value))
            case "text_contains":
                whole = "\n".join(texts)
                same = str(step.value) in whole
                played.rows.append((f"text: …{step.value}…", "text: " + ("found" if same else whole), same))
            case "slot_was_set":
                for name, value in step.slots:
                    found_value = dialogue.slots.get(name) if dialogue else None
                    same = str(found_value) == str(value)
                    played.rows.append((f"slot: {name} = {value}", f"slot: {name} = {found_value}", same))
            case "effect":
                played.rows.append((f"effect: {step.value}", f"effects: {effects}", step.value in effects))
            case "offers" | "others_join" | "others_leave":
                _nothing_left(played, said)
                _arrange(step, talk)
                played.rows.append((f"{step.kind}", f"{step.kind}", True))
            case "wait" | "enrol" | "tell" | "call_off" | "match" | "other_says":
                _nothing_left(played, said)
                if not played.passed:
                    return played
                brought = _brought(step, talk, clock)
                said, texts = [message.response for message in brought], [message.text for message in brought]
                played.rows.append((f"{step.kind}: {step.value}", f"{step.kind}: {step.value}", True))
        if not played.passed:
            return played
    _nothing_left(played, said)
    return played


def _brought(step: StoryStep, talk: Conversation, clock: HeldClock) -> list[Message]:
    """Return what the newcomer reads because time passed, or because their coach did something."""
    match step.kind:
        case "enrol":
            return talk.enrolled(**step.value)
        case "tell":
            return talk.told(**step.value)
        case "call_off":
            return talk.called_off(step.value)
        case "match":
            return talk.matched(**step.value)
        case "other_says":
            return talk.other_says(str(step.value))
        case _:
            clock.wait(**step.value)
            return talk.time_brings()


def _arrange(step: StoryStep, talk: Conversation) -> None:
    match step.kind:
        case "offers":
            for offer in step.value:
                talk.offered(**offer)
        case "others_join":
            talk.another_joins(step.value)
        case _:
            talk.others_leave(step.value)


def _nothing_left(played: Played, said: list[str]) -> None:
    for response in said:
        played.rows.append(("(nothing)", f"bot: {response}", False))
    said.clear()


def run(parts: Parts, path: Path, screen: Console, *, part: tuple[int, int] = (1, 1)) -> int:
    """
    Play every conversation below `path`; print the ones that differed; return 0 when none did.

    `part` is which part of how many: two processes that take a half each are done in half the time.
    """
    stories, mistakes = read_stories(path)
    mine, of = part
    stories = stories[mine - 1 :: of]
    for mistake in mistakes:
        screen.print(f"[red]{mistake}[/red]")
    failed = 0
    with throwaway(parts) as runtime:
        for story in stories:
            played = play(parts, runtime, story)
            if not played.passed:
                failed += 1
                screen.print(_table(played))
    screen.print(f"{len(stories) - failed} passed, {failed + len(mistakes)} failed")
    return 1 if failed or mistakes or not stories else 0


def _table(played: Played) -> Table:
    table = Table("expected", "happened", title=f"{played.story.name} ({played.story.file}:{played.story.line})")
    for expected, happened, same in played.rows:
        table.add_row(expected, happened, style="" if same else "bold red")
    return table
