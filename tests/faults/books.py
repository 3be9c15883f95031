"""The books: what must be so after everything went wrong. Each line counts what is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.channels.telegram_news import CHANNEL
from bot.channels.telegram_text import pieces
from bot.domain.turn import Message
from tests.faults.people import PEOPLE, TALKERS, chat
from tests.faults.reminded import TASKS
from tests.test_endurance import lives, undisturbed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.runtime import Runtime
    from bot.store.database import Database
    from bot.store.rows import OutboxRow
    from bot.store.work import Work
    from tests.peers.telegram import Call

TEXT = 4096
KNOWN = frozenset({"sent", "delivered", "read"})  # the one outcome that every message of this story has


@dataclass
class Line:
    """One line: what must be so, of how many, and those of which it is not."""

    says: str
    of: int
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A message as the messenger has it: `at` is seconds of the machine's steady clock."""

    number: int
    text: str
    at: float


@dataclass(kw_only=True)
class Books:
    """The lines, and figures for the report. `answered` is when each message had its first answer, where it has one."""

    lines: list[Line] = field(default_factory=list)
    answered: dict[tuple[int, int], float] = field(default_factory=dict)
    turns: int = 0
    deliveries: int = 0
    doubled: int = 0
    reminders: int = 0
    reminder_messages: int = 0
    set_aside: int = 0

    def line(self, says: str, of: int, wrong: Iterable[object]) -> None:
        self.lines.append(Line(says, of, [str(one) for one in wrong]))

    @property
    def balance(self) -> bool:
        return not any(line.wrong for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is stored of one person: messages in the order of their numbers."""

    person: int
    conversation: str
    heard: Sequence[tuple[int, str, str, str]]  # number, the messenger's id, words, status
    said: Sequence[OutboxRow]
    causes: Mapping[str, str]  # the messenger's id of each message that was heard, by ours


def balanced(database: Database, calm: Runtime, written: Mapping[tuple[int, int], str], calls: Sequence[Call]) -> Books:
    """Return the books: `written` is what was posted, `calls` what came over the line to the messenger."""
    books = Books()
    kept = [one for person in range(PEOPLE) if (one := database.read(lambda work, p=person: _kept(work, p)))]
    _heard(books, kept, written)
    _as_undisturbed(books, database, calm, kept)
    _said(books, kept)
    _arrived(books, kept, calls)
    _reminded(books, database, kept)
    _left_behind(books, database)
    return books


def _kept(work: Work, person: int) -> Kept | None:
    found = work.newcomers.at(CHANNEL, str(chat(person)))
    if found is None:
        return None
    inbox = work.inbox.all_for(found.conversation.id)
    return Kept(
        person=person,
        conversation=found.conversation.id,
        heard=[(one.number, one.provider_id, one.body.get("text", ""), one.status) for one in inbox],
        said=work.outbox.all_for(found.conversation.id),
        causes={one.id: one.provider_id for one in inbox},
    )


# ---- what came in


def _number(provider_id: str) -> int:
    """Return which message of its person it is; Telegram's own number counts from one."""
    return int(provider_id.lstrip("m")) - 1


def _heard(books: Books, kept: Sequence[Kept], written: Mapping[tuple[int, int], str]) -> None:
    stored = Counter((one.person, _number(name)) for one in kept for _, name, _, _ in one.heard)
    books.line("each message is stored", len(written), written.keys() - stored.keys())
    books.line("none is stored twice, none is invented", len(stored), [key for key, n in stored.items() if n > 1])
    words = {(one.person, _number(name)): said for one in kept for _, name, said, _ in one.heard}
    other = [key for key, said in words.items() if key in written and said != written[key]]
    books.line("each has the words that were written", len(words), other)
    status = {(one.person, _number(name)): status for one in kept for _, name, _, status in one.heard}
    books.set_aside = sum(one == "set_aside" for one in status.values())
    books.turns = sum(one == "read" for one in status.values())
    # Who never said yes to the notice is held; that this is so of the right ones, the undisturbed assistant says.
    unread = [(key, one) for key, one in status.items() if one != "read" and (one != "held" or key[0] >= TALKERS)]
    books.line("each is read, or held until the notice is answered", len(status), unread)
    gaps = [one.person for one in kept if [n for n, *_ in one.heard] != list(range(1, len(one.heard) + 1))]
    books.line("numbers without a gap, per person", len(kept), gaps)


def _as_undisturbed(books: Books, database: Database, calm: Runtime, kept: Sequence[Kept]) -> None:
    talkers = [one for one in kept if one.person < TALKERS]
    undisturbed(calm, [(CHANNEL, [said for _, _, said, _ in one.heard]) for one in talkers])
    should, is_so = lives(calm.database), lives(database)
    differ = []
    for key, life in should.items():
        lived = is_so.get(key)
        if lived is None:
            differ.append(f"missing {key[:3]}")
        elif lived != life:
            at = [n for n, (a, b) in enumerate(zip(lived.heard, life.heard, strict=False)) if a != b]
            first = f"message {at[0] + 1}: {lived.heard[at[0]]} not {life.heard[at[0]]}" if at else "what is remembered"
            differ.append(first)
    books.line("each conversation went as on an assistant that nobody harms", len(should), differ)


# ---- what goes out


def _said(books: Books, kept: Sequence[Kept]) -> None:
    rows = [(one.person, row) for one in kept for row in one.said]
    books.line(
        "each answer has its one outcome",
        len(rows),
        [(p, row.number, row.status) for p, row in rows if row.status not in KNOWN],
    )
    gaps = [one.person for one in kept if [row.number for row in one.said] != list(range(1, len(one.said) + 1))]
    books.line("answers numbered without a gap, per person", len(kept), gaps)


def arrived(calls: Sequence[Call]) -> Mapping[int, list[Arrived]]:
    """Return what the messenger has in each chat, in the order in which it came there."""
    found: dict[int, dict[int, Arrived]] = {}
    for call in calls:
        result = call.result
        if call.chat is None or not isinstance(result, dict) or "message_id" not in result:
            continue
        text = call.fields.get("text") or call.fields.get("caption", "")
        number = int(result["message_id"])
        found.setdefault(call.chat, {})[number] = Arrived(number=number, text=text, at=call.at)
    return {chat: [there[number] for number in sorted(there)] for chat, there in found.items()}


def _arrived(books: Books, kept: Sequence[Kept], calls: Sequence[Call]) -> None:
    there = arrived(calls)
    missing, disordered, too_often = [], [], []
    for one in kept:
        came = there.get(chat(one.person), [])
        books.deliveries += len(came)
        expected = [_parts(row) for row in one.said]
        lost = [f"{chat(one.person)}: {text[:30]!r}" for text in _lost(expected, came)]
        missing += lost
        if not lost and not _in_order(expected, [message.text for message in came]):
            disordered.append(_where(chat(one.person), expected, came))
        more = len(came) - sum(map(len, expected))
        books.doubled += max(more, 0)
        leased_again = sum((row.lease_token - 1) * len(_parts(row)) for row in one.said)
        if more > leased_again:
            too_often.append(f"{chat(one.person)}: {more} more, {leased_again} taken up again")
        _answered(books, one, {message.number: message.at for message in came})
    books.line("each answer is at the messenger", sum(len(one.said) for one in kept), missing)
    books.line("in order, per person", len(kept), disordered)
    books.line("twice only what was taken up again (decision 0008)", books.deliveries, too_often)


def _parts(row: OutboxRow) -> tuple[str, ...]:
    """Return the texts that a message goes in at Telegram."""
    message = Message.from_body(row.body)
    files = [pieces(media.alt, 1024)[0].text for media in message.media]
    return (*files, *(piece.text for piece in pieces(message.text, TEXT)))


def _lost(expected: Sequence[tuple[str, ...]], came: Sequence[Arrived]) -> list[str]:
    wanted = Counter(part for parts in expected for part in parts)
    return [*(wanted - Counter(message.text for message in came))]


def _in_order(expected: Sequence[tuple[str, ...]], came: Sequence[str]) -> bool:
    """Return whether this is every message in its order, each begun again any number of times."""
    return len(expected) in _reached(expected, came)[-1]


def _reached(expected: Sequence[tuple[str, ...]], came: Sequence[str]) -> list[set[int]]:
    """
    Return after each text how many messages may have come by then, whole.

    A message in parts is taken part by part, so a state is a message and how much of it came.
    """
    states = {(0, 0)}
    whole: list[set[int]] = [{0}]
    for words in came:
        after = set()
        for at, part in states:
            # The next part, the first part of this one again, or the whole of the one before again.
            for here, piece in ((at, part), (at, 0), (at - 1, 0), *((at - 1, n) for n in range(1, 4))):
                if 0 <= here < len(expected) and piece < len(expected[here]) and expected[here][piece] == words:
                    after.add((here + 1, 0) if piece + 1 == len(expected[here]) else (here, piece + 1))
        states = after
        whole.append({at for at, part in states if part == 0})
    return whole


def _where(name: int, expected: Sequence[tuple[str, ...]], came: Sequence[Arrived]) -> str:
    reached = _reached(expected, [message.text for message in came])
    first = next((at for at, one in enumerate(reached) if at and not one), len(came))
    around = [message.text[:24] for message in came[max(0, first - 4) : first + 3]]
    return f"{name}: at {first} of {len(came)}: {around}, to come {sorted(reached[first - 1])[:3]}"


def _answered(books: Books, one: Kept, at: Mapping[int, float]) -> None:
    for row in one.said:
        if row.cause_inbound_id is None or row.provider_id is None:
            continue
        key = (one.person, _number(one.causes[row.cause_inbound_id]))
        moment = at.get(int(row.provider_id.lstrip("m")))
        if moment is not None:
            books.answered[key] = min(moment, books.answered.get(key, moment))


# ---- reminders


def _reminded(books: Books, database: Database, kept: Sequence[Kept]) -> None:
    def look(work: Work) -> None:
        run = work.connection.execute
        every = run(text("SELECT id, state, rule, message_id, task_id FROM reminders")).all()
        books.reminders = len(every)
        expected = (PEOPLE - TALKERS) * TASKS
        books.line("each reminder is planned once", expected, [len(every)] if len(every) != expected else [])
        books.line("each went out", len(every), [(row.state, row.rule) for row in every if row.state != "sent"])
        messages = run(text("SELECT id, outbox_id, tasks FROM reminder_messages")).all()
        books.reminder_messages = len(messages)
        held = Counter(row.message_id for row in every if row.message_id)
        wrong = [row.id for row in messages if held[row.id] != row.tasks]
        books.line("each reminder is in one message", len(messages), wrong)
        said = {row.id for one in kept for row in one.said if row.body["response"].startswith("utter_reminder")}
        said |= {row.id for one in kept for row in one.said if row.body["response"] == "utter_overdue"}
        books.line("what was said is what was written down", len(said), said ^ {row.outbox_id for row in messages})

    database.read(look)


# ---- what is left behind

_LEASED = "SELECT id FROM outbox WHERE status = 'leased' OR leased_until IS NOT NULL"
_WORKED_ON = "SELECT task_name FROM wakeups.procrastinate_jobs WHERE status = 'doing'"
_TO_ANSWER = "SELECT lock FROM wakeups.procrastinate_jobs WHERE status = 'todo' AND task_name = 'answer'"
_IDLE = (
    "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() "
    "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
)


def _left_behind(books: Books, database: Database) -> None:
    for says, query in (
        ("no lease is left", _LEASED),
        ("no job is worked on by nobody", _WORKED_ON),
        ("no wake-up waits", _TO_ANSWER),
        ("no session is idle in a transaction", _IDLE),
    ):
        found = database.read(lambda work, asked=query: work.connection.scalars(text(asked)).all())
        books.line(says, 0, found)
