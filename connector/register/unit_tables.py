"""Tables of what became of units: their former names, and the plans by which they are closed, renamed and moved."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class UnitSpanRow(Base):
    """Name and place of a unit for a time that is over; what it is now stands in its own row (A5)."""

    __tablename__ = "unit_spans"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    path: Mapped[str] = mapped_column(String(512))
    since: Mapped[datetime]
    until: Mapped[datetime]


class PersonSpanRow(Base):
    """The unit that a person belonged to for a time that is over (A5)."""

    __tablename__ = "person_spans"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]


class UnitPlanRow(Base):
    """What is to become of a unit, as it was previewed: approved by two offices, carried out on its day.

    `state`: asked, approved, done, stale (the register no longer fits what was approved), refused.
    """

    __tablename__ = "unit_plans"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    change: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(String(64))
    effective_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(16), index=True)
    made_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done: Mapped[dict[str, Any] | None]  # how many of what followed

    __table_args__ = (
        Index(
            "uq_unit_plans_open",
            "unit_id",
            unique=True,
            sqlite_where=text("state IN ('asked', 'approved')"),
            postgresql_where=text("state IN ('asked', 'approved')"),
        ),
    )
