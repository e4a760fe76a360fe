"""The triggers that keep the three separated offices apart within one open case, in the database itself, as DDL.

Nobody decides in one of the three offices what was submitted while he held another, and nobody who has decided in one
of them takes another before that request is closed (JC 7, JC 8).
"""

from sqlalchemy import Connection

from connector.register.triggers import SEPARATED, statements

# ruff: noqa: S608  # Every word of this SQL stands in this file; nothing of it comes from outside.

_DECISION = (
    "EXISTS (SELECT 1 FROM request_stages s JOIN requests r ON r.id = s.request_id "
    "JOIN appointments p ON p.person_id = NEW.person_id "
    f"WHERE s.id = NEW.stage_id AND s.office IN {SEPARATED} AND p.office IN {SEPARATED} AND p.office <> s.office "
    "AND p.confirmed_at IS NOT NULL AND (p.ended_at IS NULL OR p.ended_at > r.submitted_at))"
)
_APPOINTMENT = (
    f"NEW.office IN {SEPARATED} AND NEW.ended_at IS NULL AND EXISTS (SELECT 1 FROM decisions d "
    "JOIN request_stages s ON s.id = d.stage_id JOIN requests r ON r.id = d.request_id "
    f"WHERE d.person_id = NEW.person_id AND s.office IN {SEPARATED} AND s.office <> NEW.office "
    "AND r.state IN ('pending', 'returned'))"
)


def install(connection: Connection) -> None:
    """Makes the triggers (again) in the connection's transaction; the tables must be there."""
    dialect, person = connection.dialect.name, "NEW.person_id"
    for statement in (
        *statements(dialect, "decisions", "decisions_same_case", _DECISION, "same_case", person, "INSERT"),
        *statements(dialect, "appointments", "appointments_same_case", _APPOINTMENT, "same_case", person, "INSERT"),
    ):
        connection.exec_driver_sql(statement)
