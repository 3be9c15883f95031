"""
Somebody of the team signs in: a password, then a code, each step under a new cookie.

Whoever is refused learns neither whether there is such an account nor which half of it was wrong. Every try counts
before it is looked at, and counts no longer when it was right.
"""

from __future__ import annotations

import hmac
import math
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import pyotp
import structlog

from bot.handoff.case import Role
from bot.safety.passwords import Weak, fits, hashed, is_outgrown, reason_to_refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.runtime import Runtime
    from bot.store.rows import SessionRow, UserRow
    from bot.store.work import Work

log = structlog.get_logger()

ISSUER = "Wegwijs"
# Unused for half a day, or a week old: sign in again. Between the password and the code there are ten minutes.
IDLE, LONGEST, HALF_WAY = timedelta(hours=12), timedelta(days=7), timedelta(minutes=10)
INVITED_FOR = timedelta(days=7)
# So many wrong tries are free; behind one address there may be a whole team. Then one waits, twice as long each time.
FREE_FOR_ONE, FREE_FOR_AN_ADDRESS = 5, 20
COUNTED = timedelta(hours=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=30)
STEP = 30  # seconds that a code of an authenticator app is shown
RECOVERY_CODES = 10
RECOVERY_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
TOTP_SECRET = 32  # signs of base32
FIRST = "admin"  # the name with which the first administrator signs in


class Refusal(StrEnum):
    """Why somebody does not come in."""

    WRONG = "wrong"
    TOO_MANY = "too_many"  # wrong ones; not even a right one counts now
    OVER = "over"  # the link was used or is too old, or the minutes after the password are over


@dataclass(frozen=True, kw_only=True)
class Refused:
    """They do not come in; `wait` is for how long nothing is looked at."""

    why: Refusal
    wait: timedelta = timedelta(0)

    @property
    def minutes(self) -> int:
        """Return the whole minutes to wait."""
        return math.ceil(self.wait / timedelta(minutes=1))


