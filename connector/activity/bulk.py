"""Many rows in one statement: PostgreSQL takes columns as arrays, SQLite row after row. Knows no meaning of a row.

The values go to the driver as it takes them: SQLAlchemy's and psycopg's care for each single one cost more than the
database itself took (measured). The statement is still SQLAlchemy's, made once.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json import dumps
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

from connector.storage.tables import UtcDateTime

Column = Iterable[Any]
OnConflict = Callable[[Any], Any]


def insert_many(
    session: Session, table: Any, names: tuple[str, ...], rows: Sequence[Sequence[Any]], on_conflict: OnConflict
) -> None:
    """Inserts `rows`, whose values stand in the order of `names`; `on_conflict` completes the dialect's INSERT.

    `on_conflict` must give the same each time, and no two rows may have the same key where it changes what is there.
    """
    if not rows:
        return
    connection = session.connection()
    statement = _statement(connection.dialect, table, names, on_conflict)
    write = _for_sqlite if connection.dialect.name == "sqlite" else _for_postgres
    columns = [write(table.c[name].type, column) for name, column in zip(names, zip(*rows, strict=True), strict=True)]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))
    else:
        connection.exec_driver_sql(statement, dict(zip(names, columns, strict=True)))


def among(session: Session, column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether `column` is one of many `values`: one parameter, where IN would write out as many as there are."""
    given = bindparam(None, dumps(sorted(values)), type_=Text())
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(select(func.json_each(given).table_valued("value").c.value))  # type: ignore[no-any-return]
    return column.in_(select(func.json_array_elements_text(cast(given, JSON))))  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, table: Any, names: tuple[str, ...], on_conflict: OnConflict) -> str:
    if dialect.name == "sqlite":
        insert = on_conflict(sqlite.insert(table).values({name: bindparam(name) for name in names}))
        compiled = insert.compile(dialect=dialect)
        if compiled.positiontup != list(names):
            raise ValueError("the columns must be named in the order of the table, and those with a default too")
    else:
        chosen = select(*(_unnest(table.c[name]) for name in names))
        compiled = on_conflict(postgresql.insert(table).from_select(names, chosen, include_defaults=False)).compile(
            dialect=dialect
        )
    return str(compiled)


def _unnest(column: Any) -> Any:
    """One column of the rows; JSON comes as text, because an array of it has no type of its own."""
    if isinstance(column.type, JSON):
        return cast(func.unnest(bindparam(column.name, type_=postgresql.ARRAY(Text()))), JSON)
    return func.unnest(bindparam(column.name, type_=postgresql.ARRAY(column.type)))


def _for_sqlite(type_: Any, column: Column) -> Column:
    """The values as the column's type stores them."""
    if isinstance(type_, UtcDateTime):
        return [None if moment is None else _utc(moment).isoformat(" ", "microseconds")[:26] for moment in column]
    return _json(column) if isinstance(type_, JSON) else column


def _for_postgres(type_: Any, column: Column) -> str:
    """The values as the text of an array, of which PostgreSQL makes the column's type."""
    if isinstance(type_, UtcDateTime):
        column = [None if moment is None else _utc(moment).isoformat() for moment in column]
    elif isinstance(type_, JSON):
        column = _json(column)
    return "{" + ",".join(["NULL" if value is None else _quoted(str(value)) for value in column]) + "}"


def _json(column: Column) -> list[str]:
    """Alike values are written once: to tell that they are alike is cheaper."""
    texts: dict[str, str] = {}
    return [texts.get(key := repr(value)) or texts.setdefault(key, dumps(value)) for value in column]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a stored moment must be aware")
    return moment.astimezone(UTC)
