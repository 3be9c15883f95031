"""`wegwijs whatsapp templates status | push`: what WhatsApp approved, and asking it to approve the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.channels.errors import DeliveryError
from bot.channels.whatsapp_shape import template_name
from bot.channels.whatsapp_templates import APPROVED, NOT_SUBMITTED, Kept, Templates
from bot.content.model import TEMPLATE_LANGUAGES
from bot.content.render import Renderer
from bot.domain.clock import SystemClock
from bot.settings import TWILIO_SETTINGS
from bot.wiring import VendorContents, open_database, read_knowledge, whatsapp_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.content.model import TemplateText
    from bot.domain.languages import Languages
    from bot.settings import Settings

MISSING = "missing"
NOT_TRANSLATED = "not translated"
# WhatsApp is still looking, or has said yes: there is nothing to ask again.
UNDER_WAY = frozenset({APPROVED, "pending", "received", "in_review", "paused", "disabled"})


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What both commands look at: each template in each language, and what Twilio keeps of it."""

    renderer: Renderer
    templates: Templates
    kept: dict[tuple[str, str], Kept]

    @property
    def languages(self) -> Languages:
        """The languages of the assistant."""
        return self.renderer.content.languages

    def each(self) -> Iterator[tuple[str, str, TemplateText | None]]:
        """Yield every template in every language that WhatsApp takes; None where it is not translated."""
        for name in self.renderer.content.templates:
            for code in self.languages.all:
                if code in TEMPLATE_LANGUAGES:
                    yield name, code, self.renderer.template(name, code)

    def of(self, text: TemplateText) -> Kept | None:
        """Return what Twilio keeps of exactly this text."""
        return self.kept.get((template_name(text), text.language))

    def instead(self, code: str) -> str:
        """Return the language that readers get when WhatsApp takes no template in theirs."""
        return next(other for other in self.languages.chain(code) if other in TEMPLATE_LANGUAGES)


def status(settings: Settings) -> int:
    """Show name by language; return 0 when everything that can be is approved, else 1."""
    ground = _ground(settings)
    table = Table(box=None, pad_edge=False)
    table.add_column("template")
    for code in ground.languages.all:
        table.add_column(code)
    words: dict[tuple[str, str], str] = {}
    reasons: list[str] = []
    for name, code, text in ground.each():
        kept = ground.of(text) if text else None
        words[name, code] = NOT_TRANSLATED if text is None else (kept.status if kept else MISSING)
        if kept is not None and kept.reason:
            reasons.append(f"{name} {code}: {kept.status}, {kept.reason}")
    for name in ground.renderer.content.templates:
        table.add_row(name, *(words.get((name, code), f"→ {ground.instead(code)}") for code in ground.languages.all))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    for reason in reasons:
        console.print(escape(reason))
    _unsupported(ground)
    _remember(settings, ground)
    approved = sum(word == APPROVED for word in words.values())
    click.echo(f"{approved} of {len(words)} approved")
    return 0 if approved == len(words) else 1


def push(settings: Settings) -> int:
    """Make and submit what is not under way yet; return 0, or 1 when something was refused."""
    ground = _ground(settings)
    refused = 0
    for name, code, text in ground.each():
        kept = ground.of(text) if text else None
        if text is None:
            click.echo(f"{name} {code}: {NOT_TRANSLATED}, skipped")
        elif kept is not None and kept.status in UNDER_WAY:
            click.echo(f"{name} {code}: {kept.status} already")
        elif kept is not None and kept.status != NOT_SUBMITTED:
            refused += 1
            click.echo(f"{name} {code}: {kept.status}, {kept.reason or 'no reason given'}; change the text first")
        else:
            try:
                sid = kept.sid if kept else ground.templates.make(text)
                now = ground.templates.submit(sid, text)
            except DeliveryError as error:
                refused += 1
                click.echo(f"{name} {code}: not submitted, {error.reason}")
                continue
            ground.kept[template_name(text), code] = Kept(sid=sid, name=template_name(text), language=code, status=now)
            click.echo(f"{name} {code}: submitted, {now}")
    _unsupported(ground)
    _remember(settings, ground)
    return 1 if refused else 0


def _ground(settings: Settings) -> Ground:
    account = whatsapp_account(settings)
    if account is None:
        lines = [f"  {name}: {where}" for name, where in TWILIO_SETTINGS.items()]
        raise click.ClickException("\n".join(("WhatsApp is not set up; it needs", *lines)))
    knowledge = read_knowledge(settings)
    templates = Templates(account)
    return Ground(
        renderer=Renderer(content=knowledge.content, catalogues=knowledge.catalogues),
        templates=templates,
        kept=templates.kept(),
    )


def _unsupported(ground: Ground) -> None:
    for code, language in ground.languages.all.items():
        if code not in TEMPLATE_LANGUAGES:
            click.echo(
                f"{code}: WhatsApp takes no templates in {language.name}; its readers get {ground.instead(code)}"
            )


def _remember(settings: Settings, ground: Ground) -> None:
    """Keep what was found, so that a message knows which template it may use."""
    account = whatsapp_account(settings)
    assert account is not None
    with open_database(settings) as database:
        contents = VendorContents(database, SystemClock(), account.sid)
        for _, code, text in ground.each():
            kept = ground.of(text) if text else None
            if kept is not None:
                contents.keep(kept.name, code, kept.sid, kept.status)
