"""Tables of the watch over logins: sessions used of late with their places, and wrong logins of the last minutes.

Working memory, not a record: rows are deleted when they can no longer matter.
"""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base


class PlaceRow(Base):
    """One session of Keycloak; see `places.Place`."""

    __tablename__ = "login_places"

    session_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(64))
    network: Mapped[str] = mapped_column(String(64))
    login_at: Mapped[datetime]
    used_at: Mapped[datetime] = mapped_column(index=True)
    event_id: Mapped[str] = mapped_column(String(64))
    former_network: Mapped[str] = mapped_column(String(64), default="")
    former_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_login_places_user", "user_id", "used_at"),)


class FailureRow(Base):
    """The last wrong login from one address for one account, or for a name that is none (its digest)."""

    __tablename__ = "login_failures"

    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    failed_at: Mapped[datetime] = mapped_column(index=True)
