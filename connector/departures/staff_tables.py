"""Tables of people who come, move or come back: mover cases, and hints for people who decide. Hold no name."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class MoverCaseRow(Base):
    """One person with an account whose unit or post the directory changed (JC 6, 13).

    Open until what his new post may not hold is decided by a request. `problem` is why there is no request yet:
    "no-matrix" when the unit's table does not know the post, or the code of the refusal; tried again in each run.
    """

    __tablename__ = "mover_cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    from_unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    to_unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"))
    from_post: Mapped[str] = mapped_column(String(64))
    to_post: Mapped[str] = mapped_column(String(64))
    excess: Mapped[list[str]]  # permission ids listed for withdrawal
    problem: Mapped[str] = mapped_column(String(64), default="")
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))
    opened_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(24), default="")  # nothing_in_excess, withdrawn, kept, account_ended

    __table_args__ = (
        Index(
            "uq_mover_cases_open", "account_id", unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip


class HintRow(Base):
    """Something the directory shows that a person should act on; the machine does nothing about it.

    `kind`: joiner (nobody is registered with the key), same_person (somebody is, under another key), returner (his
    account is out of use), unknown_unit (the register has no such unit).
    """

    __tablename__ = "directory_hints"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    key: Mapped[str] = mapped_column(String(64), index=True)
    unit_code: Mapped[str | None] = mapped_column(String(64))
    post: Mapped[str | None] = mapped_column(String(64))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("persons.id"))
    mailed: Mapped[int] = mapped_column(default=0)  # heads of the unit who were told
    opened_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_directory_hints_open", "key", "kind", unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip
