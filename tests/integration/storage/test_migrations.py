"""Migrations make exactly the tables the code expects, on SQLite and on PostgreSQL, and can be run again."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from connector.audit import triggers
from connector.migrations import config, current_revision, head_revision, upgrade
from connector.migrations.every_table import metadata
from connector.storage.engine import Database
from tests.town import NOON


@pytest.fixture
def database(database_url: str) -> Database:
    return Database(database_url)


def test_upgrade_makes_exactly_the_tables_of_the_code(database: Database) -> None:
    upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
        differences = [d for d in found if not (_is_expression_index(d) or _is_of_a_partition(d))]
    assert differences == []
    assert current_revision(database) == head_revision()
    database.close()


def test_upgrade_twice_changes_nothing(database: Database) -> None:
    upgrade(database)
    before = inspect(database.engine).get_table_names()
    upgrade(database)
    assert inspect(database.engine).get_table_names() == before
    database.close()


@pytest.mark.req("J2")
def test_upgrade_installs_the_triggers_that_keep_the_record(database: Database) -> None:
    upgrade(database)
    with database.engine.begin() as connection:
        triggers.install(connection)  # Installing them again is no error.
    statement = (
        "INSERT INTO audit_entries (at, event, actor_kind, actor, subject, alarm, data) "
        "VALUES ('2026-03-10 04:00:00', 'e', 'host', 'h', 's', false, '{}')"
    )
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entries SET event = 'other'"))
    database.close()


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1


def _is_expression_index(difference: object) -> bool:
    """SQLite cannot reflect an index over an expression, so it cannot be compared; its making is seen by the races."""
    return isinstance(difference, tuple) and difference[0] in ("add_index",) and bool(difference[1].expressions)


def _is_of_a_partition(difference: object) -> bool:
    """On PostgreSQL the partitions of a table are tables with indexes of their own; the code names the whole alone."""
    found = difference[1]  # type: ignore[index]
    return str(getattr(getattr(found, "table", found), "name", "")).startswith("idp_events_")


def test_upgrade_of_an_older_database_keeps_its_events_and_its_answers(database: Database) -> None:
    with database.engine.begin() as connection:
        older = config()
        older.attributes["connection"] = connection
        command.upgrade(older, "0002_06_pages")
        connection.execute(
            text(
                "INSERT INTO idp_events (id, kind, at, type, details) VALUES "
                "('e1', 'login', '2026-03-10 04:00:00', 'LOGIN', '{}'), "
                "('e2', 'admin', '2024-01-31 23:59:59', 'X', '{}')"
            )
        )
    upgrade(database)
    with database.engine.connect() as connection:
        assert connection.scalars(text("SELECT id FROM idp_events ORDER BY at")).all() == ["e2", "e1"]
    database.close()


def test_upgrade_knows_everybody_by_the_document_he_was_registered_with(database: Database) -> None:
    persons, documents, registered_at = metadata.tables["persons"], metadata.tables["person_documents"], NOON
    person = {
        "id": "p1", "name": "王登记", "document_kind": "resident_id", "document_sealed": b"\x01sealed\x00",
        "document_digest": "d" * 64, "document_masked": "3715****0021", "phone_sealed": b"", "phone_digest": "t",
        "phone_masked": "186****1402", "unit_id": "u1", "post": "", "registered_at": registered_at,
    }  # fmt: skip
    with database.engine.begin() as connection:
        older = config()
        older.attributes["connection"] = connection
        command.upgrade(older, "0003_07_reconciliation")
        assert not inspect(connection).has_table("person_documents")
        unit = {"id": "u1", "code": "ywk", "name": "业务科", "kind": "department", "path": "/ywk/"}
        texts = {"address": "", "belongs_to": "", "contact_name": "", "user_serial": 0, "registered_at": registered_at}
        connection.execute(metadata.tables["units"].insert().values(**unit, **texts))
        connection.execute(persons.insert().values(**person))
    upgrade(database)
    with database.engine.connect() as connection:
        assert dict(connection.execute(documents.select()).mappings().one()) == {
            "id": "p1", "person_id": "p1", "kind": "resident_id", "sealed": b"\x01sealed\x00", "digest": "d" * 64,
            "masked": "3715****0021", "added_by": "migration", "added_at": registered_at, "void_at": None,
        }  # fmt: skip
        assert connection.scalar(persons.select().with_only_columns(persons.c.document_sealed)) == b"\x01sealed\x00"
    database.close()
