"""Receives security event tokens (RFC 8935): verifies each, and tells the subsystem what became of an account."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from joserfc.errors import JoseError

from tests.relying_parties.keys import IssuerKeys

# Account gone or sessions over: who is named must not go on working here.
ENDS_SESSIONS = frozenset({"account-disabled", "account-purged", "session-revoked"})


@dataclass
class SetReceiver:
    """`transmitter` is the connector's address, `realm` the issuer of the subjects. `on_event(name, sub, at)` is called
    once for each token, in the order the events happened; `at` is in seconds.

    `heard` keeps the claims of every token taken; `heard_at` is the moment (monotonic) of the last one.
    """

    transmitter: str
    realm: str
    audience: str
    authorization: str
    on_event: Callable[[str, str, int], None]
    heard: list[dict[str, Any]] = field(default_factory=list)
    heard_at: float = float("-inf")
    _seen: set[str] = field(default_factory=set)  # A real subsystem keeps these in its database.
    _keys: IssuerKeys | None = None

    def router(self) -> APIRouter:
        router = APIRouter()

        @router.post("/set")
        async def receive(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), self.authorization.encode()):
                return Response(status_code=401)
            token = (await request.body()).decode("ascii", errors="replace")
            problem = await run_in_threadpool(self.take, token)
            return JSONResponse(problem, status_code=400) if problem else Response(status_code=202)

        return router

    def take(self, token: str) -> dict[str, str] | None:
        """Takes one token; returns why it is refused, in the words of RFC 8935, or None."""
        try:
            verified = self._issuer_keys().verified(token)
        except (JoseError, ValueError):
            return {"err": "invalid_key", "description": "the signature cannot be verified"}
        claims, head = verified.claims, verified.header
        if head.get("typ") != "secevent+jwt" or not isinstance(claims.get("events"), dict):
            return {"err": "invalid_request", "description": "not a security event token"}
        if claims.get("iss") != self.transmitter:
            return {"err": "invalid_issuer", "description": "not from the transmitter of this stream"}
        if claims.get("aud") != self.audience:
            return {"err": "invalid_audience", "description": "meant for somebody else"}
        self._act_on(claims)
        return None

    def _act_on(self, claims: dict[str, Any]) -> None:
        self.heard_at = time.monotonic()
        if claims["jti"] in self._seen:
            return  # Sent again because our answer was lost: taken already.
        subject = claims["sub_id"]
        for uri, payload in claims["events"].items():
            if subject.get("format") == "iss_sub" and subject["iss"] == self.realm:
                self.on_event(uri.rpartition("/")[2], subject["sub"], payload.get("event_timestamp", claims["iat"]))
        self._seen.add(claims["jti"])
        self.heard.append(claims)

    def _issuer_keys(self) -> IssuerKeys:
        if self._keys is None:
            address = f"{self.transmitter}/.well-known/ssf-configuration"
            told = httpx.get(address, timeout=5, trust_env=False).raise_for_status().json()
            self._keys = IssuerKeys(told["jwks_uri"])
        return self._keys
