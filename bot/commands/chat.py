"""`wegwijs chat`: talk to the assistant in a terminal, with everything kept as it is kept for a messenger."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import click
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot.channels.terminal import Terminal
from bot.deliver import deliver_due
from bot.domain.turn import Inbound, Kind
from bot.receive import answer_next, take_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.turn import Button, Message
    from bot.runtime import Runtime

HELP = "Enter sends · a number presses a button · :new starts again · :quit or Ctrl-D ends"


def run(runtime: Runtime, terminal: Terminal, *, address: str, language: str | None) -> None:
    """Talk until the person ends it."""
    screen = Console(highlight=False)
    screen.print(Text(HELP, style="dim"))
    buttons: Sequence[Button] = ()
    while True:
        try:
            text = click.prompt("", prompt_suffix="› ", default="", show_default=False)
        except (click.Abort, EOFError):
            screen.print()
            return
        if text.strip() in {":quit", ":q"}:
            return
        if text.strip() == ":new":
            address, buttons = uuid4().hex, ()
            screen.print(Text("a new conversation", style="dim"))
            continue
        if not text.strip():
            continue
        pressed = _pressed(text.strip(), buttons)
        inbound = Inbound(
            channel=Terminal.name,
            address=address,
            provider_id=uuid4().hex,
            kind=Kind.BUTTON if pressed else Kind.TEXT,
            text=pressed.title if pressed else text,
            payload=pressed.payload if pressed else None,
            received_at=runtime.clock.now(),
            language_hint=language,
        )
        buttons = _answered(runtime, terminal, inbound, screen)


def _pressed(text: str, buttons: Sequence[Button]) -> Button | None:
    """Return the button with this number; a number beyond them is an answer ("3 children")."""
    return buttons[int(text) - 1] if text.isdecimal() and 0 < int(text) <= len(buttons) else None


def _answered(runtime: Runtime, terminal: Terminal, inbound: Inbound, screen: Console) -> Sequence[Button]:
    conversation_id = take_in(runtime, inbound)
    while conversation_id and answer_next(runtime, conversation_id):
        pass
    while deliver_due(runtime):
        pass
    buttons: Sequence[Button] = ()
    while not terminal.delivered.empty():
        message = terminal.delivered.get()
        _show(message, screen)
        buttons = message.buttons or buttons
    return buttons


def _show(message: Message, screen: Console) -> None:
    body = Text(justify="right" if message.direction == "rtl" else "left")
    for at, piece in enumerate(message.text.split("*")):
        body.append(piece, style="bold" if at % 2 else "")
    for media in message.media:
        body.append(f"\n[{media.alt}]", style="italic")
    for number, button in enumerate(message.buttons, start=1):
        body.append(f"\n {number}  {button.title}", style="cyan")
    screen.print(Panel(body, width=min(72, screen.width), border_style="green"))
