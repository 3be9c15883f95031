"""A PostgreSQL server of our own for a test run: started in a folder of its own, thrown away afterwards."""

from __future__ import annotations

import itertools
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

import psycopg

from bot.commands.many_server import program

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60.0  # seconds; a cold machine with two cores needs a few


class PostgresqlDidNotStartError(RuntimeError):
    """The PostgreSQL server did not start."""

    def __init__(self, log: str) -> None:
        super().__init__(f"{self.__doc__}\n{log}")


# What makes a test quick, and would lose what was stored if the machine went down.
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
# What a server in use has; little log to write ahead, so that a small disk is enough.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "max_wal_size": "64MB", "min_wal_size": "32MB"}


class Cluster:
    """
    A server, reached over a socket file: no port that another run could hold.

    A `durable` one keeps its promises when it is crashed. `home` is the folder it lives in; else it makes one.
    Other settings of the server go by their names.
    """

    def __init__(self, *, durable: bool = False, home: Path | None = None, **changed: str) -> None:
        initdb = program("initdb")
        self._folder = home or Path(tempfile.mkdtemp(prefix="wegwijs-pg-"))
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self._folder, user=self._user)
        self._folder.chmod(0o755)  # the tests run as another user than the server
        self._numbers = itertools.count(1)
        self._data, self._log = self._folder / "data", self._folder / "log"
        self._run([initdb, "-D", str(self._data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"])
        self._settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "max_connections": "200",
            "shared_buffers": "32MB",
            "deadlock_timeout": "100ms",
            **(_DURABLE if durable else _QUICK),
            **changed,
        }
        self.start()

    def start(self) -> None:
        """Start the server, unless it runs, and wait until it answers."""
        self.begin()
        self._wait()

    def begin(self) -> None:
        """Start the server, unless it runs."""
        if self.runs:
            return
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [program("postgres"), "-D", str(self._data), *options], stdout=log, stderr=log, **self._as_user()
            )

    @property
    def runs(self) -> bool:
        """Whether the server's process is there."""
        return hasattr(self, "_server") and self._server.poll() is None

    def crash(self) -> None:
        """End the server as a crash does: nothing is put in order, the next start recovers ("immediate")."""
        self._end(signal.SIGQUIT)

    def shut(self) -> None:
        """End the server in good order; whoever is connected is cut off ("fast")."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self.runs:
            self._server.send_signal(how)
        self._server.wait(timeout=_PATIENCE)

    def _as_user(self) -> dict[str, object]:
        if os.geteuid() != 0:
            return {"cwd": self._folder}
        return {"cwd": self._folder, "user": self._user, "group": self._user, "extra_groups": []}

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_user())
        if done.returncode != 0:
            raise PostgresqlDidNotStartError(done.stdout + done.stderr)

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > end:
                    log = self._log.read_text(errors="replace")
                    self.stop()
                    raise PostgresqlDidNotStartError(log) from None
                time.sleep(0.05)
            else:
                return

    @property
    def process(self) -> int:
        """The id of the server's first process."""
        return self._server.pid

    def url(self, database: str) -> str:
        """Return the URL of a database on this server."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a database for one test, as a copy of `template`, and drop it afterwards."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]  # the names are ours

    def stop(self) -> None:
        """Stop the server at once and remove its files."""
        self._server.terminate() if self._server.poll() is None else None
        try:
            self._server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
