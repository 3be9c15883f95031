"""
The words of one turn: what came in, what goes out, and what it asks of the world.

What it asks for taking part stands in bot/domain/taking_part.py.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime  # slot values are checked against these at run time
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bot.domain.taking_part import TakingPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.languages import Direction

SlotValue: TypeAlias = str | bool | int | Decimal | date | None


class Kind(StrEnum):
    """What a newcomer sent."""

    TEXT = "text"
    BUTTON = "button"
    PHOTO = "photo"
    DOCUMENT = "document"
    VOICE = "voice"  # and other sound: nobody listens to it yet
    VIDEO = "video"
    STICKER = "sticker"
    CONTACT = "contact"
    LOCATION = "location"
    REACTION = "reaction"  # an emoji under one of our messages; it may answer a question, and asks nothing
    EDIT = "edit"  # another wording of a message that was answered already
    OTHER = "other"  # a poll, a game, what a messenger invents next: nothing the assistant can read


# What carries a file that a person of the team can look at.
FILES = frozenset({Kind.PHOTO, Kind.DOCUMENT})
# What may carry words beside something that the assistant cannot use: the words are read as a message.
CAPTIONED = FILES | {Kind.VIDEO, Kind.VOICE}


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """
    A file that the messenger keeps for us; nothing of it is here yet.

    `reference` is what the channel fetches it by. `media_type` and `size` (bytes) are what the messenger says: they
    are believed by nobody.
    """

    reference: str = field(repr=False)
    media_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """
    One message from a messenger, before anything is decided.

    `provider_id` is the messenger's own id, unique in the conversation and without the address: the same id never
    counts twice. `payload` is what a button carries, `language_hint` a BCP 47 code the client gave, `received_at`
    aware UTC. `edits` is the `provider_id` of the message whose words this one replaces. `profile_name` is what the
    person calls themselves there.
    """

    channel: str
    address: str
    provider_id: str
    kind: Kind
    text: str
    received_at: datetime
    payload: str | None = None
    language_hint: str | None = None
    edits: str | None = None
    profile_name: str | None = field(default=None, repr=False)
    attachments: tuple[Attachment, ...] = ()

    def as_body(self) -> dict[str, Any]:
        """Return what is stored (encrypted) of the message: no address, no id."""
        body = {"text": self.text, "payload": self.payload, "language_hint": self.language_hint}
        return body | ({"profile_name": self.profile_name} if self.profile_name else {})


@dataclass(frozen=True, kw_only=True)
class Button:
    """A choice under a message. `payload` is `/SetSlots(x=y)`, `/intent` or `/skip`."""

    title: str
    payload: str


@dataclass(frozen=True, kw_only=True)
class Media:
    """A file of the knowledge that goes with a message: `path` below content/, `alt` says what it shows or says."""

    path: str
    alt: str

    @property
    def is_sound(self) -> bool:
        """Whether it is heard, not seen."""
        return self.path.endswith((".mp3", ".ogg"))


@dataclass(frozen=True, kw_only=True)
class SentFile:
    """A file that somebody of the team sends: `name` is what the newcomer sees, `id` where the store keeps it."""

    id: str
    name: str = field(repr=False)
    media_type: str
    size: int

    @property
    def shown_as(self) -> Literal["picture", "sound", "other"]:
        """How a messenger shows it."""
        kinds: Mapping[str, Literal["picture", "sound"]] = {"image": "picture", "audio": "sound"}
        return kinds.get(self.media_type.partition("/")[0], "other")


@dataclass(frozen=True, kw_only=True)
class Template:
    """What may be said outside WhatsApp's window: an approved text by name, with its variables in order."""

    name: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Message:
    """
    One message to a newcomer, ready to send: `text` with *stars* around official words.

    `language` is the language it is really in, which differs from the reader's when a translation is missing.
    `text` is also what `template` says, for messengers that have no templates. `files` are what a person of the team
    sends along; each goes in a message of its own, and `follows` is the outbox id of the first of them. `original` is
    what that person wrote, when a machine put it into the newcomer's language: for the team only.
    """

    response: str
    text: str
    buttons: tuple[Button, ...]
    language: str
    direction: Direction
    media: tuple[Media, ...] = ()
    template: Template | None = None
    files: tuple[SentFile, ...] = ()
    follows: str | None = None
    original: str | None = field(default=None, repr=False)

    def as_body(self) -> dict[str, Any]:
        """Return what is stored (encrypted) and later sent."""
        body = {
            "response": self.response,
            "text": self.text,
            "buttons": [{"title": button.title, "payload": button.payload} for button in self.buttons],
            "language": self.language,
            "direction": self.direction,
            "media": [{"path": media.path, "alt": media.alt} for media in self.media],
            "template": self.template and {"name": self.template.name, "variables": list(self.template.variables)},
        }
        if self.files:
            body["files"] = [asdict(file) for file in self.files]
        return body | {name: value for name in ("follows", "original") if (value := getattr(self, name)) is not None}

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Message:
        """Return the message that `as_body` described."""
        return cls(
            response=body["response"],
            text=body["text"],
            buttons=tuple(Button(title=b["title"], payload=b["payload"]) for b in body["buttons"]),
            language=body["language"],
            direction=body["direction"],
            media=tuple(Media(path=m["path"], alt=m["alt"]) for m in body.get("media") or ()),
            template=_template(body.get("template")),
            files=tuple(SentFile(**file) for file in body.get("files") or ()),
            follows=body.get("follows"),
            original=body.get("original"),
        )