@dataclass(frozen=True, kw_only=True)
class WrongCode(Refused):
    """The password was right, the app's code was not."""

    why: Refusal = Refusal.WRONG


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where somebody sits: the address they come from, a word for the browser, and the cookie that it has."""

    address: str
    device: str | None
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CameIn:
    """A step was made: `secret` is the cookie from now on; `recovery_codes` are new ones, to show this once."""

    user: UserRow
    secret: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)
    codes_left: int | None = None


Answer: TypeAlias = CameIn | Refused
OVER = Refused(why=Refusal.OVER)
WRONG = Refused(why=Refusal.WRONG)


def can_sign_in(user: UserRow) -> bool:
    """Return whether an account opens the desk: on, with both factors."""
    return user.active and user.sign_in is not None and user.has_password and user.has_totp


# ---- how often one may be wrong


def wait_after(tries: Sequence[datetime], free: int, now: datetime) -> timedelta:
    """Return how long nothing is looked at after these tries of the last hour: twice as long after each."""
    if len(tries) < free:
        return timedelta(0)
    wait = min(FIRST_WAIT * (1 << min(len(tries) - free, 10)), LONGEST_WAIT)
    return max(max(tries) + wait - now, timedelta(0))


def _looked_at(runtime: Runtime, marks: Mapping[str, int], look: Callable[[], bool]) -> Refused | None:
    """Look at what was given when nobody was wrong too often; `marks` are who tries, with how many tries are free."""
    now = runtime.clock.now()

    def count(work: Work) -> timedelta | list[str]:
        work.sign_ins.drop_expired(now, now - COUNTED)
        wait = max(wait_after(work.sign_ins.tries(mark, now - COUNTED), free, now) for mark, free in marks.items())
        return wait or [work.sign_ins.note_try(mark, now) for mark in marks]

    counted = runtime.database.write(count)
    if isinstance(counted, timedelta):
        # Not whose account, nor from where: that somebody guesses is what whoever looks after the server has to know.
        log.warning("signing in shut for a while", reason=next(iter(marks)).split(" ")[0], seconds=counted.seconds)
        return Refused(why=Refusal.TOO_MANY, wait=counted)
    if not look():
        return WRONG
    runtime.database.write(lambda work: work.sign_ins.drop_tries(counted))
    return None


def _marks(kind: str, who: str, browser: Browser | None = None) -> Mapping[str, int]:
    both = {f"{kind} {who}": FREE_FOR_ONE}
    return both if browser is None else {**both, f"address {browser.address}": FREE_FOR_AN_ADDRESS}


# ---- step one: the password


def with_password(runtime: Runtime, browser: Browser, *, name: str, password: str) -> Answer:
    """Let somebody halfway in: the session opens nothing until the code is given too."""
    name = name.strip().lower()

    def find(work: Work) -> tuple[UserRow | None, str | None]:
        user = work.users.by_sign_in(name) if name and name.isprintable() else None
        may = user is not None and can_sign_in(user)
        return (user, work.users.password_hash(user.id)) if may and user else (None, None)

    user, kept = runtime.database.read(find)
    refused = _looked_at(runtime, _marks("name", name, browser), lambda: fits(password, kept))
    if refused is not None or user is None or kept is None:
        return refused or WRONG
    anew = hashed(password) if is_outgrown(kept) else None

    def go_on(work: Work) -> CameIn:
        if anew is not None and work.users.password_hash(user.id) == kept:
            work.users.change(user.id, password_hash=anew)
        return _session(work, user, browser, runtime.clock.now(), confirmed=False)

    return runtime.database.write(go_on)


def as_told(runtime: Runtime, browser: Browser, *, subject: str, has_two_factors: bool) -> Answer:
    """Let in whom the organisation's own sign-in knows; halfway when it asked for no second factor."""

    def enter(work: Work) -> Answer:
        user_id = work.sign_ins.tied_to(subject)
        user = work.users.get(user_id) if user_id else None
        if user is None or not can_sign_in(user):
            return WRONG
        return _session(work, user, browser, runtime.clock.now(), confirmed=has_two_factors)

    return runtime.database.write(enter)


def _session(work: Work, user: UserRow, browser: Browser, now: datetime, *, confirmed: bool) -> CameIn:
    """Start a session under a new secret: whoever knew the browser's cookie before knows nothing now."""
    before = work.sessions.find(browser.secret, now) if browser.secret else None
    if before is not None:
        work.sessions.end(before.id, before.user_id)
    work.sessions.drop_expired(now)
    secret = secrets.token_urlsafe(32)
    work.sessions.start(
        user.id,
        secret=secret,
        device=browser.device,
        now=now,
        until=now + (IDLE if confirmed else HALF_WAY),
        confirmed_at=now if confirmed else None,
    )
    return CameIn(user=user, secret=secret)


# ---- step two: the code


def half_way(runtime: Runtime, secret: str) -> SessionRow | None:
    """Return the session of somebody who gave the password and not the code; None when there is none."""
    if not secret:
        return None
    session = runtime.database.read(lambda work: work.sessions.find(secret, runtime.clock.now()))
    return session if session is not None and session.confirmed_at is None else None


