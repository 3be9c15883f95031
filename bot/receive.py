"""
A newcomer writes: the whole path of a message, top to bottom.

`take_in` stores it before anything is decided: from there nothing is lost. `answer_next` is the turn: it understands
the message outside any transaction, and then, in one transaction with the conversation held, decides on the ladder
below and writes state, answers and effects together, so that each message has its effect exactly once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot import measure
from bot.carry_out import carry_out
from bot.domain.clock import local_day
from bot.domain.turn import (
    CAPTIONED,
    Choice,
    EraseNewcomer,
    Event,
    HoldMessage,
    Inbound,
    Kind,
    OpenCase,
    Priority,
    Say,
    StartMessages,
    StopMessages,
)
from bot.fetch import as_decided, expect_files, may_be_fetched
from bot.flows.dialogue import VERSION, Dialogue
from bot.handoff.case import Status
from bot.handoff.timers import SAME_QUESTION_FOR
from bot.join_in import with_doors
from bot.ladder import commands, crisis, desk, kinds, notice, participation, subject, tasks, waiting
from bot.ladder.turn import Closed, Decision, Heard, Person, Rung, Turn, say
from bot.log import place_of
from bot.nlu.text import words_of
from bot.safety.redaction import mask
from bot.say import Voice, voice_in
from bot.store.encryption import TamperedError
from bot.store.errors import DatabaseAwayError

if TYPE_CHECKING:
    from bot.nlu.model import Understanding
    from bot.runtime import Runtime
    from bot.safety.redaction import Masked
    from bot.store.rows import ConversationRow, InboundRow, NewcomerRow, StandingRow
    from bot.store.work import Work

log = structlog.get_logger()

# A message that makes its turn fail this often is put aside for a person, so that the ones after it go on.
TRIES = 3
# Characters of a message that are kept; no messenger takes longer ones from a person.
LONGEST_TEXT = 8192
# Fewer words than this say too little to offer another language on.
TELLING_WORDS = 3


# Who decides, in this order; the first that does not decline has decided. Danger and STOP come before anything else.
LADDER: tuple[Rung, ...] = (
    crisis.crisis,
    crisis.after_crisis,
    kinds.reaction,
    commands.stop,
    commands.delete_my_data,
    commands.link,
    notice.arrival,
    commands.choose_language,
    notice.notice,
    commands.my_data,
    tasks.pressed,
    participation.pressed,
    tasks.by_code,
    desk.by_a_person,
    commands.about_messengers,
    tasks.help_by_name,
    commands.other_commands,
    desk.to_their_coach,
    desk.earlier_or_new,
    desk.after_close,
    kinds.unreadable,
    tasks.told,
    participation.told,
    waiting.answer,
    waiting.correction,
    subject.offered,
    subject.button,
    subject.new_subject,
    subject.clarify,
    subject.not_understood,
)

KEEP_THE_CRISIS = frozenset({crisis.after_crisis, kinds.reaction, notice.arrival, commands.choose_language})
# What was asked for the plan or the wishes is answered next or not at all, too; a sticker or another language comes
# between.
KEEP_THE_QUESTION = frozenset(
    {tasks.told, participation.told, kinds.reaction, kinds.unreadable, commands.choose_language}
)


def decide(turn: Turn) -> Decision:
    """Return the decision of the first rung that does not decline. Pure."""
    turn = subject.picked(turn)
    for rung in LADDER:
        # "May a person contact you?" is answered next or not at all: a later yes means something else.
        crisis_asked = turn.dialogue.crisis if rung in KEEP_THE_CRISIS else None
        asking = turn.dialogue.asking if rung in KEEP_THE_QUESTION else None
        decision = rung(replace(turn, dialogue=replace(turn.dialogue, crisis=crisis_asked, asking=asking)))
        if decision is not None:
            return desk.still_with_the_team(turn, replace(decision, rung=rung.__name__))
    raise AssertionError("the last rung never declines")


# ---- 1. in


def take_in(runtime: Runtime, inbound: Inbound) -> str | None:
    """
    Store a message as its conversation's next one; whoever answers is woken with it (bot/domain/wakes.py).

    Numbers that do not belong in a chat (BSN, IBAN) are masked before anything is stored. Other words for a message
    that waits for its turn replace it. Return the conversation's id, or None when the messenger gave this before.
    """
    # Outside the unit of work: a long row of digits takes its time, and everybody else would wait for it.
    masked = mask(inbound.text[:LONGEST_TEXT])
    # The messenger waits for its answer, and whoever is answered does not notice.
    conversation, is_new = runtime.database.write(lambda work: _stored(runtime, work, inbound, masked), urgent=True)
    measure.inbound(inbound.channel, again=not is_new)
    return conversation if is_new else None


def _stored(runtime: Runtime, work: Work, inbound: Inbound, masked: Masked) -> tuple[str, bool]:
    now = runtime.clock.now()
    writing = work.newcomers.writing_from(inbound.channel, inbound.address, now=now)
    conversation = writing.conversation.id
    words = {"text": masked.text, "masked": bool(masked.kinds)}
    kind = inbound.kind
    if inbound.edits is not None:
        match work.inbox.reword(conversation, inbound.edits, {**words, "reworded": True}):
            case True:
                return conversation, True
            case False:
                kind = Kind.EDIT  # it was answered; what was meant instead is asked for
            case None:
                pass  # the first wording never came, so this is it
    body = {**inbound.as_body(), **words}
    row = work.inbox.receive(conversation, inbound.channel, inbound.provider_id, kind.value, body, now)
    if row is None:
        return conversation, False
    # Who writes lets us in again, and opens the messenger's window for what had to wait.
    work.conversations.unblock(conversation)
    work.outbox.release_waiting(conversation, now)
    consented = writing.newcomer.consent_at is not None
    if consented and inbound.profile_name:
        work.newcomers.set_profile_name(conversation, inbound.profile_name)
    wanted = may_be_fetched(work, runtime.knowledge, kind, consented=consented)
    expect_files(work, conversation, row.id, inbound.attachments, wanted, now)
    return conversation, True


# ---- 2. the turn


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a turn did, for those who watch: who decided, what was understood, what was done. Holds no text."""

    rung: str
    flow: str | None = None
    understood: Understanding | None = None
    crisis: str | None = None
    effects: tuple[str, ...] = ()
    dialogue: Dialogue | None = None
    set_aside: bool = False


