"""
`wegwijs many`: how many machines work together, tried on one: PostgreSQL, web processes, workers and the demo's people.

The server is this command's own and is thrown away with everything in it. Kill any of the processes: it is started
again, and nothing is lost meanwhile.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import click

from bot.channels.webchat import WebChat
from bot.commands import demo, serve, work
from bot.commands.many_server import cluster
from bot.wiring import open_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.settings import Settings
    from bot.wiring import Parts

HOST = "127.0.0.1"
STOP_SECONDS = 40.0
AGAIN_SECONDS = 1.0  # before a process that died is started again


def run(settings: Settings, parts: Parts, *, web: int, workers: int, port: int) -> None:
    """Run until interrupted."""
    listening = [serve.listen(HOST, port + at) for at in range(web)]
    own, parts = demo.made_anew(settings, parts)
    with cluster() as url:
        own = own.model_copy(update={"database_url": url})
        crew = Crew()
        # In a process of its own: the others are forked from this one, which must hold no connection.
        crew.once(lambda: _fill(own, parts))
        for at, socket in enumerate(listening, 1):
            page = serve.Page(host=HOST, listening=socket, is_demo=True)
            crew.start(f"web {at}", lambda page=page: serve.serve(own, parts, page, web_only=True))  # type: ignore[misc]
        for at in range(1, workers + 1):
            crew.start(f"worker {at}", lambda: work.run(own, parts, turns=serve.TURNS))
        click.echo(f"PostgreSQL, {web} web processes and {workers} workers. Each line below is one of them.")
        crew.watch()


def _fill(settings: Settings, parts: Parts) -> None:
    with open_database(settings) as database:
        webchat = WebChat()
        demo.fill(parts.runtime(database, channels={WebChat.name: webchat}), channel=WebChat.name)
    parts.understander.close()


# ---- processes


@dataclass
class Crew:
    """Processes forked from this one. It has no threads, so that what they inherit is whole."""

    jobs: dict[int, tuple[str, Callable[[], None]]] = field(default_factory=dict)
    stopping: bool = False

    def once(self, job: Callable[[], None]) -> None:
        """
        Do a job in a process and wait for it.

        Raises:
            ClickException: it did not go well.

        """
        _, status = os.waitpid(_forked(job), 0)
        if os.waitstatus_to_exitcode(status) != 0:
            raise click.ClickException("the demo's people could not be made; the lines above say why")

    def start(self, name: str, job: Callable[[], None]) -> None:
        """Have a process do this job, again and again if it dies."""
        pid = _forked(job)
        self.jobs[pid] = (name, job)
        click.echo(f"  {name}: process {pid}")

    def watch(self) -> None:
        """Return when we were asked to end and everybody has."""
        for sig in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sig, self._end)
        signal.signal(signal.SIGALRM, self._kill)
        while self.jobs:
            pid, status = os.waitpid(-1, 0)
            name, job = self.jobs.pop(pid, ("", None))
            if job is not None and not self.stopping:
                click.echo(f"  {name} ended ({os.waitstatus_to_exitcode(status)}) and is started again", err=True)
                time.sleep(AGAIN_SECONDS)
                self.start(name, job)
        signal.alarm(0)

    def _end(self, *_: object) -> None:
        self.stopping = True
        self._tell(signal.SIGTERM)
        signal.alarm(int(STOP_SECONDS))

    def _kill(self, *_: object) -> None:
        self._tell(signal.SIGKILL)

    def _tell(self, sig: signal.Signals) -> None:
        for pid in tuple(self.jobs):
            os.kill(pid, sig)


def _forked(job: Callable[[], None]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _do(job)
    return pid


def _do(job: Callable[[], None]) -> NoReturn:
    try:
        job()
    except click.ClickException as error:
        error.show()
        os._exit(1)
    except BaseException:  # noqa: BLE001  # whatever ends it, nothing of the parent's may run here
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)
