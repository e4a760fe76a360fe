"""Tables of the departures: reads of the HR directory, the people seen there, plans, and cases that await a form.

The directory's rows are not copied: a key, a status, a digest of the DN and which attributes it had are enough to see
who is missing, and what.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class DirectoryReadRow(Base):
    """One read. Only a `good` one (complete, and its plan carried out) is the measure for the next ones."""

    __tablename__ = "directory_reads"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    read_at: Mapped[datetime] = mapped_column(index=True)
    complete: Mapped[bool]
    good: Mapped[bool] = mapped_column(default=False)
    count: Mapped[int] = mapped_column(default=0)  # rows, with those set aside
    quarantined: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(String(64))


class DirectoryCursorRow(Base):
    """Where reading of changes goes on after the last complete read, and what was done since; one row.

    `stopped` says why changes are not acted on until the next good read; `frozen` and `moved` count against the
    breaker what they did since the last one.
    """

    __tablename__ = "directory_cursor"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cursor: Mapped[str] = mapped_column(Text, default="")
    read_id: Mapped[int] = mapped_column(ForeignKey("directory_reads.id"))
    read_at: Mapped[datetime]
    stopped: Mapped[str | None] = mapped_column(String(64))
    frozen: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)


class DirectoryPersonRow(Base):
    """One key of the directory, as the last read left it.

    `last_seen_at` of somebody who is there is when he came or changed; of somebody missing, the last read with him.
    """

    __tablename__ = "directory_people"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    dn_digest: Mapped[str] = mapped_column(String(64))  # a row set aside is not an absent person
    status: Mapped[str] = mapped_column(String(64))
    departed: Mapped[bool]
    filled: Mapped[int | None]  # bits of the attributes he had (`plan.Filled`); none before they were looked at
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    missing_since: Mapped[datetime | None]  # the first complete read without the key
    reads_missing: Mapped[int] = mapped_column(default=0)


class DeparturePlanRow(Base):
    """One plan that had something to do or was held. `state`: executed, held, released, rejected, superseded.

    The same content may come again (somebody returns and leaves again), so that the hash alone is no key. `kind` is
    "leavers", or "movers" for changes of persons that were too many at once.
    """

    __tablename__ = "departure_plans"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    hash: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16), default="leavers")
    made_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    items: Mapped[list[Any]]  # [{"account_id", "key", "cause", "manual"}]; no names
    reasons: Mapped[list[str]]
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))
    closed_at: Mapped[datetime | None]


class DepartureCaseRow(Base):
    """One leaver. Open until the written form for the account is approved (LC 7(2)).

    `frozen_at` is empty for an account that is never frozen automatically: a person must act on it.
    """

    __tablename__ = "departure_cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    cause: Mapped[str] = mapped_column(String(16))  # status, absence
    opened_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    form_due_at: Mapped[datetime] = mapped_column(index=True)
    form_request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_departure_cases_open", "account_id", unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip
