"""The SAML part of the sample subsystem "member": asks for a login, fetches the assertion, hears of a logout.

The browser carries an artifact only (SAML 2.0, HTTP artifact binding). The assertion is fetched from Keycloak itself,
as a code is exchanged for tokens, so no signature of a browser's message has to be verified: a real subsystem that
takes assertions from browsers uses a SAML library.
"""

import base64
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import httpx

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
NAMES: Final = {
    "soap": SOAP,
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
}
DECLARED: Final = f'xmlns:p="{NAMES["p"]}" xmlns:a="{NAMES["a"]}"'
ARTIFACT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
SOAP_TYPE: Final = {"content-type": "text/xml; charset=utf-8"}


@dataclass(frozen=True)
class Assertion:
    """Who has logged in. `index` is Keycloak's name for the session; nobody else knows it."""

    request_id: str
    user_name: str
    index: str
    level: str
    roles: tuple[str, ...]


class SampleMember:
    """`callback` is where the browser returns to, `endpoint` Keycloak's SAML address of the realm."""

    def __init__(self, *, entity_id: str, callback: str, endpoint: str) -> None:
        self._entity_id, self._callback, self._endpoint = entity_id, callback, endpoint

    def login_request(self) -> tuple[str, str]:
        """(id of the request, address to send the browser to)."""
        request_id = _new_id()
        message = (
            f"<p:AuthnRequest {DECLARED} {_head(request_id)} Destination={quoteattr(self._endpoint)} "
            f"AssertionConsumerServiceURL={quoteattr(self._callback)} ProtocolBinding={quoteattr(ARTIFACT)}>"
            f"<a:Issuer>{escape(self._entity_id)}</a:Issuer></p:AuthnRequest>"
        )
        packed = zlib.compress(message.encode())[2:-4]  # Raw DEFLATE, without zlib's head and checksum.
        return request_id, f"{self._endpoint}?{urlencode({'SAMLRequest': base64.b64encode(packed).decode()})}"

    def fetch(self, artifact: str) -> Assertion | None:
        """The assertion behind an artifact, good for one use; None when Keycloak has none, or none for us, or now."""
        message = (
            f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><p:ArtifactResolve {DECLARED} {_head(_new_id())}>'
            f"<a:Issuer>{escape(self._entity_id)}</a:Issuer><p:Artifact>{escape(artifact)}</p:Artifact>"
            "</p:ArtifactResolve></soap:Body></soap:Envelope>"
        )
        try:
            answer = httpx.post(
                f"{self._endpoint}/resolve", content=message, headers=SOAP_TYPE, timeout=15, trust_env=False
            )
            found = ElementTree.fromstring(answer.content)  # noqa: S314  Keycloak's own answer.
        except (httpx.HTTPError, ElementTree.ParseError):
            return None
        return self._read(found.find(".//p:Response", NAMES))

    def _read(self, response: ElementTree.Element | None) -> Assertion | None:
        if response is None or _attribute(response, "p:Status/p:StatusCode", "Value") != SUCCESS:
            return None
        assertion = response.find("a:Assertion", NAMES)
        if assertion is None or not self._is_for_us(assertion):
            return None
        role = "a:AttributeStatement/a:Attribute[@Name='Role']/a:AttributeValue"
        return Assertion(
            request_id=response.get("InResponseTo", ""),
            user_name=assertion.findtext("a:Subject/a:NameID", "", NAMES),
            index=_attribute(assertion, "a:AuthnStatement", "SessionIndex"),
            level=assertion.findtext("a:AuthnStatement/a:AuthnContext/a:AuthnContextClassRef", "", NAMES),
            roles=tuple(sorted(value.text or "" for value in assertion.findall(role, NAMES))),
        )

    def _is_for_us(self, assertion: ElementTree.Element) -> bool:
        audience = assertion.findtext("a:Conditions/a:AudienceRestriction/a:Audience", "", NAMES)
        until = _attribute(assertion, "a:Conditions", "NotOnOrAfter")
        return audience == self._entity_id and bool(until) and datetime.now(UTC) < datetime.fromisoformat(until)


def ended_sessions(envelope: bytes) -> list[str]:
    """The indexes of the sessions that a logout by SOAP ends; none when it is no such message."""
    try:
        found = ElementTree.fromstring(envelope)  # noqa: S314  Expat expands no entities of size; the port is loopback.
    except ElementTree.ParseError:
        return []
    return [index.text or "" for index in found.findall(".//p:LogoutRequest/p:SessionIndex", NAMES)]


def logout_answer(entity_id: str, envelope: bytes) -> str:
    """The SOAP answer that a logout was done."""
    asked = ElementTree.fromstring(envelope).find(".//p:LogoutRequest", NAMES)  # noqa: S314  Read once before.
    in_response_to = asked.get("ID", "") if asked is not None else ""
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><p:LogoutResponse {DECLARED} {_head(_new_id())} '
        f"InResponseTo={quoteattr(in_response_to)}><a:Issuer>{escape(entity_id)}</a:Issuer>"
        f'<p:Status><p:StatusCode Value="{SUCCESS}"/></p:Status></p:LogoutResponse></soap:Body></soap:Envelope>'
    )


def _head(message_id: str) -> str:
    return f'ID="{message_id}" Version="2.0" IssueInstant="{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"'


def _new_id() -> str:
    return f"ID_{secrets.token_hex(16)}"


def _attribute(element: ElementTree.Element, path: str, name: str) -> str:
    found = element.find(path, NAMES)
    return found.get(name, "") if found is not None else ""
