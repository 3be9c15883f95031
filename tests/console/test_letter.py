"""The Letter screen: who sees a file, how its bytes are served, what is made black for good, what is thrown away."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bot.answer import release
from bot.domain.turn import Attachment
from tests.console.conftest import words_of_page

if TYPE_CHECKING:
    from bot.store.rows import CaseRow
    from bot.store.work import Work
    from tests.console.conftest import Office, Person, Reply


def a_letter(width: int = 200, height: int = 100) -> bytes:
    """White paper with a red part in its upper left quarter."""
    paper = Image.new("RGB", (width, height), "white")
    paper.paste("red", (0, 0, width // 2, height // 2))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=95)
    return out.getvalue()


def file_with(office: Office, case: CaseRow, content: bytes, media_type: str = "image/jpeg") -> str:
    """A file that came with the newcomer's last message and is here; return its id."""
    desk = office.desk

    def add(work: Work) -> str:
        message = work.inbox.all_for(case.conversation_id)[-1]
        now = desk.clock.now()
        place = len(work.attachments.for_inbound(message.id))
        work.attachments.expect(
            case.conversation_id, message.id, place, Attachment(reference="r"), status="wanted", now=now
        )
        row = work.attachments.for_inbound(message.id)[-1]
        work.attachments.fetched(row.id, content, media_type, now)
        work.attachments.gone(row.id)
        return row.id

    return desk.runtime.database.write(add)


@pytest.fixture
def case(office: Office) -> CaseRow:
    return office.desk.taken(office.desk.asks())


@pytest.fixture
def here(office: Office, case: CaseRow) -> str:
    return f"/desk/cases/{case.id}/files/{file_with(office, case, a_letter())}"


@pytest.fixture
def sam(office: Office) -> Person:
    return office.signed_in(office.desk.sam)


def picture(reply: Reply) -> Image.Image:
    assert reply.status == 200, reply.text[:300]
    assert reply.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(reply.body))


def colour(image: Image.Image, x: int, y: int) -> str:
    red, green, blue = image.convert("RGB").getpixel((x, y))
    if max(red, green, blue) < 40:
        return "black"
    return "white" if min(red, green, blue) > 200 else "red" if red > 180 and green < 90 else "?"


# ---- seeing


def test_who_has_the_case_sees_the_letter_and_it_is_journalled(office: Office, sam: Person, here: str) -> None:
    page = sam.get(here)
    assert page.status == 200
    assert f'src="{here}/content?turn=0"' in page.text
    assert picture(sam.get(f"{here}/content")).size == (200, 100)
    sam.get(f"{here}/content?turn=1")
    rows = office.desk.runtime.database.read(lambda work: work.views.latest(10))
    assert [(row.what, row.user_id) for row in rows] == [("letter", office.desk.sam.id)]
    office.desk.wait(minutes=11)
    sam.get(f"{here}/content")
    assert len(office.desk.runtime.database.read(lambda work: work.views.latest(10))) == 2


@pytest.mark.parametrize("what", ["", "/content", "/redact"])
def test_nobody_else_sees_anything_of_it(office: Office, case: CaseRow, here: str, what: str) -> None:
    desk = office.desk
    for who in (desk.kim, desk.pia, desk.otto, desk.cora):
        reply = office.signed_in(who).get(here + what)
        assert reply.status == 403, who.pseudonym
        assert b"JFIF" not in reply.body
    assert office.stranger().get(here + what).status == 303
    sam = office.signed_in(desk.sam)
    assert sam.get(here + what).status == 200
    release(desk.runtime, desk.sam.id, case.id)  # asked again for every request
    assert sam.get(here + what).status == 403


def test_a_coordinator_sees_it_once_they_said_why(office: Office, case: CaseRow, here: str) -> None:
    desk, cora = office.desk, office.signed_in(office.desk.cora)
    assert "schrijf op waarom" in cora.get(here).text
    why = {"newcomer_id": case.newcomer_id, "case_number": case.number, "reason": "Sam is ziek"}
    desk.runtime.database.write(lambda work: work.views.note(desk.cora.id, "case", desk.clock.now(), **why))
    assert cora.get(f"{here}/content").status == 200
    desk.wait(minutes=61)
    assert cora.get(f"{here}/content").status == 403


