"""
A volunteer takes, answers, closes a case.

Each of these is one unit of work with the newcomer and their conversations held: the rules of `bot/handoff/case.py`
are asked inside it, and what was declined changed nothing and says why. What was written stays with
whoever asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from bot.domain.turn import Message
from bot.enclose import NotReady, made_ready, parted, takes_files
from bot.handoff.case import CHOSEN_OUTCOMES, Act, Actor, Decline, Event, Outcome, Role, Seen, Status, reason_to_decline
from bot.handoff.learning import is_unknown
from bot.handoff.timers import UNDO
from bot.safety.redaction import mask
from bot.store.outbox import Reply
from bot.store.tables import PRIORITIES
from bot.team import say_closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.enclose import Given, Ready
    from bot.runtime import Runtime
    from bot.store.rows import CaseEventRow, CaseRow, NewcomerRow, UserRow
    from bot.store.work import Work

# The name under which the console and the preview know what a person wrote.
BY_A_PERSON = "reply"
LONGEST_REPLY = 3000
LONGEST_NOTE = 10_000
LONGEST_SNOOZE = timedelta(days=92)


@dataclass(frozen=True, kw_only=True)
class Done:
    """It was done; this is the case now. For a reply: its id, and until when it can be taken back."""

    case: CaseRow
    reply: str | None = None
    undo_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Declined:
    """
    It was not done.

    `taken_by` is who has the case, `newest` the number of the message that was not seen yet, `file` the name of the
    file that may not go.
    """

    why: Decline
    taken_by: str | None = None
    newest: int | None = None
    file: str | None = None


Answered: TypeAlias = Done | Declined


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Somebody at the desk before a case, inside a unit of work."""

    runtime: Runtime
    work: Work
    who: UserRow
    case: CaseRow
    newcomer: NewcomerRow
    now: datetime

    def move(self, event: Event, *, detail: dict[str, object] | None = None, **values: object) -> CaseRow | None:
        """Let this happen to the case by this person's hand, and have all its conversations follow."""
        moved = self.work.cases.move(self.case, event, actor=self.who.id, now=self.now, detail=detail, **values)
        if moved is not None:
            self.work.cases.route_all(self.case.newcomer_id)
        return moved


Change: TypeAlias = Callable[[Scene], Answered]
CHANGED = Declined(why=Decline.CHANGED)


def _done(case: CaseRow | None) -> Answered:
    return CHANGED if case is None else Done(case=case)


def _do(  # noqa: PLR0913  # who does what to which
    runtime: Runtime, who: str, case_id: str, act: Act, change: Change, *, version: int | None = None
) -> Answered:
    """Do it when the rules allow it, as seen with everything held; `version` is the case that was on the screen."""

    def attempt(work: Work) -> Answered:
        user = work.users.get(who)
        if user is None:
            return Declined(why=Decline.NO_ACCOUNT)
        case = work.cases.held(case_id)
        newcomer = work.newcomers.get(case.newcomer_id) if case else None
        if case is None or newcomer is None or newcomer.status == "erasing":
            return Declined(why=Decline.GONE)
        now = runtime.clock.now()
        reason = reason_to_decline(act, as_actor(user), as_seen(case), now)
        if reason is not None:
            return Declined(why=reason, taken_by=case.assignee_id if reason is Decline.TAKEN else None)
        if version is not None and case.version != version:
            return CHANGED
        return change(Scene(runtime=runtime, work=work, who=user, case=case, newcomer=newcomer, now=now))

    return runtime.database.write(attempt)


def as_actor(user: UserRow) -> Actor:
    """Return somebody as the rules see them; a role that this release does not know gives nothing."""
    roles = frozenset(Role(role) for role in user.roles if role in set(Role))
    return Actor(id=user.id, roles=roles, teams=user.teams, active=user.active)


def as_seen(case: CaseRow) -> Seen:
    """Return a case as the rules see it."""
    return Seen(
        status=Status(case.state),
        team=case.team,
        assignee=case.assignee_id,
        crisis_at=case.crisis_at if case.priority == "crisis" else None,
    )


# ---- whose it is


def take(runtime: Runtime, who: str, case_id: str, *, version: int) -> Answered:
    """Take a waiting case; of all who try at once one gets it, and the others hear who."""

    def change(scene: Scene) -> Answered:
        claimed = scene.work.cases.claim(case_id, version, who, scene.now)
        if claimed is None:
            return CHANGED
        scene.work.cases.route_all(claimed.newcomer_id)
        return Done(case=claimed)

    return _do(runtime, who, case_id, Act.TAKE, change)


