"""The tables of the room incidents: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0004_09_incidents"
down_revision = "0004_08_registration"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _incident_numbers()
    _alarms()
    _console_administrators()
    _alarm_entries()
    _incident_cases()
    _incident_answers()
    _incident_created()
    _incident_outcomes()
    _incident_reports()
    _sanctions()


def _incident_numbers() -> None:
    op.create_table(
        "incident_numbers",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_incident_numbers")),
    )


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.Column("escalation_told_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=36), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["persons.id"], name=op.f("fk_alarms_acknowledged_by_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_last_at"), "alarms", ["last_at"], unique=False)
    op.create_index(
        "uq_alarms_open",
        "alarms",
        ["event", "subject"],
        unique=True,
        sqlite_where=sa.text("acknowledged_at IS NULL"),
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )


def _console_administrators() -> None:
    op.create_table(
        "console_administrators",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=True),
        sa.Column("registered_by", sa.String(length=128), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_console_administrators_person_id_persons")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_console_administrators")),
    )


def _alarm_entries() -> None:
    op.create_table(
        "alarm_entries",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_entries_alarm_id_alarms")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_alarm_entries")),
    )
    op.create_index(op.f("ix_alarm_entries_alarm_id"), "alarm_entries", ["alarm_id"], unique=False)


def _incident_cases() -> None:
    op.create_table(
        "incident_cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("article", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("console_ids", sa.JSON(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("tree", sa.JSON(), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opener_id", sa.String(length=36), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("freeze_order_id", sa.String(length=36), nullable=True),
        sa.Column("reported_to", sa.String(length=128), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=True),
        sa.Column("receipt", sa.String(length=128), nullable=False),
        sa.Column("reporter_id", sa.String(length=36), nullable=True),
        sa.Column("traced_at", UtcDateTime(), nullable=False),
        sa.Column("closed_by", sa.String(length=36), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "opener_id IS NULL OR opener_id <> person_id", name=op.f("ck_incident_cases_not_the_subject")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_incident_cases_account_id_accounts")),
        sa.ForeignKeyConstraint(["closed_by"], ["persons.id"], name=op.f("fk_incident_cases_closed_by_persons")),
        sa.ForeignKeyConstraint(
            ["freeze_order_id"], ["freeze_orders.id"], name=op.f("fk_incident_cases_freeze_order_id_freeze_orders")
        ),
        sa.ForeignKeyConstraint(["opener_id"], ["persons.id"], name=op.f("fk_incident_cases_opener_id_persons")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_incident_cases_person_id_persons")),
        sa.ForeignKeyConstraint(["reporter_id"], ["persons.id"], name=op.f("fk_incident_cases_reporter_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_incident_cases_number")),
    )
    _incident_cases_indexes()


def _incident_cases_indexes() -> None:
    op.create_index(op.f("ix_incident_cases_account_id"), "incident_cases", ["account_id"], unique=False)
    op.create_index(op.f("ix_incident_cases_person_id"), "incident_cases", ["person_id"], unique=False)
    op.create_index(
        "uq_incident_cases_open",
        "incident_cases",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _incident_answers() -> None:
    op.create_table(
        "incident_answers",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("clause", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["incident_cases.id"], name=op.f("fk_incident_answers_case_id_incident_cases")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_incident_answers_person_id_persons")),
        sa.PrimaryKeyConstraint("case_id", "question", name=op.f("pk_incident_answers")),
    )


def _incident_created() -> None:
    op.create_table(
        "incident_created",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("found_in", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_incident_created_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["incident_cases.id"], name=op.f("fk_incident_created_case_id_incident_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", "key", name=op.f("pk_incident_created")),
    )
    op.create_index(op.f("ix_incident_created_account_id"), "incident_created", ["account_id"], unique=False)


def _incident_outcomes() -> None:
    op.create_table(
        "incident_outcomes",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("receipt", sa.String(length=128), nullable=False),
        sa.Column("told_by", sa.String(length=36), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["incident_cases.id"], name=op.f("fk_incident_outcomes_case_id_incident_cases")
        ),
        sa.ForeignKeyConstraint(["told_by"], ["persons.id"], name=op.f("fk_incident_outcomes_told_by_persons")),
        sa.PrimaryKeyConstraint("case_id", "outcome", name=op.f("pk_incident_outcomes")),
    )


def _incident_reports() -> None:
    op.create_table(
        "incident_reports",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("cause", sa.String(length=4000), nullable=False),
        sa.Column("consequences", sa.String(length=4000), nullable=False),
        sa.Column("corrections", sa.String(length=4000), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("writer_id", sa.String(length=36), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("signer_id", sa.String(length=36), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("signer_id IS NULL OR signer_id <> writer_id", name=op.f("ck_incident_reports_two_people")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["incident_cases.id"], name=op.f("fk_incident_reports_case_id_incident_cases")
        ),
        sa.ForeignKeyConstraint(["signer_id"], ["persons.id"], name=op.f("fk_incident_reports_signer_id_persons")),
        sa.ForeignKeyConstraint(["writer_id"], ["persons.id"], name=op.f("fk_incident_reports_writer_id_persons")),
        sa.PrimaryKeyConstraint("case_id", "version", name=op.f("pk_incident_reports")),
    )


def _sanctions() -> None:
    op.create_table(
        "sanctions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("violation", sa.String(length=500), nullable=False),
        sa.Column("impact", sa.String(length=32), nullable=False),
        sa.Column("counted_as", sa.String(length=32), nullable=False),
        sa.Column("earlier", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=8), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(length=32), nullable=False),
        sa.Column("proposed_by", sa.String(length=36), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("term_ends_at", UtcDateTime(), nullable=False),
        sa.Column("informed_at", UtcDateTime(), nullable=True),
        sa.Column("informed_by", sa.String(length=128), nullable=False),
        sa.Column("informed_receipt", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sanctions_account_id_accounts")),
        sa.ForeignKeyConstraint(["proposed_by"], ["persons.id"], name=op.f("fk_sanctions_proposed_by_persons")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_sanctions_request_id_requests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanctions")),
        sa.UniqueConstraint("request_id", name=op.f("uq_sanctions_request_id")),
    )
    op.create_index(op.f("ix_sanctions_account_id"), "sanctions", ["account_id"], unique=False)
