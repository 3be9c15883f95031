"""Rules about files that go with an answer, and about files that newcomers send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.knowledge.check.ground import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.knowledge.check.ground import Ground

MEGABYTE = 1_000_000
# What both messengers show, known by its first bytes, and how large it may be (Twilio: 5 MB an image, 16 MB the rest).
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
SOUNDS = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"OggS")
LARGEST_PICTURE, LARGEST_SOUND = 5 * MEGABYTE, 16 * MEGABYTE


def media_file(ground: Ground) -> Iterator[Finding]:
    """A file that is missing, too large or of another kind stops the whole message at the messenger."""
    for part, starts, largest, kinds in (
        ("image", PICTURES, LARGEST_PICTURE, "a PNG or JPEG picture"),
        ("audio", SOUNDS, LARGEST_SOUND, "an MP3 or OGG sound"),
    ):
        for name in ground.read.responses:
            document, path = ground.read.places["response", name]
            for at, variant in enumerate(document.data["responses"][name]):
                given = variant.get(part)
                if given is None:
                    continue
                why = _wrong(ground.read.media.get(given), starts, largest, kinds)
                if why:
                    place = (document.name, document.line(*path, at, part))
                    mend = f"put {kinds} of at most {largest // MEGABYTE} MB into content/media/, or mend the path"
                    yield Finding(place=place, why=f"'{given}' {why}", mend=mend)


def media_alt(ground: Ground) -> Iterator[Finding]:
    """Who cannot see the picture or hear the sound reads what it shows or says; words without a file help nobody."""
    for response in ground.read.responses.values():
        for at, variant in enumerate(response.variants):
            if bool(variant.media) is not bool(variant.alt):
                yield Finding(
                    place=ground.at("response", response.name, at, "metadata"),
                    why="a picture or sound needs words" if variant.media else "there is no picture or sound here",
                    mend="write 'metadata: alt: …': what it shows or says" if variant.media else "take 'alt:' away",
                )


def letter_photos(ground: Ground) -> Iterator[Finding]:
    """Photos of letters hold the lives of others too: somebody decides it, on a day, for a reason."""
    decision = ground.read.letter_photos
    if decision is not None and decision.allowed and not decision.decided:
        yield Finding(
            place=ground.at("organisation", "letter_photos", "allowed"),
            why="photos are allowed, and nobody stands for it",
            mend="fill decided_by, decided_on and reason, or write 'allowed: false'",
        )


def _wrong(file: Path | None, starts: tuple[bytes, ...], largest: int, kinds: str) -> str | None:
    if file is None:
        return "is not there"
    with file.open("rb") as opened:
        if not opened.read(16).startswith(starts):
            return f"is not {kinds}"
    return "is too large" if file.stat().st_size > largest else None
