"""The cases as lists: their order, their pages, what a team sees, and how quickly ten thousand are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from bot.store.queues import OPEN_STATES, Place, Wanted

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.rows import CaseRow, QueueRow, UserRow
    from bot.store.work import Work

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OURS = frozenset({"form_team"})
MANY = 10_000
NUMBERS = f"(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MANY}) SELECT n FROM n) AS n"
# Ten thousand open cases in two teams, a hundredth of them urgent, a twentieth with somebody.
FILL = f"""
INSERT INTO data_keys (id, master_key_id, wrapped, created_at) SELECT 'k' || n, '', '', :now FROM {NUMBERS};
INSERT INTO newcomers (id, data_key_id, created_at) SELECT 'n' || n, 'k' || n, :now FROM {NUMBERS};
INSERT INTO cases (id, number, newcomer_id, conversation_id, state, priority, reason, language, topic, team,
  assignee_id, opened_at, waiting_since)
SELECT 'c' || n, n, 'n' || n, :conversation,
  CASE WHEN n % 20 = 0 THEN 'active' ELSE 'queued' END, CASE WHEN n % 100 = 0 THEN 'urgent' ELSE 'normal' END, 'asked',
  CASE n % 3 WHEN 0 THEN 'ar' WHEN 1 THEN 'ti' ELSE 'nl' END, 'housing',
  CASE WHEN n % 2 = 0 THEN 'form_team' ELSE 'other' END, CASE WHEN n % 20 = 0 THEN :user END, :now, :now
