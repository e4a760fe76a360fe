"""Table of the outbox: one row per side effect, with its lease, its tries and its visible end."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base

BigId = BigInteger().with_variant(Integer, "sqlite")


class StepRow(Base):
    """One side effect. Steps of an ordered lane run one after another, by their ids; lanes run side by side."""

    __tablename__ = "outbox_steps"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(48))
    lane: Mapped[str] = mapped_column(String(64))  # "account:UUID", "endpoint:UUID", "mail"
    ordered: Mapped[bool]
    payload: Mapped[dict[str, Any]]
    account_id: Mapped[str | None] = mapped_column(String(36))
    request_id: Mapped[str | None] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(16))  # pending, leased, done, dead, conflict
    interactive: Mapped[bool] = mapped_column(default=False)  # only the one who ordered it may run it
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    enqueued_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_outbox_steps_state_due_at", "state", "due_at"),
        Index("ix_outbox_steps_lane_id", "lane", "id"),
        Index("ix_outbox_steps_account_id", "account_id"),
        Index("ix_outbox_steps_request_id", "request_id"),
    )


class AttemptRow(Base):
    """One try of a step that has ended; the one under way is read from the step itself."""

    __tablename__ = "outbox_attempts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("outbox_steps.id"), index=True)
    number: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(32))  # done, retry, dead, conflict, lost
    error: Mapped[str | None]
