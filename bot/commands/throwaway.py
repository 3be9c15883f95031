"""An assistant in a database that is gone afterwards: for `ask`, `test` and trying things out."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bot.agree import asked
from bot.announce import announce_due
from bot.ask_after import look_after_due, seekings_of
from bot.carry_out import NOTICE_VERSION
from bot.channels.terminal import Terminal
from bot.deliver import deliver_due
from bot.domain.turn import Inbound, Kind, Message
from bot.flows.dialogue import VERSION, Dialogue
from bot.guide import Begun, Refusal, enrol, tell
from bot.recall import recall_due
from bot.receive import Report, answer_next, take_in
from bot.remind import remind_due
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.store.participation_rows import MatchRow, OfferText
from bot.team import remember, voice_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.domain.clock import Clock
    from bot.runtime import Runtime
    from bot.store.work import Work
    from bot.wiring import Parts


# Whose offers stand in a story.
ORGANISATION = "Buurthuis De Brug"


class Conversation:
    """One newcomer who writes, turn by turn, with every answer delivered before the next message."""

    def __init__(self, runtime: Runtime, terminal: Terminal, address: str) -> None:
        self.runtime = runtime
        self._terminal = terminal
        self._address = address
        self._offers: dict[str, str] = {}
        self._occasions: dict[str, str] = {}
        self._match: str | None = None
        self._others: list[tuple[str, str]] = []

    def accept_notice(self, language: str | None) -> None:
        """Have the notice accepted, in `language` when one is given, as if the person had answered it before."""
        accept_notice(self.runtime, self._terminal.name, self._address, language)

    def send(
        self, text: str, *, payload: str | None = None, kind: Kind | None = None
    ) -> tuple[list[Message], list[Report]]:
        """Send one message; return what was answered, and what its turn did (and those of messages it set free)."""
        inbound = Inbound(
            channel=self._terminal.name,
            address=self._address,
            provider_id=uuid4().hex,
            kind=kind or (Kind.BUTTON if payload else Kind.TEXT),
            text=text,
            payload=payload,
            received_at=self.runtime.clock.now(),
        )
        conversation_id = take_in(self.runtime, inbound)
        reports = []
        while conversation_id and (report := answer_next(self.runtime, conversation_id)):
            reports.append(report)
        return self._delivered(), reports

    def time_brings(self) -> list[Message]:
        """Do what has become due in the trajectory, and of what they take part in; return what was said of it."""
        while any(due(self.runtime) for due in (remind_due, announce_due, recall_due, look_after_due)):
            pass
        return self._delivered()

    def enrolled(self, template: str, **known: Any) -> list[Message]:
        """Have a coach put this person in a trajectory; return what they read of it."""

        def begin(work: Work) -> Begun | Refusal:
            person = work.newcomers.at(self._terminal.name, self._address)
            newcomer_id = person.newcomer.id if person else ""
            return enrol(self.runtime, work, newcomer_id, template, actor="coach", **known)

        begun = self.runtime.database.write(begin)
        assert isinstance(begun, Begun), begun
        return self._delivered()

    def told(self, **known: Any) -> list[Message]:
        """Have the coach change days and answers of every trajectory this person is in; return what they read of it."""

        def change(work: Work) -> None:
            person = work.newcomers.at(self._terminal.name, self._address)
            for trajectory in work.trajectories.going_on(person.newcomer.id if person else ""):
                done = tell(self.runtime, work, trajectory.id, actor="coach", **known)
                assert not isinstance(done, Refusal), done

        self.runtime.database.write(change)
        return self._delivered()

    # ---- what organisations offer

    def offered(  # noqa: PLR0913  # what is written in a story of an offer
        self,
        title: str,
        *,
        kind: str = "activity",
        sort: str = "other",
        begins: Mapping[str, int] | None = None,
        languages: Iterable[str] = (),
        tasks: Iterable[str] = (),
        texts: Mapping[str, Mapping[str, str]] | None = None,
        **columns: Any,
    ) -> None:
        """Have an organisation's offer be published, so long from now."""

        def publish(work: Work) -> None:
            now = self.runtime.clock.now()
            organisation = work.offers.add_organisation(ORGANISATION, now)
            at = now + timedelta(**begins) if begins is not None else None
            lists = {"languages_json": list(languages), "tasks_json": list(tasks)}
            values = {"title": title, "kind": kind, "sort": sort, "starts_at": at, **lists, **columns}
            offer_id = work.offers.add(organisation, now=now, state="published", **values)
            if at is not None:
                work.publishing.occur(offer_id, [(at, at + timedelta(hours=2))])
                self._occasions[title] = work.publishing.occasions(offer_id)[0].occasion.id
            offer = work.offers.get(offer_id)
            assert offer is not None
            for language, text in (texts or {}).items():
                said = OfferText(language=language, by="person", **{"body": "", **text})
                work.publishing.translate(offer, said, checked_by=None, now=now)
            self._offers[title] = offer_id

        self.runtime.database.write(publish)

    def with_occasions(self, text: str) -> str:
        """Return a button of a story with the occasion, the offer without one, or the match that it names."""
        text = text.replace("<match>", self._match or "")
        for title, one in {**self._offers, **self._occasions}.items():
            text = text.replace(f"<{title}>", one)
        return text

    def another_joins(self, title: str) -> None:
        """Have somebody else sign up, who hears of nothing here."""

        def join(work: Work) -> None:
            now = self.runtime.clock.now()
            writing = work.newcomers.writing_from("elsewhere", uuid4().hex, now=now)
            work.sign_ups.join(self._occasions[title], writing.newcomer.id, now)
            self._others.append((title, writing.newcomer.id))

        self.runtime.database.write(join)

    def others_leave(self, title: str) -> None:
        """Have everybody else who signed up for it leave."""
        theirs = [newcomer_id for of, newcomer_id in self._others if of == title]

        def leave(work: Work) -> None:
            for one in theirs:
                work.sign_ups.leave(self._occasions[title], one)

        self.runtime.database.write(leave)

    def called_off(self, title: str) -> list[Message]:
        """Have the organisation call an offer off; return what the person reads of it."""

        def call_off(work: Work) -> None:
            work.offers.change(self._offers[title], state="cancelled")
            offered = work.offers.at(self._occasions.get(title, ""))
            if offered and offered.occasion and offered.occasion.starts_at > self.runtime.clock.now():
                work.publishing.set_occasion(offered.occasion.id, "cancelled")

        self.runtime.database.write(call_off)
        return self.time_brings()

    # ---- put together with somebody

    def matched(self, reasons: Iterable[Iterable[str]] = (("language", "nl"),)) -> list[Message]:
        """Have a coordinator approve this person and somebody else as buddies; return what the person reads."""

        def approve(work: Work) -> None:
            now = self.runtime.clock.now()
            person = work.newcomers.at(self._terminal.name, self._address)
            assert person is not None
            mine = work.seekings.open(person.newcomer.id, "buddy", None, now)
            other = work.newcomers.writing_from("elsewhere", uuid4().hex, now=now).newcomer
            theirs = work.seekings.open(other.id, "be_buddy", None, now)
            suggested = MatchRow(
                id="",
                kind="buddy",
                seeking_id=mine.id,
                newcomer_id=mine.newcomer_id,
                state="suggested",
                suggested_at=now,
                reasons=tuple((code, value) for code, value in reasons),
                other_seeking_id=theirs.id,
                other_newcomer_id=other.id,
            )
            work.matches.suggest_anew([suggested])
            (match,) = work.matches.of(mine.newcomer_id, ("suggested",))
            work.matches.change(match.id, state="approved", approved_at=now)
            work.seekings.set_state(seekings_of(match), "matched")
            where = work.newcomers.reminder_conversation(mine.newcomer_id)
            voice = voice_to(self.runtime, work, where) if where else None
            assert voice is not None
            voice.say(asked(voice, match, mine.newcomer_id))
            remember(voice)
            self._match = match.id

        self.runtime.database.write(approve)
        return self._delivered()

    def other_says(self, said: str) -> list[Message]:
        """Have the other one say `no`, `end`, or yes with the name that is said; return what the person reads of it."""

        def say(work: Work) -> None:
            now = self.runtime.clock.now()
            match = work.matches.get(self._match or "")
            assert match is not None
            other = match.other_newcomer_id
            assert other is not None
            if said == "end":
                work.matches.change(match.id, state="ended", ended_at=now, ended_by=other, check_at=now)
                return
            work.matches.change(match.id, other_says="no" if said == "no" else "yes", check_at=now)
            if said != "no":
                work.matches.keep_name(match, other, said)

        self.runtime.database.write(say)
        return self.time_brings()

    def nothing_offered(self) -> None:
        """Have all that was offered here be over, so that nobody else's conversation shows it."""

        def end(work: Work) -> None:
            for one in self._offers.values():
                work.offers.change(one, state="ended")

        self.runtime.database.write(end)

    def forgotten(self) -> None:
        """Drop what would still be said to this person, so that nobody else's conversation hears it."""

        def forget(work: Work) -> None:
            person = work.newcomers.at(self._terminal.name, self._address)
            if person is not None:
                work.newcomers.forget(person.newcomer.id)

        self.runtime.database.write(forget)

    def _delivered(self) -> list[Message]:
        while deliver_due(self.runtime):
            pass
        answers = []
        while not self._terminal.delivered.empty():
            answers.append(self._terminal.delivered.get())
        return answers


