"""A town whose every account stands in Keycloak as approved, and what a test of a comparison asks of it."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from connector.provisioning import repairs
from connector.reconciliation import service as reconciliation
from connector.reconciliation.views import RunReport
from connector.register import accounts
from connector.register.tables import AccountRow
from connector.requests.tables import RequestRow
from tests.town import HOST, Town


def deliver(town: Town) -> None:
    """Runs the worker until nothing is due, over as much time as a step may wait."""
    for _ in range(3):
        town.connector.deliver()
        town.clock.advance(timedelta(minutes=5))


def provision_everybody(town: Town) -> None:
    """Gives each account of the register its user in Keycloak, that of the usual applicant as well."""
    town.applicant()
    with town.connector.act(HOST) as act:
        for account in act.session.scalars(select(AccountRow).where(AccountRow.keycloak_id.is_(None))):
            repairs.make_agree(act, account, cause="test")
    deliver(town)


def opened(town: Town, count: int = 2) -> AccountRow:
    """A person with an approved account and `count` permissions, in Keycloak."""
    account = town.account_of(town.approve(town.submit(town.form(permissions=town.permissions(count)))))
    deliver(town)
    return account_now(town, account)


def account_now(town: Town, account: AccountRow) -> AccountRow:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def reconcile(town: Town, **options: Any) -> RunReport:
    """One run, as the job runs it; what it kept."""
    town.clock.advance(timedelta(minutes=1))
    summary = reconciliation.reconcile(town.connector, **options)
    return report(town, summary["run"])


def report(town: Town, run_id: str = "") -> RunReport:
    with town.connector.act(HOST) as act:
        return reconciliation.show_run(act, run_id)


def told(found: RunReport) -> list[tuple[str, str, str]]:
    """(kind, who, what) of each difference."""
    return [(view.kind, view.user_name or view.keycloak_id or "", view.name) for view in found.differences]


def request_of(town: Town, found: RunReport) -> RequestRow:
    with town.connector.act(HOST) as act:
        return act.session.get_one(RequestRow, found.run.request_id)
