"""`wegwijs ask`: one message in a throw-away conversation whose notice is accepted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from bot.commands.throwaway import conversation, throwaway

if TYPE_CHECKING:
    from bot.domain.turn import Message
    from bot.nlu.model import Understanding
    from bot.receive import Report
    from bot.wiring import Parts


def run(parts: Parts, text: str, *, language: str | None, as_json: bool) -> None:
    """Print what the assistant answers."""
    with throwaway(parts) as runtime:
        talk = conversation(runtime)
        talk.accept_notice(language)
        answers, reports = talk.send(text)
    if as_json:
        click.echo(json.dumps(_as_json(answers, reports[0]), ensure_ascii=False, indent=2))
        return
    for message in answers:
        for media in message.media:
            click.echo(f"[{media.alt}]")
        click.echo(message.text)
        for button in message.buttons:
            click.echo(f"  [{button.title}]")
        click.echo()


def _as_json(answers: list[Message], report: Report) -> dict[str, object]:
    understood = report.understood
    return {
        "language": understood.language if understood else None,
        "intents": intents(understood),
        "out_of_scope": understood.out_of_scope if understood else True,
        "crisis": report.crisis,
        "flow": report.flow,
        "replies": [
            {
                "text": message.text,
                "buttons": [{"title": b.title, "payload": b.payload} for b in message.buttons],
                "direction": message.direction,
                "language": message.language,
                "response": message.response,
            }
            for message in answers
        ],
        "effects": list(report.effects),
    }


def intents(understood: Understanding | None) -> list[dict[str, object]]:
    """Return the best intents as JSON shows them."""
    guesses = understood.intents if understood else ()
    return [{"name": guess.name, "confidence": round(guess.confidence, 4)} for guess in guesses]
