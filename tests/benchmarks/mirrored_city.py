"""A register with its mirror, filled by the database itself: as many accounts as asked for, ten events each."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from connector.migrations.every_table import metadata
from connector.storage.engine import Database

UNITS = 500
EVENTS_EACH = 10

# One in 200 is a zombie, one in 500 never used; one in 100 has a password that something is due for, and one in 50 has
# one that is older than the policy; one in 300 has no permission left, one in 1,000 is temporary, one in 20,000 a test.
FILL = (
    "INSERT INTO units (id, code, name, kind, path, address, belongs_to, contact_name, user_serial, registered_at)"
    " VALUES ('u0', 'jyzx', '中心', 'centre', '/jyzx/', '', '', '', 0, :now)",
    "INSERT INTO units (id, code, name, kind, parent_id, path, address, belongs_to, contact_name, user_serial,"
    " registered_at) SELECT 'u' || n, 'k' || n, '科' || n, 'department', 'u0', '/jyzx/k' || n || '/', '', '', '', 0,"
    " :now FROM generate_series(1, :units) n",
    "INSERT INTO persons (id, name, document_kind, document_sealed, document_digest, document_masked, phone_sealed,"
    " phone_digest, phone_masked, mail, unit_id, post, registered_at)"
    " SELECT 'p' || n, CASE WHEN n % 20000 = 7 THEN '测试' ELSE '王' END || n, 'other', '', 'd' || n, '', '', 'd' || n,"
    " '', 'p' || n || '@example.cn', 'u' || n % (:units + 1), '', :now FROM generate_series(1, :count) n",
    "INSERT INTO appointments (id, person_id, unit_id, office, valid_from, paper, made_by, made_at, confirmed_by,"
    " confirmed_at) SELECT 'o' || n, 'p' || (n + 1), 'u' || n, CASE n WHEN 0 THEN 'principal' ELSE 'unit_head' END,"
    " '2020-01-01', '', 'paper:1', :now, 'paper:2', :now FROM generate_series(0, :units) n",
    "INSERT INTO accounts (id, person_id, user_name, account_class, status, keycloak_id, opened_at, opened_by,"
    " purpose, valid_until)"
    " SELECT 'a' || n, 'p' || n, '371500-k1-' || n, 'ordinary', 'active', 'k' || n,"
    " CAST(:now AS timestamptz) - 800 * interval '1 day', 'paper:1',"
    " CASE WHEN n % 1000 = 3 THEN 'temporary' ELSE 'ordinary' END,"
    " CASE WHEN n % 1000 = 3 THEN CAST(:now AS timestamptz) - (n % 60 - 50) * interval '1 day' END"
    " FROM generate_series(1, :count) n",
    "INSERT INTO account_states (account_id, status, cause, since)"
    " SELECT id, 'active', 'grant', opened_at FROM accounts",
    "INSERT INTO subsystems (id, name) VALUES ('website', '网站系统')",
    "INSERT INTO permissions (id, subsystem_id, role, module, workflow_role, sensitive, clause)"
    " VALUES ('website:notice.editor', 'website', 'notice.editor', '公告', '编辑', false, '')",
    "INSERT INTO grants (account_id, permission_id, granted_by, since, until)"
    " SELECT id, 'website:notice.editor', 'paper:1', opened_at,"
    " CASE WHEN substr(id, 2)::int % 300 = 5 THEN CAST(:now AS timestamptz) - 200 * interval '1 day' END FROM accounts",
    "INSERT INTO account_activity (keycloak_id, last_used_at, last_login_at, password_set_at, password_evidence)"
    " SELECT 'k' || n,"
    " CAST(:now AS timestamptz) - CASE WHEN n % 200 = 0 THEN 400 ELSE n % 30 END * interval '1 day', NULL,"
    " CAST(:now AS timestamptz)"
    " - CASE WHEN n % 100 = 0 THEN 900 WHEN n % 50 = 0 THEN 70 ELSE n % 60 END * interval '1 day', 'event'"
    " FROM generate_series(1, :count) n WHERE n % 500 <> 1",
    "INSERT INTO password_policies (since, min_length, letters, digits, symbols)"
    " VALUES (CAST(:now AS timestamptz) - 65 * interval '1 day', 8, true, true, true)",
    "INSERT INTO ingestion_cursors (kind, covers_since, read_at)"
    " VALUES ('login', CAST(:now AS timestamptz) - 900 * interval '1 day', :now),"
    " ('admin', CAST(:now AS timestamptz) - 900 * interval '1 day', :now)",
    "INSERT INTO idp_events (id, kind, at, type, user_id, actor_id, client_id, ip, details)"
    " SELECT 'e' || m, CASE m % 10 WHEN 0 THEN 'admin' ELSE 'login' END,"
    " CAST(:now AS timestamptz) - (m % 7776000) * interval '1 second',"
    " CASE WHEN m % 100000 = 0 THEN 'CREATE:USER' WHEN m % 10 = 0 THEN 'UPDATE:USER' ELSE 'LOGIN' END,"
    " 'k' || (1 + m % :count), CASE m % 10 WHEN 0 THEN 'admin' END, 'website', '10.0.0.1', '{}'"
    " FROM generate_series(1, :events) m",
)


def fill(database: Database, now: datetime, accounts: int) -> None:
    """Makes the tables and their rows, and lets PostgreSQL look at them; `accounts` is at least UNITS + 1."""
    metadata.create_all(database.engine)
    known: dict[str, Any] = {"now": now, "count": accounts, "events": accounts * EVENTS_EACH, "units": UNITS}
    with database.session() as session:
        for statement in FILL:
            session.execute(text(statement), {name: known[name] for name in known if f":{name}" in statement})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
