"""A subsystem that speaks SAML, as Keycloak's representations. Pure; OpenID Connect clients are in `realm_state`.

Its entity id is its client id. One address takes its logouts: as SOAP from Keycloak itself, where no browser is, and
as a form from the browser.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from connector.realm_config import Level

# What an assertion says of the login, by level: password over TLS (SAML), second factor (REFEDS).
CONTEXTS: Final[Mapping[Level, str]] = {
    "pwd": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "mfa": "https://refeds.org/profile/mfa",
}
ROLE_ATTRIBUTE: Final = "Role"


def saml_body(
    client_id: str, name: str, *, url: str = "", logout_url: str = "", certificate: str = ""
) -> dict[str, Any]:
    """The client: signed responses and assertions to `url` alone, no login that begins at Keycloak, no ECP.

    `certificate` (base64 of the DER) makes Keycloak demand that the subsystem signs its requests.
    """
    return {
        "clientId": client_id,
        "name": name,
        "protocol": "saml",
        "enabled": True,
        "publicClient": True,
        "consentRequired": False,
        "fullScopeAllowed": False,
        # Keycloak tells it of a logout itself: the browser may be closed, and a frozen person's will not help.
        "frontchannelLogout": False,
        "redirectUris": [url] if url else [],
        "attributes": {
            "saml_assertion_consumer_url_post": url,
            "saml_single_logout_service_url_soap": logout_url,
            "saml_single_logout_service_url_post": logout_url,
            "saml.force.post.binding": "true",
            "saml.assertion.signature": "true",
            "saml.server.signature": "true",
            "saml.signature.algorithm": "RSA_SHA256",
            "saml.authnstatement": "true",
            "saml.onetimeuse.condition": "true",
            "saml.client.signature": "true" if certificate else "false",
            "saml.signing.certificate": certificate,
            "saml_force_name_id_format": "true",
            "saml_name_id_format": "username",
            "saml_idp_initiated_sso_url_name": "",  # Such a login asks for no level.
            "saml.allow.ecp.flow": "false",  # A password alone, sent by a program.
        },
    }


def saml_levels(levels: Mapping[Level, int], level: Level) -> dict[str, str]:
    """Attributes by which Keycloak lets nobody in below `level`, whatever the request asks for."""
    contexts = {CONTEXTS[name]: number for name, number in levels.items()}
    return {"acr.loa.map": json.dumps(contexts, sort_keys=True), "minimum.acr.value": CONTEXTS[level]}


def saml_mappers() -> tuple[dict[str, Any], ...]:
    """What an assertion says: roles of this client in one attribute, the user's id as in `sub`, names, the level."""
    return (
        _mapper("roles", "saml-role-list-mapper", _attribute(ROLE_ATTRIBUTE, single="true")),
        _mapper("user id", "saml-user-property-mapper", _attribute("sub", **{"user.attribute": "id"})),
        _mapper("name", "saml-user-property-mapper", _attribute("displayName", **{"user.attribute": "firstName"})),
        _mapper("level", "saml-authn-context-class-ref-mapper", {}),
    )


def _attribute(name: str, **more: str) -> dict[str, str]:
    return {"attribute.name": name, "friendly.name": name, "attribute.nameformat": "Basic", **more}


def _mapper(name: str, kind: str, config: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "protocol": "saml", "protocolMapper": kind, "config": config}
