"""A browser's way to Keycloak and back: begun with a one-time state, taken once, proved by the ID token.

The state is bound to the browser by a cookie, so that nobody can finish in another's browser what he began in his own.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi import Request
from fastapi.responses import RedirectResponse
from sqlalchemy import delete
from sqlalchemy.orm import Session

from connector.auth.levels import RANK, SECOND_FACTOR
from connector.auth.login import SignedIn, SignInFailedError
from connector.pages import cookies
from connector.pages.cookies import digest
from connector.pages.frame import SEE_OTHER, headers
from connector.pages.tables import PageSignInRow
from connector.pages.visitor import Desk, get_desk

LONGEST: Final = timedelta(minutes=30)
VERIFIER_CONTEXT: Final = "page_sign_in"


@dataclass(frozen=True)
class Purpose:
    """Why the browser goes to Keycloak. `action` is a required action, `draft_id` names what waits for the proof."""

    next_path: str
    action: str = ""
    session_id: str | None = None
    draft_id: str | None = None


@dataclass(frozen=True)
class Pending:
    """A way that was taken back: it cannot be taken again."""

    purpose: Purpose
    nonce: str
    verifier: str


def send(request: Request, session: Session, purpose: Purpose, *, max_age: int | None = None) -> RedirectResponse:
    """303 to Keycloak, which is asked for a second factor; with `max_age` 0 for a new proof."""
    desk = get_desk(request)
    now = desk.clock.now()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    known = cookies.read_cookie(request.cookies, cookies.BROWSER, desk.settings.public_url)
    browser = known or secrets.token_urlsafe(32)
    session.execute(delete(PageSignInRow).where(PageSignInRow.started_at < now - LONGEST))
    session.add(
        PageSignInRow(
            state_digest=digest(state),
            browser_digest=digest(browser),
            nonce=nonce,
            verifier_sealed=desk.vault.encrypt(verifier, f"{VERIFIER_CONTEXT}:{digest(state)}"),
            next_path=purpose.next_path,
            action=purpose.action,
            session_id=purpose.session_id,
            draft_id=purpose.draft_id,
            started_at=now,
        )
    )
    url = desk.login.authorization_url(
        state=state, nonce=nonce, verifier=verifier, level=SECOND_FACTOR, max_age=max_age, action=purpose.action
    )
    response = RedirectResponse(url, status_code=SEE_OTHER, headers=headers(desk.settings))
    cookies.set_cookie(response, cookies.BROWSER, browser, desk.settings.public_url)
    return response


def take(request: Request, state: str) -> Pending:
    """Takes the way of this state out of the table; SignInFailedError if there is none, or it is another browser's."""
    desk = get_desk(request)
    browser = cookies.read_cookie(request.cookies, cookies.BROWSER, desk.settings.public_url)
    with desk.database.session() as session:
        row = session.get(PageSignInRow, digest(state), with_for_update=True)
        if row is None or row.started_at < desk.clock.now() - LONGEST:
            raise SignInFailedError("state")
        if not hmac.compare_digest(row.browser_digest, digest(browser)):
            raise SignInFailedError("browser")
        session.delete(row)
        return Pending(
            Purpose(row.next_path, row.action, row.session_id, row.draft_id),
            row.nonce,
            desk.vault.decrypt(row.verifier_sealed, f"{VERIFIER_CONTEXT}:{row.state_digest}"),
        )


def prove(desk: Desk, pending: Pending, answer: Mapping[str, str]) -> SignedIn:
    """What Keycloak says of the person, at the level of this product. `answer` are the parameters of the callback.

    Raises SignInFailedError, KeycloakUnavailableError. Uses the network: never within a transaction.
    """
    if answer.get("error") or not answer.get("code"):
        raise SignInFailedError("declined")
    signed = desk.login.fetch(
        code=answer["code"], issuer=answer.get("iss", ""), verifier=pending.verifier, nonce=pending.nonce
    )
    if RANK.get(signed.acr, 0) < RANK[SECOND_FACTOR]:
        raise SignInFailedError("level")
    return signed
