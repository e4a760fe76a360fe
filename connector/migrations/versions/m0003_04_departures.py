"""The tables of the room departures: third step."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0003_04_departures"
down_revision = "0003_03_activity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _known_secrets()
    _directory_cursor()
    _directory_hints()
    _secret_knowers()
    _rotation_cases()
    _mover_cases()
    _rotation_items()
    _departure_plans()
    _directory_people()


def _known_secrets() -> None:
    op.create_table(
        "known_secrets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("opens", sa.String(length=128), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_secrets")),
        sa.UniqueConstraint("name", name=op.f("uq_known_secrets_name")),
    )


def _directory_cursor() -> None:
    op.create_table(
        "directory_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("read_id", sa.Integer(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("stopped", sa.String(length=64), nullable=True),
        sa.Column("frozen", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["read_id"], ["directory_reads.id"], name=op.f("fk_directory_cursor_read_id_directory_reads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_cursor")),
    )


def _directory_hints() -> None:
    op.create_table(
        "directory_hints",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("unit_code", sa.String(length=64), nullable=True),
        sa.Column("post", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.String(length=36), nullable=True),
        sa.Column("mailed", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_directory_hints_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_hints")),
    )
    op.create_index(op.f("ix_directory_hints_key"), "directory_hints", ["key"], unique=False)
    op.create_index(op.f("ix_directory_hints_kind"), "directory_hints", ["kind"], unique=False)
    op.create_index(op.f("ix_directory_hints_opened_at"), "directory_hints", ["opened_at"], unique=False)
    op.create_index(
        "uq_directory_hints_open",
        "directory_hints",
        ["key", "kind"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _secret_knowers() -> None:
    op.create_table(
        "secret_knowers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("secret_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_secret_knowers_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["known_secrets.id"], name=op.f("fk_secret_knowers_secret_id_known_secrets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_knowers")),
    )
    op.create_index(op.f("ix_secret_knowers_person_id"), "secret_knowers", ["person_id"], unique=False)
    op.create_index(
        "uq_secret_knowers_open",
        "secret_knowers",
        ["secret_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _rotation_cases() -> None:
    op.create_table(
        "rotation_cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("alarmed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_rotation_cases_account_id_accounts")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_rotation_cases_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation_cases")),
    )
    op.create_index(op.f("ix_rotation_cases_account_id"), "rotation_cases", ["account_id"], unique=False)
    op.create_index(op.f("ix_rotation_cases_due_at"), "rotation_cases", ["due_at"], unique=False)
    op.create_index(op.f("ix_rotation_cases_person_id"), "rotation_cases", ["person_id"], unique=False)
    op.create_index(
        "uq_rotation_cases_open",
        "rotation_cases",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _mover_cases() -> None:
    op.create_table(
        "mover_cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("from_unit_id", sa.String(length=36), nullable=False),
        sa.Column("to_unit_id", sa.String(length=36), nullable=False),
        sa.Column("from_post", sa.String(length=64), nullable=False),
        sa.Column("to_post", sa.String(length=64), nullable=False),
        sa.Column("excess", sa.JSON(), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_mover_cases_account_id_accounts")),
        sa.ForeignKeyConstraint(["from_unit_id"], ["units.id"], name=op.f("fk_mover_cases_from_unit_id_units")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_mover_cases_person_id_persons")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_mover_cases_request_id_requests")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["units.id"], name=op.f("fk_mover_cases_to_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mover_cases")),
    )
    op.create_index(op.f("ix_mover_cases_account_id"), "mover_cases", ["account_id"], unique=False)
    op.create_index(op.f("ix_mover_cases_opened_at"), "mover_cases", ["opened_at"], unique=False)
    op.create_index(op.f("ix_mover_cases_person_id"), "mover_cases", ["person_id"], unique=False)
    op.create_index(
        "uq_mover_cases_open",
        "mover_cases",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _rotation_items() -> None:
    op.create_table(
        "rotation_items",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("opens", sa.String(length=128), nullable=False),
        sa.Column("secret_id", sa.String(length=36), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=36), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["rotation_cases.id"], name=op.f("fk_rotation_items_case_id_rotation_cases")
        ),
        sa.ForeignKeyConstraint(["done_by"], ["persons.id"], name=op.f("fk_rotation_items_done_by_persons")),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["known_secrets.id"], name=op.f("fk_rotation_items_secret_id_known_secrets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation_items")),
    )
    op.create_index(op.f("ix_rotation_items_case_id"), "rotation_items", ["case_id"], unique=False)


def _departure_plans() -> None:
    op.add_column("departure_plans", sa.Column("kind", sa.String(length=16), server_default="leavers", nullable=False))


def _directory_people() -> None:
    op.add_column("directory_people", sa.Column("filled", sa.Integer(), nullable=True))
