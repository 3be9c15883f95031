"""What is counted: how often, how long and with which outcome; never who, and never what they said."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import urllib.request
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from socket import socket
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from bot import measure
from bot.channels.errors import DeliveryError
from bot.channels.limits import SCREEN
from bot.channels.terminal import Terminal
from bot.channels.whatsapp_codes import CODES, of_status
from bot.commands.throwaway import Conversation
from bot.deliver import deliver_due, take_receipt
from bot.domain.messenger import Outcome, Receipt, Remedy
from bot.domain.turn import Inbound, Kind
from bot.engine import Engine
from bot.measure import MOST_CODES, REGISTRY, Few
from bot.receive import answer_next, take_in
from bot.take_stock import Stock, told
from bot.web.counted import Counted
from tests.peers.tiny import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

    from bot.domain.clock import HeldClock
    from bot.domain.messenger import Letter
    from bot.nlu.model import Understanding
    from bot.runtime import Runtime
    from bot.store.work import Work

NAME, NUMBER, STREET = "Zwaluwhart", "+31612345678", "Zonnebloemstraat 41"
WORDS = f"Ik heet {NAME}, bel mij op {NUMBER}, ik woon in de {STREET}"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Grows:
    """How much a figure grew inside the block."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self.by = 0.0

    def __enter__(self) -> Self:
        self._before = value(self._name, **self._labels)
        return self

    def __exit__(self, *_: object) -> None:
        self.by = value(self._name, **self._labels) - self._before


# ---- labels


@given(words=st.lists(st.text(max_size=60) | st.from_regex(r"[a-z_]{1,12}", fullmatch=True), max_size=300))
def test_whatever_comes_a_label_has_few_values(words: list[str]) -> None:
    few = Few(10)
    told = {few(word) for word in words}

    assert len(told) <= 12  # ten, `other` and `none`
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,48}", word) for word in told)


@pytest.mark.parametrize("code", ["63016", "smtp_550", "ReadTimeout", "too_many_requests", "503"])
def test_a_code_is_told(code: str) -> None:
    assert Few()(code) == code


@pytest.mark.parametrize("words", [NUMBER, "31612345678", "0612345678", STREET, "a@b.nl", "chat 7", "أمينة", "x" * 49])
def test_what_could_be_somebodys_is_other(words: str) -> None:
    assert Few()(words) == "other"


def test_every_code_of_whatsapps_provider_is_told_without_its_words() -> None:
    reasons = {str(code): f"{code}: {meaning.reason}" for code, meaning in CODES.items()}
    reasons |= {"HTTP_503": of_status(503).reason, "other": "template welcome is not approved", "none": ""}

    assert len(reasons) < MOST_CODES
    for code, reason in reasons.items():
        with Grows("wegwijs_deliveries_total", channel="whatsapp", outcome="never", code=code) as refused:
            measure.delivery("whatsapp", "never", reason)
        assert refused.by == 1, reason


def test_a_code_that_was_seen_stays_when_there_is_no_room_for_more() -> None:
    few = Few(1)

    assert [few("a"), few("b"), few("a"), few(None), few("")] == ["a", "other", "a", "none", "none"]


# ---- what is counted on the way of a message


@pytest.fixture
def runtime(clock: HeldClock) -> Iterator[Runtime]:
    with at_work(clock) as runtime:
        yield runtime


def talk_in(runtime: Runtime) -> Conversation:
    terminal = runtime.channels[Terminal.name]
    assert isinstance(terminal, Terminal)
    talk = Conversation(runtime, terminal, uuid4().hex)
    talk.accept_notice("nl")
    return talk


def test_a_message_a_turn_and_its_answer_are_counted(runtime: Runtime) -> None:
    talk = talk_in(runtime)
    with (
        Grows("wegwijs_inbound_total", channel="terminal", again="false") as came,
        Grows("wegwijs_turns_total", outcome="answered") as turns,
        Grows("wegwijs_turn_seconds_count", part="whole") as whole,
        Grows("wegwijs_turn_seconds_count", part="decision") as decided,
        Grows("wegwijs_understood_total", engine="exact", ours="false") as understood,
        Grows("wegwijs_deliveries_total", channel="terminal", outcome="sent", code="none") as sent,
    ):
        answers, _ = talk.send("Wat voor weer wordt het?")

    assert (came.by, turns.by, whole.by, decided.by, understood.by) == (1, 1, 1, 1, 1)
    assert sent.by == len(answers) > 0


def test_a_message_that_comes_twice_is_told_apart(runtime: Runtime) -> None:
    same = Inbound(
        channel="terminal", address="7", provider_id="1", kind=Kind.TEXT, text="hoi", received_at=runtime.clock.now()
    )
    with Grows("wegwijs_inbound_total", channel="terminal", again="true") as again:
        take_in(runtime, same)
        take_in(runtime, same)

    assert again.by == 1


