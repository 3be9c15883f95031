from __future__ import annotations

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.encryption import (
    BadMasterKeyError,
    KeyFileError,
    KeyMissingError,
    MasterKeys,
    TamperedError,
    Vault,
)

if TYPE_CHECKING:
    from pathlib import Path

ONE = base64.b64encode(b"1" * 32).decode()
TWO = base64.b64encode(b"2" * 32).decode()
PLACE = {"table": "inbound", "column": "sealed", "row": "r1"}


@given(st.binary(max_size=2000) | st.text())
def test_what_was_sealed_opens_in_its_place(plaintext: bytes | str) -> None:
    vault = Vault(MasterKeys.from_base64(ONE))
    key = vault.new_key()
    raw = plaintext.encode() if isinstance(plaintext, str) else plaintext
    assert vault.open(vault.seal(plaintext, key=key, **PLACE), key=key, **PLACE) == raw


@pytest.mark.parametrize("change", [{"table": "outbox"}, {"column": "other"}, {"row": "r2"}])
def test_it_opens_nowhere_else(change: dict[str, str], vault: Vault) -> None:
    key = vault.new_key()
    sealed = vault.seal("my letter", key=key, **PLACE)
    with pytest.raises(TamperedError) as caught:
        vault.open(sealed, key=key, **{**PLACE, **change})
    assert "sealed for" in str(caught.value)


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    vault = Vault(MasterKeys.from_base64(ONE))
    key = vault.new_key()
    sealed = bytearray(vault.seal("my letter", key=key, **PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TamperedError):
        vault.open(bytes(sealed), key=key, **PLACE)


@given(st.integers(0, 40))
def test_a_cut_value_is_noticed(length: int) -> None:
    vault = Vault(MasterKeys.from_base64(ONE))
    key = vault.new_key()
    sealed = vault.seal("", key=key, **PLACE)
    if length < len(sealed):
        with pytest.raises(TamperedError):
            vault.open(sealed[:length], key=key, **PLACE)


def test_another_newcomers_key_does_not_open_it(vault: Vault) -> None:
    sealed = vault.seal("my letter", key=vault.new_key(), **PLACE)
    with pytest.raises(TamperedError):
        vault.open(sealed, key=vault.new_key(), **PLACE)


def test_the_same_text_never_looks_the_same(vault: Vault) -> None:
    key = vault.new_key()
    assert vault.seal("yes", key=key, **PLACE) != vault.seal("yes", key=key, **PLACE)


def test_a_data_key_survives_the_rotation_of_the_master_key() -> None:
    old, both, new = (Vault(MasterKeys.from_base64(value)) for value in (ONE, f"{TWO},{ONE}", TWO))
    key = old.new_key()
    wrapped = old.wrap(key)
    assert both.unwrap(wrapped) == key
    assert new.unwrap(both.wrap(key)) == key
    with pytest.raises(KeyMissingError) as caught:
        new.unwrap(wrapped)
    assert wrapped.master_key_id in str(caught.value)


def test_a_wrapped_key_stays_in_its_row(vault: Vault) -> None:
    mine, yours = vault.wrap(vault.new_key()), vault.wrap(vault.new_key())
    with pytest.raises(TamperedError):
        vault.unwrap(type(mine)(id=mine.id, master_key_id=mine.master_key_id, wrapped=yours.wrapped))


def test_keys_stay_out_of_what_is_printed(vault: Vault) -> None:
    key = vault.new_key()
    for shown in (repr(MasterKeys.from_base64(ONE)), repr(key), repr(vault.wrap(key))):
        assert "1111" not in shown
        assert repr(key.secret) not in shown


def test_a_digest_hangs_on_the_address_the_channel_and_the_master_key() -> None:
    one, two = Vault(MasterKeys.from_base64(ONE)), Vault(MasterKeys.from_base64(TWO))
    digests = {
        one.address_digest("whatsapp", "+31611111111"),
        one.address_digest("whatsapp", "+31611111112"),
        one.address_digest("telegram", "+31611111111"),
        two.address_digest("whatsapp", "+31611111111"),
    }
    assert len(digests) == 4
    assert one.address_digest("telegram", "1") == one.address_digest("telegram", "1")


@pytest.mark.parametrize("value", ["", "abc", "not base64!", base64.b64encode(b"short").decode(), f"{ONE},"])
def test_a_bad_master_key_is_explained_and_not_repeated(value: str) -> None:
    with pytest.raises(BadMasterKeyError) as caught:
        MasterKeys.from_base64(value)
    assert "openssl rand -base64 32" in str(caught.value)
    assert not value or value not in str(caught.value)


class TestTheKeyFile:
    def test_is_made_once_for_the_owner_alone(self, tmp_path: Path) -> None:
        folder = tmp_path / "data" / "keys"
        first = MasterKeys.load_or_create(folder)
        assert MasterKeys.load_or_create(folder) == first
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [path.name for path in folder.iterdir()] == ["master.json"]
        assert stat.S_IMODE((folder / "master.json").stat().st_mode) == 0o600
        content = json.loads((folder / "master.json").read_text())
        assert content == {
            "current": first.current,
            "keys": {first.current: base64.b64encode(first.key(first.current)).decode()},
        }

    def test_is_the_same_for_processes_that_start_together(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _: MasterKeys.load_or_create(tmp_path / "keys"), range(8)))
        assert all(keys == made[0] for keys in made)
        assert [path.name for path in (tmp_path / "keys").iterdir()] == ["master.json"]

    def test_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        MasterKeys.load_or_create(tmp_path)
        (tmp_path / "master.json").chmod(0o644)
        with pytest.raises(KeyFileError, match="chmod 600"):
            MasterKeys.load_or_create(tmp_path)

    @pytest.mark.parametrize(
        "content", ["", "[]", "{}", '{"current": "a", "keys": {}}', '{"current": "a", "keys": {"a": 1}}']
    )
    def test_that_is_damaged_is_refused_and_kept(self, content: str, tmp_path: Path) -> None:
        path = tmp_path / "master.json"
        path.touch(mode=0o600)
        path.write_text(content)
        with pytest.raises((KeyFileError, BadMasterKeyError)):
            MasterKeys.load_or_create(tmp_path)
        assert path.read_text() == content

    def test_rotates_and_keeps_the_old_key(self, tmp_path: Path) -> None:
        old = MasterKeys.load_or_create(tmp_path)
        new = old.rotated(tmp_path)
        assert new.current != old.current
        assert new.key(old.current) == old.key(old.current)
        assert MasterKeys.load_or_create(tmp_path) == new
        assert stat.S_IMODE((tmp_path / "master.json").stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["master.json"]

    def test_and_the_environment_name_the_same_key_alike(self, tmp_path: Path) -> None:
        from_file = MasterKeys.load_or_create(tmp_path)
        value = base64.b64encode(from_file.key(from_file.current)).decode()
        assert MasterKeys.from_base64(value) == from_file
