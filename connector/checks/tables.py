"""Tables of the checks: runs of a scan, what each found, which notices went out, and the password policies in force."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class ScanRow(Base):
    """One run of a scan that wrote something, with the rule it applied (GS 17)."""

    __tablename__ = "scan_runs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    scan: Mapped[str] = mapped_column(String(16))  # one of `scans.SCANS`, or passwords
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    rule: Mapped[dict[str, Any]]
    counted: Mapped[int]
    found: Mapped[int]
    unknown: Mapped[int]
    left: Mapped[int] = mapped_column(default=0)  # found and not proposed yet: a proposal has a limit
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"), index=True)  # the proposal, if any

    __table_args__ = (Index("ix_scan_runs_started_at", "started_at"),)


class FindingRow(Base):
    """One account a scan found. `state` is one of `report.Outcome`; "proposed" until the request is closed."""

    __tablename__ = "scan_findings"

    run_id: Mapped[str] = mapped_column(ForeignKey("scan_runs.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"), index=True)
    evidence: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    found_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_scan_findings_account", "account_id", "found_at"),
        Index(
            "ix_scan_findings_proposed",
            "request_id",
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )


class PasswordNoticeRow(Base):
    """One notice about one password; the primary key is the rule: each goes out once. 0 days = change forced.

    -1 = the person was told that the initial password was never changed (JC 23).
    """

    __tablename__ = "password_notices"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    password_set_at: Mapped[datetime] = mapped_column(primary_key=True)
    days_left: Mapped[int] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]


class PasswordPolicyRow(Base):
    """A password policy that was put in force at Keycloak, and since when: one for the whole realm (LC 6(3))."""

    __tablename__ = "password_policies"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    since: Mapped[datetime]
    min_length: Mapped[int]
    letters: Mapped[bool]
    digits: Mapped[bool]
    symbols: Mapped[bool]


class WeakPasswordRow(Base):
    """A hint from outside that an account's password is weak; it holds until the password is changed (LC 6(3))."""

    __tablename__ = "weak_passwords"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    flagged_at: Mapped[datetime] = mapped_column(index=True)
    source: Mapped[str] = mapped_column(String(64))  # who says so: a password audit, an inspection, ...
    flagged_by: Mapped[str] = mapped_column(String(128))


class WeakPasswordWarningRow(Base):
    """One warning about one simple password. `told`: who got the mail (person, unit), or nobody had an address."""

    __tablename__ = "weak_password_warnings"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    concerns: Mapped[datetime] = mapped_column(primary_key=True)  # when the password was set, or flagged
    warned_at: Mapped[datetime]
    told: Mapped[str] = mapped_column(String(8))


class ExpiryNoticeRow(Base):
    """One notice that an account's approved end comes near; the primary key is the rule: each goes out once."""

    __tablename__ = "expiry_notices"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    valid_until: Mapped[datetime] = mapped_column(primary_key=True)
    days_left: Mapped[int] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]
