"""The tables of the room conflicts: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0004_03_conflicts"
down_revision = "0004_02_scans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tender_projects()
    _conflict_exceptions()
    _conflict_findings()
    _tender_phases()
    _tender_assignments()


def _tender_projects() -> None:
    op.create_table(
        "tender_projects",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("bid_opening_at", UtcDateTime(), nullable=True),
        sa.Column("registered_by", sa.String(length=128), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_tender_projects_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_projects")),
        sa.UniqueConstraint("number", name=op.f("uq_tender_projects_number")),
    )
    op.create_index(op.f("ix_tender_projects_bid_opening_at"), "tender_projects", ["bid_opening_at"], unique=False)
    op.create_index(op.f("ix_tender_projects_unit_id"), "tender_projects", ["unit_id"], unique=False)


def _conflict_exceptions() -> None:
    op.create_table(
        "conflict_exceptions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("charges", sa.JSON(), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("approvers", sa.JSON(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_conflict_exceptions_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_exceptions")),
        sa.UniqueConstraint("number", name=op.f("uq_conflict_exceptions_number")),
        sa.UniqueConstraint("request_id", name=op.f("uq_conflict_exceptions_request_id")),
    )
    op.create_index(op.f("ix_conflict_exceptions_person_id"), "conflict_exceptions", ["person_id"], unique=False)
    op.create_index(op.f("ix_conflict_exceptions_until"), "conflict_exceptions", ["until"], unique=False)


def _conflict_findings() -> None:
    op.create_table(
        "conflict_findings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("charges", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=True),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_conflict_findings_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_findings")),
    )
    op.create_index(op.f("ix_conflict_findings_closed_at"), "conflict_findings", ["closed_at"], unique=False)
    op.create_index(
        "uq_conflict_findings_open",
        "conflict_findings",
        ["person_id", "key"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _tender_phases() -> None:
    op.create_table(
        "tender_phases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["tender_projects.id"], name=op.f("fk_tender_phases_project_id_tender_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_phases")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_tender_phases_project_id_name")),
    )
    op.create_index(op.f("ix_tender_phases_ends_at"), "tender_phases", ["ends_at"], unique=False)


def _tender_assignments() -> None:
    op.create_table(
        "tender_assignments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("phase_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("charge", sa.String(length=32), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_tender_assignments_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["phase_id"], ["tender_phases.id"], name=op.f("fk_tender_assignments_phase_id_tender_phases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_assignments")),
    )
    op.create_index(op.f("ix_tender_assignments_person_id"), "tender_assignments", ["person_id"], unique=False)
    op.create_index(op.f("ix_tender_assignments_phase_id"), "tender_assignments", ["phase_id"], unique=False)
    op.create_index(
        "uq_tender_assignments_open",
        "tender_assignments",
        ["phase_id", "person_id", "charge"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
