"""Tables of the requests that came in one file: the batch, its lines, and the running number."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class BatchRow(Base):
    """One file whose every line became a request. The file itself is not kept."""

    __tablename__ = "request_batches"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # PL-2026-000012
    kind: Mapped[str] = mapped_column(String(32))
    content: Mapped[str] = mapped_column(String(64))  # keyed digest of kind and lines: the same list, saved again, too
    times: Mapped[int]  # how often this content came; the second time only when it was meant
    lines: Mapped[int]
    applicant_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    submitted_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("content", "times"),)


class BatchLineRow(Base):
    """One line of the file and the request it became."""

    __tablename__ = "request_batch_lines"

    batch_id: Mapped[str] = mapped_column(ForeignKey("request_batches.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)  # as the spreadsheet counts
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), unique=True)


class BatchNumberRow(Base):
    """Last running number of batches given in a year."""

    __tablename__ = "request_batch_numbers"

    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
