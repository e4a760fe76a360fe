"""The tables of the room register: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.register import triggers
from connector.storage.tables import UtcDateTime

revision = "0004_01_register"
down_revision = "0003_07_reconciliation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _matrix_drafts()
    _unit_spans()
    _absences()
    _person_documents()
    _person_spans()
    _administrator_reports()
    _deputies()
    _unit_plans()
    _matrix_lines()
    _units()
    triggers.install(op.get_bind())


def _matrix_drafts() -> None:
    op.create_table(
        "matrix_drafts",
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("edited_by", sa.String(length=128), nullable=False),
        sa.Column("edited_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_matrix_drafts_unit_id_units")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_matrix_drafts")),
    )


def _unit_spans() -> None:
    op.create_table(
        "unit_spans",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_spans_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_spans")),
    )
    op.create_index(op.f("ix_unit_spans_unit_id"), "unit_spans", ["unit_id"], unique=False)


def _absences() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("noted_by", sa.String(length=36), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_absences_days")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_absences_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index(op.f("ix_absences_person_id"), "absences", ["person_id"], unique=False)


def _person_documents() -> None:
    op.create_table(
        "person_documents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("masked", sa.String(length=32), nullable=False),
        sa.Column("added_by", sa.String(length=128), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("void_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_documents_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_documents")),
    )
    op.create_index(op.f("ix_person_documents_person_id"), "person_documents", ["person_id"], unique=False)
    op.create_index(
        "uq_person_documents_digest",
        "person_documents",
        ["digest"],
        unique=True,
        sqlite_where=sa.text("void_at IS NULL"),
        postgresql_where=sa.text("void_at IS NULL"),
    )
    # Whoever is registered already is known by that document. It was sealed for the person, so it opens here as well.
    op.execute(
        "INSERT INTO person_documents (id, person_id, kind, sealed, digest, masked, added_by, added_at) "
        "SELECT id, id, document_kind, document_sealed, document_digest, document_masked, 'migration', registered_at "
        "FROM persons"
    )


def _person_spans() -> None:
    op.create_table(
        "person_spans",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_spans_person_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_person_spans_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_spans")),
    )
    op.create_index(op.f("ix_person_spans_person_id"), "person_spans", ["person_id"], unique=False)


def _administrator_reports() -> None:
    op.create_table(
        "administrator_reports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("appointment_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("level_id", sa.String(length=36), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=36), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_administrator_reports_appointment_id_appointments")
        ),
        sa.ForeignKeyConstraint(["level_id"], ["units.id"], name=op.f("fk_administrator_reports_level_id_units")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_administrator_reports_person_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_administrator_reports_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administrator_reports")),
        sa.UniqueConstraint("appointment_id", "what", name=op.f("uq_administrator_reports_appointment_id_what")),
    )
    op.create_index(
        "ix_administrator_reports_level", "administrator_reports", ["level_id", "acknowledged_at"], unique=False
    )
    op.create_index(op.f("ix_administrator_reports_person_id"), "administrator_reports", ["person_id"], unique=False)


def _deputies() -> None:
    op.create_table(
        "deputies",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("appointment_id", sa.String(length=36), nullable=False),
        sa.Column("holder_id", sa.String(length=36), nullable=False),
        sa.Column("deputy_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("made_by", sa.String(length=36), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=36), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_cause", sa.String(length=24), nullable=False),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by = holder_id AND made_by = holder_id"
            " OR confirmed_by <> made_by AND confirmed_by <> deputy_id AND confirmed_by <> holder_id",
            name=op.f("ck_deputies_two_people"),
        ),
        sa.CheckConstraint("deputy_id <> holder_id", name=op.f("ck_deputies_not_himself")),
        sa.CheckConstraint("made_by <> deputy_id", name=op.f("ck_deputies_not_made_by_deputy")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_deputies_days")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_deputies_appointment_id_appointments")
        ),
        sa.ForeignKeyConstraint(["deputy_id"], ["persons.id"], name=op.f("fk_deputies_deputy_id_persons")),
        sa.ForeignKeyConstraint(["holder_id"], ["persons.id"], name=op.f("fk_deputies_holder_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
    )
    op.create_index(op.f("ix_deputies_appointment_id"), "deputies", ["appointment_id"], unique=False)
    op.create_index(op.f("ix_deputies_deputy_id"), "deputies", ["deputy_id"], unique=False)
    op.create_index(op.f("ix_deputies_holder_id"), "deputies", ["holder_id"], unique=False)
    op.create_index("ix_deputies_open", "deputies", ["deputy_id", "ended_at"], unique=False)


def _unit_plans() -> None:
    op.create_table(
        "unit_plans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_unit_plans_request_id_requests")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_plans_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_plans")),
    )
    op.create_index(op.f("ix_unit_plans_request_id"), "unit_plans", ["request_id"], unique=False)
    op.create_index(op.f("ix_unit_plans_state"), "unit_plans", ["state"], unique=False)
    op.create_index(op.f("ix_unit_plans_unit_id"), "unit_plans", ["unit_id"], unique=False)
    op.create_index(
        "uq_unit_plans_open",
        "unit_plans",
        ["unit_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('asked', 'approved')"),
        postgresql_where=sa.text("state IN ('asked', 'approved')"),
    )


def _matrix_lines() -> None:
    op.add_column("matrix_lines", sa.Column("note", sa.String(length=200), server_default="", nullable=False))


def _units() -> None:
    op.add_column("units", sa.Column("closed_at", UtcDateTime(), nullable=True))
    # Written out: SQLite takes a reference with a new column, and never afterwards.
    op.execute(
        "ALTER TABLE units ADD COLUMN closed_into_id VARCHAR(36) "
        "CONSTRAINT fk_units_closed_into_id_units REFERENCES units (id)"
    )
