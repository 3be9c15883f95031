"""The page as poppler, which nobody here wrote, reads it: one page, every word, in the order people read them."""

from __future__ import annotations

import re
import subprocess
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

import pytest
from PIL import Image

from bot.paper.pdf import drawn
from bot.paper.plan import Line
from tests.paper.pages import LRI, NOW, PDI, arabic, page

if TYPE_CHECKING:
    from pathlib import Path

    from bot.paper.plan import Page

pytestmark = pytest.mark.paper

_WORD = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')
POINTS_WIDE = 595


class Word(NamedTuple):
    """A word on the page, in points from its left and its top."""

    left: float
    top: float
    right: float
    text: str


def on_disk(folder: Path, what: Page) -> Path:
    path = folder / "plan.pdf"
    path.write_bytes(drawn(what, NOW))
    return path


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""  # poppler complains of whatever is wrong in a file
    return done.stdout


def text_of(folder: Path, what: Page) -> str:
    return run("pdftotext", "-layout", str(on_disk(folder, what)), "-")


def words_of(folder: Path, what: Page) -> list[Word]:
    found = run("pdftotext", "-bbox", str(on_disk(folder, what)), "-")
    return [
        Word(float(left), float(top), float(right), unescape(text))
        for left, top, right, _, text in _WORD.findall(found)
    ]


def the(words: list[Word], text: str) -> Word:
    """Return the only word of this text; Arabic comes letter by letter from left to right, as it lies on the page."""
    (found,) = [word for word in words if word.text in {text, text[::-1]}]
    return found


def test_it_is_one_page_of_a4_with_its_name_and_its_language(tmp_path: Path) -> None:
    found = run("pdfinfo", str(on_disk(tmp_path, arabic())))
    told = dict(re.split(r":\s+", line, maxsplit=1) for line in found.splitlines() if ":" in line)
    assert told["Pages"] == "1"
    assert "A4" in told["Page size"]
    assert told["Title"] == "خطتي"
    assert "Author" not in told


def test_what_is_next_stands_first_and_below_it_what_belongs_to_it(tmp_path: Path) -> None:
    lines = [line.strip() for line in text_of(tmp_path, page()).splitlines() if line.strip()]
    assert lines == [
        "Mijn plan",
        "Dit is het plan van zaterdag 28 november 2026.",
        "Taak 1",
        "Dag: 1 december 2026",
        "Taak 2",
        "Dag: 2 december 2026",
        "Taak 3",
        "Dag: 3 december 2026",
        "Hulp nodig? Schrijf in de chat.",
    ]


@pytest.mark.parametrize("many", [7, 15, 16, 17, 18, 19, 40])
def test_it_says_how_many_are_left(tmp_path: Path, many: int) -> None:
    lines = tuple(Line(title=f"Taak{n}", below=("Dag: morgen",)) for n in range(many))
    found = text_of(tmp_path, page(lines=lines))
    shown = len(re.findall(r"Taak\d", found))
    left = [int(number) for number in re.findall(r"Meer taken in de chat: (\d+)", found)]
    assert shown > 5
    assert shown + sum(left) == many
    assert len(left) == (shown < many)
    assert found.rstrip().endswith("Hulp nodig? Schrijf in de chat.\f".rstrip())


def test_arabic_begins_at_the_right_and_its_dates_run_that_way(tmp_path: Path) -> None:
    words = words_of(tmp_path, arabic())
    heading = the(words, "خطتي")
    assert heading.right > POINTS_WIDE - 55
    day, month, year = the(words, "4"), the(words, "ديسمبر"), [one for one in words if one.text == "2026"][-1]
    assert day.left > month.left > year.left
    assert abs(day.top - year.top) < 10


def test_a_dutch_word_keeps_its_letters_and_its_place_in_arabic(tmp_path: Path) -> None:
    words = words_of(tmp_path, arabic())
    asked, term, town = the(words, "طلب"), the(words, "DigiD"), the(words, "البلدية")
    assert asked.left > term.right
    assert term.left > town.left


def test_a_line_that_breaks_goes_on_below_and_from_the_right(tmp_path: Path) -> None:
    term = f"{LRI}Zorgtoeslag aanvragen bij de Belastingdienst{PDI}"
    long = " ".join(["هذا نص طويل جدا يحتاج إلى أكثر من سطر واحد"] * 2 + [term, "نهاية"])
    words = words_of(tmp_path, arabic(lines=(Line(title=long),)))
    first, last = the(words, "Zorgtoeslag"), the(words, "نهاية")
    assert last.top > the(words, "خطتي").top
    assert "Belastingdienst" in {word.text for word in words}
    assert first.top <= last.top


def test_a_page_that_begins_every_line_with_another_script_has_a_font_for_each(tmp_path: Path) -> None:
    what = page(
        heading="መደበይ",
        intro=("ሓደ", "Een dag", "خطتي"),
        lines=(Line(title="ዕማም een", below=("Dag", "ክልተ", "Hulp")),),
        foot="خطتي hulp",
    )
    found = text_of(tmp_path, what)
    assert all(text in found for text in ("መደበይ", "ሓደ", "Een dag", "ክልተ", "Hulp", "hulp"))


@pytest.mark.parametrize("what", [page(), arabic(), page(heading="መደበይ", language="ti")])
def test_it_is_black_on_white_and_nothing_touches_the_edge(tmp_path: Path, what: Page) -> None:
    run("pdftoppm", "-r", "40", "-gray", "-singlefile", "-png", str(on_disk(tmp_path, what)), str(tmp_path / "plan"))
    with Image.open(tmp_path / "plan.png") as shown:
        ink = shown.convert("L").point(lambda value: 255 if value < 200 else 0).getbbox()
    assert ink is not None
    left, top, right, bottom = ink
    assert left >= 25
    assert top >= 25
    assert right <= shown.width - 25
    assert bottom <= shown.height - 25
