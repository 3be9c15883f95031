"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from bot.handoff.case import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import Console

    from bot.settings import Settings
    from bot.store.database import Database
    from bot.wiring import Parts

LANGUAGE = click.option("--language", metavar="xx", help="The language on file: nl en ar ti fa tr uk so fr.")

METRICS_PORT = click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Tell figures to Prometheus here, on METRICS_HOST (this machine alone); default: METRICS_PORT, else not.",
)


class Failure(click.ClickException):
    """Something a person can mend; shown without a traceback."""

    def show(self, file: IO[str] | None = None) -> None:
        """Write the message to the error stream."""
        click.echo(f"wegwijs: {self.format_message()}", err=True, file=file)


def settings() -> Settings:
    """Return the settings of this process, with logging set up after them."""
    from pydantic import ValidationError

    from bot.log import set_up_logging
    from bot.settings import SecretFileError, Settings

    try:
        found = Settings()
    except ValidationError as error:
        lines = [f"{one['loc'][0]}: {one['msg']}" for one in error.errors()]
        raise Failure("a setting cannot be used\n  " + "\n  ".join(lines)) from None
    except SecretFileError as error:
        raise Failure(str(error)) from None
    set_up_logging(found.log_level)
    return found


@contextmanager
def assistant_parts(found: Settings, *, quiet: bool = False) -> Iterator[Parts]:
    """Give the knowledge and the trained model, with a progress bar while it is trained for the first time."""
    from bot.commands.output import progress
    from bot.wiring import parts

    with explained(), progress(quiet) as show, parts(found, show) as ready:
        yield ready


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a person can mend into one clear message."""
    from bot.channels.errors import DeliveryError
    from bot.knowledge.document import KnowledgeError
    from bot.settings import PartialSettingsError, UnknownOrganisationError
    from bot.store.encryption import EncryptionError
    from bot.store.errors import StoreError

    try:
        yield
    except KnowledgeError as error:
        raise Failure(f"{error}\nRun `wegwijs check` for all of them.") from None
    except BrokenPipeError:
        raise  # whoever read our output went away; click ends quietly then
    except DeliveryError as error:
        raise Failure(f"the messenger does not answer as it should: {error.reason}") from None
    except (PartialSettingsError, UnknownOrganisationError, StoreError, EncryptionError, OSError) as error:
        raise Failure(str(error)) from None


def known_language(found: Parts, code: str | None) -> str | None:
    """Return our code for what was asked; an unknown one is an error that lists the known ones."""
    languages = found.knowledge.content.languages
    if code is not None and languages.known(code) is None:
        raise click.BadParameter(f"'{code}' is no language here; use one of: {' '.join(languages.all)}")
    return languages.known(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="wegwijs")
def main() -> None:
    """
    Wegwijs, an assistant for people newly housed in a Dutch municipality.

    Try it:      wegwijs chat, or wegwijs serve and open the address it prints

    Write for it: wegwijs check, wegwijs test, wegwijs extract
    """


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--demo", "is_demo", is_flag=True, help="A desk with invented people, in a folder of its own.")
@METRICS_PORT
@click.option(
    "--drain",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    help="Seconds between being told to stop and stopping: /readyz says no, so that others take over.",
)
@click.option("--web-only", is_flag=True, help="Take in and show, and leave the rest to `wegwijs work` (PostgreSQL).")
def serve(  # noqa: PLR0913  # each is an option
    *, host: str, port: int, is_demo: bool, metrics_port: int | None, drain: float, web_only: bool
) -> None:
    """
    Start the whole assistant: browser preview, desk, engine, health check.

    With --demo everything is invented: a team of five, newcomers in five languages, questions in every state. Open
    the chat in one window and the desk in another, and try the whole circle. Nothing of it touches your own data.
    """
    from bot.commands import serve as command

    found = settings()
    with assistant_parts(found) as ready:
        command.run(
            found,
            ready,
            host=host,
            port=port,
            is_demo=is_demo,
            web_only=web_only,
            metrics_port=metrics_port or found.metrics_port,
            drain=drain,
        )


@main.command()
@click.option(
    "--turns", default=2, show_default=True, type=click.IntRange(1, 64), help="How many messages at the same time."
)
@METRICS_PORT
def work(turns: int, metrics_port: int | None) -> None:
    """
    Answer, deliver and remind, beside other workers on one PostgreSQL.

    Start as many as the machines have cores, and one `wegwijs serve --web-only` or more that take messages in. Any of
    them may stop or die: the others go on with its work.
    """
    from bot.commands import work as command

    found = settings()
    with assistant_parts(found, quiet=True) as ready:
        command.run(found, ready, turns=turns, metrics_port=metrics_port or found.metrics_port)


@main.command()
@click.option("--web", default=2, show_default=True, type=click.IntRange(1, 16), help="How many web processes.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 16), help="How many workers.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65000), help="Of the first; and up.")
def many(web: int, workers: int, port: int) -> None:
    """
    Try on one machine how many machines work together: PostgreSQL, web processes, workers and the demo.

    Everything is invented, and gone at the end. Kill any of the processes: it is started again and nothing is lost.
    """
    from bot.commands import many as command

    found = settings()
    with assistant_parts(found) as ready:
        command.run(found, ready, web=web, workers=workers, port=port)


@main.command()
@LANGUAGE
@click.option("--fresh", is_flag=True, help="Begin as somebody new instead of going on where you were.")
def chat(language: str | None, fresh: bool) -> None:
    """Talk to the assistant in this terminal; it remembers you until --fresh."""
    from uuid import uuid4

    from bot.channels.terminal import Terminal
    from bot.commands import chat as command
    from bot.wiring import open_database

    found = settings()
    with assistant_parts(found) as ready:
        code = known_language(ready, language)
        terminal = Terminal()
        with explained(), open_database(found) as database:
            runtime = ready.runtime(database, channels={Terminal.name: terminal})
            command.run(runtime, terminal, address=uuid4().hex if fresh else "this terminal", language=code)


@main.command()
@click.argument("text")
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="Print what was understood and answered as JSON.")
def ask(text: str, language: str | None, as_json: bool) -> None:
    """Ask one question in a throw-away conversation."""
    from bot.commands import ask as command

    with assistant_parts(settings(), quiet=as_json) as ready:
        command.run(ready, text, language=known_language(ready, language), as_json=as_json)


@main.command()
@click.option("--input", "source", type=click.File("rb"), required=True, help="JSON lines; - for stdin.")
@click.option("--output", "target", type=click.File("w", encoding="utf-8"), default="-", show_default=True)
def understand(source: IO[bytes], target: IO[str]) -> None:
    """Tell what many messages mean: {"id", "text", "lang"?} lines in, {"id", "intents", …} lines out."""
    from bot.commands import understand as command

    with assistant_parts(settings(), quiet=True) as ready:
        sys.exit(command.run(ready, source, target))


@main.command()
@click.option("--keep", "keeping", is_flag=True, help="Keep the sentence vectors in nlu/vectors/ for every checkout.")
def train(keeping: bool) -> None:
    """Train the understanding from nlu/, unless it was trained on exactly this before."""
    from bot.commands import train as command
    from bot.commands.output import progress
    from bot.wiring import read_knowledge

    found = settings()
    with explained(), progress() as show:
        command.run(found, read_knowledge(found), keeping=keeping, on_progress=show)


@main.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path | None) -> None:
    """Check what authors and translators wrote; every mistake comes with file, line and mend."""
    from bot.commands import check as command
    from bot.knowledge.folders import folders
    from bot.wiring import knowledge_folders

    with explained():
        sys.exit(command.run(folders(folder) if folder else knowledge_folders(settings())))


def _part(_context: click.Context, _option: click.Parameter, told: str) -> tuple[int, int]:
    mine, _, of = told.partition("/")
    if not (mine.isdigit() and of.isdigit() and 1 <= int(mine) <= int(of)):
        raise click.BadParameter(f"'{told}' is no part: 1/2 is the first half, 2/2 the second")
    return int(mine), int(of)


@main.command()
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--part", metavar="N/M", default="1/1", callback=_part, help="Play only this part of them, as 1/2.")
def test(path: Path | None, part: tuple[int, int]) -> None:
    """Play conversations (Rasa's end-to-end format); default: tests/conversations."""
    from rich.console import Console

    from bot.commands import play

    with assistant_parts(settings()) as ready:
        sys.exit(play.run(ready, path or Path("tests/conversations"), Console(), part=part))


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 when a catalogue is behind.")
def extract(only_check: bool) -> None:
    """Write new and changed sentences into the catalogues of every language."""
    from bot.commands import extract as command
    from bot.wiring import knowledge_folders

    with explained():
        sys.exit(command.run(knowledge_folders(settings()), only_check=only_check))


@main.group()
def translations() -> None:
    """Send sentences to translators, take them back, and see how far each language is."""


@translations.command("status")
@click.argument("language", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def translations_status(language: str | None, as_json: bool) -> None:
    """Count what is checked, unreviewed, stale and missing; of one LANGUAGE by subject."""
    from bot.commands import translations as command
    from bot.wiring import knowledge_folders

    with explained():
        command.status(knowledge_folders(settings()), language=language, as_json=as_json)


@translations.command("export")
@click.argument("language")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--subject", help="Only this subject, such as housing.")
@click.option("--open", "only_open", is_flag=True, help="Only what no fluent person has read yet, or is missing.")
def translations_export(language: str, target: Path, subject: str | None, only_open: bool) -> None:
    """Write the sentences of LANGUAGE to TARGET: a sheet (.xlsx) or a catalogue (.po)."""
    from bot.commands import translations as command
    from bot.wiring import knowledge_folders

    with explained():
        command.export(
            knowledge_folders(settings()), language=language, topic=subject, only_open=only_open, target=target
        )


@translations.command("import")
@click.argument("language")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def translations_import(language: str, source: Path) -> None:
    """Take the translations in SOURCE (.xlsx or .po); rows that do not say the same as the Dutch are refused."""
    from bot.commands import translations as command
    from bot.wiring import knowledge_folders

    with explained():
        sys.exit(command.take(knowledge_folders(settings()), language=language, source=source))


@main.command()
@click.option("--cross-validate", is_flag=True, help="On nlu/data/ instead: train on two thirds, ask the third.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, without anybody's words.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report to read in a browser.")
@click.option("--floor/--no-floor", "hold", default=True, help="Fail when a figure is below nlu/floor.yml (default).")
@click.option("--set-floor", "set_it", is_flag=True, help="Write these figures, less a point, to nlu/floor.yml.")
@click.option("--lower", is_flag=True, help="With --set-floor: also where that makes the floor easier.")
@click.option(
    "--timed", is_flag=True, help="Ask the encoder about each message, as in life: the seconds are true then."
)
@click.option("--rasa", "rasa_url", metavar="URL", help="Ask a Rasa server too, and show its figures beside ours.")
def evaluate(  # noqa: PLR0913  # each is an option
    *,
    cross_validate: bool,
    as_json: bool,
    html: Path | None,
    hold: bool,
    set_it: bool,
    lower: bool,
    timed: bool,
    rasa_url: str | None,
) -> None:
    """
    Measure the understanding on messages it was not trained on (nlu/held_out/), per language and subject.

    Exits 1 when a figure is below nlu/floor.yml, and names it.
    """
    from bot.commands import evaluate as command
    from bot.commands.output import progress
    from bot.knowledge.floor import floor
    from bot.rasa import RasaError, is_address
    from bot.wiring import knowledge_folders, parts

    if lower and not set_it:
        raise click.UsageError("--lower goes with --set-floor")
    if cross_validate and (set_it or rasa_url):
        raise click.UsageError("--set-floor and --rasa are about nlu/held_out/, not about --cross-validate")
    if rasa_url and not is_address(rasa_url):
        raise click.BadParameter(f"'{rasa_url}' is no address; write it as http://127.0.0.1:5005")
    if cross_validate:
        _cross_validate(as_json=as_json, html=html)
        return
    found = settings()
    with explained():
        folders = knowledge_folders(found)
        held, messages = floor(folders) if hold or set_it else None, command.messages_of(folders)
        try:
            with progress(as_json) as show, parts(found, show) as ready:
                measured = command.on_held_out(ready, messages, rasa_url=rasa_url, on_progress=show, timed=timed)
        except RasaError as error:
            raise Failure(str(error)) from None
        if set_it:
            held = command.to_floor(measured, folders, lower=lower)
        failures = command.below(measured, held) if hold else None
        if html:
            command.to_page(measured, ready.knowledge, html, now=_now(), failures=failures or ())
        command.tell(measured, as_json=as_json, failures=failures)
        for failure in failures or ():
            click.echo(failure, err=True)
        sys.exit(1 if failures else 0)


def _cross_validate(*, as_json: bool, html: Path | None) -> None:
    from bot.commands import evaluate as command
    from bot.commands.output import progress
    from bot.nlu.encoder import NoEncoder
    from bot.wiring import read_knowledge

    found = settings()
    with explained():
        with progress(as_json) as show:
            knowledge = read_knowledge(found)
            measured = command.by_cross_validation(
                knowledge,
                cache_dir=found.cache_dir / "nlu",
                on_progress=show,
                encoder=None if found.nlu_encoder else NoEncoder(),
            )
        if html:
            command.to_page(measured, knowledge, html, now=_now())
        command.tell(measured, as_json=as_json)


@main.group()
def channels() -> None:
    """Set up the messengers, and check whether they know us."""


@channels.command("setup")
def channels_setup() -> None:
    """Tell each messenger where messages go, and show the commands in its menu."""
    from bot.commands import channels as command

    with explained():
        sys.exit(command.setup(settings()))


@channels.command("check")
def channels_check() -> None:
    """Say of each messenger whether all is well, or what to do; exit 1 when there is something to do."""
    from bot.commands import channels as command

    with explained():
        sys.exit(command.check(settings()))


@main.command()
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How far to look back.")
@click.option("--write", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write proposals to a file.")
def learn(days: int, target: Path | None) -> None:
    """Show what newcomers wrote and was not understood, masked, for an author to teach; it adds nothing itself."""
    from bot.commands import learn as command
    from bot.domain.clock import SystemClock
    from bot.wiring import open_database, read_knowledge

    found = settings()
    with explained(), open_database(found) as database:
        knowledge = read_knowledge(found)
        sys.exit(command.run(database, knowledge, _screen(), now=SystemClock().now(), days=days, target=target))


@main.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    from bot.wiring import open_database

    found = settings()
    with explained(), open_database(found):
        click.echo("the tables are up to date")


@main.command()
@click.option("--deep", is_flag=True, help="Read every page of the database and try every key: it takes minutes.")
@click.option("--online", is_flag=True, help="Also ask the messengers, the mail server and our own address.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def doctor(deep: bool, online: bool, as_json: bool) -> None:
    """
    Look at an installation from end to end, and say what mends each thing that is wrong. It changes nothing.

    Exits 1 when something does not work; warnings alone are 0. No secret and nothing of a person is printed.
    """
    from bot.commands import doctor as command

    sys.exit(command.run(settings(), _screen(), deep=deep, online=online, as_json=as_json))


@main.command("migrate-to")
@click.argument("url")
def migrate_to(url: str) -> None:
    """
    Carry the database to an empty one at URL, and compare the two row by row.

    For instance, from the file in the data directory to a server: wegwijs migrate-to postgresql://wegwijs@host/wegwijs

    Stop the assistant first. The old database is not changed; at the new one is all of it in the end, or nothing.
    """
    from bot.commands import migrate_to as command
    from bot.commands.output import progress

    found = settings()
    with explained(), progress() as show:
        sys.exit(command.run(found, url, on_progress=show))


@main.command()
@click.argument("target", metavar="FILE", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--new-key", is_flag=True, help="Print a fresh key for WEGWIJS_BACKUP_KEY, and nothing else.")
def backup(target: Path | None, new_key: bool) -> None:
    """
    Write every row of the database to FILE, sealed by WEGWIJS_BACKUP_KEY, while the assistant runs.

    The master key is not in it: keep a copy of that elsewhere. docs/BACKUP.md says how often, and what else to keep.
    """
    from bot.commands import backup as command
    from bot.commands.output import progress

    if new_key:
        command.show_new_key()
        return
    if target is None:
        raise click.UsageError("name the file to write, or --new-key for a key to seal it by")
    found = settings()
    with explained(), progress() as show:
        sys.exit(command.make(found, target, now=_now(), on_progress=show))


@main.command()
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", "is_trial", is_flag=True, help="Only try: restore into a throw-away database and compare.")
@click.option("--into", metavar="URL", help="Another database than that of the settings; either kind.")
@click.option("--replace", is_flag=True, help="Throw away what is in the database now; stop the assistant first.")
@click.option(
    "--erased",
    "lists",
    metavar="LIST",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A copy of the list of who was erased (erased.txt), beside the one that is here; more than once.",
)
@click.option("--without-list", is_flag=True, help="There is no such list: whoever was erased since comes back.")
@click.option("--yes", is_flag=True, help="Do not ask whether to go on.")
def restore(  # noqa: PLR0913  # each is an option
    *,
    source: Path,
    is_trial: bool,
    into: str | None,
    replace: bool,
    lists: tuple[Path, ...],
    without_list: bool,
    yes: bool,
) -> None:
    """
    Put the backup in FILE into an empty database, and compare every row with what the backup says.

    It takes the tables of an older version too, and goes from SQLite to PostgreSQL and back. Who was erased after the
    backup was made does not come back. Exits 1 when the master key that is here does not open what people wrote.
    """
    from bot.commands import backup as command
    from bot.commands.output import progress

    found = settings()
    with explained():
        if is_trial:
            with progress() as show:
                sys.exit(command.try_out(found, source, lists=lists, on_progress=show))
        if not without_list:
            command.refuse_without_list(found, lists)
        with progress() as show:
            sys.exit(
                command.put_back(found, source, into=into, lists=lists, replace=replace, asks=not yes, on_progress=show)
            )


@main.group()
def outbox() -> None:
    """Look after messages that did not arrive."""


@outbox.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many at most.")
def outbox_list(limit: int) -> None:
    """Show what failed or is uncertain, the latest first."""
    from bot.commands import outbox as command

    with _store() as database:
        sys.exit(command.show(database, _screen(), limit=limit))


@outbox.command("retry")
@click.argument("ids", nargs=-1)
@click.option("--failed", "every_failed", is_flag=True, help="Every failed message; uncertain ones only by their id.")
def outbox_retry(ids: tuple[str, ...], every_failed: bool) -> None:
    """Send messages once more, by the ids that `list` shows."""
    from bot.commands import outbox as command
    from bot.domain.clock import SystemClock

    if not ids and not every_failed:
        raise click.UsageError("name the ids that `wegwijs outbox list` shows, or --failed for every failed one")
    with _store() as database:
        sys.exit(command.retry(database, ids, _screen(), every_failed=every_failed, now=SystemClock().now()))


@outbox.command("drop")
@click.argument("ids", nargs=-1, required=True)
def outbox_drop(ids: tuple[str, ...]) -> None:
    """Give messages up, their words too."""
    from bot.commands import outbox as command

    with _store() as database:
        sys.exit(command.drop(database, ids, _screen()))


@contextmanager
def _store() -> Iterator[Database]:
    from bot.wiring import open_database

    with explained(), open_database(settings()) as database:
        yield database


def _screen() -> Console:
    from rich.console import Console

    return Console(highlight=False)


@main.group()
def users() -> None:
    """Say who works at the desk: add, invite, give roles, switch off."""


ROLE_NAMES = tuple(role.value for role in Role)


@users.command("add")
@click.argument("name")
@click.option("--name", "pseudonym", metavar="NAME", help="What newcomers see; default: the sign-in name.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=("volunteer",),
    show_default=True,
    type=click.Choice(ROLE_NAMES),
    help="May be given more than once.",
)
@click.option("--team", "teams", multiple=True, metavar="TEAM", help="May be given more than once; default: the first.")
@click.option("--language", "languages", multiple=True, metavar="xx", help="What they speak; more than once.")
@click.option("--organisation", metavar="NAME", default="", help="Of an organiser: whose offers they look after.")
def users_add(  # noqa: PLR0913  # what somebody is
    *,
    name: str,
    pseudonym: str | None,
    roles: tuple[str, ...],
    teams: tuple[str, ...],
    languages: tuple[str, ...],
    organisation: str,
) -> None:
    """
    Add somebody who signs in as NAME, and print the one-time link by which they choose a password.

    For instance: wegwijs users add nora --role volunteer --role coach --team form_team --language ar
    """
    from bot.appoint import Person
    from bot.commands import users as command
    from bot.wiring import read_knowledge

    found = settings()
    with explained():
        knowledge = read_knowledge(found)
    # An administrator or organiser alone needs no team: it is where cases go.
    default = () if set(roles) <= {"administrator", "organiser"} else (knowledge.organisation.otherwise,)
    person = Person(
        pseudonym=pseudonym or name.capitalize(),
        sign_in=name,
        roles=frozenset(roles),
        teams=frozenset(teams or default),
        languages=languages,
        organisation=organisation,
    )
    known = command.known_to(knowledge)
    with _store() as database:
        sys.exit(command.add(database, _screen(), person, known, base=found.public_url, now=_now()))


@users.command("list")
def users_list() -> None:
    """Show who has an account, as what, and whether they can sign in."""
    from bot.commands import users as command

    with _store() as database:
        sys.exit(command.show(database, _screen(), _now()))


@users.command("roles")
@click.argument("name")
@click.argument("roles", nargs=-1, required=True, type=click.Choice(ROLE_NAMES))
@click.option("--team", "teams", multiple=True, metavar="TEAM", help="Their teams from now on; else they stay.")
@click.option("--organisation", metavar="NAME", help="Of an organiser: theirs from now on; else it stays.")
def users_roles(name: str, roles: tuple[str, ...], teams: tuple[str, ...], organisation: str | None) -> None:
    """Give who signs in as NAME exactly these ROLES, instead of those they have."""
    from bot.commands import users as command
    from bot.wiring import read_knowledge

    found = settings()
    with explained():
        known = command.known_to(read_knowledge(found))
    with _store() as database:
        done = command.set_roles(
            database, _screen(), name, roles=roles, teams=teams, organisation=organisation, known=known, now=_now()
        )
        sys.exit(done)


@users.command("invite")
@click.argument("name")
def users_invite(name: str) -> None:
    """Print a new one-time link for NAME: for who lost it, or forgot the password, or lost the phone."""
    from bot.commands import users as command

    found = settings()
    with _store() as database:
        sys.exit(command.invite(database, _screen(), name, base=found.public_url, now=_now()))


@users.command("disable")
@click.argument("name")
def users_disable(name: str) -> None:
    """Switch NAME's account off: signed out everywhere, and their cases go back to the queue."""
    from bot.commands import users as command

    with _store() as database:
        sys.exit(command.switch(database, _screen(), name, on=False))


@users.command("enable")
@click.argument("name")
def users_enable(name: str) -> None:
    """Switch NAME's account on again, with the password and the app from before."""
    from bot.commands import users as command

    with _store() as database:
        sys.exit(command.switch(database, _screen(), name, on=True))


def _now() -> datetime:
    from bot.domain.clock import SystemClock

    return SystemClock().now()


@main.group()
def offers() -> None:
    """What organisations offer to newcomers: activities, volunteer work, goods."""


@offers.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", metavar="NAME", required=True, help="Whose offers they are; it may be new.")
@click.option("--submit", is_flag=True, help="Send them in to the coordinator at once.")
def offers_import(file: Path, organisation: str, submit: bool) -> None:
    """
    Make drafts of a sheet (CSV with headings) or a calendar (.ics); exit 1 when something was not taken.

    What was imported before is changed, not doubled. A coordinator publishes at the desk.
    """
    from bot.commands import offers as command
    from bot.wiring import read_knowledge

    found = settings()
    with explained():
        knowledge = read_knowledge(found)
    with _store() as database:
        done = command.import_file(
            database, knowledge, _screen(), file, organisation=organisation, submit=submit, now=_now()
        )
        sys.exit(done)


@main.group()
def notes() -> None:
    """What is good to know at the desk, made of what organisations asked."""


@notes.command("export")
@click.argument("file", type=click.Path(exists=False, dir_okay=False, path_type=Path))
def notes_export(file: Path) -> None:
    """Write the notes that were taken at the desk to FILE, as content/notes/ has them; FILE is not there yet."""
    from bot.commands import notes as command

    with _store() as database:
        sys.exit(command.export(database, _screen(), file))


@main.group()
def whatsapp() -> None:
    """What the assistant may say on WhatsApp a day after somebody last wrote."""


@whatsapp.group()
def templates() -> None:
    """The texts of content/whatsapp_templates.yml, which WhatsApp approves word by word."""


@templates.command("status")
def templates_status() -> None:
    """Ask how far WhatsApp is with each template in each language; exit 0 when all are approved, else 1."""
    from bot.commands import whatsapp as command

    found = settings()
    with explained():
        sys.exit(command.status(found))


@templates.command("push")
def templates_push() -> None:
    """Make what is missing and ask WhatsApp to approve it; exit 1 when something could not be asked."""
    from bot.commands import whatsapp as command

    found = settings()
    with explained():
        sys.exit(command.push(found))


@main.group()
def rasa() -> None:
    """Rasa Open Source: move to and from it, and read its confidence where it is the engine (NLU_ENGINE=rasa)."""


@rasa.command("calibrate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def rasa_calibrate(file: Path) -> None:
    """
    Write nlu/rasa.yml: what Rasa's confidence is worth, from what it made of messages it was not trained on.

    FILE holds JSON lines of {"confidence": 0.71, "right": true, "ours": true}, one for each message's first guess;
    `ours` is false for a message that is not for us. `make bench-rasa` writes one.
    """
    from bot.commands import rasa_calibrate as command
    from bot.wiring import knowledge_folders

    with explained():
        sys.exit(command.run(knowledge_folders(settings()), file))


@rasa.command("export")
@click.argument("target", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--language", default="nl", show_default=True, metavar="xx", help="The language of the texts.")
@click.option("--force", is_flag=True, help="Write over what is in DIR.")
def rasa_export(target: Path, language: str, force: bool) -> None:
    """Write the knowledge to DIR as a Rasa project: examples, domain, flows and conversations."""
    from bot.commands import rasa_export as command
    from bot.domain.clock import SystemClock, local_day
    from bot.wiring import knowledge_folders

    with explained():
        folders, today = knowledge_folders(settings()), local_day(SystemClock().now())
        sys.exit(command.run(folders, target, language=language, today=today, force=force))


@rasa.command("import")
@click.argument("source", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("knowledge"),
    show_default=True,
    help="The folder that gets nlu/, flows/ and content/.",
)
@click.option("--language", default="nl", show_default=True, metavar="xx", help="Of what does not say its language.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be taken.")
def rasa_import(source: Path, into: Path, language: str, dry_run: bool) -> None:
    """Take the Rasa project in DIR; exit 1 when something was left out, 2 when it cannot be read."""
    from bot.commands import rasa_import as command

    with explained():
        sys.exit(command.run(source, into, language=language, dry_run=dry_run))
