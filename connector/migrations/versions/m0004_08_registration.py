"""The tables of the room registration: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0004_08_registration"
down_revision = "0004_07_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _contact_changes()
    _unit_duties()
    _handover_items()
    _handover_signatures()
    _mismatch_cases()
    _corrected_particulars()


def _contact_changes() -> None:
    op.create_table(
        "contact_changes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("giver_id", sa.String(length=36), nullable=True),
        sa.Column("taker_id", sa.String(length=36), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("announced_by", sa.String(length=128), nullable=False),
        sa.Column("announced_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=True),
        sa.Column("overdue_at", UtcDateTime(), nullable=True),
        sa.Column("filed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "giver_id IS NULL OR taker_id IS NULL OR giver_id <> taker_id", name=op.f("ck_contact_changes_two_people")
        ),
        sa.ForeignKeyConstraint(["giver_id"], ["persons.id"], name=op.f("fk_contact_changes_giver_id_persons")),
        sa.ForeignKeyConstraint(["taker_id"], ["persons.id"], name=op.f("fk_contact_changes_taker_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_contact_changes_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_changes")),
    )
    op.create_index(op.f("ix_contact_changes_state"), "contact_changes", ["state"], unique=False)
    op.create_index(op.f("ix_contact_changes_unit_id"), "contact_changes", ["unit_id"], unique=False)
    op.create_index(
        "uq_contact_changes_open",
        "contact_changes",
        ["unit_id", "duty"],
        unique=True,
        sqlite_where=sa.text("state = 'announced'"),
        postgresql_where=sa.text("state = 'announced'"),
    )


def _unit_duties() -> None:
    op.create_table(
        "unit_duties",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_unit_duties_person_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_duties_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_duties")),
    )
    op.create_index(op.f("ix_unit_duties_person_id"), "unit_duties", ["person_id"], unique=False)
    op.create_index(op.f("ix_unit_duties_unit_id"), "unit_duties", ["unit_id"], unique=False)
    op.create_index(
        "uq_unit_duties_open",
        "unit_duties",
        ["unit_id", "duty"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _handover_items() -> None:
    op.create_table(
        "handover_items",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.String(length=128), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["contact_changes.id"], name=op.f("fk_handover_items_change_id_contact_changes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_items")),
    )
    op.create_index(op.f("ix_handover_items_change_id"), "handover_items", ["change_id"], unique=False)


def _handover_signatures() -> None:
    op.create_table(
        "handover_signatures",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("signed_by", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "signed_by = person_id OR length(reason) >= 4", name=op.f("ck_handover_signatures_reason_of_another")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["contact_changes.id"], name=op.f("fk_handover_signatures_change_id_contact_changes")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_handover_signatures_person_id_persons")),
        sa.ForeignKeyConstraint(["signed_by"], ["persons.id"], name=op.f("fk_handover_signatures_signed_by_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_signatures")),
    )
    op.create_index(op.f("ix_handover_signatures_change_id"), "handover_signatures", ["change_id"], unique=False)
    op.create_index("uq_handover_signatures", "handover_signatures", ["change_id", "side", "digest"], unique=True)


def _mismatch_cases() -> None:
    op.create_table(
        "mismatch_cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opener_id", sa.String(length=36), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("clause", sa.String(length=32), nullable=False),
        sa.Column("mailed", sa.Integer(), nullable=False),
        sa.Column("suspend_request_id", sa.String(length=36), nullable=True),
        sa.Column("enable_request_id", sa.String(length=36), nullable=True),
        sa.Column("cancel_request_id", sa.String(length=36), nullable=True),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("rectified_at", UtcDateTime(), nullable=True),
        sa.Column("overdue_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_mismatch_cases_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["cancel_request_id"], ["requests.id"], name=op.f("fk_mismatch_cases_cancel_request_id_requests")
        ),
        sa.ForeignKeyConstraint(
            ["enable_request_id"], ["requests.id"], name=op.f("fk_mismatch_cases_enable_request_id_requests")
        ),
        sa.ForeignKeyConstraint(["opener_id"], ["persons.id"], name=op.f("fk_mismatch_cases_opener_id_persons")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_mismatch_cases_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["suspend_request_id"], ["requests.id"], name=op.f("fk_mismatch_cases_suspend_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mismatch_cases")),
    )
    _mismatch_cases_indexes()


def _mismatch_cases_indexes() -> None:
    op.create_index(op.f("ix_mismatch_cases_due_at"), "mismatch_cases", ["due_at"], unique=False)
    op.create_index(op.f("ix_mismatch_cases_person_id"), "mismatch_cases", ["person_id"], unique=False)
    op.create_index(
        "uq_mismatch_cases_open",
        "mismatch_cases",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _corrected_particulars() -> None:
    op.create_table(
        "corrected_particulars",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sent_by", sa.String(length=36), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verified_by", sa.String(length=36), nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("compared", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "verified_by IS NULL OR verified_by <> sent_by", name=op.f("ck_corrected_particulars_another_verifies")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["mismatch_cases.id"], name=op.f("fk_corrected_particulars_case_id_mismatch_cases")
        ),
        sa.ForeignKeyConstraint(["sent_by"], ["persons.id"], name=op.f("fk_corrected_particulars_sent_by_persons")),
        sa.ForeignKeyConstraint(
            ["verified_by"], ["persons.id"], name=op.f("fk_corrected_particulars_verified_by_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrected_particulars")),
    )
    op.create_index(op.f("ix_corrected_particulars_case_id"), "corrected_particulars", ["case_id"], unique=False)
    op.create_index(
        "uq_corrected_particulars_waiting",
        "corrected_particulars",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
