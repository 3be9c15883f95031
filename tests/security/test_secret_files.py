"""Settings in files, as containers are given their secrets."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from bot import settings as module
from bot.cli import main
from bot.settings import SecretFileError, Settings

if TYPE_CHECKING:
    from pathlib import Path

KEY = base64.b64encode(b"1" * 32).decode()
URL = "postgresql://wegwijs:pass%20word@postgres/wegwijs"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("WEGWIJS_", "TELEGRAM_", "TWILIO_")) or name in {"DATABASE_URL", "PUBLIC_URL"}:
            monkeypatch.delenv(name)
    found = tmp_path / "secrets"
    found.mkdir()
    monkeypatch.setenv("WEGWIJS_SECRETS_DIR", str(found))
    return found


def test_a_setting_stands_in_a_file_of_its_name(folder: Path) -> None:
    (folder / "DATABASE_URL").write_text(URL + "\n", encoding="utf-8")
    (folder / "WEGWIJS_MASTER_KEY").write_text(f"{KEY}\r\n", encoding="utf-8")
    (folder / "TRUSTED_PROXIES").write_text("10.0.0.0/8, ::1\n", encoding="utf-8")
    (folder / "something else").write_text("x", encoding="utf-8")
    found = Settings()
    assert found.url == URL
    assert found.master_key is not None
    assert found.master_key.get_secret_value() == KEY
    assert [str(one) for one in found.trusted_proxies] == ["10.0.0.0/8", "::1/128"]


def test_every_setting_may(folder: Path) -> None:
    names = [str(field.validation_alias) for field in Settings.model_fields.values()]
    for name in names:
        (folder / name).mkdir()
        if name != "WEGWIJS_SECRETS_DIR":
            with pytest.raises(SecretFileError, match=name):
                Settings()
        (folder / name).rmdir()
    assert Settings().secrets_dir == folder


def test_the_environment_goes_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "DATABASE_URL").write_text(URL, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/wegwijs")
    assert Settings().url == "postgresql://elsewhere/wegwijs"
    monkeypatch.setenv("DATABASE_URL", "")  # an empty value is none
    assert Settings().url == URL


def test_an_empty_file_is_none(folder: Path) -> None:
    (folder / "TELEGRAM_TOKEN").write_text("\n", encoding="utf-8")
    assert Settings().telegram_token is None


@pytest.mark.parametrize(
    ("content", "why"), [(b"\xff\xfe\x00", "not written in UTF-8"), (b"a" * 70_000, "too long")], ids=["bytes", "long"]
)
def test_what_is_no_setting_is_explained_and_not_shown(folder: Path, content: bytes, why: str) -> None:
    (folder / "TELEGRAM_TOKEN").write_bytes(content)
    with pytest.raises(SecretFileError, match=why) as error:
        Settings()
    assert "aaa" not in str(error.value)


def test_a_file_that_leads_nowhere_is_not_the_same_as_none(folder: Path) -> None:
    """Kubernetes mounts secrets as links: one that leads nowhere must not start an assistant with another key."""
    (folder / "WEGWIJS_MASTER_KEY").symlink_to(folder / "gone")
    with pytest.raises(SecretFileError, match="WEGWIJS_MASTER_KEY cannot be read"):
        Settings()


def test_a_folder_that_was_named_has_to_be_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEGWIJS_SECRETS_DIR", str(folder / "elsewhere"))
    with pytest.raises(SecretFileError, match="there is no such folder"):
        Settings()


def test_without_a_name_it_is_where_containers_have_it_and_only_when_it_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEGWIJS_SECRETS_DIR")
    (folder / "DATABASE_URL").write_text(URL, encoding="utf-8")
    monkeypatch.setattr(module, "SECRETS_DIR", folder)
    assert Settings().url == URL
    monkeypatch.setattr(module, "SECRETS_DIR", folder / "elsewhere")
    assert Settings().database_url is None
    assert Settings().secrets_dir is None


def test_the_command_line_says_it_in_one_line(folder: Path) -> None:
    (folder / "TELEGRAM_TOKEN").mkdir()
    done = CliRunner().invoke(main, ["outbox", "list"])
    assert done.exit_code == 1
    assert done.output.startswith("wegwijs: TELEGRAM_TOKEN cannot be read from ")
    assert done.output.count("\n") == 1


def test_a_value_that_is_refused_is_not_repeated(folder: Path) -> None:
    (folder / "TELEGRAM_WEBHOOK_SECRET").write_text("not good: geheim", encoding="utf-8")
    (folder / "WEGWIJS_TRANSLATE_URL").write_text("http://user:geheim@elsewhere", encoding="utf-8")
    done = CliRunner().invoke(main, ["outbox", "list"])
    assert done.exit_code == 1
    assert "geheim" not in done.output
