"""Telegram's text, buttons and refusals: what we make of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import error as telegram

from bot.channels.limits import length
from bot.channels.telegram_buttons import MOST_BYTES, Payloads, data_of, keyboard
from bot.channels.telegram_errors import explained
from bot.channels.telegram_text import Piece, pieces
from bot.domain.messenger import Remedy
from bot.domain.turn import Button

LRI, PDI = "\u2066", "\u2069"


def bold(piece: Piece) -> list[str]:
    """What a client shows in bold: it counts in UTF-16 code units."""
    raw = piece.text.encode("utf-16-le")
    return [raw[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le") for one in piece.bold]


# ---- text


def test_stars_become_bold() -> None:
    (piece,) = pieces("Vraag de *IND*, of bel *DUO*.", 4096)

    assert piece.text == "Vraag de IND, of bel DUO."
    assert bold(piece) == ["IND", "DUO"]


def test_bold_is_where_telegram_counts_it() -> None:
    (piece,) = pieces("🏠🏠 Uw *woningcorporatie* 👩‍👩‍👧 en *huur*", 4096)

    assert bold(piece) == ["woningcorporatie", "huur"]


def test_the_isolates_of_dutch_words_stay() -> None:
    (piece,) = pieces(f"اسأل {LRI}*woningcorporatie*{PDI} اليوم", 4096)

    assert piece.text == f"اسأل {LRI}woningcorporatie{PDI} اليوم"
    assert bold(piece) == ["woningcorporatie"]


@pytest.mark.parametrize("text", ["3 * 4 * 5", "a*b*c", "** leeg **", "<b>_niet_</b> & [zo](x)", "een *"])
def test_what_is_no_star_of_ours_stays_as_it_is(text: str) -> None:
    assert pieces(text, 4096) == (Piece(text=text),)


def test_a_long_text_is_parted_at_its_lines_and_sentences() -> None:
    text = "Eerste regel.\nTweede regel die te lang is. Met nog een zin erbij."

    assert [piece.text for piece in pieces(text, 32)] == [
        "Eerste regel.",
        "Tweede regel die te lang is. ",
        "Met nog een zin erbij.",
    ]


@given(text=st.text(alphabet=st.sampled_from("ab *\n.😀ع"), max_size=200), most=st.integers(2, 40))
def test_every_piece_fits_and_nothing_is_lost(text: str, most: int) -> None:
    found = pieces(text, most)

    assert all(length(piece.text) <= most for piece in found)
    assert all(length(one) > 0 for piece in found for one in bold(piece))
    shown = "".join(piece.text for piece in found)
    for sign in "ab.😀ع":
        assert shown.count(sign) == text.count(sign)


# ---- buttons


def test_short_buttons_stand_beside_each_other_and_long_ones_below() -> None:
    def widths(*titles: str) -> list[int]:
        found = keyboard([Button(title=title, payload=f"/{at}") for at, title in enumerate(titles)])
        return [len(row) for row in found.inline_keyboard] if found else []

    assert widths("Ja", "Nee", "Weet ik niet") == [2, 1]
    assert widths("Ja, ik heb een brief gekregen", "Nee") == [1, 1]
    assert widths() == []


LONG = f"/SetSlots({'toeslag_situation' * 4}=toeslag_pay_back)"


@given(payload=st.text(min_size=1, max_size=200))
def test_every_payload_fits_and_comes_back(payload: str) -> None:
    data = data_of(payload)

    assert 1 <= len(data.encode()) <= MOST_BYTES
    assert Payloads([payload]).behind(data) == payload


def test_a_short_payload_travels_as_it_is() -> None:
    assert data_of("/SetSlots(repair_kind=heating)") == "/SetSlots(repair_kind=heating)"


def test_a_long_payload_that_the_knowledge_has_no_more_is_nobody_s() -> None:
    assert Payloads().behind(data_of(LONG)) is None


# ---- refusals


class ReadTimeout(Exception):  # noqa: N818  # the library's name
    """Named as the connection library names it."""


class ConnectError(Exception):
    """Named as the connection library names it."""


class RemoteProtocolError(Exception):
    """Named as the connection library names it."""


def because(error: telegram.TelegramError, cause: Exception) -> telegram.TelegramError:
    error.__cause__ = cause
    return error


TABLE: dict[str, tuple[Exception, Remedy, str]] = {
    "blocked": (telegram.Forbidden("bot was blocked by the user"), Remedy.STOP_SENDING, "forbidden"),
    "too many": (telegram.RetryAfter(17), Remedy.PAUSE, "too_many_requests"),
    "too many, as a timedelta": (telegram.RetryAfter(timedelta(seconds=17)), Remedy.PAUSE, "too_many_requests"),
    "too many, without saying how long": (
        telegram.NetworkError("Too Many Requests (429)"), Remedy.PAUSE, "too_many_requests",
    ),
    "moved": (telegram.ChatMigrated(-100_999), Remedy.RETRY, "chat_migrated"),
    "nobody there": (telegram.BadRequest("Chat not found"), Remedy.STOP_SENDING, "chat_not_found"),
    "a mistake of ours": (telegram.BadRequest("Can't parse entities"), Remedy.NEVER, "bad_request"),
    "too long": (telegram.BadRequest("Message is too long"), Remedy.NEVER, "too_long"),
    "too large": (telegram.NetworkError("Request Entity Too Large (413)"), Remedy.NEVER, "too_large"),
    "token": (telegram.InvalidToken("Unauthorized"), Remedy.RETRY, "token_refused"),
    "somebody else polls": (telegram.Conflict("terminated by other getUpdates"), Remedy.RETRY, "conflict"),
    "bad gateway": (telegram.NetworkError("Bad Gateway"), Remedy.RETRY, "unreachable"),
    "never connected": (
        because(telegram.NetworkError("httpx.ConnectError: "), ConnectError()), Remedy.RETRY, "unreachable",
    ),
    "no answer": (because(telegram.TimedOut(), ReadTimeout()), Remedy.UNCERTAIN, "timed_out"),
    "lost": (
        because(telegram.NetworkError("httpx.RemoteProtocolError"), RemoteProtocolError()),
        Remedy.UNCERTAIN, "unreachable",
    ),
    "garbage": (telegram.TelegramError("Invalid server response"), Remedy.UNCERTAIN, "not_understood"),
    "took too long": (TimeoutError(), Remedy.UNCERTAIN, "timed_out"),
    "an answer of another shape": (KeyError("result"), Remedy.UNCERTAIN, "not_understood"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_what_helps_after_a_refusal(name: str) -> None:
    error, remedy, reason = TABLE[name]
    found = explained(error)

    assert (found.remedy, found.reason) == (remedy, reason)


def test_what_a_refusal_carries() -> None:
    assert explained(telegram.RetryAfter(17)).retry_after == 17
    assert explained(telegram.ChatMigrated(-100_999)).new_address == "-100999"
    assert explained(telegram.NetworkError("Bad Gateway")).retry_after is None


def test_nothing_of_what_telegram_says_is_handed_on() -> None:
    error = explained(telegram.BadRequest("wrong text: Amina woont in de Dorpsstraat"))

    assert "Amina" not in str(error) + error.reason
