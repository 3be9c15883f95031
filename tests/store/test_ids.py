from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from bot.store.ids import new_id


def test_an_id_is_a_uuid_of_version_seven_that_says_when() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before - 1 <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_sort_in_the_order_they_were_made() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_a_clock_that_is_set_back_does_not_break_the_order(monkeypatch: object) -> None:
    first = new_id()
    real = time.time_ns
    try:
        time.time_ns = lambda: real() - 3_600_000_000_000
        assert new_id() > first
    finally:
        time.time_ns = real


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: new_id(), range(8_000)))
    assert len(set(ids)) == len(ids)
