"""
A reply is prepared: texts to choose from, filled in for one newcomer, and whether somebody who speaks it has read them.

Nothing here sends anything. Whose reading counts is asked here; a reading counts until the words change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from bot.content.render import PLACEHOLDER, Known, Reader
from bot.domain.languages import SOURCE
from bot.domain.words import CANNED, TYPED
from bot.handoff.case import Decline, Role
from bot.safety.redaction import mask
from bot.store.checked_texts import digest_of
from bot.team import receipt
from bot.translate import CRISIS, NO_SERVICE, TranslationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.languages import Direction
    from bot.domain.turn import Message, SlotValue
    from bot.knowledge.knowledge import Knowledge
    from bot.runtime import Runtime
    from bot.store.rows import CaseRow, CheckedRow, UserRow
    from bot.store.work import Work

# What stands where nothing was typed: seen at once, and found again by who looks for it.
GAP = "[ … ]"
LONGEST_TYPED = 200
ASKS_FOR_PHOTOS = frozenset({f"{CANNED}send_photo"})
LETTER_PHOTOS = "letter_photos"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Somebody who speaks the language has read these very words."""

    by: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Version:
    """A text in one language, every variant; None of `texts` when it is not translated. `digest` is what is signed."""

    language: str
    direction: Direction
    texts: tuple[str, ...] | None
    digest: str
    checked: Checked | None
    may_sign: bool


@dataclass(frozen=True, kw_only=True)
class Canned:
    """A text to choose from: in every language, what is filled in, and in which catalogue an author finds it."""

    name: str
    topic: str
    dutch: str
    typed: tuple[str, ...]
    known: tuple[str, ...]
    versions: tuple[Version, ...]
    is_offered: bool

    @property
    def short(self) -> str:
        """The name without what all of them begin with."""
        return self.name.removeprefix(CANNED)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A text filled in for one newcomer; `dutch` says the same, `missing` what nobody typed yet."""

    name: str
    text: str = field(repr=False)
    language: str
    direction: Direction
    dutch: str = field(repr=False)
    typed: tuple[str, ...]
    missing: tuple[str, ...]
    checked: Checked | None

    @property
    def short(self) -> str:
        """The name without what all of them begin with."""
        return self.name.removeprefix(CANNED)


def names(knowledge: Knowledge) -> tuple[str, ...]:
    """Return the names of the texts, in the order in which an author wrote them."""
    return tuple(name for name in knowledge.content.responses if name.startswith(CANNED))


def blanks(knowledge: Knowledge, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what somebody types into a text, and what the desk knows by itself."""
    found = {
        place for variant in knowledge.content.responses[name].variants for place in PLACEHOLDER.findall(variant.text)
    }
    return tuple(place for place in TYPED if place in found), tuple(sorted(found.difference(TYPED)))


def all_of_them(runtime: Runtime, who: str) -> tuple[Canned, ...]:
    """Return every text in every language, and which of them this person may sign as read."""

    def look(work: Work) -> tuple[Canned, ...]:
        user = work.users.get(who)
        readings = _Readings(runtime, work)
        offers = letter_photos_allowed(work, runtime.knowledge)
        return tuple(_canned(runtime, name, readings, user, offers) for name in names(runtime.knowledge))

    return runtime.database.read(look)


def offered(runtime: Runtime) -> tuple[str, ...]:
    """Return the names of the texts that can be chosen now."""
    allowed = runtime.database.read(lambda work: letter_photos_allowed(work, runtime.knowledge))
    return tuple(name for name in names(runtime.knowledge) if allowed or name not in ASKS_FOR_PHOTOS)


def _canned(runtime: Runtime, name: str, readings: _Readings, user: UserRow | None, offers_photos: bool) -> Canned:
    content = runtime.knowledge.content
    typed, known = blanks(runtime.knowledge, name)
    versions = []
    for code in content.languages.all:
        texts = runtime.renderer.written(name, code)
        versions.append(
            Version(
                language=code,
                direction=content.languages.direction(code),
                texts=texts,
                digest=digest_of(texts).hex() if texts else "",
                checked=readings.of(name, code, texts),
                may_sign=texts is not None and user is not None and _reads(user, code),
            )
        )
    return Canned(
        name=name,
        topic=content.responses[name].topic,
        dutch=content.responses[name].variants[-1].text,
        typed=typed,
        known=known,
        versions=tuple(versions),
        is_offered=offers_photos or name not in ASKS_FOR_PHOTOS,
    )


def letter_photos_allowed(work: Work, knowledge: Knowledge) -> bool:
    """Return whether newcomers may be asked for photos: as the organisation decided last."""
    decided = work.decisions.current(LETTER_PHOTOS)
    if decided is None:
        return knowledge.content.letter_photos_allowed
    return isinstance(decided.value, dict) and decided.value.get("allowed") is True


