"""The event table in months: on PostgreSQL a partition each, made ahead and dropped whole; on SQLite one table.

A dropped month costs nothing, while deleting its rows would cost as much as storing them did. DDL only.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, text

from connector.activity.tables import REST, IdpEventRow

TABLE = "idp_events"
AHEAD = timedelta(days=92)
EVENTS: Any = IdpEventRow.__table__


def make_partitions(connection: Connection, first: datetime, last: datetime) -> list[str]:
    """Makes the partitions of the months from `first` to `last` that are missing; returns their names.

    Events of such a month that lie in the rest are moved into it. Does nothing on SQLite.
    """
    if connection.dialect.name != "postgresql":
        return []
    there = set(list_partitions(connection))
    missing = [month for month in _months(first, last) if name_of(month) not in there]
    for month in missing:
        _make(connection, month)
    return [name_of(month) for month in missing]


def list_partitions(connection: Connection) -> list[str]:
    """The partitions of months, oldest first."""
    if connection.dialect.name != "postgresql":
        return []
    query = text("SELECT relid::regclass::text FROM pg_partition_tree(:name) WHERE level = 1 ORDER BY 1")
    names = [str(name) for name in connection.scalars(query, {"name": TABLE})]
    return [name for name in names if name != REST]


def drop_events(connection: Connection, before: datetime) -> list[tuple[str, int]]:
    """Drops the months that ended at or before `before`; returns each with the number of its events (GX 10).

    On SQLite the events before `before` are deleted.
    """
    if connection.dialect.name != "postgresql":
        gone = connection.execute(delete(EVENTS).where(EVENTS.c.at < before)).rowcount
        return [(TABLE, gone)] if gone else []
    dropped = []
    for name in list_partitions(connection):
        month = month_of(name)
        if month is not None and _next(month) <= before:
            rows = int(connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0)  # noqa: S608
            connection.execute(text(f"DROP TABLE {name}"))
            dropped.append((name, rows))
    return dropped


def upgrade_to_partitions(connection: Connection, table: Table) -> None:
    """Makes the table anew, by months on PostgreSQL, with all its events: the step of a migration, in its transaction.

    `table` is what it was at that step, whatever the code has added since. Also on SQLite, where only the key changes.
    """
    old = f"{TABLE}_old"
    connection.execute(text(f"ALTER TABLE {TABLE} RENAME TO {old}"))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER INDEX pk_{TABLE} RENAME TO pk_{old}"))
    for index in table.indexes:
        connection.execute(text(f"DROP INDEX IF EXISTS {index.name}"))
    table.create(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"CREATE TABLE IF NOT EXISTS {REST} PARTITION OF {TABLE} DEFAULT"))
    _make_months(connection, old)
    names = ", ".join(column.name for column in table.columns)
    connection.execute(text(f"INSERT INTO {TABLE} ({names}) SELECT {names} FROM {old}"))  # noqa: S608
    connection.execute(text(f"DROP TABLE {old}"))


def make_needed(connection: Connection, now: datetime) -> list[str]:
    """Makes this month and the next ones, and those of events that lie in the rest; returns their names."""
    return _make_months(connection, REST) + make_partitions(connection, now, now + AHEAD)


def _make_months(connection: Connection, table: str) -> list[str]:
    """Makes the months of the events in `table`."""
    if connection.dialect.name != "postgresql":
        return []
    query = text(f"SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') FROM {table}")  # noqa: S608
    months = [month.replace(tzinfo=UTC) for month in sorted(connection.scalars(query))]
    return [name for month in months for name in make_partitions(connection, month, month)]


def name_of(month: datetime) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def month_of(name: str) -> datetime | None:
    """The first moment of a partition's month; None for any other table."""
    try:
        return datetime.strptime(name, f"{TABLE}_%Y_%m").replace(tzinfo=UTC)
    except ValueError:
        return None


def _make(connection: Connection, month: datetime) -> None:
    name, begin, end = name_of(month), month, _next(month)
    connection.execute(text(f"LOCK TABLE {REST} IN ACCESS EXCLUSIVE MODE"))  # Nobody adds to it meanwhile.
    connection.execute(text(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
    within = f"at >= '{begin:%Y-%m-%d}+00' AND at < '{end:%Y-%m-%d}+00'"
    moved = f"WITH gone AS (DELETE FROM {REST} WHERE {within} RETURNING *) INSERT INTO {name} SELECT * FROM gone"  # noqa: S608
    connection.execute(text(moved))
    bounds = f"FOR VALUES FROM ('{begin:%Y-%m-%d}+00') TO ('{end:%Y-%m-%d}+00')"
    connection.execute(text(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} {bounds}"))


def _months(first: datetime, last: datetime) -> list[datetime]:
    months, month = [], _month(first)
    while month <= last:
        months.append(month)
        month = _next(month)
    return months


def _month(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(month: datetime) -> datetime:
    return _month(month + timedelta(days=31))
