"""Arabic and Farsi as the eye meets them: Dutch words, telephone numbers, dates and amounts, measured in Chromium."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.web.on_phone import QUIET, parts_for, phone, preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.web.on_phone import Preview

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
WITH_A_NUMBER, WITH_AN_AMOUNT = "housing_utilities", "benefits_huurtoeslag"

# Where each of these pieces stands in the first answer that has them all, one after the other (or right after it).
BOXES = """([pieces, close]) => {
  for (const text of document.querySelectorAll(".line.ours .text")) {
    const signs = [], walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) for (let at = 0; at < node.length; at++) signs.push([node, at]);
    const whole = signs.map(([node, at]) => node.data[at]).join("");
    let from = close ? whole.indexOf(pieces.join("")) : 0, found = [];
    if (from < 0) continue;
    for (const piece of pieces) {
      const at = whole.indexOf(piece, from);
      if (at < 0) { found = null; break; }
      const range = document.createRange();
      range.setStart(...signs[at]);
      const [node, last] = signs[at + piece.length - 1];
      range.setEnd(node, last + 1);
      found.push([...range.getClientRects()].filter((box) => box.width).map(({left, right, top, bottom}) =>
        ({left, right, top, bottom})));
      from = at + piece.length;
    }
    if (found) return found;
  }
  return null;
}"""


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where a piece of text stands, in pixels of the window."""

    left: float
    right: float
    top: float
    bottom: float


def boxes(page: Page, *pieces: str, close: bool = False) -> list[Box]:
    found = page.evaluate(BOXES, [list(pieces), close])
    assert found is not None, pieces
    assert all(len(each) == 1 for each in found), "a piece is broken over two lines"
    return [Box(**each[0]) for each in found]


def below(one: Box, other: Box) -> bool:
    return (one.top + one.bottom) / 2 > other.bottom


def goes_on_to_the_left(page: Page, *pieces: str) -> None:
    """Each piece stands left of the one that is read before it, or begins a line below."""
    for piece, (before, after) in zip(pieces[1:], pairwise(boxes(page, *pieces)), strict=True):
        assert below(after, before) or after.right <= before.left + 1, f"{piece!r} stands in the wrong place"


def goes_on_to_the_right(page: Page, word: str) -> None:
    """The signs of what is not Arabic keep their own order."""
    at = [box.left for box in boxes(page, *word, close=True)]
    assert at == sorted(at), f"{word!r} is read backwards"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Preview]:
    with preview(parts_for(frozenset({WITH_A_NUMBER, WITH_AN_AMOUNT}))) as ready:
        yield ready


@pytest.mark.parametrize(
    ("language", "before_the_word", "after_the_word", "before_the_number", "after_the_number", "date"),
    [
        ("ar", "عن", "قراءة", "اتصلوا", ".", ("الأحد", "22", "نوفمبر", "2026", ".")),
        ("fa", "روز", "عدد", "به", "زنگ", ("یکشنبه", "22", "نوامبر", "2026", ".")),
    ],
)
def test_a_word_a_number_and_a_date_stand_where_they_are_read(  # noqa: PLR0913, PLR0917  # a table by its columns
    served: Preview,
    browser: Browser,
    language: str,
    before_the_word: str,
    after_the_word: str,
    before_the_number: str,
    after_the_number: str,
    date: tuple[str, ...],
) -> None:
    with phone(browser, served, language) as newcomer:
        newcomer.ask(WITH_A_NUMBER)
        page = newcomer.page

        goes_on_to_the_left(page, before_the_word, "meterstand", after_the_word)
        goes_on_to_the_left(page, before_the_number, "0800-9009", after_the_number)
        goes_on_to_the_left(page, *date)
        goes_on_to_the_left(page, "VluchtelingenWerk", "Rijksoverheid", ".")
        for word in ("meterstand", "0800-9009", "22", "2026"):
            goes_on_to_the_right(page, word)


@pytest.mark.parametrize(("language", "before", "after"), [("ar", "فوق", "لا"), ("fa", "بالاتر", "حساب")])
def test_an_amount_has_its_euro_sign_on_the_left(
    served: Preview, browser: Browser, language: str, before: str, after: str
) -> None:
    with phone(browser, served, language) as newcomer:
        newcomer.ask(WITH_AN_AMOUNT)
        newcomer.press("Hele woning")
        newcomer.write("34")
        page = newcomer.page
        (number,), (euro,) = boxes(page, "932.93"), boxes(page, "€")

        assert euro.right <= number.left
        goes_on_to_the_left(page, before, "932.93", after)
        goes_on_to_the_right(page, "932.93")
