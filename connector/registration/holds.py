"""Untrue data keep an account suspended until a verifier has compared what was corrected (HH 4)."""

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import ConnectorError
from connector.register import accounts
from connector.register.holds import hold
from connector.register.tables import AccountRow
from connector.registration.errors import DataUntrueError
from connector.registration.mismatches import CAUSE
from connector.registration.tables import MismatchRow
from connector.regulations.vocabulary import AccountStatus


@hold
def hold_of_mismatch(act: Act, account: AccountRow) -> ConnectorError | None:
    """The refusal while the account is suspended for a case whose correction nobody has verified."""
    if account.status != AccountStatus.SUSPENDED or accounts.present_cause(act, account) != CAUSE:
        return None
    waits = select(MismatchRow.id).where(
        MismatchRow.account_id == account.id, MismatchRow.closed_at.is_(None), MismatchRow.rectified_at.is_(None)
    )
    return DataUntrueError() if act.session.scalar(waits) is not None else None
