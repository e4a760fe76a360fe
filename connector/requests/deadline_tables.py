"""Tables of the clocks: whom an overdue stage was opened to as well, and which offices were found vacant."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class StageAlternateRow(Base):
    """A person who may decide an overdue stage beside its office holder, who keeps the right (B6).

    `office` and `unit_id` are the office by which he was added; he must still hold it when he decides.
    """

    __tablename__ = "stage_alternates"

    stage_id: Mapped[str] = mapped_column(ForeignKey("request_stages.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), primary_key=True, index=True)
    office: Mapped[str] = mapped_column(String(32))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    clause: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]


class VacancyRow(Base):
    """One office found without anybody who could decide, from when it was found until it was filled."""

    __tablename__ = "vacancies"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    office: Mapped[str] = mapped_column(String(32))
    problem: Mapped[str] = mapped_column(String(24))  # vacant, out_of_use, away, ending, too_few
    found_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_vacancies_open",
            "unit_id",
            "office",
            "problem",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )
