"""What goes by itself, and what stays as long as somebody needs it; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from bot.answer import close, note
from bot.domain.turn import Attachment
from bot.forget import RETENTION, Days, days_kept, expire
from bot.handoff.case import Outcome
from tests.desk.conftest import said

if TYPE_CHECKING:
    from bot.commands.throwaway import Conversation
    from bot.store.rows import CaseRow
    from bot.store.work import Work
    from tests.desk.conftest import Desk


def words(desk: Desk, talk: Conversation) -> list[str]:
    def read(work: Work) -> list[str]:
        found = work.newcomers.at(desk.wire.name, talk._address)
        assert found is not None
        return [str(row.body.get("text")) for row in work.inbox.all_for(found.conversation.id)]

    return desk.runtime.database.read(read)


def count(desk: Desk, table: str, where: str = "1 = 1") -> int:
    query = text(f"SELECT count(*) FROM {table} WHERE {where}")
    return desk.runtime.database.read(lambda work: work.connection.scalar(query))


def file_with(desk: Desk, case: CaseRow) -> str:
    """A photo that came with the newcomer's last message."""

    def add(work: Work) -> str:
        message = work.inbox.all_for(case.conversation_id)[-1]
        now = desk.clock.now()
        work.attachments.expect(
            case.conversation_id, message.id, 0, Attachment(reference="r"), status="wanted", now=now
        )
        (row,) = work.attachments.for_inbound(message.id)
        work.attachments.fetched(row.id, b"LETTER", "image/jpeg", now)
        work.attachments.gone(row.id)
        return row.id

    return desk.runtime.database.write(add)


def decided(desk: Desk, value: Any) -> None:
    desk.runtime.database.write(
        lambda work: work.decisions.record(RETENTION, value, note="so", user_id=desk.cora.id, now=desk.clock.now())
    )


def closed(desk: Desk, case: CaseRow) -> None:
    close(desk.runtime, desk.sam.id, case.id, outcome=Outcome.ANSWERED)
    desk.delivered()


