"""The page on which somebody of the team chooses how they are told, and the chat that becomes theirs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.errors import DeliveryError
from bot.channels.telegram_news import read
from bot.hear import hear
from bot.notify import MAIL, TELEGRAM, ping_due
from bot.web.console.notifications import PATH
from tests.channels import updates
from tests.channels.updates import AMINA
from tests.notify.conftest import Postbox

if TYPE_CHECKING:
    from bot.runtime import Runtime
    from tests.console.conftest import Office


class Bot(Postbox):
    away = False

    def username(self) -> str:
        if self.away:
            raise DeliveryError("unreachable")
        return "wegwijs_bot"


@pytest.fixture
def ways(office: Office) -> dict[str, Any]:
    """A mail server and a bot; the page asks for them at each visit."""
    found = {MAIL: Postbox(MAIL), TELEGRAM: Bot(TELEGRAM)}
    runtime = office.desk.runtime
    object.__setattr__(runtime, "mail", found[MAIL])  # the running server has this very runtime
    object.__setattr__(runtime, "channels", {**runtime.channels, TELEGRAM: found[TELEGRAM]})
    return found


def says(runtime: Runtime, text: str) -> None:
    """Have somebody write to the bot, as Telegram tells it."""
    told = read({"update_id": 1, "message": updates.text(text)}, now=datetime.now(UTC))
    for news in told.news:
        hear(runtime, news)


def secret(office: Office, way: str) -> str | None:
    return office.desk.runtime.database.read(lambda work: work.users.secret(office.desk.sam.id, way))


def chosen(office: Office) -> frozenset[str]:
    sam = office.desk.runtime.database.read(lambda work: work.users.get(office.desk.sam.id))
    assert sam is not None
    return sam.notify


def test_a_mail_address_is_kept_sealed_and_shown_to_its_owner_only(office: Office, ways: dict[str, Any]) -> None:
    sam = office.signed_in(office.desk.sam)
    done = sam.post(PATH, {"mail": "sam@example.nl", "by": "mail"})
    assert sam.follow(done).text.count("sam@example.nl") == 1
    assert (secret(office, MAIL), chosen(office)) == ("sam@example.nl", {MAIL})
    assert "sam@example.nl" not in office.signed_in(office.desk.kim).get(PATH).text
    sam.post(PATH, {"mail": ""})
    assert (secret(office, MAIL), chosen(office)) == (None, frozenset())


@pytest.mark.parametrize(
    "fields",
    [{"mail": "no address"}, {"mail": "", "by": "mail"}, {"mail": "", "by": "telegram"}, {"mail": "a@b.nl, c@d.nl"}],
)
def test_a_way_that_leads_nowhere_is_not_turned_on(
    office: Office, ways: dict[str, Any], fields: dict[str, str]
) -> None:
    answer = office.signed_in(office.desk.sam).post(PATH, fields)
    assert answer.status == 422
    assert 'class="error"' in answer.text
    assert (secret(office, MAIL), chosen(office)) == (None, frozenset())


def test_a_link_ties_the_chat_in_which_it_is_followed(office: Office, ways: dict[str, Any]) -> None:
    runtime = office.desk.runtime
    sam = office.signed_in(office.desk.sam)
    page = sam.post(f"{PATH}/tie").text
    link = re.search(r"https://t\.me/wegwijs_bot\?start=(desk_[\w-]+)", page)
    assert link
    says(runtime, f"/start {link[1]}")
    assert (secret(office, TELEGRAM), chosen(office)) == (str(AMINA), {TELEGRAM})
    assert runtime.database.read(lambda work: work.newcomers.at(TELEGRAM, str(AMINA))) is None  # no newcomer
    while ping_due(runtime):
        pass
    assert [letter.message.response for letter in ways[TELEGRAM].letters] == ["ping_tied"]
    assert str(AMINA) not in sam.get(PATH).text

    sam.follow(sam.post(f"{PATH}/untie"))
    assert (secret(office, TELEGRAM), chosen(office)) == (None, frozenset())
    says(runtime, f"/start {link[1]}")  # once
    assert secret(office, TELEGRAM) is None


def test_a_link_is_too_old_after_a_quarter_of_an_hour_and_a_newer_one_replaces_it(
    office: Office, ways: dict[str, Any]
) -> None:
    sam = office.signed_in(office.desk.sam)

    def link() -> str:
        found = re.search(r"start=(desk_[\w-]+)", sam.post(f"{PATH}/tie").text)
        assert found
        return found[1]

    first, second = link(), link()
    says(office.desk.runtime, f"/start {first}")
    assert secret(office, TELEGRAM) is None
    office.desk.wait(minutes=16)
    says(office.desk.runtime, f"/start {second}")
    assert secret(office, TELEGRAM) is None


def test_what_only_looks_like_a_link_is_a_newcomers(office: Office, ways: dict[str, Any]) -> None:
    says(office.desk.runtime, "/start coach42")
    assert office.desk.runtime.database.read(lambda work: work.newcomers.at(TELEGRAM, str(AMINA))) is not None


def test_a_telegram_that_is_away_says_so(office: Office, ways: dict[str, Any]) -> None:
    ways[TELEGRAM].away = True
    assert office.signed_in(office.desk.sam).post(f"{PATH}/tie").status == 503


def test_a_test_goes_out_on_every_way_and_not_twice_in_a_minute(office: Office, ways: dict[str, Any]) -> None:
    sam = office.signed_in(office.desk.sam)
    assert "said=notifications_test_not" in sam.post(f"{PATH}/test").location
    sam.post(PATH, {"mail": "sam@example.nl", "by": "mail"})
    assert "said=notifications_test_sent" in sam.post(f"{PATH}/test").location
    assert "said=notifications_test_not" in sam.post(f"{PATH}/test").location
    while ping_due(office.desk.runtime):
        pass
    assert [letter.address for letter in ways[MAIL].letters] == ["sam@example.nl"]


def test_where_nothing_is_set_up_the_page_says_whom_to_ask(office: Office) -> None:
    page = office.signed_in(office.desk.sam).get(PATH)
    assert page.status == 200
    assert page.text.count("Vraag uw beheerder") == 2


def test_a_stranger_and_a_form_of_elsewhere_change_nothing(office: Office, ways: dict[str, Any]) -> None:
    assert office.stranger().get(PATH).status == 303
    assert office.signed_in(office.desk.sam).post(PATH, {"mail": "x@example.nl", "token": "wrong"}).status == 403
    assert secret(office, MAIL) is None


def test_the_page_is_in_english_for_who_chose_that(office: Office) -> None:
    runtime = replace(office.desk.runtime)
    runtime.database.write(lambda work: work.users.change(office.desk.sam.id, interface="en"))
    assert "Notifications" in office.signed_in(office.desk.sam).get(PATH).text
