"""Evidence of use from outside Keycloak's API: Keycloak's own database, and a subsystem's log file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connector.errors import ConnectorError, Text, UnavailableError
from connector.ports.identity import IdpCredential


@dataclass(frozen=True, kw_only=True)
class AccountSnapshot:
    """What Keycloak knows of one account at one moment. `gone`: it has no such user.

    Of credentials type, id and date; never a secret. `last_used_at` and `uses` (by client id) are its own events'.
    """

    user_id: str
    gone: bool = False
    created_at: datetime | None = None
    enabled: bool | None = None
    credentials: tuple[IdpCredential, ...] = ()
    last_used_at: datetime | None = None
    last_login_at: datetime | None = None
    uses: Mapping[str, datetime] = field(default_factory=dict)


class ActivityArchive(Protocol):
    """Keycloak's database, read without Keycloak: for the first load of a centre with very many accounts."""

    def check(self) -> str:
        """Looks whether it is a database this product can read; returns one line about it.

        Raises ArchiveUnavailableError, UnknownArchiveError.
        """

    def count(self) -> int:
        """How many members the accounts group has."""

    def read(self, after: str, limit: int) -> list[AccountSnapshot]:
        """The next `limit` members of the accounts group, by user id above `after`."""


@dataclass(frozen=True)
class LogLine:
    """One use in a subsystem's log; `number` counts from 1 and the heading is the first line."""

    number: int
    user_name: str
    at: datetime
    subsystem: str


@dataclass(frozen=True)
class RefusedLine:
    """A line that was not taken, and why; what it says is not repeated."""

    number: int
    reason: Text


class ActivityLog(Protocol):
    """A subsystem's log: `sha256` of its bytes, and its lines, read as they are asked for."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    def lines(self, now: datetime) -> Iterator[LogLine | RefusedLine]:
        """Raises LogColumnsError before the first line."""


class ArchiveUnavailableError(UnavailableError):
    """Keycloak's database did not answer."""

    code = "archive-unavailable"
    says = Text("Keycloak 数据库不可用（{reason}）", "Keycloak's database does not answer ({reason})")
    remedy = Text(
        "请检查 TRADING_IDP_KEYCLOAK_DATABASE_URL 和只读账号；也可以不设置它，改由 Keycloak 接口读取",
        "Check TRADING_IDP_KEYCLOAK_DATABASE_URL and its read-only account; without it Keycloak itself is asked",
    )


class UnknownArchiveError(ConnectorError):
    """The database is not one whose tables this product knows; nothing was read."""

    code = "archive-unknown"
    status = 502
    clause = "LC 7(2)"
    says = Text("Keycloak 数据库的结构不符：{reason}", "Keycloak's database is not as expected: {reason}")
    remedy = Text(
        "请核对地址和 Keycloak 版本；不设置 TRADING_IDP_KEYCLOAK_DATABASE_URL 时由 Keycloak 接口读取",
        "Check the address and Keycloak's version; without TRADING_IDP_KEYCLOAK_DATABASE_URL Keycloak itself is asked",
    )


class LogColumnsError(ConnectorError):
    """The log's heading has no such column; nothing was read."""

    code = "log-columns"
    status = 422
    clause = "LC 7(2)"
    says = Text("日志文件缺少列：{missing}", "The log has no column: {missing}")
    remedy = Text(
        "请核对表头和编码，或用选项指定列名", "Check the heading and the encoding, or name the columns by options"
    )
