"""
Pictures of the console's screens for docs/pictures/: `make pictures`.

On a desk, on a phone, a case in Arabic, and in the dark; all people in them are the demo's, which are invented.
"""

from __future__ import annotations

import argparse
import shutil
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.sync_api import sync_playwright

from bot.domain.clock import local_day
from bot.settings import Settings
from bot.wiring import parts
from tests.console.on_stage import on_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.console.on_stage import Stage

# The last three: a page is drawn and its script runs, also while another window lies over it.
QUIET = (
    "--no-sandbox --disable-dev-shm-usage --disable-gpu --disable-background-networking --no-first-run"
    " --disable-backgrounding-occluded-windows --disable-renderer-backgrounding --disable-background-timer-throttling"
)
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# A file that an organiser looks at, on the page where it is chosen.
FILE = "import-look"
SHEET = """\
nummer;titel;tekst;soort;dag;begint;eindigt;herhaling;plaats;kosten
w-1;Wandelen in het park;Wij lopen een uur. Neem water mee.;wandelen;{day};09:30;10:30;wekelijks;Volkspark;gratis
k-1;Samen koken;Wij koken samen. Daarna eten wij.;koken en eten;{day};17:30;20:00;;Demo-buurthuis;2,50
m-1;Muziek;;muziek;{day};19:00;;;Demo-buurthuis;
z-1;Zwemmen;Wij zwemmen.;sport;volgende week;10:00;;;Zwembad;
"""
COLOURS = 96  # enough for pages without photographs, and a third of the bytes


def shots(stage: Stage) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield the name of each picture, who looks, at which address, and in which window."""
    for name, (who, path) in stage.screens.items():
        yield f"{name}-desk", who, path, {"viewport": DESK}
        yield f"{name}-phone", who, path, {"viewport": PHONE, "device_scale_factor": 2}
        if name == "import":
            yield f"{FILE}-desk", who, path, {"viewport": DESK}
            yield f"{FILE}-phone", who, path, {"viewport": PHONE, "device_scale_factor": 2}
    arabic = f"/desk/cases/{stage.demo.cases['queued'].id}"
    yield "case-arabic-phone", "sami", arabic, {"viewport": PHONE, "device_scale_factor": 2}
    yield "case-arabic-desk", "sami", arabic, {"viewport": DESK}
    for name in ("today", "case", "queue", "year", "matches"):
        who, path = stage.screens[name]
        yield f"{name}-dark", who, path, {"viewport": DESK, "color_scheme": "dark"}


def taken(  # noqa: PLR0913, PLR0917  # of what, who looks, where, and how large
    browser: Browser, stage: Stage, name: str, who: str, path: str, window: dict[str, Any]
) -> bytes:
    """Return the picture of one page as PNG."""
    context = browser.new_context(locale="nl-NL", reduced_motion="reduce", **window)
    stage.enter(context, who)
    page = context.new_page()
    page.goto(stage.url + path)
    take = page.locator("form[action$='/take'] button.primary")
    if take.count():
        take.first.click()
    if name.startswith(FILE):
        sheet = SHEET.format(day=(local_day(stage.runtime.clock.now()) + timedelta(days=14)).isoformat())
        page.set_input_files("#file", {"name": "aanbod.csv", "mimeType": "text/csv", "buffer": sheet.encode()})
        page.locator("main button.primary").click()
    page.wait_for_timeout(500)  # until the scripts have done their first round
    image = Image.open(BytesIO(page.screenshot(full_page=False)))
    context.close()
    made = BytesIO()
    image.convert("RGB").quantize(COLOURS).save(made, "PNG", optimize=True)
    return made.getvalue()


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="docs/pictures", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.exit(1, "install chromium (and fonts-noto-core, for Arabic and Ge'ez) first\n")
    with parts(Settings()) as ready, on_stage(ready) as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET.split())
        for name, who, path, window in shots(stage):
            (folder / f"{name}.png").write_bytes(taken(browser, stage, name, who, path, window))
            print(folder / f"{name}.png", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
