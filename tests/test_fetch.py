"""Files of newcomers: fetched when the organisation takes them, made anew, sealed, and deleted at the messenger."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
import structlog
from PIL import Image

from bot.channels.errors import FileRefusedError
from bot.channels.terminal import Terminal
from bot.commands.throwaway import throwaway
from bot.domain.turn import Attachment, Kind
from bot.fetch import (
    BACK_OFF,
    GAVE_UP,
    LETTER_PHOTOS,
    TRIES,
    expect_files,
    fetch_due,
    letter_photos_allowed,
    may_be_fetched,
)
from bot.safety.pictures import JPEG, MOST_BYTES
from bot.store.attachments import LEASE
from tests.peers.small import small_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime
    from bot.store.rows import AttachmentRow, Writing
    from bot.store.work import Work


def a_photo() -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SECRET-PHONE"
    Image.new("RGB", (40, 20), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


@dataclass
class Messenger(Terminal):
    """A messenger that keeps files: it stands for the network here, and fails when it is told to."""

    files: dict[str, bytes] = field(default_factory=dict)
    fails: list[Exception] = field(default_factory=list)
    keeps: list[Exception] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def fetch(self, reference: str, *, at_most: int) -> bytes:
        self.fetched.append(reference)
        if self.fails:
            raise self.fails.pop(0)
        if len(self.files[reference]) > at_most:
            raise FileRefusedError("too_large")
        return self.files[reference]

    def discard(self, reference: str) -> None:
        if self.keeps:
            raise self.keeps.pop(0)
        self.discarded.append(reference)
        self.files.pop(reference, None)


@dataclass(frozen=True, kw_only=True)
class House:
    """The assistant with such a messenger, and a newcomer who sends files through it."""

    runtime: Runtime
    messenger: Messenger
    amina: Writing
    clock: HeldClock

    def sends(self, *files: bytes, allowed: bool = True) -> str:
        """Send one message with these files; return its id."""
        mine, now = self.amina.conversation.id, self.clock.now()
        found = [Attachment(reference=f"f{len(self.messenger.files) + at}") for at in range(len(files))]
        self.messenger.files |= {one.reference: file for one, file in zip(found, files, strict=True)}

        def store(work: Work) -> str:
            number = len(work.inbox.all_for(mine))
            row = work.inbox.receive(mine, Terminal.name, f"m{number}", Kind.PHOTO.value, {}, now)
            expect_files(work, mine, row.id, found, allowed, now)
            return row.id

        return self.runtime.database.write(store)

    def fetch_all(self) -> None:
        """Do what is due until nothing is."""
        while fetch_due(self.runtime):
            pass

    def files_of(self, message: str) -> list[AttachmentRow]:
        return self.runtime.database.read(lambda work: work.attachments.for_inbound(message))

    def said(self) -> list[str]:
        rows = self.runtime.database.read(lambda work: work.outbox.all_for(self.amina.conversation.id))
        return [row.body["response"] for row in rows]


def allowing(runtime: Runtime, *, allowed: bool) -> Runtime:
    """The same assistant in an organisation that decided so."""
    content = replace(runtime.knowledge.content, letter_photos_allowed=allowed)
    return replace(runtime, knowledge=replace(runtime.knowledge, content=content))


@pytest.fixture
def house(clock: HeldClock) -> Iterator[House]:
    with throwaway(small_assistant(), clock) as plain:
        messenger = Messenger()
        runtime = replace(allowing(plain, allowed=True), channels={Messenger.name: messenger})
        amina = runtime.database.write(
            lambda work: work.newcomers.writing_from(Messenger.name, "amina", now=clock.now())
        )
        yield House(runtime=runtime, messenger=messenger, amina=amina, clock=clock)


# ---- what is expected


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("consented", [True, False])
def test_only_photos_and_documents_after_a_yes_and_a_decision(
    house: House, kind: Kind, allowed: bool, consented: bool
) -> None:
    knowledge = allowing(house.runtime, allowed=allowed).knowledge
    expected = allowed and consented and kind in {Kind.PHOTO, Kind.DOCUMENT}
    read = house.runtime.database.read
    assert read(lambda work: may_be_fetched(work, knowledge, kind, consented=consented)) == expected


def test_as_long_as_nothing_was_decided_nothing_is_fetched(house: House) -> None:
    knowledge = small_assistant().knowledge
    assert not house.runtime.database.read(lambda work: letter_photos_allowed(work, knowledge))


@pytest.mark.parametrize("in_the_file", [True, False])
@pytest.mark.parametrize(
    ("value", "allowed"), [({"allowed": True}, True), ({"allowed": False}, False), ("yes", False), ({}, False)]
)
def test_what_was_decided_at_the_desk_goes_over_the_file(
    house: House, in_the_file: bool, value: object, allowed: bool
) -> None:
    knowledge = allowing(house.runtime, allowed=in_the_file).knowledge

    def decide(work: Work) -> bool:
        pia = work.users.add("Pia", roles=["administrator"], teams=[], now=house.clock.now())
        work.decisions.record(LETTER_PHOTOS, value, note="het bestuur", user_id=pia.id, now=house.clock.now())
        return letter_photos_allowed(work, knowledge)

    assert house.runtime.database.write(decide) == allowed


# ---- fetched


def test_a_photo_is_fetched_made_anew_sealed_and_deleted_there(house: House) -> None:
    message = house.sends(a_photo())
    house.fetch_all()
    (file,) = house.files_of(message)
    content = house.runtime.database.read(lambda work: work.attachments.open(file.id))
    assert (file.status, file.media_type, file.size) == ("fetched", JPEG, len(content))
    assert Image.open(io.BytesIO(content)).size == (40, 20)
    assert b"SECRET" not in content
    assert (house.messenger.discarded, house.messenger.files) == (["f0"], {})
    assert house.said() == []
    assert fetch_due(house.runtime) == 0


def test_it_is_deleted_there_only_after_it_is_stored_here(house: House) -> None:
    message = house.sends(a_photo())
    assert fetch_due(house.runtime) == 1
    assert house.files_of(message)[0].is_here
    assert house.messenger.discarded == []
    house.fetch_all()
    assert house.messenger.discarded == ["f0"]


def test_what_is_not_allowed_is_only_deleted_there(house: House) -> None:
    message = house.sends(a_photo(), b"a voice", allowed=False)
    house.fetch_all()
    assert house.messenger.fetched == []
    assert house.messenger.discarded == ["f0", "f1"]
    assert [(file.status, file.is_here) for file in house.files_of(message)] == [("gone", False)] * 2
    assert house.said() == [], "the turn says that no photos are taken"


def test_a_decision_that_is_taken_back_counts_at_once(house: House) -> None:
    message = house.sends(a_photo())
    runtime = allowing(house.runtime, allowed=False)
    while fetch_due(runtime):
        pass
    assert house.messenger.fetched == []
    assert house.files_of(message)[0].status == "gone"
    assert house.messenger.discarded == ["f0"]


# ---- refused


@pytest.mark.parametrize(
    ("content", "response", "reason"),
    [
        (b"<svg/>", "utter_photo_refused", "unknown_type"),
        (b"\xff\xd8\xff\xe0 torn", "utter_photo_refused", "unreadable"),
        (b"%PDF-" + b"\0" * MOST_BYTES, "utter_photo_too_large", "too_large"),
    ],
)
def test_a_file_that_is_not_taken_is_deleted_there_and_the_newcomer_is_told_once(
    house: House, content: bytes, response: str, reason: str
) -> None:
    message = house.sends(content)
    house.fetch_all()
    (file,) = house.files_of(message)
    assert (file.status, file.error, file.is_here) == ("refused", reason, False)
    assert house.messenger.discarded == ["f0"]
    assert house.said() == [response]


def test_a_refusal_does_not_take_the_place_of_the_answer(house: House) -> None:
    message = house.sends(b"<svg/>")
    house.fetch_all()
    mine = house.amina.conversation.id
    house.runtime.database.write(
        lambda work: work.outbox.say(mine, message, 0, {"response": "utter_photo_received"}, house.clock.now())
    )
    assert house.said() == ["utter_photo_refused", "utter_photo_received"]


def test_one_bad_file_holds_up_no_other(house: House) -> None:
    message = house.sends(b"<svg/>", a_photo(), b"%PDF-1.7 letter")
    house.messenger.fails = [RuntimeError("f0")]
    house.fetch_all()
    house.clock.wait(seconds=BACK_OFF[0])
    house.fetch_all()
    assert [file.status for file in house.files_of(message)] == ["refused", "fetched", "fetched"]


# ---- again


def test_what_cannot_be_had_now_is_tried_later(house: House) -> None:
    message = house.sends(a_photo())
    house.messenger.fails = [FileRefusedError("timeout", again=True), ConnectionResetError()]
    house.fetch_all()
    for seconds in BACK_OFF[:2]:
        assert house.files_of(message)[0].status == "wanted"
        house.clock.wait(seconds=seconds - 1)
        assert fetch_due(house.runtime) == 0
        house.clock.wait(seconds=1)
        house.fetch_all()
    assert house.files_of(message)[0].status == "fetched"
    assert house.said() == []


def test_after_five_tries_it_is_given_up_and_the_newcomer_is_told(house: House) -> None:
    message = house.sends(a_photo())
    house.messenger.fails = [FileRefusedError("timeout", again=True)] * 9
    for _ in range(9):
        house.fetch_all()
        house.clock.wait(seconds=BACK_OFF[-1])
    assert len(house.messenger.fetched) == TRIES == 5
    (file,) = house.files_of(message)
    assert (file.status, file.error) == ("refused", "timeout")
    assert house.said() == ["utter_photo_refused"]


def test_what_will_never_be_had_is_not_tried_again(house: House) -> None:
    message = house.sends(a_photo())
    house.messenger.fails = [FileRefusedError("gone")]
    house.fetch_all()
    assert house.messenger.fetched == ["f0"]
    assert house.files_of(message)[0].error == "gone"
    assert house.said() == ["utter_photo_refused"]


def test_what_cannot_be_deleted_there_now_is_deleted_later(house: House) -> None:
    message = house.sends(a_photo())
    house.messenger.keeps = [FileRefusedError("503", again=True), TimeoutError()]
    for seconds in (0, *BACK_OFF[:2]):
        house.clock.wait(seconds=seconds)
        house.fetch_all()
    assert (house.messenger.discarded, len(house.messenger.fetched)) == (["f0"], 1)
    assert house.files_of(message)[0].status == "fetched"


def test_what_cannot_be_deleted_there_at_all_is_logged(house: House) -> None:
    message = house.sends(a_photo())
    house.messenger.keeps = [TimeoutError("+31612345678")] * 9
    with structlog.testing.capture_logs() as lines:
        for _ in range(9):
            house.fetch_all()
            house.clock.wait(seconds=BACK_OFF[-1])
    assert house.files_of(message)[0].status == "fetched"
    assert [line["event"] for line in lines].count("file stays at the messenger") == 1
    assert "+31612345678" not in repr(lines)
    assert "f0" not in [line.get("reason") for line in lines]


# A file on which the process dies each time (it eats all memory) must not make it die for ever.
def test_a_file_that_nobody_survives_is_given_up(house: House) -> None:
    message = house.sends(a_photo())

    class KilledError(BaseException):
        """As a signal would end the process here."""

    house.messenger.fails = [KilledError()] * TRIES  # type: ignore[list-item]
    for _ in range(TRIES):
        with pytest.raises(KilledError):
            fetch_due(house.runtime)
        assert fetch_due(house.runtime) == 0, "until the dead worker's time is up"
        house.clock.wait(seconds=LEASE.total_seconds())
    house.fetch_all()
    (file,) = house.files_of(message)
    assert (file.status, file.error) == ("refused", GAVE_UP)
    assert house.messenger.discarded == ["f0"]


# ---- who does not want it any more


def test_the_files_of_who_is_forgotten_are_deleted_there_and_not_kept(house: House) -> None:
    message = house.sends(a_photo(), a_photo())
    fetch_due(house.runtime, limit=1)
    person = house.amina.newcomer.id
    house.runtime.database.write(lambda work: work.newcomers.forget(person))
    assert house.runtime.database.read(lambda work: work.attachments.unsettled_for(person)) == 2
    house.fetch_all()
    assert sorted(house.messenger.discarded) == ["f0", "f1"]
    assert [(file.status, file.is_here) for file in house.files_of(message)] == [("gone", False)] * 2
    assert house.runtime.database.read(lambda work: work.attachments.unsettled_for(person)) == 0
    assert house.said() == []


def test_a_file_that_comes_too_late_is_thrown_away(house: House) -> None:
    """The person is forgotten while the messenger is still sending the file."""
    house.sends(a_photo())
    person = house.amina.newcomer.id
    real = house.messenger.fetch

    def slow(reference: str, *, at_most: int) -> bytes:
        house.runtime.database.write(lambda work: work.newcomers.finish_forgetting(person))
        return real(reference, at_most=at_most)

    house.messenger.fetch = slow  # type: ignore[method-assign]
    assert fetch_due(house.runtime) == 1
    assert house.runtime.database.read(lambda work: work.newcomers.get(person)) is None


def test_a_screen_that_has_no_files_is_left_alone(house: House) -> None:
    message = house.sends(a_photo())
    without = replace(house.runtime, channels={Terminal.name: Terminal()})
    assert fetch_due(without) == 0
    assert fetch_due(replace(house.runtime, channels={})) == 0
    assert house.files_of(message)[0].status == "wanted"
