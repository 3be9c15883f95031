"""
A sealed file: bytes of any length under a key of 32 bytes, so that not a bit of it can be changed or left out unseen.

First a line that says what it is, then the head: a JSON object that anybody can read and nobody can change. Then
chunks of AES-256-GCM under a key of their own, derived (HKDF-SHA-256) from the given key and the head's salt. A chunk's
nonce is its number and whether it is the last, so that none can be swapped, left out, added, or cut off at the end.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import zlib
from typing import IO, TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEY_BYTES = 32
_WHAT = b"wegwijs backup "
_FORMAT = b"1"
_LONGEST_LINE = len(_WHAT) + 8
_LONGEST_HEAD = 64 * 1024
_CHUNK = 64 * 1024
_TAG = 16


class BadBackupKeyError(StoreError):
    """A backup key is 32 random bytes in base64; `wegwijs backup --new-key` prints one."""


class NoBackupKeyError(StoreError):
    """WEGWIJS_BACKUP_KEY is not set: `wegwijs backup --new-key` prints a key for it; keep a copy elsewhere."""


class NoBackupError(StoreError):
    """This file is not a backup."""


class NewerBackupError(StoreError):
    """A later version of Wegwijs made this backup: restore it with that version, or a later one."""


class OtherBackupKeyError(StoreError):
    """The backup was made with another key than those of WEGWIJS_BACKUP_KEY."""

    def __init__(self, key_id: str) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} (the key it wants has the id {key_id})",)
        self.key_id = key_id


class BrokenBackupError(StoreError):
    """The backup is damaged: it was changed, cut off, or is not whole."""


class BackupKeys:
    """The keys of backups: the first seals, every one of them opens."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = {key_id(key): key for key in keys}
        self.current = keys[0]

    @classmethod
    def from_base64(cls, value: str) -> BackupKeys:
        """
        Read keys from a setting: one in base64, or several with commas between, the one of today first.

        Raises:
            BadBackupKeyError: one of them is no key.

        """
        return cls(tuple(_key_in(part) for part in value.split(",")))

    def named(self, name: str) -> bytes:
        """Return the key with this id, or raise `OtherBackupKeyError`."""
        try:
            return self._keys[name]
        except KeyError:
            raise OtherBackupKeyError(name) from None


def new_key() -> str:
    """Return a fresh key, as the setting takes it."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


def key_id(key: bytes) -> str:
    """Return by what a key is known, without telling anything of it."""
    return hashlib.sha256(b"wegwijs backup key id:" + key).hexdigest()[:12]


def _key_in(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise BadBackupKeyError from None
    if len(key) != KEY_BYTES:
        raise BadBackupKeyError
    return key


def _derived(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, info=_WHAT + _FORMAT).derive(key))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")


class Writer:
    """Seals what is written to it; only after `finish` the file is whole."""

    def __init__(self, file: IO[bytes], key: bytes, head: Mapping[str, Any]) -> None:
        salt = secrets.token_bytes(KEY_BYTES)
        words = json.dumps({**head, "key": key_id(key), "salt": salt.hex()}).encode("ascii")
        before = _WHAT + _FORMAT + b"\n" + words + b"\n"
        file.write(before)
        self._file = file
        self._cipher = _derived(key, salt)
        self._head = hashlib.sha256(before).digest()
        self._packer = zlib.compressobj(1)  # what is sealed already does not get smaller; its base64 does
        self._waiting = bytearray()
        self._number = 0

    def write(self, content: bytes) -> None:
        """Take more bytes."""
        self._waiting += self._packer.compress(content)
        while len(self._waiting) > _CHUNK:  # never all of it: the last chunk is only known at the end
            self._seal(bytes(self._waiting[:_CHUNK]), is_last=False)
            del self._waiting[:_CHUNK]

    def finish(self) -> None:
        """Write what is left, and that it is the end."""
        self._waiting += self._packer.flush()
        while len(self._waiting) > _CHUNK:
            self._seal(bytes(self._waiting[:_CHUNK]), is_last=False)
            del self._waiting[:_CHUNK]
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, self._head))
        self._number += 1


class Reader:
    """Opens what a `Writer` sealed. What comes of it before the end is genuine, but only at its end it is whole."""

    def __init__(self, file: IO[bytes], keys: BackupKeys) -> None:
        """
        Read the head.

        Raises:
            NoBackupError: the file is something else.
            NewerBackupError: its format is not known here.
            OtherBackupKeyError: its key is not among the keys.

        """
        self._file = file
        first = file.readline(_LONGEST_LINE)
        if not first.startswith(_WHAT):
            raise NoBackupError
        if first != _WHAT + _FORMAT + b"\n":
            raise NewerBackupError
        words = file.readline(_LONGEST_HEAD)
        try:
            self.head: Mapping[str, Any] = json.loads(words)
            name, salt = str(self.head["key"]), bytes.fromhex(self.head["salt"])
        except (ValueError, KeyError, TypeError):
            raise BrokenBackupError from None
        self._cipher = _derived(keys.named(name), salt)
        self._head = hashlib.sha256(first + words).digest()

    def lines(self) -> Iterator[bytes]:
        """
        Yield the lines that were written, without their ends.

        Raises:
            BrokenBackupError: the file is not as it was written; some lines may have come before it is noticed.

        """
        begun: list[bytes] = []
        for content in self._unpacked():
            *whole, rest = content.split(b"\n")
            for line in whole:
                yield b"".join((*begun, line))
                begun.clear()
            begun.append(rest)
        if b"".join(begun):
            raise BrokenBackupError

    def _unpacked(self) -> Iterator[bytes]:
        packer = zlib.decompressobj()
        try:
            for chunk in self._chunks():
                rest = chunk
                while rest:
                    yield packer.decompress(rest, _CHUNK * 16)
                    rest = packer.unconsumed_tail
            yield packer.flush()
        except zlib.error:
            raise BrokenBackupError from None
        if not packer.eof:
            raise BrokenBackupError

    def _chunks(self) -> Iterator[bytes]:
        number, sealed = 0, self._file.read(_CHUNK + _TAG)
        while True:
            following = self._file.read(_CHUNK + _TAG)
            try:
                yield self._cipher.decrypt(_nonce(number, is_last=not following), sealed, self._head)
            except (InvalidTag, ValueError):
                raise BrokenBackupError from None
            if not following:
                return
            number, sealed = number + 1, following