def _template(body: Mapping[str, Any] | None) -> Template | None:
    return Template(name=body["name"], variables=tuple(body["variables"])) if body else None


class Priority(StrEnum):
    """How soon a person must look. A letter with a deadline is urgent, not a crisis."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRISIS = "crisis"


@dataclass(frozen=True, kw_only=True)
class Say:
    """Speak the response `response` with these slots; `extra` holds values that are no slots."""

    response: str
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    extra: Mapping[str, SlotValue] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    language: str | None = None  # another language than the reader's, for the offer to switch


@dataclass(frozen=True, kw_only=True)
class Choice:
    """
    A button made at run time: the name of a flow, a language or a messenger, or the words of a response.

    `named` is a title that is in the reader's language already.
    """

    payload: str
    flow: str | None = None
    language: str | None = None
    messenger: str | None = None
    title: str | None = None
    response: str | None = None
    named: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """Hand the question to the team. `summary` is what the volunteer reads first; it may hold personal data."""

    reason: str
    priority: Priority
    topic: str | None
    question: str | None
    summary: str


@dataclass(frozen=True, kw_only=True)
class NoteOnCase:
    """Write an event on the open case, if there is one."""

    kind: str


@dataclass(frozen=True, kw_only=True)
class NewcomerWrote:
    """The message is for the person who has the newcomer's case: it is that person's turn again."""


@dataclass(frozen=True, kw_only=True)
class AskEarlierOrNew:
    """The newcomer is asked whether they mean the question that was closed a short while ago, or a new one."""

    case_id: str


@dataclass(frozen=True, kw_only=True)
class ReopenCase:
    """The newcomer means the earlier question: back to the queue with it, and with what they added (`summary`)."""

    case_id: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class TakeAsNew:
    """The newcomer means a new question: what they wrote is answered now."""

    case_id: str


@dataclass(frozen=True, kw_only=True)
class RecordHelped:
    """Count whether an answer helped; no person is stored with it."""

    question: str
    helped: bool


@dataclass(frozen=True, kw_only=True)
class SetLanguage:
    """The person chose this language."""

    language: str


@dataclass(frozen=True, kw_only=True)
class AcceptNotice:
    """The person accepted the notice."""


@dataclass(frozen=True, kw_only=True)
class DeclineNotice:
    """The person declined the notice: what was held is dropped."""


@dataclass(frozen=True, kw_only=True)
class HoldMessage:
    """Keep the message encrypted until the notice is answered, at most 24 hours."""


@dataclass(frozen=True, kw_only=True)
class StopMessages:
    """The person sent STOP: nothing is sent on our own account any more."""


@dataclass(frozen=True, kw_only=True)
class StartMessages:
    """The person writes again after STOP."""


@dataclass(frozen=True, kw_only=True)
class EraseNewcomer:
    """Delete all that is known of the person."""


@dataclass(frozen=True, kw_only=True)
class HandOverData:
    """
    Give the person all that is kept of them: what it is in short, and the whole of it as a file.

    Only the world knows how much it is, and whether their messenger takes such a file, so the effect says it:
    `utter_my_data` and the file, or `utter_my_data_by_team` and a case.
    """


@dataclass(frozen=True, kw_only=True)
class AskLinkCode:
    """Make a code that joins another messenger to this person; it brings `link_code` and `link_minutes` (text)."""


@dataclass(frozen=True, kw_only=True)
class LinkWith:
    """
    Join this conversation to the person who was given `code` (eight digits) in another messenger.

    How it went is known only when it is carried out, so the effect says it: `utter_link_done`, `utter_link_wrong` or
    `utter_link_too_many`. It may come before the notice was answered: the other messenger's answer counts.
    """

    code: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AskRemindersTo:
    """
    Ask where reminders go: only the world knows which messengers the person has, so the effect says it.

    `utter_ask_reminders_to` with a `Choice(payload="/reminders <channel>", messenger=<channel>)` for each, or
    `utter_link_none_other` when this one is all there is.
    """


@dataclass(frozen=True, kw_only=True)
class SetRemindersTo:
    """Send reminders to the person's conversation on this channel; the effect says `utter_reminders_to_set`."""

    channel: str


