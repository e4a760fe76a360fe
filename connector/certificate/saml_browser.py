"""A person's browser at the SAML subsystem: it begins a login, and reads the level in what Keycloak hands over.

It verifies no signature: what it asks is what Keycloak says, not whether to believe it.
"""

import base64
import re
import secrets
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx

from connector.embedded.browser import FormBrowser, LoginRefusedError, Person

_CONTEXT = re.compile(rb"AuthnContextClassRef>([^<]+)<")
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


class _HandedOver(Exception):
    """The form for the subsystem, which no subsystem is there to take."""

    def __init__(self, response: str) -> None:
        self.response = response


class SamlBrowser(FormBrowser):
    """Its cookies are those of any login at the realm."""

    def log_in_by_saml(self, entity_id: str, target: str, person: Person, *, context: str = "") -> str:
        """The context class (level) that the assertion names; `context` is the one that is asked for.

        `target` is where the subsystem takes its answer. Raises LoginRefusedError, also when no assertion is given.
        """
        request = zlib.compress(self._request(entity_id, target, context).encode())[2:-4]
        query = urlencode({"SAMLRequest": base64.b64encode(request).decode()})
        try:
            place = self.go(f"{self._realm}/protocol/saml?{query}", target, person)
        except _HandedOver as handed:
            found = _CONTEXT.search(base64.b64decode(handed.response))
            if found:
                return found[1].decode()
            raise LoginRefusedError("an answer without an assertion") from None
        raise LoginRefusedError(f"sent to {place}")

    def _request(self, entity_id: str, target: str, context: str) -> str:
        asked = f"<a:AuthnContextClassRef>{context}</a:AuthnContextClassRef>" if context else ""
        asked = asked and f"<p:RequestedAuthnContext>{asked}</p:RequestedAuthnContext>"
        values = {
            "xmlns:p": "urn:oasis:names:tc:SAML:2.0:protocol",
            "xmlns:a": "urn:oasis:names:tc:SAML:2.0:assertion",
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "Destination": f"{self._realm}/protocol/saml",
            "AssertionConsumerServiceURL": target,
            "ProtocolBinding": _POST,
        }
        written = " ".join(f'{name}="{value}"' for name, value in values.items())
        return f"<p:AuthnRequest {written}><a:Issuer>{entity_id}</a:Issuer>{asked}</p:AuthnRequest>"

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        if form and "SAMLResponse" in form:
            raise _HandedOver(form["SAMLResponse"])
        return super()._send(method, url, form)
