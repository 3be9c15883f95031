"""Updates as Telegram sends them (core.telegram.org/bots/api#update), of every kind that has a decided behaviour."""

from __future__ import annotations

import itertools
from typing import Any

AMINA = 5_000_000_123
THE_GROUP = -1_001_234_567_890
WROTE_AT = 1_795_338_000  # 22 November 2026, 9:00 UTC
Json = dict[str, Any]

_numbers = itertools.count(1)

USER: Json = {"id": AMINA, "is_bot": False, "first_name": "Amina", "last_name": "Haddad", "language_code": "ar"}
CHAT: Json = {"id": AMINA, "type": "private", "first_name": "Amina"}
GROUP: Json = {"id": THE_GROUP, "type": "supergroup", "title": "De buren"}
BOT: Json = {"id": 7, "is_bot": True, "first_name": "Wegwijs", "username": "wegwijs_bot"}
FILE: Json = {"file_id": "AgAD-large", "file_unique_id": "u1"}
SMALL: Json = {"file_id": "AgAD-small", "file_unique_id": "u2", "width": 90, "height": 60, "file_size": 900}
PHOTO: list[Json] = [SMALL, {**FILE, "width": 1280, "height": 960, "file_size": 180_000}]
PLACE: Json = {"latitude": 51.92, "longitude": 4.4}


def message(at: int | None = None, *, chat: Json = CHAT, user: Json = USER, **parts: Any) -> Json:
    """A message of Amina's, of whatever kind `parts` make it."""
    number = next(_numbers) if at is None else at
    return {"message_id": number, "date": WROTE_AT, "chat": chat, "from": user, **parts}


def text(words: str, at: int | None = None, **parts: Any) -> Json:
    return message(at, text=words, **parts)


def keyboard(*buttons: tuple[str, str]) -> Json:
    return {"inline_keyboard": [[{"text": title, "callback_data": data}] for title, data in buttons]}


def press(data: str, *buttons: tuple[str, str], at: int = 900, query: str = "4711") -> Json:
    """A press on the keyboard under our message `at`; without buttons: of a message that is too old to be shown."""
    chat_and_id = {"message_id": at, "chat": CHAT}
    ours = {**chat_and_id, "date": WROTE_AT, "from": BOT, "text": "Kies", "reply_markup": keyboard(*buttons)}
    shown = ours if buttons else {**chat_and_id, "date": 0}
    return {"id": query, "from": USER, "chat_instance": "1", "message": shown, "data": data}


def membership(before: str, after: str, *, chat: Json = CHAT) -> Json:
    def ours(status: str) -> Json:
        more: Json = {"until_date": 0} if status == "kicked" else {}
        return {"user": BOT, "status": status, **more}

    sides = {"old_chat_member": ours(before), "new_chat_member": ours(after)}
    return {"chat": chat, "from": USER, "date": WROTE_AT, **sides}


def reaction(before: list[str], after: list[str], at: int = 900) -> Json:
    def sides(emoji: list[str]) -> list[Json]:
        return [{"type": "emoji", "emoji": one} for one in emoji]

    said = {"old_reaction": sides(before), "new_reaction": sides(after)}
    return {"chat": CHAT, "message_id": at, "user": USER, "date": WROTE_AT, **said}


def update(kind: str, body: Json, number: int = 10) -> Json:
    return {"update_id": number, kind: body}


