"""What the collections hand out: frozen rows. Opened texts stay out of `repr`, so that no log shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class NewcomerRow:
    """A person who writes. `status` is active, stopped (after STOP) or erasing."""

    id: str
    language: str | None
    second_language: str | None
    status: str
    consent_at: datetime | None
    consent_version: str | None
    created_at: datetime
    coach_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ConversationRow:
    """
    One address of one newcomer. `state` is what `save_state` was given, `route` is bot or human.

    `heard_at` is when they last wrote in it; None for a conversation from before that was kept.
    """

    id: str
    newcomer_id: str
    channel: str
    next_number: int
    read_mark: int
    said_count: int
    state: bytes | None = field(repr=False)
    state_version: int
    route: str
    attempts: int
    created_at: datetime
    updated_at: datetime
    heard_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Writing:
    """A newcomer who writes and the conversation they write in; `is_new` when they were unknown until now."""

    newcomer: NewcomerRow
    conversation: ConversationRow
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class WayRow:
    """A conversation in which a newcomer can be reached."""

    conversation_id: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class InboundRow:
    """
    One message from a newcomer. `body` is empty once its content was dropped.

    `understood` is what the assistant made of it: `rung`, `language`, `intents` as [name, probability], `crisis`.
    """

    id: str
    conversation_id: str
    number: int
    channel: str
    provider_id: str
    kind: str
    body: Mapping[str, Any] = field(repr=False)
    received_at: datetime
    status: str
    attempts: int
    error: str | None
    understood: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class OutboxRow:
    """
    One message to a newcomer. `body` is empty once dropped; `attempts` counts the leases.

    `user_id` is who of the team wrote it, in `case_id`; both are None for what the assistant says.
    """

    id: str
    conversation_id: str
    number: int
    cause_inbound_id: str | None
    position: int
    body: Mapping[str, Any] = field(repr=False)
    status: str
    available_at: datetime
    attempts: int
    lease_token: int
    leased_until: datetime | None
    sent_at: datetime | None
    provider_id: str | None
    error: str | None
    created_at: datetime
    bulk: bool
    delivered_at: datetime | None
    read_at: datetime | None
    case_id: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeasedRow(OutboxRow):
    """
    A message to send now, and to whom. Give `lease_token` back with the outcome.

    `heard_at` is when the newcomer last wrote in this conversation; `blocked` that they let nothing through.
    """

    newcomer_id: str
    channel: str
    address: str = field(repr=False)
    heard_at: datetime | None
    blocked: bool


@dataclass(frozen=True, kw_only=True)
class AttachmentRow:
    """
    A file that came with a message, without its content.

    `media_type` and `size` are what was found once `is_here`; before that what the messenger said. `error` is why it
    was refused.
    """

    id: str
    conversation_id: str
    inbound_id: str
    place: int
    status: str
    media_type: str | None
    size: int | None
    error: str | None
    is_here: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReplyFileRow:
    """A file of a reply, without what it holds. `status` and `sent_at` are its message's; `is_here`: not dropped."""

    id: str
    outbox_id: str
    conversation_id: str
    media_type: str
    size: int
    is_here: bool
    status: str
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DueFileRow:
    """
    A file with which something must be done at the messenger: fetched, then deleted there; or only deleted.

    `wanted`: it may be fetched. `is_here`: that was done. `attempts` counts the leases of this step, this one too.
    """

    id: str
    conversation_id: str
    channel: str
    reference: str = field(repr=False)
    wanted: bool
    is_here: bool
    attempts: int


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """
    A question that the team has. `number` is the one people say aloud.

    `version` grows with every change; `waiting_since` is since when the newcomer waits, `answered_at` the team's last
    answer (None while it owes one), `lease_from` when who has it last did something, `crisis_at` since when it is a
    crisis. `after_close` is None, asked or new. `due_at` is when time alone may change something. Who closed it
    told which question it was in the end (`was_about`) and whether the assistant should know the answer
    (`answer_wanted`); `emptied_at` is when its words went.
    """

    id: str
    number: int
    newcomer_id: str
    conversation_id: str
    state: str
    priority: str
    reason: str
    topic: str | None
    question_id: str | None
    language: str | None
    summary: str | None = field(repr=False)
    opened_at: datetime
    closed_at: datetime | None
    team: str
    assignee_id: str | None
    version: int
    waiting_since: datetime
    answered_at: datetime | None
    first_answered_at: datetime | None
    lease_from: datetime | None
    lease_until: datetime | None
    warned: bool
    pinged: int
    snoozed_until: datetime | None
    reminded_at: datetime | None
    crisis_at: datetime | None
    outcome: str | None
    after_close: str | None
    choice_until: datetime | None
    earlier_case_id: str | None
    due_at: datetime | None
    was_about: str | None = None
    answer_wanted: bool | None = None
    emptied_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class StandingRow:
    """What a turn has to know of a newcomer's last question: open, or closed a short while ago."""

    id: str
    number: int
    state: str
    after_close: str | None


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """
    A case as it stands in a list: nothing of what anybody wrote.

    `heard_at` is when the newcomer last wrote in the case's conversation (`channel`), from which its window counts;
    `assignee` is the name of who has it.
    """

    id: str
    number: int
    language: str | None
    topic: str | None
    reason: str
    priority: str
    state: str
    team: str
    version: int
    waiting_since: datetime
    answered_at: datetime | None
    lease_until: datetime | None
    warned: bool
    pinged: int
    snoozed_until: datetime | None
    crisis_at: datetime | None
    due_at: datetime | None
    channel: str
    heard_at: datetime | None
    assignee_id: str | None
    assignee: str | None


