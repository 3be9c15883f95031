"""Sending, against Twilio's own description, and against a Twilio that fails in every way that it can."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from bot.channels.errors import DeliveryError, FileRefusedError
from bot.channels.whatsapp import Account, WhatsApp
from bot.channels.whatsapp_shape import template_name
from bot.channels.whatsapp_templates import APPROVED, Templates
from bot.content.model import ButtonText, TemplateText
from bot.domain.clock import HeldClock
from bot.domain.messenger import Letter, Remedy
from bot.domain.turn import Button, Media, Message, SentFile, Template
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.wiring import VendorContents
from tests.peers import twilio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.peers.twilio import Imposter, Mountebank

pytestmark = pytest.mark.peers

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SID = "SM" + "5" * 32
CONTENT = "HX" + "6" * 32
MESSAGES = f"/2010-04-01/Accounts/{twilio.ACCOUNT}/Messages.json"
MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{twilio.ACCOUNT}/Messages/MM{'1' * 32}/Media/ME{'2' * 32}"
WORDS = {"utter_list_button": "Kies", "utter_choose_number": "Stuur het nummer."}
READY = TemplateText(
    name="answer_ready",
    language="en",
    category="utility",
    text="Your question {1} has an answer.",
    examples=("1042",),
    buttons=(ButtonText(title="Read", payload="/open"),),
)


def says(text: str = "Hallo", *titles: str, media: tuple[Media, ...] = (), template: Template | None = None) -> Message:
    return Message(
        response="utter_example",
        text=text,
        buttons=tuple(Button(title=title, payload=f"/SetSlots(x={at})") for at, title in enumerate(titles)),
        language="ti",
        direction="ltr",
        media=media,
        template=template,
    )


def letter(message: Message | None = None, *, window_open: bool = True) -> Letter:
    return Letter(address="+31612345678", message=message or says(), reference="0190-abc-def", window_open=window_open)


@pytest.fixture
def contents(tmp_path: Path) -> Iterator[VendorContents]:
    vault = Vault(MasterKeys.load_or_create(tmp_path / "keys"))
    with Database.open(f"sqlite:///{tmp_path / 'database' / 'w.sqlite'}", vault) as database:
        database.upgrade()
        yield VendorContents(database, HeldClock(NOW), twilio.ACCOUNT)


def account(url: str, public_url: str | None = "https://wegwijs.example.nl") -> Account:
    return Account(sid=twilio.ACCOUNT, token="secret", sender="+31101234567", api_url=url, public_url=public_url)


def channel(url: str, contents: VendorContents, **settings: Any) -> WhatsApp:
    return WhatsApp(
        account(url),
        contents,
        word=lambda name, _language: WORDS.get(name),
        template=lambda name, language: READY if (name, language) == (READY.name, READY.language) else None,
        **settings,
    )


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with twilio.prism(tmp_path_factory.mktemp("prism")) as url:
        yield url


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mountebank]:
    with twilio.mountebank(tmp_path_factory.mktemp("mountebank")) as found:
        yield found


def sent(imposter: Imposter) -> list[dict[str, Any]]:
    """The messages that were posted, their fields in lists."""
    posts = [one for one in imposter.requests() if one["method"] == "POST" and one["path"] == MESSAGES]
    return [one["form"] if one.get("form") else parse_qs(one["body"]) for one in posts]


# ---- every shape is one that Twilio's description allows


@pytest.mark.parametrize(
    "message",
    [
        says(),
        says("Een zin over de huur. " * 200),
        says("Is dit duidelijk?", "Ja", "Nee", "Een mens"),
        says("Welk onderwerp?", *(f"Onderwerp {number}" for number in range(10))),
        says("Wat bedoelt u?", "Een vraag over de verzekering", "Iets anders"),
        says(
            "Kijk.", media=(Media(path="media/brief.png", alt="Een brief."), Media(path="media/a.mp3", alt="Geluid."))
        ),
        says("ሰላም 😀 & = + %", "እወ", "ኣይፋል"),
    ],
    ids=["text", "parts", "buttons", "list", "numbers", "files", "tigrinya"],
)
def test_twilio_takes_every_shape(prism: str, contents: VendorContents, message: Message) -> None:
    assert channel(prism, contents).send(letter(message)).startswith("SM")


def test_twilio_takes_a_template(prism: str, contents: VendorContents) -> None:
    contents.keep(template_name(READY), "en", CONTENT, APPROVED)
    message = says(template=Template(name="answer_ready", variables=("1042",)))

    assert channel(prism, contents).send(letter(message, window_open=False)).startswith("SM")


def test_prism_refuses_what_is_not_valid(prism: str, contents: VendorContents) -> None:
    bad = replace(account(prism), public_url="no address")
    whatsapp = WhatsApp(bad, contents, word=lambda _name, _language: None, template=lambda _name, _language: None)

    with pytest.raises(DeliveryError) as refused:
        whatsapp.send(letter())
    assert refused.value.remedy is Remedy.NEVER


def test_templates_are_listed_made_and_submitted(prism: str) -> None:
    templates = Templates(account(prism))

    assert all(len(kept.sid) == 34 for kept in templates.kept().values())
    assert templates.submit(templates.make(READY), READY)
    assert templates.account_status(twilio.ACCOUNT)


def test_a_message_is_looked_for_as_twilio_wants_to_be_asked(prism: str, contents: VendorContents) -> None:
    assert channel(prism, contents).find(letter(says("a text that nobody sent")), NOW) is None


# ---- what goes out


def test_buttons_are_made_once_and_filled_in(bank: Mountebank, contents: VendorContents) -> None:
    made = twilio.answers(201, {"sid": CONTENT}, only={"equals": {"path": "/v1/Content"}})
    with bank.imposter(made, twilio.taken()) as imposter:
        whatsapp = channel(imposter.url, contents)
        assert [whatsapp.send(letter(says(text, "Ja", "Nee"))) for text in ("Eén?", "Twee?")] == [SID, SID]
        paths = [one["path"] for one in imposter.requests()]
        first, second = sent(imposter)

    assert paths == ["/v1/Content", MESSAGES, MESSAGES]
    assert [_one(first["ContentSid"]), _one(second["ContentSid"])] == [CONTENT, CONTENT]
    assert json.loads(_one(second["ContentVariables"])) == {"1": "Twee?"}
    assert "Body" not in second


def test_the_receipt_brings_our_reference_and_only_the_last_part_counts(
    bank: Mountebank, contents: VendorContents
) -> None:
    with bank.imposter(twilio.taken()) as imposter:
        channel(imposter.url, contents).send(letter(says("Een zin over de huur. " * 100)))
        callbacks = [_one(form["StatusCallback"]) for form in sent(imposter)]

    base = "https://wegwijs.example.nl/webhooks/whatsapp/status?reference=0190-abc-def"
    assert callbacks == [f"{base}&part=1", base]


def _one(value: Any) -> str:
    return value[0] if isinstance(value, list) else str(value)


@pytest.mark.parametrize(
    "content_answer",
    [twilio.refuses(400, 20001), twilio.answers(500, "<html>"), twilio.breaks("CONNECTION_RESET_BY_PEER")],
    ids=["refused", "error", "reset"],
)
def test_without_buttons_the_person_gets_the_answer_with_numbers(
    bank: Mountebank, contents: VendorContents, content_answer: dict[str, Any]
) -> None:
    content_answer = content_answer | {"predicates": [{"equals": {"path": "/v1/Content"}}]}
    with bank.imposter(content_answer, twilio.taken()) as imposter:
        assert channel(imposter.url, contents).send(letter(says("Duidelijk?", "Ja", "Nee"))) == SID
        (form,) = sent(imposter)

    assert _one(form["Body"]) == "Duidelijk?\n\n1. Ja\n2. Nee\nStuur het nummer."


def test_buttons_that_twilio_lost_are_forgotten_and_the_answer_goes_with_numbers(
    bank: Mountebank, contents: VendorContents
) -> None:
    made = twilio.answers(201, {"sid": CONTENT}, only={"equals": {"path": "/v1/Content"}})
    lost = twilio.refuses(404, 21655) | {"predicates": [{"contains": {"body": "ContentSid"}}]}
    with bank.imposter(made, lost, twilio.taken()) as imposter:
        whatsapp = channel(imposter.url, contents)
        whatsapp.send(letter(says("Duidelijk?", "Ja")))
        whatsapp.send(letter(says("Duidelijk?", "Ja")))
        paths = [one["path"] for one in imposter.requests()]

    assert paths == ["/v1/Content", MESSAGES, MESSAGES] * 2


def test_outside_the_window_only_an_approved_template_goes(bank: Mountebank, contents: VendorContents) -> None:
    message = says(template=Template(name="answer_ready", variables=("10\n42",)))
    with bank.imposter(twilio.taken()) as imposter:
        whatsapp = channel(imposter.url, contents)
        for waiting in (says(), message):
            with pytest.raises(DeliveryError) as refused:
                whatsapp.send(letter(waiting, window_open=False))
            assert refused.value.remedy is Remedy.WINDOW_CLOSED
        contents.keep(template_name(READY), "en", CONTENT, "pending")
        with pytest.raises(DeliveryError):
            whatsapp.send(letter(message, window_open=False))
        contents.keep(template_name(READY), "en", CONTENT, APPROVED)
        assert whatsapp.send(letter(message, window_open=False)) == SID
        (form,) = sent(imposter)

    assert _one(form["ContentSid"]) == CONTENT
    assert json.loads(_one(form["ContentVariables"])) == {"1": "10 42"}


# ---- every way of failing


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (twilio.refuses(400, 21211), Remedy.NEVER),
        (twilio.refuses(400, 21610), Remedy.STOP_SENDING),
        (twilio.refuses(429, 20429), Remedy.PAUSE),
        (twilio.refuses(400, 63016), Remedy.WINDOW_CLOSED),
        (twilio.refuses(429, 63018), Remedy.PAUSE),
        (twilio.refuses(401, 20003), Remedy.PAUSE),
        (twilio.refuses(400, 99999), Remedy.NEVER),
        (twilio.answers(503, "<html><body>Service Unavailable</body></html>"), Remedy.RETRY),
        (twilio.answers(429, "<html>slow down</html>"), Remedy.PAUSE),
        (twilio.answers(500, "<html>"), Remedy.UNCERTAIN),
        (twilio.answers(502, "<html>Bad Gateway</html>"), Remedy.UNCERTAIN),
        (twilio.answers(504, ""), Remedy.UNCERTAIN),
        (twilio.answers(200, "<html>welcome to the hotel's wifi</html>"), Remedy.UNCERTAIN),
        (twilio.answers(201, {"status": "queued"}), Remedy.UNCERTAIN),
        (twilio.answers(201, []), Remedy.UNCERTAIN),
        (twilio.answers(301, ""), Remedy.NEVER),
        (twilio.breaks("CONNECTION_RESET_BY_PEER"), Remedy.UNCERTAIN),
        (twilio.breaks("RANDOM_DATA_THEN_CLOSE"), Remedy.UNCERTAIN),
    ],
)
def test_each_failure_has_its_remedy(
    bank: Mountebank, contents: VendorContents, answer: dict[str, Any], remedy: Remedy
) -> None:
    with bank.imposter(answer) as imposter:
        with pytest.raises(DeliveryError) as refused:
            channel(imposter.url, contents).send(letter())
        assert len(sent(imposter)) == 1

    assert refused.value.remedy is remedy, refused.value.reason
    assert "612345678" not in refused.value.reason


def test_an_answer_that_does_not_come_in_time_is_uncertain(bank: Mountebank, contents: VendorContents) -> None:
    slow = twilio.answers(201, {"sid": SID}, wait=20_000)
    with bank.imposter(slow) as imposter:
        began = time.monotonic()
        with pytest.raises(DeliveryError) as refused:
            channel(imposter.url, contents, patience=1.0).send(letter())
        took = time.monotonic() - began

    assert refused.value.remedy is Remedy.UNCERTAIN
    assert took < 20  # the peer would have answered then


def test_nobody_there_to_take_it_is_tried_again(contents: VendorContents) -> None:
    with pytest.raises(DeliveryError) as refused:
        channel(f"http://127.0.0.1:{twilio.free_port()}", contents).send(letter())

    assert refused.value.remedy is Remedy.RETRY


def test_a_later_part_that_was_refused_is_all_that_is_sent_again(bank: Mountebank, contents: VendorContents) -> None:
    first = twilio.taken() | {"predicates": [{"contains": {"body": "part%3D1"}}]}
    then = {"responses": [*twilio.refuses(503, 20503)["responses"], *twilio.taken()["responses"]]}
    long = letter(says("Een zin over de huur. " * 100))
    with bank.imposter(first, then) as imposter:
        whatsapp = channel(imposter.url, contents)
        with pytest.raises(DeliveryError) as refused:
            whatsapp.send(long)
        assert whatsapp.send(long) == SID
        whole = [_one(form["Body"]) for form in sent(imposter)]

    assert refused.value.remedy is Remedy.RETRY
    assert len(whole) == 3
    assert whole[1] == whole[2] != whole[0]


def test_a_reply_that_is_lost_after_the_work_was_done_is_uncertain(
    bank: Mountebank, contents: VendorContents, tmp_path: Path
) -> None:
    with bank.imposter(twilio.taken()) as imposter, twilio.losing_replies(imposter.url, tmp_path) as url:
        with pytest.raises(DeliveryError) as refused:
            channel(url, contents).send(letter())
        assert len(sent(imposter)) == 1

    assert refused.value.remedy is Remedy.UNCERTAIN


def files(text: str, name: str = "formulier.pdf", media_type: str = "application/pdf") -> Message:
    return replace(says(text), files=(SentFile(id="file-1", name=name, media_type=media_type, size=10),))


def signed(file_id: str) -> str:
    return f"signed-{file_id}"


@pytest.mark.parametrize("text", ["Vul dit in.", ""])
def test_twilio_takes_a_file_of_the_team(prism: str, contents: VendorContents, text: str) -> None:
    assert channel(prism, contents, file_token=signed).send(letter(files(text)))


def test_a_file_of_the_team_is_fetched_from_a_signed_address(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(twilio.taken()) as imposter:
        channel(imposter.url, contents, file_token=signed).send(letter(files("Vul dit in.")))
        (form,) = sent(imposter)

    assert _one(form["MediaUrl"]) == "https://wegwijs.example.nl/files/signed-file-1"
    assert _one(form["Body"]) == "Vul dit in."


def test_words_never_stand_below_a_recording(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(twilio.taken()) as imposter:
        channel(imposter.url, contents, file_token=signed).send(letter(files("Luister.", "stem.ogg", "audio/ogg")))
        words, sound = sent(imposter)

    assert (_one(words["Body"]), "MediaUrl" in words) == ("Luister.", False)
    assert "Body" not in sound


def test_a_file_that_is_refused_is_not_told_as_if_it_arrived(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(twilio.refuses(400, 63019)) as imposter, pytest.raises(DeliveryError) as refused:
        channel(imposter.url, contents, file_token=signed).send(letter(files("Vul dit in.")))

    assert refused.value.remedy is Remedy.NEVER


def test_without_an_address_of_our_own_no_file_can_go(contents: VendorContents) -> None:
    whatsapp = channel("http://127.0.0.1:1", contents)
    with pytest.raises(DeliveryError) as refused:
        whatsapp.send(letter(files("Vul dit in.")))

    assert refused.value.remedy is Remedy.NEVER
    assert not whatsapp.limits.files
    assert channel("http://127.0.0.1:1", contents, file_token=signed).limits.files


@pytest.mark.parametrize(("media", "found"), [("1", SID), ("0", None)])
def test_a_file_without_words_is_found_by_being_a_file(
    bank: Mountebank, contents: VendorContents, media: str, found: str | None
) -> None:
    with bank.imposter(listed("", media=media)) as imposter:
        assert channel(imposter.url, contents, file_token=signed).find(letter(files("")), NOW) == found


# ---- settling, and files


def listed(body: str, made: datetime = NOW, media: str = "0") -> dict[str, Any]:
    dates = {"date_created": format_datetime(made), "date_sent": None}
    message = {"sid": SID, "body": body, "num_media": media, "status": "sent", **dates}
    return twilio.answers(200, {"messages": [message], "page": 0, "next_page_uri": None})


def test_what_was_taken_after_all_is_found(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(listed("Hallo")) as imposter:
        assert channel(imposter.url, contents).find(letter(), NOW) == SID
        (asked,) = imposter.requests()

    assert asked["method"] == "GET"
    assert asked["query"]["To"] == "whatsapp:+31612345678"


def test_other_words_and_an_earlier_message_are_not_it(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(listed("Iets anders")) as imposter:
        assert channel(imposter.url, contents).find(letter(), NOW) is None
    with bank.imposter(listed("Hallo", datetime(2026, 11, 22, 8, 0, tzinfo=UTC))) as imposter:
        assert channel(imposter.url, contents).find(letter(), NOW) is None


def test_a_twilio_that_cannot_be_asked_is_asked_again_later(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(twilio.answers(500, "<html>")) as imposter, pytest.raises(DeliveryError) as refused:
        channel(imposter.url, contents).find(letter(), NOW)

    assert refused.value.remedy is Remedy.RETRY


def test_a_file_is_fetched_with_our_credentials_and_deleted_afterwards(
    bank: Mountebank, contents: VendorContents
) -> None:
    with bank.imposter(twilio.answers(200, "the picture")) as imposter:
        whatsapp = channel(imposter.url, contents)
        assert whatsapp.fetch(MEDIA, at_most=100) == b"the picture"
        whatsapp.discard(MEDIA)
        asked = [(one["method"], one["path"], "Authorization" in one["headers"]) for one in imposter.requests()]

    path = MEDIA.removeprefix("https://api.twilio.com")
    assert asked == [("GET", path, True), ("DELETE", path, True)]


def test_where_twilio_sends_us_for_the_file_gets_no_credentials(bank: Mountebank, contents: VendorContents) -> None:
    path = MEDIA.removeprefix("https://api.twilio.com")
    onward = twilio.answers(307, "", only={"equals": {"path": path}})
    with bank.imposter(twilio.answers(200, "the picture", only={"equals": {"path": "/stored"}})) as store:
        onward["responses"][0]["is"]["headers"]["Location"] = f"{store.url}/stored"
        with bank.imposter(onward) as imposter, pytest.raises(FileRefusedError) as elsewhere:
            channel(imposter.url, contents).fetch(MEDIA, at_most=100)
        assert store.requests() == []
    assert elsewhere.value.reason == "led elsewhere"


@pytest.mark.parametrize(
    ("answer", "reason", "again"),
    [
        (twilio.answers(200, "x" * 101), "too large", False),
        (twilio.answers(404, ""), "gone", False),
        (twilio.answers(503, "<html>"), "HTTP 503", True),
        (twilio.breaks("CONNECTION_RESET_BY_PEER"), "ConnectionError", True),
    ],
)
def test_a_file_that_cannot_be_had_says_why(
    bank: Mountebank, contents: VendorContents, answer: dict[str, Any], reason: str, again: bool
) -> None:
    with bank.imposter(answer) as imposter:
        whatsapp = channel(imposter.url, contents)
        with pytest.raises(FileRefusedError) as refused:
            whatsapp.fetch(MEDIA, at_most=100)

    assert (refused.value.reason, refused.value.again) == (reason, again)


def test_what_is_gone_there_needs_no_deleting(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(twilio.answers(404, "")) as imposter:
        channel(imposter.url, contents).discard(MEDIA)
        assert len(imposter.requests()) == 1


@pytest.mark.parametrize(
    ("answer", "reason", "again"),
    [
        (twilio.answers(503, "<html>"), "HTTP 503", True),
        (twilio.answers(401, ""), "HTTP 401", False),
        (twilio.breaks("CONNECTION_RESET_BY_PEER"), "ConnectionError", True),
    ],
)
def test_a_file_that_is_not_deleted_says_whether_another_try_helps(
    bank: Mountebank, contents: VendorContents, answer: dict[str, Any], reason: str, again: bool
) -> None:
    with bank.imposter(answer) as imposter, pytest.raises(FileRefusedError) as refused:
        channel(imposter.url, contents).discard(MEDIA)

    assert (refused.value.reason, refused.value.again) == (reason, again)


def test_an_address_that_is_not_twilios_is_never_asked(bank: Mountebank, contents: VendorContents) -> None:
    with bank.imposter(twilio.answers(200, "a secret")) as imposter:
        whatsapp = channel(imposter.url, contents)
        with pytest.raises(FileRefusedError):
            whatsapp.fetch("http://169.254.169.254/latest/meta-data", at_most=100)
        with pytest.raises(FileRefusedError):
            whatsapp.discard(f"{imposter.url}/anything")
        assert imposter.requests() == []
