"""The tables of the room register: third step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0003_01_register"
down_revision = "0002_06_pages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _matrices()
    _matrix_lines()
    _accounts()
    _grants()


def _matrices() -> None:
    op.create_table(
        "matrices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("adopted_by", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_matrices_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matrices")),
        sa.UniqueConstraint("unit_id", "version", name=op.f("uq_matrices_unit_id_version")),
    )
    op.create_index(op.f("ix_matrices_unit_id"), "matrices", ["unit_id"], unique=False)
    op.create_index(
        "uq_matrices_open",
        "matrices",
        ["unit_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _matrix_lines() -> None:
    op.create_table(
        "matrix_lines",
        sa.Column("matrix_id", sa.String(length=36), nullable=False),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.Column("permission_id", sa.String(length=96), nullable=False),
        sa.ForeignKeyConstraint(["matrix_id"], ["matrices.id"], name=op.f("fk_matrix_lines_matrix_id_matrices")),
        sa.ForeignKeyConstraint(
            ["permission_id"], ["permissions.id"], name=op.f("fk_matrix_lines_permission_id_permissions")
        ),
        sa.PrimaryKeyConstraint("matrix_id", "post", "permission_id", name=op.f("pk_matrix_lines")),
    )


def _accounts() -> None:
    op.add_column("accounts", sa.Column("purpose", sa.String(length=16), server_default="ordinary", nullable=False))
    op.add_column("accounts", sa.Column("valid_until", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_accounts_valid_until"), "accounts", ["valid_until"], unique=False)


def _grants() -> None:
    op.create_index(
        "ix_grants_permission",
        "grants",
        ["permission_id", "account_id"],
        unique=False,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
