"""The tables of the room outbox."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_02_outbox"
down_revision = "0001_01_register"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _outbox_steps()
    _outbox_attempts()


def _outbox_steps() -> None:
    op.create_table(
        "outbox_steps",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("interactive", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("enqueued_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_steps")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_steps_key")),
    )
    op.create_index("ix_outbox_steps_account_id", "outbox_steps", ["account_id"], unique=False)
    op.create_index("ix_outbox_steps_lane_id", "outbox_steps", ["lane", "id"], unique=False)
    op.create_index("ix_outbox_steps_request_id", "outbox_steps", ["request_id"], unique=False)
    op.create_index("ix_outbox_steps_state_due_at", "outbox_steps", ["state", "due_at"], unique=False)


def _outbox_attempts() -> None:
    op.create_table(
        "outbox_attempts",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("step_id", BIG_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["step_id"], ["outbox_steps.id"], name=op.f("fk_outbox_attempts_step_id_outbox_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_attempts")),
    )
    op.create_index(op.f("ix_outbox_attempts_step_id"), "outbox_attempts", ["step_id"], unique=False)
