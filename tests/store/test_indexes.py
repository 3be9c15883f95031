"""The queries that run all day find their rows by index, also when most rows of a large table are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.rows import Writing
    from bot.store.work import Work

NUMBERS = "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000) SELECT n FROM n) AS n"
FILL = f"""
INSERT INTO inbound (id, conversation_id, number, channel, provider_id, kind, received_at, status)
SELECT 'i' || n, :conversation, n, 'telegram', 'p' || n, 'text', :now, 'read' FROM {NUMBERS};
INSERT INTO outbox (id, conversation_id, number, position, available_at, created_at, status)
SELECT 'o' || n, :conversation, n, 0, :now, :now, 'sent' FROM {NUMBERS};
INSERT INTO attachments (id, conversation_id, inbound_id, status, available_at, created_at)
SELECT 'a' || n, :conversation, 'i' || n, 'fetched', :now, :now FROM {NUMBERS};
INSERT INTO data_keys (id, master_key_id, wrapped, created_at) SELECT 'k' || n, '', '', :now FROM {NUMBERS};
INSERT INTO newcomers (id, data_key_id, created_at) SELECT 'n' || n, 'k' || n, :now FROM {NUMBERS};
INSERT INTO cases (id, number, newcomer_id, conversation_id, state, reason, opened_at, closed_at)
SELECT 'c' || n, n, 'n' || n, :conversation, 'closed', '', :now, :now FROM {NUMBERS};
INSERT INTO trajectories (id, newcomer_id, template, digest, started, ends, state, created_at, created_by)
SELECT 't' || n, 'n' || n, 'year', '', '2026-01-01', '2027-01-01', 'ended', :now, '' FROM {NUMBERS};
INSERT INTO trajectory_tasks (id, trajectory_id, newcomer_id, task, occurrence, state, kind, limits_json)
SELECT 't' || n, 't' || n, 'n' || n, 'task', 0, 'done', 'legal', '{{}}' FROM {NUMBERS};
INSERT INTO reminders (id, task_id, trajectory_id, newcomer_id, day, why, about, kind, due_at, state)
SELECT 'r' || n, 't' || n, 't' || n, 'n' || n, '2026-02-01', 'due', '2026-02-01', 'legal', :now, 'sent' FROM {NUMBERS};
ANALYZE
"""
QUERIES = {
    "ix_inbound_unread": lambda work, conversation, _: (
        work.conversations.with_unread(10),
        work.inbox.unread(conversation),
    ),
    "ix_inbound_held": lambda work, _, now: work.inbox.drop_held_older_than(now),
    "ix_outbox_due": lambda work, _, now: work.outbox.lease(now, 10, 60),
    "ix_outbox_lanes": lambda work, _, now: work.outbox.lease(now, 10, 60),
    "ix_attachments_due": lambda work, _, now: work.attachments.is_due(now, channels=("telegram",)),
    "ix_cases_due": lambda work, _, now: work.cases.due(now, 10),
    "ix_cases_assignee_id": lambda work, _, __: work.cases.without_account(10),
    "ix_outbox_replies": lambda work, conversation, now: work.cases.after_delivery(conversation, now),
    "ix_newcomers_erasing": lambda work, _, __: work.newcomers.being_forgotten(10),
    "ix_reminders_due": lambda work, _, now: work.reminders.due(now, 10),
    "ix_trajectory_tasks_escalates": lambda work, _, now: work.trajectories.escalating(now.date(), 10),
    "ix_trajectories_ends": lambda work, _, now: work.trajectories.over(now.date(), 10),
}


@pytest.mark.parametrize("index", QUERIES)
def test_the_daily_queries_use_their_partial_index(
    on_postgresql: bool, database: Database, amina: Writing, now: datetime, index: str
) -> None:
    mine = amina.conversation.id

    def fill(work: Work) -> None:
        for statement in FILL.split(";"):
            work.connection.execute(text(statement), {"conversation": mine, "now": now.replace(tzinfo=None)})

    database.write(fill)

    found = plans_of(database, lambda work: QUERIES[index](work, mine, now))
    assert found
    # With nothing to send PostgreSQL reads the other partial index for the lanes, which is as good.
    expected = "ix_outbox_due" if on_postgresql and index == "ix_outbox_lanes" else index
    assert expected in found[0], found[0]


# People who are silent: what looks for something to do on one messenger must not read them all.
SILENT = f"""
INSERT INTO addresses (id, newcomer_id, channel, digest, sealed)
SELECT 'd' || n, 'n' || n, 'telegram', CAST('d' || n AS {{bytes}}), '' FROM {NUMBERS};
INSERT INTO conversations (id, newcomer_id, channel, address_id, created_at, updated_at)
SELECT 's' || n, 'n' || n, 'telegram', 'd' || n, :now, :now FROM {NUMBERS};
ANALYZE
"""
LOOKS = {
    "is something due": lambda work, now: work.outbox.is_due(now, channel="telegram"),
    "lease": lambda work, now: work.outbox.lease(now, 10, 60, channels=("telegram",)),
    "files": lambda work, now: work.attachments.is_due(now, channels=("telegram",)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_for_what_is_due_reads_no_silent_conversations(
    on_postgresql: bool, database: Database, amina: Writing, now: datetime, look: str
) -> None:
    asked = {"conversation": amina.conversation.id, "now": now.replace(tzinfo=None)}

    def fill(work: Work) -> None:
        for statement in (FILL + ";" + SILENT.format(bytes="bytea" if on_postgresql else "blob")).split(";"):
            work.connection.execute(text(statement), asked)

    database.write(fill)

    found = plans_of(database, lambda work: LOOKS[look](work, now))
    assert found
    assert not [plan for plan in found if "SCAN conversations" in plan or "Seq Scan on conversations" in plan]


def plans_of(database: Database, ask: Callable[[Work], object]) -> list[str]:
    """Return the plans of the queries that are made when this is asked."""

    def plans(work: Work) -> list[str]:
        seen: list[tuple[str, object]] = []

        def listen(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            seen.append((statement, parameters))

        event.listen(work.connection, "before_cursor_execute", listen)
        ask(work)
        event.remove(work.connection, "before_cursor_execute", listen)
        explain = "EXPLAIN QUERY PLAN " if work.connection.dialect.name == "sqlite" else "EXPLAIN "
        found = []
        for statement, parameters in seen:
            if not statement.startswith(
                (
                    *("SELECT inbound", "SELECT outbox", "SELECT attachments", "UPDATE inbound"),
                    *("SELECT newcomers.id", "SELECT cases.id"),
                    *("SELECT reminders", "SELECT trajectory_tasks", "SELECT trajectories"),
                )
            ):
                continue
            rows = work.connection.exec_driver_sql(explain + statement, parameters).all()
            found.append("\n".join(str(row[-1]) for row in rows))
        return found

    return database.write(plans)
