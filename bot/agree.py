"""
Two are asked whether they want to know each other; either may say no, or end it later, without a reason.

Nobody hears a name before both said yes. Here only what one of them says is written down: what the other hears of it
comes a moment later, with both held (bot/ask_after.py). Volunteer work has no second newcomer: who says yes to it is
brought together with the organisation by a person of the team.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.describe import limits_of, title_of_offer
from bot.domain.clock import local_day
from bot.domain.days import at
from bot.domain.turn import Choice, OpenCase, Priority, Say
from bot.flows.dialogue import Asking
from bot.naming import listed, words
from bot.participation.fit import Reason
from bot.safety.redaction import mask
from bot.team import take_on
from bot.trajectory.reminders import SENT_AT, next_moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.domain.turn import SlotValue
    from bot.say import Voice
    from bot.store.participation_rows import MatchRow
    from bot.store.rows import ConversationRow, NewcomerRow

LONGEST_NAME = 40
# So long an answer is waited for: who said yes is not left hoping, and no name waits here for ever.
ANSWER_WITHIN = timedelta(days=21)
# Lines of one message that say why; of volunteer work also for whom alone it is.
MOST_REASONS, MOST_LINES = 2, 3
# How long after they agreed both are asked how it goes.
CHECKS = (timedelta(weeks=4), timedelta(weeks=12))
ASKED_SEEKER, ASKED_BUDDY, ASKED_WORK = "utter_match_asked", "utter_match_asked_buddy", "utter_match_asked_work"
ASK_NAME, WAITS, ASKED_TEAM = "utter_match_ask_name", "utter_match_waits", "utter_offer_asked"
DECLINED, ENDED, GONE = "utter_match_declined", "utter_match_ended", "utter_match_gone"
HOW, HOW_WORK = "utter_match_how", "utter_match_how_work"
WELL, NOT_WELL = "utter_match_well", "utter_match_not_well"


def _button(name: str, match_id: str) -> Choice:
    return Choice(payload=f"/match {name} {match_id}", response=f"utter_match_button_{name}")


STOP = Choice(payload="/seek stop", response="utter_seek_button_stop")


def end_button(match_id: str) -> Choice:
    """Return the button that ends it, at any time."""
    return _button("end", match_id)


# ---- asked


def asked(voice: Voice, match: MatchRow, newcomer_id: str) -> Say:
    """Return the question whether somebody wants it: why they may fit, and no name."""
    extra: dict[str, SlotValue] = {"match_reasons": listed(list(_reasons(voice, match))[:MOST_REASONS])}
    below = (_button("yes", match.id), _button("no", match.id))
    if match.offer_id is None:
        response = ASKED_SEEKER if newcomer_id == match.newcomer_id else ASKED_BUDDY
        return Say(response=response, extra=extra, choices=below)
    offer = voice.work.offers.get(match.offer_id)
    limits = limits_of(voice, offer) if offer is not None else ()
    extra["match_reasons"] = listed([*limits, *_reasons(voice, match)][:MOST_LINES])
    return Say(response=ASKED_WORK, extra={**extra, **_title_of(voice, match)}, choices=below)


def _title_of(voice: Voice, match: MatchRow) -> dict[str, SlotValue]:
    """Return what the volunteer work of a match is called, to be filled in."""
    offer = voice.work.offers.get(match.offer_id) if match.offer_id else None
    return {} if offer is None else {"offer_title": title_of_offer(voice, offer)}


def _reasons(voice: Voice, match: MatchRow) -> Iterator[str]:
    beginning = "utter_match_why_" if match.offer_id is None else "utter_offer_why_"
    known = voice.runtime.knowledge.content.languages.all
    shown = set()
    for code, value in match.reasons:
        # One line of each sort; the first is the most telling.
        if code in shown:
            continue
        shown.add(code)
        match code:
            case Reason.LANGUAGE if value in known:
                yield words(voice, f"{beginning}language", language_name=known[value].name)
            case Reason.NEAR:
                yield words(voice, f"{beginning}near")
            case Reason.TIME if match.offer_id is None:
                yield words(voice, f"{beginning}time", wish_words=words(voice, f"utter_wish_time_{value}"))
            case Reason.INTEREST:
                yield words(voice, f"{beginning}interest", wish_words=words(voice, f"utter_wish_interest_{value}"))
            case _:
                pass


# ---- yes, no


def answer(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, match_id: str, said: str) -> None:
    """Take what somebody says of a match: yes, no, that it goes well or not, or that it ends."""
    match = _theirs(voice, newcomer.id, match_id)
    if match is None:
        voice.say(Say(response=GONE))
    elif match.state == "agreed":
        _of_those_who_agreed(voice, newcomer, conversation, match, said)
    elif match.state != "approved" or said not in {"yes", "no", "end"}:
        voice.say(Say(response=GONE))
    elif said != "yes":
        _says_no(voice, newcomer.id, match)
        voice.say(Say(response=DECLINED, choices=(STOP,)))
    elif match.offer_id is not None:
        _wants_to_work(voice, newcomer, conversation, match)
    else:
        voice.work.matches.change(match.id, **{f"{match.side_of(newcomer.id)}_says": "yes"})
        # What the bot was asking before is no question any more: the name would be taken as its answer.
        voice.dialogue = replace(voice.dialogue, stack=(), asking=Asking(kind="match_name", name=match.id))
        voice.say(Say(response=ASK_NAME, choices=(_button("no", match.id),)))


def take_name(voice: Voice, newcomer_id: str, match_id: str, name: str) -> None:
    """Keep the name that the other may know, until both said yes."""
    match = _theirs(voice, newcomer_id, match_id)
    if match is None or match.state != "approved" or match.says(newcomer_id) != "yes":
        voice.say(Say(response=GONE))
        return
    voice.work.matches.keep_name(match, newcomer_id, mask(" ".join(name.split())).text[:LONGEST_NAME])
    voice.work.matches.change(match.id, check_at=voice.now)
    voice.say(Say(response=WAITS, choices=(_button("no", match.id),)))


def stop_all(voice: Voice, newcomer_id: str) -> None:
    """Have somebody who looks for nobody any more say no to whatever they are asked about."""
    for one in voice.work.matches.of(newcomer_id, ("approved",)):
        match = _theirs(voice, newcomer_id, one.id)
        if match is not None and match.state == "approved":
            _says_no(voice, newcomer_id, match)


def _says_no(voice: Voice, newcomer_id: str, match: MatchRow) -> None:
    voice.work.matches.change(match.id, **{f"{match.side_of(newcomer_id)}_says": "no"}, check_at=voice.now)


def _wants_to_work(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, match: MatchRow) -> None:
    offer = voice.work.offers.get(match.offer_id or "")
    if offer is None or offer.state != "published" or match.other_says == "no":
        voice.work.matches.change(match.id, newcomer_says="no", check_at=voice.now)
        voice.say(Say(response=GONE))
        return
    agreed = {"newcomer_says": "yes", "state": "agreed", "agreed_at": voice.now, "check_at": first_check(voice.now)}
    voice.work.matches.change(match.id, **agreed)
    ask_team(voice, newcomer, conversation, "match_work", f"{offer.title} ({offer.organisation})")
    voice.say(Say(response=ASKED_TEAM, extra=_title_of(voice, match)))


def first_check(agreed_at: datetime) -> datetime:
    """Return when both are asked for the first time how it goes."""
    return check_moment(agreed_at, 0)


def check_moment(agreed_at: datetime, number: int) -> datetime:
    """Return when both are asked how it goes, for the first time (0) or the second (1): at ten, on no day of rest."""
    return next_moment(at(local_day(agreed_at + CHECKS[number]), SENT_AT))


# ---- afterwards


def _of_those_who_agreed(
    voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, match: MatchRow, said: str
) -> None:
    match said:
        case "no" | "end":
            voice.work.matches.change(
                match.id, state="ended", ended_at=voice.now, ended_by=newcomer.id, check_at=voice.now
            )
            voice.say(Say(response=ENDED, choices=(STOP,)))
        case "well":
            voice.say(Say(response=WELL))
        case "not_well":
            ask_team(voice, newcomer, conversation, "match_not_well", "")
            voice.say(Say(response=NOT_WELL, choices=(end_button(match.id),)))
        case _:
            voice.say(how_it_goes(voice, match))


def how_it_goes(voice: Voice, match: MatchRow) -> Say:
    """Return the question how it goes, with its answers."""
    choices = (_button("well", match.id), _button("not_well", match.id), end_button(match.id))
    response = HOW if match.offer_id is None else HOW_WORK
    return Say(response=response, extra=_title_of(voice, match), choices=choices)


def ask_team(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, reason: str, summary: str) -> None:
    """Open a question for the team: somebody is brought together, or helped, by a person."""
    question = "volunteering" if reason == "match_work" else "buddy_match"
    ask = OpenCase(reason=reason, priority=Priority.NORMAL, topic="social", question=question, summary=summary)
    voice.learn(take_on(voice, newcomer, conversation, ask))


def _theirs(voice: Voice, newcomer_id: str, match_id: str) -> MatchRow | None:
    match = voice.work.matches.hold(match_id)
    return match if match is not None and match.side_of(newcomer_id) is not None else None
