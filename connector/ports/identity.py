"""Keycloak as this product needs it: users, credentials, events, sessions, and what it may answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connector.errors import ConnectorError, Text, UnavailableError


class KeycloakUnavailableError(UnavailableError):
    """Keycloak did not answer, or answered 5xx: the effect is unknown, the step is tried again."""

    code = "keycloak-unavailable"
    says = Text("身份服务（Keycloak）暂时不可用", "The identity service (Keycloak) is not available")

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason=reason)


class KeycloakRefusedError(ConnectorError):
    """Keycloak answered 4xx: trying again will not help; a person must look."""

    code = "keycloak-refused"
    status = 502
    says = Text("身份服务拒绝了操作：{reason}", "Keycloak refused the call: {reason}")
    remedy = Text("请运行 trading-idp doctor 检查服务账号权限", "Run trading-idp doctor to check the service account")


class UnknownUserError(KeycloakRefusedError):
    """Keycloak has no user with this id."""

    code = "keycloak-unknown-user"
    says = Text("身份服务中没有此账号：{reason}", "Keycloak has no such user: {reason}")


class ForeignAccountError(KeycloakRefusedError):
    """The name is taken by an account whose request-id attribute is not ours: state `conflict`, for a person."""

    code = "keycloak-foreign-account"
    status = 409
    clause = "JC 9"
    says = Text(
        "身份服务中已有同名账号，且不是本系统创建的：{reason}",
        "Keycloak already has this name, not made by us: {reason}",
    )
    remedy = Text(
        "请核对该账号的来源，改名或清理后重试此步骤",
        "Find out where it came from; rename or remove it, then retry the step",
    )


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """A user to be made in Keycloak: enabled, in the accounts group, without any password."""

    user_name: str
    display_name: str  # firstName; no document number, no phone ever goes to Keycloak
    account_id: str  # admin-only attribute accountId
    request_id: str  # admin-only attribute requestId: whose account this is, for adoption after a lost reply
    unit_code: str  # admin-only attribute unitCode
    account_class: str  # admin-only attribute accountClass
    required_actions: tuple[str, ...]  # for example ("UPDATE_PASSWORD", "CONFIGURE_TOTP")
    second_factor: str = "key"  # admin-only attribute secondFactor: "key" (nothing else opens), or "otp" (that too)
    one_session: bool = False  # admin-only attribute oneSession: the next login ends the one before (JC 17)


@dataclass(frozen=True, kw_only=True)
class IdpUser:
    """A user as Keycloak has it. `attributes` maps name to first value; empty when listed briefly."""

    user_id: str
    user_name: str
    enabled: bool
    display_name: str = ""
    required_actions: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class IdpEvent:
    """One Keycloak event. `event_id` is unique; `kind` is "login" for user events, "admin" for admin events."""

    event_id: str
    kind: str
    at: datetime  # aware, UTC
    type: str  # LOGIN, REFRESH_TOKEN, LOGIN_ERROR, ... ; for admin events OPERATION:RESOURCE_TYPE, as CREATE:USER
    user_id: str | None
    client_id: str | None
    ip: str | None
    error: str | None
    session_id: str | None = None  # login events only
    resource_path: str | None = None  # admin events only
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class IdpCredential:
    """One thing a user logs in with. `id` is Keycloak's own; `key_id` is a WebAuthn key's credentialId (base64url)."""

    id: str
    type: str  # password, otp, webauthn
    label: str
    created_at: datetime | None
    key_id: str | None = None  # without padding, as events name it
    aaguid: str | None = None  # model of the key; all zero when it was not attested


@dataclass(frozen=True)
class SessionCount:
    online: int
    offline: int


@dataclass(frozen=True)
class ProbeResult:
    """One probe of the service account: what was tried, whether it went as it must, what came back."""

    name: str
    ok: bool
    detail: str


class IdentityProvider(Protocol):
    """Keycloak as this product needs it. Each write is idempotent in effect; errors are those of this module."""

    def create_user(self, new: NewUser) -> str:
        """Makes the user, returns its id; on 409 adopts it when requestId is ours, else ForeignAccountError."""

    def find_user(self, user_name: str) -> IdpUser | None: ...

    def get_user(self, user_id: str) -> IdpUser: ...

    def is_enabled(self, user_id: str) -> bool:
        """As `get_user` says it now, cheaper: those asked about at the same moment are read together."""

    def grant_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None: ...

    def withdraw_roles(self, user_id: str, subsystem: str, roles: Sequence[str]) -> None: ...

    def roles_of(self, user_id: str) -> dict[str, frozenset[str]]:
        """Client roles held, by subsystem's client id. Only subsystems with at least one role are keys."""

    def set_enabled(self, user_id: str, enabled: bool) -> None: ...

    def log_out(self, user_id: str) -> None: ...

    def end_offline_sessions(self, user_id: str) -> None:
        """Ends the offline sessions at every subsystem's client (and the connector's own)."""

    def sessions_of(self, user_id: str) -> SessionCount: ...

    def set_temporary_password(self, user_id: str, password: str) -> None:
        """Sets a password that must be changed at the next login."""

    def require_actions(self, user_id: str, actions: Sequence[str]) -> None:
        """Adds required actions to those the user has."""

    def drop_actions(self, user_id: str, actions: Sequence[str]) -> None:
        """Takes these required actions back; one that the user does not have is no error."""

    def update_user(
        self, user_id: str, *, display_name: str | None = None, attributes: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """Changes name and these admin-only attributes ([] takes one away); never enables, never disables."""

    def list_credentials(self, user_id: str) -> list[IdpCredential]: ...

    def delete_credential(self, user_id: str, credential_id: str) -> None:
        """Takes a credential away by Keycloak's id; one that is already gone is no error. Sessions go on."""

    def password_set_at(self, user_id: str) -> datetime | None: ...

    def delete_user(self, user_id: str) -> None:
        """Deletes the user; one that is already gone is no error."""

    def list_accounts(self) -> Iterator[IdpUser]:
        """Every member of the accounts group, briefly, in pages."""

    def list_roles(self, subsystem: str) -> frozenset[str]:
        """Every role there is at this subsystem's client, also those that the catalogue does not know."""

    def list_role_holders(self, subsystem: str, role: str) -> Iterator[str]:
        """Ids of the users who hold this client role directly, in pages: reconciliation goes by role, not by user."""

    def join_accounts(self, user_id: str) -> None:
        """Puts the user back into the accounts group; one who is there is no error."""

    def list_events(self, kind: str, since: datetime, first: int, page: int) -> list[IdpEvent]:
        """Events of `kind` ("login" or "admin") at or after `since`, oldest first, `page` of them from `first`."""

    def probe(self) -> list[ProbeResult]:
        """What the service account must be able to do and must not; read-only calls."""
