"""BSNs and IBANs are taken away, however they are written; telephone numbers and dates stay."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.safety.redaction import Kind, Masked, is_bsn, is_iban, mask, reaches_somebody

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@pytest.mark.parametrize(
    "written",
    [
        "123456782",
        "1234.56.782",
        "123-456-782",
        "123 456 782",
        "1 2 3 4 5 6 7 8 2",
        "123 – 456 – 782",
        "١٢٣٤٥٦٧٨٢",
        "۱۲۳ ۴۵۶ ۷۸۲",
        "１２３４５６７８２",
        "123\u200e456\u200f782",
        "012345672",
    ],
)
def test_a_bsn_is_masked(written: str) -> None:
    assert mask(f"mijn nummer is {written}, dank u") == Masked(
        text="mijn nummer is [BSN], dank u", kinds=frozenset({Kind.BSN})
    )


@pytest.mark.parametrize(
    "message",
    [
        "mijn bsn is 12345672",
        "BSN: 12345672",
        "12345672 is mijn burgerservicenummer",
        "sofinummer 12 345 672",
    ],
)
def test_eight_digits_are_a_bsn_beside_the_word(message: str) -> None:
    assert mask(message).kinds == {Kind.BSN}
    assert "345" not in mask(message).text


@pytest.mark.parametrize(
    "message",
    [
        "bel mij op 06-12345678",
        "06 12 34 56 78",
        "0612345678",
        "+31 6 12345678",
        "+31(0)6-12345678",
        "0031612345678",
        "+963 944 123 456",
        "010-1234567",
        "0800-2000 en 0900-8844",
        "0800-3355555",
        "088-0767000",
        "112 of 113 / 0800-0113",
        "mijn afspraak is op 22-11-2026",
        "op 1-11-2026 10.30 uur",
        "1 1 2026 7",
        "2026-11-22 9",
        "geboren op 01.02.1990",
        "de huur is 932,93 per maand",
        "het zijn 12345672 stuks",
        "123456789",
        "000000000",
        "1234567820",
        "zaak 2026-000123",
        "",
    ],
)
def test_what_is_no_bsn_stays(message: str) -> None:
    assert mask(message) == Masked(text=message, kinds=frozenset())


def test_a_bsn_beside_a_telephone_number_or_a_date_is_masked_alone() -> None:
    assert mask("06-12345678, 123456782").text == "06-12345678, [BSN]"
    assert mask("+31612345678 123 456 782").text == "+31612345678 [BSN]"
    assert mask("geboren 1-1-1990 123456782").text == "geboren 1-1-1990 [BSN]"
    assert mask("123 456 782 10:00").text == "[BSN] 10:00"
    assert mask("wij zijn met 3 123456782").text == "wij zijn met 3 [BSN]"


def test_two_bsns_are_both_masked() -> None:
    assert mask("123456782 en 111222333").text == "[BSN] en [BSN]"


@pytest.mark.parametrize(
    "written",
    [
        "NL91ABNA0417164300",
        "NL91 ABNA 0417 1643 00",
        "nl91abna0417164300",
        "NL 91 ABNA 0417164300",
        "NL91-ABNA-0417-1643-00",
        "N L 9 1 A B N A 0 4 1 7 1 6 4 3 0 0",
        "NL٩١ABNA٠٤١٧١٦٤٣٠٠",
        "ＮＬ91 ABNA 0417 1643 00",
        "DE89 3704 0044 0532 0130 00",
        "BE68 5390 0754 7034",
        "GB29 NWBK 6016 1331 9268 19",
        "TR33 0006 1005 1978 6457 8413 26",
    ],
)
def test_an_iban_is_masked(written: str) -> None:
    assert mask(f"stort op {written} aub") == Masked(text="stort op [IBAN] aub", kinds=frozenset({Kind.IBAN}))


@pytest.mark.parametrize(
    "message", ["NL91ABNA0417164301", "NL91 ABNA 0417", "XX91ABNA0417164300", "IBAN", "de NL 12 3 weken"]
)
def test_what_is_no_iban_stays(message: str) -> None:
    assert mask(message) == Masked(text=message, kinds=frozenset())


def test_both_in_one_message() -> None:
    masked = mask("bsn 123456782, rekening NL91 ABNA 0417 1643 00")

    assert masked.text == "bsn [BSN], rekening [IBAN]"
    assert masked.kinds == {Kind.BSN, Kind.IBAN}


@st.composite
def bsns(draw: st.DrawFn) -> str:
    digits = draw(st.lists(st.integers(0, 9), min_size=8, max_size=8))
    weighed = sum(weight * digit for weight, digit in zip(range(9, 1, -1), digits, strict=True))
    assume(weighed % 11 != 10)
    number = "".join(map(str, digits)) + str(weighed % 11)
    assume(is_bsn(number))
    return number


@st.composite
def dutch_ibans(draw: st.DrawFn) -> str:
    bank = draw(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4))
    account = draw(st.text("0123456789", min_size=10, max_size=10))
    number = int("".join(str(int(sign, 36)) for sign in f"{bank}{account}NL00"))
    return f"NL{98 - number % 97:02d}{bank}{account}"


@st.composite
def parted(draw: st.DrawFn, number: st.SearchStrategy[str], sizes: st.SearchStrategy[int]) -> str:
    rest = draw(number)
    separator = draw(st.sampled_from(["", " ", "-", ".", " - ", "\u00a0"]))
    parts: list[str] = []
    while rest:
        size = draw(sizes)
        parts.append(rest[:size])
        rest = rest[size:]
    return separator.join(parts)


@given(bsns(), st.sampled_from([{}, ARABIC, PERSIAN]))
def test_every_bsn_is_masked(number: str, script: dict[int, int]) -> None:
    assert mask(f"nummer: {number.translate(script)}.") == Masked(text="nummer: [BSN].", kinds=frozenset({Kind.BSN}))


@given(parted(bsns(), st.just(3)))
def test_every_bsn_in_groups_of_three_is_masked(written: str) -> None:
    assert Kind.BSN in mask(f"nummer: {written}").kinds


@given(parted(dutch_ibans(), st.integers(1, 6)), st.booleans())
def test_every_iban_is_masked(written: str, small: bool) -> None:
    text = written.lower() if small else written

    assert mask(f"rekening {text} dank u") == Masked(text="rekening [IBAN] dank u", kinds=frozenset({Kind.IBAN}))


@given(dutch_ibans())
def test_generated_ibans_pass(account: str) -> None:
    assert is_iban(account)


@given(st.integers(10_000_000, 99_999_999), st.sampled_from(["06-{}", "+31 6 {}", "06 {}", "00316{}"]))
def test_no_mobile_number_is_masked(number: int, shape: str) -> None:
    assert not mask(f"mijn nummer {shape.format(number)} bedankt").kinds


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%d-%m-%Y", "%d.%m.%Y", "%d %m %Y", "%Y-%m-%d"]),
)
def test_no_date_is_masked(day: date, shape: str) -> None:
    assert not mask(f"op {format(day, shape)} 9 uur").kinds


@given(st.text())
def test_no_text_makes_it_raise_and_masking_twice_changes_nothing_more(text: str) -> None:
    masked = mask(text).text

    assert mask(masked).text == masked


@pytest.mark.parametrize(
    "text",
    ["Bel 06-12345678", "06 12 34 56 78", "+31 (0)53 123 45 67", "٠٦١٢٣٤٥٦٧٨", "mail a.b+c@ex-ample.org.", "A@B.NL"],
)
def test_by_what_somebody_is_reached_is_found(text: str) -> None:
    assert reaches_somebody(text)


@pytest.mark.parametrize("text", ["Op 12-11-2026 om 10.30", "postcode 7511 AB", "@thuis", "a@b", "123456782", ""])
def test_what_reaches_nobody_is_left_alone(text: str) -> None:
    assert not reaches_somebody(text)
