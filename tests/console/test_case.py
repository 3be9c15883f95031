"""The case's page over HTTP: what stands there, what each form does, and that a declined one loses nothing."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bot
from bot import answer
from bot.domain.turn import Attachment, Kind
from bot.handoff.case import OVERDUE, REASONS, Decline
from bot.invite import GROUP_MESSAGE
from bot.look import CaseFile, open_file
from tests.console.conftest import shipped_words, words_of_page
from tests.desk.conftest import said

if TYPE_CHECKING:
    from bot.store.rows import CaseRow, UserRow
    from bot.store.work import Work
    from tests.console.conftest import Office, Person


def home(case: CaseRow) -> str:
    return f"/desk/cases/{case.id}"


def field(html: str, name: str) -> str:
    """Return what a hidden field of the page holds."""
    found = re.search(rf'name="{name}"(?: class="[^"]*")? value="([^"]*)"', html)
    assert found, name
    return found[1]


def mine(office: Office, language: str = "nl") -> tuple[CaseRow, Person]:
    """Return a case that Sam has, and Sam's browser."""
    case = office.desk.asks(office.desk.newcomer(language))
    return office.desk.taken(case), office.signed_in(office.desk.sam)


def reply_to(sam: Person, case: CaseRow, text: str, **fields: str) -> object:
    html = sam.get(home(case)).text
    known = {name: field(html, name) for name in ("conversation", "seen")}
    return sam.post(f"{home(case)}/reply", {**known, "text": text, "language": "nl", **fields})


def draft(office: Office, case: CaseRow, who: UserRow) -> str | None:
    row = office.desk.runtime.database.read(lambda work: work.drafts.get(case.id, who.id))
    return row.text if row else None


# ---- words


def reasons_in_the_code() -> set[str]:
    """Every reason that the code gives a case, without the task or the danger that it names."""
    found = set()
    for path in (Path(bot.__file__).parent).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (given := reason_given(node)) is not None:
                found.add(given.partition(":")[0])
    return found


def reason_given(call: ast.Call) -> str | None:
    """The reason in a call that opens a case; None for another call, and where it is only passed on."""
    name = ast.unparse(call.func)
    place = {"OpenCase": None, "open_case": 1, "ask_team": 3}
    if name not in place and not name.endswith("cases.open"):
        return None
    at = place.get(name)
    given = call.args[at] if at is not None and len(call.args) > at else None
    given = next((one.value for one in call.keywords if one.arg == "reason"), given)
    if isinstance(given, ast.Subscript):  # cut to the length of its column
        given = given.value
    match given:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text
        case ast.JoinedStr(values=[ast.FormattedValue(value=ast.Name(id="OVERDUE")), *_]):
            return OVERDUE
        case ast.Name(id="GROUP_MESSAGE"):
            return GROUP_MESSAGE
        case ast.Name(id="reason") | ast.Attribute(attr="reason") | None:
            return None
        case _:
            raise AssertionError(ast.unparse(call))


def test_every_reason_of_a_case_has_words_in_both_languages() -> None:
    assert reasons_in_the_code() == set(REASONS)
    for language, words in shipped_words().items():
        assert [reason for reason in REASONS if f"case_why_{reason}" not in words] == [], language


@pytest.mark.parametrize(
    ("reason", "why"),
    [("match_agreed", "Twee mensen zeiden ja"), ("task:welcome", "Een taak is te laat"), ("asked", "naar een mens")],
)
def test_why_a_case_is_there_stands_on_its_page_and_why_it_is_asked_again(
    office: Office, reason: str, why: str
) -> None:
    case, sam = mine(office)
    office.desk.runtime.database.write(
        lambda work: work.cases.open(
            case.newcomer_id,
            case.conversation_id,
            reason=reason,
            priority="normal",
            topic=None,
            question_id=None,
            language="nl",
            summary=None,
            now=office.desk.clock.now(),
        )
    )

    page = words_of_page(sam.get(home(case)).text)

    assert "Waarom De nieuwkomer vroeg naar een mens" in page
    assert why in page.partition("vroeg er opnieuw naar")[2]


