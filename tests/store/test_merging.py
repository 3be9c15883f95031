"""Two newcomers turn out to be one person: nothing that either had is lost, and nothing opens under the old key."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, text

from bot.domain.turn import Attachment
from bot.store.columns import metadata
from bot.store.database import Database
from bot.store.encryption import KeyMissingError, TamperedError
from bot.store.ids import new_id
from bot.store.merging import SEALED

if TYPE_CHECKING:
    from pathlib import Path

    from bot.store.encryption import DataKey, Vault
    from bot.store.rows import CaseRow, Writing
    from bot.store.work import Work

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SEALED_COLUMNS = [(sealed.table.name, name) for sealed in SEALED for name in sealed.columns]


@dataclass(frozen=True, kw_only=True)
class Life:
    """What a newcomer has before it turns out who they are."""

    messages: int = 2
    answers: int = 2
    files: int = 1
    state: bool = True
    case: str | None = "normal"
    case_minutes_ago: int = 0
    language: str | None = "ar"
    second_language: str | None = None
    consented_days_ago: int | None = 3
    stopped: bool = False
    name: str | None = "Amina"


def lived(work: Work, writing: Writing, life: Life) -> None:
    """Give a newcomer this life."""
    mine, me, channel = writing.conversation.id, writing.newcomer.id, writing.conversation.channel
    if life.language:
        work.newcomers.set_language(me, life.language)
    work.newcomers.set_second_language(me, life.second_language)
    if life.consented_days_ago is not None:
        at = NOW - timedelta(days=life.consented_days_ago)
        work.newcomers.accept_notice(me, at.strftime("%Y-%m"), at)
    work.newcomers.set_profile_name(mine, life.name)
    received = [
        work.inbox.receive(mine, channel, f"p{number}", "text", {"text": f"{mine} zegt {number}"}, NOW)
        for number in range(life.messages)
    ]
    cause = received[0].id if received else None
    for place in range(life.files if cause else 0):
        file = Attachment(reference=f"ref {mine} {place}", media_type="image/png", size=3)
        work.attachments.expect(mine, cause, place, file, status="wanted", now=NOW)
        (row, *_) = (one for one in work.attachments.for_inbound(cause) if one.place == place)
        if place % 2 == 0:
            work.attachments.fetched(row.id, f"bytes {mine} {place}".encode(), "image/jpeg", NOW)
    for position in range(life.answers):
        work.outbox.say(mine, cause, position, {"text": f"tegen {mine}: {position}"}, NOW)
    if life.state:
        work.conversations.save_state(mine, f"state of {mine}".encode(), version=1, now=NOW)
    if life.case:
        opened = NOW - timedelta(minutes=life.case_minutes_ago)
        a_case(work, writing, priority=life.case, opened_at=opened)
    if life.stopped:
        work.newcomers.stop(me)


def a_case(work: Work, writing: Writing, *, priority: str, opened_at: datetime) -> CaseRow:
    return work.cases.open(
        writing.newcomer.id,
        writing.conversation.id,
        reason="asked_for_person",
        priority=priority,
        topic="housing",
        question_id=None,
        language="ar",
        summary=f"vraag van {writing.conversation.id}",
        now=opened_at,
    )


def all_of(work: Work, conversation: str) -> dict[str, Any]:
    """Everything that can be read of one conversation, opened."""
    inbox = work.inbox.all_for(conversation)
    files = [row for message in inbox for row in work.attachments.for_inbound(message.id)]
    row = work.conversations.get(conversation)
    return {
        "conversation": replace(row, newcomer_id=""),
        "inbox": inbox,
        "outbox": work.outbox.all_for(conversation),
        "files": files,
        "contents": [work.attachments.open(file.id) for file in files],
        "name": work.newcomers.profile_name(conversation),
    }


def met(work: Work, channel: str) -> Writing:
    return work.newcomers.writing_from(channel, new_id(), now=NOW)


def count(work: Work, table: str, column: str = "1", value: object = 1) -> int:
    query = text(f"SELECT count(*) FROM {table} WHERE {column} = :value")
    return work.connection.scalar(query, {"value": value})


# Sealed under a key of their own, or a digest of what somebody of the team knows.
OF_THE_TEAM = {
    *("users", "recovery_codes", "invitations", "sessions", "sign_in_tries", "checked_texts", "views"),
    *("offers", "expert_questions"),
}


def test_every_sealed_column_of_the_tables_is_sealed_anew() -> None:
    binary = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and table.name not in OF_THE_TEAM
    }
    digests = {("addresses", "digest"), ("link_codes", "digest"), ("enrol_codes", "digest"), ("erased", "digest")}
    other = {("data_keys", "wrapped"), *digests}
    assert set(SEALED_COLUMNS) == binary - other


def test_all_of_both_is_the_one_persons(database: Database, amina: Writing, yonas: Writing) -> None:
    for writing in (amina, yonas):
        database.write(lambda work, w=writing: lived(work, w, Life()))
    mine, theirs = amina.conversation.id, yonas.conversation.id
    before = database.read(lambda work: [all_of(work, one) for one in (mine, theirs)])
    assert database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
    assert database.read(lambda work: [all_of(work, one) for one in (mine, theirs)]) == before
    assert [row.id for row in database.read(lambda work: work.conversations.of(amina.newcomer.id))] == [mine, theirs]
    for channel, address in (("telegram", "7001"), ("whatsapp", "+31611111111")):
        assert (
            database.read(lambda work, c=channel, a=address: work.newcomers.at(c, a)).newcomer.id == amina.newcomer.id
        )
    assert database.read(lambda work: work.newcomers.get(yonas.newcomer.id)) is None
    assert database.read(lambda work: (count(work, "data_keys"), count(work, "newcomers"))) == (1, 1)


def test_what_waits_to_be_sent_still_goes_out_in_both(database: Database, amina: Writing, yonas: Writing) -> None:
    for writing in (amina, yonas):
        database.write(lambda work, w=writing: lived(work, w, Life()))
    (leased,) = (
        row
        for row in database.write(lambda work: work.outbox.lease(NOW, 10, 60))
        if row.conversation_id == yonas.conversation.id
    )
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
    assert database.write(lambda work: work.outbox.sent(leased.id, leased.lease_token, "m1", NOW))
    (after,) = database.write(lambda work: work.outbox.lease(NOW, 10, 60))
    assert (after.conversation_id, after.address) == (yonas.conversation.id, "+31611111111")
    assert after.body == {"text": f"tegen {yonas.conversation.id}: 1"}


def test_the_old_key_opens_nothing_and_the_new_one_only_each_place(
    database: Database, vault: Vault, amina: Writing, yonas: Writing
) -> None:
    for writing in (amina, yonas):
        database.write(lambda work, w=writing: lived(work, w, Life(case=None if w is amina else "normal")))
    old, new = database.read(
        lambda work: (work.keys.of_newcomer(yonas.newcomer.id), work.keys.of_newcomer(amina.newcomer.id))
    )
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))

    def opens(key: DataKey, sealed: bytes, table: str, column: str, row: str) -> bool:
        try:
            vault.open(sealed, key=key, table=table, column=column, row=row)
        except TamperedError:
            return False
        return True

    seen = 0
    for table, column in SEALED_COLUMNS:
        query = text(f"SELECT id, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL")
        rows = database.read(lambda work, q=query: work.connection.execute(q).all())
        for row in rows:
            sealed = bytes(row.sealed)
            assert opens(new, sealed, table, column, row.id), (table, column)
            assert not opens(old, sealed, table, column, row.id)
            assert not opens(new, sealed, table, column, new_id())
            seen += 1
    assert seen > len(SEALED_COLUMNS)
    with pytest.raises(KeyMissingError):
        database.read(lambda work: work.keys.of_newcomer(yonas.newcomer.id))


def test_a_message_after_it_is_theirs_and_readable_in_the_same_unit(
    database: Database, amina: Writing, yonas: Writing
) -> None:
    def unit(work: Work) -> None:
        theirs = yonas.conversation.id
        work.conversations.locked(theirs)
        lived(work, yonas, Life())
        work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW)
        work.outbox.say(theirs, None, 0, {"text": "na"}, NOW)
        work.conversations.save_state(theirs, b"na", version=1, now=NOW)

    database.write(unit)
    state, said = database.read(
        lambda work: (
            work.conversations.get(yonas.conversation.id).state,
            [row.body["text"] for row in work.outbox.all_for(yonas.conversation.id)][-1],
        )
    )
    assert (state, said) == (b"na", "na")


@pytest.mark.parametrize("amina_first", [True, False], ids=["hers is older", "hers is newer"])
def test_the_older_case_stays_open_and_takes_over_the_other(
    database: Database, amina: Writing, yonas: Writing, amina_first: bool
) -> None:
    older, newer = (amina, yonas) if amina_first else (yonas, amina)
    earlier = NOW - timedelta(hours=1)
    first = database.write(lambda work: a_case(work, older, priority="normal", opened_at=earlier))
    second = database.write(lambda work: a_case(work, newer, priority="urgent", opened_at=NOW))
    sam = database.write(lambda work: work.users.add("Sam", roles=["volunteer"], teams=["form_team"], now=NOW))
    database.write(lambda work: work.cases.claim(first.id, first.version, sam.id, NOW))
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
    stays, closed = database.read(lambda work: (work.cases.get(first.id), work.cases.get(second.id)))
    assert database.read(lambda work: work.cases.open_for(amina.newcomer.id)) == stays
    assert (stays.number, stays.priority, stays.newcomer_id) == (first.number, "urgent", amina.newcomer.id)
    assert stays.summary == f"{first.summary}\n\n{second.summary}"
    assert (closed.state, closed.closed_at, closed.summary) == ("closed", NOW, None)
    assert closed.newcomer_id == amina.newcomer.id
    last = database.read(lambda work: [work.cases.events(case.id)[-1] for case in (stays, closed)])
    assert [(event.kind, event.detail["case"]) for event in last] == [
        ("joined", second.number),
        ("joined_to", first.number),
    ]
    routes = database.read(lambda work: [work.conversations.get(w.conversation.id).route for w in (older, newer)])
    assert routes == ["human", "human"]  # the one person's case is with Sam, wherever they write


def test_closed_cases_go_along(database: Database, amina: Writing, yonas: Writing) -> None:
    case = database.write(lambda work: a_case(work, yonas, priority="normal", opened_at=NOW))
    database.write(lambda work: work.connection.execute(text("UPDATE cases SET state = 'closed'")))
    database.write(lambda work: a_case(work, amina, priority="normal", opened_at=NOW))
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
    moved = database.read(lambda work: work.cases.get(case.id))
    assert (moved.newcomer_id, moved.summary) == (amina.newcomer.id, case.summary)
    assert database.read(lambda work: work.cases.events(case.id))[0].kind == "opened"


CHOICES = {
    "what the asker chose stays": (
        {"language": "ti", "second_language": "en"},
        {"language": "ar", "second_language": "fr"},
        {"language": "ar", "second_language": "fr"},
    ),
    "what the asker never chose comes from the other": (
        {"language": "ti", "second_language": "en"},
        {"language": None, "second_language": None},
        {"language": "ti", "second_language": "en"},
    ),
    "a second language is another than the first": (
        {"language": "ti", "second_language": "ar"},
        {"language": "ar", "second_language": None},
        {"language": "ar", "second_language": None},
    ),
    "the latest yes counts, with what was said yes to": (
        {"consented_days_ago": 1},
        {"consented_days_ago": 40},
        {"consent_at": NOW - timedelta(days=1), "consent_version": "2026-11"},
    ),
    "one yes is enough": (
        {"consented_days_ago": None},
        {"consented_days_ago": 40},
        {"consent_at": NOW - timedelta(days=40), "consent_version": "2026-10"},
    ),
    "a yes is never made up": (
        {"consented_days_ago": None},
        {"consented_days_ago": None},
        {"consent_at": None, "consent_version": None},
    ),
    "one STOP is enough": ({"stopped": True}, {"stopped": False}, {"status": "stopped"}),
    "the asker's STOP stays": ({"stopped": False}, {"stopped": True}, {"status": "stopped"}),
}


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_kept_when_both_have_chosen(database: Database, amina: Writing, yonas: Writing, name: str) -> None:
    enterer, asker, expected = CHOICES[name]
    database.write(lambda work: work.connection.execute(text("UPDATE newcomers SET language = NULL")))
    database.write(lambda work: lived(work, yonas, Life(**enterer)))
    database.write(lambda work: lived(work, amina, Life(**asker)))
    database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
    one = database.read(lambda work: work.newcomers.get(amina.newcomer.id))
    assert {field: getattr(one, field) for field in expected} == expected


def test_where_reminders_go_and_the_first_code_of_a_coach_are_kept(
    database: Database, amina: Writing, yonas: Writing
) -> None:
    def choose(work: Work) -> None:
        work.newcomers.set_reminders_to(yonas.newcomer.id, yonas.conversation.id)
        work.newcomers.enrol(yonas.newcomer.id, "coach-7")
        work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW)

    database.write(choose)
    assert database.read(lambda work: work.newcomers.reminder_conversation(amina.newcomer.id)) == yonas.conversation.id
    code = database.read(lambda work: work.connection.scalar(text("SELECT enrolment_code FROM newcomers")))
    assert code == "coach-7"


def test_nobody_joins_themselves_nobody_or_who_is_being_forgotten(
    database: Database, amina: Writing, yonas: Writing
) -> None:
    database.write(lambda work: lived(work, amina, Life()))
    database.write(lambda work: work.newcomers.forget(yonas.newcomer.id))
    pairs = [(amina, amina.newcomer.id), (amina, "nobody"), (amina, yonas.newcomer.id)]
    for one, other in pairs:
        for gone, stays in ((one.newcomer.id, other), (other, one.newcomer.id)):
            assert not database.write(lambda work, g=gone, s=stays: work.merging.merge(g, s, NOW))
    assert database.read(lambda work: len(work.inbox.all_for(amina.conversation.id))) == 2


def test_a_row_that_was_damaged_before_does_not_keep_the_rest_apart(
    database: Database, amina: Writing, yonas: Writing
) -> None:
    database.write(lambda work: lived(work, yonas, Life(messages=2)))
    first, second = database.read(lambda work: work.inbox.all_for(yonas.conversation.id))
    damage = text("UPDATE inbound SET sealed = :junk WHERE id = :id")
    database.write(lambda work: work.connection.execute(damage, {"junk": b"junk", "id": first.id}))
    assert database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
    with pytest.raises(TamperedError):
        database.read(lambda work: work.inbox.get(first.id))
    assert database.read(lambda work: work.inbox.get(second.id)) == second


class PowerCutError(Exception):
    """The machine stops here."""


@pytest.mark.parametrize("after", range(0, 24, 3))
def test_a_crash_in_the_middle_leaves_both_as_they_were(
    database: Database, amina: Writing, yonas: Writing, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for writing in (amina, yonas):
        database.write(lambda work, w=writing: lived(work, w, Life()))

    def everything(work: Work) -> list[object]:
        rows: list[object] = []
        for table in metadata.sorted_tables:
            rows += [table.name, *work.connection.execute(table.select().order_by(*table.primary_key)).all()]
        return rows

    before = database.read(everything)

    def merge_until_the_cut(work: Work) -> bool:
        left = iter(range(after))

        def execute(*arguments: object, **options: object) -> object:
            if next(left, None) is None:
                raise PowerCutError
            return real(*arguments, **options)

        real = work.connection.execute
        with monkeypatch.context() as patched:
            patched.setattr(work.connection, "execute", execute)
            return work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW)

    with pytest.raises(PowerCutError):
        database.write(merge_until_the_cut)
    assert database.read(everything) == before
    assert database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))


# A webhook that found the conversation just before it becomes another person's must seal under that person's key, and
# a worker that reads it meanwhile must not take its messages for damaged.
def test_messages_that_come_in_meanwhile_can_be_read(database: Database, amina: Writing) -> None:
    addresses = [f"+3161000{number:04d}" for number in range(6)]
    for address in addresses:
        writing = database.write(lambda work, a=address: work.newcomers.writing_from("whatsapp", a, now=NOW))
        database.write(lambda work, w=writing: lived(work, w, Life(messages=20, answers=20, case="normal")))
    done = threading.Event()

    def receive(address: str) -> int:
        number = 0
        while not done.is_set() or number == 0:
            number += 1

            def unit(work: Work, number: int = number) -> str:
                found = work.newcomers.writing_from("whatsapp", address, now=NOW).conversation.id
                work.inbox.receive(found, "whatsapp", f"later {number}", "text", {"text": address}, NOW)
                return found

            conversation = database.write(unit)
            database.read(lambda work, c=conversation: work.inbox.unread(c))
        return number

    def merge() -> None:
        for address in addresses:

            def unit(work: Work, address: str = address) -> bool:
                enterer = work.newcomers.writing_from("whatsapp", address, now=NOW).newcomer.id
                return work.merging.merge(enterer, amina.newcomer.id, NOW)

            assert database.write(unit)
        done.set()

    with ThreadPoolExecutor(7) as threads:
        merging = threads.submit(merge)
        received = [threads.submit(receive, address) for address in addresses]
        try:
            merging.result()
        finally:
            done.set()
        numbers = [job.result() for job in received]
    conversations = database.read(lambda work: work.conversations.of(amina.newcomer.id))
    assert len(conversations) == 7
    for address, number in zip(addresses, numbers, strict=True):
        mine = database.read(lambda work, a=address: work.newcomers.at("whatsapp", a)).conversation.id
        texts = [row.body["text"] for row in database.read(lambda work, c=mine: work.inbox.all_for(c))]
        assert texts[20:] == [address] * number


def test_who_reads_meanwhile_sees_one_moment(database: Database, amina: Writing, yonas: Writing) -> None:
    database.write(lambda work: lived(work, yonas, Life()))
    theirs = yonas.conversation.id

    def read(work: Work) -> list[str]:
        real = work.keys.of_conversation

        def asked_after_the_rows_were_read(conversation: str) -> DataKey:
            work.keys.of_conversation = real
            with ThreadPoolExecutor(1) as thread:
                merge = lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW)  # noqa: E731
                assert thread.submit(database.write, merge).result()
            return real(conversation)

        work.keys.of_conversation = asked_after_the_rows_were_read
        return [row.body["text"] for row in work.inbox.unread(theirs)]

    assert database.read(read) == [f"{theirs} zegt {number}" for number in range(2)]


def test_two_who_enter_each_others_code_become_one(database: Database, amina: Writing, yonas: Writing) -> None:
    for writing in (amina, yonas):
        database.write(lambda work, w=writing: lived(work, w, Life()))
    codes = [database.write(lambda work, w=writing: work.links.ask(w.newcomer.id, NOW)) for writing in (amina, yonas)]
    both_hold = threading.Barrier(2, timeout=30)

    def enter(writing: Writing, code: str) -> bool:
        tries = iter([both_hold.wait])

        def unit(work: Work) -> bool:
            mine = work.conversations.locked(writing.conversation.id)
            if work.connection.dialect.name == "postgresql":
                next(tries, lambda: None)()  # at the first try each has its own and wants the other's
            taken = work.links.take(code, mine.id, NOW)
            owner = work.conversations.get(mine.id).newcomer_id
            return taken != owner and work.merging.merge(owner, taken, NOW)

        return database.write(unit)

    with ThreadPoolExecutor(2) as threads:
        joined = list(threads.map(enter, (amina, yonas), reversed(codes)))
    assert sorted(joined) == [False, True]
    assert database.read(lambda work: (count(work, "newcomers"), count(work, "conversations"))) == (1, 2)


LIVES = st.builds(
    Life,
    messages=st.integers(0, 3),
    answers=st.integers(0, 3),
    files=st.integers(0, 3),
    state=st.booleans(),
    case=st.sampled_from([None, "normal", "urgent", "crisis"]),
    case_minutes_ago=st.integers(0, 5),
    language=st.sampled_from([None, "ar", "ti", "nl"]),
    second_language=st.sampled_from([None, "en", "nl"]),
    consented_days_ago=st.sampled_from([None, 0, 40]),
    stopped=st.booleans(),
    name=st.sampled_from([None, "Amina", "ዮናስ"]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(one=LIVES, other=LIVES, third=LIVES)
def test_whoever_has_what_nothing_is_lost(database: Database, one: Life, other: Life, third: Life) -> None:
    """Three messengers, joined in a row; each conversation reads as before, and one case at most is open."""

    def begin(work: Work) -> list[Writing]:
        people = [met(work, channel) for channel in ("telegram", "whatsapp", "web")]
        for writing, life in zip(people, (one, other, third), strict=True):
            lived(work, writing, life)
        return people

    people = database.write(begin)
    talks = [writing.conversation.id for writing in people]
    before = database.read(lambda work: [all_of(work, talk) for talk in talks])
    summaries = database.read(lambda work: [work.cases.open_for(writing.newcomer.id) for writing in people])
    asker = people[0].newcomer.id
    for writing in people[1:]:
        assert database.write(lambda work, w=writing: work.merging.merge(w.newcomer.id, asker, NOW))

    after = database.read(lambda work: [all_of(work, talk) for talk in talks])
    routed = [{**talk, "conversation": replace(talk["conversation"], route="bot")} for talk in before]
    assert after == routed
    person = database.read(lambda work: work.newcomers.get(asker))
    lives = (one, other, third)
    assert (person.consent_at is not None) == any(life.consented_days_ago is not None for life in lives)
    assert (person.status == "stopped") == any(life.stopped for life in lives)
    assert person.language is not None or all(life.language is None for life in lives)
    case = database.read(lambda work: work.cases.open_for(asker))
    opened = [row for row in summaries if row is not None]
    assert (case is not None) == bool(opened)
    if case is not None:
        assert case.opened_at == min(row.opened_at for row in opened)
        assert all(row.summary in case.summary for row in opened)
        assert {case.priority} <= {row.priority for row in opened}
    left = database.read(lambda work: [count(work, "newcomers", "id", w.newcomer.id) for w in people])
    assert left == [1, 0, 0]


def test_erasing_the_one_person_leaves_no_byte_of_either(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "wegwijs.sqlite"

    def files() -> bytes:
        return b"".join(file.read_bytes() for file in sorted(tmp_path.iterdir()))

    def traces(work: Work) -> list[bytes]:
        """Every id, digest, key and sealed value."""
        found = []
        for table in metadata.sorted_tables:
            if table.name in {"counters", "helped"}:
                continue
            for row in work.connection.execute(table.select()):
                for column, value in zip(table.columns, row, strict=True):
                    if isinstance(value, bytes):
                        found.append(value)
                    elif value is not None and column.name.endswith("id") and column.name != "master_key_id":
                        found.append(str(value).encode())
        return found

    with Database.open(f"sqlite:///{path}", vault) as database:
        database.upgrade()
        amina = database.write(lambda work: work.newcomers.writing_from("telegram", "7001-7001", now=NOW))
        yonas = database.write(lambda work: work.newcomers.writing_from("whatsapp", "+31612345678", now=NOW))
        for writing in (amina, yonas):
            database.write(lambda work, w=writing: lived(work, w, Life(name="Amina Haddad")))
        before = database.read(traces)
        held = files()
        assert len(before) > 40
        assert all(value in held for value in before if len(value) > 8)
        code = database.write(lambda work: work.links.ask(amina.newcomer.id, NOW))
        before += database.read(traces)
        database.write(lambda work: work.links.take(code, yonas.conversation.id, NOW))
        database.write(lambda work: work.merging.merge(yonas.newcomer.id, amina.newcomer.id, NOW))
        before += database.read(traces)
        database.write(lambda work: work.newcomers.forget(amina.newcomer.id))
        database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
        database.scrub()
        after = files()
        words = [b"Amina", b"Haddad", b"7001-7001", b"612345678", b"zegt", b"vraag van"]
        assert [value for value in (*words, *before) if len(value) > 3 and value in after] == []
