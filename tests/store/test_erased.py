"""Who was erased is listed by digests that tell nothing, in the database and in a file beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.store.encryption import KeyMissingError
from bot.store.erased import add_to_list, digest, read_list
from bot.store.errors import BadErasedListError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.store.database import Database
    from bot.store.rows import Writing

ONE, TWO = digest("one"), digest("two")


def test_a_person_is_listed_from_the_moment_they_ask(database: Database, amina: Writing, yonas: Writing) -> None:
    assert database.read(lambda work: work.erased.all()) == set()
    database.write(lambda work: work.newcomers.forget(amina.newcomer.id))
    expected = {digest(amina.newcomer.id), digest(amina.conversation.id)}
    assert database.read(lambda work: work.erased.all()) == expected
    assert database.read(lambda work: work.erased.who_came_back()) == [amina.newcomer.id]

    database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
    assert database.read(lambda work: work.erased.all()) == expected
    assert database.read(lambda work: work.erased.who_came_back()) == []
    assert database.read(lambda work: work.newcomers.get(yonas.newcomer.id)) is not None


def test_what_undoes_the_erasing_undoes_the_listing(database: Database, amina: Writing) -> None:
    def half(work) -> None:  # noqa: ANN001  # a unit of work
        work.newcomers.forget(amina.newcomer.id)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.write(half)
    assert database.read(lambda work: work.erased.all()) == set()


def test_listing_twice_is_listing_once(database: Database) -> None:
    database.write(lambda work: work.erased.add([ONE, TWO, ONE]))
    database.write(lambda work: work.erased.add([TWO]))
    database.write(lambda work: work.erased.add([]))
    assert database.read(lambda work: work.erased.all()) == {ONE, TWO}


def test_a_conversation_that_came_back_brings_its_person(database: Database, amina: Writing, now: datetime) -> None:
    """As in an old backup of two who became one later: only the conversation's id is known of the other."""
    database.write(lambda work: work.erased.add([digest(amina.conversation.id)]))
    assert database.read(lambda work: work.erased.who_came_back()) == [amina.newcomer.id]
    database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
    with pytest.raises(KeyMissingError):
        database.read(lambda work: work.keys.of_newcomer(amina.newcomer.id))


# ---- the file


def test_the_file_only_grows_and_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere" / "erased.txt"
    assert read_list(path) == set()
    assert add_to_list(path, set())
    assert path.read_bytes() == b""
    assert add_to_list(path, {ONE})
    assert add_to_list(path, {TWO})
    assert not add_to_list(path, {ONE})
    assert read_list(path) == {ONE, TWO}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["erased.txt"]


def test_lists_can_be_put_together_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "erased.txt"
    path.write_bytes(f"{ONE.hex()}\r\n\n  {TWO.hex().upper()} \n{ONE.hex()}".encode())
    assert read_list(path) == {ONE, TWO}


@pytest.mark.parametrize("wrong", [b"Amina", b"\xff\xfe", b"ab", ONE.hex().encode()[:-2], b"<html>"])
def test_something_else_is_no_list_and_is_not_written_over(tmp_path: Path, wrong: bytes) -> None:
    path = tmp_path / "erased.txt"
    path.write_bytes(ONE.hex().encode() + b"\n" + wrong)
    with pytest.raises(BadErasedListError, match="line 2"):
        read_list(path)
    with pytest.raises(BadErasedListError):
        add_to_list(path, {TWO})
    assert path.read_bytes().endswith(wrong)
