"""
What Twilio's codes mean for us, as one table: which remedy, and why in plain words.

The codes come back with a refused request and, later, with a status callback. Twilio says that it may change them, so
one that is not here is decided by the HTTP status (`of_status`), or has failed (`of_code`). The reasons are for the
console and for `wegwijs outbox list`; they never hold anything of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.messenger import Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What helps, and why it was not taken; `wait` is how many seconds a pause should last, where we know better."""

    remedy: Remedy
    reason: str
    wait: float | None = None


def _means(remedy: Remedy, reason: str) -> Meaning:
    return Meaning(remedy=remedy, reason=reason, wait=UNTIL_MENDED if remedy is Remedy.PAUSE else None)


def _pace(wait: float, reason: str) -> Meaning:
    """Too much at once: it goes by itself after a while."""
    return Meaning(remedy=Remedy.PAUSE, reason=reason, wait=wait)


# What a person has to mend is tried again this often, in seconds.
UNTIL_MENDED = 300.0

# PAUSE stands where something is wrong with our account or its pace: every message would meet it, and each goes as
# soon as it is mended. NEVER stands where this message or this number is wrong.
CODES: Mapping[int, Meaning] = {
    # the account
    20003: _means(Remedy.PAUSE, "Twilio does not know this account or its token"),
    20005: _means(Remedy.PAUSE, "the Twilio account is not active"),
    20006: _means(Remedy.PAUSE, "the Twilio account may not do this"),
    20008: _means(Remedy.NEVER, "test credentials cannot send this"),
    20404: _means(Remedy.NEVER, "Twilio does not have what the message points to"),
    20429: _pace(10, "too many requests at once"),
    # Twilio's own 500 comes before or after the work was done, and nobody outside can tell which.
    20500: _means(Remedy.UNCERTAIN, "an error inside Twilio"),
    20503: _means(Remedy.RETRY, "Twilio is not available"),
    20504: _means(Remedy.UNCERTAIN, "Twilio took too long"),
    30001: _pace(60, "our queue at Twilio is full"),
    30002: _means(Remedy.PAUSE, "the Twilio account is suspended"),
    30010: _means(Remedy.PAUSE, "the message is above our price limit"),
    # the sender
    21212: _means(Remedy.PAUSE, "our own number is not valid"),
    21603: _means(Remedy.PAUSE, "our own number is missing"),
    21606: _means(Remedy.PAUSE, "our own number cannot send this"),
    21659: _means(Remedy.PAUSE, "our own number is not of this account"),
    21660: _means(Remedy.PAUSE, "our own number is not of this account"),
    21703: _means(Remedy.PAUSE, "the messaging service has no number"),
    63001: _means(Remedy.PAUSE, "WhatsApp does not accept our credentials"),
    63002: _means(Remedy.PAUSE, "our number is not known to WhatsApp"),
    63007: _means(Remedy.PAUSE, "our number is no WhatsApp sender"),
    63008: _means(Remedy.PAUSE, "our WhatsApp sender is not set up"),
    63018: _pace(60, "above the sender's rate or tier"),
    63020: _means(Remedy.PAUSE, "the invitation of Meta was not accepted"),
    63022: _means(Remedy.PAUSE, "our sender's name certificate is not valid"),
    63038: _pace(3600, "the account's daily number of messages is reached"),
    63051: _means(Remedy.PAUSE, "the WhatsApp business account is locked"),
    63112: _means(Remedy.PAUSE, "Meta has disabled the business account"),
    # the person
    21211: _means(Remedy.NEVER, "this is no telephone number"),
    21217: _means(Remedy.NEVER, "this telephone number does not exist"),
    21408: _means(Remedy.NEVER, "our account may not send to this country"),
    21610: _means(Remedy.STOP_SENDING, "they opted out"),
    21612: _means(Remedy.NEVER, "this number cannot be reached from ours"),
    21614: _means(Remedy.NEVER, "this is no mobile number"),
    30003: _means(Remedy.NEVER, "their telephone cannot be reached"),
    30004: _means(Remedy.STOP_SENDING, "they blocked our messages"),
    30005: _means(Remedy.NEVER, "this number is not known"),
    30006: _means(Remedy.NEVER, "this is no mobile number"),
    63003: _means(Remedy.NEVER, "this number is not on WhatsApp"),
    63014: _means(Remedy.STOP_SENDING, "they blocked our number"),
    63015: _means(Remedy.NEVER, "this number did not join the sandbox"),
    63024: _means(Remedy.NEVER, "this number is not on WhatsApp"),
    63031: _means(Remedy.NEVER, "we cannot write to our own number"),
    63032: _means(Remedy.NEVER, "Meta keeps this number out of messages (an experiment)"),
    63033: _means(Remedy.STOP_SENDING, "they do not want our messages"),
    63049: _means(Remedy.NEVER, "Meta did not pass it on to this person"),
    # the window
    63016: _means(Remedy.WINDOW_CLOSED, "no free text: they have not written for a day"),
    63027: _means(Remedy.WINDOW_CLOSED, "WhatsApp has no such template in this language"),
    63040: _means(Remedy.WINDOW_CLOSED, "the template was rejected"),
    63041: _means(Remedy.WINDOW_CLOSED, "the template is paused"),
    63042: _means(Remedy.WINDOW_CLOSED, "the template is disabled"),
    # the message
    21601: _means(Remedy.NEVER, "our number cannot send files"),
    21602: _means(Remedy.NEVER, "the message is empty"),
    21609: _means(Remedy.PAUSE, "the status address is not valid: look at PUBLIC_URL"),
    21617: _means(Remedy.NEVER, "longer than 1,600 characters"),
    21619: _means(Remedy.NEVER, "the message has no text and no file"),
    21620: _means(Remedy.NEVER, "the address of the file is not valid: look at PUBLIC_URL"),
    21623: _means(Remedy.NEVER, "too many files"),
    21654: _means(Remedy.NEVER, "this needs a content of ours"),
    21655: _means(Remedy.NEVER, "Twilio does not have this content"),
    21656: _means(Remedy.NEVER, "the content's variables are not valid"),
    30007: _means(Remedy.NEVER, "the message was filtered"),
    30008: _means(Remedy.NEVER, "it did not arrive and nobody says why"),
    30036: _means(Remedy.NEVER, "it waited too long"),
    63005: _means(Remedy.NEVER, "WhatsApp does not accept the content"),
    63006: _means(Remedy.NEVER, "the content cannot be made into a WhatsApp message"),
    63013: _means(Remedy.NEVER, "it goes against WhatsApp's rules"),
    63019: _means(Remedy.NEVER, "the file could not be downloaded"),
    63021: _means(Remedy.NEVER, "the content is not valid"),
    63026: _means(Remedy.NEVER, "a setting of the message is not valid"),
    63028: _means(Remedy.NEVER, "the template has another number of variables"),
    63030: _means(Remedy.NEVER, "a setting of the message is not known"),
    63034: _means(Remedy.NEVER, "the file is too large"),
    63035: _means(Remedy.NEVER, "WhatsApp does not allow this"),
    # between Twilio and WhatsApp
    63009: _means(Remedy.RETRY, "an error at WhatsApp"),
    63010: _means(Remedy.RETRY, "an error between Twilio and WhatsApp"),
    63012: _means(Remedy.RETRY, "WhatsApp is not available"),
    63023: _means(Remedy.RETRY, "an error at WhatsApp that it does not explain"),
}

