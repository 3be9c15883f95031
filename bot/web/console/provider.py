"""Signing in by the organisation's own way, and tying it to an account that is there already."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException

from bot import sign_in
from bot.handoff.access import Screen
from bot.sign_in import Refusal, Refused
from bot.web.console.door import SIGN_IN, Door, FrontDoor, signed_in
from bot.web.console.sign_in import CODE, STATUS, browser_of, inside, refusal_words, secret_word, with_cookie
from bot.web.provider import ProviderError, Round

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.store.work import Work
    from bot.web.console.door import Guest, Visit
    from bot.web.provider import Provider, Told

log = structlog.get_logger()

START = f"{SIGN_IN}/provider"
BACK = f"{START}/back"
TIE = "/desk/settings/provider"
SETTINGS = "/desk/settings"
ON_THE_WAY = "wegwijs_provider"
MINUTES = 10
TO_SIGN_IN = "sign in"


def _provider(guest: Guest) -> Provider:
    found = guest.site.entrance.provider
    if found is None:
        raise HTTPException(404)
    return found


def _round(guest: Guest, seed: str, purpose: str) -> Round:
    return Round(seed=seed, purpose=purpose, back=guest.site.entrance.here(guest.request) + BACK)


def _to_tie(visit_session: str) -> str:
    return f"tie {visit_session}"


def _set_out(guest: Guest, response: Response, seed: str, on: str) -> Response:
    """Have the browser keep the secret of this round, and where it wants to go, until it comes back."""
    kept = f"{seed}.{base64.urlsafe_b64encode(on.encode()).decode().rstrip('=')}"
    response.set_cookie(
        ON_THE_WAY,
        kept,
        max_age=MINUTES * 60,
        path=START,
        httponly=True,
        samesite="lax",  # the provider sends the browser back from another site
        secure=guest.site.entrance.is_secure(guest.request),
    )
    return response


def _kept(guest: Guest) -> tuple[str, str]:
    seed, _, on = guest.request.cookies.get(ON_THE_WAY, "").partition(".")
    try:
        return seed, inside(base64.urlsafe_b64decode(on + "=" * (-len(on) % 4)).decode())
    except (binascii.Error, ValueError):
        return seed, inside("")


def _at_home(guest: Guest, response: Response) -> Response:
    secure = guest.site.entrance.is_secure(guest.request)
    response.delete_cookie(ON_THE_WAY, path=START, httponly=True, samesite="lax", secure=secure)
    return response


def _failed(guest: Guest, where: str, error: ProviderError | None = None) -> Response:
    if error is not None:
        log.warning("the organisation's sign-in failed", reason=error.reason)
    return _at_home(guest, guest.go(where, said="sign_in_provider_failed"))


# ---- signing in


def start(guest: Guest) -> Response:
    """Send somebody to the provider. A link, not a form: a form may lead nowhere else from these pages."""
    provider, seed = _provider(guest), secrets.token_urlsafe(32)
    try:
        there = provider.way_there(_round(guest, seed, TO_SIGN_IN))
    except ProviderError as error:
        return _failed(guest, SIGN_IN, error)
    return _set_out(guest, guest.go(there), seed, inside(guest.asked("next")))


def back(guest: Guest) -> Response:
    """Take in who comes back: to sign in, or to tie what they signed in with there to their account here."""
    provider = _provider(guest)
    seed, on = _kept(guest)
    cookie = guest.cookie
    here = signed_in(guest.runtime, cookie) if cookie else None
    purposes = [TO_SIGN_IN, *([_to_tie(here[0].id)] if here else [])]
    rounds = [_round(guest, seed, purpose) for purpose in purposes] if seed else []
    given = guest.asked("state").encode()
    way = next((way for way in rounds if hmac.compare_digest(way.state.encode(), given)), None)
    where = SETTINGS if here else SIGN_IN
    if way is None or not guest.asked("code"):
        return _failed(guest, where)
    try:
        told = provider.told(way, code=guest.asked("code"), issuer=guest.asked("iss"))
    except ProviderError as error:
        return _failed(guest, where, error)
    if way.purpose != TO_SIGN_IN and here is not None:
        return _at_home(guest, _tied(guest, here[1].id, told))
    return _at_home(guest, _in(guest, told, on))


def _in(guest: Guest, told: Told, on: str) -> Response:
    came = sign_in.as_told(guest.runtime, browser_of(guest), subject=told.subject, has_two_factors=told.has_two_factors)
    if isinstance(came, Refused):
        return guest.go(SIGN_IN, said="sign_in_provider_unknown", next=on)
    return with_cookie(guest, guest.go(on) if told.has_two_factors else guest.go(CODE, next=on), came.secret)


def _tied(guest: Guest, user_id: str, told: Told) -> Response:
    def tie(work: Work) -> bool:
        if work.sign_ins.tied_to(told.subject) not in {None, user_id}:
            return False
        work.sign_ins.tie(user_id, told.subject)
        return True

    done = guest.runtime.database.write(tie)
    return guest.go(SETTINGS, said="settings_provider_tied" if done else "settings_provider_taken")


# ---- from Settings


def tie_page(visit: Visit) -> Response:
    """Show whether the organisation's sign-in opens this account, and ask for the password before it does."""
    _provider(visit)
    return _tie(visit)


def _tie(visit: Visit, status: int = 200, *, wrong: str = "", there: str = "") -> Response:
    tied = visit.runtime.database.read(lambda work: work.sign_ins.subject_of(visit.user.id)) is not None
    return visit.page("settings_provider.html", status=status, tied=tied, wrong=wrong, there=there)


def tie_given(visit: Visit) -> Response:
    """Show the way to the provider, or untie it."""
    provider = _provider(visit)
    if visit.given("untie"):
        visit.runtime.database.write(lambda work: work.sign_ins.tie(visit.user.id, None))
        return visit.go(SETTINGS, said="settings_provider_untied")
    refused = sign_in.is_their_password(visit.runtime, visit.user, secret_word(visit, "current"))
    if refused is not None:
        is_wrong = refused.why is Refusal.WRONG
        wrong = visit.words("settings_password_wrong") if is_wrong else refusal_words(visit, refused)
        return _tie(visit, STATUS[refused.why], wrong=wrong)
    seed = secrets.token_urlsafe(32)
    try:
        there = provider.way_there(_round(visit, seed, _to_tie(visit.session.id)))
    except ProviderError as error:
        return _failed(visit, SETTINGS, error)
    # A link on a page, because a form may lead nowhere else from here.
    return _set_out(visit, _tie(visit, there=there), seed, SETTINGS)


DOORS: tuple[Door | FrontDoor, ...] = (
    FrontDoor(path=START, endpoint=start),
    FrontDoor(path=BACK, endpoint=back),
    Door(path=TIE, screen=Screen.SETTINGS, endpoint=tie_page),
    Door(path=TIE, screen=Screen.SETTINGS, endpoint=tie_given, methods=("POST",)),
)
