from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.domain.turn import Attachment
from bot.store.columns import metadata
from bot.store.database import Database
from bot.store.encryption import KeyMissingError
from bot.store.ids import new_id
from bot.store.outbox import Reply
from bot.store.trajectory_rows import Told
from bot.store.trajectory_tables import OF_A_NEWCOMER
from tests.store.trajectories import a_nudge, a_task, begun

if TYPE_CHECKING:
    from bot.store.encryption import Vault
    from bot.store.rows import Writing
    from bot.store.work import Work

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def live(work: Work, writing: Writing) -> None:
    """
    A newcomer writes, is answered, gets a case; one answer is sent, one is on its way and one waits.

    They came by a link, are called something, sent three files, asked for a code and tried a wrong one.
    """
    mine = writing.conversation.id
    channel = writing.conversation.channel
    for number, words in enumerate(["Ik heet Amina Haddad", "BRIEF VAN DE GEMEENTE", "held words"]):
        work.inbox.receive(mine, channel, f"{channel}-p{number}", "text", {"text": words}, NOW)
    first, second, third = work.inbox.unread(mine)
    work.inbox.mark_read([first.id])
    work.inbox.set_aside(second.id, "ValueError")
    work.inbox.hold([third.id])
    for position in range(3):
        work.outbox.say(mine, first.id, position, {"text": f"Dag Amina {position}"}, NOW)
        if position < 2:
            (leased,) = (row for row in work.outbox.lease(NOW, 10, 60) if row.conversation_id == mine)
            if position == 0:
                work.outbox.sent(leased.id, leased.lease_token, "wamid-of-Amina", NOW)
    work.conversations.save_state(mine, b'{"naam": "Amina Haddad"}', version=1, now=NOW)
    work.conversations.set_route(mine, "human", now=NOW)
    case = work.cases.open(
        writing.newcomer.id,
        mine,
        reason="asked_for_person",
        priority="urgent",
        topic="housing",
        question_id="rent",
        language="ar",
        summary="Amina Haddad vraagt om huurtoeslag",
        now=NOW,
    )
    volunteer = work.users.add(f"Sam-{channel}", roles=["volunteer"], teams=["form_team"], now=NOW)
    work.cases.claim(case.id, case.version, volunteer.id, NOW)
    work.cases.write_note(case, volunteer.id, "Amina Haddad belt morgen terug", NOW)
    reply = Reply(case_id=case.id, user_id=volunteer.id, seen_number=3, leaves_at=NOW)
    work.outbox.say(mine, None, 0, {"text": "Dag mevrouw Haddad"}, NOW, reply=reply)
    work.counts.record_helped("rent", "ar", NOW, did_help=True)
    work.newcomers.accept_notice(writing.newcomer.id, "2026-11", NOW)
    work.newcomers.set_profile_name(mine, "Amina Haddad")
    work.newcomers.enrol(writing.newcomer.id, "coach-of-Amina")
    work.newcomers.set_reminders_to(writing.newcomer.id, mine)
    for place in range(3):
        file = Attachment(reference=f"https://files/Amina/{place}", media_type="image/png", size=7)
        work.attachments.expect(mine, first.id, place, file, status="wanted", now=NOW)
    here, done, _ = work.attachments.for_inbound(first.id)
    for row in (here, done):
        work.attachments.fetched(row.id, b"BRIEF VAN DE GEMEENTE", "image/jpeg", NOW)
    work.attachments.gone(done.id)
    in_a_trajectory(work, writing, volunteer.id)
    work.links.ask(writing.newcomer.id, NOW)
    work.links.take("no code of anybody", mine, NOW)


