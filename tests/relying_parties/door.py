"""A door: badges bound to accounts; it opens for who may enter now, and stays shut when it cannot know."""

import time
from dataclasses import dataclass

import httpx
from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import JSONResponse

from tests.relying_parties.oidc_rp import OidcRelyingParty
from tests.relying_parties.set_receiver import SetReceiver

PATIENCE_SECONDS = 60.0  # A silent stream may be a broken one: after so long the door asks.
QUESTION_SECONDS = 2.0
SHUT = frozenset({"account-disabled", "account-purged"})


@dataclass(frozen=True)
class Known:
    """What the door knows of an account, since `at` (monotonic)."""

    active: bool
    permissions: frozenset[str]
    at: float


class Door:
    """`desk` is where people log in once to have a badge bound. `token` is that of the door's own stream."""

    def __init__(
        self, *, desk: OidcRelyingParty, transmitter: str, token: str, patience: float = PATIENCE_SECONDS
    ) -> None:
        self.desk = desk
        self.badges: dict[str, str] = {}  # badge to `sub`
        self.questions = 0
        self._transmitter, self._token, self.patience = transmitter, token, patience
        self._known: dict[str, Known] = {}
        self.receiver: SetReceiver | None = None

    def app(self, receiver: SetReceiver) -> FastAPI:
        self.receiver = receiver
        app = self.desk.app(receiver)
        app.add_api_route("/badges", self.bind_badge, methods=["POST"])
        return app

    def bind_badge(self, request: Request, badge: str = Form()) -> Response:
        """Binds a badge to the person who is logged in at the desk."""
        session = self.desk.session_of(request)
        if session is None:
            return JSONResponse({"login": f"{self.desk.url}/login"}, status_code=401)
        self.badges[badge] = session.sub
        return JSONResponse({"badge": badge, "user": session.user_name}, status_code=201)

    def opens(self, badge: str, permission: str) -> bool:
        """Whether the door opens for this badge now."""
        sub = self.badges.get(badge, "")
        known = self._known.get(sub)
        if sub and not self._is_fresh(known):
            known = self._ask(sub)
        return known is not None and known.active and permission in known.permissions

    def on_event(self, event: str, sub: str, at: int) -> None:
        """What a SET tells: who is taken out is shut out at once, whoever was changed otherwise is asked about."""
        self.desk.on_event(event, sub, at)
        if event in SHUT:
            self._known[sub] = Known(False, frozenset(), time.monotonic())
        elif event == "account-enabled" or (known := self._known.get(sub)) is None or known.active:
            self._known.pop(sub, None)

    def _is_fresh(self, known: Known | None) -> bool:
        if known is None:
            return False
        heard = self.receiver.heard_at if self.receiver else known.at
        return time.monotonic() - max(known.at, heard) < self.patience

    def _ask(self, sub: str) -> Known | None:
        """Asks the connector; without an answer nothing is known, and the door stays shut."""
        self.questions += 1
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            address = f"{self._transmitter}/signals/accounts/{sub}"
            answer = httpx.get(address, headers=headers, timeout=QUESTION_SECONDS, trust_env=False)
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            return None
        told = answer.json()
        known = Known(told["status"] == "active", frozenset(told["permissions"]), time.monotonic())
        self._known[sub] = known
        return known
