"""Every environment variable the assistant reads, explained. Only wiring and the command line look here."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.fields import FieldInfo

# The three that WhatsApp cannot do without, and where to find each.
TWILIO_SETTINGS = {
    "TWILIO_ACCOUNT_SID": "console.twilio.com, the home page of the account, under Account Info",
    "TWILIO_AUTH_TOKEN": "console.twilio.com, the home page of the account, under Account Info (Show)",
    "TWILIO_WHATSAPP_FROM": "console.twilio.com, Messaging, Senders, WhatsApp senders: the number with its +",
}


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "wegwijs"


# Where Docker, Podman and Kubernetes put secrets, and the variable that names another place.
SECRETS_DIR = Path("/run/secrets")
NAMES_SECRETS_DIR = "WEGWIJS_SECRETS_DIR"
LONGEST_SECRET = 64 * 1024  # bytes; what is longer is no setting


def _secrets_dir() -> Path | None:
    given = os.environ.get(NAMES_SECRETS_DIR)
    return Path(given) if given else SECRETS_DIR if SECRETS_DIR.is_dir() else None


def _stripped(value: object) -> object:
    """A secret read from a file often ends in a line break."""
    return value.strip() if isinstance(value, str) else value


def _webhook_secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise ValueError("1 to 256 letters, digits, _ and -; `openssl rand -hex 32` makes one")
    return value


Secret = Annotated[SecretStr, BeforeValidator(_stripped)]


_SMTP_TLS_PORT = 465


class PartialSettingsError(ValueError):
    """Some settings of a messenger are given and others are missing."""

    def __init__(self, messenger: str, missing: dict[str, str]) -> None:
        lines = [f"  {name} is missing; where to get it: {where}" for name, where in missing.items()]
        super().__init__("\n".join((f"{messenger} is set up only in part:", *lines)))
        self.missing = tuple(missing)


class SecretFileError(ValueError):
    """A setting that stands in a file cannot be read."""

    def __init__(self, name: str, path: Path, why: str) -> None:
        super().__init__(f"{name} cannot be read from {path}: {why}")
        self.name = name


class SecretFiles(PydanticBaseSettingsSource):
    """
    Settings that stand in files named after them, as containers are given their secrets.

    Raises:
        SecretFileError: the folder that was named is not there, or such a file cannot be read.

    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return what stands in the setting's file without the line break at its end, or None when there is none."""
        name = str(field.validation_alias or field_name)
        folder = _secrets_dir()
        path = folder / name if folder else None
        return (_in_file(name, path) if path is not None else None), name, False

    def __call__(self) -> dict[str, Any]:
        """Return every setting that has a file here."""
        folder = _secrets_dir()
        if folder is None:
            return {}
        if not folder.is_dir():
            raise SecretFileError(NAMES_SECRETS_DIR, folder, "there is no such folder")
        fields = self.settings_cls.model_fields.items()
        found = [self.get_field_value(field, name) for name, field in fields if name != "secrets_dir"]
        return {name: value for value, name, _ in found if value}


def _in_file(name: str, path: Path) -> str | None:
    try:
        # Asked of the file itself: whoever may not look into the folder is told so, and not that nothing is set.
        path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretFileError(name, path, error.strerror or type(error).__name__) from None
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_SECRET + 1)
    except OSError as error:
        raise SecretFileError(name, path, error.strerror or type(error).__name__) from None
    if len(content) > LONGEST_SECRET:
        raise SecretFileError(name, path, "it is too long for a setting")
    try:
        return content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise SecretFileError(name, path, "it is not written in UTF-8") from None


class UnknownOrganisationError(ValueError):
    """WEGWIJS_ORGANISATION names no file of content/organisation/."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"{self.__doc__} It is {name!r}, and there are: {', '.join(sorted(known))}.")
        self.name = name


def _address(value: str) -> str:
    """Take an http(s) address; credentials never go over plain http, except within this machine."""
    there = urlsplit(value)
    if there.scheme not in {"http", "https"} or not there.hostname or there.query or there.fragment:
        raise ValueError("write a whole address, such as https://wegwijs.example.nl")
    return value.rstrip("/")


def _safe_address(value: str) -> str:
    """Take an address to which credentials are sent."""
    there = urlsplit(_address(value))
    if there.scheme == "http" and not _is_here(str(there.hostname)):
        raise ValueError("credentials go there, so it begins with https://")
    return value.rstrip("/")


def _address_of_engine(value: str) -> str:
    """Take an address to which people's words are sent: by https, or to a machine of our own network."""
    there = urlsplit(_address(value))
    host = str(there.hostname)
    if there.scheme == "http" and not (_is_here(host) or "." not in host or _is_private(host)):
        raise ValueError("people's words go there, so it begins with https:// (or is a machine of your own network)")
    return value.rstrip("/")


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", value):
        raise ValueError("write one mail address, such as balie@example.nl")
    return value


