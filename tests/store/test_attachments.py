from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.domain.turn import Attachment
from bot.store.attachments import LEASE
from bot.store.encryption import TamperedError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import AttachmentRow, DueFileRow, Writing
    from bot.store.work import Work

CONTENT = b"JFIF and a letter"


@pytest.fixture
def message(database: Database, amina: Writing, now: datetime) -> str:
    """A message that files came with."""
    row = database.write(lambda work: work.inbox.receive(amina.conversation.id, "telegram", "m1", "photo", {}, now))
    return row.id


def expect(  # noqa: PLR0913, PLR0917  # one file is these things
    database: Database, amina: Writing, message: str, now: datetime, status: str = "wanted", place: int = 0
) -> None:
    file = Attachment(reference=f"file-{place}", media_type="image/svg+xml", size=12)
    database.write(
        lambda work: work.attachments.expect(amina.conversation.id, message, place, file, status=status, now=now)
    )


def due(database: Database, now: datetime, limit: int = 10) -> list[DueFileRow]:
    return database.write(lambda work: work.attachments.due(now, limit))


def only(database: Database, message: str) -> AttachmentRow:
    (row,) = database.read(lambda work: work.attachments.for_inbound(message))
    return row


def raw(database: Database, column: str) -> list[bytes | None]:
    query = text(f"SELECT {column} FROM attachments")
    return database.read(lambda work: list(work.connection.scalars(query)))


