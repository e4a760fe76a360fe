"""What the realm must look like, as Keycloak's representations. Pure: from the files and the parameters, no call."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from connector.adapters.realm_passwords import PasswordWords
from connector.adapters.realm_saml import saml_body, saml_levels, saml_mappers
from connector.realm_config import CLIENT_ATTRIBUTE, Level, RealmConfig, Subsystem

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

    `password_words` are the rules of `password_policy` in words, by locale. `subsystem_urls` maps a subsystem to the
    address its login returns to; without one nobody can log in to it. `logout_urls` maps a subsystem to the address
    that receives back-channel logouts. `certificates` (base64 of the DER) are those with which SAML subsystems sign
    their requests.
    """

    realm: str
    public_url: str
    jwks: Mapping[str, Any]
    password_policy: str
    password_words: Mapping[str, PasswordWords] = field(default_factory=dict)
    subsystem_urls: Mapping[str, str] = field(default_factory=dict)
    logout_urls: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DesiredClient:
    """A client with all that hangs on it. `scope_roles`: built-in administrative roles its tokens may carry."""

    body: Mapping[str, Any]
    mappers: tuple[Mapping[str, Any], ...]
    scope_roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = DEFAULT_SCOPES

    @property
    def client_id(self) -> str:
        return str(self.body["clientId"])


def realm_body(config: RealmConfig, parameters: RealmParameters) -> dict[str, Any]:
    return {
        **config.realm,
        "realm": parameters.realm,
        "passwordPolicy": parameters.password_policy,
        "attributes": {**config.realm.get("attributes", {}), "acr.loa.map": _level_map(config)},
    }


def _level_map(config: RealmConfig) -> str:
    return json.dumps(config.login.levels, sort_keys=True)


def user_profile(config: RealmConfig) -> dict[str, Any]:
    """Without `unmanagedAttributePolicy`: what is not declared is not stored."""
    return {"attributes": [dict(attribute) for attribute in config.attributes]}


def desired_clients(
    config: RealmConfig, parameters: RealmParameters, flow_ids: Mapping[str, str] = MappingProxyType({})
) -> list[DesiredClient]:
    """The clients this product owns: the subsystems, the connector, the command line. `flow_ids`: of flows by name."""
    clients = [
        *((subsystem.level, _subsystem(subsystem, parameters)) for subsystem in config.subsystems),
        (config.connector.level, _connector(config, parameters)),
        (config.command_line.level, _command_line(config)),
    ]
    return [_guarded(client, level, config, flow_ids) for level, client in clients]


def _guarded(client: DesiredClient, level: Level, config: RealmConfig, flow_ids: Mapping[str, str]) -> DesiredClient:
    """Nobody enters the client below `level`, whatever the client or the browser asks for."""
    levels = {"acr.loa.map": _level_map(config), "minimum.acr.value": level, "default.acr.values": level}
    if client.body["protocol"] == "saml":
        levels = saml_levels(config.login.levels, level)
    flow = flow_ids.get(config.login.client_bindings.get(client.client_id, ""), "")
    body = {
        **client.body,
        "directAccessGrantsEnabled": False,
        "implicitFlowEnabled": False,
        "attributes": {**client.body["attributes"], **levels},
        "authenticationFlowBindingOverrides": {"browser": flow, "direct_grant": ""},  # Keycloak's way to say: none.
    }
    return replace(client, body=body)


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
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "frontchannelLogout": False,
        "redirectUris": [],
        "webOrigins": [],
        **more,
        "attributes": attributes,
    }


def _subsystem(subsystem: Subsystem, parameters: RealmParameters) -> DesiredClient:
    url = parameters.subsystem_urls.get(subsystem.id)
    if subsystem.protocol == "saml":
        return _saml_subsystem(subsystem, parameters)
    body = _client(
        subsystem.id,
        subsystem.name,
        redirectUris=[url] if url else [],
        attributes={"backchannel.logout.url": parameters.logout_urls.get(subsystem.id, "")},
    )
    return DesiredClient(body, (_audience(subsystem.id), _AMR))


def _saml_subsystem(subsystem: Subsystem, parameters: RealmParameters) -> DesiredClient:
    body = saml_body(
        subsystem.id,
        subsystem.name,
        url=parameters.subsystem_urls.get(subsystem.id, ""),
        logout_url=parameters.logout_urls.get(subsystem.id, ""),
        certificate=parameters.certificates.get(subsystem.id, ""),
    )
    return DesiredClient(body, saml_mappers(), scopes=())


def _connector(config: RealmConfig, parameters: RealmParameters) -> DesiredClient:
    body = _client(
        config.connector.id,
        config.connector.name,
        publicClient=False,
        serviceAccountsEnabled=True,
        clientAuthenticatorType="client-jwt",
        redirectUris=[parameters.public_url.rstrip("/") + config.connector.redirect_path],
        attributes={
            "backchannel.logout.url": parameters.public_url.rstrip("/") + "/oidc/logout",
            "post.logout.redirect.uris": parameters.public_url.rstrip("/") + "/signed-out",
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
