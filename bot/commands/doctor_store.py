"""The database, as `wegwijs doctor` sees it: its tables, its soundness, whether the key fits, and what waits in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.doctor_finding import fine, warning, wrong
from bot.commands.doctor_place import MIB, RESTORE_KEY
from bot.domain.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.commands.doctor_finding import Finding
    from bot.settings import Settings
    from bot.store.database import Database
    from bot.store.errors import StoreError
    from bot.store.stock import StockRow

# The journal is folded into the database long before this, unless somebody reads for a very long time.
LARGE_WAL = 128 * MIB
KEYS_TRIED = 200
# For longer than this nothing may wait while wegwijs serve runs.
STUCK = timedelta(minutes=5)
REMINDERS_STUCK = timedelta(hours=1)
CLOCKS_APART = timedelta(seconds=30)
NOT_RUNNING = "does wegwijs serve run? Its log says what fails; docs/OPERATIONS.md, NothingIsAnswered"


def database_file(settings: Settings) -> Path | None:
    """Return the embedded database's file, or None when a server is used."""
    return None if settings.database_url else settings.data_dir / "database" / "wegwijs.sqlite"


def soundness(settings: Settings, database: Database, *, deep: bool, online: bool) -> Iterator[Finding]:
    """Look whether the database answers, holds the tables of this code, and is whole."""
    yield fine("database", f"{database.version()} answers")
    yield _tables(database)
    broken = database.damage(thorough=deep)
    for line in broken[:5]:
        yield wrong("database", f"it is damaged: {line}", "stop wegwijs serve and restore the newest good backup")
    if settings.database_url is not None:
        yield fine("database", "the server looks after its own files")
    elif not broken:
        yield fine(
            "database", "every page and index was read" if deep else "a quick look finds it whole (more: --deep)"
        )
    yield from _files(settings)
    moment = database.moment() if online else None
    if moment is not None:
        yield clocks("the database's clock", moment)


def clocks(whose: str, theirs: datetime) -> Finding:
    """Compare a clock with ours."""
    apart = abs(SystemClock().now() - theirs)
    if apart > CLOCKS_APART:
        mend = "set the clock by the network: timedatectl set-ntp true"
        return wrong("clock", f"{whose} and ours are {apart.total_seconds():.0f} seconds apart", mend)
    return fine("clock", f"{whose} agrees with ours")


def _tables(database: Database) -> Finding:
    schema = database.schema()
    if schema.fits:
        return fine("tables", f"revision {schema.at}, as this version wants them")
    if schema.ahead:
        mend = "install the version of Wegwijs that ran before, or a newer one: this one must not run on them"
        return wrong("tables", f"revision {schema.at} is not known to this version", mend)
    mend = "make a backup, then: wegwijs migrate (wegwijs serve does it at its start)"
    return warning("tables", f"revision {schema.at or 'none'}; this version wants {schema.newest}", mend)


def _files(settings: Settings) -> Iterator[Finding]:
    file = database_file(settings)
    if file is None:
        return
    if file.stat().st_mode & 0o077:
        yield warning("database", f"others on this machine can read {file.name}", f"chmod 600 {file}")
    wal = Path(f"{file}-wal")
    if wal.exists() and wal.stat().st_size > LARGE_WAL:
        says = f"its journal has grown to {wal.stat().st_size // MIB} MB"
        yield warning(
            "database", says, "something reads without end, such as a backup that hangs: restart wegwijs serve"
        )


def keys(database: Database, *, deep: bool) -> Iterator[Finding]:
    """Try whether the master key opens the data keys: the newest ones, with `deep` all of them."""
    tried, shut = database.read(lambda work: work.keys.tried(None if deep else KEYS_TRIED))
    if shut:
        yield wrong("key", f"it does not open {shut} of {tried} data keys", RESTORE_KEY)
    elif tried:
        yield fine("key", f"it opens {'all' if deep else 'the newest'} {tried} data keys")


def waiting(database: Database) -> Iterator[Finding]:
    """Look for what waits although nothing should keep it."""
    now = SystemClock().now()
    stock = database.read(lambda work: work.stock.taken(now))
    found = [*_stuck(stock, now), *_undelivered(stock), *_cases(stock)]
    if stock.erasures_overdue:
        says = f"{stock.erasures_overdue} people asked to be erased and are still here"
        found.append(wrong("erasures", says, NOT_RUNNING))
    yield from found or [fine("waiting", "nothing waits that should not")]


def _stuck(stock: StockRow, now: datetime) -> Iterator[Finding]:
    for about, pile, longest, what in (
        ("unread", stock.unread, STUCK, "conversations were not answered"),
        ("outbox", stock.due, STUCK, "messages are due and did not leave"),
        ("reminders", stock.reminders, REMINDERS_STUCK, "reminders are due and did not go"),
    ):
        if pile.seconds(now) > longest.total_seconds():
            minutes = pile.seconds(now) / 60
            yield wrong(about, f"{pile.count} {what}, the oldest for {minutes:.0f} minutes", NOT_RUNNING)


def _undelivered(stock: StockRow) -> Iterator[Finding]:
    if stock.failed:
        says = f"{stock.failed} messages of the last day did not arrive"
        yield warning("outbox", says, "wegwijs outbox list says which and why; then retry or drop")
    if uncertain := stock.outbox.get("uncertain", 0):
        says = f"of {uncertain} messages nobody knows whether they arrived"
        yield warning("outbox", says, "wegwijs outbox list shows them; look in the messenger before you retry one")


def _cases(stock: StockRow) -> Iterator[Finding]:
    overdue = {one.team: 0 for one in stock.cases}
    for one in stock.cases:
        overdue[one.team] += one.overdue
    for team, count in overdue.items():
        if count:
            yield warning(
                "cases", f"{count} cases of {team} wait longer than promised", "ask the team, or a coordinator"
            )
    if any(one.priority == "crisis" and one.state == "queued" for one in stock.cases):
        yield wrong("cases", "somebody in danger waits and nobody has taken their case", "call who is on duty, now")


def opened(error: StoreError) -> Finding:
    """Say that the database could not be opened."""
    mend = "is the server up, and DATABASE_URL right? Is the file a copy that broke off? Then restore the backup"
    return wrong("database", str(error).strip(), mend)
