"""What Twilio posts to us, as news: a newcomer's message, or what became of one of ours. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from bot.channels.whatsapp_codes import of_code, told
from bot.channels.whatsapp_media import is_media_address
from bot.domain.messenger import Outcome, Receipt, Remedy
from bot.domain.turn import Attachment, Inbound, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

CHANNEL = "whatsapp"
MOST_FILES = 10
LONGEST_NAME = 100


class Form(Protocol):
    """A form that was posted; a field may stand in it more than once, and then the last one is meant."""

    def get(self, key: str, /) -> str | None:
        """Return the field's value, or None when it is not there."""
        ...


# Statuses that are no news are left out: accepted, queued, scheduled and sending come before the message went, and
# whatever Twilio invents next is no news either.
OUTCOMES: Mapping[str, Outcome] = {
    "sent": Outcome.SENT,
    "delivered": Outcome.DELIVERED,
    "read": Outcome.READ,
    "undelivered": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.FAILED,
}

# What WhatsApp calls kinds of messages that carry no file and that the assistant cannot read as words.
_KINDS: Mapping[str, Kind] = {
    "sticker": Kind.STICKER,
    "contacts": Kind.CONTACT,
    "contact": Kind.CONTACT,
    "location": Kind.LOCATION,
    "reaction": Kind.REACTION,
    "order": Kind.OTHER,
    "system": Kind.OTHER,
    "unsupported": Kind.OTHER,
    "unknown": Kind.OTHER,
}
_KINDS_OF_FILES: Mapping[str, Kind] = {
    "image": Kind.PHOTO,
    "audio": Kind.VOICE,
    "video": Kind.VIDEO,
}
_KINDS_OF_TYPES: Mapping[str, Kind] = {
    "image/webp": Kind.STICKER,
    "text/vcard": Kind.CONTACT,
    "text/x-vcard": Kind.CONTACT,
    "text/directory": Kind.CONTACT,
}

_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}")
_OTHER_ADDRESS = re.compile(r"[A-Za-z0-9.+_-]{3,64}")  # WhatsApp is to show names instead of numbers
_SID = re.compile(r"[A-Za-z0-9]{2,64}")
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")


def inbound(form: Form, now: datetime, *, account_sid: str) -> Inbound | None:
    """Return the message that was posted; None when there is no telling from whom it is, or which one."""
    address, sid = _address(form), form.get("MessageSid") or form.get("SmsMessageSid") or ""
    if address is None or not _SID.fullmatch(sid):
        return None
    payload = form.get("ButtonPayload") or form.get("ListId") or None
    attachments = tuple(_attachments(form, account_sid))
    body = form.get("Body") or ""
    kind = Kind.BUTTON if payload else _kind(form)
    shown = form.get("ButtonText") or form.get("ListTitle")
    if kind is Kind.LOCATION:
        body = body or ", ".join(part for part in (form.get("Label"), form.get("Address")) if part)
    return Inbound(
        channel=CHANNEL,
        address=address,
        provider_id=sid,
        kind=kind,
        text=(shown or body) if payload else body,
        received_at=now,
        payload=payload,
        profile_name=" ".join((form.get("ProfileName") or "").split())[:LONGEST_NAME] or None,
        attachments=attachments,
    )


def _address(form: Form) -> str | None:
    """Return the sender's number; where WhatsApp gives a name instead, that."""
    given = (form.get("From") or "").strip().removeprefix("whatsapp:").strip()
    if _NUMBER.fullmatch(given):
        return given
    number = "+" + (form.get("WaId") or "").strip()
    if _NUMBER.fullmatch(number):
        return number
    return given if _OTHER_ADDRESS.fullmatch(given) else None


def _kind(form: Form) -> Kind:
    said = _KINDS.get((form.get("MessageType") or "").lower())
    if said is not None:
        return said
    media_type = _media_type(form, 0)
    if _count(form):
        family = (media_type or "").partition("/")[0]
        return _KINDS_OF_TYPES.get(media_type or "") or _KINDS_OF_FILES.get(family, Kind.DOCUMENT)
    if form.get("Latitude") and form.get("Longitude"):
        return Kind.LOCATION
    return Kind.TEXT if (form.get("Body") or "").strip() else Kind.OTHER


def _count(form: Form) -> int:
    given = form.get("NumMedia") or ""
    return min(int(given), MOST_FILES) if given.isascii() and given.isdecimal() and len(given) < MOST_FILES else 0


def _media_type(form: Form, number: int) -> str | None:
    return (form.get(f"MediaContentType{number}") or "").partition(";")[0].strip().lower()[:LONGEST_NAME] or None


def _attachments(form: Form, account_sid: str) -> list[Attachment]:
    found = []
    for number in range(_count(form)):
        url = form.get(f"MediaUrl{number}") or ""
        # What is not of our account at Twilio is never fetched, whoever signed the form.
        if is_media_address(url, account_sid):
            found.append(Attachment(reference=url, media_type=_media_type(form, number)))
    return found


def receipt(form: Form, query: Form) -> Receipt | None:
    """
    Return what became of a message of ours; None when it is no news.

    `query` is what we put into the callback's address: our reference, and `part` where more parts follow it. That an
    earlier part arrived says nothing about the whole; that one failed does.
    """
    outcome = OUTCOMES.get((form.get("MessageStatus") or form.get("SmsStatus") or "").lower())
    if outcome is None or (query.get("part") and outcome is not Outcome.FAILED):
        return None
    sid, reference = form.get("MessageSid") or form.get("SmsSid") or "", query.get("reference") or ""
    provider_id = sid if _SID.fullmatch(sid) else None
    known = reference if _REFERENCE.fullmatch(reference) else None
    if provider_id is None and known is None:
        return None
    reason, remedy = _why(form) if outcome is Outcome.FAILED else (None, Remedy.NEVER)
    return Receipt(
        channel=CHANNEL, provider_id=provider_id, reference=known, outcome=outcome, reason=reason, remedy=remedy
    )


def _why(form: Form) -> tuple[str, Remedy]:
    given = form.get("ErrorCode") or ""
    code = int(given) if given.isascii() and given.isdecimal() and len(given) < MOST_FILES else None
    meaning = of_code(code)
    if code is not None and meaning is not None:
        # What has failed is known: nothing about it is uncertain.
        remedy = Remedy.RETRY if meaning.remedy is Remedy.UNCERTAIN else meaning.remedy
        return told(code, meaning), remedy
    return (str(code) if code else "not delivered"), Remedy.NEVER
