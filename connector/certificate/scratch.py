"""A realm of its own on the Keycloak under test: applied as the product applies any, filled as facts need, deleted.

Touches no other realm. Its people have invented names; their passwords and keys die with it.
"""

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connector.adapters.keycloak import KeycloakProvider
from connector.adapters.keycloak_calls import AdminApi, status_of
from connector.adapters.keycloak_token import prepare_key, signed_tokens
from connector.adapters.realm import RealmApplier
from connector.adapters.realm_setup import realm_applier
from connector.certificate.product_order import ProductOrder
from connector.certificate.receiver import LogoutReceiver, address_towards
from connector.embedded.browser import FormBrowser, Person, Tokens
from connector.ports import IdentityProvider, KeycloakRefusedError, NewUser
from connector.realm_config import RealmConfig, Subsystem, load_realm_config
from connector.regulations.rulebook import Rulebook
from connector.settings import Settings

Progress = Callable[[str], None]
OFFLINE = "openid offline_access"
REGISTER_KEY = "webauthn-register"
KEY = "webauthn"  # the type of a key among the credentials


@dataclass(frozen=True)
class Somebody:
    """A person of the scratch realm: Keycloak's id, and what he knows and holds."""

    user_id: str
    person: Person


@dataclass
class ScratchRealm:
    """What a fact is tried on. `admin` is master's administrator, `us` the product's service account, bare.

    `idp` and `order` are the product's own ways to Keycloak. All parts may be replaced, to see a fact fail.
    """

    server_url: str
    name: str
    config: RealmConfig
    applier: RealmApplier
    key_pem: bytes
    idp: IdentityProvider
    us: AdminApi
    rulebook: Rulebook
    receiver: LogoutReceiver
    refused: str = ""  # why the realm could not be applied whole; facts are tried on what there is
    _browsers: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.order = ProductOrder(self.idp, self.rulebook)

    @property
    def admin(self) -> AdminApi:
        return self.applier.api

    @property
    def password_clients(self) -> list[str]:
        """Clients of OpenID Connect that a password alone opens."""
        return [s.id for s in _oidc(self.config) if s.level == "pwd"]

    @property
    def strong_clients(self) -> list[str]:
        """Clients of OpenID Connect that ask for a second factor."""
        return [s.id for s in _oidc(self.config) if s.level == "mfa"]

    def browser(self) -> FormBrowser:
        """A new browser; all are closed with the realm."""
        return self._browsers.enter_context(FormBrowser(self.server_url, self.name, redirect_uris(self.config)))

    def new_person(self, *, actions: Sequence[str] = (), factor: str = "key", one_session: bool = False) -> Somebody:
        """An account as the product opens one, with a lasting password at once. `factor` is "key" or "otp"."""
        mark, password = secrets.token_hex(6), new_password()
        new = NewUser(
            user_name=f"certify-{mark}",
            display_name="试用人",
            account_id=f"account-{mark}",
            request_id=f"request-{mark}",
            unit_code="000000",
            account_class="ordinary",
            required_actions=tuple(actions),
            second_factor=factor,
            one_session=one_session,
        )
        user_id = self.idp.create_user(new)
        body = {"type": "password", "value": password, "temporary": False}
        self.admin.put(f"/users/{user_id}/reset-password", body)
        return Somebody(user_id, Person(new.user_name, password))

    def new_key_holder(self) -> Somebody:
        """A person who registered a key at his first login, as a new account is told to; see Person.key."""
        somebody = self.new_person(actions=[REGISTER_KEY])
        self.log_in(somebody)
        return somebody

    def log_in(self, somebody: Somebody, client_id: str = "", **ask: str) -> tuple[FormBrowser, Tokens]:
        """Logs in at `client_id` (or where a password suffices) in a new browser."""
        browser = self.browser()
        return browser, browser.log_in(client_id or self.password_clients[0], somebody.person, **ask)

    def client_uuid(self, client_id: str) -> str:
        return str(self.admin.get("/clients", clientId=client_id)[0]["id"])

    def allow_offline(self, somebody: Somebody, client_id: str) -> None:
        """By hand, what the realm as code never allows: offline tokens, so that a freeze can be seen to end them."""
        scopes = {scope["name"]: scope["id"] for scope in self.admin.get("/client-scopes")}
        path = f"/clients/{self.client_uuid(client_id)}/optional-client-scopes/{scopes['offline_access']}"
        self.admin.put(path)
        role = self.admin.get("/roles/offline_access")
        self.admin.post(f"/users/{somebody.user_id}/role-mappings/realm", [role])

    def endpoint(self, name: str) -> str:
        """Address of an OpenID Connect endpoint, as "token" or "userinfo"."""
        return f"{self.server_url.rstrip('/')}/realms/{self.name}/protocol/openid-connect/{name}"

    def now(self) -> datetime:
        return datetime.now(UTC)

    def close_browsers(self) -> None:
        self._browsers.close()


