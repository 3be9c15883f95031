"""Signing in over HTTP: the whole way in and out, and every way that must not lead in."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from bot import appoint, sign_in
from bot.appoint import Appointed, Known, Person
from bot.safety import passwords
from bot.sign_in import wait_after
from bot.web.console.entrance import COOKIE
from tests.console.conftest import words_of_page

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from tests.console.conftest import Office, Reply
    from tests.console.conftest import Person as Browser

PASSWORD = "vier losse woorden samen"
SAME_TEAM = Known(teams=["form_team", "other"], languages=["nl", "ar"])


def hired(office: Office, name: str = "nora", *roles: str) -> Appointed:
    """Add somebody; return them with their link."""
    person = Person(
        pseudonym=name.capitalize(),
        sign_in=name,
        roles=frozenset(roles or ["volunteer"]),
        teams=frozenset(["form_team"]),
    )
    done = appoint.add(office.desk.runtime.database, person, SAME_TEAM, office.desk.clock.now())
    assert isinstance(done, Appointed), done
    return done


def hidden(page: Reply, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return unescape(found[1])


def code_of(office: Office, key: str, *, steps: int = 0) -> str:
    moment = office.desk.clock.now() + timedelta(seconds=30 * steps)
    return pyotp.TOTP(key).at(int(moment.timestamp()))


def set_up(office: Office, link: str, browser: Browser, password: str = PASSWORD) -> tuple[str, list[str], Reply]:
    """Use an invitation up to its end; return the app's key, the recovery codes, and the last page."""
    first = browser.get(f"/desk/invitation?link={link}")
    assert first.status == 200
    chosen = browser.post("/desk/invitation", {"link": link, "password": password, "again": password})
    app = browser.follow(chosen)
    key = hidden(app, "key")
    done = browser.post("/desk/invitation/app", {"link": link, "key": key, "code": code_of(office, key)})
    return key, re.findall(r"<code>([a-z0-9-]+)</code>", done.text), done


def working(office: Office, name: str = "nora", *roles: str) -> tuple[str, list[str]]:
    """Add somebody who can sign in; return the app's key and the recovery codes."""
    link = hired(office, name, *roles).link
    assert link
    browser = office.stranger()
    key, codes, done = set_up(office, link, browser)
    assert done.status == 200
    browser.post("/desk/sign-out")
    office.desk.wait(seconds=90)  # past the codes that were used
    return key, codes


def gives_password(browser: Browser, name: str = "nora", password: str = PASSWORD, **more: str) -> Reply:
    browser.get("/desk/sign-in")
    return browser.post("/desk/sign-in", {"name": name, "password": password, **more})


def gives_code(browser: Browser, code: str, **more: str) -> Reply:
    return browser.post("/desk/sign-in/code", {"code": code, **more})


def comes_in(office: Office, key: str, name: str = "nora", password: str = PASSWORD) -> Browser:
    browser = office.stranger()
    assert gives_password(browser, name, password).location.startswith("/desk/sign-in/code")
    assert gives_code(browser, code_of(office, key)).location == "/desk"
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/desk/settings").status == 200


# ---- the whole way


def test_from_an_invitation_to_the_desk_and_out_again(office: Office) -> None:
    link = hired(office).link
    assert link
    browser = office.stranger()
    key, codes, done = set_up(office, link, browser)
    assert (done.status, len(codes), len(set(codes))) == (200, 10, 10)
    assert is_in(browser)

    out = browser.post("/desk/sign-out")
    assert out.location == "/desk/sign-in?said=signed_out"
    assert "U bent uitgelogd." in browser.follow(out).text
    assert not is_in(browser)

    office.desk.wait(minutes=2)
    again = comes_in(office, key)
    assert is_in(again)


def test_the_cookie_is_kept_to_the_desk_and_away_from_scripts(office: Office) -> None:
    working(office)
    browser = office.stranger()
    kept = gives_password(browser).headers["set-cookie"]

    assert kept.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=lax", "path=/desk"} <= set(kept.lower().split("; "))
    assert "secure" not in kept.lower()  # this server is asked by http; behind https it is


def test_each_step_has_a_cookie_of_its_own(office: Office) -> None:
    """What somebody planted in a browser before opens nothing afterwards, and half the way opens nothing."""
    key, _ = working(office)
    browser = office.stranger()
    browser.get("/desk/sign-in")
    before = browser.secret
    gives_password(browser)
    half = browser.secret
    assert not is_in(browser)
    gives_code(browser, code_of(office, key))

    assert len({before, half, browser.secret}) == 3
    for old in (before, half):
        stale = office.stranger()
        stale.secret = old
        assert not is_in(stale)


