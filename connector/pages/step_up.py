"""Acts that need a second factor anew: what was sent is kept sealed, and carried out once when the proof is there.

A handler is registered for each purpose; it is called with the act of the person after the proof, in one transaction.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from connector.auth.act import Act
from connector.auth.actor import Actor
from connector.auth.login import SignedIn, SignInFailedError
from connector.errors import ConnectorError
from connector.http import database_refusal
from connector.pages import cookies, frame, sign_ins
from connector.pages import session as sessions
from connector.pages.errors import SignInNeededError
from connector.pages.language import language_of, mark, translator
from connector.pages.sign_ins import Pending, Purpose
from connector.pages.tables import PageDraftRow
from connector.pages.visitor import Visitor, find_visitor, get_desk
from connector.register.tables import AccountRow
from connector.storage.tables import new_id

LIFE: Final = timedelta(minutes=5)
CLOCKS_APART: Final = timedelta(seconds=5)  # auth_time is in whole seconds, of Keycloak's clock.
CONTEXT: Final = "page_draft"

Handler = Callable[[Request, Act, dict[str, Any]], Response]


@dataclass(frozen=True)
class Registered:
    handler: Handler
    unfinished: str


HANDLERS: dict[str, Registered] = {}


def handles(purpose: str, unfinished: str = mark("未完成验证，内容未提交。")) -> Callable[[Handler], Handler]:
    """Registers the handler of a purpose. `unfinished` is said when the proof was declined or came too late."""

    def register(handler: Handler) -> Handler:
        HANDLERS[purpose] = Registered(handler, unfinished)
        return handler

    return register


def ask_step_up(request: Request, act: Act, *, purpose: str, payload: Mapping[str, Any], back: str) -> RedirectResponse:
    """Keeps `payload` (plain JSON) for five minutes and sends the browser to prove the second factor anew.

    `back` is the page to return to when the proof is not made; `kept_entries` gives the payload back there.
    """
    visitor = _visitor(request)
    draft = PageDraftRow(
        id=new_id(),
        session_id=visitor.session_id,
        purpose=purpose,
        back=cookies.own_path(back),
        payload_sealed=b"",
        stored_at=act.now,
    )
    draft.payload_sealed = act.vault.encrypt(json.dumps(payload), f"{CONTEXT}:{draft.id}:{purpose}")
    act.session.add(draft)
    way = Purpose(draft.back, session_id=visitor.session_id, draft_id=draft.id)
    return sign_ins.send(request, act.session, way, max_age=0)


def kept_entries(request: Request, act: Act, *, purpose: str, back: str) -> dict[str, Any] | None:
    """What this session last sent for `purpose` from the page `back` and did not prove; None when there is nothing."""
    statement = (
        select(PageDraftRow)
        .where(
            PageDraftRow.session_id == _visitor(request).session_id,
            PageDraftRow.purpose == purpose,
            PageDraftRow.back == cookies.own_path(back),
            PageDraftRow.stored_at > act.now - sessions.IDLE,
        )
        .order_by(PageDraftRow.stored_at.desc())
        .limit(1)
    )
    draft = act.session.scalar(statement)
    return None if draft is None else _payload(act, draft)


def finish(request: Request, pending: Pending, answer: Mapping[str, str]) -> Response:
    """After Keycloak: carries out what waits, once, or leads back to where it was sent from."""
    visitor = _visitor(request)
    if visitor.session_id != pending.purpose.session_id:
        raise SignInNeededError
    desk = get_desk(request)
    try:
        signed = sign_ins.prove(desk, pending, answer)
    except SignInFailedError:
        return _back(request, visitor, pending.purpose)
    if signed.subject != visitor.subject:
        return _back(request, visitor, pending.purpose)
    with desk.act(visitor.actor) as act:
        taken = _take(act, visitor, pending.purpose, signed)
        actor, token = _renew(act, visitor, signed)
    response = _back(request, visitor, pending.purpose) if taken is None else _carry_out(request, actor, *taken)
    cookies.set_cookie(response, cookies.SESSION, token, desk.settings.public_url)
    return response


def _carry_out(request: Request, actor: Actor, purpose: str, payload: dict[str, Any]) -> Response:
    try:
        with get_desk(request).act(actor) as act:
            return HANDLERS[purpose].handler(request, act, payload)
    except (ConnectorError, DBAPIError) as fault:
        # Answered here and not by the application, so that the answer carries the renewed cookie.
        error = fault if isinstance(fault, ConnectorError) else database_refusal(fault)
        return frame.problem_page(request, error)


def _take(act: Act, visitor: Visitor, way: Purpose, signed: SignedIn) -> tuple[str, dict[str, Any]] | None:
    """The draft, taken out of the table; None when it is too old, or the proof is older than it."""
    draft = act.session.get(PageDraftRow, way.draft_id, with_for_update=True)
    if draft is None or draft.session_id != visitor.session_id or not _is_in_time(draft.stored_at, act.now, signed):
        return None
    payload = _payload(act, draft)
    act.session.delete(draft)
    return draft.purpose, payload


def _is_in_time(stored_at: datetime, now: datetime, signed: SignedIn) -> bool:
    return now <= stored_at + LIFE and signed.auth_time >= stored_at - CLOCKS_APART


def _renew(act: Act, visitor: Visitor, signed: SignedIn) -> tuple[Actor, str]:
    row, token = sessions.renew(act, visitor.session_id, signed)
    return sessions.actor_of(row, act.session.get_one(AccountRow, row.account_id)), token


def _back(request: Request, visitor: Visitor, way: Purpose) -> RedirectResponse:
    desk = get_desk(request)
    with desk.database.reading() as session:
        draft = session.get(PageDraftRow, way.draft_id)
    known = HANDLERS.get(draft.purpose) if draft and draft.session_id == visitor.session_id else None
    words = known.unfinished if known else mark("未完成验证，内容未提交。")
    return frame.see_other(request, way.next_path, banner=translator(language_of(request))(words))


def _payload(act: Act, draft: PageDraftRow) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(
        act.vault.decrypt(draft.payload_sealed, f"{CONTEXT}:{draft.id}:{draft.purpose}")
    )
    return payload


def _visitor(request: Request) -> Visitor:
    visitor = find_visitor(request)
    if visitor is None:
        raise SignInNeededError
    return visitor
