"""The documents say what is so: names, commands, settings and words are compared with the code."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from click import Group

from bot.cli import main
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "docs/**/*.md", "content/README.md", "flows/README.md", "nlu/README.md")
# Words that come with the console and with scale-out.
NOT_IN_CODE_YET = frozenset({"coach", "fencing token"})


@cache
def tracked() -> tuple[str, ...]:
    """Every file of the repository, those that are about to be added too."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(sorted({name for name in names if (ROOT / name).is_file()}))


def documents() -> list[Path]:
    return sorted(path for pattern in DOCUMENTS for path in ROOT.glob(pattern))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def code() -> str:
    return "\n".join(text_of(name) for name in tracked() if name.startswith("bot/") and name.endswith(".py"))


def folders_and_files() -> set[str]:
    folders = {f"{parent.as_posix()}/" for name in tracked() for parent in Path(name).parents}
    return {*tracked(), *folders}


# ---- docs/ARCHITECTURE.md


def the_map() -> list[str]:
    """The lines of the map of the house."""
    return text_of("docs/ARCHITECTURE.md").split("```")[1].strip("\n").splitlines()


def test_every_name_on_the_map_is_there() -> None:
    """What is indented lies in bot/; a name inside a description may lie in the folder that is described."""
    here = folders_and_files()
    missing = []
    for line in the_map():
        head = re.match(r"\s*((?:[a-z_]+(?:/|\.py) {0,2})+)", line)
        assert head, f"this line of the map begins with no name: {line}"
        names, place = head[1].split(), "bot/" if line.startswith(" ") else ""
        missing += [place + name for name in names if place + name not in here]
        for name in re.findall(r"(?<=\s)[a-z_]+(?:/|\.py)", line):
            places = ["", "bot/", *(place + folder for folder in names)]
            missing += [name] if not any(where + name in here for where in places) else []

    assert len(the_map()) > 20
    assert missing == []


def test_everything_in_the_house_is_on_the_map() -> None:
    rooms = {name.split("/")[1] for name in tracked() if name.startswith("bot/") and name.endswith((".py", ".html"))}
    named = {name.rstrip("/") for line in the_map() for name in re.findall(r"[a-z_]+(?:/|\.py)", line)}

    assert sorted(rooms - {"__init__.py", "__main__.py"} - named) == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_a_document_names_is_there(document: Path) -> None:
    """In code marks: `ladder/subject.py` may be short for bot/ladder/subject.py; <angles> and * stand for many."""
    named = set(re.findall(r"`([\w./-]+\.(?:py|yml|md|po|toml|json))`", document.read_text(encoding="utf-8")))
    known = [f"/{name}" for name in tracked()]

    assert sorted(name for name in named if not any(path.endswith(f"/{name}") for path in known)) == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))

    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


# ---- commands and settings


def test_every_command_stands_in_the_readme() -> None:
    commands = text_of("README.md").split("| Command |")[1].split("\n\n")[0]
    told = set(
        re.findall(
            r"`(?:wegwijs )?([a-z][a-z-]*)[^`]*`", "\n".join(re.findall(r"^\| (.*?) \|", commands, re.MULTILINE))
        )
    )

    assert told == set(main.commands)


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_a_document_names_is_one(document: Path) -> None:
    """With its options: `wegwijs understand --input F` is known as such."""
    for words in re.findall(r"(?:`|bin/)wegwijs ([a-z][^`\n#]*)", document.read_text(encoding="utf-8")):
        name, *rest = words.split()
        assert name in main.commands, f"{words!r} in {document.name}"
        command = main.commands[name]
        while isinstance(command, Group) and rest and rest[0] in command.commands:
            command = command.commands[rest.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, f"{words!r} in {document.name}"


def settings() -> list[str]:
    return [str(field.validation_alias) for field in Settings.model_fields.values()]


def test_every_setting_stands_in_the_readme() -> None:
    assert [name for name in settings() if f"`{name}`" not in text_of("README.md")] == []


def test_every_setting_explains_itself() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_setting_a_document_names_is_one(document: Path) -> None:
    named = set(re.findall(r"\b(?:WEGWIJS_[A-Z_]+|DATABASE_URL)\b", document.read_text(encoding="utf-8")))

    assert named <= set(settings())


def test_every_make_target_a_document_names_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE)) | {
        f"bench-{path.name}" for path in (ROOT / "bench").iterdir() if (path / "__main__.py").exists()
    }
    named = {
        name
        for document in documents()
        for name in re.findall(r"`make ([a-z-]+)", document.read_text(encoding="utf-8"))
    }

    assert named <= targets


# ---- docs/GLOSSARY.md


def glossary() -> list[str]:
    rows = [line.split("|")[1].strip() for line in text_of("docs/GLOSSARY.md").splitlines() if line.startswith("| ")]
    return [term.strip() for row in rows[1:] for term in re.sub(r"\([^)]*\)", "", row).split(",")]


def test_the_words_of_the_glossary_are_the_words_of_the_house() -> None:
    guides = [path.read_text(encoding="utf-8") for path in documents() if path.name != "GLOSSARY.md"]
    used = "\n".join([code().replace("_", " "), *guides]).lower()

    assert [word for word in glossary() if word not in NOT_IN_CODE_YET and not re.search(rf"\b{word}", used)] == []


def test_no_word_stands_in_the_glossary_twice() -> None:
    assert len(glossary()) == len(set(glossary()))


# ---- nothing of the machine it was made on


# Written in pieces, so that this file does not find itself.
MACHINE = re.compile(
    "|".join((
        r"(?<![\w.])/" + r"(?:work|root|opt/[a-z]+|home/[a-z]+|Users/\w+)/",
        "file:/" + r"//(?!\{)",
        r"--(?:extra-)?index" + "-url",
        "--find" + "-links",
        r"https?://[^\s\"'<>]*(?:pypi|/sim" + r"ple\b|artifactory|nexus|devpi)",
        r"https?://(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d",
    ))
)  # fmt: skip


def test_no_file_knows_a_machine_or_where_packages_came_from() -> None:
    found = []
    for name in tracked():
        try:
            text = text_of(name)
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {hit[0]}" for hit in MACHINE.finditer(text)]

    assert found == []


@pytest.mark.parametrize("name", ["run.txt", "test.txt", "build.txt"])
def test_every_package_is_pinned_with_its_hashes(name: str) -> None:
    lines = text_of(f"requirements/{name}").splitlines()
    packages = [line for line in lines if line and not line.startswith((" ", "#"))]

    assert packages
    assert [line for line in packages if not re.match(r"[a-z0-9._-]+(?:\[[a-z,]+\])?==\S+ (?:; .* )?\\$", line)] == []
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line) for line in lines if line.startswith(" "))