def test_every_reason_to_decline_has_words_in_both_languages() -> None:
    for language, words in shipped_words().items():
        missing = [decline.value for decline in Decline if f"decline_{decline.value}" not in words]
        assert missing == [], language


# ---- who sees what


def test_before_it_is_taken_the_team_sees_the_outside_and_a_button_and_not_a_word(office: Office) -> None:
    talk = office.desk.newcomer("ar")
    said(talk, "mijn geheim verhaal")
    case = office.desk.asks(talk)
    answered = office.signed_in(office.desk.sam).get(home(case))
    assert answered.status == 200
    assert "geheim" not in answered.text
    assert "Arabisch" in answered.text
    assert f'action="{home(case)}/take"' in answered.text
    assert 'name="text"' not in answered.text


def test_other_teams_and_strangers_see_nothing_and_every_path_says_so(office: Office) -> None:
    case, _ = mine(office)
    otto = office.signed_in(office.desk.otto)
    for path in ("", "/timeline", "/held"):
        answered = otto.get(home(case) + path)
        assert "mens spreken" not in answered.text
    assert otto.get(home(case)).status == 403
    assert office.signed_in(office.desk.sam).get("/desk/cases/no-such-case").status == 404
    assert office.stranger().get(home(case)).status == 303


def test_somebody_elses_case_shows_who_has_it_and_not_a_word(office: Office) -> None:
    case, _ = mine(office)
    answered = office.signed_in(office.desk.kim).get(home(case))
    assert "bij Sam" in words_of_page(answered.text)
    assert "mens spreken" not in answered.text
    assert f"{home(case)}/take" not in answered.text


def test_a_coordinator_opens_with_a_reason_and_the_journal_has_one_look(office: Office) -> None:
    case, _ = mine(office)
    cora = office.signed_in(office.desk.cora)
    outside = cora.get(home(case))
    assert "mens spreken" not in outside.text
    assert cora.post(f"{home(case)}/open", {"reason": " "}).status == 422
    opened = cora.follow(cora.post(f"{home(case)}/open", {"reason": "klacht"}))
    assert "mens spreken" in opened.text
    assert 'name="text"' not in opened.text  # only who has the case replies
    views = office.desk.runtime.database.read(lambda work: work.views.latest(9, newcomer_id=case.newcomer_id))
    assert [(view.user_id, view.reason) for view in views] == [(office.desk.cora.id, "klacht")]


# ---- taking


def test_two_who_click_at_once_get_one_winner_and_one_clear_message(office: Office) -> None:
    case = office.desk.asks()
    sam, kim = office.signed_in(office.desk.sam), office.signed_in(office.desk.kim)
    version = field(kim.get(home(case)).text, "version")
    won = sam.post(f"{home(case)}/take", {"version": version})
    assert "De zaak is van u." in sam.follow(won).text
    lost = kim.post(f"{home(case)}/take", {"version": version})
    assert lost.status == 409
    assert "al genomen, door Sam" in lost.text
    assert "mens spreken" not in lost.text
    again = sam.post(f"{home(case)}/take", {"version": version})
    assert (again.status, again.location) == (303, home(case))


# ---- the file


def test_the_timeline_tells_newcomer_bot_team_event_and_note_apart_by_word_and_form(office: Office) -> None:
    case, sam = mine(office)
    office.desk.answered(case)
    answer.note(office.desk.runtime, office.desk.sam.id, case.id, text="Belt liever niet")
    html = sam.get(home(case)).text
    for form in ("from-newcomer", "from-bot", "from-team", "event", "note"):
        assert f'class="line {form}"' in html
    text = words_of_page(html)
    for word in ("Nieuwkomer", "Assistent (automatisch)", "Notitie (U), alleen voor het team", "U nam de zaak"):
        assert word in text
    assert 'role="log"' in html
    assert "Verstuurd" in text


