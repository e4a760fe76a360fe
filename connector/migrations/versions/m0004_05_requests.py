"""The tables of the room requests: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.requests import triggers as requests_triggers
from connector.storage.tables import UtcDateTime

revision = "0004_05_requests"
down_revision = "0004_04_privileged"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _decisions()
    _request_batch_numbers()
    _vacancies()
    _request_batches()
    _request_batch_lines()
    _stage_alternates()
    _entitlement_overrides()
    _verifications()
    requests_triggers.install(op.get_bind())


def _request_batch_numbers() -> None:
    op.create_table(
        "request_batch_numbers",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_request_batch_numbers")),
    )


def _vacancies() -> None:
    op.create_table(
        "vacancies",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("office", sa.String(length=32), nullable=False),
        sa.Column("problem", sa.String(length=24), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_vacancies_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vacancies")),
    )
    op.create_index(
        "uq_vacancies_open",
        "vacancies",
        ["unit_id", "office", "problem"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )


def _request_batches() -> None:
    op.create_table(
        "request_batches",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("applicant_id", sa.String(length=36), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["applicant_id"], ["persons.id"], name=op.f("fk_request_batches_applicant_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_batches")),
        sa.UniqueConstraint("content", "times", name=op.f("uq_request_batches_content_times")),
        sa.UniqueConstraint("number", name=op.f("uq_request_batches_number")),
    )
    op.create_index(op.f("ix_request_batches_applicant_id"), "request_batches", ["applicant_id"], unique=False)


def _request_batch_lines() -> None:
    op.create_table(
        "request_batch_lines",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["request_batches.id"], name=op.f("fk_request_batch_lines_batch_id_request_batches")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_batch_lines_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_request_batch_lines")),
        sa.UniqueConstraint("request_id", name=op.f("uq_request_batch_lines_request_id")),
    )


def _stage_alternates() -> None:
    op.create_table(
        "stage_alternates",
        sa.Column("stage_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("office", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_stage_alternates_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["request_stages.id"], name=op.f("fk_stage_alternates_stage_id_request_stages")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_stage_alternates_unit_id_units")),
        sa.PrimaryKeyConstraint("stage_id", "person_id", name=op.f("pk_stage_alternates")),
    )
    op.create_index(op.f("ix_stage_alternates_person_id"), "stage_alternates", ["person_id"], unique=False)


def _entitlement_overrides() -> None:
    op.create_table(
        "entitlement_overrides",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.Column("matrix_id", sa.String(length=36), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("post_unknown", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name=op.f("fk_entitlement_overrides_decision_id_decisions")
        ),
        sa.ForeignKeyConstraint(
            ["matrix_id"], ["matrices.id"], name=op.f("fk_entitlement_overrides_matrix_id_matrices")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_entitlement_overrides_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_entitlement_overrides_request_id_requests")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_entitlement_overrides_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement_overrides")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_entitlement_overrides_decision_id")),
    )
    op.create_index(op.f("ix_entitlement_overrides_at"), "entitlement_overrides", ["at"], unique=False)
    op.create_index(op.f("ix_entitlement_overrides_request_id"), "entitlement_overrides", ["request_id"], unique=False)
    op.create_index(op.f("ix_entitlement_overrides_unit_id"), "entitlement_overrides", ["unit_id"], unique=False)


def _verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("decision_id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_verifications_decision_id_decisions")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_verifications_request_id_requests")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_verifications")),
    )
    op.create_index(op.f("ix_verifications_request_id"), "verifications", ["request_id"], unique=False)


def _decisions() -> None:
    """Before the tables that refer to it: SQLite makes it anew, and drops the former one."""
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("capacity", sa.String(length=16), server_default="holder", nullable=False))
        table.add_column(sa.Column("stands_for_id", sa.String(length=36)))
        table.add_column(sa.Column("deputy_row_id", sa.String(length=36)))
        table.add_column(sa.Column("via_office", sa.String(length=32), server_default="", nullable=False))
        table.create_check_constraint(
            op.f("ck_decisions_deputy_named"), "(stands_for_id IS NULL) = (deputy_row_id IS NULL)"
        )
        table.create_check_constraint(
            op.f("ck_decisions_deputy_capacity"), "(capacity = 'deputy') = (stands_for_id IS NOT NULL)"
        )
        table.create_check_constraint(
            op.f("ck_decisions_two_names"), "stands_for_id IS NULL OR stands_for_id <> person_id"
        )
        table.create_foreign_key(op.f("fk_decisions_stands_for_id_persons"), "persons", ["stands_for_id"], ["id"])
        table.create_foreign_key(op.f("fk_decisions_deputy_row_id_deputies"), "deputies", ["deputy_row_id"], ["id"])
        table.create_foreign_key(
            op.f("fk_decisions_stands_for_participants"),
            "request_participants",
            ["request_id", "version", "stands_for_id"],
            ["request_id", "version", "person_id"],
        )
    op.create_index(op.f("ix_decisions_stands_for_id"), "decisions", ["stands_for_id"], unique=False)
