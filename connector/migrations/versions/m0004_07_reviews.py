"""The tables of the room reviews: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0004_07_reviews"
down_revision = "0004_06_reconciliation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _filings()
    _inspection_numbers()
    _review_campaigns()
    _review_numbers()
    _inspections()
    _review_sheets()
    _corrections()
    _inspection_items()
    _self_checks()
    _review_subjects()
    _review_items()


def _filings() -> None:
    op.create_table(
        "filings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("archive", sa.LargeBinary(), nullable=False),
        sa.Column("manifest_hash", sa.String(length=64), nullable=False),
        sa.Column("prepared_by", sa.String(length=36), nullable=False),
        sa.Column("prepared_at", UtcDateTime(), nullable=False),
        sa.Column("signed_by", sa.String(length=36), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("filed_by", sa.String(length=128), nullable=False),
        sa.Column("filed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("signed_by IS NULL OR signed_by <> prepared_by", name=op.f("ck_filings_two_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filings")),
        sa.UniqueConstraint("number", name=op.f("uq_filings_number")),
        sa.UniqueConstraint("period", name=op.f("uq_filings_period")),
    )


def _inspection_numbers() -> None:
    op.create_table(
        "inspection_numbers",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_inspection_numbers")),
    )


def _review_campaigns() -> None:
    op.create_table(
        "review_campaigns",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=True),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("listed_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(length=128), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_campaigns")),
        sa.UniqueConstraint("number", name=op.f("uq_review_campaigns_number")),
        sa.UniqueConstraint("period", name=op.f("uq_review_campaigns_period")),
    )


def _review_numbers() -> None:
    op.create_table(
        "review_numbers",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_review_numbers")),
    )


def _inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("inspectors", sa.JSON(), nullable=False),
        sa.Column("algorithm", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("population", sa.JSON(), nullable=False),
        sa.Column("population_hash", sa.String(length=64), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("checkpoint", sa.String(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("drawn_at", UtcDateTime(), nullable=True),
        sa.Column("reported_by", sa.String(length=128), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=True),
        sa.Column("conclusion", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_inspections_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
        sa.UniqueConstraint("number", name=op.f("uq_inspections_number")),
    )


def _review_sheets() -> None:
    op.create_table(
        "review_sheets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("raised_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["review_campaigns.id"], name=op.f("fk_review_sheets_campaign_id_review_campaigns")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_review_sheets_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_sheets")),
        sa.UniqueConstraint("campaign_id", "unit_id", name=op.f("uq_review_sheets_campaign_id_unit_id")),
    )
    op.create_index(op.f("ix_review_sheets_campaign_id"), "review_sheets", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_review_sheets_unit_id"), "review_sheets", ["unit_id"], unique=False)


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("item", sa.String(length=160), nullable=False),
        sa.Column("finding", sa.String(length=500), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("responsible_id", sa.String(length=36), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("clause", sa.String(length=32), nullable=False),
        sa.Column("opened_by", sa.String(length=36), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("done_note", sa.String(length=500), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("checked_by", sa.String(length=36), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("overdue_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["checked_by"], ["persons.id"], name=op.f("fk_corrections_checked_by_persons")),
        sa.ForeignKeyConstraint(["responsible_id"], ["persons.id"], name=op.f("fk_corrections_responsible_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_corrections_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_responsible_id"), "corrections", ["responsible_id"], unique=False)
    op.create_index("ix_corrections_source", "corrections", ["source", "source_id"], unique=False)
    op.create_index("ix_corrections_state", "corrections", ["state"], unique=False)
    op.create_index(op.f("ix_corrections_unit_id"), "corrections", ["unit_id"], unique=False)


def _inspection_items() -> None:
    op.create_table(
        "inspection_items",
        sa.Column("inspection_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("finding", sa.String(length=500), nullable=False),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["persons.id"], name=op.f("fk_inspection_items_answered_by_persons")),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_inspection_items_inspection_id_inspections")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_inspection_items_unit_id_units")),
        sa.PrimaryKeyConstraint("inspection_id", "key", name=op.f("pk_inspection_items")),
    )


def _self_checks() -> None:
    op.create_table(
        "self_checks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("checklist", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("signed_by", sa.String(length=36), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["signed_by"], ["persons.id"], name=op.f("fk_self_checks_signed_by_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_self_checks_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_checks")),
        sa.UniqueConstraint("checklist", "unit_id", "period", name=op.f("uq_self_checks_checklist_unit_id_period")),
    )


def _review_subjects() -> None:
    op.create_table(
        "review_subjects",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("sheet_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("answered_as", sa.String(length=32), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("problem", sa.String(length=48), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_review_subjects_account_id_accounts")),
        sa.ForeignKeyConstraint(["answered_by"], ["persons.id"], name=op.f("fk_review_subjects_answered_by_persons")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_review_subjects_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["review_sheets.id"], name=op.f("fk_review_subjects_sheet_id_review_sheets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_subjects")),
        sa.UniqueConstraint("sheet_id", "account_id", name=op.f("uq_review_subjects_sheet_id_account_id")),
    )
    op.create_index(op.f("ix_review_subjects_account_id"), "review_subjects", ["account_id"], unique=False)
    op.create_index(op.f("ix_review_subjects_request_id"), "review_subjects", ["request_id"], unique=False)


def _review_items() -> None:
    op.create_table(
        "review_items",
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("permission_id", sa.String(length=96), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("granted_by", sa.String(length=64), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("excess", sa.Boolean(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("unknown", sa.String(length=24), nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission_id"], ["permissions.id"], name=op.f("fk_review_items_permission_id_permissions")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["review_subjects.id"], name=op.f("fk_review_items_subject_id_review_subjects")
        ),
        sa.PrimaryKeyConstraint("subject_id", "permission_id", name=op.f("pk_review_items")),
    )
