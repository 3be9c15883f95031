"""`wegwijs translations`: how far each language is, and sheets that go to translators and come back."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import click
from babel.messages.pofile import PoFileError, read_po
from rich.console import Console
from rich.table import Table

from bot.commands.output import errors
from bot.content.extraction import is_unreviewed
from bot.knowledge.exchange import Returned, State, Translations, counted, to_translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.knowledge.exchange import TranslationRow
    from bot.knowledge.folders import Folders

SHEET, PO = ".xlsx", ".po"
# The columns of a sheet; the plural forms of a language come after these, one column each.
FIXED = ("subject", "key", "Dutch", "Dutch plural", "English", "note", "state", "read by a fluent person (yes)")
YES = frozenset({"yes", "ja", "y", "x", "oui", "1", "true"})
WIDTH = 40  # characters


def status(folders: Folders, *, language: str | None, as_json: bool) -> None:
    """Print how many sentences of each language and subject are checked, unreviewed, stale and missing."""
    translations = Translations(folders)
    codes = [_known(translations, language)] if language else to_translate(translations)
    counts = {code: counted(translations.rows(code)) for code in codes}
    if as_json:
        import json

        plain = {
            code: {topic: {state.value: found[state] for state in State} for topic, found in by_topic.items()}
            for code, by_topic in counts.items()
        }
        click.echo(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("language")
    table.add_column("subject")
    for state in State:
        table.add_column(state.value, justify="right")
    for code, by_topic in counts.items():
        whole = {state: sum(found[state] for found in by_topic.values()) for state in State}
        name = f"{code} {translations.languages.all[code].name}"
        table.add_row(name, "all", *(str(whole[state]) for state in State), style="bold")
        if language:
            for topic, found in by_topic.items():
                table.add_row("", topic, *(str(found[state]) for state in State))
    Console(highlight=False, soft_wrap=True).print(table)
    if not language:
        click.echo("\nBy subject: wegwijs translations status LANGUAGE")


def export(folders: Folders, *, language: str, topic: str | None, only_open: bool, target: Path) -> None:
    """Write the sentences of one language to a sheet or a catalogue."""
    translations = Translations(folders)
    code = _known(translations, language)
    if topic is not None and topic not in translations.topics():
        raise click.BadParameter(f"'{topic}' is no subject; use one of: {' '.join(translations.topics())}")
    if target.suffix not in {SHEET, PO}:
        raise click.BadParameter(f"'{target.name}' must end in {SHEET} or {PO}")
    rows = [row for row in translations.rows(code, topic=topic) if not only_open or row.state is not State.CHECKED]
    target.write_bytes(_sheet(rows) if target.suffix == SHEET else translations.as_catalogue(code, rows))
    click.echo(f"{len(rows)} sentences written to {target}")
    if rows and target.suffix == SHEET:
        click.echo("Fill in the columns 'translation …'; write yes where a fluent person has read it. Then:")
        click.echo(f"  wegwijs translations import {code} {target.name}")


def take(folders: Folders, *, language: str, source: Path) -> int:
    """Take what came back; return 1 when a row was refused. The rows that were right are kept all the same."""
    translations = Translations(folders)
    code = _known(translations, language)
    if source.suffix not in {SHEET, PO}:
        raise click.BadParameter(f"'{source.name}' is no {SHEET} and no {PO}")
    returned = list(_from_sheet(source) if source.suffix == SHEET else _from_catalogue(source, code))
    taken = translations.take(code, returned)
    for one in taken.refused:
        errors.print(f"row {one.row.number}: {one.row.context}: {one.why.value}", markup=False, soft_wrap=True)
    for path in taken.written:
        click.echo(f"written: {path.parent.parent.name}/{path.name}")
    click.echo(f"{taken.changed} changed, {taken.same} as they were, {len(taken.refused)} refused")
    return 1 if taken.refused else 0


def _known(translations: Translations, language: str) -> str:
    code = translations.languages.known(language)
    if code is None or code not in to_translate(translations):
        raise click.BadParameter(
            f"'{language}' is no language to translate into; use one of: {' '.join(to_translate(translations))}"
        )
    return code


# ---- the sheet


def _sheet(rows: Sequence[TranslationRow]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    forms = max((len(row.forms) for row in rows), default=1)
    sheet.append([*FIXED, *(f"translation {number}" for number in range(1, forms + 1))])
    for row in rows:
        # The last column is empty, also where somebody said yes before: a yes is for the words that come back.
        phrase = row.phrase
        told = (
            row.topic,
            phrase.context,
            phrase.text,
            phrase.plural or "",
            row.other,
            phrase.note,
            row.state.value,
            "",
        )
        sheet.append([_safe(cell) for cell in (*told, *row.forms)])
    for column in range(1, len(FIXED) + forms + 1):
        sheet.column_dimensions[get_column_letter(column)].width = WIDTH
        sheet.cell(row=1, column=column).font = Font(bold=True)
    for line in sheet.iter_rows(min_row=2):
        for cell in line:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "D2"
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; what comes back is read without the mark."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@"} else cell


def _plain(value: Any) -> str:  # a cell of any type
    text = "" if value is None else str(value).replace("\r\n", "\n").replace("_x000D_", "").strip()
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text


def _from_sheet(source: Path) -> Iterator[Returned]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        sheet = load_workbook(source, read_only=True, data_only=True).worksheets[0]
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        raise click.ClickException(f"{source} is no sheet that can be read; save it as .xlsx") from None
    lines = sheet.iter_rows(values_only=True)
    head = [_plain(cell) for cell in next(lines, ())]
    missing = [name for name in ("key", "Dutch", FIXED[-1], "translation 1") if name not in head]
    if missing:
        raise click.ClickException(f"{source} has no column '{missing[0]}'; keep the first row as it was exported")
    at = {name: place for place, name in enumerate(head)}
    forms = [at[name] for name in head if name.startswith("translation ")]
    for number, line in enumerate(lines, start=2):
        cells = [_plain(cell) for cell in line] + [""] * len(head)
        if not cells[at["key"]]:
            continue
        has_plural = bool(cells[at["Dutch plural"]]) if "Dutch plural" in at else False
        given = tuple(cells[place] for place in forms)
        yield Returned(
            number=number,
            context=cells[at["key"]],
            dutch=cells[at["Dutch"]],
            forms=given if has_plural else given[:1],
            reviewed=cells[at[FIXED[-1]]].lower() in YES,
        )


def _from_catalogue(source: Path, language: str) -> Iterator[Returned]:
    try:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=language, abort_invalid=True)
    except (PoFileError, ValueError, LookupError, AttributeError) as error:
        raise click.ClickException(f"{source} cannot be read: {error}; Poedit says where") from None
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue  # a fuzzy one is not done yet
        dutch = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
        string = message.string
        yield Returned(
            number=message.lineno or 0,
            context=message.context or "",
            dutch=str(dutch),
            forms=tuple(map(str, string)) if isinstance(string, (tuple, list)) else (str(string or ""),),
            reviewed=not is_unreviewed(message),
        )
