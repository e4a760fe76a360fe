"""Tables of the reviews: campaigns with their units, accounts and permissions; self-checks and corrections."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class ReviewNumberRow(Base):
    """Last running number of campaigns given in a year."""

    __tablename__ = "review_numbers"

    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class CampaignRow(Base):
    """An access review of some units. `period` is that of the pack when the clock opened it, else null."""

    __tablename__ = "review_campaigns"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # FC-2026-000001
    period: Mapped[str | None] = mapped_column(String(12), unique=True)
    clause: Mapped[str] = mapped_column(String(64))
    opened_by: Mapped[str] = mapped_column(String(128))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]  # answers of the unit heads
    listed_at: Mapped[datetime]  # when what is still unanswered goes to the principal's list
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(String(128), default="")
    note: Mapped[str] = mapped_column(String(500), default="")


class SheetRow(Base):
    """One unit of a campaign. `level`: 0 its head answers, 1 the leader in charge too, 2 the principal too."""

    __tablename__ = "review_sheets"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("review_campaigns.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    level: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None]
    raised_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("campaign_id", "unit_id"),)


class SubjectRow(Base):
    """One account of a campaign. It is answered once, by one person, all its permissions together."""

    __tablename__ = "review_subjects"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    sheet_id: Mapped[str] = mapped_column(ForeignKey("review_sheets.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    answered_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    answered_as: Mapped[str] = mapped_column(String(32), default="")  # the office he answered in
    answered_at: Mapped[datetime | None]
    request_id: Mapped[str | None] = mapped_column(String(36), index=True)
    problem: Mapped[str] = mapped_column(String(48), default="")  # why no request is open; tried again by the job
    settled_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("sheet_id", "account_id"),)


class ReviewItemRow(Base):
    """One permission as it was when the campaign opened. `outcome`: kept, withdrawn, refused, gone; "" while open."""

    __tablename__ = "review_items"

    subject_id: Mapped[str] = mapped_column(ForeignKey("review_subjects.id"), primary_key=True)
    permission_id: Mapped[str] = mapped_column(ForeignKey("permissions.id"), primary_key=True)
    since: Mapped[datetime]
    granted_by: Mapped[str] = mapped_column(String(64))
    sensitive: Mapped[bool]
    excess: Mapped[bool | None]  # None: the unit's table does not know the post
    last_used_at: Mapped[datetime | None]  # of the subsystem; None with a reason in `unknown`, or never
    unknown: Mapped[str] = mapped_column(String(24), default="")
    answer: Mapped[str] = mapped_column(String(8), default="")  # keep, withdraw
    reason: Mapped[str] = mapped_column(String(500), default="")
    outcome: Mapped[str] = mapped_column(String(12), default="")


class SelfCheckRow(Base):
    """A checklist that a person signed for a unit and a period (HH 3, GS 16): `answers` with the questions as asked."""

    __tablename__ = "self_checks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    checklist: Mapped[str] = mapped_column(String(32))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    period: Mapped[str] = mapped_column(String(12))
    answers: Mapped[list[Any]]  # [{name, label, clause, ok, note}]
    signed_by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    signed_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("checklist", "unit_id", "period"),)


class CorrectionRow(Base):
    """What must be put right, by whom and until which day. `state`: open, done, checked."""

    __tablename__ = "corrections"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    source: Mapped[str] = mapped_column(String(16))  # self_check, inspection
    source_id: Mapped[str] = mapped_column(String(36))
    item: Mapped[str] = mapped_column(String(160))
    finding: Mapped[str] = mapped_column(String(500))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    responsible_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    due_on: Mapped[date]
    clause: Mapped[str] = mapped_column(String(32))
    opened_by: Mapped[str] = mapped_column(String(36))
    opened_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default="open")
    done_note: Mapped[str] = mapped_column(String(500), default="")
    done_at: Mapped[datetime | None]
    checked_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    checked_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_corrections_source", "source", "source_id"), Index("ix_corrections_state", "state"))
