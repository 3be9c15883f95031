"""What Twilio posts, as news."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict

from bot.channels.whatsapp_codes import CODES, of_code
from bot.channels.whatsapp_news import inbound, receipt
from bot.domain.messenger import Outcome, Receipt, Remedy
from bot.domain.turn import Kind

if TYPE_CHECKING:
    from bot.domain.turn import Inbound

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ACCOUNT = "AC" + "0" * 32
MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'1' * 32}/Media/ME{'2' * 32}"
FROM = {"MessageSid": "SM" + "3" * 32, "From": "whatsapp:+31612345678", "WaId": "31612345678", "NumMedia": "0"}


def heard(**fields: str) -> Inbound:
    found = inbound(ImmutableMultiDict({**FROM, **fields}), NOW, account_sid=ACCOUNT)
    assert found is not None
    return found


def told(query: dict[str, str] | None = None, **fields: str) -> Receipt | None:
    return receipt(ImmutableMultiDict({"MessageSid": "SM" + "3" * 32, **fields}), ImmutableMultiDict(query or {}))


def test_words_with_the_name_of_who_wrote_them() -> None:
    found = heard(Body="Hallo", ProfileName=" Amina \n A. ")

    assert (found.kind, found.text, found.address) == (Kind.TEXT, "Hallo", "+31612345678")
    assert (found.provider_id, found.profile_name) == (FROM["MessageSid"], "Amina A.")


def test_a_stop_word_comes_as_the_words_they_are() -> None:
    assert heard(Body="STOP", OptOutType="STOP").text == "STOP"


def test_a_button_is_pressed() -> None:
    found = heard(Body="Ja", ButtonText="Ja", ButtonPayload="/SetSlots(clear=yes)", MessageType="button")

    assert (found.kind, found.text, found.payload) == (Kind.BUTTON, "Ja", "/SetSlots(clear=yes)")


def test_a_choice_of_a_list() -> None:
    found = heard(Body="", ListId="/housing_rent", ListTitle="Huur", MessageType="interactive")

    assert (found.kind, found.text, found.payload) == (Kind.BUTTON, "Huur", "/housing_rent")


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/jpeg", Kind.PHOTO),
        ("image/webp", Kind.STICKER),
        ("audio/ogg; codecs=opus", Kind.VOICE),
        ("video/mp4", Kind.VIDEO),
        ("application/pdf", Kind.DOCUMENT),
        ("text/vcard", Kind.CONTACT),
        ("text/x-vcard", Kind.CONTACT),
        ("", Kind.DOCUMENT),
    ],
)
def test_a_file_by_what_is_said_of_it(media_type: str, kind: Kind) -> None:
    found = heard(Body="de brief", NumMedia="1", MediaUrl0=MEDIA, MediaContentType0=media_type)

    assert (found.kind, found.text) == (kind, "de brief")
    assert [attachment.reference for attachment in found.attachments] == [MEDIA]


def test_three_photos_in_one_message() -> None:
    urls = {f"MediaUrl{number}": f"{MEDIA[:-1]}{number}" for number in range(3)}
    types = {f"MediaContentType{number}": "image/png" for number in range(3)}

    assert len(heard(NumMedia="3", **urls, **types).attachments) == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        MEDIA.replace("https://api.twilio.com", "https://api.twilio.com.evil.example"),
        MEDIA.replace("https://", "https://evil@"),
        MEDIA.replace("https://", "http://"),
        MEDIA.replace("api.twilio.com", "api.twilio.com:8443"),
        MEDIA.replace(ACCOUNT, "AC" + "9" * 32),
        MEDIA + "/../../Calls.json",
        MEDIA + "?x=1",
        "https://[",
        "",
    ],
)
def test_an_address_that_is_not_ours_at_twilio_is_never_kept(url: str) -> None:
    found = heard(NumMedia="1", MediaUrl0=url, MediaContentType0="image/png")

    assert (found.kind, found.attachments) == (Kind.PHOTO, ())


def test_a_place() -> None:
    found = heard(Latitude="51.9", Longitude="4.4", Label="Stadskantoor", Address="Stadserf 1", MessageType="location")

    assert (found.kind, found.text) == (Kind.LOCATION, "Stadskantoor, Stadserf 1")


def test_an_emoji_under_a_message_and_what_nobody_knows() -> None:
    assert heard(Body="👍", MessageType="reaction").kind is Kind.REACTION
    assert heard(MessageType="unsupported").kind is Kind.OTHER
    assert heard(Body=" ").kind is Kind.OTHER


def test_a_referral_from_an_advertisement_changes_nothing() -> None:
    found = heard(Body="Hallo", ReferralBody="Klik", ReferralSourceUrl="https://evil.example", Forwarded="true")

    assert (found.kind, found.text) == (Kind.TEXT, "Hallo")


def test_the_number_is_found_in_either_field() -> None:
    assert heard(From="whatsapp:", Body="x").address == "+31612345678"
    assert heard(From="whatsapp:NL.1234567890", WaId="", Body="x").address == "NL.1234567890"


@pytest.mark.parametrize("fields", [{"From": "", "WaId": ""}, {"MessageSid": ""}, {"MessageSid": "SM\x00"}])
def test_without_a_sender_or_an_id_there_is_no_message(fields: dict[str, str]) -> None:
    assert inbound(ImmutableMultiDict({**FROM, **fields}), NOW, account_sid=ACCOUNT) is None


KEYS = st.sampled_from(
    [
        "From",
        "WaId",
        "MessageSid",
        "NumMedia",
        "MediaUrl0",
        "MediaContentType0",
        "Body",
        "MessageType",
        "Latitude",
        "Longitude",
        "ButtonPayload",
        "ListId",
        "ProfileName",
        "MessageStatus",
        "ErrorCode",
        "reference",
        "part",
    ]
)


@given(st.lists(st.tuples(KEYS, st.text(max_size=40))))
def test_nothing_that_is_posted_raises(fields: list[tuple[str, str]]) -> None:
    form = ImmutableMultiDict(fields)

    found, about = inbound(form, NOW, account_sid=ACCOUNT), receipt(form, form)

    assert found is None or "\x00" not in found.address + found.provider_id
    assert about is None or about.reference or about.provider_id


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("sent", Outcome.SENT),
        ("delivered", Outcome.DELIVERED),
        ("read", Outcome.READ),
        ("undelivered", Outcome.FAILED),
        ("failed", Outcome.FAILED),
    ],
)
def test_what_became_of_a_message(status: str, outcome: Outcome) -> None:
    found = told({"reference": "0190-abc"}, MessageStatus=status)

    assert found is not None
    assert (found.outcome, found.reference, found.provider_id) == (outcome, "0190-abc", "SM" + "3" * 32)


@pytest.mark.parametrize("status", ["queued", "accepted", "scheduled", "sending", "receiving", "folded", ""])
def test_what_is_no_news(status: str) -> None:
    assert told({"reference": "0190-abc"}, MessageStatus=status) is None


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("63016", Remedy.WINDOW_CLOSED),
        ("63014", Remedy.STOP_SENDING),
        ("21610", Remedy.STOP_SENDING),
        ("63003", Remedy.NEVER),
        ("63018", Remedy.PAUSE),
        ("99999", Remedy.NEVER),
        ("", Remedy.NEVER),
        ("٣", Remedy.NEVER),
    ],
)
def test_why_it_failed_says_what_helps(code: str, remedy: Remedy) -> None:
    found = told(MessageStatus="undelivered", ErrorCode=code)

    assert found is not None
    assert found.remedy is remedy
    assert found.reason


def test_a_first_part_that_arrived_says_nothing_about_the_whole_and_one_that_failed_does() -> None:
    query = {"reference": "0190-abc", "part": "1"}

    assert told(query, MessageStatus="delivered") is None
    failed = told(query, MessageStatus="failed", ErrorCode="63016")
    assert failed is not None
    assert failed.outcome is Outcome.FAILED


def test_every_code_has_a_plain_reason_with_nothing_of_a_person() -> None:
    assert len(CODES) > 70
    for code, meaning in CODES.items():
        assert 5 < len(meaning.reason) <= 60, code
        assert of_code(code) is meaning
