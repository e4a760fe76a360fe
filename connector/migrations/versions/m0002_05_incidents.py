"""The tables of the room incidents: second step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0002_05_incidents"
down_revision = "0002_04_keys"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _freeze_numbers()
    _freeze_orders()
    _freeze_orders_indexes()
    _freeze_order_lines()


def _freeze_numbers() -> None:
    op.create_table(
        "freeze_numbers",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_freeze_numbers")),
    )


def _freeze_orders() -> None:
    op.create_table(
        "freeze_orders",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("scope_kind", sa.String(length=16), nullable=False),
        sa.Column("scope_value", sa.String(length=128), nullable=False),
        sa.Column("undoes_id", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("alone", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ordered_by", sa.String(length=128), nullable=False),
        sa.Column("orderer_id", sa.String(length=36), nullable=True),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmer_id", sa.String(length=36), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "direction = 'freeze' OR orderer_id IS NOT NULL AND (started_at IS NULL OR confirmer_id IS NOT NULL)",
            name=op.f("ck_freeze_orders_undone_by_two"),
        ),
        sa.CheckConstraint(
            "confirmer_id IS NULL OR confirmer_id <> orderer_id", name=op.f("ck_freeze_orders_two_people")
        ),
        sa.ForeignKeyConstraint(["confirmer_id"], ["persons.id"], name=op.f("fk_freeze_orders_confirmer_id_persons")),
        sa.ForeignKeyConstraint(["orderer_id"], ["persons.id"], name=op.f("fk_freeze_orders_orderer_id_persons")),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["freeze_orders.id"], name=op.f("fk_freeze_orders_undoes_id_freeze_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_freeze_orders_number")),
    )


def _freeze_orders_indexes() -> None:
    op.create_index(op.f("ix_freeze_orders_ordered_at"), "freeze_orders", ["ordered_at"], unique=False)
    op.create_index(op.f("ix_freeze_orders_orderer_id"), "freeze_orders", ["orderer_id"], unique=False)
    op.create_index(op.f("ix_freeze_orders_state"), "freeze_orders", ["state"], unique=False)
    op.create_index(op.f("ix_freeze_orders_undoes_id"), "freeze_orders", ["undoes_id"], unique=False)


def _freeze_order_lines() -> None:
    op.create_table(
        "freeze_order_lines",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("skipped_because", sa.String(length=32), nullable=False),
        sa.Column("former_status", sa.String(length=16), nullable=False),
        sa.Column("former_cause", sa.String(length=32), nullable=False),
        sa.Column("former_until", UtcDateTime(), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_freeze_order_lines_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["freeze_orders.id"], name=op.f("fk_freeze_order_lines_order_id_freeze_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_order_lines")),
        sa.UniqueConstraint("order_id", "account_id", name=op.f("uq_freeze_order_lines_order_id_account_id")),
    )
    op.create_index(op.f("ix_freeze_order_lines_account_id"), "freeze_order_lines", ["account_id"], unique=False)
    op.create_index(
        "ix_freeze_order_lines_order_state", "freeze_order_lines", ["order_id", "state", "begun_at"], unique=False
    )
