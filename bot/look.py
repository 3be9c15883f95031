"""
Somebody at the desk looks at a newcomer's file: whether they may, what stands in it, and that they did.

All of it is one unit of work, so that nothing is seen that is not in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.answer import Declined, as_actor, as_seen, last_reply_of
from bot.channels.limits import WHATSAPP
from bot.domain.turn import SentFile
from bot.handoff.access import reason_not_to_see
from bot.handoff.case import Act, Decline, reason_to_decline
from bot.handoff.timeline import (
    NOT_TOLD,
    FileSent,
    Guess,
    Happened,
    Noted,
    Said,
    Window,
    Wrote,
    delivery_of,
    window_of,
)
from bot.safety.redaction import mask
from bot.say import WINDOW_MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from bot.handoff.timeline import Item
    from bot.runtime import Runtime
    from bot.store.rows import (
        CaseRow,
        ConversationRow,
        DraftRow,
        InboundRow,
        NewcomerRow,
        OutboxRow,
        UserRow,
    )
    from bot.store.work import Work

WHAT = "case"
# A part of an open page that fetches itself anew is the same look during this time.
SAME_LOOK = timedelta(minutes=10)
# For this long a coordinator's reason counts: the file may be opened again.
REASON_COUNTS = timedelta(hours=1)
# A reading that is less likely than this tells a volunteer nothing.
TELLING = 0.05
# What is shown at once; earlier on request.
PAGE = 100
LONGEST_REASON = 500
# Messengers that another process speaks with have their window all the same.
_WINDOWS: Mapping[str, timedelta | None] = {"whatsapp": WHATSAPP.window}
# What acts on a case besides people of the team.
_NOBODY = ("bot", "newcomer", "messenger", "time")
_BARE_KINDS = frozenset({"text", "button", "reaction", "edit"})


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the team may know of a case without opening it: nothing that anybody wrote."""

    case: CaseRow
    language: str
    second_language: str | None
    channel: str
    window: Window
    assignee: str | None  # the pseudonym of who has it
    may: frozenset[Act]
    needs_reason: bool  # a coordinator opens it with a reason


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Another case of the same newcomer; `opens` when who looks may open it too."""

    id: str
    number: int
    topic: str | None
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None
    opens: bool


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """
    A newcomer's file as somebody who may see it sees it now.

    `items` are the last of it in order, and `earlier_than` asks for those before them (None: there are none). `seen`
    is the number of the newest message, which a reply names, and `last_reply` what a draft names. `others` are the
    pseudonyms of who else looked in the last minutes; `rows` the newcomer's messages on this page, for what can be
    learnt of them.
    """

    case: CaseRow
    newcomer: NewcomerRow
    name: str | None = field(repr=False)
    language: str
    second_language: str | None
    channel: str
    is_reachable: bool
    has_stopped: bool
    route: str
    assignee: str | None
    is_mine: bool
    others: tuple[str, ...]
    may: frozenset[Act]
    window: Window
    conversation_id: str
    seen: int
    items: tuple[Item, ...] = field(repr=False)
    earlier_than: datetime | None
    earlier_cases: tuple[Earlier, ...]
    draft: DraftRow | None
    last_reply: str
    rows: tuple[InboundRow, ...] = field(repr=False, default=())

    @property
    def newest(self) -> Wrote | None:
        """The newcomer's last message."""
        return next((item for item in reversed(self.items) if isinstance(item, Wrote)), None)


def open_file(  # noqa: PLR0913  # who looks at which, why, and how far back
    runtime: Runtime,
    who: str,
    case_id: str,
    *,
    reason: str = "",
    part: bool = False,
    before: datetime | None = None,
) -> CaseFile | Declined:
    """
    Open the file of a case's newcomer and write down that this person looked; or say why they may not.

    `reason` is why a coordinator looks: it counts for an hour. `part`: a part of a page that is open fetches itself
    anew, which within ten minutes is the same look. `before` asks for what is earlier than that moment.
    """
    if part:
        # Most of these write nothing, and a page that refreshes itself holds up no writer.
        seen = runtime.database.read(lambda work: _opened(runtime, work, who, case_id, before=before, again=True))
        if seen is not None:
            return seen

    def look(work: Work) -> CaseFile | Declined:
        opened = _opened(runtime, work, who, case_id, reason=reason, before=before)
        assert opened is not None
        return opened

    return runtime.database.write(look)


