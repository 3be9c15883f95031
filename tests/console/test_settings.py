"""Settings: what somebody sets for themselves, and what an administrator sets for others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.appoint import Unfit
from bot.handoff.case import Role
from tests.console.conftest import words_of_page
from tests.console.test_sign_in import (
    PASSWORD,
    code_of,
    comes_in,
    gives_code,
    gives_password,
    hidden,
    is_in,
    set_up,
    working,
)

if TYPE_CHECKING:
    from bot.store.rows import UserRow
    from tests.console.conftest import Office, Person, Reply

PEOPLE = "/desk/settings/people"


def found(office: Office, name: str) -> UserRow:
    user = office.desk.runtime.database.read(lambda work: work.users.by_sign_in(name))
    assert user
    return user


def administrator(office: Office, name: str = "ada") -> Person:
    key, _ = working(office, name, "administrator")
    return comes_in(office, key, name)


def link_on(page: Reply) -> str:
    link = re.search(r'value="http://127.0.0.1:\d+/desk/invitation\?link=([^"]+)"', page.text)
    assert link, page.text
    return link[1]


def form(**fields: str) -> dict[str, str]:
    return {"pseudonym": "Bo", "sign_in": "bo", "role": "volunteer", "team": "form_team", **fields}


# ---- for oneself


def test_language_and_colours(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    saved = sam.post("/desk/settings/look", {"interface": "en", "theme": "dark"})
    page = sam.follow(saved).text
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page
    assert "Saved." in page

    sam.post("/desk/settings/look", {"interface": "nl", "theme": ""})
    page = sam.get("/desk/settings").text
    assert "data-theme" not in page
    assert sam.post("/desk/settings/look", {"interface": "xx", "theme": "dark"}).status == 400
    assert sam.post("/desk/settings/look", {"interface": "nl", "theme": "pink"}).status == 400


def test_a_new_password_asks_for_the_old_one_and_ends_the_other_sessions(office: Office) -> None:
    key, _ = working(office)
    phone = comes_in(office, key)
    office.desk.wait(seconds=60)
    laptop = comes_in(office, key)
    new = {"password": "iets heel anders nu", "again": "iets heel anders nu"}
    refused = laptop.post("/desk/settings/password", {"current": "not it at all", **new})
    weak = laptop.post("/desk/settings/password", {"current": PASSWORD, "password": "kort", "again": "kort"})
    assert (refused.status, weak.status) == (422, 422)
    assert "niet uw huidige wachtwoord" in words_of_page(refused.text)
    assert is_in(phone)
    assert laptop.post("/desk/settings/password", {"current": PASSWORD, **new}).status == 303

    assert (is_in(phone), is_in(laptop)) == (False, True)
    assert gives_password(office.stranger()).status == 422
    office.desk.wait(seconds=60)
    comes_in(office, key, password="iets heel anders nu")


def test_the_current_password_cannot_be_guessed_from_a_session_either(office: Office) -> None:
    key, _ = working(office)
    browser = comes_in(office, key)
    new = {"password": "iets heel anders nu", "again": "iets heel anders nu"}
    for _ in range(5):
        assert browser.post("/desk/settings/password", {"current": "wrong wrong", **new}).status == 422

    assert browser.post("/desk/settings/password", {"current": PASSWORD, **new}).status == 429


def test_another_app_needs_the_password_and_its_code(office: Office) -> None:
    key, codes = working(office)
    browser = comes_in(office, key)
    office.desk.wait(seconds=60)
    page = browser.get("/desk/settings/app")
    new = hidden(page, "key")
    fields = {"key": new, "code": code_of(office, new), "current": PASSWORD}
    assert browser.post("/desk/settings/app", {**fields, "current": "wrong wrong"}).status == 422
    wrong_code = browser.post("/desk/settings/app", {**fields, "code": "000000"})
    assert (wrong_code.status, hidden(wrong_code, "key")) == (422, new)  # what was scanned stays
    assert browser.post("/desk/settings/app", {**fields, "key": "short"}).status == 400
    shown = browser.post("/desk/settings/app", fields)
    fresh = re.findall(r"<code>([a-z0-9-]+)</code>", shown.text)
    assert (shown.status, len(fresh), set(fresh) & set(codes)) == (200, 10, set())

    office.desk.wait(seconds=60)
    half = office.stranger()
    gives_password(half)
    assert gives_code(half, code_of(office, key)).status == 422
    assert half.post("/desk/sign-in/code", {"recovery": codes[0]}).status == 422
    assert gives_code(half, code_of(office, new)).status == 303


def test_new_recovery_codes_replace_the_earlier_ones(office: Office) -> None:
    key, codes = working(office)
    browser = comes_in(office, key)
    assert browser.post("/desk/settings/recovery-codes", {"current": "wrong wrong"}).status == 422
    shown = browser.post("/desk/settings/recovery-codes", {"current": PASSWORD})
    fresh = re.findall(r"<code>([a-z0-9-]+)</code>", shown.text)
    half = office.stranger()
    gives_password(half)

    assert len(fresh) == 10
    assert half.post("/desk/sign-in/code", {"recovery": codes[0]}).status == 422
    assert half.post("/desk/sign-in/code", {"recovery": fresh[0]}).status == 303


def test_sessions_are_told_apart_by_browser_and_machine(office: Office) -> None:
    key, _ = working(office)
    browser = office.stranger()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    browser.get("/desk/sign-in")
    browser.post("/desk/sign-in", {"name": "nora", "password": PASSWORD}, user_agent=agent)
    browser.post("/desk/sign-in/code", {"code": code_of(office, key)}, user_agent=agent)

    assert "Firefox, Linux" in browser.get("/desk/settings").text


# ---- people, for administrators


def test_only_administrators_see_people(office: Office) -> None:
    desk = office.desk
    for user in (desk.sam, desk.cora, desk.otto, desk.pia):
        browser = office.signed_in(user)
        assert "settings/people" not in browser.get("/desk/settings").text
        for path in (PEOPLE, f"{PEOPLE}/{desk.kim.id}"):
            assert browser.get(path).status == 403
            assert browser.post(path, form()).status == 403
        for act in ("invite", "switch"):
            assert browser.post(f"{PEOPLE}/{desk.kim.id}/{act}", {"to": "off"}).status == 403
    assert administrator(office).get(PEOPLE).status == 200


def test_adding_somebody_shows_a_link_that_lets_them_in(office: Office) -> None:
    ada = administrator(office)
    shown = ada.post(PEOPLE, form(language="ar"))
    _, _, done = set_up(office, link_on(shown), office.stranger())

    assert (shown.status, done.status) == (200, 200)
    bo = found(office, "bo")
    assert (bo.roles, bo.teams, bo.languages) == (frozenset({"volunteer"}), frozenset({"form_team"}), ("ar",))
    assert f"/{bo.id}" in ada.get(PEOPLE).text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"pseudonym": " "}, Unfit.NO_NAME),
        ({"pseudonym": "x" * 65}, Unfit.NO_NAME),
        ({"pseudonym": "Sam"}, Unfit.NAME_TAKEN),
        ({"sign_in": "ADA"}, Unfit.SIGN_IN_TAKEN),
        ({"sign_in": "with blank"}, Unfit.BAD_SIGN_IN),
        ({"role": "king"}, Unfit.UNKNOWN_ROLE),
        ({"team": "elsewhere"}, Unfit.UNKNOWN_TEAM),
        ({"language": "tlh"}, Unfit.UNKNOWN_LANGUAGE),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_what_was_typed(
    fields: dict[str, str], why: Unfit, office: Office
) -> None:
    ada = administrator(office)
    refused = ada.post(PEOPLE, form(**fields))

    assert refused.status == 422
    words = office.desk.runtime.knowledge.console["nl"][f"settings_unfit_{why}"]
    assert words in words_of_page(refused.text)
    assert 'value="Bo"' in refused.text or "pseudonym" in fields
    assert office.desk.runtime.database.read(lambda work: work.users.by_sign_in("bo")) is None


def test_somebody_without_a_role_is_not_added(office: Office) -> None:
    refused = administrator(office).post(PEOPLE, {"pseudonym": "Bo", "sign_in": "bo"})

    assert refused.status == 422
    assert "ten minste één rol" in words_of_page(refused.text)


def test_roles_count_from_the_next_request_on(office: Office) -> None:
    ada = administrator(office)
    key, _ = working(office, "bo", "volunteer", "administrator")
    bo = comes_in(office, key, "bo")
    assert bo.get(PEOPLE).status == 200
    path = f"{PEOPLE}/{found(office, 'bo').id}"
    assert ada.post(path, form(role="coach")).location == f"{PEOPLE}?said=settings_saved"

    assert bo.get(PEOPLE).status == 403
    assert is_in(bo)
    assert found(office, "bo").roles == frozenset({"coach"})


def test_the_last_administrator_stays_one(office: Office) -> None:
    ada = administrator(office)
    path = f"{PEOPLE}/{found(office, 'ada').id}"
    mine = form(pseudonym="Ada", sign_in="ada")
    for refused in (ada.post(path, mine), ada.post(f"{path}/switch", {"to": "off"})):
        assert refused.status == 422
        assert "laatste beheerder" in words_of_page(refused.text)
    ada.post(PEOPLE, form(role="administrator"))  # invited is not yet able to sign in
    assert ada.post(f"{path}/switch", {"to": "off"}).status == 422
    assert Role.ADMINISTRATOR in found(office, "ada").roles

    administrator(office, "eve")
    assert ada.post(f"{path}/switch", {"to": "off"}).status == 303
    assert not is_in(ada)


def test_switched_off_and_on_again(office: Office) -> None:
    ada = administrator(office)
    key, _ = working(office, "bo")
    bo = comes_in(office, key, "bo")
    path = f"{PEOPLE}/{found(office, 'bo').id}"
    off = ada.post(f"{path}/switch", {"to": "off"})
    assert "uitgezet" in words_of_page(ada.follow(off).text)
    assert not is_in(bo)
    assert ada.post(f"{path}/invite").status == 422

    ada.post(f"{path}/switch", {"to": "on"})
    office.desk.wait(seconds=60)
    comes_in(office, key, "bo")


def test_a_link_made_again_replaces_the_earlier_one(office: Office) -> None:
    ada = administrator(office)
    first = link_on(ada.post(PEOPLE, form()))
    second = link_on(ada.post(f"{PEOPLE}/{found(office, 'bo').id}/invite"))

    assert office.stranger().get(f"/desk/invitation?link={first}").status == 410
    assert office.stranger().get(f"/desk/invitation?link={second}").status == 200


def test_somebody_who_is_not_there_is_not_found(office: Office) -> None:
    ada = administrator(office)

    assert ada.get(f"{PEOPLE}/nobody").status == 404
    assert ada.post(f"{PEOPLE}/nobody", form()).status == 404


def test_every_form_of_settings_carries_the_token(office: Office) -> None:
    ada = administrator(office)
    ada_id = found(office, "ada").id
    pages = ["", "/password", "/app", "/recovery-codes", "/people", f"/people/{ada_id}"]
    for page in pages:
        html = ada.get(f"/desk/settings{page}").text
        assert html.count("<form") == html.count(f'name="token" value="{ada.token}"') > 0
    for path in ("look", "sessions", "password", "app", "recovery-codes", "people", f"people/{ada_id}/switch"):
        assert ada.post(f"/desk/settings/{path}", {"token": "x"}).status == 403
        assert ada.post(f"/desk/settings/{path}", {}, sec_fetch_site="cross-site").status == 403
