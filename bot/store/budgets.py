"""How much each messenger account may send now, shared by every process: a bucket that fills with time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from bot.store.dialect import insert_or
from bot.store.tables import budgets

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

# How far the clocks of two processes may be apart; more, and one was set.
APART = timedelta(seconds=2)


# Made once, for every message that leaves asks them (see bot/store/inbox.py).
_HELD = select(budgets).where(budgets.c.account == bindparam("of_account")).with_for_update()
_CHANGE = update(budgets).where(budgets.c.account == bindparam("of_account"))
_GIVE_BACK = _CHANGE.values(tokens=budgets.c.tokens + bindparam("unused"))


class Budgets:
    """The accounts' budgets."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, account: str, wanted: int, *, per_second: float, burst: int, now: datetime) -> int:
        """Return how many of the wanted messages may go now; the rest of the unit of work has the account alone."""
        row = self._connection.execute(_HELD, {"of_account": account}).one_or_none()
        if row is None:
            self._ensure(account, burst, now)
            row = self._connection.execute(_HELD, {"of_account": account}).one()
        if row.paused_until is not None and row.paused_until > now:
            return 0
        # A clock that went back must not empty the bucket; by much, and it is the clock from now on: else the bucket
        # would not fill before the old one is caught up with.
        passed = max(0.0, (now - row.at).total_seconds())
        at = max(now, row.at) if row.at - now < APART else now
        tokens = min(float(burst), row.tokens + passed * per_second)
        granted = min(wanted, int(tokens))
        self._connection.execute(_CHANGE, {"of_account": account, "tokens": tokens - granted, "at": at})
        return granted

    def give_back(self, account: str, unused: int) -> None:
        """Return what was taken and not needed."""
        if unused:
            self._connection.execute(_GIVE_BACK, {"of_account": account, "unused": unused})

    def pause(self, account: str, until: datetime, *, now: datetime) -> None:
        """Send nothing for this account until then: the messenger said so. A longer pause is not shortened."""
        self._ensure(account, 0, now)
        later = budgets.c.paused_until.is_(None) | (budgets.c.paused_until < until)
        self._connection.execute(update(budgets).where(budgets.c.account == account, later).values(paused_until=until))

    def paused(self, now: datetime) -> int:
        """Return how many accounts are told to wait."""
        query = select(func.count()).select_from(budgets).where(budgets.c.paused_until > now)
        return self._connection.execute(query).scalar_one()

    def _ensure(self, account: str, tokens: float, now: datetime) -> None:
        self._connection.execute(
            insert_or(self._connection, budgets)
            .values(account=account, tokens=tokens, at=now)
            .on_conflict_do_nothing(index_elements=["account"])
        )
