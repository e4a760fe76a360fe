"""The table of every document by which a person is known. Numbers stand sealed; equality goes through keyed digests."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class PersonDocumentRow(Base):
    """One document of a person, the registered one among them. It belongs to nobody else while it is not void."""

    __tablename__ = "person_documents"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(64))
    masked: Mapped[str] = mapped_column(String(32))
    added_by: Mapped[str] = mapped_column(String(128))  # name of the actor
    added_at: Mapped[datetime]
    void_at: Mapped[datetime | None]  # found untrue (HH 4): its true owner may be registered with it

    __table_args__ = (
        Index(
            "uq_person_documents_digest",
            "digest",
            unique=True,
            sqlite_where=text("void_at IS NULL"),
            postgresql_where=text("void_at IS NULL"),
        ),
    )
