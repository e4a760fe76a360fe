"""The tables of the room activity: second step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0002_02_activity"
down_revision = "0002_01_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _login_failures()
    _login_places()


def _login_failures() -> None:
    op.create_table(
        "login_failures",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("failed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("address", "who", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_failed_at"), "login_failures", ["failed_at"], unique=False)


def _login_places() -> None:
    op.create_table(
        "login_places",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("login_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("former_network", sa.String(length=64), nullable=False),
        sa.Column("former_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_login_places")),
    )
    op.create_index(op.f("ix_login_places_used_at"), "login_places", ["used_at"], unique=False)
    op.create_index("ix_login_places_user", "login_places", ["user_id", "used_at"], unique=False)
