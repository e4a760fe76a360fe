"""Tables of the registration: cases of untrue data, changes of contact and handler, handover records.

New particulars wait sealed until a verifier has compared them; nothing here opens an account or takes one away.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class MismatchRow(Base):
    """Registered data of one person found untrue. `outcome`: restored, terminated, unfounded (HH 4)."""

    __tablename__ = "mismatch_cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    source: Mapped[str] = mapped_column(String(16))  # reported, directory, duplicate
    fields: Mapped[list[str]]  # names of what is untrue, no values
    reason: Mapped[str] = mapped_column(String(500))
    opened_by: Mapped[str] = mapped_column(String(128))
    opener_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    clause: Mapped[str] = mapped_column(String(32))
    mailed: Mapped[int] = mapped_column(default=0)
    suspend_request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))
    enable_request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))
    cancel_request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))
    problem: Mapped[str] = mapped_column(String(64), default="")  # code of what kept the next request from being made
    rectified_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(16), default="")

    __table_args__ = (
        Index(
            "uq_mismatch_cases_open",
            "person_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class ParticularsRow(Base):
    """New particulars for a case, sealed, until a verifier has compared them. `state`: waiting, verified, refused."""

    __tablename__ = "corrected_particulars"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("mismatch_cases.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    fields: Mapped[list[str]]  # names of what is corrected
    digest: Mapped[str] = mapped_column(String(64))  # keyed; the verifier's act binds to what he was shown
    sent_by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    sent_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    verified_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    verified_at: Mapped[datetime | None]
    compared: Mapped[list[Any]] = mapped_column(default=list)  # Comparison as JSON
    reason: Mapped[str] = mapped_column(String(500), default="")
    proof: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (
        CheckConstraint("verified_by IS NULL OR verified_by <> sent_by", name="another_verifies"),
        Index(
            "uq_corrected_particulars_waiting",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )


class UnitDutyRow(Base):
    """Who is a unit's contact, handler 经办 or reviewer 审核, and since when (HH 3, GX 12)."""

    __tablename__ = "unit_duties"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    duty: Mapped[str] = mapped_column(String(16))  # contact, handler, reviewer
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_unit_duties_open",
            "unit_id",
            "duty",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )


class ContactChangeRow(Base):
    """One change of a contact, handler or reviewer. `state`: announced, effective, filed, withdrawn (HH 3, GX 12).

    One that the clock opened has no successor until people name him.
    """

    __tablename__ = "contact_changes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    duty: Mapped[str] = mapped_column(String(16))
    giver_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))  # none: nobody had the duty before
    taker_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    effective_on: Mapped[date]
    late: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(500), default="")
    source: Mapped[str] = mapped_column(String(16))  # people, directory
    announced_by: Mapped[str] = mapped_column(String(128))
    announced_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), index=True)
    effective_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("giver_id IS NULL OR taker_id IS NULL OR giver_id <> taker_id", name="two_people"),
        Index(
            "uq_contact_changes_open",
            "unit_id",
            "duty",
            unique=True,
            sqlite_where=text("state = 'announced'"),
            postgresql_where=text("state = 'announced'"),
        ),
    )


class HandoverItemRow(Base):
    """One thing that is handed over, drawn from the system or added by people (HH 3)."""

    __tablename__ = "handover_items"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    change_id: Mapped[str] = mapped_column(ForeignKey("contact_changes.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # request, office, key, secret, list, other
    name: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(500), default="")
    drawn: Mapped[bool]
    added_by: Mapped[str] = mapped_column(String(128))
    added_at: Mapped[datetime]


class HandoverSignatureRow(Base):
    """One side's signature under the record as it stood; void when the record changed after it (HH 3)."""

    __tablename__ = "handover_signatures"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("contact_changes.id"), index=True)
    side: Mapped[str] = mapped_column(String(8))  # giver, taker
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))  # whose side it is
    signed_by: Mapped[str] = mapped_column(ForeignKey("persons.id"))  # he himself, or his unit head for one who left
    reason: Mapped[str] = mapped_column(String(500), default="")
    digest: Mapped[str] = mapped_column(String(64))
    proof: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("signed_by = person_id OR length(reason) >= 4", name="reason_of_another"),
        Index("uq_handover_signatures", "change_id", "side", "digest", unique=True),
    )
