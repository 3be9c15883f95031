"""A bot at an emulated Telegram, over HTTP: whole conversations, and a line that fails in every way it can."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.errors import DeliveryError, FileRefusedError
from bot.channels.telegram import Standing
from bot.channels.telegram_news import ALLOWED_UPDATES
from bot.domain.messenger import Letter, Remedy
from bot.domain.turn import Button, Kind, Media, Message, SentFile
from bot.hear import hear
from bot.listen import Listener
from bot.store.errors import DatabaseUnusableError
from tests.channels import updates
from tests.channels.updates import AMINA, MESSAGES, THE_GROUP
from tests.peers.telegram import TOKEN, breaks_off, hangs, refusal, until
from tests.peers.telegram_chat import SECRET, asking, chatting, posted_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.runtime import Runtime
    from tests.peers.telegram import Emulator, Fault
    from tests.peers.telegram_chat import Chat

pytestmark = pytest.mark.peers

A_REPAIR = "De verwarming is kapot"
LONG = "/SetSlots(repair_kind=" + "heating" * 20 + ")"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"a picture" * 100


def letter(text: str = "Hallo", *buttons: Button, media: tuple[Media, ...] = (), at: int = AMINA) -> Letter:
    said = Message(response="utter_x", text=text, buttons=buttons, language="nl", direction="ltr", media=media)
    return Letter(address=str(at), message=said, reference="letter-1")


def refused(chat: Chat, to_send: Letter | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        chat.bot.send(to_send or letter())
    return caught.value


# ---- whole conversations


def talk(chat: Chat) -> None:
    """Ask about a repair, with buttons and words, up to the thanks."""
    chat.says("lekkage in de badkamer")
    assert chat.reads("Mag ik uw berichten bewaren?")
    chat.presses("Ja, goed")
    assert chat.reads("Waar gaat uw vraag over?")
    chat.presses("Iets kapot in huis")
    assert chat.reads("Schrijf aan uw woningcorporatie")
    assert chat.reads("Wat is er kapot?")


def end(chat: Chat) -> None:
    chat.presses("De verwarming")
    assert chat.reads("Bel vandaag de verhuurder.")
    assert chat.reads("Hoeveel kinderen heeft u?")
    chat.says("2")
    assert chat.reads("Is dit duidelijk?")
    chat.presses("Ja, duidelijk")
    assert chat.reads("Fijn. Heeft u nog een vraag?")


def settled(chat: Chat) -> list[int]:
    """The messages whose keyboards were taken away."""
    return [int(call.fields["message_id"]) for call in chat.telegram.gate.of("editMessageReplyMarkup")]


def test_a_conversation_with_buttons_and_an_outage_in_the_middle(amina: Chat) -> None:
    talk(amina)
    amina.telegram.gate.close()
    amina.presses("De verwarming")
    amina.sends(photo=updates.PHOTO)
    amina.says("2")
    assert amina.telegram.pending() == 3
    amina.telegram.gate.open()

    assert amina.reads("Bel vandaag de verhuurder.")
    assert amina.reads("Is dit duidelijk?")
    amina.presses("Ja, duidelijk")
    assert amina.reads("Fijn.")
    assert [row.kind for row in amina.inbox()] == [
        Kind.TEXT, Kind.BUTTON, Kind.BUTTON, Kind.BUTTON, Kind.PHOTO, Kind.TEXT, Kind.BUTTON,
    ]  # fmt: skip
    assert until(lambda: len(settled(amina)) == 4)
    assert len(amina.telegram.gate.of("answerCallbackQuery")) == 4


def test_a_conversation_over_the_webhook_with_an_outage_in_the_middle(chat: Chat) -> None:
    with posted_to(chat) as address:
        chat.bot.use_webhook(address, SECRET)
        talk(chat)
    chat.presses("De verwarming")
    chat.says("2")
    assert chat.telegram.pending() == 2
    with posted_to(chat) as address:
        chat.bot.use_webhook(address, SECRET)
        chat.telegram.deliver()

        assert chat.reads("Bel vandaag de verhuurder.")
        assert chat.reads("Is dit duidelijk?")
        chat.presses("Ja, duidelijk")
        assert chat.reads("Fijn.")
    assert chat.heard()[-3:] == ["De verwarming", "2", "Ja, duidelijk"]


def test_words_in_bold_and_the_text_as_it_stands(amina: Chat) -> None:
    talk(amina)
    told = next(call for call in amina.messages() if "woningcorporatie" in call.fields["text"])
    (first, *_) = json.loads(told.fields["entities"])

    shown = told.fields["text"]
    assert shown[first["offset"] : first["offset"] + first["length"]] == "woningcorporatie"
    assert "*" not in shown


def test_a_keyboard_acts_once(amina: Chat) -> None:
    """The second press comes before the keyboard is gone, as on a slow phone."""
    amina.says(A_REPAIR)
    assert amina.reads("Mag ik uw berichten bewaren?")
    amina.presses("Ja, goed")
    amina.presses("Nee, dank u")
    assert amina.reads("U kunt nu uw vraag stellen.")
    amina.says("dank u")

    assert amina.stored(3)
    assert [row.kind for row in amina.inbox()] == [Kind.TEXT, Kind.BUTTON, Kind.TEXT]
    assert until(lambda: len(amina.telegram.gate.of("answerCallbackQuery")) == 2)


def test_a_long_payload_comes_back_whole(phone_network: Emulator) -> None:
    with chatting(phone_network, payloads=[LONG]) as chat, asking(chat):
        chat.bot.send(letter("Wat is er?", Button(title="De verwarming", payload=LONG)))
        chat.presses("De verwarming")

        assert chat.stored(1)
        assert chat.inbox()[0].body["payload"] == LONG


# ---- every kind of update

OTHER_UPDATES = [
    ("edited_message", updates.message(55, text="Anders", edit_date=updates.WROTE_AT + 60)),
    ("edited_message", updates.message(55, location=updates.PLACE, edit_date=updates.WROTE_AT + 61)),
    ("message_reaction", updates.reaction([], ["👍"])),
    ("message_reaction", updates.reaction(["👍"], [])),
    ("callback_query", updates.press("/deny", ("Nee", "/deny"))),
    ("my_chat_member", updates.membership("member", "kicked")),
    ("my_chat_member", updates.membership("kicked", "member")),
    ("my_chat_member", updates.membership("left", "member", chat=updates.GROUP)),
    ("message", updates.text("Hallo", chat=updates.GROUP)),
    ("inline_query", {"id": "1", "from": updates.USER, "query": "huur", "offset": ""}),
]
# A chat that moves takes what is stored with it to another address: see tests/test_hear.py.
STAYING = [parts for name, parts in MESSAGES.items() if name != "migration"]
STORED = [
    Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.PHOTO, Kind.PHOTO, Kind.DOCUMENT, Kind.VOICE, Kind.VOICE, Kind.VIDEO,
    Kind.VIDEO, Kind.VIDEO, Kind.STICKER, Kind.CONTACT, Kind.LOCATION, Kind.LOCATION, Kind.LOCATION, Kind.TEXT,
    Kind.TEXT, Kind.OTHER, Kind.OTHER, Kind.OTHER, Kind.TEXT, Kind.REACTION, Kind.BUTTON, Kind.TEXT,
]  # fmt: skip


def test_every_kind_of_update_when_asked_for(amina: Chat) -> None:
    for parts in STAYING:
        amina.sends(**parts)
    for kind, body in OTHER_UPDATES:
        amina.telegram.tell(kind, body)
    amina.says("klaar")

    assert amina.stored(len(STORED))
    assert [row.kind for row in amina.inbox()] == STORED
    assert amina.heard()[-1] == "klaar"


def test_every_kind_of_update_when_posted(chat: Chat) -> None:
    with posted_to(chat) as address:
        number = 0
        for parts in [*STAYING, {"text": "klaar"}]:
            number += 1
            assert chat.posts(address, updates.update("message", updates.message(**parts), number), SECRET) == 200
        for kind, body in OTHER_UPDATES:
            number += 1
            assert chat.posts(address, updates.update(kind, body, number), SECRET) == 200

    assert sorted(row.kind for row in chat.inbox()) == sorted(STORED)


def test_a_group_hears_one_line_and_nothing_is_stored(phone_network: Emulator) -> None:
    line = letter("Ik praat alleen met één persoon.").message
    with chatting(phone_network, group_line=lambda hint: line if hint == "ar" else None) as chat, asking(chat):
        for _ in range(3):
            chat.telegram.tell("message", updates.text("Hallo bot", chat=updates.GROUP))
        chat.says("klaar")
        assert chat.stored(1)

        def to_the_group() -> list[str]:
            sent = [call for call in chat.telegram.gate.of("sendMessage") if call.chat == THE_GROUP]
            return [call.fields["text"] for call in sent if call.status == 200]

        assert until(to_the_group)
        assert to_the_group() == [line.text]
        assert chat.heard() == ["klaar"]


# ---- sending


def test_the_id_of_what_was_sent(chat: Chat) -> None:
    assert chat.bot.send(letter()) == "m1"
    assert chat.bot.send(letter()) == "m2"


def test_other_servers_are_told_about_previews_once(chat: Chat) -> None:
    chat.bot.send(letter("Kijk op duo.nl"))
    chat.bot.send(letter("Kijk op ind.nl"))

    asked = ["link_preview_options" in call.fields for call in chat.telegram.gate.of("sendMessage")]
    assert asked == [True, False, False]


def test_a_text_that_is_too_long_for_one_message(chat: Chat) -> None:
    chat.bot.send(letter("Een zin van ons. " * 500, Button(title="Ja", payload="/affirm")))

    assert [len(call.fields["text"]) <= 4096 for call in chat.messages()] == [True, True, True]
    assert [call.buttons for call in chat.messages()] == [[], [], [("Ja", "/affirm")]]


MEDIA_REFUSED = refusal("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")


@pytest.fixture
def with_files(phone_network: Emulator, tmp_path: Path) -> Iterator[Chat]:
    """An assistant whose content has a picture and a recording."""
    (tmp_path / "stap.png").write_bytes(PICTURE)
    (tmp_path / "stap.mp3").write_bytes(b"ID3 a recording")

    def file(path: str) -> Path | None:
        found = tmp_path / path
        return found if found.exists() else None

    with chatting(phone_network, file=file) as chat:
        yield chat


def test_a_picture_goes_before_its_text_with_what_it_shows_below_it(with_files: Chat) -> None:
    with_files.bot.send(letter("Zo doet u het.", media=(Media(path="stap.png", alt="Een hand met een *brief*"),)))
    picture, text = with_files.messages()

    assert (picture.method, picture.files["photo"]) == ("sendPhoto", PICTURE)
    assert picture.fields["caption"] == "Een hand met een brief"
    assert text.fields["text"] == "Zo doet u het."


def test_what_cannot_be_shown_goes_as_a_document(with_files: Chat) -> None:
    """The emulated server takes no recordings; a picture may have measures that Telegram refuses."""
    with_files.telegram.gate.fail(MEDIA_REFUSED)
    both = (Media(path="stap.mp3", alt="De stappen, voorgelezen"), Media(path="stap.png", alt="Een brief"))
    with_files.bot.send(letter(media=both))

    assert [call.method for call in with_files.messages()] == ["sendDocument", "sendDocument", "sendMessage"]
    assert with_files.messages()[0].fields["caption"] == "De stappen, voorgelezen"


def test_without_the_file_its_words_go(with_files: Chat) -> None:
    with_files.bot.send(letter(media=(Media(path="weg.png", alt="Een hand met een brief"),)))

    assert with_files.texts() == ["Een hand met een brief", "Hallo"]


def test_a_picture_is_not_sent_again_when_only_its_text_failed(with_files: Chat) -> None:
    with_files.telegram.gate.fail(refusal("sendMessage", 502, "Bad Gateway"))
    both = letter(media=(Media(path="stap.png", alt="Een brief"),))

    assert refused(with_files, both).remedy is Remedy.RETRY
    with_files.bot.send(both)
    assert [call.method for call in with_files.messages()] == ["sendPhoto", "sendMessage"]
    with_files.bot.send(both)
    assert [call.method for call in with_files.messages()][2:] == ["sendPhoto", "sendMessage"]


def sends_file(text: str, name: str, media_type: str) -> Letter:
    files = (SentFile(id="file-1", name=name, media_type=media_type, size=len(PICTURE)),)
    said = Message(response="reply", text=text, buttons=(), language="nl", direction="ltr", files=files)
    return Letter(address=str(AMINA), message=said, reference="letter-1", open={"file-1": PICTURE}.get)


@pytest.mark.parametrize(
    ("name", "media_type", "method", "part"),
    [
        ("foto.jpg", "image/jpeg", "sendPhoto", "photo"),
        ("formulier.pdf", "application/pdf", "sendDocument", "document"),
    ],
)
def test_a_file_of_the_team_has_its_words_below_it(  # the example has four parts
    chat: Chat, name: str, media_type: str, method: str, part: str
) -> None:
    chat.bot.send(sends_file("Kijk *hier*.", name, media_type))
    (sent,) = chat.messages()
    assert (sent.method, sent.files[part], sent.fields["caption"]) == (method, PICTURE, "Kijk hier.")


def test_a_voice_that_may_not_be_sent_can_still_be_opened(chat: Chat) -> None:
    chat.bot.send(sends_file("", "stem.ogg", "audio/ogg"))
    chat.telegram.gate.fail(refusal("sendVoice", 400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"))
    chat.bot.send(sends_file("", "stem.ogg", "audio/ogg"))
    voice, document = chat.messages()
    assert (voice.method, voice.files["voice"]) == ("sendVoice", PICTURE)
    assert (document.method, document.files["document"]) == ("sendDocument", PICTURE)
    assert "caption" not in document.fields


def test_words_that_are_too_long_for_below_go_first_and_only_once(chat: Chat) -> None:
    chat.telegram.gate.fail(refusal("sendDocument", 502, "Bad Gateway"))
    long = sends_file("Dit is een lange uitleg. " * 60, "formulier.pdf", "application/pdf")
    assert refused(chat, long).remedy is Remedy.RETRY
    chat.bot.send(long)
    assert [call.method for call in chat.messages()] == ["sendMessage", "sendDocument"]


def test_a_file_that_is_gone_meanwhile_is_not_tried_for_ever(chat: Chat) -> None:
    gone = replace(sends_file("", "formulier.pdf", "application/pdf"), open=lambda _file: None)
    assert refused(chat, gone).remedy is Remedy.NEVER


REFUSALS: dict[str, tuple[Fault, Remedy, str]] = {
    "429": (
        refusal("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7),
        Remedy.PAUSE, "too_many_requests",
    ),
    "403": (refusal("sendMessage", 403, "Forbidden: bot was blocked by the user"), Remedy.STOP_SENDING, "forbidden"),
    "400": (refusal("sendMessage", 400, "Bad Request: message text is empty"), Remedy.NEVER, "bad_request"),
    "nobody": (refusal("sendMessage", 400, "Bad Request: chat not found"), Remedy.STOP_SENDING, "chat_not_found"),
    "401": (refusal("sendMessage", 401, "Unauthorized"), Remedy.RETRY, "token_refused"),
    "404": (refusal("sendMessage", 404, "Not Found"), Remedy.RETRY, "token_refused"),
    "500": (refusal("sendMessage", 500, "Internal Server Error"), Remedy.RETRY, "unreachable"),
    "502": (replace(refusal("sendMessage", 502, ""), body=b"<html>Bad Gateway</html>"), Remedy.RETRY, "unreachable"),
    "moved": (
        refusal("sendMessage", 400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100_777),
        Remedy.RETRY, "chat_migrated",
    ),
    "reset": (breaks_off("sendMessage"), Remedy.UNCERTAIN, "unreachable"),
    "reset after it was done": (breaks_off("sendMessage", after=True), Remedy.UNCERTAIN, "unreachable"),
    "hung": (hangs("sendMessage"), Remedy.UNCERTAIN, "timed_out"),
    "hung after it was done": (hangs("sendMessage", after=True), Remedy.UNCERTAIN, "timed_out"),
    "garbage": (replace(refusal("sendMessage", 200, ""), body=b"no JSON"), Remedy.UNCERTAIN, "not_understood"),
    "another shape": (replace(refusal("sendMessage", 200, ""), body=b"{}"), Remedy.UNCERTAIN, "not_understood"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_helps_when_the_line_fails(chat: Chat, name: str) -> None:
    fault, remedy, reason = REFUSALS[name]
    chat.bot.send(letter("Eerst"))  # which finds out what the server knows
    chat.telegram.gate.fail(fault)
    error = refused(chat)

    assert (error.remedy, error.reason) == (remedy, reason)
    assert error.retry_after == {"429": 7.0, "401": 300.0, "404": 300.0}.get(name)
    assert error.new_address == {"moved": "-100777"}.get(name)
    assert chat.bot.send(letter("Daarna")).startswith("m")


def test_a_refused_connection_surely_sent_nothing(chat: Chat) -> None:
    chat.telegram.gate.close()
    assert (refused(chat).remedy, refused(chat).reason) == (Remedy.RETRY, "unreachable")


def test_an_address_that_is_none(chat: Chat) -> None:
    assert refused(chat, replace(letter(), address="Amina")).remedy is Remedy.NEVER


def test_after_the_end_nothing_is_sent(chat: Chat) -> None:
    chat.bot.close()

    assert refused(chat).reason == "closing"


def test_answers_keep_their_order_while_the_line_fails(amina: Chat) -> None:
    amina.telegram.gate.fail(refusal("sendMessage", 502, "Bad Gateway"), breaks_off("getUpdates", after=True))
    amina.says(A_REPAIR)
    amina.says("nog iets")

    assert amina.reads("Mag ik uw berichten bewaren?")
    assert amina.reads("Ik lees het als u ja zegt.")
    assert amina.heard() == [A_REPAIR, "nog iets"]


# ---- listening

DEAF: dict[str, Fault] = {
    "409": refusal("getUpdates", 409, "Conflict: terminated by other getUpdates request"),
    "401": refusal("getUpdates", 401, "Unauthorized"),
    "429": refusal("getUpdates", 429, "Too Many Requests", retry_after=1),
    "502": replace(refusal("getUpdates", 502, ""), body=b"<html>Bad Gateway</html>"),
    "garbage": replace(refusal("getUpdates", 200, ""), body=b"no JSON"),
    "another shape": replace(refusal("getUpdates", 200, ""), body=b'{"ok": true, "result": {"a": 1}}'),
    "no updates": replace(refusal("getUpdates", 200, ""), body=b'{"ok": true, "result": [1, {}, null]}'),
    "reset": breaks_off("getUpdates"),
    "reset after it was told": breaks_off("getUpdates", after=True),
}


@pytest.mark.parametrize("name", DEAF)
def test_nothing_is_lost_and_the_order_kept_while_it_cannot_listen(
    chat: Chat, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.listen.PAUSE_FOR", {})
    monkeypatch.setattr("bot.channels.telegram_errors.TOKEN_SECONDS", 0.1)
    chat.telegram.gate.fail(DEAF[name], DEAF[name])
    for number in range(5):
        chat.says(f"bericht {number}")
    with asking(chat):
        assert chat.stored(5)
    assert chat.heard() == [f"bericht {number}" for number in range(5)]


def test_a_question_that_is_never_answered_loses_nothing(chat: Chat) -> None:
    chat.says("Hallo?")
    chat.telegram.gate.fail(hangs("getUpdates", after=True))
    with pytest.raises(DeliveryError, match="timed_out"):
        chat.bot.poll(0, seconds=0)

    assert [told.number for told in chat.bot.poll(0, seconds=0)] == [1]


def test_another_one_listens_too(chat: Chat) -> None:
    """A webhook that is set elsewhere makes Telegram refuse to be asked; once it is gone, all is heard."""
    chat.telegram.ask("setWebhook", {"url": "http://127.0.0.1:9/nobody"})
    with pytest.raises(DeliveryError, match="conflict"):
        chat.bot.poll(0, seconds=0)
    chat.says("Hallo?")
    chat.bot.use_polling()
    with asking(chat):
        assert chat.stored(1)


def test_a_message_is_told_again_until_the_store_has_it(chat: Chat) -> None:
    tries: list[str] = []

    def away_at_first(runtime: Runtime, news: object) -> None:
        tries.append(type(news).__name__)
        if len(tries) < 4:
            raise DatabaseUnusableError("away")
        hear(runtime, news)  # type: ignore[arg-type]  # what the listener gave

    chat.says("hallo")
    chat.says("daar")
    listener = Listener(chat.runtime, chat.bot, pauses=(0.01,), hears=away_at_first)
    listener.start()
    assert chat.stored(2)
    listener.stop()

    assert chat.heard() == ["hallo", "daar"]
    assert len(tries) == 5
    assert until(lambda: chat.telegram.pending() <= 2)


def test_a_message_that_cannot_be_stored_does_not_silence_the_others(chat: Chat) -> None:
    def poisoned(runtime: Runtime, news: object) -> None:
        if getattr(news, "text", "") == "gif":
            raise ValueError
        hear(runtime, news)  # type: ignore[arg-type]  # what the listener gave

    for text in ("hallo", "gif", "daar"):
        chat.says(text)
    listener = Listener(chat.runtime, chat.bot, pauses=(0.01,), hears=poisoned)
    listener.start()
    assert chat.stored(3)
    listener.stop()

    assert [(row.kind, row.body["text"]) for row in chat.inbox()] == [
        (Kind.TEXT, "hallo"), (Kind.OTHER, ""), (Kind.TEXT, "daar"),
    ]  # fmt: skip


def test_it_stops_at_once_while_it_waits_for_an_update(chat: Chat) -> None:
    listener = Listener(chat.runtime, chat.bot)
    listener.start()
    assert until(lambda: chat.bot._poll is not None)
    listener.stop()

    assert not listener._thread.is_alive()


# ---- the webhook, when the store is away


def test_telegram_tells_again_what_was_not_stored(chat: Chat) -> None:
    class Away:
        """A database that cannot be reached at first."""

        def __init__(self) -> None:
            self.tries = 0

        def write(self, work: object, *, urgent: bool = False) -> object:
            self.tries += 1
            if self.tries == 1:
                raise DatabaseUnusableError("away")
            return chat.runtime.database.write(work)  # type: ignore[arg-type]

    away = Away()
    with posted_to(chat, replace(chat.runtime, database=away)) as address:  # type: ignore[arg-type]
        chat.bot.use_webhook(address, SECRET)
        chat.says("hallo")
        assert chat.telegram.pending() == 1
        chat.says("daar")
        chat.telegram.deliver()

        assert chat.telegram.pending() == 0
    assert chat.heard() == ["hallo", "daar"]


# ---- files


def test_a_file_is_fetched_within_its_limit(with_files: Chat) -> None:
    with_files.bot.send(letter(media=(Media(path="stap.png", alt="x"),)))
    reference = with_files.messages()[0].result["photo"][0]["file_id"]

    assert with_files.bot.fetch(reference, at_most=len(PICTURE)) == PICTURE
    with pytest.raises(FileRefusedError, match="too_large") as caught:
        with_files.bot.fetch(reference, at_most=len(PICTURE) - 1)
    assert not caught.value.again


def test_a_file_that_is_gone(chat: Chat) -> None:
    with pytest.raises(FileRefusedError) as caught:
        chat.bot.fetch("AgAD-gone", at_most=1000)
    assert not caught.value.again


def test_a_file_out_of_reach_may_be_had_later(chat: Chat) -> None:
    chat.telegram.gate.fail(refusal("getFile", 502, "Bad Gateway"))
    with pytest.raises(FileRefusedError) as caught:
        chat.bot.fetch("AgAD", at_most=1000)
    assert caught.value.again


# ---- the token


def test_no_line_of_any_log_holds_the_token(
    with_files: Chat, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    chat = with_files
    caplog.set_level(logging.DEBUG)
    secret_words = "woorden van Amina"
    chat.telegram.gate.fail(
        breaks_off("sendMessage"),
        replace(refusal("getUpdates", 200, ""), body=b"no JSON " + secret_words.encode()),
        refusal("getMe", 401, "Unauthorized"),
        refusal("getFile", 404, "Not Found"),
    )
    raised = [refused(chat)]
    for call in (lambda: chat.bot.poll(0, seconds=0), chat.bot.standing):
        with pytest.raises(DeliveryError) as caught:
            call()
        raised.append(caught.value)
    with pytest.raises(FileRefusedError) as lost:
        chat.bot.fetch("AgAD", at_most=10)
    chat.bot.send(letter(secret_words, media=(Media(path="stap.png", alt="x"),)))
    chat.bot.fetch(chat.messages()[0].result["photo"][0]["file_id"], at_most=10_000)

    said = capfd.readouterr()
    told = [caplog.text, said.out, said.err, repr(chat.bot), *(repr(one) + str(one) for one in [*raised, lost.value])]
    assert [words for words in told if TOKEN in words or secret_words in words] == []
    assert len(raised) == 3


def test_a_token_with_a_space_in_it_is_refused_like_any_other(phone_network: Emulator) -> None:
    with chatting(phone_network, token="not a token") as chat:
        assert refused(chat).reason == "token_refused"


# ---- setting up


def test_how_telegram_knows_us(chat: Chat) -> None:
    chat.bot.use_webhook("http://127.0.0.1:9/webhooks/telegram", SECRET)
    chat.telegram.tell("message", updates.text("Hallo?"))

    assert chat.bot.standing() == Standing(
        name="Fixture",
        webhook_url="http://127.0.0.1:9/webhooks/telegram",
        pending=1,
        last_error=None,
        allowed_updates=ALLOWED_UPDATES,
    )
    (asked,) = chat.telegram.gate.of("setWebhook")
    assert asked.fields["secret_token"] == SECRET
    assert "drop_pending_updates" not in asked.fields


def test_going_back_to_asking_keeps_what_waits(chat: Chat) -> None:
    chat.bot.use_webhook("http://127.0.0.1:9/webhooks/telegram", SECRET)
    chat.says("Hallo?")
    chat.bot.use_polling()
    with asking(chat):
        assert chat.stored(1)
