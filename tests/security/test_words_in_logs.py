"""Words of people on their way into a log: through an error, a traceback, a line break."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.log import WithoutWords, set_up_logging
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


def of_the_server(error: Exception) -> str:
    """Return what the web server's own log writes of an error, as uvicorn does."""
    set_up_logging("WARNING")
    log, out = logging.getLogger("uvicorn.error"), io.StringIO()
    handler = logging.StreamHandler(out)
    log.addHandler(handler)
    before = log.level
    log.setLevel(logging.ERROR)  # as the server sets it; another test may have told it to be quiet
    try:
        try:
            raise error
        except type(error) as raised:
            log.error("Exception in ASGI application\n", exc_info=raised)  # noqa: TRY400  # as it does
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
    return out.getvalue()


def test_the_server_s_own_log_says_what_kind_of_error_and_where_but_no_words() -> None:
    written = of_the_server(ValueError(WORDS))
    assert written.startswith("Exception in ASGI application: ValueError at test_words_in_logs.py:")
    assert "Amina" not in written
    assert written.count("\n") == 1


def test_it_is_set_up_once_however_often_it_is_asked_for() -> None:
    for _ in range(3):
        set_up_logging("WARNING")
    assert sum(isinstance(one, WithoutWords) for one in logging.getLogger("uvicorn.error").filters) == 1


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
