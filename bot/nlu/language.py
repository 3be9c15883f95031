"""Which of our languages a message is in."""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bot.nlu.text import clean, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANGUAGES = ("nl", "en", "ar", "ti", "fa", "tr", "uk", "so", "fr")

_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "LATIN": ("nl", "en", "tr", "so", "fr"),
    "ARABIC": ("ar", "fa"),
    "ETHIOPIC": ("ti",),
    "CYRILLIC": ("uk",),
}

# Letters that settle it. Arabic has neither پ nor گ; Farsi writes neither ة nor ى.
_FARSI_LETTERS, _ARABIC_LETTERS = frozenset("پچژگیک"), frozenset("ةىيكأإؤئ")
_RUSSIAN_LETTERS, _UKRAINIAN_LETTERS = frozenset("ыэъё"), frozenset("іїєґ")
_NOT_OURS_LETTERS = frozenset("ڕێۆڵەٹڈےںھ")  # Kurdish, Urdu

# The commonest words: no longer message does without. They tell Dutch from Arabic in Latin letters.
_COMMON: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "nl": "de het een ik is niet van en mijn wat hoe kan heb ben voor met op aan naar dat dit er "
        "moet wil je u we "
        "wij mij hij zij maar ook nog wel geen als waar wanneer bij om te zijn heeft krijg hebben hallo "
        "bedankt nee",
        "en": "the a i is not of and my what how can have am for with on to that this must want you we "
        "me he she but "
        "also no yes if where when at are has get do does did please need it there they be an hello "
        "thanks which",
        "tr": "bir ve bu ne icin nasil ben benim var yok mi mu degil ile cok ama nerede zaman istiyorum "
        "lazim gerek "
        "bana evet hayir merhaba tesekkurler siz sen olarak kadar daha sonra nasil kim hangi",
        "so": "waa waxaan ma iyo ku ka u in la sida maxaa aan ayaa haa maya waxa si aad kuu leh wax "
        "markaan sidee halkee "
        "goorma xaggee mahadsanid fadlan waan igu baahanahay rabaa guriga aniga adiga soo oo ah iga kala",
        "fr": "le la les un une je est pas de du des et mon ma mes que quoi comment peux ai suis pour "
        "avec sur dans ce "
        "cette il elle nous vous mais aussi non oui si ou quand avez faut veux bonjour merci qui au aux en",
        "ar": "في من على الى هل ما كيف اين متى هذا هذه انا لا نعم عن مع او ان لم لي عندي بدي شو وين ليش هو هي كان",
        "fa": "از به در را که این من برای با است چطور چگونه کجا می نه بله آیا هم یک تا باید دارم خانه سلام نمی ام",
    }.items()
}
_COMMON_FOLDED = {
    language: frozenset(word for common in words for word in words_of(common)) for language, words in _COMMON.items()
}
# Arabic in Latin letters writes some sounds as digits ("3andi", "sa7"), as no other of our languages does.
_ARABIZI = re.compile(r"\b(?=\w*[a-z])(?=\w*[23579])[a-z23579']{2,}\b", re.IGNORECASE)

_GEEZ_WORD = re.compile(r"[\u1200-\u135a]+")
_SURE_TIGRINYA = 3.0  # nats: no Amharic message of 200 reached it, 96 % of ours did
_SURE_WORDS = 3  # fewer are "ok", "ja", "DigiD"
_SURE_PROBABILITY = 0.9


@dataclass(frozen=True, kw_only=True)
class Guess:
    """The language of a message; not `certain` when too short or too mixed to hold it against a choice."""

    language: str
    certain: bool


