from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.slot_values import (
    AnswerWords,
    ChoiceOption,
    after_correction,
    is_skip,
    plain_digits,
    read_choice,
    read_count,
    read_date,
    read_phrase,
    read_yes_no,
)
from tests.nlu.conftest import DATA, items, lines_of

if TYPE_CHECKING:
    from bot.nlu.slot_values import Prefer

TODAY = date(2026, 11, 22)  # a Sunday
LANGUAGES = ("nl", "en", "ar", "ti", "fa", "tr", "uk", "so", "fr")
ANYTHING = st.text(st.characters(codec=None), max_size=60)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Ja!", True),
        ("ja hoor, dat klopt", True),
        ("NEE", False),
        ("nee nog niet", False),
        ("yes please", True),
        ("no I don't have that", False),
        ("نعم", True),
        ("إي نعم عندي", True),
        ("لا، ما عندي", False),
        ("na3am", True),
        ("la", False),
        ("እወ", True),
        ("ኣይኮነን", False),
        ("ewe", True),
        ("aykonen", False),
        ("بلی", True),
        ("نخیر", False),
        ("Evet", True),
        ("HAYIR", False),
        ("так", True),
        ("Ні!", False),
        ("haa", True),
        ("maya", False),
        ("oui, bien sûr", True),
        ("non merci", False),
        ("👍", True),
        ("👎🏽", False),
        ("geen probleem", True),
        ("ja nee", None),
        ("weet ik niet", None),
        ("nee, ik weet het niet", None),
        ("لا أعرف", None),
        ("misschien", None),
        ("ik heb een brief", None),
        ("👍👎", None),
        ("", None),
        ("nee maar toen kwam er een brief van de gemeente en daarin stond iets anders", None),
    ],
)
def test_yes_or_no(words: AnswerWords, text: str, answer: bool | None) -> None:
    assert read_yes_no(text, words) is answer


def test_the_conversations_own_language_decides(words: AnswerWords) -> None:
    assert read_yes_no("may I ask something", words, language="en") is None
    assert read_yes_no("may, ma haysto", words, language="so") is False


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("٢", 2),
        ("۲", 2),
        ("፪", 2),
        ("፲፪", 12),
        ("፳፭", 25),
        ("፻", 100),
        ("፪፻፵፭", 245),
        ("፲፪፻", 1200),
        ("፼", 10_000),
        ("፪፼፫፻", 20_300),
        ("２", 2),
        ("2️⃣", 2),
        ("ik heb 3 kinderen", 3),
        ("2kinderen", 2),
        ("عندي ٤ أولاد", 4),
        ("4 ቆልዑ ኣለዉኒ", 4),
        ("twee", 2),
        ("één", 1),
        ("ELF", 11),
        ("ثلاثة", 3),
        ("أحد عشر", 11),
        ("arba3a", 4),
        ("3andi 2 awlad", 2),
        ("ሰለስተ", 3),
        ("ዓሰርተ ክልተ", 12),
        ("کفتم پنج تا", 5),
        ("on iki", 12),
        ("п'ять", 5),
        ("пять", 5),
        ("kow iyo toban", 11),
        ("dix-sept", 17),
        ("geen", 0),
        ("ma jiro", 0),
        ("€ 650", 650),
        ("1.250", 1250),
        ("1,250", 1250),
        ("1.250,50", Decimal("1250.50")),
        ("2,5", Decimal("2.5")),
        ("٢٫٥", Decimal("2.5")),
        ("2.0", 2),
        ("2 of 3", None),
        ("een dochter en een zoon", None),
        ("12-10-2025", None),
        ("veel", None),
        ("", None),
    ],
)
def test_a_count(words: AnswerWords, text: str, number: Decimal | int | None) -> None:
    assert read_count(text, words) == number


def test_on_is_ten_in_turkish_only(words: AnswerWords) -> None:
    assert read_count("I live on my own", words, language="en") is None
    assert read_count("on", words, language="tr") == 10


@pytest.mark.parametrize(
    ("text", "language", "prefer", "day"),
    [
        ("01-10-2025", "nl", "past", date(2025, 10, 1)),
        ("1/10/25", "nl", "past", date(2025, 10, 1)),
        ("1.10.2025", "uk", "past", date(2025, 10, 1)),
        ("2025-10-01", "en", "past", date(2025, 10, 1)),
        ("٠١/١٠/٢٠٢٥", "ar", "past", date(2025, 10, 1)),
        ("۱-۱۰-۲۰۲۵", "fa", "past", date(2025, 10, 1)),
        ("፭/፲/2025", "ti", "past", date(2025, 10, 5)),
        ("1 10 2025", "nl", "past", date(2025, 10, 1)),
        ("12-5-85", "nl", "past", date(1985, 5, 12)),
        ("1-10", "nl", "past", date(2026, 10, 1)),
        ("1-10", "nl", "future", date(2027, 10, 1)),
        ("22/11", "nl", "past", TODAY),
        ("22/11", "nl", "future", TODAY),
        ("1 oktober", "nl", "past", date(2026, 10, 1)),
        ("op 1 okt. 2025", "nl", "past", date(2025, 10, 1)),
        ("October 5th, 2025", "en", "past", date(2025, 10, 5)),
        ("the 5th of may", "en", "past", date(2026, 5, 5)),
        ("٥ أكتوبر", "ar", "past", date(2026, 10, 5)),
        ("5 تشرين الأول 2025", "ar", "past", date(2025, 10, 5)),
        ("3 شباط", "ar", "past", date(2026, 2, 3)),
        ("12 أوت", "ar", "past", date(2026, 8, 12)),
        ("5 ጥቅምቲ 2025", "ti", "past", date(2025, 10, 5)),
        ("ብ5 ጥቅምቲ", "ti", "past", date(2026, 10, 5)),
        ("۵ اکتبر", "fa", "past", date(2026, 10, 5)),
        ("5 جنوری", "fa", "past", date(2026, 1, 5)),
        ("5 Ekim'de", "tr", "past", date(2026, 10, 5)),
        ("10 Ağustos", "tr", "past", date(2026, 8, 10)),
        ("5-го жовтня", "uk", "past", date(2026, 10, 5)),
        ("5 октября", "uk", "past", date(2026, 10, 5)),
        ("5 Oktoobar 2025", "so", "past", date(2025, 10, 5)),
        ("le 1er octobre 2025", "fr", "past", date(2025, 10, 1)),
        ("5 d'octobre", "fr", "past", date(2026, 10, 5)),
        ("1 oktober", "ar", "past", date(2026, 10, 1)),
        ("vandaag", "nl", "past", TODAY),
        ("gisteren", "nl", "past", date(2026, 11, 21)),
        ("eergisteren", "nl", "past", date(2026, 11, 20)),
        ("overmorgen", "nl", "future", date(2026, 11, 24)),
        ("the day before yesterday", "en", "past", date(2026, 11, 20)),
        ("tomorrow", "en", "future", date(2026, 11, 23)),
        ("أمس", "ar", "past", date(2026, 11, 21)),
        ("مبارح", "ar", "past", date(2026, 11, 21)),
        ("بكرا", "ar", "future", date(2026, 11, 23)),
        ("بعد بكرا", "ar", "future", date(2026, 11, 24)),
        ("ትማሊ", "ti", "past", date(2026, 11, 21)),
        ("ሎሚ", "ti", "past", TODAY),
        ("ጽባሕ", "ti", "future", date(2026, 11, 23)),
        ("دیروز", "fa", "past", date(2026, 11, 21)),
        ("فردا", "fa", "future", date(2026, 11, 23)),
        ("dün", "tr", "past", date(2026, 11, 21)),
        ("yarın", "tr", "future", date(2026, 11, 23)),
        ("вчора", "uk", "past", date(2026, 11, 21)),
        ("завтра", "uk", "future", date(2026, 11, 23)),
        ("shalay", "so", "past", date(2026, 11, 21)),
        ("berri", "so", "future", date(2026, 11, 23)),
        ("aujourd'hui", "fr", "past", TODAY),
        ("après-demain", "fr", "future", date(2026, 11, 24)),
        ("3 dagen geleden", "nl", "past", date(2026, 11, 19)),
        ("twee weken geleden", "nl", "past", date(2026, 11, 8)),
        ("een maand geleden", "nl", "past", date(2026, 10, 22)),
        ("over 2 weken", "nl", "future", date(2026, 12, 6)),
        ("3 days ago", "en", "past", date(2026, 11, 19)),
        ("in a week", "en", "future", date(2026, 11, 29)),
        ("قبل ٣ أيام", "ar", "past", date(2026, 11, 19)),
        ("قبل يومين", "ar", "past", date(2026, 11, 20)),
        ("بعد أسبوعين", "ar", "future", date(2026, 12, 6)),
        ("ቅድሚ 3 መዓልቲ", "ti", "past", date(2026, 11, 19)),
        ("ድሕሪ ክልተ ሰሙን", "ti", "future", date(2026, 12, 6)),
        ("3 روز پیش", "fa", "past", date(2026, 11, 19)),
        ("دو هفته بعد", "fa", "future", date(2026, 12, 6)),
        ("3 gün önce", "tr", "past", date(2026, 11, 19)),
        ("iki hafta sonra", "tr", "future", date(2026, 12, 6)),
        ("3 дні тому", "uk", "past", date(2026, 11, 19)),
        ("через два тижні", "uk", "future", date(2026, 12, 6)),
        ("3 maalmood ka hor", "so", "past", date(2026, 11, 19)),
        ("laba toddobaad kadib", "so", "future", date(2026, 12, 6)),
        ("il y a 3 jours", "fr", "past", date(2026, 11, 19)),
        ("dans deux semaines", "fr", "future", date(2026, 12, 6)),
        ("vorige week", "nl", "past", date(2026, 11, 15)),
        ("volgende maand", "nl", "future", date(2026, 12, 22)),
        ("last year", "en", "past", date(2025, 11, 22)),
        ("الأسبوع الماضي", "ar", "past", date(2026, 11, 15)),
        ("ዝሓለፈ ሰሙን", "ti", "past", date(2026, 11, 15)),
        ("هفته گذشته", "fa", "past", date(2026, 11, 15)),
        ("geçen hafta", "tr", "past", date(2026, 11, 15)),
        ("минулого тижня", "uk", "past", date(2026, 11, 15)),
        ("la semaine dernière", "fr", "past", date(2026, 11, 15)),
        ("maandag", "nl", "past", date(2026, 11, 16)),
        ("maandag", "nl", "future", date(2026, 11, 23)),
        ("zondag", "nl", "past", TODAY),
        ("ma", "nl", "future", date(2026, 11, 23)),
        ("afgelopen zondag", "nl", "past", date(2026, 11, 15)),
        ("next sunday", "en", "future", date(2026, 11, 29)),
        ("يوم الاثنين", "ar", "past", date(2026, 11, 16)),
        ("الخميس الماضي", "ar", "past", date(2026, 11, 19)),
        ("ሰኑይ", "ti", "past", date(2026, 11, 16)),
        ("دوشنبه", "fa", "past", date(2026, 11, 16)),
        ("سه شنبه", "fa", "past", date(2026, 11, 17)),
        ("Pazartesi günü", "tr", "past", date(2026, 11, 16)),
        ("у понеділок", "uk", "past", date(2026, 11, 16)),
        ("п'ятницю", "uk", "past", date(2026, 11, 20)),
        ("Isniin", "so", "past", date(2026, 11, 16)),
        ("lundi dernier", "fr", "past", date(2026, 11, 16)),
        ("29 februari", "nl", "past", date(2024, 2, 29)),
        ("29 februari", "nl", "future", date(2028, 2, 29)),
        ("29-2-2025", "nl", "past", None),
        ("31 februari", "nl", "past", None),
        ("32/1", "nl", "past", None),
        ("10/25/2025", "en", "past", None),
        ("31-12-9999", "nl", "past", None),
        ("1-1-1403", "fa", "past", None),
        ("999999999 dagen geleden", "nl", "past", None),
        ("9999 jaar geleden", "nl", "past", None),
        ("van 1 oktober tot 3 november", "nl", "past", None),
        ("oktober", "nl", "past", None),
        ("3 dagen", "nl", "past", None),
        ("2 3", "nl", "past", None),
        ("5", "nl", "past", None),
        ("weet ik niet", "nl", "past", None),
        ("", "nl", "past", None),
    ],
)
def test_a_day(words: AnswerWords, text: str, language: str, prefer: Prefer, day: date | None) -> None:
    assert read_date(text, language, TODAY, prefer=prefer, words=words) == day