def take_over(runtime: Runtime, who: str, case_id: str, *, reason: str) -> Answered:
    """Take a case from whoever has it: a coordinator's, with a reason that stays with the case."""

    def change(scene: Scene) -> Answered:
        if not reason.strip():
            return Declined(why=Decline.NEEDS_REASON)
        detail: dict[str, object] = {"from": scene.case.assignee_id, "note": _noted(scene, reason)}
        lease = {"lease_from": scene.now} if scene.case.state != Status.AWAITING else {}
        return _done(scene.move(Event.TAKEN_OVER, detail=detail, assignee_id=who, **lease))

    return _do(runtime, who, case_id, Act.TAKE_OVER, change)


def release(runtime: Runtime, who: str, case_id: str, *, version: int | None = None) -> Answered:
    """Put the case back into the queue; the newcomer has waited as long as they have."""
    return _do(runtime, who, case_id, Act.RELEASE, lambda scene: _done(scene.move(Event.RELEASED)), version=version)


def transfer(  # noqa: PLR0913  # by name, where to and why
    runtime: Runtime, who: str, case_id: str, *, team: str, note: str, version: int | None = None
) -> Answered:
    """Give the case to another team's queue, with a note for whoever takes it there."""

    def change(scene: Scene) -> Answered:
        if not note.strip():
            return Declined(why=Decline.NEEDS_NOTE)
        if team not in runtime.knowledge.organisation.teams or team == scene.case.team:
            return Declined(why=Decline.NO_TEAM)
        detail: dict[str, object] = {"from": scene.case.team, "to": team, "note": _noted(scene, note)}
        return _done(scene.move(Event.TRANSFERRED, detail=detail, team=team))

    return _do(runtime, who, case_id, Act.TRANSFER, change, version=version)


def reopen(runtime: Runtime, who: str, case_id: str, *, reason: str) -> Answered:
    """
    Put a closed case back into the queue, because the team has something to say: a coordinator's, with a reason.

    The newcomer hears it from whoever takes it. A newcomer who has another open case keeps that one.
    """

    def change(scene: Scene) -> Answered:
        if not reason.strip():
            return Declined(why=Decline.NEEDS_REASON)
        case = scene.case
        opened = scene.work.cases.reopen(case.id, case.conversation_id, summary=None, actor=who, now=scene.now)
        if opened is None:
            return CHANGED
        scene.work.cases.note(case.id, kind="note", actor=who, now=scene.now, detail={"note": _noted(scene, reason)})
        return Done(case=opened)

    return _do(runtime, who, case_id, Act.REOPEN, change)


def switch_off(runtime: Runtime, who: str) -> bool:
    """Switch an account off: its cases go back to their queues. False when there is no such account."""
    return runtime.database.write(lambda work: work.users.set_active(who, active=False))


# ---- answering


def reply(  # noqa: PLR0913  # by name, what a reply is made of
    runtime: Runtime,
    who: str,
    case_id: str,
    *,
    text: str,
    conversation_id: str,
    seen: int,
    language: str | None = None,
    files: Sequence[Given] = (),
    original: str | None = None,
) -> Answered:
    """
    Send what a person wrote, after the moment in which it can be taken back.

    `conversation_id` and `seen` are the conversation and the number of the last message on the screen: a newer one is
    read first. `language` is the one it is written in; without it, the newcomer's. `files` go along, each in a message
    of its own. `original` is what was written, when `text` is a machine's translation of it.
    """
    # Before anything is held: a photo takes a second to be made anew.
    ready = made_ready(files)
    if isinstance(ready, NotReady):
        return Declined(why=ready.why, file=ready.name)

    def change(scene: Scene) -> Answered:
        reason, newest = _reason_not_to_send(scene, text, conversation_id, seen, bool(ready))
        if reason is not None:
            return Declined(why=reason, newest=newest)
        languages = runtime.knowledge.content.languages
        spoken = languages.known(language) or languages.known(scene.newcomer.language) or languages.fallback[0]
        message = Message(
            response=BY_A_PERSON,
            text=mask(text.strip()).text,
            buttons=(),
            language=spoken,
            direction=languages.direction(spoken),
            original=mask(original.strip()).text if original and original.strip() else None,
        )
        leaves_at = scene.now + UNDO
        row_id = _queued(scene, parted(message, ready), conversation_id, seen, leaves_at)
        scene.work.drafts.drop(case_id, who)
        with_files = {"files": len(ready)} if ready else {}
        _did_something(scene, "reply_queued", outbox=row_id, **with_files)
        return Done(case=_now(scene), reply=row_id, undo_until=leaves_at)

    return _do(runtime, who, case_id, Act.REPLY, change)


