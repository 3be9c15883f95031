"""A database moves: every row of one into an empty other one, and then compared row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.dump import Tables, first_difference
from bot.store.errors import StoreError
from bot.store.migrate import is_known, upgrade_within
from bot.store.whole import filled_anew, held_still, is_same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.store.dump import Difference, Row

    Progress = Callable[[int, int, str], None]


class SameDatabaseError(StoreError):
    """It is there already: this is the address of the database that is to move."""


class NewerDatabaseError(StoreError):
    """A later version of Wegwijs made this database: move it with that version."""


class MovedWrongError(StoreError):
    """The two databases differ after copying; nothing was kept of the copy."""

    def __init__(self, difference: Difference) -> None:
        super().__init__()
        column = f", column {difference.column}" if difference.column else ""
        self.args = (f"{self.__doc__} (table {difference.table}, key {difference.key}{column})",)
        self.difference = difference


def move(url: str, to: str, *, on_progress: Progress) -> dict[str, int]:
    """
    Carry every row of the database at `url` into the empty one at `to`; return how many of each table.

    The first is held still meanwhile and is not changed. The other has all of it in the end, or nothing.

    Raises:
        InUseError: the assistant runs, or something else is connected.
        NotEmptyError: there are rows where it moves to.
        MovedWrongError: reading both again found a difference.
        SameDatabaseError, NewerDatabaseError, NothingThereError, DatabaseUnusableError, CannotCarryError.

    """
    if is_same(url, to):
        raise SameDatabaseError
    with held_still(url) as here:
        source = Tables(here)
        revision = source.revision or ""
        if not is_known(revision):
            raise NewerDatabaseError
        counts = {shape.name: source.count(shape) for shape in source.shapes}
        total = sum(counts.values())
        with filled_anew(to, revision) as there:
            target = Tables(there)
            done = 0
            for shape in source.shapes:
                done += target.put(shape, _shown(source.rows(shape), done, total, on_progress))
            on_progress(done, total, "copying")
            difference = first_difference(source, target, on_progress, "comparing")
            if difference is not None:
                raise MovedWrongError(difference)
            target.count_on()
            upgrade_within(there)
    return counts


def _shown(rows: Iterator[Row], done: int, total: int, on_progress: Progress) -> Iterator[Row]:
    for row in rows:
        if (done := done + 1) % 500 == 0:
            on_progress(done, total, "copying")
        yield row
