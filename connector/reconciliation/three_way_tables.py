"""Tables of the three-way check: what subsystems exported, the checks, and the worklist. No name of a person."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class SubsystemExportRow(Base):
    """One list of who holds which role in a subsystem, by its own account, as of `taken_at`."""

    __tablename__ = "subsystem_exports"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    subsystem_id: Mapped[str] = mapped_column(ForeignKey("subsystems.id"))
    taken_at: Mapped[datetime]
    received_at: Mapped[datetime]
    received_by: Mapped[str] = mapped_column(String(128))
    sha256: Mapped[str] = mapped_column(String(64))  # of the file as it was received
    rows: Mapped[int]

    __table_args__ = (Index("ix_subsystem_exports_newest", "subsystem_id", "taken_at"),)


class SubsystemHoldingRow(Base):
    """One row of an export: a user name and a role there. Those of the newest export alone are kept."""

    __tablename__ = "subsystem_holdings"

    export_id: Mapped[str] = mapped_column(ForeignKey("subsystem_exports.id"), primary_key=True)
    user_name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(64), primary_key=True)


class MatrixCheckRow(Base):
    """One complete three-way check. `counts` by kind and `by_unit` by unit code are of what it found."""

    __tablename__ = "matrix_checks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime] = mapped_column(index=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("reconciliations.id"))  # the reading of Keycloak it rests on
    counts: Mapped[dict[str, Any]]
    by_unit: Mapped[dict[str, Any]]
    opened: Mapped[int]
    closed: Mapped[int]
    excepted: Mapped[int]  # permissions beyond a table that an override of this very table approved
    unproved: Mapped[int]  # accounts of which this check can say nothing at Keycloak
    without_table: Mapped[int]  # units with accounts and without a table
    exports: Mapped[dict[str, Any]]  # by subsystem: when the list that was compared was taken


class MatrixDifferenceRow(Base):
    """One line of the worklist: open until a check no longer finds it. `subject` is whom or what it is about."""

    __tablename__ = "matrix_differences"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(80))  # account id, or "user:NAME" of one the register does not know
    permission: Mapped[str] = mapped_column(String(128), default="")  # "subsystem:role"; empty: the user as a whole
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    user_name: Mapped[str] = mapped_column(String(255))
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    post: Mapped[str] = mapped_column(String(64), default="")
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))  # the newest that would settle it
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("matrix_checks.id"))

    __table_args__ = (
        Index("ix_matrix_differences_closed_at", "closed_at", "kind"),
        Index(
            "uq_matrix_differences_open",
            "kind",
            "subject",
            "permission",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
