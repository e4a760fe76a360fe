"""Tables of the alarms: what was alarmed, put together by kind, subject and time; and who administers Keycloak."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class AlarmRow(Base):
    """Alarms of one kind about one subject within a window, as one row with a count. `subject` "*" is many of them."""

    __tablename__ = "alarms"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    event: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(128))
    severity: Mapped[str] = mapped_column(String(8))
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]  # unacknowledged by then, it escalates
    told_at: Mapped[datetime | None]  # mailed and sent to endpoints
    escalated_at: Mapped[datetime | None]
    escalation_told_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    note: Mapped[str] = mapped_column(String(500), default="")

    __table_args__ = (
        Index(
            "uq_alarms_open",
            "event",
            "subject",
            unique=True,
            sqlite_where=text("acknowledged_at IS NULL"),
            postgresql_where=text("acknowledged_at IS NULL"),
        ),
    )


class AlarmEntryRow(Base):
    """Which row an entry of the record was counted in: each once, whatever is looked at again."""

    __tablename__ = "alarm_entries"

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    alarm_id: Mapped[str] = mapped_column(ForeignKey("alarms.id"), index=True)


class ConsoleAdministratorRow(Base):
    """Somebody who administers Keycloak itself, by the id that Keycloak's events name; everybody else is unknown."""

    __tablename__ = "console_administrators"

    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(128))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    registered_by: Mapped[str] = mapped_column(String(128))
    registered_at: Mapped[datetime]
