"""What becomes of a file: by its bytes, never by its name; and nothing but the picture is left of a picture."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from bot.safety import pictures
from bot.safety.pictures import JPEG, LONGEST_SIDE, MOST_BYTES, PDF, FileNotTakenError, Taken, taken

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
GPS = 0x8825
ORIENTATION = 0x0112


def written(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def halves(left: tuple[int, ...], right: tuple[int, ...], mode: str = "RGB") -> Image.Image:
    """A small picture of two colours beside each other."""
    picture = Image.new(mode, (32, 16), left)
    picture.paste(right, (16, 0, 32, 16))
    return picture


def opened(file: Taken) -> Image.Image:
    assert file.media_type == JPEG
    return Image.open(io.BytesIO(file.content), formats=["JPEG"])


def colours(file: Taken) -> tuple[str, str]:
    """The colours left and right in the middle, as words."""
    picture = opened(file)
    width, height = picture.size
    points = (picture.getpixel((width // 4, height // 2)), picture.getpixel((3 * width // 4, height // 2)))
    named = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE, "grey": (128, 128, 128), "black": (0, 0, 0)}
    near = [min(named, key=lambda name: sum(abs(a - b) for a, b in zip(named[name], p, strict=True))) for p in points]
    return near[0], near[1]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_comes_back_as_a_jpeg_with_the_same_picture(kind: str) -> None:
    assert colours(taken(written(halves(RED, BLUE), kind))) == ("red", "blue")


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("CMYK", "JPEG"), ("L", "JPEG"), ("I;16", "PNG")],
)
def test_every_way_of_storing_colours_is_read(mode: str, kind: str) -> None:
    grey = Image.new("RGB", (32, 16), (128, 128, 128)) if mode not in {"1", "I;16"} else None
    if mode == "1":
        picture = Image.new("1", (32, 16), 1)
    elif mode == "I;16":
        picture = Image.new("I;16", (32, 16), 128 * 257)
    else:
        picture = grey.convert(mode)
    expected = "white" if mode == "1" else "grey"
    assert colours(taken(written(picture, kind))) == (expected, expected)


def test_what_can_be_seen_through_is_white_paper() -> None:
    picture = halves((255, 0, 0, 255), (0, 0, 0, 0), "RGBA")
    assert colours(taken(written(picture, "PNG"))) == ("red", "white")
    palette = halves(RED, BLUE).quantize(2)
    see_through = palette.getpixel((31, 0))
    assert colours(taken(written(palette, "PNG", transparency=see_through))) == ("red", "white")


def test_where_when_and_by_whom_it_was_taken_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0x9003] = "SECRET-PHONE", "SECRET-NAME", "2026:11:22 09:00:00"
    exif.get_ifd(GPS)[2] = (53.0, 10.0, 31.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    jpeg = written(
        halves(RED, BLUE),
        "JPEG",
        exif=exif,
        comment=b"SECRET-COMMENT",
        icc_profile=profile,
        xmp=b"<x:xmpmeta>SECRET-XMP</x:xmpmeta>",
    )
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "SECRET-AUTHOR")
    notes.add_itxt("XML:com.adobe.xmp", "SECRET-XMP")
    png = written(halves(RED, BLUE), "PNG", pnginfo=notes, exif=exif)
    webp = written(halves(RED, BLUE), "WEBP", exif=exif, xmp=b"SECRET-XMP")
    for before in (jpeg, png, webp):
        assert b"SECRET" in before
        file = taken(before)
        assert b"SECRET" not in file.content
        picture = opened(file)
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert GPS in Image.open(io.BytesIO(jpeg)).getexif()


def test_what_was_hung_behind_the_picture_is_gone() -> None:
    assert b"SECRET" not in taken(written(halves(RED, BLUE), "JPEG") + b"SECRET" * 99).content


# As the camera was held: 3 upside down, 6 and 8 on its side.
@pytest.mark.parametrize(("held", "seen"), [(1, ("red", "blue")), (3, ("blue", "red")), (2, ("blue", "red"))])
def test_a_photo_is_turned_as_the_camera_was_held(held: int, seen: tuple[str, str]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = held
    assert colours(taken(written(halves(RED, BLUE), "JPEG", exif=exif))) == seen


@pytest.mark.parametrize("held", [5, 6, 7, 8])
def test_a_photo_on_its_side_is_put_upright(held: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = held
    assert opened(taken(written(halves(RED, BLUE), "JPEG", exif=exif))).size == (16, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("size", "smaller"),
    [((4000, 1000), (LONGEST_SIDE, 640)), ((100, 5120), (50, LONGEST_SIDE)), ((800, 600), (800, 600))],
)
def test_a_large_photo_is_made_small_enough_and_a_small_one_is_left(
    kind: str, size: tuple[int, int], smaller: tuple[int, int]
) -> None:
    assert opened(taken(written(Image.new("RGB", size, RED), kind))).size == smaller


def test_of_an_animation_the_first_picture_is_kept() -> None:
    for kind in ("WEBP", "PNG"):
        moving = written(
            Image.new("RGB", (32, 16), GREEN), kind, save_all=True, append_images=[Image.new("RGB", (32, 16), RED)]
        )
        assert colours(taken(moving)) == ("green", "green")
    two = written(Image.new("RGB", (32, 16), GREEN), "MPO", save_all=True, append_images=[halves(RED, BLUE)])
    assert colours(taken(two)) == ("green", "green"), "a telephone's JPEG with a second picture in it"


def test_a_pdf_is_kept_as_it_is() -> None:
    content = b"%PDF-1.7\n1 0 obj\n<</OpenAction 2 0 R>>\n"
    assert taken(content) == Taken(content=content, media_type=PDF)


def office() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return out.getvalue()


OTHERS = {
    "nothing": b"",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg with a head": b"<?xml version='1.0'?>\n<svg/>",
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "html that ends as a pdf": b"<html>%PDF-1.7",
    "a pdf after a blank": b" %PDF-1.7",
    "zip": b"PK\x03\x04" + b"\0" * 40,
    "word": office(),
    "old word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40,
    "windows program": b"MZ\x90\0" + b"\0" * 40,
    "linux program": b"\x7fELF" + b"\0" * 40,
    "script": b"#!/bin/sh\nrm -rf /\n",
    "gif": written(Image.new("P", (4, 4)), "GIF"),
    "bmp": written(Image.new("RGB", (4, 4)), "BMP"),
    "tiff": written(Image.new("RGB", (4, 4)), "TIFF"),
    "icon": written(Image.new("RGB", (16, 16)), "ICO"),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "sound in a riff": b"RIFF\x24\0\0\0WAVEfmt ",
    "text": b"Geachte mevrouw,",
}


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_kind_of_file_is_refused(name: str) -> None:
    with pytest.raises(FileNotTakenError) as refused:
        taken(OTHERS[name])
    assert refused.value.reason == "unknown_type"


DAMAGED = {
    "a torn photo": written(Image.effect_noise((200, 200), 50), "JPEG")[:2000],
    "a torn png": written(Image.effect_noise((200, 200), 50), "PNG")[:2000],
    "a torn webp": written(Image.effect_noise((200, 200), 50), "WEBP")[:1000],
    "only the beginning": b"\xff\xd8\xff",
    "a gif that says jpeg": b"\xff\xd8\xff" + OTHERS["gif"],
    "a page that says png": b"\x89PNG\r\n\x1a\n" + OTHERS["html"],
    "a page that says webp": b"RIFF\0\0\0\0WEBP" + OTHERS["html"],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_refused(name: str) -> None:
    with pytest.raises(FileNotTakenError) as refused:
        taken(DAMAGED[name])
    assert refused.value.reason == "unreadable"


def a_png_of(width: int, height: int) -> bytes:
    """A file of a few hundred bytes that says that it unpacks to this many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(8000, 8000), (1, 60_000_000), (12_000, 10_000)])
