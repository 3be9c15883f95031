"""Settings: one's own language and colours, password, app and recovery codes, and where one is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot import sign_in
from bot.handoff.access import Screen
from bot.safety.passwords import SHORTEST, Weak
from bot.sign_in import Refusal, Refused
from bot.web.console.door import Door
from bot.web.console.sign_in import STATUS, in_words, picture_of, refusal_words, secret_word, weak_words
from bot.web.console.words import INTERFACES

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.store.work import Work
    from bot.web.console.door import Visit

SETTINGS = "/desk/settings"
PASSWORD, APP, CODES = f"{SETTINGS}/password", f"{SETTINGS}/app", f"{SETTINGS}/recovery-codes"
THEMES = ("light", "dark")


def settings_page(visit: Visit) -> Response:
    """Show what somebody can set, and where they are signed in."""
    who = visit.user.id
    sessions, left = visit.runtime.database.read(
        lambda work: (work.sessions.of(who, visit.now), work.sign_ins.recovery_codes_left(who))
    )
    teams = visit.runtime.knowledge.organisation.teams
    return visit.page(
        "settings.html",
        sessions=[session for session in sessions if session.confirmed_at is not None],
        here=visit.session.id,
        codes_left=left,
        has_provider=visit.site.entrance.provider is not None,
        interfaces=INTERFACES,
        themes=THEMES,
        teams=sorted(teams[team].name or team if team in teams else team for team in visit.user.teams),
    )


def look(visit: Visit) -> Response:
    """Keep the language and the colours that somebody wants the console in."""
    interface, theme = visit.given("interface"), visit.given("theme")
    if interface not in INTERFACES or theme not in {"", *THEMES}:
        raise HTTPException(400)
    values = {"interface": interface, "theme": theme or None}
    visit.runtime.database.write(lambda work: work.users.change(visit.user.id, **values))
    return visit.go(SETTINGS, said="settings_saved")


def end_sessions(visit: Visit) -> Response:
    """End one of one's own sessions, or all but this one."""
    chosen = visit.given("session")

    def end(work: Work) -> None:
        if chosen:
            work.sessions.end(chosen, visit.user.id)
        else:
            work.sessions.end_all(visit.user.id, but=visit.session.id)

    visit.runtime.database.write(end)
    return visit.go(SETTINGS, said="settings_session_ended" if chosen else "settings_sessions_ended")


def _current_wrong(visit: Visit, refused: Refused) -> str:
    return visit.words("settings_password_wrong") if refused.why is Refusal.WRONG else refusal_words(visit, refused)


# ---- the password


def password_page(visit: Visit) -> Response:
    """Ask for the password, and twice for a new one."""
    return _password(visit)


def _password(visit: Visit, status: int = 200, **wrong: str) -> Response:
    return visit.page(
        "settings_password.html",
        status=status,
        shortest=SHORTEST,
        wrong={"current": "", "password": "", "again": "", **wrong},
    )


def password_given(visit: Visit) -> Response:
    """Change the password; elsewhere one is signed out."""
    new = secret_word(visit, "password")
    if new != secret_word(visit, "again"):
        return _password(visit, 422, again=visit.words("sign_in_not_the_same"))
    current = secret_word(visit, "current")
    refused = sign_in.change_password(visit.runtime, visit.user, visit.session, current=current, new=new)
    match refused:
        case Refused():
            return _password(visit, STATUS[refused.why], current=_current_wrong(visit, refused))
        case Weak():
            return _password(visit, 422, password=weak_words(visit, refused))
        case None:
            return visit.go(SETTINGS, said="settings_password_changed")


# ---- the app and the recovery codes


def app_page(visit: Visit) -> Response:
    """Show what another authenticator app reads."""
    return _app(visit, sign_in.new_key())


def _app(visit: Visit, key: str, status: int = 200, **wrong: str) -> Response:
    return visit.page(
        "settings_app.html",
        status=status,
        key=key,
        picture=picture_of(key, visit.user.sign_in or visit.user.pseudonym),
        key_in_words=in_words(key),
        wrong={"current": "", "code": "", **wrong},
    )


def app_given(visit: Visit) -> Response:
    """Tie another app to the account, and show new recovery codes."""
    key = sign_in.key_given(visit.given("key"))
    if key is None:
        raise HTTPException(400)
    done = sign_in.renew_second_factor(
        visit.runtime,
        visit.user,
        visit.session,
        password=secret_word(visit, "current"),
        key=key,
        code=visit.given("code"),
    )
    match done:
        case sign_in.WrongCode():
            return _app(visit, key, STATUS[done.why], code=visit.words("sign_in_app_wrong"))
        case Refused():
            return _app(visit, key, STATUS[done.why], current=_current_wrong(visit, done))
        case codes:
            return visit.page("sign_in_recovery.html", codes=codes, on=SETTINGS)


def codes_page(visit: Visit) -> Response:
    """Ask for the password before new recovery codes are made."""
    return visit.page("settings_codes.html", wrong="")


def codes_given(visit: Visit) -> Response:
    """Make new recovery codes and show them, this once."""
    done = sign_in.renew_recovery_codes(visit.runtime, visit.user, password=secret_word(visit, "current"))
    if isinstance(done, Refused):
        return visit.page("settings_codes.html", status=STATUS[done.why], wrong=_current_wrong(visit, done))
    return visit.page("sign_in_recovery.html", codes=done, on=SETTINGS)


_POST = ("POST",)
DOORS: tuple[Door, ...] = (
    Door(path=SETTINGS, screen=Screen.SETTINGS, endpoint=settings_page),
    Door(path=f"{SETTINGS}/look", screen=Screen.SETTINGS, endpoint=look, methods=_POST),
    Door(path=f"{SETTINGS}/sessions", screen=Screen.SETTINGS, endpoint=end_sessions, methods=_POST),
    Door(path=PASSWORD, screen=Screen.SETTINGS, endpoint=password_page),
    Door(path=PASSWORD, screen=Screen.SETTINGS, endpoint=password_given, methods=_POST),
    Door(path=APP, screen=Screen.SETTINGS, endpoint=app_page),
    Door(path=APP, screen=Screen.SETTINGS, endpoint=app_given, methods=_POST),
    Door(path=CODES, screen=Screen.SETTINGS, endpoint=codes_page),
    Door(path=CODES, screen=Screen.SETTINGS, endpoint=codes_given, methods=_POST),
)