def _queued(
    scene: Scene,
    messages: Sequence[tuple[Message, Ready | None]],
    conversation_id: str,
    seen: int,
    leaves_at: datetime,
) -> str:
    """Queue what a reply goes in; return the id of the first, by which all of it can be taken back."""
    first: str | None = None
    as_reply = Reply(case_id=scene.case.id, user_id=scene.who.id, seen_number=seen, leaves_at=leaves_at)
    for message, ready in messages:
        body = replace(message, follows=first).as_body()
        row = scene.work.outbox.say(conversation_id, None, 0, body, scene.now, reply=as_reply)
        if ready is not None:
            scene.work.reply_files.add(row, 0, ready.file, ready.content)
        first = first or row.id
    assert first is not None
    return first


def _reason_not_to_send(
    scene: Scene, text: str, conversation_id: str, seen: int, has_files: bool
) -> tuple[Decline | None, int | None]:
    work = scene.work
    if not text.strip() and not has_files:
        return Decline.EMPTY, None
    if len(text) > LONGEST_REPLY:
        return Decline.TOO_LONG, None
    # The conversation is held, so that nothing can come in or be routed elsewhere until this is stored.
    conversation = work.conversations.get(scene.case.conversation_id)
    if conversation is None:
        return Decline.GONE, None
    newest = conversation.next_number - 1
    if conversation.id != conversation_id or newest > seen:
        return Decline.NEWER_MESSAGE, newest
    if conversation.route != "human":
        return Decline.BOT_HAS_IT, None
    if scene.newcomer.status == "stopped":
        return Decline.STOPPED, None
    if has_files and not takes_files(scene.runtime, conversation.channel):
        return Decline.NO_FILES_HERE, None
    reachable = {way.conversation_id for way in work.newcomers.ways_to(scene.newcomer.id)}
    return (None if conversation.id in reachable else Decline.BLOCKED), None


def undo(runtime: Runtime, who: str, reply_id: str) -> Answered:
    """Take a reply back before it left, its files too; its words are a draft again, before what was begun since."""

    def attempt(work: Work) -> Answered:
        now = runtime.clock.now()
        asked = work.outbox.get(reply_id)
        first = asked.body.get("follows") if asked else None
        row = work.outbox.get(first) if first else asked
        case = work.cases.held(row.case_id) if row and row.case_id else None
        if row is None or case is None:
            return Declined(why=Decline.GONE)
        if row.user_id != who:
            return Declined(why=Decline.NOT_YOURS)
        along = [
            one.id for one in work.outbox.after(row.conversation_id, row.number) if one.body.get("follows") == row.id
        ]
        taken = work.outbox.take_back(row.id, who, now)
        if taken is None:
            return Declined(why=Decline.TOO_LATE)
        for one in along:
            work.outbox.take_back(one, who, now)
        begun = work.drafts.get(case.id, who)
        words = [str(taken.body.get("text") or ""), begun.text if begun else ""]
        text = "\n\n".join(word for word in words if word)
        work.drafts.keep(case, who, text, now, language=taken.body.get("language"))
        work.cases.note(case.id, kind="reply_undone", actor=who, now=now, detail={"outbox": row.id})
        return Done(case=case)

    return runtime.database.write(attempt)


def keep_draft(  # noqa: PLR0913  # by name, what is being written and on which page
    runtime: Runtime,
    who: str,
    case_id: str,
    *,
    text: str,
    language: str | None = None,
    last_reply: str | None = None,
) -> Answered:
    """
    Keep what somebody is writing, in place of what they wrote before; sending it, or nothing, drops it.

    `last_reply` is `last_reply_of` as the page knew it. A page that saves by itself may do so when its words have just
    been sent: then they are no draft any more, and would be sent twice.
    """

    def change(scene: Scene) -> Answered:
        if last_reply is not None and last_reply != last_reply_of(scene.work.cases.events(case_id), who):
            return CHANGED
        if len(text) > LONGEST_NOTE:
            return Declined(why=Decline.TOO_LONG)
        spoken = runtime.knowledge.content.languages.known(language)
        scene.work.drafts.keep(scene.case, who, mask(text).text, scene.now, language=spoken)
        return Done(case=scene.case)

    return _do(runtime, who, case_id, Act.NOTE, change)


