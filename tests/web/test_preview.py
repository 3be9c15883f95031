from __future__ import annotations

import http.client
import json
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bot.domain.turn import Kind
from bot.web.app import OTHER_PROBLEM, PROBLEMS
from bot.web.pages import HERE, STATIC

if TYPE_CHECKING:
    from conftest import Desk, Site, Visitor

JSON = {"accept": "application/json"}


def settle(desk: Desk) -> None:
    until = time.monotonic() + 30
    while any(count > 0 for count in desk.working.values()) and time.monotonic() < until:
        time.sleep(0.01)


def test_the_first_page_offers_every_language_by_its_own_name(site: Site, visitor: Visitor) -> None:
    for language in site.desk.languages.all.values():
        assert f'value="{language.code}" lang="{language.code}" dir="{language.direction}"' in visitor.page
        assert language.name in visitor.page


def test_a_picture_and_a_sound_come_with_their_words(visitor: Visitor) -> None:
    visitor.write("brief")
    page = visitor.open()
    assert '<img src="/media/letter.png" alt="Een brief van de &#34;gemeente&#34;" loading="lazy">' in page.text
    assert '<audio controls preload="none" src="/media/letter.mp3"' in page.text
    assert "<figcaption>De tekst, voorgelezen.</figcaption>" in page.text
    assert "media-src 'self'" in page.headers["content-security-policy"]
    lines = json.loads(visitor.ask("GET", "/messages?after=0", **JSON).text)["lines"]
    assert lines[-1]["media"] == [
        {"src": "/media/letter.png", "alt": 'Een brief van de "gemeente"', "sound": False},
        {"src": "/media/letter.mp3", "alt": "De tekst, voorgelezen.", "sound": True},
    ]


def test_files_of_the_team_are_seen_heard_and_saved(visitor: Visitor) -> None:
    visitor.write("bestand")
    page = visitor.open().text
    assert '<img src="/sent/f1" alt="foto.jpg"' in page
    assert '<audio controls preload="none" src="/sent/f2" aria-label="stem.mp3"' in page
    assert '<a class="file" href="/sent/f3" download="formulier.pdf">formulier.pdf</a>' in page


@pytest.mark.parametrize(
    ("asked", "language", "direction"),
    [("ar-SY,en;q=0.8", "ar", "rtl"), ("prs", "fa", "rtl"), ("xx,uk", "uk", "ltr"), ("xx", "nl", "ltr")],
)
def test_the_page_follows_the_browser_until_a_language_is_chosen(
    visitor: Visitor, asked: str, language: str, direction: str
) -> None:
    page = visitor.ask("GET", "/", accept_language=asked).text
    assert f'<html lang="{language}" dir="{direction}"' in page


def test_a_message_goes_in_and_its_answer_stands_on_the_page_it_leads_to(site: Site, visitor: Visitor) -> None:
    reply = visitor.write("Hoe neem ik een verzekering?")
    assert (reply.status, reply.headers["location"]) == (303, "/#end")
    page = visitor.open().text
    assert "Hoe neem ik een verzekering?" in page
    assert "<bdi><b>zorgverzekering</b></bdi>" in page
    inbound = site.desk.taken[0]
    assert (inbound.channel, inbound.kind, inbound.payload) == ("preview", Kind.TEXT, None)
    assert inbound.received_at == site.clock.now()
    assert re.fullmatch("[0-9a-f]{32}", inbound.address)


def test_a_button_posts_its_payload_and_its_title(site: Site, visitor: Visitor) -> None:
    visitor.write("verzekering")
    page = visitor.open().text
    choice = re.search(r'name="choice" value="([^"]+)"[^>]*>Duidelijk<', page)
    assert choice
    visitor.post("/messages", {"choice": choice[1], "id": "a-button-pressed"})
    pressed = site.desk.taken[-1]
    assert (pressed.kind, pressed.text, pressed.payload) == (Kind.BUTTON, "Duidelijk", "/duidelijk")


def test_only_the_last_buttons_can_be_pressed(visitor: Visitor) -> None:
    visitor.write("verzekering")
    assert "disabled" not in visitor.open().text
    visitor.write("iets anders")
    page = visitor.open().text
    assert len(re.findall(r'name="choice"[^>]*disabled', page)) == 3
    assert len(re.findall(r'name="choice"(?![^>]*disabled)', page)) == 2


