"""
An organisation's own sign-in (OpenID Connect): where it is, and what it says of who comes back from it.

Authorization code with PKCE, state and nonce. It only says who somebody is: it makes no account and gives no role.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bot.domain.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

WELL_KNOWN = "/.well-known/openid-configuration"
SECONDS = 10
KNOWN_FOR = timedelta(hours=1)
LEEWAY = 60  # seconds that their clock may be ahead of ours, or behind
# Only what nobody can make without the provider's own key: a shared secret, or none at all, is not among them.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")

# RFC 8176: what somebody knew, had, or was. More than one kind is more than one factor.
KINDS: Mapping[str, frozenset[str]] = {
    "knew": frozenset({"pwd", "pin", "kba"}),
    "had": frozenset({"hwk", "otp", "pop", "sc", "sms", "swk", "tel"}),
    "was": frozenset({"face", "fpt", "iris", "retina", "vbm"}),
}
# Levels whose own definition asks for more than one factor.
TWO_FACTOR_LEVELS = frozenset(
    {
        "https://refeds.org/profile/mfa",
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
        "http://schemas.microsoft.com/claims/multipleauthn",
        "phr",
        "phrh",
    }
)


class ProviderError(Exception):
    """The organisation's sign-in does not answer as it should; the reason is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(self.__doc__)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the provider says: `subject` is a digest that only its issuer and this person give."""

    subject: str
    has_two_factors: bool


@dataclass(frozen=True, kw_only=True)
class Round:
    """One way there and back. All of it hangs on a secret that only this browser has."""

    seed: str = field(repr=False)
    purpose: str
    back: str  # our address that they come back to

    @property
    def state(self) -> str:
        """Return what must come back as it went: it ties the answer to this browser and to what it was asked for."""
        return self._derived(f"state {self.purpose}")

    @property
    def nonce(self) -> str:
        """Return what must stand in the token, so that an earlier one counts for nothing."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Return what proves to the provider that who asks for the token is who began."""
        return self._derived("verifier")

    def _derived(self, word: str) -> str:
        return hmac.digest(self.seed.encode(), word.encode(), "sha256").hex()


class Provider:
    """The organisation's sign-in. Every method may be called from several threads at once."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        second_factor_counts: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client = (client_id, client_secret)
        self._second_factor_counts = second_factor_counts
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._known: tuple[datetime, Mapping[str, Any], KeySet] | None = None

    def way_there(self, way: Round) -> str:
        """
        Return the address at which somebody signs in with the provider.

        Raises:
            ProviderError: nobody answers there, or not as a provider does.

        """
        about, _ = self._about()
        with self._session(about, way) as session:
            address, _ = session.create_authorization_url(
                about["authorization_endpoint"], state=way.state, nonce=way.nonce, code_verifier=way.verifier
            )
        return str(address)

    def told(self, way: Round, *, code: str, issuer: str = "") -> Told:
        """
        Return who came back with this code; `issuer` is who says to have sent them, where the answer names it.

        Raises:
            ProviderError: the code is not good, or what it was exchanged for is not what we asked for.

        """
        about, keys = self._about()
        if issuer and issuer != about["issuer"]:
            raise ProviderError("other issuer")
        try:
            with self._session(about, way) as session:
                token = session.fetch_token(
                    about["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=way.verifier,
                    allow_redirects=False,
                )
        except (OAuthError, requests.RequestException, ValueError, KeyError) as error:
            raise ProviderError("no token") from error
        claims = self._claims(token, about, keys, way)
        person = hashlib.sha256(f"{about['issuer']}\n{claims['sub']}".encode()).hexdigest()
        return Told(subject=person, has_two_factors=self._second_factor_counts and has_two_factors(claims))

    def _claims(
        self, token: Mapping[str, Any], about: Mapping[str, Any], keys: KeySet, way: Round
    ) -> Mapping[str, Any]:
        try:
            opened = _opened(str(token.get("id_token") or ""), keys) or _opened(
                str(token.get("id_token") or ""), self._about(anew=True)[1]
            )
            if opened is None:
                raise ProviderError("not signed")
            claims = CodeIDToken(
                opened.claims,
                opened.header,
                options={
                    "iss": {"essential": True, "value": about["issuer"]},
                    "aud": {"essential": True, "value": self._client[0]},
                    "sub": {"essential": True},
                },
                params={
                    "nonce": way.nonce,
                    "client_id": self._client[0],
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderError(f"token: {type(error).__name__}") from error
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise ProviderError("no subject")
        return claims

    def _session(self, about: Mapping[str, Any], way: Round) -> OAuth2Session:
        client_id, client_secret = self._client
        ways = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return OAuth2Session(
            client_id,
            client_secret,
            token_endpoint_auth_method="client_secret_basic" if "client_secret_basic" in ways else "client_secret_post",
            scope="openid",
            redirect_uri=way.back,
            code_challenge_method="S256",
            default_timeout=SECONDS,
        )

    def _about(self, *, anew: bool = False) -> tuple[Mapping[str, Any], KeySet]:
        """Return what the provider says of itself, and its keys; asked again after an hour, or for a new key."""
        with self._lock:
            now = self._clock.now()
            if self._known is None or anew or now - self._known[0] > KNOWN_FOR:
                about = _asked(f"{self._issuer}{WELL_KNOWN}")
                if str(about.get("issuer", "")).rstrip("/") != self._issuer:
                    raise ProviderError("other issuer")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if not _is_safe(str(about.get(name, "")), self._issuer):
                        raise ProviderError(f"no safe {name}")
                try:
                    keys = KeySet.import_key_set(_asked(str(about["jwks_uri"])))  # type: ignore[arg-type]  # it checks
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise ProviderError("no keys") from error
                self._known = (now, about, keys)
            return self._known[1], self._known[2]


def has_two_factors(claims: Mapping[str, Any]) -> bool:
    """Return whether the provider says that it asked for more than one factor; silence means one."""
    methods = claims.get("amr")
    used: Collection[str] = {str(method) for method in methods} if isinstance(methods, list) else set()
    kinds = [kind for kind in KINDS.values() if kind & set(used)]
    return "mfa" in used or len(kinds) > 1 or claims.get("acr") in TWO_FACTOR_LEVELS


def _opened(token: str, keys: KeySet) -> jwt.Token | None:
    """Return the token when one of these keys signed it."""
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        return None


def _asked(address: str) -> Mapping[str, Any]:
    try:
        answer = requests.get(address, timeout=SECONDS, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise ProviderError("does not answer") from error
    if answer.status_code != requests.codes.ok or not isinstance(found, dict):
        raise ProviderError("does not answer")
    return found


def _is_safe(address: str, issuer: str) -> bool:
    """Return whether secrets may go there: by https, or as the issuer itself is reached on this machine."""
    there = urlsplit(address)
    return bool(there.hostname) and there.scheme in {"https", urlsplit(issuer).scheme}