def accept_notice(runtime: Runtime, channel: str, address: str, language: str | None) -> None:
    """Have somebody accept the notice, in `language` when one is given, as if they had answered it before."""
    now = runtime.clock.now()

    def accept(work: Work) -> None:
        writing = work.newcomers.writing_from(channel, address, now=now, language=language)
        work.newcomers.accept_notice(writing.newcomer.id, NOTICE_VERSION, now)
        state = Dialogue(language_chosen=language is not None, notice_shown=True).to_json().encode()
        work.conversations.save_state(writing.conversation.id, state, version=VERSION, now=now)

    runtime.database.write(accept)


@contextmanager
def throwaway(parts: Parts, clock: Clock | None = None) -> Iterator[Runtime]:
    """Give a runtime on a database in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="wegwijs-") as folder:
        vault = Vault(MasterKeys.load_or_create(Path(folder) / "keys"))
        database = Database.open(f"sqlite:///{folder}/throwaway.sqlite", vault)
        database.upgrade()
        with database:
            yield parts.runtime(database, channels={Terminal.name: Terminal()}, clock=clock)


def conversation(runtime: Runtime) -> Conversation:
    """Return a new newcomer's conversation."""
    terminal = runtime.channels[Terminal.name]
    assert isinstance(terminal, Terminal)
    return Conversation(runtime, terminal, uuid4().hex)