class Deaf:
    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        raise ValueError(text)


def test_three_failures_are_two_tries_and_one_set_aside(runtime: Runtime) -> None:
    with (
        Grows("wegwijs_turns_total", outcome="failed") as failed,
        Grows("wegwijs_turns_total", outcome="set_aside") as aside,
    ):
        talk_in(replace(runtime, understander=Deaf())).send(WORDS)

    assert (failed.by, aside.by) == (2, 1)


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (DeliveryError("503"), "retry", "503"),
        (DeliveryError("131026", remedy=Remedy.NEVER), "never", "131026"),
        (ValueError(WORDS), "retry", "ValueError"),
    ],
)
def test_what_a_messenger_refuses_is_counted_by_code(
    runtime: Runtime, error: Exception, outcome: str, code: str
) -> None:
    class Refuses(Terminal):
        def send(self, letter: Letter) -> str:
            raise error

    refusing = replace(runtime, channels={Terminal.name: Refuses()})
    with Grows("wegwijs_deliveries_total", channel="terminal", outcome=outcome, code=code) as refused:
        talk_in(refusing).send("Wat voor weer wordt het?")

    assert refused.by >= 1


def test_a_receipt_counts_once(runtime: Runtime) -> None:
    talk_in(runtime).send("Wat voor weer wordt het?")
    (sent, *_) = runtime.database.read(lambda work: _all_sent(work, runtime))
    news = Receipt(channel="terminal", provider_id=None, reference=sent, outcome=Outcome.DELIVERED)
    with Grows("wegwijs_receipts_total", channel="terminal", outcome="delivered", code="none") as receipts:
        assert take_receipt(runtime, news)
        assert not take_receipt(runtime, news)

    assert receipts.by == 1


def _all_sent(work: Work, runtime: Runtime) -> list[str]:
    terminal = runtime.channels["terminal"]
    assert isinstance(terminal, Terminal)
    from sqlalchemy import select  # noqa: PLC0415

    from bot.store.tables import outbox  # noqa: PLC0415

    return list(work.connection.scalars(select(outbox.c.id).where(outbox.c.status == "sent")))


def test_a_job_of_the_engine_that_raises_is_counted(runtime: Runtime) -> None:
    engine = Engine(workers=0, deliverers=0)

    def broken() -> None:
        engine._stopping.set()
        raise ValueError(WORDS)

    with Grows("wegwijs_engine_failures_total", worker="broken") as failures:
        engine._guarded(broken)

    assert failures.by == 1


# ---- requests


def ask(method: str, path: str) -> None:
    """Ask a small site something, as a server does."""

    async def page(request: Request) -> PlainTextResponse:
        if request.path_params.get("name") == "broken":
            raise ValueError(WORDS)
        return PlainTextResponse("well")

    routes = [Route("/people/{name}", page, methods=["GET"]), Mount("/files", routes=[Route("/{path:path}", page)])]
    site = Starlette(routes=routes, middleware=[Middleware(Counted)])
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "scheme": "http"}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Any) -> None:
        return

    with suppress(ValueError):
        asyncio.run(site(scope, receive, send))


@pytest.mark.parametrize(
    ("method", "path", "route", "status", "told"),
    [
        ("GET", f"/people/{NAME}", "/people/{name}", "200", "GET"),
        ("GET", "/people/broken", "/people/{name}", "500", "GET"),
        ("POST", f"/people/{NAME}", "/people/{name}", "405", "POST"),
        ("GET", f"/{NAME}/{NUMBER}", "none", "404", "GET"),
        ("GET", f"/files/{NAME}", "/{path:path}", "200", "GET"),
        (NAME.upper(), f"/people/{NAME}", "/people/{name}", "405", "other"),
    ],
)
def test_a_request_is_counted_by_its_pattern(method: str, path: str, route: str, status: str, told: str) -> None:
    with Grows("wegwijs_http_requests_total", method=told, route=route, status=status) as requests:
        ask(method, path)

    assert requests.by == 1
    assert NAME not in generate_latest(REGISTRY).decode()
    assert NAME.upper() not in generate_latest(REGISTRY).decode()


# ---- what is told to who asks


@contextmanager
def at_an_address(runtime: Runtime, folder: Path) -> Iterator[str]:
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with told(runtime, folder, host="127.0.0.1", port=port):
        yield f"http://127.0.0.1:{port}/metrics"


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return str(answer.read().decode())


