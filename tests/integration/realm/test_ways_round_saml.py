"""Ways into the SAML subsystem without the second factor (D5): none gets in, whatever the request asks for."""

import base64
import secrets
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode

import httpx
import pytest

from connector.embedded.browser import LoginRefusedError, Person
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm

pytestmark = pytest.mark.req("D5")
END = "http://localhost:1/end"
KEY_CONTEXT = "https://refeds.org/profile/mfa"
PASSWORD_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


class Member:
    """Stands for the SAML subsystem: keeps what Keycloak sends it, and sends the browser on to END."""

    def __init__(self) -> None:
        self.received: list[str] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                received.append(base64.b64decode(parse_qs(body)["SAMLResponse"][0]).decode())
                self.send_response(302)
                self.send_header("Location", END)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_address[1]}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def assertions(self) -> list[str]:
        return [document for document in self.received if "AuthnStatement" in document]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def member() -> Iterator[Member]:
    made = Member()
    yield made
    made.close()


@pytest.fixture(scope="module")
def realm(keycloak: Keycloak, member: Member) -> Iterator[RealmUnderTest]:
    urls = {"website": "https://website.test/callback", "member": member.url}
    made = make_realm(keycloak, subsystem_urls=urls)
    yield made
    made.delete()


def saml_url(realm: RealmUnderTest) -> str:
    return f"{realm.server.url}/realms/{realm.name}/protocol/saml"


def request_to(realm: RealmUnderTest, member: Member, asked: dict[str, str]) -> str:
    """The address of a login by SAML, unsigned, as anybody can write it."""
    more = dict(asked)
    context, comparison = more.pop("context", ""), more.pop("comparison", "exact")
    wanted = f"<a:AuthnContextClassRef>{context}</a:AuthnContextClassRef>"
    wanted = f'<p:RequestedAuthnContext Comparison="{comparison}">{wanted}</p:RequestedAuthnContext>'
    attributes = {
        "ID": f"i{secrets.token_hex(8)}",
        "Version": "2.0",
        "IssueInstant": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "Destination": saml_url(realm),
        "AssertionConsumerServiceURL": member.url,
        **more,
    }
    document = (
        '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
        + "".join(f' {name}="{value}"' for name, value in attributes.items())
        + f"><a:Issuer>member</a:Issuer>{wanted if context else ''}</p:AuthnRequest>"
    )
    packed = zlib.compressobj(wbits=-15)
    raw = packed.compress(document.encode()) + packed.flush()
    return f"{saml_url(realm)}?{urlencode({'SAMLRequest': base64.b64encode(raw).decode()})}"


ASKED: list[dict[str, str]] = [
    {},
    {"context": KEY_CONTEXT},
    {"context": KEY_CONTEXT, "comparison": "minimum"},
    {"context": KEY_CONTEXT, "comparison": "maximum"},
    {"context": KEY_CONTEXT, "comparison": "better"},
    {"context": PASSWORD_CONTEXT},
    {"context": PASSWORD_CONTEXT, "comparison": "minimum"},
    {"context": PASSWORD_CONTEXT, "comparison": "maximum"},
    {"context": PASSWORD_CONTEXT, "comparison": "better"},
    {"context": "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"},
    {"context": "pwd"},
    {"IsPassive": "true"},
    {"ForceAuthn": "true"},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("cookie", [True, False], ids=["login of the website", "no login"])
def test_open_the_saml_subsystem_with_the_password_alone_is_refused(
    realm: RealmUnderTest, member: Member, asked: dict[str, str], cookie: bool
) -> None:
    _, person = realm.ready_person()
    member.received.clear()
    with realm.browser() as browser:
        thief = Person(person.user_name, person.password)
        if cookie:
            browser.log_in("website", thief)
        try:
            browser.go(request_to(realm, member, asked), END, thief)
        except LoginRefusedError:
            assert browser.pages[-1] == "webauthn-authenticate"
    assert member.assertions == []


@pytest.mark.parametrize("asked", [{}, {"context": KEY_CONTEXT}, {"context": KEY_CONTEXT, "comparison": "minimum"}])
def test_open_the_saml_subsystem_with_the_key_tells_it_the_level(
    realm: RealmUnderTest, member: Member, asked: dict[str, str]
) -> None:
    _, person = realm.ready_person()
    member.received.clear()
    with realm.browser() as browser:
        browser.log_in("website", person)
        browser.go(request_to(realm, member, asked), END, person)
        assert browser.pages[:2] == ["login", "webauthn-authenticate"]
    (assertion,) = member.assertions
    assert f"{KEY_CONTEXT}</" in assertion


def test_begin_the_saml_login_at_keycloak_or_by_a_program_is_refused(realm: RealmUnderTest, member: Member) -> None:
    _, person = realm.ready_person()
    member.received.clear()
    with realm.browser() as browser:
        browser.log_in("website", person)
        for name in ("member", ""):
            with pytest.raises(LoginRefusedError):
                browser.go(f"{saml_url(realm)}/clients/{name}", END, Person(person.user_name, person.password))
    answer = httpx.post(
        saml_url(realm),
        content=ENVELOPE.format(url=member.url, moment=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())),
        headers={"Content-Type": "text/xml"},
        auth=(person.user_name, person.password),
    )
    assert "AuthnStatement" not in answer.text
    assert member.assertions == []


ENVELOPE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="i1"
 Version="2.0" IssueInstant="{moment}" AssertionConsumerServiceURL="{url}"
 ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS"><a:Issuer>member</a:Issuer></p:AuthnRequest>
</s:Body></s:Envelope>"""
