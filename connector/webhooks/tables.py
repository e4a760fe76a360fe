"""Tables of the webhooks: endpoints of approvers' systems and the messages received from them."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class EndpointRow(Base):
    """A unit's system that hears of tasks and answers them. `outgoing` signs what we send, `incoming` verifies.

    The previous secrets are used beside the present ones until `previous_until`, so that both sides can change.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    url: Mapped[str] = mapped_column(String(512))
    offices: Mapped[list[str]]  # offices it hears of and may answer for
    outgoing_sealed: Mapped[bytes] = mapped_column(LargeBinary)  # whsec_… or whsk_…
    outgoing_previous_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    incoming_sealed: Mapped[bytes] = mapped_column(LargeBinary)  # whsec_… or whpk_…
    incoming_previous_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    registered_by: Mapped[str] = mapped_column(String(128))
    registered_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_cause: Mapped[str] = mapped_column(String(32), default="")  # ordered, gone


class ReceiptRow(Base):
    """A signed message that was received. The primary key is the rule: no message counts twice (B11)."""

    __tablename__ = "webhook_receipts"

    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(64))  # accepted, or the code of the refusal
    stage_id: Mapped[str | None] = mapped_column(String(36))