def test_a_file_of_somebody_else_is_not_in_this_case(office: Office, sam: Person, case: CaseRow) -> None:
    other = office.desk.asks()
    theirs = file_with(office, other, a_letter())
    assert sam.get(f"/desk/cases/{case.id}/files/{theirs}/content").status == 404
    assert sam.get(f"/desk/cases/{case.id}/files/none").status == 404
    assert sam.get(f"/desk/cases/none/files/{theirs}").status == 404


def test_the_bytes_are_kept_by_nobody_and_run_by_nothing(office: Office, sam: Person, case: CaseRow, here: str) -> None:
    headers = sam.get(f"{here}/content").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["content-disposition"] == f'inline; filename="wegwijs-{case.number}.jpg"'
    for media_type, content in (
        ("application/pdf", b"%PDF-1.7"),
        ("image/svg+xml", b"<svg onload='x()'/>"),
        ("text/html", b"<script>x()</script>"),
    ):
        file = file_with(office, case, content, media_type)
        reply = sam.get(f"/desk/cases/{case.id}/files/{file}/content")
        assert reply.headers["content-disposition"].startswith("attachment")
        known = media_type == "application/pdf"
        assert reply.headers["content-type"] == (media_type if known else "application/octet-stream")
        page = sam.get(f"/desk/cases/{case.id}/files/{file}").text
        assert "<img class" not in page
        assert "download" in page


