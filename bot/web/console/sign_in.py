"""The way in: password, code, and for who was invited a first password, an app and recovery codes. And the way out."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Literal, TypedDict
from urllib.parse import urlsplit

import segno

from bot import sign_in
from bot.handoff.access import Screen
from bot.safety.passwords import LONGEST as LONGEST_PASSWORD
from bot.safety.passwords import SHORTEST, Weak
from bot.sign_in import LONGEST, CameIn, Refusal, Refused
from bot.web.console.door import HOME, SIGN_IN, Door, FrontDoor, signed_in, token_of
from bot.web.console.entrance import device_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.store.rows import UserRow
    from bot.store.work import Work
    from bot.web.console.door import Guest, Visit

CODE = f"{SIGN_IN}/code"
SIGN_OUT = "/desk/sign-out"
INVITATION = "/desk/invitation"
APP = f"{INVITATION}/app"
# Of a sentence for each way to be refused. That nobody learns which half was wrong, they are the same for both.
STATUS = {Refusal.WRONG: 422, Refusal.TOO_MANY: 429, Refusal.OVER: 410}
LONGEST_FIELD = 1024


class _Kept(TypedDict):
    """How a cookie is kept."""

    path: str
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


def invitation_link(base: str, link: str) -> str:
    """Return the address that somebody is invited by."""
    return f"{base}{INVITATION}?link={link}"


# ---- what these pages share


def browser_of(guest: Guest) -> sign_in.Browser:
    """Return where somebody sits."""
    return sign_in.Browser(
        address=guest.site.entrance.caller(guest.request),
        device=device_of(guest.request),
        secret=guest.cookie,
    )


def with_cookie(guest: Guest, response: Response, secret: str) -> Response:
    """Have the browser carry this from now on."""
    response.set_cookie(
        guest.site.entrance.cookie_name(guest.request), secret, max_age=int(LONGEST.total_seconds()), **_kept(guest)
    )
    return response


def without_cookie(guest: Guest, response: Response) -> Response:
    """Have the browser forget what it carried."""
    response.delete_cookie(guest.site.entrance.cookie_name(guest.request), **_kept(guest))
    return response


def _kept(guest: Guest) -> _Kept:
    """Return how the cookie is kept: by https for the whole host, as its name asks for, and else for the desk alone."""
    secure = guest.site.entrance.is_secure(guest.request)
    return {"path": "/" if secure else HOME, "httponly": True, "samesite": "lax", "secure": secure}


def secret_word(guest: Guest, name: str) -> str:
    """Return a field as it was typed: a password may begin or end with a blank."""
    value = guest.form.get(name)
    return value[:LONGEST_FIELD] if isinstance(value, str) else ""


def inside(path: str) -> str:
    """Return a path of the desk that somebody may be sent on to; its first page for whatever else was given."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    is_ours = path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
    if not (plain and is_ours) or path.startswith((SIGN_IN, SIGN_OUT, INVITATION)) or "//" in urlsplit(path).path:
        return HOME
    return HOME if ".." in path.split("?", maxsplit=1)[0].split("/") else path


def _is_from_our_form(guest: Guest) -> bool:
    """Return whether the form was shown to this very browser: nobody signs another in under their own name."""
    cookie, given = guest.cookie, guest.given("token")
    return bool(cookie) and hmac.compare_digest(given.encode(), token_of(cookie).encode())


def _form(guest: Guest, template: str, *, status: int = 200, **values: object) -> Response:
    """Show a page with a form to somebody whom nobody knows yet."""
    secret = guest.cookie or secrets.token_urlsafe(32)
    has_provider = guest.site.entrance.provider is not None
    page = guest.page(template, status=status, token_here=token_of(secret), has_provider=has_provider, **values)
    return page if guest.cookie else with_cookie(guest, page, secret)


def refusal_words(guest: Guest, refused: Refused) -> str:
    """Return what somebody who is refused reads."""
    return guest.words(f"sign_in_{refused.why}", minutes=refused.minutes)