def see_outside(runtime: Runtime, who: str, case_id: str) -> Outside | Declined:
    """Return what the team may know of a case that this person has not opened; other teams know nothing."""

    def look(work: Work) -> Outside | Declined:
        scene = _scene(work, who, case_id)
        if isinstance(scene, Declined):
            return scene
        user, case, newcomer, conversation = scene
        if case.team not in user.teams:
            return Declined(why=Decline.OTHER_TEAM)
        return Outside(
            case=case,
            **_languages(runtime, newcomer),
            channel=conversation.channel,
            window=_window(runtime, conversation),
            assignee=_Names(work, user).of(case.assignee_id),
            may=_may(runtime, user, case),
            needs_reason=_reason_not_to(user, case, newcomer, "") is Decline.NEEDS_REASON,
        )

    return runtime.database.read(look)


_Scene: TypeAlias = "tuple[UserRow, CaseRow, NewcomerRow, ConversationRow]"


def _scene(work: Work, who: str, case_id: str) -> _Scene | Declined:
    user = work.users.get(who)
    if user is None or not user.active:
        return Declined(why=Decline.NO_ACCOUNT)
    case = work.cases.get(case_id)
    newcomer = work.newcomers.get(case.newcomer_id) if case else None
    conversation = work.conversations.get(case.conversation_id) if case else None
    if case is None or newcomer is None or conversation is None or newcomer.status == "erasing":
        return Declined(why=Decline.GONE)
    return user, case, newcomer, conversation


def _opened(  # noqa: PLR0913
    runtime: Runtime,
    work: Work,
    who: str,
    case_id: str,
    *,
    reason: str = "",
    before: datetime | None = None,
    again: bool = False,
) -> CaseFile | Declined | None:
    """Return the file; None with `again` when this look is not in the journal yet."""
    scene = _scene(work, who, case_id)
    if isinstance(scene, Declined):
        return scene
    user, case, newcomer, _ = scene
    now = runtime.clock.now()
    given = mask(reason.strip()[:LONGEST_REASON]).text
    counts = given or work.views.last_reason(who, newcomer.id, now - REASON_COUNTS) or ""
    declined = _reason_not_to(user, case, newcomer, counts)
    if declined is not None:
        return Declined(why=declined, taken_by=case.assignee_id if declined is Decline.NOT_YOURS else None)
    if again and not work.views.has_seen(who, newcomer.id, WHAT, now - SAME_LOOK):
        return None
    if not again:
        needed = _reason_not_to(user, case, newcomer, "") is Decline.NEEDS_REASON
        why = given if given and needed else None
        work.views.note(who, WHAT, now, newcomer_id=newcomer.id, case_number=case.number, reason=why)
    return _Reader(runtime=runtime, work=work, scene=scene, now=now).file(before)


def _reason_not_to(user: UserRow, case: CaseRow, newcomer: NewcomerRow, reason: str) -> Decline | None:
    return reason_not_to_see(as_actor(user), as_seen(case), coach=newcomer.coach_id, reason=reason)


def _may(runtime: Runtime, user: UserRow, case: CaseRow) -> frozenset[Act]:
    who, seen, now = as_actor(user), as_seen(case), runtime.clock.now()
    return frozenset(act for act in Act if reason_to_decline(act, who, seen, now) is None)


def _window(runtime: Runtime, conversation: ConversationRow) -> Window:
    channel = runtime.channels.get(conversation.channel)
    length = channel.limits.window if channel else _WINDOWS.get(conversation.channel)
    # As the delivering verb counts it: what is sent at its last moment arrives after it.
    shorter = length - WINDOW_MARGIN if length is not None else None
    return window_of(conversation.heard_at, shorter, runtime.clock.now())


def _languages(runtime: Runtime, newcomer: NewcomerRow) -> dict[str, Any]:
    languages = runtime.knowledge.content.languages
    return {
        "language": languages.known(newcomer.language) or languages.fallback[0],
        "second_language": languages.known(newcomer.second_language),
    }