def test_a_voice_note_is_played_also_by_the_piece(office: Office, sam: Person, case: CaseRow) -> None:
    file = file_with(office, case, b"0123456789", "audio/ogg")
    here = f"/desk/cases/{case.id}/files/{file}"
    assert "<audio controls" in sam.get(here).text
    whole = sam.get(f"{here}/content")
    assert (whole.status, whole.headers["content-type"], whole.body) == (200, "audio/ogg", b"0123456789")
    for asked, status, body in (
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=20-", 416, b""),
        ("bytes=-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ):
        reply = sam.get(f"{here}/content", range=asked)
        assert (reply.status, reply.body) == (status, body), asked


def test_it_is_turned_and_enlarged_without_a_script(sam: Person, here: str) -> None:
    page = sam.get(f"{here}?turn=3&zoom=2").text
    assert f'src="{here}/content?turn=3"' in page
    assert 'class="zoom-2"' in page
    assert f'href="{here}?turn=0&amp;zoom=2"' in page
    assert f'href="{here}?turn=2&amp;zoom=2"' in page
    assert f'href="{here}?turn=3&amp;zoom=3"' in page
    right = picture(sam.get(f"{here}/content?turn=1"))
    assert right.size == (100, 200)
    assert colour(right, 90, 10) == "red"
    left = picture(sam.get(f"{here}/content?turn=3"))
    assert colour(left, 10, 190) == "red"
    for odd in ("turn=99&zoom=99", "turn=x&zoom=-1", "turn=&zoom=0"):
        assert sam.get(f"{here}?{odd}").status == 200


# ---- making parts black

QUARTER = {"x": "0", "y": "0", "w": "50", "h": "50"}


def test_a_preview_changes_nothing_and_applying_it_is_for_good(
    office: Office, sam: Person, case: CaseRow, here: str
) -> None:
    form = sam.get(f"{here}/redact").text
    assert form.count("box-fields") == 3
    assert 'value="apply"' not in form
    preview = sam.post(f"{here}/redact", {**QUARTER, "do": "preview"})
    assert preview.status == 200
    assert 'value="apply"' in preview.text
    assert f'src="{here}/content?box=0%2C0%2C50%2C50"' in preview.text
    seen = picture(sam.get(f"{here}/content?box=0%2C0%2C50%2C50"))
    assert (colour(seen, 10, 10), colour(seen, 150, 80)) == ("black", "white")
    assert colour(picture(sam.get(f"{here}/content")), 10, 10) == "red"

    done = sam.post(f"{here}/redact", {**QUARTER, "do": "apply"})
    assert "De vlakken zijn zwart gemaakt" in sam.follow(done).text
    kept = picture(sam.get(f"{here}/content"))
    assert not {(x, y) for x in range(0, 104, 4) for y in range(0, 52, 4) if colour(kept, x, y) == "red"}
    assert colour(kept, 150, 80) == "white"
    assert office.desk.kinds(case)[-1] == "file_redacted"
    assert "maakte delen van een bestand zwart" in words_of_page(sam.get(f"/desk/cases/{case.id}").text)


@pytest.mark.parametrize(
    "box",
    [
        {"x": "", "y": "", "w": "", "h": ""},
        {"x": "1", "y": "1", "w": "", "h": "1"},
        {"x": "101", "y": "0", "w": "1", "h": "1"},
        {"x": "-1", "y": "0", "w": "1", "h": "1"},
        {"x": "0", "y": "0", "w": "0", "h": "5"},
        {"x": "nan", "y": "0", "w": "5", "h": "5"},
        {"x": "inf", "y": "0", "w": "5", "h": "5"},
        {"x": "a", "y": "b", "w": "c", "h": "d"},
        {},
    ],
)
def test_a_part_that_is_none_is_named(office: Office, sam: Person, here: str, box: dict[str, str]) -> None:
    for do in ("preview", "apply"):
        reply = sam.post(f"{here}/redact", {**box, "do": do})
        assert reply.status == 400
        assert "vier getallen" in reply.text
    assert colour(picture(sam.get(f"{here}/content")), 10, 10) == "red"


def test_only_who_sees_it_blackens_it_and_only_a_picture(office: Office, sam: Person, case: CaseRow, here: str) -> None:
    for who in (office.desk.kim, office.desk.otto, office.desk.cora):
        assert office.signed_in(who).post(f"{here}/redact", {**QUARTER, "do": "apply"}).status == 403
        assert office.signed_in(who).post(f"{here}/delete").status == 403
    pdf = file_with(office, case, b"%PDF-1.7", "application/pdf")
    assert sam.get(f"/desk/cases/{case.id}/files/{pdf}/redact").status == 404
    applied = sam.post(f"/desk/cases/{case.id}/files/{pdf}/redact", {**QUARTER, "do": "apply"})
    assert applied.status == 404
    assert colour(picture(sam.get(f"{here}/content")), 10, 10) == "red"


# ---- throwing away


def test_a_file_is_thrown_away_and_the_message_stays(office: Office, sam: Person, case: CaseRow, here: str) -> None:
    done = sam.post(f"{here}/delete")
    page = sam.follow(done).text
    assert "Het bestand is weggegooid" in page
    assert "er niet meer" in page
    assert sam.get(f"{here}/content").status == 404
    assert sam.post(f"{here}/delete").status == 404
    assert office.desk.kinds(case)[-1] == "file_deleted"
    words = office.desk.runtime.database.read(lambda work: work.inbox.all_for(case.conversation_id))
    assert words[-1].body["text"] == "ik wil een mens spreken"


def test_a_file_that_is_not_here_yet_says_so(office: Office, sam: Person, case: CaseRow) -> None:
    def wanted(work: Work) -> str:
        message = work.inbox.all_for(case.conversation_id)[-1]
        file = Attachment(reference="r")
        work.attachments.expect(case.conversation_id, message.id, 0, file, status="wanted", now=office.desk.clock.now())
        return work.attachments.for_inbound(message.id)[-1].id

    file = office.desk.runtime.database.write(wanted)
    assert "nog opgehaald" in sam.get(f"/desk/cases/{case.id}/files/{file}").text
    assert sam.get(f"/desk/cases/{case.id}/files/{file}/content").status == 404


def test_a_look_is_written_down_anew_after_a_while(office: Office, sam: Person, here: str) -> None:
    sam.get(here)
    office.desk.clock.wait(seconds=timedelta(hours=2).total_seconds())
    sam.get(here)
    assert len(office.desk.runtime.database.read(lambda work: work.views.latest(10))) == 2
