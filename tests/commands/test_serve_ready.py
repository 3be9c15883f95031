"""Whether a process may be given work, and what it tells to who watches."""

from __future__ import annotations

import json
import re
import signal
import urllib.request
from contextlib import closing
from socket import socket
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.commands import serve_ready
from bot.commands.serve_ready import Readiness
from bot.engine import Engine
from tests.commands.test_serve import PATIENCE, serving
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    import pytest

    from tests.commands.conftest import Home


def test_with_everything_there_it_is_ready() -> None:
    with at_work() as runtime:
        assert Readiness(runtime).report() == {"ok": True}


def test_while_the_database_is_away_it_is_not() -> None:
    with at_work() as runtime:
        runtime.database.close()

        assert Readiness(runtime).report() == {"ok": False, "reasons": ["database_away"]}


def test_with_the_tables_of_another_version_it_is_not() -> None:
    with at_work() as runtime:
        old = text("UPDATE alembic_version SET version_num = '0001'")
        runtime.database.write(lambda work: work.connection.execute(old))

        assert Readiness(runtime).report() == {"ok": False, "reasons": ["schema_differs"]}


def test_when_its_sweep_stays_away_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(workers=0, deliverers=0)
    with at_work() as runtime:
        readiness = Readiness(runtime, engine)
        before = readiness.report()
        engine.start(runtime)
        running = readiness.report()
        engine.stop()
        monkeypatch.setattr(serve_ready, "SWEPT_WITHIN_SECONDS", -1)
        late = readiness.report()

    assert before == running == {"ok": True}
    assert late["reasons"] == ["sweep_late"]


def test_who_was_told_to_stop_gets_nothing_new() -> None:
    with at_work() as runtime:
        readiness = Readiness(runtime)
        readiness.draining = True

        assert readiness.report() == {"ok": False, "reasons": ["draining"]}


def test_told_to_stop_it_goes_on_for_a_while_and_says_so(home: Home) -> None:
    with serving(home, "--drain", "60") as server:
        first = server.get("/readyz")
        server.process.send_signal(signal.SIGTERM)
        # The signal is taken between two requests; each is asked until the answer is the other.
        answers = [server.get("/readyz")]
        while answers[-1][0] == 200 and len(answers) < 200:
            answers.append(server.get("/readyz"))
        page = server.get("/healthz")
        code, seconds, err = server.stop(signal.SIGTERM)  # once more: now

    assert (first[0], json.loads(first[1])) == (200, {"ok": True})
    assert (answers[-1][0], json.loads(answers[-1][1])) == (503, {"ok": False, "reasons": ["draining"]})
    assert page[0] == 200
    assert (code, err) == (0, "")
    assert seconds < PATIENCE


def test_figures_are_told_on_a_port_of_their_own_and_nowhere_else(home: Home) -> None:
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(home, "--metrics-port", str(port)) as server:
        server.get("/healthz")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            figures = answer.read().decode()
        public = [server.get(path)[0] for path in ("/metrics", "/desk/metrics")]
        code, seconds, err = server.stop(signal.SIGTERM)

    assert 'wegwijs_http_requests_total{method="GET",route="/healthz",status="200"}' in figures
    assert "wegwijs_engine_swept_timestamp_seconds" in figures
    assert public == [404, 404]
    assert (code, err) == (0, "")
    assert seconds < PATIENCE


def test_a_taken_port_for_figures_is_named(home: Home) -> None:
    with closing(socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = home.run("serve", "--port", "0", METRICS_PORT=str(port))

    assert told.exit_code == 1
    assert re.search(rf"cannot tell metrics on 127\.0\.0\.1 port {port}: .*; choose another with", told.stderr)
