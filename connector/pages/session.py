"""Sessions of the browser: begun, found, renewed and ended in the database. Speaks to no network.

A session lives thirty minutes after the last click and ten hours at most. At every click the account's state is read
again, so that a freeze reaches the pages at once; and a session that was there before the account's last block never
works again, also when the account is enabled meanwhile (GS 12-14).
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.actor import Actor, person_actor
from connector.auth.login import EndedLogin, SignedIn
from connector.pages.cookies import digest
from connector.pages.tables import PageDraftRow, PageSessionRow, PageSignInRow
from connector.register.tables import AccountRow, AccountStateRow
from connector.regulations.vocabulary import AccountStatus
from connector.storage.tables import new_id

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=10)
SEEN_EVERY: Final = timedelta(minutes=1)  # A click writes at most this often.
KEPT: Final = timedelta(days=7)
TOKEN_CONTEXT: Final = "page_session"  # noqa: S105  # The place a sealed ID token belongs to.


@dataclass(frozen=True, kw_only=True)
class Living:
    """A session that works at this moment, with its actor."""

    row: PageSessionRow
    actor: Actor


def find_living(session: Session, token: str, now: datetime) -> Living | None:
    """The session of this cookie if it works now, else None. Reads only."""
    if not token:
        return None
    statement = (
        select(PageSessionRow, AccountRow)
        .join(AccountRow, AccountRow.id == PageSessionRow.account_id)
        .where(PageSessionRow.token_digest == digest(token), *_lives(now))
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        return None
    row, account = found
    return Living(row=row, actor=actor_of(row, account))


def actor_of(row: PageSessionRow, account: AccountRow) -> Actor:
    return person_actor(
        account.person_id,
        account.user_name,
        account_id=account.id,
        via="page",
        acr=row.acr,
        amr=tuple(row.amr),
        authenticated_at=row.authenticated_at,
    )


def signer(account: AccountRow, signed: SignedIn) -> Actor:
    """The actor of a sign-in that has just been proved."""
    return person_actor(
        account.person_id,
        account.user_name,
        account_id=account.id,
        via="page",
        acr=signed.acr,
        amr=signed.amr,
        authenticated_at=signed.auth_time,
    )


def touch(session: Session, living: Living, now: datetime) -> None:
    """Notes the click, so that the session does not idle out."""
    session.execute(update(PageSessionRow).where(PageSessionRow.id == living.row.id).values(seen_at=now))


def begin(act: Act, account: AccountRow, signed: SignedIn) -> tuple[PageSessionRow, str]:
    """A new session, with a token nobody has seen before (fixation); returns the row and the token. Recorded."""
    _tidy(act)
    token = secrets.token_urlsafe(32)
    row = PageSessionRow(
        id=new_id(),
        token_digest=digest(token),
        account_id=account.id,
        csrf_secret=secrets.token_urlsafe(32),
        started_at=act.now,
        seen_at=act.now,
        ends_at=act.now + LONGEST,
        **_proof(act, signed),
    )
    act.session.add(row)
    _record(act, Event.SESSION_SIGNED_IN, row, account.person_id, acr=signed.acr, amr=list(signed.amr))
    return row, token


def renew(act: Act, session_id: str, signed: SignedIn) -> tuple[PageSessionRow, str]:
    """The session after a second proof of the same person, under a new token. Recorded."""
    row = act.session.get_one(PageSessionRow, session_id)
    token = secrets.token_urlsafe(32)
    row.token_digest, row.seen_at = digest(token), act.now
    for name, value in _proof(act, signed).items():
        setattr(row, name, value)
    _record(act, Event.SESSION_RENEWED, row, act.actor.person_id, acr=signed.acr, amr=list(signed.amr))
    return row, token


def sign_out(act: Act, session_id: str) -> str:
    """Ends the person's own session; returns the ID token, for the logout at Keycloak. Recorded."""
    row = act.session.get_one(PageSessionRow, session_id)
    row.ended_at = act.now
    _record(act, Event.SESSION_SIGNED_OUT, row, act.actor.person_id)
    return act.vault.decrypt(row.id_token_sealed, f"{TOKEN_CONTEXT}:{row.keycloak_sid}")


def replace(act: Act, session_id: str) -> None:
    """Ends the session that a new sign-in in the same browser takes the place of. Recorded."""
    row = act.session.get_one(PageSessionRow, session_id)
    row.ended_at = act.now
    _record(act, Event.SESSION_ENDED, row, act.actor.person_id, cause="new_sign_in")


def end_by_login(act: Act, ended: EndedLogin) -> int:
    """Ends the sessions that hang on a Keycloak session, or all of its user; returns how many. Each is recorded."""
    place = PageSessionRow.keycloak_sid == ended.sid if ended.sid else PageSessionRow.subject == ended.subject
    statement = select(PageSessionRow, AccountRow.person_id).join(
        AccountRow, AccountRow.id == PageSessionRow.account_id
    )
    rows = act.session.execute(statement.where(place, PageSessionRow.ended_at.is_(None))).all()
    for row, person_id in rows:
        row.ended_at = act.now
        _record(act, Event.SESSION_ENDED, row, person_id, cause="back_channel_logout")
    return len(rows)


def csrf_token(row: PageSessionRow) -> str:
    """What every form of this session carries."""
    return row.csrf_secret


def is_own_form(row: PageSessionRow, tokens: Sequence[str]) -> bool:
    """Whether a form was made by this session; compared in constant time."""
    return len(tokens) == 1 and hmac.compare_digest(row.csrf_secret.encode(), tokens[0].encode())


def _lives(now: datetime) -> tuple[ColumnElement[bool], ...]:
    blocked_since = exists().where(
        AccountStateRow.account_id == PageSessionRow.account_id,
        AccountStateRow.status != AccountStatus.ACTIVE.value,
        or_(AccountStateRow.until.is_(None), AccountStateRow.until >= PageSessionRow.started_at),
    )
    return (
        PageSessionRow.ended_at.is_(None),
        PageSessionRow.ends_at > now,
        PageSessionRow.seen_at > now - IDLE,
        AccountRow.status == AccountStatus.ACTIVE.value,
        ~blocked_since,
    )


def _proof(act: Act, signed: SignedIn) -> dict[str, object]:
    return {
        "subject": signed.subject,
        "keycloak_sid": signed.sid,
        "acr": signed.acr,
        "amr": list(signed.amr),
        "authenticated_at": signed.auth_time,
        "id_token_sealed": act.vault.encrypt(signed.id_token, f"{TOKEN_CONTEXT}:{signed.sid}"),
    }


def _record(act: Act, event: Event, row: PageSessionRow, person_id: str | None, **data: Any) -> None:
    audit.record(act, event, f"session:{row.id}", account_id=row.account_id, person_id=person_id, **data)


def _tidy(act: Act) -> None:
    """Forgets what no page needs any more; the record keeps that it was there."""
    old = select(PageSessionRow.id).where(PageSessionRow.ends_at < act.now - KEPT)
    for rows in (
        delete(PageDraftRow).where(PageDraftRow.stored_at < act.now - LONGEST),
        delete(PageSignInRow).where(PageSignInRow.started_at < act.now - LONGEST),
        delete(PageDraftRow).where(PageDraftRow.session_id.in_(old)),
        delete(PageSignInRow).where(PageSignInRow.session_id.in_(old)),
        delete(PageSessionRow).where(PageSessionRow.ends_at < act.now - KEPT),
    ):
        act.session.execute(rows)
