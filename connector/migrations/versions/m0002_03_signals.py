"""The tables of the room signals: second step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0002_03_signals"
down_revision = "0002_02_activity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _signal_streams()


def _signal_streams() -> None:
    op.create_table(
        "signal_streams",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subsystem_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.String(length=512), nullable=False),
        sa.Column("audience", sa.String(length=512), nullable=False),
        sa.Column("authorization_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("question_digest", sa.String(length=64), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("registered_by", sa.String(length=128), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_reason", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["subsystem_id"], ["subsystems.id"], name=op.f("fk_signal_streams_subsystem_id_subsystems")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_streams")),
        sa.UniqueConstraint("question_digest", name=op.f("uq_signal_streams_question_digest")),
        sa.UniqueConstraint("subsystem_id", name=op.f("uq_signal_streams_subsystem_id")),
    )
