"""Files go along with a reply: each arrives once or says why, and nothing of them stays when it is taken back."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from sqlalchemy import text

from bot import answer
from bot.answer import Declined, Done
from bot.channels.errors import DeliveryError
from bot.channels.webchat import WebChat
from bot.domain.messenger import Remedy
from bot.enclose import Given
from bot.handoff.case import Decline
from bot.safety.file_links import GOOD_FOR, FileLinks
from bot.safety.outgoing import MOST_BYTES, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.messenger import Letter
    from bot.domain.turn import Message
    from bot.store.rows import CaseRow
    from tests.desk.conftest import Desk

PDF = b"%PDF-1.7\n" + b"a form to fill in " * 20
VOICE = b"OggS\0\x02" + b"\0" * 22 + b"OpusHead" + b"a voice" * 50
MP3 = b"ID3\x04\0\0" + b"a voice" * 50
M4A = b"\0\0\0\x20ftypM4A \0\0\0\0" + b"a voice" * 50
VIDEO = b"\0\0\0\x20ftypmp42\0\0\0\0" + b"hdlr\0\0\0\0\0\0\0\0vide" + b"frames" * 50
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def photo(kind: str = "JPEG") -> bytes:
    picture = Image.new("RGB", (40, 30), "navy")
    exif = Image.Exif()
    exif[0x010E] = "taken at Sam's kitchen table"
    out = io.BytesIO()
    picture.save(out, kind, exif=exif)
    return out.getvalue()


def form() -> Given:
    return Given(name="formulier.pdf", content=PDF)


def replies(desk: Desk, case: CaseRow, words: str, files: Sequence[Given]) -> Done | Declined:
    return answer.reply(
        desk.runtime,
        desk.sam.id,
        case.id,
        text=words,
        conversation_id=desk.now(case).conversation_id,
        seen=desk.newest(case),
        files=files,
    )


def sends(desk: Desk, case: CaseRow, words: str, *files: Given) -> Done:
    done = replies(desk, case, words, files)
    assert isinstance(done, Done), done
    return done


def read(desk: Desk) -> list[Message]:
    """Deliver what is due; return what the newcomer got."""
    found: list[Message] = []
    send = desk.wire.send

    def seen(letter: Letter) -> str:
        provider_id = send(letter)
        for file in letter.message.files:
            assert letter.open(file.id) is not None
        found.append(letter.message)
        return provider_id

    desk.wire.send = seen  # type: ignore[method-assign]  # looks over the messenger's shoulder
    desk.wait(seconds=6)
    desk.delivered()
    desk.wire.send = send  # type: ignore[method-assign]
    return found


def stored(desk: Desk) -> list[bytes | None]:
    query = text("SELECT sealed FROM reply_files")
    return desk.runtime.database.read(lambda work: list(work.connection.scalars(query)))


@pytest.fixture
def case(desk: Desk) -> CaseRow:
    return desk.taken(desk.asks())


def test_a_form_arrives_with_its_words_below_it(desk: Desk, case: CaseRow) -> None:
    sends(desk, case, "Vul dit in.", form())
    (message,) = read(desk)
    assert message.text == "Vul dit in."
    (file,) = message.files
    assert (file.name, file.media_type, file.size) == ("formulier.pdf", "application/pdf", len(PDF))
    assert desk.runtime.database.read(lambda work: work.reply_files.open(file.id)) == PDF
    assert desk.now(case).state == "awaiting_newcomer"
    assert all(sealed and b"a form" not in sealed for sealed in stored(desk))


def test_each_file_goes_in_a_message_of_its_own_and_in_order(desk: Desk, case: CaseRow) -> None:
    given = [Given(name=name, content=what) for name, what in (("1.pdf", PDF), ("2.m4a", M4A), ("3.mp3", MP3))]
    sends(desk, case, "Drie dingen.", *given)
    messages = read(desk)
    assert [message.files[0].name for message in messages] == ["1.pdf", "2.m4a", "3.mp3"]
    assert [message.text for message in messages] == ["Drie dingen.", "", ""]


def test_a_photo_loses_where_it_was_taken(desk: Desk, case: CaseRow) -> None:
    sends(desk, case, "", Given(name="IMG_1234.PNG", content=photo("PNG")))
    (message,) = read(desk)
    file = message.files[0]
    content = desk.runtime.database.read(lambda work: work.reply_files.open(file.id))
    assert content is not None
    assert (file.name, file.media_type) == ("IMG_1234.jpg", "image/jpeg")
    assert b"kitchen" in photo("PNG")
    assert b"kitchen" not in content


@pytest.mark.parametrize(
    ("words", "content"),
    [("Luister maar.", VOICE), ("Dit is een lange uitleg. " * 50, PDF)],
    ids=["a voice", "long words"],
)
def test_words_that_fit_nowhere_below_go_first(desk: Desk, case: CaseRow, words: str, content: bytes) -> None:
    sends(desk, case, words, Given(name="x", content=content))
    first, second = read(desk)
    assert (first.text, first.files) == (words.strip(), ())
    assert (second.text, len(second.files)) == ("", 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (SVG, Decline.FILE_UNKNOWN),
        (VIDEO, Decline.FILE_UNKNOWN),
        (b"MZ an exe", Decline.FILE_UNKNOWN),
        (b"", Decline.FILE_UNKNOWN),
        (photo()[:200], Decline.FILE_UNREADABLE),
        (PDF + b" " * MOST_BYTES, Decline.FILE_TOO_LARGE),
    ],
    ids=["svg", "video", "program", "nothing", "broken", "large"],
)
def test_what_may_not_go_says_so_before_anything_is_stored(
    desk: Desk, case: CaseRow, content: bytes, why: Decline
) -> None:
    before = len(desk.outbox(case))
    assert replies(desk, case, "Kijk.", [form(), Given(name="raar.jpg", content=content)]) == Declined(
        why=why, file="raar.jpg"
    )
    assert len(desk.outbox(case)) == before
    assert stored(desk) == []


def test_five_files_and_no_more(desk: Desk, case: CaseRow) -> None:
    assert replies(desk, case, "Kijk.", [form()] * 6) == Declined(why=Decline.TOO_MANY_FILES)
    sends(desk, case, "Kijk.", *[form()] * 5)
    assert len(read(desk)) == 5


def test_a_messenger_that_cannot_fetch_from_us_gets_none(desk: Desk, case: CaseRow) -> None:
    desk.wire.limits = replace(desk.wire.limits, files=False)
    declined = replies(desk, case, "Kijk.", [form()])
    assert isinstance(declined, Declined)
    assert declined.why is Decline.NO_FILES_HERE
    assert isinstance(replies(desk, case, "Kijk.", []), Done)


def test_taken_back_means_every_file_too(desk: Desk, case: CaseRow) -> None:
    done = sends(desk, case, "", form(), form(), form())
    last = desk.outbox(case)[-1]
    assert done.reply is not None
    assert last.body["follows"] == done.reply
    # Whichever of them it is asked for: they are one reply.
    assert isinstance(answer.undo(desk.runtime, desk.sam.id, last.id), Done)
    assert stored(desk) == [None, None, None]
    assert read(desk) == []
    assert desk.now(case).state == "active"


def test_another_reply_of_the_same_moment_stays(desk: Desk, case: CaseRow) -> None:
    first = sends(desk, case, "Eerst.", form(), form())
    sends(desk, case, "Daarna.", form())
    assert isinstance(answer.undo(desk.runtime, desk.sam.id, str(first.reply)), Done)
    assert [message.text for message in read(desk)] == ["Daarna."]


def test_too_late_is_too_late_for_all_of_it(desk: Desk, case: CaseRow) -> None:
    done = sends(desk, case, "", form(), form())
    assert len(read(desk)) == 2
    assert answer.undo(desk.runtime, desk.sam.id, str(done.reply)) == Declined(why=Decline.TOO_LATE)
    assert None not in stored(desk)


def test_one_file_that_is_refused_is_told_and_the_others_arrive_once(desk: Desk, case: CaseRow) -> None:
    sends(desk, case, "Twee dingen.", form(), Given(name="stem.mp3", content=MP3))
    send, sent = desk.wire.send, []

    def picky(letter: Letter) -> str:
        sent.append(letter.message.files[0].name)
        if letter.message.files[0].name == "stem.mp3":
            raise DeliveryError("63019", remedy=Remedy.NEVER)
        return send(letter)

    desk.wire.send = picky  # type: ignore[method-assign]
    desk.wait(seconds=6)
    desk.delivered()
    desk.wait(hours=2)
    desk.delivered()
    assert sent == ["formulier.pdf", "stem.mp3"]
    assert [row.status for row in desk.outbox(case)[-2:]] == ["sent", "failed"]
    assert desk.now(case).state == "active"  # the team still owes something, and is told


def test_a_file_that_was_lost_on_the_way_does_not_repeat_the_one_before_it(desk: Desk, case: CaseRow) -> None:
    sends(desk, case, "Twee dingen.", form(), Given(name="stem.mp3", content=MP3))
    send, tried = desk.wire.send, []

    def stumbles(letter: Letter) -> str:
        tried.append(letter.message.files[0].name)
        if tried.count("stem.mp3") == 1 and letter.message.files[0].name == "stem.mp3":
            raise DeliveryError("502", remedy=Remedy.RETRY)
        return send(letter)

    desk.wire.send = stumbles  # type: ignore[method-assign]
    desk.wait(seconds=6)
    desk.delivered()
    desk.wait(seconds=60)
    desk.delivered()
    assert tried == ["formulier.pdf", "stem.mp3", "stem.mp3"]
    assert desk.now(case).state == "awaiting_newcomer"


def test_files_wait_with_their_reply_until_whatsapp_lets_them_through(desk: Desk) -> None:
    desk.wire.has_a_window()
    case = desk.taken(desk.asks())
    desk.wait(hours=25)
    sends(desk, case, "Hier is het formulier.", form(), form())
    assert [message.response for message in read(desk) if message.files] == []
    assert [row.status for row in desk.outbox(case) if row.case_id] == ["waiting", "waiting"]


def test_forgetting_somebody_takes_the_files_they_were_sent(desk: Desk, case: CaseRow) -> None:
    sends(desk, case, "", form())
    read(desk)
    desk.runtime.database.write(lambda work: work.newcomers.forget(case.newcomer_id))
    assert stored(desk) == [None]
    desk.runtime.database.write(lambda work: work.newcomers.finish_forgetting(case.newcomer_id))
    assert stored(desk) == []


def test_a_citizen_number_in_a_file_name_is_not_kept(desk: Desk, case: CaseRow) -> None:
    sends(desk, case, "", Given(name="brief 111222333.pdf", content=PDF))
    (message,) = read(desk)
    assert "111222333" not in message.files[0].name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("C:\\fakepath\\brief.docx", "brief.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("", "wegwijs.pdf"),
        ("\u202efdp.exe", "fdp.pdf"),
        ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
        ("نموذج.pdf", "نموذج.pdf"),
    ],
)
def test_a_name_is_only_a_name(given: str, name: str) -> None:
    assert name_of(given, "application/pdf") == name


def test_an_address_opens_one_file_for_an_hour(desk: Desk) -> None:
    links = FileLinks(b"thirty-two bytes that are secret", desk.clock)
    token = links.token("file-1")
    assert links.file_of(token) == "file-1"
    assert links.file_of(token[:-1]) is None
    assert links.file_of("") is None
    assert FileLinks(b"another secret", desk.clock).file_of(token) is None
    desk.wait(seconds=GOOD_FOR.total_seconds())
    assert links.file_of(token) is None


def test_the_preview_takes_files(desk: Desk) -> None:
    assert WebChat().limits.files
    assert desk.wire.limits.files
