"""What goes by itself, and what stays as long as somebody needs it; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from bot.answer import close, note
from bot.domain.turn import Attachment
from bot.forget import RETENTION, Days, days_kept, expire
from bot.handoff.case import Outcome
from bot.store.participation_rows import MatchRow, OfferText
from tests.desk.conftest import said
from tests.participation.offering import occur, translate

if TYPE_CHECKING:
    from datetime import datetime

    from bot.commands.throwaway import Conversation
    from bot.store.rows import CaseRow
    from bot.store.work import Work
    from tests.desk.conftest import Desk


def words(desk: Desk, talk: Conversation) -> list[str]:
    def read(work: Work) -> list[str]:
        found = work.newcomers.at(desk.wire.name, talk._address)
        assert found is not None
        return [str(row.body.get("text")) for row in work.inbox.all_for(found.conversation.id)]

    return desk.runtime.database.read(read)


def count(desk: Desk, table: str, where: str = "1 = 1") -> int:
    query = text(f"SELECT count(*) FROM {table} WHERE {where}")
    return desk.runtime.database.read(lambda work: work.connection.scalar(query))


def file_with(desk: Desk, case: CaseRow) -> str:
    """A photo that came with the newcomer's last message."""

    def add(work: Work) -> str:
        message = work.inbox.all_for(case.conversation_id)[-1]
        now = desk.clock.now()
        work.attachments.expect(
            case.conversation_id, message.id, 0, Attachment(reference="r"), status="wanted", now=now
        )
        (row,) = work.attachments.for_inbound(message.id)
        work.attachments.fetched(row.id, b"LETTER", "image/jpeg", now)
        work.attachments.gone(row.id)
        return row.id

    return desk.runtime.database.write(add)


def decided(desk: Desk, value: Any) -> None:
    desk.runtime.database.write(
        lambda work: work.decisions.record(RETENTION, value, note="so", user_id=desk.cora.id, now=desk.clock.now())
    )


def closed(desk: Desk, case: CaseRow) -> None:
    close(desk.runtime, desk.sam.id, case.id, outcome=Outcome.ANSWERED)
    desk.delivered()


