"""Table of the quarterly filings: the package as it was signed, who prepared and who signed it, and the receipt."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class FilingRow(Base):
    """One quarter's package. `state`: prepared, signed, filed. Before it is signed it may be prepared anew."""

    __tablename__ = "filings"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # BA-2026-Q3
    period: Mapped[str] = mapped_column(String(12), unique=True)
    clause: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    archive: Mapped[bytes] = mapped_column(LargeBinary)  # ZIP without the signature
    manifest_hash: Mapped[str] = mapped_column(String(64))
    prepared_by: Mapped[str] = mapped_column(String(36))
    prepared_at: Mapped[datetime]
    signed_by: Mapped[str | None] = mapped_column(String(36))
    signed_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")  # signed note (C2SP) over number, period and hash of the manifest
    receipt: Mapped[str] = mapped_column(String(64), default="")
    received_on: Mapped[date | None]
    filed_by: Mapped[str] = mapped_column(String(128), default="")
    filed_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("signed_by IS NULL OR signed_by <> prepared_by", name="two_people"),)
