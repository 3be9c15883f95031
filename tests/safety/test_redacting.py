"""Parts of a picture become black for good, and a picture is turned; whatever is given for a part, nothing breaks."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.safety.pictures import UNREADABLE, Box, FileNotTakenError, blackened, turned


def paper(width: int = 120, height: int = 80, colour: str = "white") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG", quality=95)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def is_black(image: Image.Image, x: int, y: int) -> bool:
    return max(image.getpixel((x, y))) < 40


@pytest.mark.parametrize("size", [(120, 80), (1, 1), (2560, 3), (333, 777)])
def test_the_part_and_its_edge_are_black(size: tuple[int, int]) -> None:
    image = opened(blackened(paper(*size), [Box(x=0, y=0, width=50, height=100)]))
    assert image.size == size
    for x in range(0, max(size[0] // 2, 1), max(size[0] // 20, 1)):
        assert is_black(image, x, size[1] // 2)


def test_several_parts_and_nothing_else() -> None:
    boxes = [Box(x=0, y=0, width=10, height=10), Box(x=80, y=80, width=50, height=50)]
    image = opened(blackened(paper(400, 400), boxes))
    assert is_black(image, 5, 5)
    assert is_black(image, 399, 399)
    assert image.getpixel((200, 200)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("given", "box"),
    [
        (("0", "0", "100", "100"), Box(x=0, y=0, width=100, height=100)),
        (("10,5", "20.25", "30", "40"), Box(x=10.5, y=20.25, width=30, height=40)),
        (("90", "90", "50", "50"), Box(x=90, y=90, width=10, height=10)),
        (("100", "0", "1", "1"), None),
        (("0", "0", "0", "1"), None),
        (("-1", "0", "1", "1"), None),
        (("nan", "0", "1", "1"), None),
        (("1e9", "0", "1", "1"), None),
        (("", "", "", ""), None),
    ],
)
def test_a_part_is_read_from_four_figures(given: tuple[str, str, str, str], box: Box | None) -> None:
    assert Box.read(*given) == box


def test_it_is_turned_to_the_right_by_quarters() -> None:
    corner = blackened(paper(100, 60), [Box(x=0, y=0, width=20, height=20)])
    for quarters, size, black in (
        (0, (100, 60), (2, 2)),
        (1, (60, 100), (57, 2)),
        (2, (100, 60), (97, 57)),
        (3, (60, 100), (2, 97)),
        (5, (60, 100), (57, 2)),
    ):
        image = opened(turned(corner, quarters))
        assert image.size == size
        assert is_black(image, *black), quarters


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\xff\xd8\xff garbage", b"<svg/>", paper()[:400]])
def test_what_is_no_picture_of_ours_is_left_alone(content: bytes) -> None:
    with pytest.raises(FileNotTakenError) as caught:
        blackened(content, [Box(x=0, y=0, width=1, height=1)])
    assert caught.value.reason == UNREADABLE
    with pytest.raises(FileNotTakenError):
        turned(content, 1)
