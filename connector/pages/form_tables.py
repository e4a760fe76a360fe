"""Table of the forms people are filling in. It holds no rule, and what was typed stands in it sealed alone (J5)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class PageFormRow(Base):
    """One application on its way from the first page to its submission; its own one-time token at once.

    `revision` counts the saves: a check page that shows an older one submits nothing. `number` is given once, when it
    is submitted; a second press of the button finds it there.
    """

    __tablename__ = "page_forms"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"))  # whose form it is; nobody else opens it
    way: Mapped[str] = mapped_column(String(32))  # which page of the application: grant, change, password_reset, …
    resubmits: Mapped[str | None] = mapped_column(String(24))  # number of the returned request it will replace
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # the entries and the chain that was shown; empty once submitted
    revision: Mapped[int] = mapped_column(default=1)
    number: Mapped[str | None] = mapped_column(String(24))  # of the request it became
    saved_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (Index("ix_page_forms_person_id", "person_id"), Index("ix_page_forms_expires_at", "expires_at"))