HOMES = (
    ChoiceOption(value="whole_home", titles=("Een hele woning", "منزل كامل", "A whole home"), synonyms=("huis",)),
    ChoiceOption(value="room", titles=("Een kamer", "غرفة", "A room"), synonyms=("kamer",)),
    ChoiceOption(value="other", titles=("Iets anders", "شيء آخر", "Something else")),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", "room"),
        ("٢", "room"),
        ("፪", "room"),
        ("2.", "room"),
        ("optie 2", "room"),
        ("twee", "room"),
        ("Een kamer", "room"),
        ("EEN KAMER!", "room"),
        ("غرفة", "room"),
        ("الغرفة", "room"),
        ("huis", "whole_home"),
        ("ik woon in een kamer", "room"),
        ("something else please", "other"),
        ("whole_home", "whole_home"),
        ("4", None),
        ("0", None),
        ("een kamer of een huis", None),
        ("kamerplant", None),
        ("", None),
    ],
)
def test_a_choice(words: AnswerWords, text: str, value: str | None) -> None:
    assert read_choice(text, HOMES, words=words) == value


def test_a_number_in_a_title_beats_its_place() -> None:
    children = tuple(ChoiceOption(value=f"n{n}", titles=(f"{n} kinderen",)) for n in (0, 1, 2))
    assert read_choice("1", children) == "n1"


