"""
What an update of Telegram tells, as news. Pure: one reader for each kind of update, and nothing raises.

An update that cannot be read as it should (a kind of message that Telegram invents after us) still counts as something
that a person sent, where that much can be seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
import telegram

from bot.domain.messenger import FromGroup, Moved, News, Reachable, TiesDesk
from bot.domain.turn import FILES, Attachment, Inbound, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

log = structlog.get_logger()

CHANNEL = "telegram"


class NotAnUpdateError(ValueError):
    """This is no update of Telegram: it has no number."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, kw_only=True)
class Press:
    """A button that was pressed and waits for its answer; `chat` and `message` say where its keyboard stands."""

    query: str
    chat: int | None = field(default=None, repr=False)
    message: int | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one update tells. `number` is its place in the row of updates."""

    number: int
    news: tuple[News, ...] = ()
    press: Press | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An update with what is needed to read it: the moment, and the payload behind what a button carried."""

    update: telegram.Update
    now: datetime
    payload_behind: Callable[[str], str | None]


Reader: TypeAlias = "Callable[[Reading], tuple[News, ...]]"

# The first that a message has says what it is: an animation is a document too, a venue a location, a video may carry
# its first picture.
KINDS: tuple[tuple[str, Kind], ...] = (
    ("text", Kind.TEXT),
    ("animation", Kind.VIDEO),
    ("live_photo", Kind.VIDEO),
    ("video", Kind.VIDEO),
    ("video_note", Kind.VIDEO),
    ("photo", Kind.PHOTO),
    ("voice", Kind.VOICE),
    ("audio", Kind.VOICE),
    ("document", Kind.DOCUMENT),
    ("sticker", Kind.STICKER),
    ("contact", Kind.CONTACT),
    ("venue", Kind.LOCATION),
    ("location", Kind.LOCATION),
)
# What Telegram itself writes into a chat: nobody said anything.
SERVICE = frozenset({
    "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed", "chat_owner_left",
    "chat_shared", "checklist_tasks_added", "checklist_tasks_done", "connected_website", "delete_chat_photo",
    "direct_message_price_changed", "forum_topic_closed", "forum_topic_created", "forum_topic_edited",
    "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden", "gift", "gift_upgrade_sent",
    "giveaway_completed", "giveaway_created", "group_chat_created", "left_chat_member", "managed_bot_created",
    "message_auto_delete_timer_changed", "migrate_from_chat_id", "migrate_to_chat_id", "new_chat_members",
    "new_chat_photo", "new_chat_title", "paid_message_price_changed", "pinned_message", "poll_option_added",
    "poll_option_deleted", "proximity_alert_triggered", "refunded_payment", "successful_payment",
    "suggested_post_approval_failed", "suggested_post_approved", "suggested_post_declined", "suggested_post_paid",
    "suggested_post_refunded", "supergroup_chat_created", "unique_gift", "users_shared", "video_chat_ended",
    "video_chat_participants_invited", "video_chat_scheduled", "video_chat_started", "web_app_data",
    "write_access_allowed",
})  # fmt: skip
# What a deep link of the console says when it is followed: https://t.me/<bot>?start=desk_<code>
TIE = "desk_"
_TIE = re.compile(rf"/start {TIE}([A-Za-z0-9_-]{{1,59}})")
PRIVATE = "private"
GROUPS = frozenset({"group", "supergroup"})
OUTSIDE = frozenset({"left", "kicked"})  # how a chat says that we are not in it, or that the person blocked us


def read(data: object, *, now: datetime, payload_behind: Callable[[str], str | None] = lambda data: data) -> Told:
    """
    Return what the update tells at the aware moment `now`; nothing, where we serve nobody with it.

    Raises:
        NotAnUpdateError: it is no object, or has no number.

    """
    if not isinstance(data, dict) or type(data.get("update_id")) is not int:
        raise NotAnUpdateError
    number: int = data["update_id"]
    press = _press(data)
    try:
        update = telegram.Update.de_json(data, None)
        reading = Reading(update=update, now=now, payload_behind=payload_behind)
        news = tuple(one for name, reader in READERS.items() if getattr(update, name) for one in reader(reading))
    except Exception as error:  # noqa: BLE001  # whatever stands in it, a person may have sent it
        log.warning("update not understood", channel=CHANNEL, error=type(error).__name__)
        news = _salvaged(data, now)
    return Told(number=number, news=news, press=press)


