"""Everything kept about one newcomer: as data, for a machine, and as one page that a person can read."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from bot.content.kept import page_of
from bot.content.render import Known, Reader
from bot.domain.turn import Say, SentFile
from bot.domain.words import KEPT, KEPT_VALUES, MY_DATA
from bot.flows.dialogue import Dialogue
from bot.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from bot.domain.turn import SlotValue
    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.rows import CaseRow, ConversationRow, InboundRow, NewcomerRow, OutboxRow
    from bot.store.trajectory_rows import TaskRow, TrajectoryRow
    from bot.store.work import Work

# Bytes of files that go along; what is left out is listed with its size.
MOST_FOR_THE_DESK = 60_000_000
MOST_FOR_A_MESSENGER = 6_000_000
PAGE, PAGE_NAME = "text/html", "wegwijs.html"

Kept = dict[str, Any]


def kept_about(runtime: Runtime, work: Work, newcomer_id: str, *, most_bytes: int) -> Kept | None:
    """
    Return all that is kept about a newcomer, as JSON's values; None when there is no such person.

    Files go along, the smallest first, until `most_bytes` of them are together. Whoever of the team did something is
    named as newcomers know them.
    """
    newcomer = work.newcomers.get(newcomer_id)
    if newcomer is None:
        return None
    names = {user.id: user.pseudonym for user in work.users.everybody()}
    conversations = work.conversations.of(newcomer_id)
    files = _Files(work, newcomer_id, most_bytes)
    cases = work.kept.cases(newcomer_id)
    drafts = work.kept.drafts(newcomer_id)
    return {
        "made_at": _iso(runtime.clock.now()),
        "person": _person(work, newcomer, conversations, names),
        "addresses": [
            {"channel": row.channel, "address": row.address, "name": row.name, "blocked_at": _iso(row.blocked_at)}
            for row in work.kept.addresses(newcomer_id)
        ],
        "told": _told(conversations),
        "messages": _messages(runtime, work, newcomer, conversations, names, files),
        "cases": [
            _case(work, case, names)
            | {
                "drafts": [
                    {"at": _iso(draft.at), "by": names.get(draft.user_id), "text": draft.text}
                    for draft in drafts
                    if draft.case_id == case.id
                ]
            }
            for case in cases
        ],
        "trajectories": [
            _trajectory(runtime, work, trajectory, newcomer, names) for trajectory in work.trajectories.of(newcomer_id)
        ],
        "sessions": [
            {
                "at": _iso(session.at),
                "place": session.place,
                "task": session.task,
                "subject": session.subject,
                "state": session.state,
                "invited_at": _iso(guest.invited_at),
                "answer": guest.answer,
                "attended": guest.attended,
            }
            for session, guest in work.group_sessions.for_newcomer(newcomer_id)
        ],
        "taking_part": _taking_part(work, newcomer_id),
        "reminded": [
            {"at": _iso(message.sent_at), "tasks": message.tasks, "answered_at": _iso(message.answered_at)}
            for message in work.reminders.messages(newcomer_id)
        ],
        "looked": [
            {
                "at": _iso(row.at),
                "by": names.get(row.user_id),
                "what": row.what,
                "case": row.case_number,
                "why": row.reason,
            }
            for row in work.kept.looked(newcomer_id)
        ],
    }


def _taking_part(work: Work, newcomer_id: str) -> Kept:
    """Return what somebody told of their wishes, whom they look for and were suggested to, and their sign-ups."""
    profile = work.profiles.get(newcomer_id)
    signed_up = [(row, work.offers.at(row.occasion_id)) for row in work.sign_ups.of(newcomer_id)]
    return {
        "wishes": dict(profile.told) if profile else {},
        "message_each_week": profile is not None and profile.digest_at is not None,
        "looking_for": [
            {"at": _iso(one.at), "kind": one.kind, "state": one.state, "words": one.words}
            for one in work.seekings.of(newcomer_id)
        ],
        "put_together": [
            {"kind": one.kind, "state": one.state, "you_said": one.says(newcomer_id), "agreed_at": _iso(one.agreed_at)}
            for one in work.matches.of(newcomer_id, ("approved", "agreed", "refused", "ended"))
        ],
        "signed_up": [
            {
                "at": _iso(row.at),
                "for": offered.offer.title,
                "organisation": offered.offer.organisation,
                "on": _iso(offered.occasion.starts_at),
                "state": row.state,
                "was_there": row.attended,
                "liked": row.liked,
            }
            for row, offered in signed_up
            if offered is not None and offered.occasion is not None
        ],
    }


def as_json(kept: Kept) -> bytes:
    """Return it for a machine; files are in base64."""
    return json.dumps(kept, ensure_ascii=False, indent=2).encode()


def as_page(
    runtime: Runtime,
    kept: Kept,
    words: Callable[[str], str],
    language: str,
    named: Callable[[str, str], str] = lambda _, value: value,
) -> bytes:
    """
    Return it as one page that needs nothing else.

    `words` gives what stands around it, `named` what a wish's code is called, both in this language.
    """
    languages = runtime.knowledge.content.languages
    direction = languages.direction(language) if language in languages.all else "ltr"
    return page_of(kept, words, named, language=language, direction=direction).encode()


def hand_over(voice: Voice, newcomer_id: str) -> Mapping[str, SlotValue] | None:
    """
    Say in short what is kept of somebody, and send them all of it as a page, in their language.

    Where their messenger takes no such file nothing is said; what could have been counted comes back.
    """
    work, runtime = voice.work, voice.runtime
    wrote, told = work.kept.counts(newcomer_id)
    files = sum(len(of_one) for of_one in work.kept.files(newcomer_id).values())
    counted: dict[str, SlotValue] = {"messages_kept": str(wrote + told), "files_kept": str(files)}
    conversation = work.conversations.get(voice.conversation_id)
    channel = runtime.channels.get(conversation.channel) if conversation else None
    kept = kept_about(runtime, work, newcomer_id, most_bytes=MOST_FOR_A_MESSENGER)
    if kept is None or channel is None or not (channel.limits.files and channel.limits.pages):
        return counted
    reader = Reader(language=voice.language, second=voice.second_language)

    def said(response: str) -> str:
        return runtime.renderer.render(response, reader, Known(), now=voice.now).message.text

    def words(name: str) -> str:
        return said(KEPT[name])

    def named(what: str, value: str) -> str:
        response = KEPT_VALUES.get(what, "").format(value)
        if what == "languages" and value in runtime.knowledge.content.languages.all:
            return runtime.knowledge.content.languages.all[value].name
        return said(response) if response in runtime.knowledge.content.responses else value

    voice.say(Say(response=MY_DATA, extra=counted))
    page = as_page(runtime, kept, words, voice.language, named)
    voice.enclose(MY_DATA, SentFile(id=new_id(), name=PAGE_NAME, media_type=PAGE, size=len(page)), page)
    return None


def _iso(moment: date | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _person(work: Work, newcomer: NewcomerRow, conversations: list[ConversationRow], names: Mapping[str, str]) -> Kept:
    return {
        "since": _iso(newcomer.created_at),
        "language": newcomer.language,
        "second_language": newcomer.second_language,
        "status": newcomer.status,
        "agreed_at": _iso(newcomer.consent_at),
        "agreed_to": newcomer.consent_version,
        "coach": names.get(newcomer.coach_id or ""),
        "came_by": work.kept.enrolment_code(newcomer.id),
        "conversations": [
            {
                "channel": conversation.channel,
                "since": _iso(conversation.created_at),
                "last_wrote_at": _iso(conversation.heard_at),
                "answered_by": conversation.route,
            }
            for conversation in conversations
        ],
    }


def _told(conversations: list[ConversationRow]) -> Kept:
    """Return what the assistant remembers of the answers: municipality, age and so on."""
    told: Kept = {}
    for conversation in conversations:
        dialogue = Dialogue.from_json(conversation.state.decode() if conversation.state else None)
        told |= {name: str(value) for name, value in dialogue.slots.items()}
    return told


def _messages(  # noqa: PLR0913, PLR0917  # whose, who is who, and what goes along
    runtime: Runtime,
    work: Work,
    newcomer: NewcomerRow,
    conversations: list[ConversationRow],
    names: Mapping[str, str],
    files: _Files,
) -> list[Kept]:
    languages = runtime.knowledge.content.languages
    found: list[tuple[datetime, Kept]] = []
    for conversation in conversations:
        for row in work.inbox.all_for(conversation.id):
            language = languages.known((row.understood or {}).get("language")) or newcomer.language
            found.append((row.received_at, _heard(row, language) | {"files": files.with_message(row.id)}))
        went = {"channel": conversation.channel}
        found += [
            (said.created_at, _said(said, names) | went | {"files": files.with_reply(said)})
            for said in work.outbox.all_for(conversation.id)
        ]
    messages = (message for _, message in sorted(found, key=lambda one: one[0]))
    return [message for message in messages if message["text"] or message["files"] or message["pressed"]]


def _heard(row: InboundRow, language: str | None) -> Kept:
    return {
        "at": _iso(row.received_at),
        "from": "newcomer",
        "channel": row.channel,
        "kind": row.kind,
        "language": language,
        "text": row.body.get("text") or "",
        "pressed": row.body.get("payload"),
        "state": row.status,
        "understood": dict(row.understood) if row.understood else None,
    }


def _said(row: OutboxRow, names: Mapping[str, str]) -> Kept:
    return {
        "at": _iso(row.created_at),
        "from": "team" if row.user_id else "assistant",
        "by": names.get(row.user_id or ""),
        "kind": "text",
        "language": row.body.get("language"),
        "text": row.body.get("text") or "",
        "written_as": row.body.get("original"),  # before a machine put it into their language
        "pressed": None,
        "state": row.status,
        "sent_at": _iso(row.sent_at),
        "delivered_at": _iso(row.delivered_at),
        "read_at": _iso(row.read_at),
    }


def _case(work: Work, case: CaseRow, names: Mapping[str, str]) -> Kept:
    return {
        "number": case.number,
        "opened_at": _iso(case.opened_at),
        "closed_at": _iso(case.closed_at),
        "state": case.state,
        "priority": case.priority,
        "team": case.team,
        "with": names.get(case.assignee_id or ""),
        "reason": case.reason,
        "topic": case.topic,
        "question": case.question_id,
        "was_about": case.was_about,
        "outcome": case.outcome,
        "summary": case.summary,
        "notes": [
            {"at": _iso(note.at), "by": names.get(note.user_id), "text": note.text}
            for note in work.cases.notes(case.id)
        ],
        "events": [
            {"at": _iso(event.at), "what": event.kind, "by": names.get(event.actor, event.actor)}
            for event in work.cases.events(case.id)
        ],
    }


def _trajectory(
    runtime: Runtime, work: Work, trajectory: TrajectoryRow, newcomer: NewcomerRow, names: Mapping[str, str]
) -> Kept:
    planned: dict[str, list[Kept]] = {}
    for row in work.reminders.of_trajectory(trajectory.id):
        one = {"day": _iso(row.day), "about": _iso(row.about), "state": row.state, "sent_at": _iso(row.sent_at)}
        planned.setdefault(row.task_id, []).append(one | {"held_by": row.rule})
    return {
        "name": trajectory.template,
        "started": _iso(trajectory.started),
        "ends": _iso(trajectory.ends),
        "state": trajectory.state,
        "by": names.get(trajectory.created_by, trajectory.created_by),
        "told": trajectory.told.as_json(),
        "events": [
            {"at": _iso(event.at), "what": event.kind, "by": names.get(event.actor, event.actor)}
            for event in work.trajectories.events(trajectory.id)
        ],
        "tasks": [
            {
                "task": task.task,
                "number": task.occurrence,
                "title": _title(runtime, task, newcomer),
                "text": task.text,
                "state": task.state.value,
                "starts": _iso(task.starts),
                "due": _iso(task.due),
                "other_days": {name: _iso(day) for name, day in task.limits.items()},
                "settled_at": _iso(task.settled_at),
                "by": names.get(task.settled_by or "", task.settled_by),
                "why": task.reason,
                "reminders": planned.get(task.id, []),
            }
            for task in work.trajectories.tasks(trajectory.id)
        ],
    }


def _title(runtime: Runtime, task: TaskRow, newcomer: NewcomerRow) -> str:
    """Return what the task is called in the newcomer's language; its own name once the template has it no more."""
    content = runtime.knowledge.content
    name = f"utter_task_{task.task}"
    if task.title or name not in content.responses:
        return task.title or task.task
    languages = content.languages
    language = languages.known(newcomer.language) or languages.fallback[0]
    return runtime.renderer.words(name, language, languages.known(newcomer.second_language))


