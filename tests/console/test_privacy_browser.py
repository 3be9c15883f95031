"""Privacy and Letter in Chromium: drawn by pointer and by keyboard, readable for everybody, on a phone too."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import sync_playwright

from bot.domain.turn import Attachment
from bot.web.console.entrance import COOKIE
from tests.desk.conftest import MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from playwright.sync_api import Browser, Page

    from bot.store.rows import CaseRow, UserRow
    from bot.store.work import Work
    from tests.console.conftest import Office

    Opens: TypeAlias = Callable[..., Page]

pytestmark = pytest.mark.browser
QUIET = "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking --no-first-run"
PHONE, DESKTOP, SMALL = {"width": 390, "height": 844}, {"width": 1280, "height": 800}, {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET.split())
        yield chromium
        chromium.close()


@pytest.fixture
def opens(office: Office, browser: Browser) -> Iterator[Opens]:
    """Open a page as somebody who is signed in; nothing may fail in it, or break its policy."""
    contexts, complaints = [], []

    def opened(user: UserRow, path: str, **kind: object) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, "locale": "nl-NL", **kind})
        contexts.append(context)
        context.set_default_timeout(30_000)
        secret = office.signed_in(user).secret
        context.add_cookies([{"name": COOKIE, "value": secret, "url": office.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(office.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def case(office: Office) -> CaseRow:
    return office.desk.taken(office.desk.asks())


@pytest.fixture
def here(office: Office, case: CaseRow) -> str:
    out = io.BytesIO()
    Image.new("RGB", (800, 1000), "white").save(out, "JPEG")

    def add(work: Work) -> str:
        message = work.inbox.all_for(case.conversation_id)[-1]
        now = office.desk.clock.now()
        work.attachments.expect(
            case.conversation_id, message.id, 0, Attachment(reference="r"), status="wanted", now=now
        )
        (row,) = work.attachments.for_inbound(message.id)
        work.attachments.fetched(row.id, out.getvalue(), "image/jpeg", now)
        return row.id

    return f"/desk/cases/{case.id}/files/{office.desk.runtime.database.write(add)}"


def kept(office: Office, here: str) -> Image.Image:
    content = office.desk.runtime.database.read(lambda work: work.attachments.open(here.rsplit("/", 1)[1]))
    assert content is not None
    return Image.open(io.BytesIO(content)).convert("RGB")


def is_black(image: Image.Image, x: float, y: float) -> bool:
    return max(image.getpixel((int(image.width * x), int(image.height * y)))) < 40


def test_a_part_is_drawn_with_the_pointer(office: Office, opens: Opens, here: str) -> None:
    page = opens(office.desk.sam, f"{here}/redact")
    picture = page.locator("[data-redact] img")
    picture.scroll_into_view_if_needed()
    edge = picture.bounding_box()
    assert edge is not None
    page.mouse.move(edge["x"] + edge["width"] * 0.1, edge["y"] + 20)
    page.mouse.down()
    page.mouse.move(edge["x"] + edge["width"] * 0.5, edge["y"] + 120, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Vlak 1").wait_for()
    assert page.locator("[name=x]").first.input_value() == "10"
    assert page.locator("[name=w]").first.input_value() == "40"
    page.get_by_role("button", name="Bekijk eerst hoe het wordt").click()
    assert not is_black(kept(office, here), 0.3, 0.06)
    page.get_by_role("button", name="Voor altijd zwart maken").click()
    page.get_by_text("De vlakken zijn zwart gemaakt").wait_for()
    assert is_black(kept(office, here), 0.3, 0.06)
    assert not is_black(kept(office, here), 0.8, 0.8)


def test_a_part_is_made_and_moved_by_keyboard_alone(office: Office, opens: Opens, here: str) -> None:
    page = opens(office.desk.sam, f"{here}/redact")
    page.get_by_role("button", name="Vlak toevoegen").focus()
    page.keyboard.press("Enter")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert [page.locator(f"[name={name}]").first.input_value() for name in "xywh"] == ["38", "39", "22", "6"]
    page.get_by_role("button", name="Vlak toevoegen").press("Enter")
    page.keyboard.press("Delete")
    assert page.locator(".mark").count() == 1
    page.get_by_role("button", name="Bekijk eerst hoe het wordt").press("Enter")
    page.get_by_role("button", name="Voor altijd zwart maken").press("Enter")
    page.get_by_text("De vlakken zijn zwart gemaakt").wait_for()
    assert is_black(kept(office, here), 0.5, 0.42)


def test_there_are_as_many_parts_as_are_needed(office: Office, opens: Opens, here: str) -> None:
    page = opens(office.desk.sam, f"{here}/redact")
    for _ in range(6):
        page.get_by_role("button", name="Vlak toevoegen").press("Enter")
        page.keyboard.press("Shift+ArrowRight")
    assert page.locator(".mark").count() == 6
    assert page.get_by_role("group", name="Vlak 6").count() == 1


@pytest.mark.parametrize("kind", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}, {"viewport": SMALL}])
def test_nothing_keeps_anybody_out(
    office: Office, opens: Opens, case: CaseRow, here: str, kind: dict[str, object]
) -> None:
    desk = office.desk
    anna = desk.runtime.database.write(
        lambda work: work.users.add("Anna", roles=["administrator"], teams=[], now=MONDAY)
    )
    desk.runtime.database.write(
        lambda work: work.decisions.record(
            "letter_photos", {"allowed": True}, note="besluit", user_id=anna.id, now=MONDAY
        )
    )
    for user, path in (
        (desk.sam, here),
        (desk.sam, f"{here}?turn=1&zoom=3"),
        (desk.sam, f"{here}/redact"),
        (desk.cora, f"/desk/privacy?number={case.number}"),
        (anna, "/desk/privacy"),
        (anna, "/desk/privacy/log"),
        (anna, "/desk/privacy/log?by=nobody"),
    ):
        page = opens(user, path, **kind)
        page.wait_for_load_state()  # the words may be there before the style sheet
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        problems = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]]
        assert problems == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