def weak_words(guest: Guest, weak: Weak) -> str:
    """Return why a password is refused."""
    return guest.words(f"sign_in_password_{weak}", shortest=SHORTEST, longest=LONGEST_PASSWORD)


def picture_of(key: str, name: str) -> str:
    """Return what an authenticator app reads, as the address of a picture: dark on white, in the dark too."""
    code = segno.make(sign_in.app_address(key, name), error="m", micro=False)
    return code.svg_data_uri(scale=5, border=4, dark="#000", light="#fff")


def in_words(key: str) -> str:
    """Return the secret in groups of four, to be typed."""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


# ---- signing in


def sign_in_page(guest: Guest) -> Response:
    """Ask for name and password; who is in already goes on."""
    on = inside(guest.asked("next"))
    if _is_in(guest):
        return guest.go(on)
    return _form(guest, "sign_in.html", name="", next=on, wrong="")


def _is_in(guest: Guest) -> bool:
    cookie = guest.cookie
    return bool(cookie) and signed_in(guest.runtime, cookie) is not None


def sign_in_given(guest: Guest) -> Response:
    """Look at name and password."""
    name, on = guest.given("name")[:LONGEST_FIELD], inside(guest.given("next"))
    if not _is_from_our_form(guest):
        return _form(guest, "sign_in.html", status=403, name=name, next=on, wrong=guest.words("sign_in_stale"))
    password = secret_word(guest, "password")
    came = sign_in.with_password(guest.runtime, browser_of(guest), name=name, password=password)
    if isinstance(came, Refused):
        wrong = refusal_words(guest, came)
        return _form(guest, "sign_in.html", status=STATUS[came.why], name=name, next=on, wrong=wrong)
    return with_cookie(guest, guest.go(CODE, next=on), came.secret)


def code_page(guest: Guest) -> Response:
    """Ask for the code of the app; who did not give the password yet goes back."""
    on = inside(guest.asked("next"))
    if _is_in(guest):
        return guest.go(on)
    if sign_in.half_way(guest.runtime, guest.cookie) is None:
        return guest.go(SIGN_IN, next=on)
    return _form(guest, "sign_in_code.html", next=on, wrong="", wrong_recovery="")


def code_given(guest: Guest) -> Response:
    """Look at the code, of the app or for recovery."""
    on = inside(guest.given("next"))
    if not _is_from_our_form(guest):
        return guest.go(SIGN_IN, said="sign_in_over", next=on)
    recovery = guest.given("recovery")[:LONGEST_FIELD]
    code = recovery or guest.given("code")[:LONGEST_FIELD]
    came = sign_in.with_code(guest.runtime, browser_of(guest), code=code)
    if isinstance(came, CameIn):
        by_recovery = came.codes_left is not None
        on_they_go = guest.go("/desk/settings", said="recovery_used") if by_recovery else guest.go(on)
        return with_cookie(guest, on_they_go, came.secret)
    if came.why is Refusal.OVER:
        return guest.go(SIGN_IN, said="sign_in_over", next=on)
    wrong = guest.words("sign_in_code_wrong") if came.why is Refusal.WRONG else refusal_words(guest, came)
    values = {"wrong": "" if recovery else wrong, "wrong_recovery": wrong if recovery else ""}
    return _form(guest, "sign_in_code.html", status=STATUS[came.why], next=on, **values)


def sign_out(visit: Visit) -> Response:
    """End this session, or all of theirs."""
    everywhere = bool(visit.given("everywhere"))

    def end(work: Work) -> None:
        if everywhere:
            work.sessions.end_all(visit.user.id)
        else:
            work.sessions.end(visit.session.id, visit.user.id)

    visit.runtime.database.write(end)
    return without_cookie(visit, visit.go(SIGN_IN, said="signed_out"))


# ---- invitations


def invitation_page(guest: Guest) -> Response:
    """Ask who was invited for a password; looking at the page uses nothing up, as mail programs do it too."""
    user = sign_in.invited(guest.runtime, guest.asked("link"))
    if user is None:
        return guest.page("sign_in_over.html", status=STATUS[Refusal.OVER])
    return _invitation(guest, user, guest.asked("link"))


