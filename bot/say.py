"""The one way to speak: render, then outbox. Nothing reaches a newcomer past this file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.content.render import Known, Reader, Rendered, written_date
from bot.domain.languages import SOURCE
from bot.domain.turn import Button, Message, Template
from bot.flows.dialogue import Dialogue, Offered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.domain.turn import Choice, Say, SentFile, SlotValue
    from bot.runtime import Runtime
    from bot.store.work import Work


# The window is taken as closed a little early: what is sent at its last moment arrives after it.
WINDOW_MARGIN = timedelta(minutes=5)
# The template of content/whatsapp_templates.yml that says no more than that there is an answer; and, by how the name
# of what waits begins, those of what nobody asked just now.
ANSWER_READY = "answer_ready"
ANNOUNCED_BY: Mapping[str, str] = {"utter_match_": "match"}


@dataclass(kw_only=True)
class Voice:
    """
    Speaks in one conversation during one unit of work, and remembers what was shown and explained.

    `cause` is the message that is answered; with it the same answer can never be queued twice. `below_next` are buttons
    for what is said next, after its own.
    """

    runtime: Runtime
    work: Work
    conversation_id: str
    cause: str | None
    now: datetime
    language: str
    second_language: str | None
    dialogue: Dialogue
    values: dict[str, SlotValue] = field(default_factory=dict)
    position: int = 0
    shown: tuple[Offered, ...] = ()
    below_next: tuple[Choice, ...] = ()
    last: str | None = None  # the outbox id of what was said last

    def say(self, what: Say, *, bulk: bool = False) -> Rendered:
        """Render and queue one message; `bulk` lets the answers to other people go first."""
        reader = Reader(
            language=what.language or self.language,
            second=self.second_language,
            explained=self.dialogue.explained,
        )
        known = Known(slots=what.slots, extra={**self.values, **what.extra})
        choices, self.below_next = (*what.choices, *self.below_next), ()
        rendered = self.runtime.renderer.render(what.response, reader, known, now=self.now, choices=choices)
        body = rendered.message.as_body()
        row = self.work.outbox.say(self.conversation_id, self.cause, self.position, body, self.now, bulk=bulk)
        self.last = row.id
        self.position += 1
        self._remember(rendered)
        return rendered

    def enclose(self, response: str, file: SentFile, content: bytes) -> None:
        """Queue a file of this person's own, in a message without words, after what was said last."""
        message = Message(
            response=response,
            text="",
            buttons=(),
            language=self.language,
            direction=self.runtime.knowledge.content.languages.direction(self.language),
            files=(file,),
        )
        row = self.work.outbox.say(self.conversation_id, self.cause, self.position, message.as_body(), self.now)
        self.work.reply_files.add(row, 0, file, content)
        self.position += 1

    def say_template(self, name: str, *variables: str | date, bulk: bool = False) -> None:
        """
        Queue an approved text, which WhatsApp takes at any time; other messengers get its words.

        In the first of the person's languages that it is written in, as are the days among its variables. Raises
        `KeyError` for an unknown name.
        """
        languages = self.runtime.knowledge.content.languages
        language, second = languages.known(self.language), languages.known(self.second_language)
        wanted = (code for code in (language, second, *languages.fallback, SOURCE) if code is not None)
        written = (self.runtime.renderer.template(name, code) for code in wanted)
        text = next((found for found in written if found is not None), None)
        if text is None:
            raise KeyError(name)
        words = text.text
        filled = tuple(written_date(one, text.language) if isinstance(one, date) else one for one in variables)
        for number, variable in enumerate(filled, start=1):
            words = words.replace(f"{{{number}}}", variable)
        message = Message(
            response=f"template_{name}",
            text=words,
            buttons=tuple(Button(title=button.title, payload=button.payload) for button in text.buttons),
            language=text.language,
            direction=languages.direction(text.language),
            template=Template(name=name, variables=filled),
        )
        body = message.as_body()
        self.last = self.work.outbox.say(self.conversation_id, self.cause, self.position, body, self.now, bulk=bulk).id
        self.position += 1

    def learn(self, values: Mapping[str, SlotValue]) -> None:
        """Take up values that an effect brought (a case number), for the texts that follow."""
        self.values.update(values)

    def _remember(self, rendered: Rendered) -> None:
        # All buttons of this answer count, so that "2" is still the second of the question when a language is offered.
        self.shown += tuple(
            Offered(title=b.title, payload=b.payload, message=self.position) for b in rendered.message.buttons
        )
        self.dialogue = replace(
            self.dialogue,
            explained=self.dialogue.explained | rendered.explained,
            offered=self.shown or self.dialogue.offered,
        )


def voice_in(runtime: Runtime, work: Work, conversation_id: str, *, cause: str | None = None) -> Voice | None:
    """
    Return a voice for what no turn decided, in the newcomer's language; None when they are gone.

    With `cause` it speaks after whatever was said because of that message already.
    """
    conversation = work.conversations.get(conversation_id)
    newcomer = work.newcomers.get(conversation.newcomer_id) if conversation else None
    if newcomer is None:
        return None
    languages = runtime.knowledge.content.languages
    return Voice(
        runtime=runtime,
        work=work,
        conversation_id=conversation_id,
        cause=cause,
        now=runtime.clock.now(),
        language=languages.known(newcomer.language) or languages.fallback[0],
        second_language=languages.known(newcomer.second_language),
        dialogue=Dialogue(),
        position=work.outbox.next_position(cause) if cause else 0,
    )


def window_is_open(runtime: Runtime, work: Work, conversation_id: str, now: datetime) -> bool:
    """Return whether the conversation's messenger takes free text now; where we cannot reach it, it is not asked."""
    conversation = work.conversations.get(conversation_id)
    channel = runtime.channels.get(conversation.channel) if conversation else None
    if conversation is None or channel is None or channel.limits.window is None:
        return True
    return conversation.heard_at is not None and now < conversation.heard_at + channel.limits.window - WINDOW_MARGIN


def say_that_something_waits(runtime: Runtime, work: Work, conversation_id: str, response: str = "") -> None:
    """Queue the template that asks the newcomer to write, so that what waits for them (`response`) may go out."""
    voice, known = voice_in(runtime, work, conversation_id), runtime.knowledge.content.templates
    own = (name for beginning, name in ANNOUNCED_BY.items() if response.startswith(beginning))
    name = next((name for name in (*own, ANSWER_READY) if name in known), None)
    # Without the template they hear of it when they write.
    if voice is not None and name is not None:
        voice.say_template(name)