# What is in a message beside its chat, sender and date, by what a person would call it.
MESSAGES: dict[str, Json] = {
    "text": {"text": "Hoe vind ik een huisarts?"},
    "stop": {"text": "/stop", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]},
    "start with a code": {"text": "/start K7Q2-9F", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]},
    "photo": {"photo": PHOTO, "caption": "Wat staat hier?"},
    "photo without words": {"photo": PHOTO},
    "document": {"document": {**FILE, "file_name": "brief.pdf", "mime_type": "application/pdf", "file_size": 52_000}},
    "voice": {"voice": {**FILE, "duration": 4, "mime_type": "audio/ogg"}},
    "audio": {"audio": {**FILE, "duration": 190, "title": "Lied"}},
    "video": {"video": {**FILE, "duration": 9, "width": 640, "height": 480}},
    "video note": {"video_note": {**FILE, "duration": 5, "length": 240}},
    "animation": {
        "animation": {**FILE, "duration": 2, "width": 320, "height": 240},
        "document": {**FILE, "file_name": "kat.mp4", "mime_type": "video/mp4"},
    },
    "sticker": {
        "sticker": {
            **FILE, "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False,
            "emoji": "👍",
        }
    },
    "contact": {"contact": {"phone_number": "+31612345678", "first_name": "Yonas"}},
    "location": {"location": PLACE},
    "live location": {"location": {**PLACE, "live_period": 900}},
    "venue": {"venue": {"location": PLACE, "title": "Stadhuis", "address": "Stadserf 1"}, "location": PLACE},
    "reply": {"text": "Deze brief", "reply_to_message": message(3, user=BOT, text="Welke brief?")},
    "forward": {
        "text": "U krijgt een boete",
        "forward_origin": {"type": "hidden_user", "sender_user_name": "Iemand", "date": WROTE_AT},
    },
    "poll": {
        "poll": {
            "id": "1", "question": "Wie komt?", "options": [], "total_voter_count": 0, "is_closed": False,
            "is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": False,
            "members_only": False,
        }
    },
    "dice": {"dice": {"emoji": "🎲", "value": 3}},
    "something of next year": {"hologram": {"file_id": "x"}},
    "pinned": {"pinned_message": message(4, text="Kies")},
    "timer": {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86_400}},
    "migration": {"migrate_to_chat_id": 5_000_000_999},
}  # fmt: skip

# Every update that an assistant may meet, by what happened.
UPDATES: dict[str, Json] = {
    **{name: update("message", message(55, **parts)) for name, parts in MESSAGES.items()},
    "edit": update("edited_message", message(55, text="Hoe vind ik een tandarts?", edit_date=WROTE_AT + 60)),
    "edited caption": update(
        "edited_message", message(55, photo=PHOTO, caption="Wat is dit?", edit_date=WROTE_AT + 60)
    ),
    "moving live location": update(
        "edited_message", message(55, location={**PLACE, "live_period": 900}, edit_date=WROTE_AT + 60)
    ),
    "press": update("callback_query", press("/deny", ("Ja", "/affirm"), ("Nee", "/deny"))),
    "press of an old message": update("callback_query", press("/deny")),
    "press of an unknown button": update("callback_query", press("~gone", ("Iets anders", "~gone"))),
    "press in a game": update(
        "callback_query", {"id": "4711", "from": USER, "chat_instance": "1", "game_short_name": "x"}
    ),
    "press in a group": update(
        "callback_query", {**press("/deny"), "message": {"message_id": 9, "chat": GROUP, "date": 0}}
    ),
    "reaction": update("message_reaction", reaction([], ["👍"])),
    "another reaction": update("message_reaction", reaction(["👍"], ["👍", "❤"])),
    "reaction taken away": update("message_reaction", reaction(["👍"], [])),
    "block": update("my_chat_member", membership("member", "kicked")),
    "unblock": update("my_chat_member", membership("kicked", "member")),
    "group message": update("message", text("Hallo allemaal", 55, chat=GROUP)),
    "added to a group": update("my_chat_member", membership("left", "member", chat=GROUP)),
    "made administrator of a group": update("my_chat_member", membership("member", "administrator", chat=GROUP)),
    "removed from a group": update("my_chat_member", membership("member", "left", chat=GROUP)),
    "somebody joined a group": update("message", message(55, chat=GROUP, new_chat_members=[USER])),
    "a group became a supergroup": update(
        "message", message(55, chat={**GROUP, "type": "group"}, migrate_to_chat_id=-1_009)
    ),
    "channel post": update("channel_post", message(55, chat={**GROUP, "type": "channel"}, text="Nieuws")),
    "inline query": update("inline_query", {"id": "1", "from": USER, "query": "huur", "offset": ""}),
    "poll answer": update("poll_answer", {"poll_id": "1", "user": USER, "option_ids": [0]}),
    "nothing at all": {"update_id": 10},
}
