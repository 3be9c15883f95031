"""The whole console: every page, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.web.console import (
    case,
    case_actions,
    counts,
    demo,
    group,
    group_message,
    group_person,
    group_task,
    letter,
    matches,
    notifications,
    offers,
    people,
    plan_files,
    privacy,
    provider,
    questions,
    queue,
    relay,
    replies,
    sessions,
    settings,
    sign_in,
    team,
    today,
)
from bot.web.console.door import Door, FrontDoor, Site, routes
from bot.web.console.entrance import Entrance
from bot.web.console.events import events_route

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from bot.runtime import Runtime
    from bot.web.console.events import News
    from bot.web.pages import Pages

DOORS: tuple[Door | FrontDoor, ...] = (
    *sign_in.DOORS,
    *provider.DOORS,
    *today.DOORS,
    *queue.DOORS,
    *group.DOORS,
    *case.DOORS,
    *case_actions.DOORS,
    *relay.DOORS,
    *replies.DOORS,
    *sessions.DOORS,
    *group_message.DOORS,
    *letter.DOORS,
    *plan_files.DOORS,
    *offers.DOORS,
    *privacy.DOORS,
    *matches.DOORS,
    *questions.DOORS,
    *team.DOORS,
    *counts.DOORS,
    *settings.DOORS,
    *people.DOORS,
    *notifications.DOORS,
    # Last: what is fixed below /desk/group/ is no newcomer.
    *group_person.DOORS,
    *group_task.DOORS,
)


def console_routes(
    runtime: Runtime, pages: Pages, news: News, entrance: Entrance | None = None, *, is_demo: bool = False
) -> list[BaseRoute]:
    """
    Return the routes of the console.

    `news` is closed by whoever stops the server; `entrance` is what the settings say of how people come in.
    """
    site = Site(runtime=runtime, pages=pages, entrance=entrance or Entrance(), is_demo=is_demo)
    doors = routes(site, (*DOORS, *(demo.DOORS if is_demo else ())))
    nowhere = FrontDoor(path="/desk/{path:path}", endpoint=lambda guest: guest.problem(404), methods=("GET", "POST"))
    return [*doors, events_route(site, news), *routes(site, (nowhere,))]
