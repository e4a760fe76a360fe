"""The tables of the room departures."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_07_departures"
down_revision = "0001_06_activity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _directory_people()
    _directory_reads()
    _departure_cases()
    _departure_plans()


def _directory_people() -> None:
    op.create_table(
        "directory_people",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("dn_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("departed", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("missing_since", UtcDateTime(), nullable=True),
        sa.Column("reads_missing", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_directory_people")),
    )


def _directory_reads() -> None:
    op.create_table(
        "directory_reads",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_reads")),
    )
    op.create_index(op.f("ix_directory_reads_read_at"), "directory_reads", ["read_at"], unique=False)


def _departure_cases() -> None:
    op.create_table(
        "departure_cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("frozen_at", UtcDateTime(), nullable=True),
        sa.Column("form_due_at", UtcDateTime(), nullable=False),
        sa.Column("form_request_id", sa.String(length=36), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_departure_cases_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["form_request_id"], ["requests.id"], name=op.f("fk_departure_cases_form_request_id_requests")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_departure_cases_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure_cases")),
    )
    op.create_index(op.f("ix_departure_cases_account_id"), "departure_cases", ["account_id"], unique=False)
    op.create_index(op.f("ix_departure_cases_form_due_at"), "departure_cases", ["form_due_at"], unique=False)
    op.create_index(op.f("ix_departure_cases_person_id"), "departure_cases", ["person_id"], unique=False)
    op.create_index(
        "uq_departure_cases_open",
        "departure_cases",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _departure_plans() -> None:
    op.create_table(
        "departure_plans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_departure_plans_request_id_requests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure_plans")),
    )
    op.create_index(op.f("ix_departure_plans_hash"), "departure_plans", ["hash"], unique=False)
    op.create_index(op.f("ix_departure_plans_made_at"), "departure_plans", ["made_at"], unique=False)
    op.create_index(op.f("ix_departure_plans_state"), "departure_plans", ["state"], unique=False)