def test_files_go_thirty_days_after_the_case_and_words_ninety(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.asks(talk)
    file = file_with(desk, case)
    desk.wait(days=40)  # the question takes its time
    desk.taken(case)
    note(desk.runtime, desk.sam.id, case.id, text="belt morgen terug")
    expire(desk.runtime)
    assert desk.runtime.database.read(lambda work: work.attachments.open(file)) == b"LETTER"
    desk.answered(case)
    closed(desk, case)

    desk.wait(days=29)
    assert expire(desk.runtime) == 0
    desk.wait(days=2)
    assert expire(desk.runtime) == 1
    assert desk.runtime.database.read(lambda work: work.attachments.open(file)) is None
    assert words(desk, talk) == ["ik wil een mens spreken"]

    desk.wait(days=58)
    assert expire(desk.runtime) == 0
    desk.wait(days=2)
    assert expire(desk.runtime) > 0
    assert words(desk, talk) == []
    for table in ("inbound", "outbox", "attachments", "case_notes", "drafts"):
        assert count(desk, table) == 0, table
    emptied = desk.now(case)
    assert (emptied.summary, emptied.emptied_at, emptied.outcome) == (None, desk.clock.now(), "answered")
    assert count(desk, "conversations", "state_sealed IS NOT NULL") == 0
    assert desk.kinds(case)  # what happened to it is counted until a year has gone
    assert expire(desk.runtime) == 0


def test_what_belongs_to_no_case_goes_by_its_own_age(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")
    desk.wait(days=60)
    said(talk, "en met de zorg")
    desk.wait(days=31)
    expire(desk.runtime)
    assert words(desk, talk) == ["en met de zorg"]
    assert count(desk, "conversations", "state_sealed IS NOT NULL") == 1  # they still talk with us
    said(talk, "dank u")  # and go on where they were
    assert len(words(desk, talk)) == 2


def test_an_open_case_keeps_its_talk_however_long_it_takes(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")
    desk.wait(days=3)
    desk.asks(talk)
    desk.wait(days=400)
    expire(desk.runtime)
    assert words(desk, talk) == ["hoe zit het met de huur", "ik wil een mens spreken"]
    assert count(desk, "conversations", "state_sealed IS NOT NULL") == 1
    assert count(desk, "case_events") > 0


def test_what_waits_to_be_sent_or_answered_stays(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")

    def leave_unread(work: Work) -> str:
        found = work.newcomers.at(desk.wire.name, talk._address)
        assert found is not None
        here = found.conversation.id
        work.inbox.receive(here, desk.wire.name, "late", "text", {"text": "nog iets"}, desk.clock.now())
        return work.outbox.say(here, None, 0, {"text": "straks"}, desk.clock.now()).id

    waits = desk.runtime.database.write(leave_unread)
    desk.wait(days=200)
    expire(desk.runtime)
    assert words(desk, talk) == ["nog iets"]
    assert desk.runtime.database.read(lambda work: work.outbox.get(waits)) is not None


def test_the_journal_goes_after_a_year(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    now = desk.clock.now()
    look = {"newcomer_id": case.newcomer_id, "case_number": case.number, "reason": "vakantie"}
    desk.runtime.database.write(lambda work: work.views.note(desk.cora.id, "case", now, **look))
    closed(desk, case)
    desk.wait(days=364)
    expire(desk.runtime)
    assert count(desk, "views") == 1
    assert count(desk, "case_events") > 0
    desk.wait(days=2)
    expire(desk.runtime)
    assert (count(desk, "views"), count(desk, "case_events"), count(desk, "cases")) == (0, 0, 1)


# ---- taking part

TAKING_PART = ("offers", "offer_texts", "occasions", "sign_ups", "seekings", "matches")


def offer(work: Work, now: datetime, state: str = "published", **more: Any) -> str:
    house = work.offers.add_organisation("Het Huis", now)
    values = {"title": "Taalcafé", "kind": "activity", "sort": "language_cafe", "state": state, **more}
    offer_id = work.offers.add(house, now=now, **values)
    translate(work, offer_id, OfferText(language="ar", title="مقهى", body="", by="person"), now)
    return offer_id


def match(work: Work, newcomer_id: str, now: datetime, offer_id: str, **became: Any) -> str:
    """Put somebody together with volunteer work; return what they look for."""
    seeking = work.seekings.open(newcomer_id, "volunteer", "helpen", now)
    suggestion = {"kind": "volunteer", "seeking_id": seeking.id, "newcomer_id": newcomer_id, "offer_id": offer_id}
    work.matches.suggest_anew([MatchRow(id="", state="suggested", suggested_at=now, **suggestion)])
    (row,) = work.matches.in_states(["suggested"])
    if became:
        work.matches.change(row.id, **became)
    return seeking.id


def left(desk: Desk) -> dict[str, int]:
    return {table: count(desk, table) for table in TAKING_PART}


def test_who_took_part_in_what_goes_a_year_after_it_was_and_the_offer_goes_on(desk: Desk) -> None:
    case, now = desk.asks(), desk.clock.now()

    def story(work: Work) -> None:
        weekly = offer(work, now)
        for days in (1, 200):
            occasion = occur(work, weekly, now + timedelta(days=days))
            work.sign_ups.join(occasion, case.newcomer_id, now)

    desk.runtime.database.write(story)
    desk.wait(days=365)
    expire(desk.runtime)
    assert (count(desk, "occasions"), count(desk, "sign_ups")) == (2, 2)
    desk.wait(days=2)
    expire(desk.runtime)
    assert (count(desk, "occasions"), count(desk, "sign_ups"), count(desk, "offers")) == (1, 1, 1)


def test_offers_go_a_year_after_anything_happened_to_them(desk: Desk) -> None:
    now = desk.clock.now()
    long_after = now + timedelta(days=300)

    def story(work: Work) -> None:
        offer(work, now, "draft", source_uid="row 1")
        offer(work, now, "declined", decided_at=long_after)
        offer(work, now, "draft", starts_at=long_after)
        offer(work, now, "ended", expires_on=long_after.date())
        occur(work, offer(work, now, "cancelled"), long_after)
        offer(work, now)

    desk.runtime.database.write(story)
    desk.wait(days=364)
    assert expire(desk.runtime) == 0
    desk.wait(days=2)
    assert expire(desk.runtime) == 1
    assert count(desk, "offers", "source_uid IS NULL") == count(desk, "offers") == count(desk, "offer_texts") == 5
    desk.wait(days=301)
    expire(desk.runtime)
    assert left(desk) == dict.fromkeys(TAKING_PART, 0) | {"offers": 1, "offer_texts": 1}  # it is published


def test_a_match_goes_a_year_after_it_ended_with_what_was_looked_for(desk: Desk) -> None:
    case, now = desk.asks(), desk.clock.now()
    mine = case.newcomer_id

    def story(work: Work) -> None:
        work_to_do = offer(work, now)
        match(work, mine, now, work_to_do, state="ended", agreed_at=now, ended_at=now + timedelta(days=50))
        work.seekings.close(mine)

    desk.runtime.database.write(story)
    desk.wait(days=414)
    expire(desk.runtime)
    assert (count(desk, "matches"), count(desk, "seekings")) == (1, 1)
    desk.wait(days=2)
    expire(desk.runtime)
    assert (count(desk, "matches"), count(desk, "seekings")) == (0, 0)


def test_who_still_looks_is_not_suggested_again_what_they_did_not_want(desk: Desk) -> None:
    case, now = desk.asks(), desk.clock.now()
    mine = case.newcomer_id
    desk.runtime.database.write(lambda work: match(work, mine, now, offer(work, now), state="refused", ended_at=now))
    desk.wait(days=800)
    expire(desk.runtime)
    assert len(desk.runtime.database.read(lambda work: work.matches.declined())) == 1
    desk.runtime.database.write(lambda work: work.seekings.close(mine))
    expire(desk.runtime)
    assert (count(desk, "matches"), count(desk, "seekings")) == (0, 0)


def test_what_goes_on_stays_and_a_name_that_was_told_goes_with_its_match(desk: Desk) -> None:
    talk = desk.newcomer()
    case, now = desk.asks(talk), desk.clock.now()
    mine = case.newcomer_id

    def story(work: Work) -> str:
        work_to_do = offer(work, now, "ended")
        body = {"response": "r", "text": "De ander heet Joke", "buttons": [], "language": "nl", "direction": "ltr"}
        told = work.outbox.say(case.conversation_id, None, 0, body, now)
        match(work, mine, now, work_to_do, state="agreed", agreed_at=now, name_outbox_ids=[told.id])
        return told.id

    told = desk.runtime.database.write(story)
    desk.delivered()
    desk.wait(days=900)
    expire(desk.runtime)
    assert (count(desk, "matches"), count(desk, "seekings"), count(desk, "offers")) == (1, 1, 1)
    desk.runtime.database.write(
        lambda work: (
            work.matches.change(work.matches.in_states(["agreed"])[0].id, state="ended", ended_at=now),
            work.seekings.close(mine),
        )
    )
    expire(desk.runtime)  # the case is open, so its messages stay
    assert left(desk) == dict.fromkeys(TAKING_PART, 0)
    row = desk.runtime.database.read(lambda work: work.outbox.get(told))
    assert row is not None
    assert not row.body


def test_the_door_is_swept(desk: Desk) -> None:
    now = desk.clock.now()
    later = now + timedelta(days=1)

    def leave(work: Work) -> None:
        for secret, until in (("old", now), ("new", later)):
            work.sessions.start(desk.sam.id, secret=secret, device=None, now=now, until=until)
        for number, (table, column, moment) in enumerate(
            (
                ("invitations (id, user_id, purpose, digest", "expires_at", now),
                ("invitations (id, user_id, purpose, digest", "expires_at", later),
                ("sign_in_tries (id, digest", "at", now - timedelta(hours=2)),
                ("sign_in_tries (id, digest", "at", now),
            )
        ):
            values = ":id, :user, 'password', :digest" if "user_id" in table else ":id, :digest"
            given = {"id": f"x{number}", "digest": b"%d" % number, "at": moment.replace(tzinfo=None)}
            given |= {"user": desk.sam.id} if "user_id" in table else {}
            work.connection.execute(text(f"INSERT INTO {table}, {column}) VALUES ({values}, :at)"), given)

    desk.runtime.database.write(leave)
    assert expire(desk.runtime) == 3
    assert [count(desk, table) for table in ("sessions", "invitations", "sign_in_tries")] == [1, 1, 1]


def test_the_organisation_decides_for_how_long(desk: Desk) -> None:
    talk = desk.newcomer()
    said(talk, "hoe zit het met de huur")
    decided(desk, {"files": 3, "messages": 7, "journal": 30})
    desk.wait(days=8)
    expire(desk.runtime)
    assert words(desk, talk) == []
    decided(desk, {"files": 0, "messages": "seven"})  # of another release: the defaults are better than nothing
    assert desk.runtime.database.read(days_kept)[0] == Days()


@pytest.mark.parametrize(
    ("value", "days"),
    [
        ({"files": 1, "messages": 2, "journal": 3}, Days(files=1, messages=2, journal=3)),
        ({"messages": 60}, Days(messages=60)),
        ({"files": 91}, None),
        ({"files": 0}, None),
        ({"files": True}, None),
        ({"messages": 4000}, None),
        ({"letters": 4}, None),
        ("thirty", None),
    ],
)
def test_only_days_that_make_sense_count(value: object, days: Days | None) -> None:
    assert Days.read(value) == days


def test_it_stops_when_it_is_asked_to_and_goes_on_later(desk: Desk) -> None:
    for _ in range(3):
        said(desk.newcomer(), "hoe zit het met de huur")
    desk.wait(days=100)
    calls = iter(range(100))
    expire(desk.runtime, stop=lambda: next(calls) > 2)
    assert 0 < count(desk, "inbound") < 3
    expire(desk.runtime)
    assert count(desk, "inbound") == 0
