"""Why an account is out of use, over its whole absence: the weightiest cause decides who may end it. Reads only."""

from sqlalchemy import func, select

from connector.auth.act import Act
from connector.register import accounts
from connector.register.tables import AccountRow, AccountStateRow
from connector.regulations.vocabulary import AccountStatus

VIOLATION = "violation"


def cause_to_lift(act: Act, account: AccountRow) -> str:
    """What a request to enable is decided by: "violation" if any state since the account was last in use had it.

    A later freeze or disabling for another cause does not make the violation forgotten (LC 7(3)).
    """
    last_active = select(func.max(AccountStateRow.id)).where(
        AccountStateRow.account_id == account.id, AccountStateRow.status == AccountStatus.ACTIVE.value
    )
    since = act.session.scalar(last_active) or 0
    violated = select(AccountStateRow.id).where(
        AccountStateRow.account_id == account.id, AccountStateRow.id > since, AccountStateRow.cause == VIOLATION
    )
    if act.session.scalar(violated.limit(1)) is not None:
        return VIOLATION
    return accounts.present_cause(act, account)