def _invitation(guest: Guest, user: UserRow, link: str, *, status: int = 200, **wrong: str) -> Response:
    return _form(
        guest,
        "sign_in_invitation.html",
        status=status,
        who=user,
        link=link,
        shortest=SHORTEST,
        wrong={"password": "", "again": "", **wrong},
    )


def invitation_given(guest: Guest) -> Response:
    """Take the password that somebody chose."""
    link, password = guest.given("link"), secret_word(guest, "password")
    user = sign_in.invited(guest.runtime, link)
    if user is None:
        return guest.page("sign_in_over.html", status=STATUS[Refusal.OVER])
    if not _is_from_our_form(guest):
        return _invitation(guest, user, link, status=403, password=guest.words("sign_in_stale"))
    if password != secret_word(guest, "again"):
        return _invitation(guest, user, link, status=422, again=guest.words("sign_in_not_the_same"))
    chosen = sign_in.choose_password(guest.runtime, link, password)
    if isinstance(chosen, Weak):
        return _invitation(guest, user, link, status=422, password=weak_words(guest, chosen))
    if chosen is None:
        return guest.page("sign_in_over.html", status=STATUS[Refusal.OVER])
    return guest.go(APP, link=link)


def app_page(guest: Guest) -> Response:
    """Show what an authenticator app reads."""
    link = guest.asked("link")
    user = sign_in.invited(guest.runtime, link)
    if user is None:
        return guest.page("sign_in_over.html", status=STATUS[Refusal.OVER])
    if not user.has_password:
        return guest.go(INVITATION, link=link)
    return _app(guest, user, link, sign_in.new_key())


def _app(  # noqa: PLR0913  # whose, by which link, and what was wrong
    guest: Guest, user: UserRow, link: str, key: str, *, status: int = 200, wrong: str = ""
) -> Response:
    picture, words = picture_of(key, user.sign_in or ""), in_words(key)
    return _form(
        guest,
        "sign_in_app.html",
        status=status,
        link=link,
        key=key,
        picture=picture,
        key_in_words=words,
        wrong=wrong,
    )


def app_given(guest: Guest) -> Response:
    """Look at the app's first code; then show the recovery codes, this once."""
    link, key = guest.given("link"), sign_in.key_given(guest.given("key"))
    user = sign_in.invited(guest.runtime, link)
    if user is None or key is None:
        return guest.page("sign_in_over.html", status=STATUS[Refusal.OVER])
    if not _is_from_our_form(guest):
        return _app(guest, user, link, key, status=403, wrong=guest.words("sign_in_stale"))
    came = sign_in.accept(guest.runtime, browser_of(guest), link=link, key=key, code=guest.given("code"))
    if isinstance(came, Refused):
        if came.why is Refusal.OVER:
            return guest.page("sign_in_over.html", status=STATUS[came.why])
        return _app(guest, user, link, key, status=STATUS[came.why], wrong=guest.words("sign_in_app_wrong"))
    page = guest.page("sign_in_recovery.html", codes=came.recovery_codes, on=HOME)
    return with_cookie(guest, page, came.secret)


DOORS: tuple[Door | FrontDoor, ...] = (
    FrontDoor(path=SIGN_IN, endpoint=sign_in_page),
    FrontDoor(path=SIGN_IN, endpoint=sign_in_given, methods=("POST",)),
    FrontDoor(path=CODE, endpoint=code_page),
    FrontDoor(path=CODE, endpoint=code_given, methods=("POST",)),
    FrontDoor(path=INVITATION, endpoint=invitation_page),
    FrontDoor(path=INVITATION, endpoint=invitation_given, methods=("POST",)),
    FrontDoor(path=APP, endpoint=app_page),
    FrontDoor(path=APP, endpoint=app_given, methods=("POST",)),
    Door(path=SIGN_OUT, screen=Screen.SETTINGS, endpoint=sign_out, methods=("POST",)),
)
