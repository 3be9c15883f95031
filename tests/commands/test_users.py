"""`wegwijs users`: people are added and looked after from the command line, with errors that say what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.cli import ROLE_NAMES
from bot.handoff.case import Role

if TYPE_CHECKING:
    from tests.commands.conftest import Home

LINK = re.compile(r"^  (\S+/desk/invitation\?link=[\w-]{43})$", re.MULTILINE)


def link_in(said: str) -> str:
    found = LINK.search(said)
    assert found, said
    return found[1]


def test_somebody_is_added_with_a_link_and_listed_as_invited(home: Home) -> None:
    assert "Nobody has an account yet" in home.run("users", "list").stdout
    told = home.run("users", "add", "Nora", "--role", "coach", "--role", "volunteer", "--language", "ar")
    listed = home.run("users", "list").stdout

    assert (told.exit_code, told.stderr) == (0, "")
    assert "nora is added as coach, volunteer in form_team." in told.stdout
    assert link_in(told.stdout).startswith("http://127.0.0.1:8000/desk/")
    assert "PUBLIC_URL is not set" in told.stdout
    assert re.search(r"nora +│ Nora +│ coach, volunteer +│ form_team +│ ar +│ invited", listed)


def test_the_link_leads_to_the_public_address_whole_on_a_narrow_screen(home: Home) -> None:
    told = home.run("users", "add", "nora", PUBLIC_URL="https://wegwijs.example.nl/", COLUMNS="30")

    assert link_in(told.stdout).startswith("https://wegwijs.example.nl/desk/invitation?link=")
    assert "not set" not in told.stdout


def test_an_administrator_alone_is_in_no_team(home: Home) -> None:
    assert "as administrator in no team" in home.run("users", "add", "ada", "--role", "administrator").stdout


def test_the_roles_of_the_command_line_are_all_there_are() -> None:
    assert set(ROLE_NAMES) == set(Role)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("add", "bo", "--team", "nowhere"), 2, "no team 'nowhere'; its teams are: form_team"),
        (("add", "bo", "--role", "king"), 2, "is not one of 'volunteer'"),
        (("add", "bo", "--language", "tlh"), 2, "not every language is known; use: nl"),
        (("add", "b o"), 2, "a sign-in name has 2 to 64 small letters"),
        (("add", "nora"), 1, "somebody has this name already"),
        (("add", "nora2", "--name", "Nora"), 1, "somebody has this name already"),
        (("roles", "nora"), 2, "Missing argument"),
        (("roles", "nobody", "coach"), 2, "nobody signs in as 'nobody'; there are: nora"),
        (("invite", "nobody"), 2, "there are: nora"),
        (("disable", "nobody"), 2, "there are: nora"),
    ],
)
def test_mistakes_say_what_to_do_instead(words: tuple[str, ...], code: int, why: str, home: Home) -> None:
    home.run("users", "add", "nora")
    told = home.run("users", *words)

    assert told.exit_code == code
    assert why in " ".join(told.stderr.split())


def test_roles_invite_disable_enable(home: Home) -> None:
    first = link_in(home.run("users", "add", "nora").stdout)
    assert "nora is now coach in form_team" in home.run("users", "roles", "NORA", "coach").stdout
    assert link_in(home.run("users", "invite", "nora").stdout) != first
    assert "signed out everywhere" in home.run("users", "disable", "nora").stdout
    assert re.search(r"nora .* off", home.run("users", "list").stdout)
    refused = home.run("users", "invite", "nora")
    assert (refused.exit_code, "wegwijs users enable" in refused.stderr) == (1, True)
    assert "can sign in again" in home.run("users", "enable", "nora").stdout
    assert link_in(home.run("users", "invite", "nora").stdout)


def test_the_last_administrator_cannot_be_switched_off(home: Home) -> None:
    home.run("users", "add", "ada", "--role", "administrator")
    for words in (("disable", "ada"), ("roles", "ada", "volunteer")):
        told = home.run("users", *words)
        assert told.exit_code == 1
        assert "make somebody else administrator first" in told.stderr


@pytest.mark.parametrize("command", ["add", "list", "roles", "invite", "disable", "enable"])
def test_every_command_explains_itself(command: str, home: Home) -> None:
    told = home.run("users", command, "--help")

    assert told.exit_code == 0
    assert len(told.stdout.splitlines()) > 4