def test_messages_carry_their_language_and_their_own_direction(office: Office) -> None:
    talk = office.desk.newcomer("ar")
    case = office.desk.taken(office.desk.asks(talk))
    said(talk, "شكرا جزيلا لكم على المساعدة")
    html = office.signed_in(office.desk.sam).get(home(case)).text
    assert '<div class="words" lang="ar" dir="auto">شكرا' in html
    assert html.startswith('<!doctype html>\n<html lang="nl" dir="ltr"')


def test_what_a_newcomer_writes_is_never_markup(office: Office) -> None:
    talk = office.desk.newcomer()
    case = office.desk.taken(office.desk.asks(talk))
    said(talk, "<script>alert(1)</script><b>x</b>")
    html = office.signed_in(office.desk.sam).get(home(case)).text
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_what_the_assistant_understood_stands_there_as_a_question(office: Office) -> None:
    talk = office.desk.newcomer()
    said(talk, "hoe krijg ik een woning")
    case = office.desk.taken(office.desk.asks(talk))
    text = words_of_page(office.signed_in(office.desk.sam).get(home(case)).text)
    assert "vraagt naar een mens" in text
    assert re.search(r"\d+ procent", text)


def test_a_photo_that_is_here_opens_on_its_own_page_and_one_that_is_not_says_why(office: Office) -> None:
    desk = office.desk
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    talk.send("deze brief", kind=Kind.PHOTO)

    def arrives(work: Work) -> list[str]:
        photo = work.inbox.all_for(case.conversation_id)[-1]
        for place in (0, 1):
            sent = Attachment(reference=f"photo {place}")
            work.attachments.expect(case.conversation_id, photo.id, place, sent, status="wanted", now=desk.clock.now())
        here, refused = work.attachments.for_inbound(photo.id)
        work.attachments.fetched(here.id, b"a picture", "image/jpeg", desk.clock.now())
        work.attachments.refused(refused.id, "too_large", desk.clock.now())
        return [here.id, refused.id]

    here, refused = desk.runtime.database.write(arrives)
    html = office.signed_in(desk.sam).get(home(case)).text
    assert f'href="{home(case)}/files/{here}"' in html
    assert refused not in html
    assert "te groot" in html
    assert "a picture" not in html


# ---- replying


def test_a_reply_can_be_taken_back_and_is_then_in_the_box_again(office: Office) -> None:
    case, sam = mine(office)
    page = sam.follow(reply_to(sam, case, "Kom morgen naar het infopunt met uw pas"))  # type: ignore[arg-type]
    assert "Uw antwoord gaat weg over" in page.text
    assert "5 seconden" in page.text
    reply = field(page.text, "reply")
    back = sam.follow(sam.post(f"{home(case)}/undo", {"reply": reply}))
    assert "teruggehaald" in back.text
    assert ">Kom morgen naar het infopunt met uw pas</textarea>" in back.text
    office.desk.wait(seconds=10)
    assert "reply" not in office.desk.delivered()


def test_too_late_to_undo_is_said(office: Office) -> None:
    case, sam = mine(office)
    page = sam.follow(reply_to(sam, case, "Kom morgen naar het infopunt met uw pas"))  # type: ignore[arg-type]
    office.desk.wait(seconds=6)
    late = sam.post(f"{home(case)}/undo", {"reply": field(page.text, "reply")})
    assert late.status == 409
    assert "al onderweg" in late.text
    assert "Haal terug" not in sam.get(home(case)).text


def test_the_seconds_that_are_left_are_a_part_of_their_own(office: Office) -> None:
    case, sam = mine(office)
    page = sam.follow(reply_to(sam, case, "Kom morgen naar het infopunt met uw pas"))  # type: ignore[arg-type]
    part = f"{home(case)}/held?reply={field(page.text, 'reply')}"
    office.desk.wait(seconds=2)
    assert sam.get(part, hx_request="true").text == "3 seconden"
    office.desk.wait(seconds=4)
    over = sam.get(part, hx_request="true")
    assert (over.status, over.headers["hx-retarget"]) == (286, "#held")
    assert "onderweg" in over.text


