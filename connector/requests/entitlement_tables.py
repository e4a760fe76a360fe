"""Table of the overrides: permissions approved although the table of posts does not allow them."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class OverrideRow(Base):
    """One override by one decision (B5, JC 11). It is never changed: a later version of the request needs its own."""

    __tablename__ = "entitlement_overrides"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), index=True)
    version: Mapped[int]
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))  # who took it upon himself
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)  # of the beneficiary, as it was shown
    post: Mapped[str] = mapped_column(String(64))
    matrix_id: Mapped[str] = mapped_column(ForeignKey("matrices.id"))  # the version it was shown by
    permissions: Mapped[list[str]]  # every one that the table does not allow
    post_unknown: Mapped[bool]  # the table does not know the post at all
    reason: Mapped[str] = mapped_column(String(500))
    digest: Mapped[str] = mapped_column(String(64))  # of what was shown
    at: Mapped[datetime] = mapped_column(index=True)
