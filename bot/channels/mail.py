"""Mail to people of the team, by the standard library. Newcomers are never mailed, and nothing of them stands in it."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from bot.channels.errors import DeliveryError
from bot.channels.limits import SCREEN, SEND_SECONDS
from bot.domain.messenger import Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.messenger import Letter

# Here the connection is encrypted from its first byte; elsewhere STARTTLS begins it.
TLS_PORT = 465
FOR_NOW, FOR_EVER = 400, 500
# Codes that are about our way of connecting (530 to 538: signing in), not about whom we write to: a person mends them.
OURS = range(530, 539)


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where mail is handed over, and as whom."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = True


class Mail:
    """The channel that mails. A letter's address is a mail address; the first line of its text is the subject."""

    name = "mail"
    limits = SCREEN

    def __init__(self, account: Account, *, tls: ssl.SSLContext | None = None) -> None:
        self._account = account
        self._tls = tls or ssl.create_default_context()

    def send(self, letter: Letter) -> str:
        """
        Hand the mail over and return its message id.

        Raises:
            DeliveryError: it was not taken; the reason is a code and holds no address.

        """
        mail = self._mail(letter)
        with _told_by_code(), self._connected() as server:
            server.send_message(mail)
        return str(mail["Message-ID"])

    def greet(self) -> None:
        """
        Connect and sign in, and send nothing: whether mail would be taken.

        Raises:
            DeliveryError: it would not; the reason is a code.

        """
        with _told_by_code(), self._connected() as server:
            server.noop()

    def _mail(self, letter: Letter) -> EmailMessage:
        subject, *_ = letter.message.text.splitlines() or [""]
        mail = EmailMessage()
        try:
            mail["From"], mail["To"], mail["Subject"] = self._account.sender, letter.address, subject
        except ValueError:  # a line break in it: it would be another header
            raise DeliveryError("no_address", remedy=Remedy.NEVER) from None
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=self._account.sender.rpartition("@")[2].strip("> "))
        mail["Auto-Submitted"] = "auto-generated"  # so that no out-of-office answers it
        mail["Content-Language"] = letter.message.language
        mail.set_content(letter.message.text)
        return mail

    def _connected(self) -> smtplib.SMTP:
        account = self._account
        if account.port == TLS_PORT:
            server: smtplib.SMTP = smtplib.SMTP_SSL(account.host, account.port, timeout=SEND_SECONDS, context=self._tls)
        else:
            server = smtplib.SMTP(account.host, account.port, timeout=SEND_SECONDS)
        try:
            if account.port != TLS_PORT and account.starttls:
                server.starttls(context=self._tls)
            if account.user and account.password:
                server.login(account.user, account.password)
        except BaseException:
            server.close()
            raise
        return server


@contextmanager
def _told_by_code() -> Iterator[None]:
    """Turn what a mail server says, or does, into a code that holds no address."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _refused(max(codes, default=FOR_EVER)) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryError("not_supported") from None
    except smtplib.SMTPServerDisconnected:
        raise DeliveryError("disconnected", remedy=Remedy.UNCERTAIN) from None
    except ssl.SSLError:
        raise DeliveryError("not_trusted") from None
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(type(error).__name__) from None


def _refused(code: int) -> DeliveryError:
    lasting = code >= FOR_EVER and code not in OURS
    return DeliveryError(f"smtp_{code}", remedy=Remedy.NEVER if lasting else Remedy.RETRY)
