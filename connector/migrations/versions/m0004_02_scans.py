"""The tables of the room scans: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0004_02_scans"
down_revision = "0004_01_register"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _scans()


def _scans() -> None:
    op.create_table(
        "scans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stage_id", sa.String(length=36), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("attached_by", sa.String(length=36), nullable=False),
        sa.Column("attached_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["attached_by"], ["persons.id"], name=op.f("fk_scans_attached_by_persons")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_scans_request_id_requests")),
        sa.ForeignKeyConstraint(["stage_id"], ["request_stages.id"], name=op.f("fk_scans_stage_id_request_stages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scans")),
        sa.UniqueConstraint("request_id", "version", "sha256", name=op.f("uq_scans_request_id_version_sha256")),
    )
    op.create_index(op.f("ix_scans_sha256"), "scans", ["sha256"], unique=False)
