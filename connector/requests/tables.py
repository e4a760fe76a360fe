"""Tables of the requests: their versions, stages, decisions and everybody who takes part in one."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from connector.requests import triggers
from connector.storage.tables import Base, new_id


class RequestRow(Base):
    """A request. `state`: pending, returned, approved, rejected, withdrawn. Provisioning is read from its steps."""

    __tablename__ = "requests"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # QX-2026-000123
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(default=1)
    digest: Mapped[str] = mapped_column(String(64))  # of the content of this version: what a decision binds to (B12)
    form: Mapped[dict[str, Any]]  # without personal values
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    applicant_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"), index=True)
    submitted_by: Mapped[str] = mapped_column(String(128))  # name of the actor: a person, or a job for proposals
    cause: Mapped[str] = mapped_column(String(32), default="")  # departure, transfer, violation, forgotten, ...
    urgent: Mapped[bool] = mapped_column(default=False)
    submitted_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # of the open stage; none while the request is with the applicant
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        # One open request per person: two at once, one wins (the other gets 409).
        Index(
            "uq_requests_open_person",
            "person_id",
            unique=True,
            sqlite_where=text("state IN ('pending','returned') AND person_id IS NOT NULL"),
            postgresql_where=text("state IN ('pending','returned') AND person_id IS NOT NULL"),
        ),
        Index("ix_requests_state_due_at", "state", "due_at"),
    )


class VersionRow(Base):
    """Every version of a request's content stays readable for ever (B7, JC 15)."""

    __tablename__ = "request_versions"

    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    form: Mapped[dict[str, Any]]
    submitted_by: Mapped[str] = mapped_column(String(128))
    submitted_at: Mapped[datetime]


class StageRow(Base):
    """One stage 审批环节 of one version. `state`: waiting, open, approved, rejected, returned, dropped."""

    __tablename__ = "request_stages"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    version: Mapped[int]
    position: Mapped[int]
    office: Mapped[str] = mapped_column(String(32))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))  # whose office holder decides
    clause: Mapped[str] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(32))  # service level that sets the time limit
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("request_id", "version", "position"),
        Index("ix_request_stages_office", "unit_id", "office", "state"),
        Index("ix_request_stages_state_due_at", "state", "due_at"),
    )


class DecisionRow(Base):
    """One decision, by one person, on one stage, bound to the digest of what was shown."""

    __tablename__ = "decisions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), index=True)
    version: Mapped[int]
    stage_id: Mapped[str] = mapped_column(ForeignKey("request_stages.id"), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(500))
    digest: Mapped[str] = mapped_column(String(64))
    via: Mapped[str] = mapped_column(String(16))  # api, webhook, cli, page
    proof: Mapped[str] = mapped_column(String(64), default="")  # how the decider proved himself: "mfa hwk", "webhook"
    excluded: Mapped[list[str]] = mapped_column(default=list)  # what of a proposal this decision leaves out
    decided_at: Mapped[datetime]
    capacity: Mapped[str] = mapped_column(String(16), default="holder")  # holder, deputy, alternate
    # Whom a deputy stood for, and by which naming: both or neither.
    stands_for_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"), index=True)
    deputy_row_id: Mapped[str | None] = mapped_column(ForeignKey("deputies.id"))
    via_office: Mapped[str] = mapped_column(String(32), default="")  # of an alternate: the office that he holds

    __table_args__ = (
        CheckConstraint("(stands_for_id IS NULL) = (deputy_row_id IS NULL)", name="deputy_named"),
        CheckConstraint("(capacity = 'deputy') = (stands_for_id IS NOT NULL)", name="deputy_capacity"),
        CheckConstraint("stands_for_id IS NULL OR stands_for_id <> person_id", name="two_names"),
        # Whoever a deputy stands for takes part himself: the key of the participants refuses his second part (HH 3).
        ForeignKeyConstraint(
            ["request_id", "version", "stands_for_id"],
            ["request_participants.request_id", "request_participants.version", "request_participants.person_id"],
            name="fk_decisions_stands_for_participants",
        ),
    )


class ParticipantRow(Base):
    """Everybody who takes part in a version. The primary key is the rule: nobody takes part twice (JC 7, HH 3)."""

    __tablename__ = "request_participants"

    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    part: Mapped[str] = mapped_column(String(16))  # applicant, beneficiary, decider, represented


class NumberRow(Base):
    """Last running number of requests given in a year."""

    __tablename__ = "request_numbers"

    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


@event.listens_for(Base.metadata, "after_create")
def _install_triggers(_target: object, connection: Connection, **_: object) -> None:
    """Makes the triggers wherever the tables are made from the metadata; the migration does the same itself."""
    if all(connection.dialect.has_table(connection, name) for name in (DecisionRow.__tablename__, "appointments")):
        triggers.install(connection)
