"""A subsystem that people log in to by SAML (pysaml2): signed assertions, one level, logout by SOAP, SETs."""

import base64
import re
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP, SAMLError
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.s_utils import SamlException, success_status_factory
from saml2.saml import NameID
from saml2.validate import NotValid, OutsideCardinality, ResponseLifetimeExceed, ToEarly
from saml2.xml.schema import XMLSchemaError

from tests.relying_parties.set_receiver import ENDS_SESSIONS, SetReceiver

MFA = "https://refeds.org/profile/mfa"
ENTITY_ID = "member"  # The client id of the subsystem.
ENVELOPED = re.compile(r"<(\w+):LogoutRequest\b.*</\1:LogoutRequest>", re.DOTALL)
# Whatever the library finds wrong with a message, and what it trips over in one that is none.
REFUSALS = (
    SAMLError, SamlException, NotValid, OutsideCardinality, ResponseLifetimeExceed, ToEarly, XMLSchemaError,
    AssertionError, AttributeError, KeyError, SyntaxError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class SamlSession:
    """Somebody who is logged in here. `index` is Keycloak's name for the session, `name_id` goes back at the logout."""

    sub: str
    index: str
    user_name: str
    context: str
    roles: tuple[str, ...]
    name_id: NameID


class SamlRelyingParty:
    """`url` is the subsystem's own address, `issuer` the realm's. `sessions` by the value of the browser's cookie."""

    def __init__(self, *, url: str, issuer: str, context: str = MFA) -> None:
        self.url, self.issuer, self.context = url, issuer, context
        self.cookie = "session-member"
        self.sessions: dict[str, SamlSession] = {}
        self._begun: dict[str, str] = {}  # id of a request to the mark of the browser it began in
        self._saml = Saml2Client(config=self._config())

    def app(self, receiver: SetReceiver | None = None) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/", self.home, methods=["GET"])
        app.add_api_route("/login", self.begin_login, methods=["GET"])
        app.add_api_route("/callback", self.finish_login, methods=["POST"])
        app.add_api_route("/logout", self.begin_logout, methods=["GET"])
        app.add_api_route("/saml-logout", self.receive_logout, methods=["POST"])
        if receiver is not None:
            app.include_router(receiver.router())
        return app

    def on_event(self, event: str, sub: str, _at: int) -> None:
        """What a SET tells: for SetReceiver."""
        if event in ENDS_SESSIONS:
            for key, session in list(self.sessions.items()):
                if session.sub == sub:
                    self.sessions.pop(key, None)

    def home(self, request: Request) -> Response:
        session = self.sessions.get(request.cookies.get(self.cookie, ""))
        if session is None:
            return JSONResponse({"login": f"{self.url}/login"}, status_code=401)
        return JSONResponse({"user": session.user_name, "roles": session.roles, "acr": session.context})

    def begin_login(self) -> Response:
        """Asks for the level in so many words; Keycloak enforces it also where a subsystem does not ask."""
        request_id, info = self._saml.prepare_for_authenticate(
            entityid=self.issuer,
            binding=BINDING_HTTP_REDIRECT,
            response_binding=BINDING_HTTP_POST,
            **({"requested_authn_context": {"authn_context_class_ref": [self.context]}} if self.context else {}),
        )
        mark = secrets.token_urlsafe(32)
        self._begun[request_id] = mark
        answer = RedirectResponse(dict(info["headers"])["Location"], status_code=303)
        # The answer comes as a form from Keycloak's site, so the cookie must travel with it: in service, Secure too.
        answer.set_cookie("login-member", mark, httponly=True, max_age=600)
        return answer

    def finish_login(self, request: Request, SAMLResponse: str = Form()) -> Response:
        """Only a signed answer to a request of this browser counts, and once."""
        mark = request.cookies.get("login-member", "")
        outstanding = {request_id: "/" for request_id, begun in self._begun.items() if begun == mark}
        try:
            told = self._saml.parse_authn_request_response(SAMLResponse, BINDING_HTTP_POST, outstanding=outstanding)
        except REFUSALS as error:
            return JSONResponse({"refused": type(error).__name__}, status_code=403)
        if told is None or told.in_response_to not in outstanding:
            return JSONResponse({"refused": "not asked for"}, status_code=403)
        self._begun.pop(told.in_response_to)
        (context, _, _), attributes = told.authn_info()[0], told.get_identity()
        if context != MFA:
            return JSONResponse({"refused": "level"}, status_code=403)
        key = secrets.token_urlsafe(32)
        self.sessions[key] = SamlSession(
            sub=attributes["sub"][0],
            index=told.session_info()["session_index"],
            user_name=told.name_id.text,
            context=context,
            roles=tuple(sorted(attributes.get("Role", []))),
            name_id=told.name_id,
        )
        answer = RedirectResponse(f"{self.url}/", status_code=303)
        answer.set_cookie(self.cookie, key, httponly=True, samesite="lax")
        return answer

    def begin_logout(self, request: Request) -> Response:
        """Ends the session here, then at Keycloak, which tells everybody else."""
        session = self.sessions.pop(request.cookies.get(self.cookie, ""), None)
        if session is None:
            return RedirectResponse(f"{self.url}/", status_code=303)
        address = f"{self.issuer}/protocol/saml"
        _, message = self._saml.create_logout_request(
            address, self.issuer, name_id=session.name_id, session_indexes=[session.index]
        )
        info = self._saml.apply_binding(BINDING_HTTP_REDIRECT, str(message), address)
        return RedirectResponse(dict(info["headers"])["Location"], status_code=303)

    async def receive_logout(self, request: Request) -> Response:
        """As a form, the browser comes back from its own logout; as SOAP, Keycloak ends a session (no browser)."""
        if not request.headers.get("content-type", "").startswith("text/xml"):
            return RedirectResponse(f"{self.url}/", status_code=303)
        return await run_in_threadpool(self._end_session, (await request.body()).decode())

    def _end_session(self, body: str) -> Response:
        # The library would write the message anew when it takes it out of the envelope, and break its signature.
        found = ENVELOPED.search(body)
        if found is None:
            return Response(status_code=400)
        try:
            encoded = base64.b64encode(found[0].encode()).decode()
            message = self._saml.parse_logout_request(encoded, BINDING_HTTP_POST).message
        except REFUSALS:
            return Response(status_code=400)
        if message.signature is None:  # The library verifies a signature that is there, and misses none that is not.
            return Response(status_code=400)
        indexes = {index.text for index in message.session_index}
        for key, session in list(self.sessions.items()):
            if session.user_name == message.name_id.text and (not indexes or session.index in indexes):
                self.sessions.pop(key, None)
        answer = self._saml.create_logout_response(message, [BINDING_SOAP], status=success_status_factory())
        info = self._saml.apply_binding(BINDING_SOAP, str(answer), "", response=True)
        return Response(info["data"], media_type="text/xml")

    def _config(self) -> SPConfig:
        metadata = httpx.get(f"{self.issuer}/protocol/saml/descriptor", trust_env=False).raise_for_status().text
        settings: dict[str, Any] = {
            "entityid": ENTITY_ID,
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "metadata": {"inline": [metadata]},
            "allow_unknown_attributes": True,  # `Role` and `sub` are not of any of the library's own lists.
            "service": {
                "sp": {
                    "endpoints": {
                        "assertion_consumer_service": [(f"{self.url}/callback", BINDING_HTTP_POST)],
                        "single_logout_service": [
                            (f"{self.url}/saml-logout", BINDING_SOAP),
                            (f"{self.url}/saml-logout", BINDING_HTTP_POST),
                        ],
                    },
                    "want_assertions_signed": True,
                    "want_response_signed": True,
                    "allow_unsolicited": False,
                    "authn_requests_signed": False,
                    "logout_requests_signed": False,
                }
            },
        }
        return SPConfig().load(settings)
