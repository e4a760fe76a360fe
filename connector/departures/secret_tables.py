"""Tables of shared secrets and of the cases that change them when somebody leaves (JC 22). Hold no secret."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class KnownSecretRow(Base):
    """One password or key that people share: what it is called and what it opens, never the secret itself."""

    __tablename__ = "known_secrets"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(32))  # see shared_secrets.SecretKind
    opens: Mapped[str] = mapped_column(String(128))  # a subsystem or a server
    registered_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]  # last time a rotation case changed it


class SecretKnowerRow(Base):
    """Somebody who knows a secret, since when and until when."""

    __tablename__ = "secret_knowers"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    secret_id: Mapped[str] = mapped_column(ForeignKey("known_secrets.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_secret_knowers_open", "secret_id", "person_id", unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )  # fmt: skip


class RotationCaseRow(Base):
    """Everything that one leaving administrator knew, to be changed (JC 22). Open until each item is done."""

    __tablename__ = "rotation_cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    alarmed_at: Mapped[datetime | None]  # of the newest alarm about being late
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_rotation_cases_open", "person_id", unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip


class RotationItemRow(Base):
    """One thing to be changed. `subject` is "kind:id" of what the record or the register of secrets names."""

    __tablename__ = "rotation_items"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("rotation_cases.id"), index=True)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(128))
    opens: Mapped[str] = mapped_column(String(128), default="")
    secret_id: Mapped[str | None] = mapped_column(ForeignKey("known_secrets.id"))
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
