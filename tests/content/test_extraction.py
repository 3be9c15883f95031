"""From Dutch to catalogues and back: nothing a translator did is lost, and extracting twice changes nothing."""

from __future__ import annotations

import gettext
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.catalogues import load_catalogues
from bot.content.extraction import Phrase, as_po, is_unreviewed, phrases, read_catalogue, updated
from bot.content.model import ButtonText, Content, Variant
from tests.content.small import NAMES, Entry, content, po, said, term, write

if TYPE_CHECKING:
    from babel.messages.catalog import Message

PYBABEL = Path(sys.executable).with_name("pybabel")
ONE = Phrase(topic="example", context="utter_example", text="Het is 4 maanden.\nDat is kort.", note="'Kort' = brief.")
TWO = Phrase(topic="example", context="utter_example/passed", text="Het was voorbij op {deadline_x}.")
COUNTED = Phrase(topic="example", context="utter_counted", text="{n} kind", plural="{n} kinderen")


class Desk:
    """A translator's desk: one catalogue, extracted into again and again."""

    def __init__(self, path: Path, language: str = "ar") -> None:
        self.path, self.language = path, language

    def extract(self, *wanted: Phrase) -> None:
        old = read_catalogue(self.path, self.language) if self.path.exists() else None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(as_po(updated(old, wanted, self.language)))

    def translate(self, *entries: Entry) -> None:
        """Fill in the file as a translator's program writes it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(po(entries, self.language), encoding="utf-8")

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def entry(self, context: str) -> Message:
        return next(m for m in read_catalogue(self.path, self.language) if m.id and m.context == context)

    def spoken(self, phrase: Phrase) -> str | None:
        return load_catalogues([self.path.parents[2]], None).find(self.language, phrase.context, phrase.text)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "locale" / "ar" / "LC_MESSAGES" / "example.po")


def done(phrase: Phrase, translation: str | tuple[str, ...], *, comment: str = "") -> Entry:
    return Entry(
        context=phrase.context, text=phrase.text, plural=phrase.plural, translation=translation, comment=comment
    )


# ---- what must be translated


def made(*titles: str) -> Content:
    variants = [
        Variant(
            context=f"utter_example/{at}",
            text=f"Tekst {at}.",
            buttons=tuple(ButtonText(title=title, payload="/skip") for title in titles),
        )
        for at in range(2)
    ]
    return content(said(*variants), flow_names={"a": "Een lek", "b": "Een lek"}, terms={"BSN": term("BSN", "Nummer.")})


def test_every_sentence_is_found_once_with_its_catalogue() -> None:
    found = [(phrase.topic, phrase.context, phrase.text) for phrase in phrases(made("Ja", "Nee"))]

    assert found == [
        ("example", "utter_example/0", "Tekst 0."),
        ("button", "button", "Ja"),
        ("button", "button", "Nee"),
        ("example", "utter_example/1", "Tekst 1."),
        ("flow", "flow", "Een lek"),
        ("glossary", "glossary", "Nummer."),
    ]


def test_translators_get_the_authors_note_and_the_word_that_is_explained() -> None:
    notes = {phrase.text: phrase.note for phrase in phrases(made(), {"utter_example/1": "Informal."})}

    assert notes == {"Tekst 0.": "", "Tekst 1.": "Informal.", "Een lek": "", "Nummer.": "BSN"}


def test_a_plural_is_one_entry() -> None:
    counted = Variant(context="utter_counted", text="{n} kind", text_plural="{n} kinderen", plural_of="n")
    (phrase,) = phrases(content(said(counted, topic="family")))

    assert (phrase.text, phrase.plural) == ("{n} kind", "{n} kinderen")


# ---- the first time


@pytest.mark.parametrize("language", list(NAMES))
def test_a_new_catalogue_waits_to_be_filled_in(language: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "new.po", language)
    desk.extract(ONE, TWO, COUNTED)

    assert [m.context for m in read_catalogue(desk.path, language) if m.id] == [
        ONE.context, TWO.context, COUNTED.context,
    ]  # fmt: skip
    assert not any(desk.entry(phrase.context).fuzzy for phrase in (ONE, TWO, COUNTED))
    assert desk.entry(ONE.context).auto_comments == [ONE.note]
    assert "#. 'Kort' = brief." in desk.text
    assert f"Language: {language}" in desk.text


def test_a_plural_has_a_line_for_each_form(desk: Desk) -> None:
    desk.extract(COUNTED)

    assert [f'msgstr[{form}] ""' in desk.text for form in range(7)] == [True] * 6 + [False]


# ---- again and again


def test_extracting_twice_changes_nothing(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر", comment="unreviewed"), done(COUNTED, tuple("abcdef")))
    desk.extract(ONE, TWO, COUNTED)
    first = desk.text
    desk.extract(ONE, TWO, COUNTED)

    assert desk.text == first


def test_what_was_translated_stays(desk: Desk) -> None:
    comment = (
        "unreviewed, and: the 'four' stands in the law, so keep it as a digit even where a word would be nicer to read"
    )
    desk.translate(done(ONE, "أربعة أشهر", comment=comment), done(COUNTED, tuple("abcdef")))
    desk.extract(ONE, TWO, COUNTED)

    assert desk.spoken(ONE) == "أربعة أشهر"
    assert desk.entry(COUNTED.context).string == tuple("abcdef")
    assert is_unreviewed(desk.entry(ONE.context))
    assert " ".join(desk.entry(ONE.context).user_comments) == comment
    first = desk.text
    desk.extract(ONE, TWO, COUNTED)
    assert desk.text == first


def test_sentences_that_are_gone_go(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر"), done(TWO, "انتهى"))
    desk.extract(TWO)

    assert "4 maanden" not in desk.text
    assert desk.spoken(TWO) == "انتهى"


def test_the_order_is_that_of_the_dutch(desk: Desk) -> None:
    desk.translate(done(TWO, "b"), done(ONE, "a"))
    desk.extract(ONE, TWO)

    assert desk.text.index(f'"{ONE.context}"') < desk.text.index(f'"{TWO.context}"')


# ---- the Dutch changes


CHANGED = replace(ONE, text="Het is 6 maanden.\nDat is kort.")
CHANGED_AGAIN = replace(
    ONE, text='Het zijn "6" maanden\\weken.\nDat is kort en dat blijft zo, heel erg lang: ' + "zo " * 30 + "."
)


def test_the_old_translation_waits_beside_the_old_dutch_and_is_not_spoken(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر", comment="unreviewed"))
    desk.extract(CHANGED)
    entry = desk.entry(CHANGED.context)

    assert entry.id == CHANGED.text
    assert entry.string == "أربعة أشهر"
    assert entry.fuzzy
    assert entry.previous_id == [ONE.text]
    assert is_unreviewed(entry)
    assert '#| msgid "Het is 4 maanden.\\nDat is kort."\n' in desk.text
    assert desk.spoken(CHANGED) is None


def test_it_waits_through_every_later_extraction(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر"))
    desk.extract(CHANGED)
    first = desk.text
    desk.extract(CHANGED)

    assert desk.text == first


def test_the_old_dutch_is_the_one_that_was_translated(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر"))
    desk.extract(CHANGED)
    desk.extract(CHANGED_AGAIN)

    assert desk.entry(ONE.context).string == "أربعة أشهر"
    assert desk.entry(ONE.context).previous_id == [ONE.text]


def test_dutch_that_becomes_what_it_was_is_spoken_again(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر"))
    desk.extract(CHANGED)
    desk.extract(ONE)

    assert desk.spoken(ONE) == "أربعة أشهر"
    assert "#|" not in desk.text


def test_what_the_translator_mended_is_spoken_and_the_old_dutch_goes(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر"))
    desk.extract(CHANGED)
    desk.path.write_text(desk.text.replace("#, fuzzy\n", ""), encoding="utf-8")
    desk.extract(CHANGED)

    assert desk.spoken(CHANGED) == "أربعة أشهر"
    assert "#|" not in desk.text


def test_an_empty_translation_has_nothing_to_keep(desk: Desk) -> None:
    desk.extract(ONE)
    desk.extract(CHANGED)

    assert not desk.entry(ONE.context).fuzzy
    assert "#|" not in desk.text


def test_a_changed_plural_keeps_its_forms(desk: Desk) -> None:
    desk.translate(done(COUNTED, tuple("abcdef")))
    desk.extract(replace(COUNTED, plural="{n} kindertjes"))
    entry = desk.entry(COUNTED.context)

    assert (entry.string, entry.fuzzy) == (tuple("abcdef"), True)
    assert entry.previous_id == ["{n} kind", "{n} kinderen"]


def test_a_sentence_that_got_a_plural_keeps_its_words(desk: Desk) -> None:
    desk.translate(done(replace(COUNTED, plural=None), "ولد"))
    desk.extract(COUNTED)

    assert desk.entry(COUNTED.context).string == ("ولد",) * 6
    assert desk.entry(COUNTED.context).fuzzy


def test_a_sentence_that_lost_its_plural_keeps_its_words(desk: Desk) -> None:
    desk.translate(done(COUNTED, tuple("abcdef")))
    desk.extract(replace(COUNTED, plural=None))

    assert desk.entry(COUNTED.context).string == "f"
    assert desk.entry(COUNTED.context).fuzzy


def test_a_changed_title_takes_no_other_titles_translation(desk: Desk) -> None:
    """Titles share a context: one that is new is not the old one changed."""
    yes, no = (Phrase(topic="button", context="button", text=text) for text in ("Ja", "Nee"))
    desk.translate(done(yes, "نعم"))
    desk.extract(no)

    assert desk.entry("button").string == ""


def test_another_plural_rule_of_the_translators_program_is_kept(desk: Desk) -> None:
    """Weblate counts the fifth and sixth Arabic form the other way round: forms and rule belong together."""
    desk.translate(done(COUNTED, tuple("abcdef")))
    theirs = "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5)"
    lines = [f'"Plural-Forms: {theirs};\\n"' if line.startswith('"Plural') else line for line in desk.text.splitlines()]
    desk.path.write_text("\n".join(lines), encoding="utf-8")
    desk.extract(COUNTED, TWO)

    read = load_catalogues([desk.path.parents[2]], None)
    assert read.find_plural("ar", COUNTED.context, COUNTED.text, str(COUNTED.plural), 11) == "e"
    assert read.find_plural("ar", COUNTED.context, COUNTED.text, str(COUNTED.plural), 100) == "f"


# ---- other programs read it


def test_babels_own_compiler_reads_every_language(tmp_path: Path) -> None:
    for language in NAMES:
        path = write(tmp_path, language, [done(ONE, f"{language}: 4"), done(TWO, f"{language}: {{deadline_x}}")])
        Desk(path, language).extract(CHANGED, TWO, COUNTED)
    run = subprocess.run(
        [PYBABEL, "compile", "--directory", tmp_path, "--domain", "example"], capture_output=True, text=True, check=True
    )

    assert "error" not in run.stderr.lower()
    for language in NAMES:
        with (tmp_path / language / "LC_MESSAGES" / "example.mo").open("rb") as file:
            compiled = gettext.GNUTranslations(file)
        assert compiled.pgettext(TWO.context, TWO.text) == f"{language}: {{deadline_x}}"
        assert compiled.pgettext(CHANGED.context, CHANGED.text) == CHANGED.text


def test_every_line_is_one_that_gettext_knows(desk: Desk) -> None:
    """The old Dutch is long, and has quotes and several lines: the string still begins and ends on its line."""
    desk.translate(done(CHANGED_AGAIN, "قديم"))
    desk.extract(ONE)
    old = [line for line in desk.text.splitlines() if line.startswith("#|")]

    assert len(old) == 1
    assert old[0].startswith('#| msgid "')
    assert old[0].endswith('."')


def test_old_dutch_that_poedit_wrote_over_several_lines_is_read(desk: Desk) -> None:
    desk.translate(done(ONE, "أربعة أشهر"))
    desk.extract(CHANGED)
    written = '#| msgid "Het is 4 maanden.\\nDat is kort."\n'
    by_poedit = '#| msgid ""\n#| "Het is 4 maanden.\\n"\n#| "Dat is "\n#| "kort."\n'
    assert written in desk.text
    desk.path.write_text(desk.text.replace(written, by_poedit), encoding="utf-8")

    assert desk.entry(ONE.context).previous_id == [ONE.text]
    desk.extract(CHANGED)
    assert written in desk.text


WORDS = st.text(alphabet='abc"\\\n\t %{}éш؟#|', min_size=1, max_size=60).filter(str.strip)


@settings(deadline=None)  # each step writes a file
@given(dutch=st.lists(WORDS, min_size=2, max_size=4, unique=True), translation=WORDS)
def test_whatever_the_words_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, dutch: list[str], translation: str
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk") / "example.po", "uk")
    desk.translate(done(replace(ONE, text=dutch[0]), translation))
    for text in dutch[1:]:
        for _ in range(2):
            desk.extract(replace(ONE, text=text))
            entry = desk.entry(ONE.context)
            assert (entry.id, entry.string, entry.previous_id) == (text, translation, [dutch[0]])
