"""Tables of the mirror of Keycloak's events: the events, what they say of each account, and how far they were read.

What else the mirror knows (baselines, logs of subsystems) stands in `evidence_tables`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, Index, String, event, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base

REST = "idp_events_rest"  # What no month was made for: nothing is ever refused for want of a partition.


class IdpEventRow(Base):
    """One event of Keycloak, kept as long as the record (GX 10, GS 16). Personal values and secrets are left out.

    By months on PostgreSQL (see `partitions`), which is why the moment belongs to the key; it never changes.
    """

    __tablename__ = "idp_events"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))  # login, admin
    at: Mapped[datetime] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[str | None] = mapped_column(String(64))  # whom it happened to
    actor_id: Mapped[str | None] = mapped_column(String(64))  # who did it; admin events only
    client_id: Mapped[str | None] = mapped_column(String(255))
    ip: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(String(255))
    resource_path: Mapped[str | None]
    details: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_idp_events_user", "user_id", "at"),
        Index("ix_idp_events_at", "at"),
        Index(
            "ix_idp_events_actor",
            "actor_id",
            "at",
            sqlite_where=text("actor_id IS NOT NULL"),
            postgresql_where=text("actor_id IS NOT NULL"),
        ),
        {"postgresql_partition_by": "RANGE (at)"},
    )


_rest = DDL(f"CREATE TABLE {REST} PARTITION OF idp_events DEFAULT")  # type: ignore[no-untyped-call]
event.listen(IdpEventRow.__table__, "after_create", _rest.execute_if(dialect="postgresql"))


class ActivityRow(Base):
    """What is known of one user of Keycloak. No row means: nothing seen, not: never used."""

    __tablename__ = "account_activity"

    keycloak_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_used_at: Mapped[datetime | None] = mapped_column(index=True)
    last_used_source: Mapped[str | None] = mapped_column(String(8))  # event, log, baseline
    last_login_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime | None]  # the oldest event of the user, by whomever
    password_set_at: Mapped[datetime | None] = mapped_column(index=True)
    password_evidence: Mapped[str] = mapped_column(String(8))  # event, initial, baseline, unknown
    password_actor_id: Mapped[str | None] = mapped_column(String(64))  # who set it, where it was somebody else
    baseline_at: Mapped[datetime | None]  # when Keycloak itself was asked for the credentials
    created_at: Mapped[datetime | None]  # in Keycloak; this and the next as the last listing told
    enabled: Mapped[bool | None]
    gone_at: Mapped[datetime | None]  # deleted in Keycloak, or not found there when it was asked


class SubsystemUseRow(Base):
    """Last use of one subsystem by one user of Keycloak."""

    __tablename__ = "subsystem_uses"

    keycloak_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    subsystem_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    last_used_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(8), default="event", server_default="event")  # event, log, baseline


class CursorRow(Base):
    """How far the events of one kind were read, and since when the mirror has all of them."""

    __tablename__ = "ingestion_cursors"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    read_to: Mapped[datetime | None]  # moment of the newest event read
    last_event_id: Mapped[str | None] = mapped_column(String(64))
    covers_since: Mapped[datetime]  # from here on no event is missing
    read_at: Mapped[datetime]  # until here no event is missing, but for those that commit late
    restarted_at: Mapped[datetime | None]  # when a gap was found that `covers_since` comes from
    off_since: Mapped[datetime | None]  # Keycloak was told to record no more of these events
