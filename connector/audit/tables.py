"""Tables of the record: entries and signed checkpoints. Append only; triggers, made with them, refuse the rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Index, Integer, LargeBinary, String, event
from sqlalchemy.orm import Mapped, mapped_column

from connector.audit import triggers
from connector.storage.tables import Base

BigId = BigInteger().with_variant(Integer, "sqlite")


class AuditEntryRow(Base):
    """One entry. `position` and `leaf_hash` are set once, by the sealer; everything else never changes."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(64))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(128))
    actor_person_id: Mapped[str | None] = mapped_column(String(36))
    subject: Mapped[str] = mapped_column(String(128))  # "account:UUID", "request:UUID", "plan:HASH"
    person_id: Mapped[str | None] = mapped_column(String(36))
    account_id: Mapped[str | None] = mapped_column(String(36))
    request_id: Mapped[str | None] = mapped_column(String(36))
    alarm: Mapped[bool] = mapped_column(default=False)
    data: Mapped[dict[str, Any]]
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    leaf_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    __table_args__ = (
        Index("ix_audit_entries_person", "person_id", "at"),
        Index("ix_audit_entries_account", "account_id", "at"),
        Index("ix_audit_entries_request", "request_id", "at"),
        Index("ix_audit_entries_at", "at"),
        Index("ix_audit_entries_event", "event", "at"),
    )


class CheckpointRow(Base):
    """A signed checkpoint (C2SP note) over the first `size` entries, with the frontier to continue from."""

    __tablename__ = "audit_checkpoints"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    size: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    frontier: Mapped[bytes] = mapped_column(LargeBinary)  # hashes of the full subtrees, largest first, 32 bytes each
    note: Mapped[str]


@event.listens_for(Base.metadata, "after_create")
def _install_triggers(_target: object, connection: Connection, **_: object) -> None:
    """Makes the triggers wherever the tables are made from the metadata; the migration does the same itself."""
    tables = (AuditEntryRow.__tablename__, CheckpointRow.__tablename__)
    if all(connection.dialect.has_table(connection, name) for name in tables):
        triggers.install(connection)
