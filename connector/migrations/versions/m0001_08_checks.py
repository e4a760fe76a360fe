"""The tables of the room checks."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_08_checks"
down_revision = "0001_07_departures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _job_runs()
    _scan_runs()
    _password_notices()
    _scan_findings()


def _job_runs() -> None:
    op.create_table(
        "job_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("job", sa.String(length=48), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("job", "due_at", name=op.f("uq_job_runs_job_due_at")),
    )
    op.create_index("ix_job_runs_started_at", "job_runs", ["job", "started_at"], unique=False)


def _scan_runs() -> None:
    op.create_table(
        "scan_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("scan", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_runs")),
    )


def _password_notices() -> None:
    op.create_table(
        "password_notices",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("password_set_at", UtcDateTime(), nullable=False),
        sa.Column("days_left", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_password_notices_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "password_set_at", "days_left", name=op.f("pk_password_notices")),
    )


def _scan_findings() -> None:
    op.create_table(
        "scan_findings",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_scan_findings_account_id_accounts")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_scan_findings_request_id_requests")),
        sa.ForeignKeyConstraint(["run_id"], ["scan_runs.id"], name=op.f("fk_scan_findings_run_id_scan_runs")),
        sa.PrimaryKeyConstraint("run_id", "account_id", name=op.f("pk_scan_findings")),
    )
    op.create_index("ix_scan_findings_account", "scan_findings", ["account_id", "found_at"], unique=False)
    op.create_index(op.f("ix_scan_findings_request_id"), "scan_findings", ["request_id"], unique=False)