def with_code(runtime: Runtime, browser: Browser, *, code: str) -> Answer:
    """Let somebody in who gives the code of their app, or one of their recovery codes. No code counts twice."""
    half = half_way(runtime, browser.secret)
    if half is None:
        return OVER
    who = half.user_id
    entered: list[CameIn] = []

    def look() -> bool:
        key = runtime.database.read(lambda work: work.users.secret(who, "totp"))
        step = step_of(key or "", code, runtime.clock.now())
        recovery = tidy(code)

        def enter(work: Work) -> CameIn | None:
            user, now = work.users.get(who), runtime.clock.now()
            if user is None or not can_sign_in(user) or half_way_gone(work, now):
                return None
            if step is not None:
                left = None if work.sign_ins.use_step(who, step) else -1
            else:
                left = work.sign_ins.recovery_codes_left(who) if use(work, now) else -1
            if left == -1:
                return None
            came = _session(work, user, browser, now, confirmed=True)
            return CameIn(user=user, secret=came.secret, codes_left=left)

        def use(work: Work, now: datetime) -> bool:
            return bool(recovery) and work.sign_ins.use_recovery_code(who, recovery, now)

        def half_way_gone(work: Work, now: datetime) -> bool:
            return work.sessions.find(browser.secret, now) is None

        came = runtime.database.write(enter)
        entered.extend([came] if came else [])
        return came is not None

    refused = _looked_at(runtime, _marks("code", who), look)
    return entered[0] if refused is None else refused


def tidy(code: str) -> str:
    """Return a recovery code as it is kept, however it was typed."""
    return "".join(sign for sign in code.lower() if sign in RECOVERY_SIGNS)


def step_of(key: str, code: str, now: datetime) -> int | None:
    """Return the half minute whose code this is; clocks may differ by one. None when it is wrong."""
    digits = "".join(code.split())
    if not key or not (digits.isascii() and digits.isdigit()):
        return None
    at = int(now.timestamp()) // STEP
    maker = pyotp.TOTP(key)
    return next((step for step in (at, at - 1, at + 1) if hmac.compare_digest(maker.generate_otp(step), digits)), None)


# ---- the authenticator app, recovery codes


def new_key() -> str:
    """Return a new secret for an authenticator app."""
    return pyotp.random_base32(TOTP_SECRET)


