"""
Every role before every door, at cases of the own team and of another: exactly who may is let in.

Who may is written out here once more, by hand, so that a table that is loosened by mistake does not pass unseen. A door
that nobody wrote a line for fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bot.answer import Done, close
from bot.domain.turn import Attachment
from bot.handoff.case import Outcome, Role
from bot.web.console.case import CASE
from bot.web.console.door import Door, FrontDoor
from bot.web.console.site import DOORS
from tests.desk.conftest import said

if TYPE_CHECKING:
    from bot.store.rows import CaseRow, UserRow
    from bot.store.work import Work
    from tests.console.conftest import Office, Person

V, C, P, O, E, A, G = (  # noqa: E741  # a letter for each role, as in the tables below
    frozenset({role})
    for role in (
        Role.VOLUNTEER,
        Role.COACH,
        Role.PROFESSIONAL,
        Role.COORDINATOR,
        Role.CONTENT_EDITOR,
        Role.ADMINISTRATOR,
        Role.ORGANISER,
    )
)
HELPERS = V | C | P | O
ALL = HELPERS | E | A | G
NOBODY: frozenset[Role] = frozenset()

# ---- who may open a page, and post to it, where no case is named
PAGES = {
    "/desk": ALL,
    "/desk/next": HELPERS,
    "/desk/shift": ALL,
    "/desk/shift/end": ALL,
    "/desk/queue": HELPERS,
    "/desk/group": C,
    "/desk/group/codes": C,
    "/desk/group/codes/withdraw": C,
    # Of these a coach opens those of their own group: see test_group.
    "/desk/group/{newcomer}": C,
    "/desk/group/{newcomer}/enrol": C,
    "/desk/group/{newcomer}/told": C,
    "/desk/group/{newcomer}/layer": C,
    "/desk/group/{newcomer}/add": C,
    "/desk/group/{newcomer}/end": C,
    "/desk/group/{newcomer}/pause": C,
    "/desk/group/{newcomer}/resume": C,
    "/desk/group/{newcomer}/template": C,
    "/desk/group/{newcomer}/tasks/{task}": C,
    "/desk/replies": HELPERS | E,
    "/desk/replies/sign": HELPERS | E,
    "/desk/group/sessions": C,
    "/desk/group/sessions/{session}": C,
    "/desk/group/sessions/{session}/move": C,
    "/desk/group/sessions/{session}/cancel": C,
    "/desk/group/sessions/{session}/invite": C,
    "/desk/group/sessions/{session}/attendance": C,
    "/desk/group/message": C,
    "/desk/group/message/undo": C,
    # Of these an organiser opens those of their own organisation: see test_offers.
    "/desk/offers": G | O,
    "/desk/offers/new": G | O,
    "/desk/offers/{offer}": G | O,
    "/desk/offers/{offer}/change": G | O,
    "/desk/offers/{offer}/texts": G | O,
    "/desk/offers/{offer}/submit": G | O,
    "/desk/offers/{offer}/withdraw": G | O,
    "/desk/offers/{offer}/approve": G | O,
    "/desk/offers/{offer}/decline": G | O,
    "/desk/offers/{offer}/cancel": G | O,
    "/desk/offers/{offer}/times/{occasion}/cancel": G | O,
    # Of these an organiser opens those of their own organisation, and others those of their team: see test_questions.
    "/desk/questions": G | HELPERS,
    "/desk/questions/new": G,
    "/desk/questions/{question}": G | HELPERS,
    "/desk/questions/{question}/answer": G | HELPERS,
    "/desk/questions/{question}/close": G | HELPERS,
    "/desk/questions/{question}/note": G | HELPERS,
    "/desk/questions/{question}/note/take": G | HELPERS,
    "/desk/questions/{question}/note/decline": G | HELPERS,
    "/desk/notes": ALL,
    "/desk/notes/{note}/remove": O,
    "/desk/matches": O,
    "/desk/matches/look": O,
    "/desk/matches/approve": O,
    "/desk/matches/refuse": O,
    "/desk/team": HELPERS | A,
    "/desk/team/group": O,
    "/desk/team/group/leave": O,
    "/desk/counts": O | A,
    "/desk/counts.csv": O | A,
    "/desk/privacy": O | A,
    "/desk/privacy/log": O | A,
    "/desk/privacy/export": O | A,
    "/desk/privacy/erase": O | A,
    "/desk/privacy/retention": A,
    "/desk/privacy/photos": A,
    "/desk/settings": ALL,
    "/desk/settings/look": ALL,
    "/desk/settings/sessions": ALL,
    "/desk/settings/password": ALL,
    "/desk/settings/app": ALL,
    "/desk/settings/recovery-codes": ALL,
    "/desk/settings/provider": ALL,
    "/desk/settings/notifications": ALL,
    "/desk/settings/notifications/tie": ALL,
    "/desk/settings/notifications/untie": ALL,
    "/desk/settings/notifications/test": ALL,
    "/desk/settings/people": A,
    "/desk/settings/people/{user}": A,
    "/desk/settings/people/{user}/invite": A,
    "/desk/settings/people/{user}/switch": A,
    "/desk/sign-out": ALL,
    "/desk/group/{newcomer}/plan.pdf": C,
    "/desk/group/{newcomer}/plan.ics": C,
}

# What is posted where less would be declined for another reason than who it is.
PAGE_FIELDS = {
    "/desk/privacy/retention": {"files": "30", "messages": "90", "journal": "365", "grounds": "zo besloten"},
    "/desk/privacy/photos": {"photos": "forbid", "grounds": "zo besloten"},
}

# ---- where a case stands, as seen by one person of the form team
WAITING, MINE, THEIRS = "waits in my team", "is mine", "a colleague has it"
ELSEWHERE, ELSEWHERE_TAKEN = "waits in another team", "somebody of another team has it"
GROUP = "another team has it, and its newcomer is in my group"
STANDINGS = (WAITING, MINE, THEIRS, ELSEWHERE, ELSEWHERE_TAKEN, GROUP)

# Who reads the newcomer's words, without giving a reason first; with a reason a coordinator of the team does too.
READS = {WAITING: NOBODY, MINE: HELPERS, THEIRS: NOBODY, ELSEWHERE: NOBODY, ELSEWHERE_TAKEN: NOBODY, GROUP: C}
WITH_A_REASON = {WAITING: O, THEIRS: O}
# Who sees that there is a case at all.
OUTSIDE = {WAITING: HELPERS, MINE: HELPERS, THEIRS: HELPERS, ELSEWHERE: NOBODY, ELSEWHERE_TAKEN: NOBODY, GROUP: C}

READING = (
    "/timeline",
    "/files/{file}",
    "/files/{file}/content",
    "/files/{file}/redact",
    "/sent/{sent}",
)

# ---- who may do what, by where the case stands. Where nothing is said, nobody.
MAY = {
    "take": {WAITING: HELPERS, MINE: HELPERS},  # who clicks twice has it
    "open": {WAITING: O, MINE: HELPERS, THEIRS: O, GROUP: C},
    "take-over": {WAITING: O, MINE: O, THEIRS: O},
    "draft": {WAITING: O, MINE: HELPERS, THEIRS: O},  # who may write a note
    "reply": {MINE: HELPERS},
    "reopen": {},  # none of these is closed: see below
    "note": {WAITING: O, MINE: HELPERS, THEIRS: O},
    "snooze": {MINE: HELPERS},
    "release": {MINE: HELPERS, THEIRS: O},
    "transfer": {MINE: HELPERS, THEIRS: O},
    "priority": {WAITING: P | O, MINE: P | O, THEIRS: P | O},
    "close": {WAITING: O, MINE: HELPERS, THEIRS: O},
    "canned": {},  # this small assistant has none: see test_replies
    "translate": {},  # nor a translator: see test_relay
    "undo": {},  # only who wrote the reply: see test_case
    "files/{file}/redact": {MINE: HELPERS, GROUP: C},
    "files/{file}/delete": {MINE: HELPERS, GROUP: C},
}
FIELDS = {
    "take": {},
    "open": {"reason": "ik kijk mee"},
    "take-over": {"takeover_reason": "ik neem het over"},
    "reopen": {"reopen_reason": "er is nieuws"},
    "draft": {"text": "bijna klaar", "language": "nl"},
    "reply": {"text": "Kom morgen naar het infopunt", "language": "nl"},
    "note": {"note": "belt morgen terug"},
    "snooze": {"until": "tomorrow"},
    "release": {},
    "transfer": {"team": "other", "transfer_note": "meer iets voor jullie"},
    "priority": {"priority": "urgent", "priority_reason": ""},
    "close": {"outcome": "answered"},
    "canned": {"canned": "greeting"},
    "translate": {"text": "Kom morgen"},
    "undo": {"reply": "0"},
    "files/{file}/redact": {"do": "apply", "x": "0", "y": "0", "w": "50", "h": "50"},
    "files/{file}/delete": {},
}
SECRET = "mijn buurman heeft de sleutel van de kelder"


@dataclass
class Place:
    """One person of one role at the desk, and the cases around them."""

    office: Office
    who: UserRow
    browser: Person

    def case(self, standing: str) -> tuple[CaseRow, dict[str, str]]:
        """Return a new case that stands there, and the ids of its files."""
        desk = self.office.desk
        talk = desk.newcomer()
        said(talk, SECRET)
        case = desk.asks(talk)
        team = "form_team" if standing in {WAITING, MINE, THEIRS} else "other"
        owner = {MINE: self.who, THEIRS: desk.kim, ELSEWHERE_TAKEN: desk.otto, GROUP: desk.otto}.get(standing)
        is_theirs = standing == GROUP
        ids = desk.runtime.database.write(lambda work: self._around(work, case, team, owner, in_group=is_theirs))
        return desk.now(case), ids

    def _around(self, work: Work, case: CaseRow, team: str, owner: UserRow | None, *, in_group: bool) -> dict[str, str]:
        now = self.office.desk.clock.now()
        work.cases.wind(case.id, now, team=team)
        if in_group:
            work.newcomers.set_coach(case.newcomer_id, self.who.id)
        if owner is not None:
            claimed = work.cases.claim(case.id, case.version, owner.id, now)
            assert claimed is not None
            work.cases.route_all(case.newcomer_id)
        message = work.inbox.all_for(case.conversation_id)[0]
        photo = Attachment(reference="r", media_type="image/jpeg")
        work.attachments.expect(case.conversation_id, message.id, 0, photo, status="wanted", now=now)
        file = work.attachments.for_inbound(message.id)[0].id
        work.attachments.fetched(file, picture(), "image/jpeg", now)
        return {"file": file}


def picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (60, 40), "white").save(made, "JPEG")
    return made.getvalue()


@pytest.fixture(params=sorted(ALL), ids=lambda role: role.value)
def place(request: pytest.FixtureRequest, office: Office) -> Place:
    role: Role = request.param
    who = office.desk.runtime.database.write(
        lambda work: work.users.add("Robin", roles=[role.value], teams=["form_team"], now=office.desk.clock.now())
    )
    return Place(office=office, who=who, browser=office.signed_in(who))


def role_of(place: Place) -> Role:
    (role,) = place.who.roles
    return Role(role)


def of_cases(door: Door | FrontDoor) -> bool:
    return door.path.startswith("/desk/cases/")


def test_every_door_has_a_line_here() -> None:
    inside = [door for door in DOORS if isinstance(door, Door)]
    cases = [door for door in inside if of_cases(door)]
    pages = {door.path for door in inside if not of_cases(door)}
    assert pages == set(PAGES)
    tails = {door.path.replace("{case}", "{case_id}").removeprefix(CASE).lstrip("/"): door for door in cases}
    posts = {tail for tail, door in tails.items() if "POST" in door.methods}
    assert posts == set(MAY) == set(FIELDS)
    looks = {tail.replace("{file_id}", "{sent}") for tail in tails}
    assert looks - posts - {"", "held", "translation"} <= {tail.lstrip("/") for tail in READING}


def test_before_signing_in_only_the_front_doors_answer(office: Office) -> None:
    stranger = office.stranger()
    for door in DOORS:
        path = filled(door.path, case="x", file="x", user="x")
        for method in door.methods:
            found = stranger.get(path) if method == "GET" else stranger.post(path)
            if isinstance(door, Door):
                assert found.location.startswith("/desk/sign-in?next=") or found.status in {401, 403}, (method, path)
    assert stranger.get("/desk/events").status in {303, 401}


def filled(path: str, *, case: str, file: str = "x", user: str = "x", sent: str = "x") -> str:
    ids = {"case_id": case, "case": case, "file_id": sent, "file": file, "sent": sent, "user": user}
    ids |= {"newcomer": "x", "task": "x", "offer": "x", "occasion": "x", "question": "x", "note": "x"}
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def test_pages_without_a_case(place: Place) -> None:
    role, kim = role_of(place), place.office.desk.kim
    for door in [door for door in DOORS if isinstance(door, Door) and not of_cases(door)]:
        path = filled(door.path, case="x", user=kim.id)
        for method in door.methods:
            browser = place.office.signed_in(place.who)  # signing out ends only this one
            found = browser.get(path) if method == "GET" else browser.post(path, PAGE_FIELDS.get(door.path))
            may = role in PAGES[door.path]
            if not may:
                assert found.status == 403, (role, method, path, found.status)
            elif method == "GET":
                # There is no provider here to sign in with, no session, no offer, nor a newcomer of this name in
                # anybody's group. An organiser's day is their offers.
                nothing = path.endswith("/provider") or any(
                    name in door.path for name in ("{newcomer}", "{session}", "{offer}", "{question}")
                )
                there = 303 if role is Role.ORGANISER and path == "/desk" else 200
                assert found.status == (404 if nothing else there), (role, path, found.status)
            else:
                assert found.status not in {403, 500}, (role, path, found.status)


@pytest.mark.parametrize("standing", STANDINGS)
def test_reading_a_case(place: Place, standing: str) -> None:
    role = role_of(place)
    case, ids = place.case(standing)
    home = f"/desk/cases/{case.id}"
    page = place.browser.get(home)
    reads = role in READS[standing]
    assert (SECRET in page.text) == reads
    assert (page.status == 200) == (role in OUTSIDE[standing]), page.status
    for tail in READING:
        if tail == "/sent/{sent}":
            continue
        found = place.browser.get(home + filled(tail, case=case.id, **ids))
        # The part that refreshes itself says "nothing new" by 204 to who may, "stop asking" by 286 to who may not.
        assert (found.status in {200, 204}) == reads, (tail, found.status)
        assert reads or SECRET.encode() not in found.body
        assert reads or not found.body.startswith(b"\xff\xd8")
    for tail in ("/held?reply=x", "/sent/x", "/translation?message=x"):
        assert SECRET not in place.browser.get(home + tail).text


@pytest.mark.parametrize("standing", [WAITING, THEIRS, ELSEWHERE, ELSEWHERE_TAKEN])
def test_a_reason_opens_it_for_coordinators_of_the_team_only(place: Place, standing: str) -> None:
    case, _ = place.case(standing)
    place.browser.post(f"/desk/cases/{case.id}/open", {"reason": "een klacht van de gemeente"})
    may = role_of(place) in WITH_A_REASON.get(standing, NOBODY)
    assert (SECRET in place.browser.get(f"/desk/cases/{case.id}").text) == may
    place.office.desk.wait(hours=1, minutes=1)
    assert SECRET not in place.browser.get(f"/desk/cases/{case.id}").text


@pytest.mark.parametrize("standing", STANDINGS)
def test_doing_something_with_a_case(place: Place, standing: str) -> None:
    role = role_of(place)
    around: tuple[CaseRow, dict[str, str]] | None = None
    for act, allowed in MAY.items():
        case, ids = around = around or place.case(standing)
        before = events(place, case)
        fields = {
            "version": str(case.version),
            "conversation": case.conversation_id,
            "seen": str(place.office.desk.newest(case)),
            **FIELDS[act],
        }
        found = place.browser.post(f"/desk/cases/{case.id}/{filled(act, case=case.id, **ids)}", fields)
        may = role in allowed.get(standing, NOBODY)
        assert (found.status == 303) == may, (role, standing, act, found.status)
        assert found.status != 500
        if may:
            around = None  # it is another case now
        else:
            assert events(place, case) == before, (role, standing, act)
            assert SECRET not in found.text or role in READS[standing]


def test_a_closed_case_is_opened_again_by_a_coordinator_of_its_team(place: Place) -> None:
    for standing in (THEIRS, ELSEWHERE_TAKEN):
        case, _ = place.case(standing)
        who = {THEIRS: place.office.desk.kim, ELSEWHERE_TAKEN: place.office.desk.otto}[standing]
        assert isinstance(close(place.office.desk.runtime, who.id, case.id, outcome=Outcome.ANSWERED), Done)
        found = place.browser.post(f"/desk/cases/{case.id}/reopen", {"reopen_reason": "er is nieuws"})
        may = standing == THEIRS and role_of(place) in O
        assert (found.status == 303) == may, (standing, found.status)
        assert place.office.desk.now(case).state == ("queued" if may else "closed")


def events(place: Place, case: CaseRow) -> list[str]:
    return [event.kind for event in place.office.desk.events(case)]


def test_a_role_that_is_taken_away_is_gone_at_the_next_click(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    assert sam.get("/desk/queue").status == 200
    office.desk.runtime.database.write(
        lambda work: work.users.change(office.desk.sam.id, roles_json=["content_editor"])
    )
    assert sam.get("/desk/queue").status == 403


def test_a_team_that_is_left_is_shut_at_the_next_click(office: Office) -> None:
    case = office.desk.taken(office.desk.asks())
    sam = office.signed_in(office.desk.sam)
    assert sam.get(f"/desk/cases/{case.id}").status == 200
    office.desk.runtime.database.write(lambda work: work.users.change(office.desk.sam.id, teams_json=["other"]))
    assert sam.get(f"/desk/cases/{case.id}").status == 403
    assert sam.post(f"/desk/cases/{case.id}/note", {"note": "x"}).status == 403
