"""Files that the team sends to newcomers: what they are by their own bytes, and what may go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.safety.pictures import PDF, TOO_LARGE, UNKNOWN_TYPE, FileNotTakenError, Taken, taken

if TYPE_CHECKING:
    from collections.abc import Mapping

# What WhatsApp takes of anything (Telegram takes more), and of a picture.
MOST_BYTES: Final = 16_000_000
MOST_PICTURE_BYTES: Final = 5_000_000
# How the name of a file ends, by what it is.
ENDS: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    PDF: ".pdf",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
}
# What a browser may offer to choose from.
ACCEPTED: Final = "image/jpeg,image/png,application/pdf,audio/ogg,audio/mpeg,audio/mp4,.jpg,.png,.pdf,.ogg,.mp3,.m4a"
_LONGEST_NAME = 80
_MP4_BRANDS = (b"M4A ", b"M4B ", b"mp42", b"mp41", b"isom", b"iso2")
# The first half of a frame of MPEG layer III: eleven bits that are set, a version and the layer.
_MP3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_A_VIDEO_TRACK = re.compile(rb"hdlr.{8}vide", re.DOTALL)


def may_go(content: bytes) -> Taken:
    """
    Return the file as it may be sent: a picture made anew as JPEG; a PDF or a recording as it is.

    Raises:
        FileNotTakenError: it is too large, of another kind, or damaged.

    """
    if len(content) > MOST_BYTES:
        raise FileNotTakenError(TOO_LARGE)
    sound = _sound(content)
    if sound is not None:
        return Taken(content=content, media_type=sound)
    if content.startswith(b"RIFF"):  # WebP: newcomers may send it, but people here have no reason to
        raise FileNotTakenError(UNKNOWN_TYPE)
    made = taken(content)
    if made.media_type != PDF and len(made.content) > MOST_PICTURE_BYTES:
        raise FileNotTakenError(TOO_LARGE)
    return made


def _sound(content: bytes) -> str | None:
    # Messengers play Ogg as a voice message only with Opus in it.
    if content.startswith(b"OggS") and b"OpusHead" in content[:256]:
        return "audio/ogg"
    if content.startswith(b"ID3") or _MP3_FRAME.match(content):
        return "audio/mpeg"
    if content[4:8] == b"ftyp" and content[8:12] in _MP4_BRANDS and not _A_VIDEO_TRACK.search(content):
        return "audio/mp4"
    return None


def name_of(given: str, media_type: str) -> str:
    """Return the name that the newcomer sees: what the sender called it, without a folder, ending as what it is."""
    bare = re.split(r"[/\\]", given)[-1]
    bare = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\"<>:|?*]", "", bare).strip(" .")
    stem = bare.rpartition(".")[0] or bare
    return f"{stem[:_LONGEST_NAME].rstrip(' .') or 'wegwijs'}{ENDS[media_type]}"
