"""Conversations in Chromium, as a newcomer on a phone has them."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Site
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium")
PHONE = {"width": 360, "height": 740}
SMALL = {"width": 320, "height": 568}
DESKTOP = {"width": 1280, "height": 800}
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said: policy violations and failures of the script come here."""
    return []


@pytest.fixture
def open_page(site: Site, browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def opened(**kind: Any) -> Page:
        kind = {"viewport": PHONE, "locale": "nl-NL", **kind}
        context = browser.new_context(**kind)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if site.url not in request.url else None)
        page.goto(site.url)
        return page

    yield opened
    for context in contexts:
        context.close()


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.locator(".send").click()


def choose(page: Page, language: str) -> None:
    with page.expect_navigation():  # what is typed into the page that goes would be a draft of the one that comes
        page.locator(f".languages button[value={language}]").click()


def mine(page: Page) -> list[str]:
    return page.locator(".line.mine .text").all_inner_texts()


def ours(page: Page) -> Any:
    return page.locator(".line.ours:not(#dots)")


def never_sideways(page: Page) -> None:
    wide = page.evaluate(
        """[document.scrollingElement, document.getElementById("log")]
           .filter(Boolean).map((box) => box.scrollWidth - box.clientWidth)"""
    )
    assert max(wide) <= 0, wide