def test_buttons_are_locked_while_the_answer_is_written(site: Site, visitor: Visitor) -> None:
    visitor.write("verzekering")
    site.desk.pace = 30
    visitor.post("/messages", {"choice": "2:0", "id": "slow-answer"}, **JSON)
    assert not re.findall(r'name="choice"(?![^>]*disabled)', visitor.open().text)


@pytest.mark.parametrize("choice", ["1:0", "2:9", "99:0", "x", "2:0:0", "-1:0", "٢:0", "2:99999999999999999999"])
def test_a_button_that_is_not_there_does_nothing(site: Site, visitor: Visitor, choice: str) -> None:
    visitor.write("verzekering")
    assert visitor.post("/messages", {"choice": choice, "id": "an-odd-choice"}, **JSON).status == 409
    assert len(site.desk.taken) == 1


def test_the_same_message_posted_twice_counts_once(site: Site, visitor: Visitor) -> None:
    for _ in range(3):
        visitor.write("verzekering", "the-same-message")
    assert site.desk.texts() == ["verzekering"]


def test_new_words_under_an_old_id_are_a_new_message(site: Site, visitor: Visitor) -> None:
    visitor.write("ja", "a-page-from-history")
    visitor.write("nee", "a-page-from-history")
    assert site.desk.texts() == ["ja", "nee"]


def test_another_visitor_with_the_same_id_is_not_a_repeat(site: Site, visitor: Visitor) -> None:
    other = type(visitor)(site)
    other.open()
    visitor.write("hallo", "an-id-of-two-people")
    other.write("hallo", "an-id-of-two-people")
    assert len({inbound.provider_id for inbound in site.desk.taken}) == 2


def test_choosing_a_language_turns_the_page_and_tells_the_assistant(site: Site, visitor: Visitor) -> None:
    assert visitor.post("/language", {"language": "ar", "id": "arabic-please"}).status == 303
    chosen = site.desk.taken[-1]
    assert (chosen.kind, chosen.text, chosen.payload) == (Kind.BUTTON, "العربية", "/language ar")
    assert chosen.language_hint == "ar"
    page = visitor.open().text
    assert '<html lang="ar" dir="rtl"' in page
    assert '<div class="text" lang="ar" dir="rtl">أهلًا بكم' in page


def test_an_unknown_language_changes_nothing(site: Site, visitor: Visitor) -> None:
    assert visitor.post("/language", {"language": "xx"}).status == 303
    assert site.desk.taken == []


def test_starting_again_is_a_new_person_in_the_same_language(site: Site, visitor: Visitor) -> None:
    visitor.post("/language", {"language": "ti", "id": "tigrinya-please"})
    before = visitor.address
    visitor.post("/restart", {})
    page = visitor.open().text
    assert '<html lang="ti"' in page
    assert 'id="start"' in page
    visitor.write("hallo")
    assert visitor.address != before


