"""Routes of signing in and out: to Keycloak, back from it, and Keycloak's own word that a session ended."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy import select

from connector.auth.actor import job_actor
from connector.auth.login import SignedIn, SignInFailedError
from connector.errors import NotFoundError
from connector.pages import cookies, frame, sign_ins, step_up
from connector.pages import session as sessions
from connector.pages.access import FormDep, VisitorDep
from connector.pages.errors import NoAccountHereError, SignInNeededError
from connector.pages.language import language_of, mark, translator
from connector.pages.sign_ins import Pending, Purpose
from connector.pages.visitor import find_visitor, get_desk
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountStatus

router = APIRouter(tags=["pages"], include_in_schema=False)
back_channel = APIRouter(include_in_schema=False)

ACTIONS = {"password": "UPDATE_PASSWORD"}
ACTION_WORDS = {"success": mark("口令已修改。")}
NOT_DONE = mark("口令没有修改。")
KEYCLOAK = job_actor("back_channel")


@router.get("/sign-in")
def sign_in(request: Request, next: str = cookies.HOME) -> Response:
    """To Keycloak, and afterwards to `next` if that is a page of this product."""
    path = cookies.own_path(next)
    if find_visitor(request):
        return frame.see_other(request, path)
    with get_desk(request).database.session() as session:
        return sign_ins.send(request, session, Purpose(path))


@router.get("/pages/account/change/{what}")
def change(request: Request, what: str, visitor: VisitorDep) -> Response:
    """To Keycloak's own page for changing the password."""
    if what not in ACTIONS:
        raise NotFoundError(kind="页面 (page)", name=what)
    way = Purpose("/pages/account", action=ACTIONS[what], session_id=visitor.session_id)
    with get_desk(request).database.session() as session:
        return sign_ins.send(request, session, way)


@router.get("/oidc/callback")
def callback(request: Request, state: str = "") -> Response:
    """Back from Keycloak: begins a session, or goes on with what the person was doing."""
    pending = sign_ins.take(request, state)
    answer = dict(request.query_params)
    if pending.purpose.draft_id:
        return step_up.finish(request, pending, answer)
    signed = sign_ins.prove(get_desk(request), pending, answer)
    if pending.purpose.session_id:
        return _after_action(request, pending, signed, answer.get("kc_action_status", ""))
    return _begin(request, pending.purpose.next_path, signed)


@router.post("/sign-out")
def sign_out(request: Request, visitor: VisitorDep, _form: FormDep) -> RedirectResponse:
    """Ends the session here, then the one at Keycloak and at every other system."""
    desk = get_desk(request)
    with desk.act(visitor.actor) as act:
        id_token = sessions.sign_out(act, visitor.session_id)
    response = frame.see_other(request, desk.login.logout_url(id_token))
    cookies.drop_cookie(response, cookies.SESSION, desk.settings.public_url)
    return response


@router.get("/signed-out")
def signed_out(request: Request) -> Response:
    """Says that the person is signed out."""
    t = translator(language_of(request))
    return frame.render(request, "signed_out.html", title=t("已退出"))


@back_channel.post("/oidc/logout")
def end_sessions(request: Request, logout_token: Annotated[str, Form()] = "") -> JSONResponse:
    """Keycloak says that a session has ended (OpenID Connect Back-Channel Logout 1.0)."""
    desk = get_desk(request)
    no_store = {"Cache-Control": "no-store"}
    try:
        ended = desk.login.read_logout_token(logout_token)
    except SignInFailedError:
        return JSONResponse({"error": "invalid_request"}, status_code=400, headers=no_store)
    with desk.act(KEYCLOAK) as act:
        sessions.end_by_login(act, ended)
    return JSONResponse({}, headers=no_store)


def _begin(request: Request, next_path: str, signed: SignedIn) -> Response:
    desk = get_desk(request)
    with desk.database.reading() as session:
        account = session.scalar(select(AccountRow).where(AccountRow.keycloak_id == signed.subject))
    if account is None or account.status != AccountStatus.ACTIVE:
        raise NoAccountHereError
    former = find_visitor(request)
    with desk.act(sessions.signer(account, signed)) as act:
        if former:
            sessions.replace(act, former.session_id)
        _, token = sessions.begin(act, account, signed)
    response = frame.see_other(request, next_path)
    cookies.set_cookie(response, cookies.SESSION, token, desk.settings.public_url)
    return response


def _after_action(request: Request, pending: Pending, signed: SignedIn, status: str) -> Response:
    desk = get_desk(request)
    visitor = find_visitor(request)
    if visitor is None or visitor.session_id != pending.purpose.session_id or visitor.subject != signed.subject:
        raise SignInNeededError
    with desk.act(visitor.actor) as act:
        _, token = sessions.renew(act, visitor.session_id, signed)
    words = translator(language_of(request))(ACTION_WORDS.get(status, NOT_DONE))
    response = frame.see_other(request, pending.purpose.next_path, banner=words)
    cookies.set_cookie(response, cookies.SESSION, token, desk.settings.public_url)
    return response
