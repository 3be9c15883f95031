"""Who called, and by which way: a proxy is believed only when it is one of ours."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from bot.web.console.entrance import Entrance, device_of
from bot.web.public_address import caller_address

OURS = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def request(client: str, **headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "scheme": "http",
            "path": "/desk",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8000"), *named],
            "client": (client, 5000),
        }
    )


@pytest.mark.parametrize(
    ("client", "forwarded", "caller"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),  # anybody can say so
        ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "192.0.2.66, 198.51.100.7", "198.51.100.7"),  # what the caller wrote before is not believed
        ("10.1.2.3", "198.51.100.7, 10.9.9.9", "198.51.100.7"),  # two proxies of ours
        ("10.1.2.3", "", "10.1.2.3"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),  # a household has all of these
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("10.1.2.3", "not an address", "not an address"),
    ],
)
def test_who_called(client: str, forwarded: str, caller: str) -> None:
    headers = {"x_forwarded_for": forwarded} if forwarded else {}

    assert caller_address(request(client, **headers), OURS) == caller


@pytest.mark.parametrize(
    ("entrance", "client", "scheme", "secure"),
    [
        (Entrance(), "203.0.113.9", "https", False),  # nobody we trust says so
        (Entrance(trusted=OURS), "10.1.2.3", "https", True),
        (Entrance(trusted=OURS), "10.1.2.3", "http", False),
        (Entrance(trusted=OURS), "203.0.113.9", "https", False),
        (Entrance(public_url="https://wegwijs.example.nl"), "203.0.113.9", "http", True),
    ],
)
def test_a_cookie_is_secure_when_the_browser_came_by_https(
    entrance: Entrance, client: str, scheme: str, secure: bool
) -> None:
    assert entrance.is_secure(request(client, x_forwarded_proto=scheme)) is secure


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, macOS"),
        ("curl/8", None),
    ],
)
def test_a_word_for_a_browser(agent: str, device: str | None) -> None:
    assert device_of(request("203.0.113.9", user_agent=agent)) == device