def test_a_wanted_file_comes_here_and_is_deleted_there(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    expect(database, amina, message, now)
    (file,) = due(database, now)
    assert (file.channel, file.reference, file.wanted, file.is_here, file.attempts) == (
        "telegram",
        "file-0",
        True,
        False,
        1,
    )
    assert database.write(lambda work: work.attachments.fetched(file.id, CONTENT, "image/jpeg", now))
    row = only(database, message)
    assert (row.status, row.is_here, row.media_type, row.size) == ("wanted", True, "image/jpeg", len(CONTENT))
    (again,) = due(database, now)
    assert (again.id, again.is_here, again.attempts) == (file.id, True, 1)
    assert database.write(lambda work: work.attachments.gone(file.id))
    assert only(database, message).status == "fetched"
    assert database.read(lambda work: work.attachments.open(file.id)) == CONTENT
    assert raw(database, "reference_sealed") == [None]
    assert due(database, now + timedelta(days=1)) == []


def test_content_and_reference_stand_sealed_in_their_own_place(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    for place in range(2):
        expect(database, amina, message, now, place=place)
    for file in due(database, now):
        database.write(lambda work, f=file: work.attachments.fetched(f.id, CONTENT, "image/jpeg", now))
    assert not [value for value in raw(database, "sealed") if b"letter" in bytes(value)]
    assert not [value for value in raw(database, "reference_sealed") if b"file-" in bytes(value)]
    first, second = database.read(lambda work: work.attachments.for_inbound(message))
    swap = text("UPDATE attachments SET sealed = (SELECT sealed FROM attachments WHERE id = :a) WHERE id = :b")
    database.write(lambda work: work.connection.execute(swap, {"a": first.id, "b": second.id}))
    with pytest.raises(TamperedError):
        database.read(lambda work: work.attachments.open(second.id))


def test_an_unwanted_file_is_only_deleted_there(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    expect(database, amina, message, now, status="unwanted")
    (file,) = due(database, now)
    assert not file.wanted
    assert not database.write(lambda work: work.attachments.fetched(file.id, CONTENT, "image/jpeg", now))
    database.write(lambda work: work.attachments.gone(file.id))
    row = only(database, message)
    assert (row.status, row.is_here, raw(database, "reference_sealed")) == ("gone", False, [None])


def test_a_refused_file_is_deleted_there_and_says_why(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    expect(database, amina, message, now)
    (file,) = due(database, now)
    assert database.write(lambda work: work.attachments.refused(file.id, "too_large", now))
    assert not database.write(lambda work: work.attachments.refused(file.id, "too_large", now)), "said once"
    (again,) = due(database, now)
    assert not again.wanted
    database.write(lambda work: work.attachments.gone(file.id))
    row = only(database, message)
    assert (row.status, row.error) == ("refused", "too_large")


def test_a_file_is_nobody_elses_until_its_time_is_up(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    expect(database, amina, message, now)
    assert [file.attempts for file in due(database, now)] == [1]
    assert due(database, now + LEASE - timedelta(seconds=1)) == []
    assert [file.attempts for file in due(database, now + LEASE)] == [2]
    soon = now + LEASE + timedelta(seconds=30)
    (row,) = database.read(lambda work: work.attachments.for_inbound(message))
    database.write(lambda work: work.attachments.again(row.id, soon))
    assert due(database, soon - timedelta(seconds=1)) == []
    assert [file.attempts for file in due(database, soon)] == [3]


def test_many_workers_share_the_files(database: Database, amina: Writing, message: str, now: datetime) -> None:
    for place in range(20):
        expect(database, amina, message, now, place=place)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: due(database, now, 3), range(20)))
    found = [file.id for files in taken for file in files]
    found += [file.id for file in due(database, now, 20)]
    assert len(found) == len(set(found)) == 20


def test_only_the_files_of_its_own_messengers_are_taken(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    expect(database, amina, message, now)
    for channels, found in ((("whatsapp",), 0), (("whatsapp", "telegram"), 1)):
        assert database.read(lambda work, c=channels: work.attachments.is_due(now, channels=c)) == bool(found)
        taken = database.write(lambda work, c=channels: work.attachments.due(now, 10, channels=c))
        assert len(taken) == found


def test_the_same_file_of_the_same_message_counts_once(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    for _ in range(2):
        expect(database, amina, message, now)
    assert only(database, message).status == "wanted"


def test_a_reference_that_cannot_be_read_keeps_no_other_file_waiting(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    for place in range(2):
        expect(database, amina, message, now, place=place)
    damage = text("UPDATE attachments SET reference_sealed = :junk WHERE place = 0")
    database.write(lambda work: work.connection.execute(damage, {"junk": b"junk"}))
    assert [file.reference for file in due(database, now)] == ["file-1"]
    damaged, _ = database.read(lambda work: work.attachments.for_inbound(message))
    assert (damaged.status, damaged.error) == ("refused", "damaged")


def test_what_was_taken_back_is_not_fetched(database: Database, amina: Writing, message: str, now: datetime) -> None:
    expect(database, amina, message, now)
    (file,) = due(database, now)
    assert database.write(lambda work: work.attachments.not_wanted(file.id, now))
    assert not database.write(lambda work: work.attachments.not_wanted(file.id, now))
    assert not database.write(lambda work: work.attachments.fetched(file.id, CONTENT, "image/jpeg", now))


def test_a_dropped_file_is_empty_and_still_deleted_at_the_messenger(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    for place in range(3):
        expect(database, amina, message, now, place=place)
    for number, file in enumerate(due(database, now)):
        database.write(lambda work, f=file: work.attachments.fetched(f.id, CONTENT, "image/jpeg", now))
        if number == 0:
            database.write(lambda work, f=file: work.attachments.gone(f.id))
    first, second, _ = database.read(lambda work: work.attachments.for_inbound(message))
    for row in (first, second):
        assert database.write(lambda work, r=row: work.attachments.drop(r.id))
        assert not database.write(lambda work, r=row: work.attachments.drop(r.id))
    rows = database.read(lambda work: work.attachments.for_inbound(message))
    # The second was not deleted at the messenger yet.
    assert [(row.status, row.is_here) for row in rows] == [("gone", False), ("unwanted", False), ("wanted", True)]


def test_other_content_takes_the_place_of_a_file_that_is_here(
    database: Database, amina: Writing, message: str, now: datetime
) -> None:
    expect(database, amina, message, now)
    (file,) = due(database, now)
    assert not database.write(lambda work: work.attachments.replace(file.id, b"black"))
    database.write(lambda work: work.attachments.fetched(file.id, CONTENT, "image/jpeg", now))
    assert database.write(lambda work: work.attachments.replace(file.id, b"black"))
    assert database.read(lambda work: work.attachments.open(file.id)) == b"black"
    (row,) = database.read(lambda work: work.attachments.for_inbound(message))
    assert row.size == len(b"black")


def test_how_many_files_a_messenger_may_still_have(
    database: Database, amina: Writing, yonas: Writing, message: str, now: datetime
) -> None:
    for place, status in enumerate(("wanted", "unwanted")):
        expect(database, amina, message, now, status=status, place=place)

    def left(work: Work) -> tuple[int, int]:
        return tuple(work.attachments.unsettled_for(writing.newcomer.id) for writing in (amina, yonas))

    assert database.read(left) == (2, 0)
    for file in due(database, now):
        database.write(lambda work, f=file: work.attachments.gone(f.id))
    assert database.read(left) == (0, 0)


def test_nothing_is_nothing(database: Database, now: datetime) -> None:
    assert database.read(lambda work: work.attachments.open("nothing")) is None
    assert database.read(lambda work: work.attachments.for_inbound("nothing")) == []
    assert not database.write(lambda work: work.attachments.fetched("nothing", b"", "image/jpeg", now))
    assert not database.write(lambda work: work.attachments.gone("nothing"))
