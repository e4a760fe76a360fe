"""The tables of the room activity."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_06_activity"
down_revision = "0001_05_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _account_activity()
    _idp_events()
    _ingestion_cursors()
    _subsystem_uses()


def _account_activity() -> None:
    op.create_table(
        "account_activity",
        sa.Column("keycloak_id", sa.String(length=64), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("last_login_at", UtcDateTime(), nullable=True),
        sa.Column("password_set_at", UtcDateTime(), nullable=True),
        sa.Column("password_evidence", sa.String(length=8), nullable=False),
        sa.Column("baseline_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("keycloak_id", name=op.f("pk_account_activity")),
    )
    op.create_index(op.f("ix_account_activity_last_used_at"), "account_activity", ["last_used_at"], unique=False)
    op.create_index(op.f("ix_account_activity_password_set_at"), "account_activity", ["password_set_at"], unique=False)


def _idp_events() -> None:
    op.create_table(
        "idp_events",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("client_id", sa.String(length=255), nullable=True),
        sa.Column("ip", sa.String(length=64), nullable=True),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("resource_path", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idp_events")),
    )
    op.create_index(
        "ix_idp_events_actor",
        "idp_events",
        ["actor_id", "at"],
        unique=False,
        sqlite_where=sa.text("actor_id IS NOT NULL"),
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.create_index("ix_idp_events_at", "idp_events", ["at"], unique=False)
    op.create_index("ix_idp_events_user", "idp_events", ["user_id", "at"], unique=False)


def _ingestion_cursors() -> None:
    op.create_table(
        "ingestion_cursors",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("read_to", UtcDateTime(), nullable=True),
        sa.Column("last_event_id", sa.String(length=64), nullable=True),
        sa.Column("covers_since", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_ingestion_cursors")),
    )


def _subsystem_uses() -> None:
    op.create_table(
        "subsystem_uses",
        sa.Column("keycloak_id", sa.String(length=64), nullable=False),
        sa.Column("subsystem_id", sa.String(length=255), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("keycloak_id", "subsystem_id", name=op.f("pk_subsystem_uses")),
    )
