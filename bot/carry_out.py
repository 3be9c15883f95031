"""What a turn asked of the world, done inside the turn's own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import invite, link, tasks, team
from bot.domain.turn import (
    AcceptNotice,
    AnswerCoach,
    AnswerSession,
    AskEarlierOrNew,
    AskForPlan,
    AskLinkCode,
    AskRemindersTo,
    DeclineNotice,
    Effect,
    Enrol,
    EnrolBy,
    EraseNewcomer,
    GoOn,
    HandOut,
    HandOverData,
    HoldMessage,
    LinkWith,
    NewcomerWrote,
    NoteOnCase,
    OpenCase,
    OpenedTemplate,
    Priority,
    PutOff,
    ReactedToReminder,
    RecordHelped,
    ReopenCase,
    Say,
    SayOfTask,
    SetLanguage,
    SetRemindersTo,
    ShowTasks,
    StartMessages,
    StopMessages,
    TakeAsNew,
    TellForPlan,
)
from bot.domain.words import MY_DATA_BY_TEAM
from bot.erase import erase
from bot.export import hand_over
from bot.hand_out import What, hand_out
from bot.handoff.timers import CHOICE_OPEN
from bot.take_part import take_part

if TYPE_CHECKING:
    from bot.domain.taking_part import TakingPart
    from bot.domain.turn import SlotValue
    from bot.say import Voice
    from bot.store.rows import ConversationRow, NewcomerRow

# Which text of the notice was accepted; raise it when its meaning changes, then everyone is asked again.
NOTICE_VERSION = "2026-11"


def carry_out(  # noqa: C901, PLR0912  # one arm for each effect
    effect: Effect, voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, message_id: str
) -> dict[str, SlotValue]:
    """Do one effect of the message's turn and return the values it brings for the texts that follow."""
    work, now = voice.work, voice.now
    match effect:
        case OpenCase():
            return team.take_on(voice, newcomer, conversation, effect)
        case NoteOnCase(kind=kind):
            if (open_case := work.cases.open_for(newcomer.id)) is not None:
                work.cases.note(open_case.id, kind=kind, actor="newcomer", now=now)
        case NewcomerWrote():
            work.cases.heard(newcomer.id, conversation.id, now)
        case AskEarlierOrNew(case_id=case_id):
            work.cases.ask_earlier_or_new(case_id, now + CHOICE_OPEN)
        case ReopenCase(case_id=case_id, summary=summary):
            return team.take_up_again(voice.runtime, work, conversation.id, case_id, summary, "newcomer", now)
        case TakeAsNew(case_id=case_id):
            work.cases.settle_choice(case_id)
            work.inbox.release_held(conversation.id)
        case RecordHelped(question=question, helped=helped):
            work.counts.record_helped(question, voice.language, now, did_help=helped)
        case SetLanguage(language=language):
            work.newcomers.set_language(newcomer.id, language)
            voice.language = language
        case AcceptNotice():
            work.newcomers.accept_notice(newcomer.id, NOTICE_VERSION, now)
            work.inbox.release_held(conversation.id)
        case DeclineNotice():
            work.inbox.drop_held(conversation.id)
        case HoldMessage():
            work.inbox.hold([message_id])
        case StopMessages():
            work.newcomers.stop(newcomer.id)
        case StartMessages():
            work.newcomers.restart(newcomer.id)
        case EraseNewcomer():
            erase(work, newcomer.id, actor="newcomer", now=now)
        case HandOverData():
            _hand_over(voice, newcomer, conversation)
        case AskLinkCode():
            return link.new_code(voice, newcomer.id)
        case LinkWith(code=code):
            link.join(voice, newcomer, code)
        case AskRemindersTo():
            link.ask_reminders_to(voice, newcomer.id)
        case SetRemindersTo(channel=channel):
            link.set_reminders_to(voice, newcomer.id, channel)
        case AnswerCoach(letter=letter, text=text):
            return invite.to_the_coach(voice, newcomer, conversation, letter, text)
        case Enrol(code=code):
            work.newcomers.enrol(newcomer.id, code)
        case _:
            _about_tasks(effect, voice, newcomer, conversation)
    return {}


def _about_tasks(
    effect: EnrolBy
    | ShowTasks
    | HandOut
    | SayOfTask
    | PutOff
    | TellForPlan
    | AskForPlan
    | GoOn
    | AnswerSession
    | OpenedTemplate
    | ReactedToReminder
    | TakingPart,
    voice: Voice,
    newcomer: NewcomerRow,
    conversation: ConversationRow,
) -> None:
    match effect:
        case EnrolBy(code=code):
            tasks.enrol_by(voice, newcomer, code)
        case ShowTasks():
            tasks.show(voice, newcomer.id)
        case HandOut(what=what):
            hand_out(voice, newcomer.id, What(what))
        case SayOfTask(what=what, task=task):
            tasks.say_of(voice, newcomer, conversation, what, task)
        case PutOff(task=task, until=until):
            tasks.put_off_until(voice, newcomer.id, task, until)
        case TellForPlan(name=name, answer=answer, left=left):
            tasks.take_answer(voice, newcomer.id, name, answer, left)
        case AskForPlan():
            tasks.ask_next(voice, newcomer.id)
        case GoOn():
            tasks.go_on(voice, newcomer.id)
        case AnswerSession(session=session, comes=comes):
            invite.answer(voice, newcomer.id, session, comes=comes)
        case OpenedTemplate():
            tasks.opened(voice, newcomer.id)
        case ReactedToReminder():
            voice.work.reminders.answered(newcomer.id, voice.now)
        case _:
            take_part(effect, voice, newcomer, conversation)


def _hand_over(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow) -> None:
    """Give somebody what is kept of them; where their messenger takes no pages, a person of the team does."""
    counted = hand_over(voice, newcomer.id)
    if counted is None:
        return
    ask = OpenCase(reason="data", priority=Priority.NORMAL, topic=None, question=None, summary="")
    voice.learn(team.take_on(voice, newcomer, conversation, ask))
    voice.say(Say(response=MY_DATA_BY_TEAM, extra=counted))
    voice.say(Say(response="utter_case_opened"))
