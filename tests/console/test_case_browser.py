"""A volunteer on a telephone of 390 pixels: takes a case, reads, replies, takes it back, replies, closes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from bot import answer
from bot.web.console.entrance import COOKIE
from tests.desk.conftest import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from bot.store.rows import UserRow
    from tests.console.conftest import Office

PHONE = {"width": 390, "height": 844}
QUIET = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said: violations of the policy and failures of the script come here."""
    return []


@pytest.fixture
def page_of(office: Office, chromium: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    contexts = []

    def opened(user: UserRow, **kind: object) -> Page:
        context = chromium.new_context(**{"viewport": PHONE, "locale": "nl-NL", **kind})
        context.set_default_timeout(30_000)
        contexts.append(context)
        secret = office.signed_in(user).secret
        context.add_cookies([{"name": COOKIE, "value": secret, "url": office.url}])
        # What changed is told by another part of the console; these stories tell it themselves.
        context.route("**/desk/events", lambda route: route.fulfill(content_type="text/event-stream", body=""))
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()


def never_sideways(page: Page) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth")


def unexpected(complaints: list[str]) -> list[str]:
    """Return what the browser complained of besides a page that says that something was declined."""
    return [one for one in complaints if "409" not in one]


@pytest.mark.parametrize("script", [True, False])
def test_take_read_reply_take_back_reply_close(
    office: Office, page_of: Callable[..., Page], complaints: list[str], script: bool
) -> None:
    desk = office.desk
    talk = desk.newcomer("ar")
    case = desk.asks(talk)
    page = page_of(desk.sam, java_script_enabled=script)
    page.goto(f"{office.url}/desk/cases/{case.id}")
    assert "mens spreken" not in page.content()
    never = never_sideways if script else (lambda _: None)
    never(page)
    page.get_by_role("button", name="Neem deze zaak").click()
    expect(page.get_by_role("status").first).to_contain_text("De zaak is van u.")
    expect(page.get_by_role("log")).to_contain_text("ik wil een mens spreken")
    never(page)

    text = "يمكنك المجيء غدا إلى نقطة المعلومات مع الرسالة"
    box = page.get_by_label("Uw antwoord. De nieuwkomer leest Arabisch")
    box.fill(text)
    page.get_by_role("button", name="Verstuur", exact=True).click()
    page.get_by_role("button", name="Haal terug").click()
    expect(box).to_have_value(text)
    assert [row.status for row in desk.outbox(case) if row.user_id] == ["dropped"]

    page.get_by_role("button", name="Verstuur", exact=True).click()
    expect(page.get_by_role("button", name="Haal terug")).to_be_visible()
    never(page)
    desk.wait(seconds=6)
    assert desk.delivered() == ["reply"]
    if script:  # the seconds go by themselves
        expect(page.locator("#held")).to_contain_text("onderweg")
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("Verstuurd")
    expect(box).to_have_value("")

    assert unexpected(complaints) == []
    page.get_by_text("Sluit de zaak").first.click()
    page.get_by_label("Beantwoord", exact=True).check()
    page.get_by_role("button", name="Sluit de zaak").click()
    page.wait_for_url("**/desk?said=case_closed")
    assert desk.now(case).state == "closed"
    assert desk.delivered() == ["utter_desk_closed"]


def test_what_the_newcomer_writes_appears_and_takes_neither_focus_nor_draft(
    office: Office, page_of: Callable[..., Page], complaints: list[str]
) -> None:
    desk = office.desk
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    page = page_of(desk.sam)
    page.goto(f"{office.url}/desk/cases/{case.id}")
    box = page.locator("#reply-text")
    box.click()
    page.keyboard.type("Komt u mor")
    expect(page.locator("#draft")).to_contain_text("Concept bewaard")
    desk.wait(seconds=30)
    said(talk, "nog een vraag")
    # As the page's script says it when the server tells that this case changed.
    page.evaluate(f"htmx.trigger(document.body, 'desk:case-{case.id}')")
    expect(page.get_by_role("log")).to_contain_text("nog een vraag")
    expect(page.locator("#case-news")).to_contain_text("heeft iets nieuws geschreven")
    expect(box).to_be_focused()
    page.keyboard.type("gen")
    expect(box).to_have_value("Komt u morgen")
    page.evaluate(f"htmx.trigger(document.body, 'desk:case-{case.id}')")
    assert page.locator("#items > .line.from-newcomer").count() == 2
    page.get_by_role("button", name="Verstuur", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("schreef intussen iets nieuws")
    expect(page.locator("#reply")).to_contain_text("nog een vraag")
    expect(box).to_have_value("Komt u morgen")
    page.get_by_role("button", name="Verstuur", exact=True).click()
    expect(page.get_by_role("button", name="Haal terug")).to_be_visible()
    assert unexpected(complaints) == []


def test_what_was_shown_by_itself_can_be_acted_on_without_reloading(
    office: Office, page_of: Callable[..., Page]
) -> None:
    desk = office.desk
    talk = desk.newcomer()
    case = desk.answered(desk.taken(desk.asks(talk)))
    page = page_of(desk.sam)
    page.goto(f"{office.url}/desk/cases/{case.id}")
    desk.wait(seconds=30)
    said(talk, "dank u wel, het is gelukt")
    page.evaluate(f"htmx.trigger(document.body, 'desk:case-{case.id}')")
    expect(page.get_by_role("log")).to_contain_text("het is gelukt")
    page.get_by_text("Sluit de zaak").first.click()
    page.get_by_label("Beantwoord", exact=True).check()
    page.get_by_role("button", name="Sluit de zaak").click()
    page.wait_for_url("**/desk?said=case_closed")
    assert desk.now(case).state == "closed"


def test_the_conversation_begins_at_its_end_and_can_be_read_by_keyboard(
    office: Office, page_of: Callable[..., Page]
) -> None:
    desk = office.desk
    talk = desk.newcomer()
    case = desk.taken(desk.asks(talk))
    for number in range(20):
        desk.wait(seconds=1)
        said(talk, f"bericht {number}")
    page = page_of(desk.sam)
    page.goto(f"{office.url}/desk/cases/{case.id}")
    log = page.get_by_role("log")
    log.scroll_into_view_if_needed()
    expect(page.get_by_text("bericht 19", exact=True)).to_be_in_viewport()
    log.focus()
    for _ in range(20):
        page.keyboard.press("PageUp")
    expect(page.get_by_text("ik wil een mens spreken").last).to_be_attached()
    assert log.evaluate("log => log.scrollTop") < 0  # it went up
    never_sideways(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_of_the_cases_pages(office: Office, page_of: Callable[..., Page], scheme: str) -> None:
    desk = office.desk
    talk = desk.newcomer("ar")
    case = desk.asks(talk)
    address = f"{office.url}/desk/cases/{case.id}"

    def complaints_about(page: Page) -> list[str]:
        page.wait_for_load_state()  # the words may be there before the style sheet
        found = Axe().run(page)
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]

    page = page_of(desk.sam, color_scheme=scheme)
    page.goto(address)
    assert complaints_about(page) == []
    desk.answered(desk.taken(case))
    answer.note(desk.runtime, desk.sam.id, case.id, text="Belt liever niet")
    said(talk, "mijn bsn is 111222333")
    desk.replies(case)
    page.goto(address)
    for closed in page.locator("summary").all():
        closed.click()
    assert complaints_about(page) == []
    page.locator("#reply-text").fill(" ")
    with page.expect_navigation():  # a page that is half there has colours of its own
        page.get_by_role("button", name="Verstuur", exact=True).click()
    assert complaints_about(page) == []
    theirs = page_of(desk.cora, color_scheme=scheme)
    theirs.goto(address)
    assert complaints_about(theirs) == []
    theirs.goto(f"{office.url}/desk/cases/none")
    assert complaints_about(theirs) == []


def test_a_case_is_taken_answered_and_closed_by_keyboard_alone(office: Office, page_of: Callable[..., Page]) -> None:
    desk = office.desk
    case = desk.asks()
    page = page_of(desk.sam)
    page.goto(f"{office.url}/desk/cases/{case.id}")

    def go_to(text: str) -> None:
        """Press Tab until what is focused says this."""
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(e => (e.innerText || e.labels?.[0]?.innerText || '').trim())(document.activeElement)"
            )
            if focused.startswith(text):
                return
        raise AssertionError(text)

    go_to("Neem deze zaak")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("mens spreken")
    go_to("Uw antwoord.")
    page.keyboard.type("Kom morgen naar het infopunt met de brief")
    go_to("Verstuur")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Haal terug")).to_be_visible()
    go_to("Sluit de zaak")
    page.keyboard.press("Enter")
    go_to("Beantwoord")
    page.keyboard.press("Space")
    go_to("Sluit de zaak")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk?said=case_closed")
    assert desk.now(case).state == "closed"
