"""The table of reports: which administrator was set, changed or ended, to which level it was reported (GS 9)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class AdministratorReportRow(Base):
    """One registration form of an administrator (GS annex 1), on its way to the level above."""

    __tablename__ = "administrator_reports"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    appointment_id: Mapped[str] = mapped_column(ForeignKey("appointments.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))  # in which he administers
    level_id: Mapped[str] = mapped_column(ForeignKey("units.id"))  # to which it is reported
    what: Mapped[str] = mapped_column(String(8))  # set, ended
    reported_at: Mapped[datetime]
    due_at: Mapped[datetime]
    acknowledged_by: Mapped[str | None] = mapped_column(String(36))  # person id
    acknowledged_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("appointment_id", "what"),
        Index("ix_administrator_reports_level", "level_id", "acknowledged_at"),
    )
