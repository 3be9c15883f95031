"""The preview against a real server, with a small assistant in memory that knows a few answers by heart."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import uvicorn
import yaml
from babel.messages.pofile import read_po

from bot.channels.webchat import WebChat
from bot.domain.clock import HeldClock
from bot.domain.languages import Language, Languages
from bot.domain.turn import Button, Inbound, Kind, Media, Message, SentFile
from bot.web.app import create_app
from bot.web.preview import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CONTENT = Path(__file__).parents[2] / "content"
SECRET = b"a secret of thirty-two bytes ..."


def languages() -> Languages:
    table = yaml.safe_load((CONTENT / "languages.yml").read_text())
    known = {code: Language(code=code, **row) for code, row in table["languages"].items()}
    return Languages(all=known, fallback=tuple(table["fallback"]))


def labels(language: str) -> Mapping[str, str]:
    """The page's words as they stand in content/, Dutch where a translation is missing."""
    responses = yaml.safe_load((CONTENT / "responses" / "preview.yml").read_text())["responses"]
    words = {name: variants[0]["text"] for name, variants in responses.items()}
    catalogue = CONTENT / "locale" / language / "LC_MESSAGES" / "preview.po"
    if catalogue.exists():
        with catalogue.open("rb") as file:
            words |= {str(m.context): str(m.string) for m in read_po(file) if m.context in words and m.string}
    return words


def says(text: str, language: str = "nl", *buttons: str) -> Message:
    return Message(
        response="utter_example",
        text=text,
        buttons=tuple(Button(title=title, payload=f"/{title.lower()}") for title in buttons),
        language=language,
        direction=languages().direction(language),
    )


NOTICE = {
    "nl": says("Welkom. Wij bewaren uw vraag.\nIs dat goed?", "nl", "Ja", "Nee"),
    "ar": says("أهلًا بكم. نحن نحفظ سؤالكم.\nهل توافقون على ذلك؟", "ar", "نعم", "لا"),
    "ti": says("እንቋዕ ብደሓን መጻእኩም። ሕቶኹም ንዕቅብ ኢና።\nትሰማምዑ ዶ?", "ti", "እወ", "ኣይፋል"),
}
ANSWERS = {
    "verzekering": says(
        "U neemt zelf een *zorgverzekering*.\nDoe het in de eerste week in uw huis.\nU heeft hiervoor 4 maanden.",
        "nl",
        "Meer",
        "Duidelijk",
        "Een mens",
    ),
    "التأمين": says(
        "تختارون بأنفسكم \u2068*zorgverzekering*\u2069 (التأمين الصحي).\n"
        "لديكم 4 أشهر لذلك. للأسئلة: \u2068010 - 123 45 67\u2069.\n"
        "المزيد على \u2068https://www.rijksoverheid.nl/zorgverzekering\u2069.",
        "ar",
        "معلومات أكثر",
        "هذا واضح",
        "أريد شخصًا",
    ),
    "መድሕን": says(
        "ባዕልኹም *zorgverzekering* (መድሕን ጥዕና) ትመርጹ።\nንዚ 4 ኣዋርሕ ግዜ ኣለኩም።\nንሕቶታት ናብ 010 - 123 45 67 ደውሉ።",
        "ti",
        "ተወሳኺ",
        "ግልጺ እዩ",
        "ምስ ሰብ",
    ),
    "html": says(
        '<img src=x onerror="alert(1)"> *<b>dik</b>* <script>alert(2)</script> https://x.nl/"onclick=alert(3)'
    ),
    "brief": replace(
        says("Zo ziet de brief eruit."),
        media=(
            Media(path="media/letter.png", alt='Een brief van de "gemeente"'),
            Media(path="media/letter.mp3", alt="De tekst, voorgelezen."),
        ),
    ),
    "bestand": replace(
        says("Vul dit in."),
        files=(
            SentFile(id="f1", name="foto.jpg", media_type="image/jpeg", size=9),
            SentFile(id="f2", name="stem.mp3", media_type="audio/mpeg", size=9),
            SentFile(id="f3", name="formulier.pdf", media_type="application/pdf", size=9),
        ),
    ),
    "lang": says("Dit antwoord is erg lang. " * 40 + "x" * 300),
}