def test_the_colours_stay(visitor: Visitor) -> None:
    visitor.post("/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in visitor.open().text
    visitor.post("/theme", {"theme": "<script>"})
    assert 'data-theme="dark"' in visitor.open().text


def test_what_is_too_long_is_kept_in_the_field(site: Site, visitor: Visitor) -> None:
    text = "ሀ" * 4097
    reply = visitor.write(text)
    assert reply.status == 422
    assert re.search(r"<textarea[^>]*aria-describedby[^>]*>\s*" + text, reply.text)
    assert site.desk.taken == []
    assert visitor.write("ሀ" * 4096).status == 303


def test_a_huge_post_gets_a_page_of_ours(visitor: Visitor) -> None:
    reply = visitor.write("x" * 300_000)
    assert reply.status == 413
    assert "<h1>" in reply.text


def test_more_than_thirty_a_minute_waits_and_keeps_the_text(site: Site, visitor: Visitor) -> None:
    for number in range(30):
        assert visitor.write(f"bericht {number}", **JSON).status == 200
    reply = visitor.write("nummer eenendertig")
    assert reply.status == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert "nummer eenendertig</textarea>" in reply.text
    site.clock.wait(seconds=61)
    assert visitor.write("nummer eenendertig").status == 303


def test_nothing_written_is_nothing_sent(site: Site, visitor: Visitor) -> None:
    assert visitor.write("  \r\n ").status == 303
    assert site.desk.taken == []


def test_line_ends_and_control_characters_are_made_plain(site: Site, visitor: Visitor) -> None:
    visitor.write("een\r\ntwee\x00\x07\rdrie")
    assert site.desk.texts() == ["een\ntwee\ndrie"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://["},
    ],
)
@pytest.mark.parametrize("path", ["/messages", "/language", "/theme", "/restart"])
def test_another_site_cannot_post(site: Site, visitor: Visitor, path: str, headers: dict[str, str]) -> None:
    reply = visitor.post(path, {"text": "gif", "language": "nl", "theme": "dark", "id": "not-from-here"}, **headers)
    assert reply.status == 403
    assert "gif</textarea>" not in reply.text
    assert site.desk.taken == []


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 5000])
def test_a_form_without_our_token_is_too_old_but_keeps_its_text(site: Site, visitor: Visitor, token: str) -> None:
    reply = visitor.post("/messages", {"text": "mijn vraag", "token": token})
    assert reply.status == 403
    assert "mijn vraag</textarea>" in reply.text
    assert site.desk.taken == []


def test_the_token_of_another_visitor_does_not_fit(site: Site, visitor: Visitor) -> None:
    other = type(visitor)(site)
    other.open()
    assert visitor.post("/messages", {"text": "x", "token": other.token}).status == 403


@pytest.mark.parametrize("origin", ["null", "same"])
def test_a_browser_that_hides_where_it_comes_from_may_post_with_the_token(
    site: Site, visitor: Visitor, origin: str
) -> None:
    assert visitor.write("hallo", origin=site.url if origin == "same" else origin).status == 303


@pytest.mark.parametrize("cookie", ["", "wegwijs_preview=x", "wegwijs_preview=eyJhIjoieCJ9.aaaa.bbbb"])
def test_a_cookie_that_we_did_not_sign_is_a_new_visitor(visitor: Visitor, cookie: str) -> None:
    visitor.cookie = cookie
    assert visitor.ask("GET", "/messages", **JSON).status == 403
    assert visitor.ask("GET", "/events").status == 403
    assert visitor.ask("GET", "/").status == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site, visitor: Visitor) -> None:
    cookie = type(visitor)(site).open().headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_the_poller_gets_only_what_is_new(site: Site, visitor: Visitor) -> None:
    visitor.write("verzekering")
    settle(site.desk)
    news = visitor.ask("GET", "/messages?after=1", **JSON).json()
    assert [line["number"] for line in news["lines"]] == [2]
    assert news["busy"] is False
    line = news["lines"][0]
    assert (line["language"], line["direction"], line["mine"]) == ("nl", "ltr", False)
    assert {"kind": "text", "text": "zorgverzekering", "strong": True} in line["parts"]
    assert line["buttons"] == ["Meer", "Duidelijk", "Een mens"]
    for odd in ("x", "-1", "9" * 400, "²"):
        assert len(visitor.ask("GET", f"/messages?after={quoted(odd)}", **JSON).json()["lines"]) == 2


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def test_the_poller_says_that_an_answer_is_being_written(site: Site, visitor: Visitor) -> None:
    site.desk.pace = 30
    visitor.write("verzekering", **JSON)
    assert visitor.ask("GET", "/messages", **JSON).json()["busy"] is True


def test_without_a_script_the_page_reloads_itself_a_few_times_while_it_waits(site: Site, visitor: Visitor) -> None:
    site.desk.pace = 30
    visitor.write("verzekering", **JSON)
    assert 'content="2; url=/?again=1#end"' in visitor.open().text
    assert 'content="10; url=/?again=5#end"' in visitor.open("/?again=4").text
    assert "http-equiv" not in visitor.open("/?again=5").text
    assert "http-equiv" not in visitor.open("/?again=x").text


def test_an_event_says_only_that_something_changed(site: Site, visitor: Visitor) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", "/events", headers={"cookie": visitor.cookie})
    stream = connection.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.readline() == b"retry: 3000\n"
    threading.Timer(0.1, visitor.write, ["hallo"], JSON).start()
    heard = [line for line in (stream.readline() for _ in range(3)) if line.strip()]
    assert set(heard) == {b"data: changed\n"}
    connection.close()


