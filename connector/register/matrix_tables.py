"""Table of the drafts of the units' tables of posts and permissions. What is in force stands elsewhere: `MatrixRow`."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base


class MatrixDraftRow(Base):
    """The draft of a unit's next table: one at most, and it allows nobody anything. Gone when a version is adopted."""

    __tablename__ = "matrix_drafts"

    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), primary_key=True)
    based_on: Mapped[int]  # the version in force when it was begun; 0 where there was none
    revision: Mapped[int]  # counts the saves: whoever saves names the one he has read
    lines: Mapped[list[Any]]  # of MatrixLine as JSON
    edited_by: Mapped[str] = mapped_column(String(128))
    edited_at: Mapped[datetime]