# ---- read by somebody who speaks it


class _Readings:
    """Who has read what, as far as the words are still the same."""

    def __init__(self, runtime: Runtime, work: Work) -> None:
        self._renderer = runtime.renderer
        self._work = work
        self._rows: Mapping[tuple[str, str], CheckedRow] = {
            (row.name, row.language): row for row in work.checked_texts.all()
        }

    def of(self, name: str, language: str, texts: tuple[str, ...] | None) -> Checked | None:
        row = self._rows.get((name, language))
        if row is None or texts is None or row.digest != digest_of(texts):
            return None
        reader = self._work.users.get(row.user_id)
        return Checked(by=reader.pseudonym if reader else None, at=row.at)


def _reads(user: UserRow, language: str) -> bool:
    """Return whether this person's reading of a text in this language counts."""
    return user.active and (Role.CONTENT_EDITOR.value in user.roles or language in user.languages)


def sign(runtime: Runtime, who: str, name: str, language: str, *, digest: str) -> Decline | None:
    """Write down that somebody read a text in a language they speak; `digest` is of the words that they saw."""

    def write(work: Work) -> Decline | None:
        user = work.users.get(who)
        if name not in names(runtime.knowledge) or language not in runtime.knowledge.content.languages.all:
            return Decline.GONE
        if user is None or not user.active:
            return Decline.NO_ACCOUNT
        if not _reads(user, language):
            return Decline.NOT_YOUR_ROLE
        texts = runtime.renderer.written(name, language)
        if texts is None or digest_of(texts).hex() != digest:
            return Decline.CHANGED
        work.checked_texts.sign(name, language, digest_of(texts), user_id=who, now=runtime.clock.now())
        return None

    return runtime.database.write(write)


# ---- filled in


def fill(  # noqa: PLR0913  # by name, for whom and with what
    runtime: Runtime, who: str, case: CaseRow, name: str, *, language: str, typed: Mapping[str, str]
) -> Filled | None:
    """
    Return a text in the newcomer's language (else in the next that it is translated into), and in Dutch.

    None when there is no such text, or it is not offered.
    """
    if name not in offered(runtime):
        return None
    now = runtime.clock.now()
    asks, _ = blanks(runtime.knowledge, name)
    given = {place: value for place in asks if (value := _typed(place, typed.get(place, ""))) is not None}

    def look(work: Work) -> Filled | None:
        user = work.users.get(who)
        if user is None:
            return None
        known: dict[str, SlotValue] = {
            **receipt(runtime, work, case, now),
            "case_number": str(case.number),
            "reply_name": user.pseudonym,
            **dict.fromkeys(TYPED, GAP),
            **given,
        }
        message = _said(runtime, name, language, known, now)
        readings = _Readings(runtime, work)
        return Filled(
            name=name,
            text=message.text,
            language=message.language,
            direction=message.direction,
            dutch=_said(runtime, name, SOURCE, known, now).text,
            typed=asks,
            missing=tuple(place for place in asks if place not in given),
            checked=readings.of(name, message.language, runtime.renderer.written(name, message.language)),
        )

    return runtime.database.read(look)


def _said(runtime: Runtime, name: str, language: str, known: Mapping[str, SlotValue], now: datetime) -> Message:
    # A person speaks: no explanation of official words below it, and no line about the language.
    explained = frozenset({*runtime.knowledge.content.terms, f"language:{language}"})
    reader = Reader(language=language, explained=explained)
    return runtime.renderer.render(name, reader, Known(extra=known), now=now).message


def _typed(place: str, value: str) -> SlotValue:
    """Return what was typed, as it is filled in; None when there is nothing, or it is no day."""
    words = " ".join(value.split())[:LONGEST_TYPED]
    if place != "reply_date":
        # Stars would make a part of it bold, braces would be taken for something to fill in.
        return mask(words.translate(_PLAIN)).text or None
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


_PLAIN = str.maketrans(dict.fromkeys("*{}"))


# ---- in another language, by a machine


def translated(runtime: Runtime, text: str, *, source: str, target: str, crisis: bool) -> str:
    """
    Return a machine's translation of what a newcomer or somebody of the team wrote; nothing of it is stored.

    Raises:
        TranslationError: there is none: no service, a crisis, or what the service said.

    """
    if runtime.translator is None:
        raise TranslationError(NO_SERVICE)
    if crisis:
        raise TranslationError(CRISIS)
    # What a newcomer wrote was masked when it came in; what somebody of the team is writing was not.
    return runtime.translator.translate(mask(text).text, source, target)
