"""After somebody was erased, in the chat or at the desk, no byte of them is left in the data folder or the logs."""

from __future__ import annotations

import io
import json
import logging
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4
from zlib import crc32

import pytest
import structlog
from PIL import Image
from sqlalchemy import text

from bot.answer import note, reply, take
from bot.channels.errors import FileRefusedError
from bot.channels.limits import SCREEN
from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.domain.clock import SystemClock
from bot.domain.turn import Attachment, Inbound, Kind, Message
from bot.enclose import Given
from bot.engine import Engine
from bot.fetch import LETTER_PHOTOS
from bot.log import set_up_logging
from bot.look import open_file
from bot.receive import take_in
from bot.settings import Settings
from bot.store.columns import metadata
from bot.store.participation_rows import MatchRow
from bot.store.trajectory_rows import Told
from bot.wiring import open_database
from tests.console.conftest import Person, served, shipped_words
from tests.desk.conftest import ORGANISATION
from tests.peers.tiny import tiny_assistant
from tests.store.trajectories import a_task, begun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.domain.messenger import Letter
    from bot.runtime import Runtime
    from bot.store.rows import CaseRow, NewcomerRow, UserRow
    from bot.store.work import Work

PHONE = "phone"


@dataclass
class Phone:
    """A messenger with files that takes everything; it stands for the network."""

    name: str = PHONE
    files: dict[str, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    limits = SCREEN

    def send(self, letter: Letter) -> str:
        self.said.append(letter.message.response)
        return uuid4().hex

    def fetch(self, reference: str, *, at_most: int) -> bytes:
        if len(self.files[reference]) > at_most:
            raise FileRefusedError("too_large")
        return self.files[reference]

    def discard(self, reference: str) -> None:
        self.files.pop(reference, None)


@dataclass(kw_only=True)
class House:
    """The assistant at work in a data folder, as `wegwijs serve` runs it, and two people of the team."""

    folder: Path
    runtime: Runtime
    phone: Phone
    port: int
    sam: UserRow
    cora: UserRow

    def browser(self, user: UserRow) -> Person:
        secret, now = secrets.token_urlsafe(32), self.runtime.clock.now()
        until = now + timedelta(hours=1)
        self.runtime.database.write(
            lambda work: work.sessions.start(
                user.id, secret=secret, device="test", now=now, until=until, confirmed_at=now
            )
        )
        return Person(self.port, secret)

    def bytes_of_all_files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in sorted(self.folder.rglob("*"))
            if file.is_file()
        }


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A newcomer with words of their own, so that each can be looked for."""

    house: House
    word: str

    @property
    def number(self) -> str:
        return f"+316{crc32(self.word.encode()) % 10**8:08d}"

    @property
    def name(self) -> str:
        return f"Amina {self.word}-Haddad"

    def writes(self, words: str, payload: str | None = None, *files: bytes) -> None:
        given = []
        for content in files:
            reference = f"https://files/{self.word}/{uuid4().hex}"
            self.house.phone.files[reference] = content
            given.append(Attachment(reference=reference, media_type="image/jpeg"))
        kind = Kind.PHOTO if files else Kind.BUTTON if payload else Kind.TEXT
        inbound = Inbound(
            channel=PHONE,
            address=self.number,
            provider_id=uuid4().hex,
            kind=kind,
            text=words,
            payload=payload,
            received_at=self.house.runtime.clock.now(),
            profile_name=self.name,
            attachments=tuple(given),
        )
        before = len(self.house.phone.said)
        take_in(self.house.runtime, inbound)
        if self.newcomer() is None or not self.is_with_a_person():
            until(lambda: len(self.house.phone.said) > before)

    def newcomer(self) -> NewcomerRow | None:
        found = self.house.runtime.database.read(lambda work: work.newcomers.at(PHONE, self.number))
        return found.newcomer if found else None

    def is_with_a_person(self) -> bool:
        found = self.house.runtime.database.read(lambda work: work.newcomers.at(PHONE, self.number))
        return found is not None and found.conversation.route == "human"

    def case(self) -> CaseRow:
        newcomer = self.newcomer()
        assert newcomer is not None
        case = self.house.runtime.database.read(lambda work: work.cases.open_for(newcomer.id))
        assert case is not None
        return case

    def lives(self) -> list[bytes]:
        """Talk with the assistant and the team in every way that leaves something; return what to look for."""
        house, word = self.house, self.word
        runtime = house.runtime
        self.writes(f"hallo ik ben {word}eerst")
        self.writes("", "/SetSlots(notice_answer=accept)")
        self.writes(f"ik woon in {word}straat")
        self.writes(f"onderschrift {word}brief", None, a_letter(word))
        self.writes("ik wil een mens spreken")
        case = self.case()
        take(runtime, house.sam.id, case.id, version=case.version)
        note(runtime, house.sam.id, case.id, text=f"notitie {word}notitie")
        answer = reply(
            runtime,
            house.sam.id,
            case.id,
            text=f"antwoord {word}antwoord",
            conversation_id=case.conversation_id,
            seen=5,
            files=[Given(name=f"{word}bestand.pdf", content=b"%PDF-1.7 " + word.encode() + b"inhoud")],
        )
        assert not hasattr(answer, "why"), answer
        now = runtime.clock.now()
        runtime.database.write(lambda work: work.drafts.keep(case, house.sam.id, f"concept {word}concept", now))
        runtime.database.write(lambda work: in_a_trajectory(work, case.newcomer_id, word))
        open_file(runtime, house.cora.id, case.id, reason=f"reden {word}reden")
        given = {"number": str(case.number), "reason": f"reden {word}export", "as": "html"}
        exported = house.browser(house.cora).post("/desk/privacy/export", given)
        assert f"{word}notitie" in exported.text
        self.writes("mijn gegevens")
        until(lambda: "reply" in house.phone.said and runtime.database.read(self._settled))
        said = f"eerst straat brief notitie antwoord bestand.pdf inhoud concept reden export {self.word}".split()
        said += ["kind", "taak", "oversla"]
        words = [word.encode(), self.name.encode(), *(f"{word}{one}".encode() for one in said)]
        return [*words, self.number.encode(), self.number[1:].encode()]

    def _settled(self, work: Work) -> bool:
        newcomer = work.newcomers.at(PHONE, self.number)
        assert newcomer is not None
        files_here = [file for row in work.kept.files(newcomer.newcomer.id).values() for file in row]
        unsent = work.outbox.unsent_for(newcomer.newcomer.id)
        return unsent == 0 and work.attachments.unsettled_for(newcomer.newcomer.id) == 0 and files_here[0].is_here


def in_a_trajectory(work: Work, newcomer_id: str, word: str) -> None:
    """They told something, have a task of the coach's own, and skipped it for a reason."""
    trajectory = begun(work, newcomer_id, told=Told(conditions={f"{word}kind": True}))
    (task_id,) = work.trajectories.add(trajectory, [a_task("own", title=f"{word}taak", text=f"{word}taak")])
    task = work.trajectories.task(task_id)
    assert task is not None
    work.trajectories.give_reason(task, f"{word}oversla")


