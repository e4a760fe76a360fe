"""Table of the stamped papers that were scanned and attached to requests. The files lie outside the database."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class ScanRow(Base):
    """One scan of one version of a request. Rows are only ever added; `sha256` is also the name of the file."""

    __tablename__ = "scans"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"))
    version: Mapped[int]
    stage_id: Mapped[str | None] = mapped_column(ForeignKey("request_stages.id"))  # none: attached by the applicant
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str] = mapped_column(String(32))
    size: Mapped[int]  # bytes
    attached_by: Mapped[str] = mapped_column(ForeignKey("persons.id"))
    attached_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("request_id", "version", "sha256"),)
