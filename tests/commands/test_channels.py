"""`wegwijs channels setup | check` and `wegwijs serve` with a bot, at an emulated Telegram."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.channels import updates
from tests.peers.telegram import TOKEN, Emulator, emulator, refusal, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.commands.conftest import Home

SECRET = "s3cret_of-ours"
COMMANDS = """responses:
  utter_command_menu: [{text: "Kies een *onderwerp*"}]
  utter_command_stop: [{text: Stop met berichten}]
"""


@pytest.fixture
def phone_network() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


@pytest.fixture
def with_commands(home: Home, tmp_path: Path) -> dict[str, str]:
    """Settings whose knowledge describes two of the commands."""
    folder = tmp_path / "organisation"
    shutil.copytree(home.environment["WEGWIJS_ORGANISATION_DIR"], folder)
    (folder / "content" / "responses" / "commands.yml").write_text(COMMANDS, encoding="utf-8")
    return {"WEGWIJS_ORGANISATION_DIR": str(folder)}


def bot(network: Emulator, **more: str) -> dict[str, str]:
    return {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": network.api_url, **more}


def webhook(network: Emulator) -> dict[str, str]:
    return bot(network, TELEGRAM_WEBHOOK_SECRET=SECRET, PUBLIC_URL="https://wegwijs.example.nl/")


# ---- without a bot


@pytest.mark.parametrize("verb", ["setup", "check"])
def test_without_a_token_it_says_where_to_get_one(trained: Home, verb: str) -> None:
    result = trained.run("channels", verb)

    assert result.exit_code == 0
    assert "TELEGRAM_TOKEN is missing: write /newbot to @BotFather" in result.output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_WEBHOOK_SECRET", "with a space"),
        ("PUBLIC_URL", "wegwijs.example.nl"),
        ("TELEGRAM_API_URL", "ftp://x"),
    ],
)
def test_a_setting_that_cannot_be_used_says_what_it_should_be(trained: Home, name: str, value: str) -> None:
    result = trained.run("channels", "check", **{name: value})

    assert result.exit_code == 1
    assert f"{name}: " in result.output + result.stderr
    assert "Traceback" not in result.output + result.stderr


# ---- setup


@pytest.mark.peers
def test_setup_for_asking(home: Home, phone_network: Emulator, with_commands: dict[str, str]) -> None:
    phone_network.ask("setWebhook", {"url": "https://elsewhere.example.nl/"})
    result = home.run("channels", "setup", **bot(phone_network), **with_commands)

    assert result.exit_code == 0, result.output
    assert "long polling" in result.output
    assert phone_network.ask("getWebhookInfo")["url"] == ""
    assert phone_network.gate.of("deleteWebhook")[0].fields == {}


@pytest.mark.peers
def test_setup_for_a_webhook(home: Home, phone_network: Emulator, with_commands: dict[str, str]) -> None:
    result = home.run("channels", "setup", **webhook(phone_network), **with_commands)

    assert result.exit_code == 0, result.output
    assert phone_network.ask("getWebhookInfo")["url"] == "https://wegwijs.example.nl/webhooks/telegram"
    asked = phone_network.gate.of("setWebhook")[0].fields
    assert (asked["secret_token"], asked["max_connections"]) == (SECRET, "1")
    assert "message_reaction" in asked["allowed_updates"]


@pytest.mark.peers
def test_setup_shows_the_commands_that_the_authors_described(
    home: Home, phone_network: Emulator, with_commands: dict[str, str]
) -> None:
    result = home.run("channels", "setup", **bot(phone_network), **with_commands)

    assert result.exit_code == 0, result.output
    shown = phone_network.gate.of("setMyCommands")
    assert [call.fields.get("language_code") for call in shown] == [None, "nl"]
    assert "Kies een onderwerp" in shown[0].fields["commands"]
    assert "stop" in shown[0].fields["commands"]


# ---- check


@pytest.mark.peers
def test_check_says_ok(trained: Home, phone_network: Emulator) -> None:
    result = trained.run("channels", "check", **bot(phone_network))

    assert result.exit_code == 0
    assert "Bot Fixture" in result.output
    assert "Telegram   ok" in result.output


@pytest.mark.peers
def test_check_says_what_to_do_before_setup(trained: Home, phone_network: Emulator) -> None:
    result = trained.run("channels", "check", **webhook(phone_network))

    assert result.exit_code == 1
    assert "wegwijs channels setup" in result.output


@pytest.mark.peers
def test_check_says_that_nobody_takes_the_messages(trained: Home, phone_network: Emulator) -> None:
    for _ in range(101):
        phone_network.tell("message", updates.text("Hallo?"))
    result = trained.run("channels", "check", **bot(phone_network))

    assert result.exit_code == 1
    assert "101 messages wait: does wegwijs serve run?" in result.output


@pytest.mark.peers
@pytest.mark.parametrize(
    ("status", "words"), [(401, "Telegram does not know this TELEGRAM_TOKEN"), (502, "Telegram cannot be reached")]
)
def test_check_says_why_telegram_refuses(trained: Home, phone_network: Emulator, status: int, words: str) -> None:
    phone_network.gate.fail(refusal("getMe", status, "Unauthorized"))
    result = trained.run("channels", "check", **bot(phone_network))

    assert result.exit_code == 1
    assert words in result.output
    assert TOKEN not in result.output


# ---- serve


def is_well(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.request("GET", "/healthz")
    return line.getresponse().status == 200


def lines_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def end(process: subprocess.Popen[str], said: str) -> str:
    """Stop it once it serves: a signal before that ends it like any program."""
    found = re.search(r"127\.0\.0\.1:(\d+)/healthz", said)
    assert found
    assert until(lambda: is_well(int(found[1])))
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    return err


@pytest.mark.peers
def test_serve_answers_a_bot_with_only_a_token(home: Home, phone_network: Emulator) -> None:
    process = home.start("serve", "--port", "0", **bot(phone_network, WEGWIJS_LOG_LEVEL="DEBUG"))
    said = lines_until(process, "Bot Fixture")
    phone_network.tell("message", updates.text("De verwarming is kapot"))

    assert "is asked for messages" in said
    assert until(lambda: [call for call in phone_network.gate.of("sendMessage") if call.status == 200])
    assert TOKEN not in end(process, said)


@pytest.mark.peers
def test_serve_says_what_is_missing_for_a_webhook(home: Home, phone_network: Emulator) -> None:
    process = home.start("serve", "--port", "0", **bot(phone_network, TELEGRAM_WEBHOOK_SECRET=SECRET))

    said = lines_until(process, "Bot Fixture")

    assert "PUBLIC_URL is missing" in said
    end(process, said)


@pytest.mark.peers
def test_serve_takes_posts(home: Home, phone_network: Emulator) -> None:
    process = home.start("serve", "--port", "0", **webhook(phone_network))
    said = lines_until(process, "run `wegwijs channels setup` once")

    assert "posts to https://wegwijs.example.nl/webhooks/telegram" in said
    assert phone_network.gate.of("getUpdates") == []
    end(process, said)


@pytest.mark.parametrize("token", [TOKEN, "not a token"])
def test_serve_starts_without_telegram(home: Home, token: str) -> None:
    away = {"TELEGRAM_TOKEN": token, "TELEGRAM_API_URL": "http://127.0.0.1:9"}
    process = home.start("serve", "--port", "0", **away)
    said = lines_until(process, "Telegram cannot be reached" if token == TOKEN else "does not know this TELEGRAM_TOKEN")

    assert "Wegwijs is ready" in said
    assert token not in said + end(process, said)
