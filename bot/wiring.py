"""The one place where real parts are chosen."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.content.render import Known, Reader, Renderer
from bot.domain.clock import SystemClock
from bot.flows.runner import Runner
from bot.handoff.organisation import NEUTRAL, neutral
from bot.knowledge.folders import folders
from bot.knowledge.load import load
from bot.rasa import Rasa, WithRasa
from bot.runtime import Runtime
from bot.safety.crisis import CrisisGuard
from bot.safety.file_links import FileLinks
from bot.settings import UnknownOrganisationError
from bot.store.database import Database
from bot.store.encryption import KEY_FILE, MasterKeys, Vault
from bot.store.sealed_file import BackupKeys, NoBackupKeyError
from bot.translate import LibreTranslate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bot.channels.mail import Mail
    from bot.channels.telegram import Telegram
    from bot.channels.whatsapp import Account, WhatsApp
    from bot.content.model import Content
    from bot.domain.clock import Clock
    from bot.domain.turn import Message
    from bot.knowledge.folders import Folders
    from bot.knowledge.knowledge import Knowledge
    from bot.nlu.model import Understander
    from bot.runtime import Channel, Understands
    from bot.settings import Settings
    from bot.web.provider import Provider

    Progress = Callable[[int, int, str], None]


GROUP_LINE = "utter_group_line"


def knowledge_folders(settings: Settings) -> Folders:
    """Return the folders with knowledge that the settings name."""
    return folders(settings.knowledge_dir, settings.organisation_dir)


def read_knowledge(settings: Settings) -> Knowledge:
    """
    Return the knowledge, with the teams of the organisation whose desk this is.

    Raises:
        KnowledgeError: something in it cannot be used; it carries every mistake.
        UnknownOrganisationError: nobody described that organisation.

    """
    _make_data_dir(settings)
    knowledge = load(knowledge_folders(settings), cache_dir=settings.cache_dir)
    known = {NEUTRAL: neutral(), **knowledge.organisations}
    if settings.organisation not in known:
        raise UnknownOrganisationError(settings.organisation, known)
    return replace(knowledge, organisation=known[settings.organisation])


def _make_data_dir(settings: Settings) -> None:
    """Make the folder with the data where there is none yet, for its owner alone; one that is there stays as it is."""
    with suppress(OSError):  # who needs it says so with its own words
        settings.data_dir.parent.mkdir(parents=True, exist_ok=True)
        settings.data_dir.mkdir(mode=0o700, exist_ok=True)


def open_database(settings: Settings, *, keys_dir: Path | None = None) -> Database:
    """Return the database with its tables up to date; the embedded one makes its key on the first run."""
    _make_data_dir(settings)
    database = Database.open(settings.url, Vault(_master_keys(settings, keys_dir)))
    database.upgrade()
    return database


def _master_keys(settings: Settings, keys_dir: Path | None = None) -> MasterKeys:
    if settings.master_key is not None:
        return MasterKeys.from_base64(settings.master_key.get_secret_value())
    return MasterKeys.load_or_create(keys_dir or settings.keys_dir)


def backup_keys(settings: Settings) -> BackupKeys:
    """
    Return the keys of backups.

    Raises:
        NoBackupKeyError: none is set.
        BadBackupKeyError: what is set is no key.

    """
    if settings.backup_key is None:
        raise NoBackupKeyError
    return BackupKeys.from_base64(settings.backup_key.get_secret_value())


def present_vault(settings: Settings) -> Vault | None:
    """Return what opens sealed values by the master key that is here; None when there is none. It makes none."""
    if settings.master_key is None and not (settings.keys_dir / KEY_FILE).exists():
        return None
    return Vault(_master_keys(settings))


def understander(settings: Settings, knowledge: Knowledge, on_progress: Progress | None = None) -> Understander:
    """Return the trained model; it is trained when the examples changed, and else read from the cache."""
    from bot.nlu.encoder import NoEncoder
    from bot.nlu.training import load_or_train

    return load_or_train(
        knowledge.examples,
        cache_dir=settings.cache_dir / "nlu",
        shipped=knowledge.vectors,
        on_progress=on_progress,
        encoder=None if settings.nlu_encoder else NoEncoder(),
        alarming=knowledge.alarming,
    )


def rasa(settings: Settings, knowledge: Knowledge) -> Rasa | None:
    """
    Return the Rasa server that understands in our place; None where ours does.

    Raises:
        PartialSettingsError: nobody said where it is.

    """
    if not settings.has_rasa:
        return None
    token = settings.rasa_token
    return Rasa(
        url=str(settings.rasa_url),
        seconds=settings.rasa_seconds,
        token=token.get_secret_value() if token else None,
        scale=knowledge.rasa_scale,
    )


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What is shared by every runtime of one process. `with_rasa` understands in place of ours, where Rasa is set."""

    settings: Settings
    knowledge: Knowledge
    understander: Understander
    with_rasa: WithRasa | None = None

    @property
    def ear(self) -> Understands:
        """What messages are understood with."""
        return self.with_rasa or self.understander

    def runtime(
        self,
        database: Database,
        *,
        channels: Mapping[str, Channel] | None = None,
        clock: Clock | None = None,
    ) -> Runtime:
        """Return a runtime on `database`."""
        return Runtime(
            database=database,
            knowledge=self.knowledge,
            runner=Runner(flows=self.knowledge.flows, about=self.knowledge.about),
            renderer=Renderer(content=self.knowledge.content, catalogues=self.knowledge.catalogues),
            understander=self.ear,
            guard=CrisisGuard(self.knowledge.crisis),
            clock=clock or SystemClock(),
            channels=channels or {},
            mail=mail(self.settings),
            desk_url=self.settings.desk_url,
            translator=translator(self.settings),
        )