def test_a_longer_name_is_not_its_part() -> None:
    towns = (ChoiceOption(value="dam", titles=("Dam",)), ChoiceOption(value="new_dam", titles=("Nieuwe Dam",)))
    assert read_choice("ik woon in nieuwe dam", towns) == "new_dam"


@pytest.mark.parametrize(
    "text",
    [
        "weet ik niet",
        "Ik weet het niet zeker, sorry",
        "I don't know",
        "i dont know",
        "لا أعرف",
        "ma ba3ref",
        "ኣይፈልጥን",
        "ayfeltn",
        "نمی‌دانم",
        "bilmiyorum",
        "не знаю",
        "ma aqaan",
        "je ne sais pas",
        "overslaan",
    ],
)
def test_i_do_not_know(words: AnswerWords, text: str) -> None:
    assert is_skip(text, words)
    assert read_yes_no(text, words) is None


@pytest.mark.parametrize("text", ["ja", "nee", "2", "", "ik weet het adres van de gemeente"])
def test_an_answer_is_no_skip(words: AnswerWords, text: str) -> None:
    assert not is_skip(text, words)


@pytest.mark.parametrize(
    "text", ["STOP", "stop!", "stoppen", "توقف", "ደው በል", "توقف!", "dur", "стоп", "jooji", "arrêtez"]
)
def test_stop_is_understood_in_every_language(words: AnswerWords, text: str) -> None:
    assert read_phrase(text, words, ["cancel", "stop"]) == "stop"


def test_stop_inside_a_story_stops_nothing(words: AnswerWords) -> None:
    assert read_phrase("mijn uitkering is gestopt", words, ["stop"]) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Nee, ik bedoelde mijn zoon", "mijn zoon"),
        ("no I meant the school", "the school"),
        ("لا قصدي المدرسة", "المدرسه"),
        ("ik heb een vraag", None),
        ("nee", None),
    ],
)
def test_a_correction_is_cut_off(words: AnswerWords, text: str, meant: str | None) -> None:
    assert after_correction(text, words) == meant


def test_digits_of_every_script_are_digits() -> None:
    assert plain_digits("٢ ۲ २ ፪ 2") == "2 2 2  2  2"


@given(ANYTHING)
def test_any_text_is_read_without_an_error(text: str) -> None:
    plain = AnswerWords(yes={"nl": frozenset({("ja",)})}, numbers={"nl": {("een",): 1}})
    read_yes_no(text, plain)
    read_count(text, plain)
    read_date(text, "nl", TODAY, prefer="past", words=plain)
    read_date(text, "ar", TODAY, prefer="future")
    read_choice(text, HOMES)
    is_skip(text, plain)


@given(st.dates(date(1950, 1, 1), date(2090, 12, 31)))
def test_a_written_day_is_read_back(day: date) -> None:
    assert read_date(f"{day:%d-%m-%Y}", "nl", TODAY, prefer="past") == day
    assert read_date(day.isoformat(), "ti", TODAY, prefer="future") == day


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_authors_words_are_all_there(words: AnswerWords, language: str) -> None:
    assert set(words.numbers[language].values()) == set(range(21))
    for table in (words.yes, words.no, words.skip, *(words.other[m] for m in ("stop", "cancel", "person", "menu"))):
        assert table[language]
    assert not words.yes[language] & words.no[language]
    assert not (words.yes[language] | words.no[language]) & words.skip[language]
    assert not words.other["stop"][language] & words.other["cancel"][language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_has_its_examples(language: str) -> None:
    wanted = 10 if language in ("nl", "en", "ar", "ti") else 6
    controls = list(items(DATA / language / "controls.yml"))
    assert len(controls) == 13
    assert all(len(set(lines_of(item))) >= wanted for item in controls)
    others = next(items(DATA / language / "out_of_scope.yml"))
    assert len(set(lines_of(others))) >= (20 if wanted == 10 else 8)
