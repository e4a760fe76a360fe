"""Tables of the keys: batches, the keys themselves, their history, cases of replacement, waivers, and findings.

A key's history is one row per state, so that the ledger can say who held which key at any past moment (A5, GS 16).
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id

HELD = "status IN ('issued', 'bound')"
OPEN = "closed_at IS NULL"


class KeyBatchRow(Base):
    """Keys received together: by which paper, from whom, when, and who took them in (GS 10(1), 16)."""

    __tablename__ = "key_batches"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(64), unique=True)
    paper: Mapped[str] = mapped_column(String(128))
    supplier: Mapped[str] = mapped_column(String(128), default="")
    received_at: Mapped[datetime]
    received_by: Mapped[str] = mapped_column(String(128))  # name of the actor


class HardwareKeyRow(Base):
    """One key. A WebAuthn key is known by its credentialId once bound, a certificate key by its serial number."""

    __tablename__ = "hardware_keys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    serial: Mapped[str] = mapped_column(String(64), unique=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("key_batches.id"), index=True)
    model: Mapped[str] = mapped_column(String(64))
    aaguid: Mapped[str | None] = mapped_column(String(36))
    cert_serial: Mapped[str | None] = mapped_column(String(64), unique=True)  # hexadecimal, lower case, even length
    key_id: Mapped[str | None] = mapped_column(String(1366), unique=True)  # credentialId, base64url without padding
    status: Mapped[str] = mapped_column(String(16), index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)  # who holds it, or lost it
    custodian_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))  # who last had it in his charge
    issued_at: Mapped[datetime | None]
    bound_at: Mapped[datetime | None]

    __table_args__ = (
        # An account holds one key at most: two custodians at once, one wins.
        Index(
            "uq_hardware_keys_held", "account_id", unique=True, sqlite_where=text(HELD), postgresql_where=text(HELD)
        ),
    )  # fmt: skip


class KeyEventRow(Base):
    """One state of a key, from `at` until the next; `account_id` is who held or lost it in that state."""

    __tablename__ = "key_events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    hardware_key_id: Mapped[str] = mapped_column(ForeignKey("hardware_keys.id"))
    former: Mapped[str | None] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    until: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(String(128))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    key_id: Mapped[str | None] = mapped_column(String(1366))  # credentialId in that state; a key restocked gets another
    receipt: Mapped[str] = mapped_column(String(64), default="")
    witness_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    request_id: Mapped[str | None] = mapped_column(String(36))
    note: Mapped[str] = mapped_column(String(256), default="")

    __table_args__ = (
        Index("ix_key_events_key", "hardware_key_id", "id"),
        Index("ix_key_events_account", "account_id", "at"),
        Index("ix_key_events_key_id", "key_id"),
        Index(
            "uq_key_events_open", "hardware_key_id", unique=True,
            sqlite_where=text("until IS NULL"), postgresql_where=text("until IS NULL"),
        ),
    )  # fmt: skip


class ReplacementRow(Base):
    """One case of a lost or damaged key (GS 12): reported and frozen, approved, closed when the new key is issued."""

    __tablename__ = "key_replacements"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    former_id: Mapped[str] = mapped_column(ForeignKey("hardware_keys.id"))
    cause: Mapped[str] = mapped_column(String(16))  # lost, damaged
    opened_at: Mapped[datetime]
    request_id: Mapped[str | None] = mapped_column(String(36))
    approved_at: Mapped[datetime | None]
    new_id: Mapped[str | None] = mapped_column(ForeignKey("hardware_keys.id"))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_key_replacements_open", "account_id", unique=True,
            sqlite_where=text(OPEN), postgresql_where=text(OPEN),
        ),
    )  # fmt: skip


class WaiverRow(Base):
    """A one-time code instead of the key, approved and with an end (GS 10(2)). In force until `ended_at` is written."""

    __tablename__ = "key_waivers"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    request_id: Mapped[str] = mapped_column(String(36))
    since: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str] = mapped_column(String(16), default="")  # over, withdrawn, renewed, key_issued, cancelled

    __table_args__ = (
        Index(
            "uq_key_waivers_open", "account_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip


class KeyFindingRow(Base):
    """Where Keycloak and the inventory disagree. `kind`: unknown, foreign (another's key), missing."""

    __tablename__ = "key_findings"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    key_id: Mapped[str] = mapped_column(String(1366))
    serial: Mapped[str | None] = mapped_column(String(64))  # of the key it belongs to, where the inventory has it
    first_seen_at: Mapped[datetime] = mapped_column(index=True)
    step_id: Mapped[int | None]  # the removal that was ordered
    removed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_key_findings_open", "account_id", "key_id", unique=True,
            sqlite_where=text(OPEN), postgresql_where=text(OPEN),
        ),
    )  # fmt: skip


class KeyPassRow(Base):
    """How far a pass over Keycloak's credentials has come: by moment (changes) or by Keycloak id (everybody)."""

    __tablename__ = "key_passes"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)  # changes, everybody
    read_to: Mapped[datetime | None]
    position: Mapped[str | None] = mapped_column(String(64))
    finished_at: Mapped[datetime | None]
