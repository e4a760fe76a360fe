"""Tables of deputies and absences: who stands for whom, from when to when, and who is away."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class DeputyRow(Base):
    """A person who stands for the holder of one appointment, for a time (HH 3).

    It counts only when confirmed: the holder's own naming is confirmed by being his, one made for him while he is away
    by a second person. It hangs on the appointment and on nothing else, so that a deputy cannot pass it on.
    """

    __tablename__ = "deputies"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    appointment_id: Mapped[str] = mapped_column(ForeignKey("appointments.id"), index=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)  # of the appointment
    deputy_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    made_by: Mapped[str] = mapped_column(String(36))  # person id
    made_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(String(36))
    confirmed_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(64))  # person id, or the job's name
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str] = mapped_column(String(24), default="")  # by_hand, term, account, appointment

    __table_args__ = (
        CheckConstraint("deputy_id <> holder_id", name="not_himself"),
        CheckConstraint("valid_to >= valid_from", name="days"),
        CheckConstraint("made_by <> deputy_id", name="not_made_by_deputy"),
        CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by = holder_id AND made_by = holder_id "
            "OR confirmed_by <> made_by AND confirmed_by <> deputy_id AND confirmed_by <> holder_id",
            name="two_people",
        ),
        Index("ix_deputies_open", "deputy_id", "ended_at"),
    )


class AbsenceRow(Base):
    """Days on which a person is away, both included. It takes no right away; it says who needs a deputy."""

    __tablename__ = "absences"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    noted_by: Mapped[str] = mapped_column(String(36))  # person id
    noted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # taken back, or back before the last day

    __table_args__ = (CheckConstraint("last_day >= first_day", name="days"),)
