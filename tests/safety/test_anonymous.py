"""What says who wrote a message is taken out before anybody reads it to learn from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.safety.anonymous import anonymous

KNOWN = frozenset({"ik", "heet", "en", "gemeente", "digid", "uwv", "wil", "naar", "de"})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("bel mij op 06-12345678", "bel mij op [nummer]"),
        ("+31 6 12 34 56 78 of 0612345678", "[nummer] of [nummer]"),
        ("geboren 12-03-1990, ik ben 34", "geboren [nummer], ik ben 34"),
        ("mijn nummer is V123456789", "mijn nummer is [nummer]"),
        ("رقمي ٠٦١٢٣٤٥٦٧٨", "رقمي [nummer]"),
        ("bsn 111222333", "bsn [BSN]"),
        ("mail amina.k@example.com of www.example.com/amina", "mail [mail] of [link]"),
        ("ik woon op Dorpsstraat 12a in 3131 ab", "ik woon op [adres] in [adres]"),
        ("ik heet amina hassan en ik wil DigiD", "ik heet [naam] en ik wil DigiD"),
        ("My name is Amina", "My name is [naam]"),
        ("اسمي أمينة حسن", "اسمي [naam]"),
        ("ስመይ ዮናስ", "ስመይ [naam]"),
        ("Мене звати Оксана", "Мене звати [naam]"),
        ("Magacaygu waa Hodan", "Magacaygu waa [naam]"),
        ("Gisteren belde Willem Jansen naar de gemeente", "Gisteren belde [naam] naar de gemeente"),
        ("Kan UWV helpen? Morgen wil ik DigiD", "Kan UWV helpen? Morgen wil ik DigiD"),
        ("vraag het aan @amina_k", "vraag het aan [naam]"),
        ("twee\nregels", "twee regels"),
    ],
)
def test_what_is_taken_out(text: str, masked: str) -> None:
    assert anonymous(text, known=KNOWN) == masked


def test_the_name_of_the_messenger_is_known_in_any_letters_and_script() -> None:
    assert anonymous("amina hier, أمينة", names=["Amina Hassan", "أمينة"]) == "[naam] hier, [naam]"


def test_a_name_that_is_a_word_of_ours_stays_a_word() -> None:
    assert anonymous("ik wil naar de gemeente", names=["Wil de Vries"], known=KNOWN) == "ik wil naar de gemeente"


@given(st.text(max_size=200))
def test_any_text_is_masked_without_a_word_of_complaint_and_again_changes_nothing_of_numbers(text: str) -> None:
    masked = anonymous(text)
    assert "\n" not in masked
    assert isinstance(anonymous(masked), str)