def last_reply_of(events: Iterable[CaseEventRow], who: str) -> str:
    """Return the id of the event with which this person last sent a reply, also one they took back; empty for none."""
    return next((one.id for one in reversed([*events]) if one.kind == "reply_queued" and one.actor == who), "")


def note(runtime: Runtime, who: str, case_id: str, *, text: str) -> Answered:
    """Write something for the team only; it is kept encrypted and goes when the newcomer goes."""

    def change(scene: Scene) -> Answered:
        if not text.strip():
            return Declined(why=Decline.EMPTY)
        if len(text) > LONGEST_NOTE:
            return Declined(why=Decline.TOO_LONG)
        _did_something(scene, "note", note=_noted(scene, text))
        return Done(case=_now(scene))

    return _do(runtime, who, case_id, Act.NOTE, change)


def _noted(scene: Scene, text: str) -> str:
    return scene.work.cases.write_note(scene.case, scene.who.id, mask(text.strip()).text, scene.now)


def _did_something(scene: Scene, kind: str, **detail: object) -> None:
    scene.work.cases.note(scene.case.id, kind=kind, actor=scene.who.id, now=scene.now, detail=detail)
    if scene.case.assignee_id == scene.who.id and scene.case.state == Status.ACTIVE:
        scene.work.cases.touch(scene.case.id, scene.now)


def _now(scene: Scene) -> CaseRow:
    case = scene.work.cases.get(scene.case.id)
    assert case is not None
    return case


# ---- later, sooner, done


def snooze(runtime: Runtime, who: str, case_id: str, *, until: datetime, version: int | None = None) -> Answered:
    """Put the case away until a moment; it comes back sooner when the newcomer writes."""

    def change(scene: Scene) -> Answered:
        if not scene.now < until <= scene.now + LONGEST_SNOOZE:
            return Declined(why=Decline.NOT_AHEAD)
        return _done(scene.move(Event.SNOOZED, detail={"until": until.isoformat()}, snoozed_until=until))

    return _do(runtime, who, case_id, Act.SNOOZE, change, version=version)


def prioritise(runtime: Runtime, who: str, case_id: str, *, priority: str, reason: str = "") -> Answered:
    """Change how soon a person must look; looking later needs a reason."""

    def change(scene: Scene) -> Answered:
        case = scene.case
        if priority not in PRIORITIES or priority == case.priority:
            return Declined(why=Decline.NOT_NOW)
        if PRIORITIES.index(priority) < PRIORITIES.index(case.priority) and not reason.strip():
            return Declined(why=Decline.NEEDS_REASON)
        changed = scene.work.cases.set_priority(case, priority, scene.now, actor=who)
        if changed is not None and reason.strip():
            _noted(scene, reason)
        return _done(changed)

    return _do(runtime, who, case_id, Act.PRIORITISE, change)


def close(  # noqa: PLR0913  # by name, how it ended and what can be learnt of it
    runtime: Runtime,
    who: str,
    case_id: str,
    *,
    outcome: Outcome,
    version: int | None = None,
    was_about: str | None = None,
    answer_wanted: bool | None = None,
) -> Answered:
    """
    End the case, or give it back to the bot (`Outcome.HANDED_BACK`): the newcomer hears it and the bot answers.

    `was_about` is the question of the catalogue that it was in the end, `answer_wanted` whether the assistant should
    know the answer; None is not said.
    """

    def change(scene: Scene) -> Answered:
        if outcome not in CHOSEN_OUTCOMES:
            return Declined(why=Decline.NO_OUTCOME)
        if is_unknown(runtime.knowledge, was_about):
            return Declined(why=Decline.NO_QUESTION)
        detail: dict[str, object] = {"outcome": outcome.value, "person_until": scene.now.isoformat()}
        learnt: dict[str, object] = {"was_about": was_about, "answer_wanted": answer_wanted}
        told = {name: value for name, value in learnt.items() if value is not None}
        # What was said of it before stands until somebody says otherwise: a case can be closed more than once.
        closed = scene.move(Event.CLOSED, detail=detail | told, outcome=outcome.value, **told)
        if closed is not None:
            say_closed(scene.runtime, scene.work, closed)
        return _done(closed)

    return _do(runtime, who, case_id, Act.CLOSE, change, version=version)