def answer_next(runtime: Runtime, conversation_id: str) -> Report | None:
    """Take the conversation's next unread message; return what its turn did, or None when there was none."""
    began = time.perf_counter()
    report = _answered(runtime, conversation_id)
    if report is not None:
        measure.turn(report.rung, set_aside=report.set_aside, seconds=time.perf_counter() - began)
        if report.dialogue is not None:
            heard = report.understood
            ours = heard is None or not heard.out_of_scope
            measure.understood(heard.engine if heard else None, ours=ours, crisis=report.crisis is not None)
    return report


def _answered(runtime: Runtime, conversation_id: str) -> Report | None:
    try:
        found = runtime.database.read(lambda work: _next_unread(work, conversation_id))
    except TamperedError as error:
        # What cannot be opened never will be: tried three times it would only hold up the messages after it.
        damaged = error.row
        runtime.database.write(lambda work: _set_aside(runtime, work, conversation_id, damaged, "damaged", ""))
        return Report(rung="failed", set_aside=True)
    if found is None:
        return None
    message, language = found
    try:
        with measure.turn_part("understanding"):
            understood = _understand(runtime, message, language)
        with measure.turn_part("transaction"):
            return runtime.database.write(lambda work: _turn(runtime, work, conversation_id, message, understood))
    except DatabaseAwayError:
        raise  # no fault of the message: its turn is still to come
    except Exception as error:  # noqa: BLE001  # whatever it was, the messages after this one must go on
        return Report(rung="failed", set_aside=_failed(runtime, conversation_id, message, error))


def _next_unread(work: Work, conversation_id: str) -> tuple[InboundRow, str | None] | None:
    message = work.inbox.next_unread(conversation_id)
    return None if message is None else (message, work.newcomers.language_in(conversation_id))


def _understand(runtime: Runtime, message: InboundRow, language: str | None) -> Understanding | None:
    """Find the meaning of a text, or of the words beside a file; a button and a command carry their own."""
    text = message.body.get("text") or ""
    if message.kind not in CAPTIONED | {Kind.TEXT} or message.body.get("payload") or text.lstrip().startswith("/"):
        return None
    if not words_of(text):
        return None
    return runtime.understander.understand(text, language=language)