def test_password_managers_know_each_field(office: Office) -> None:
    link = hired(office).link
    browser = office.stranger()
    first = browser.get("/desk/sign-in").text
    invitation = browser.get(f"/desk/invitation?link={link}").text
    browser.post("/desk/invitation", {"link": str(link), "password": PASSWORD, "again": PASSWORD})
    app = browser.get(f"/desk/invitation/app?link={link}").text

    assert 'autocomplete="username"' in first
    assert 'autocomplete="current-password"' in first
    assert invitation.count('autocomplete="new-password"') == 2
    assert 'autocomplete="username"' in invitation
    assert 'autocomplete="one-time-code"' in app
    assert 'src="data:image/svg+xml' in app
    assert "onpaste" not in first + invitation + app


def test_a_password_may_begin_and_end_with_a_blank(office: Office) -> None:
    link = hired(office).link
    assert link
    key, _, _ = set_up(office, link, office.stranger(), password="  vier losse woorden ")
    office.desk.wait(seconds=90)

    assert gives_password(office.stranger(), password="vier losse woorden").status == 422
    comes_in(office, key, password="  vier losse woorden ")


# ---- invitations


def test_looking_at_an_invitation_uses_nothing_up_and_using_it_does(office: Office) -> None:
    link = hired(office).link
    assert link
    for _ in range(3):
        assert office.stranger().get(f"/desk/invitation?link={link}").status == 200
    set_up(office, link, office.stranger())

    for path in (f"/desk/invitation?link={link}", f"/desk/invitation/app?link={link}"):
        assert office.stranger().get(path).status == 410
    late = office.stranger()
    late.get("/desk/sign-in")
    assert late.post("/desk/invitation", {"link": link, "password": "x" * 20, "again": "x" * 20}).status == 410


def test_an_invitation_lasts_a_week_and_the_next_one_replaces_it(office: Office) -> None:
    done = hired(office)
    database, clock = office.desk.runtime.database, office.desk.clock
    office.desk.wait(days=6, hours=23)
    assert office.stranger().get(f"/desk/invitation?link={done.link}").status == 200
    newer = appoint.invite(database, done.user.id, clock.now())
    assert isinstance(newer, Appointed)

    assert office.stranger().get(f"/desk/invitation?link={done.link}").status == 410
    assert office.stranger().get(f"/desk/invitation?link={newer.link}").status == 200
    office.desk.wait(days=7, seconds=1)
    assert office.stranger().get(f"/desk/invitation?link={newer.link}").status == 410


def test_who_broke_off_goes_on_with_the_same_link_and_comes_in_no_other_way(office: Office) -> None:
    link = hired(office).link
    assert link
    browser = office.stranger()
    browser.get(f"/desk/invitation?link={link}")
    browser.post("/desk/invitation", {"link": link, "password": PASSWORD, "again": PASSWORD})

    assert gives_password(office.stranger()).status == 422  # a password alone is no account yet
    _, codes, done = set_up(office, link, office.stranger())
    assert (done.status, len(codes)) == (200, 10)


def test_a_new_invitation_ends_what_was_there_before(office: Office) -> None:
    key, codes = working(office)
    browser = comes_in(office, key)
    nora = office.desk.runtime.database.read(lambda work: work.users.by_sign_in("nora"))
    assert nora
    anew = appoint.invite(office.desk.runtime.database, nora.id, office.desk.clock.now())
    assert isinstance(anew, Appointed)
    assert anew.link
    assert is_in(browser)  # until the link is used, everything goes on
    set_up(office, anew.link, office.stranger(), password="heel andere woorden nu")
    office.desk.wait(seconds=90)

    assert not is_in(browser)
    assert gives_password(office.stranger()).status == 422
    half = office.stranger()
    gives_password(half, password="heel andere woorden nu")
    assert gives_code(half, code_of(office, key)).status == 422
    assert half.post("/desk/sign-in/code", {"recovery": codes[0]}).status == 422


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elf tekens.", "te kort"),
        ("x" * 250 + "abcdefg", "te lang"),
        ("nora12345678", "inlognaam"),
        ("noranoranora", "inlognaam"),
        ("wachtwoord123", "te vaak gebruikt"),
        ("Welkom2026!!", "te vaak gebruikt"),
        ("123456789012", "te vaak gebruikt"),
        ("aaaaaaaaaaaaaa", "te vaak gebruikt"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, why: str, office: Office) -> None:
    link = hired(office).link
    assert link
    browser = office.stranger()
    browser.get(f"/desk/invitation?link={link}")
    refused = browser.post("/desk/invitation", {"link": link, "password": password, "again": password})

    assert refused.status == 422
    assert why in words_of_page(refused.text)