def a_letter(word: str) -> bytes:
    """A photo that says in its notes whose it is."""
    paper = Image.effect_noise((64, 64), 90).convert("RGB")
    notes = Image.Exif()
    notes[0x010E] = f"{word}exif"
    out = io.BytesIO()
    paper.save(out, "JPEG", exif=notes)
    return out.getvalue()


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


@contextmanager
def logs_to(file: Path) -> Iterator[None]:
    """Have every log of the process, ours and the libraries', in this file too."""
    root = logging.getLogger()
    handler = logging.FileHandler(file, encoding="utf-8")
    level = root.level
    with file.with_suffix(".ours").open("w", encoding="utf-8", buffering=1) as ours:
        before = structlog.get_config()
        set_up_logging("DEBUG")
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(ours))
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            handler.close()
            structlog.configure(**before)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "data"
    folder.mkdir()
    settings = Settings.model_validate({**Settings().model_dump(by_alias=True), "WEGWIJS_DATA_DIR": folder})
    engine, phone, webchat = Engine(), Phone(), WebChat()
    with logs_to(folder / "log.txt"), open_database(settings) as database:
        runtime = tiny_assistant().runtime(
            database, channels={PHONE: phone, WebChat.name: webchat}, clock=SystemClock()
        )
        knowledge = replace(runtime.knowledge, organisation=ORGANISATION, console=shipped_words())
        runtime = replace(runtime, knowledge=knowledge)
        now = runtime.clock.now()

        def staff(work: Work) -> tuple[UserRow, UserRow]:
            sam = work.users.add("Sam", roles=["volunteer"], teams=["form_team"], now=now)
            cora = work.users.add("Cora", roles=["coordinator"], teams=["form_team"], now=now)
            work.decisions.record(LETTER_PHOTOS, {"allowed": True}, note="mag", user_id=cora.id, now=now)
            return sam, cora

        sam, cora = database.write(staff)
        engine.start(runtime)
        for _, port in served(application(runtime, webchat, secret=b"a secret of thirty-two bytes ...")):
            yield House(folder=folder, runtime=runtime, phone=phone, port=port, sam=sam, cora=cora)
        engine.stop()
        webchat.close()


def sealed_of(house: House, newcomer: NewcomerRow) -> list[bytes]:
    """Return every sealed value of this person as it lies in the tables, their key too."""
    mine = "conversation_id IN (SELECT id FROM conversations WHERE newcomer_id = :of)"

    def read(work: Work) -> list[bytes]:
        found: list[bytes] = []
        for table in metadata.tables.values():
            columns = [column.name for column in table.columns if column.name.endswith("sealed")]
            where = "newcomer_id = :of" if "newcomer_id" in table.c else mine
            if not columns or not ({"newcomer_id", "conversation_id"} & set(table.c.keys())):
                continue
            rows = work.connection.execute(
                text(f"SELECT {', '.join(columns)} FROM {table.name} WHERE {where}"), {"of": newcomer.id}
            )
            found += [value for row in rows for value in row if value]
        state = text("SELECT state_sealed FROM conversations WHERE newcomer_id = :of")
        key = text(
            "SELECT wrapped FROM data_keys JOIN newcomers ON data_key_id = data_keys.id WHERE newcomers.id = :of"
        )
        for query in (state, key):
            found += [value for (value,) in work.connection.execute(query, {"of": newcomer.id}) if value]
        return found

    return house.runtime.database.read(read)