class _Names:
    """The pseudonyms of who did something, each asked for once."""

    def __init__(self, work: Work, me: UserRow) -> None:
        self._work = work
        self._known: dict[str, str | None] = {**dict.fromkeys(_NOBODY), me.id: me.pseudonym}

    def of(self, user_id: str | None) -> str | None:
        if user_id is None:
            return None
        if user_id not in self._known:
            user = self._work.users.get(user_id)
            self._known[user_id] = user.pseudonym if user else None
        return self._known[user_id]


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Reads a file that may be seen."""

    runtime: Runtime
    work: Work
    scene: _Scene
    now: datetime

    def file(self, before: datetime | None) -> CaseFile:
        work = self.work
        me, case, newcomer, conversation = self.scene
        names = _Names(work, me)
        items, rows, earlier_than = self._items(names, before)
        return CaseFile(
            case=case,
            newcomer=newcomer,
            name=work.newcomers.profile_name(conversation.id) if newcomer.consent_at is not None else None,
            **_languages(self.runtime, newcomer),
            channel=conversation.channel,
            is_reachable=conversation.id in {way.conversation_id for way in work.newcomers.ways_to(newcomer.id)},
            has_stopped=newcomer.status == "stopped",
            route=conversation.route,
            assignee=names.of(case.assignee_id),
            is_mine=case.assignee_id == me.id,
            others=self._others(names),
            may=_may(self.runtime, me, case),
            window=_window(self.runtime, conversation),
            conversation_id=conversation.id,
            seen=conversation.next_number - 1,
            items=items,
            earlier_than=earlier_than,
            earlier_cases=tuple(self._earlier()),
            draft=work.drafts.get(case.id, me.id),
            last_reply=last_reply_of(work.cases.events(case.id), me.id),
            rows=rows,
        )

    def _others(self, names: _Names) -> tuple[str, ...]:
        me, _, newcomer, _ = self.scene
        seen = self.work.views.latest(50, newcomer_id=newcomer.id)
        ids = dict.fromkeys(view.user_id for view in seen if view.at >= self.now - SAME_LOOK and view.user_id != me.id)
        return tuple(name for name in (names.of(user_id) for user_id in ids) if name is not None)

    def _earlier(self) -> Iterable[Earlier]:
        me, case, newcomer, _ = self.scene
        for other in self.work.cases.of(newcomer.id):
            if other.id == case.id:
                continue
            yield Earlier(
                id=other.id,
                number=other.number,
                topic=other.topic,
                opened_at=other.opened_at,
                closed_at=other.closed_at,
                outcome=other.outcome,
                opens=_reason_not_to(me, other, newcomer, "") in {None, Decline.NEEDS_REASON},
            )

    # ---- the timeline

    def _items(
        self, names: _Names, before: datetime | None
    ) -> tuple[tuple[Item, ...], tuple[InboundRow, ...], datetime | None]:
        """Return one page of the timeline, the newcomer's messages on it, and what is before it (None: nothing)."""
        me, _, newcomer, _ = self.scene
        inbound: list[InboundRow] = []
        said: list[OutboxRow] = []
        conversations = self.work.conversations.of(newcomer.id)
        for conversation in conversations:
            inbound += self.work.inbox.latest(conversation.id, PAGE + 1, before=before)
            said += self.work.outbox.latest(conversation.id, PAGE + 1, before=before)
        since = _cut([*(row.received_at for row in inbound), *(row.created_at for row in said)])
        rows = tuple(row for row in inbound if since is None or row.received_at >= since)
        channels = {row.id: row.channel for row in conversations}
        items: list[tuple[datetime, int, int, Item]] = []
        items += [(row.received_at, 1, row.number, self._wrote(row)) for row in rows]
        items += [
            (row.created_at, 2, row.number, self._said(row, channels[row.conversation_id], names, me))
            for row in said
            if (since is None or row.created_at >= since) and (row.body or row.status != "dropped")
        ]
        told = self._events(names)
        # What happened before the first message, when there is nothing earlier, belongs to this page too.
        items += [
            (item.at, 3, number, item)
            for number, item in enumerate(told)
            if (since is None or item.at >= since) and (before is None or item.at < before)
        ]
        items.sort(key=lambda found: found[:3])
        return tuple(item for *_, item in items), rows, since

    def _wrote(self, row: InboundRow) -> Wrote:
        _, _, newcomer, _ = self.scene
        understood: Mapping[str, Any] = row.understood or {}
        languages = self.runtime.knowledge.content.languages
        own = _languages(self.runtime, newcomer)["language"]
        files = () if row.kind in _BARE_KINDS else tuple(self._files(row.id))
        return Wrote(
            id=row.id,
            at=row.received_at,
            conversation_id=row.conversation_id,
            number=row.number,
            channel=row.channel,
            kind=row.kind,
            text=str(row.body.get("text") or ""),
            language=languages.known(understood.get("language")) or own,
            is_kept=bool(row.body),
            masked=bool(row.body.get("masked")),
            files=files,
            guesses=tuple(self._guesses(understood)),
            rung=understood.get("rung"),
            crisis=understood.get("crisis"),
        )

    def _files(self, inbound_id: str) -> Iterable[FileSent]:
        for file in self.work.attachments.for_inbound(inbound_id):
            yield FileSent(
                id=file.id,
                state=file.status,
                media_type=file.media_type,
                size=file.size,
                why=file.error,
                is_here=file.is_here,
            )

    def _guesses(self, understood: Mapping[str, Any]) -> Iterable[Guess]:
        knowledge = self.runtime.knowledge
        for intent, share in understood.get("intents") or ():
            if share < TELLING:
                continue
            question = knowledge.flow_of_intent.get(intent, intent)
            known = question if question in knowledge.content.questions else None
            yield Guess(intent=str(intent), question=known, share=float(share))

    def _said(self, row: OutboxRow, channel: str, names: _Names, me: UserRow) -> Said:
        held = row.user_id is not None and row.status == "queued" and not row.attempts and row.available_at > self.now
        languages = self.runtime.knowledge.content.languages
        return Said(
            id=row.id,
            at=row.created_at,
            conversation_id=row.conversation_id,
            channel=channel,
            text=str(row.body.get("text") or ""),
            language=str(row.body.get("language") or languages.fallback[0]),
            is_kept=bool(row.body),
            buttons=tuple(str(button["title"]) for button in row.body.get("buttons") or ()),
            delivery=delivery_of(row.status, held=held),
            delivered_at=row.read_at or row.delivered_at or row.sent_at,
            why=row.error if row.status in {"failed", "uncertain"} else None,
            by=names.of(row.user_id),
            mine=row.user_id == me.id,
            undo_until=row.available_at if held and row.user_id == me.id else None,
            sent_files=tuple(SentFile(**file) for file in row.body.get("files") or ()),
            follows=row.body.get("follows"),
            original=row.body.get("original"),
        )

    def _events(self, names: _Names) -> list[Happened | Noted]:
        me, case, _, _ = self.scene
        notes = {note.id: note for note in self.work.cases.notes(case.id)}
        found: list[Happened | Noted] = []
        for event in self.work.cases.events(case.id):
            if event.kind in NOT_TOLD or event.kind == "note":
                continue
            note = notes.pop(str(event.detail.get("note")), None)
            found.append(
                Happened(
                    id=event.id,
                    at=event.at,
                    kind=event.kind,
                    actor=event.actor,
                    by=names.of(event.actor),
                    mine=event.actor == me.id,
                    detail=event.detail,
                    note=note.text if note else None,
                )
            )
        found += [
            Noted(id=note.id, at=note.at, by=names.of(note.user_id), mine=note.user_id == me.id, text=note.text)
            for note in notes.values()
        ]
        return sorted(found, key=lambda item: (item.at, item.id))


def _cut(moments: Sequence[datetime]) -> datetime | None:
    """Return the moment from which the last page is shown, so that what happened at once stays together; None: all."""
    ordered = sorted(moments)
    if len(ordered) <= PAGE:
        return None
    last_left_out = ordered[-PAGE - 1]
    return next((moment for moment in ordered[-PAGE:] if moment > last_left_out), last_left_out)
