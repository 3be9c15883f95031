"""
What opens an account besides its password: codes of the second factor, recovery codes, invitations; and wrong tries.

No code, link, name or address is kept: only digests under the master key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, or_, select, update

from bot.store.ids import new_id
from bot.store.tables import invitations, recovery_codes, sign_in_tries, users

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.store.encryption import Vault

_PASSWORD = "password"  # noqa: S105  # what an invitation is for


class SignIns:
    """The second factor, the ways around it, and how often somebody was wrong."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    # ---- the second factor

    def use_step(self, user_id: str, step: int) -> bool:
        """Use up the code of this half minute; False when it, or a later one, was used before."""
        fresh = or_(users.c.totp_step.is_(None), users.c.totp_step < step)
        used = update(users).where(users.c.id == user_id, fresh).values(totp_step=step)
        return self._connection.execute(used).rowcount == 1

    def keep_recovery_codes(self, user_id: str, codes: Collection[str]) -> None:
        """Keep these codes, each good for once; earlier ones no longer count."""
        self.drop_recovery_codes(user_id)
        for code in codes:
            digest, *_ = self._recovery_digests(user_id, code)
            self._connection.execute(insert(recovery_codes).values(id=new_id(), user_id=user_id, digest=digest))

    def use_recovery_code(self, user_id: str, code: str, now: datetime) -> bool:
        """Use up one of somebody's codes; False when it is not theirs, or was used."""
        unused = (recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None))
        digests = self._recovery_digests(user_id, code)
        used = update(recovery_codes).where(*unused, recovery_codes.c.digest.in_(digests)).values(used_at=now)
        return self._connection.execute(used).rowcount == 1

    def recovery_codes_left(self, user_id: str) -> int:
        """Return how many codes somebody still has."""
        unused = (recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None))
        return self._connection.execute(select(func.count()).select_from(recovery_codes).where(*unused)).scalar_one()

    def drop_recovery_codes(self, user_id: str) -> None:
        """Let no code of somebody's count any more."""
        self._connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))

    def _recovery_digests(self, user_id: str, code: str) -> list[bytes]:
        return self._vault.code_digests(f"recovery {user_id} {code}")

    # ---- invitations

    def invite(self, user_id: str, secret: str, until: datetime) -> None:
        """Keep a link by which somebody sets their password; an earlier one no longer counts."""
        self.drop_invitation(user_id)
        digest, *_ = self._vault.code_digests(secret)
        self._connection.execute(
            insert(invitations).values(id=new_id(), user_id=user_id, purpose=_PASSWORD, digest=digest, expires_at=until)
        )

    def invited(self, secret: str, now: datetime) -> str | None:
        """Return whose link this is; None when it is unknown, used or too old."""
        found: str | None = self._connection.scalar(
            select(invitations.c.user_id).where(
                invitations.c.digest.in_(self._vault.code_digests(secret)),
                invitations.c.purpose == _PASSWORD,
                invitations.c.expires_at > now,
            )
        )
        return found

    def use_invitation(self, secret: str, now: datetime) -> str | None:
        """Use up a link and return whose it was; of all who try at once one gets it."""
        found: str | None = self._connection.scalar(
            delete(invitations)
            .where(
                invitations.c.digest.in_(self._vault.code_digests(secret)),
                invitations.c.purpose == _PASSWORD,
                invitations.c.expires_at > now,
            )
            .returning(invitations.c.user_id)
        )
        return found

    def has_invitation(self, user_id: str, now: datetime) -> bool:
        """Return whether somebody has a link that still works."""
        theirs = (invitations.c.user_id == user_id, invitations.c.purpose == _PASSWORD, invitations.c.expires_at > now)
        return self._connection.scalar(select(invitations.c.id).where(*theirs).limit(1)) is not None

    def drop_invitation(self, user_id: str) -> None:
        """Let no link of somebody's work any more."""
        theirs = (invitations.c.user_id == user_id, invitations.c.purpose == _PASSWORD)
        self._connection.execute(delete(invitations).where(*theirs))

    # ---- another organisation that says who somebody is

    def tied_to(self, subject: str) -> str | None:
        """Return whose account this subject of the provider opens."""
        found: str | None = self._connection.scalar(select(users.c.id).where(users.c.oidc_subject == subject))
        return found

    def subject_of(self, user_id: str) -> str | None:
        """Return by which subject the provider knows somebody; None when it does not."""
        found: str | None = self._connection.scalar(select(users.c.oidc_subject).where(users.c.id == user_id))
        return found

    def tie(self, user_id: str, subject: str | None) -> None:
        """Let this subject open somebody's account; None ends it."""
        self._connection.execute(update(users).where(users.c.id == user_id).values(oidc_subject=subject))

    # ---- wrong tries

    def tries(self, mark: str, since: datetime) -> list[datetime]:
        """Return when this was tried since then: a name, an address, somebody's codes."""
        theirs = sign_in_tries.c.digest.in_(self._try_digests(mark))
        query = select(sign_in_tries.c.at).where(theirs, sign_in_tries.c.at > since).order_by(sign_in_tries.c.at)
        return list(self._connection.scalars(query))

    def note_try(self, mark: str, now: datetime) -> str:
        """Count a try, wrong until it turns out right; return its id."""
        try_id = new_id()
        digest, *_ = self._try_digests(mark)
        self._connection.execute(insert(sign_in_tries).values(id=try_id, digest=digest, at=now))
        return try_id

    def drop_tries(self, ids: Collection[str]) -> None:
        """Count these tries no longer: they were right."""
        self._connection.execute(delete(sign_in_tries).where(sign_in_tries.c.id.in_(ids)))

    def _try_digests(self, mark: str) -> list[bytes]:
        return self._vault.code_digests(f"try {mark}")

    def drop_expired(self, now: datetime, tries_before: datetime) -> int:
        """Delete links that are too old, and tries that no longer count; return how many."""
        tries = self._connection.execute(delete(sign_in_tries).where(sign_in_tries.c.at <= tries_before)).rowcount
        return tries + self._connection.execute(delete(invitations).where(invitations.c.expires_at <= now)).rowcount
