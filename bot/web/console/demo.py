"""The demo's way in: one click for each of its invented people. These doors exist in the demo only."""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.sign_in import IDLE
from bot.web.console.door import DEMO, HOME, FrontDoor
from bot.web.console.entrance import device_of
from bot.web.console.sign_in import with_cookie

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.web.console.door import Guest


def is_on_this_machine(request: Request) -> bool:
    """Return whether somebody sits at this machine and asked for it by its own name, which no page of elsewhere can."""
    caller = request.client.host if request.client else ""
    try:
        asked_for = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:  # half an IPv6 address
        return False
    return _is_loopback(caller) and (asked_for == "localhost" or _is_loopback(asked_for))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def choose(guest: Guest) -> Response:
    """Show who one can be, and what to try."""
    if not is_on_this_machine(guest.request):
        return guest.problem(404)
    everybody = guest.runtime.database.read(lambda work: work.users.everybody())
    # In the order in which they were made up: who one tries first stands first.
    people = sorted((user for user in everybody if user.active and user.sign_in), key=lambda user: user.id)
    return guest.page("demo.html", people=people)


def be(guest: Guest) -> Response:
    """Sign somebody in as one of the demo's people."""
    if not is_on_this_machine(guest.request):
        return guest.problem(404)
    name = str(guest.request.path_params["name"])
    user = guest.runtime.database.read(lambda work: work.users.by_sign_in(name))
    if user is None or not user.active:
        return guest.problem(404)
    secret, now = secrets.token_urlsafe(32), guest.now
    device = device_of(guest.request)
    guest.runtime.database.write(
        lambda work: work.sessions.start(
            user.id, secret=secret, device=device, now=now, until=now + IDLE, confirmed_at=now
        )
    )
    return with_cookie(guest, guest.go(HOME), secret)


DOORS = (
    FrontDoor(path=DEMO, endpoint=choose),
    FrontDoor(path=f"{DEMO}/{{name}}", endpoint=be, methods=("POST",)),
)