def test_two_passwords_that_differ_are_refused(office: Office) -> None:
    link = hired(office).link
    assert link
    browser = office.stranger()
    browser.get(f"/desk/invitation?link={link}")
    refused = browser.post("/desk/invitation", {"link": link, "password": PASSWORD, "again": PASSWORD + "x"})

    assert refused.status == 422
    assert "niet gelijk" in words_of_page(refused.text)


# ---- the second factor


def test_no_code_counts_twice(office: Office) -> None:
    key, _ = working(office)
    code = code_of(office, key)
    first, second = office.stranger(), office.stranger()
    gives_password(first)
    gives_password(second)

    assert gives_code(first, code).status == 303
    assert gives_code(second, code).status == 422
    assert gives_code(second, code_of(office, key, steps=-1)).status == 422  # nor an earlier one after it
    office.desk.wait(seconds=30)
    assert gives_code(second, code_of(office, key)).status == 303


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_a_clock_may_be_one_step_off(steps: int, status: int, office: Office) -> None:
    key, _ = working(office)
    office.desk.wait(minutes=5)
    browser = office.stranger()
    gives_password(browser)

    assert gives_code(browser, code_of(office, key, steps=steps)).status == status


def test_each_recovery_code_lets_in_once(office: Office) -> None:
    _, codes = working(office)
    browser, other = office.stranger(), office.stranger()
    gives_password(browser)
    came = browser.post("/desk/sign-in/code", {"recovery": f" {codes[3].upper().replace('-', ' ')} "})
    gives_password(other)

    assert came.location == "/desk/settings?said=recovery_used"
    assert "Ongebruikte herstelcodes: 9." in words_of_page(browser.follow(came).text)
    assert other.post("/desk/sign-in/code", {"recovery": codes[3]}).status == 422
    assert other.post("/desk/sign-in/code", {"recovery": codes[4]}).status == 303


def test_the_minutes_after_the_password_end(office: Office) -> None:
    key, _ = working(office)
    browser = office.stranger()
    gives_password(browser)
    office.desk.wait(minutes=11)

    assert gives_code(browser, code_of(office, key)).location.startswith("/desk/sign-in?said=sign_in_over")
    assert not is_in(browser)


def test_half_way_in_opens_no_page_at_all(office: Office) -> None:
    working(office, "ada", "administrator")
    browser = office.stranger()
    gives_password(browser, "ada")

    for path in ("/desk/settings", "/desk/settings/people", "/desk/settings/app"):
        assert browser.get(path).location.startswith("/desk/sign-in?next=")


# ---- nobody learns who has an account


def test_every_wrong_way_looks_the_same(office: Office) -> None:
    working(office)
    working(office, "olaf")
    hired(office, "invited")
    olaf = office.desk.runtime.database.read(lambda work: work.users.by_sign_in("olaf"))
    assert olaf
    appoint.switch_off(office.desk.runtime.database, olaf.id)

    answers = set()
    for name in ("nora", "nobody", "olaf", "invited", "", "x\x00y", "' or 1=1 --", "é" * 300):
        browser = office.stranger()
        reply = gives_password(browser, name, "not the password at all")
        body = re.sub(r'(name="(?:token|name)"[^>]*?value=)"[^"]*"', r"\1", reply.text)
        answers.add((reply.status, body, COOKIE in reply.headers.get("set-cookie", "")))

    assert len(answers) == 1
    assert gives_password(office.stranger(), "olaf").status == 422  # with the right password too


