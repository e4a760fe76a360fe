"""The tables of the room requests: second step."""

import sqlalchemy as sa
from alembic import op

revision = "0002_01_requests"
down_revision = "0001_09_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _decisions()


def _decisions() -> None:
    op.add_column("decisions", sa.Column("proof", sa.String(length=64), nullable=False, server_default=""))
