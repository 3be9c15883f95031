"""Rules about the Dutch: simple, equal, and never more certain than the facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.content.render import PLACEHOLDER, STARRED
from bot.knowledge.check.ground import ASKS, CRISIS, Finding
from bot.knowledge.check.numbers import numbers_in, told_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.content.model import Question, Source
    from bot.knowledge.check.ground import Ground, Text

MOST_WORDS = 12
_WORD = re.compile(r"[^\s]*[^\W_][^\s]*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]*]*(?=\s|$)")


def _any(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])", re.IGNORECASE)


_FORBIDDEN = _any(
    *("gewoon", "gewoonweg", "simpel", "simpelweg", "even", "eventjes", "makkelijk", "gemakkelijk", "natuurlijk"),
    *("eenvoudig", "zeker", "gegarandeerd", "vanzelfsprekend", "uiteraard"),
    *(r"goed gedaan", r"goed zo", r"knap van u", r"knap gedaan", "bravo"),
)
_OBLIGED = _any(r"moet(?:en)?", r"verplichte?", r"verplichting(?:en)?")
# Only forms that are surely about one person: "zij" and "ze" are also "they".
_HE_OR_SHE = _any(
    *("hij", "hem", "haar", "hijzelf", "hij/zij", r"zij \(?hij\)?", "meneer", "mevrouw"),
    *(r"z(?:ij|e) (?:is|heeft|gaat|krijgt|komt|woont|werkt|moet|doet|vraagt|belt|zegt|mag|wordt)",),
)
_YOU = _any("je", "jij", "jou", "jouw", "jullie")
_CULTURE = _any(
    *(r"(?:in|door|vanuit) uw (?:cultuur|geloof|godsdienst|religie)", r"uw cultuur", r"in uw land (?:is|was|mag|moet)"),
    r"(?:syriërs|eritreeërs|afghanen|somaliërs|oekraïners|turken|arabieren|moslims|christenen|vluchtelingen) "
    r"(?:zijn|doen|denken|vinden|willen)",
)
_AMOUNT = re.compile(r"€|\beuro'?s?\b|\b\d+(?:[.,]\d+)? ?(?:EUR|cent)\b", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w])\+?\d(?:[ \-–./()]*\d){6,}(?!\w)|\b14 ?0\d{2,3}\b|\b0[89]00\b")
_TIME = re.compile(
    r"\b\d{1,2}:\d{2}\b|\b\d{1,2}\.\d{2} ?uur\b|\b(?:om|tot|vanaf|tussen) \d{1,2}(?: en \d{1,2})? uur\b", re.IGNORECASE
)
_ADDRESS = re.compile(
    r"\b[A-Z][\w'’-]*(?:straat|laan|weg|plein|kade|gracht|singel|dijk|hof|pad|steeg|dreef|markt)\s+\d+\w?\b"
    r"|\b\d{4} ?[A-Z]{2}\b"
)
_NEVER_ASKED = re.compile(
    r"\bBSN\b|burgerservicenummer|\bDigiD|wachtwoord|pincode|\bIBAN\b|rekeningnummer|vluchtverhaal|gevlucht|\bvlucht\b"
    r"|asielverhaal|diagnose|\bziektes?\b|medische|medicijnen",
    re.IGNORECASE,
)
_NO = _any("nooit", "geen", "niet", "niemand")
_NEVER_A_SLOT = re.compile(
    r"(?:^|_)(?:bsn|digid_code|password|pin|iban|diagnosis|illness|disease|medical|medicines?|flight|asylum|story|religion)"
    r"(?:_|$)"
)
# The assistant's own name stands between stars too, where it introduces itself.
_OWN_NAME = "Wegwijs"
_LAW_SOURCE = re.compile(r"^law_")
_LAW_TITLE = re.compile(r"\b(?:wet|\w+wet|law|act|Awb|besluit|regeling)\b", re.IGNORECASE)


def long_sentence(ground: Ground) -> Iterator[Finding]:
    """Twelve words are what a learner holds in one breath (A2)."""
    for text in ground.texts:
        for offset, sentence in sentences(text.words):
            count = len(_WORD.findall(re.sub(r"https?://\S+", "adres", PLACEHOLDER.sub("iets", sentence))))
            if count > MOST_WORDS:
                yield Finding(
                    place=text.at(offset),
                    why=f"this sentence has {count} words: '{_short(sentence)}'",
                    mend=f"use at most {MOST_WORDS}, or make two sentences of it",
                )


def forbidden_word(ground: Ground) -> Iterator[Finding]:
    """Words such as 'simply' blame who finds it hard, and 'surely' promises what we cannot."""
    for text in _all(ground):
        for place, word in text.find(_FORBIDDEN):
            yield Finding(place=place, why=f"we do not say '{word}'", mend="leave it out, or say what happens")


def must(ground: Ground) -> Iterator[Finding]:
    """The newcomer decides; only a law or a legal deadline obliges."""
    for text in ground.texts:
        if text.question is None or not _obliges(ground, text.question):
            for place, word in text.find(_OBLIGED):
                yield Finding(
                    place=place,
                    why=f"'{word}' needs a legal deadline or a law among the sources of the question",
                    mend="say what somebody can do and what then happens, or add the law",
                )


def he_or_she(ground: Ground) -> Iterator[Finding]:
    """We do not know who reads, nor who their partner is."""
    for text in _all(ground):
        for place, word in text.find(_HE_OR_SHE):
            yield Finding(
                place=place,
                why=f"'{word}' says man or woman",
                mend="name the person: u, uw partner, uw kind, die persoon",
            )


def you_form(ground: Ground) -> Iterator[Finding]:
    """We say 'u' to everybody."""
    for text in _all(ground):
        for place, word in text.find(_YOU):
            yield Finding(place=place, why=f"'{word}' is not how we speak to people", mend="write u or uw")


def culture(ground: Ground) -> Iterator[Finding]:
    """Behaviour is never explained by a country, a faith or a culture."""
    for text in _all(ground):
        for place, word in text.find(_CULTURE):
            yield Finding(place=place, why=f"'{word}' speaks about a group", mend="write: some people …, others …")


def exclamations(ground: Ground) -> Iterator[Finding]:
    """Exclamation marks sound like alarm to who has had enough of it."""
    for text in ground.texts:
        if text.words.count("!") > 1:
            yield Finding(
                place=text.at(text.words.rindex("!")),
                why=f"the text has {text.words.count('!')} exclamation marks",
                mend="keep one at most",
            )


def amount(ground: Ground) -> Iterator[Finding]:
    """An amount comes from content/facts/, with its source and the day it ends."""
    for text in _all(ground):
        for place, words in text.find(_AMOUNT):
            yield Finding(
                place=place,
                why=f"'{words}': an amount stands in the text",
                mend="put it into content/facts/ and write {fact_…}",
            )


def phone(ground: Ground) -> Iterator[Finding]:
    """A wrong telephone number can cost a life; there is one place for numbers."""
    known = {part for number in ground.read.numbers.values() for part in re.split(r"\s*/\s*", number.number)}
    longest_first = "|".join(re.escape(one) for one in sorted(known, key=len, reverse=True))
    fixed = re.compile(rf"(?<![\w-])(?:{longest_first})(?!\.?\w|-)")
    for text in _all(ground):
        found = {*text.find(_PHONE), *(text.find(fixed) if known else ())}
        for place in sorted({place for place, _ in found}):
            number = max((words for at, words in found if at == place), key=len)
            yield Finding(
                place=place,
                why=f"the number '{number}' stands in the text",
                mend="write {number_…} of content/facts/numbers.yml or {local_…}",
            )


def time_of_day(ground: Ground) -> Iterator[Finding]:
    """Opening hours differ and change; they come from the municipality's facts."""
    for text in _all(ground):
        for place, words in text.find(_TIME):
            yield Finding(place=place, why=f"'{words}': a time stands in the text", mend="write {local_…} instead")