def test_a_conversation_on_a_phone(site: Site, open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page(has_touch=True, is_mobile=True)
    choose(page, "nl")
    page.get_by_role("button", name="Ja", exact=True).click()
    expect(ours(page)).to_have_count(2)
    write(page, "Hoe neem ik een verzekering?")
    expect(page.locator("b", has_text="zorgverzekering")).to_be_visible()
    expect(page.get_by_role("button", name="Duidelijk")).to_be_in_viewport()
    page.get_by_role("button", name="Duidelijk").click()
    expect(ours(page).last).to_contain_text("U koos: Duidelijk.")
    assert mine(page) == ["Nederlands", "Ja", "Hoe neem ik een verzekering?", "Duidelijk"]
    assert page.locator(".choices button:enabled").count() == 0
    never_sideways(page)
    assert complaints == []


def test_one_s_own_words_stand_there_at_once_and_the_wait_is_shown(site: Site, open_page: Callable[..., Page]) -> None:
    site.desk.pace = 1.5
    page = open_page()
    write(page, "verzekering")
    assert mine(page) == ["verzekering"]
    expect(page.locator("#dots")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Wegwijs schrijft…")).to_be_attached()
    expect(ours(page)).to_have_count(1)
    expect(page.locator("#dots")).to_be_hidden()
    assert mine(page) == ["verzekering"]


def test_a_message_of_a_volunteer_appears_by_itself(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    write(page, "verzekering")
    expect(ours(page)).to_have_count(1)
    site.desk.volunteer_says("Hallo, ik ben Anna van het team.")
    expect(ours(page).last).to_contain_text("Anna", timeout=30_000)


def test_without_a_stream_the_page_asks_by_itself(site: Site, open_page: Callable[..., Page], browser: Browser) -> None:
    page = open_page()
    page.route("**/events", lambda route: route.fulfill(status=500))
    page.reload()
    write(page, "verzekering")
    expect(ours(page)).to_have_count(1)
    site.desk.volunteer_says("Hallo, ik ben Anna van het team.")
    expect(ours(page).last).to_contain_text("Anna", timeout=30_000)


def test_arabic_reads_from_the_right(site: Site, open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page()
    choose(page, "ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(ours(page)).to_have_count(1)
    write(page, "كيف أختار التأمين؟")
    answer = ours(page).nth(1)
    expect(answer.locator(".text")).to_have_attribute("dir", "rtl")
    expect(answer.locator("bdi b")).to_have_attribute("lang", "nl")
    phone = answer.locator("bdi[dir=ltr] a[href='tel:0101234567']")
    expect(phone).to_have_text("010 - 123 45 67")
    digits = page.evaluate(
        """() => { const text = document.querySelector("a[href^='tel:']").firstChild, at = (i) => {
             const range = document.createRange(); range.setStart(text, i); range.setEnd(text, i + 1);
             return range.getBoundingClientRect().left; };
             return [at(0), at(text.length - 1)]; }"""
    )
    assert digits[0] < digits[1]
    bubble, own = answer.bounding_box(), page.locator(".line.mine .bubble").last.bounding_box()
    assert bubble
    assert own
    assert bubble["x"] + bubble["width"] > 300  # ours stand on the right
    assert own["x"] < 60  # one's own on the left
    never_sideways(page)
    assert complaints == []


def test_a_dutch_answer_in_an_arabic_page_reads_from_the_left(open_page: Callable[..., Page]) -> None:
    page = open_page()
    choose(page, "ar")
    write(page, "verzekering")
    expect(ours(page).nth(1).locator(".text")).to_have_css("direction", "ltr")


def test_tigrinya_has_letters_and_room(open_page: Callable[..., Page]) -> None:
    page = open_page()
    choose(page, "ti")
    write(page, "ብዛዕባ መድሕን ሕቶ ኣለኒ")
    text = ours(page).nth(1).locator(".text")
    expect(text).to_have_attribute("lang", "ti")
    assert float(text.evaluate("node => getComputedStyle(node).fontSize").removesuffix("px")) >= 17
    never_sideways(page)


def test_a_whole_conversation_by_keyboard(site: Site, open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page(viewport=DESKTOP)
    keys = page.keyboard
    keys.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    keys.press("Enter")
    expect(page.locator("#text")).to_be_focused()
    keys.type("een verzekering")
    keys.press("Shift+Enter")
    keys.type("alstublieft")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Meer")).to_be_enabled()
    assert site.desk.texts() == ["een verzekering\nalstublieft"]
    expect(page.locator("#text")).to_be_focused()
    keys.press("Shift+Tab")
    expect(page.get_by_role("button", name="Een mens")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    keys.press("Enter")
    expect(ours(page).last).to_contain_text("U koos: Een mens.")
    keys.press("Tab")
    expect(page.locator("#text")).to_be_focused()
    page.locator("#menu summary").focus()
    keys.press("Enter")
    expect(page.get_by_role("button", name="Türkçe")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("button", name="Türkçe")).to_be_hidden()
    expect(page.locator("#menu summary")).to_be_focused()
    assert complaints == []


def test_what_a_screen_reader_hears(open_page: Callable[..., Page]) -> None:
    page = open_page()
    write(page, "verzekering")
    expect(ours(page)).to_have_count(1)
    log = page.get_by_role("log", name="Gesprek")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_contain_text("U: verzekering")
    expect(log).to_contain_text("Wegwijs: U neemt zelf")
    expect(page.get_by_role("group", name="Kies een antwoord")).to_be_visible()
    expect(page.get_by_role("textbox", name="Uw bericht")).to_be_visible()
    for name in ("Versturen", "Opnieuw beginnen", "Donker scherm"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    assert (
        page.locator("button:not([disabled]):visible, summary").evaluate_all(
            """(all) => all.filter((node) => { const box = node.getBoundingClientRect();
           return box.width < 44 || box.height < 44; }).map((node) => node.outerHTML)"""
        )
        == []
    )


def test_a_conversation_without_javascript(site: Site, open_page: Callable[..., Page], complaints: list[str]) -> None:
    page = open_page(java_script_enabled=False)
    choose(page, "nl")
    page.get_by_role("button", name="Ja", exact=True).click()
    expect(ours(page).last).to_contain_text("U koos: Ja.")
    write(page, "Hoe neem ik een verzekering?")
    expect(ours(page).last).to_contain_text("zorgverzekering")
    expect(page.locator("#text")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Duidelijk")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Nieuwe berichten")).to_be_visible()
    page.get_by_role("button", name="Duidelijk").click()
    expect(ours(page).last).to_contain_text("U koos: Duidelijk.")
    page.reload()
    page.locator("#menu summary").click()
    page.locator("#menu button[value=ar]").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.locator("#restart button").click()
    expect(page.locator("#start")).to_be_visible()
    assert len(site.desk.taken) == 5
    assert complaints == []


def test_without_javascript_a_slow_answer_comes_by_itself(site: Site, open_page: Callable[..., Page]) -> None:
    site.desk.pace = 4
    page = open_page(java_script_enabled=False)
    write(page, "verzekering")
    expect(page.locator(".wait")).to_have_text("Wegwijs schrijft…")
    expect(ours(page).last).to_contain_text("zorgverzekering")


@pytest.mark.parametrize("script", [True, False])
def test_dark_follows_the_device_and_the_switch(open_page: Callable[..., Page], script: bool) -> None:
    page = open_page(color_scheme="dark", java_script_enabled=script)

    def paper() -> int:
        found = page.locator(".chat").evaluate("node => getComputedStyle(node).backgroundColor")
        return sum(int(number) for number in re.findall(r"\d+", found)[:3])

    assert paper() < 150
    page.get_by_role("button", name="Licht scherm").click()
    dark = page.get_by_role("button", name="Donker scherm")
    expect(dark).to_be_visible()
    if script:
        expect(dark).to_be_focused()
    assert paper() > 600
    page.wait_for_timeout(300)
    page.reload()
    assert paper() > 600


def test_without_a_connection_the_message_is_kept_and_leaves_later(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    write(page, "hallo")
    expect(ours(page)).to_have_count(1)
    page.context.set_offline(True)
    write(page, "verzekering, ook zonder internet")
    expect(page.locator("#notice")).to_contain_text("Geen verbinding. Uw bericht is bewaard.")
    expect(page.locator(".line.mine").last).to_contain_text("Nog niet verstuurd")
    assert len(site.desk.taken) == 1
    page.get_by_role("button", name="Probeer opnieuw").click()
    expect(page.locator("#notice")).to_contain_text("Uw bericht is bewaard.")
    page.context.set_offline(False)
    expect(ours(page)).to_have_count(2)
    expect(page.locator("#notice-text")).to_be_empty()
    assert site.desk.texts() == ["hallo", "verzekering, ook zonder internet"]
    assert mine(page) == ["hallo", "verzekering, ook zonder internet"]


def test_a_kept_message_outlives_a_reload(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.route("**/messages", lambda route: route.abort())
    write(page, "mijn vraag")
    expect(page.locator("#notice")).to_contain_text("bewaard")
    page.get_by_role("textbox").fill("en een half")
    page.unroute("**/messages")
    page.reload()
    expect(ours(page)).to_have_count(1)
    assert site.desk.texts() == ["mijn vraag"]
    expect(page.get_by_role("textbox")).to_have_value("en een half")


def test_a_lost_reply_does_not_count_the_message_twice(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()

    def lose_the_reply(route: Any) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/messages*", lose_the_reply, times=1)
    write(page, "verzekering")
    expect(ours(page)).to_have_count(1)
    expect(page.locator("#notice-text")).to_be_empty()
    assert site.desk.texts() == ["verzekering"]
    assert mine(page) == ["verzekering"]


def test_a_message_that_arrived_before_a_reload_stands_there_once(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()

    def lose_the_reply(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/messages", lose_the_reply)
    write(page, "verzekering")
    expect(page.locator("#notice")).to_contain_text("bewaard")
    page.unroute("**/messages")
    page.reload()
    expect(page.locator(".line.mine")).to_have_count(1)
    expect(page.locator(".line.mine .state")).to_have_count(0)
    expect(page.get_by_role("button", name="Duidelijk")).to_be_enabled()
    assert site.desk.texts() == ["verzekering"]


def test_a_failing_server_keeps_the_message(site: Site, open_page: Callable[..., Page]) -> None:
    site.desk.broken = True
    page = open_page()
    write(page, "verzekering")
    expect(page.locator("#notice")).to_contain_text("Er ging iets mis.")
    site.desk.broken = False
    page.get_by_role("button", name="Probeer opnieuw").click()
    expect(ours(page)).to_have_count(1)
    assert mine(page) == ["verzekering"]


def test_what_the_assistant_masked_is_shown_masked(site: Site, open_page: Callable[..., Page]) -> None:
    take_in = site.desk.take_in

    def masking(inbound: Any) -> None:
        take_in(replace(inbound, text=inbound.text.replace("123456782", "•••")))

    site.desk.take_in = masking  # type: ignore[method-assign]
    page = open_page()
    write(page, "mijn nummer is 123456782")
    expect(ours(page)).to_have_count(1)
    assert mine(page) == ["mijn nummer is •••"]


def test_too_long_is_said_and_kept(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    write(page, "x" * 4097)
    expect(page.locator("#notice")).to_contain_text("Uw bericht is te lang.")
    assert len(page.get_by_role("textbox").input_value()) == 4097
    write(page, "😀" * 4096)
    expect(page.locator(".line.mine")).to_have_count(1)
    expect(page.locator("#notice-text")).to_be_empty()


def test_too_many_is_said_and_kept(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    for number in range(31):
        write(page, f"bericht {number}")
    expect(page.locator("#notice")).to_contain_text("Wacht 1 minuut.", timeout=20_000)
    site.clock.wait(seconds=61)
    page.get_by_role("button", name="Probeer opnieuw").click()
    expect(page.locator(".line.mine[data-number]")).to_have_count(31)
    assert len(site.desk.taken) == 31


def test_a_page_of_yesterday_says_so_and_keeps_the_text(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.context.clear_cookies()
    write(page, "mijn vraag")
    expect(page.locator("#notice")).to_contain_text("Deze pagina is te oud.")
    page.get_by_role("link", name="Pagina opnieuw openen").click()
    expect(page.get_by_role("textbox")).to_have_value("mijn vraag")
    page.locator(".send").click()
    expect(ours(page)).to_have_count(1)
    assert site.desk.texts() == ["mijn vraag"]


@pytest.mark.parametrize("script", [True, False])
def test_nothing_in_a_message_becomes_part_of_the_page(
    site: Site, open_page: Callable[..., Page], complaints: list[str], script: bool
) -> None:
    page = open_page(java_script_enabled=script)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    evil = "</textarea><script>alert(1)</script><img src=x onerror=alert(2)> html {{7*7}} *<i>x</i>*"
    write(page, evil)
    expect(ours(page)).to_have_count(1)
    for _ in range(2):
        assert mine(page) == [evil]
        expect(ours(page).first).to_contain_text('<img src=x onerror="alert(1)"> <b>dik</b>')
        assert page.locator(".text img, .text script, .text [onclick], .text i").count() == 0
        assert page.locator(".text a").evaluate_all("all => all.map((a) => a.getAttribute('href'))") == [
            "https://x.nl/"
        ]
        page.reload()
    assert asked == []
    assert complaints == []


@pytest.mark.parametrize("language", ["nl", "ar", "uk"])
def test_the_smallest_phone_never_scrolls_sideways(open_page: Callable[..., Page], language: str) -> None:
    page = open_page(viewport=SMALL)
    never_sideways(page)
    choose(page, language)
    write(page, "lang " + "w" * 500)
    expect(ours(page)).to_have_count(2)
    write(page, "html")
    expect(ours(page)).to_have_count(3)
    never_sideways(page)
    page.locator("#menu summary").click()
    never_sideways(page)
    menu = page.locator("#menu form").bounding_box()
    assert menu
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= SMALL["width"]


def test_a_phone_on_its_side_can_reach_everything(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 640, "height": 320})
    choose(page, "nl")
    write(page, "lang")
    expect(ours(page)).to_have_count(2)
    expect(page.locator("#text")).to_be_in_viewport()
    never_sideways(page)


def test_who_reads_back_is_not_pulled_down(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()
    for number in range(4):
        write(page, "lang")
        expect(ours(page)).to_have_count(number + 1)
    page.locator("#log").evaluate("node => node.scrollTo(0, 0)")
    page.wait_for_timeout(200)
    site.desk.volunteer_says("Nieuws van het team.")
    new = page.get_by_role("button", name="Nieuwe berichten")
    expect(new).to_be_visible()
    assert page.locator("#log").evaluate("node => node.scrollTop") < 50
    new.click()
    expect(ours(page).last).to_be_in_viewport()
    expect(new).to_be_hidden()


def test_two_pages_of_one_person_show_the_same(open_page: Callable[..., Page], site: Site) -> None:
    first = open_page()
    write(first, "verzekering")
    expect(ours(first)).to_have_count(1)
    second = first.context.new_page()
    second.goto(site.url)
    write(second, "iets anders")
    expect(first.locator(".line.mine")).to_have_count(2)
    expect(ours(first)).to_have_count(2)
    assert mine(first) == mine(second)


def test_starting_again_forgets_what_was_written_in_this_tab(open_page: Callable[..., Page]) -> None:
    page = open_page()
    write(page, "verzekering")
    expect(ours(page)).to_have_count(1)
    page.get_by_role("textbox").fill("half geschreven")
    page.get_by_role("button", name="Opnieuw beginnen").click()
    expect(page.locator("#start")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value("")
    assert page.evaluate("sessionStorage.length") == 0


def test_less_motion_when_the_device_asks_for_it(site: Site, open_page: Callable[..., Page]) -> None:
    site.desk.pace = 3
    page = open_page(reduced_motion="reduce")
    write(page, "verzekering")
    expect(page.locator("#dots")).to_be_visible()
    assert page.locator("#dots i").first.evaluate("node => getComputedStyle(node).animationName") == "none"