FROM {NUMBERS};
INSERT INTO case_events (id, case_id, at, kind, actor, detail_json)
SELECT 'e' || n, 'c' || n, :now, 'opened', 'bot', '{{}}' FROM {NUMBERS};
ANALYZE
"""


def waits(  # noqa: PLR0913  # what a case is made of, by name
    database: Database,
    *,
    minutes: float = 0,
    language: str = "nl",
    priority: str = "normal",
    team: str = "form_team",
    topic: str | None = None,
) -> CaseRow:
    """Open a case so many minutes after nine."""
    now = NINE + timedelta(minutes=minutes)

    def opens(work: Work) -> CaseRow:
        writing = work.newcomers.writing_from("telegram", uuid4().hex, now=now, language=language)
        return work.cases.open(
            writing.newcomer.id,
            writing.conversation.id,
            reason="asked",
            priority=priority,
            topic=topic,
            question_id=None,
            language=language,
            summary="iets dat niemand in een lijst mag zien",
            now=now,
            team=team,
        )

    return database.write(opens)


def user(database: Database, name: str = "Sam", team: str = "form_team") -> UserRow:
    return database.write(lambda work: work.users.add(name, roles=["volunteer"], teams=[team], now=NINE))


def page(database: Database, wanted: Wanted, after: Place | None = None, limit: int = 50) -> list[QueueRow]:
    return database.read(lambda work: work.queues.page(wanted, after=after, limit=limit))


def place(row: QueueRow) -> Place:
    return Place(priority=row.priority, waiting_since=row.waiting_since, id=row.id)


def test_a_crisis_comes_first_then_what_is_urgent_then_who_waits_longest(database: Database) -> None:
    late = waits(database, minutes=30)
    early = waits(database, minutes=5)
    urgent = waits(database, minutes=40, priority="urgent")
    crisis = waits(database, minutes=50, priority="crisis")
    rows = page(database, Wanted(teams=OURS))
    assert [row.number for row in rows] == [crisis.number, urgent.number, early.number, late.number]
    assert not any("niemand" in repr(row) for row in rows)


def test_pages_meet_without_a_gap_or_a_double_also_when_the_queue_moves(database: Database) -> None:
    same_moment = [waits(database, minutes=1) for _ in range(7)]
    rest = [waits(database, minutes=2 + at, priority=("normal", "urgent", "crisis")[at % 3]) for at in range(8)]
    wanted = Wanted(teams=OURS)
    everything = [row.id for row in page(database, wanted)]
    assert sorted(everything) == sorted(case.id for case in [*same_moment, *rest])
    sam = user(database)
    read: list[str] = []
    after = None
    while rows := page(database, wanted, after, limit=4):
        read += [row.id for row in rows]
        after = place(rows[-1])
        # The last row that was read goes: a page after it begins where it would have begun.
        taken = rows[-1]
        database.write(lambda work, row=taken: work.cases.claim(row.id, row.version, sam.id, NINE))
    assert read == everything


def test_a_team_sees_its_own_cases_and_no_team_sees_none(database: Database) -> None:
    ours = waits(database)
    waits(database, team="other")
    assert [row.id for row in page(database, Wanted(teams=OURS))] == [ours.id]
    for nobody in (frozenset(), frozenset({"no such team"})):
        assert page(database, Wanted(teams=nobody)) == []
        assert database.read(lambda work, teams=nobody: work.queues.how_many(Wanted(teams=teams))) == 0
        assert database.read(lambda work, teams=nobody: work.queues.crises(teams)) == []
        assert database.read(lambda work, teams=nobody: work.queues.suggested(teams, frozenset({"nl"}), limit=9)) == []
        assert database.read(lambda work, teams=nobody: work.queues.overdue(teams, limit=9)) == []
        assert database.read(lambda work, teams=nobody: work.queues.loads(teams)) == {}


def test_filters_by_language_topic_and_state(database: Database) -> None:
    sam = user(database)
    arabic = waits(database, language="ar", topic="housing")
    dutch = waits(database, minutes=1, topic="work")
    database.write(lambda work: work.cases.claim(dutch.id, dutch.version, sam.id, NINE))

    def ids(**filters: object) -> list[str]:
        wanted = Wanted(teams=OURS, **filters)  # type: ignore[arg-type]
        rows = page(database, wanted)
        assert database.read(lambda work: work.queues.how_many(wanted)) == len(rows)
        return [row.id for row in rows]

    assert ids() == [arabic.id]
    assert ids(states=OPEN_STATES) == [arabic.id, dutch.id]
    assert ids(states=("active",)) == [dutch.id]
    assert ids(states=OPEN_STATES, languages=frozenset({"ar", "ti"})) == [arabic.id]
    assert ids(states=OPEN_STATES, topic="work") == [dutch.id]
    assert ids(languages=frozenset()) == []
    row = page(database, Wanted(teams=OURS, states=("active",)))[0]
    assert (row.assignee, row.assignee_id, row.channel) == ("Sam", sam.id, "telegram")


def test_the_languages_somebody_speaks_are_suggested_first_within_a_priority(database: Database) -> None:
    dutch, tigrinya = waits(database), waits(database, minutes=9, language="ti")
    urgent = waits(database, minutes=20, priority="urgent")
    suggested = database.read(lambda work: work.queues.suggested(OURS, frozenset({"ti"}), limit=3))
    assert [row.id for row in suggested] == [urgent.id, tigrinya.id, dutch.id]
    first = database.read(lambda work: work.queues.suggested(OURS, frozenset(), limit=1))
    assert [row.id for row in first] == [urgent.id]


def test_counts_loads_and_what_waits_too_long(database: Database) -> None:
    sam = user(database)
    late, taken = waits(database), waits(database, minutes=1, priority="urgent")
    waits(database, team="other")
    database.write(lambda work: work.cases.claim(taken.id, taken.version, sam.id, NINE))
    database.write(lambda work: work.cases.wind(late.id, None, pinged=1))
    counted = database.read(lambda work: work.queues.counts(OURS))["form_team"]
    assert counted.of("queued") == counted.of("queued", priority="normal") == 1
    assert counted.of(*OPEN_STATES) == 2
    assert counted.of("active", priority="crisis") == 0
    assert database.read(lambda work: work.queues.loads(OURS)) == {("form_team", sam.id): 1}
    assert [row.id for row in database.read(lambda work: work.queues.overdue(OURS, limit=9))] == [late.id]
    assert database.read(lambda work: work.queues.how_many_overdue(OURS)) == {"form_team": 1}
    assert [row.id for row in database.read(lambda work: work.queues.of(sam.id))] == [taken.id]


def test_news_names_the_team_that_lost_a_case_too(database: Database) -> None:
    case = waits(database)
    moved, at_ten = {"from": "form_team", "to": "other"}, NINE + timedelta(hours=1)
    database.write(lambda work: work.cases.note(case.id, kind="transferred", actor="s", now=at_ten, detail=moved))
    database.write(lambda work: work.cases.wind(case.id, None, team="other"))
    news = database.read(lambda work: work.queues.news(NINE + timedelta(minutes=1), limit=10))
    assert [(row.case_id, row.teams) for row in news] == [(case.id, {"form_team", "other"})]
    assert database.read(lambda work: work.queues.happened_at(news[0].id)) == at_ten
    assert database.read(lambda work: work.queues.happened_at("nothing")) is None


@pytest.fixture
def filled(database: Database) -> UserRow:
    sam = user(database)
    case = waits(database)
    database.write(lambda work: work.cases.claim(case.id, case.version, sam.id, NINE))
    values = {"conversation": case.conversation_id, "user": sam.id, "now": NINE.replace(tzinfo=None)}

    def fill(work: Work) -> None:
        work.connection.execute(text("UPDATE cases SET number = 1000000"))
        for statement in FILL.split(";"):
            work.connection.execute(text(statement), values)

    database.write(fill)
    return sam


def test_ten_thousand_open_cases_are_read_by_index(database: Database, filled: UserRow, on_postgresql: bool) -> None:
    both = OURS | {"other"}
    middle = Place(priority="normal", waiting_since=NINE, id="c5")
    reads = {
        "page": lambda work: work.queues.page(Wanted(teams=both), after=middle, limit=51),
        "all": lambda work: work.queues.page(Wanted(teams=both, states=OPEN_STATES), limit=51),
        "suggested": lambda work: work.queues.suggested(both, frozenset({"ti"}), limit=10),
        "mine": lambda work: work.queues.of(filled.id),
        "counts": lambda work: work.queues.counts(both),
        "crises": lambda work: work.queues.crises(both),
        "news": lambda work: work.queues.news(NINE + timedelta(hours=1), limit=100),
    }
    for name, read in reads.items():
        plan = database.read(lambda work, read=read: plan_of(work, read))
        whole = "Seq Scan on cases" if on_postgresql else "SCAN cases"
        # On the server counting ten thousand rows of ten thousand may well be done by reading them all.
        if not (on_postgresql and name == "counts"):
            assert not any(whole in line and "INDEX" not in line for line in plan), (name, plan)
            assert not any("Seq Scan on case_events" in line for line in plan), (name, plan)
        if name in {"page", "all", "crises"}:
            assert any("ix_cases_queue" in line for line in plan), (name, plan)


def plan_of(work: Work, read: object) -> list[str]:
    seen: list[tuple[str, object]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(work.connection, "before_cursor_execute", listen)
    read(work)  # type: ignore[operator]
    event.remove(work.connection, "before_cursor_execute", listen)
    explain = "EXPLAIN QUERY PLAN " if work.connection.dialect.name == "sqlite" else "EXPLAIN "
    rows = [work.connection.exec_driver_sql(explain + statement, parameters).all() for statement, parameters in seen]
    return [str(row[-1]) for of in rows for row in of]
