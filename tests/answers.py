"""
Ten answers in each language, as a phone shows them: `make answers` writes docs/pictures/answers_<language>.webp.

Each is reached as a newcomer reaches it, on a clock that is held, so that a second run takes the same pictures.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

from tests.web.on_phone import QUIET, WINDOW, parts_for, phone, preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Page

    from tests.web.on_phone import Phone, Preview


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One picture: what it has to show, which intent's example is typed, and the buttons and words after that."""

    shows: str
    asks: str
    then: Sequence[str] = ()


WRITTEN = "="  # before what is typed; without it the button with this Dutch title is pressed
ANSWERS = (
    Answer(shows="a last day, Dutch terms", asks="insurance_health_start", then=("=16-11-2026",)),
    Answer(shows="an amount in euros", asks="benefits_huurtoeslag", then=("Hele woning", "=34")),
    Answer(shows="a telephone number, five buttons", asks="housing_utilities"),
    Answer(shows="numbers of weeks, a percentage", asks="benefits_bijstand_apply", then=("Ja", "=2-11-2026")),
    Answer(shows="a free number, terms of weeks", asks="debt_help"),
    Answer(shows="a link", asks="admin_digid"),
    Answer(shows="the fixed text in danger", asks="crisis_domestic_violence"),
    Answer(shows="the menu, and a subject's questions", asks="help_menu", then=("Toeslagen",)),
    Answer(shows="a caution: a person checks it", asks="inburgering_fine"),
    Answer(shows="the desk's receipt, with hours", asks="talk_to_human"),
)
INTENTS = frozenset(answer.asks for answer in ANSWERS)
TALLEST = 1300  # of one picture: what came before the newcomer's last words is left out when it does not fit
COLUMNS, GAP, CAPTION = 5, 24, 30
BACK, INK = "#e4dac8", "#1d2b2a"  # the preview's own, around its chat

# The window grows or shrinks until it holds the conversation from one of the newcomer's own lines on, and no more:
# what was scrolled away would cut a line in half.
FROM = """([tallest, skip]) => {
  const log = document.getElementById("log"), around = innerHeight - log.clientHeight;
  const mine = [...log.querySelectorAll(".line.mine")].slice(skip);
  const end = document.getElementById("end").getBoundingClientRect().bottom;
  const needs = (line) => Math.ceil(end - line.getBoundingClientRect().top + around + 13);
  const first = mine.find((line) => needs(line) <= tallest) || mine[mine.length - 1];
  first.id = "first";
  return needs(first);
}"""
BEFORE_THE_QUESTION = 3  # of one's own lines: the language, hello, and the yes below the notice


def walked(newcomer: Phone, answer: Answer) -> None:
    """Do what leads to this answer."""
    newcomer.ask(answer.asks)
    for step in answer.then:
        if step.startswith(WRITTEN):
            newcomer.write(step.removeprefix(WRITTEN))
        else:
            newcomer.press(step)


def picture(page: Page) -> Image.Image:
    """Return the window from the newcomer's question on."""
    height = page.evaluate(FROM, [TALLEST, BEFORE_THE_QUESTION])
    page.set_viewport_size({"width": WINDOW["width"], "height": height})
    page.evaluate("""() => { const log = document.getElementById("log");
      log.scrollTop += document.getElementById("first").getBoundingClientRect().top
        - log.getBoundingClientRect().top - 6; document.activeElement.blur(); }""")
    page.mouse.move(0, 0)  # a phone has no pointer that hovers over a button
    page.wait_for_timeout(300)  # until it is drawn at its new height
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def sheet(pictures: Sequence[Image.Image], captions: Sequence[str]) -> Image.Image:
    """Lay the pictures out in rows, each below its caption."""
    scale = pictures[0].width // WINDOW["width"]
    gap, caption, wide = GAP * scale, CAPTION * scale, pictures[0].width
    rows = [range(at, min(at + COLUMNS, len(pictures))) for at in range(0, len(pictures), COLUMNS)]
    heights = [max(pictures[at].height for at in row) + caption + gap for row in rows]
    whole = Image.new("RGB", (COLUMNS * (wide + gap) + gap, sum(heights) + gap), BACK)
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(15 * scale)
    for nth, row in enumerate(rows):
        top = sum(heights[:nth]) + gap
        for at in row:
            left = gap + (at % COLUMNS) * (wide + gap)
            draw.text((left, top), f"{at + 1}. {captions[at]}", fill=INK, font=font)
            whole.paste(pictures[at], (left, top + caption))
    return whole


def taken(browser: Browser, served: Preview, language: str, scale: float) -> Image.Image:
    """Return the sheet of one language."""
    pictures = []
    for answer in ANSWERS:
        window: dict[str, Any] = {"device_scale_factor": scale}
        with phone(browser, served, language, **window) as newcomer:
            walked(newcomer, answer)
            pictures.append(picture(newcomer.page))
    return sheet(pictures, [answer.shows for answer in ANSWERS])


def main() -> None:
    """Take the pictures of every language, or of those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="*", help="of these only (default: all)")
    parser.add_argument("--folder", default="docs/pictures", type=Path)
    parser.add_argument("--scale", default=1, type=int, help="dots per pixel (default: 1)")
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.exit(1, "install chromium (and fonts-noto-core, for Arabic and Ge'ez) first\n")
    parts = parts_for(INTENTS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET.split())
        for language in options.languages or parts.knowledge.content.languages.all:
            file = folder / f"answers_{language}.webp"
            with preview(parts) as served:  # a database for each, so that every desk begins to count at one
                made = taken(browser, served, language, options.scale)
            made.save(file, "WEBP", quality=82, method=6)
            print(file, f"{file.stat().st_size // 1000} kB", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
