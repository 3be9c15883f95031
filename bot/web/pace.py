"""How fast one visitor may post."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.domain.clock import Clock

MINUTE = timedelta(minutes=1)
MANY_VISITORS = 10_000


class Pace:
    """At most `limit` posts in any minute, counted in this process only."""

    def __init__(self, clock: Clock, *, limit: int = 30) -> None:
        self._clock = clock
        self._limit = limit
        self._posts: dict[str, deque[datetime]] = {}

    def seconds_to_wait(self, address: str) -> int:
        """Count one post and return 0, or return after how many seconds the next one is welcome."""
        now = self._clock.now()
        if len(self._posts) > MANY_VISITORS:
            self._posts = {who: posts for who, posts in self._posts.items() if posts[-1] > now - MINUTE}
        posts = self._posts.setdefault(address, deque())
        while posts and posts[0] <= now - MINUTE:
            posts.popleft()
        if len(posts) >= self._limit:
            return max(1, round((posts[0] + MINUTE - now).total_seconds()))
        posts.append(now)
        return 0
