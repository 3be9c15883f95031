"""The coach's pages: the group, one person's year, one task; every form, and whose it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot import guide as guiding
from bot import mentor
from bot.guide import Settled, settle
from bot.trajectory.plan import State
from bot.trajectory.reminders import RULES
from bot.web.console.group_task import DOES
from tests.console.conftest import shipped_words, words_of_page
from tests.console.with_group import Circle, circle_at, code_on
from tests.desk.conftest import said
from tests.guide.conftest import ALL
from tests.trajectory.small import HOME, STARTED, WELCOME, task, template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.store.encryption import Vault

LATER = (STARTED + timedelta(days=30)).isoformat()


@pytest.fixture
def circle(tmp_path: Path, migrated_file: Path, vault: Vault, clock: HeldClock) -> Iterator[Circle]:
    yield from circle_at(tmp_path / "group.sqlite", migrated_file, vault, clock)


@pytest.fixture
def coached(circle: Circle) -> Circle:
    """The newcomer is in Coby's group and in the small trajectory."""
    in_group(circle)
    circle.guide.enrols(anchors={"housing_date": HOME})
    circle.guide.read()
    return circle


def in_group(circle: Circle) -> None:
    circle.guide.runtime.database.write(lambda work: work.newcomers.set_coach(circle.guide.newcomer_id, circle.coby.id))


def test_every_reason_has_words() -> None:
    named = [f"group_wrong_{one.value}" for kind in (mentor.Refusal, guiding.Refusal) for one in kind]
    named += [f"group_rule_{rule.name}" for rule in RULES]
    named += [f"group_rule_{rule}" for rule in ("dropped", "ended", "joined", "unreachable", "failed")]
    named += [f"said_group_{what}" for what in DOES]
    for language, words in shipped_words().items():
        assert sorted(set(named) - set(words)) == [], language


# ---- the group


def test_an_empty_group_says_what_to_do(circle: Circle) -> None:
    page = circle.page("/desk/group")
    assert "Er zit nog niemand in uw groep." in page
    assert "Maak een code" in page


def test_a_code_begins_the_trajectory_in_the_group(circle: Circle) -> None:
    made = circle.browser.post("/desk/group/codes", {"template": "small", "days": "14"})
    assert made.status == 200
    code = code_on(made.text)
    assert code not in circle.browser.get("/desk/group").text  # once
    assert "geldig tot" in circle.page("/desk/group")
    assert "utter_trajectory_welcome" in said(circle.guide.talk, code)
    page = circle.page("/desk/group")
    assert "gebruikt:" in page
    assert "[trajectory_small] , week 1" in page
    assert circle.guide.newcomer_id in circle.browser.get("/desk/group").text


def test_a_code_is_withdrawn(circle: Circle) -> None:
    code = code_on(circle.browser.post("/desk/group/codes", {"template": "small", "days": "7"}).text)
    (row,) = circle.guide.runtime.database.read(lambda work: work.enrol_codes.of_coach(circle.coby.id))
    assert (
        "De code werkt niet meer."
        in circle.browser.follow(circle.browser.post("/desk/group/codes/withdraw", {"code": row.id})).text
    )
    again = circle.browser.post("/desk/group/codes/withdraw", {"code": row.id})
    assert again.status == 409
    assert said(circle.guide.talk, code) == ["utter_enrol_wrong_code"]
    assert circle.browser.post("/desk/group/codes", {"template": "nothing", "days": "7"}).status == 409
    assert circle.browser.post("/desk/group/codes", {"template": "small", "days": "9999"}).status == 409


def test_the_list_counts_and_says_what_is_late(coached: Circle) -> None:
    coached.guide.desk.wait(days=3)
    coached.browser = coached.office.signed_in(coached.coby)
    page = coached.page("/desk/group")
    assert "1 te laat" in page
    assert "[task_register] : te laat sinds woensdag 25 november" in page
    assert "Nieuwkomer" in page
    coached.guide.desk.asks(coached.guide.talk)
    assert "Zaak 1" in coached.page("/desk/group")


# ---- whose it is


