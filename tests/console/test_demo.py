"""The demo: invented people, every state, one click to be one of them, and nothing of it anywhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest

from bot.channels.webchat import WebChat
from bot.commands import demo, demo_cast
from bot.commands.demo import Demo, fill
from bot.commands.serve import application
from bot.notify import tell
from bot.settings import Settings
from tests.console.conftest import Person, served, shipped_words
from tests.peers.small import small_assistant
from tests.peers.tiny import at_work, tiny_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.runtime import Runtime

STATES = {
    "closed": ("closed", "normal"),
    "snoozed": ("snoozed", "normal"),
    "queued": ("queued", "normal"),
    "awaiting": ("awaiting_newcomer", "normal"),
    "active": ("active", "normal"),
    "urgent": ("queued", "urgent"),
    "crisis": ("queued", "crisis"),
}


@pytest.fixture
def runtime(clock: HeldClock) -> Iterator[Runtime]:
    with at_work(clock) as found:
        words = replace(found.knowledge, console=shipped_words())
        knowledge = replace(words, organisation=demo.organisation(words))
        webchat = WebChat()
        yield replace(found, knowledge=knowledge, channels={WebChat.name: webchat})
        webchat.close()


@pytest.fixture
def played(runtime: Runtime) -> Demo:
    return fill(runtime)


def browser(runtime: Runtime, *, is_demo: bool) -> Iterator[Person]:
    webchat = runtime.channels[WebChat.name]
    assert isinstance(webchat, WebChat)
    app = application(runtime, webchat, secret=b"a secret of thirty-two bytes ...", is_demo=is_demo)
    for _, port in served(app):
        yield Person(port)


@pytest.fixture
def visitor(runtime: Runtime, played: Demo) -> Iterator[Person]:
    yield from browser(runtime, is_demo=True)


def test_a_case_stands_in_every_state(played: Demo) -> None:
    assert {name: (case.state, case.priority) for name, case in played.cases.items()} == STATES
    assert played.cases["active"].answered_at is None  # the newcomer wrote last
    assert {user.pseudonym for user in played.users.values()} == {one.name for one in demo_cast.TEAM.values()}
    assert all(name.startswith("Demo ") for name in (one.name for one in demo_cast.NEWCOMERS.values()))


def test_the_coach_has_a_group_of_five(runtime: Runtime, played: Demo) -> None:
    coach = played.users["coby"].id
    newcomers = [runtime.database.read(lambda work, i=i: work.newcomers.get(i)) for i in played.newcomers.values()]
    assert len([one for one in newcomers if one is not None and one.coach_id == coach]) == 5


def test_nothing_has_to_be_told_of_what_is_played(runtime: Runtime, played: Demo) -> None:
    assert tell(runtime) == 0


def test_a_knowledge_that_understands_all_of_it_has_the_same_cases(clock: HeldClock) -> None:
    parts = small_assistant()
    knowledge = replace(parts.knowledge, organisation=demo.organisation(parts.knowledge))
    with at_work(clock) as found:
        real = replace(parts, knowledge=knowledge).runtime(
            found.database, channels={WebChat.name: WebChat()}, clock=clock
        )
        played = fill(real)
    assert {name: (case.state, case.priority) for name, case in played.cases.items()} == STATES
    assert played.cases["crisis"].reason == "crisis:eviction_homeless"


def test_one_click_and_somebody_is_in(visitor: Person, played: Demo) -> None:
    assert visitor.follow(visitor.get("/desk/settings/notifications")).text.count("Verder als Demo") == len(
        demo_cast.TEAM
    )
    assert visitor.post("/desk/demo/vera").location == "/desk"
    page = visitor.get("/desk/settings/notifications")
    assert page.status == 200
    assert "Dit is een demo" in page.text
    assert visitor.post("/desk/demo/nobody").status == 404


def test_the_cookie_is_as_every_other(visitor: Person) -> None:
    cookie = visitor.post("/desk/demo/nora").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("host", ["wegwijs.example.nl", "evil.example", "", "[::1", "127.0.0.1.evil.example"])
def test_a_page_of_elsewhere_that_points_to_this_machine_opens_nothing(visitor: Person, host: str) -> None:
    assert visitor.get("/desk/demo", host=host).status in {400, 404}
    answer = visitor.post("/desk/demo/vera", host=host)
    assert answer.status in {400, 404}
    assert "set-cookie" not in answer.headers


def test_another_site_signs_nobody_in(visitor: Person) -> None:
    assert visitor.post("/desk/demo/vera", sec_fetch_site="cross-site").status == 403


def test_outside_the_demo_there_is_no_such_door(runtime: Runtime, played: Demo) -> None:
    webchat = runtime.channels[WebChat.name]
    assert isinstance(webchat, WebChat)
    app = application(runtime, webchat, secret=b"a secret of thirty-two bytes ...")
    assert [route for route in app.routes if getattr(route, "path", "").startswith("/desk/demo")] == []
    for visitor in browser(runtime, is_demo=False):
        assert "set-cookie" not in visitor.post("/desk/demo/vera").headers
        assert visitor.get("/desk/settings/notifications").location.startswith("/desk/sign-in")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "wegwijs.example.nl"])
def test_the_demo_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(click.ClickException):
        demo.refuse_elsewhere(host)
    demo.refuse_elsewhere("127.0.0.1")
    demo.refuse_elsewhere("::1")
    demo.refuse_elsewhere("localhost")


def test_the_demo_has_its_own_folder_and_calls_nobody(tmp_path: Path) -> None:
    real = Settings.model_validate(
        {
            "WEGWIJS_DATA_DIR": tmp_path,
            "DATABASE_URL": "postgresql://real/desk",
            "TELEGRAM_TOKEN": "1:real",
            "WEGWIJS_SMTP_HOST": "smtp.example.nl",
            "PUBLIC_URL": "https://wegwijs.example.nl",
            "WEGWIJS_OIDC_ISSUER": "https://login.example.nl",
        }
    )
    own, parts = demo.made_anew(real, replace(tiny_assistant(), settings=real))
    assert own.url == f"sqlite:///{tmp_path / 'demo' / 'database' / 'wegwijs.sqlite'}"
    assert (own.telegram_token, own.has_mail, own.has_whatsapp, own.public_url) == (None, False, False, None)
    assert parts.settings is own
    assert own.oidc_issuer is None
    (tmp_path / "demo" / "left").touch()
    demo.made_anew(real, tiny_assistant())
    assert not (tmp_path / "demo" / "left").exists()
    assert own.keys_dir.is_relative_to(tmp_path / "demo")


def test_a_folder_that_is_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "demo" / "precious"
    precious.parent.mkdir()
    precious.touch()
    with pytest.raises(click.ClickException, match="move it away"):
        demo.made_anew(Settings.model_validate({"WEGWIJS_DATA_DIR": tmp_path}), tiny_assistant())
    assert precious.exists()