def in_a_trajectory(work: Work, writing: Writing, coach_id: str) -> None:
    """They told what they have, skipped a task for a reason, were reminded of one, and are invited to a session."""
    trajectory = begun(work, writing.newcomer.id, told=Told(conditions={"Amina has_children": True}))
    own = {"title": "Bel Amina Haddad", "text": "over de brief"}
    ids = work.trajectories.add(trajectory, [a_task("welcome"), a_task("own", **own)])
    task = work.trajectories.task(ids[0])
    work.trajectories.give_reason(task, "Amina Haddad heeft dit al")
    work.trajectories.note(trajectory, kind="skipped", actor=coach_id, now=NOW, detail={"task": "welcome"})
    work.reminders.add(writing.newcomer.id, trajectory.id, [(ids[0], a_nudge("welcome"), NOW)])
    (row,) = work.reminders.of_task(ids[0])
    where = {
        "newcomer_id": writing.newcomer.id,
        "conversation_id": writing.conversation.id,
        "outbox_id": "outbox of Amina",
    }
    work.reminders.sent([row.id], **where, tasks=1, now=NOW)
    session = work.group_sessions.plan(coach_id, template="small", task="evening", at=NOW, place="bibliotheek")
    work.group_sessions.invite(session.id, writing.newcomer.id, NOW)
    work.group_letters.add(new_id(), coach_id, [(writing.newcomer.id, "outbox of Amina")], NOW)


def test_forgetting_drops_every_text_at_once_and_can_still_say_goodbye(
    database: Database, amina: Writing, yonas: Writing
) -> None:
    for writing in (amina, yonas):
        database.write(lambda work, w=writing: live(work, w))
    mine = amina.conversation.id
    before = database.read(lambda work: work.inbox.all_for(yonas.conversation.id))
    database.write(lambda work: work.newcomers.forget(amina.newcomer.id))

    inbox = database.read(lambda work: work.inbox.all_for(mine))
    assert [(row.status, dict(row.body)) for row in inbox] == [
        ("read", {}),
        ("set_aside", {}),
        ("dropped", {}),
    ]
    outbox = database.read(lambda work: work.outbox.all_for(mine))
    assert [(row.status, dict(row.body)) for row in outbox] == [
        ("sent", {}),
        ("dropped", {}),
        ("dropped", {}),
        ("dropped", {}),
    ]
    case = database.read(lambda work: work.cases.open_for(amina.newcomer.id))
    assert [note.text for note in database.read(lambda work: work.cases.notes(case.id))] == [None]
    conversation = database.read(lambda work: work.conversations.get(mine))
    assert (conversation.state, conversation.route) == (None, "bot")
    assert database.read(lambda work: work.cases.open_for(amina.newcomer.id)).summary is None
    row = database.read(lambda work: work.newcomers.get(amina.newcomer.id))
    assert (row.status, row.language) == ("erasing", "ar")
    assert database.read(lambda work: work.newcomers.profile_name(mine)) is None
    files = database.read(lambda work: work.attachments.for_inbound(inbox[0].id))
    # What the messenger may still have must be deleted there; nothing is fetched any more.
    assert [(row.status, row.is_here) for row in files] == [("unwanted", False), ("gone", False), ("unwanted", False)]
    assert database.read(lambda work: work.attachments.unsettled_for(amina.newcomer.id)) == 2
    bare = text("SELECT reminders_to, enrolment_code FROM newcomers WHERE id = :id")
    assert database.read(lambda work: work.connection.execute(bare, {"id": amina.newcomer.id}).one()) == (None, None)
    codes = text("SELECT newcomer_id FROM link_codes UNION ALL SELECT conversation_id FROM link_tries")
    assert database.read(lambda work: set(work.connection.scalars(codes))) == {yonas.newcomer.id, yonas.conversation.id}
    for table in OF_A_NEWCOMER:
        whose = text(f"SELECT DISTINCT newcomer_id FROM {table.name}")
        assert database.read(lambda work, q=whose: list(work.connection.scalars(q))) == [yonas.newcomer.id], table.name
    assert database.read(lambda work: work.newcomers.being_forgotten(10)) == [amina.newcomer.id]
    assert database.read(lambda work: work.inbox.all_for(yonas.conversation.id)) == before

    def goodbye(work: Work) -> None:
        work.outbox.say(mine, None, 0, {"text": "Tot ziens"}, NOW)

    database.write(goodbye)
    leased = database.write(lambda work: work.outbox.lease(NOW, 10, 60))
    (last,) = (row for row in leased if row.conversation_id == mine)
    assert (last.address, last.body) == ("7001", {"text": "Tot ziens"})
    assert database.read(lambda work: work.outbox.unsent_for(amina.newcomer.id)) == 1
    database.write(lambda work: work.outbox.sent(last.id, last.lease_token, "m9", NOW))
    assert database.read(lambda work: work.outbox.unsent_for(amina.newcomer.id)) == 0