def test_another_coach_opens_nothing(coached: Circle) -> None:
    desk = coached.office.desk
    carl = desk.runtime.database.write(
        lambda work: work.users.add("Carl", roles=["coach"], teams=["form_team"], now=desk.clock.now())
    )
    browser, before = coached.office.signed_in(carl), coached.guide.tasks()
    assert browser.get("/desk/group").status == 200
    assert coached.guide.newcomer_id not in browser.get("/desk/group").text
    for path in ("", "/template", f"/tasks/{coached.guide.task('welcome').id}"):
        assert browser.get(coached.home + path).status == 404
    forms: dict[str, dict[str, str]] = {
        "/enrol": {"template": "small", "started": STARTED.isoformat()},
        "/told": {"day:housing_date": LATER},
        "/layer": {"layer": "laag1", "days": "7"},
        "/add": {"title": "x", "due": LATER},
        "/end": {"sure": "yes"},
        "/pause": {},
        "/resume": {},
        "/template": {"digest": "0"},
        **{f"/tasks/{coached.guide.task('welcome').id}?{name}": {"do": name, "reason": "x", "day": LATER,
                                                                   "until": LATER} for name in DOES},
    }  # fmt: skip
    for path, fields in forms.items():
        found = browser.post(coached.home + path, {"trajectory": coached.guide.trajectory.id, **fields})
        assert found.status == 404, (path, found.status)
    assert coached.guide.tasks() == before
    assert coached.guide.trajectory.state == "active"
    for who in (desk.sam, desk.cora):
        assert coached.office.signed_in(who).get(coached.home).status == 403


def test_each_look_is_in_the_journal(coached: Circle) -> None:
    coached.page()
    coached.page(coached.task("welcome"))
    seen = coached.guide.runtime.database.read(lambda work: work.views.latest(9))
    assert [(one.user_id, one.what, one.newcomer_id) for one in seen] == [
        (coached.coby.id, "trajectory", coached.guide.newcomer_id)
    ] * 2
    cora = coached.office.signed_in(coached.office.desk.cora)
    assert "Het traject geopend" in words_of_page(cora.get("/desk/privacy/log").text)


# ---- the trajectory


def test_the_coach_has_somebody_begin(circle: Circle) -> None:
    in_group(circle)
    assert "nog niet in een traject" in circle.page("/desk/group")
    assert "Deze nieuwkomer zit nog niet in een traject." in circle.page()
    reply = circle.browser.post(f"{circle.home}/enrol", {"template": "small", "started": "1999-01-01"})
    assert reply.status == 409
    reply = circle.browser.post(f"{circle.home}/enrol", {"template": "small", "started": "gisteren"})
    assert reply.status == 409
    reply = circle.browser.post(f"{circle.home}/enrol", {"template": "small", "started": STARTED.isoformat()})
    assert "Het traject is begonnen." in words_of_page(circle.browser.follow(reply).text)
    assert [message.response for message in circle.guide.read()] == ["utter_trajectory_welcome"]


def test_what_the_coach_fills_in_moves_the_days_and_is_told(coached: Circle) -> None:
    fields = {"was:housing_date": HOME.isoformat(), "day:housing_date": "2026-12-10"}
    page = coached.posts(f"{coached.home}/told", fields)
    assert "Opgeslagen." in page
    assert "Dagen van de wet: 2 veranderd, 0 vervallen." in page
    assert coached.guide.task("register").due == date(2026, 12, 15)
    assert "utter_dates_moved" in [message.response for message in coached.guide.read()]


def test_what_the_newcomer_told_meanwhile_is_not_forgotten(coached: Circle) -> None:
    """The coach's page was opened before, so it says that nobody knew."""
    coached.guide.does(guiding.tell, coached.guide.trajectory.id, anchors={"housing_date": HOME}, actor="newcomer")
    coached.posts(
        f"{coached.home}/told",
        {
            "was:housing_date": "",
            "day:housing_date": "",
            "was:has_children": "",
            "answer:has_children": "yes",
        },
    )
    told = coached.guide.trajectory.told
    assert told.anchors == {"housing_date": HOME}
    assert told.conditions == {"has_children": True}


def test_what_is_known_can_be_taken_back_and_no_day_is_guessed(coached: Circle) -> None:
    coached.posts(f"{coached.home}/told", {"was:housing_date": HOME.isoformat(), "day:housing_date": ""})
    assert coached.guide.trajectory.told.anchors == {}
    assert "Nog onbekend: 2 dagen" in coached.page()
    assert coached.guide.task("register").due is None
    wrong = coached.fails(f"{coached.home}/told", {"day:housing_date": "morgen"})
    assert "Met deze dag kunnen wij niet rekenen." in wrong


