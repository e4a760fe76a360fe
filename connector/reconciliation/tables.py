"""Tables of the reconciliation: runs, and the differences each of them found. No name of a person, no value."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables import Base, new_id


class ReconciliationRow(Base):
    """One complete comparison of the register with Keycloak; one that was not complete leaves no row.

    `plan`: none (nothing to repair by a request), proposed, waiting (the same plan waits already), refused (the same
    plan was rejected before), undecidable (nobody can decide it).
    """

    __tablename__ = "reconciliations"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime] = mapped_column(index=True)
    accounts: Mapped[int]  # accounts of the register that were compared
    users: Mapped[int]  # users that Keycloak listed
    holdings: Mapped[int]  # pairs of user and role that Keycloak listed
    in_progress: Mapped[int]  # accounts left out because their steps are still under way
    sampled: Mapped[int]  # users that were read in full
    sampled_to: Mapped[str] = mapped_column(String(36), default="")  # account id where the next sample goes on
    counts: Mapped[dict[str, Any]]  # differences by kind, those beyond the list as well
    beyond: Mapped[int] = mapped_column(default=0)  # accounts that differ and were not looked at one by one
    shut_out: Mapped[int] = mapped_column(default=0)  # users nobody applied for, disabled: kept as evidence
    excess: Mapped[dict[str, Any]]  # what the units' tables of posts do not allow: {"accounts": n, "permissions": n}
    plan: Mapped[str] = mapped_column(String(16), default="none")
    plan_hash: Mapped[str | None] = mapped_column(String(64))
    plan_refused_by: Mapped[str | None] = mapped_column(String(64))  # code of the error when nobody can decide
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"), index=True)


class DifferenceRow(Base):
    """One difference of one run. `state`: found, proposed, repaired (a later run found it no more), left, spared."""

    __tablename__ = "reconciliation_differences"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("reconciliations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    keycloak_id: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255), default="")  # a role, an attribute, a stranger's user name, or empty
    step_id: Mapped[int | None]  # the step that stopped, when it is the reason
    state: Mapped[str] = mapped_column(String(16), default="found")

    __table_args__ = (Index("ix_reconciliation_differences_account", "account_id"),)
