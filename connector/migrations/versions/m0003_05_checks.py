"""The tables of the room checks: third step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0003_05_checks"
down_revision = "0003_04_departures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _job_schedule()
    _password_policies()
    _expiry_notices()
    _weak_password_warnings()
    _weak_passwords()
    _scan_findings()
    _scan_runs()


def _job_schedule() -> None:
    op.create_table(
        "job_schedule",
        sa.Column("job", sa.String(length=48), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("when_zh", sa.String(length=64), nullable=False),
        sa.Column("when_en", sa.String(length=64), nullable=False),
        sa.Column("does_zh", sa.String(length=255), nullable=False),
        sa.Column("does_en", sa.String(length=255), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("span_seconds", sa.Integer(), nullable=False),
        sa.Column("listed_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ran_at", UtcDateTime(), nullable=True),
        sa.Column("ran_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_schedule")),
    )


def _password_policies() -> None:
    op.create_table(
        "password_policies",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("min_length", sa.Integer(), nullable=False),
        sa.Column("letters", sa.Boolean(), nullable=False),
        sa.Column("digits", sa.Boolean(), nullable=False),
        sa.Column("symbols", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_policies")),
    )


def _expiry_notices() -> None:
    op.create_table(
        "expiry_notices",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=False),
        sa.Column("days_left", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_expiry_notices_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "valid_until", "days_left", name=op.f("pk_expiry_notices")),
    )


def _weak_password_warnings() -> None:
    op.create_table(
        "weak_password_warnings",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("concerns", UtcDateTime(), nullable=False),
        sa.Column("warned_at", UtcDateTime(), nullable=False),
        sa.Column("told", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_weak_password_warnings_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "concerns", name=op.f("pk_weak_password_warnings")),
    )


def _weak_passwords() -> None:
    op.create_table(
        "weak_passwords",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("flagged_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("flagged_by", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_weak_passwords_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_weak_passwords")),
    )
    op.create_index(op.f("ix_weak_passwords_flagged_at"), "weak_passwords", ["flagged_at"], unique=False)


def _scan_findings() -> None:
    op.execute("UPDATE scan_findings SET state = 'disabled' WHERE state = 'decided'")
    op.create_index(
        "ix_scan_findings_proposed",
        "scan_findings",
        ["request_id"],
        unique=False,
        sqlite_where=sa.text("state = 'proposed'"),
        postgresql_where=sa.text("state = 'proposed'"),
    )


def _scan_runs() -> None:
    op.add_column("scan_runs", sa.Column("left", sa.Integer(), server_default="0", nullable=False))
    # Written out: SQLite takes a reference with a new column, and never afterwards.
    op.execute(
        "ALTER TABLE scan_runs ADD COLUMN request_id VARCHAR(36) "
        "CONSTRAINT fk_scan_runs_request_id_requests REFERENCES requests (id)"
    )
    op.create_index(op.f("ix_scan_runs_request_id"), "scan_runs", ["request_id"], unique=False)
    op.create_index("ix_scan_runs_started_at", "scan_runs", ["started_at"], unique=False)
