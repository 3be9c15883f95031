"""An organisation's own sign-in, against a provider that nobody here wrote, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import threading
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from bot.channels.webchat import WebChat
from bot.commands.serve import application
from bot.store.database import Database
from bot.web.console.entrance import Entrance
from bot.web.console.events import News
from bot.web.provider import Provider, ProviderError, Round, has_two_factors
from tests.console.conftest import Office, served, shipped_words
from tests.console.test_sign_in import PASSWORD, code_of, comes_in, gives_code, is_in, working
from tests.desk.conftest import at_the_desk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.domain.clock import HeldClock
    from bot.store.encryption import Vault
    from tests.console.conftest import Person, Reply

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from oidc_provider_mock import run_server_in_thread

START = "/desk/sign-in/provider"


@dataclass
class Organisation:
    """The provider, as somebody's browser meets it."""

    url: str

    def knows(self, name: str, **claims: Any) -> None:
        self._ask("PUT", f"/users/{quote(name)}", json.dumps(claims), {"content-type": "application/json"})

    def lets(self, name: str, address: str) -> str:
        """Sign somebody in there; return where the browser is sent."""
        there = urlsplit(address)
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._ask("POST", f"{there.path}?{there.query}", urlencode({"sub": name}), form)
        assert answer.status == 302, answer.read()
        back = urlsplit(str(answer.headers["location"]))
        return f"{back.path}?{back.query}"

    def _ask(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        connection.request(method, path, body, dict(headers))
        return connection.getresponse()


@pytest.fixture
def organisation() -> Iterator[Organisation]:
    with run_server_in_thread(require_nonce=True) as server:
        yield Organisation(f"http://localhost:{server.server_port}")


@pytest.fixture
def provider(organisation: Organisation) -> Provider:
    return Provider(issuer=organisation.url, client_id="wegwijs", client_secret="between us")


@pytest.fixture
def office(tmp_path: Path, vault: Vault, clock: HeldClock, provider: Provider) -> Iterator[Office]:
    with Database.open(f"sqlite:///{tmp_path / 'desk.sqlite'}", vault) as database:
        database.upgrade()
        desk = at_the_desk(database, clock)
        desk.runtime = replace(desk.runtime, knowledge=replace(desk.runtime.knowledge, console=shipped_words()))
        webchat = WebChat()
        entrance = Entrance(provider=provider)
        news = News(desk.runtime)
        secret = b"a secret of thirty-two bytes ..."
        app = application(desk.runtime, webchat, secret=secret, news=news, entrance=entrance)
        for url, port in served(app):
            yield Office(url, port, desk, webchat, news)
            webchat.close()
            news.close()


def tied(office: Office, organisation: Organisation, name: str = "nora") -> str:
    """Have somebody tie their account there to the one here; return the key of their app."""
    key, _ = working(office, name)
    browser = comes_in(office, key, name)
    page = browser.post("/desk/settings/provider", {"current": PASSWORD})
    there = re.search(r'href="(http://localhost[^"]+)"', page.text)
    assert there, page.text
    came = browser.get(organisation.lets(f"{name}@org", unescape(there[1])))
    assert came.location == "/desk/settings?said=settings_provider_tied"
    browser.post("/desk/sign-out")
    office.desk.wait(seconds=90)
    return key


def goes(browser: Person, organisation: Organisation, name: str, on: str = "/desk") -> Reply:
    """Sign in there, and come back."""
    set_out = browser.get(f"{START}?next={quote(on)}")
    assert set_out.status == 303
    return browser.get(organisation.lets(name, set_out.location))


def test_nobody_is_let_in_whom_no_account_here_is_tied_to(office: Office, organisation: Organisation) -> None:
    browser = office.stranger()
    organisation.knows("nora@org", email="nora@example.org", amr=["mfa"])
    before = len(office.desk.runtime.database.read(lambda work: work.users.everybody()))
    came = goes(browser, organisation, "nora@org")

    assert came.location.startswith("/desk/sign-in?said=sign_in_provider_unknown")
    assert "gekoppeld" in browser.follow(came).text
    assert not is_in(browser)
    assert len(office.desk.runtime.database.read(lambda work: work.users.everybody())) == before


def test_who_is_tied_comes_in_with_our_code_when_there_was_one_factor(
    office: Office, organisation: Organisation
) -> None:
    key = tied(office, organisation)
    organisation.knows("nora@org", amr=["pwd"])
    browser = office.stranger()
    came = goes(browser, organisation, "nora@org", "/desk/settings")
    assert came.location == "/desk/sign-in/code?next=%2Fdesk%2Fsettings"
    assert not is_in(browser)
    assert gives_code(browser, code_of(office, key), next="/desk/settings").location == "/desk/settings"
    assert is_in(browser)


@pytest.mark.parametrize(
    "claims", [{"amr": ["pwd", "otp"]}, {"amr": ["mfa"]}, {"acr": "https://refeds.org/profile/mfa"}]
)
def test_two_factors_there_are_enough(claims: dict[str, Any], office: Office, organisation: Organisation) -> None:
    tied(office, organisation)
    organisation.knows("nora@org", **claims)
    browser = office.stranger()
    set_out = browser.get(f"{START}?next=//elsewhere.example/desk")
    came = browser.get(organisation.lets("nora@org", set_out.location))

    assert came.location == "/desk"
    assert is_in(browser)


def test_an_account_that_is_off_stays_shut(office: Office, organisation: Organisation) -> None:
    tied(office, organisation)
    organisation.knows("nora@org", amr=["mfa"])
    office.desk.runtime.database.write(
        lambda work: [work.users.set_active(user.id, active=False) for user in work.users.everybody()]
    )
    browser = office.stranger()

    assert goes(browser, organisation, "nora@org").location.startswith("/desk/sign-in?said=sign_in_provider_unknown")
    assert not is_in(browser)


def test_what_somebody_else_began_counts_for_nothing(office: Office, organisation: Organisation) -> None:
    """A code that an attacker got for themselves, given to a browser of somebody else."""
    tied(office, organisation)
    organisation.knows("nora@org", amr=["mfa"])
    attacker, victim = office.stranger(), office.stranger()
    theirs = organisation.lets("nora@org", attacker.get(START).location)
    assert victim.get(theirs).location == "/desk/sign-in?said=sign_in_provider_failed"
    before = dict(attacker.cookies)
    victim.get(START)  # also when the victim is on the way themselves
    assert victim.get(theirs).location == "/desk/sign-in?said=sign_in_provider_failed"
    assert not is_in(victim)

    assert attacker.get(theirs).location == "/desk"  # it was good, where it belonged
    again = office.stranger()
    again.cookies = before
    assert again.get(theirs).location == "/desk/sign-in?said=sign_in_provider_failed"  # and only once


def test_a_way_to_sign_in_ties_nothing_and_a_way_to_tie_is_for_that_session(
    office: Office, organisation: Organisation
) -> None:
    key, _ = working(office)
    nora = comes_in(office, key)
    page = nora.post("/desk/settings/provider", {"current": PASSWORD}).text
    there = re.search(r'href="(http://localhost[^"]+)"', page)
    assert there
    back = organisation.lets("mallory@org", unescape(there[1]))
    sam = office.signed_in(office.desk.sam)
    sam.cookies["wegwijs_provider"] = nora.cookies["wegwijs_provider"]
    assert sam.get(back).location == "/desk/settings?said=sign_in_provider_failed"
    for user in (office.desk.sam, office.desk.kim):
        assert office.desk.runtime.database.read(lambda work, user=user: work.sign_ins.subject_of(user.id)) is None


def test_tying_asks_for_the_password_and_ends_when_untied(office: Office, organisation: Organisation) -> None:
    key = tied(office, organisation)
    organisation.knows("nora@org", amr=["mfa"])
    nora = comes_in(office, key)
    assert nora.post("/desk/settings/provider", {"current": "wrong wrong"}).status == 422
    assert "gekoppeld" in nora.get("/desk/settings/provider").text
    assert nora.post("/desk/settings/provider", {"untie": "1"}).location.endswith("said=settings_provider_untied")

    assert not is_in(office.stranger())
    assert "provider_unknown" in goes(office.stranger(), organisation, "nora@org").location


def test_one_account_there_opens_one_account_here(office: Office, organisation: Organisation) -> None:
    tied(office, organisation)
    key, _ = working(office, "olaf")
    olaf = comes_in(office, key, "olaf")
    page = olaf.post("/desk/settings/provider", {"current": PASSWORD}).text
    there = re.search(r'href="(http://localhost[^"]+)"', page)
    assert there
    came = olaf.get(organisation.lets("nora@org", unescape(there[1])))

    assert came.location == "/desk/settings?said=settings_provider_taken"


def test_a_refusal_there_is_told_here(office: Office) -> None:
    browser = office.stranger()
    state = parse_qs(urlsplit(browser.get(START).location).query)["state"][0]
    came = browser.get(f"{START}/back?error=access_denied&state={state}")

    assert came.location == "/desk/sign-in?said=sign_in_provider_failed"


def test_what_is_asked_there_is_a_code_with_proof_of_who_began(office: Office, organisation: Organisation) -> None:
    asked = parse_qs(urlsplit(office.stranger().get(START).location).query)

    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid"]
    assert asked["redirect_uri"] == [f"{office.url}{START}/back"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert "between us" not in str(asked)


# ---- tokens that a provider of nobody's would never make


@dataclass
class Forger:
    """A provider that says whatever it is told to."""

    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signs_with: Any = None
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    posted: dict[str, list[str]] = field(default_factory=dict)

    def answers(self, path: str) -> Mapping[str, Any]:
        if path == "/jwks":
            return KeySet([self.key]).as_dict(private=False)
        if path == "/token":
            return {"access_token": "a", "token_type": "Bearer", "id_token": self._token()}
        here = {name: f"{self.url}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
        there = {**here, "issuer": self.url, "jwks_uri": f"{self.url}/jwks", "token_endpoint": f"{self.url}/token"}
        return {**there, **self.about}

    def _token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": "wegwijs", "sub": "nora", "iat": now, "exp": now + 60, **self.claims}
        kept = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm == "none":
            return jwt.encode({"alg": "none"}, kept, OctKey.generate_key(), algorithms=["none"])
        key = self.signs_with or self.key
        return jwt.encode({"alg": self.algorithm, "kid": "one"}, kept, key, algorithms=[self.algorithm])


@contextmanager
def at_work(forger: Forger) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(forger.answers(self.path)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            forger.posted = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    forger.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield Provider(issuer=forger.url, client_id="wegwijs", client_secret="between us")
    server.shutdown()
    server.server_close()


WAY = Round(seed="seed", purpose="sign in", back="http://127.0.0.1/desk/sign-in/provider/back")


def test_a_token_as_it_should_be_is_taken() -> None:
    forger = Forger(claims={"nonce": WAY.nonce, "amr": ["pwd", "hwk"]})
    with at_work(forger) as provider:
        there = parse_qs(urlsplit(provider.way_there(WAY)).query)
        told = provider.told(WAY, code="x")
    proof = base64.urlsafe_b64encode(hashlib.sha256(forger.posted["code_verifier"][0].encode()).digest())
    assert proof.decode().rstrip("=") == there["code_challenge"][0]
    assert forger.posted["code"] == ["x"]

    assert told.has_two_factors
    assert "nora" not in told.subject


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["another", "wegwijs"]},  # without saying for whom of the two it was made
        {"aud": ["wegwijs", "another"], "azp": "another"},
        {"iss": "https://elsewhere.example"},
        {"exp": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids="-".join,
)
def test_a_token_that_says_something_else_is_refused(wrong: dict[str, Any]) -> None:
    with at_work(Forger(claims={"nonce": WAY.nonce, **wrong})) as provider, pytest.raises(ProviderError):
        provider.told(WAY, code="x")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "another key"])
def test_a_token_that_the_provider_did_not_sign_is_refused(algorithm: str) -> None:
    forger = Forger(claims={"nonce": WAY.nonce})
    if algorithm == "another key":
        forger.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    elif algorithm == "HS256":
        forger.algorithm, forger.signs_with = algorithm, OctKey.import_key("between us and then some more")
    else:
        forger.algorithm = algorithm
    with at_work(forger) as provider, pytest.raises(ProviderError):
        provider.told(WAY, code="x")


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "ftp://elsewhere.example"},
        {"token_endpoint": ""},
        {"jwks_uri": "gopher://elsewhere.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_provider_that_is_not_what_it_says_is_refused(about: dict[str, Any]) -> None:
    with at_work(Forger(about=about)) as provider, pytest.raises(ProviderError):
        provider.way_there(WAY)


def test_a_provider_that_changed_its_key_is_asked_again() -> None:
    forger = Forger(claims={"nonce": WAY.nonce})
    with at_work(forger) as provider:
        first = provider.told(WAY, code="x")
        forger.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        assert provider.told(WAY, code="x") == first


def test_a_provider_that_is_away_says_so() -> None:
    provider = Provider(issuer="http://127.0.0.1:9", client_id="wegwijs", client_secret="between us")
    with pytest.raises(ProviderError) as away:
        provider.way_there(WAY)

    assert away.value.reason == "does not answer"


@pytest.mark.parametrize(
    ("claims", "two"),
    [
        ({}, False),
        ({"amr": ["pwd"]}, False),
        ({"amr": ["pwd", "kba"]}, False),
        ({"amr": ["hwk", "otp"]}, False),
        ({"amr": "mfa"}, False),
        ({"acr": "1"}, False),
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": ["hwk", "face"]}, True),
        ({"acr": "phr"}, True),
    ],
)
def test_when_there_were_two_factors(claims: dict[str, Any], two: bool) -> None:
    assert has_two_factors(claims) is two