class LanguageIdentifier:
    """Tells our languages apart by script, common words and py3langid; loads its model when first asked."""

    def __init__(self, *, default: str = "nl") -> None:
        self._default = default
        self._loading = threading.Lock()
        self._langid: Any = None

    def identify(self, text: str, *, current: str | None = None) -> Guess:
        """Return the language of the text, or `current` (the conversation's) when the text leaves it open."""
        text = clean(text)
        letters = _letters_by_script(text)
        kept = current or self._default
        if not letters:
            return Guess(language=kept, certain=False)
        script = max(letters, key=lambda name: letters[name])
        if script not in _SCRIPTS:
            return Guess(language=kept, certain=False)
        guess = self._in_script(script, text)
        # Someone who writes Arabic also writes "ok"; someone whose language is Dutch does not write سلام.
        if guess.certain or current is None or (script != "LATIN" and current not in _SCRIPTS[script]):
            return guess
        return Guess(language=current, certain=False)

    def warm(self) -> None:
        """Begin to load the model in the background."""
        threading.Thread(target=self._model, name="language-start", daemon=True).start()

    def _in_script(self, script: str, text: str) -> Guess:
        words = words_of(text)
        if script == "ETHIOPIC":
            return Guess(language="ti", certain=tigrinya_lead(text) > _SURE_TIGRINYA)
        if script == "CYRILLIC":
            russian = bool(set(text.lower()) & _RUSSIAN_LETTERS) and not set(text.lower()) & _UKRAINIAN_LETTERS
            return Guess(language="uk", certain=len(words) >= _SURE_WORDS and not russian)
        if script == "ARABIC":
            return self._arabic_or_farsi(text, words)
        return self._latin(text, words)

    def _arabic_or_farsi(self, text: str, words: Sequence[str]) -> Guess:
        letters = Counter(text)
        farsi = sum(letters[letter] for letter in _FARSI_LETTERS) + _common(words, "fa")
        arabic = sum(letters[letter] for letter in _ARABIC_LETTERS) + _common(words, "ar")
        arabic += sum(word.startswith("ال") and len(word) > 4 for word in words)  # noqa: PLR2004  # the article
        foreign = any(letter in letters for letter in _NOT_OURS_LETTERS)
        if farsi == arabic:
            language, probability = self._best(text, ("ar", "fa"))
            return Guess(language=language, certain=not foreign and probability >= _SURE_PROBABILITY and len(words) > 1)
        language = "fa" if farsi > arabic else "ar"
        return Guess(language=language, certain=not foreign and (len(words) > 1 or abs(farsi - arabic) > 1))

    def _latin(self, text: str, words: Sequence[str]) -> Guess:
        counts = {language: _common(words, language) for language in _SCRIPTS["LATIN"]}
        best, probability = self._best(text.lower(), _SCRIPTS["LATIN"])
        most = max(counts.values())
        if counts[best] < most and probability < _SURE_PROBABILITY:
            best = max(counts, key=lambda language: counts[language])
        certain = (
            len(words) >= _SURE_WORDS
            and probability >= _SURE_PROBABILITY
            and 0 < counts[best] == most
            and not _ARABIZI.search(text)
        )
        return Guess(language=best, certain=certain)

    def _best(self, text: str, languages: Sequence[str]) -> tuple[str, float]:
        """Return the likeliest of these languages and its probability among them."""
        ranked = [(language, score) for language, score in self._model().rank(text) if language in languages]
        total = sum(score for _, score in ranked)
        language, score = ranked[0]
        return language, score / total if total else 1 / len(ranked)

    def _model(self) -> Any:
        with self._loading:
            if self._langid is None:
                from py3langid import langid

                identifier: Any = langid.LanguageIdentifier  # it ships no types
                every = identifier.from_model_file(langid.MODEL_FILE)
                every.set_languages([language for language in LANGUAGES if language != "ti"])
                # Made anew from our part of it, because the whole of it would stay in memory (50 MB).
                tables = (every.nb_ptc, every.nb_pc, every.nb_classes, every.tk_nextmove, every.tk_output)
                self._langid = identifier(*tables, norm_probs=True, tk_row=every.tk_row)
            return self._langid


def _letters_by_script(text: str) -> Counter[str]:
    scripts: Counter[str] = Counter()
    for letter, count in Counter(text).items():
        if letter.isalpha():
            scripts[unicodedata.name(letter, "UNKNOWN").split()[0]] += count
    return scripts


def _common(words: Sequence[str], language: str) -> int:
    return sum(word in _COMMON_FOLDED[language] for word in words)


def tigrinya_lead(text: str) -> float:
    """Return how many nats likelier the Ge'ez letters of the text are in Tigrinya than in Amharic."""
    leads = _geez_leads()
    return sum(
        leads.get(padded[start : start + length], 0.0)
        for word in _GEEZ_WORD.findall(text)
        for padded in (f" {word} ",)
        for length in (1, 2, 3)
        for start in range(len(padded) - length + 1)
    )


@cache
def _geez_leads() -> Mapping[str, float]:
    """Return the thousand most telling n-grams of geezswitch's profiles (Apache-2.0, Fitsum Gaim, LREC 2022)."""
    table = json.loads(files("bot.nlu").joinpath("tigrinya_or_amharic.json").read_text("utf-8"))
    return {gram: float(lead) for lead, grams in table.items() for gram in grams}
