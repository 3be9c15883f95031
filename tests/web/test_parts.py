from __future__ import annotations

import pytest

from bot.web.parts import as_typed, parts_of


def links(text: str) -> list[tuple[str, str | None]]:
    return [(part.text, part.href) for part in parts_of(text, "nl") if part.kind == "link"]


@pytest.mark.parametrize(
    ("text", "dialled"),
    [
        ("Bel 010 - 123 45 67.", "tel:0101234567"),
        ("Bel 06 12345678!", "tel:0612345678"),
        ("Bel (010) 123 45 67.", "tel:0101234567"),
        ("Bel +31 (0)10 123 45 67", "tel:+31101234567"),
        ("Bel 0900 8844 nu.", "tel:09008844"),
        ("Bel 0800\u00a00113", "tel:08000113"),
        ("Bel 14 010.", "tel:14010"),
        ("Bel *112* nu", "tel:112"),
        ("اتصلوا على \u2068112\u2069", "tel:112"),
        ("ናብ 112 ደውሉ", "tel:112"),
    ],
)
def test_a_telephone_number_can_be_tapped(text: str, dialled: str) -> None:
    assert [href for _, href in links(text)] == [dialled]


@pytest.mark.parametrize(
    "text",
    [
        "€ 112,50",
        "€\u00a0112",
        "112 euro",
        "22-11-2026",
        "1.112",
        "112%",
        "burgerservicenummer 123456789",
        "06 123",
        "2112",
    ],
)
def test_other_digits_are_no_telephone_number(text: str) -> None:
    assert links(text) == []


@pytest.mark.parametrize(
    ("text", "shown", "address"),
    [
        ("Kijk op https://www.duo.nl/a?b=c.", "https://www.duo.nl/a?b=c", "https://www.duo.nl/a?b=c"),
        ("Kijk op duo.nl/inburgeren, of bel.", "duo.nl/inburgeren", "https://duo.nl/inburgeren"),
        ("انظر \u2068https://ind.nl\u2069.", "https://ind.nl", "https://ind.nl"),
        ('https://x.nl/"onclick=alert(1)', "https://x.nl/", "https://x.nl/"),
    ],
)
def test_an_address_is_a_link_without_its_full_stop(text: str, shown: str, address: str) -> None:
    assert links(text) == [(shown, address)]


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "een.woord", "info@duo.nl", "//evil"])
def test_nothing_else_is_a_link(text: str) -> None:
    assert links(text) == []


def test_stars_make_a_word_bold_and_its_voice_dutch() -> None:
    shown = parts_of("هذا \u2068*zorgverzekering*\u2069", "ar")
    assert [(part.text, part.strong, part.lang) for part in shown if part.strong] == [("zorgverzekering", True, "nl")]
    assert "*" not in "".join(part.text for part in shown)


@pytest.mark.parametrize("text", ["2*3*4", "* a *", "**", "*a\nb*", "5 * 3"])
def test_a_lone_star_stays_a_star(text: str) -> None:
    assert "".join("\n" if part.kind == "break" else part.text for part in parts_of(text, "nl")) == text


def test_a_new_line_is_a_break() -> None:
    assert [part.kind for part in parts_of("a\nb\n\nc", "nl")] == ["text", "break", "text", "break", "break", "text"]


def test_what_the_person_wrote_stays_as_it_was() -> None:
    assert [part.text for part in as_typed("Bel *mij* op 0612345678, https://x.nl")] == [
        "Bel *mij* op 0612345678, https://x.nl"
    ]
