"""
Encryption at rest: a master key wraps one data key per newcomer, and that seals everything they left.

Throw the data key away and nothing about the person can be read again, in a backup of the rows either.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_BYTES = 32
KEY_FILE = "master.json"
_NONCE_BYTES = 12
_FORMAT = b"\x01"  # AES-256-GCM: this byte, the nonce, the ciphertext with its tag


class EncryptionError(Exception):
    """Something that was sealed cannot be opened."""


class KeyMissingError(EncryptionError):
    """The key that sealed this is not here: the person was erased, or the keys are another database's."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"{self.__doc__} Missing key: {key_id}.")
        self.key_id = key_id


class TamperedError(EncryptionError):
    """The sealed value was changed, or stands in another row or column than the one it was sealed for."""

    def __init__(self, table: str, column: str, row: str) -> None:
        super().__init__(f"{self.__doc__} Place: {table}.{column}, row {row}.")
        self.table = table
        self.column = column
        self.row = row


class BadMasterKeyError(EncryptionError):
    """A master key is 32 random bytes in base64; make one with `openssl rand -base64 32`."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class KeyFileError(EncryptionError):
    """The key file cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{self.__doc__} {path}: {reason}")
        self.path = path
        self.reason = reason


def _key_from(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise BadMasterKeyError from None
    if len(key) != KEY_BYTES:
        raise BadMasterKeyError
    return key


def _fingerprint(key: bytes) -> str:
    """Name a key after its content, so that the same key has the same id in a file and in the environment."""
    return hashlib.sha256(b"wegwijs key id:" + key).hexdigest()[:12]


def _aad(table: str, column: str, row: str) -> bytes:
    return f"{table}:{column}:{row}".encode()


def _seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def _open(key: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    """Return the plaintext, or None when the bytes are not what was sealed under this key for this place."""
    if sealed[:1] != _FORMAT:
        return None
    head = 1 + _NONCE_BYTES
    try:
        return AESGCM(key).decrypt(sealed[1:head], sealed[head:], aad)
    except (InvalidTag, ValueError):
        return None


@dataclass(frozen=True, kw_only=True)
class MasterKeys:
    """The keys that wrap the data keys: `current` wraps what is new, the others still open what is old."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def from_base64(cls, value: str) -> MasterKeys:
        """Read keys from a setting: one base64 key, or several with commas between, the current one first."""
        keys = [_key_from(part) for part in value.split(",")]
        return cls(current=_fingerprint(keys[0]), keys={_fingerprint(key): key for key in keys})

    @classmethod
    def load_or_create(cls, directory: Path) -> MasterKeys:
        """
        Read the key file in `directory`, or make it there when it is the first run.

        Two processes that start together end with the same key: the file appears whole or not at all.
        """
        path = directory / KEY_FILE
        if not path.exists():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.chmod(0o700)  # mkdir's mode is cut by the umask, and the folder may have been there
            fresh = cls.from_base64(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
            draft = _draft(path, fresh)
            try:
                os.link(draft, path)  # unlike a rename this never replaces a file that another process just made
            except FileExistsError:
                pass
            finally:
                draft.unlink()
            _sync(directory)
        return cls._load(path)

    @classmethod
    def is_in(cls, directory: Path) -> bool:
        """Return whether there is a key file in `directory`."""
        return (directory / KEY_FILE).exists()

    @classmethod
    def read(cls, directory: Path) -> MasterKeys:
        """Read the key file in `directory`; nothing is made there. Raises KeyFileError, or OSError without one."""
        return cls._load(directory / KEY_FILE)

    @classmethod
    def _load(cls, path: Path) -> MasterKeys:
        if path.stat().st_mode & 0o077:
            raise KeyFileError(path, "others on this machine can read it; run: chmod 600 on it.")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            current, keys = (
                content["current"],
                {name: _key_from(text) for name, text in content["keys"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeyFileError(path, "it is not the JSON that was written; restore it from its backup.") from None
        if current not in keys:
            raise KeyFileError(path, f"the current key {current} is not among its keys.")
        return cls(current=current, keys=keys)

    def rotated(self, directory: Path) -> MasterKeys:
        """Add a fresh current key to the key file; `Keys.rewrap` then moves the old rows to it."""
        fresh = secrets.token_bytes(KEY_BYTES)
        name = _fingerprint(fresh)
        both = MasterKeys(current=name, keys={name: fresh, **self.keys})
        path = directory / KEY_FILE
        _draft(path, both).replace(path)
        _sync(directory)
        return both

    def key(self, key_id: str) -> bytes:
        """Return the key with this id, or raise `KeyMissingError`."""
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyMissingError(key_id) from None


def _draft(path: Path, master: MasterKeys) -> Path:
    """Write the keys to a private file beside `path` and return it; it still has to get its name."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    keys = {name: base64.b64encode(key).decode() for name, key in master.keys.items()}
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"current": master.current, "keys": keys}, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync(directory: Path) -> None:
    """Make the folder's new entry survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _derived(master: MasterKeys, purpose: bytes) -> dict[str, bytes]:
    """Derive a key for one purpose from each master key."""
    return {name: hmac.digest(key, purpose, "sha256") for name, key in master.keys.items()}


@dataclass(frozen=True, kw_only=True)
class DataKey:
    """The key of one newcomer, unwrapped; it lives in memory for one unit of work only."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """A data key as the database holds it."""

    id: str
    master_key_id: str
    wrapped: bytes = field(repr=False)


class Vault:
    """Seals and opens values. It knows the master keys and no database."""

    def __init__(self, master: MasterKeys) -> None:
        self._master = master
        self._address_keys = _derived(master, b"wegwijs address digest")
        self._code_keys = _derived(master, b"wegwijs link code digest")

    @property
    def current_master_key_id(self) -> str:
        """The id of the master key that wraps what is new."""
        return self._master.current

    def new_key(self) -> DataKey:
        """Make a data key for one newcomer."""
        return DataKey(id=new_id(), secret=secrets.token_bytes(KEY_BYTES))

    def wrap(self, key: DataKey) -> WrappedKey:
        """Wrap a data key under the current master key."""
        name = self._master.current
        wrapped = _seal(self._master.key(name), key.secret, _aad("data_keys", "wrapped", key.id))
        return WrappedKey(id=key.id, master_key_id=name, wrapped=wrapped)

    def unwrap(self, key: WrappedKey) -> DataKey:
        """Return the data key, or raise `KeyMissingError` or `TamperedError`."""
        secret = _open(self._master.key(key.master_key_id), key.wrapped, _aad("data_keys", "wrapped", key.id))
        if secret is None:
            raise TamperedError("data_keys", "wrapped", key.id)
        return DataKey(id=key.id, secret=secret)

    def seal(self, plaintext: bytes | str, *, key: DataKey, table: str, column: str, row: str) -> bytes:
        """Encrypt a value for one place: it opens nowhere else than in this column of this row."""
        raw = plaintext.encode() if isinstance(plaintext, str) else plaintext
        return _seal(key.secret, raw, _aad(table, column, row))

    def open(self, sealed: bytes, *, key: DataKey, table: str, column: str, row: str) -> bytes:
        """Decrypt a value read from this place, or raise `TamperedError`."""
        plaintext = _open(key.secret, sealed, _aad(table, column, row))
        if plaintext is None:
            raise TamperedError(table, column, row)
        return plaintext

    def address_digest(self, channel: str, address: str) -> bytes:
        """Return what an address is found by; without the master key nobody can try numbers against it."""
        return self.address_digests(channel, address)[0]

    def address_digests(self, channel: str, address: str) -> list[bytes]:
        """Return the digests under every master key, the current first: while rotating a row has either."""
        return self._digests(self._address_keys, f"{channel}:{address}")

    def code_digests(self, code: str) -> list[bytes]:
        """Return what a one-time code is found by, under every master key, the current first."""
        return self._digests(self._code_keys, code)

    def _digests(self, keys: Mapping[str, bytes], text: str) -> list[bytes]:
        names = [self._master.current, *(name for name in self._master.keys if name != self._master.current)]
        return [hmac.digest(keys[name], text.encode(), "sha256") for name in names]