def test_an_unknown_name_costs_the_same_work(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    working(office)
    looked: list[bool] = []
    real = passwords._HASHER.verify
    monkeypatch.setattr(
        passwords, "_HASHER", type("Counting", (), {
            "verify": lambda _self, kept, given: (looked.append(True), real(kept, given))[1],
            "check_needs_rehash": lambda _self, _kept: False,
        })()
    )  # fmt: skip
    gives_password(office.stranger(), "nora", "wrong wrong wrong")
    gives_password(office.stranger(), "nobody", "wrong wrong wrong")

    assert looked == [True, True]


# ---- throttling


def test_after_five_wrong_ones_not_even_the_right_one_counts(office: Office, clock: HeldClock) -> None:
    key, _ = working(office)
    browser = office.stranger()
    for _ in range(5):
        assert gives_password(browser, password="wrong wrong wrong").status == 422
    blocked = gives_password(browser)
    wrong = gives_password(browser, password="wrong wrong wrong")

    assert (blocked.status, wrong.status) == (429, 429)
    assert "Wacht 1 min." in words_of_page(blocked.text)
    assert words_of_page(blocked.text) == words_of_page(wrong.text)
    clock.wait(minutes=1)
    assert gives_password(browser, password="wrong wrong wrong").status == 422
    assert "Wacht 2 min." in words_of_page(gives_password(browser).text)
    clock.wait(minutes=2)
    assert gives_password(browser).status == 303
    assert gives_code(browser, code_of(office, key)).status == 303


def test_an_unknown_name_is_throttled_alike(office: Office) -> None:
    for _ in range(5):
        assert gives_password(office.stranger(), "nobody").status == 422

    assert gives_password(office.stranger(), "NOBODY ").status == 429


def test_one_address_that_tries_many_names_waits(office: Office) -> None:
    working(office)
    for number in range(20):
        assert gives_password(office.stranger(), f"name{number}").status == 422

    assert gives_password(office.stranger(), "nora").status == 429


def test_codes_cannot_be_guessed_at_leisure(office: Office) -> None:
    key, _ = working(office)
    browser = office.stranger()
    gives_password(browser)
    for _ in range(5):
        assert gives_code(browser, "000000").status == 422
    other = office.stranger()
    gives_password(other)  # another browser does not help

    assert gives_code(other, code_of(office, key)).status == 429


def test_who_is_right_is_not_counted(office: Office) -> None:
    key, _ = working(office)
    for _ in range(8):
        office.desk.wait(seconds=60)
        comes_in(office, key)


def test_the_wait_grows_and_stops_growing(clock: HeldClock) -> None:
    now = clock.now()
    waits = [wait_after([now] * tries, 5, now) / timedelta(minutes=1) for tries in (4, 5, 6, 7, 9, 10, 40)]

    assert waits == [0, 1, 2, 4, 16, 30, 30]
    assert wait_after([now - timedelta(minutes=1)] * 5, 5, now) == timedelta(0)


def test_names_addresses_and_codes_are_nowhere_in_the_tables(office: Office, tmp_path: Path) -> None:
    working(office)
    link = hired(office, "ben").link
    gives_password(office.stranger(), "somebody@example.org", "wrong wrong wrong")
    office.desk.runtime.database.scrub()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("desk.sqlite*"))
    assert len(stored) > 10_000

    for word in ("somebody@example.org", "127.0.0.1", PASSWORD, str(link)):
        assert word.encode() not in stored


# ---- sessions


def test_a_revoked_session_is_out_at_once(office: Office) -> None:
    key, _ = working(office)
    phone = comes_in(office, key)
    office.desk.wait(seconds=60)
    laptop = comes_in(office, key)
    shown = laptop.get("/desk/settings").text
    (other,) = re.findall(r'name="session" value="([^"]+)"', shown)
    assert laptop.post("/desk/settings/sessions", {"session": other}).status == 303

    assert not is_in(phone)
    assert is_in(laptop)


def test_nobody_ends_the_session_of_another(office: Office) -> None:
    key, _ = working(office)
    nora = comes_in(office, key)
    found = office.desk.runtime.database.read(lambda work: work.users.by_sign_in("nora"))
    assert found
    (session,) = office.desk.runtime.database.read(lambda work: work.sessions.of(found.id, office.desk.clock.now()))
    office.signed_in(office.desk.sam).post("/desk/settings/sessions", {"session": session.id})

    assert is_in(nora)


def test_everywhere_else_and_everywhere(office: Office) -> None:
    sam = [office.signed_in(office.desk.sam) for _ in range(3)]
    sam[0].post("/desk/settings/sessions")
    assert [is_in(browser) for browser in sam] == [True, False, False]

    sam.append(office.signed_in(office.desk.sam))
    sam[0].post("/desk/sign-out", {"everywhere": "1"})
    assert [is_in(browser) for browser in sam] == [False] * 4


def test_an_account_that_is_switched_off_is_out_at_once(office: Office) -> None:
    key, _ = working(office)
    browser = comes_in(office, key)
    nora = office.desk.runtime.database.read(lambda work: work.users.by_sign_in("nora"))
    assert nora
    case = office.desk.taken(office.desk.asks(), by=nora)
    appoint.switch_off(office.desk.runtime.database, nora.id)

    assert not is_in(browser)
    office.desk.attend()
    assert office.desk.now(case).state == "queued"
    appoint.switch_on(office.desk.runtime.database, nora.id)
    assert not is_in(browser)  # on again, it still is a new sign-in
    office.desk.wait(seconds=60)
    comes_in(office, key)