@dataclass(frozen=True, kw_only=True)
class Enrol:
    """The person came by a link of their coach; `code` is what the link carried."""

    code: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EnrolBy:
    """The person entered a coach's code (eight digits); the effect says how it went, and asks what the plan needs."""

    code: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ShowTasks:
    """Say what is next and why; only the world knows which tasks the person has, so the effect says it."""


@dataclass(frozen=True, kw_only=True)
class HandOut:
    """
    Give the person their plan on paper (`paper`) or their dates for a calendar (`calendar`), as a file.

    Only the world knows whether their messenger takes it, so the effect says it, or what else they can do.
    """

    what: str


@dataclass(frozen=True, kw_only=True)
class SayOfTask:
    """The person says something of a task: done, later, help or not_for_me; without `task` it is asked which."""

    what: str
    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class PutOff:
    """Say nothing of this task until tomorrow, for a week, or until a day; `day`: ask which."""

    task: str
    until: str | date


@dataclass(frozen=True, kw_only=True)
class TellForPlan:
    """The answer to what was asked for the plan, None when they do not know; so many questions may follow."""

    name: str
    answer: date | bool | None
    left: int = 0


@dataclass(frozen=True, kw_only=True)
class AskForPlan:
    """Ask what the plan still needs to know."""


@dataclass(frozen=True, kw_only=True)
class GoOn:
    """Take up the plan that rested."""


@dataclass(frozen=True, kw_only=True)
class AnswerSession:
    """The person says whether they come to this session; only the world knows whether they are invited."""

    session: str
    comes: bool


@dataclass(frozen=True, kw_only=True)
class AnswerCoach:
    """What the person wrote answers a message to their group (`letter`): it is for their coach."""

    letter: str
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class OpenedTemplate:
    """The person tapped a template, and so opened the window; what it reminded them of is said now."""


@dataclass(frozen=True, kw_only=True)
class ReactedToReminder:
    """The person pressed something below a reminder, or asked for their tasks."""


Effect: TypeAlias = (
    OpenCase
    | NoteOnCase
    | NewcomerWrote
    | AskEarlierOrNew
    | ReopenCase
    | TakeAsNew
    | RecordHelped
    | SetLanguage
    | AcceptNotice
    | DeclineNotice
    | HoldMessage
    | StopMessages
    | StartMessages
    | EraseNewcomer
    | HandOverData
    | AskLinkCode
    | LinkWith
    | AskRemindersTo
    | SetRemindersTo
    | Enrol
    | EnrolBy
    | ShowTasks
    | HandOut
    | SayOfTask
    | PutOff
    | TellForPlan
    | AskForPlan
    | GoOn
    | AnswerSession
    | AnswerCoach
    | OpenedTemplate
    | ReactedToReminder
    | TakingPart
)
Event: TypeAlias = Say | Effect
