"""
A coach's circle in Chromium, on the real assistant and the twelve months: a code, a day, a task that is done.

Twice on a phone: by pointer, and with JavaScript switched off on both sides. Then axe looks at every page of it.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from playwright.sync_api import expect

from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.domain.clock import SystemClock, local_day
from bot.engine import Engine
from bot.store.database import Database
from tests.console.conftest import served
from tests.console.test_axe_browser import looked_at
from tests.console.test_circle_browser import By, Circle, WithoutScript, browser, hired, pages, says, sits_down, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from bot.store.encryption import Vault
    from bot.wiring import Parts
    from tests.console.on_stage import Stage

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
HOME_ASKED = "Op welke dag kreeg u de sleutel van uw huis?"
REGISTER = "Inschrijven bij de gemeente"
INTAKE = "Kennismaken met uw coach"


@pytest.fixture
def circle(assistant: Parts, tmp_path: Path, migrated_file: Path, vault: Vault) -> Iterator[Circle]:
    """The assistant with its own trajectories, so that an author may change them; Sam is a coach."""
    path = tmp_path / "circle.sqlite"
    shutil.copy(migrated_file, path)
    webchat, engine = WebChat(), Engine()
    own = replace(assistant.knowledge, trajectories=dict(assistant.knowledge.trajectories))
    with Database.open(f"sqlite:///{path}", vault) as database:
        runtime = replace(assistant, knowledge=own).runtime(
            database, channels={webchat.name: webchat}, clock=SystemClock()
        )
        key = hired(runtime)
        (sam,) = database.read(lambda work: work.users.everybody())
        database.write(lambda work: work.users.change(sam.id, roles_json=["coach"]))
        engine.start(runtime)
        for url, _ in served(application(runtime, webchat, secret=b"a secret of thirty-two bytes ...")):
            yield Circle(url=url, runtime=runtime, key=key)
            webchat.close()
        engine.stop()


def opens(desk: Page, summary: str, how: By) -> None:
    """Fold a part open."""
    part = desk.locator("summary", has_text=summary).first
    if part.evaluate("one => !one.parentElement.open"):
        how.press(part)


def tells_home(desk: Page, day: str, how: By) -> None:
    """Fill in when the newcomer got the key, wherever that stands, and save."""
    field = desk.get_by_label(HOME_ASKED)
    if not field.is_visible():
        opens(desk, "Al bekend" if "Al bekend: 0" not in desk.locator("main").inner_text() else "Nog onbekend", how)
    how.write(field, day)
    how.press(desk.get_by_role("button", name="Opslaan en dagen berekenen"))
    expect(desk.get_by_role("status").first).to_contain_text("Opgeslagen.")


@pytest.mark.parametrize("how", [By(), WithoutScript()], ids=lambda how: type(how).__name__)
def test_a_coach_and_a_newcomer_go_round(circle: Circle, browser: Browser, how: By) -> None:
    today = local_day(circle.runtime.clock.now())
    with pages(browser, circle, how, locale="nl-NL") as (chat, desk):
        # ---- a code, on the coach's phone
        sits_down(desk, circle, how)
        how.press(desk.get_by_role("link", name="Mijn groep"))
        expect(desk.locator("main")).to_contain_text("Er zit nog niemand in uw groep.")
        how.press(desk.get_by_role("button", name="Maak een code"))
        code = desk.locator("#code").inner_text()

        # ---- the newcomer types it, and gets the plan
        says(chat, code, how)
        chat.get_by_role("button", name=re.compile("Ja")).first.click()  # the notice
        until(chat, "Uw eerste 12 maanden", how)

        # ---- the coach fills in a day, and then another: what moved is read in the chat
        how.press(desk.get_by_role("link", name="Mijn groep"))
        how.press(desk.locator("#member-1 h2 a"))
        home = desk.url.split("?")[0]
        tells_home(desk, (today - timedelta(days=2)).isoformat(), how)
        tells_home(desk, (today - timedelta(days=5)).isoformat(), how)
        until(chat, "dagen in uw plan zijn veranderd", how)

        # ---- the newcomer does what the coach has to see
        says(chat, "mijn taken", how)
        until(chat, REGISTER, how)
        chat.get_by_role("button", name="Klaar", exact=True).last.click()
        expect_state(circle, "b03_brp", "awaiting")
        desk.goto(home)
        first = desk.locator("ol.year").first
        expect(first).to_contain_text(REGISTER)
        how.press(first.get_by_role("button", name=re.compile("^Bevestig")).first)
        expect(desk.get_by_role("status").first).to_contain_text("De taak is bevestigd.")
        expect_state(circle, "b03_brp", "done")

        # ---- one is skipped with a reason, one is added
        how.press(desk.get_by_role("link", name=INTAKE).first)
        task = desk.url.split("?")[0]
        opens(desk, "Sla over", how)
        how.write(desk.get_by_label("Waarom"), "Het gesprek was vorige maand al")
        how.press(desk.get_by_role("button", name="Sla deze taak over"))
        expect(desk.get_by_role("status").first).to_contain_text("De taak is overgeslagen.")
        opens(desk, "Voeg een taak toe", how)
        how.write(desk.get_by_label("Naam van de taak"), "Neem uw diploma mee")
        how.write(desk.get_by_label("Klaar voor"), (today + timedelta(days=9)).isoformat())
        how.press(desk.get_by_role("button", name="Voeg toe"))
        expect(desk.locator("main")).to_contain_text("Neem uw diploma mee")

        # ---- an author changes the trajectory: shown first, then followed
        authors_change(circle)
        desk.goto(home)
        how.press(desk.get_by_role("link", name="Bekijk wat er verandert"))
        template = desk.url
        expect(desk.locator("main")).to_contain_text("Vervalt (1)")
        if how.script:
            assert seen_by_axe(desk, circle, ["/desk/group", home, task, template]) == []
            desk.goto(template)
        how.press(desk.get_by_role("button", name="Volg het nieuwe traject"))
        expect(desk.get_by_role("status").first).to_contain_text("Het plan volgt nu het nieuwe traject.")
        expect_state(circle, "b05_energy", "dropped")


def seen_by_axe(desk: Page, circle: Circle, paths: list[str]) -> list[str]:
    """Look at these pages on a phone and on a desk, light and dark; return what is wrong."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        desk.emulate_media(color_scheme=cast("Any", scheme))
        for path in paths:
            found += looked_at(desk, cast("Stage", circle), f"{scheme} {path[-40:]}", path.removeprefix(circle.url))
    was = desk.viewport_size
    desk.set_viewport_size({"width": 1280, "height": 900})
    for path in paths:
        found += looked_at(desk, cast("Stage", circle), f"wide {path[-40:]}", path.removeprefix(circle.url))
    assert was is not None
    desk.set_viewport_size(was)
    return found


def authors_change(circle: Circle) -> None:
    """Have the authors leave one task out."""
    trajectories = cast("dict[str, Any]", circle.runtime.knowledge.trajectories)
    known = trajectories["twelve_months"]
    tasks = {name: task for name, task in known.tasks.items() if name != "b05_energy"}
    trajectories["twelve_months"] = replace(known, tasks=tasks, digest="changed")


def expect_state(circle: Circle, task: str, state: str) -> None:
    """Wait until a task is so: what somebody taps in the chat is done a moment later."""
    query = f"SELECT state FROM trajectory_tasks WHERE task = '{task}'"
    end = time.monotonic() + 30
    found = None
    while found != state and time.monotonic() < end:
        found = circle.runtime.database.read(lambda work: work.connection.exec_driver_sql(query).scalar_one())
        time.sleep(0.1)
    assert found == state