def new_password() -> str:
    """A password that every rule pack takes: its letters make no word and no row of the keyboard."""
    return "Zb7#" + "".join(secrets.choice("bdfghjkmnp") for _ in range(12))


def redirect_uris(config: RealmConfig) -> dict[str, str]:
    """Addresses logins return to; nobody opens them, the browser of the facts reads the code in the redirect."""
    own = {config.connector.id: f"https://connector.invalid{config.connector.redirect_path}"}
    return {**{subsystem.id: f"https://{subsystem.id}.invalid/callback" for subsystem in config.subsystems}, **own}


@contextmanager
def scratch_realm(
    settings: Settings, rulebook: Rulebook, *, name: str, keep: bool, progress: Progress
) -> Iterator[ScratchRealm]:
    """A new realm `name` on the Keycloak of `settings`, deleted at the end of the block unless it is to be kept.

    Raises NoAdministratorError, KeycloakUnavailableError, KeycloakRefusedError.
    """
    config = load_realm_config()
    with (
        tempfile.TemporaryDirectory(prefix="certify-") as folder,
        LogoutReceiver(address_towards(settings.keycloak_url)) as receiver,
    ):
        own = _own_settings(settings, config, name, Path(folder), receiver.url)
        applier = realm_applier(own, rulebook)
        try:
            refused = _apply(applier, progress)
            scratch = _scratch(own, applier, rulebook, receiver, refused)
            try:
                yield scratch
            finally:
                scratch.close_browsers()
        finally:
            if not keep:
                progress("delete")
                _delete(applier)


def _apply(applier: RealmApplier, progress: Progress) -> str:
    """Applies the realm; returns what this Keycloak refuses to make of it, or nothing."""
    try:
        applier.apply(progress)
    except KeycloakRefusedError as refused:
        return str(refused)
    return ""


def _delete(applier: RealmApplier) -> None:
    try:
        applier.delete()
    except KeycloakRefusedError as error:
        if status_of(error) != 404:  # 404: it was not even made.
            raise


def _own_settings(settings: Settings, config: RealmConfig, name: str, folder: Path, told_at: str) -> Settings:
    """The installation's settings, with a realm, a key and addresses of the scratch realm alone."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "keycloak_key_file": None,
            "keycloak_realm": name,
            "public_url": "https://connector.invalid",
            "subsystem_urls": {s.id: redirect_uris(config)[s.id] for s in config.subsystems},
            "logout_urls": {s.id: f"{told_at}/{s.id}" for s in _oidc(config)},
        }
    )


def _scratch(
    settings: Settings, applier: RealmApplier, rulebook: Rulebook, receiver: LogoutReceiver, refused: str
) -> ScratchRealm:
    key, config = prepare_key(settings.service_key_file), applier.config
    place = {"server_url": settings.keycloak_url, "realm": settings.keycloak_realm}
    timeout = settings.keycloak_timeout_seconds
    tokens = signed_tokens(**place, client_id=config.connector.id, key_pem=key, timeout=timeout)
    return ScratchRealm(
        server_url=settings.keycloak_url,
        name=settings.keycloak_realm,
        config=config,
        applier=applier,
        key_pem=key,
        idp=KeycloakProvider(
            **place,
            client_id=config.connector.id,
            key_pem=key,
            subsystems=config.subsystem_ids,
            timeout=timeout,
        ),
        us=AdminApi(**place, tokens=tokens, timeout=timeout),
        rulebook=rulebook,
        receiver=receiver,
        refused=refused,
    )


def _oidc(config: RealmConfig) -> list[Subsystem]:
    return [subsystem for subsystem in config.subsystems if subsystem.protocol == "openid-connect"]
