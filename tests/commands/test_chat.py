"""`wegwijs chat`: a conversation in the terminal, kept as it is kept for a messenger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.commands.conftest import A_REPAIR

if TYPE_CHECKING:
    from tests.commands.conftest import Home

NOTICE = "Mag ik uw berichten bewaren?"


def typed(home: Home, *lines: str, words: tuple[str, ...] = ()) -> str:
    """Type these lines and then Ctrl-D; return what the screen shows, without its frames."""
    told = home.run("chat", *words, given="".join(f"{line}\n" for line in lines), WEGWIJS_LOG_LEVEL="WARNING")
    assert (told.exit_code, told.stderr) == (0, ""), told.output
    return "\n".join(line.strip("│╭╮╰╯─› ") for line in told.stdout.splitlines())


def test_a_number_presses_a_button_and_a_word_answers(home: Home) -> None:
    screen = typed(home, "dag", "1", A_REPAIR, "1", "2")

    assert NOTICE in screen
    assert "1  Ja, goed" in screen
    assert "U kunt nu uw vraag stellen." in screen
    assert "Schrijf aan uw woningcorporatie wat er kapot is." in screen  # bold, without stars
    assert "Bel vandaag de verhuurder." in screen  # 1: the heating
    assert "Zeg dat u 2 kinderen heeft." in screen  # no second button there, so 2 is an answer


def test_it_goes_on_after_a_restart_where_it_was(home: Home) -> None:
    typed(home, "dag", "1", A_REPAIR)
    screen = typed(home, "de verwarming")

    assert NOTICE not in screen
    assert "Bel vandaag de verhuurder." in screen


def test_somebody_new_is_asked_again(home: Home) -> None:
    screen = typed(home, "dag", "1", ":new", "dag")

    assert "a new conversation" in screen
    assert screen.count(NOTICE) == 2
    assert NOTICE in typed(home, "dag", words=("--fresh",))
    assert "woningcorporatie" in typed(home, A_REPAIR)  # who was here first is still known


def test_it_speaks_the_language_that_was_asked_for(home: Home) -> None:
    screen = typed(home, ":new", "1234", words=("--language", "ar"))

    assert NOTICE in screen  # this knowledge has no Arabic for it …
    assert "Dit is nog niet in uw taal." in screen  # … and says so


def test_commands_of_the_screen_are_no_messages(home: Home) -> None:
    for end in (":quit", ":q", "  :q  "):
        screen = typed(home, "", "   ", end, "dag")
        assert NOTICE not in screen
        assert "Enter sends · a number presses a button" in screen