# The buttons or the list were refused, not the words: the same message goes as text with numbered choices.
REFUSED_CONTENT = frozenset({20404, 21654, 21655, 21656, 63005, 63006, 63021, 63026})
# The content that we remember is not there (any more): it is made anew the next time.
GONE_CONTENT = frozenset({20404, 21655})

# An answer without a code of Twilio's. A 503 is given by an edge that let nothing through, so the message can go again;
# 500, 502 and 504 also come when the work was done and only the answer went wrong: then a retry could send it twice.
_STATUSES: Mapping[int, Remedy] = {
    401: Remedy.PAUSE,
    403: Remedy.PAUSE,
    408: Remedy.UNCERTAIN,
    429: Remedy.PAUSE,
    503: Remedy.RETRY,
}
_SERVER_ERROR = 500
_TOO_MANY = 429


def of_status(status: int) -> Meaning:
    """Return what an answer with this HTTP status (300 or more) means when it brings no code that we know."""
    known = _STATUSES.get(status)
    remedy = known or (Remedy.UNCERTAIN if status >= _SERVER_ERROR else Remedy.NEVER)
    wait = UNTIL_MENDED if remedy is Remedy.PAUSE and status != _TOO_MANY else None
    return Meaning(remedy=remedy, reason=f"HTTP {status}", wait=wait)


def of_code(code: int | None) -> Meaning | None:
    """Return what this code means, or None when it is not in the table."""
    return CODES.get(code) if code is not None else None


def told(code: int, meaning: Meaning) -> str:
    """Return the reason that is stored: the code, for whoever looks it up, and the words."""
    return f"{code}: {meaning.reason}"
