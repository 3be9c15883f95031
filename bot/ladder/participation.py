"""
Taking part in the chat: finding an offer, signing up, telling one's wishes, looking for somebody.

Every door is a button, or the answer to what was just asked; what there is to take part in only the world knows, so
each effect says itself how it went.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.domain.taking_part import (
    AnswerMatch,
    AskSeeking,
    AskWish,
    DropWishes,
    FindOffers,
    JoinOffer,
    LeaveOffer,
    SayHowItWas,
    Seek,
    SetWeek,
    ShowOffer,
    ShowSignUps,
    ShowWishes,
    StopSeeking,
    TellName,
    TellSeeking,
    TellWish,
    WantOffer,
)
from bot.domain.turn import Kind
from bot.ladder.turn import Decision, decided
from bot.nlu.slot_values import is_skip, plain_digits
from bot.nlu.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.taking_part import TakingPart
    from bot.ladder.turn import Turn

# What is asked for the wishes, in this order; bot/join_in.py knows the answers.
WISHES = ("interests", "area", "times", "languages", "limits")
KINDS = ("buddy", "be_buddy", "volunteer", "can_offer")
LONGEST_WORDS = 500
# What has more words than a first name has, a digit or a question mark, is no name.
MOST_WORDS_OF_A_NAME = 3
_NO_NAME = re.compile(r"[\d?؟/@:]")
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_WISH, _KIND = "|".join(WISHES), "|".join(KINDS)
# The four digits of a Dutch postcode, with or without its letters. No postcode begins with 0.
_AREA = re.compile(r"(?<!\d)([1-9]\d{3})(?:\s?[A-Za-z]{2})?(?![\dA-Za-z])")
_DIGIT = re.compile(r"\d")
# While one of these is asked about, the same subject named again is the answer, in more words.
OF_THIS = frozenset({"activities_language_cafe", "buddy_match", "volunteering"})
# What understanding is surely about; less sure it may be the answer that was asked for.
ANOTHER_SUBJECT = 0.55

_PRESSED: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], TakingPart]], ...] = (
    (
        re.compile(r"/offers(?: (activity|volunteer))?(?: more (\d{1,3}))?"),
        lambda found: FindOffers(what=found[1] or "activity", after=int(found[2] or 0)),
    ),
    (
        re.compile(r"/offers task ([a-z][a-z0-9_]{0,63})(?: more (\d{1,3}))?"),
        lambda found: FindOffers(task=found[1], after=int(found[2] or 0)),
    ),
    (re.compile(rf"/offer ({_ID})"), lambda found: ShowOffer(id=found[1])),
    (re.compile(rf"/join ({_ID})"), lambda found: JoinOffer(occasion=found[1])),
    (re.compile(rf"/leave ({_ID})"), lambda found: LeaveOffer(occasion=found[1])),
    (re.compile(rf"/want ({_ID})"), lambda found: WantOffer(offer=found[1])),
    (re.compile(r"/signed_up"), lambda _: ShowSignUps()),
    (re.compile(r"/how_was_it"), lambda _: SayHowItWas()),
    (
        re.compile(rf"/how_was_it ({_ID}) (good|bad|not_there)"),
        lambda found: SayHowItWas(occasion=found[1], said=found[2]),
    ),
    (re.compile(r"/profile"), lambda _: ShowWishes()),
    (re.compile(r"/profile tell"), lambda _: AskWish(name=WISHES[0], go_on=True)),
    (re.compile(r"/profile forget"), lambda _: DropWishes()),
    (re.compile(rf"/profile ask ({_WISH})"), lambda found: AskWish(name=found[1])),
    (
        re.compile(rf"/profile ({_WISH}) ([a-z0-9_+]+) ([01])"),
        lambda found: TellWish(name=found[1], value=None if found[2] == "skip" else found[2], go_on=found[3] == "1"),
    ),
    (re.compile(r"/week[ _](on|off)"), lambda found: SetWeek(on=found[1] == "on")),
    (re.compile(r"/seek"), lambda _: AskSeeking()),
    (re.compile(rf"/seek ({_KIND})"), lambda found: Seek(kind=found[1])),
    (re.compile(rf"/seek ({_KIND}) skip"), lambda found: TellSeeking(kind=found[1], words=None)),
    (re.compile(r"/seek stop"), lambda _: StopSeeking()),
    (
        re.compile(rf"/match (yes|no|well|not_well|end) ({_ID})"),
        lambda found: AnswerMatch(match=found[2], said=found[1]),
    ),
)


def pressed(turn: Turn) -> Decision | None:
    """Take a button of an offer or a wish, also while a person of the team has the conversation."""
    said = (turn.heard.payload or turn.heard.text).strip()
    if not said.startswith("/"):
        return None
    for pattern, meant in _PRESSED:
        if found := pattern.fullmatch(said):
            return decided(replace(turn.dialogue, asking=None, misses=0), meant(found))
    return None


def told(turn: Turn) -> Decision | None:
    """Read the answer to what was asked of somebody's wishes; what is surely about something else is no answer."""
    asking = turn.dialogue.asking
    if asking is None or turn.heard.kind is not Kind.TEXT or turn.heard.payload is not None:
        return None
    if turn.person.helped_by_person or turn.dialogue.collecting is not None:
        return None
    calm = replace(turn.dialogue, asking=None, misses=0)
    skips = is_skip(turn.heard.text, turn.knowledge.words)
    match asking.kind:
        case "wish":
            go_on = bool(asking.left)
            if skips:
                return decided(calm, TellWish(name=asking.name, value=None, go_on=go_on))
            said = plain_digits(clean(turn.heard.text))
            if asking.name != "area" or not _DIGIT.search(said):
                return None
            found = _AREA.search(said)
            return decided(calm, TellWish(name="area", value=found[1] if found else "", go_on=go_on))
        case "seek":
            words = None if skips else turn.heard.text.strip()[:LONGEST_WORDS]
            return None if _is_about_something_else(turn) else decided(calm, TellSeeking(kind=asking.name, words=words))
        case "match_name":
            name = _name(turn)
            return decided(calm, TellName(match=asking.name, name=name)) if name else None
        case _:
            return None


def _name(turn: Turn) -> str | None:
    """Return the first name that somebody wrote; None when it is something else."""
    name = turn.heard.text.strip()
    is_name = bool(name) and len(name.split()) <= MOST_WORDS_OF_A_NAME and not _NO_NAME.search(name)
    return name if is_name and not _is_about_something_else(turn) else None


def _is_about_something_else(turn: Turn) -> bool:
    understood = turn.understood
    if understood is None or understood.out_of_scope or not understood.intents:
        return False
    best = understood.intents[0]
    flow = turn.knowledge.flow_of_intent.get(best.name)
    return best.confidence >= ANOTHER_SUBJECT and flow is not None and flow not in OF_THIS
