"""`/desk/group/message`: a coach writes one text to their group, and sees what became of it for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.answer import LONGEST_REPLY
from bot.circulate import Refusal, circulate, my_group, my_messages, take_back
from bot.domain.languages import SOURCE
from bot.handoff.access import Screen
from bot.web.console.door import Door
from bot.web.console.lists import names_for
from bot.web.console.reply_language import seems_otherwise

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.web.console.door import Visit

MESSAGE = "/desk/group/message"


def show(  # noqa: PLR0913  # what a page may have to say
    visit: Visit,
    *,
    status: int = 200,
    wrong: Refusal | None = None,
    text: str | None = None,
    otherwise: str | None = None,
    said: str = "",
) -> Response:
    """Show the form, and the last messages with what became of each; what was typed stands there again."""
    group = my_group(visit.runtime, visit.user.id)
    languages = visit.runtime.knowledge.content.languages
    was_posted = wrong is not None or otherwise is not None
    problem = visit.words(f"group_message_wrong_{wrong.value}") if wrong else ""
    return visit.page(
        "group_message.html",
        status=status,
        group=group,
        chosen=visit.chosen("to") if was_posted else [one.id for one in group],
        text=visit.given("text") if text is None else text,
        language=languages.known(visit.given("language")) or SOURCE,
        languages=list(languages.all),
        otherwise=otherwise,
        messages=my_messages(visit.runtime, visit.user.id),
        problem=problem,
        done=said,
        longest=LONGEST_REPLY,
        names=names_for(visit),
    )


def send(visit: Visit) -> Response:
    """Send it, unless it seems to be in another language than was chosen and nobody said "anyway"."""
    language = visit.runtime.knowledge.content.languages.known(visit.given("language")) or SOURCE
    text = visit.given("text")
    otherwise = seems_otherwise(text, than=language)
    if otherwise is not None and not visit.given("anyway"):
        return show(visit, status=422, otherwise=otherwise)
    sent = circulate(visit.runtime, visit.user.id, text=text, to=visit.chosen("to"), language=otherwise or language)
    if isinstance(sent, Refusal):
        return show(visit, status=403 if sent is Refusal.NOT_YOUR_ROLE else 422, wrong=sent)
    return visit.go(MESSAGE, said="group_message_sent")


def undo(visit: Visit) -> Response:
    """Take a message back before it leaves; its words are in the box again."""
    taken = take_back(visit.runtime, visit.user.id, visit.given("message"))
    if isinstance(taken, Refusal):
        return show(visit, status=409, wrong=taken)
    return show(visit, text=taken, said=visit.words("group_message_undone"))


DOORS = (
    Door(path=MESSAGE, screen=Screen.GROUP, endpoint=show),
    Door(path=MESSAGE, screen=Screen.GROUP, endpoint=send, methods=("POST",)),
    Door(path=f"{MESSAGE}/undo", screen=Screen.GROUP, endpoint=undo, methods=("POST",)),
)