class _Files:
    """The person's files, with as many of their contents as go along."""

    def __init__(self, work: Work, newcomer_id: str, most_bytes: int) -> None:
        self._work = work
        self._theirs = work.kept.files(newcomer_id)
        self._ours = work.kept.reply_files(newcomer_id)
        sizes = [(row.size or 0, row.id) for rows in self._theirs.values() for row in rows if row.is_here]
        # An earlier copy of all this stays out of it: each would hold the one before.
        sent = (file for files in self._ours.values() for file in files)
        sizes += [(file.size, file.id) for file in sent if file.is_here and file.media_type != PAGE]
        self._along: set[str] = set()
        for size, file_id in sorted(sizes):
            most_bytes -= size
            if most_bytes < 0:
                break
            self._along.add(file_id)

    def with_message(self, inbound_id: str) -> list[Kept]:
        """Return the files that came with a message."""
        return [
            {"name": None, "media_type": row.media_type, "size": row.size, "state": row.status}
            | self._content(row.id, self._work.attachments.open)
            for row in self._theirs.get(inbound_id, ())
        ]

    def with_reply(self, said: OutboxRow) -> list[Kept]:
        """Return the files that went with a reply."""
        named = {file["id"]: file["name"] for file in said.body.get("files") or ()}
        return [
            {"name": named.get(file.id), "media_type": file.media_type, "size": file.size, "state": file.status}
            | self._content(file.id, self._work.reply_files.open)
            for file in self._ours.get(said.id, ())
        ]

    def _content(self, file_id: str, opened: Callable[[str], bytes | None]) -> Kept:
        content = opened(file_id) if file_id in self._along else None
        return {"content": None if content is None else base64.b64encode(content).decode()}