def _number(value: str) -> str:
    number = value.strip().removeprefix("whatsapp:").replace(" ", "")
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise ValueError("write the number with its country, such as +31612345678")
    return number


def _account_sid(value: str) -> str:
    if not re.fullmatch(r"AC[0-9A-Fa-f]{32}", value):
        raise ValueError("it begins with AC and has 34 characters (an API key, SK…, is something else)")
    return value


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(
            f"write addresses or networks with commas between them, such as 10.0.0.0/8 ({error})"
        ) from None


class Settings(BaseSettings):
    """The settings of one process; a missing value has a default that protects the newcomer."""

    # An empty value is none: as a folder it would be the one we happen to stand in.
    model_config = SettingsConfigDict(env_prefix="", env_file=None, env_ignore_empty=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ask the environment first, then the files."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    secrets_dir: Path | None = Field(
        default_factory=_secrets_dir,
        validation_alias=NAMES_SECRETS_DIR,
        description=(
            "A folder in which a setting stands in a file of its name, as containers are given their secrets; "
            "/run/secrets when that is there. The environment goes before the files."
        ),
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir,
        validation_alias="WEGWIJS_DATA_DIR",
        description="Where the embedded database, the keys and the caches live.",
    )
    knowledge_dir: Path | None = Field(
        default=None,
        validation_alias="WEGWIJS_KNOWLEDGE_DIR",
        description="A folder with nlu/, flows/ and content/ instead of the ones that came with the assistant.",
    )
    organisation_dir: Path | None = Field(
        default=None,
        validation_alias="WEGWIJS_ORGANISATION_DIR",
        description="A folder laid over the knowledge: its files replace or add to the same paths.",
    )
    organisation: str = Field(
        default="neutral",
        validation_alias="WEGWIJS_ORGANISATION",
        description="Whose teams answer: the name of a file in content/organisation/, such as westerkwartier.",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="postgresql://… for scale-out; empty means SQLite in the data directory.",
    )
    master_key: SecretStr | None = Field(
        default=None,
        validation_alias="WEGWIJS_MASTER_KEY",
        description="Base64 of 32 bytes; empty means a key file in the data directory's keys folder.",
    )
    backup_key: Secret | None = Field(
        default=None,
        validation_alias="WEGWIJS_BACKUP_KEY",
        description=(
            "Base64 of 32 bytes, by which backups are sealed (`wegwijs backup --new-key` prints one); another than the "
            "master key. Several with commas between: the first seals, all of them open."
        ),
    )
    erased_list_path: Path | None = Field(
        default=None,
        validation_alias="WEGWIJS_ERASED_LIST",
        description=(
            "A file in which who was erased is listed by digests, so that no backup brings them back; best on another "
            "disk. Empty means erased.txt in the data directory."
        ),
    )
    nlu_encoder: bool = Field(
        default=True,
        validation_alias="WEGWIJS_NLU_ENCODER",
        description="0 answers with the lexical model alone (less memory, less understanding).",
    )
    nlu_engine: Literal["embedded", "rasa"] = Field(
        default="embedded",
        validation_alias="NLU_ENGINE",
        description=(
            "What understands messages: embedded (ours), or rasa: a server of your own at RASA_URL; while it is away "
            "ours answers. Language and danger are always heard by ours."
        ),
    )
    rasa_url: Annotated[str, AfterValidator(_address_of_engine)] | None = Field(
        default=None,
        validation_alias="RASA_URL",
        description="Where Rasa Open Source answers (http://127.0.0.1:5005), started with --enable-api.",
    )
    rasa_token: Secret | None = Field(
        default=None, validation_alias="RASA_TOKEN", description="What that Rasa was started with as --auth-token."
    )
    rasa_seconds: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.8,
        validation_alias="RASA_SECONDS",
        description="How long one message may take there, tries and all; after that ours answers.",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = Field(
        default="WARNING", validation_alias="WEGWIJS_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR."
    )
    public_url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None,
        validation_alias="PUBLIC_URL",
        description="Where the internet finds this server (https://…): messengers post to it and fetch files from it.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        default=(),
        validation_alias="TRUSTED_PROXIES",
        description="Addresses or networks of the proxies before us (10.0.0.0/8, ::1); only they are asked who called.",
    )
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        default=None,
        validation_alias="METRICS_PORT",
        description="Tells figures to Prometheus on this port, apart from the public one; empty: it tells nobody.",
    )
    metrics_host: str = Field(
        default="127.0.0.1",
        validation_alias="METRICS_HOST",
        description="The address of that port: this machine alone, or an inner network; never a public address.",
    )
    twilio_account_sid: Annotated[str, AfterValidator(_account_sid)] | None = Field(
        default=None,
        validation_alias="TWILIO_ACCOUNT_SID",
        description="WhatsApp: the account at Twilio (AC…); see console.twilio.com, Account Info.",
    )
    twilio_auth_token: Secret | None = Field(
        default=None,
        validation_alias="TWILIO_AUTH_TOKEN",
        description="WhatsApp: the account's token, which also signs what Twilio posts; beside the account's sid.",
    )
    twilio_whatsapp_from: Annotated[str, AfterValidator(_number)] | None = Field(
        default=None,
        validation_alias="TWILIO_WHATSAPP_FROM",
        description="WhatsApp: our number, +31…; see console.twilio.com, Messaging, Senders.",
    )
    twilio_api_url: Annotated[str, AfterValidator(_safe_address)] | None = Field(
        default=None,
        validation_alias="TWILIO_API_URL",
        description="Another address of Twilio's interface: a region (https://api.dublin.ie1.twilio.com), a test.",
    )

    @property
    def has_whatsapp(self) -> bool:
        """
        Whether WhatsApp is set up.

        Raises:
            PartialSettingsError: some of its settings are missing.

        """
        given = {
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token,
            "TWILIO_WHATSAPP_FROM": self.twilio_whatsapp_from,
        }
        missing = {name: TWILIO_SETTINGS[name] for name, value in given.items() if value is None}
        if missing and len(missing) < len(given):
            raise PartialSettingsError("WhatsApp", missing)
        return not missing

    @property
    def has_rasa(self) -> bool:
        """
        Whether Rasa understands in our place.

        Raises:
            PartialSettingsError: it should, and nobody said where it is.

        """
        if self.nlu_engine != "rasa":
            return False
        if self.rasa_url is None:
            raise PartialSettingsError("Rasa", {"RASA_URL": "the address that `rasa run --enable-api` prints"})
        return True

    telegram_token: Secret | None = Field(
        default=None,
        validation_alias="TELEGRAM_TOKEN",
        description="The bot's token: write /newbot to @BotFather on Telegram. It is all that long polling needs.",
    )
    telegram_webhook_secret: Annotated[Secret | None, AfterValidator(_webhook_secret)] = Field(
        default=None,
        validation_alias="TELEGRAM_WEBHOOK_SECRET",
        description=(
            "Has Telegram post to PUBLIC_URL instead of being asked; your own choice of 1 to 256 letters, digits, "
            "_ and - (openssl rand -hex 32 makes one)."
        ),
    )
    telegram_api_url: Annotated[str, AfterValidator(_safe_address)] = Field(
        default="https://api.telegram.org",
        validation_alias="TELEGRAM_API_URL",
        description="Another Bot API server than Telegram's own.",
    )

    smtp_host: str | None = Field(
        default=None,
        validation_alias="WEGWIJS_SMTP_HOST",
        description="The mail server by which the team is told that something waits; empty: nobody is mailed.",
    )
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=587,
        validation_alias="WEGWIJS_SMTP_PORT",
        description="Its port: 587, or 465 for a connection that is encrypted from the start.",
    )
    smtp_user: str | None = Field(
        default=None,
        validation_alias="WEGWIJS_SMTP_USER",
        description="The account at the mail server, where it asks for one.",
    )
    smtp_password: Secret | None = Field(
        default=None, validation_alias="WEGWIJS_SMTP_PASSWORD", description="The password of that account."
    )
    smtp_from: Annotated[str, AfterValidator(_mail_address)] | None = Field(
        default=None,
        validation_alias="WEGWIJS_SMTP_FROM",
        description="From whom that mail is: an address that the mail server may send for.",
    )
    smtp_starttls: bool = Field(
        default=True,
        validation_alias="WEGWIJS_SMTP_STARTTLS",
        description="0 mails without encryption, to a server on this machine only when it asks for an account.",
    )

    @property
    def has_mail(self) -> bool:
        """
        Whether the team can be mailed.

        Raises:
            PartialSettingsError: some of what it needs is missing, or a password would go over an open line.

        """
        if self.smtp_host is None:
            return False
        missing = {} if self.smtp_from else {"WEGWIJS_SMTP_FROM": "the address that the mail server may send for"}
        if (self.smtp_user is None) != (self.smtp_password is None):
            name = "WEGWIJS_SMTP_USER" if self.smtp_user is None else "WEGWIJS_SMTP_PASSWORD"
            missing[name] = "the same people that gave you the other half of the account"
        open_line = not self.smtp_starttls and self.smtp_port != _SMTP_TLS_PORT and not _is_here(self.smtp_host)
        if self.smtp_password is not None and open_line:
            missing["WEGWIJS_SMTP_STARTTLS"] = "set it to 1: a password never goes over an open line"
        if missing:
            raise PartialSettingsError("Mail", missing)
        return True

    @property
    def desk_url(self) -> str | None:
        """Where the console is found from outside; None while PUBLIC_URL is not set."""
        return f"{self.public_url}/desk" if self.public_url else None

    translate_url: Annotated[str, AfterValidator(_safe_address)] | None = Field(
        default=None,
        validation_alias="WEGWIJS_TRANSLATE_URL",
        description=(
            "A LibreTranslate-compatible service (https://…) that translates for the team, when somebody asks it to. "
            "It reads what people write: use one of your own. Empty: no translation."
        ),
    )
    translate_key: Secret | None = Field(
        default=None,
        validation_alias="WEGWIJS_TRANSLATE_KEY",
        description="What the translating service asks for, when it asks (its api_key).",
    )

    oidc_issuer: Annotated[str, AfterValidator(_safe_address)] | None = Field(
        default=None,
        validation_alias="WEGWIJS_OIDC_ISSUER",
        description="The organisation's own sign-in (OpenID Connect): the address that its settings page calls issuer.",
    )
    oidc_client_id: str | None = Field(
        default=None,
        validation_alias="WEGWIJS_OIDC_CLIENT_ID",
        description="As what it knows us; register PUBLIC_URL/desk/sign-in/provider/back there as redirect address.",
    )
    oidc_client_secret: Secret | None = Field(
        default=None, validation_alias="WEGWIJS_OIDC_CLIENT_SECRET", description="The secret that belongs to it."
    )
    oidc_second_factor: bool = Field(
        default=True,
        validation_alias="WEGWIJS_OIDC_SECOND_FACTOR",
        description="0 asks for our code always; 1 not when the provider says (amr, acr) that it had a second factor.",
    )

    @property
    def has_oidc(self) -> bool:
        """
        Whether people may sign in by the organisation's own way.

        Raises:
            PartialSettingsError: some of its settings are missing.

        """
        given = {
            "WEGWIJS_OIDC_ISSUER": self.oidc_issuer,
            "WEGWIJS_OIDC_CLIENT_ID": self.oidc_client_id,
            "WEGWIJS_OIDC_CLIENT_SECRET": self.oidc_client_secret,
        }
        where = "whoever looks after your organisation's sign-in, where applications are registered"
        missing = {name: where for name, value in given.items() if value is None}
        if missing and len(missing) < len(given):
            raise PartialSettingsError("Signing in by the organisation", missing)
        return not missing

    @property
    def telegram_webhook_url(self) -> str | None:
        """Where Telegram posts to, or None: then it is asked for updates."""
        both = self.public_url is not None and self.telegram_webhook_secret is not None
        return f"{self.public_url}/webhooks/telegram" if both else None

    @property
    def url(self) -> str:
        """The database's URL, with the embedded SQLite file as the default."""
        return self.database_url or f"sqlite:///{self.data_dir / 'database' / 'wegwijs.sqlite'}"

    @property
    def is_shared(self) -> bool:
        """Whether many processes may share the database."""
        return self.url.startswith("postgres")

    @property
    def keys_dir(self) -> Path:
        """Beside the database folder, never in it, so that a backup of the database does not carry its key."""
        return self.data_dir / "keys"

    @property
    def erased_list(self) -> Path:
        """Where it is written outside the database who was erased."""
        return self.erased_list_path or self.data_dir / "erased.txt"

    @property
    def cache_dir(self) -> Path:
        """What can be rebuilt at any time: the trained model, compiled catalogues."""
        return self.data_dir / "cache"
