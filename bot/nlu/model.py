"""Understanding a message: its language, its intent, and whether it is for us at all."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from threadpoolctl import threadpool_limits

from bot.nlu.examples import OUT_OF_SCOPE
from bot.nlu.recipe import NOTHING_KNOWN
from bot.nlu.text import clean, words_of
from bot.nlu.vectors import Known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.nlu.encoder import Encoder
    from bot.nlu.examples import Example
    from bot.nlu.language import Guess, LanguageIdentifier
    from bot.nlu.recipe import Floats, Judgement, Recipe

Engine = Literal["exact", "lexical", "full", "rasa"]

_MOST_REMEMBERED = 4096
_limit_threads: Any = threadpool_limits  # it ships no types


@dataclass(frozen=True, kw_only=True)
class IntentGuess:
    """One reading of a message and how likely it is, 0 to 1."""

    name: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """
    What a message was understood to be.

    `intents` are the three best, best first, also of a message out of scope; none when nothing was said.
    `certain` is about the language: only then may it be held against the one on file. `alarm` is the intent of somebody
    in danger that the message may well have, whatever comes first in `intents`.
    """

    language: str
    intents: tuple[IntentGuess, ...]
    out_of_scope: bool
    engine: Engine
    certain: bool = False
    alarm: str | None = None


def by_heart(examples: Sequence[Example]) -> dict[str, str]:
    """Return the intent of each training line as it is compared; a line that has two intents is left out."""
    intents: dict[str, set[str]] = {}
    for example in examples:
        intents.setdefault(_compared(clean(example.text)), set()).add(example.intent)
    return {line: known.pop() for line, known in intents.items() if line and len(known) == 1}


def _compared(cleaned: str) -> str:
    return " ".join(words_of(cleaned)) or cleaned


class Understander:
    """
    The trained assistant's ear; safe to use from many threads.

    A repeat of a training line is answered by heart, a plain case by its n-grams, the rest with the encoder.
    Without the encoder the n-grams answer alone. `shortcut=False` asks the encoder about all but repeats.
    """

    def __init__(
        self,
        *,
        recipe: Recipe,
        known: Mapping[str, str],
        encoder: Encoder,
        identifier: LanguageIdentifier,
        shortcut: bool = True,
    ) -> None:
        # For the whole process: on a busy machine two BLAS threads took 13 ms for what one does in 0.8.
        _limit_threads(limits=1, user_api="blas")
        self._recipe = recipe
        self._known = known
        self._encoder = encoder
        self._identifier = identifier
        self._shortcut = shortcut
        self._remembered: OrderedDict[tuple[str, str | None], Understanding] = OrderedDict()
        self._remembering = threading.Lock()

    @property
    def recipe(self) -> Recipe:
        """The trained classifier, for measuring it."""
        return self._recipe

    def knowing(self, vectors: Mapping[str, Floats]) -> Understander:
        """Return one like this that asks the encoder only about texts without a vector (by hash) here."""
        return Understander(
            recipe=self._recipe,
            known=self._known,
            encoder=Known(vectors, self._encoder),
            identifier=self._identifier,
            shortcut=self._shortcut,
        )

    def understand(self, text: str, *, language: str | None = None) -> Understanding:
        """Return what the message is; `language` is the conversation's, kept when the text leaves it open."""
        return self.understand_many([text], language=language)[0]

    def understand_many(self, texts: Sequence[str], *, language: str | None = None) -> list[Understanding]:
        """Return what each message is, asking the encoder once for all that need it."""
        cleaned = [clean(text) for text in texts]
        found: dict[str, Understanding] = {}
        hard: dict[str, tuple[Guess, Judgement]] = {}
        for text in dict.fromkeys(cleaned):
            if remembered := self._recall(text, language):
                found[text] = remembered
                continue
            guess = self._identifier.identify(text, current=language)
            if repeat := self._repeat(text, guess):
                found[text] = repeat
                continue
            judgement = self._recipe.judge_words(text, guess.language) if text else NOTHING_KNOWN
            if (judgement.sure and self._shortcut) or not text:
                found[text] = _understanding(judgement, guess, "lexical")
            else:
                hard[text] = guess, judgement
        found |= self._with_encoder(hard)
        with self._remembering:
            for text, understanding in found.items():
                # An answer given while the encoder was away is not worth keeping.
                if text not in hard or understanding.engine == "full":
                    self._remembered[text, language] = understanding
            while len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return [found[text] for text in cleaned]

    def warm(self) -> None:
        """Begin to start what is slow to start, in the background."""
        self._encoder.warm()
        self._identifier.warm()

    def close(self) -> None:
        """End the encoder's process."""
        self._encoder.close()

    def _recall(self, text: str, language: str | None) -> Understanding | None:
        with self._remembering:
            remembered = self._remembered.get((text, language))
            if remembered:
                self._remembered.move_to_end((text, language))
        return remembered

    def _repeat(self, text: str, guess: Guess) -> Understanding | None:
        intent = self._known.get(_compared(text))
        if not intent:
            return None
        ours = intent != OUT_OF_SCOPE
        # The runners-up come from the n-grams: they cost little, and whoever reads the three best wants three.
        others = self._recipe.judge_words(text, guess.language).intents
        runners_up = [IntentGuess(name=name, confidence=0.0) for name, _ in others if name != intent]
        best = [IntentGuess(name=intent, confidence=1.0)] if ours else []
        return Understanding(
            language=guess.language,
            intents=tuple([*best, *runners_up][:3]),
            out_of_scope=not ours,
            engine="exact",
            certain=guess.certain,
            alarm=intent if intent in self._recipe.alarming else None,
        )

    def _with_encoder(self, hard: Mapping[str, tuple[Guess, Judgement]]) -> dict[str, Understanding]:
        if not hard:
            return {}
        vectors = self._encoder.encode(list(hard)) if self._recipe.meaning else None
        if vectors is None:
            return {text: _understanding(judgement, guess, "lexical") for text, (guess, judgement) in hard.items()}
        return {
            text: _understanding(self._recipe.judge(text, vector, guess.language), guess, "full")
            for (text, (guess, _)), vector in zip(hard.items(), vectors, strict=True)
        }


def _understanding(judgement: Judgement, guess: Guess, engine: Engine) -> Understanding:
    return Understanding(
        language=guess.language,
        intents=tuple(IntentGuess(name=name, confidence=share) for name, share in judgement.intents),
        out_of_scope=judgement.out_of_scope,
        engine=engine,
        certain=guess.certain,
        alarm=judgement.alarm,
    )
