"""The tables of the room provisioning."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_04_provisioning"
down_revision = "0001_03_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _initial_links()


def _initial_links() -> None:
    op.create_table(
        "initial_links",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_initial_links_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initial_links")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_initial_links_token_digest")),
    )
    op.create_index(op.f("ix_initial_links_account_id"), "initial_links", ["account_id"], unique=False)