def test_what_waits_for_the_newcomer_to_write_is_dropped_too(database: Database, amina: Writing) -> None:
    def unit(work: Work) -> None:
        work.outbox.say(amina.conversation.id, None, 0, {"text": "Dag Amina"}, NOW)
        work.connection.execute(text("UPDATE outbox SET status = 'waiting'"))
        work.newcomers.forget(amina.newcomer.id)

    database.write(unit)
    (row,) = database.read(lambda work: work.outbox.all_for(amina.conversation.id))
    assert (row.status, row.body) == ("dropped", {})


def test_a_file_that_is_just_being_fetched_is_not_kept(database: Database, amina: Writing) -> None:
    database.write(lambda work: live(work, amina))
    being_fetched = database.read(
        lambda work: work.attachments.for_inbound(work.inbox.all_for(amina.conversation.id)[0].id)[2]
    )
    database.write(lambda work: work.newcomers.forget(amina.newcomer.id))
    assert not database.write(lambda work: work.attachments.fetched(being_fetched.id, b"late", "image/jpeg", NOW))
    assert database.read(lambda work: work.attachments.open(being_fetched.id)) is None


def test_finishing_leaves_no_row_but_the_counts(database: Database, amina: Writing) -> None:
    database.write(lambda work: live(work, amina))
    database.write(lambda work: work.newcomers.forget(amina.newcomer.id))
    database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))

    def counts(work: Work) -> dict[str, int]:
        return {name: work.connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in metadata.tables}

    left = {name: count for name, count in database.read(counts).items() if count}
    # Who helped stays, with a key of their own, and what they planned; nothing tells whom they helped. That somebody
    # was erased is listed by digests of two ids that are gone.
    assert left == {"helped": 1, "counters": 1, "users": 1, "data_keys": 1, "group_sessions": 1, "erased": 2}


def test_finishing_leaves_everybody_else(database: Database, amina: Writing, yonas: Writing) -> None:
    for writing in (amina, yonas):
        database.write(lambda work, w=writing: live(work, w))
    database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
    theirs = yonas.conversation.id
    assert len(database.read(lambda work: work.inbox.all_for(theirs))) == 3
    assert len(database.read(lambda work: work.outbox.all_for(theirs))) == 4
    assert database.read(lambda work: work.conversations.get(theirs)).state == b'{"naam": "Amina Haddad"}'
    assert database.read(lambda work: work.cases.open_for(yonas.newcomer.id)).summary is not None


def test_who_writes_again_is_new(database: Database, amina: Writing) -> None:
    database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
    again = database.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=NOW))
    assert again.is_new
    assert again.newcomer.id != amina.newcomer.id
    with pytest.raises(KeyMissingError):
        database.read(lambda work: work.keys.of_newcomer(amina.newcomer.id))