def _turn(
    runtime: Runtime, work: Work, conversation_id: str, read: InboundRow, understood: Understanding | None
) -> Report:
    conversation = work.conversations.locked(conversation_id)
    message = work.inbox.next_unread(conversation_id)
    if conversation is None or message is None or message.id != read.id:
        return Report(rung="taken")  # by another worker, while we were understanding it
    if message.body.get("text") != read.body.get("text"):
        return Report(rung="reworded")  # meanwhile; it is read again
    newcomer = work.newcomers.get(conversation.newcomer_id)
    if newcomer is None:
        return Report(rung="gone")
    now = runtime.clock.now()
    dialogue = Dialogue.from_json(conversation.state.decode() if conversation.state else None)
    dialogue, changed = runtime.runner.settle(dialogue)
    # The conversation is held: who answers this message cannot change before it is answered.
    person = _person(runtime, newcomer, dialogue, message, understood, by_person=conversation.route == "human")
    person = _with_their_question(person, work.cases.standing(newcomer.id, now - SAME_QUESTION_FOR))
    letter = work.group_letters.unanswered(newcomer.id, now - SAME_QUESTION_FOR)
    person = replace(person, group_letter=letter.id if letter else None)
    turn = Turn(
        knowledge=as_decided(work, runtime.knowledge),
        runner=with_doors(work, runtime.runner, now),
        dialogue=dialogue,
        heard=_heard(message),
        person=person,
        today=local_day(now),
        understood=understood,
        turn_of_phrase=runtime.guard.is_turn_of_phrase(_heard(message).text),
        # Captions, places and edits are guarded too; the words of a button are our own.
        crisis=None
        if message.kind == Kind.BUTTON
        else crisis.danger_in(_heard(message).text, understood, runtime.guard, runtime.knowledge),
    )
    with measure.turn_part("decision"):
        decision = decide(turn)
    offer = _language_to_offer(turn, decision)
    voice = Voice(
        runtime=runtime,
        work=work,
        conversation_id=conversation_id,
        cause=message.id,
        now=now,
        language=person.language,
        second_language=person.second_language,
        dialogue=replace(decision.dialogue, language_offered=offer) if offer else decision.dialogue,
        # A message that waited for the notice was answered with the notice then: what is said now comes after it.
        position=work.outbox.next_position(message.id) if _was_answered(message, conversation) else 0,
    )
    if newcomer.language != person.language:
        work.newcomers.set_language(newcomer.id, person.language)
    effects: list[str] = []
    with measure.turn_part("effects"):
        for event in (*_before(turn, changed), *decision.events, *_offering(offer)):
            if isinstance(event, Say):
                voice.say(event)
            else:
                voice.learn(carry_out(event, voice, newcomer, conversation, message.id))
                effects.append(type(event).__name__)
    holds = HoldMessage.__name__ in effects
    made = _made_of(decision, turn)
    if holds:
        work.inbox.note_understood(message.id, made)
    else:
        work.inbox.taken(message.id, made)
    if EraseNewcomer.__name__ not in effects:
        state = voice.dialogue.to_json().encode()
        up_to = 0 if holds else message.number
        work.conversations.save_state(conversation_id, state, version=VERSION, now=now, read_up_to=up_to)
    return Report(
        rung=decision.rung,
        flow=runtime.runner.subject(decision.dialogue) or decision.dialogue.question,
        understood=understood,
        crisis=turn.crisis.id if turn.crisis else None,
        effects=tuple(effects),
        dialogue=voice.dialogue,
    )


def _made_of(decision: Decision, turn: Turn) -> dict[str, object]:
    """Return what the team may see of how a message was understood: names and figures, none of its words."""
    understood = turn.understood
    made: dict[str, object] = {"rung": decision.rung}
    if understood is not None:
        made |= {
            "language": understood.language,
            "intents": [[guess.name, round(float(guess.confidence), 2)] for guess in understood.intents[:3]],
            "is_ours": not understood.out_of_scope,
        }
    return made | ({"crisis": turn.crisis.id} if turn.crisis else {})


def _was_answered(message: InboundRow, conversation: ConversationRow) -> bool:
    """Return whether something may have been said because of this message in an earlier turn."""
    return message.number <= conversation.read_mark or bool(message.body.get("reworded"))


def _heard(message: InboundRow) -> Heard:
    body = message.body
    return Heard(
        kind=Kind(message.kind),
        text=body.get("text") or "",
        payload=body.get("payload"),
        masked=bool(body.get("masked")),
    )


