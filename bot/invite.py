"""
Somebody is invited to a session of their group, or to an appointment: they are told, they answer, it moves or not.

An appointment is a session with one guest. What a person answers to a message to their group is given to their coach
here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.clock import AMSTERDAM
from bot.domain.turn import Choice, Say
from bot.handoff.case import Role
from bot.naming import title_of, words
from bot.team import remember, team_of_coach, voice_to
from bot.trajectory.meetings import reminder_moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.turn import SlotValue
    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.rows import ConversationRow, NewcomerRow
    from bot.store.trajectory_rows import GuestRow, SessionOfGroupRow
    from bot.store.work import Work

# What a session without a template is.
FREE, APPOINTMENT = "free", "appointment"
# The reason of a case in which somebody answers a message to their group.
GROUP_MESSAGE = "group_message"
INVITED, MOVED, CANCELLED = "utter_session_invited", "utter_session_moved", "utter_session_cancelled"
REMINDED = "utter_session_reminder"
COMES, COMES_NOT, GONE = "utter_session_comes", "utter_session_comes_not", "utter_session_gone"
OF_GROUP, WITH_COACH = "utter_session_of_group", "utter_session_with_coach"
YES, NO = "utter_session_button_yes", "utter_session_button_no"
# The answers below each. Only the first press on a message counts, so who changes their mind finds the other one below
# what they are answered.
BELOW: Mapping[str, tuple[str, ...]] = {
    INVITED: (YES, NO),
    MOVED: (YES, NO),
    REMINDED: (YES, NO),
    CANCELLED: (),
    COMES: (NO,),
    COMES_NOT: (YES,),
}
PASSED_ON = "utter_group_answer_passed"


# ---- told


def tell(runtime: Runtime, work: Work, session: SessionOfGroupRow, newcomer_id: str, response: str) -> None:
    """Tell somebody of a session where their reminders go; not who has not agreed yet, or wants nothing."""
    newcomer = work.newcomers.get(newcomer_id)
    where = work.newcomers.reminder_conversation(newcomer_id)
    voice = voice_to(runtime, work, where) if where and newcomer and newcomer.consent_at else None
    if voice is None:
        work.group_sessions.told(session.id, newcomer_id, None)
        return
    voice.say(said_of(voice, session, response), bulk=True)
    remember(voice)
    work.group_sessions.told(session.id, newcomer_id, voice.last)


def said_of(voice: Voice, session: SessionOfGroupRow, response: str) -> Say:
    """Return what is said of a session, with the answers that can be given to it."""
    choices = tuple(
        Choice(payload=f"/session {answer} {session.id}", response=button)
        for answer, button in (("yes", YES), ("no", NO))
        if button in BELOW[response]
    )
    return Say(response=response, extra=_facts(voice, session), choices=choices)


def _facts(voice: Voice, session: SessionOfGroupRow) -> dict[str, SlotValue]:
    meets = session.at.astimezone(AMSTERDAM)
    return {
        "session_title": _title(voice, session),
        "session_day": meets.date(),
        "session_time": f"{meets:%H:%M}",
        "session_place": session.place,
    }


def _title(voice: Voice, session: SessionOfGroupRow) -> str:
    """Return what it is called; where nobody looking over a shoulder may read what it is about, only what it is."""
    if not session.template:
        return session.subject or words(voice, WITH_COACH if session.task == APPOINTMENT else OF_GROUP)
    template = voice.runtime.knowledge.trajectories.get(session.template)
    known = template.tasks.get(session.task) if template else None
    hidden = known is None or known.sensitive
    return words(voice, OF_GROUP) if hidden else title_of(voice, session.task)


# ---- answered


def answer(voice: Voice, newcomer_id: str, session_id: str, *, comes: bool) -> None:
    """Take whether somebody comes; who does not is not reminded. An old button says that it is over."""
    found = voice.work.group_sessions.invitation(session_id, newcomer_id)
    if found is None or not is_coming(found[0], voice.now):
        voice.say(Say(response=GONE))
        return
    session, guest = found
    voice.work.group_sessions.answer(session.id, newcomer_id, "yes" if comes else "no")
    voice.work.group_sessions.wind(session.id, newcomer_id, _reminder(session, guest, voice.now) if comes else None)
    voice.say(said_of(voice, session, COMES if comes else COMES_NOT))


def _reminder(session: SessionOfGroupRow, guest: GuestRow, now: datetime) -> datetime | None:
    # One that a rule holds back at this moment goes on waiting.
    return guest.remind_at or reminder_moment(session.at, now)


def is_coming(session: SessionOfGroupRow, now: datetime) -> bool:
    """Return whether a session is still to be."""
    return session.state == "planned" and session.at > now


# ---- what answers a message to the group


def to_the_coach(
    voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, letter_id: str, text: str
) -> dict[str, SlotValue]:
    """
    Give what somebody wrote to their coach as a case that is the coach's at once; return what the receipt says.

    Who has an open case keeps it, with whom it is: the words are added there, and the coach sees that they wrote.
    """
    work, now = voice.work, voice.now
    work.group_letters.answered(letter_id, now)
    is_new = work.cases.open_for(newcomer.id) is None
    case = work.cases.open(
        newcomer.id,
        conversation.id,
        reason=GROUP_MESSAGE,
        priority="normal",
        topic=None,
        question_id=None,
        language=voice.language,
        summary=text,
        now=now,
        team=team_of_coach(voice.runtime, work, newcomer),
    )
    coach = work.users.get(newcomer.coach_id) if newcomer.coach_id else None
    if is_new and coach is not None and coach.active and Role.COACH in coach.roles and case.team in coach.teams:
        work.cases.claim(case.id, case.version, coach.id, now)
        work.cases.heard(newcomer.id, conversation.id, now)
        work.cases.route_all(newcomer.id)
    voice.say(Say(response=PASSED_ON, extra={"case_number": str(case.number)}))
    return {"case_number": str(case.number), "case_is_new": is_new}
