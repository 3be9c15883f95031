"""What a turn asked of the world, done inside the turn's own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from bot import agree, invite, join_in, link, tasks, team
from bot.domain.turn import (
    AcceptNotice,
    AnswerCoach,
    AnswerMatch,
    AnswerSession,
    AskEarlierOrNew,
    AskForPlan,
    AskLinkCode,
    AskRemindersTo,
    AskSeeking,
    AskWish,
    DeclineNotice,
    DropWishes,
    Effect,
    Enrol,
    EnrolBy,
    EraseNewcomer,
    FindOffers,
    GoOn,
    HandOut,
    HandOverData,
    HoldMessage,
    JoinOffer,
    LeadToOffers,
    LeaveOffer,
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
    SayHowItWas,
    SayOfTask,
    Seek,
    SetLanguage,
    SetRemindersTo,
    SetWeek,
    ShowOffer,
    ShowSignUps,
    ShowTasks,
    ShowWishes,
    StartMessages,
    StopMessages,
    StopSeeking,
    TakeAsNew,
    TellForPlan,
    TellName,
    TellSeeking,
    TellWish,
    WantOffer,
)
from bot.domain.words import MY_DATA_BY_TEAM
from bot.erase import erase
from bot.export import hand_over
from bot.hand_out import What, hand_out
from bot.handoff.timers import CHOICE_OPEN

if TYPE_CHECKING:
    from bot.domain.turn import SlotValue, TakingPart
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
            _about_taking_part(effect, voice, newcomer, conversation)


def _about_taking_part(  # noqa: C901, PLR0912  # one arm for each effect
    effect: TakingPart, voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow
) -> None:
    match effect:
        case FindOffers(what=what, after=after, task=task):
            join_in.show_found(voice, newcomer.id, what, after, task)
        case LeadToOffers(question=question):
            tasks.lead_to_offers(voice, newcomer.id, question)
        case ShowOffer(id=offer):
            join_in.show_offer(voice, newcomer.id, offer)
        case JoinOffer(occasion=occasion):
            join_in.join(voice, newcomer.id, occasion)
        case LeaveOffer(occasion=occasion):
            join_in.withdraw(voice, newcomer.id, occasion)
        case WantOffer(offer=offer):
            join_in.want(voice, newcomer, conversation, offer)
        case ShowSignUps():
            join_in.show_sign_ups(voice, newcomer.id)
        case SayHowItWas(occasion=occasion, said=said):
            join_in.take_how_it_was(voice, newcomer.id, occasion, said)
        case ShowWishes():
            join_in.show_wishes(voice, newcomer.id)
        case AskWish(name=name, go_on=go_on):
            join_in.ask_wish(voice, name, go_on=go_on)
        case TellWish(name=name, value=value, go_on=go_on):
            join_in.tell_wish(voice, newcomer.id, name, value, go_on=go_on)
        case DropWishes():
            join_in.drop_wishes(voice, newcomer.id)
        case SetWeek(on=on):
            join_in.set_week(voice, newcomer.id, on=on)
        case AskSeeking():
            join_in.ask_seeking(voice, newcomer.id)
        case Seek(kind=kind):
            join_in.ask_words(voice, kind)
        case TellSeeking(kind=kind, words=said):
            join_in.note_seeking(voice, newcomer, conversation, kind, said)
        case StopSeeking():
            join_in.stop_seeking(voice, newcomer.id)
        case AnswerMatch(match=match, said=said):
            agree.answer(voice, newcomer, conversation, match, said)
        case TellName(match=match, name=name):
            agree.take_name(voice, newcomer.id, match, name)
        case _:
            assert_never(effect)


def _hand_over(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow) -> None:
    """Give somebody what is kept of them; where their messenger takes no pages, a person of the team does."""
    counted = hand_over(voice, newcomer.id)
    if counted is None:
        return
    ask = OpenCase(reason="data", priority=Priority.NORMAL, topic=None, question=None, summary="")
    voice.learn(team.take_on(voice, newcomer, conversation, ask))
    voice.say(Say(response=MY_DATA_BY_TEAM, extra=counted))
    voice.say(Say(response="utter_case_opened"))
