"""`/desk/group`: who is in a coach's group and who needs them first, and the codes that begin a trajectory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import guide
from bot.channels.errors import DeliveryError
from bot.guide import GROUP_SIZE
from bot.handoff.access import Screen
from bot.mentor import VALID_DAYS, Refusal, give_code, withdraw_code
from bot.notify import TELEGRAM
from bot.reckon import title_of_template
from bot.review import my_group
from bot.web.console.door import Door, Visit
from bot.web.console.group_words import GroupWords
from bot.web.console.lists import names_for
from bot.web.console.notifications import HasName

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.mentor import AnyRefusal, GivenCode

GROUP = "/desk/group"
_DIFFERENT_PERSON = frozenset({Refusal.NO_ACCOUNT, Refusal.NOT_YOUR_ROLE})


def show(visit: Visit, *, wrong: AnyRefusal | None = None, given: GivenCode | None = None) -> Response:
    """Show the group, who needs the coach first on top; with `given` a code, once."""
    group = my_group(visit.runtime, visit.user.id)
    if isinstance(group, Refusal):
        return shut(visit, group)
    return visit.page(
        "group.html",
        status=409 if wrong else 200,
        group=group,
        size=GROUP_SIZE,
        names=names_for(visit),
        called=called(visit),
        templates=templates(visit),
        valid_days=VALID_DAYS,
        chosen=visit.given("template"),
        code=given,
        link=_link(visit, given) if given else "",
        wrong=sentence(visit, wrong),
    )


def give(visit: Visit) -> Response:
    """Make a code and show it: it stands in no address and is stored nowhere."""
    days = visit.given("days")
    length = next((known for known in VALID_DAYS if days == str(known)), 0)
    done = give_code(visit.runtime, visit.user.id, visit.given("template"), length)
    if isinstance(done, Refusal | guide.Refusal):
        return refused(visit, done) or show(visit, wrong=done)
    return show(visit, given=done)


def withdraw(visit: Visit) -> Response:
    """Take back a code that nobody used."""
    done = withdraw_code(visit.runtime, visit.user.id, visit.given("code"))
    if done is not None:
        return refused(visit, done) or show(visit, wrong=done)
    return visit.go(GROUP, said="group_code_withdrawn")


def _link(visit: Visit, given: GivenCode) -> str:
    """Return the address that enters the code in Telegram; empty where there is none."""
    channel = visit.runtime.channels.get(TELEGRAM)
    try:
        bot = channel.username() if isinstance(channel, HasName) else ""
    except DeliveryError:
        bot = ""
    return f"https://t.me/{bot}?start={given.code}" if bot else ""


# ---- what the other pages of the group share


def called(visit: Visit) -> GroupWords:
    """Return the words of the group for whoever visits."""
    return GroupWords(words=visit.words, runtime=visit.runtime)


def templates(visit: Visit) -> dict[str, str]:
    """Return what there is to begin, by what the team calls it, the longest first."""
    known = sorted(visit.runtime.knowledge.trajectories.values(), key=lambda one: (-one.months, one.id))
    return {template.id: title_of_template(visit.runtime, template) for template in known}


def sentence(visit: Visit, wrong: AnyRefusal | None) -> str:
    """Return why nothing changed, in words."""
    return visit.words(f"group_wrong_{wrong.value}") if wrong else ""


def refused(visit: Visit, why: AnyRefusal) -> Response | None:
    """Return the shut door when it is not this coach's; None when the form can be mended."""
    is_shut = why in _DIFFERENT_PERSON or why is Refusal.NOT_YOURS
    return shut(visit, why) if is_shut else None


def shut(visit: Visit, why: AnyRefusal) -> Response:
    """Say that this is not for them; whether there is such a newcomer nobody learns."""
    return visit.problem(403 if why in _DIFFERENT_PERSON else 404)


_POST = ("POST",)
DOORS = (
    Door(path=GROUP, screen=Screen.GROUP, endpoint=show),
    Door(path=f"{GROUP}/codes", screen=Screen.GROUP, endpoint=give, methods=_POST),
    Door(path=f"{GROUP}/codes/withdraw", screen=Screen.GROUP, endpoint=withdraw, methods=_POST),
)