def key_given(text: str) -> str | None:
    """Return a secret that went to a form and came back; None when it is no secret of ours."""
    known = len(text) == TOTP_SECRET and all(sign in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" for sign in text)
    return text if known else None


def app_address(key: str, name: str) -> str:
    """Return what the app reads from the screen."""
    return pyotp.TOTP(key).provisioning_uri(name=name, issuer_name=ISSUER)


def _new_codes() -> tuple[str, ...]:
    def half() -> str:
        return "".join(secrets.choice(RECOVERY_SIGNS) for _ in range(5))

    return tuple(f"{half()}-{half()}" for _ in range(RECOVERY_CODES))


def _keep_codes(work: Work, user_id: str, codes: Sequence[str]) -> None:
    work.sign_ins.keep_recovery_codes(user_id, [tidy(code) for code in codes])


# ---- by invitation


def invited(runtime: Runtime, link: str) -> UserRow | None:
    """Return whose one-time link this is; None when it was used, replaced, or is too old. Looking uses nothing up."""

    def find(work: Work) -> UserRow | None:
        user_id = work.sign_ins.invited(link, runtime.clock.now()) if link else None
        user = work.users.get(user_id) if user_id else None
        return user if user is not None and user.active and user.sign_in else None

    return runtime.database.read(find)


def choose_password(runtime: Runtime, link: str, password: str) -> UserRow | Weak | None:
    """Set the password of who was invited; the link works until the app is set up too, so that nobody is locked out."""
    user = invited(runtime, link)
    if user is None:
        return None
    weak = reason_to_refuse(password, user.sign_in or "")
    if weak is not None:
        return weak
    kept = hashed(password)

    def choose(work: Work) -> UserRow | None:
        if work.sign_ins.invited(link, runtime.clock.now()) != user.id:
            return None
        work.users.change(user.id, password_hash=kept)
        work.sessions.end_all(user.id)
        return work.users.get(user.id)

    return runtime.database.write(choose)


def accept(runtime: Runtime, browser: Browser, *, link: str, key: str, code: str) -> Answer:
    """Use the link up: the app is tied to the account, there are recovery codes, and its owner is in."""
    user = invited(runtime, link)
    if user is None or not user.has_password:
        return OVER
    step = step_of(key, code, runtime.clock.now())
    if step is None:
        return WRONG
    codes = _new_codes()

    def enter(work: Work) -> Answer:
        now = runtime.clock.now()
        if work.sign_ins.use_invitation(link, now) != user.id:
            return OVER
        work.users.set_secret(user.id, "totp", key)
        work.users.change(user.id, totp_step=step)
        _keep_codes(work, user.id, codes)
        work.sessions.end_all(user.id)
        came = _session(work, user, browser, now, confirmed=True)
        return CameIn(user=user, secret=came.secret, recovery_codes=codes)

    return runtime.database.write(enter)


# ---- from Settings: who is in already says once more who they are


def is_their_password(runtime: Runtime, user: UserRow, password: str) -> Refused | None:
    """Return why it is not taken for somebody's password; None when it is theirs."""
    kept = runtime.database.read(lambda work: work.users.password_hash(user.id))
    return _looked_at(runtime, _marks("password", user.id), lambda: fits(password, kept))


def change_password(
    runtime: Runtime, user: UserRow, session: SessionRow, *, current: str, new: str
) -> Refused | Weak | None:
    """Change somebody's password and end their other sessions; None when it was done."""
    refused = is_their_password(runtime, user, current)
    if refused is not None:
        return refused
    weak = reason_to_refuse(new, user.sign_in or "")
    if weak is not None:
        return weak
    kept = hashed(new)

    def change(work: Work) -> None:
        work.users.change(user.id, password_hash=kept)
        work.sessions.end_all(user.id, but=session.id)

    return runtime.database.write(change)


def renew_second_factor(  # noqa: PLR0913  # whose, and the three things they give
    runtime: Runtime, user: UserRow, session: SessionRow, *, password: str, key: str, code: str
) -> tuple[str, ...] | Refused:
    """Tie another app to the account and end its other sessions; return the new recovery codes."""
    refused = is_their_password(runtime, user, password)
    if refused is not None:
        return refused
    step = step_of(key, code, runtime.clock.now())
    if step is None:
        return WrongCode()
    codes = _new_codes()

    def renew(work: Work) -> None:
        work.users.set_secret(user.id, "totp", key)
        work.users.change(user.id, totp_step=step)
        _keep_codes(work, user.id, codes)
        work.sessions.end_all(user.id, but=session.id)

    runtime.database.write(renew)
    return codes


def renew_recovery_codes(runtime: Runtime, user: UserRow, *, password: str) -> tuple[str, ...] | Refused:
    """Make new recovery codes; the earlier ones no longer count."""
    refused = is_their_password(runtime, user, password)
    if refused is not None:
        return refused
    codes = _new_codes()
    runtime.database.write(lambda work: _keep_codes(work, user.id, codes))
    return codes


# ---- the first of all


def first_administrator(runtime: Runtime) -> str | None:
    """Return a new one-time link for an administrator while none can sign in, else None. An earlier one ends."""
    now, link = runtime.clock.now(), secrets.token_urlsafe(32)

    def invite(work: Work) -> str | None:
        administrators = [user for user in work.users.everybody() if user.active and Role.ADMINISTRATOR in user.roles]
        if any(can_sign_in(user) for user in administrators):
            return None
        chosen = next((user for user in administrators if user.sign_in), None) or _new_administrator(work, now)
        work.sign_ins.invite(chosen.id, link, now + INVITED_FOR)
        return link

    return runtime.database.write(invite)


def _new_administrator(work: Work, now: datetime) -> UserRow:
    taken = {name for user in work.users.everybody() for name in (user.sign_in, user.pseudonym.lower())}
    name = next(
        name for number in range(1, 1000) if (name := FIRST if number == 1 else f"{FIRST}{number}") not in taken
    )
    return work.users.add(name.capitalize(), roles=[Role.ADMINISTRATOR], teams=[], now=now, sign_in=name)
