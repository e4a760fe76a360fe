"""Tables of what the mirror knows beside the events: second factors, asked baselines, imported logs of subsystems."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base


class FactorChangeRow(Base):
    """A second factor that came or went, as an event told; or one that a baseline found (GS 10(2), GS 16)."""

    __tablename__ = "factor_changes"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # of the event, or of the credential that was found
    keycloak_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    change: Mapped[str] = mapped_column(String(8))  # enrolled, removed
    factor: Mapped[str] = mapped_column(String(16))  # key, otp, recovery; else as Keycloak names it
    source: Mapped[str] = mapped_column(String(8))  # event, baseline
    actor_id: Mapped[str | None] = mapped_column(String(64))  # who did it, where it was somebody else
    credential: Mapped[str | None] = mapped_column(String(255))  # a key's credentialId, else Keycloak's own id

    __table_args__ = (Index("ix_factor_changes_user", "keycloak_id", "at"),)


class BaselineRow(Base):
    """One baseline: how far it came, so that the next process goes on from there."""

    __tablename__ = "activity_baselines"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(String(8))  # api, database
    started_at: Mapped[datetime]
    listed_at: Mapped[datetime | None]  # when the listing of all accounts was whole
    position: Mapped[str] = mapped_column(String(64), default="")  # the last account that was asked for
    asked: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    finished_at: Mapped[datetime | None]


class LogImportRow(Base):
    """One log file of a subsystem that was imported, by the SHA-256 of its content: the same file counts once."""

    __tablename__ = "log_imports"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    subsystem_id: Mapped[str] = mapped_column(String(32), primary_key=True)  # "" where the lines name it
    file_name: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    lines: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)  # uses that are later than what was known
