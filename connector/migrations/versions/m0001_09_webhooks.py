"""The tables of the room webhooks."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_09_webhooks"
down_revision = "0001_08_checks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _webhook_endpoints()
    _webhook_receipts()


def _webhook_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=512), nullable=False),
        sa.Column("offices", sa.JSON(), nullable=False),
        sa.Column("outgoing_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("outgoing_previous_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("incoming_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("incoming_previous_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", UtcDateTime(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("registered_by", sa.String(length=128), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_cause", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_webhook_endpoints_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("name", name=op.f("uq_webhook_endpoints_name")),
    )
    op.create_index(op.f("ix_webhook_endpoints_unit_id"), "webhook_endpoints", ["unit_id"], unique=False)


def _webhook_receipts() -> None:
    op.create_table(
        "webhook_receipts",
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("stage_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_receipts_endpoint_id_webhook_endpoints")
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "message_id", name=op.f("pk_webhook_receipts")),
    )
