"""From the outbox to Twilio and back: what nobody knows is not sent twice, and a receipt settles it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from starlette.datastructures import ImmutableMultiDict

from bot.channels.whatsapp import Account, WhatsApp
from bot.channels.whatsapp_news import receipt
from bot.deliver import deliver_due
from bot.domain.turn import Inbound, Kind, Message
from bot.hear import hear
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.wiring import VendorContents
from tests.peers import twilio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime
    from bot.store.rows import OutboxRow
    from bot.wiring import Parts
    from tests.peers.twilio import Imposter, Mountebank

pytestmark = pytest.mark.peers

SID = "SM" + "5" * 32
ADDRESS = "+31612345678"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mountebank]:
    with twilio.mountebank(tmp_path_factory.mktemp("mountebank")) as found:
        yield found


@contextmanager
def at_work(assistant: Parts, clock: HeldClock, url: str, folder: Path) -> Iterator[Runtime]:
    """An assistant whose only messenger is WhatsApp, at this address; somebody has just written."""
    vault = Vault(MasterKeys.load_or_create(folder / "keys"))
    with Database.open(f"sqlite:///{folder / 'database' / 'w.sqlite'}", vault) as database:
        database.upgrade()
        account = Account(sid=twilio.ACCOUNT, token="secret", sender="+31101234567", api_url=url)
        channel = WhatsApp(
            account,
            VendorContents(database, clock, account.sid),
            word=lambda _name, _language: None,
            template=lambda _name, _language: None,
        )
        yield assistant.runtime(database, channels={"whatsapp": channel}, clock=clock)


def say(runtime: Runtime, text: str = "Hallo") -> str:
    """Queue one message to somebody who has just written; return its id."""
    now = runtime.clock.now()
    conversation = hear(
        runtime,
        Inbound(
            channel="whatsapp",
            address=ADDRESS,
            provider_id=f"SM{text}",
            kind=Kind.TEXT,
            text="hoi",
            received_at=now,
        ),
    )
    assert conversation is not None
    body = Message(response="utter_x", text=text, buttons=(), language="nl", direction="ltr").as_body()
    return runtime.database.write(lambda work: work.outbox.say(conversation, None, 0, body, now)).id


def row(runtime: Runtime, outbox_id: str) -> OutboxRow:
    found = runtime.database.read(lambda work: work.outbox.get(outbox_id))
    assert found is not None
    return found


def posts(imposter: Imposter) -> int:
    return sum(one["method"] == "POST" for one in imposter.requests())


def tell(runtime: Runtime, outbox_id: str, status: str, **fields: str) -> None:
    form = ImmutableMultiDict({"MessageSid": SID, "MessageStatus": status, **fields})
    news = receipt(form, ImmutableMultiDict({"reference": outbox_id}))
    assert news is not None
    hear(runtime, news)


def test_a_lost_reply_is_uncertain_is_not_sent_twice_and_is_settled_by_its_receipt(
    assistant: Parts, clock: HeldClock, bank: Mountebank, tmp_path: Path
) -> None:
    with (
        bank.imposter(twilio.taken()) as imposter,
        twilio.losing_replies(imposter.url, tmp_path) as url,
        at_work(assistant, clock, url, tmp_path) as runtime,
    ):
        message = say(runtime)
        deliver_due(runtime)
        assert row(runtime, message).status == "uncertain"
        for _ in range(3):
            clock.wait(minutes=1)
            deliver_due(runtime)
        assert posts(imposter) == 1

        tell(runtime, message, "delivered")
        assert (row(runtime, message).status, row(runtime, message).provider_id) == ("delivered", SID)
        tell(runtime, message, "sent")
        assert row(runtime, message).status == "delivered"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (twilio.refuses(400, 21211), "failed"),
        (twilio.refuses(400, 21610), "failed"),
        (twilio.refuses(429, 20429), "queued"),
        (twilio.refuses(400, 63016), "waiting"),
        (twilio.refuses(429, 63018), "queued"),
        (twilio.answers(503, "<html>"), "queued"),
        (twilio.answers(200, "<html>"), "uncertain"),
        (twilio.breaks("CONNECTION_RESET_BY_PEER"), "uncertain"),
        (twilio.taken(), "sent"),
    ],
)
def test_what_twilio_says_decides_what_becomes_of_a_message(  # noqa: PLR0913, PLR0917  # fixtures and the example
    assistant: Parts, clock: HeldClock, bank: Mountebank, tmp_path: Path, answer: dict[str, Any], status: str
) -> None:
    with bank.imposter(answer) as imposter, at_work(assistant, clock, imposter.url, tmp_path) as runtime:
        message = say(runtime)
        deliver_due(runtime)

        assert row(runtime, message).status == status
        assert posts(imposter) == 1


def test_a_receipt_that_the_window_was_closed_keeps_the_message(
    assistant: Parts, clock: HeldClock, bank: Mountebank, tmp_path: Path
) -> None:
    with bank.imposter(twilio.taken()) as imposter, at_work(assistant, clock, imposter.url, tmp_path) as runtime:
        message = say(runtime)
        deliver_due(runtime)
        tell(runtime, message, "undelivered", ErrorCode="63016")

        assert row(runtime, message).status == "waiting"
