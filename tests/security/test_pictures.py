"""Pictures that cost more to look at than to send."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.safety.pictures import MOST_SCANS, TOO_LARGE, FileNotTakenError, taken

SCAN, END = b"\xff\xda", b"\xff\xd9"


def progressive(width: int = 64, height: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height), 128).save(out, "JPEG", progressive=True)
    return out.getvalue()


def drawn_over_and_over(times: int) -> bytes:
    """A progressive picture whose last scan, a few bytes long, is repeated."""
    whole = progressive()
    last = whole[whole.rindex(SCAN) : -len(END)]
    return whole[: -len(END)] + last * times + END


def test_a_picture_that_is_drawn_thousands_of_times_is_not_drawn_at_all() -> None:
    with pytest.raises(FileNotTakenError) as refused:
        taken(drawn_over_and_over(100_000))
    assert refused.value.reason == TOO_LARGE


def test_every_scan_counts_and_a_real_picture_stays_far_below() -> None:
    assert progressive().count(SCAN) * 5 < MOST_SCANS
    assert taken(drawn_over_and_over(MOST_SCANS - progressive().count(SCAN))).content
    with pytest.raises(FileNotTakenError):
        taken(drawn_over_and_over(MOST_SCANS - progressive().count(SCAN) + 1))


POLYGLOTS = {
    "a page behind a GIF": b"GIF89a/*<script>alert(1)</script>*/",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a drawing behind a declaration": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "PostScript": b"%!PS-Adobe-3.0\n(rm -rf) run",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a program": b"\x7fELF" + bytes(100),
    "an archive": b"PK\x03\x04" + bytes(100),
    "a PDF that begins late": b"<script>alert(1)</script>\n%PDF-1.7",
    "nothing": b"",
}


@pytest.mark.parametrize("content", POLYGLOTS.values(), ids=POLYGLOTS.keys())
def test_what_is_two_things_at_once_is_neither(content: bytes) -> None:
    with pytest.raises(FileNotTakenError):
        taken(content)


def test_of_a_picture_that_is_an_archive_and_a_page_too_only_the_picture_is_left() -> None:
    hidden = b"PK\x03\x04<script>alert(1)</script>%PDF-1.7"
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(out, "PNG")
    kept = taken(out.getvalue() + hidden)
    assert kept.media_type == "image/jpeg"
    assert not any(piece in kept.content for piece in (b"script", b"PK\x03\x04", b"%PDF"))