def test_a_newer_message_declines_the_reply_keeps_the_draft_and_stands_above_it(office: Office) -> None:
    talk = office.desk.newcomer()
    case = office.desk.taken(office.desk.asks(talk))
    sam = office.signed_in(office.desk.sam)
    html = sam.get(home(case)).text
    seen = {name: field(html, name) for name in ("conversation", "seen")}
    said(talk, "laat maar, het is al opgelost")
    text = "Kom morgen naar het infopunt met uw pas"
    declined = sam.post(f"{home(case)}/reply", {**seen, "text": text, "language": "nl"})
    assert declined.status == 409
    assert "schreef intussen iets nieuws" in declined.text
    form = declined.text[declined.text.index('<form id="reply"') :]
    assert form.index("laat maar, het is al opgelost") < form.index(f">{text}</textarea>")
    assert draft(office, case, office.desk.sam) == text
    now = {name: field(declined.text, name) for name in ("conversation", "seen")}
    assert sam.post(f"{home(case)}/reply", {**now, "text": text, "language": "nl"}).status == 303
    assert draft(office, case, office.desk.sam) is None


def test_a_case_that_was_taken_over_leaves_its_writer_their_words(office: Office) -> None:
    case, sam = mine(office)
    html = sam.get(home(case)).text
    seen = {name: field(html, name) for name in ("conversation", "seen")}
    answer.take_over(office.desk.runtime, office.desk.cora.id, case.id, reason="ziek")
    declined = sam.post(f"{home(case)}/reply", {**seen, "text": "Kom morgen maar langs", "language": "nl"})
    assert declined.status == 409
    assert "hebt u niet, of niet meer" in declined.text
    assert "readonly>Kom morgen maar langs</textarea>" in declined.text
    assert "mens spreken" not in declined.text


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [(" ", 422, "nog niets geschreven"), ("Kom morgen maar langs " * 200, 422, "te lang")],
)
def test_nothing_and_too_much_are_not_sent(office: Office, text: str, status: int, said: str) -> None:
    case, sam = mine(office)
    declined = reply_to(sam, case, text)
    assert declined.status == status  # type: ignore[attr-defined]
    assert said in declined.text  # type: ignore[attr-defined]


def test_another_language_than_was_chosen_is_asked_about_and_sent_as_what_it_is(office: Office) -> None:
    case, sam = mine(office, "ar")
    text = "U kunt morgen naar het infopunt komen met de brief van de gemeente"
    asked = reply_to(sam, case, text, language="ar")
    assert asked.status == 422  # type: ignore[attr-defined]
    assert "Dit lijkt Nederlands; gekozen is Arabisch" in asked.text  # type: ignore[attr-defined]
    assert f">{text}</textarea>" in asked.text  # type: ignore[attr-defined]
    assert "reply" not in [row.body.get("response") for row in office.desk.outbox(case)]
    assert reply_to(sam, case, text, language="ar", anyway="1").status == 303  # type: ignore[attr-defined]
    (row,) = [row for row in office.desk.outbox(case) if row.body.get("response") == "reply"]
    assert (row.body["language"], row.body["direction"]) == ("nl", "ltr")


def test_the_language_that_was_chosen_goes_along(office: Office) -> None:
    case, sam = mine(office, "ar")
    assert '<option value="ar" selected>' in sam.get(home(case)).text
    assert reply_to(sam, case, "Ok", language="en").status == 303  # type: ignore[attr-defined]
    (row,) = [row for row in office.desk.outbox(case) if row.body.get("response") == "reply"]
    assert row.body["language"] == "en"


