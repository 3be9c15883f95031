"""Offers in Chromium, 390 pixels wide: an organiser's circle and the coordinator's, without a script too; and axe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.console.test_case_browser import chromium, complaints, page_of
from tests.console.test_offers import FORM, OFFERS, Shop, shop
from tests.console.test_sessions_browser import looked_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

__all__ = ["chromium", "complaints", "page_of", "shop"]
pytestmark = pytest.mark.browser
IMPORT = f"{OFFERS}/import"
FILE = (
    "nummer;titel;tekst;soort;dag;begint;kosten\n"
    "a-1;Samen koken;Wij koken.;koken en eten;3-12-2026;14:00;2,50\n"
    "a-2;Zwemmen;;sport;3 december;10:00;\n"
    "a-3;Taalcafé;;taalcafé;4-12-2026;10:00;gratis\n"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shop: Shop, page_of: Callable[..., Page], complaints: list[str], scheme: str) -> None:
    url, desk = shop.office.url, shop.office.desk
    wrong: list[str] = []
    page = page_of(shop.organiser, color_scheme=scheme)
    page.goto(url + OFFERS)
    wrong += looked_at(page, f"offers-none-{scheme}")
    shown, written, sent = shop.publishes(repeats="weekly"), shop.writes(), shop.writes(title="Wandelen")
    shop.joins(shown)
    shop.does(shop.olga, sent, "submit")
    back = shop.writes(title="Muziek")
    shop.does(shop.olga, back, "submit")
    shop.does(shop.cora, back, "decline", reason="Schrijf erbij wat mensen meenemen.")
    for name, path in {
        "offers": OFFERS,
        "offer-new": f"{OFFERS}/new",
        "offer-shown": shown,
        "offer-draft": written,
        "offer-declined": back,
        "offer-change": f"{written}/change",
    }.items():
        page.goto(url + path)
        wrong += looked_at(page, f"{name}-{scheme}")
    page.goto(f"{url}{OFFERS}/new")
    page.get_by_label("Titel").fill("Zonder tijd")
    page.get_by_label("Dag (of de eerste keer)").fill("2026-12-03")
    page.get_by_role("button", name="Bewaar").click()
    expect(page.get_by_text("Schrijf ook hoe laat het begint.")).to_be_visible()
    wrong += looked_at(page, f"offer-wrong-{scheme}")
    page.goto(url + IMPORT)
    wrong += looked_at(page, f"import-{scheme}")
    page.set_input_files("#file", {"name": "aanbod.csv", "mimeType": "text/csv", "buffer": b"a;b"})
    page.get_by_role("button", name="Bekijken").click()
    expect(page.get_by_text("Dit is geen lijst")).to_be_visible()
    wrong += looked_at(page, f"import-wrong-{scheme}")
    page.set_input_files("#file", {"name": "aanbod.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    page.get_by_role("button", name="Bekijken").click()
    expect(page.get_by_text("Er is nog niets bewaard.")).to_be_visible()
    wrong += looked_at(page, f"import-look-{scheme}")
    page.get_by_role("button", name="Maak concepten (2)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Het bestand is verwerkt")
    wrong += looked_at(page, f"import-done-{scheme}")
    imported = page.get_by_role("link", name="Samen koken").get_attribute("href") or ""
    shop.does(shop.olga, imported, "submit")
    shop.does(shop.cora, imported, "approve")
    page.goto(url + IMPORT)
    other = FILE.replace("2,50", "3").replace("Taalcafé;", "Taalcafé;Wij praten.")
    page.set_input_files("#file", {"name": "aanbod.csv", "mimeType": "text/csv", "buffer": other.encode()})
    page.get_by_role("button", name="Bekijken").click()
    expect(page.get_by_text("kosten: nu 2,50, in het bestand 3,00")).to_be_visible()
    expect(page.get_by_text("tekst: nu leeg, in het bestand Wij praten.")).to_be_visible()
    wrong += looked_at(page, f"import-differs-{scheme}")
    page = page_of(desk.cora, color_scheme=scheme)
    for name, path in {
        "offers-all": OFFERS,
        "offer-sent": sent,
        "offer-for": f"{OFFERS}/new",
        "import-for": IMPORT,
    }.items():
        page.goto(url + path)
        wrong += looked_at(page, f"{name}-{scheme}")
    assert wrong == []
    assert [one for one in complaints if "422" not in one] == []


@pytest.mark.parametrize("script", [True, False])
def test_written_published_and_called_off(
    shop: Shop, page_of: Callable[..., Page], complaints: list[str], script: bool
) -> None:
    url = shop.office.url
    olga = page_of(shop.organiser, java_script_enabled=script)
    olga.goto(f"{url}/desk")
    olga.get_by_role("link", name="Nieuw aanbod").click()
    olga.get_by_label("Soort").select_option("koken en eten")
    olga.get_by_label("Titel").fill(FORM["title"])
    olga.get_by_label("Tekst").fill(FORM["body"])
    olga.get_by_label("Dag (of de eerste keer)").fill(FORM["day"])
    olga.get_by_label("Begint om").fill(FORM["begins"])
    olga.get_by_label("Hoe vaak?").select_option("Elke week op deze dag")
    olga.get_by_label("Plaats").fill(FORM["place"])
    olga.get_by_label("Hoeveel mensen kunnen komen").fill("1")
    olga.get_by_label("العربية").check()
    olga.get_by_role("button", name="Bewaar").click()
    expect(olga.get_by_text("Bewaard.")).to_be_visible()
    home = olga.url.removeprefix(url).split("?")[0]
    olga.get_by_role("button", name="Naar de coördinator sturen").click()
    expect(olga.get_by_text("Ingestuurd. Een coördinator leest het.")).to_be_visible()

    cora = page_of(shop.office.desk.cora, java_script_enabled=script)
    cora.goto(url + OFFERS)
    cora.get_by_role("link", name=FORM["title"]).click()
    expect(cora.get_by_text("Wij koken samen.")).to_be_visible()
    cora.get_by_role("button", name="Publiceren").click()
    expect(cora.get_by_text("Nieuwkomers kunnen het nu vinden.")).to_be_visible()

    assert [shop.joins(home), shop.joins(home)] == ["going", "waiting"]
    olga.goto(url + home)
    expect(olga.get_by_text("1 van 1")).to_be_visible()
    olga.locator("summary", has_text="Deze keer afzeggen").first.click()
    expect(olga.get_by_text("2 mensen krijgen een bericht.")).to_be_visible()
    olga.get_by_role("button", name="Zeg deze keer af").first.click()
    expect(olga.get_by_text("Deze keer is afgezegd.")).to_be_visible()
    olga.locator("summary", has_text="Afzeggen").last.click()
    olga.get_by_role("button", name="Zeg het af").click()
    expect(olga.get_by_text("Afgezegd.")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("script", [True, False])
def test_a_file_is_looked_at_and_taken_in(
    shop: Shop, page_of: Callable[..., Page], complaints: list[str], script: bool
) -> None:
    olga = page_of(shop.organiser, java_script_enabled=script)
    olga.goto(f"{shop.office.url}{OFFERS}")
    olga.get_by_role("link", name="Aanbod uit een bestand").click()
    olga.set_input_files("#file", {"name": "aanbod.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")})
    olga.get_by_role("button", name="Bekijken").click()
    expect(olga.get_by_role("heading", level=1)).to_have_text("Klopt dit?")
    expect(olga.get_by_text("Schrijf een dag, zoals 3-12-2026.")).to_be_visible()
    olga.get_by_role("button", name="Maak concepten (2)").click()
    expect(olga.get_by_text("Nieuw: 2. Veranderd: 0. Bleef zoals het was: 0. Kon niet: 1.")).to_be_visible()
    olga.get_by_role("link", name="Taalcafé").click()
    expect(olga.get_by_role("heading", level=1)).to_have_text("Taalcafé")
    assert complaints == []
