"""`wegwijs doctor` on installations that are well, and on each thing that can be wrong with one."""

from __future__ import annotations

import base64
import json
import shutil
from contextlib import closing
from datetime import timedelta
from socket import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from bot.commands import doctor, doctor_place, doctor_store
from bot.commands.doctor_finding import Level
from bot.domain.clock import SystemClock
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from tests.peers.postgresql import Cluster
from tests.peers.telegram import TOKEN, emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.settings import Settings
    from bot.store.work import Work
    from tests.commands.conftest import Home

OTHER_KEY = base64.b64encode(b"2" * 32).decode()
NAME, NUMBER = "Zwaluwhart", "+31612345678"


def told(home: Home, *words: str, **environment: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Return the exit code, and what was found by what it is about."""
    result = home.run("doctor", "--json", *words, **environment)
    assert result.stdout, result
    said = json.loads(result.stdout)
    assert said["ok"] == (result.exit_code == 0)
    found: dict[str, list[dict[str, str]]] = {}
    for one in said["findings"]:
        assert (one["level"] == "ok") == (one["mend"] == ""), one
        found.setdefault(one["about"], []).append(one)
    return result.exit_code, found


def of(found: list[dict[str, str]], level: str) -> str:
    return "\n".join(f"{one['says']} → {one['mend']}" for one in found if one["level"] == level)


def in_store(home: Home, change: Callable[[Work], Any]) -> None:
    """Change something in the home's database."""
    vault = Vault(MasterKeys.read(home.data / "keys"))
    with Database.open(f"sqlite:///{home.data / 'database' / 'wegwijs.sqlite'}", vault) as database:
        database.write(change)


@pytest.fixture
def lived_in(home: Home) -> Home:
    """A home with a database, an administrator and a helper who have both factors, and a newcomer."""
    assert home.run("migrate").exit_code == 0
    now = SystemClock().now()

    def settle(work: Work) -> None:
        for name, roles in (("Ada", ["administrator"]), ("Bo", ["administrator"]), ("Nora", ["volunteer"])):
            user = work.users.add(name, roles=roles, teams=["form_team"], now=now, sign_in=name)
            work.users.change(user.id, password_hash="$argon2id$…")
            work.users.set_secret(user.id, "totp", "JBSWY3DPEHPK3PXP")
        work.newcomers.writing_from("telegram", NUMBER, now=now, language="ar")

    in_store(home, settle)
    return home


# ---- an installation that is well


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(home: Home) -> None:
    before = sorted(path.name for path in home.data.iterdir())
    code, found = told(home)

    assert code == 0
    assert "serve makes it" in of(found["database"], "ok")
    assert sorted(path.name for path in home.data.iterdir()) == before


def test_a_good_one_is_only_warned_of_what_nobody_read_yet(lived_in: Home) -> None:
    code, found = told(lived_in, "--deep")

    assert code == 0
    assert {name for name, ones in found.items() if of(ones, "warning")} <= {
        *("encoder", "hours", "crisis texts", "translations", "data")
    }
    assert "every page and index was read" in of(found["database"], "ok")
    assert "it opens all 4 data keys" in of(found["key"], "ok")  # three people of the team, one newcomer


def test_to_a_person_it_is_lines_with_a_mend_below(lived_in: Home) -> None:
    result = lived_in.run("doctor", PUBLIC_URL="http://wegwijs.example.nl")

    assert result.exit_code == 1
    assert "ok      python          Python 3." in result.stdout
    assert "error   address         PUBLIC_URL is http://wegwijs.example.nl\n" in result.stdout
    assert f"{'':<24}give it a certificate" in result.stdout
    assert " warnings, 1 errors" in result.stdout


def test_it_says_nothing_secret_and_nothing_of_anybody(lived_in: Home) -> None:
    secrets = {
        "TELEGRAM_TOKEN": f"12345678:{'geheim' * 6}",
        "TELEGRAM_WEBHOOK_SECRET": "geheim-woord",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "geheim-token",
        "TWILIO_WHATSAPP_FROM": NUMBER,
        "WEGWIJS_SMTP_HOST": "mail.example.nl",
        "WEGWIJS_SMTP_FROM": "balie@example.nl",
        "WEGWIJS_SMTP_USER": "balie",
        "WEGWIJS_SMTP_PASSWORD": "geheim-wachtwoord",
        "PUBLIC_URL": "https://wegwijs.example.nl",
    }
    result = lived_in.run("doctor", **secrets)
    shown = result.stdout + result.stderr

    assert result.exit_code == 0, shown
    assert [word for word in ("geheim", NUMBER, "Ada", "Nora", "JBSW", "argon2") if word in shown] == []
    key = json.loads((lived_in.data / "keys" / "master.json").read_text())["keys"]
    assert all(value not in shown for value in key.values())


# ---- the machine


def test_a_folder_that_others_can_read_is_named(lived_in: Home) -> None:
    (lived_in.data / "database").chmod(0o755)
    (lived_in.data / "database" / "wegwijs.sqlite").chmod(0o644)
    _, found = told(lived_in)

    assert f"chmod 700 {lived_in.data / 'database'}" in of(found["data"], "warning")
    assert "chmod 600" in of(found["database"], "warning")


def test_a_full_disk_is_an_error_and_a_nearly_full_one_a_warning(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, level in (("NO_ROOM", "error"), ("LITTLE_ROOM", "warning")):
        with monkeypatch.context() as patch:
            patch.setattr(doctor_place, limit, 2**60)
            assert "never delete in database/" in of(told(home)[1]["disk"], level)


def test_a_library_that_is_not_there_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor_place, "requires", lambda _name: ["wegwijs-there-is-none>=1", "click>=8", "x; extra == 'y'"]
    )

    assert "wegwijs-there-is-none" in of(told(home)[1]["libraries"], "error")


def test_without_time_zones_dutch_time_is_not_known(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_place, "ZONE", "Europe/Nowhere")

    assert "tzdata" in of(told(home)[1]["time zone"], "error")


# ---- the key


def test_a_lost_key_is_the_worst_and_none_is_made_instead(lived_in: Home) -> None:
    (lived_in.data / "keys" / "master.json").unlink()
    code, found = told(lived_in)

    assert code == 1
    assert "put the key back" in of(found["key"], "error")
    assert not (lived_in.data / "keys" / "master.json").exists()


def test_a_key_that_others_can_read_is_refused(lived_in: Home) -> None:
    (lived_in.data / "keys" / "master.json").chmod(0o644)

    assert "chmod 600" in of(told(lived_in)[1]["key"], "error")


def test_another_key_opens_nothing(lived_in: Home) -> None:
    code, found = told(lived_in, WEGWIJS_MASTER_KEY=OTHER_KEY)

    assert code == 1
    assert "does not open 4 of 4 data keys" in of(found["key"], "error")


def test_a_key_that_is_none(lived_in: Home) -> None:
    assert "openssl rand -base64 32" in of(told(lived_in, WEGWIJS_MASTER_KEY="abc")[1]["key"], "error")


# ---- the database


def test_a_damaged_file_is_found(lived_in: Home) -> None:
    file = lived_in.data / "database" / "wegwijs.sqlite"
    whole = bytearray(file.read_bytes())
    page = 4096
    for at in range(page * 3, page * 40):  # the first pages stay: it still opens
        whole[at] = 0xFF
    file.write_bytes(bytes(whole))
    code, found = told(lived_in)

    assert code == 1
    assert "restore" in of(found["database"], "error") or "could not be looked at" in of(found["database"], "error")


def test_a_file_that_is_no_database(lived_in: Home) -> None:
    (lived_in.data / "database" / "wegwijs.sqlite").write_text("this is no database at all" * 100)
    code, found = told(lived_in)

    assert code == 1
    assert "restore the backup" in of(found["database"], "error")


def test_a_server_that_is_away(home: Home) -> None:
    home.run("migrate")  # the key is there
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code, found = told(home, DATABASE_URL=f"postgresql://wegwijs:geheim@127.0.0.1:{port}/wegwijs")

    assert code == 1
    assert "is the server up" in of(found["database"], "error")
    assert "geheim" not in str(found)


@pytest.mark.parametrize(
    ("revision", "level", "mend"), [("0001", "warning", "wegwijs migrate"), ("9999", "error", "newer")]
)
def test_the_tables_of_another_version(lived_in: Home, revision: str, level: str, mend: str) -> None:
    in_store(
        lived_in, lambda work: work.connection.execute(text(f"UPDATE alembic_version SET version_num='{revision}'"))
    )

    assert mend in of(told(lived_in)[1]["tables"], level)


def test_a_journal_that_grew(lived_in: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_store, "LARGE_WAL", -1)
    vault = Vault(MasterKeys.read(lived_in.data / "keys"))
    with Database.open(f"sqlite:///{lived_in.data / 'database' / 'wegwijs.sqlite'}", vault) as database:
        database.write(lambda work: work.budgets.pause("x", SystemClock().now(), now=SystemClock().now()))
        found = told(lived_in)[1]

    assert "journal has grown" in of(found["database"], "warning")


def test_what_waits_too_long_is_an_error_with_its_age(lived_in: Home) -> None:
    long_ago = SystemClock().now() - timedelta(hours=3)

    def write(work: Work) -> None:
        there = work.newcomers.writing_from("telegram", NUMBER, now=long_ago).conversation.id
        work.inbox.receive(there, "telegram", "1", "text", {"text": NAME}, long_ago)
        work.outbox.say(there, None, 0, {"text": NAME}, long_ago)
        gone = work.newcomers.writing_from("telegram", "8", now=long_ago)
        work.newcomers.forget(gone.newcomer.id)
        work.connection.execute(text("UPDATE conversations SET updated_at = '2026-01-01 00:00:00.000000'"))

    in_store(lived_in, write)
    code, found = told(lived_in)

    assert code == 1
    assert "1 conversations were not answered, the oldest for 180 minutes" in of(found["unread"], "error")
    assert "1 messages are due" in of(found["outbox"], "error")
    assert "1 people asked to be erased" in of(found["erasures"], "error")
    assert NAME not in str(found)


def test_what_did_not_arrive_is_a_warning(lived_in: Home) -> None:
    now = SystemClock().now()

    def write(work: Work) -> None:
        for channel, address in (("telegram", NUMBER), ("telegram", "9")):
            there = work.newcomers.writing_from(channel, address, now=now).conversation.id
            work.outbox.say(there, None, 0, {"text": NAME}, now)
        first, second = work.outbox.lease(now, 10, 60)
        work.outbox.failed(first.id, first.lease_token, "refused", None)
        work.outbox.uncertain(second.id, second.lease_token, "timed_out", now)

    in_store(lived_in, write)
    code, found = told(lived_in)

    assert code == 0
    assert "1 messages of the last day did not arrive" in of(found["outbox"], "warning")
    assert "nobody knows" in of(found["outbox"], "warning")


# ---- who works there, and what is known


def test_who_looks_after_the_accounts(home: Home) -> None:
    home.run("migrate")
    none = of(told(home)[1]["administrators"], "error")
    now = SystemClock().now()

    def one(work: Work) -> None:
        user = work.users.add("Ada", roles=["administrator"], teams=[], now=now, sign_in="ada")
        work.users.change(user.id, password_hash="$argon2id$…")

    in_store(home, one)
    _, found = told(home)

    assert "open the link" in none
    assert "appoint a second one" in of(found["administrators"], "warning")
    assert "1 people with a password have no code" in of(found["second factor"], "warning")
    assert "nobody is in form_team" in of(found["teams"], "error")


def test_knowledge_that_cannot_be_used_is_counted_and_the_rest_is_looked_at(lived_in: Home, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(lived_in.environment["WEGWIJS_KNOWLEDGE_DIR"], broken)
    next((broken / "flows").glob("*.yml")).write_text("flows: [", encoding="utf-8")
    code, found = told(lived_in, WEGWIJS_KNOWLEDGE_DIR=str(broken))

    assert code == 1
    assert "wegwijs check names them" in of(found["knowledge"], "error")
    assert of(found["administrators"], "ok")


def test_an_organisation_that_nobody_described(lived_in: Home) -> None:
    assert "set WEGWIJS_ORGANISATION" in of(told(lived_in, WEGWIJS_ORGANISATION="mars")[1]["knowledge"], "error")


def test_a_model_that_is_not_trained(home: Home) -> None:
    shutil.rmtree(home.data / "cache")

    assert "wegwijs train" in of(told(home)[1]["model"], "warning")


# ---- the way outside


@pytest.mark.parametrize(
    ("environment", "about", "level", "says"),
    [
        ({"PUBLIC_URL": "http://x.nl"}, "address", "error", "https://"),
        ({"TELEGRAM_WEBHOOK_SECRET": "abc"}, "address", "error", "PUBLIC_URL is missing"),
        ({"PUBLIC_URL": "https://x.nl"}, "proxy", "warning", "TRUSTED_PROXIES"),
        ({"PUBLIC_URL": "https://x.nl", "TRUSTED_PROXIES": "10.0.0.0/8"}, "proxy", "ok", "1 are believed"),
        ({"TELEGRAM_TOKEN": "niet goed"}, "telegram", "error", "BotFather"),
        ({"TELEGRAM_TOKEN": f"123:{'a' * 35}"}, "telegram", "ok", "is asked"),
        ({"TWILIO_AUTH_TOKEN": "x"}, "whatsapp", "error", "TWILIO_ACCOUNT_SID, TWILIO_WHATSAPP_FROM is missing"),
        ({"WEGWIJS_SMTP_HOST": "mail.x.nl"}, "mail", "error", "WEGWIJS_SMTP_FROM"),
        ({"WEGWIJS_OIDC_CLIENT_ID": "x"}, "sign-in", "error", "WEGWIJS_OIDC_ISSUER"),
        (
            {"PUBLIC_URL": "https://x.nl", "METRICS_PORT": "9464", "METRICS_HOST": "10.0.0.4"},
            "metrics",
            "warning",
            "whoever reaches port 9464",
        ),
    ],
)
def test_a_setting_that_is_wrong_is_named(
    lived_in: Home, environment: dict[str, str], about: str, level: str, says: str
) -> None:
    assert says in of(told(lived_in, **environment)[1][about], level)


def test_asked_to_it_greets_the_mail_server(lived_in: Home) -> None:
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "WEGWIJS_SMTP_HOST": "127.0.0.1",
        "WEGWIJS_SMTP_PORT": str(port),
        "WEGWIJS_SMTP_FROM": "balie@example.nl",
        "WEGWIJS_SMTP_STARTTLS": "0",
    }
    away = of(told(lived_in, "--online", **settings)[1]["mail"], "error")
    server = Controller(object(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        there = of(told(lived_in, "--online", **settings)[1]["mail"], "ok")
    finally:
        server.stop()

    assert "ConnectionRefusedError" in away
    assert "lets us in" in there


def test_an_address_that_leads_nowhere_is_found_when_asked(lived_in: Home) -> None:
    with closing(socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, found = told(lived_in, "--online", PUBLIC_URL=f"https://127.0.0.1:{port}")

    assert "cannot be reached: URLError" in of(found["address"], "error")


@pytest.mark.peers
def test_asked_to_it_asks_telegram(lived_in: Home) -> None:
    with emulator() as network:
        well = told(lived_in, "--online", TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=network.api_url)[1]
        other = {"TELEGRAM_WEBHOOK_SECRET": "abc", "PUBLIC_URL": "https://wegwijs.example.nl"}
        elsewhere = told(lived_in, "--online", TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=network.api_url, **other)[1]

    assert "Bot " in of(well["telegram"], "ok")
    assert "wegwijs channels" in of(elsewhere["telegram"], "error")


def test_two_clocks_that_differ_are_an_error() -> None:
    now = SystemClock().now()

    assert doctor_store.clocks("theirs", now - timedelta(minutes=5)).level is Level.ERROR
    assert doctor_store.clocks("theirs", now).level is Level.OK


def test_a_look_that_fails_is_a_finding_and_the_others_go_on(lived_in: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Settings) -> None:
        raise ValueError(NUMBER)

    broken.__name__ = "key"
    monkeypatch.setattr(doctor.doctor_place, "key", broken)
    code, found = told(lived_in)

    assert code == 1
    assert "ValueError" in of(found["key"], "error")
    assert NUMBER not in str(found)
    assert of(found["administrators"], "ok")


def test_looking_leaves_nothing_behind(lived_in: Home) -> None:
    def seen() -> list[tuple[str, int]]:
        return sorted((str(path.relative_to(lived_in.data)), path.stat().st_size) for path in lived_in.data.rglob("*"))

    before = seen()
    told(lived_in, "--deep")

    assert seen() == before


@pytest.mark.postgresql
def test_a_server_is_looked_at_like_a_file(home: Home) -> None:
    cluster = Cluster()
    try:
        with cluster.database() as url:
            before = told(home, DATABASE_URL=url, WEGWIJS_MASTER_KEY=OTHER_KEY)[1]
            assert home.run("migrate", DATABASE_URL=url, WEGWIJS_MASTER_KEY=OTHER_KEY).exit_code == 0
            _, found = told(home, "--online", DATABASE_URL=url, WEGWIJS_MASTER_KEY=OTHER_KEY)
    finally:
        cluster.stop()

    assert "revision none" in of(before["tables"], "warning")
    assert "PostgreSQL 1" in of(found["database"], "ok")
    assert "as this version wants them" in of(found["tables"], "ok")
    assert "agrees with ours" in of(found["clock"], "ok")
    assert "nothing waits" in of(found["waiting"], "ok")


def test_a_shared_server_needs_the_queue(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_place, "find_spec", lambda _name: None)
    settings = {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "WEGWIJS_MASTER_KEY": OTHER_KEY}

    assert "wegwijs[scale]" in of(told(home, **settings)[1]["queue"], "error")
