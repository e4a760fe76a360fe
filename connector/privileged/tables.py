"""Tables of privileged use: the boxes, their extensions, and the notices that went out before an end."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id

RUNNING = "state = 'running'"


class BoxRow(Base):
    """One approved time box. `state`: planned, running, ended. One that was never opened has no `opened_at`."""

    __tablename__ = "privileged_boxes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # that of its request
    request_id: Mapped[str] = mapped_column(String(36), unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    keycloak_id: Mapped[str | None] = mapped_column(String(64))  # whose events are the record
    permissions: Mapped[list[str]]  # "subsystem:role", as approved
    purpose: Mapped[str] = mapped_column(String(500))
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)  # as approved, with the extensions
    state: Mapped[str] = mapped_column(String(16), index=True)
    opened_at: Mapped[datetime | None]  # the grants stand in the register from here on
    granted_at: Mapped[datetime | None]  # and in Keycloak from here on
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str] = mapped_column(String(16), default="")
    proved_at: Mapped[datetime | None]  # Keycloak showed no permission of the box and no session
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)
    late_alarmed_at: Mapped[datetime | None]
    reviewer_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    review_due_at: Mapped[datetime | None] = mapped_column(index=True)
    overdue_at: Mapped[datetime | None]  # when the missing review was told
    reviewed_at: Mapped[datetime | None]
    verdict: Mapped[str] = mapped_column(String(16), default="")  # clean, findings
    note: Mapped[str] = mapped_column(String(500), default="")
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the record as it was signed
    report_digest: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (
        Index(
            "uq_privileged_boxes_running", "account_id", unique=True,
            sqlite_where=text(RUNNING), postgresql_where=text(RUNNING),
        ),
    )  # fmt: skip


class ExtensionRow(Base):
    """One extension: a decision of its own that moved the end."""

    __tablename__ = "privileged_extensions"

    request_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    box_id: Mapped[str] = mapped_column(ForeignKey("privileged_boxes.id"), index=True)
    former_end: Mapped[datetime]
    new_end: Mapped[datetime]
    decided_at: Mapped[datetime]


class NoticeRow(Base):
    """A notice of a coming end that went out, once for each end."""

    __tablename__ = "privileged_notices"

    box_id: Mapped[str] = mapped_column(ForeignKey("privileged_boxes.id"), primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]
