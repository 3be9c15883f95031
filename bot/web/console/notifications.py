"""How somebody of the team is told that there is something to look at: their mail, their Telegram, neither."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bot.channels.errors import DeliveryError
from bot.handoff.access import Screen
from bot.notify import MAIL, TELEGRAM, ask_for_a_test, forget_way, ways
from bot.store.pings import TIE_WITHIN
from bot.web.console.door import Door

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.store.work import Work
    from bot.web.console.door import Visit

PATH = "/desk/settings/notifications"
LONGEST_ADDRESS = 254
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+\.[^@\s<>,;:\"()\[\]\\]+")
# What a deep link may begin with, so that it is heard as ours; see bot/channels/telegram_news.py.
DEEP = "desk_"


@runtime_checkable
class HasName(Protocol):
    """A messenger that knows the name under which people find us there."""

    def username(self) -> str:
        """Return the name; raises DeliveryError when the messenger does not tell it."""
        ...


def page(visit: Visit) -> Response:
    """Show what somebody chose."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, **values: object) -> Response:
    def secrets_of(work: Work) -> tuple[str | None, bool]:
        return work.users.secret(visit.user.id, MAIL), work.users.secret(visit.user.id, TELEGRAM) is not None

    mail, tied = visit.runtime.database.read(secrets_of)
    here = ways(visit.runtime)
    known = {"mail": mail or "", "wrong_mail": "", "wrong_telegram": "", "chosen": visit.user.notify, "link": ""}
    return visit.page(
        "notifications.html",
        status=status,
        tied=tied,
        has_mail=MAIL in here,
        has_telegram=TELEGRAM in here,
        **{**known, **values},
    )


def save(visit: Visit) -> Response:
    """Keep the address and the ways; a way that leads nowhere is not turned on."""
    address = visit.given("mail")
    chosen = frozenset(visit.chosen("by")) & {MAIL, TELEGRAM}
    tied = visit.runtime.database.read(lambda work: work.users.secret(visit.user.id, TELEGRAM) is not None)
    wrong_mail = wrong_telegram = ""
    if address and (len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address)):
        wrong_mail = visit.words("notifications_mail_wrong")
    elif MAIL in chosen and not address:
        wrong_mail = visit.words("notifications_mail_missing")
    if TELEGRAM in chosen and not tied:
        wrong_telegram = visit.words("notifications_telegram_missing")
    if wrong_mail or wrong_telegram:
        return _page(
            visit, status=422, mail=address, chosen=chosen, wrong_mail=wrong_mail, wrong_telegram=wrong_telegram
        )

    def keep(work: Work) -> None:
        work.users.set_secret(visit.user.id, MAIL, address or None)
        work.users.change(visit.user.id, notify_json=sorted(chosen))

    visit.runtime.database.write(keep)
    return visit.go(PATH, said="notifications_saved")


def tie(visit: Visit) -> Response:
    """Show a link that ties a Telegram to this account; it is shown once."""
    channel = visit.runtime.channels.get(TELEGRAM)
    try:
        bot = channel.username() if isinstance(channel, HasName) else ""
    except DeliveryError:
        bot = ""
    if not bot:
        return _page(visit, status=503, wrong_telegram=visit.words("notifications_telegram_away"))
    now = visit.now
    code = DEEP + visit.runtime.database.write(lambda work: work.pings.ask_tie(visit.user.id, now))
    link = f"https://t.me/{bot}?start={code}"
    until = visit.words.time(now + TIE_WITHIN)
    return _page(visit, link=link, by_hand=f"/start {code}", bot=bot, until=until)


def untie(visit: Visit) -> Response:
    """Forget somebody's Telegram."""
    visit.runtime.database.write(lambda work: forget_way(work, visit.user.id, TELEGRAM))
    return visit.go(PATH, said="notifications_untied")


def test(visit: Visit) -> Response:
    """Send somebody a ping on each of their ways."""
    sent = ask_for_a_test(visit.runtime, visit.user.id)
    return visit.go(PATH, said="notifications_test_sent" if sent else "notifications_test_not")


DOORS = (
    Door(path=PATH, screen=Screen.SETTINGS, endpoint=page),
    Door(path=PATH, screen=Screen.SETTINGS, endpoint=save, methods=("POST",)),
    Door(path=f"{PATH}/tie", screen=Screen.SETTINGS, endpoint=tie, methods=("POST",)),
    Door(path=f"{PATH}/untie", screen=Screen.SETTINGS, endpoint=untie, methods=("POST",)),
    Door(path=f"{PATH}/test", screen=Screen.SETTINGS, endpoint=test, methods=("POST",)),
)
