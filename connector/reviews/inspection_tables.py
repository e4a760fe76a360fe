"""Tables of the sampling inspections: what was drawn from, by which seed, and what the inspectors found."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class InspectionNumberRow(Base):
    """Last running number of inspections given in a year."""

    __tablename__ = "inspection_numbers"

    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class InspectionRow(Base):
    """One inspection. `state`: committed (population and rule are fixed), drawn, reported.

    The seed comes from `checkpoint`, the first one signed over the record's entry of the commitment.
    """

    __tablename__ = "inspections"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # CJ-2026-000001
    period: Mapped[str] = mapped_column(String(12))
    clause: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))  # with all below it
    state: Mapped[str] = mapped_column(String(12))
    inspectors: Mapped[list[str]]  # person ids named besides the offices
    algorithm: Mapped[str] = mapped_column(String(32))
    rule: Mapped[dict[str, Any]]  # share_percent, least, most, clause
    population: Mapped[list[str]]
    population_hash: Mapped[str] = mapped_column(String(64))
    opened_by: Mapped[str] = mapped_column(String(128))
    opened_at: Mapped[datetime]
    checkpoint: Mapped[str] = mapped_column(default="")  # the whole signed note
    seed: Mapped[str] = mapped_column(String(64), default="")
    drawn_at: Mapped[datetime | None]
    reported_by: Mapped[str] = mapped_column(String(128), default="")
    reported_at: Mapped[datetime | None]
    conclusion: Mapped[str] = mapped_column(String(1000), default="")


class InspectionItemRow(Base):
    """One thing drawn, as it was at the draw, and what the inspector says of it: in_order, finding, or "" yet."""

    __tablename__ = "inspection_items"

    inspection_id: Mapped[str] = mapped_column(ForeignKey("inspections.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(160), primary_key=True)  # account:USER_NAME, post:UNIT/POST
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    shown: Mapped[dict[str, Any]]
    result: Mapped[str] = mapped_column(String(12), default="")
    finding: Mapped[str] = mapped_column(String(500), default="")
    answered_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    answered_at: Mapped[datetime | None]
