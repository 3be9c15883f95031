"""`wegwijs understand`: what many messages mean, as JSON lines."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

import click

from bot.commands.ask import intents
from bot.ladder.crisis import danger_in
from bot.safety.crisis import CrisisGuard

if TYPE_CHECKING:
    from bot.wiring import Parts


class BadLineError(ValueError):
    """A line that is no message."""


def run(parts: Parts, source: IO[bytes], target: IO[str]) -> int:
    """Read `{"id", "text", "lang"?}` lines, write what each means; return 1 when a line was bad, else 0."""
    guard = CrisisGuard(parts.knowledge.crisis)
    languages = parts.knowledge.content.languages
    bad = 0
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            message = _read(line)
        except BadLineError as error:
            bad += 1
            click.echo(f"line {number}: {error}", err=True)
            continue
        understood = parts.ear.understand(message["text"], language=languages.known(message.get("lang")))
        crisis = danger_in(message["text"], understood, guard, parts.knowledge)
        answer = {
            "id": message["id"],
            "language": understood.language,
            "intents": intents(understood),
            "out_of_scope": understood.out_of_scope,
            "crisis": crisis.id if crisis else None,
        }
        target.write(json.dumps(answer, ensure_ascii=False) + "\n")
    target.flush()
    return 1 if bad else 0


def _read(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line.decode().strip())
        json.dumps(message, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise BadLineError(f"this is no JSON: {error.msg}, character {error.pos + 1}") from None
    except UnicodeError:
        raise BadLineError("this is no UTF-8, or holds half a character") from None
    except (ValueError, RecursionError):
        raise BadLineError("this is more than JSON should hold") from None
    if not isinstance(message, dict) or "id" not in message or not isinstance(message.get("text"), str):
        raise BadLineError('a line is {"id": …, "text": "…"} with an optional "lang"')
    if message.get("lang") is not None and not isinstance(message["lang"], str):
        raise BadLineError('"lang" is a language code such as "ar"')
    return message
