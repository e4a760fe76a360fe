"""The tables of the room register."""

import sqlalchemy as sa
from alembic import op

from connector.storage.tables import UtcDateTime

revision = "0001_01_register"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _subsystems()
    _units()
    _permissions()
    _persons()
    _accounts()
    _appointments()
    _account_states()
    _grants()


def _subsystems() -> None:
    op.create_table(
        "subsystems",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsystems")),
    )


def _units() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("address", sa.String(length=256), nullable=False),
        sa.Column("belongs_to", sa.String(length=128), nullable=False),
        sa.Column("contact_name", sa.String(length=64), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("user_serial", sa.Integer(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_index(op.f("ix_units_parent_id"), "units", ["parent_id"], unique=False)
    op.create_index(op.f("ix_units_path"), "units", ["path"], unique=False)


def _permissions() -> None:
    op.create_table(
        "permissions",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("subsystem_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("module", sa.String(length=64), nullable=False),
        sa.Column("workflow_role", sa.String(length=64), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("clause", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["subsystem_id"], ["subsystems.id"], name=op.f("fk_permissions_subsystem_id_subsystems")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions")),
        sa.UniqueConstraint("subsystem_id", "role", name=op.f("uq_permissions_subsystem_id_role")),
    )


def _persons() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("document_kind", sa.String(length=24), nullable=False),
        sa.Column("document_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("document_digest", sa.String(length=64), nullable=False),
        sa.Column("document_masked", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("phone_digest", sa.String(length=64), nullable=False),
        sa.Column("phone_masked", sa.String(length=24), nullable=False),
        sa.Column("mail", sa.String(length=128), nullable=True),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("post", sa.String(length=64), nullable=False),
        sa.Column("directory_key", sa.String(length=64), nullable=True),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_persons_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("directory_key", name=op.f("uq_persons_directory_key")),
        sa.UniqueConstraint("document_digest", name=op.f("uq_persons_document_digest")),
    )
    op.create_index(op.f("ix_persons_phone_digest"), "persons", ["phone_digest"], unique=False)
    op.create_index(op.f("ix_persons_unit_id"), "persons", ["unit_id"], unique=False)


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("account_class", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("keycloak_id", sa.String(length=64), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("suspended_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_accounts_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("keycloak_id", name=op.f("uq_accounts_keycloak_id")),
        sa.UniqueConstraint("person_id", name=op.f("uq_accounts_person_id")),
        sa.UniqueConstraint("user_name", name=op.f("uq_accounts_user_name")),
    )


def _appointments() -> None:
    op.create_table(
        "appointments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.String(length=36), nullable=False),
        sa.Column("office", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("paper", sa.String(length=128), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=64), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> made_by", name=op.f("ck_appointments_two_people")),
        sa.CheckConstraint(
            "made_by <> person_id AND (confirmed_by IS NULL OR confirmed_by <> person_id)",
            name=op.f("ck_appointments_not_himself"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_appointments_person_id_persons")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_appointments_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
    )
    op.create_index("ix_appointments_office", "appointments", ["office", "unit_id"], unique=False)
    op.create_index(op.f("ix_appointments_person_id"), "appointments", ["person_id"], unique=False)
    op.create_index(op.f("ix_appointments_unit_id"), "appointments", ["unit_id"], unique=False)
    op.create_index(
        "uq_appointments_separated",
        "appointments",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text(
            "office IN ('security_administrator', 'system_administrator', 'auditor') AND ended_at IS NULL"
        ),
        postgresql_where=sa.text(
            "office IN ('security_administrator', 'system_administrator', 'auditor') AND ended_at IS NULL"
        ),
    )


def _account_states() -> None:
    op.create_table(
        "account_states",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_states_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_states")),
    )
    op.create_index("ix_account_states_account_since", "account_states", ["account_id", "since"], unique=False)
    op.create_index(
        "uq_account_states_open",
        "account_states",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("permission_id", sa.String(length=96), nullable=False),
        sa.Column("granted_by", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_grants_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["permission_id"], ["permissions.id"], name=op.f("fk_grants_permission_id_permissions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_account_id"), "grants", ["account_id"], unique=False)
    op.create_index(
        "uq_grants_open",
        "grants",
        ["account_id", "permission_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