def test_a_layer_moves(coached: Circle) -> None:
    coached.posts(f"{coached.home}/layer", {"layer": "laag1", "days": "14"})
    assert coached.guide.task("work").due == STARTED + timedelta(days=126)
    for days in ("", "x", "-", "99999", "٣"):
        coached.fails(f"{coached.home}/layer", {"layer": "laag1", "days": days})
    coached.fails(f"{coached.home}/layer", {"layer": "nothing", "days": "1"})


def test_a_task_of_the_coachs_own(coached: Circle) -> None:
    fields = {"title": "Bel <b>oma</b>", "text": "Vraag naar het recept", "due": LATER}
    page = coached.posts(f"{coached.home}/add", fields)
    assert "De taak is toegevoegd." in page
    assert "&lt;b&gt;oma" in coached.browser.get(coached.home).text
    assert "Vraag naar het recept" in coached.page(coached.task("own", 1))
    assert "Coby voegde een taak toe:" in page
    typed = coached.fails(f"{coached.home}/add", {"title": "Bel oma", "due": ""})
    assert "Kies een dag." in typed
    assert (
        'value="Bel oma"'
        in coached.browser.post(
            f"{coached.home}/add", {"title": "Bel oma", "due": "", "trajectory": coached.guide.trajectory.id}
        ).text
    )


def test_it_rests_and_goes_on(coached: Circle) -> None:
    page = coached.posts(f"{coached.home}/pause")
    assert "Het traject rust." in page
    assert coached.guide.trajectory.state == "paused"
    assert "Niet herinnerd: het traject rust." in coached.page(coached.task("welcome"))
    assert "Dit traject rust" in coached.page("/desk/group")
    assert "Dit traject rust al." in coached.fails(f"{coached.home}/pause")
    assert "Coby ging verder met het traject." in coached.posts(f"{coached.home}/resume")
    assert coached.guide.trajectory.state == "active"
    assert "Dit traject rust niet." in coached.fails(f"{coached.home}/resume")


def test_it_ends_when_the_coach_is_sure(coached: Circle) -> None:
    assert "Zet een vinkje" in coached.fails(f"{coached.home}/end")
    assert "beëindigd" in coached.posts(f"{coached.home}/end", {"sure": "yes"})
    assert coached.guide.trajectory.state == "ended"
    assert (
        coached.browser.post(f"{coached.home}/end", {"sure": "yes", "trajectory": coached.guide.trajectory.id}).status
        == 409
    )


def test_a_changed_template_waits_for_the_coach(coached: Circle) -> None:
    new = task("new_thing", due=WELCOME.due, order=20)
    changed = replace(template(*(one for one in ALL if one is not WELCOME), new), digest="1")
    cast("dict[str, Any]", coached.guide.runtime.knowledge.trajectories)["small"] = changed
    assert "Dit plan loopt nog op de oude." in coached.page()
    address = f"{coached.home}/template?trajectory={coached.guide.trajectory.id}"
    page = coached.page(address)
    assert "Nieuw (1) new_thing : maandag 30 november" in page
    assert "Vervalt (1) [task_welcome]" in page
    assert coached.guide.task("welcome").state is State.OPEN
    assert "weer veranderd" in coached.fails(f"{coached.home}/template", {"digest": "0"})
    assert "volgt nu het nieuwe traject" in coached.posts(f"{coached.home}/template", {"digest": "1"})
    assert coached.guide.task("welcome").state is State.DROPPED
    assert coached.guide.task("new_thing").state is State.OPEN
    assert "Dit plan loopt nog op de oude." not in coached.page()
    assert coached.browser.get(f"{coached.home}/template?trajectory=x").status == 404


# ---- a task


