"""The tables of the room requests: third step."""

import sqlalchemy as sa
from alembic import op

revision = "0003_02_requests"
down_revision = "0003_01_register"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _decisions()


def _decisions() -> None:
    op.add_column("decisions", sa.Column("excluded", sa.JSON(), server_default="[]", nullable=False))
