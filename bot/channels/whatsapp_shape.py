"""
What a message looks like on WhatsApp: texts that fit, buttons, a list, or numbered choices. Pure.

Twilio takes a text of 1,600 characters; above buttons 1,024. Three buttons fit below a message, ten in a list that
opens. What fits neither is written as numbered choices, and a number in any script picks one.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.channels.limits import WHATSAPP, length
from bot.content.model import TEMPLATE_LANGUAGES
from bot.domain.words import CHOOSE_NUMBER, LIST_BUTTON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.content.model import TemplateText
    from bot.domain.turn import Button, Media, Message, SentFile

    Words = Callable[[str], str | None]
    MediaAddress = Callable[[Media], str | None]
    FileAddress = Callable[[SentFile], str]

MOST_BODY = 1024  # above buttons, and for a template with everything filled in
MOST_BUTTONS, LONGEST_TITLE = 3, 20
MOST_ITEMS, LONGEST_ITEM, LONGEST_LABEL = 10, 24, 20
MOST_ID_BYTES = 200  # of a list's item; a button's may have 256

_RTL_MARK = "\u200f"
_OPENING, _CLOSING = "\u2066\u2067\u2068", "\u2069"


@dataclass(frozen=True, kw_only=True)
class FreeText:
    """A text of at most 1,600 characters."""

    text: str


@dataclass(frozen=True, kw_only=True)
class File:
    """A file by its public address; `text` is what it shows or says, read below it where WhatsApp shows that."""

    url: str
    text: str
    captioned: bool


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """A file that a person of the team sends, by its address; `text` stands below it. It goes, or the reply failed."""

    url: str
    text: str


@dataclass(frozen=True, kw_only=True)
class QuickReply:
    """Up to three buttons below a text."""

    text: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True, kw_only=True)
class ListPicker:
    """Up to ten choices in a list that opens with `label`."""

    text: str
    label: str
    items: tuple[Button, ...]


Part: TypeAlias = FreeText | File | Enclosure | QuickReply | ListPicker


def parts_of(
    message: Message, words: Words, media_address: MediaAddress, file_address: FileAddress = lambda _file: ""
) -> tuple[Part, ...]:
    """
    Return what goes over the wire, in order: files first, so that the buttons stand last.

    `words` gives our own words (`bot.domain.words`) in the message's language, `media_address` the public address of a
    file, or None when there is none: then what the file shows is told. `file_address` is where a file that a person of
    the team sends is fetched.
    """
    if message.files:
        return _enclosed(message, file_address)
    files = [_file(media, media_address(media)) for media in message.media]
    # A picture and its sound say the same: the words are read once, below the picture where there is one.
    shown = {file.text for file in files if file is not None and file.captioned}
    told = dict.fromkeys(media.alt for media in message.media if media.alt and media.alt not in shown)
    text = "\n".join((message.text, *told))
    return (*(file for file in files if file is not None), *_texts(message, text, words))


def _enclosed(message: Message, file_address: FileAddress) -> tuple[Part, ...]:
    first, *rest = message.files
    # WhatsApp shows no words below a recording, and only so many below a picture.
    below = first.shown_as != "sound" and length(message.text) <= WHATSAPP.text
    before = () if below or not message.text else split(message.text)
    return (
        *(FreeText(text=part) for part in before),
        Enclosure(url=file_address(first), text=message.text if below else ""),
        *(Enclosure(url=file_address(file), text="") for file in rest),
    )


def _file(media: Media, url: str | None) -> File | None:
    if url is None:
        return None
    # WhatsApp shows no text below sound.
    sound = (mimetypes.guess_type(media.path)[0] or "").startswith("audio/")
    return File(url=url, text=media.alt, captioned=not sound)


def _texts(message: Message, text: str, words: Words) -> tuple[Part, ...]:
    if not message.buttons:
        return tuple(FreeText(text=part) for part in split(text))
    label = words(LIST_BUTTON)
    if _fit(message.buttons, MOST_BUTTONS, LONGEST_TITLE):
        *before, last = _with_short_end(text)
        return (*(FreeText(text=part) for part in before), QuickReply(text=last, buttons=message.buttons))
    if label and length(label) <= LONGEST_LABEL and _fit(message.buttons, MOST_ITEMS, LONGEST_ITEM):
        *before, last = _with_short_end(text)
        return (*(FreeText(text=part) for part in before), ListPicker(text=last, label=label, items=message.buttons))
    return with_numbers(message, text, words)


def with_numbers(message: Message, text: str, words: Words) -> tuple[FreeText, ...]:
    """Return this text of the message with its choices numbered below it; in a message of their own if they must."""
    choices = _numbered(message, words(CHOOSE_NUMBER))
    whole = f"{text}\n\n{choices}"
    if length(whole) <= WHATSAPP.text:
        return (FreeText(text=whole),)
    return tuple(FreeText(text=part) for part in (*split(text), *split(choices)))


def _fit(buttons: tuple[Button, ...], most: int, longest: int) -> bool:
    titles = {button.title for button in buttons}
    ids = {button.payload for button in buttons}
    return (
        len(buttons) <= most
        and len(titles) == len(ids) == len(buttons)  # WhatsApp refuses two that are alike
        and all(0 < length(title) <= longest for title in titles)
        and all(0 < len(payload.encode()) <= MOST_ID_BYTES for payload in ids)
    )


def _numbered(message: Message, invitation: str | None) -> str:
    # A Dutch title in an Arabic message would pull its number to the left side.
    mark = _RTL_MARK if message.direction == "rtl" else ""
    lines = [f"{mark}{number}. {button.title}" for number, button in enumerate(message.buttons, start=1)]
    return "\n".join((*lines, invitation) if invitation else lines)


# ---- parting a text


_ENDS = (
    re.compile(r"\n{2,}"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…؟۔።፧])[\"'»”’)\]*\u2069]*\s+"),
    re.compile(r"\s+"),
)


def split(text: str, most: int = WHATSAPP.text) -> tuple[str, ...]:
    """Part the text where people would: between paragraphs, lines, sentences, words; within a word only if it must."""
    parts: list[str] = []
    rest = text.strip()
    while length(rest) > most:
        at = _cut(rest, most)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return (*parts, rest)


def _with_short_end(text: str) -> tuple[str, ...]:
    """Part the text so that the last part fits above buttons."""
    *before, last = split(text)
    return (*before, *split(last, MOST_BODY))


def _cut(text: str, most: int) -> int:
    room = _room(text, most)
    for end in _ENDS:
        places = [found.end() for found in end.finditer(text) if len(text[: found.end()].rstrip()) <= room]
        whole = [place for place in places if not _tears(text[:place])]
        # A first part of a few words would be odd: then a later place of a lesser kind is better.
        if whole and whole[-1] >= room // 3:
            return whole[-1]
    at = room
    while at > 1 and unicodedata.combining(text[at]):
        at -= 1
    return at


def _room(text: str, most: int) -> int:
    """Return how many characters fit: those outside the basic plane (emoji) count twice."""
    units = 0
    for at, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1  # noqa: PLR2004  # the end of the basic plane
        if units > most:
            return at
    return len(text)


def _tears(before: str) -> bool:
    """Return whether a cut here leaves an isolate or a starred word open."""
    opened = sum(before.count(sign) for sign in _OPENING)
    return opened != before.count(_CLOSING) or before.rpartition("\n")[2].count("*") % 2 == 1


# ---- contents: what Twilio must know before buttons can be sent


def content_name(part: QuickReply | ListPicker) -> str:
    """Return our name for a set of buttons: the same buttons have the same name."""
    return f"buttons_{_digest(_types(part))}"


def content_of(part: QuickReply | ListPicker, language: str) -> dict[str, Any]:
    """Return what is created at Twilio: fixed buttons below a text that is filled in for every message."""
    return {
        "friendly_name": content_name(part),
        # It says nothing here, and Twilio knows no other languages than WhatsApp's.
        "language": language if language in TEMPLATE_LANGUAGES else "en",
        "variables": {"1": "text"},
        "types": _types(part),
    }


def _types(part: QuickReply | ListPicker) -> dict[str, Any]:
    match part:
        case QuickReply(buttons=buttons):
            return {"twilio/quick-reply": {"body": "{{1}}", "actions": [_quick(b.title, b.payload) for b in buttons]}}
        case ListPicker(label=label, items=items):
            rows = [{"item": item.title, "id": item.payload} for item in items]
            return {"twilio/list-picker": {"body": "{{1}}", "button": label, "items": rows}}


def _quick(title: str, payload: str) -> dict[str, str]:
    return {"type": "QUICK_REPLY", "title": title, "id": payload}


def _digest(of: object) -> str:
    written = json.dumps(of, ensure_ascii=False, sort_keys=True).encode()
    return hashlib.sha256(written).hexdigest()[:24]


# ---- templates


def template_name(template: TemplateText) -> str:
    """Return the name of a template at WhatsApp; another wording is another template, and must be approved anew."""
    return f"{template.name}_{template.language}_{_digest([template.text, _template_types(template)])[:8]}"


def template_content(template: TemplateText) -> dict[str, Any]:
    """Return what is created at Twilio before WhatsApp is asked to approve it."""
    return {
        "friendly_name": template_name(template),
        "language": template.language,
        "variables": {str(number): example for number, example in enumerate(template.examples, start=1)},
        "types": _template_types(template),
    }


def _template_types(template: TemplateText) -> dict[str, Any]:
    body = re.sub(r"\{(\d+)\}", r"{{\1}}", template.text)
    if not template.buttons:
        return {"twilio/text": {"body": body}}
    return {"twilio/quick-reply": {"body": body, "actions": [_quick(b.title, b.payload) for b in template.buttons]}}


def template_variables(variables: tuple[str, ...]) -> Mapping[str, str]:
    """Return the variables by number; WhatsApp takes none that is empty, and no line breaks or rows of blanks."""
    return {str(number): " ".join(value.split()) or "-" for number, value in enumerate(variables, start=1)}


def filled(template: TemplateText, variables: Mapping[str, str]) -> str:
    """Return a template's text as the newcomer reads it."""
    return re.sub(r"\{(\d+)\}", lambda found: variables.get(found[1], ""), template.text)
