"""The tables of the room activity: third step."""

import sqlalchemy as sa
from alembic import op

from connector.activity.partitions import upgrade_to_partitions
from connector.storage.tables import UtcDateTime

revision = "0003_03_activity"
down_revision = "0003_02_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _idp_events()
    _activity_baselines()
    _factor_changes()
    _log_imports()
    _account_activity()
    _ingestion_cursors()
    _subsystem_uses()


def _activity_baselines() -> None:
    op.create_table(
        "activity_baselines",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("listed_at", UtcDateTime(), nullable=True),
        sa.Column("position", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_baselines")),
    )


def _factor_changes() -> None:
    op.create_table(
        "factor_changes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("keycloak_id", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("change", sa.String(length=8), nullable=False),
        sa.Column("factor", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("credential", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor_changes")),
    )
    op.create_index("ix_factor_changes_user", "factor_changes", ["keycloak_id", "at"], unique=False)


def _log_imports() -> None:
    op.create_table(
        "log_imports",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("subsystem_id", sa.String(length=32), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "subsystem_id", name=op.f("pk_log_imports")),
    )


def _account_activity() -> None:
    op.add_column("account_activity", sa.Column("last_used_source", sa.String(length=8), nullable=True))
    op.add_column("account_activity", sa.Column("first_seen_at", UtcDateTime(), nullable=True))
    op.add_column("account_activity", sa.Column("password_actor_id", sa.String(length=64), nullable=True))
    op.add_column("account_activity", sa.Column("created_at", UtcDateTime(), nullable=True))
    op.add_column("account_activity", sa.Column("enabled", sa.Boolean(), nullable=True))
    op.add_column("account_activity", sa.Column("gone_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE account_activity SET last_used_source = 'event' WHERE last_used_at IS NOT NULL")


def _ingestion_cursors() -> None:
    op.add_column("ingestion_cursors", sa.Column("restarted_at", UtcDateTime(), nullable=True))
    op.add_column("ingestion_cursors", sa.Column("off_since", UtcDateTime(), nullable=True))


def _subsystem_uses() -> None:
    op.add_column("subsystem_uses", sa.Column("source", sa.String(length=8), server_default="event", nullable=False))


def _idp_events() -> None:
    """The events by months on PostgreSQL; the key holds the moment on both databases."""
    upgrade_to_partitions(op.get_bind())
