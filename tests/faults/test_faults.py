"""Three minutes of everything that can go wrong, on many processes; the books balance afterwards."""

from __future__ import annotations

import logging

import pytest

from tests.faults.report import report
from tests.faults.story import told

log = logging.getLogger(__name__)

SECONDS = 180
SEED = 20261129


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_the_books_balance_after_three_minutes_of_faults(capsys: pytest.CaptureFixture[str]) -> None:
    story = told(SECONDS, SEED)
    told_in_words = report(story)
    with capsys.disabled():
        print(f"\n{told_in_words}")
    assert story.books.balance, f"{told_in_words}\n{story.said}"
    assert not any(story.left.values())
    assert len(story.faults) >= 10
