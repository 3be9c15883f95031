"""
WhatsApp through Twilio: how a message is handed over, and what an answer, or none, means.

Twilio has no idempotency key for messages, so a request whose answer never came is of unknown outcome: it is told as
such, and settled by the receipt (which carries our own reference) or by `find`, never by sending again.

A text that is too long for one message goes in parts. When a later part is refused, the earlier ones were taken:
`send` remembers (in this process) which, and goes on there when the same letter comes again. Another process, or this
one after a restart, begins at the first part: it is then read twice, which is better than half an answer. Receipts are
about the last part; of the others only a failure is told.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import requests
import structlog
import urllib3
from twilio.rest import Client

from bot.channels.errors import DeliveryError, FileRefusedError
from bot.channels.limits import SEND_SECONDS, WHATSAPP
from bot.channels.twilio_answers import CONTENT_URL, ContentRefusedError, ask, decided
from bot.channels.twilio_http import CONNECT_SECONDS, TwilioOnly
from bot.channels.whatsapp_codes import GONE_CONTENT
from bot.channels.whatsapp_media import at_the_source, is_media_address
from bot.channels.whatsapp_shape import (
    Enclosure,
    File,
    FreeText,
    ListPicker,
    Part,
    QuickReply,
    content_name,
    content_of,
    filled,
    parts_of,
    template_name,
    template_variables,
    with_numbers,
)
from bot.content.model import TEMPLATE_LANGUAGES
from bot.domain.messenger import Remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from twilio.rest.api.v2010.account.message import MessageInstance

    from bot.content.model import TemplateText
    from bot.domain.messenger import Letter
    from bot.domain.turn import Media, Message, SentFile, Template

log = structlog.get_logger()

# Twilio keeps the files elsewhere and sends us on there; what is fetched there needs no credentials, and gets none.
MEDIA_STORES = ("twiliocdn.com", "amazonaws.com")
APPROVED = "approved"
MADE = "made"  # a set of buttons: used in a conversation that is open, so nobody approves it
# A set of buttons that takes longer to make is not worth the wait: the choices are numbered instead.
CONTENT_SECONDS = 6.0
REMEMBERED = 1000  # letters of which a first part was taken
CLOCKS_DIFFER = timedelta(seconds=5)  # Twilio's and ours
LISTED = 100  # how many messages to one person are looked through


class Contents(Protocol):
    """What is remembered of the contents that Twilio keeps for us, in an account of its own."""

    def find(self, name: str, language: str) -> tuple[str, str] | None:
        """Return sid and status of a content, or None when it is not known."""
        ...

    def keep(self, name: str, language: str, sid: str, status: str) -> None:
        """Remember it."""
        ...

    def forget(self, name: str, language: str) -> None:
        """Forget it: it is not there any more."""
        ...


@dataclass(frozen=True, kw_only=True)
class Account:
    """
    Our account at Twilio and our number.

    `sender` is the number in E.164. `api_url` is another address of Twilio's interface. `public_url` is where the
    internet finds us: without it no receipts come and no files are shown.
    """

    sid: str
    token: str = field(repr=False)
    sender: str
    api_url: str | None = None
    public_url: str | None = None

    def client(self, http: TwilioOnly) -> Client:
        """Return Twilio's own client, calling by `http`."""
        client: Client = Client(self.sid, self.token, http_client=http)  # type: ignore[no-untyped-call]
        return client

    @property
    def shows_files(self) -> bool:
        """Whether Twilio can fetch a file from us."""
        return self.public_url is not None and self.public_url.startswith("https://")

    @property
    def from_(self) -> str:
        """Our number, as Twilio writes it."""
        return f"whatsapp:{self.sender}"

    def callback(self, reference: str, *, last: bool = True) -> str | None:
        """Return where the receipt of a message goes: it brings our own reference along."""
        if self.public_url is None:
            return None
        query = {"reference": reference} | ({} if last else {"part": "1"})
        return f"{self.public_url.rstrip('/')}/webhooks/whatsapp/status?{urlencode(query)}"

    def media_address(self, media: Media) -> str | None:
        """Return the public address of a file of the knowledge; None where WhatsApp could not fetch it."""
        return self._address(f"media/{quote(media.path.removeprefix('media/'))}") if self.shows_files else None

    def file_address(self, token: str) -> str:
        """Return the public address of a file that a person of the team sends."""
        return self._address(f"files/{token}")

    def _address(self, path: str) -> str:
        return f"{str(self.public_url).rstrip('/')}/{path}"


