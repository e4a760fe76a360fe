"""Tables of the checks: runs of a scan, what each found, and which notices about passwords went out."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class ScanRow(Base):
    """One run of a scan that wrote something, with the rule it applied (GS 17)."""

    __tablename__ = "scan_runs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    scan: Mapped[str] = mapped_column(String(16))  # dormant, passwords
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    rule: Mapped[dict[str, Any]]
    counted: Mapped[int]
    found: Mapped[int]
    unknown: Mapped[int]


class FindingRow(Base):
    """One account a scan found. `state`: proposed, spared, decided."""

    __tablename__ = "scan_findings"

    run_id: Mapped[str] = mapped_column(ForeignKey("scan_runs.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"), index=True)
    evidence: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    found_at: Mapped[datetime]

    __table_args__ = (Index("ix_scan_findings_account", "account_id", "found_at"),)


class PasswordNoticeRow(Base):
    """One notice about one password; the primary key is the rule: each goes out once. 0 days = change forced."""

    __tablename__ = "password_notices"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    password_set_at: Mapped[datetime] = mapped_column(primary_key=True)
    days_left: Mapped[int] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]
