"""What the door of the console lets through, whatever page is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import words_of_page

if TYPE_CHECKING:
    from tests.console.conftest import Office


def test_a_desk_that_was_left_shuts_though_its_page_goes_on_asking(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    for _ in range(13):
        office.desk.wait(hours=1)
        part = sam.get("/desk/queue", hx_request="true")
    assert part.status == 401
    assert part.headers["hx-redirect"].startswith("/desk/sign-in")


def test_whoever_works_stays_in_for_a_week_at_most(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    for _ in range(16):
        office.desk.wait(hours=10)
        assert sam.get("/desk/queue").status == 200
    office.desk.wait(hours=10)
    assert sam.get("/desk/queue").location.startswith("/desk/sign-in?next=")


@pytest.mark.parametrize("path", ["/desk/nowhere", "/desk/cases", "/desk/queue/deeper/still"])
def test_an_address_that_is_none_says_so_in_the_desk_s_own_words(office: Office, path: str) -> None:
    found = office.signed_in(office.desk.sam).get(path, accept_language="en")
    assert found.status == 404
    assert "This page does not exist" in words_of_page(found.text)


def test_a_form_without_its_token_changes_nothing(office: Office) -> None:
    case = office.desk.asks()
    sam = office.signed_in(office.desk.sam)
    for token in ("", "x", sam.token[:-1]):
        assert sam.post(f"/desk/cases/{case.id}/take", {"token": token, "version": str(case.version)}).status == 403
    assert office.desk.now(case).assignee_id is None


def test_a_form_from_another_site_changes_nothing(office: Office) -> None:
    case = office.desk.asks()
    sam = office.signed_in(office.desk.sam)
    fields = {"version": str(case.version)}
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://example.org"}):
        assert sam.post(f"/desk/cases/{case.id}/take", fields, **headers).status == 403
    assert office.desk.now(case).assignee_id is None


def test_a_form_too_large_is_refused_before_it_is_read(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    assert sam.ask("POST", "/desk/shift", b"", {"content_length": str(27 * 1024 * 1024)}).status == 413


def test_every_page_has_the_headers_of_a_desk(office: Office) -> None:
    page = office.signed_in(office.desk.sam).get("/desk")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