def test_a_session_ends_by_itself(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    office.desk.wait(hours=11)
    assert is_in(sam)
    office.desk.wait(hours=11)
    assert is_in(sam)
    office.desk.wait(hours=13)
    assert not is_in(sam)


# ---- forms from elsewhere, ways to elsewhere


@pytest.mark.parametrize("path", ["/desk/sign-in", "/desk/sign-in/code", "/desk/invitation", "/desk/invitation/app"])
def test_a_form_of_another_site_is_refused(path: str, office: Office) -> None:
    browser = office.stranger()
    browser.get("/desk/sign-in")

    assert browser.post(path, {}, sec_fetch_site="cross-site").status == 403
    assert browser.post(path, {}, origin="https://elsewhere.example").status == 403


def test_nobody_is_signed_in_under_anothers_name(office: Office) -> None:
    """Without Sec-Fetch-Site and Origin, the token of the browser's own cookie decides."""
    working(office)
    browser = office.stranger()
    browser.get("/desk/sign-in")
    for token in ("", "x" * 36):
        refused = browser.post("/desk/sign-in", {"name": "nora", "password": PASSWORD, "token": token})
        assert refused.status == 403
        assert "cookies" in words_of_page(refused.text)
    assert office.stranger().post("/desk/sign-in", {"name": "nora", "password": PASSWORD}).status == 403


def test_signing_out_needs_a_form_of_ours(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)

    assert sam.post("/desk/sign-out", {"token": "guessed"}).status == 403
    sam.get("/desk/sign-out")
    assert is_in(sam)


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("/desk/queue", "/desk/queue"),
        ("/desk/case/1?part=2", "/desk/case/1?part=2"),
        ("/desk", "/desk"),
        ("https://elsewhere.example/desk", "/desk"),
        ("//elsewhere.example/desk", "/desk"),
        ("/desk//elsewhere.example", "/desk"),
        ("/desk\\elsewhere.example", "/desk"),
        ("/deskelsewhere", "/desk"),
        ("/desk/../preview", "/desk"),
        ("/desk@elsewhere.example", "/desk"),
        ("/desk/\r\nset-cookie: x=y", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("/desk/sign-out", "/desk"),
        ("", "/desk"),
    ],
)
def test_signing_in_leads_only_into_the_desk(asked: str, where: str, office: Office) -> None:
    key, _ = working(office)
    browser = office.stranger()
    half = gives_password(browser, next=asked)
    on = parse_qs(urlsplit(half.location).query)["next"][0]
    came = gives_code(browser, code_of(office, key), next=asked)

    assert (on, came.location) == (where, where)


def test_who_is_sent_to_the_door_comes_back_to_where_they_were(office: Office) -> None:
    key, _ = working(office)
    browser = office.stranger()
    door = browser.follow(browser.get("/desk/settings/password"))
    on = hidden(door, "next")
    browser.post("/desk/sign-in", {"name": "nora", "password": PASSWORD, "next": on})
    came = gives_code(browser, code_of(office, key), next=on)

    assert came.location == "/desk/settings/password"
    assert browser.get(f"/desk/sign-in?next={on}").location == on  # who is in already goes on


# ---- the first administrator


def test_the_first_administrator_comes_by_a_link_while_there_is_none(office: Office) -> None:
    runtime = office.desk.runtime
    first = sign_in.first_administrator(runtime)
    second = sign_in.first_administrator(runtime)
    assert first
    assert second
    assert office.stranger().get(f"/desk/invitation?link={first}").status == 410  # the newest link counts
    browser = office.stranger()
    set_up(office, second, browser)

    assert browser.get("/desk/settings/people").status == 200
    assert sign_in.first_administrator(runtime) is None


# ---- what is kept of a password


def test_a_password_is_hashed_anew_when_we_ask_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = working(office)
    nora = office.desk.runtime.database.read(lambda work: work.users.by_sign_in("nora"))
    assert nora
    before = office.desk.runtime.database.read(lambda work: work.users.password_hash(nora.id))
    monkeypatch.setattr(passwords, "_HASHER", passwords.PasswordHasher(time_cost=3, memory_cost=20 * 1024))
    comes_in(office, key)
    after = office.desk.runtime.database.read(lambda work: work.users.password_hash(nora.id))

    assert before
    assert after
    assert "t=2" in before
    assert "t=3" in after
    office.desk.wait(seconds=60)
    comes_in(office, key)