def test_files_go_thirty_days_after_the_case_and_words_ninety(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.asks(talk)
    file = file_with(desk, case)
    desk.wait(days=40)  # the question takes its time
    desk.taken(case)
    note(desk.runtime, desk.sam.id, case.id, text="belt morgen terug")
    expire(desk.runtime)
    assert desk.runtime.database.read(lambda work: work.attachments.open(file)) == b"LETTER"
    desk.answered(case)
    closed(desk, case)

    desk.wait(days=29)
    assert expire(desk.runtime) == 0
    desk.wait(days=2)
    assert expire(desk.runtime) == 1
    assert desk.runtime.database.read(lambda work: work.attachments.open(file)) is None
    assert words(desk, talk) == ["ik wil een mens spreken"]

    desk.wait(days=58)
    assert expire(desk.runtime) == 0
    desk.wait(days=2)
    assert expire(desk.runtime) > 0
    assert words(desk, talk) == []
    for table in ("inbound", "outbox", "attachments", "case_notes", "drafts"):
        assert count(desk, table) == 0, table
    emptied = desk.now(case)
    assert (emptied.summary, emptied.emptied_at, emptied.outcome) == (None, desk.clock.now(), "answered")
    assert count(desk, "conversations", "state_sealed IS NOT NULL") == 0
    assert desk.kinds(case)  # what happened to it is counted until a year has gone
    assert expire(desk.runtime) == 0


def test_what_belongs_to_no_case_goes_by_its_own_age(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")
    desk.wait(days=60)
    said(talk, "en met de zorg")
    desk.wait(days=31)
    expire(desk.runtime)
    assert words(desk, talk) == ["en met de zorg"]
    assert count(desk, "conversations", "state_sealed IS NOT NULL") == 1  # they still talk with us
    said(talk, "dank u")  # and go on where they were
    assert len(words(desk, talk)) == 2


def test_an_open_case_keeps_its_talk_however_long_it_takes(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")
    desk.wait(days=3)
    desk.asks(talk)
    desk.wait(days=400)
    expire(desk.runtime)
    assert words(desk, talk) == ["hoe zit het met de huur", "ik wil een mens spreken"]
    assert count(desk, "conversations", "state_sealed IS NOT NULL") == 1
    assert count(desk, "case_events") > 0


def test_what_waits_to_be_sent_or_answered_stays(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")

    def leave_unread(work: Work) -> str:
        found = work.newcomers.at(desk.wire.name, talk._address)
        assert found is not None
        here = found.conversation.id
        work.inbox.receive(here, desk.wire.name, "late", "text", {"text": "nog iets"}, desk.clock.now())
        return work.outbox.say(here, None, 0, {"text": "straks"}, desk.clock.now()).id

    waits = desk.runtime.database.write(leave_unread)
    desk.wait(days=200)
    expire(desk.runtime)
    assert words(desk, talk) == ["nog iets"]
    assert desk.runtime.database.read(lambda work: work.outbox.get(waits)) is not None


def test_the_journal_goes_after_a_year(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    now = desk.clock.now()
    look = {"newcomer_id": case.newcomer_id, "case_number": case.number, "reason": "vakantie"}
    desk.runtime.database.write(lambda work: work.views.note(desk.cora.id, "case", now, **look))
    closed(desk, case)
    desk.wait(days=364)
    expire(desk.runtime)
    assert count(desk, "views") == 1
    assert count(desk, "case_events") > 0
    desk.wait(days=2)
    expire(desk.runtime)
    assert (count(desk, "views"), count(desk, "case_events"), count(desk, "cases")) == (0, 0, 1)


def test_the_door_is_swept(desk: Desk) -> None:
    now = desk.clock.now()
    later = now + timedelta(days=1)

    def leave(work: Work) -> None:
        for secret, until in (("old", now), ("new", later)):
            work.sessions.start(desk.sam.id, secret=secret, device=None, now=now, until=until)
        for number, (table, column, moment) in enumerate(
            (
                ("invitations (id, user_id, purpose, digest", "expires_at", now),
                ("invitations (id, user_id, purpose, digest", "expires_at", later),
                ("sign_in_tries (id, digest", "at", now - timedelta(hours=2)),
                ("sign_in_tries (id, digest", "at", now),
            )
        ):
            values = ":id, :user, 'password', :digest" if "user_id" in table else ":id, :digest"
            given = {"id": f"x{number}", "digest": b"%d" % number, "at": moment.replace(tzinfo=None)}
            given |= {"user": desk.sam.id} if "user_id" in table else {}
            work.connection.execute(text(f"INSERT INTO {table}, {column}) VALUES ({values}, :at)"), given)

    desk.runtime.database.write(leave)
    assert expire(desk.runtime) == 3
    assert [count(desk, table) for table in ("sessions", "invitations", "sign_in_tries")] == [1, 1, 1]


def test_the_organisation_decides_for_how_long(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")
    decided(desk, {"files": 3, "messages": 7, "journal": 30})
    desk.wait(days=8)
    expire(desk.runtime)
    assert words(desk, talk) == []
    decided(desk, {"files": 0, "messages": "seven"})  # of another release: the defaults are better than nothing
    assert desk.runtime.database.read(days_kept)[0] == Days()


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ({"files": 1, "messages": 2, "journal": 3}, Days(files=1, messages=2, journal=3)),
        ({"messages": 60}, Days(messages=60)),
        ({"files": 91}, None),
        ({"files": 0}, None),
        ({"files": True}, None),
        ({"messages": 4000}, None),
        ({"letters": 4}, None),
        ("thirty", None),
    ],
)
def test_only_days_that_make_sense_count(value: object, days: Days | None) -> None:
    assert Days.read(value) == days


def test_it_stops_when_it_is_asked_to_and_goes_on_later(desk: Desk) -> None:
    for _ in range(3):
        said(desk.newcomer(), "hoe zit het met de huur")
    desk.wait(days=100)
    calls = iter(range(100))
    expire(desk.runtime, stop=lambda: next(calls) > 2)
    assert 0 < count(desk, "inbound") < 3
    expire(desk.runtime)
    assert count(desk, "inbound") == 0
