"""The tables of the room reconciliation: third step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0003_07_reconciliation"
down_revision = "0003_06_provenance"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _reconciliations()
    _reconciliation_differences()


def _reconciliations() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("users", sa.Integer(), nullable=False),
        sa.Column("holdings", sa.Integer(), nullable=False),
        sa.Column("in_progress", sa.Integer(), nullable=False),
        sa.Column("sampled", sa.Integer(), nullable=False),
        sa.Column("sampled_to", sa.String(length=36), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("beyond", sa.Integer(), nullable=False),
        sa.Column("shut_out", sa.Integer(), nullable=False),
        sa.Column("excess", sa.JSON(), nullable=False),
        sa.Column("plan", sa.String(length=16), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=True),
        sa.Column("plan_refused_by", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_reconciliations_request_id_requests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index(op.f("ix_reconciliations_finished_at"), "reconciliations", ["finished_at"], unique=False)
    op.create_index(op.f("ix_reconciliations_request_id"), "reconciliations", ["request_id"], unique=False)


def _reconciliation_differences() -> None:
    op.create_table(
        "reconciliation_differences",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("keycloak_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_reconciliation_differences_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliations.id"], name=op.f("fk_reconciliation_differences_run_id_reconciliations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_differences")),
    )
    op.create_index("ix_reconciliation_differences_account", "reconciliation_differences", ["account_id"], unique=False)
    op.create_index(
        op.f("ix_reconciliation_differences_run_id"), "reconciliation_differences", ["run_id"], unique=False
    )
