"""An open case keeps its account, and the users it created, out of use on every road but its own (GS 13, GS 14)."""

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import ConnectorError
from connector.incidents import outcomes
from connector.incidents.case_tables import CaseCreatedRow, CaseOutcomeRow, CaseRow
from connector.incidents.errors import HeldByCaseError
from connector.register import confine
from connector.register.holds import hold
from connector.register.tables import AccountRow
from connector.regulations.incidents import Outcome

OF_CREATED = frozenset({Outcome.FREEZE_CREATED.value, Outcome.DELETE_CREATED.value})


@hold
def hold_of_case(act: Act, account: AccountRow) -> ConnectorError | None:
    """The refusal while a case on this account, or on whoever created it, has not come to its restoring."""
    with confine.beyond(act):  # Whoever asks may not read the case, and the account is held all the same.
        is_held = _is_subject(act, account) or _is_created(act, account)
    return HeldByCaseError() if is_held else None


def _is_subject(act: Act, account: AccountRow) -> bool:
    case = act.session.scalar(select(CaseRow).where(CaseRow.account_id == account.id, CaseRow.state == "open"))
    return case is not None and not _may_restore(act, case)


def _may_restore(act: Act, case: CaseRow) -> bool:
    """Whether restoring is what the answers ask for, and all that is left of what they ask for."""
    if case.question:
        return False
    left = {one.outcome for one in outcomes.states_of(act, case) if not one.done}
    return left == {Outcome.RESTORE}


def _is_created(act: Act, account: AccountRow) -> bool:
    """Whether an open case found it created, and still asks, or has been answered that the created are shut out."""
    found_in = (
        select(CaseRow)
        .join(CaseCreatedRow, CaseCreatedRow.case_id == CaseRow.id)
        .where(CaseCreatedRow.account_id == account.id, CaseRow.state == "open")
    )
    return any(case.question or _shuts_created(act, case) for case in act.session.scalars(found_in))


def _shuts_created(act: Act, case: CaseRow) -> bool:
    chosen = select(CaseOutcomeRow.outcome).where(CaseOutcomeRow.case_id == case.id)
    return not OF_CREATED.isdisjoint(act.session.scalars(chosen))
