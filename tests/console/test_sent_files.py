"""Files of the team on the web: for the messenger that fetches them, and for the visitor of the preview."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot import answer
from bot.answer import Done
from bot.commands.throwaway import Conversation
from bot.domain.turn import Inbound, Kind
from bot.enclose import Given
from bot.receive import answer_next, take_in
from bot.web.session import Session, Sessions
from bot.wiring import file_links
from tests.desk.test_reply_files import MP3, PDF, photo

if TYPE_CHECKING:
    from bot.store.rows import CaseRow
    from tests.console.conftest import Office, Person

SECRET = b"a secret of thirty-two bytes ..."


@pytest.fixture
def case(office: Office) -> CaseRow:
    return office.desk.taken(office.desk.asks())


def sends(office: Office, case: CaseRow, *files: Given) -> list[str]:
    """Have Sam send files; return their ids."""
    desk = office.desk
    done = answer.reply(
        desk.runtime,
        desk.sam.id,
        case.id,
        text="",
        conversation_id=case.conversation_id,
        seen=desk.newest(case),
        files=files,
    )
    assert isinstance(done, Done), done
    return [file["id"] for row in desk.outbox(case) for file in row.body.get("files", ())]


def address(office: Office, file_id: str) -> str:
    return f"/files/{file_links(office.desk.runtime.database, office.desk.clock).token(file_id)}"


def test_a_messenger_fetches_what_is_on_its_way(office: Office, case: CaseRow) -> None:
    (file_id,) = sends(office, case, Given(name="formulier.pdf", content=PDF))
    fetched = office.stranger().get(address(office, file_id))
    assert (fetched.status, fetched.body) == (200, PDF)
    assert fetched.headers["content-type"] == "application/pdf"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert fetched.headers["cache-control"] == "no-store"
    assert "noindex" in fetched.headers["x-robots-tag"]
    assert "sandbox" in fetched.headers["content-security-policy"]


def test_an_address_is_good_for_an_hour(office: Office, case: CaseRow) -> None:
    (file_id,) = sends(office, case, Given(name="formulier.pdf", content=PDF))
    signed = address(office, file_id)
    office.desk.wait(minutes=59)
    assert office.stranger().get(signed).status == 200
    office.desk.wait(minutes=2)
    assert office.stranger().get(signed).status == 404


def test_what_was_sent_long_ago_is_not_signed_for_anew(office: Office, case: CaseRow) -> None:
    (file_id,) = sends(office, case, Given(name="formulier.pdf", content=PDF))
    office.desk.wait(seconds=6)
    office.desk.delivered()
    assert office.stranger().get(address(office, file_id)).status == 200
    office.desk.wait(hours=2)
    assert office.stranger().get(address(office, file_id)).status == 404


def test_what_was_taken_back_is_gone(office: Office, case: CaseRow) -> None:
    (file_id,) = sends(office, case, Given(name="formulier.pdf", content=PDF))
    reply = next(row.id for row in office.desk.outbox(case) if row.body.get("files"))
    answer.undo(office.desk.runtime, office.desk.sam.id, reply)
    assert office.stranger().get(address(office, file_id)).status == 404


@pytest.mark.parametrize("path", ["x", "WyJ4IiwxXQ.AAAA", "%00", "x" * 3000])
def test_what_nobody_signed_opens_nothing(office: Office, path: str) -> None:
    assert office.stranger().get(f"/files/{path}").status == 404


# ---- the preview


def visitor(office: Office) -> tuple[Person, Session]:
    """Somebody at the preview, known by the cookie."""
    session = Session.fresh(language="nl")
    person = office.stranger()
    data = {"a": session.address, "l": "nl", "t": None}
    person.cookies["wegwijs_preview"] = str(Sessions(SECRET)._cookie.dumps(data))
    return person, session


def at_the_preview(office: Office) -> tuple[Person, CaseRow]:
    """Somebody at the preview who asked for a person; Sam has the case."""
    desk = office.desk
    desk.runtime = replace(desk.runtime, channels={**desk.runtime.channels, office.webchat.name: office.webchat})
    person, session = visitor(office)
    talk = Conversation(desk.runtime, office.webchat, session.address)  # type: ignore[arg-type]  # its name is enough
    talk.accept_notice("nl")
    asks = Inbound(
        channel="preview",
        address=session.address,
        provider_id="m1",
        kind=Kind.TEXT,
        text="ik wil een mens spreken",
        received_at=desk.clock.now(),
    )
    conversation_id = take_in(desk.runtime, asks)
    assert conversation_id is not None
    assert answer_next(desk.runtime, conversation_id) is not None
    found = desk.runtime.database.read(lambda work: work.newcomers.at("preview", session.address))
    assert found is not None
    case = desk.runtime.database.read(lambda work: work.cases.open_for(found.newcomer.id))
    assert case is not None
    return person, desk.taken(case)


def test_the_visitor_sees_a_picture_hears_a_voice_and_saves_a_form(office: Office) -> None:
    person, case = at_the_preview(office)
    ids = sends(
        office,
        case,
        Given(name="foto.jpg", content=photo()),
        Given(name="stem.mp3", content=MP3),
        Given(name="formulier.pdf", content=PDF),
    )
    assert person.get(f"/sent/{ids[0]}").status == 404  # it can still be taken back
    office.desk.wait(seconds=6)
    office.desk.delivered()
    lines = json.loads(person.get("/messages?after=0", accept="application/json").text)["lines"]
    assert [file for line in lines for file in line["media"]] == [
        {"src": f"/sent/{ids[0]}", "alt": "foto.jpg", "sound": False},
        {"src": f"/sent/{ids[1]}", "alt": "stem.mp3", "sound": True},
        {"src": f"/sent/{ids[2]}", "alt": "formulier.pdf", "sound": False, "save": True},
    ]
    form = person.get(f"/sent/{ids[2]}")
    assert (form.status, form.body) == (200, PDF)
    assert form.headers["content-disposition"] == "attachment; filename*=UTF-8''formulier.pdf"


def test_somebody_else_s_file_is_nobody_s_business(office: Office) -> None:
    _, case = at_the_preview(office)
    (file_id,) = sends(office, case, Given(name="formulier.pdf", content=PDF))
    office.desk.wait(seconds=6)
    office.desk.delivered()
    other, _ = visitor(office)
    assert other.get(f"/sent/{file_id}").status == 404
    assert office.stranger().get(f"/sent/{file_id}").status == 404
