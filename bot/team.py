"""What the team's side means for a newcomer: whose a question becomes, when somebody is there, what a receipt says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.content.dates import told_hours
from bot.domain.clock import AMSTERDAM, local_day
from bot.domain.turn import Priority, Say
from bot.flows.dialogue import VERSION, Dialogue
from bot.handoff.case import Outcome, Status, is_unasked
from bot.handoff.hours import OFFICE, answer_by, is_open, next_opening, working_between
from bot.handoff.routing import Facts, team_for
from bot.say import voice_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.turn import OpenCase, SlotValue
    from bot.handoff.hours import Hours
    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.rows import CaseRow, ConversationRow, NewcomerRow
    from bot.store.work import Work

# What people who asked in this time had to wait says how long somebody who asks now may have to.
MEASURED = timedelta(days=28)


def take_on(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, ask: OpenCase) -> dict[str, SlotValue]:
    """Give the question to the team that it is for; return what the receipt says."""
    work, now = voice.work, voice.now
    before = work.cases.open_for(newcomer.id)
    if newcomer.consent_at is not None:
        # What waited for "the earlier question or a new one?" is answered by this: the team reads it all.
        work.inbox.mark_read([row.id for row in work.inbox.held(conversation.id)])
    case = work.cases.open(
        newcomer.id,
        conversation.id,
        reason=ask.reason,
        priority=ask.priority.value,
        topic=ask.topic,
        question_id=ask.question,
        language=voice.language,
        summary=ask.summary or None,
        now=now,
        team=team_for(_facts(voice, ask), voice.runtime.knowledge.organisation),
    )
    return {"case_number": str(case.number), "case_is_new": before is None, **receipt(voice.runtime, work, case, now)}


def team_of_coach(runtime: Runtime, work: Work, newcomer: NewcomerRow) -> str:
    """Return the team of the person's coach; who has no coach belongs to the team for all the rest."""
    coach = work.users.get(newcomer.coach_id) if newcomer.coach_id else None
    teams = [name for name in runtime.knowledge.organisation.teams if coach and coach.active and name in coach.teams]
    return next(iter(teams), runtime.knowledge.organisation.otherwise)


def take_up_again(  # noqa: PLR0913, PLR0917  # where, which, what was added, by whom, when
    runtime: Runtime, work: Work, conversation_id: str, case_id: str, summary: str, actor: str, now: datetime
) -> dict[str, SlotValue]:
    """Put the earlier question back into the queue with all that was written since; return what the receipt says."""
    held = work.inbox.held(conversation_id)
    words = [str(row.body.get("text") or "") for row in held] + [summary]
    work.inbox.mark_read([row.id for row in held])
    added = "\n\n".join(word for word in words if word) or None
    case = work.cases.reopen(case_id, conversation_id, summary=added, actor=actor, now=now)
    if case is None:
        return {}
    return {"case_number": str(case.number), "case_is_new": True, **receipt(runtime, work, case, now)}


def _facts(voice: Voice, ask: OpenCase) -> Facts:
    slots = voice.dialogue.slots
    age, place = slots.get("age"), slots.get("municipality")
    return Facts(
        crisis=ask.priority is Priority.CRISIS,
        age=int(age) if isinstance(age, (int, Decimal)) else None,
        language=voice.language,
        topic=ask.topic,
        question=ask.question,
        municipality=str(place) if place is not None else None,
    )


def receipt(runtime: Runtime, work: Work, case: CaseRow, now: datetime) -> Mapping[str, SlotValue]:
    """Return what a receipt may say: how many come before, when the team is there, by when most have an answer."""
    before: dict[str, SlotValue] = {}
    if case.state == Status.QUEUED:
        before = {"cases_before": work.cases.waiting_before(case)}
    hours = hours_of(runtime, case.team)
    if hours is None:
        return before
    opens = next_opening(hours, now)
    known: dict[str, SlotValue] = {"team_hours": told_hours(hours.week), "team_is_open": is_open(hours, now)}
    if opens is not None:
        known |= {"team_opens_on": local_day(opens), "team_opens_at": f"{opens.astimezone(AMSTERDAM):%H:%M}"}
    answers = work.cases.first_answers(case.team, now - MEASURED)
    waits = [working_between(hours, asked, answered) for asked, answered in answers]
    return before | known | {"answer_by": answer_by(hours, now, waits)}


def hours_of(runtime: Runtime, team: str) -> Hours | None:
    """Return when a team is there, as somebody told us; None while nobody did."""
    organisation = runtime.knowledge.organisation
    found = organisation.teams.get(team)
    if found is None or found.hours is None:
        return None
    return replace(found.hours, closed_on=found.hours.closed_on | organisation.closed_on)


def clock_of(runtime: Runtime, team: str) -> Hours:
    """Return the hours by which our own timers go: the team's, or office hours while nobody told us them."""
    return hours_of(runtime, team) or replace(OFFICE, closed_on=runtime.knowledge.organisation.closed_on)


def voice_to(runtime: Runtime, work: Work, conversation_id: str) -> Voice | None:
    """Return a voice that goes on with what was shown here; None when the newcomer wants nothing, or is leaving."""
    conversation = work.conversations.get(conversation_id)
    newcomer = work.newcomers.get(conversation.newcomer_id) if conversation else None
    voice = voice_in(runtime, work, conversation_id)
    if conversation is None or newcomer is None or voice is None or newcomer.status != "active":
        return None
    voice.dialogue = Dialogue.from_json(conversation.state.decode() if conversation.state else None)
    return voice


def remember(voice: Voice) -> None:
    """Keep what was shown and explained, so that the words of its buttons are understood."""
    state = voice.dialogue.to_json().encode()
    voice.work.conversations.save_state(voice.conversation_id, state, version=VERSION, now=voice.now)


def back_to_the_bot(voice: Voice) -> None:
    """Have the bot begin afresh: what it was asking before a person came is no question any more."""
    voice.dialogue = replace(voice.dialogue, stack=(), offered=(), crisis=None, misses=0)


def say_closed(runtime: Runtime, work: Work, case: CaseRow) -> None:
    """Tell the newcomer that the case is closed, or that the bot has it again; the bot begins afresh."""
    voice = voice_to(runtime, work, case.conversation_id)
    if voice is None or is_unasked(case.reason, case.first_answered_at):
        return
    back_to_the_bot(voice)
    given_back = case.outcome == Outcome.HANDED_BACK
    response = "utter_desk_given_back" if given_back else "utter_desk_closed"
    voice.say(Say(response=response, extra={"case_number": str(case.number)}))
    remember(voice)