# ---- the kinds of update


def _message(reading: Reading) -> tuple[News, ...]:
    message = reading.update.message
    assert message is not None
    is_service = any(getattr(message, name, None) for name in SERVICE)
    if message.chat.type in GROUPS:
        person = message.from_user is not None and not message.from_user.is_bot
        return (_from_group(message.chat, message.from_user),) if person and not is_service else ()
    if message.chat.type != PRIVATE:
        return ()
    if message.migrate_to_chat_id:
        return (
            Moved(
                channel=CHANNEL, address=_address(message.chat), new_address=str(_number(message.migrate_to_chat_id))
            ),
        )
    tie = _TIE.fullmatch(_words(message.text))
    if tie is not None:
        return (TiesDesk(channel=CHANNEL, address=_address(message.chat), code=tie[1]),)
    kind = next((kind for name, kind in KINDS if getattr(message, name)), None)
    if kind is None and is_service:
        return ()
    return (
        _inbound(
            message.chat,
            message.from_user,
            provider_id=f"m{_number(message.message_id)}",
            kind=kind or Kind.OTHER,
            text=_words(message.text or message.caption or (message.venue.title if message.venue else "")),
            received_at=message.date,
            attachments=_attachments(message) if kind in FILES else (),
        ),
    )


def _edited_message(reading: Reading) -> tuple[News, ...]:
    """Only other words count: a live location is "edited" every few seconds."""
    message = reading.update.edited_message
    assert message is not None
    text = _words(message.text or message.caption)
    if message.chat.type != PRIVATE or not text or message.edit_date is None:
        return ()
    return (
        _inbound(
            message.chat,
            message.from_user,
            provider_id=f"e{_number(message.message_id)}.{int(message.edit_date.timestamp())}",
            kind=Kind.TEXT,
            text=text,
            received_at=message.edit_date,
            edits=f"m{_number(message.message_id)}",
        ),
    )


def _callback_query(reading: Reading) -> tuple[News, ...]:
    """A press; a button of another time, whose payload nobody knows any more, counts as its own words."""
    query = reading.update.callback_query
    assert query is not None
    message = query.message
    if message is None or message.chat.type != PRIVATE or query.data is None:
        return ()
    markup = message.reply_markup if isinstance(message, telegram.Message) else None
    keys = [key for row in markup.inline_keyboard for key in row] if markup else []
    title = _words(next((key.text for key in keys if key.callback_data == query.data), ""))
    payload = reading.payload_behind(_words(query.data))
    kind = Kind.BUTTON if payload else Kind.TEXT if title else Kind.OTHER
    return (
        _inbound(
            message.chat,
            query.from_user,
            # The keyboard's message, not the press: so one keyboard acts once, however often it is pressed.
            provider_id=f"p{_number(message.message_id)}",
            kind=kind,
            text=title,
            received_at=reading.now,
            payload=payload,
        ),
    )


def _message_reaction(reading: Reading) -> tuple[News, ...]:
    """Only an emoji that is new; taking one away says nothing."""
    reaction = reading.update.message_reaction
    assert reaction is not None
    before = {one.emoji for one in reaction.old_reaction if isinstance(one, telegram.ReactionTypeEmoji)}
    emoji = [one.emoji for one in reaction.new_reaction if isinstance(one, telegram.ReactionTypeEmoji)]
    new = next((_words(one) for one in emoji if one not in before), "")
    if reaction.chat.type != PRIVATE or not new:
        return ()
    return (
        _inbound(
            reaction.chat,
            reaction.user,
            provider_id=f"r{_number(reaction.message_id)}.{reading.update.update_id}",
            kind=Kind.REACTION,
            text=new,
            received_at=reaction.date,
        ),
    )


