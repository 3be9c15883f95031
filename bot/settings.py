"""Every environment variable the assistant reads, explained. Only wiring and the command line look here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_data_dir() -> Path:
    import os  # noqa: PLC0415  # read when asked, so that a test can point HOME elsewhere

    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "wegwijs"


def _stripped(value: object) -> object:
    """A secret read from a file often ends in a line break."""
    return value.strip() if isinstance(value, str) else value


def _webhook_secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise ValueError("1 to 256 letters, digits, _ and -; `openssl rand -hex 32` makes one")
    return value


def _web_address(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError("an address like https://wegwijs.example.nl")
    return value.rstrip("/") if value is not None else None


Secret = Annotated[SecretStr, BeforeValidator(_stripped)]


class Settings(BaseSettings):
    """The settings of one process; a missing value has a default that protects the newcomer."""

    # An empty value is none: as a folder it would be the one we happen to stand in.
    model_config = SettingsConfigDict(env_prefix="", env_file=None, env_ignore_empty=True, extra="ignore")

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
    nlu_encoder: bool = Field(
        default=True,
        validation_alias="WEGWIJS_NLU_ENCODER",
        description="0 answers with the lexical model alone (less memory, less understanding).",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = Field(
        default="WARNING", validation_alias="WEGWIJS_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR."
    )

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
    telegram_api_url: Annotated[str, AfterValidator(_web_address)] = Field(
        default="https://api.telegram.org",
        validation_alias="TELEGRAM_API_URL",
        description="Another Bot API server than Telegram's own.",
    )
    public_url: Annotated[str | None, AfterValidator(_web_address)] = Field(
        default=None,
        validation_alias="PUBLIC_URL",
        description="Where the messengers reach this service: https:// and the name your proxy answers to.",
    )

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
    def keys_dir(self) -> Path:
        """Beside the database folder, never in it, so that a backup of the database does not carry its key."""
        return self.data_dir / "keys"

    @property
    def cache_dir(self) -> Path:
        """What can be rebuilt at any time: the trained model, compiled catalogues."""
        return self.data_dir / "cache"
