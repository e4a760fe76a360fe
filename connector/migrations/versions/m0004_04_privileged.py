"""The tables of the room privileged: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0004_04_privileged"
down_revision = "0004_03_conflicts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _privileged_boxes()
    _privileged_extensions()
    _privileged_notices()


def _privileged_boxes() -> None:
    op.create_table(
        "privileged_boxes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("keycloak_id", sa.String(length=64), nullable=True),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("granted_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_cause", sa.String(length=16), nullable=False),
        sa.Column("proved_at", UtcDateTime(), nullable=True),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("late_alarmed_at", UtcDateTime(), nullable=True),
        sa.Column("reviewer_id", sa.String(length=36), nullable=False),
        sa.Column("review_due_at", UtcDateTime(), nullable=True),
        sa.Column("overdue_at", UtcDateTime(), nullable=True),
        sa.Column("reviewed_at", UtcDateTime(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("report_digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_privileged_boxes_account_id_accounts")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_privileged_boxes_person_id_persons")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["persons.id"], name=op.f("fk_privileged_boxes_reviewer_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_privileged_boxes_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privileged_boxes")),
        sa.UniqueConstraint("number", name=op.f("uq_privileged_boxes_number")),
        sa.UniqueConstraint("request_id", name=op.f("uq_privileged_boxes_request_id")),
    )
    _privileged_boxes_indexes()


def _privileged_boxes_indexes() -> None:
    op.create_index(op.f("ix_privileged_boxes_account_id"), "privileged_boxes", ["account_id"], unique=False)
    op.create_index(op.f("ix_privileged_boxes_ends_at"), "privileged_boxes", ["ends_at"], unique=False)
    op.create_index(op.f("ix_privileged_boxes_person_id"), "privileged_boxes", ["person_id"], unique=False)
    op.create_index(op.f("ix_privileged_boxes_review_due_at"), "privileged_boxes", ["review_due_at"], unique=False)
    op.create_index(op.f("ix_privileged_boxes_reviewer_id"), "privileged_boxes", ["reviewer_id"], unique=False)
    op.create_index(op.f("ix_privileged_boxes_starts_at"), "privileged_boxes", ["starts_at"], unique=False)
    op.create_index(op.f("ix_privileged_boxes_state"), "privileged_boxes", ["state"], unique=False)
    op.create_index(
        "uq_privileged_boxes_running",
        "privileged_boxes",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _privileged_extensions() -> None:
    op.create_table(
        "privileged_extensions",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("box_id", sa.String(length=36), nullable=False),
        sa.Column("former_end", UtcDateTime(), nullable=False),
        sa.Column("new_end", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["box_id"], ["privileged_boxes.id"], name=op.f("fk_privileged_extensions_box_id_privileged_boxes")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_privileged_extensions")),
    )
    op.create_index(op.f("ix_privileged_extensions_box_id"), "privileged_extensions", ["box_id"], unique=False)


def _privileged_notices() -> None:
    op.create_table(
        "privileged_notices",
        sa.Column("box_id", sa.String(length=36), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["box_id"], ["privileged_boxes.id"], name=op.f("fk_privileged_notices_box_id_privileged_boxes")
        ),
        sa.PrimaryKeyConstraint("box_id", "ends_at", name=op.f("pk_privileged_notices")),
    )
