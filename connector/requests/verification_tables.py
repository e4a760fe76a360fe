"""The table of what verifiers compared. Holds names of items and results, never a number."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base


class VerificationRow(Base):
    """What the verifier of one decision compared. The verifier is the decision's person."""

    __tablename__ = "verifications"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), index=True)
    items: Mapped[list[Any]]  # Comparison as JSON
    verified_at: Mapped[datetime]
    clause: Mapped[str] = mapped_column(String(64))
