"""Everything kept about somebody: what stands in it, in both forms, and how they get it in the chat."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.answer import note
from bot.channels.limits import WHATSAPP
from bot.domain.turn import Attachment, Message
from bot.export import MOST_FOR_THE_DESK, as_json, as_page, kept_about
from bot.store.participation_rows import MatchRow
from bot.store.trajectory_rows import Told
from tests.desk.conftest import said
from tests.participation.offering import occur
from tests.store.trajectories import NOW, a_nudge, a_task, begun

if TYPE_CHECKING:
    from bot.export import Kept
    from bot.store.rows import CaseRow
    from bot.store.work import Work
    from tests.desk.conftest import Desk

PICTURE = b"\xff\xd8\xff a letter"


def file_with(desk: Desk, case: CaseRow, content: bytes = PICTURE) -> None:
    def add(work: Work) -> None:
        message = work.inbox.all_for(case.conversation_id)[-1]
        now = desk.clock.now()
        place = len(work.attachments.for_inbound(message.id))
        work.attachments.expect(
            case.conversation_id, message.id, place, Attachment(reference="r"), status="wanted", now=now
        )
        row = work.attachments.for_inbound(message.id)[-1]
        work.attachments.fetched(row.id, content, "image/jpeg", now)

    desk.runtime.database.write(add)


def told_a_lot(desk: Desk) -> CaseRow:
    """A newcomer who asked, sent a photo, was answered, about whom something was noted and looked at."""
    talk = desk.newcomer("ar")
    said(talk, "hoe zit het met de huur <b>")
    case = desk.asks(talk)
    file_with(desk, case)
    desk.taken(case)
    note(desk.runtime, desk.sam.id, case.id, text="belt morgen terug")
    desk.answered(case)

    def look(work: Work) -> None:
        work.newcomers.set_profile_name(case.conversation_id, "Amina Haddad")
        work.newcomers.set_coach(case.newcomer_id, desk.kim.id)
        now = desk.clock.now()
        why = {"newcomer_id": case.newcomer_id, "case_number": case.number, "reason": "Sam is ziek"}
        work.views.note(desk.cora.id, "case", now, **why)

    desk.runtime.database.write(look)
    return desk.now(case)


def kept_of(desk: Desk, case: CaseRow, most_bytes: int = MOST_FOR_THE_DESK) -> Kept:
    kept = desk.runtime.database.read(
        lambda work: kept_about(desk.runtime, work, case.newcomer_id, most_bytes=most_bytes)
    )
    assert kept is not None
    return kept


def test_all_that_is_kept_stands_in_it(desk: Desk) -> None:
    case = told_a_lot(desk)
    kept = json.loads(as_json(kept_of(desk, case)))
    assert [(row["channel"], row["name"]) for row in kept["addresses"]] == [("terminal", "Amina Haddad")]
    assert (kept["person"]["language"], kept["person"]["coach"]) == ("ar", "Kim")
    assert kept["person"]["agreed_at"]
    by = [(message["from"], message.get("by")) for message in kept["messages"]]
    assert by.count(("newcomer", None)) == 2
    assert ("team", "Sam") in by
    assert ("assistant", None) in by
    texts = [message["text"] for message in kept["messages"]]
    assert "hoe zit het met de huur <b>" in texts
    assert "Kom morgen naar het infopunt" in texts
    assert [message["at"] for message in kept["messages"]] == sorted(message["at"] for message in kept["messages"])
    (file,) = [file for message in kept["messages"] for file in message["files"]]
    assert base64.b64decode(file["content"]) == PICTURE
    (one,) = kept["cases"]
    assert (one["number"], one["with"], one["state"]) == (case.number, "Sam", "awaiting_newcomer")
    assert [(note["by"], note["text"]) for note in one["notes"]] == [("Sam", "belt morgen terug")]
    assert {"at", "what", "by"} == set(one["events"][0])
    assert "Sam" in {event["by"] for event in one["events"]}
    assert [(look["by"], look["what"], look["why"]) for look in kept["looked"]] == [("Cora", "case", "Sam is ziek")]


def test_the_page_needs_nothing_else_and_shows_each_text_in_its_direction(desk: Desk) -> None:
    case = told_a_lot(desk)
    page = as_page(desk.runtime, kept_of(desk, case), lambda name: f"[{name}]", "ar").decode()
    assert page.lstrip().startswith("<!doctype html>")
    assert '<html lang="ar" dir="rtl">' in page
    assert "[kept_title]" in page
    assert "hoe zit het met de huur &lt;b&gt;" in page
    assert re.search(r'<p lang="[a-z]{2}" dir="auto">Kom morgen naar het infopunt</p>', page)
    assert f"data:image/jpeg;base64,{base64.b64encode(PICTURE).decode()}" in page
    for words in ("Amina Haddad", "belt morgen terug", "Sam is ziek", "Cora", "Kim"):
        assert words in page, words
    assert "<script" not in page
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", page)  # it asks nobody for anything


def test_the_trajectory_stands_in_it_with_what_was_told_done_and_said(desk: Desk) -> None:
    case = desk.asks()

    def live(work: Work) -> None:
        told = Told(anchors={"housing_date": date(2026, 11, 20)}, conditions={"has_children": True})
        trajectory = begun(work, case.newcomer_id, told=told)
        first, own = work.trajectories.add(trajectory, [a_task("welcome"), a_task("own", title="Bel Sam", text="Nu")])
        work.reminders.add(case.newcomer_id, trajectory.id, [(first, a_nudge("welcome"), NOW)])
        settled = {"settled_by": desk.sam.id, "settled_at": NOW}
        work.trajectories.change(own, state="skipped", **settled)
        task = work.trajectories.task(own)
        assert task is not None
        work.trajectories.give_reason(task, "al gebeld")
        session = work.group_sessions.plan(desk.sam.id, template="small", task="evening", at=NOW, place="De Bieb")
        work.group_sessions.invite(session.id, case.newcomer_id, NOW)

    desk.runtime.database.write(live)
    kept = json.loads(as_json(kept_of(desk, case)))
    (trajectory,) = kept["trajectories"]
    assert (trajectory["name"], trajectory["started"], trajectory["state"]) == ("small", "2026-11-23", "active")
    assert trajectory["told"]["anchors"] == {"housing_date": "2026-11-20"}
    welcome, own = trajectory["tasks"]
    assert (welcome["title"], welcome["due"], welcome["state"]) == ("welcome", "2026-11-30", "open")
    assert [(one["day"], one["state"]) for one in welcome["reminders"]] == [("2026-11-30", "waiting")]
    assert (own["title"], own["text"], own["why"], own["by"]) == ("Bel Sam", "Nu", "al gebeld", "Sam")
    assert [one["place"] for one in kept["sessions"]] == ["De Bieb"]
    page = as_page(desk.runtime, kept, lambda name: f"[{name}]", "nl").decode()
    for words in ("[kept_tasks]", "30 november 2026", "has_children", "Bel Sam", "al gebeld", "De Bieb"):
        assert words in page, words


def test_the_page_shows_what_they_take_part_in_as_the_data_does(desk: Desk) -> None:
    case = desk.asks()
    mine, now = case.newcomer_id, desk.clock.now()

    def take_part(work: Work) -> None:
        work.profiles.keep(mine, {"interests": ["cooking"], "area": "7511"}, now)
        work.profiles.set_digest(mine, now, now)
        seeking = work.seekings.open(mine, "buddy", "Samen <wandelen>", now)
        offer = work.offers.add(
            work.offers.add_organisation("Het Huis", now),
            now=now,
            title="Taalcafé",
            kind="activity",
            sort="language_cafe",
            state="published",
        )
        occasion = occur(work, offer, now + timedelta(days=1))
        work.sign_ups.join(occasion, mine, now)
        work.sign_ups.change(occasion, mine, attended=True, liked="good")
        work.matches.suggest_anew(
            [
                MatchRow(
                    id="",
                    kind="volunteer",
                    seeking_id=seeking.id,
                    newcomer_id=mine,
                    state="suggested",
                    suggested_at=now,
                    offer_id=offer,
                )
            ]
        )
        (match,) = work.matches.in_states(["suggested"])
        work.matches.change(match.id, state="agreed", agreed_at=now, newcomer_says="yes")

    desk.runtime.database.write(take_part)
    kept = kept_of(desk, case)
    page = as_page(desk.runtime, kept, lambda name: f"[{name}]", "nl", lambda what, value: f"[{what} {value}]").decode()
    part = kept["taking_part"]
    assert [part[name] != [] for name in ("looking_for", "put_together", "signed_up")] == [True] * 3
    for there in (
        "[kept_wishes]",
        "[interests cooking]",
        "[area 7511]",
        "[kept_each_week]",
        "[kept_looking_for]",
        "[seek buddy]",
        "Samen &lt;wandelen&gt;",
        "[kept_put_together]",
        "volunteer · agreed · yes",
        "[kept_signed_up]",
        "Taalcafé",
        "Het Huis",
        "going · was there · good",
    ):
        assert there in page, there


def test_files_that_are_too_large_are_listed(desk: Desk) -> None:
    case = desk.asks()
    file_with(desk, case, b"small")
    file_with(desk, case, b"large" * 100)
    kept = kept_of(desk, case, most_bytes=100)
    files = [file for message in kept["messages"] for file in message["files"]]
    assert [(file["size"], file["content"] is None) for file in files] == [(5, False), (500, True)]
    assert "[kept_left_out]" in as_page(desk.runtime, kept, lambda name: f"[{name}]", "nl").decode()


def test_nobody_of_somebody_else(desk: Desk) -> None:
    mine, other = told_a_lot(desk), desk.asks()
    said_by_other = as_json(kept_of(desk, other)).decode()
    assert "Amina" not in said_by_other
    assert as_json(kept_of(desk, mine)).decode().count("ik wil een mens spreken") == 2  # the message and the summary
    assert desk.runtime.database.read(lambda work: kept_about(desk.runtime, work, "x", most_bytes=1)) is None


# ---- in the chat


def last_file(desk: Desk, case: CaseRow) -> tuple[str, str]:
    row = [row for row in desk.outbox(case) if row.body.get("files")][-1]
    (file,) = Message.from_body(row.body).files
    content = desk.runtime.database.read(lambda work: work.reply_files.open(file.id))
    assert content is not None
    return file.name, content.decode()


@pytest.mark.parametrize("words", ["mijn gegevens", "/mydata"])
def test_somebody_asks_what_is_kept_of_them(desk: Desk, words: str) -> None:
    talk = desk.newcomer()
    case = desk.asks(talk)
    assert said(talk, words) == ["utter_my_data", "utter_my_data"]
    assert "Ik bewaar 3 berichten" in str([row.body["text"] for row in desk.outbox(case)])
    name, page = last_file(desk, case)
    assert name == "wegwijs.html"
    assert "ik wil een mens spreken" in page


def test_a_second_copy_does_not_hold_the_first(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.asks(talk)
    said(talk, "mijn gegevens")
    _, first = last_file(desk, case)
    said(talk, "mijn gegevens")
    _, second = last_file(desk, case)
    assert len(second) < 2 * len(first)


def test_it_works_while_a_person_has_the_conversation(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    assert said(talk, "mijn gegevens") == ["utter_my_data", "utter_my_data"]
    assert desk.route(case) == "human"


def test_where_the_messenger_takes_no_pages_the_team_does_it(desk: Desk) -> None:
    talk = desk.newcomer()
    desk.wire.limits = replace(WHATSAPP, per_second=None)
    assert said(talk, "mijn gegevens") == ["utter_my_data_by_team", "utter_case_opened"]
    assert desk.open_case(talk).reason == "data"


def test_before_a_yes_to_the_notice_there_is_nothing_to_give(desk: Desk) -> None:
    talk = desk.newcomer()
    fresh = type(talk)(desk.runtime, desk.wire, "nobody yet")
    assert "utter_my_data" not in said(fresh, "mijn gegevens")