@pytest.fixture
def scraped(runtime: Runtime, tmp_path: Path) -> str:
    """What is told after a conversation full of what nobody else may know."""
    talk = talk_in(runtime)
    for words in (WORDS, "ik wil een mens spreken", "lekkage in de badkamer", NAME, "ik wil niet meer leven"):
        talk.send(words)
    broken = replace(runtime, understander=Deaf())
    talk_in(broken).send(WORDS)
    held = Inbound(
        channel="terminal",
        address=NUMBER,
        provider_id=NAME,
        kind=Kind.TEXT,
        text=WORDS,
        profile_name=NAME,
        received_at=runtime.clock.now(),
    )
    found = take_in(runtime, held)
    assert found is not None
    while answer_next(runtime, found):
        pass
    deliver_due(runtime)
    with at_an_address(runtime, tmp_path) as address:
        return read(address)


def test_nothing_of_anybody_is_told(scraped: str) -> None:
    spoken = [*re.findall(r"\w{4,}", WORDS), "lekkage", "leven"]

    assert [word for word in spoken if word.lower() in scraped.lower()] == []
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-", scraped) == []  # no id of ours either
    assert re.findall(r'="[^"]*\d{7}', scraped) == []


def test_every_label_is_one_of_ours_and_has_few_values(scraped: str) -> None:
    values: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(scraped):
        for sample in family.samples:
            if family.name.startswith("wegwijs_"):
                for label, word in sample.labels.items():
                    values.setdefault(label, set()).add(word)

    assert set(values) <= {
        *("again", "channel", "code", "engine", "file", "le", "method", "ours", "outcome", "part"),
        *("priority", "route", "state", "status", "team", "version", "worker"),
    }
    assert all(len(words) <= MOST_CODES + 2 for label, words in values.items() if label != "route")


def test_who_watches_reads_it(scraped: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(scraped)}

    assert families["wegwijs_database_up"].samples[0].value == 1
    assert families["wegwijs_cases_waiting"].type == "gauge"
    assert sum(sample.value for sample in families["wegwijs_cases_waiting"].samples) >= 1
    assert families["wegwijs_turns"].type == "counter"
    assert families["wegwijs_data_free_bytes"].samples[0].value > 0
    assert all(family.documentation for family in families.values())
    assert "process_resident_memory_bytes" in families


@pytest.mark.metrics
def test_prometheus_finds_nothing_to_say_of_it(scraped: str) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    done = subprocess.run([promtool, "check", "metrics"], input=scraped, text=True, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_tables_are_looked_at_once_however_many_ask(runtime: Runtime) -> None:
    looks = 0
    taken = type(runtime.database.read(lambda work: work.stock)).taken

    def counted(self: object, now: object) -> object:
        nonlocal looks
        looks += 1
        return taken(self, now)  # type: ignore[arg-type]

    stock = Stock(runtime, every=3600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.store.stock.Stock.taken", counted)
        for _ in range(5):
            list(stock.collect())

    assert looks == 1


def test_while_the_database_is_away_the_rest_is_told(runtime: Runtime, tmp_path: Path) -> None:
    runtime.database.close()
    with at_an_address(runtime, tmp_path) as address:
        families = {family.name: family for family in text_string_to_metric_families(read(address))}

    assert families["wegwijs_database_up"].samples[0].value == 0
    assert "wegwijs_unread_conversations" not in families
    assert "wegwijs_turns" in families


def test_when_it_ends_nothing_of_it_stays(runtime: Runtime, tmp_path: Path) -> None:
    for _ in range(2):  # a second time would say that there are two of each
        with at_an_address(runtime, tmp_path) as address:
            assert read(address)

    assert "wegwijs_database_up" not in generate_latest(REGISTRY).decode()
    assert measure.REGISTRY is REGISTRY


def test_a_case_of_a_team_that_is_no_more_is_others(runtime: Runtime) -> None:
    talk_in(runtime).send("ik wil een mens spreken")
    teams = replace(
        runtime.knowledge.organisation, teams={"infopunt": runtime.knowledge.organisation.teams["form_team"]}
    )
    moved = replace(runtime, knowledge=replace(runtime.knowledge, organisation=teams))
    waiting = next(family for family in Stock(moved).collect() if family.name == "wegwijs_cases_waiting")

    assert {sample.labels["team"]: sample.value for sample in waiting.samples if sample.value} == {"other": 1}
    assert {sample.labels["team"] for sample in waiting.samples} == {"infopunt", "other"}


def test_without_room_to_tell_it_says_nothing_of_files(runtime: Runtime, tmp_path: Path) -> None:
    names = {family.name for family in Stock(runtime, tmp_path / "gone").collect()}

    assert "wegwijs_data_free_bytes" not in names
    assert "wegwijs_info" in names
    assert SCREEN.per_second is None
