"""Asks for the withdrawal of what the worklist names, by the ordinary request that people decide (JC 10, 11)."""

from dataclasses import replace

from sqlalchemy import select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.reconciliation import three_way_views
from connector.reconciliation.three_way import CHECK
from connector.reconciliation.three_way_errors import NoSuchRoadError
from connector.reconciliation.three_way_rules import GAP_NAMES, OF_TABLE, ROADS, Gap, Road
from connector.reconciliation.three_way_tables import MatrixDifferenceRow
from connector.register import accounts, people, units
from connector.regulations.vocabulary import RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow

_REASON = "对照表核查发现：{kind}，申请收回以下权限。"


def ask_withdrawal(act: Act, gap_id: str) -> RequestRow:
    """ONE request to withdraw what the line names; of an account beyond its table, everything that is beyond.

    A person applies in his own name, and so decides nothing of it; the operator of the machine asks for the check
    itself. Raises NotFoundError, NoSuchRoadError, and what submission raises, as NotApplicantError, OpenRequestError.
    """
    gap = three_way_views.get_gap(act, gap_id)
    kind = Gap(gap.kind)
    if gap.closed_at is not None or gap.account_id is None or Road.WITHDRAW not in ROADS[kind]:
        raise NoSuchRoadError(kind=GAP_NAMES[kind].zh)
    lines = _lines(act, gap.id, gap.account_id, kind)
    account = accounts.get_account(act, gap.account_id)
    form = RequestForm(
        kind=RequestKind.GRANT,
        unit_code=units.get_unit_by_id(act, people.get_person(act, account.person_id).unit_id).code,
        account=account.user_name,
        withdraw=tuple(sorted(line.permission for line in lines)),
        reason=_REASON.format(kind=GAP_NAMES[kind].zh),
        cause="matrix",
    )
    applicant = act if act.actor.person_id is not None else replace(act, actor=CHECK)
    request = requests.submit_request(applicant, form)
    for line in lines:
        line.request_id = request.id
    audit.record(
        act, Event.MATRIX_WITHDRAWAL_ASKED, f"matrix_difference:{gap.id}", request_id=request.id,
        account_id=account.id, person_id=account.person_id, kind=gap.kind, permissions=list(form.withdraw),
    )  # fmt: skip
    return request


def _lines(act: Act, gap_id: str, account_id: str, kind: Gap) -> list[MatrixDifferenceRow]:
    query = select(MatrixDifferenceRow).where(MatrixDifferenceRow.closed_at.is_(None))
    if kind in OF_TABLE:
        of_table = [one.value for one in OF_TABLE]
        query = query.where(MatrixDifferenceRow.account_id == account_id, MatrixDifferenceRow.kind.in_(of_table))
    else:
        query = query.where(MatrixDifferenceRow.id == gap_id)
    return list(act.session.scalars(query.with_for_update()))