@dataclass(frozen=True, kw_only=True)
class NewsRow:
    """Something happened to a case of these teams, of a newcomer in the group of this coach."""

    id: str
    case_id: str
    at: datetime
    teams: frozenset[str]
    coach_id: str | None


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """A newcomer in a coach's group, by the number of their last case; 0 when they have none any more."""

    coach_id: str
    newcomer_id: str
    number: int


@dataclass(frozen=True, kw_only=True)
class NoteRow:
    """What somebody of the team wrote about a case, for the team only."""

    id: str
    case_id: str
    user_id: str
    at: datetime
    text: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AddressRow:
    """Where a newcomer writes from, and the name they show there, once it was kept."""

    channel: str
    address: str = field(repr=False)
    name: str | None = field(repr=False)
    blocked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DraftOfRow:
    """What somebody of the team was writing in a case and did not send yet."""

    case_id: str
    user_id: str
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class DraftRow:
    """What somebody of the team was writing; `language` is the one they chose for it, if they chose."""

    text: str = field(repr=False)
    language: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class UserRow:
    """
    Somebody who works at the desk, by the name that newcomers may see.

    `organisation_id` is whose offers are an organiser's. `sign_in` is the name they sign in with (None: they cannot),
    `has_password` and `has_totp` whether both factors are set, `interface` the console's language for them, `theme`
    None, light or dark, `notify` by what they are told.
    """

    id: str
    pseudonym: str
    roles: frozenset[str]
    teams: frozenset[str]
    languages: tuple[str, ...]
    active: bool
    created_at: datetime | None = None
    sign_in: str | None = None
    has_password: bool = False
    has_totp: bool = False
    interface: str = "nl"
    theme: str | None = None
    on_shift_until: datetime | None = None
    notify: frozenset[str] = frozenset()
    organisation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A browser that somebody signed in with. Until `confirmed_at`, by the second factor, it opens nothing."""

    id: str
    user_id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    device: str | None


@dataclass(frozen=True, kw_only=True)
class ViewRow:
    """Somebody of the team looked at something; `reason` is why, where one was asked for."""

    id: str
    at: datetime
    user_id: str
    newcomer_id: str | None
    case_number: int | None
    what: str
    reason: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class MatterRow:
    """A case as far as a ping is about it: nothing that anybody wrote."""

    state: str
    team: str
    assignee_id: str | None
    priority: str
    answered_at: datetime | None
    warned: bool


@dataclass(frozen=True, kw_only=True)
class PingRow:
    """
    What tells somebody of the team that there is something to look at, on one of their ways.

    `case_id` is None once the case's newcomer was forgotten, and in what is about no case; `attempts` counts the sends.
    """

    id: str
    user_id: str
    kind: str
    channel: str
    case_id: str | None
    event_id: str | None
    status: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class HeardRow:
    """What a newcomer wrote and how it was understood, without who they are but for an id."""

    newcomer_id: str
    language: str | None
    at: datetime
    text: str = field(repr=False)
    understood: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LearntRow:
    """What who closed a case said of it: which question it was, whether the assistant should know the answer."""

    newcomer_id: str
    opened_at: datetime
    closed_at: datetime
    was_about: str | None
    answer_wanted: bool | None


@dataclass(frozen=True, kw_only=True)
class DecisionRow:
    """Something the organisation decided: the value, the grounds in words, who wrote it down and when."""

    name: str
    value: Any
    note: str | None
    user_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CheckedRow:
    """A text in a language that somebody read: `digest` is of the words as they were then."""

    name: str
    language: str
    digest: bytes
    user_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseEventRow:
    """Something that happened to a case: who, when, what."""

    id: str
    case_id: str
    at: datetime
    kind: str
    actor: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ContentRow:
    """Something that a messenger's provider keeps for us: `sid` is its id there."""

    account: str
    name: str
    language: str
    sid: str
    status: str
    checked_at: datetime
