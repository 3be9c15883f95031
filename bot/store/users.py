"""The people who work at the desk: what they may do, and by what they are known when they sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from bot.store.encryption import DataKey, EncryptionError
from bot.store.ids import new_id
from bot.store.rows import UserRow
from bot.store.tables import invitations, sessions, users

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from bot.store.keys import Keys

# What of a user is sealed, by what it is called outside.
_SECRETS = {"totp": "totp_sealed", "mail": "mail_sealed", "telegram": "telegram_sealed"}


class Users:
    """Who works at the desk: what they may do, in which teams, and which languages they speak."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def add(  # noqa: PLR0913  # what somebody is; all but the name goes by name
        self,
        pseudonym: str,
        *,
        roles: Collection[str],
        teams: Collection[str],
        languages: Collection[str] = (),
        now: datetime,
        sign_in: str | None = None,
        organisation_id: str | None = None,
    ) -> UserRow:
        """Add somebody by the name that newcomers may see; no two have the same, nor the same name to sign in with."""
        user_id = new_id()
        key = self._keys.make(now)
        self._connection.execute(
            insert(users).values(
                id=user_id,
                pseudonym=pseudonym,
                roles_json=sorted(roles),
                teams_json=sorted(teams),
                languages_json=list(languages),
                created_at=now,
                data_key_id=key.id,
                sign_in=sign_in.lower() if sign_in else None,
                organisation_id=organisation_id,
            )
        )
        user = self.get(user_id)
        assert user is not None
        return user

    def get(self, user_id: str) -> UserRow | None:
        """Return somebody, also when their account is off."""
        row = self._connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
        return None if row is None else _user_from(row)

    def by_sign_in(self, name: str) -> UserRow | None:
        """Return who signs in with this name, in any case of its letters."""
        row = self._connection.execute(select(users).where(users.c.sign_in == name.lower())).one_or_none()
        return None if row is None else _user_from(row)

    def by_pseudonym(self, name: str) -> UserRow | None:
        """Return who newcomers know by this name."""
        row = self._connection.execute(select(users).where(users.c.pseudonym == name)).one_or_none()
        return None if row is None else _user_from(row)

    def everybody(self, *, held: bool = False) -> list[UserRow]:
        """Return all who have an account, by the name that newcomers may see; `held`: nobody else changes them now."""
        query = select(users).order_by(users.c.pseudonym)
        rows = self._connection.execute(query.with_for_update() if held else query).all()
        return [_user_from(row) for row in rows]

    def change(self, user_id: str, **values: object) -> bool:
        """
        Change columns of somebody: `pseudonym`, `roles_json`, `interface`, `on_shift_until` and so on.

        Return False when there is no such account.
        """
        return self._connection.execute(update(users).where(users.c.id == user_id).values(**values)).rowcount == 1

    def set_active(self, user_id: str, *, active: bool) -> bool:
        """
        Switch an account on or off; False when there is no such account.

        Off, it is signed in nowhere and no link opens it. Their cases are another matter: time gives them back.
        """
        if not active:
            for of_theirs in (sessions, invitations):
                self._connection.execute(delete(of_theirs).where(of_theirs.c.user_id == user_id))
        return self.change(user_id, active=active)

    # ---- what is sealed, or hashed

    def password_hash(self, user_id: str) -> str | None:
        """Return the hash of somebody's password; None when they have none."""
        found: str | None = self._connection.scalar(select(users.c.password_hash).where(users.c.id == user_id))
        return found

    def secret(self, user_id: str, name: str) -> str | None:
        """Return what is kept sealed of somebody: `totp`, `mail` or `telegram`."""
        column = _SECRETS[name]
        sealed = self._connection.scalar(select(users.c[column]).where(users.c.id == user_id))
        if sealed is None:
            return None
        key = self._keys.of_user(user_id)
        return self._keys.vault.open(sealed, key=key, table="users", column=column, row=user_id).decode()

    def set_secret(self, user_id: str, name: str, value: str | None) -> None:
        """Seal what is kept of somebody (`totp`, `mail` or `telegram`); None removes it."""
        column = _SECRETS[name]
        sealed = None
        if value is not None:
            sealed = self._keys.vault.seal(value, key=self._own_key(user_id), table="users", column=column, row=user_id)
        self.change(user_id, **{column: sealed})

    def _own_key(self, user_id: str) -> DataKey:
        try:
            return self._keys.of_user(user_id)
        except EncryptionError:
            # An account from before there was anything to seal.
            created = self._connection.execute(select(users.c.created_at).where(users.c.id == user_id)).scalar_one()
            self.change(user_id, data_key_id=self._keys.make(created).id)
            return self._keys.of_user(user_id)


def _user_from(row: Row[*tuple[Any, ...]]) -> UserRow:
    return UserRow(
        id=row.id,
        pseudonym=row.pseudonym,
        roles=frozenset(row.roles_json),
        teams=frozenset(row.teams_json),
        languages=tuple(row.languages_json),
        active=row.active,
        created_at=row.created_at,
        sign_in=row.sign_in,
        has_password=row.password_hash is not None,
        has_totp=row.totp_sealed is not None,
        interface=row.interface,
        theme=row.theme,
        on_shift_until=row.on_shift_until,
        notify=frozenset(row.notify_json or ()),
        organisation_id=row.organisation_id,
    )
