"""The tables of the room requests."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_05_requests"
down_revision = "0001_04_provisioning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _request_numbers()
    _requests()
    _request_participants()
    _request_stages()
    _request_versions()
    _decisions()


def _request_numbers() -> None:
    op.create_table(
        "request_numbers",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_request_numbers")),
    )


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=True),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("applicant_id", sa.String(length=36), nullable=True),
        sa.Column("submitted_by", sa.String(length=128), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_requests_account_id_accounts")),
        sa.ForeignKeyConstraint(["applicant_id"], ["persons.id"], name=op.f("fk_requests_applicant_id_persons")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_requests_person_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_requests_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_requests_number")),
    )
    op.create_index(op.f("ix_requests_account_id"), "requests", ["account_id"], unique=False)
    op.create_index(op.f("ix_requests_applicant_id"), "requests", ["applicant_id"], unique=False)
    op.create_index(op.f("ix_requests_person_id"), "requests", ["person_id"], unique=False)
    op.create_index("ix_requests_state_due_at", "requests", ["state", "due_at"], unique=False)
    op.create_index(op.f("ix_requests_unit_id"), "requests", ["unit_id"], unique=False)
    op.create_index(
        "uq_requests_open_person",
        "requests",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('pending','returned') AND person_id IS NOT NULL"),
        postgresql_where=sa.text("state IN ('pending','returned') AND person_id IS NOT NULL"),
    )


def _request_participants() -> None:
    op.create_table(
        "request_participants",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_request_participants_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_participants_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", "version", "person_id", name=op.f("pk_request_participants")),
    )


def _request_stages() -> None:
    op.create_table(
        "request_stages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("office", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("overdue_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_request_stages_request_id_requests")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_request_stages_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_stages")),
        sa.UniqueConstraint(
            "request_id", "version", "position", name=op.f("uq_request_stages_request_id_version_position")
        ),
    )
    op.create_index("ix_request_stages_office", "request_stages", ["unit_id", "office", "state"], unique=False)
    op.create_index("ix_request_stages_state_due_at", "request_stages", ["state", "due_at"], unique=False)


def _request_versions() -> None:
    op.create_table(
        "request_versions",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("submitted_by", sa.String(length=128), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_request_versions_request_id_requests")),
        sa.PrimaryKeyConstraint("request_id", "version", name=op.f("pk_request_versions")),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stage_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_decisions_person_id_persons")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_decisions_request_id_requests")),
        sa.ForeignKeyConstraint(["stage_id"], ["request_stages.id"], name=op.f("fk_decisions_stage_id_request_stages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("stage_id", name=op.f("uq_decisions_stage_id")),
    )
    op.create_index(op.f("ix_decisions_person_id"), "decisions", ["person_id"], unique=False)
    op.create_index(op.f("ix_decisions_request_id"), "decisions", ["request_id"], unique=False)
