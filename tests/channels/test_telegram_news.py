"""What every kind of update tells. Nothing raises, whatever stands in it."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import Message

from bot.channels.telegram_news import ALLOWED_UPDATES, SERVICE, NotAnUpdateError, Press, read
from bot.domain.messenger import FromGroup, Moved, News, Reachable
from bot.domain.turn import Inbound, Kind
from tests.channels.updates import AMINA, THE_GROUP, UPDATES, WROTE_AT, message, press, update

if TYPE_CHECKING:
    from tests.channels.updates import Json

NOW = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
GROUP_NEWS = FromGroup(channel="telegram", address=str(THE_GROUP), language_hint="ar")


def told(data: Json) -> tuple[News, ...]:
    return read(data, now=NOW, payload_behind=lambda carried: None if carried.startswith("~") else carried).news


def inbound(name: str) -> Inbound:
    news = told(UPDATES[name])
    assert len(news) == 1
    assert isinstance(news[0], Inbound)
    return news[0]


# kind, text, provider id
SAID: dict[str, tuple[Kind, str, str]] = {
    "text": (Kind.TEXT, "Hoe vind ik een huisarts?", "m55"),
    "stop": (Kind.TEXT, "/stop", "m55"),
    "start with a code": (Kind.TEXT, "/start K7Q2-9F", "m55"),
    "photo": (Kind.PHOTO, "Wat staat hier?", "m55"),
    "photo without words": (Kind.PHOTO, "", "m55"),
    "document": (Kind.DOCUMENT, "", "m55"),
    "voice": (Kind.VOICE, "", "m55"),
    "audio": (Kind.VOICE, "", "m55"),
    "video": (Kind.VIDEO, "", "m55"),
    "video note": (Kind.VIDEO, "", "m55"),
    "animation": (Kind.VIDEO, "", "m55"),
    "sticker": (Kind.STICKER, "", "m55"),
    "contact": (Kind.CONTACT, "", "m55"),
    "location": (Kind.LOCATION, "", "m55"),
    "live location": (Kind.LOCATION, "", "m55"),
    "venue": (Kind.LOCATION, "Stadhuis", "m55"),
    "reply": (Kind.TEXT, "Deze brief", "m55"),
    "forward": (Kind.TEXT, "U krijgt een boete", "m55"),
    "poll": (Kind.OTHER, "", "m55"),
    "dice": (Kind.OTHER, "", "m55"),
    "something of next year": (Kind.OTHER, "", "m55"),
    "edit": (Kind.TEXT, "Hoe vind ik een tandarts?", f"e55.{WROTE_AT + 60}"),
    "edited caption": (Kind.TEXT, "Wat is dit?", f"e55.{WROTE_AT + 60}"),
    "press": (Kind.BUTTON, "Nee", "p900"),
    "press of an old message": (Kind.BUTTON, "", "p900"),
    "press of an unknown button": (Kind.TEXT, "Iets anders", "p900"),
    "reaction": (Kind.REACTION, "👍", "r900.10"),
    "another reaction": (Kind.REACTION, "❤", "r900.10"),
}
OTHER_NEWS: dict[str, tuple[News, ...]] = {
    "block": (Reachable(channel="telegram", address=str(AMINA), reachable=False),),
    "unblock": (Reachable(channel="telegram", address=str(AMINA), reachable=True),),
    "migration": (Moved(channel="telegram", address=str(AMINA), new_address="5000000999"),),
    "group message": (GROUP_NEWS,),
    "added to a group": (GROUP_NEWS,),
}
NOTHING = sorted(set(UPDATES) - set(SAID) - set(OTHER_NEWS))


@pytest.mark.parametrize("name", SAID)
def test_what_a_person_said(name: str) -> None:
    said = inbound(name)

    assert (said.kind, said.text, said.provider_id) == SAID[name]
    assert (said.channel, said.address) == ("telegram", str(AMINA))
    assert (said.language_hint, said.profile_name) == ("ar", "Amina Haddad"), name
    assert said.received_at.utcoffset() is not None


@pytest.mark.parametrize("name", OTHER_NEWS)
def test_what_happened(name: str) -> None:
    assert told(UPDATES[name]) == OTHER_NEWS[name]


@pytest.mark.parametrize("name", NOTHING)
def test_what_tells_nothing(name: str) -> None:
    assert told(UPDATES[name]) == ()


def test_these_tell_nothing() -> None:
    assert sorted([
        "pinned", "timer", "moving live location", "press in a game", "press in a group", "reaction taken away",
        "made administrator of a group", "removed from a group", "somebody joined a group",
        "a group became a supergroup", "channel post", "inline query", "poll answer", "nothing at all",
    ]) == NOTHING  # fmt: skip


def test_a_button_carries_its_payload() -> None:
    assert inbound("press").payload == "/deny"
    assert inbound("press of an unknown button").payload is None


def test_an_edit_names_what_it_edits() -> None:
    assert inbound("edit").edits == "m55"
    assert inbound("text").edits is None


def test_the_largest_size_of_a_photo_and_the_document_can_be_fetched() -> None:
    (photo,) = inbound("photo").attachments
    (document,) = inbound("document").attachments

    assert (photo.reference, photo.media_type, photo.size) == ("AgAD-large", "image/jpeg", 180_000)
    assert (document.reference, document.media_type, document.size) == ("AgAD-large", "application/pdf", 52_000)


@pytest.mark.parametrize("name", ["voice", "video", "sticker", "contact", "location", "poll"])
def test_nothing_is_kept_of_what_nobody_looks_at(name: str) -> None:
    said = inbound(name)

    assert said.attachments == ()
    assert "31612345678" not in repr(said.as_body())


@pytest.mark.parametrize("name", ["press", "press of an old message", "press in a game", "press in a group"])
def test_every_press_can_be_answered(name: str) -> None:
    found = read(UPDATES[name], now=NOW).press

    assert found is not None
    assert found.query == "4711"


def test_a_press_says_where_its_keyboard_stands() -> None:
    assert read(UPDATES["press"], now=NOW).press == Press(query="4711", chat=AMINA, message=900)
    assert read(UPDATES["press in a game"], now=NOW).press == Press(query="4711")


def test_two_presses_of_one_keyboard_have_one_id() -> None:
    buttons = (("Ja", "/affirm"), ("Nee", "/deny"))
    first, second = (told(update("callback_query", press(data, *buttons)))[0] for _, data in buttons)

    assert isinstance(first, Inbound)
    assert isinstance(second, Inbound)
    assert first.provider_id == second.provider_id


def test_half_a_character_and_a_null_byte_can_be_stored() -> None:
    (said,) = told(update("message", message(55, text="goed\ud83d \0\ud83d\ude00")))

    assert isinstance(said, Inbound)
    assert said.text.encode() == "goed� 😀".encode()


def test_telegram_is_asked_for_what_is_read_and_nothing_else() -> None:
    assert set(ALLOWED_UPDATES) == {
        "message", "edited_message", "callback_query", "message_reaction", "my_chat_member",
    }  # fmt: skip


def test_what_telegram_writes_itself_has_names_that_the_library_knows() -> None:
    assert set(Message.__slots__) >= SERVICE


def test_words_count_even_when_the_rest_cannot_be_read() -> None:
    """A sender without a name is nothing that Telegram sends today; the question must be answered all the same."""
    (said,) = told(update("message", message(55, text="Help", user={"id": AMINA})))

    assert isinstance(said, Inbound)
    assert (said.kind, said.text, said.provider_id, said.address) == (Kind.TEXT, "Help", "m55", str(AMINA))


@pytest.mark.parametrize("data", [None, [], "update", 7, {}, {"update_id": "7"}, {"update_id": True}])
def test_what_is_no_update(data: Any) -> None:
    with pytest.raises(NotAnUpdateError):
        read(data, now=NOW)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document below its top."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inside for place in ((*path, key), *places(one, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    """An update in which up to three values are replaced by anything, or left out."""
    data = copy.deepcopy(UPDATES[draw(st.sampled_from(sorted(UPDATES)))])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(data)))
        if path == ("update_id",):
            continue
        holder: Any = data
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = draw(ANYTHING)
        else:
            del holder[path[-1]]
    return data


@settings(max_examples=400, deadline=None)
@given(data=mutated())
def test_no_update_raises_and_what_it_tells_can_be_stored(data: Json) -> None:
    found = read(data, now=NOW)

    assert found.number == 10
    for news in found.news:
        assert news.channel == "telegram"
        if isinstance(news, Inbound):
            assert news.address == str(int(news.address))
            assert all(isinstance(value, str) for value in (news.text, news.payload or "", news.language_hint or ""))
            json.dumps(news.as_body(), ensure_ascii=False).encode()
            assert news.provider_id[1:].replace(".", "").lstrip("-").isdigit()
