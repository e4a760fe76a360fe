"""The tables of the room keys: second step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0002_04_keys"
down_revision = "0002_03_signals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _key_batches()
    _key_passes()
    _hardware_keys()
    _key_findings()
    _key_waivers()
    _key_events()
    _key_replacements()


def _key_batches() -> None:
    op.create_table(
        "key_batches",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("paper", sa.String(length=128), nullable=False),
        sa.Column("supplier", sa.String(length=128), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("received_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_batches")),
        sa.UniqueConstraint("number", name=op.f("uq_key_batches_number")),
    )


def _key_passes() -> None:
    op.create_table(
        "key_passes",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("read_to", UtcDateTime(), nullable=True),
        sa.Column("position", sa.String(length=64), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_key_passes")),
    )


def _hardware_keys() -> None:
    op.create_table(
        "hardware_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("aaguid", sa.String(length=36), nullable=True),
        sa.Column("cert_serial", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=1366), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("custodian_id", sa.String(length=36), nullable=True),
        sa.Column("issued_at", UtcDateTime(), nullable=True),
        sa.Column("bound_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_hardware_keys_account_id_accounts")),
        sa.ForeignKeyConstraint(["batch_id"], ["key_batches.id"], name=op.f("fk_hardware_keys_batch_id_key_batches")),
        sa.ForeignKeyConstraint(["custodian_id"], ["persons.id"], name=op.f("fk_hardware_keys_custodian_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hardware_keys")),
        sa.UniqueConstraint("cert_serial", name=op.f("uq_hardware_keys_cert_serial")),
        sa.UniqueConstraint("key_id", name=op.f("uq_hardware_keys_key_id")),
        sa.UniqueConstraint("serial", name=op.f("uq_hardware_keys_serial")),
    )
    op.create_index(op.f("ix_hardware_keys_account_id"), "hardware_keys", ["account_id"], unique=False)
    op.create_index(op.f("ix_hardware_keys_batch_id"), "hardware_keys", ["batch_id"], unique=False)
    op.create_index(op.f("ix_hardware_keys_status"), "hardware_keys", ["status"], unique=False)
    op.create_index(
        "uq_hardware_keys_held",
        "hardware_keys",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('issued', 'bound')"),
        postgresql_where=sa.text("status IN ('issued', 'bound')"),
    )


def _key_findings() -> None:
    op.create_table(
        "key_findings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=1366), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_findings_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_findings")),
    )
    op.create_index(op.f("ix_key_findings_account_id"), "key_findings", ["account_id"], unique=False)
    op.create_index(op.f("ix_key_findings_first_seen_at"), "key_findings", ["first_seen_at"], unique=False)
    op.create_index(
        "uq_key_findings_open",
        "key_findings",
        ["account_id", "key_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _key_waivers() -> None:
    op.create_table(
        "key_waivers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_cause", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_waivers_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_waivers")),
    )
    op.create_index(op.f("ix_key_waivers_account_id"), "key_waivers", ["account_id"], unique=False)
    op.create_index(op.f("ix_key_waivers_until"), "key_waivers", ["until"], unique=False)
    op.create_index(
        "uq_key_waivers_open",
        "key_waivers",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _key_events() -> None:
    op.create_table(
        "key_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("hardware_key_id", sa.String(length=36), nullable=False),
        sa.Column("former", sa.String(length=16), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("key_id", sa.String(length=1366), nullable=True),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("witness_id", sa.String(length=36), nullable=True),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("note", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_events_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["hardware_key_id"], ["hardware_keys.id"], name=op.f("fk_key_events_hardware_key_id_hardware_keys")
        ),
        sa.ForeignKeyConstraint(["witness_id"], ["persons.id"], name=op.f("fk_key_events_witness_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_events")),
    )
    op.create_index("ix_key_events_account", "key_events", ["account_id", "at"], unique=False)
    op.create_index("ix_key_events_key", "key_events", ["hardware_key_id", "id"], unique=False)
    op.create_index("ix_key_events_key_id", "key_events", ["key_id"], unique=False)
    op.create_index(
        "uq_key_events_open",
        "key_events",
        ["hardware_key_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _key_replacements() -> None:
    op.create_table(
        "key_replacements",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("former_id", sa.String(length=36), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("new_id", sa.String(length=36), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_replacements_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["former_id"], ["hardware_keys.id"], name=op.f("fk_key_replacements_former_id_hardware_keys")
        ),
        sa.ForeignKeyConstraint(
            ["new_id"], ["hardware_keys.id"], name=op.f("fk_key_replacements_new_id_hardware_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_replacements")),
    )
    op.create_index(op.f("ix_key_replacements_account_id"), "key_replacements", ["account_id"], unique=False)
    op.create_index(
        "uq_key_replacements_open",
        "key_replacements",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
