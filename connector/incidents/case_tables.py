"""Tables of the guided cases of GS 13 and GS 14: the case, its answers and outcomes, what was created, its reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class CaseRow(Base):
    """One compromised account, from its freeze to the filed report. `tree` is the pack's, as it was when it opened."""

    __tablename__ = "incident_cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # "AJ-2026-000003"
    article: Mapped[str] = mapped_column(String(16))  # administrator (GS 13), user (GS 14)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    console_ids: Mapped[list[str]]  # Keycloak ids by which the same person administers, beside the account's own
    since: Mapped[datetime]  # from when on everything it did is looked at
    reason: Mapped[str] = mapped_column(String(500))
    tree: Mapped[dict[str, Any]]
    question: Mapped[str] = mapped_column(String(32))  # the open one; "" when the tree has ended
    state: Mapped[str] = mapped_column(String(8))  # open, closed
    opened_by: Mapped[str] = mapped_column(String(128))  # user name, or "host:user"
    opener_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    opened_at: Mapped[datetime]
    freeze_order_id: Mapped[str | None] = mapped_column(ForeignKey("freeze_orders.id"))  # none: it was shut before
    reported_to: Mapped[str] = mapped_column(String(128), default="")
    reported_at: Mapped[datetime | None]
    receipt: Mapped[str] = mapped_column(String(128), default="")
    reporter_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    traced_at: Mapped[datetime]  # when the list of what it created was last made
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("opener_id IS NULL OR opener_id <> person_id", name="not_the_subject"),
        Index(
            "uq_incident_cases_open",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class CaseNumberRow(Base):
    """Last number given in a year."""

    __tablename__ = "incident_numbers"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class CaseAnswerRow(Base):
    """One answer of the tree, with who gave it and why."""

    __tablename__ = "incident_answers"

    case_id: Mapped[str] = mapped_column(ForeignKey("incident_cases.id"), primary_key=True)
    question: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[int]
    answer: Mapped[str] = mapped_column(String(32))
    why: Mapped[str] = mapped_column(String(500))
    clause: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    at: Mapped[datetime]


class CaseOutcomeRow(Base):
    """One thing an answer asks for. `steps` are outbox steps ordered for it; a person's word has note and receipt."""

    __tablename__ = "incident_outcomes"

    case_id: Mapped[str] = mapped_column(ForeignKey("incident_cases.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(32), primary_key=True)
    chosen_at: Mapped[datetime]
    steps: Mapped[list[int]]
    note: Mapped[str] = mapped_column(String(500), default="")
    receipt: Mapped[str] = mapped_column(String(128), default="")
    told_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    done_at: Mapped[datetime | None]


class CaseCreatedRow(Base):
    """A user the account created, directly or by one it had created. `user_id` is Keycloak's."""

    __tablename__ = "incident_created"

    case_id: Mapped[str] = mapped_column(ForeignKey("incident_cases.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # account id, or Keycloak's id where it is nobody's
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    user_id: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    found_in: Mapped[str] = mapped_column(String(16))  # requests, record, console
    reference: Mapped[str] = mapped_column(String(64))  # request number, entry or event
    created_at: Mapped[datetime]
    found_at: Mapped[datetime]
    steps: Mapped[list[int]]  # that shut out one whom nobody applied for


class CaseReportRow(Base):
    """One version of the analysis report (GS 15): facts from the record, the rest by people; filed when signed."""

    __tablename__ = "incident_reports"

    case_id: Mapped[str] = mapped_column(ForeignKey("incident_cases.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    facts: Mapped[dict[str, Any]]
    cause: Mapped[str] = mapped_column(String(4000))
    consequences: Mapped[str] = mapped_column(String(4000))
    corrections: Mapped[str] = mapped_column(String(4000))
    hash: Mapped[str] = mapped_column(String(64))
    writer_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    written_at: Mapped[datetime]
    signer_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    signed_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("signer_id IS NULL OR signer_id <> writer_id", name="two_people"),)


class SanctionRow(Base):
    """One sanction for a violation (LC 7(3)): its request decides it, and only a request to enable ends it."""

    __tablename__ = "sanctions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), unique=True)
    violation: Mapped[str] = mapped_column(String(500))
    impact: Mapped[str] = mapped_column(String(32))  # as it was found
    counted_as: Mapped[str] = mapped_column(String(32))  # as it weighs after earlier violations
    earlier: Mapped[int]  # sanctions of the same account before this one
    measure: Mapped[str] = mapped_column(String(8))  # suspend, disable
    days: Mapped[int]
    clause: Mapped[str] = mapped_column(String(32))
    proposed_by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    proposed_at: Mapped[datetime]
    term_ends_at: Mapped[datetime]
    informed_at: Mapped[datetime | None]
    informed_by: Mapped[str] = mapped_column(String(128), default="")  # "mail", or who handed the notice over
    informed_receipt: Mapped[str] = mapped_column(String(128), default="")