@dataclass
class Desk:
    """A desk in memory. `pace` is how many seconds an answer takes; `broken` makes it fail on purpose."""

    webchat: WebChat
    languages: Languages = field(default_factory=languages)
    pace: float = 0.0
    broken: bool = False
    taken: list[Inbound] = field(default_factory=list)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    working: dict[str, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    labels: Callable[[str], Mapping[str, str]] = labels

    def take_in(self, inbound: Inbound) -> None:
        if self.broken:
            raise OSError("the database is gone")
        with self.lock:
            if inbound.provider_id in {earlier.provider_id for earlier in self.taken}:
                return
            self.taken.append(inbound)
            language = inbound.language_hint or "nl"
            self._add(inbound.address, inbound.text, True, language, ())
            self.working[inbound.address] = self.working.get(inbound.address, 0) + 1
        if self.pace:
            threading.Timer(self.pace, self._answer, [inbound]).start()
        else:
            threading.Thread(target=self._answer, args=[inbound]).start()

    def _answer(self, inbound: Inbound) -> None:
        if inbound.payload and inbound.payload.startswith("/language "):
            code = inbound.payload.removeprefix("/language ")
            answer = NOTICE.get(code, NOTICE["nl"])
        elif inbound.payload:
            answer = says(f"U koos: {inbound.text}.")
        else:
            found = (message for word, message in ANSWERS.items() if word in inbound.text.lower())
            answer = next(found, says("Ik begrijp het niet. Wat bedoelt u?", "nl", "Taal kiezen", "Een mens"))
        self.say(inbound.address, answer, done=1)

    def say(self, address: str, message: Message, *, done: int = 0) -> None:
        with self.lock:
            self._add(address, message.text, False, message.language, message.buttons, message.media, message.files)
            self.working[address] = self.working.get(address, 0) - done
        self.webchat.wake(address)

    def volunteer_says(self, text: str) -> None:
        self.say(self.taken[0].address, says(text))

    def _add(  # noqa: PLR0913, PLR0917  # a line has these parts
        self,
        address: str,
        text: str,
        mine: bool,
        language: str,
        buttons: tuple[Button, ...],
        media: tuple[Media, ...] = (),
        files: tuple[SentFile, ...] = (),
    ) -> None:
        lines = self.lines.setdefault(address, [])
        lines.append(
            Line(
                number=len(lines) + 1,
                mine=mine,
                text=text,
                language=language,
                direction=self.languages.direction(language),
                buttons=buttons,
                at=datetime.now(UTC),
                media=media,
                files=files,
            )
        )

    def timeline(self, address: str, after: int) -> list[Line]:
        with self.lock:
            return [line for line in self.lines.get(address, []) if line.number > after]

    def busy(self, address: str) -> bool:
        with self.lock:
            return self.working.get(address, 0) > 0

    def texts(self) -> list[str]:
        return [inbound.text for inbound in self.taken if inbound.kind is Kind.TEXT]


@dataclass(frozen=True)
class Site:
    """A running preview."""

    url: str
    port: int
    desk: Desk
    webchat: WebChat
    clock: HeldClock
    health: dict[str, Any]


@pytest.fixture
def site() -> Iterator[Site]:
    webchat = WebChat()
    desk = Desk(webchat)
    clock = HeldClock(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    health: dict[str, Any] = {"ok": True}
    app = create_app(desk, webchat, secret=SECRET, health=lambda: health, clock=clock)
    config = uvicorn.Config(
        app, port=0, log_level="critical", log_config=None, timeout_graceful_shutdown=3, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", port, desk, webchat, clock, health)
    webchat.close()
    # It ends within its next two ticks; nobody waits for that after every test.
    server.should_exit = True


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Visitor:
    """A browser without a screen: keeps its cookie, reads the token from the page it last saw."""

    def __init__(self, site: Site, **headers: str) -> None:
        self.site = site
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cookie = ""
        self.token = ""
        self.page = ""

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        cookie = {"cookie": self.cookie} if self.cookie else {}
        try:
            connection.request(method, path, body, {**self.headers, **cookie, **given})
            answer = connection.getresponse()
            reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        finally:
            connection.close()
        if "set-cookie" in reply.headers:
            self.cookie = reply.headers["set-cookie"].split(";")[0]
        return reply

    def open(self, path: str = "/") -> Reply:
        reply = self.ask("GET", path)
        self.page = reply.text
        if found := re.search(r'name="token" value="([^"]+)"', reply.text):
            self.token = found[1]
        return reply

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Reply:
        body = urlencode({"token": self.token, **fields}).encode()
        return self.ask("POST", path, body, **{"content_type": "application/x-www-form-urlencoded", **headers})

    def write(self, text: str, message_id: str = "", **headers: str) -> Reply:
        return self.post("/messages", {"text": text, "id": message_id or f"id-{time.monotonic_ns()}"}, **headers)

    @property
    def address(self) -> str:
        return self.site.desk.taken[-1].address


@pytest.fixture
def visitor(site: Site) -> Visitor:
    visitor = Visitor(site)
    visitor.open()
    return visitor
