"""The translations: what is spoken of a .po file, one folder laid over another, and what is kept compiled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from bot.content.catalogues import CatalogueError, load_catalogues
from tests.content.small import Entry, po, translated, write

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT = "utter_example"


def found(
    text: str, *folders: Path, language: str = "ar", context: str = CONTEXT, cache: Path | None = None
) -> str | None:
    return load_catalogues(list(folders), cache).find(language, context, text)


def test_a_translation_is_found_by_context_and_dutch_text(tmp_path: Path) -> None:
    write(tmp_path, "ar", [translated("Ja", "نعم"), translated("Ja", "أجل", context="button")])

    assert found("Ja", tmp_path) == "نعم"
    assert found("Ja", tmp_path, context="button") == "أجل"
    assert found("Nee", tmp_path) is None
    assert found("Ja", tmp_path, context="utter_other") is None
    assert found("Ja", tmp_path, language="ti") is None


def test_a_fuzzy_entry_is_not_spoken(tmp_path: Path) -> None:
    entry = Entry(context=CONTEXT, text="Binnen 6 weken.", translation="خلال 4 أسابيع.", fuzzy=True)
    counted = Entry(context=CONTEXT, text="{n} kind", plural="{n} kinderen", translation=("x",) * 6, fuzzy=True)
    write(tmp_path, "ar", [entry, counted])

    assert found("Binnen 6 weken.", tmp_path) is None
    assert load_catalogues([tmp_path], None).find_plural("ar", CONTEXT, "{n} kind", "{n} kinderen", 3) is None


def test_an_unreviewed_entry_is_spoken(tmp_path: Path) -> None:
    write(tmp_path, "ar", [Entry(context=CONTEXT, text="Ja", translation="نعم", comment="unreviewed")])

    assert found("Ja", tmp_path) == "نعم"


def test_an_entry_that_equals_the_dutch_is_a_translation(tmp_path: Path) -> None:
    write(tmp_path, "en", [translated("OK", "OK"), translated("Stop", "")])

    assert found("OK", tmp_path, language="en") == "OK"
    assert found("Stop", tmp_path, language="en") is None


def test_topics_are_one_catalogue(tmp_path: Path) -> None:
    write(tmp_path, "ar", [translated("Ja", "نعم")], topic="housing")
    write(tmp_path, "ar", [translated("Nee", "لا", context="utter_no")], topic="admin")

    assert found("Ja", tmp_path) == "نعم"
    assert found("Nee", tmp_path, context="utter_no") == "لا"


def test_a_folder_on_top_replaces_entry_by_entry(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    write(ours, "ar", [translated("Ja", "نعم"), translated("Nee", "لا"), translated("OK", "OK")])
    fuzzy = Entry(context=CONTEXT, text="Nee", translation="كلا", fuzzy=True)
    write(theirs, "ar", [translated("Ja", "أجل"), fuzzy, translated("OK", "")])

    assert found("Ja", ours, theirs) == "أجل"
    assert found("Nee", ours, theirs) == "لا"
    assert found("OK", ours, theirs) == "OK"


def test_an_unfinished_plural_on_top_leaves_the_one_below(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    one, many = "{n} kind", "{n} kinderen"
    write(ours, "en", [Entry(context=CONTEXT, text=one, plural=many, translation=("{n} child", "{n} children"))])
    write(theirs, "en", [Entry(context=CONTEXT, text=one, plural=many, translation=("{n} kid", ""))])

    assert load_catalogues([ours, theirs], None).find_plural("en", CONTEXT, one, many, 2) == "{n} children"


def test_a_folder_that_is_not_there_has_no_translations(tmp_path: Path) -> None:
    assert found("Ja", tmp_path / "nowhere") is None


# ---- what cannot be read


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('magid "Ja"\n', "Unknown or misformatted keyword"),
        ('msgid Ja\nmsgstr "نعم"\n\nnothing of the kind\n', "Unknown or misformatted keyword"),
    ],
)
def test_a_broken_catalogue_says_in_which_file_and_line(broken: str, why: str, tmp_path: Path) -> None:
    path = write(tmp_path, "ar", [translated("Nee", "لا")])
    before = path.read_text(encoding="utf-8")
    path.write_text(before + broken, encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = 1 + max(at for at, line in enumerate(lines) if line.startswith(("magid", "nothing")))

    with pytest.raises(CatalogueError) as caught:
        load_catalogues([tmp_path], None)
    assert (caught.value.path, caught.value.line) == (path, expected)
    assert caught.value.why == why
    assert str(caught.value) == f"{path}:{expected}: {why}"


@pytest.mark.parametrize(
    "broken",
    [
        po([translated("Ja", "نعم")], "ar").encode("utf-16"),
        po([], "ar").replace("nplurals=6; plural=", "nplurals=6; plural=import os;").encode(),
    ],
    ids=["another encoding", "a plural rule that is none"],
)
def test_what_is_no_catalogue_at_all_is_named_too(broken: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, "ar", [])
    path.write_bytes(broken)

    with pytest.raises(CatalogueError) as caught:
        load_catalogues([tmp_path], None)
    assert (caught.value.path, caught.value.line) == (path, 1)


def test_an_empty_file_is_a_catalogue_without_entries(tmp_path: Path) -> None:
    write(tmp_path, "ar", []).write_bytes(b"")

    assert found("Ja", tmp_path) is None


# ---- what is kept


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "locale"


def test_a_compiled_catalogue_is_used_again(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, "ar", [translated("Ja", "نعم")])
    assert found("Ja", tmp_path, cache=cache) == "نعم"
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns
    time.sleep(0.01)

    assert found("Ja", tmp_path, cache=cache) == "نعم"
    assert kept.stat().st_mtime_ns == written
    assert list(cache.iterdir()) == [kept]  # and no scraps


def test_a_changed_catalogue_is_compiled_anew(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, "ar", [translated("Ja", "نعم")])
    assert found("Ja", tmp_path, cache=cache) == "نعم"
    write(tmp_path, "ar", [translated("Ja", "أجل")])

    assert found("Ja", tmp_path, cache=cache) == "أجل"


@pytest.mark.parametrize("scrap", [b"", b"x", b"\xde\x12\x04\x95" + b"\x00" * 12, b"garbage" * 100])
def test_what_was_kept_badly_is_made_anew(scrap: bytes, tmp_path: Path, cache: Path) -> None:
    write(tmp_path, "ar", [translated("Ja", "نعم")])
    found("Ja", tmp_path, cache=cache)
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(scrap)

    assert found("Ja", tmp_path, cache=cache) == "نعم"
    assert kept.read_bytes() == whole


def test_two_languages_with_the_same_file_keep_their_own_plurals(tmp_path: Path, cache: Path) -> None:
    """A file without a header takes the plural rule of its folder's language."""
    text = f'msgctxt "{CONTEXT}"\nmsgid "{{n}} dag"\nmsgid_plural "{{n}} dagen"\nmsgstr[0] "a"\nmsgstr[1] "b"\n'
    for language in ("en", "fr"):
        write(tmp_path, language, []).write_text(text, encoding="utf-8")
    read = load_catalogues([tmp_path], cache)

    assert read.find_plural("en", CONTEXT, "{n} dag", "{n} dagen", 0) == "b"
    assert read.find_plural("fr", CONTEXT, "{n} dag", "{n} dagen", 0) == "a"
