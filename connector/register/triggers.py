"""The triggers that keep separated offices and administrators' accounts apart in the database itself, as DDL.

An index already allows one person one open separated office. Here stands what spans two tables: an administrator's
account holds nothing else (GS 9), super and system administrator are two people (JC 8). On PostgreSQL each trigger
locks the person first, so that of two transactions the second sees what the first one wrote.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

# ruff: noqa: S608  # Every word of this SQL stands in this file; nothing of it comes from outside.

OPEN = "ended_at IS NULL"
SEPARATED = "('security_administrator', 'system_administrator', 'auditor')"
ALONE_OFFICES = "('system_administrator', 'auditor')"
ALONE_CLASSES = "('system_administrator', 'super_administrator')"

# An account of a class that holds nothing else, or of a person in such an office, is given a permission.
_GRANT = (
    "NEW.until IS NULL AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = NEW.account_id "
    f"AND (a.account_class IN {ALONE_CLASSES} "
    f"OR EXISTS (SELECT 1 FROM appointments p WHERE p.person_id = a.person_id AND p.{OPEN} "
    f"AND p.office IN {ALONE_OFFICES})))"
)
# An office and a class that do not go together: every separated office but a system administrator's own.
_MISFIT = (
    "({klass} = 'super_administrator' AND {office} IN " + SEPARATED + ") "
    "OR ({klass} = 'system_administrator' AND {office} IN ('security_administrator', 'auditor'))"
)
_APPOINTMENT = (
    f"NEW.{OPEN} AND EXISTS (SELECT 1 FROM accounts a WHERE a.person_id = NEW.person_id AND ("
    + _MISFIT.format(klass="a.account_class", office="NEW.office")
    + f" OR (NEW.office IN {ALONE_OFFICES} AND EXISTS (SELECT 1 FROM grants g WHERE g.account_id = a.id "
    "AND g.until IS NULL))))"
)
_OFFICES = (
    f"NEW.{OPEN} AND EXISTS (SELECT 1 FROM appointments p WHERE p.person_id = NEW.person_id AND p.{OPEN} "
    f"AND p.id <> NEW.id AND p.office <> NEW.office AND (p.office IN {ALONE_OFFICES} OR NEW.office IN {ALONE_OFFICES}))"
)
_ACCOUNT = (
    f"(NEW.account_class IN {ALONE_CLASSES} AND EXISTS (SELECT 1 FROM grants g WHERE g.account_id = NEW.id "
    f"AND g.until IS NULL)) OR EXISTS (SELECT 1 FROM appointments p WHERE p.person_id = NEW.person_id "
    f"AND p.{OPEN} AND (" + _MISFIT.format(klass="NEW.account_class", office="p.office") + "))"
)
_PERSON = "NEW.person_id"
_PERSON_OF_ACCOUNT = "(SELECT person_id FROM accounts WHERE id = NEW.account_id)"


def statements(dialect: str, table: str, name: str, when: str, refusal: str, person: str, moments: str) -> list[str]:
    """The DDL of one refusal. `when` is SQL over NEW, `person` the id to lock, `moments` as "INSERT OR UPDATE"."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {name}_{moment.split()[0].lower()} BEFORE {moment} ON {table} "
            f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for moment in moments.split(" OR ")
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM 1 FROM persons WHERE id = {person} FOR NO KEY UPDATE; "
        f"IF {when} THEN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "RETURN NEW; END $$",
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {moments} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def _deputies(dialect: str) -> list[str]:
    """Nobody stands in for one of the three offices who holds another of them, in whatever order (JC 8, GS 9)."""
    other = f"o.office IN {SEPARATED} AND p.office IN {SEPARATED} AND p.office <> o.office"
    stands_in = (
        f"NEW.{OPEN} AND EXISTS (SELECT 1 FROM appointments o JOIN appointments p ON p.person_id = NEW.deputy_id "
        f"WHERE o.id = NEW.appointment_id AND p.{OPEN} AND {other})"
    )
    appointed = (
        f"NEW.{OPEN} AND NEW.office IN {SEPARATED} AND EXISTS (SELECT 1 FROM deputies d "
        "JOIN appointments o ON o.id = d.appointment_id WHERE d.deputy_id = NEW.person_id "
        f"AND d.{OPEN} AND o.{OPEN} AND o.office IN {SEPARATED} AND o.office <> NEW.office)"
    )
    refusal, both = "separated_offices", "INSERT OR UPDATE"
    return [
        *statements(dialect, "deputies", "deputies_separated", stands_in, refusal, "NEW.deputy_id", both),
        *statements(dialect, "appointments", "appointments_deputies", appointed, refusal, _PERSON, both),
    ]


def install(connection: Connection) -> None:
    """Makes the triggers (again) in the connection's transaction; the tables must be there."""
    dialect = connection.dialect
    for statement in _all(dialect.name):
        connection.exec_driver_sql(statement)
    if dialect.has_table(connection, "deputies"):
        for statement in _deputies(dialect.name):
            connection.exec_driver_sql(statement)


def _all(dialect: str) -> Sequence[str]:
    alone, both = "administrator_alone", "INSERT OR UPDATE"
    return [
        *statements(dialect, "grants", "grants_alone", _GRANT, alone, _PERSON_OF_ACCOUNT, both),
        *statements(dialect, "appointments", "appointments_alone", _APPOINTMENT, alone, _PERSON, both),
        *statements(dialect, "appointments", "appointments_one", _OFFICES, alone, _PERSON, both),
        *statements(dialect, "accounts", "accounts_alone", _ACCOUNT, alone, _PERSON, both),
    ]
