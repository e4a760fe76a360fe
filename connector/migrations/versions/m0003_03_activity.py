"""The tables of the room activity: third step."""

import sqlalchemy as sa
from alembic import op

from connector.activity.partitions import upgrade_to_partitions
from connector.storage.tables import NAMING, UtcDateTime

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
    known = sa.text("actor_id IS NOT NULL")
    table = sa.Table(
        "idp_events",
        sa.MetaData(naming_convention=NAMING),
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", UtcDateTime(), primary_key=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64)),
        sa.Column("actor_id", sa.String(length=64)),
        sa.Column("client_id", sa.String(length=255)),
        sa.Column("ip", sa.String(length=64)),
        sa.Column("error", sa.String(length=255)),
        sa.Column("resource_path", sa.String()),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Index("ix_idp_events_user", "user_id", "at"),
        sa.Index("ix_idp_events_at", "at"),
        sa.Index("ix_idp_events_actor", "actor_id", "at", sqlite_where=known, postgresql_where=known),
        postgresql_partition_by="RANGE (at)",
    )
    upgrade_to_partitions(op.get_bind(), table)