def address(ground: Ground) -> Iterator[Finding]:
    """Addresses differ by place; they come from the municipality's facts."""
    for text in _all(ground):
        for place, words in text.find(_ADDRESS):
            yield Finding(place=place, why=f"'{words}': an address stands in the text", mend="write {local_…} instead")


def number_without_fact(ground: Ground) -> Iterator[Finding]:
    """A term of weeks that is not in the facts is a term we made up."""
    for text in ground.texts:
        if text.question is None:
            continue
        told = told_numbers(text.question, ground)
        for number in sorted(set(numbers_in(text.bare)) - told):
            place = next((at for at, _ in text.find(re.compile(rf"(?<!\d){re.escape(number)}(?!\d)"))), text.at())
            yield Finding(
                place=place,
                why=f"'{number}' stands nowhere in the facts of '{text.question.id}'",
                mend="mend the number, or add the fact with its source",
            )


def starred_word(ground: Ground) -> Iterator[Finding]:
    """Between stars stands an official word; somebody looks for it on their letter."""
    known = official_words(ground)
    for text in ground.texts:
        for found in STARRED.finditer(text.words):
            if found[1].casefold() not in known:
                yield Finding(
                    place=text.at(found.start()),
                    why=f"'{found[1]}' is no official word we know",
                    mend="take the stars away, or add it to content/glossary.yml",
                )


