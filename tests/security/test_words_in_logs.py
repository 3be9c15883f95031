"""Words of people on their way into a log: through an error, a traceback, a line break."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.log import set_up_logging
from bot.sign_in import FREE_FOR_ONE, Browser, with_password
from bot.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from bot.store.encryption import Vault
    from tests.console.conftest import Office

WORDS = "Amina woont op Dorpsstraat 1"


def test_an_error_of_the_database_does_not_carry_what_stands_in_the_row(tmp_path: Path, vault: Vault) -> None:
    def break_it(work: object) -> None:
        query = text("INSERT INTO nowhere (words) VALUES (:words)")
        work.links._connection.execute(query, {"words": WORDS})  # type: ignore[attr-defined]

    with Database.open(f"sqlite:///{tmp_path / 'd.sqlite'}", vault) as database:
        database.upgrade()
        with pytest.raises(SQLAlchemyError) as error:
            database.write(break_it)
    assert WORDS not in str(error.value)


def test_what_the_server_says_of_an_error_has_no_words_of_anybody(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("WARNING")
    logging.getLogger("a library").error("Exception in ASGI application", exc_info=ValueError(WORDS))
    written = capsys.readouterr().err
    assert "Amina" not in written
    assert json.loads(written)["error"] == "ValueError"


def test_a_line_break_begins_no_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("WARNING")
    structlog.get_logger().warning("file refused", reason='x\r\n{"event": "signed in", "level": "info"}\u2028\x1b[2J')
    lines = capsys.readouterr().err.split("\n")
    assert len(lines) == 2
    assert json.loads(lines[0])["event"] == "file refused"
    assert "\x1b" not in lines[0]
    assert "\r" not in lines[0]


def test_that_somebody_guesses_is_logged_and_not_whose_account_it_is(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("WARNING")
    browser = Browser(address="198.51.100.7", device=None, secret="")
    for _ in range(FREE_FOR_ONE + 1):
        with_password(office.desk.runtime, browser, name="amina.de.wit", password="zonnebloem op zolder")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [(line["event"], line["reason"]) for line in lines] == [("signing in shut for a while", "name")]
    assert not any(word in json.dumps(lines) for word in ("amina", "198.51", "zonnebloem"))
