"""Table of the streams: where each subsystem hears what became of an account, and how it asks."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base


class StreamRow(Base):
    """The stream of one subsystem. Its id is short: it stands in the lane of every signal, beside an account's."""

    __tablename__ = "signal_streams"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    subsystem_id: Mapped[str] = mapped_column(ForeignKey("subsystems.id"), unique=True)
    url: Mapped[str] = mapped_column(String(512))
    audience: Mapped[str] = mapped_column(String(512))
    authorization_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # header we send, as the subsystem gave it
    question_digest: Mapped[str] = mapped_column(String(64), unique=True)  # of the token the subsystem asks with
    enabled: Mapped[bool] = mapped_column(default=True)
    registered_by: Mapped[str] = mapped_column(String(128))
    registered_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]  # when the subsystem last took a signal
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str] = mapped_column(String(64), default="")
