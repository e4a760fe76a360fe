"""The realm applier of this installation: its settings, its rules in force, its service account's key."""

import base64
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from connector.adapters.keycloak_calls import AdminApi
from connector.adapters.keycloak_token import prepare_key, public_jwks
from connector.adapters.realm import RealmApplier, master_tokens
from connector.adapters.realm_passwords import password_policy, password_words, realm_password_rules
from connector.adapters.realm_state import RealmParameters, realm_body
from connector.errors import ConnectorError, Text
from connector.realm_config import load_realm_config
from connector.regulations.rulebook import Rulebook
from connector.settings import Settings


class NoAdministratorError(ConnectorError):
    """Applying or comparing the realm needs an administrator of the master realm; none is set."""

    code = "no-keycloak-administrator"
    says = Text("未设置 Keycloak 管理员", "No Keycloak administrator is set")
    remedy = Text(
        "请设置 TRADING_IDP_KEYCLOAK_ADMIN_USER 和 TRADING_IDP_KEYCLOAK_ADMIN_PASSWORD",
        "Set TRADING_IDP_KEYCLOAK_ADMIN_USER and TRADING_IDP_KEYCLOAK_ADMIN_PASSWORD",
    )


class UnknownSubsystemUrlError(ConnectorError):
    """An address is set for a subsystem that realm-config/ does not know: most likely a slip of the pen."""

    code = "unknown-subsystem-url"
    says = Text("设置中的子系统不存在：{names}", "Settings name subsystems that do not exist: {names}")
    remedy = Text("请改为以下之一：{known}", "Use one of: {known}")


class SubsystemCertificateError(ConnectorError):
    """The file that should hold a SAML subsystem's certificate holds none."""

    code = "subsystem-certificate"
    says = Text("子系统证书文件不可用：{name}", "The file of a subsystem's certificate cannot be used: {name}")
    remedy = Text("请提供 PEM 格式的证书文件", "Give a certificate in PEM")


def realm_applier(settings: Settings, rulebook: Rulebook) -> RealmApplier:
    """The applier for `settings.keycloak_realm`; makes the service account's key when there is none.

    Raises NoAdministratorError, UnknownSubsystemUrlError, SubsystemCertificateError.
    """
    if not (settings.keycloak_admin_user and settings.keycloak_admin_password):
        raise NoAdministratorError
    config = load_realm_config()
    named = settings.subsystem_urls.keys() | settings.logout_urls.keys() | settings.subsystem_certificates.keys()
    if strange := named - set(config.subsystem_ids):
        raise UnknownSubsystemUrlError(names=", ".join(sorted(strange)), known=", ".join(config.subsystem_ids))
    rules = realm_password_rules(rulebook)
    parameters = RealmParameters(
        realm=settings.keycloak_realm,
        public_url=settings.public_url,
        jwks=public_jwks(prepare_key(settings.service_key_file)),
        password_policy=password_policy(rules, config.weak_passwords),
        password_words=password_words(rules),
        subsystem_urls=settings.subsystem_urls,
        logout_urls=settings.logout_urls,
        certificates={name: _certificate(file) for name, file in settings.subsystem_certificates.items()},
    )
    tokens = master_tokens(
        server_url=settings.keycloak_url,
        user=settings.keycloak_admin_user,
        password=settings.keycloak_admin_password,
    )
    return RealmApplier(server_url=settings.keycloak_url, parameters=parameters, tokens=tokens, config=config)


def expected_realm(settings: Settings, rulebook: Rulebook) -> dict[str, Any]:
    """The realm's own settings as the realm as code has them; needs no administrator and calls nothing."""
    config = load_realm_config()
    parameters = RealmParameters(
        realm=settings.keycloak_realm,
        public_url=settings.public_url,
        jwks={},
        password_policy=password_policy(realm_password_rules(rulebook), config.weak_passwords),
    )
    return {**realm_body(config, parameters), **{str(place): flow for place, flow in config.login.bindings.items()}}


def administrator_id(settings: Settings, applier: RealmApplier) -> str:
    """Keycloak's id of the administrator who applies: his events bear it. His tokens do not name him (26.7.4)."""
    master = AdminApi(server_url=settings.keycloak_url, realm="master", tokens=applier.api.tokens, timeout=30.0)
    found = master.get("/users", username=settings.keycloak_admin_user, exact="true")
    return str(found[0]["id"]) if found else ""


def _certificate(file: Path) -> str:
    """The certificate in `file` (PEM) as Keycloak keeps it: base64 of the DER."""
    try:
        found = load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        raise SubsystemCertificateError(name=file.name) from None
    return base64.b64encode(found.public_bytes(Encoding.DER)).decode()
