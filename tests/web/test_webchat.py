from __future__ import annotations

import asyncio
import threading

from bot.channels.webchat import WebChat
from bot.domain.messenger import Letter
from bot.domain.turn import Message
from bot.domain.wakes import Wakes

MESSAGE = Message(response="utter_x", text="x", buttons=(), language="nl", direction="ltr")
LETTER = Letter(address="amina", message=MESSAGE, reference="1")


def shown(address: str) -> Wakes:
    """What a unit of work says that stored a message for this page."""
    wakes = Wakes()
    wakes.show(address)
    return wakes


def test_sending_from_another_thread_wakes_only_this_address() -> None:
    async def story() -> tuple[bool, bool]:
        chat = WebChat()
        with chat.listen("amina") as hers, chat.listen("yonas") as his:
            threading.Thread(target=chat.hear, args=[shown(LETTER.address)]).start()
            return await hers.wait(5), await his.wait(0.05)

    assert asyncio.run(story()) == (True, False)


def test_a_wake_up_before_the_wait_is_not_lost() -> None:
    async def story() -> bool:
        chat = WebChat()
        with chat.listen("amina") as waiter:
            chat.hear(shown(LETTER.address))
            await asyncio.sleep(0.01)
            return await waiter.wait(0)

    assert asyncio.run(story())


def test_each_delivery_has_its_own_id_and_nobody_needs_to_listen() -> None:
    chat = WebChat()
    assert chat.send(LETTER) != chat.send(LETTER)


def test_a_page_whose_loop_stopped_is_no_problem() -> None:
    chat = WebChat()

    async def leave_open() -> object:
        manager = chat.listen("amina")
        manager.__enter__()
        return manager

    manager = asyncio.run(leave_open())
    assert chat.send(LETTER)
    assert manager is not None


def test_closing_ends_every_wait() -> None:
    async def story() -> bool:
        chat = WebChat()
        with chat.listen("amina") as waiter:
            asyncio.get_running_loop().call_later(0.02, chat.close)
            await waiter.wait(5)
            return chat.closed

    assert asyncio.run(story())
    assert WebChat().listening("amina") == 0
