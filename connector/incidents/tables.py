"""Tables of the freeze orders: one row per order, and one line per account it takes out of use or puts back."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id

BigId = BigInteger().with_variant(Integer, "sqlite")


class FreezeOrderRow(Base):
    """One order. It waits for a second person where its size or its direction asks for one.

    `state`: waiting, started, done, refused, expired. `plan_hash` binds it to the list of accounts that was shown.
    """

    __tablename__ = "freeze_orders"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # "DJ-2026-000012"
    direction: Mapped[str] = mapped_column(String(8))  # freeze, unfreeze
    scope_kind: Mapped[str] = mapped_column(String(16))  # person, unit, subsystem, key_batch
    scope_value: Mapped[str] = mapped_column(String(128))  # user name, unit code, subsystem id, number of the batch
    undoes_id: Mapped[str | None] = mapped_column(ForeignKey("freeze_orders.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    plan_hash: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]  # how many accounts the plan holds
    alone: Mapped[int]  # how many one officer could freeze alone when it was ordered
    state: Mapped[str] = mapped_column(String(16), index=True)
    ordered_by: Mapped[str] = mapped_column(String(128))  # user name, or "host:user"
    orderer_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"), index=True)
    ordered_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime | None]  # only while a second person is needed
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmer_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    started_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str] = mapped_column(String(500), default="")

    __table_args__ = (
        CheckConstraint("confirmer_id IS NULL OR confirmer_id <> orderer_id", name="two_people"),
        CheckConstraint(
            "direction = 'freeze' OR orderer_id IS NOT NULL AND (started_at IS NULL OR confirmer_id IS NOT NULL)",
            name="undone_by_two",
        ),
    )


class FreezeNumberRow(Base):
    """Last number given in a year."""

    __tablename__ = "freeze_numbers"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class FreezeLineRow(Base):
    """One account of an order. `state`: pending, done, failed, skipped.

    `steps` are the outbox steps that make it true, empty until the line is begun; `proof` is what they proved.
    The former status, with its cause and its end, is what undoing goes back to.
    """

    __tablename__ = "freeze_order_lines"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("freeze_orders.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    state: Mapped[str] = mapped_column(String(8))
    skipped_because: Mapped[str] = mapped_column(String(32), default="")
    former_status: Mapped[str] = mapped_column(String(16))
    former_cause: Mapped[str] = mapped_column(String(32), default="")
    former_until: Mapped[datetime | None]
    steps: Mapped[list[Any]]
    proof: Mapped[dict[str, Any]]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("order_id", "account_id"),
        Index("ix_freeze_order_lines_order_state", "order_id", "state", "begun_at"),
    )