def test_a_shut_window_says_what_becomes_of_the_reply(office: Office) -> None:
    case, sam = mine(office)
    office.desk.wire.has_a_window()
    assert "U kunt antwoorden tot" in sam.get(home(case)).text
    office.desk.wait(hours=25)
    sam = office.signed_in(office.desk.sam)
    shut = sam.get(home(case)).text
    assert "WhatsApp laat nu geen vrij bericht toe" in shut
    assert reply_to(sam, case, "Kom morgen maar langs met de brief").status == 303  # type: ignore[attr-defined]
    office.desk.wait(seconds=6)
    office.desk.delivered()
    assert "Wacht tot de nieuwkomer schrijft" in sam.get(home(case)).text


# ---- drafts


def test_a_draft_is_kept_by_itself_warned_about_and_there_again(office: Office) -> None:
    case, sam = mine(office, "ar")
    kept = sam.post(
        f"{home(case)}/draft",
        {"text": "Komt u morgen naar het infopunt met de brief van de gemeente", "language": "ar"},
        hx_request="true",
    )
    assert kept.status == 200
    assert "Concept bewaard om 10:00" in kept.text
    assert "Dit lijkt Nederlands" in kept.text
    assert "Komt u morgen naar het infopunt" in sam.get(home(case)).text


def test_without_a_script_a_draft_is_kept_by_a_button(office: Office) -> None:
    case, sam = mine(office)
    page = sam.follow(sam.post(f"{home(case)}/draft", {"text": "Beste Amina", "language": "nl", "last_reply": ""}))
    assert "Uw concept is bewaard." in page.text
    assert ">Beste Amina</textarea>" in page.text


# ---- the part


def poll_of(html: str) -> str:
    found = re.search(r'id="poll"[^>]* hx-get="([^"]+)"', html)
    assert found
    return found[1].replace("&amp;", "&")


def test_the_part_gives_only_what_is_new(office: Office) -> None:
    talk = office.desk.newcomer()
    case = office.desk.taken(office.desk.asks(talk))
    sam = office.signed_in(office.desk.sam)
    poll = poll_of(sam.get(home(case)).text)
    assert sam.get(poll, hx_request="true").status == 204
    office.desk.wait(seconds=30)
    said(talk, "nog iets")
    part = sam.get(poll, hx_request="true")
    assert part.status == 200
    assert part.text.count('class="line') == 1
    assert "nog iets" in part.text
    assert "mens spreken" not in part.text
    assert "heeft iets nieuws geschreven" in part.text
    assert "<textarea" not in part.text
    assert sam.get(poll_of(part.text), hx_request="true").status == 204


def test_the_part_tells_how_a_reply_fares_in_its_place(office: Office) -> None:
    case, sam = mine(office)
    office.desk.replies(case)
    poll = poll_of(sam.get(home(case)).text)
    office.desk.wait(seconds=6)
    office.desk.delivered()
    part = sam.get(poll, hx_request="true").text
    assert "hx-swap-oob" in part
    assert "Verstuurd" in part
    assert 'class="line' not in part


def test_the_part_begins_anew_when_something_that_was_shown_is_gone(office: Office) -> None:
    case, sam = mine(office)
    done = office.desk.replies(case)
    poll = poll_of(sam.get(home(case)).text)
    answer.undo(office.desk.runtime, office.desk.sam.id, str(done.reply))
    part = sam.get(poll, hx_request="true")
    assert part.headers["hx-reswap"] == "innerHTML"
    assert "Kom morgen" not in part.text
    assert "mens spreken" in part.text


def test_the_part_stops_and_says_why_when_the_case_went(office: Office) -> None:
    case, sam = mine(office)
    poll = poll_of(sam.get(home(case)).text)
    answer.release(office.desk.runtime, office.desk.sam.id, case.id)
    part = sam.get(poll, hx_request="true")
    assert (part.status, part.headers["hx-retarget"]) == (286, "#case-news")
    assert "mens spreken" not in part.text


@pytest.mark.parametrize("given", ["after=yesterday", "after=2026-11-23T09:00:00", "after=&shown=&states="])
def test_what_a_page_never_asked_does_no_harm(office: Office, given: str) -> None:
    case, sam = mine(office)
    assert sam.get(f"{home(case)}/timeline?{given}", hx_request="true").status in {200, 404}