class WhatsApp:
    """
    The channel.

    `word` gives our own words (`bot.domain.words`) in a language, `template` a template's text, `file_token` what opens
    a file of the team at our own address for a while (None: such files cannot be sent); `patience` is how many seconds
    one message may take in all.
    """

    name = "whatsapp"

    def __init__(  # noqa: PLR0913  # all but two have a name at the call
        self,
        account: Account,
        contents: Contents,
        *,
        word: Callable[[str, str], str | None],
        template: Callable[[str, str], TemplateText | None],
        file_token: Callable[[str], str] | None = None,
        fallback: tuple[str, ...] = ("en", "nl"),
        patience: float = SEND_SECONDS,
    ) -> None:
        self.limits = replace(WHATSAPP, files=account.shows_files and file_token is not None)
        self._file_token = file_token
        self._account = account
        self._contents = contents
        self._word = word
        self._template = template
        self._fallback = fallback
        self._patience = patience
        self._http = TwilioOnly(account.api_url, seconds=patience)
        self._client = account.client(self._http)
        self._lock = threading.Lock()
        self._taken: OrderedDict[str, int] = OrderedDict()

    # ---- sending

    def send(self, letter: Letter) -> str:
        """
        Hand the message over and return the sid of its last part.

        Raises:
            DeliveryError: it was not taken, or nobody knows; the error says what helps.

        """
        with self._http.within(self._patience):
            if not letter.window_open:
                return self._as_template(letter)
            return self._in_parts(letter)

    def _as_template(self, letter: Letter) -> str:
        template = letter.message.template
        if template is None:
            raise DeliveryError("63016: no free text now, and this has no template", remedy=Remedy.WINDOW_CLOSED)
        sid = self._approved(template, letter.message.language)
        if sid is None:
            raise DeliveryError(f"template {template.name} is not approved", remedy=Remedy.WINDOW_CLOSED)
        variables = json.dumps(template_variables(template.variables), ensure_ascii=False)
        return self._create(letter, last=True, content_sid=sid, content_variables=variables)

    def _approved(self, template: Template, language: str) -> str | None:
        """Return the content of a template in the reader's language, else in the next that WhatsApp approved."""
        for code in dict.fromkeys((language, *self._fallback)):
            text = self._template(template.name, code) if code in TEMPLATE_LANGUAGES else None
            found = self._contents.find(template_name(text), code) if text else None
            if found is not None and found[1] == APPROVED:
                return found[0]
        return None

    def _in_parts(self, letter: Letter) -> str:
        parts = self._parts(letter.message)
        done = self._taken_of(letter.reference)
        sid = ""
        for at in range(min(done, len(parts) - 1), len(parts)):
            try:
                sid = self._hand_over(letter, parts[at], last=at == len(parts) - 1)
            except DeliveryError as error:
                if at:
                    error.reason = f"part {at + 1}: {error.reason}"
                raise
            if len(parts) > 1:
                self._remember(letter.reference, at + 1)
        self._remember(letter.reference, 0)
        return sid

    def _parts(self, message: Message) -> tuple[Part, ...]:
        return parts_of(message, self._words(message), self._account.media_address, self._file_address)

    def _file_address(self, file: SentFile) -> str:
        if self._file_token is None or not self._account.shows_files:
            raise DeliveryError("no public address for files", remedy=Remedy.NEVER)
        return self._account.file_address(self._file_token(file.id))

    def _words(self, message: Message) -> Callable[[str], str | None]:
        return lambda name: self._word(name, message.language)

    def _hand_over(self, letter: Letter, part: Part, *, last: bool) -> str:
        match part:
            case FreeText(text=text):
                return self._create(letter, last=last, body=text)
            case File():
                return self._file(letter, part, last=last)
            case Enclosure(url=url, text=text):
                return self._create(letter, last=last, media_url=[url], **({"body": text} if text else {}))
            case QuickReply() | ListPicker():
                return self._with_buttons(letter, part, last=last)

    def _file(self, letter: Letter, file: File, *, last: bool) -> str:
        try:
            text = {"body": file.text} if file.captioned and file.text else {}
            return self._create(letter, last=last, media_url=[file.url], **text)
        except DeliveryError as error:
            if error.remedy is not Remedy.NEVER or not file.captioned or not file.text:
                raise
            # The picture was refused, not the person: what it shows is told, and the answer goes on.
            return self._create(letter, last=last, body=file.text)

    def _with_buttons(self, letter: Letter, part: QuickReply | ListPicker, *, last: bool) -> str:
        language = letter.message.language
        sid = self._content(part, language)
        if sid is not None:
            variables = json.dumps({"1": part.text}, ensure_ascii=False)
            try:
                return self._create(letter, last=last, content_sid=sid, content_variables=variables)
            except ContentRefusedError as refused:
                log.warning("buttons refused", reason=refused.reason)
                if refused.code in GONE_CONTENT:
                    self._contents.forget(content_name(part), language)
        # The person gets the answer, with numbers instead of buttons.
        *before, end = with_numbers(letter.message, part.text, self._words(letter.message))
        for one in before:
            self._create(letter, last=False, body=one.text)
        return self._create(letter, last=last, body=end.text)

    def _content(self, part: QuickReply | ListPicker, language: str) -> str | None:
        """Return the content with these buttons, made on demand; None when it cannot be made now."""
        name = content_name(part)
        found = self._contents.find(name, language)
        if found is not None:
            return found[0]
        try:
            sid = self._made(content_of(part, language))
        except DeliveryError as error:
            log.warning("buttons could not be made", reason=error.reason)
            return None
        self._contents.keep(name, language, sid, MADE)
        return sid

    def _made(self, content: Mapping[str, Any]) -> str:
        made = ask(self._client, "POST", CONTENT_URL, body=content, seconds=CONTENT_SECONDS).get("sid")
        if not isinstance(made, str):
            raise DeliveryError("made without a sid", remedy=Remedy.UNCERTAIN)
        return made

    def _create(self, letter: Letter, *, last: bool, **values: Any) -> str:
        callback = self._account.callback(letter.reference, last=last)
        if callback is not None:
            values["status_callback"] = callback
        # A request that is given up too soon is of unknown outcome: better not to begin it.
        if self._http.left(self._patience) < self._patience / 4:
            raise DeliveryError("no time left", remedy=Remedy.RETRY)
        with decided():
            sid = self._client.messages.create(to=f"whatsapp:{letter.address}", from_=self._account.from_, **values).sid
        if not sid:
            raise DeliveryError("taken without a sid", remedy=Remedy.UNCERTAIN)
        return str(sid)

    # ---- what was taken of a letter in parts

    def _taken_of(self, reference: str) -> int:
        with self._lock:
            return self._taken.get(reference, 0)

    def _remember(self, reference: str, count: int) -> None:
        with self._lock:
            self._taken.pop(reference, None)
            if count:
                self._taken[reference] = count
            while len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)

    # ---- settling what is uncertain

    def find(self, letter: Letter, since: datetime) -> str | None:
        """
        Return the sid of this message when Twilio has taken it after all, else None.

        Two messages with the same words to the same person in that time cannot be told apart; either is it.

        Raises:
            DeliveryError: Twilio cannot be asked now.

        """
        plain, content = self._ends(letter.message)
        # No filter on the date: Twilio's is the moment of sending, and what still waits there has none.
        with self._http.within(self._patience), decided(asking=True):
            listed = self._client.messages.list(
                to=f"whatsapp:{letter.address}", from_=self._account.from_, limit=LISTED
            )
        for message in listed:
            made, body = message.date_created or message.date_sent, _bare(message.body or "")
            if made is not None and made < since - CLOCKS_DIFFER:
                continue
            # Of a message with buttons Twilio may show the words, those of the buttons too, or none: rather take
            # another for it than send it twice.
            is_content = (text in body for text in content) if body else iter((_is_bare(message) and bool(content),))
            is_plain = body in plain and (bool(body) or not _is_bare(message))
            if is_plain or any(is_content):
                return str(message.sid)
        return None

    def _ends(self, message: Message) -> tuple[frozenset[str], frozenset[str]]:
        """Return the words of every shape that the last part can have had: as plain text, and as a content."""
        last = self._parts(message)[-1]
        plain, content = {last.text}, set()
        if isinstance(last, (QuickReply, ListPicker)):
            content.add(last.text)
            plain.add(with_numbers(message, last.text, self._words(message))[-1].text)
        if message.template is not None:
            values = template_variables(message.template.variables)
            for code in dict.fromkeys((message.language, *self._fallback)):
                text = self._template(message.template.name, code)
                if text is not None:
                    content.add(filled(text, values))
        return frozenset(map(_bare, plain)), frozenset(map(_bare, content))

    # ---- files

    def fetch(self, reference: str, *, at_most: int) -> bytes:
        """
        Return a file that a newcomer sent, of at most so many bytes.

        Raises:
            FileRefusedError: it is larger, or gone, or out of reach for now, or no file of our account.

        """
        url = self._media_url(reference)
        auth: tuple[str, str] | None = (self._account.sid, self._account.token)
        try:
            for _ in range(3):
                with self._http.session.get(
                    url, auth=auth, timeout=(CONNECT_SECONDS, self._patience), stream=True, allow_redirects=False
                ) as answer:
                    if not answer.is_redirect:
                        return _file_in(answer, at_most)
                    url, auth = self._onward(url, str(answer.headers.get("location")))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise FileRefusedError(type(error).__name__, again=True) from error
        raise FileRefusedError("led around", again=False)

    def discard(self, reference: str) -> None:
        """
        Delete the file at Twilio; harmless when it is gone.

        Raises:
            FileRefusedError: it could not be deleted, now or ever.

        """
        url = self._media_url(reference)
        auth = (self._account.sid, self._account.token)
        try:
            answer = self._http.session.delete(url, auth=auth, timeout=(CONNECT_SECONDS, self._patience))
        except requests.RequestException as error:
            raise FileRefusedError(type(error).__name__, again=True) from error
        if not answer.ok and answer.status_code not in _GONE:
            raise FileRefusedError(f"HTTP {answer.status_code}", again=answer.status_code >= 500)  # noqa: PLR2004

    def _media_url(self, reference: str) -> str:
        """Return where the file really is; an address that is not of our account at Twilio is never asked for."""
        if not is_media_address(reference, self._account.sid):
            raise FileRefusedError("foreign address")
        return self._http.address(at_the_source(reference))

    def _onward(self, url: str, location: str) -> tuple[str, tuple[str, str] | None]:
        """Return where Twilio sends us for the file itself; only to where Twilio keeps files, without credentials."""
        here, there = urlsplit(url), urlsplit(location)
        host = there.hostname or ""
        stored = there.scheme == "https" and host.endswith(tuple(f".{store}" for store in MEDIA_STORES))
        if not (stored or (there.scheme, there.netloc) == (here.scheme, here.netloc)):
            raise FileRefusedError("led elsewhere")
        return location, None


_GONE = frozenset({404, 410})


def _file_in(answer: requests.Response, at_most: int) -> bytes:
    if answer.status_code in _GONE:
        raise FileRefusedError("gone")
    if not answer.ok:
        raise FileRefusedError(f"HTTP {answer.status_code}", again=answer.status_code >= 500)  # noqa: PLR2004
    found = bytearray()
    for chunk in answer.iter_content(64 * 1024):
        found += chunk
        if len(found) > at_most:
            raise FileRefusedError("too large")
    return bytes(found)


def _is_bare(message: MessageInstance) -> bool:
    """Return whether the message has no files: then it has words, though Twilio may not show them."""
    return (message.num_media or "0") == "0"


def _bare(text: str) -> str:
    """Return the words of a text, however its spaces came back."""
    return " ".join(text.split())