def test_a_bomb_is_not_unpacked(width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_upright", lambda _: pytest.fail("it was unpacked"))
    with pytest.raises(FileNotTakenError) as refused:
        taken(a_png_of(width, height))
    assert refused.value.reason == "too_large"


# Pillow itself refuses these, in its own words.
@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (2**31 - 1, 2**31 - 1)])
def test_the_largest_bombs_are_refused(width: int, height: int) -> None:
    with pytest.raises(FileNotTakenError) as refused:
        taken(a_png_of(width, height))
    assert refused.value.reason in {"too_large", "unreadable"}


def test_a_png_whose_notes_are_a_bomb_is_refused() -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    whole = written(Image.new("RGB", (4, 4)), "PNG")
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 100_000_000))
    with pytest.raises(FileNotTakenError):
        taken(whole[:33] + bomb + whole[33:])


def test_a_file_that_is_too_large_is_not_even_looked_at() -> None:
    for start in (b"%PDF-", b"\xff\xd8\xff", b"?"):
        with pytest.raises(FileNotTakenError) as refused:
            taken(start + b"\0" * MOST_BYTES)
        assert refused.value.reason == "too_large"


def test_a_photo_whose_notes_are_garbage_is_still_a_photo() -> None:
    broken = written(halves(RED, BLUE), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 50)
    assert colours(taken(broken)) == ("red", "blue")


STARTS = st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x99\0\0\0WEBP", b"%PDF-"])
WHOLE = [
    written(halves(RED, BLUE), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
    written(halves((255, 0, 0, 9), (0, 0, 255, 99), "RGBA"), "PNG"),
    written(halves(RED, BLUE).quantize(2), "PNG", transparency=0),
    written(halves(RED, BLUE), "WEBP"),
    written(halves(RED, BLUE), "WEBP", lossless=True),
]


def is_taken_or_refused(content: bytes) -> None:
    try:
        file = taken(content)
    except FileNotTakenError as refused:
        assert refused.reason in {"too_large", "unknown_type", "unreadable"}  # noqa: PT017  # either way is fine
    else:
        assert file.media_type == PDF or opened(file).load()


@settings(max_examples=300, deadline=None)
@given(start=STARTS, rest=st.binary(max_size=400))
def test_garbage_raises_nothing_else(start: bytes, rest: bytes) -> None:
    is_taken_or_refused(start + rest)


@settings(max_examples=400, deadline=None)
@given(
    whole=st.sampled_from(WHOLE),
    at=st.integers(0, 700),
    put=st.binary(min_size=1, max_size=8),
    cut=st.integers(0, 3),
)
def test_a_picture_with_a_few_wrong_bytes_raises_nothing_else(whole: bytes, at: int, put: bytes, cut: int) -> None:
    at %= len(whole)
    is_taken_or_refused(whole[:at] + put + whole[at + cut :])