def _person(  # noqa: PLR0913  # who writes is read from these
    runtime: Runtime,
    newcomer: NewcomerRow,
    dialogue: Dialogue,
    message: InboundRow,
    understood: Understanding | None,
    *,
    by_person: bool,
) -> Person:
    """Return who writes; until they chose a language we go by the message, then by what their client says."""
    languages = runtime.knowledge.content.languages
    language = languages.known(newcomer.language)
    if language is None or (not dialogue.language_chosen and newcomer.consent_at is None):
        guess = languages.known(understood.language) if understood else None
        heard = guess if understood and understood.certain else None
        hint = languages.known(message.body.get("language_hint"))
        language = heard or language or hint or guess or languages.fallback[0]
    return Person(
        language=language,
        second_language=languages.known(newcomer.second_language),
        consented=newcomer.consent_at is not None,
        stopped=newcomer.status == "stopped",
        helped_by_person=by_person,
    )


def _with_their_question(person: Person, standing: StandingRow | None) -> Person:
    """Return the person with the question that the team has of them, or had a short while ago."""
    if standing is None:
        return person
    match standing.state:
        case Status.QUEUED:
            return replace(person, waiting=standing.number)
        case Status.CLOSED:
            return replace(person, closed=Closed(case_id=standing.id, asked=standing.after_close == "asked"))
        case _:
            return person


def _before(turn: Turn, changed: str | None) -> list[Event]:
    """What is said before the answer: welcome back, a number was masked, a text was improved meanwhile."""
    if turn.heard.kind is Kind.REACTION:
        return []
    events: list[Event] = []
    if turn.person.stopped and not commands.says_stop(turn):
        events += [StartMessages(), say("utter_started_again", turn)]
    if turn.heard.masked:
        events.append(say("utter_masked", turn))
    if changed is not None and turn.crisis is None:
        events.append(say("utter_flow_changed", turn))
    return events


def _language_to_offer(turn: Turn, decision: Decision) -> str | None:
    """Return another language that the person writes in, to offer it once; not when the bot must be brief or silent."""
    understood, person = turn.understood, turn.person
    final = (HoldMessage, StopMessages, EraseNewcomer)
    if understood is None or turn.crisis is not None or any(isinstance(event, final) for event in decision.events):
        return None
    language = turn.knowledge.content.languages.known(understood.language)
    telling = understood.certain and len(words_of(turn.heard.text)) >= TELLING_WORDS
    settled = language in {person.language, turn.dialogue.language_offered}
    if settled or person.helped_by_person or not (telling and person.consented):
        return None
    return language


def _offering(language: str | None) -> list[Event]:
    """Offer the language, in that language."""
    if language is None:
        return []
    choice = Choice(payload=f"/language {language}", language=language)
    name = {"language_name": language}
    return [Say(response="utter_offer_language", extra=name, choices=(choice,), language=language)]


# ---- 3. when a turn fails


def _failed(runtime: Runtime, conversation_id: str, message: InboundRow, error: Exception) -> bool:
    """Count the failure; after the third put the message aside, tell the newcomer, open a case, and return True."""
    name = type(error).__name__
    place = place_of(error)
    log.warning("turn failed", conversation=conversation_id, message=message.number, error=name, place=place)

    def count(work: Work) -> bool:
        if work.conversations.locked(conversation_id) is None or work.inbox.failed_once(message.id) < TRIES:
            return False
        text = str(message.body.get("text") or "")
        _set_aside(runtime, work, conversation_id, message.id, name, text)
        return True

    return runtime.database.write(count)


def _set_aside(  # noqa: PLR0913, PLR0917  # where, which, why and what it said
    runtime: Runtime, work: Work, conversation_id: str, message_id: str, why: str, text: str
) -> None:
    """Put a message aside for a person, tell the newcomer, and open a case."""
    work.inbox.set_aside(message_id, why)
    conversation = work.conversations.locked(conversation_id)
    newcomer = work.newcomers.get(conversation.newcomer_id) if conversation else None
    voice = voice_in(runtime, work, conversation_id, cause=message_id)
    if conversation is None or newcomer is None or voice is None:
        return
    summary = text if newcomer.consent_at is not None else ""
    case = OpenCase(reason="set_aside", priority=Priority.URGENT, topic=None, question=None, summary=summary)
    voice.learn(carry_out(case, voice, newcomer, conversation, message_id))
    voice.say(Say(response="utter_set_aside"))