# ---- where the case goes


def test_every_act_has_its_form_and_does_it(office: Office) -> None:
    desk = office.desk
    case, sam = mine(office)

    def act(name: str, **fields: str) -> str:
        version = str(desk.now(case).version)
        done = sam.post(f"{home(case)}/{name}", {"version": version, **fields})
        assert done.status == 303, (name, words_of_page(done.text)[:400])
        return done.location

    assert "note_written" in act("note", note="Belt liever niet")
    assert "case_snoozed" in act("snooze", until="tomorrow")
    assert desk.now(case).snoozed_until == desk.clock.now() + timedelta(hours=23)
    assert "weggelegd" in sam.get(home(case)).text
    assert act("release").startswith("/desk/queue")
    desk.taken(case)
    assert "case_snoozed" in act("snooze", until="next_week")
    assert desk.now(case).snoozed_until == desk.clock.now() + timedelta(days=6, hours=23)
    act("release")
    desk.taken(case)
    assert "case_snoozed" in act("snooze", until="moment", moment="2026-11-25T14:30")
    assert "case_transferred" in act("transfer", team="other", transfer_note="Gaat over gezondheid")
    assert desk.now(case).team == "other"


def test_closing_tells_how_it_ended_and_which_question_it_was(office: Office) -> None:
    case, sam = mine(office)
    question = next(iter(office.desk.runtime.knowledge.content.questions))
    html = sam.get(home(case)).text
    assert f'<option lang="nl" value="{question}"' in html
    declined = sam.post(f"{home(case)}/close", {"was_about": question})
    assert declined.status == 422
    assert "Kies hoe de zaak is afgelopen" in declined.text
    fields = {"outcome": "answered", "other_question": question, "answer_wanted": "yes", "version": str(case.version)}
    done = sam.post(f"{home(case)}/close", fields)
    assert done.location == "/desk?said=case_closed"
    closed = office.desk.now(case)
    assert (closed.state, closed.outcome, closed.was_about, closed.answer_wanted) == (
        "closed",
        "answered",
        question,
        True,
    )


def test_that_a_reply_went_out_is_no_news_to_who_closes_and_what_the_newcomer_wrote_is(office: Office) -> None:
    desk = office.desk
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    sam = office.signed_in(desk.sam)

    def forms() -> dict[str, str]:
        html = sam.get(home(case)).text
        html = html[html.index(f'action="{home(case)}/close"') :]
        return {"version": field(html, "version"), "seen": field(html, "seen"), "outcome": "answered"}

    shown = forms()
    said(talk, "wacht, nog iets")
    assert sam.post(f"{home(case)}/close", shown).status == 409
    desk.replies(case)
    shown = forms()
    said(talk, "en dit")
    # The page that refreshes itself has it on the screen, and its forms know.
    part = sam.get(f"{home(case)}/timeline?after=&shown=&states=", hx_request="true").text
    assert "en dit" in part
    shown |= {name: field(part, name) for name in ("version", "seen")}
    desk.wait(seconds=6)
    desk.delivered()  # the case waits for the newcomer now: another version
    assert sam.post(f"{home(case)}/close", shown).status == 303


@pytest.mark.parametrize(
    ("action", "fields", "status", "said"),
    [
        ("snooze", {"until": "moment", "moment": "2020-01-01T09:00"}, 422, "nog komt"),
        ("snooze", {"until": "moment", "moment": "soon"}, 422, "nog komt"),
        ("transfer", {"team": "other", "transfer_note": ""}, 422, "korte notitie"),
        ("transfer", {"team": "nowhere", "transfer_note": "Lees dit"}, 422, "ander team"),
        ("release", {"version": "1"}, 409, "intussen veranderd"),
        ("close", {"outcome": "joined"}, 422, "hoe de zaak is afgelopen"),
        ("note", {"note": ""}, 422, "niets geschreven"),
        ("take-over", {"takeover_reason": "haast"}, 422, "rol"),
        ("priority", {"priority": "urgent"}, 403, "rol"),
    ],
)
def test_what_is_declined_says_why_and_keeps_what_was_typed(
    office: Office, action: str, fields: dict[str, str], status: int, said: str
) -> None:
    case, sam = mine(office)
    declined = sam.post(f"{home(case)}/{action}", fields)
    assert said in declined.text
    assert declined.status == (403 if "rol" in said else status)
    for typed in fields.get("transfer_note", ""), fields.get("note", ""):
        assert typed in declined.text


