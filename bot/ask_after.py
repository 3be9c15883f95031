"""
What becomes of a match that was approved: both are asked; both said yes, or one did not, or it ended; how it goes.

What is said to both, and that it was, are one unit of work with both held: nobody is told anything twice. They are
asked at a moment that suits both, by the rules of every reminder; what became of it waits for the morning.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.agree import ANSWER_WITHIN, CHECKS, STOP, ask_team, asked, check_moment, end_button, first_check, how_it_goes
from bot.domain.days import is_day, next_morning
from bot.domain.turn import Say
from bot.recall import counts, done
from bot.remind import AT_ONCE, TRY_AGAIN, around_of
from bot.team import remember, voice_to
from bot.trajectory.meetings import nudge_of
from bot.trajectory.reminders import reason_to_hold

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.participation_rows import MatchRow
    from bot.store.work import Work

A_DAY = timedelta(days=1)
AGREED, OFF, OVER = "utter_match_agreed", "utter_match_off", "utter_match_over"


def mark_of(newcomer_id: str) -> str:
    """Return by what the team tells apart the people of matches."""
    return newcomer_id[-4:].upper()


def look_after_due(runtime: Runtime, limit: int = AT_ONCE) -> int:
    """Do what became due for matches; return of how many something was looked at."""
    now = runtime.clock.now()
    due = runtime.database.read(lambda work: work.matches.due(now, limit))
    return sum(done(runtime, partial(_look, runtime, one), partial(_later, one, now)) for one in due)


def _later(match_id: str, now: datetime, work: Work) -> None:
    work.matches.change(match_id, check_at=now + TRY_AGAIN)


def _look(runtime: Runtime, match_id: str, work: Work) -> bool:
    now = runtime.clock.now()
    before = work.matches.get(match_id)
    if before is None:
        return False
    # People before what they are in, as everybody holds them.
    work.trajectories.hold(*before.people)
    match = work.matches.hold(match_id)
    if match is None or match.check_at is None or match.check_at > now or match.people != before.people:
        return False
    if match.state == "approved" and match.approved_at is None and "no" not in {match.newcomer_says, match.other_says}:
        ask_both(runtime, work, match, now)
        return True
    if match.state != "agreed" and not is_day(now):
        work.matches.change(match.id, check_at=next_morning(now))
        return True
    match match.state:
        case "approved" if "no" in {match.newcomer_says, match.other_says}:
            work.matches.change(match.id, state="refused", ended_at=now)
            _part(runtime, work, match, OFF)
        case "approved" if all(match.is_complete(one) for one in match.people):
            _agree(runtime, work, match, now)
        case "agreed":
            return _ask(runtime, work, match, now)
        case "refused" | "ended":
            _part(runtime, work, match, OVER if match.agreed_at is not None else OFF)
        case "approved" if match.approved_at is not None and now < match.approved_at + ANSWER_WITHIN:
            work.matches.change(match.id, check_at=match.approved_at + ANSWER_WITHIN)
        case "approved":
            work.matches.change(match.id, state="refused", ended_at=now)
            _part(runtime, work, match, OFF)
        case _:
            work.matches.change(match.id, check_at=None)
    return True


def _agree(runtime: Runtime, work: Work, match: MatchRow, now: datetime) -> None:
    """Tell each by which name the other wants to be known; where that cannot be, nobody hears a name."""
    voices = {one: _voice(runtime, work, one) for one in match.people}
    if None in voices.values():
        _wait_for_both(runtime, work, match, now)
        return
    names = work.matches.take_names(match)
    told = []
    for newcomer_id, voice in voices.items():
        other = next(one for one in match.people if one != newcomer_id)
        assert voice is not None
        voice.say(Say(response=AGREED, extra={"match_name": names[other]}, choices=(end_button(match.id),)))
        remember(voice)
        told.append(voice.last)
        _arranged(voice, work, match, newcomer_id)
    work.matches.change(match.id, state="agreed", agreed_at=now, check_at=first_check(now), name_outbox_ids=told)


def _wait_for_both(runtime: Runtime, work: Work, match: MatchRow, now: datetime) -> None:
    """Look again tomorrow whether both can be told: one said STOP since. It is off when that lasts too long."""
    assert match.approved_at is not None
    if now < match.approved_at + ANSWER_WITHIN:
        work.matches.change(match.id, check_at=now + A_DAY)
        return
    work.matches.change(match.id, state="refused", ended_at=now)
    _part(runtime, work, match, OFF)


def _arranged(voice: Voice, work: Work, match: MatchRow, newcomer_id: str) -> None:
    """Have a person of the team arrange the first meeting, as both were told."""
    newcomer, conversation = work.newcomers.get(newcomer_id), work.conversations.get(voice.conversation_id)
    if newcomer is not None and conversation is not None:
        ask_team(voice, newcomer, conversation, "match_agreed", " + ".join(mark_of(one) for one in match.people))


def _part(runtime: Runtime, work: Work, match: MatchRow, response: str) -> None:
    """Tell who did not say so themselves that it does not go on; who still looks is open to others again."""
    work.matches.drop_names(match.id)
    work.matches.change(match.id, check_at=None)
    work.seekings.set_state(seekings_of(match), "open")
    # Who was not asked yet has nothing to hear.
    for newcomer_id in match.people if match.approved_at is not None else ():
        voice = _voice(runtime, work, newcomer_id)
        if voice is not None and match.says(newcomer_id) != "no" and match.ended_by != newcomer_id:
            voice.say(Say(response=response, choices=(STOP,)))
            remember(voice)


def seekings_of(match: MatchRow) -> tuple[str, ...]:
    """Return what of both sides a match answers."""
    return (match.seeking_id,) if match.other_seeking_id is None else (match.seeking_id, match.other_seeking_id)


def ask_both(runtime: Runtime, work: Work, match: MatchRow, now: datetime) -> bool:
    """
    Ask who did not answer yet whether they want it, at a moment that suits both; return whether they are asked now.

    Who cannot be asked any more leaves the other to somebody else: it is a suggestion again.
    """
    people = [one for one in match.people if not match.is_complete(one)]
    offer = work.offers.get(match.offer_id) if match.offer_id else None
    voices = [_voice(runtime, work, one) for one in people]
    if None in voices or (match.offer_id is not None and (offer is None or offer.state != "published")):
        work.matches.change(match.id, state="suggested", approved_by=None, check_at=None)
        work.seekings.set_state(seekings_of(match), "open")
        return False
    until = held_until(work, people, now)
    if until is not None:
        work.matches.change(match.id, check_at=until)
        return False
    for newcomer_id, voice in zip(people, voices, strict=True):
        assert voice is not None
        voice.say(asked(voice, match, newcomer_id))
        remember(voice)
        counts(voice, newcomer_id)
    # Where nobody is left to ask, both are told at once.
    work.matches.change(match.id, approved_at=now, check_at=now + ANSWER_WITHIN if people else now)
    return True


def held_until(work: Work, people: Iterable[str], now: datetime) -> datetime | None:
    """Return until when one of these people is left in peace; None when all may be asked something now."""
    found = [work.newcomers.get(one) for one in people]
    held = [reason_to_hold(nudge_of(now), around_of(work, one, now)) for one in found if one is not None]
    return max((one.until for one in held if one is not None and one.until is not None), default=None)


def _ask(runtime: Runtime, work: Work, match: MatchRow, now: datetime) -> bool:
    """Ask both how it goes, politely: at a moment that suits both of them."""
    assert match.agreed_at is not None
    until = held_until(work, match.people, now)
    if until is not None:
        work.matches.change(match.id, check_at=until)
        return True
    for newcomer_id in match.people:
        voice = _voice(runtime, work, newcomer_id)
        if voice is not None:
            voice.say(how_it_goes(voice, match), bulk=True)
            remember(voice)
            counts(voice, newcomer_id)
    # What could not be asked in time is not asked twice in a row.
    asked = max(match.checks + 1, sum(match.agreed_at + span <= now for span in CHECKS))
    following = check_moment(match.agreed_at, asked) if asked < len(CHECKS) else None
    work.matches.change(match.id, checks=asked, check_at=following)
    return True


def _voice(runtime: Runtime, work: Work, newcomer_id: str) -> Voice | None:
    where = work.newcomers.reminder_conversation(newcomer_id)
    return voice_to(runtime, work, where) if where else None
