"""What the realm must look like, as Keycloak's representations. Pure: from the files and the parameters, no call."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.realm_config import CLIENT_ATTRIBUTE, RealmConfig, Subsystem

DEFAULT_SCOPES = ("acr", "basic", "profile", "roles")
BUILT_IN_CLIENTS = frozenset(
    {
        "account", "account-console", "admin-cli", "admin-permissions", "broker", "realm-management",
        "security-admin-console",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RealmParameters:
    """What differs between installations. `jwks` is the public key set of the connector's client.

    `subsystem_urls` maps a subsystem to the address its login returns to; without one nobody can log in to it.
    `logout_urls` maps a subsystem to the address that receives back-channel logouts.
    """

    realm: str
    public_url: str
    jwks: Mapping[str, Any]
    password_policy: str
    subsystem_urls: Mapping[str, str] = field(default_factory=dict)
    logout_urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DesiredClient:
    """A client with all that hangs on it. `scope_roles`: built-in administrative roles its tokens may carry."""

    body: Mapping[str, Any]
    mappers: tuple[Mapping[str, Any], ...]
    scope_roles: tuple[str, ...] = ()

    @property
    def client_id(self) -> str:
        return str(self.body["clientId"])


def realm_body(config: RealmConfig, parameters: RealmParameters) -> dict[str, Any]:
    return {**config.realm, "realm": parameters.realm, "passwordPolicy": parameters.password_policy}


def user_profile(config: RealmConfig) -> dict[str, Any]:
    """Without `unmanagedAttributePolicy`: what is not declared is not stored."""
    return {"attributes": [dict(attribute) for attribute in config.attributes]}


def desired_clients(config: RealmConfig, parameters: RealmParameters) -> list[DesiredClient]:
    """The clients this product owns: the subsystems, the connector, the command line."""
    return [
        *(_subsystem(subsystem, parameters) for subsystem in config.subsystems),
        _connector(config, parameters),
        _command_line(config),
    ]


def group_attributes(ids: Mapping[str, str]) -> dict[str, list[str]]:
    """Where the service account reads the clients' ids, which it may not search for."""
    return {f"{CLIENT_ATTRIBUTE}{client_id}": [uuid] for client_id, uuid in sorted(ids.items())}


def _client(client_id: str, name: str, **more: Any) -> dict[str, Any]:
    attributes = {
        "pkce.code.challenge.method": "S256",
        "oauth2.device.authorization.grant.enabled": "false",
        "oidc.ciba.grant.enabled": "false",
        "standard.token.exchange.enabled": "false",
        "backchannel.logout.session.required": "true",
        "backchannel.logout.revoke.offline.tokens": "true",
        "client.use.lightweight.access.token.enabled": "false",
        **more.pop("attributes", {}),
    }
    return {
        "clientId": client_id,
        "name": name,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": True,
        "bearerOnly": False,
        "consentRequired": False,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "frontchannelLogout": False,
        "redirectUris": [],
        "webOrigins": [],
        "authenticationFlowBindingOverrides": {},
        **more,
        "attributes": attributes,
    }


def _subsystem(subsystem: Subsystem, parameters: RealmParameters) -> DesiredClient:
    url = parameters.subsystem_urls.get(subsystem.id)
    body = _client(
        subsystem.id,
        subsystem.name,
        redirectUris=[url] if url else [],
        attributes={"backchannel.logout.url": parameters.logout_urls.get(subsystem.id, "")},
    )
    return DesiredClient(body, (_audience(subsystem.id),))


def _connector(config: RealmConfig, parameters: RealmParameters) -> DesiredClient:
    body = _client(
        config.connector.id,
        config.connector.name,
        publicClient=False,
        serviceAccountsEnabled=True,
        clientAuthenticatorType="client-jwt",
        redirectUris=[parameters.public_url.rstrip("/") + config.connector.redirect_path],
        attributes={
            "token.endpoint.auth.signing.alg": "ES256",
            "use.jwks.url": "false",
            "use.jwks.string": "true",
            "jwks.string": json.dumps(parameters.jwks, sort_keys=True),
        },
    )
    return DesiredClient(body, (_audience(config.connector.id), _AMR), config.service_account_roles)


def _command_line(config: RealmConfig) -> DesiredClient:
    body = _client(
        config.command_line.id,
        config.command_line.name,
        standardFlowEnabled=False,
        attributes={
            "oauth2.device.authorization.grant.enabled": "true",
            "pkce.code.challenge.method": "",  # The device grant (RFC 8628) has no code that travels.
        },
    )
    return DesiredClient(body, (_audience(config.connector.id), _AMR))


def _audience(client_id: str) -> dict[str, Any]:
    """Puts `client_id` into `aud` of the access tokens."""
    return {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.client.audience": client_id,
            "access.token.claim": "true",
            "id.token.claim": "false",
            "introspection.token.claim": "true",
        },
    }


_AMR = {
    "name": "amr",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-amr-mapper",
    "config": {"access.token.claim": "true", "id.token.claim": "true", "introspection.token.claim": "true"},
}
