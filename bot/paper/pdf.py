"""A plan drawn on one A4 page, from right to left where its language runs that way. The same plan is the same bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos
from fpdf.prefs import ViewerPreferences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fpdf.line_break import Fragment

    from bot.paper.plan import Line, Page

FONTS = Path(__file__).parent / "fonts"
# The files by family, and which letters they are for: what one cannot draw, another one does.
FAMILIES = {"latin": "NotoSans", "arabic": "NotoNaskhArabic", "ethiopic": "NotoSansEthiopic"}
LETTERS = {"latin": "[!-~\u00a0-\u04ff]", "arabic": "[\u0600-\u06ff]", "ethiopic": "[\u1200-\u137f]"}
# Marks that order what stands around them (Unicode TR9); they have done their work before anything is drawn.
MARKS = frozenset("\u200e\u200f\u2066\u2067\u2068\u2069")
# Millimetres on the page; letters in points.
WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 18.0
BOX, BESIDE_BOX = 5.0, 9.0
GAP, BEFORE_FOOT = 3.5, 4.0
HEADING, TITLE, TEXT, SMALL = 22, 13, 11, 10
# Millimetres of line for each point: Naskh reaches further above and below the line.
LEADING = {"latin": 0.48, "arabic": 0.53}


def drawn(page: Page, made_at: datetime) -> bytes:
    """Return the page as a PDF that was made at this aware moment."""
    paper = _Paper(page, made_at)
    paper.say(page.heading, HEADING, bold=True)
    for text in page.intro:
        paper.say(text, SMALL)
    paper.ln(GAP)
    foot = paper.height_of(page.foot, TEXT) + BEFORE_FOOT
    room = HEIGHT - MARGIN - foot
    # The words for how many are left are as high for any number.
    reserve = paper.height_of(page.more(len(page.lines)), TEXT)
    for at, line in enumerate(page.lines):
        is_last = at == len(page.lines) - 1
        if paper.get_y() + paper.height_of_task(line) > room - (0 if is_last else reserve):
            paper.say(page.more(len(page.lines) - at), TEXT, bold=True)
            break
        paper.task(line)
    paper.set_y(room + BEFORE_FOOT / 2)
    paper.line(MARGIN, paper.get_y(), WIDTH - MARGIN, paper.get_y())
    paper.set_y(room + BEFORE_FOOT)
    paper.say(page.foot, TEXT)
    return bytes(paper.output())


class _Paper(FPDF):
    def __init__(self, page: Page, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._is_rtl = page.direction == "rtl"
        self.set_margins(MARGIN, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(auto=False)
        self._family = "arabic" if self._is_rtl else "latin"
        self._leading = LEADING[self._family]
        # Reading a file takes a tenth of a second, so only those that the words need.
        needed = [one for one in FAMILIES if one == self._family or re.search(LETTERS[one], page.text)]
        for family in needed:
            for style, weight in (("", "Regular"), ("B", "Bold")):
                self.add_font(family, style, FONTS / f"{FAMILIES[family]}-{weight}.ttf")
        self.set_fallback_fonts([family for family in needed if family != self._family])
        self.set_text_shaping(use_shaping_engine=True, direction=page.direction)
        self.set_lang(page.language)
        self.set_title(page.heading)
        self.set_creator("Wegwijs")
        self.set_creation_date(made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.add_page()

    def say(self, text: str, size: int, *, bold: bool = False) -> None:
        """Write a paragraph over the whole width, and go below it."""
        self._written(text, size, bold=bold, indent=0)

    def height_of(self, text: str, size: int, *, bold: bool = False, indent: float = 0) -> float:
        """Return how high a paragraph is, in millimetres; nothing is drawn."""
        self.set_font(self._family, "B" if bold else "", size)
        width = WIDTH - 2 * MARGIN - indent
        height = self.multi_cell(width, size * self._leading, text, dry_run=True, output=MethodReturnValue.HEIGHT)
        assert isinstance(height, float)
        return height

    def task(self, line: Line) -> None:
        """Draw a task, with a box to tick before it."""
        x = WIDTH - MARGIN - BOX if self._is_rtl else MARGIN
        self.rect(x, self.get_y() + (TITLE * self._leading - BOX) / 2, BOX, BOX)
        self._written(line.title, TITLE, bold=True, indent=BESIDE_BOX)
        for text in line.below:
            self._written(text, TEXT, bold=False, indent=BESIDE_BOX)
        self.ln(GAP)

    def height_of_task(self, line: Line) -> float:
        """Return how high a task is, with what stands below its title."""
        title = self.height_of(line.title, TITLE, bold=True, indent=BESIDE_BOX)
        return title + sum(self.height_of(text, TEXT, indent=BESIDE_BOX) for text in line.below) + GAP

    def _written(self, text: str, size: int, *, bold: bool, indent: float) -> None:
        self.set_font(self._family, "B" if bold else "", size)
        # A line that begins with another family's letters sets its font for itself only, and fpdf2 takes it for the
        # page's: so the page's is set anew each time.
        assert self.current_font is not None
        self._out(self._set_font_for_page(self.current_font, self.font_size_pt))
        self.set_x(MARGIN + (0 if self._is_rtl else indent))
        self.multi_cell(
            WIDTH - 2 * MARGIN - indent,
            size * self._leading,
            text,
            align=Align.R if self._is_rtl else Align.L,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def _preload_bidirectional_text(self, text: str, markdown: bool) -> Sequence[Fragment]:
        """Order the text, then leave out the marks: no font has them, and a reader would find blanks there."""
        fragments = super()._preload_bidirectional_text(text, markdown)
        for fragment in fragments:
            fragment.characters = [one for one in fragment.characters if one not in MARKS]
        return tuple(fragment for fragment in fragments if fragment.characters)
