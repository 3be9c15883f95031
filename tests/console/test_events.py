"""The desk's streams: which case changed and nothing else, only to who may know, and to nobody who signed out."""

from __future__ import annotations

import http.client
import queue
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from bot.answer import transfer
from bot.coach import put_in_group
from bot.web.console.entrance import COOKIE
from bot.web.console.events import LONGEST_AWAY, MOST, STREAMS_PER_SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store.rows import UserRow
    from tests.console.conftest import Office, Person

SOON = 4.0  # seconds: a look a second, and a machine that has more to do
PATIENCE = 30.0  # seconds for what surely comes


@dataclass
class Stream:
    """An open stream, as a browser reads it."""

    answer: http.client.HTTPResponse
    events: queue.Queue[dict[str, str]] = field(default_factory=queue.Queue)
    comments: int = 0
    ended: bool = False

    def follow(self) -> None:
        event: dict[str, str] = {}
        try:
            for line in self.answer:
                name, colon, value = line.decode().rstrip("\r\n").partition(":")
                self.comments += bool(colon and not name)
                if colon and name in {"id", "event", "data"}:
                    event[name] = value.strip()
                elif not colon and event:
                    self.events.put(event)
                    event = {}
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return  # the test closed it
        self.ended = True

    def read(self, seconds: float = SOON, *, until: int | None = None) -> list[dict[str, str]]:
        """Return what comes within so many seconds, or the first so many events, which surely come."""
        found: list[dict[str, str]] = []
        end = time.monotonic() + (PATIENCE if until else seconds)
        while len(found) < (until or 10_000) and not (self.ended and self.events.empty()):
            try:
                found.append(self.events.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                break
        return found


@contextmanager
def stream(person: Person, **headers: str) -> Iterator[Stream]:
    connection = http.client.HTTPConnection("127.0.0.1", person.port, timeout=30)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", "/desk/events", headers={**given, "cookie": f"{COOKIE}={person.secret}"})
    sock = connection.sock  # the answer takes it over
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    assert answer.headers["content-type"].startswith("text/event-stream")
    opened = Stream(answer)
    reader = threading.Thread(target=opened.follow, daemon=True)
    reader.start()
    try:
        yield opened
    finally:
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        reader.join(5)
        answer.close()
        connection.close()


def wait_until(true: object, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_change_is_told_with_the_cases_id_and_nothing_else(office: Office) -> None:
    with stream(office.signed_in(office.desk.sam)) as open_page:
        wait_until(lambda: office.news.listening() == 1)
        case = office.desk.asks()
        told = open_page.read(until=1)
    assert [(event["event"], event["data"]) for event in told] == [("case", case.id)]
    newest = office.desk.events(case)[-1].id
    assert set(told[0]) == {"id", "event", "data"}
    assert told[0]["id"] == newest


def test_what_happened_while_the_page_was_loading_is_told_too(office: Office) -> None:
    case = office.desk.asks()
    with stream(office.signed_in(office.desk.sam)) as first, stream(office.signed_in(office.desk.kim)) as second:
        assert [event["data"] for event in first.read(until=1)] == [case.id]
        assert [event["data"] for event in second.read(until=1)] == [case.id]


def test_another_team_hears_nothing_until_the_case_is_theirs(office: Office) -> None:
    desk = office.desk
    with stream(office.signed_in(desk.sam)) as ours, stream(office.signed_in(desk.otto)) as theirs:
        case = desk.taken(desk.asks())
        assert {event["data"] for event in ours.read(until=1) + ours.read(2.5)} == {case.id}
        assert theirs.read(0.1) == []
        transfer(desk.runtime, desk.sam.id, case.id, team="other", note="voor jullie")
        assert [event["data"] for event in theirs.read(until=1)] == [case.id]
        assert [event["data"] for event in ours.read(until=1)] == [case.id]  # so that it goes from their pages


def test_who_is_in_no_team_or_does_not_help_hears_nothing(office: Office) -> None:
    desk = office.desk

    def person(name: str, roles: list[str], teams: list[str]) -> UserRow:
        return desk.runtime.database.write(
            lambda work: work.users.add(name, roles=roles, teams=teams, now=desk.clock.now())
        )

    nobody, editor = person("Nora", ["volunteer"], []), person("Ed", ["content_editor"], ["form_team"])
    coach = person("Coby", ["coach"], ["form_team"])
    with (
        stream(office.signed_in(nobody)) as one,
        stream(office.signed_in(editor)) as other,
        stream(office.signed_in(desk.sam)) as sam,
    ):
        case = desk.asks()
        assert len(sam.read(until=1)) == 1
        assert one.read(0.5) == other.read(0.5) == []
    # A coach follows the own group, in whichever team its cases are.
    assert put_in_group(desk.runtime, desk.cora.id, number=case.number, coach_id=coach.id) is None
    desk.runtime.database.write(lambda work: work.users.change(coach.id, teams_json=["other"]))
    with stream(office.signed_in(coach)) as of_coach:
        assert [event["data"] for event in of_coach.read(until=1)] == [case.id]


def test_a_browser_that_comes_back_hears_what_it_missed(office: Office) -> None:
    desk = office.desk
    before = desk.asks()
    last = desk.events(before)[-1].id
    desk.wait(minutes=2)
    missed = desk.asks()
    desk.wait(minutes=2)
    with stream(office.signed_in(desk.sam), last_event_id=last) as again:
        assert [event["data"] for event in again.read(until=1)] == [missed.id]
    newest = desk.events(missed)[-1].id
    with stream(office.signed_in(desk.sam), last_event_id=newest) as again:
        assert again.read(1.5) == []


@pytest.mark.parametrize("last", ["unknown", "long ago"])
def test_who_was_away_too_long_reads_everything_anew(office: Office, last: str) -> None:
    desk = office.desk
    event_id = desk.events(desk.asks())[-1].id if last == "long ago" else "no such event"
    desk.wait(seconds=LONGEST_AWAY.total_seconds() + 60)
    with stream(office.signed_in(desk.sam), last_event_id=event_id) as again:
        assert again.read(until=1) == [{"event": "missed", "data": "all"}]


def test_too_much_at_once_is_one_word(office: Office) -> None:
    desk = office.desk
    with stream(office.signed_in(desk.sam)) as open_page:
        wait_until(lambda: office.news.listening() == 1)
        case = desk.asks()
        open_page.read(until=1)

        def flood(work: object) -> None:
            for _ in range(MOST + 10):
                work.cases.note(case.id, kind="note", actor="sam", now=desk.clock.now())  # type: ignore[attr-defined]

        desk.runtime.database.write(flood)
        told = open_page.read(until=1)
        assert told[0] == {"event": "missed", "data": "all"}
        desk.wait(seconds=1)
        later = desk.asks()
        assert later.id in {event["data"] for event in open_page.read(until=2)}


def test_a_session_that_is_revoked_ends_its_stream(office: Office) -> None:
    desk = office.desk
    with stream(office.signed_in(desk.sam)) as sams, stream(office.signed_in(desk.kim)) as kims:
        wait_until(lambda: office.news.listening() == 2)
        desk.runtime.database.write(lambda work: work.sessions.end_all(desk.sam.id))
        desk.runtime.database.write(lambda work: work.users.set_active(desk.kim.id, active=False))
        wait_until(lambda: office.news.listening() == 0)
        assert sams.read() == kims.read() == []
        wait_until(lambda: sams.ended and kims.ended)


def test_a_page_that_goes_is_forgotten_and_nobody_reads_for_nobody(office: Office) -> None:
    with stream(office.signed_in(office.desk.sam)):
        wait_until(lambda: office.news.listening() == 1)
    wait_until(lambda: office.news.listening() == 0)
    wait_until(lambda: office.news._reader is None)


def test_a_silent_stream_gives_signs_of_life(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.console.events.KEEP_ALIVE", 0.2)
    with stream(office.signed_in(office.desk.sam)) as open_page:
        wait_until(lambda: open_page.comments >= 2)
        assert open_page.read(0.1) == []


def test_one_session_keeps_so_many_streams_and_no_more(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    opened = [stream(sam) for _ in range(STREAMS_PER_SESSION)]
    for one in opened:
        one.__enter__()
    wait_until(lambda: office.news.listening() == STREAMS_PER_SESSION)
    assert sam.get("/desk/events").status == 429
    with stream(office.signed_in(office.desk.kim)):
        pass
    for one in opened:
        one.__exit__(None, None, None)


def test_nobody_listens_from_outside(office: Office) -> None:
    assert office.stranger().get("/desk/events").status == 401


def test_streams_end_at_once_when_the_server_stops(office: Office) -> None:
    with stream(office.signed_in(office.desk.sam)) as open_page:
        wait_until(lambda: office.news.listening() == 1)
        began = time.monotonic()
        office.news.close()
        wait_until(lambda: open_page.ended)
        assert time.monotonic() - began < 2
    assert office.signed_in(office.desk.sam).get("/desk/events").status == 503