def test_open_pages_are_let_go_when_they_close(site: Site, visitor: Visitor) -> None:
    visitor.write("hallo")
    streams = [http.client.HTTPConnection("127.0.0.1", site.port, timeout=30) for _ in range(5)]
    statuses = []
    for stream in streams:
        stream.request("GET", "/events", headers={"cookie": visitor.cookie})
        statuses.append(stream.getresponse().status)
    assert statuses == [200, 200, 200, 200, 429]
    assert site.webchat.listening(visitor.address) == 4
    for stream in streams:
        stream.close()
    until = time.monotonic() + 30
    while site.webchat.listening(visitor.address) and time.monotonic() < until:
        site.webchat.wake(visitor.address)
        time.sleep(0.05)
    assert site.webchat.listening(visitor.address) == 0


def test_health(site: Site, visitor: Visitor) -> None:
    reply = visitor.ask("GET", "/healthz")
    assert (reply.status, reply.json()) == (200, {"ok": True})
    site.health["ok"] = False
    assert visitor.ask("GET", "/healthz").status == 503


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nergens", 404), ("DELETE", "/messages", 405), ("GET", "/theme", 405)]
)
def test_what_is_not_there_gets_a_friendly_page(visitor: Visitor, method: str, path: str, status: int) -> None:
    reply = visitor.ask(method, path, accept_language="ar")
    assert reply.status == status
    assert '<html lang="ar" dir="rtl"' in reply.text
    assert visitor.ask(method, path, **JSON).json()["problem"]


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/"])
def test_only_the_page_s_own_files_are_served(visitor: Visitor, path: str) -> None:
    assert visitor.ask("GET", path).status == 404


def test_a_failure_is_told_without_its_details(site: Site, visitor: Visitor) -> None:
    site.desk.broken = True
    reply = visitor.write("hallo")
    assert reply.status == 500
    assert "<h1>" in reply.text
    assert "database" not in reply.text
    assert_guarded(reply.headers)


def assert_guarded(headers: Any) -> None:
    policy = headers["content-security-policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/messages", "/healthz", "/nergens", "/static/preview.js", "/theme"])
def test_every_answer_carries_the_security_headers(visitor: Visitor, path: str) -> None:
    assert_guarded(visitor.ask("GET", path).headers)


def test_files_by_fingerprint_last_and_pages_do_not(visitor: Visitor) -> None:
    style = re.search(r'href="(/static/preview\.css\?v=\w+)"', visitor.page)
    assert style
    assert "immutable" in visitor.ask("GET", style[1]).headers["cache-control"]
    assert visitor.ask("GET", "/").headers["cache-control"] == "no-store"


def test_nothing_comes_from_elsewhere(site: Site, visitor: Visitor) -> None:
    visitor.write("verzekering")
    page = visitor.open().text
    assert not re.findall(r'(?:src|href|action)="(?!/|#|tel:|https://www\.rijksoverheid)[^"]*"', page)
    assert " style=" not in page
    assert not re.search(r"<script(?! src)", page)


def test_no_message_is_ever_html(visitor: Visitor) -> None:
    visitor.write("<script>alert('mijn')</script> html </textarea><img src=x>")
    page = visitor.open().text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;b&gt;dik&lt;/b&gt;" in page
    too_long = visitor.write("</textarea><script>alert(1)</script>" + "x" * 5000).text
    assert "</textarea><script>" not in too_long


def test_every_word_of_the_page_is_a_response_and_every_response_is_used(site: Site) -> None:
    sources = [*(HERE / "templates").glob("*.html"), *HERE.glob("*.py")]
    used = {word for file in sources for word in re.findall(r"utter_preview_\w+", file.read_text())}
    used |= {*PROBLEMS.values(), OTHER_PROBLEM}
    written = HERE.parents[1] / "content" / "responses" / "preview.yml"
    assert used == set(yaml.safe_load(written.read_text())["responses"])


def test_the_style_sheet_is_small() -> None:
    assert len((STATIC / "preview.css").read_bytes()) <= 20_000
