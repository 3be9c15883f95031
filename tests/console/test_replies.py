"""Texts to choose from: seen side by side, signed by who speaks the language, put into a reply, sent by nobody."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot import prepare
from bot.domain.words import CANNED
from bot.handoff.case import Decline
from tests.console.conftest import words_of_page
from tests.console.test_case import draft, field, home
from tests.console.with_replies import Translator, opened, shipped
from tests.desk.conftest import MONDAY, said
from tests.desk.test_reply_files import MP3, PDF, SVG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.store.encryption import Vault
    from bot.store.rows import CaseRow, UserRow
    from tests.console.conftest import Office, Person, Reply


@pytest.fixture
def translator() -> Translator:
    return Translator()


@pytest.fixture
def office(tmp_path: Path, vault: Vault, clock: HeldClock, translator: Translator) -> Iterator[Office]:
    with opened(tmp_path, vault, clock, translator=translator) as found:
        yield found


def somebody(office: Office, name: str, *roles: str, languages: tuple[str, ...] = ()) -> UserRow:
    return office.desk.runtime.database.write(
        lambda work: work.users.add(name, roles=roles, teams=["form_team"], languages=languages, now=MONDAY)
    )


def mine(office: Office, language: str = "ar") -> tuple[CaseRow, Person]:
    case = office.desk.asks(office.desk.newcomer(language))
    return office.desk.taken(case), office.signed_in(office.desk.sam)


def digest(page: str, short: str, language: str) -> str:
    found = re.search(rf'name="name" value="{short}"><input type="hidden" name="language" value="{language}">'
                      rf'<input type="hidden" name="digest" value="([0-9a-f]+)"', page)  # fmt: skip
    assert found, (short, language)
    return found[1]


# ---- the texts themselves


def test_every_text_is_there_in_every_language() -> None:
    knowledge = shipped()
    assert len(prepare.names(knowledge)) >= 14
    for name in prepare.names(knowledge):
        for language in knowledge.content.languages.all:
            assert knowledge.catalogues is not None
            if language != "nl":
                for variant in knowledge.content.responses[name].variants:
                    assert knowledge.catalogues.find(language, variant.context, variant.text), (name, language)


def test_every_text_has_a_short_name_and_every_blank_a_label(office: Office) -> None:
    words = office.desk.runtime.knowledge.console["nl"]
    for name in prepare.names(shipped()):
        assert f"replies_title_{name.removeprefix(CANNED)}" in words
        typed, known = prepare.blanks(shipped(), name)
        assert all(f"replies_{place}" in words for place in (*typed, *known)), name


# ---- the screen


def test_all_languages_stand_side_by_side_each_in_its_own_direction(office: Office) -> None:
    page = office.signed_in(office.desk.sam).get("/desk/replies")
    assert page.status == 200
    assert page.text.count("<h1>") == 1
    assert 'lang="ar" dir="auto"' in page.text
    assert "ሰላም" in page.text
    assert "[zaaknummer]" in page.text
    assert "{case_number}</code>" in page.text
    assert "content/responses/replies.yml" in page.text


def test_one_language_and_a_word_to_search_for(office: Office) -> None:
    sam = office.signed_in(office.desk.sam)
    found = sam.get("/desk/replies?q=afspraak&language=so").text
    assert found.count("<article") == 2 * found.count('<section class="card" id=')
    assert "Ballan ayaad leedahay" in found
    assert 'lang="ti"' not in found
    assert "Geen tekst gevonden" in sam.get("/desk/replies?q=xylofoon").text
    # Also by a word of another language.
    assert "Uw afspraak" in sam.get("/desk/replies?q=Ballan").text


def test_who_speaks_the_language_signs_that_they_read_it(office: Office) -> None:
    huda = somebody(office, "Huda", "volunteer", languages=("ar",))
    browser = office.signed_in(huda)
    page = browser.get("/desk/replies").text
    seen = digest(page, "appointment", "ar")
    with pytest.raises(AssertionError):
        digest(page, "appointment", "ti")  # not hers to sign
    signed = browser.post("/desk/replies/sign", {"name": "appointment", "language": "ar", "digest": seen})
    assert signed.location == "/desk/replies?said=replies_signed#appointment"
    assert "Nagelezen door Huda op" in words_of_page(browser.get("/desk/replies?q=afspraak&language=ar").text)


@pytest.mark.parametrize(
    ("languages", "roles", "language", "digested", "status"),
    [
        (("ar",), ("volunteer",), "ti", None, 403),
        ((), ("content_editor",), "ti", None, 303),
        (("ar",), ("volunteer",), "ar", "0" * 32, 409),
        (("ar",), ("volunteer",), "xx", None, 404),
    ],
    ids=["not theirs", "an editor", "other words", "no language"],
)
def test_who_may_not_sign_hears_why(  # noqa: PLR0913, PLR0917  # the example has these parts
    office: Office,
    languages: tuple[str, ...],
    roles: tuple[str, ...],
    language: str,
    digested: str | None,
    status: int,
) -> None:
    user = somebody(office, "Noor", *roles, languages=languages)
    texts = office.desk.runtime.renderer.written(f"{CANNED}appointment", language) if language != "xx" else ("x",)
    right = prepare.digest_of(texts or ()).hex()
    fields = {"name": "appointment", "language": language, "digest": digested or right}
    answered = office.signed_in(user).post("/desk/replies/sign", fields)
    assert answered.status == status


def test_what_was_read_lapses_when_the_words_change(office: Office) -> None:
    runtime, huda = office.desk.runtime, somebody(office, "Huda", "volunteer", languages=("ar",))
    name = f"{CANNED}appointment"
    texts = runtime.renderer.written(name, "ar")
    assert texts is not None
    assert prepare.sign(runtime, huda.id, name, "ar", digest=prepare.digest_of(texts).hex()) is None

    def checked(of: object) -> bool:
        (one,) = [one for one in prepare.all_of_them(of, huda.id) if one.name == name]  # type: ignore[arg-type]
        return next(version for version in one.versions if version.language == "ar").checked is not None

    assert checked(runtime)
    response = runtime.knowledge.content.responses[name]
    other = replace(response, variants=(replace(response.variants[0], text="Andere woorden."),))
    content = replace(runtime.knowledge.content, responses={**runtime.knowledge.content.responses, name: other})
    mended = replace(
        runtime,
        knowledge=replace(runtime.knowledge, content=content),
        renderer=replace(runtime.renderer, content=content),
    )
    assert not checked(mended)
    assert prepare.sign(mended, huda.id, name, "ar", digest=prepare.digest_of(texts).hex()) is Decline.CHANGED


# ---- into a reply


def chooses(sam: Person, case: CaseRow, short: str, **fields: str) -> Reply:
    answered = sam.post(f"{home(case)}/canned", {"canned": short, "text": "", **fields})
    assert answered.status == 303, words_of_page(answered.text)
    return sam.follow(answered)


def test_a_text_comes_into_the_reply_in_the_newcomer_s_language(office: Office) -> None:
    case, sam = mine(office)
    before = len(office.desk.outbox(case))
    page = chooses(sam, case, "greeting", text="Hallo")
    words = draft(office, case, office.desk.sam)
    assert words is not None
    assert words.startswith("Hallo\n\nمرحباً")
    assert "Sam" in words
    assert str(case.number) in words
    assert "Dag. Ik ben Sam van het team." in page.text  # what it says, in Dutch
    assert "Nog niet nagelezen door iemand die deze taal spreekt." in page.text
    assert "Er is nog niets verstuurd" in page.text
    assert '<option value="ar" selected>' in page.text
    assert len(office.desk.outbox(case)) == before


def test_whether_it_was_read_stands_beside_it(office: Office) -> None:
    huda = somebody(office, "Huda", "volunteer", languages=("ar",))
    texts = office.desk.runtime.renderer.written(f"{CANNED}greeting", "ar")
    right = prepare.digest_of(texts or ()).hex()
    assert prepare.sign(office.desk.runtime, huda.id, f"{CANNED}greeting", "ar", digest=right) is None
    case, sam = mine(office)
    assert "Nagelezen door Huda op" in words_of_page(chooses(sam, case, "greeting").text)


def test_what_must_be_typed_is_asked_first(office: Office) -> None:
    case, sam = mine(office)
    page = chooses(sam, case, "appointment", text="Dag")
    assert draft(office, case, office.desk.sam) == "Dag"
    assert '<input id="reply_date" name="reply_date" type="date"' in page.text
    chooses(
        sam,
        case,
        "appointment",
        text="Dag",
        put="1",
        reply_date="2026-11-30",
        reply_time="14:30",
        reply_place="het *infopunt* {x}",
    )
    words = draft(office, case, office.desk.sam)
    assert words is not None
    assert "30 نوفمبر 2026" in words
    assert "14:30" in words
    assert "het infopunt x" in words  # a star or a brace that somebody types means nothing


def test_what_nobody_typed_is_seen_at_once(office: Office) -> None:
    case, sam = mine(office, "en")
    chooses(sam, case, "appointment", put="1", reply_date="someday")
    words = draft(office, case, office.desk.sam)
    assert words is not None
    assert words.count(prepare.GAP) == 3


def test_no_photo_is_asked_for_where_none_is_taken(tmp_path: Path, vault: Vault, clock: HeldClock) -> None:
    with opened(tmp_path, vault, clock, photos=False) as office:
        case, sam = mine(office)
        assert 'value="send_photo"' not in sam.get(home(case)).text
        refused = sam.post(f"{home(case)}/canned", {"canned": "send_photo", "text": "Dag"})
        assert refused.status == 422
        assert "geen foto&#39;s van brieven" in sam.get("/desk/replies?q=foto").text
        office.desk.runtime.database.write(
            lambda work: work.decisions.record(
                "letter_photos", {"allowed": True}, note="ja", user_id=office.desk.cora.id, now=MONDAY
            )
        )
        assert 'value="send_photo"' in sam.get(home(case)).text


def test_somebody_else_s_case_takes_no_text(office: Office) -> None:
    case, _ = mine(office)
    kim = office.signed_in(office.desk.kim)
    assert kim.post(f"{home(case)}/canned", {"canned": "greeting", "text": ""}).status in {403, 409}
    assert draft(office, case, office.desk.kim) is None


# ---- files


def sends(sam: Person, case: CaseRow, name: str, content: bytes, text: str = "Kijk.") -> Reply:
    html = sam.get(home(case)).text
    known = {one: field(html, one) for one in ("conversation", "seen")}
    fields = {**known, "text": text, "language": "nl", "anyway": "1"}
    return sam.upload(f"{home(case)}/reply", fields, {"file": (name, content, "application/octet-stream")})


def test_a_file_goes_along_and_is_seen_in_the_conversation(office: Office) -> None:
    case, sam = mine(office, "nl")
    assert 'type="file" multiple accept="image/jpeg' in sam.get(home(case)).text
    assert sends(sam, case, "formulier.pdf", PDF).status == 303
    page = sam.get(home(case)).text
    link = re.search(rf'href="({home(case)}/sent/[0-9a-f-]+)"', page)
    assert link
    assert "formulier.pdf" in page
    fetched = sam.get(link[1])
    assert (fetched.status, fetched.body) == (200, PDF)
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert office.signed_in(office.desk.kim).get(link[1]).status in {403, 409}


def test_words_that_go_before_their_file_are_taken_back_with_it_by_one_button(office: Office) -> None:
    case, sam = mine(office, "nl")
    assert sends(sam, case, "stem.mp3", MP3).status == 303
    page = sam.get(home(case)).text
    assert page.count('id="undo-') == 1
    sam.post(f"{home(case)}/undo", {"reply": field(page, "reply")})
    assert draft(office, case, office.desk.sam) == "Kijk."
    office.desk.wait(seconds=6)
    assert office.desk.delivered() == []


def test_a_file_that_may_not_go_says_which_and_keeps_the_words(office: Office) -> None:
    case, sam = mine(office, "nl")
    refused = sends(sam, case, "tekening.svg", SVG, text="Kijk eens.")
    assert refused.status == 422
    assert "Het bestand tekening.svg is geen foto" in words_of_page(refused.text)
    assert "Kijk eens.</textarea>" in refused.text


# ---- a machine's translation


def test_a_message_is_translated_below_itself_when_somebody_asks(office: Office, translator: Translator) -> None:
    talk = office.desk.newcomer("ar")
    case = office.desk.taken(office.desk.asks(talk))
    said(talk, "وصلتني رسالة")
    sam = office.signed_in(office.desk.sam)
    page = sam.get(home(case)).text
    links = re.findall(rf'href="({home(case)}/translation\?message=[0-9a-f-]+)"', page)
    assert translator.asked == []
    whole = sam.get(links[-1])
    assert "وصلتني رسالة" in whole.text
    assert "&lt;nl&gt; وصلتني رسالة" in whole.text
    assert "Machine, kan fout zijn" in whole.text
    part = sam.get(links[-1], hx_request="true")
    assert "<html" not in part.text
    assert translator.asked == [("وصلتني رسالة", "ar", "nl")] * 2
    assert office.signed_in(office.desk.kim).get(links[-1]).status in {403, 409}
    assert len(translator.asked) == 2


def test_a_crisis_is_never_given_to_a_machine(office: Office, translator: Translator) -> None:
    talk = office.desk.newcomer("ar")
    case = office.desk.taken(office.desk.asks(talk))
    office.desk.runtime.database.write(
        lambda work: work.cases.set_priority(work.cases.get(case.id), "crisis", MONDAY, actor=office.desk.sam.id)
    )
    sam = office.signed_in(office.desk.sam)
    assert "/translate" not in sam.get(home(case)).text.replace("/translation", "")
    refused = sam.post(f"{home(case)}/translate", {"text": "Bel nu het noodnummer", "language": "ar"})
    assert refused.status == 422
    assert "Een noodbericht vertaalt de machine niet" in words_of_page(refused.text)
    assert translator.asked == []


def test_a_proposal_is_sent_only_by_a_person_and_what_they_wrote_is_kept(
    office: Office, translator: Translator
) -> None:
    case, sam = mine(office)
    before = len(office.desk.outbox(case))
    proposed = sam.post(f"{home(case)}/translate", {"text": "Kom morgen naar het infopunt", "language": "ar"})
    assert proposed.status == 200
    assert "&lt;ar&gt; Kom morgen naar het infopunt</textarea>" in proposed.text
    assert "Machine, kan fout zijn" in proposed.text
    assert len(office.desk.outbox(case)) == before
    assert translator.asked == [("Kom morgen naar het infopunt", "nl", "ar")]
    fields = {name: field(proposed.text, name) for name in ("conversation", "seen", "original")}
    sent = sam.post(f"{home(case)}/reply", {**fields, "text": "تعالوا غداً", "language": "ar", "anyway": "1"})
    assert sent.status == 303
    row = office.desk.outbox(case)[-1]
    assert (row.body["text"], row.body["original"]) == ("تعالوا غداً", "Kom morgen naar het infopunt")
    assert "Kom morgen naar het infopunt" in sam.get(home(case)).text


def test_a_citizen_number_never_reaches_the_machine(office: Office, translator: Translator) -> None:
    case, sam = mine(office)
    sam.post(f"{home(case)}/translate", {"text": "Uw nummer is 111222333, kom morgen", "language": "ar"})
    ((asked, _, _),) = translator.asked
    assert "111222333" not in asked


@pytest.mark.parametrize("reason", ["unknown_language", "too_busy", "refused", "out_of_reach", "not_understood"])
def test_when_there_is_no_translation_nothing_is_lost(office: Office, translator: Translator, reason: str) -> None:
    translator.fails = reason
    case, sam = mine(office)
    failed = sam.post(f"{home(case)}/translate", {"text": "Kom morgen naar het infopunt", "language": "ar"})
    assert failed.status == 422
    assert "Kom morgen naar het infopunt</textarea>" in failed.text
    assert office.desk.runtime.knowledge.console["nl"][f"relay_translate_{reason}"] in words_of_page(failed.text)


def test_without_a_service_nobody_is_offered_one(tmp_path: Path, vault: Vault, clock: HeldClock) -> None:
    with opened(tmp_path, vault, clock) as office:
        case, sam = mine(office)
        page = sam.get(home(case)).text
        assert "/translat" not in page
        refused = sam.post(f"{home(case)}/translate", {"text": "Kom morgen naar het infopunt", "language": "ar"})
        assert "Er is geen vertaaldienst ingesteld" in words_of_page(refused.text)
