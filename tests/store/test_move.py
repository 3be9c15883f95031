"""A database moves whole, or not at all, and only when nobody is at work on it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from bot.channels.terminal import Terminal
from bot.commands.throwaway import Conversation
from bot.store.database import Database
from bot.store.dump import CannotCarryError
from bot.store.move import MovedWrongError, NewerDatabaseError, SameDatabaseError, move
from bot.store.whole import InUseError, NotEmptyError, NothingThereError
from tests.peers.tiny import tiny_assistant
from tests.store.filled import ROWS, engine_for, everything, fill

if TYPE_CHECKING:
    from bot.domain.clock import HeldClock
    from bot.domain.turn import Message
    from bot.store.encryption import Vault


def quiet(_done: int, _total: int, _what: str) -> None:
    """Nobody looks."""


def run(url: str, *statements: str) -> None:
    engine = engine_for(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_every_row_moves_and_the_old_database_stays_as_it_was(url: str, other_url: str, vault: Vault) -> None:
    fill(url)
    before = everything(url)
    reports: list[tuple[int, int, str]] = []
    counts = move(url, other_url, on_progress=lambda *report: reports.append(report))

    assert everything(other_url) == everything(url) == before
    total = sum(counts.values())
    assert total == ROWS * len(before)
    assert reports[-1] == (total, total, "comparing")
    assert (total, total, "copying") in reports
    with Database.open(other_url, vault) as database:
        database.upgrade()


def test_it_waits_for_nobody_when_the_assistant_runs(url: str, other_url: str, vault: Vault) -> None:
    with Database.open(url, vault) as database:
        database.write(lambda _: None)  # and then does nothing
        with pytest.raises(InUseError, match="stop the assistant"):
            move(url, other_url, on_progress=quiet)
        assert database.write(lambda _: "goes on") == "goes on"
    move(url, other_url, on_progress=quiet)


def test_nobody_can_write_while_it_moves(url: str, other_url: str, on_postgresql: bool) -> None:
    fill(url)
    refused = []

    def try_to_write(_done: int, _total: int, what: str) -> None:
        refused.append(what)
        if on_postgresql:
            with psycopg.connect(url, options="-c lock_timeout=50") as connection:
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    connection.execute("DELETE FROM helped")
                connection.rollback()
        else:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0).execute("SELECT 1 FROM helped")

    move(url, other_url, on_progress=try_to_write)
    assert set(refused) == {"copying", "comparing"}


def test_where_somebody_lives_nobody_moves_in(url: str, other_url: str, vault: Vault) -> None:
    fill(url)
    with Database.open(other_url, vault) as other:
        other.upgrade()
    run(other_url, "INSERT INTO counters (name, value) VALUES ('theirs', 1)")
    with pytest.raises(NotEmptyError):
        move(url, other_url, on_progress=quiet)
    assert everything(other_url)["counters"] == [("theirs", 1)]


def test_it_does_not_move_to_where_it_is(url: str) -> None:
    with pytest.raises(SameDatabaseError):
        move(url, url.replace("/database/", "/database/../database/"), on_progress=quiet)


def test_what_is_not_there_does_not_move(empty_url: str, other_url: str) -> None:
    with pytest.raises(NothingThereError):
        move(empty_url, other_url, on_progress=quiet)


def test_a_database_of_a_later_version_does_not_move(url: str, other_url: str) -> None:
    run(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabaseError):
        move(url, other_url, on_progress=quiet)


# ---- something goes wrong on the way

CHANGED = """
CREATE FUNCTION change() RETURNS trigger AS $$
BEGIN NEW.language := 'xx'; RETURN NEW; END $$ LANGUAGE plpgsql
"""
LOST = """
CREATE FUNCTION lose() RETURNS trigger AS $$ BEGIN RETURN NULL; END $$ LANGUAGE plpgsql
"""
ONLY_POSTGRESQL = [pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.mark.parametrize("other_url", ONLY_POSTGRESQL, indirect=True)
def test_a_value_that_changed_on_the_way_is_found_and_nothing_stays(url: str, other_url: str, vault: Vault) -> None:
    fill(url)
    with Database.open(other_url, vault) as other:
        other.upgrade()
    ids = sorted(row[0] for row in everything(url)["newcomers"])
    when = f"FOR EACH ROW WHEN (NEW.id = '{ids[1]}') EXECUTE FUNCTION change()"
    run(other_url, CHANGED, f"CREATE TRIGGER changes BEFORE INSERT ON newcomers {when}")
    with pytest.raises(MovedWrongError, match=f"table newcomers, key {ids[1]}, column language"):
        move(url, other_url, on_progress=quiet)
    assert not any(everything(other_url).values())


@pytest.mark.parametrize("other_url", ONLY_POSTGRESQL, indirect=True)
def test_a_row_that_got_lost_on_the_way_is_found(url: str, other_url: str, vault: Vault) -> None:
    fill(url)
    with Database.open(other_url, vault) as other:
        other.upgrade()
    run(other_url, LOST, "CREATE TRIGGER loses BEFORE INSERT ON helped FOR EACH ROW EXECUTE FUNCTION lose()")
    with pytest.raises(MovedWrongError, match="table helped, key "):
        move(url, other_url, on_progress=quiet)
    assert not any(everything(other_url).values())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other_url", ONLY_POSTGRESQL, indirect=True)
def test_what_the_server_does_not_take_leaves_nothing_behind(url: str, other_url: str) -> None:
    """SQLite takes a longer word than its column is for; PostgreSQL does not."""
    fill(url)
    run(url, f"INSERT INTO counters (name, value) VALUES ('{'x' * 65}', 1)")
    with pytest.raises(CannotCarryError, match=r"table counters: value too long"):
        move(url, other_url, on_progress=quiet)
    engine = engine_for(other_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
    engine.dispose()


@pytest.mark.parametrize("other_url", ["sqlite"], indirect=True)
def test_a_file_that_points_nowhere_is_not_kept(url: str, other_url: str, on_postgresql: bool) -> None:
    fill(url)
    if on_postgresql:
        run(url, "ALTER TABLE helped DROP CONSTRAINT pk_helped", "INSERT INTO helped SELECT * FROM helped")
    else:
        run(url, "DELETE FROM data_keys")  # this connection does not look after its keys
    with pytest.raises((CannotCarryError, RuntimeError)):
        move(url, other_url, on_progress=quiet)
    assert list(Path(other_url.removeprefix("sqlite:///")).parent.iterdir()) == []


# ---- and life goes on


def said(messages: list[Message]) -> list[tuple[str, str]]:
    return [(message.response, message.language) for message in messages]


def test_after_moving_a_newcomer_goes_on_where_they_were(
    url: str, other_url: str, vault: Vault, clock: HeldClock
) -> None:
    def talk_on(database: Database) -> Conversation:
        terminal = Terminal()
        runtime = tiny_assistant().runtime(database, channels={Terminal.name: terminal}, clock=clock)
        return Conversation(runtime, terminal, "amina")

    with Database.open(url, vault) as database:
        talk = talk_on(database)
        talk.accept_notice("en")
        asked, _ = talk.send("", payload="/housing_repairs")
        assert said(asked)[-1] == ("utter_ask_repair_kind", "en")
    move(url, other_url, on_progress=quiet)

    with Database.open(other_url, vault) as database:
        database.upgrade()
        talk = talk_on(database)
        answers, (report,) = talk.send("", payload="/SetSlots(repair_kind=heating)")
        assert said(answers) == [("utter_housing_repairs_heating", "en"), ("utter_ask_children_count", "en")]
        found = database.read(lambda work: work.newcomers.at(Terminal.name, "amina"))
        assert found is not None
        assert (found.newcomer.language, found.conversation.next_number) == ("en", 3)
        assert report is not None
