"""Whatever somebody who is signed in posts, or asks for: no page of the console breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.consult import ask as ask_team
from bot.handoff.case import Role
from bot.participation.offers import When
from bot.participation.writing import Draft
from bot.publish import draft
from bot.store.consulting import QuestionRow
from bot.store.participation_rows import OfferRow
from bot.web.console.door import Door
from bot.web.console.site import DOORS
from tests.console.test_matrix import filled

if TYPE_CHECKING:
    from tests.console.conftest import Office

# Signing out would end it.
INNER = [door for door in DOORS if isinstance(door, Door) and door.path != "/desk/sign-out"]
# The names of every field there is, so that what is thought of gets past the first "it is empty".
FIELDS = (
    *("text", "note", "version", "seen", "conversation", "language", "reply", "until", "moment", "team", "outcome"),
    *("transfer_note", "priority", "priority_reason", "takeover_reason", "reason", "was_about", "other_question"),
    *("answer_wanted", "canned", "put", "original", "message", "number", "coach", "files", "messages", "journal"),
    *("grounds", "photos", "typed", "as", "x", "y", "w", "h", "do", "interface", "theme", "session", "password", "new"),
    *("again", "code", "key", "pseudonym", "sign_in", "roles", "teams", "languages", "active", "mail", "hours", "name"),
    *("organisation", "kind", "sort", "title", "body", "day", "begins", "ends", "repeats", "area", "capacity", "cost"),
    *("age_from", "age_to", "expires_on", "municipality", "tasks", "contact", "childcare"),
    *("subject", "read"),
    *("digest", "q", "in", "keep", "by", "page", "before", "after", "shown", "states", "turn", "zoom", "box"),
)
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["0", "-1", "9" * 30, "٣", "2026-11-23T09:00", "9999-12-31T23:59", "0001-01-01T00:00", "ar", "xx"]),
    st.sampled_from(["\x00", "{}", "%s", "a\r\nb: c", "<script>"]),
)


def test_nothing_that_is_posted_is_an_error_of_ours(office: Office) -> None:
    roles = [role.value for role in Role]
    desk = office.desk
    who = desk.runtime.database.write(
        lambda work: work.users.add("Robin", roles=roles, teams=["form_team"], now=desk.clock.now())
    )
    case = desk.taken(desk.asks(), by=who)
    chairs = Draft(kind="goods", sort="other", title="Stoelen", body="Vier stoelen.", when=When())
    offer = draft(desk.runtime, who.id, chairs, organisation="Kringloop")
    assert isinstance(offer, OfferRow)
    own = desk.runtime.database.read(lambda work: work.publishing.organisation_named("Kringloop"))
    desk.runtime.database.write(lambda work: work.users.change(who.id, organisation_id=own))
    question = ask_team(desk.runtime, who.id, team="form_team", text="Hoe bereik ik moeders?")
    assert isinstance(question, QuestionRow)

    @settings(max_examples=6 * len(INNER), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(INNER), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=12), st.text(max_size=12))
    def ask(door: Door, fields: dict[str, str], other: str) -> None:
        browser = office.signed_in(who)  # what was posted before may have ended its sessions
        path = filled(
            door.path.replace("{offer}", offer.id).replace("{question}", question.id), case=case.id, user=desk.kim.id
        )
        for method in door.methods:
            if method == "POST":
                found = browser.post(path, fields)
            else:
                found = browser.get(f"{path}?{urlencode(fields)}&{quote(other)}={quote(other)}")
            told = (method, path, fields, found.text[:300])
            # No Telegram is set up here to tie.
            assert found.status < 500 or (found.status == 503 and path.endswith("/notifications/tie")), told

    ask()