def test_the_newcomer_says_done_and_the_coach_confirms(coached: Circle) -> None:
    knowledge = coached.guide.runtime.knowledge
    changed = replace(template(*(replace(one, confirm=one is WELCOME) for one in ALL)), digest="1")
    cast("dict[str, Any]", knowledge.trajectories)["small"] = changed
    coached.posts(f"{coached.home}/template", {"digest": "1"})
    welcome = coached.task("welcome")
    coached.guide.does(settle, coached.guide.task("welcome").id, Settled.DONE, actor="newcomer")
    assert "1 wacht op u" in coached.page("/desk/group")
    assert "De nieuwkomer zegt dat dit klaar is: [task_welcome]." in coached.page()
    coached.posts(welcome, {"do": "give_back"})
    assert coached.guide.task("welcome").state is State.OPEN
    assert "intussen al anders" in coached.fails(welcome, {"do": "confirm"})
    coached.guide.does(settle, coached.guide.task("welcome").id, Settled.DONE, actor="newcomer")
    page = coached.posts(welcome, {"do": "confirm"})
    assert "Coby bevestigde: [task_welcome]." in page
    assert coached.guide.task("welcome").state is State.DONE


def test_the_coach_reads_that_a_task_was_done_by_taking_part(coached: Circle) -> None:
    guide = coached.guide
    guide.talk.offered("Taalcafé", begins={"days": 1}, tasks=["welcome"])
    offer = guide.talk._offers["Taalcafé"]
    guide.does(settle, guide.task("welcome").id, Settled.DONE, actor="newcomer", offer=offer)
    guide.does(settle, guide.task("register").id, Settled.DONE, actor="newcomer", offer="gone")

    page = coached.page()
    assert "De nieuwkomer was bij Taalcafé. Daarmee is dit klaar: [task_welcome]." in page
    assert "De nieuwkomer was bij een activiteit. Daarmee is dit klaar: [task_register]." in page


def test_skipped_with_a_reason(coached: Circle) -> None:
    assert "Schrijf waarom." in coached.fails(coached.task("welcome"), {"do": "skip", "reason": " "})
    coached.posts(coached.task("welcome"), {"do": "skip", "reason": "Woont al hier"})
    assert coached.guide.task("welcome").state is State.SKIPPED
    assert "Woont al hier" in coached.page(coached.task("welcome"))
    assert "Sla over" not in coached.page(coached.task("welcome"))


def test_a_day_is_set_and_follows_again(coached: Circle) -> None:
    coached.posts(coached.task("welcome"), {"do": "pin", "day": LATER})
    assert coached.guide.task("welcome").due == date.fromisoformat(LATER)
    assert "met de hand gezet" in coached.page(coached.task("welcome"))
    coached.posts(coached.task("welcome"), {"do": "unpin"})
    assert coached.guide.task("welcome").due == STARTED + timedelta(days=7)
    assert "Kies een dag." in coached.fails(coached.task("welcome"), {"do": "pin", "day": "32-13"})
    law = coached.page(coached.task("register"))
    assert "Deze dag staat in de wet." in law
    assert "Zet de dag vast" not in law
    coached.fails(coached.task("register"), {"do": "pin", "day": LATER})


def test_why_nobody_is_reminded_stands_there(coached: Circle) -> None:
    # The day before it is due is a Sunday.
    assert "Volgende herinnering: maandag 30 november" in coached.page(coached.task("welcome"))
    coached.posts(coached.task("welcome"), {"do": "put_off", "until": LATER})
    assert "Zolang dit zo is, komt hij niet: het is uitgesteld." in coached.page(coached.task("welcome"))
    coached.posts(coached.task("debts"), {"do": "never"})
    assert "Coby wil geen herinneringen meer: [task_debts]." in coached.page()
    assert "wij weten nog niet of de taak nodig is" in coached.page(coached.task("school"))
    assert "er is geen dag" in coached.page(coached.task("bill"))
    coached.guide.runtime.database.write(lambda work: work.newcomers.stop(coached.guide.newcomer_id))
    assert "de nieuwkomer wil geen berichten (STOP)" in coached.page(coached.task("work"))


def test_an_act_that_is_none_does_nothing(coached: Circle) -> None:
    assert coached.browser.post(coached.task("welcome"), {"do": "explode"}).status == 400
    assert coached.browser.post(f"{coached.home}/tasks/x", {"do": "done"}).status in {404, 409}
    assert coached.browser.get(f"{coached.home}/tasks/x").status == 404
    assert coached.browser.get("/desk/group/x").status == 404