# A webhook that finds a conversation just before it goes must store its message under a new newcomer.
def test_messages_that_come_in_meanwhile_are_not_lost(database: Database, now: datetime) -> None:
    def receive(number: int) -> None:
        def unit(work: Work) -> None:
            conversation = work.newcomers.writing_from("telegram", "7001", now=now).conversation
            work.inbox.receive(conversation.id, "telegram", f"p{number}", "text", {}, now)

        database.write(unit)

    def forget(_: int) -> None:
        def unit(work: Work) -> None:
            found = work.newcomers.writing_from("telegram", "7001", now=now)
            work.newcomers.finish_forgetting(found.newcomer.id)

        database.write(unit)

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(forget if number % 4 == 0 else receive, number) for number in range(80)]
        for job in jobs:
            job.result()
    receive(1000)
    last = database.write(lambda work: work.newcomers.writing_from("telegram", "7001", now=now)).conversation.id
    numbers = [row.number for row in database.read(lambda work: work.inbox.all_for(last))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


def test_no_byte_of_a_forgotten_newcomer_is_left_in_the_file(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "wegwijs.sqlite"

    def files() -> bytes:
        return b"".join(file.read_bytes() for file in sorted(tmp_path.iterdir()))

    with Database.open(f"sqlite:///{path}", vault) as database:
        database.upgrade()
        amina = database.write(
            lambda work: work.newcomers.writing_from("whatsapp", "+31612345678", now=NOW, language="ar")
        )
        database.write(lambda work: live(work, amina))

        def traces(work: Work) -> list[bytes]:
            """Every id, digest, key, code and sealed value that stands in a table about people."""
            found: list[bytes] = []
            for table in metadata.sorted_tables:
                names = [
                    c.name for c in table.columns if c.name.endswith(("id", "sealed", "digest", "wrapped", "code"))
                ]
                personal = table.name not in {"helped", "counters", "users", "group_sessions"}
                for name in names if personal and table.name != "budgets" else ():
                    kept = name not in {
                        "master_key_id",
                        "question_id",
                        "user_id",
                        "coach_id",
                        "assignee_id",
                        "session_id",
                    }
                    # The keys of the team are not about newcomers.
                    theirs = " WHERE id IN (SELECT data_key_id FROM newcomers)" if table.name == "data_keys" else ""
                    query = text(f"SELECT {name} FROM {table.name}{theirs}")
                    values = work.connection.scalars(query) if kept else ()
                    found += [v.encode() if isinstance(v, str) else bytes(v) for v in values if v is not None]
            return found

        stored = database.read(traces)
        clear = ("Haddad", "BRIEF VAN", "held words", "belt morgen", "+31612345678", "612345678", "https://files")
        words = [text.encode() for text in clear]
        before = files()
        assert not [word for word in words if word in before]  # nothing was ever written in the clear
        assert all(value in before for value in stored)
        assert b"coach-of-Amina" in stored
        database.write(lambda work: work.newcomers.forget(amina.newcomer.id))
        database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
        database.scrub()
        after = files()
        assert not [value for value in (*words, *stored) if value in after]
    after = files()
    assert not [value for value in (*words, *stored) if value in after]


# On SQLite the test above reads the whole file.
@pytest.mark.postgresql
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_no_key_of_a_forgotten_newcomer_is_left_in_a_servers_tables(
    database: Database, amina: Writing, yonas: Writing
) -> None:
    wrapped = database.read(
        lambda work: work.connection.scalar(
            text("SELECT wrapped FROM data_keys JOIN newcomers ON data_key_id = data_keys.id WHERE newcomers.id = :id"),
            {"id": amina.newcomer.id},
        )
    )

    def pages() -> bytes:
        def path(work: Work) -> str:
            return work.connection.scalar(
                text("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('data_keys')")
            )

        with database._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))
        return Path(database.read(path)).read_bytes()

    assert wrapped in pages()
    database.write(lambda work: work.newcomers.finish_forgetting(amina.newcomer.id))
    assert wrapped in pages()  # deleting alone leaves it there: that is why there is a scrub
    database.scrub()
    assert wrapped not in pages()
    assert database.read(lambda work: work.newcomers.get(yonas.newcomer.id)) is not None
