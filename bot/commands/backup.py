"""`wegwijs backup` and `wegwijs restore`: every row in one sealed file, and back. docs/BACKUP.md is for who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.domain.clock import AMSTERDAM
from bot.store import backup
from bot.store.encryption import MasterKeys, Vault
from bot.store.erased import add_to_list, read_list
from bot.store.sealed_file import new_key
from bot.store.whole import NotEmptyError, shown
from bot.wiring import backup_keys, present_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime
    from pathlib import Path

    from bot.settings import Settings

    Progress = Callable[[int, int, str], None]


def show_new_key() -> None:
    """Print a fresh backup key alone, so that another program can take it."""
    click.echo(new_key())
    click.echo("Set it as WEGWIJS_BACKUP_KEY, and keep a copy away from this machine and from the backups.", err=True)


def make(settings: Settings, path: Path, *, now: datetime, on_progress: Progress) -> int:
    """Write a backup and say what is in it; return 0."""
    made, listed = backup.write(settings.url, path, backup_keys(settings), now=now, on_progress=on_progress)
    add_to_list(settings.erased_list, listed)
    rows = sum(made.rows.values())
    click.echo(f"{path}: {rows} rows of {len(made.rows)} tables, {path.stat().st_size / 1e6:.1f} MB, sealed.")
    click.echo("The master key is not in it: without that key nobody's words can be read. Keep a copy elsewhere.")
    click.echo(f"Who is erased from now on is listed in {settings.erased_list}; keep a copy of that too.")
    return 0


def refuse_without_list(settings: Settings, given: Collection[Path]) -> None:
    """Stop when nothing says who was erased since the backup: they would come back."""
    missing = [path for path in given if not path.exists()]
    if missing:
        raise click.BadParameter(f"{missing[0]} is not there")
    if not given and not settings.erased_list.exists():
        raise click.UsageError(
            f"nothing says who was erased after the backup was made: {settings.erased_list} is not there. Without it"
            " they come back. Give a copy of that list with --erased FILE, or --without-list when there is none"
        )


def put_back(  # noqa: PLR0913  # each is a choice of who restores
    settings: Settings,
    path: Path,
    *,
    into: str | None,
    lists: Collection[Path],
    replace: bool,
    asks: bool,
    on_progress: Progress,
) -> int:
    """Restore a backup; return 1 when the master key that is here does not open what people wrote."""
    keys, url = backup_keys(settings), into or settings.url
    created_at, _ = backup.head_of(path, keys)
    if asks:
        after = " What is there now is thrown away." if replace else ""
        click.confirm(f"Put the backup of {_local(created_at)} into {shown(url)}?{after}", abort=True)
    erased = _erased(settings, lists)
    vault = present_vault(settings)
    try:
        restored = backup.restore(
            path, keys, url, vault=vault or _no_vault(), erased=erased, replace=replace, on_progress=on_progress
        )
    except NotEmptyError as error:
        raise click.ClickException(f"{error} Stop the assistant; --replace throws them away.") from None
    add_to_list(settings.erased_list, erased)
    click.echo(f"Restored into {shown(url)}, and compared row by row.")
    return _tell(restored, has_key=vault is not None)


def try_out(settings: Settings, path: Path, *, lists: Collection[Path], on_progress: Progress) -> int:
    """Restore into a database that is thrown away, and say what came of it; return 1 when something is to be done."""
    vault = present_vault(settings)
    erased = _erased(settings, lists)
    restored = backup.check(
        path, backup_keys(settings), vault=vault or _no_vault(), erased=erased, on_progress=on_progress
    )
    click.echo("The backup is whole: it was restored into a database that is gone again, and compared row by row.")
    return _tell(restored, has_key=vault is not None)


def _erased(settings: Settings, lists: Collection[Path]) -> set[bytes]:
    return set().union(*(read_list(path) for path in (settings.erased_list, *lists)))


def _no_vault() -> Vault:
    """Return a vault that opens nothing: restoring needs none, and must not make a key that nothing was sealed by."""
    return Vault(MasterKeys.from_base64(new_key()))


def _tell(restored: backup.Restored, *, has_key: bool) -> int:
    made = restored.made
    click.echo(f"  made       {_local(made.created_at)}, tables of version {made.revision}")
    click.echo(f"  rows       {sum(made.rows.values())} in {len(made.rows)} tables")
    click.echo(f"  left out   {restored.erased} people who were erased since")
    if not restored.shut:
        click.echo(f"  master key opens all {restored.keys} people's keys")
        return 0
    if not has_key:
        click.echo(
            f"There is no master key here, and the words of {restored.keys} people cannot be read without it. Put the"
            " copy of it in its place (keys/master.json, or WEGWIJS_MASTER_KEY) before you start the assistant.",
            err=True,
        )
        return 1
    click.echo(
        f"The master key that is here opens {restored.keys - restored.shut} of {restored.keys} people's keys: it is"
        " not the one that these rows were sealed by. Put the copy of that one in its place before you start the"
        " assistant; until then nobody is recognised and nobody's words can be read.",
        err=True,
    )
    return 1


def _local(moment: datetime) -> str:
    return moment.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M")
