"""The demo on a real server, for a camera and for axe: invented people, a case in every state, a letter."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from bot.channels.webchat import WebChat
from bot.commands import demo
from bot.commands.serve import application
from bot.domain.clock import SystemClock
from bot.domain.turn import Attachment
from bot.store.database import Database
from bot.store.encryption import MasterKeys, Vault
from bot.store.participation_rows import MatchRow
from tests.console.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

    from bot.runtime import Runtime
    from bot.store.work import Work
    from bot.wiring import Parts

LETTER = """Gemeente Voorbeeldstad
Afdeling Werk en Inkomen

Onderwerp: inlichtingen bijstand

Geachte heer/mevrouw,

Wij vragen u om voor vrijdag een
kopie van uw huurcontract te sturen.

U kunt ook langskomen bij de balie.

(verzonnen voorbeeldbrief)"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where it is served, who plays, and where each of the screens is."""

    url: str
    demo: demo.Demo
    runtime: Runtime
    letter: str

    @property
    def screens(self) -> dict[str, tuple[str, str]]:
        """The screens by name: who looks, and at which address."""
        active = f"/desk/cases/{self.demo.cases['active'].id}"
        return {
            "today": ("vera", "/desk"),
            "queue": ("sami", "/desk/queue"),
            "case": ("vera", active),
            "letter": ("vera", f"{active}/files/{self.letter}"),
            "replies": ("vera", "/desk/replies"),
            "team": ("nora", "/desk/team"),
            "privacy": ("nora", "/desk/privacy"),
            "settings": ("vera", "/desk/settings"),
            "group": ("coby", "/desk/group"),
            "year": ("coby", f"/desk/group/{self.demo.newcomers['karim']}"),
            "sessions": ("coby", "/desk/group/sessions"),
            "group-message": ("coby", "/desk/group/message"),
            "counts": ("nora", "/desk/counts"),
            "offers": ("nora", "/desk/offers"),
            "offer": ("olga", f"/desk/offers/{self.offer}"),
            "offer-new": ("olga", "/desk/offers/new"),
            "questions": ("sami", "/desk/questions"),
            "question": ("sami", f"/desk/questions/{self.question}"),
            "notes": ("olga", "/desk/notes"),
        }

    @property
    def offer(self) -> str:
        """The offer that newcomers found."""
        shown = self.runtime.database.read(lambda work: work.publishing.published())
        return shown[0].id

    @property
    def question(self) -> str:
        """The question of an organisation that waits for an answer."""
        asked = self.runtime.database.read(lambda work: work.consulting.latest(10))
        return next(one.id for one in asked if one.state == "open")

    def enter(self, context: BrowserContext, name: str) -> None:
        """Sign this browser in as one of the demo's people."""
        # Without a page of its own: one that is opened and shut beside another may leave Chromium drawing neither.
        entered = context.request.post(f"{self.url}/desk/demo/{name}", max_redirects=0)
        assert entered.status == 303, entered.status


@contextmanager
def on_stage(parts: Parts) -> Iterator[Stage]:
    """Serve the demo on a database that is gone afterwards."""
    knowledge = replace(parts.knowledge, organisation=demo.organisation(parts.knowledge))
    with tempfile.TemporaryDirectory(prefix="wegwijs-") as folder:
        vault = Vault(MasterKeys.load_or_create(Path(folder) / "keys"))
        with Database.open(f"sqlite:///{folder}/stage.sqlite", vault) as database:
            database.upgrade()
            webchat = WebChat()
            runtime = replace(parts, knowledge=knowledge).runtime(
                database, channels={webchat.name: webchat}, clock=SystemClock()
            )
            played = demo.fill(runtime)
            letter = _sends_a_letter(runtime, played)
            _are_put_together(runtime, played)
            app = application(runtime, webchat, secret=b"a secret of thirty-two bytes ...", is_demo=True)
            for url, _ in served(app):
                yield Stage(url=url, demo=played, runtime=runtime, letter=letter)
                webchat.close()


def _sends_a_letter(runtime: Runtime, played: demo.Demo) -> str:
    """Have the newcomer of the active case send a letter that nobody ever got."""
    case = played.cases["active"]

    def send(work: Work) -> str:
        now = runtime.clock.now()
        message = work.inbox.receive(
            case.conversation_id, WebChat.name, "a-letter", "photo", {"text": "", "attachments": []}, now
        )
        assert message is not None
        work.inbox.mark_read([message.id])
        photo = Attachment(reference="a-letter", media_type="image/jpeg")
        work.attachments.expect(case.conversation_id, message.id, 0, photo, status="wanted", now=now)
        (file,) = work.attachments.for_inbound(message.id)
        work.attachments.fetched(file.id, letter(), "image/jpeg", now)
        work.attachments.gone(file.id)
        return file.id

    return runtime.database.write(send)


def _are_put_together(runtime: Runtime, played: demo.Demo) -> None:
    """Have one match be suggested and one be agreed."""

    def suggest(work: Work) -> None:
        now, (one, other, *_) = runtime.clock.now(), played.newcomers.values()
        mine, theirs = work.seekings.open(one, "buddy", None, now), work.seekings.open(other, "be_buddy", None, now)
        suggested = MatchRow(
            id="",
            kind="buddy",
            seeking_id=mine.id,
            newcomer_id=one,
            state="suggested",
            suggested_at=now,
            reasons=(("language", "ar"), ("near", "region"), ("time", "evening")),
            other_seeking_id=theirs.id,
            other_newcomer_id=other,
        )
        work.matches.suggest_anew([suggested])
        for match in work.matches.of(one, ("suggested",)):
            work.matches.change(match.id, state="agreed", agreed_at=now, newcomer_says="yes", other_says="yes")
        work.matches.suggest_anew([suggested])

    runtime.database.write(suggest)


def letter() -> bytes:
    """Return a picture of an invented letter."""
    sheet = Image.new("RGB", (900, 1200), "#f4f1e8")
    ImageDraw.Draw(sheet).multiline_text((90, 110), LETTER, fill="#222", font=ImageFont.load_default(34), spacing=16)
    made = BytesIO()
    sheet.save(made, "JPEG", quality=80)
    return made.getvalue()
