"""The realm applier of this installation: its settings, its rules in force, its service account's key."""

from connector.adapters.keycloak_token import prepare_key, public_jwks
from connector.adapters.realm import RealmApplier, master_tokens
from connector.adapters.realm_passwords import password_policy, password_words, realm_password_rules
from connector.adapters.realm_state import RealmParameters
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


def realm_applier(settings: Settings, rulebook: Rulebook) -> RealmApplier:
    """The applier for `settings.keycloak_realm`; makes the service account's key when there is none.

    Raises NoAdministratorError, UnknownSubsystemUrlError.
    """
    if not (settings.keycloak_admin_user and settings.keycloak_admin_password):
        raise NoAdministratorError
    config = load_realm_config()
    if strange := (settings.subsystem_urls.keys() | settings.logout_urls.keys()) - set(config.subsystem_ids):
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
    )
    tokens = master_tokens(
        server_url=settings.keycloak_url,
        user=settings.keycloak_admin_user,
        password=settings.keycloak_admin_password,
    )
    return RealmApplier(server_url=settings.keycloak_url, parameters=parameters, tokens=tokens, config=config)
