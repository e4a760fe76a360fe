"""Keycloak's own PostgreSQL, read without Keycloak: accounts, dates of their credentials, last use. Never writes.

Only for a first load of very many accounts: these tables are Keycloak's own affair and change with its versions, so
each column is looked up before anything is read. Secrets (secret_data) are never asked for.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from connector.activity.rules import USE_TYPES
from connector.adapters.keycloak_credentials import credential
from connector.adapters.keycloak_events import moment
from connector.ports import AccountSnapshot, ArchiveUnavailableError, IdpCredential, UnknownArchiveError
from connector.realm_config import ACCOUNTS_GROUP

STATEMENT_SECONDS, CONNECT_SECONDS = 60, 10
MAJOR = "26."  # The version whose tables these queries were written for.
COLUMNS = {
    "realm": ("id", "name"),
    "keycloak_group": ("id", "name", "realm_id", "parent_group"),
    "user_group_membership": ("group_id", "user_id"),
    "user_entity": ("id", "realm_id", "enabled", "created_timestamp"),
    "credential": ("id", "user_id", "type", "created_date", "credential_data"),
    "event_entity": ("realm_id", "user_id", "type", "error", "client_id", "event_time"),
    "migration_model": ("version", "update_time"),
}
MEMBERS = """
    FROM keycloak_group g
    JOIN user_group_membership m ON m.group_id = g.id
    JOIN user_entity u ON u.id = m.user_id
    WHERE g.name = :group AND g.parent_group IN ('', ' ')
      AND g.realm_id = (SELECT id FROM realm WHERE name = :realm)
"""
READ = f"SELECT u.id, u.enabled, u.created_timestamp {MEMBERS} AND u.id > :after ORDER BY u.id LIMIT :limit"
COUNT = f"SELECT count(*) {MEMBERS}"
CREDENTIALS = """
    SELECT id, user_id, type, created_date AS "createdDate", credential_data AS "credentialData"
    FROM credential WHERE user_id = ANY(:users) AND type <> 'password-history' ORDER BY created_date, id
"""
USES = """
    SELECT user_id, client_id, max(event_time) AS used, max(event_time) FILTER (WHERE type = 'LOGIN') AS login
    FROM event_entity
    WHERE user_id = ANY(:users) AND type = ANY(:types) AND error IS NULL
      AND realm_id = (SELECT id FROM realm WHERE name = :realm)
    GROUP BY user_id, client_id
"""


class KeycloakDatabase:
    """The `ActivityArchive` on the PostgreSQL that Keycloak of `realm` keeps its data in."""

    def __init__(self, url: str, *, realm: str) -> None:
        self._url = make_url(url)
        self._values = {"realm": realm, "group": ACCOUNTS_GROUP.strip("/")}

    def check(self) -> str:
        with self._reading() as connection:
            _check_columns(connection)
            version = connection.scalar(text("SELECT version FROM migration_model ORDER BY update_time DESC LIMIT 1"))
            if not str(version).startswith(MAJOR):
                raise UnknownArchiveError(reason=f"Keycloak {version}")
            if not connection.scalar(text("SELECT 1 FROM realm WHERE name = :realm"), self._values):
                raise UnknownArchiveError(reason=f"no realm {self._values['realm']}")
        return f"Keycloak {version}, PostgreSQL"

    def count(self) -> int:
        with self._reading() as connection:
            return int(connection.scalar(text(COUNT), self._values) or 0)

    def read(self, after: str, limit: int) -> list[AccountSnapshot]:
        with self._reading() as connection:
            users = connection.execute(text(READ), {**self._values, "after": after, "limit": limit}).all()
            wanted = {**self._values, "users": [user.id for user in users], "types": sorted(USE_TYPES)}
            credentials = _credentials(connection.execute(text(CREDENTIALS), wanted).mappings().all())
            uses = _by_user(connection.execute(text(USES), wanted).all())
        return [_snapshot(user, credentials[user.id], uses[user.id]) for user in users]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One read-only transaction with one view of the data; every error of the database is translated."""
        engine = create_engine(_with_limits(self._url))
        try:
            with engine.connect() as connection, connection.begin():
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield connection
        except DBAPIError as error:
            raise ArchiveUnavailableError(reason=type(error.orig).__name__) from error
        finally:
            engine.dispose()


def _with_limits(url: URL) -> URL:
    """A statement that takes too long is ended by the server: Keycloak's people must not wait for it."""
    options = f"-c statement_timeout={STATEMENT_SECONDS}s -c default_transaction_read_only=on"
    return url.update_query_dict({"options": options, "connect_timeout": str(CONNECT_SECONDS)})


def _check_columns(connection: Connection) -> None:
    query = text("SELECT table_name, column_name FROM information_schema.columns WHERE table_name = ANY(:tables)")
    there: dict[str, set[str]] = defaultdict(set)
    for table, column in connection.execute(query, {"tables": list(COLUMNS)}):
        there[table].add(column)
    missing = [f"{table}.{name}" for table, names in COLUMNS.items() for name in names if name not in there[table]]
    if missing:
        raise UnknownArchiveError(reason=f"no {', '.join(missing)}")


def _credentials(rows: Sequence[RowMapping]) -> dict[str, list[IdpCredential]]:
    found: dict[str, list[IdpCredential]] = defaultdict(list)
    for row in rows:
        found[row["user_id"]].append(credential({str(name): value for name, value in row.items()}))
    return found


def _by_user(rows: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.user_id].append(row)
    return found


def _snapshot(user: Any, credentials: Sequence[IdpCredential], uses: Sequence[Any]) -> AccountSnapshot:
    return AccountSnapshot(
        user_id=user.id,
        created_at=_moment(user.created_timestamp),
        enabled=user.enabled,
        credentials=tuple(credentials),
        last_used_at=_moment(max((row.used for row in uses), default=None)),
        last_login_at=_moment(max((row.login for row in uses if row.login), default=None)),
        uses={row.client_id: moment(row.used) for row in uses if row.client_id},
    )


def _moment(millis: int | None) -> datetime | None:
    return moment(millis) if millis else None
