"""Tables of conflicts of duty: tender projects, their phases, who acts in them, exceptions, and what a scan found."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id

NOT_ENDED, NOT_CLOSED = "ended_at IS NULL", "closed_at IS NULL"


class ProjectRow(Base):
    """A tender project. `bid_opening_at` is the middle of its blackout (LC 8)."""

    __tablename__ = "tender_projects"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    bid_opening_at: Mapped[datetime | None] = mapped_column(index=True)
    registered_by: Mapped[str] = mapped_column(String(128))
    registered_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class PhaseRow(Base):
    """A phase of a project with its time window."""

    __tablename__ = "tender_phases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("tender_projects.id"))
    name: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (UniqueConstraint("project_id", "name"),)


class AssignmentRow(Base):
    """Somebody acts in a charge in a phase, until it is ended."""

    __tablename__ = "tender_assignments"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    phase_id: Mapped[str] = mapped_column(ForeignKey("tender_phases.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    charge: Mapped[str] = mapped_column(String(32))
    made_by: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(128))

    __table_args__ = (
        Index(
            "uq_tender_assignments_open", "phase_id", "person_id", "charge", unique=True,
            sqlite_where=text(NOT_ENDED), postgresql_where=text(NOT_ENDED),
        ),
    )  # fmt: skip


class ExceptionRow(Base):
    """An approved exception; it ends by itself at `until`."""

    __tablename__ = "conflict_exceptions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # that of its request
    request_id: Mapped[str] = mapped_column(String(36), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    rule: Mapped[str] = mapped_column(String(16))  # charges, blackout
    charges: Mapped[list[str]]  # sorted; empty for a blackout
    project: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(500))
    approvers: Mapped[list[str]]  # person ids: none of them decides a request that rests on it
    since: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class FindingRow(Base):
    """A conflict that exists and no exception covers, until it is gone."""

    __tablename__ = "conflict_findings"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    key: Mapped[str] = mapped_column(String(400))
    charges: Mapped[list[str]]
    sources: Mapped[list[str]]
    project: Mapped[str | None] = mapped_column(String(64))
    clause: Mapped[str] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(16))  # found, exception_over
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)

    __table_args__ = (
        Index(
            "uq_conflict_findings_open", "person_id", "key", unique=True,
            sqlite_where=text(NOT_CLOSED), postgresql_where=text(NOT_CLOSED),
        ),
    )  # fmt: skip
