"""Tables of the provenance gate: changes that wait to be judged, findings, whose users are whose, since when it stands.

No row holds an address or what a person is called: the mirror of Keycloak's events has the address.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class QueuedChangeRow(Base):
    """One change in Keycloak that is not judged yet (`changes.Change`); deleted by the transaction that judges it."""

    __tablename__ = "provenance_queue"

    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    seen_at: Mapped[datetime]
    shape: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str | None] = mapped_column(String(64))
    by_us: Mapped[bool]
    actor_id: Mapped[str | None] = mapped_column(String(64))
    actor_realm: Mapped[str | None] = mapped_column(String(64))
    actor_client: Mapped[str | None] = mapped_column(String(255))
    facts: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_provenance_queue_at", "at", "event_id"),)


class FindingRow(Base):
    """A change in Keycloak that nothing explains. Open until a security administrator closes it with a reason."""

    __tablename__ = "provenance_findings"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    event_id: Mapped[str] = mapped_column(String(64))  # in the mirror; "record:N" where the record itself told of it
    kind: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    user_id: Mapped[str | None] = mapped_column(String(64), index=True)  # Keycloak's id of whom it happened to
    by_us: Mapped[bool]  # done with the key of the connector's own service account
    actor_id: Mapped[str | None] = mapped_column(String(64))
    actor_realm: Mapped[str | None] = mapped_column(String(64))
    actor_client: Mapped[str | None] = mapped_column(String(255))
    facts: Mapped[dict[str, Any]]
    happened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    found_at: Mapped[datetime] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(16))  # see remedies.Action
    held: Mapped[bool]  # the action waits for a person: too many accounts in an hour
    steps: Mapped[list[Any]]  # outbox steps that carry the action out
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    reason: Mapped[str] = mapped_column(String(512), default="")
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))  # which explains it afterwards

    __table_args__ = (
        UniqueConstraint("event_id", "kind"),
        Index(
            "ix_provenance_findings_open",
            "found_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class KnownUserRow(Base):
    """Whose account a user of Keycloak is or was: the register forgets it when the user is deleted there."""

    __tablename__ = "provenance_users"

    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(36))


class GateRow(Base):
    """Since when the gate stands: what happened before has no provenance, and is compared by reconciliation alone."""

    __tablename__ = "provenance_gate"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    since: Mapped[datetime]
