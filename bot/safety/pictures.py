"""
Files from newcomers: what they are by their own bytes, and a picture that holds nothing but the picture.

A photo says where and when it was taken, with which telephone, and by whom: all of that is left behind.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence

# The messengers let no larger file through (Telegram 20 MB, WhatsApp 16 MB).
MOST_BYTES: Final = 20_000_000
# A telephone's camera of 50 megapixels; decoded, four bytes each. What unpacks to more is no letter but a bomb.
MOST_PIXELS: Final = 52_000_000
# A progressive JPEG is drawn over and over, ten times or so. Each time costs as much as decoding the whole picture and
# takes seventy bytes: twenty megabytes of them keep a processor busy for hours.
MOST_SCANS: Final = 100
# Enough to read the small print of an A4 page.
LONGEST_SIDE: Final = 2560
_QUALITY: Final = 85
WHOLE: Final = 100.0

JPEG: Final = "image/jpeg"
PDF: Final = "application/pdf"

TOO_LARGE: Final = "too_large"
UNKNOWN_TYPE: Final = "unknown_type"
UNREADABLE: Final = "unreadable"

_PDF_START: Final = b"%PDF-"
_SCAN: Final = b"\xff\xda"  # in the picture's own data an FF is followed by a zero, so there it is always a scan


class FileNotTakenError(Exception):
    """A file is not kept; `reason` is a code: too_large, unknown_type or unreadable."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.__doc__} ({reason})")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A file as it may be kept."""

    content: bytes = field(repr=False)
    media_type: str


def taken(content: bytes) -> Taken:
    """
    Return the file as it may be kept: a picture made anew as JPEG, a PDF as it is.

    What the sender calls the file is not asked. A PDF is not looked into: show it nowhere but in a viewer that runs
    nothing.

    Raises:
        FileNotTakenError: it is too large, of another kind, or damaged.

    """
    if len(content) > MOST_BYTES:
        raise FileNotTakenError(TOO_LARGE)
    if content.startswith(_PDF_START):
        return Taken(content=content, media_type=PDF)
    kind = _kind(content)
    if kind is None:
        raise FileNotTakenError(UNKNOWN_TYPE)
    try:
        return Taken(content=_anew(content, kind), media_type=JPEG)
    except FileNotTakenError:
        raise
    except Exception as error:  # a decoder given garbage raises whatever it stumbles over
        raise FileNotTakenError(UNREADABLE) from error


@dataclass(frozen=True, kw_only=True)
class Box:
    """A part of a picture, in hundredths of its width and height from the upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def read(cls, x: str, y: str, width: str, height: str) -> Box | None:
        """Return the box that somebody gave in figures; None when it is none, or lies outside the picture."""
        try:
            numbers = [float(value.replace(",", ".")) for value in (x, y, width, height)]
        except ValueError:
            return None
        left, top, wide, high = numbers
        inside = all(0 <= number <= WHOLE for number in numbers) and left < WHOLE and top < WHOLE
        if not inside or wide <= 0 or high <= 0:
            return None
        return cls(x=left, y=top, width=min(wide, WHOLE - left), height=min(high, WHOLE - top))


def blackened(content: bytes, boxes: Sequence[Box]) -> bytes:
    """
    Return the picture with these parts black: what was there is not in it any more.

    Raises:
        FileNotTakenError: it is no picture of ours.

    """
    picture = _ours(content)
    width, height = picture.size
    drawn = ImageDraw.Draw(picture)
    for box in boxes:
        # Outwards to whole pixels, and one more: the edge of a letter must not show what it was.
        left, top = floor(box.x * width / WHOLE) - 1, floor(box.y * height / WHOLE) - 1
        right, bottom = ceil((box.x + box.width) * width / WHOLE), ceil((box.y + box.height) * height / WHOLE)
        drawn.rectangle((max(left, 0), max(top, 0), min(right, width), min(bottom, height)), fill="black")
    return _written(picture)


def turned(content: bytes, quarters: int) -> bytes:
    """
    Return the picture turned to the right by so many quarters.

    Raises:
        FileNotTakenError: it is no picture of ours.

    """
    turns = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}
    how = turns.get(quarters % 4)
    return content if how is None else _written(_ours(content).transpose(how))


def _ours(content: bytes) -> Image.Image:
    """Decode a picture that was made anew before: a JPEG, and no larger than those are."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            if picture.width * picture.height <= MOST_PIXELS:
                return picture.convert("RGB")
    except Exception as error:  # a decoder given garbage raises whatever it stumbles over
        raise FileNotTakenError(UNREADABLE) from error
    raise FileNotTakenError(TOO_LARGE)


def _written(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _kind(content: bytes) -> str | None:
    """Return what Pillow calls this kind of picture, by its first bytes; None for everything that is not taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    return None


def _anew(content: bytes, kind: str) -> bytes:
    """Decode the picture (of an animation the first one) and write only its pixels."""
    if kind == "JPEG" and content.count(_SCAN) > MOST_SCANS:
        raise FileNotTakenError(TOO_LARGE)
    # Only the decoder of this kind may look at it: others have had more holes.
    with Image.open(io.BytesIO(content), formats=[kind]) as picture:
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise FileNotTakenError(TOO_LARGE)
        if kind == "JPEG":
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG can be decoded small: less memory
        upright = _upright(picture)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        plain = _on_white(upright)
    return _written(plain)


def _upright(picture: Image.Image) -> Image.Image:
    """Turn the picture as the camera was held."""
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # noqa: BLE001  # a picture whose notes are garbage is still a picture
        return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a new picture with these pixels and nothing else; what can be seen through is white paper."""
    if picture.mode.startswith("I"):  # a scan with sixteen bits for each grey: Pillow would cut instead of scale
        picture = picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    plain = Image.new("RGB", picture.size, "white")
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        plain.paste(seen, mask=seen.getchannel("A"))
    else:
        plain.paste(picture.convert("RGB"))
    return plain
