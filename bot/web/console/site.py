"""The whole console: every page, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.web.console import queue, team, today
from bot.web.console.door import Door, FrontDoor, Site, routes
from bot.web.console.events import events_route

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from bot.runtime import Runtime
    from bot.web.console.events import News
    from bot.web.pages import Pages

DOORS: tuple[Door | FrontDoor, ...] = (*today.DOORS, *queue.DOORS, *team.DOORS)


def console_routes(runtime: Runtime, pages: Pages, news: News) -> list[BaseRoute]:
    """Return the routes of the console; `news` is closed by whoever stops the server."""
    site = Site(runtime=runtime, pages=pages)
    return [*routes(site, DOORS), events_route(site, news)]
