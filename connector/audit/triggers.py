"""The triggers that make the record append-only, as DDL. An entry may be sealed once; nothing else ever changes.

They stop the product's own code and a careless administrator. Whoever may drop a trigger is found by the tree.
"""

from sqlalchemy import Connection

from connector.audit.leaf import CONTENT_FIELDS

_SQLITE_UNCHANGED = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in CONTENT_FIELDS)
# PostgreSQL's json has no equality, and the text it keeps is the text that was written.
_POSTGRES_UNCHANGED = " AND ".join(
    f"NEW.{name}{cast} IS NOT DISTINCT FROM OLD.{name}{cast}"
    for name, cast in ((name, "::text" if name == "data" else "") for name in CONTENT_FIELDS)
)
_SEALED_ONCE = (
    "OLD.position IS NULL AND NEW.position IS NOT NULL AND OLD.leaf_hash IS NULL AND NEW.leaf_hash IS NOT NULL"
)


def _sqlite(name: str, moment: str, condition: str) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {moment} WHEN {condition} "
        "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END"
    )


# INSERT OR REPLACE deletes the old row without any delete trigger, so an id that exists is refused at the insert.
_SQLITE = [
    _sqlite("audit_entries_no_update", "UPDATE ON audit_entries", f"NOT ({_SEALED_ONCE} AND {_SQLITE_UNCHANGED})"),
    _sqlite("audit_entries_no_delete", "DELETE ON audit_entries", "1"),
    _sqlite(
        "audit_entries_no_replace",
        "INSERT ON audit_entries",
        "NEW.position IS NOT NULL OR NEW.leaf_hash IS NOT NULL "
        "OR EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)",
    ),
    _sqlite("audit_checkpoints_no_update", "UPDATE ON audit_checkpoints", "1"),
    _sqlite("audit_checkpoints_no_delete", "DELETE ON audit_checkpoints", "1"),
    _sqlite(
        "audit_checkpoints_no_replace",
        "INSERT ON audit_checkpoints",
        "EXISTS (SELECT 1 FROM audit_checkpoints WHERE id = NEW.id)",
    ),
]

_POSTGRES = [
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the record is append-only' USING ERRCODE = 'insufficient_privilege'; END $$",
    f"CREATE OR REPLACE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries FOR EACH ROW "
    f"WHEN (NOT ({_SEALED_ONCE} AND {_POSTGRES_UNCHANGED})) EXECUTE FUNCTION audit_refuse()",
    "CREATE OR REPLACE TRIGGER audit_entries_no_insert BEFORE INSERT ON audit_entries FOR EACH ROW "
    "WHEN (NEW.position IS NOT NULL OR NEW.leaf_hash IS NOT NULL) EXECUTE FUNCTION audit_refuse()",
    "CREATE OR REPLACE TRIGGER audit_entries_no_delete BEFORE DELETE OR TRUNCATE ON audit_entries "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE OR REPLACE TRIGGER audit_checkpoints_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
]

APPEND_ONLY: dict[str, list[str]] = {"sqlite": _SQLITE, "postgresql": _POSTGRES}


def install(connection: Connection) -> None:
    """Makes the triggers (again) in the connection's transaction; both tables must be there."""
    for statement in APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement)