def _my_chat_member(reading: Reading) -> tuple[News, ...]:
    """We were blocked or let in again; in a group: we were added."""
    change = reading.update.my_chat_member
    assert change is not None
    was_in, is_in = (member.status not in OUTSIDE for member in (change.old_chat_member, change.new_chat_member))
    if change.chat.type == PRIVATE:
        return (Reachable(channel=CHANNEL, address=_address(change.chat), reachable=is_in),)
    added = change.chat.type in GROUPS and is_in and not was_in
    return (_from_group(change.chat, change.from_user),) if added else ()


# Telegram is asked for these and no others; whatever comes besides tells nothing.
READERS: Mapping[str, Reader] = {
    "message": _message,
    "edited_message": _edited_message,
    "callback_query": _callback_query,
    "message_reaction": _message_reaction,
    "my_chat_member": _my_chat_member,
}
ALLOWED_UPDATES = tuple(READERS)


# ---- their parts


def _inbound(  # noqa: PLR0913  # the parts of a message
    chat: telegram.Chat,
    user: telegram.User | None,
    *,
    provider_id: str,
    kind: Kind,
    text: str,
    received_at: datetime,
    payload: str | None = None,
    edits: str | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Inbound:
    return Inbound(
        channel=CHANNEL,
        address=_address(chat),
        provider_id=provider_id,
        kind=kind,
        text=text,
        received_at=received_at,
        payload=payload,
        language_hint=_words(user.language_code) or None if user else None,
        edits=edits,
        profile_name=_words(user.full_name) or None if user else None,
        attachments=attachments,
    )


def _from_group(chat: telegram.Chat, user: telegram.User | None) -> FromGroup:
    hint = _words(user.language_code) or None if user else None
    return FromGroup(channel=CHANNEL, address=_address(chat), language_hint=hint)


def _attachments(message: telegram.Message) -> tuple[Attachment, ...]:
    """The file of a photo (the largest of its sizes) or a document."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return (Attachment(reference=_words(largest.file_id), media_type="image/jpeg", size=_size(largest.file_size)),)
    document = message.document
    assert document is not None
    media_type = _words(document.mime_type) or None
    return (Attachment(reference=_words(document.file_id), media_type=media_type, size=_size(document.file_size)),)


def _address(chat: telegram.Chat) -> str:
    return str(_number(chat.id))


def _number(value: object) -> int:
    """Return what must be a whole number: the library takes whatever stands there."""
    if type(value) is not int:
        raise TypeError("a number is a number")
    return value


def _size(value: object) -> int | None:
    return None if value is None else _number(value)


def _words(said: object) -> str:
    """Return the text as it can be stored: half a character and the null byte cannot be written down."""
    if said is None:
        return ""
    if not isinstance(said, str):
        raise TypeError("words are text")
    return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _press(data: Mapping[str, Any]) -> Press | None:
    """Read from the raw update, so that the button stops waiting whatever else could be read."""
    query = data.get("callback_query")
    if not isinstance(query, dict) or not isinstance(query.get("id"), str):
        return None
    chat, message = _place(query.get("message"))
    return Press(query=_words(query["id"]), chat=chat, message=message)


def _place(message: object) -> tuple[int | None, int | None]:
    if not isinstance(message, dict) or not isinstance(message.get("chat"), dict):
        return None, None
    chat, at = message["chat"].get("id"), message.get("message_id")
    return (chat, at) if type(chat) is int and type(at) is int else (None, None)


def _salvaged(data: Mapping[str, Any], now: datetime) -> tuple[News, ...]:
    """What can be seen of a message that cannot be read: that somebody sent it, and its words if it has any."""
    message = data.get("message")
    chat, at = _place(message)
    if chat is None or not isinstance(message, dict) or message["chat"].get("type") != PRIVATE:
        return ()
    text = message.get("text")
    said = _words(text) if isinstance(text, str) else ""
    return (
        Inbound(
            channel=CHANNEL,
            address=str(chat),
            provider_id=f"m{at}",
            kind=Kind.TEXT if said else Kind.OTHER,
            text=said,
            received_at=now,
        ),
    )
