"""A PostgreSQL of this command's own: started in a folder of its own, thrown away afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "wegwijs"
START_SECONDS = 60.0


class NoServerError(click.ClickException):
    """There is no PostgreSQL on this machine, or it does not start."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why or "no PostgreSQL here: on Debian `apt-get install postgresql`, then try again")


@contextmanager
def cluster() -> Iterator[str]:
    """Give the URL of an empty database on a server of our own, over a socket file; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="wegwijs-many-"))
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    as_user = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
    if os.geteuid() == 0:
        shutil.chown(folder, user=user)
    folder.chmod(0o755)
    data, log = folder / "data", folder / "log"
    server = None
    try:
        made = [program("initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8"]
        done = subprocess.run(made, cwd=folder, capture_output=True, text=True, check=False, **as_user)  # type: ignore[call-overload]
        if done.returncode != 0:
            raise NoServerError(done.stderr)
        with log.open("wb") as out:
            started = [program("postgres"), "-D", str(data), "-c", "listen_addresses=", "-k", str(folder)]
            # A session of its own: Ctrl-C is for the others first.
            server = subprocess.Popen(started, cwd=folder, stdout=out, stderr=out, start_new_session=True, **as_user)  # type: ignore[call-overload]
        createdb = [program("createdb"), "-h", str(folder), "-U", "postgres", DATABASE]
        _when_it_answers(createdb, log)
        yield f"postgresql://postgres@/{DATABASE}?host={folder}"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # its "fast" way to end
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _when_it_answers(command: list[str], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while subprocess.run(command, capture_output=True, check=False).returncode != 0:
        if time.monotonic() > end:
            raise NoServerError(log.read_text(errors="replace"))
        time.sleep(0.2)


def program(name: str) -> str:
    """
    Return where this program of the newest PostgreSQL on the machine is.

    Raises:
        NoServerError: there is none.

    """

    def release(path: Path) -> int:
        return int(path.parent.parent.name) if path.parent.parent.name.isdigit() else 0

    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=release)
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise NoServerError
    return found
