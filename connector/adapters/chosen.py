"""The adapters that the settings ask for: one function for each choice. Opens no connection to another server."""

from connector.adapters.keycloak import KeycloakProvider
from connector.adapters.keycloak_database import KeycloakDatabase
from connector.adapters.keycloak_token import prepare_key
from connector.adapters.ldap import LdapDirectory
from connector.adapters.mail import FolderMailer, SmtpMailer
from connector.adapters.oidc import KeycloakLogin
from connector.adapters.tokens import KeycloakTokens
from connector.auth.claims import TokenVerifier
from connector.auth.login import LoginClient
from connector.ports import ActivityArchive, Directory, IdentityProvider, Mailer
from connector.realm_config import load_realm_config
from connector.settings import Settings


def archive(settings: Settings) -> ActivityArchive | None:
    """Keycloak's own database, where it may be read."""
    url = settings.keycloak_database_url
    return KeycloakDatabase(url, realm=settings.keycloak_realm) if url else None


def keycloak(settings: Settings) -> IdentityProvider:
    """Keycloak by the key of the service account, which is made where there is none."""
    return KeycloakProvider(
        server_url=settings.keycloak_url,
        realm=settings.keycloak_realm,
        client_id=settings.keycloak_client_id,
        key_pem=prepare_key(settings.service_key_file),
        subsystems=load_realm_config().subsystem_ids,
        timeout=settings.keycloak_timeout_seconds,
    )


def mailer(settings: Settings) -> Mailer:
    """Mail by SMTP, or into a folder where no server is named."""
    if settings.smtp_host:
        return SmtpMailer(settings.smtp_host, settings.smtp_port, settings.mail_from)
    return FolderMailer(settings.data_dir / "mail", settings.mail_from)


def tokens(settings: Settings) -> TokenVerifier:
    """Verifies access tokens by the keys of the realm."""
    return KeycloakTokens(
        server_url=settings.keycloak_url,
        realm=settings.keycloak_realm,
        audience=settings.keycloak_client_id,
        timeout=settings.keycloak_timeout_seconds,
    )


def login(settings: Settings) -> LoginClient:
    """The login of the pages."""
    return KeycloakLogin(
        server_url=settings.keycloak_url,
        realm=settings.keycloak_realm,
        client_id=settings.keycloak_client_id,
        key_file=settings.service_key_file,
        public_url=settings.public_url,
        timeout=settings.keycloak_timeout_seconds,
    )


def directory(settings: Settings) -> Directory | None:
    """The HR directory, where one is named."""
    return LdapDirectory(settings.directory) if settings.directory.url else None
