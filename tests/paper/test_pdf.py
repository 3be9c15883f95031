"""The page as bytes: the same for the same plan, and every letter of our languages in the fonts that we ship."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from babel.dates import get_day_names, get_month_names
from fontTools.ttLib import TTFont

from bot.knowledge.folders import shipped
from bot.paper.pdf import FAMILIES, FONTS, MARKS, drawn
from bot.paper.plan import Line
from tests.paper.pages import NOW, arabic, page

LANGUAGES = ("nl", "ar", "ti", "en", "fa", "tr", "uk", "so", "fr")
ROOT = Path(__file__).resolve().parents[2]


def test_the_same_plan_is_the_same_bytes() -> None:
    assert drawn(arabic(), NOW) == drawn(arabic(), NOW)
    assert drawn(arabic(), NOW) != drawn(arabic(), NOW + timedelta(minutes=1))


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "from hashlib import sha256; from bot.paper.pdf import drawn; from tests.paper.pages import NOW, arabic; "
        "print(sha256(drawn(arabic(), NOW)).hexdigest())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "TZ": zone},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tehran"))
    }
    assert len(made) == 1
    assert len(made.pop().strip()) == 64


def test_it_says_its_language_and_its_name_and_nothing_else() -> None:
    found = drawn(arabic(), NOW)
    assert b"/Lang (ar)" in found
    assert b"/Title" in found
    assert b"/CreationDate (D:20261128090000" in found
    assert b"/Author" not in found


@pytest.mark.parametrize("many", [0, 1, 8, 100])
def test_it_is_one_page(many: int) -> None:
    lines = tuple(Line(title=f"Taak {n} " * 5, below=("Dag: morgen", "Hulp: uw coach " * 12)) for n in range(many))
    found = drawn(page(lines=lines), NOW)
    assert b"/Count 1" in found
    assert found.count(b"/Type /Page\n") == 1


def test_only_the_fonts_that_are_needed_go_along() -> None:
    assert b"Naskh" not in drawn(page(), NOW)
    assert b"Naskh" in drawn(arabic(), NOW)
    assert b"Ethiopic" in drawn(page(heading="መደበይ"), NOW)


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_the_words_is_in_the_fonts(language: str, weight: str) -> None:
    files = [FONTS / f"{name}-{weight}.ttf" for name in FAMILIES.values()]
    drawable = {chr(code) for path in files for code in TTFont(path).getBestCmap()}
    folder = shipped() / "content" / "locale" / language / "LC_MESSAGES"
    said = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.po")))
    said += "".join((*get_day_names(locale=language).values(), *get_month_names(locale=language).values()))
    assert len(said) > 1000
    assert set(said) - drawable - MARKS - {"\n"} == set()


def test_the_fonts_stay_small_and_their_licence_is_beside_them() -> None:
    files = [*FONTS.glob("*.ttf")]
    assert len(files) == 2 * len(FAMILIES)
    assert sum(path.stat().st_size for path in files) < 900_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
