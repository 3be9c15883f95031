"""Strangers at the preview: new at every post, behind a proxy, led by an address of their own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from bot.channels.webchat import WebChat
from bot.domain.clock import HeldClock
from bot.web.app import create_app
from bot.web.console.entrance import Entrance
from bot.web.preview import POSTS_FROM_A_HOUSE
from tests.console.conftest import Person, served
from tests.web.conftest import SECRET, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

STRANGER, NEIGHBOUR = "198.51.100.7", "198.51.100.8"
# These tests are the proxy: what they say of who called is believed.
BEHIND_A_PROXY = Entrance(public_url="https://wegwijs.example.nl", trusted=(ip_network("127.0.0.0/8"),))


@dataclass
class Place:
    port: int
    clock: HeldClock

    def browser(self) -> Person:
        return Person(self.port)

    def somebody_new_writes(self, caller: str) -> int:
        """Write with the cookie and the form of a page that was opened just now; return the status."""
        browser = self.browser()
        page = browser.get("/", x_forwarded_for=caller).text
        token = page.split('name="token" value="')[1].split('"')[0]
        body = urlencode({"token": token, "text": "hoi", "id": "a-new-id"}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        return browser.ask("POST", "/messages", body, {**kind, "x-forwarded-for": caller}).status


@contextmanager
def placed(entrance: Entrance) -> Iterator[Place]:
    webchat, clock = WebChat(), HeldClock(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    app = create_app(Desk(webchat), webchat, secret=SECRET, health=lambda: {"ok": True}, clock=clock, entrance=entrance)
    for _, port in served(app):
        yield Place(port, clock)
        webchat.close()


@pytest.fixture
def place() -> Iterator[Place]:
    with placed(BEHIND_A_PROXY) as found:
        yield found


def test_who_begins_anew_at_every_post_has_to_wait_too(place: Place) -> None:
    answers = [place.somebody_new_writes(STRANGER) for _ in range(POSTS_FROM_A_HOUSE + 1)]
    assert answers == [200] * POSTS_FROM_A_HOUSE + [429]
    assert place.somebody_new_writes(NEIGHBOUR) == 200
    place.clock.wait(minutes=1)
    assert place.somebody_new_writes(STRANGER) == 200


def test_who_says_that_they_are_somebody_else_is_not_believed() -> None:
    with placed(Entrance()) as place:
        answers = {place.somebody_new_writes(f"203.0.113.{number}") for number in range(POSTS_FROM_A_HOUSE + 1)}
    assert 429 in answers


def test_behind_a_proxy_the_cookie_never_travels_by_plain_http(place: Place) -> None:
    cookie = place.browser().get("/").headers["set-cookie"].lower()  # it arrived by http: the proxy spoke https
    assert {"secure", "httponly", "samesite=lax"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/static/preview.css"])
def test_a_browser_that_came_by_https_never_comes_another_way(place: Place, path: str) -> None:
    assert place.browser().get(path).headers["strict-transport-security"] == "max-age=31536000"


def test_on_this_machine_nobody_is_forced_to_https() -> None:
    with placed(Entrance()) as place:
        assert "strict-transport-security" not in place.browser().get("/").headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fsettings.py",
        "/static/%2e%2e/app.py",
        "/static/....//app.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/vendor",
        "/static/..%5c..%5csettings.py",
    ],
)
def test_no_path_leads_out_of_the_page_s_own_files(place: Place, path: str) -> None:
    assert place.browser().get(path).status == 404


@pytest.mark.parametrize("host", ["evil.example", "wegwijs.example.nl@evil.example", "evil.example:443"])
def test_a_host_that_is_not_ours_stands_in_no_answer(place: Place, host: str) -> None:
    answer = place.browser().get("/nowhere", host=host, x_forwarded_host=host)
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND"])
def test_no_method_does_what_nobody_meant(place: Place, method: str) -> None:
    assert place.browser().ask(method, "/messages", None, {}).status == 405


def test_over_https_no_name_beside_ours_can_plant_a_cookie(place: Place) -> None:
    """A program on another.example.nl may set a cookie for example.nl, but none with this beginning."""
    browser = place.browser()
    browser.get("/")
    (name,) = browser.cookies
    assert name == "__Host-wegwijs_preview"
    planted = place.browser()
    planted.cookies["wegwijs_preview"] = browser.cookies[name]
    assert "set-cookie" in planted.get("/").headers
    assert planted.cookies[name] != browser.cookies[name]
