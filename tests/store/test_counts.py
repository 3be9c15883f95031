from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.database import Database
    from bot.store.work import Work


def test_whether_answers_helped_is_counted(database: Database, now: datetime) -> None:
    def tell(work: Work) -> None:
        for did_help in (True, True, False):
            work.counts.record_helped("toeslag", "ar", now, did_help=did_help)
        work.counts.record_helped("school", None, now, did_help=False)

    database.write(tell)
    assert database.read(lambda work: work.counts.helped("toeslag")) == (2, 1)
    assert database.read(lambda work: work.counts.helped("school")) == (0, 1)
    assert database.read(lambda work: work.counts.helped("huur")) == (0, 0)
