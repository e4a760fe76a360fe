"""The tables of the room provenance: third step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0003_06_provenance"
down_revision = "0003_05_checks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _provenance_gate()
    _provenance_queue()
    _provenance_users()
    _provenance_findings()


def _provenance_gate() -> None:
    op.create_table(
        "provenance_gate",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_provenance_gate")),
    )


def _provenance_queue() -> None:
    op.create_table(
        "provenance_queue",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("shape", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("by_us", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("actor_realm", sa.String(length=64), nullable=True),
        sa.Column("actor_client", sa.String(length=255), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_provenance_queue")),
    )
    op.create_index("ix_provenance_queue_at", "provenance_queue", ["at", "event_id"], unique=False)


def _provenance_users() -> None:
    op.create_table(
        "provenance_users",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_provenance_users")),
    )


def _provenance_findings() -> None:
    op.create_table(
        "provenance_findings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("by_us", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("actor_realm", sa.String(length=64), nullable=True),
        sa.Column("actor_client", sa.String(length=255), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.String(length=512), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_provenance_findings_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["persons.id"], name=op.f("fk_provenance_findings_closed_by_persons")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_provenance_findings_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provenance_findings")),
        sa.UniqueConstraint("event_id", "kind", name=op.f("uq_provenance_findings_event_id_kind")),
    )
    _provenance_findings_indexes()


def _provenance_findings_indexes() -> None:
    op.create_index(op.f("ix_provenance_findings_account_id"), "provenance_findings", ["account_id"], unique=False)
    op.create_index(op.f("ix_provenance_findings_found_at"), "provenance_findings", ["found_at"], unique=False)
    op.create_index(
        "ix_provenance_findings_open",
        "provenance_findings",
        ["found_at"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("ix_provenance_findings_user_id"), "provenance_findings", ["user_id"], unique=False)
