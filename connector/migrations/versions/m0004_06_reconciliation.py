"""The tables of the room reconciliation: fourth step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0004_06_reconciliation"
down_revision = "0004_05_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _subsystem_exports()
    _subsystem_holdings()
    _matrix_checks()
    _matrix_differences()


def _subsystem_exports() -> None:
    op.create_table(
        "subsystem_exports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("subsystem_id", sa.String(length=32), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("received_by", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subsystem_id"], ["subsystems.id"], name=op.f("fk_subsystem_exports_subsystem_id_subsystems")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsystem_exports")),
    )
    op.create_index("ix_subsystem_exports_newest", "subsystem_exports", ["subsystem_id", "taken_at"], unique=False)


def _subsystem_holdings() -> None:
    op.create_table(
        "subsystem_holdings",
        sa.Column("export_id", sa.String(length=36), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["subsystem_exports.id"], name=op.f("fk_subsystem_holdings_export_id_subsystem_exports")
        ),
        sa.PrimaryKeyConstraint("export_id", "user_name", "role", name=op.f("pk_subsystem_holdings")),
    )


def _matrix_checks() -> None:
    op.create_table(
        "matrix_checks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("by_unit", sa.JSON(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("excepted", sa.Integer(), nullable=False),
        sa.Column("unproved", sa.Integer(), nullable=False),
        sa.Column("without_table", sa.Integer(), nullable=False),
        sa.Column("exports", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliations.id"], name=op.f("fk_matrix_checks_run_id_reconciliations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matrix_checks")),
    )
    op.create_index(op.f("ix_matrix_checks_finished_at"), "matrix_checks", ["finished_at"], unique=False)


def _matrix_differences() -> None:
    op.create_table(
        "matrix_differences",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("permission", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("user_name", sa.String(length=255), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=True),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_matrix_differences_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["matrix_checks.id"], name=op.f("fk_matrix_differences_closed_by_matrix_checks")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_matrix_differences_request_id_requests")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_matrix_differences_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matrix_differences")),
    )
    op.create_index(op.f("ix_matrix_differences_account_id"), "matrix_differences", ["account_id"], unique=False)
    op.create_index("ix_matrix_differences_closed_at", "matrix_differences", ["closed_at", "kind"], unique=False)
    op.create_index(op.f("ix_matrix_differences_unit_id"), "matrix_differences", ["unit_id"], unique=False)
    op.create_index(
        "uq_matrix_differences_open",
        "matrix_differences",
        ["kind", "subject", "permission"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