def found_in(files: dict[str, bytes], wanted: list[bytes]) -> list[tuple[str, bytes]]:
    # A large sealed value lies in several pages: its beginning and its end are looked for.
    pieces = {piece for one in wanted for piece in (one[:48], one[-48:])}
    return [(name, piece) for name, content in files.items() for piece in pieces if piece in content]


@pytest.mark.parametrize("way", ["chat", "console"])
def test_after_erasing_no_byte_is_left(house: House, way: str) -> None:
    leaves = Writer(house=house, word=f"Kwikstaart{way}")
    stays = Writer(house=house, word="Roodborst")
    words = leaves.lives()
    stays.lives()
    newcomer, other = leaves.newcomer(), stays.newcomer()
    assert newcomer is not None
    assert other is not None
    sealed = sealed_of(house, newcomer)
    assert len(sealed) > 15
    before = house.bytes_of_all_files()
    assert {name.split("/")[-1] for name in before} >= {"log.txt", "log.ours"}
    # What is looked for can be found, as long as it is there; and the words themselves never are.
    assert {piece for _, piece in found_in(before, sealed)} >= {one[:48] for one in sealed if len(one) < 1000}
    assert found_in(before, words) == []
    theirs = sealed_of(house, other)

    number = leaves.case().number
    if way == "chat":
        leaves.writes("verwijder mijn gegevens")
        leaves.writes("", "/SetSlots(erase_confirmed=true)")
    else:
        fields = {"number": str(number), "typed": str(number)}
        assert house.browser(house.cora).post("/desk/privacy/erase", fields).status == 303
    until(lambda: leaves.newcomer() is None)
    assert "utter_erased" in house.phone.said
    assert house.phone.files == {}  # nor at the messenger
    # The rewriting of the file comes right after.
    until(lambda: found_in(house.bytes_of_all_files(), sealed) == [])
    after = house.bytes_of_all_files()
    assert found_in(after, words) == []
    assert newcomer.id.encode() not in b"".join(after.values())

    # And nobody else lost anything.
    assert sealed_of(house, other) == theirs
    assert str(stays.case().summary).endswith("ik wil een mens spreken")
    log = house.browser(house.cora).get("/desk/privacy/log").text
    assert leaves.word not in log
    assert json.dumps(number) in log


def test_who_was_told_a_name_keeps_no_byte_of_it(house: House) -> None:
    leaves, stays = Writer(house=house, word="Kwikstaartmaatje"), Writer(house=house, word="Roodborst")
    leaves.lives()
    stays.lives()
    gone, other = leaves.newcomer(), stays.newcomer()
    assert gone is not None
    assert other is not None
    told, sealed = house.runtime.database.write(lambda work: told_the_name(work, gone, other, leaves.name))
    theirs = sealed_of(house, other)
    assert sealed in theirs
    assert found_in(house.bytes_of_all_files(), [sealed]) != []

    leaves.writes("verwijder mijn gegevens")
    leaves.writes("", "/SetSlots(erase_confirmed=true)")
    until(lambda: leaves.newcomer() is None)
    until(lambda: found_in(house.bytes_of_all_files(), [sealed]) == [])

    row = house.runtime.database.read(lambda work: work.outbox.get(told))
    assert row is not None
    assert not row.body
    # And nothing else of the other one is lost.
    assert [one for one in theirs if one != sealed] == sealed_of(house, other)
    stands = house.runtime.database.read(lambda work: work.seekings.of(other.id))
    assert [one.state for one in stands] == ["open"]


def told_the_name(work: Work, gone: NewcomerRow, other: NewcomerRow, name: str) -> tuple[str, bytes]:
    """Have two be buddies, and the other one know the name; return that message and how it lies in the tables."""
    now = SystemClock().now()
    one, two = work.seekings.open(gone.id, "buddy", None, now), work.seekings.open(other.id, "be_buddy", None, now)
    suggested = MatchRow(
        id="",
        kind="buddy",
        seeking_id=one.id,
        newcomer_id=gone.id,
        state="suggested",
        suggested_at=now,
        other_seeking_id=two.id,
        other_newcomer_id=other.id,
    )
    work.matches.suggest_anew([suggested])
    (match,) = work.matches.of(gone.id, ("suggested",))
    said = Message(
        response="utter_match_agreed", text=f"De naam is: {name}.", buttons=(), language="nl", direction="ltr"
    )
    (conversation,) = work.conversations.of(other.id)
    told = work.outbox.say(conversation.id, None, 0, said.as_body(), now).id
    work.matches.change(match.id, state="agreed", agreed_at=now, name_outbox_ids=[told])
    work.seekings.set_state((one.id, two.id), "matched")
    sealed = work.connection.execute(text("SELECT sealed FROM outbox WHERE id = :of"), {"of": told}).scalar_one()
    return told, bytes(sealed)
