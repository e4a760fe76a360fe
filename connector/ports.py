"""What this product needs from outside: Keycloak, the HR directory, mail, HTTP targets, secrets, the clock.

Only types and exceptions. `adapters` holds the real ones, `tests/fakes` the fakes; one contract test runs on both.
"""

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


class DirectoryReadError(ConnectorError):
    """The directory's answer is not complete or not believable; nobody is frozen on it. `reason` says which case."""

    code = "directory-incomplete"
    status = 502
    clause = "JC 14"
    says = Text(
        "人事目录读取不完整，未冻结任何账号：{reason}",
        "The directory read is not complete, nobody was frozen: {reason}",
    )
    remedy = Text(
        "请检查目录服务和只读账号的权限，然后重新运行", "Check the directory and its read-only account, then run again"
    )


class CursorLostError(DirectoryReadError):
    """The directory cannot say what changed since this cursor: it is too old, or another server answers."""

    code = "directory-cursor-lost"
    says = Text("人事目录的增量位置已失效", "The directory cannot go on from where the last read ended")
    remedy = Text("无需处理：下一次将完整读取", "Nothing to do: the next read is a whole one")


@dataclass(frozen=True, kw_only=True)
class DirectoryEntry:
    """One person in the HR directory."""

    key: str  # stable key, for example the employee number
    dn: str
    name: str
    status: str  # what says whether he works here, as read; "" when the entry has nothing of it
    departed: bool  # by the mapping: a departed value, a disabled or expired account, a unit of leavers
    unit_code: str | None = None  # None: not read, or not one value; never taken for a move
    changed_at: datetime | None = None
    post: str | None = None
    phone: str | None = None  # in memory only: compared by digest, never stored or logged
    mail: str | None = None
    document_number: str | None = None  # as phone


@dataclass(frozen=True, kw_only=True)
class DirectoryReading:
    """One complete read. `quarantined` are rows that could not be understood: (dn, reason)."""

    entries: tuple[DirectoryEntry, ...]
    quarantined: tuple[tuple[str, str], ...]
    read_at: datetime
    seconds: float
    cursor: str = ""  # where `changes` goes on after this read; "" when the directory keeps none


@dataclass(frozen=True, kw_only=True)
class DirectoryChanges:
    """What changed since a cursor. Entries that are gone are only counted: an absence is proved by complete reads."""

    entries: tuple[DirectoryEntry, ...]
    quarantined: tuple[tuple[str, str], ...]
    gone: int
    cursor: str
    read_at: datetime
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MappedAttribute:
    """One line of the mapping against the live schema: what it is for, and whether the directory knows it."""

    purpose: str  # key, name, status, unit, post, phone, mail, document
    attribute: str
    known: bool | None  # None: the server does not show its schema
    filled: int  # of the entries looked at, how many have it


@dataclass(frozen=True, kw_only=True)
class DirectoryProbe:
    """What a directory is and what would be read of it; `sample` is the number of entries looked at."""

    kind: str
    server: str
    attributes: tuple[MappedAttribute, ...]
    sample: int
    departed: int
    incremental: str  # how changes are read: syncrepl, timestamp, usn, dirsync, or "" (not at all)
    problems: tuple[str, ...]


class Directory(Protocol):
    def read(self) -> DirectoryReading:
        """Reads everybody. Raises DirectoryReadError unless the answer is provably complete."""

    def changes(self, cursor: str) -> DirectoryChanges:
        """What changed since `cursor`. Raises DirectoryReadError; CursorLostError when only a whole read will do."""

    def check(self) -> str:
        """Connects, binds and reads the base entry; returns one line about the server. Raises DirectoryReadError."""

    def probe(self) -> DirectoryProbe:
        """Looks at schema and some entries; raises DirectoryReadError."""


class Mailer(Protocol):
    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        """Sends one mail; raises UnavailableError to be tried again."""


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    retry_after: float | None  # seconds
    body: str  # capped at 4 kB


class HttpSender(Protocol):
    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Posts to an allowed target; raises UnavailableError on no answer, ForbiddenTargetError off the allow list."""


class ForbiddenTargetError(ConnectorError):
    """The address is not on the allow list kept by the security administrator."""

    code = "forbidden-target"
    status = 403
    says = Text("目标地址不在允许列表内：{target}", "The target is not on the allow list: {target}")
    remedy = Text("请安全管理员将其加入允许列表", "Ask the security administrator to add it")
    who = Text("安全管理员", "the security administrator")


class Vault(Protocol):
    """Encryption of personal values at rest (J5). Contexts bind a ciphertext to its place."""

    def encrypt(self, value: str, context: str) -> bytes: ...

    def decrypt(self, sealed: bytes, context: str) -> str: ...

    def digest(self, value: str, context: str) -> str:
        """Keyed digest (hex) for equality look-ups; the same for equal values of one context."""

    def needs_rotation(self, sealed: bytes) -> bool: ...


class TokenSigner(Protocol):
    """Signs the tokens this product sends out (SET, RFC 8417) with a key of its own."""

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """The compact JWS of `claims`, ES256, with `typ` and the key's id in its head."""

    def public_keys(self) -> dict[str, Any]:
        """The JWK set that verifies it."""


class NoteSigner(Protocol):
    """Signs checkpoints. `name` is the log's origin; `verifier_key` is the C2SP vkey text."""

    name: str

    def sign(self, text: bytes) -> bytes: ...

    def verifier_key(self) -> str: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, UTC."""
