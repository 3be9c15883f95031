"""The whole console: every page, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.web.console import letter, privacy
from bot.web.console.door import Door, FrontDoor, Site, routes

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from bot.runtime import Runtime
    from bot.web.pages import Pages

DOORS: tuple[Door | FrontDoor, ...] = (*privacy.DOORS, *letter.DOORS)


def console_routes(runtime: Runtime, pages: Pages) -> list[BaseRoute]:
    """Return the routes of the console."""
    return [*routes(Site(runtime=runtime, pages=pages), DOORS)]
