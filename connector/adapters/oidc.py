"""Sign-in of people at Keycloak by OpenID Connect, with Authlib: code, PKCE, nonce, and the client's own key.

Every check of an ID token or a logout token is here; what a sign-in means for this product is not.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from connector.adapters.keycloak_token import SIGNING_ALGORITHM, prepare_key
from connector.adapters.realm_keys import RealmKeys
from connector.auth.login import EndedLogin, SignedIn, SignInFailedError
from connector.ports import KeycloakUnavailableError

SCOPE: Final = "openid"
LEEWAY_SECONDS: Final = 10
LOGOUT_TOKEN_SECONDS: Final = 120  # Keycloak sends a logout at once or not at all.
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
CALLBACK_PATH, SIGNED_OUT_PATH = "/oidc/callback", "/signed-out"


class KeycloakLogin:
    """LoginClient of one realm. It asks nobody for the addresses: Keycloak's are known."""

    def __init__(
        self, *, server_url: str, realm: str, client_id: str, key_file: Path, public_url: str, timeout: float
    ) -> None:
        self._issuer = f"{server_url.rstrip('/')}/realms/{realm}"
        self._client_id = client_id
        self._key_file = key_file
        self._callback = public_url.rstrip("/") + CALLBACK_PATH
        self._signed_out = public_url.rstrip("/") + SIGNED_OUT_PATH
        self._timeout = timeout
        self._keys = RealmKeys(self._issuer, timeout)

    def authorization_url(
        self, *, state: str, nonce: str, verifier: str, level: str, max_age: int | None = None, action: str = ""
    ) -> str:
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._callback,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            "acr_values": level,
            "max_age": "" if max_age is None else str(max_age),
            # To Keycloak a login of this very second is not older than 0 seconds: the prompt makes it ask all the same.
            "prompt": "login" if max_age == 0 else "",
            "kc_action": action,
        }
        return f"{self._place('auth')}?{urlencode({name: value for name, value in asked.items() if value})}"

    def fetch(self, *, code: str, issuer: str, verifier: str, nonce: str) -> SignedIn:
        if issuer != self._issuer:  # RFC 9207: an answer of another server is not ours to exchange.
            raise SignInFailedError("iss")
        answer = self._exchange(code, verifier)
        claims = self._verified(str(answer.get("id_token", "")), self._id_token_problem)
        self._check_binding(claims, answer, nonce)
        authenticated = claims.get("auth_time")
        if not isinstance(authenticated, int) or not claims.get("sid"):
            raise SignInFailedError("auth_time" if claims.get("sid") else "sid")
        return SignedIn(
            subject=str(claims["sub"]),
            sid=str(claims["sid"]),
            acr=str(claims.get("acr", "")),
            amr=tuple(str(method) for method in claims.get("amr") or ()),
            auth_time=datetime.fromtimestamp(authenticated, UTC),
            id_token=str(answer["id_token"]),
        )

    def logout_url(self, id_token: str) -> str:
        asked = {
            "client_id": self._client_id,
            "id_token_hint": id_token,
            "post_logout_redirect_uri": self._signed_out,
        }
        return f"{self._place('logout')}?{urlencode(asked)}"

    def read_logout_token(self, token: str) -> EndedLogin:
        claims = self._verified(token, _logout_token_problem)
        return EndedLogin(subject=_text(claims, "sub"), sid=_text(claims, "sid"))

    def _place(self, name: str) -> str:
        return f"{self._issuer}/protocol/openid-connect/{name}"

    def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        key = ECKey.import_key(prepare_key(self._key_file).decode())
        method = PrivateKeyJWT(self._issuer, headers={"kid": key.thumbprint()}, alg=SIGNING_ALGORITHM)
        with OAuth2Session(self._client_id, key, token_endpoint_auth_method=method) as client:
            client.trust_env = False
            try:
                answer: Mapping[str, Any] = client.fetch_token(
                    self._place("token"),
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=self._callback,
                    code_verifier=verifier,
                    timeout=self._timeout,
                )
            except OAuthError as error:
                raise SignInFailedError("code") from error
            except (requests.RequestException, ValueError) as error:
                raise KeycloakUnavailableError(reason="token endpoint") from error
        return answer

    def _verified(self, token: str, problem_of: Callable[[Mapping[str, Any]], str]) -> dict[str, Any]:
        """The claims of a token that the realm signed for this client in time, without the problems named."""
        try:
            decoded = self._keys.decode(token)
        except (JoseError, ValueError) as error:
            raise SignInFailedError("signature") from error
        claims = dict(decoded.claims)
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer:
            raise SignInFailedError("iss")
        if self._client_id not in (audience if isinstance(audience, list) else [audience]):
            raise SignInFailedError("aud")
        if problem := problem_of(claims):
            raise SignInFailedError(problem)
        return {**claims, "alg": decoded.header["alg"]}

    def _id_token_problem(self, claims: Mapping[str, Any]) -> str:
        if claims.get("typ") != "ID":  # Keycloak's logout and access tokens have another type.
            return "typ"
        return "azp" if claims.get("azp") != self._client_id else ""

    def _check_binding(self, claims: Mapping[str, Any], answer: Mapping[str, Any], nonce: str) -> None:
        bound = {"nonce": nonce, "client_id": self._client_id, "access_token": answer.get("access_token")}
        try:
            CodeIDToken(claims, {"alg": claims["alg"]}, params=bound).validate(leeway=LEEWAY_SECONDS)
        except JoseError as error:
            raise SignInFailedError(getattr(error, "claim", "") or "claims") from error


def _logout_token_problem(claims: Mapping[str, Any]) -> str:
    """What is wrong with a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6); "" when nothing is."""
    now = time.time()
    checks = {
        "events": isinstance(claims.get("events"), dict) and LOGOUT_EVENT in claims["events"],
        "nonce": "nonce" not in claims,
        "sub": bool(claims.get("sub") or claims.get("sid")),
        "iat": now - LOGOUT_TOKEN_SECONDS < _number(claims, "iat") < now + LEEWAY_SECONDS,
        "exp": _number(claims, "exp") > now - LEEWAY_SECONDS,
        "jti": bool(claims.get("jti")),
    }
    return next((name for name, is_right in checks.items() if not is_right), "")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    return str(claims[name]) if claims.get(name) else None
