"""Tables of the register: units, persons, subsystems, permissions, accounts and their history, appointments.

Every table that the ledger needs keeps validity times, so that it can be read as of any past date (A5).
"""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from connector.register import triggers
from connector.storage.tables import Base, new_id

SEPARATED_AND_OPEN = "office IN ('security_administrator', 'system_administrator', 'auditor') AND ended_at IS NULL"


class UnitRow(Base):
    """A unit of the tree region -> centre/bureau -> department/agency (HH 1, GS 3)."""

    __tablename__ = "units"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))  # region, centre, bureau, department, agency
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    path: Mapped[str] = mapped_column(String(512), index=True)  # "/code/code/": prefix = scope
    address: Mapped[str] = mapped_column(String(256), default="")
    belongs_to: Mapped[str] = mapped_column(String(128), default="")  # 归口
    contact_name: Mapped[str] = mapped_column(String(64), default="")
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    credit_code: Mapped[str | None] = mapped_column(String(18))  # unified social credit code (GB 32100)
    closed_at: Mapped[datetime | None]
    closed_into_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"))
    user_serial: Mapped[int] = mapped_column(default=0)  # last serial given to a user name (never reused, GS 10(1))
    registered_at: Mapped[datetime]


class PersonRow(Base):
    """A person 使用人. Document and phone are sealed; equality goes through keyed digests."""

    __tablename__ = "persons"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(64))
    document_kind: Mapped[str] = mapped_column(String(24))
    document_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    document_digest: Mapped[str] = mapped_column(String(64), unique=True)  # one person, once (LC 5(3))
    document_masked: Mapped[str] = mapped_column(String(32))
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_digest: Mapped[str] = mapped_column(String(64), index=True)
    phone_masked: Mapped[str] = mapped_column(String(24))
    mail: Mapped[str | None] = mapped_column(String(128))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    post: Mapped[str] = mapped_column(String(64), default="")
    directory_key: Mapped[str | None] = mapped_column(String(64), unique=True)  # key in the HR directory
    registered_at: Mapped[datetime]


class SubsystemRow(Base):
    """One of the subsystems that people log in to; `id` is its client id in Keycloak."""

    __tablename__ = "subsystems"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))


class PermissionRow(Base):
    """A permission = module + workflow role of one subsystem = one client role there (LC annex 1)."""

    __tablename__ = "permissions"

    id: Mapped[str] = mapped_column(String(96), primary_key=True)  # "subsystem:role"
    subsystem_id: Mapped[str] = mapped_column(ForeignKey("subsystems.id"))
    role: Mapped[str] = mapped_column(String(64))  # name of the client role, "module.workflow-role"
    module: Mapped[str] = mapped_column(String(64))
    workflow_role: Mapped[str] = mapped_column(String(64))
    sensitive: Mapped[bool]  # LC 8
    clause: Mapped[str] = mapped_column(String(32), default="")

    __table_args__ = (UniqueConstraint("subsystem_id", "role"),)


class AccountRow(Base):
    """An account. One per person for ever (LC 5(3)): a former account is enabled again, never duplicated."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), unique=True)
    user_name: Mapped[str] = mapped_column(String(64), unique=True)
    account_class: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    keycloak_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(64))  # request id, or "paper:…" for the founding list
    suspended_until: Mapped[datetime | None]
    purpose: Mapped[str] = mapped_column(String(16), default="ordinary")  # ordinary, temporary, test (JC 18, JC 21)
    valid_until: Mapped[datetime | None] = mapped_column(index=True)  # the approved end of one that is not ordinary


class AccountStateRow(Base):
    """History of an account's status: one row per state, open while `until` is null."""

    __tablename__ = "account_states"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    status: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(String(32))  # grant, request, departure, dormant, violation, ...
    request_id: Mapped[str | None] = mapped_column(String(36))
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_account_states_account_since", "account_id", "since"),
        Index(
            "uq_account_states_open",
            "account_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )


class GrantRow(Base):
    """A permission an account holds, with the request that gave it and the one that took it away."""

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    permission_id: Mapped[str] = mapped_column(ForeignKey("permissions.id"))
    granted_by: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime]
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
    until: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_grants_permission",
            "permission_id",
            "account_id",
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index(
            "uq_grants_open",
            "account_id",
            "permission_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )


class MatrixRow(Base):
    """One version of a unit's table of posts and permissions (JC 4, 5, annex 1); in force while `until` is null."""

    __tablename__ = "matrices"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    version: Mapped[int]
    adopted_by: Mapped[str] = mapped_column(String(64))  # request id, or "paper:…": the leader in charge has signed
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("unit_id", "version"),
        Index(
            "uq_matrices_open",
            "unit_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )


class MatrixLineRow(Base):
    """One permission that one post of the unit may hold."""

    __tablename__ = "matrix_lines"

    matrix_id: Mapped[str] = mapped_column(ForeignKey("matrices.id"), primary_key=True)
    post: Mapped[str] = mapped_column(String(64), primary_key=True)
    permission_id: Mapped[str] = mapped_column(ForeignKey("permissions.id"), primary_key=True)
    note: Mapped[str] = mapped_column(String(200), default="")  # 备注 (JC annex 1)


class AppointmentRow(Base):
    """An office held by a person in a unit (B13). It counts only when a second person has confirmed it."""

    __tablename__ = "appointments"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    office: Mapped[str] = mapped_column(String(32))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    paper: Mapped[str] = mapped_column(String(128))  # number of the appointment paper
    made_by: Mapped[str] = mapped_column(String(64))  # person id, or "paper:…" for the founding list
    made_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> made_by", name="two_people"),
        CheckConstraint(
            "made_by <> person_id AND (confirmed_by IS NULL OR confirmed_by <> person_id)", name="not_himself"
        ),
        # Three separated offices: one person has at most one of them open (JC 8, GS 9).
        Index(
            "uq_appointments_separated",
            "person_id",
            unique=True,
            sqlite_where=text(SEPARATED_AND_OPEN),
            postgresql_where=text(SEPARATED_AND_OPEN),
        ),
        Index("ix_appointments_office", "office", "unit_id"),
    )


@event.listens_for(Base.metadata, "after_create")
def _install_triggers(_target: object, connection: Connection, **_: object) -> None:
    """Makes the triggers wherever the tables are made from the metadata; the migration does the same itself."""
    if all(connection.dialect.has_table(connection, row.__tablename__) for row in (AppointmentRow, GrantRow)):
        triggers.install(connection)
