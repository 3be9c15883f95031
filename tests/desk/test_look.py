"""Somebody opens a file: each promise about who may, what stands in it and what is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot import answer
from bot.answer import Declined
from bot.domain.turn import Kind
from bot.handoff.case import Act, Decline, Outcome
from bot.handoff.timeline import Delivery, Happened, Noted, Said, Wrote
from bot.look import PAGE, CaseFile, Outside, open_file, see_outside
from tests.desk.conftest import Desk, said

if TYPE_CHECKING:
    from bot.store.rows import CaseRow, UserRow, ViewRow


def opened(desk: Desk, case: CaseRow, by: UserRow | None = None, **how: object) -> CaseFile:
    file = open_file(desk.runtime, (by or desk.sam).id, case.id, **how)  # type: ignore[arg-type]
    assert isinstance(file, CaseFile), file
    return file


def why_not(desk: Desk, case: CaseRow, by: UserRow, **how: object) -> Decline | None:
    file = open_file(desk.runtime, by.id, case.id, **how)  # type: ignore[arg-type]
    return file.why if isinstance(file, Declined) else None


def journal(desk: Desk, case: CaseRow) -> list[ViewRow]:
    return desk.runtime.database.read(lambda work: work.views.latest(50, newcomer_id=case.newcomer_id))


# ---- who may, and what is written down


def test_a_file_opens_for_who_has_the_case_and_for_nobody_else(desk: Desk) -> None:
    case = desk.asks()
    assert why_not(desk, case, desk.sam) is Decline.NOT_YOURS
    desk.taken(case)
    opened(desk, case)
    assert why_not(desk, case, desk.kim) is Decline.NOT_YOURS
    assert why_not(desk, case, desk.pia) is Decline.NOT_YOURS
    assert why_not(desk, case, desk.otto, reason="haast") is Decline.OTHER_TEAM
    assert [view.user_id for view in journal(desk, case)] == [desk.sam.id]


def test_what_was_declined_is_not_in_the_journal_and_says_who_has_the_case(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    assert open_file(desk.runtime, desk.kim.id, case.id) == Declined(why=Decline.NOT_YOURS, taken_by=desk.sam.id)
    assert journal(desk, case) == []


def test_a_coordinators_reason_counts_for_an_hour(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    assert why_not(desk, case, desk.cora) is Decline.NEEDS_REASON
    assert why_not(desk, case, desk.cora, reason="  ") is Decline.NEEDS_REASON
    opened(desk, case, desk.cora, reason="klacht van 111222333 ontvangen")
    desk.wait(minutes=50)
    opened(desk, case, desk.cora)
    desk.wait(minutes=20)  # the reason was given an hour and ten minutes ago: a look in between does not prolong it
    assert why_not(desk, case, desk.cora) is Decline.NEEDS_REASON
    reasons = [view.reason for view in journal(desk, case)]
    assert len(reasons) == 2
    assert reasons[0] is None
    assert "111222333" not in str(reasons[1])


def test_a_coach_sees_the_own_group_also_across_teams(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    database = desk.runtime.database
    coach = database.write(lambda work: work.users.add("Coby", roles=["coach"], teams=["other"], now=desk.clock.now()))
    assert why_not(desk, case, coach) is Decline.OTHER_TEAM
    database.write(lambda work: work.newcomers.set_coach(case.newcomer_id, coach.id))
    assert opened(desk, case, coach).may == frozenset()


def test_nobody_sees_who_is_being_forgotten_or_with_an_account_that_is_off(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    assert why_not(desk, case, desk.sam) is None
    desk.runtime.database.write(lambda work: work.users.set_active(desk.sam.id, active=False))
    assert why_not(desk, case, desk.sam) is Decline.NO_ACCOUNT
    desk.runtime.database.write(lambda work: work.users.set_active(desk.sam.id, active=True))
    desk.runtime.database.write(lambda work: work.newcomers.forget(case.newcomer_id))
    assert why_not(desk, case, desk.sam) is Decline.GONE
    assert open_file(desk.runtime, desk.sam.id, "no-such-case") == Declined(why=Decline.GONE)
    assert see_outside(desk.runtime, desk.sam.id, case.id) == Declined(why=Decline.GONE)


def test_a_part_that_refreshes_is_the_same_look_for_ten_minutes(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    opened(desk, case)
    for _ in range(5):
        desk.wait(minutes=1)
        opened(desk, case, part=True)
    assert len(journal(desk, case)) == 1
    desk.wait(minutes=6)
    opened(desk, case, part=True)
    assert len(journal(desk, case)) == 2
    opened(desk, case)  # the page itself always counts
    assert len(journal(desk, case)) == 3


def test_a_part_is_refused_as_soon_as_the_case_went(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    opened(desk, case)
    answer.release(desk.runtime, desk.sam.id, case.id)
    assert why_not(desk, case, desk.sam, part=True) is Decline.NOT_YOURS


def test_from_outside_nothing_is_seen_that_anybody_wrote(desk: Desk) -> None:
    talk = desk.newcomer("ar")
    said(talk, "mijn geheim")
    case = desk.asks(talk)
    outside = see_outside(desk.runtime, desk.sam.id, case.id)
    assert isinstance(outside, Outside)
    assert (outside.language, outside.assignee, outside.needs_reason) == ("ar", None, False)
    assert Act.TAKE in outside.may
    assert "geheim" not in repr(outside)
    assert see_outside(desk.runtime, desk.otto.id, case.id) == Declined(why=Decline.OTHER_TEAM)
    coordinators = see_outside(desk.runtime, desk.cora.id, case.id)
    assert isinstance(coordinators, Outside)
    assert coordinators.needs_reason


# ---- what stands in it


def test_newcomer_bot_volunteer_events_and_notes_stand_in_order(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.asks(talk)
    desk.wait(minutes=1)
    desk.taken(case)
    desk.wait(minutes=1)
    desk.answered(case)
    desk.wait(minutes=1)
    answer.note(desk.runtime, desk.sam.id, case.id, text="Belt liever niet")
    desk.wait(minutes=1)
    said(talk, "dank u, nog een vraag")
    file = opened(desk, case)
    wrote = [item for item in file.items if isinstance(item, Wrote)]
    assert [item.text for item in wrote] == ["ik wil een mens spreken", "dank u, nog een vraag"]
    assert wrote[0].rung == "new_subject"
    assert wrote[0].guesses[0].intent == "talk_to_human"
    assert wrote[0].guesses[0].question is None
    by_sam = [item for item in file.items if isinstance(item, Said) and item.by == "Sam"]
    assert [(item.text, item.mine, item.delivery) for item in by_sam] == [
        ("Kom morgen naar het infopunt", True, Delivery.SENT)
    ]
    assert any(isinstance(item, Said) and item.by is None for item in file.items)
    assert [item.text for item in file.items if isinstance(item, Noted)] == ["Belt liever niet"]
    assert [item.kind for item in file.items if isinstance(item, Happened)] == ["opened", "claimed"]
    assert [item.at for item in file.items] == sorted(item.at for item in file.items)
    assert file.newest is not None
    assert file.seen == file.newest.number


def test_what_somebody_wrote_with_an_event_stands_with_it(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    answer.transfer(desk.runtime, desk.sam.id, case.id, team="other", note="Gaat over gezondheid")
    answer.take(desk.runtime, desk.otto.id, case.id, version=desk.now(case).version)
    file = opened(desk, case, desk.otto)
    (transferred,) = [item for item in file.items if isinstance(item, Happened) and item.kind == "transferred"]
    assert (transferred.by, transferred.mine, transferred.note) == ("Sam", False, "Gaat over gezondheid")
    assert transferred.detail["to"] == "other"


def test_how_a_reply_fares_is_said(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    desk.replies(case)

    def reply() -> Said:
        return next(item for item in opened(desk, case).items if isinstance(item, Said) and item.mine)

    assert reply().delivery is Delivery.HELD
    assert reply().undo_until == desk.clock.now() + timedelta(seconds=5)
    desk.wait(seconds=6)
    assert (reply().delivery, reply().undo_until) == (Delivery.QUEUED, None)
    desk.delivered()
    assert reply().delivery is Delivery.SENT


def test_a_reply_that_was_taken_back_is_a_draft_again(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    done = desk.replies(case, "Kom morgen")
    answer.keep_draft(desk.runtime, desk.sam.id, case.id, text="en neem uw pas mee")
    answer.undo(desk.runtime, desk.sam.id, str(done.reply))
    file = opened(desk, case)
    assert [item for item in file.items if isinstance(item, Said) and item.mine] == []
    assert "reply_undone" in [item.kind for item in file.items if isinstance(item, Happened)]
    assert file.draft is not None
    assert file.draft.text == "Kom morgen\n\nen neem uw pas mee"


def test_whatsapps_window_says_until_when_and_then_that_it_is_shut(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    assert opened(desk, case).window.until is None
    desk.wire.has_a_window()
    window = opened(desk, case).window
    assert window.is_open
    assert window.until == desk.clock.now() + timedelta(hours=24) - timedelta(minutes=5)
    desk.wait(hours=24)
    assert not opened(desk, case).window.is_open
    outside = see_outside(desk.runtime, desk.kim.id, case.id)
    assert isinstance(outside, Outside)
    assert not outside.window.is_open


def test_numbers_that_were_hidden_are_said_and_files_say_how_they_are(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    said(talk, "mijn bsn is 111222333")
    talk.send("een brief", kind=Kind.PHOTO)
    file = opened(desk, case)
    masked = [item for item in file.items if isinstance(item, Wrote) and item.masked]
    assert len(masked) == 1
    assert "111222333" not in masked[0].text
    photo = file.newest
    assert photo is not None
    assert (photo.kind, photo.files) == ("photo", ())


def test_earlier_cases_of_the_same_person_are_linked_and_nobody_elses_messages_are_there(desk: Desk) -> None:
    other = desk.newcomer()
    said(other, "iets van een ander")
    talk = desk.newcomer()
    first = desk.taken(desk.asks(talk))
    desk.answered(first)
    answer.close(desk.runtime, desk.sam.id, first.id, outcome=Outcome.ANSWERED)
    desk.delivered()
    desk.wait(days=10)
    second = desk.taken(desk.asks(talk))
    file = opened(desk, second)
    assert [(case.number, case.outcome, case.opens) for case in file.earlier_cases] == [
        (first.number, "answered", False)
    ]
    assert opened(desk, second, desk.cora, reason="vraag").earlier_cases[0].opens
    assert "iets van een ander" not in [item.text for item in file.items if isinstance(item, Wrote)]


def test_a_long_history_comes_in_pages_and_loses_nothing(desk: Desk) -> None:
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    for number in range(PAGE + 20):
        desk.wait(seconds=1)
        said(talk, f"bericht {number}")
    texts: list[str] = []
    before = None
    pages = 0
    while True:
        file = opened(desk, case, before=before)
        texts = [item.text for item in file.items if isinstance(item, Wrote)] + texts
        pages += 1
        before = file.earlier_than
        if before is None:
            break
    assert pages == 2
    assert texts[1:] == [f"bericht {number}" for number in range(PAGE + 20)]


def test_who_else_looks_is_known(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    opened(desk, case, desk.cora, reason="meekijken")
    assert opened(desk, case).others == ("Cora",)
    desk.wait(minutes=11)
    assert opened(desk, case).others == ()


# ---- drafts


def test_a_draft_is_kept_for_its_writer_and_goes_when_it_is_sent(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    kept = answer.keep_draft(desk.runtime, desk.sam.id, case.id, text="Beste Amina, 111222333", language="ar")
    assert not isinstance(kept, Declined)
    draft = opened(desk, case).draft
    assert draft is not None
    assert (draft.language, "111222333" in draft.text) == ("ar", False)
    assert opened(desk, case, desk.cora, reason="meekijken").draft is None
    desk.replies(case, "Beste Amina")
    assert opened(desk, case).draft is None


def test_who_may_not_write_in_a_case_keeps_no_draft_in_it(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    for who in (desk.kim, desk.otto, desk.pia):
        declined = answer.keep_draft(desk.runtime, who.id, case.id, text="Dag")
        assert isinstance(declined, Declined)


def test_a_page_that_saves_late_brings_back_nothing_that_was_sent(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    page = opened(desk, case).last_reply
    desk.replies(case, "Kom morgen")
    late = answer.keep_draft(desk.runtime, desk.sam.id, case.id, text="Kom morgen", last_reply=page)
    assert late == Declined(why=Decline.CHANGED)
    assert opened(desk, case).draft is None
    fresh = opened(desk, case).last_reply
    assert fresh != page
    answer.keep_draft(desk.runtime, desk.sam.id, case.id, text="Neem uw pas mee", last_reply=fresh)
    assert opened(desk, case).draft is not None


def test_an_empty_draft_is_no_draft(desk: Desk) -> None:
    case = desk.taken(desk.asks())
    answer.keep_draft(desk.runtime, desk.sam.id, case.id, text="Dag")
    answer.keep_draft(desk.runtime, desk.sam.id, case.id, text="  ")
    assert opened(desk, case).draft is None