def unknown_term(ground: Ground) -> Iterator[Finding]:
    """A term that is not in the glossary cannot be explained."""
    for text in _first_of_each_variant(ground):
        for name in text.variant.terms if text.variant else ():
            if name not in ground.read.terms:
                yield Finding(
                    place=_terms_place(text),
                    why=f"'{name}' is no term of content/glossary.yml",
                    mend="write the term exactly as it stands there, or add it",
                )


def term_not_in_text(ground: Ground) -> Iterator[Finding]:
    """An explanation of a word that is not there confuses."""
    for text in _first_of_each_variant(ground):
        starred = {found.casefold() for found in STARRED.findall(text.words)}
        for name in text.variant.terms if text.variant else ():
            if name in ground.read.terms and not starred & spellings(name):
                yield Finding(
                    place=_terms_place(text),
                    why=f"'{name}' stands under 'terms:' and not between stars in the text",
                    mend=f"write *{min(spellings(name), key=len)}* in the text, or take it from 'terms:'",
                )


def term_not_listed(ground: Ground) -> Iterator[Finding]:
    """An official word is explained the first time somebody meets it."""
    names = {spelling: name for name in ground.read.terms for spelling in spellings(name)}
    for text in _first_of_each_variant(ground):
        if text.response is None or text.variant is None or text.response.name.startswith(CRISIS):
            continue
        for found in STARRED.finditer(text.words):
            name = names.get(found[1].casefold())
            if name is not None and name not in text.variant.terms:
                yield Finding(
                    place=text.at(found.start()),
                    why=f"'{found[1]}' is an official word and would not be explained",
                    mend=f"add it: 'metadata: terms: [{name}]'",
                )


def forbidden_question(ground: Ground) -> Iterator[Finding]:
    """Nobody is ever asked for a BSN, a code, a medical story or a flight story."""
    for text in ground.texts:
        if text.response is None or not text.response.name.startswith(ASKS):
            continue
        for offset, sentence in sentences(text.words):
            found = _NEVER_ASKED.search(sentence)
            if found and not _NO.search(sentence):
                yield Finding(
                    place=text.at(offset),
                    why=f"we never ask about '{found[0]}'",
                    mend="ask something else, or nothing: a person can look at it together with them",
                )
    for name in ground.read.slots:
        if _NEVER_A_SLOT.search(name):
            yield Finding(
                place=ground.at("slot", name),
                why=f"the slot '{name}' would keep what nobody should be asked",
                mend="take it away",
            )


def spellings(term: str) -> set[str]:
    """Return how a glossary entry may be written: whole, or one of the words it holds."""
    parts = re.split(r"\s+(?:/|en|of)\s+", term)
    return {term.casefold(), *(part.casefold() for part in parts)}


def official_words(ground: Ground) -> set[str]:
    """Return what may stand between stars: glossary terms, and the names of organisations."""
    words = {_OWN_NAME.casefold()}
    for name in ground.read.terms:
        words |= spellings(name)
    for source in ground.read.sources.values():
        whole = source.organisation
        for part in re.split(r"\s*[(;,)/]\s*| via | on | citing ", whole):
            words.add(part.strip().casefold())
        words.add(whole.casefold())
    return words


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """
    Yield the sentences of a text, each with where it starts.

    A line that does not end with a sign goes on in the next one when that begins with a small letter.
    """
    start = 0
    while start < len(text):
        end = _end_of_sentence(text, start)
        sentence = text[start:end]
        if sentence.strip():
            yield start + len(sentence) - len(sentence.lstrip()), sentence.strip()
        start = end


def _end_of_sentence(text: str, start: int) -> int:
    at = start
    while at < len(text):
        sign = _SENTENCE_END.match(text, at)
        if sign:
            return sign.end()
        if text[at] == "\n":
            after = text[at + 1 :].lstrip(" ")
            if text[start:at].strip() and not after[:1].islower():
                return at + 1
        at += 1
    return at


def _obliges(ground: Ground, question: Question) -> bool:
    if any(deadline.kind == "legal" for deadline in question.deadlines):
        return True
    sources = [ground.read.sources[name] for name in question.sources if name in ground.read.sources]
    return any(_is_law(source) for source in sources)


def _is_law(source: Source) -> bool:
    return bool(_LAW_SOURCE.match(source.id) or _LAW_TITLE.search(source.title))


def _all(ground: Ground) -> tuple[Text, ...]:
    return (*ground.texts, *ground.explanations)


def _first_of_each_variant(ground: Ground) -> Iterator[Text]:
    return (text for text in ground.texts if text.path[-1] == "text")


def _terms_place(text: Text) -> tuple[str, int]:
    return text.document.name, text.document.line(*text.path[:-1], "metadata", "terms")


def _short(sentence: str) -> str:
    words = " ".join(sentence.split())
    return words if len(words) <= 60 else words[:57] + "…"  # noqa: PLR2004  # one line on a screen
