"""What a coach takes along for somebody of their group: the plan on paper, and the dates for a calendar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response

from bot.hand_out import What, for_coach
from bot.handoff.access import Screen
from bot.web.console.door import HEADERS, Door

if TYPE_CHECKING:
    from bot.web.console.door import Visit

HERE = "/desk/group/{newcomer}"


def plan_file(what: What, visit: Visit) -> Response:
    """Hand over the file in the newcomer's language; who is not their coach finds nothing."""
    made = for_coach(visit.runtime, visit.user.id, str(visit.request.path_params["newcomer"]), what)
    if made is None:
        return visit.problem(404)
    headers = {
        **HEADERS,
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": f'attachment; filename="{made.name}"',
        "x-content-type-options": "nosniff",
    }
    return Response(made.content, media_type=made.media_type, headers=headers)


DOORS = (
    Door(path=f"{HERE}/plan.pdf", screen=Screen.GROUP, endpoint=partial(plan_file, What.PAPER)),
    Door(path=f"{HERE}/plan.ics", screen=Screen.GROUP, endpoint=partial(plan_file, What.CALENDAR)),
)