def test_a_lower_priority_needs_a_reason(office: Office) -> None:
    desk = office.desk
    case = desk.taken(desk.asks(), desk.pia)
    pia = office.signed_in(desk.pia)
    assert pia.post(f"{home(case)}/priority", {"priority": "urgent"}).status == 303
    declined = pia.post(f"{home(case)}/priority", {"priority": "normal"})
    assert declined.status == 422
    assert "Schrijf waarom" in declined.text
    assert pia.post(f"{home(case)}/priority", {"priority": "normal", "priority_reason": "kan later"}).status == 303


def test_a_coordinator_takes_over_with_a_reason(office: Office) -> None:
    case, _ = mine(office)
    cora = office.signed_in(office.desk.cora)
    assert cora.post(f"{home(case)}/take-over", {"takeover_reason": ""}).status == 422
    page = cora.follow(cora.post(f"{home(case)}/take-over", {"takeover_reason": "Sam is ziek"}))
    assert "Cora" not in page.text
    assert "U nam de zaak over" in words_of_page(page.text)
    assert "Sam is ziek" in page.text


def test_forms_of_other_pages_and_without_a_token_do_nothing(office: Office) -> None:
    case, sam = mine(office)
    for action in ("reply", "draft", "undo", "note", "snooze", "release", "transfer", "close", "take", "open"):
        assert sam.post(f"{home(case)}/{action}", {"token": "wrong"}).status == 403
        assert sam.post(f"{home(case)}/{action}", sec_fetch_site="cross-site").status == 403
    assert office.desk.now(case).version == case.version


def test_the_page_of_a_long_history_offers_what_is_earlier(office: Office) -> None:
    talk = office.desk.newcomer()
    case = office.desk.taken(office.desk.asks(talk))
    for number in range(105):
        office.desk.wait(seconds=1)
        said(talk, f"bericht {number}.")
    sam = office.signed_in(office.desk.sam)
    html = sam.get(home(case)).text
    assert "mens spreken" not in words_of_page(html).split("Gesprek")[1]
    earlier = re.search(r'href="([^"]+\?before=[^"]+)"', html)
    assert earlier
    page = sam.get(earlier[1])
    assert "bericht 0." in page.text
    assert "bericht 104." not in page.text
    assert 'name="text"' not in page.text


def test_everything_stands_there_in_english_too(office: Office) -> None:
    case, _ = mine(office)
    office.desk.runtime.database.write(lambda work: work.users.change(office.desk.sam.id, interface="en"))
    html = office.signed_in(office.desk.sam).get(home(case)).text
    assert '<html lang="en"' in html
    assert "You took the case" in words_of_page(html)
    assert "{" not in words_of_page(html)


def test_no_value_is_left_open_on_any_page(office: Office) -> None:
    case, _ = mine(office)
    office.desk.answered(case)
    answer.transfer(office.desk.runtime, office.desk.sam.id, case.id, team="other", note="Voor u")
    answer.take(office.desk.runtime, office.desk.otto.id, case.id, version=office.desk.now(case).version)
    for who in (office.desk.otto, office.desk.sam, office.desk.cora):
        assert "{" not in words_of_page(office.signed_in(who).get(home(case)).text)
    file = open_file(office.desk.runtime, office.desk.otto.id, case.id)
    assert isinstance(file, CaseFile)
