"""The data keys: one per newcomer, found once per unit of work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from bot.store.encryption import DataKey, EncryptionError, KeyMissingError, Vault, WrappedKey
from bot.store.tables import addresses, conversations, data_keys, newcomers, users

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Select

# Made once, for every unit of work asks them (see bot/store/inbox.py).
_KEY = select(data_keys.c.id, data_keys.c.master_key_id, data_keys.c.wrapped)
_THEIRS = _KEY.join(newcomers, newcomers.c.data_key_id == data_keys.c.id)
_OF_NEWCOMER = _THEIRS.where(newcomers.c.id == bindparam("name"))
_OF_CONVERSATION = _THEIRS.where(
    newcomers.c.id
    == select(conversations.c.newcomer_id).where(conversations.c.id == bindparam("name")).scalar_subquery()
)
_OF_USER = _KEY.join(users, users.c.data_key_id == data_keys.c.id).where(users.c.id == bindparam("name"))


class Keys:
    """Finds, makes and destroys data keys, and seals JSON with them."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self.vault = vault
        self._of_newcomer: dict[str, DataKey] = {}
        self._of_conversation: dict[str, DataKey] = {}
        self._of_user: dict[str, DataKey] = {}

    def make(self, now: datetime) -> DataKey:
        """Make and store the key of somebody new: a newcomer, or one of the team."""
        key = self.vault.new_key()
        wrapped = self.vault.wrap(key)
        self._connection.execute(
            insert(data_keys).values(
                id=key.id, master_key_id=wrapped.master_key_id, wrapped=wrapped.wrapped, created_at=now
            )
        )
        return key

    def remember(self, key: DataKey, *, newcomer_id: str, conversation_id: str | None = None) -> None:
        """Keep a key that was just read or made, so that this unit of work does not ask for it again."""
        self._of_newcomer[newcomer_id] = key
        if conversation_id is not None:
            self._of_conversation[conversation_id] = key

    def of_newcomer(self, newcomer_id: str) -> DataKey:
        """Return the newcomer's key, or raise `KeyMissingError` when they were erased."""
        key = self._of_newcomer.get(newcomer_id)
        if key is None:
            key = self._found(_OF_NEWCOMER, newcomer_id)
            self._of_newcomer[newcomer_id] = key
        return key

    def of_conversation(self, conversation_id: str) -> DataKey:
        """Return the key of the conversation's newcomer, or raise `KeyMissingError` when they were erased."""
        key = self._of_conversation.get(conversation_id)
        if key is None:
            key = self._found(_OF_CONVERSATION, conversation_id)
            self._of_conversation[conversation_id] = key
        return key

    def of_user(self, user_id: str) -> DataKey:
        """Return the key of somebody of the team, or raise `KeyMissingError` when there is none."""
        key = self._of_user.get(user_id)
        if key is None:
            key = self._found(_OF_USER, user_id)
            self._of_user[user_id] = key
        return key

    def _found(self, query: Select[Any], name: str) -> DataKey:
        row = self._connection.execute(query, {"name": name}).one_or_none()
        if row is None:
            raise KeyMissingError(name)
        return self.vault.unwrap(WrappedKey(id=row.id, master_key_id=row.master_key_id, wrapped=row.wrapped))

    def destroy(self, data_key_id: str) -> None:
        """Delete a data key: whatever was sealed with it cannot be read again."""
        self._connection.execute(delete(data_keys).where(data_keys.c.id == data_key_id))
        self._of_newcomer.clear()
        self._of_conversation.clear()

    def seal_json(self, value: Mapping[str, Any], key: DataKey, *, table: str, column: str, row: str) -> bytes:
        """Seal a JSON object for one place."""
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return self.vault.seal(plain, key=key, table=table, column=column, row=row)

    def open_json(self, sealed: bytes | None, key: DataKey, *, table: str, column: str, row: str) -> Mapping[str, Any]:
        """Open a JSON object from its place; content that was dropped is an empty one."""
        if sealed is None:
            return {}
        value: dict[str, Any] = json.loads(self.vault.open(sealed, key=key, table=table, column=column, row=row))
        return value

    def tried(self, limit: int | None) -> tuple[int, int]:
        """Try to open the newest so many data keys (None: all); return how many were tried, and how many stay shut."""
        rows = self._connection.execute(_KEY.order_by(data_keys.c.id.desc()).limit(limit))
        tried = shut = 0
        for row in rows:
            tried += 1
            try:
                self.vault.unwrap(WrappedKey(id=row.id, master_key_id=row.master_key_id, wrapped=row.wrapped))
            except EncryptionError:
                shut += 1
        return tried, shut

    def rewrap(self, limit: int) -> int:
        """
        Move up to `limit` newcomers to the current master key and return how many moved.

        Once it returns 0 the older master keys are no longer needed by this database.
        """
        current = self.vault.current_master_key_id
        rows = self._connection.execute(
            select(data_keys.c.id, data_keys.c.master_key_id, data_keys.c.wrapped)
            .where(data_keys.c.master_key_id != current)
            .order_by(data_keys.c.id)
            .limit(limit)
            .with_for_update()
        ).all()
        for row in rows:
            key = self.vault.unwrap(WrappedKey(id=row.id, master_key_id=row.master_key_id, wrapped=row.wrapped))
            wrapped = self.vault.wrap(key)
            self._connection.execute(
                update(data_keys)
                .where(data_keys.c.id == key.id)
                .values(master_key_id=wrapped.master_key_id, wrapped=wrapped.wrapped)
            )
            self._digest_anew(key)
        return len(rows)

    def _digest_anew(self, key: DataKey) -> None:
        """The digest an address is found by hangs on the master key too, so it moves along."""
        rows = self._connection.execute(
            select(addresses.c.id, addresses.c.channel, addresses.c.sealed)
            .join(newcomers, newcomers.c.id == addresses.c.newcomer_id)
            .where(newcomers.c.data_key_id == key.id)
        ).all()
        for row in rows:
            address = self.vault.open(row.sealed, key=key, table="addresses", column="sealed", row=row.id).decode()
            digest = self.vault.address_digest(row.channel, address)
            self._connection.execute(update(addresses).where(addresses.c.id == row.id).values(digest=digest))