@contextmanager
def parts(settings: Settings, on_progress: Progress | None = None) -> Iterator[Parts]:
    """Give the knowledge and the trained model; the encoder's process ends with the block."""
    knowledge = read_knowledge(settings)
    server = rasa(settings, knowledge)
    model = understander(settings, knowledge, on_progress)
    knows = frozenset(example.intent for example in knowledge.examples)
    ear = WithRasa(rasa=server, own=model, knows=knows, alarming=knowledge.alarming) if server else None
    try:
        yield Parts(settings=settings, knowledge=knowledge, understander=model, with_rasa=ear)
    finally:
        model.close()
        if server:
            server.close()


def translator(settings: Settings) -> LibreTranslate | None:
    """Return the service that translates for the team; None while nobody set its address."""
    if settings.translate_url is None:
        return None
    key = settings.translate_key
    return LibreTranslate(url=settings.translate_url, key=key.get_secret_value() if key else None)


def telegram(settings: Settings, knowledge: Knowledge, *, clock: Clock | None = None) -> Telegram | None:
    """Return the Telegram bot whose token is set, or None. Nothing is asked of Telegram yet."""
    if settings.telegram_token is None:
        return None
    from bot.channels.telegram import Telegram

    renderer = Renderer(content=knowledge.content, catalogues=knowledge.catalogues)
    places = knowledge_folders(settings)
    content, languages = knowledge.content, knowledge.content.languages
    moment = clock or SystemClock()

    def file(path: str) -> Path | None:
        found = places.files(f"content/{path}")
        return found[-1].path if found else None

    def group_line(hint: str | None) -> Message | None:
        if GROUP_LINE not in content.responses:
            return None
        reader = Reader(language=languages.known(hint) or languages.fallback[0])
        return renderer.render(GROUP_LINE, reader, Known(), now=moment.now()).message

    return Telegram(
        settings.telegram_token.get_secret_value(),
        api_url=settings.telegram_api_url,
        payloads=_payloads(content),
        file=file,
        group_line=group_line,
        clock=moment,
    )


def _payloads(content: Content) -> Iterator[str]:
    """Give all that a button can carry: the authors', and the names of flows, which are offered at run time."""
    for response in content.responses.values():
        for variant in response.variants:
            yield from (button.payload for button in variant.buttons)
    yield from (f"/{flow}" for flow in content.flow_names)


def mail(settings: Settings) -> Mail | None:
    """
    Return what mails the team; None when no mail server is set up.

    Raises:
        PartialSettingsError: it is set up only in part.

    """
    if not settings.has_mail:
        return None
    from bot.channels.mail import Account, Mail

    assert settings.smtp_host and settings.smtp_from  # noqa: PT018
    return Mail(
        Account(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from,
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
            starttls=settings.smtp_starttls,
        )
    )


def preview_secret(database: Database) -> bytes:
    """Return the bytes that sign the preview's cookies: derived from the master key, so that they survive a restart."""
    return hashlib.sha256(b"preview cookies:" + database.vault.address_digest("preview", "cookie")).digest()


def file_links(database: Database, clock: Clock) -> FileLinks:
    """Return what makes and reads the addresses under which a messenger fetches the team's files."""
    digest = database.vault.address_digest("files", "address")
    return FileLinks(hashlib.sha256(b"file addresses:" + digest).digest(), clock)


def provider(settings: Settings) -> Provider | None:
    """
    Return the organisation's own sign-in; None when there is none.

    Raises:
        PartialSettingsError: it is set up only in part.

    """
    if not settings.has_oidc:
        return None
    from bot.web.provider import Provider

    assert settings.oidc_issuer and settings.oidc_client_id and settings.oidc_client_secret  # noqa: PT018
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        second_factor_counts=settings.oidc_second_factor,
    )


def whatsapp_account(settings: Settings) -> Account | None:
    """
    Return our account at Twilio; None when WhatsApp is not set up.

    Raises:
        PartialSettingsError: it is set up only in part.

    """
    from bot.channels.whatsapp import Account

    if not settings.has_whatsapp:
        return None
    assert settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_whatsapp_from  # noqa: PT018
    return Account(
        sid=settings.twilio_account_sid,
        token=settings.twilio_auth_token.get_secret_value(),
        sender=settings.twilio_whatsapp_from,
        api_url=settings.twilio_api_url,
        public_url=settings.public_url,
    )


def whatsapp(account: Account, database: Database, knowledge: Knowledge, clock: Clock) -> WhatsApp:
    """Return the channel that sends on this account."""
    from bot.channels.whatsapp import WhatsApp

    renderer = Renderer(content=knowledge.content, catalogues=knowledge.catalogues)

    def word(response: str, language: str) -> str | None:
        return renderer.words(response, language) if response in knowledge.content.responses else None

    return WhatsApp(
        account,
        VendorContents(database, clock, account.sid),
        word=word,
        template=renderer.template,
        file_token=file_links(database, clock).token,
        fallback=knowledge.content.languages.fallback,
    )


@dataclass(frozen=True)
class VendorContents:
    """What is remembered of the contents that a messenger's provider keeps for one account."""

    database: Database
    clock: Clock
    account: str

    def find(self, name: str, language: str) -> tuple[str, str] | None:
        """Return sid and status of a content, or None when it is not known."""
        found = self.database.read(lambda work: work.contents.find(self.account, name, language))
        return (found.sid, found.status) if found else None

    def keep(self, name: str, language: str, sid: str, status: str) -> None:
        """Remember it."""
        now = self.clock.now()
        self.database.write(
            lambda work: work.contents.keep(self.account, name, language, sid=sid, status=status, now=now)
        )

    def forget(self, name: str, language: str) -> None:
        """Forget it."""
        self.database.write(lambda work: work.contents.forget(self.account, name, language))
