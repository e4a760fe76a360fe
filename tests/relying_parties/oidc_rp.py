"""A subsystem that people log in to by OpenID Connect: public client with PKCE (Authlib), back-channel logout, SETs."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from authlib.integrations.httpx_client import OAuth2Client
from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc.errors import JoseError

from tests.relying_parties.keys import IssuerKeys
from tests.relying_parties.set_receiver import ENDS_SESSIONS, SetReceiver

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LEEWAY_SECONDS = 10


@dataclass(frozen=True)
class Session:
    """Somebody who is logged in here. `sid` is Keycloak's session, `id_token` goes back to it at the logout."""

    sub: str
    sid: str
    user_name: str
    acr: str
    roles: tuple[str, ...]
    id_token: str = field(repr=False)


class WrongTokenError(Exception):
    """A token that is not for us, not now, or not what it is used as."""


class OidcRelyingParty:
    """`url` is the subsystem's own address, `issuer` the realm's. `sessions` by the value of the browser's cookie."""

    def __init__(self, *, client_id: str, url: str, issuer: str) -> None:
        self.client_id, self.url, self.issuer = client_id, url, issuer
        self.sessions: dict[str, Session] = {}
        self.cookie = f"session-{client_id}"  # Cookies know no ports: on localhost names must differ.
        self._begun: dict[str, tuple[str, str, str]] = {}  # browser's cookie to state, verifier and nonce
        self._used: set[str] = set()
        told = httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).raise_for_status().json()
        self._endpoints: dict[str, Any] = told
        self._keys = IssuerKeys(told["jwks_uri"])

    def app(self, receiver: SetReceiver | None = None) -> FastAPI:
        app = FastAPI()
        app.include_router(self._login_routes())
        app.add_api_route("/backchannel-logout", self.receive_logout, methods=["POST"])
        if receiver is not None:
            app.include_router(receiver.router())
        return app

    def on_event(self, event: str, sub: str, _at: int) -> None:
        """What a SET tells: for SetReceiver."""
        if event in ENDS_SESSIONS:
            self.end_sessions(sub=sub)

    def end_sessions(self, *, sid: str = "", sub: str = "") -> None:
        """Ends the sessions that hang on a Keycloak session, or all of a person."""
        for key, session in list(self.sessions.items()):
            if sid in ("", session.sid) and sub in ("", session.sub):
                self.sessions.pop(key, None)

    def session_of(self, request: Request) -> Session | None:
        return self.sessions.get(request.cookies.get(self.cookie, ""))

    def _login_routes(self) -> APIRouter:
        router = APIRouter()

        @router.get("/")
        def home(request: Request) -> Response:
            session = self.session_of(request)
            if session is None:
                return JSONResponse({"login": f"{self.url}/login"}, status_code=401)
            return JSONResponse({"user": session.user_name, "roles": session.roles, "acr": session.acr})

        router.add_api_route("/login", self.begin_login, methods=["GET"])
        router.add_api_route("/callback", self.finish_login, methods=["GET"])
        router.add_api_route("/logout", self.log_out, methods=["GET"])
        return router

    def begin_login(self) -> Response:
        mark, verifier, nonce = (secrets.token_urlsafe(48) for _ in range(3))
        with self._client() as client:
            address, state = client.create_authorization_url(
                self._endpoints["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        self._begun[mark] = (state, verifier, nonce)
        answer = RedirectResponse(address, status_code=303)
        answer.set_cookie(f"login-{self.client_id}", mark, httponly=True, samesite="lax", max_age=600)
        return answer

    def finish_login(self, request: Request) -> Response:
        """The code is taken only in the browser the login began in, and once."""
        begun = self._begun.pop(request.cookies.get(f"login-{self.client_id}", ""), None)
        if begun is None or request.query_params.get("state") != begun[0] or "code" not in request.query_params:
            return JSONResponse({"refused": request.query_params.get("error", "no login began here")}, status_code=403)
        _, verifier, nonce = begun
        with self._client() as client:
            tokens = client.fetch_token(
                self._endpoints["token_endpoint"], code=request.query_params["code"], code_verifier=verifier
            )
        claims = self._checked(tokens["id_token"], audience=self.client_id)
        if claims.get("nonce") != nonce:
            raise WrongTokenError("nonce")
        # What a person may do here is said by the access token meant for us, and nowhere else.
        access = self._checked(tokens["access_token"], audience=self.client_id)
        roles = access.get("resource_access", {}).get(self.client_id, {}).get("roles", [])
        key = secrets.token_urlsafe(32)  # A new one at each login, so that nobody can plant it.
        self.sessions[key] = Session(
            claims["sub"], claims["sid"], access["preferred_username"], access["acr"], tuple(sorted(roles)),
            tokens["id_token"],
        )  # fmt: skip
        answer = RedirectResponse(f"{self.url}/", status_code=303)
        answer.set_cookie(self.cookie, key, httponly=True, samesite="lax")
        answer.delete_cookie(f"login-{self.client_id}")
        return answer

    def log_out(self, request: Request) -> Response:
        """Ends the session here, then at Keycloak, which tells everybody else."""
        session = self.sessions.pop(request.cookies.get(self.cookie, ""), None)
        if session is None:
            return RedirectResponse(f"{self.url}/", status_code=303)
        address = httpx.URL(self._endpoints["end_session_endpoint"], params={"id_token_hint": session.id_token})
        return RedirectResponse(str(address), status_code=303)

    def receive_logout(self, logout_token: str = Form()) -> Response:
        """Back-channel logout 1.0: signature, issuer, audience, times, event; a token is good for one use."""
        try:
            claims = self._checked(logout_token, audience=self.client_id, typ="logout+jwt")
            if LOGOUT_EVENT not in claims.get("events", {}) or "nonce" in claims or claims["jti"] in self._used:
                raise WrongTokenError("logout token")
            if not claims.get("sid") and not claims.get("sub"):
                raise WrongTokenError("names nobody")
        except (JoseError, ValueError, KeyError, WrongTokenError):
            return JSONResponse({"error": "invalid_request"}, status_code=400, headers={"cache-control": "no-store"})
        self._used.add(claims["jti"])
        self.end_sessions(sid=claims.get("sid", ""), sub=claims.get("sub", ""))
        return Response(status_code=200, headers={"cache-control": "no-store"})

    def _checked(self, token: str, *, audience: str, typ: str = "") -> dict[str, Any]:
        """The claims of a token of this issuer for `audience` that is valid now."""
        verified = self._keys.verified(token)
        claims, now = dict(verified.claims), time.time()
        named = claims.get("aud", [])
        if claims.get("iss") != self.issuer or audience not in ([named] if isinstance(named, str) else named):
            raise WrongTokenError("issuer or audience")
        if claims.get("exp", 0) < now - LEEWAY_SECONDS or claims.get("iat", 0) > now + LEEWAY_SECONDS:
            raise WrongTokenError("time")
        if typ and str(verified.header.get("typ", "")).lower() != typ:
            raise WrongTokenError("type")
        return claims

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self.client_id,
            token_endpoint_auth_method="none",
            scope="openid",
            redirect_uri=f"{self.url}/callback",
            code_challenge_method="S256",
            trust_env=False,
        )
