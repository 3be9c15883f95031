"""`wegwijs doctor`: look at an installation from end to end; of each thing one line, and what mends it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

from bot.commands import doctor_people, doctor_place, doctor_reach, doctor_store, doctor_words
from bot.commands.doctor_finding import Finding, Level, fine, wrong
from bot.store.database import Database
from bot.store.encryption import EncryptionError, MasterKeys, Vault
from bot.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console

    from bot.knowledge.knowledge import Knowledge
    from bot.settings import Settings

SIGNS = {Level.OK: "ok", Level.WARNING: "warning", Level.ERROR: "error"}
STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}


def run(settings: Settings, screen: Console, *, deep: bool, online: bool, as_json: bool) -> int:
    """Print what was found; return 1 when something does not work. Nothing is changed, and nothing made."""
    found: list[Finding] = []
    for one in findings(settings, deep=deep, online=online):
        found.append(one)
        if not as_json:
            _print(screen, one)
    counts = Counter(one.level for one in found)
    if as_json:
        told = [{"level": f.level.value, "about": f.about, "says": f.says, "mend": f.mend} for f in found]
        click.echo(json.dumps({"ok": not counts[Level.ERROR], "findings": told}, ensure_ascii=False, indent=1))
    else:
        screen.print(f"{counts[Level.OK]} ok, {counts[Level.WARNING]} warnings, {counts[Level.ERROR]} errors")
    return 1 if counts[Level.ERROR] else 0


def _print(screen: Console, one: Finding) -> None:
    from rich.text import Text

    line = Text.assemble((f"{SIGNS[one.level]:<8}", STYLES[one.level]), f"{one.about:<15} {one.says}")
    screen.print(line, soft_wrap=True)
    if one.mend:
        screen.print(Text(f"{'':<24}{one.mend}"), soft_wrap=True)


def findings(settings: Settings, *, deep: bool, online: bool) -> Iterator[Finding]:
    """Yield what is found: the machine first, then what we know, the database, the team, and the way outside."""
    for look in (
        doctor_place.python,
        doctor_place.queue,
        doctor_place.encoder,
        doctor_place.time_zone,
        doctor_place.data_dir,
        doctor_place.key,
    ):
        yield from _told(look.__name__, lambda look=look: look(settings))  # type: ignore[misc]  # bound at once
    knowledge, of_knowledge = doctor_words.known(settings)
    yield from of_knowledge
    if knowledge is not None:
        known = knowledge
        yield from _told("model", lambda: doctor_words.model(settings, known))
        yield from _told("hours", lambda: doctor_words.hours(known))
        yield from _told("translations", lambda: doctor_words.translations(settings, known))
    yield from _told("database", lambda: _database(settings, knowledge, deep=deep, online=online))
    yield from _told("address", lambda: doctor_reach.address(settings))
    yield from _told("messengers", lambda: doctor_reach.messengers(settings))
    if online:
        yield from _told("online", lambda: doctor_reach.online(settings))


def _told(about: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Pass on what a look finds; one that fails is a finding too, and the others go on."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001  # whatever it was: who asks the doctor is in trouble already
        yield wrong(about, f"it could not be looked at: {type(error).__name__}", "mend the errors above, and ask again")


def _database(settings: Settings, knowledge: Knowledge | None, *, deep: bool, online: bool) -> Iterator[Finding]:
    file = doctor_store.database_file(settings)
    if file is not None and not file.exists():
        yield fine("database", "there is none yet: wegwijs serve makes it")
        return
    vault = _vault(settings)
    if vault is None:
        return  # what is wrong with the key was said
    try:
        with Database.open(settings.url, vault) as database:
            yield from doctor_store.soundness(settings, database, deep=deep, online=online)
            if not database.schema().fits:
                return
            yield from doctor_store.keys(database, deep=deep)
            yield from doctor_store.waiting(database)
            yield from doctor_people.team(settings, database, knowledge)
    except StoreError as error:
        yield doctor_store.opened(error)


def _vault(settings: Settings) -> Vault | None:
    try:
        if settings.master_key is not None:
            return Vault(MasterKeys.from_base64(settings.master_key.get_secret_value()))
        return Vault(MasterKeys.read(settings.keys_dir))
    except (EncryptionError, OSError):
        return None
