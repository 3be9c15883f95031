"""The console's words: every page has all of its own, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.words import KEPT
from bot.web.console.words import Words
from tests.console.conftest import shipped_words

CONSOLE = Path(__file__).parents[2] / "bot" / "web"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
# A name that stands whole in a template or in the code; names that are put together come from enums, or from `has`.
NAMED = re.compile(r"""(?:\bsay|\.words)\(\s*["']([a-z0-9_]+)["']\s*[,)]""")


def test_every_word_that_a_page_asks_for_by_name_is_there() -> None:
    files = [*(CONSOLE / "console").glob("*.py"), *(CONSOLE / "templates" / "console").glob("*.html")]
    asked = {name for file in files for name in NAMED.findall(file.read_text(encoding="utf-8"))}
    assert len(asked) > 200
    for language, words in shipped_words().items():
        assert sorted(asked - set(words)) == [], language


def test_the_page_of_what_is_kept_has_its_words_here_and_in_the_chat() -> None:
    page = (CONSOLE.parent / "content" / "kept.html").read_text(encoding="utf-8")
    asked = set(re.findall(r"""["'](kept_[a-z_]+)["']""", page))
    assert asked == set(KEPT)
    for language, words in shipped_words().items():
        assert sorted({f"privacy_{name}" for name in asked} - set(words)) == [], language


def test_a_page_without_words_still_stands() -> None:
    words = Words(language="en", all={"nl": {"a": "Dag {name}"}}, now=NOW)
    assert (words("a", name="Sam"), words("b", name="Sam")) == ("Dag Sam", "b")
