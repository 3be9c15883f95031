"""What can go wrong in the store, in words for whoever reads the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class StoreError(Exception):
    """The store refuses; the docstring of each kind says why."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class UnitInsideUnitError(StoreError):
    """A unit of work is already open in this thread: use the `work` you were given, not the database."""


class DatabaseClosedError(StoreError):
    """The database was closed; nothing can be read or written any more."""


class StillBeingReadError(StoreError):
    """The leftovers cannot be removed while a unit of work still reads the old state; try again later."""


class UnknownDatabaseError(StoreError):
    """A database URL starts with sqlite:/// and a path, or with postgresql://."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url


class DatabaseUnusableError(StoreError):
    """The database cannot be used: is its address right, and does its server run?"""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} ({reason})",)
        self.reason = reason


class ConversationGoneError(StoreError):
    """The conversation does not exist any more: its newcomer was forgotten in the meantime."""

    def __init__(self, conversation_id: str) -> None:
        super().__init__()
        self.conversation_id = conversation_id


class AlreadySaidError(StoreError):
    """Something was already said in answer to this message at this position: the turn is written twice."""

    def __init__(self, cause_inbound_id: str, position: int) -> None:
        super().__init__()
        self.cause_inbound_id = cause_inbound_id
        self.position = position


class CannotHappenError(StoreError):
    """This cannot happen to a case where it stands: the table of transitions has no such line."""

    def __init__(self, event: str, state: str) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} ({event} while {state})",)
        self.event = event
        self.state = state


class BadErasedListError(StoreError):
    """A list of erased people has one digest of 64 signs (0-9, a-f) on each line, and this file has not."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__()
        self.args = (f"{self.__doc__} ({path}, line {line})",)
        self.path = path
        self.line = line
