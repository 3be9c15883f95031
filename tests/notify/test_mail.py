"""Mail over a real socket, to a mail server that nobody here wrote."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.channels.errors import DeliveryError
from bot.channels.mail import Account, Mail
from bot.domain.messenger import Letter, Remedy
from bot.domain.turn import Message
from bot.settings import PartialSettingsError, Settings
from bot.wiring import mail
from tests.peers.telegram import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FROM = "balie@example.nl"


@dataclass
class Box:
    """What the server took, and what it refuses."""

    refuses: str | None = None
    taken: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802  # aiosmtpd's name
        if self.refuses is not None:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.taken.append(envelope)
        return "250 OK"


def letter(to: str = "sam@example.nl") -> Letter:
    text = "Wegwijs: er wacht een vraag in uw team\n\nhttps://wegwijs.example.nl/desk"
    said = Message(response="ping_waits", text=text, buttons=(), language="nl", direction="ltr")
    return Letter(address=to, message=said, reference="1")


def serving(box: Box, **options: Any) -> Iterator[int]:
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    yield port
    controller.stop()


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def port(box: Box) -> Iterator[int]:
    yield from serving(box)


def plain(port: int, **other: Any) -> Mail:
    return Mail(Account(host="127.0.0.1", port=port, sender=FROM, starttls=False, **other))


def test_a_mail_arrives_with_its_first_line_as_the_subject(box: Box, port: int) -> None:
    plain(port).send(letter())
    (envelope,) = box.taken
    arrived = message_from_bytes(envelope.content, policy=default)
    assert (envelope.mail_from, envelope.rcpt_tos) == (FROM, ["sam@example.nl"])
    assert arrived["Subject"] == "Wegwijs: er wacht een vraag in uw team"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert "https://wegwijs.example.nl/desk" in arrived.get_content()


def test_an_address_that_is_refused_is_not_tried_again_and_a_full_box_is(box: Box, port: int) -> None:
    for answer, remedy in (("550 no such user", Remedy.NEVER), ("452 full", Remedy.RETRY), ("530 auth", Remedy.RETRY)):
        box.refuses = answer
        with pytest.raises(DeliveryError) as caught:
            plain(port).send(letter())
        assert (caught.value.reason, caught.value.remedy) == (f"smtp_{answer[:3]}", remedy)
    assert box.taken == []


def test_an_address_with_a_line_break_writes_no_header(box: Box, port: int) -> None:
    with pytest.raises(DeliveryError) as caught:
        plain(port).send(letter("sam@example.nl\nBcc: all@example.nl"))
    assert caught.value.remedy is Remedy.NEVER
    assert box.taken == []


def test_a_server_that_is_away_is_tried_again() -> None:
    with pytest.raises(DeliveryError) as caught:
        plain(1).send(letter())
    assert caught.value.remedy is Remedy.RETRY


def test_a_server_without_encryption_gets_nothing_when_it_is_asked_for(box: Box, port: int) -> None:
    with pytest.raises(DeliveryError) as caught:
        Mail(Account(host="127.0.0.1", port=port, sender=FROM)).send(letter())
    assert (caught.value.reason, box.taken) == ("not_supported", [])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return file


def test_encrypted_and_signed_in(box: Box, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"desk", b"geheim"), handled=False)

    trusted = ssl.create_default_context(cafile=str(certificate))
    for port in serving(box, tls_context=context, require_starttls=True, auth_required=True, authenticator=knows):
        there = {"host": "localhost", "port": port, "sender": FROM, "user": "desk"}
        Mail(Account(**there, password="geheim"), tls=trusted).send(letter())
        assert len(box.taken) == 1
        with pytest.raises(DeliveryError) as wrong:
            Mail(Account(**there, password="fout"), tls=trusted).send(letter())
        assert (wrong.value.reason, wrong.value.remedy) == ("smtp_535", Remedy.RETRY)
        with pytest.raises(DeliveryError) as stranger:
            Mail(Account(**there, password="geheim")).send(letter())
        assert stranger.value.reason == "not_trusted"


def test_settings_that_are_not_whole_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mail(Settings()) is None
    monkeypatch.setenv("WEGWIJS_SMTP_HOST", "smtp.example.nl")
    with pytest.raises(PartialSettingsError, match="WEGWIJS_SMTP_FROM"):
        mail(Settings())
    monkeypatch.setenv("WEGWIJS_SMTP_FROM", FROM)
    assert mail(Settings()) is not None
    monkeypatch.setenv("WEGWIJS_SMTP_USER", "desk")
    with pytest.raises(PartialSettingsError, match="WEGWIJS_SMTP_PASSWORD"):
        mail(Settings())
    monkeypatch.setenv("WEGWIJS_SMTP_PASSWORD", "geheim")
    monkeypatch.setenv("WEGWIJS_SMTP_STARTTLS", "0")
    with pytest.raises(PartialSettingsError, match="open line"):
        mail(Settings())
