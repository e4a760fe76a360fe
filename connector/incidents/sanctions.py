"""Sanctions for violations (LC 7(3)): the impact sets measure and term, the ordinary request decides, none ends alone.

The account stays out of use when its term is over until the principal has approved a request to enable it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.auth.levels import check_level
from connector.errors import NotFoundError
from connector.incidents.case_tables import SanctionRow
from connector.incidents.cases import check_text
from connector.incidents.errors import OwnCaseError, UnknownImpactError
from connector.incidents.scopes import ANYBODY, OWN_UNIT
from connector.outbox import service as outbox
from connector.register import accounts, offices, people, units
from connector.register.causes import VIOLATION
from connector.register.offices import check_holds, end_of_day, office_day, units_where
from connector.register.readers import OVERSEERS
from connector.register.tables import AccountRow, PersonRow, UnitRow
from connector.regulations.incidents import SanctionPart
from connector.regulations.vocabulary import AccountStatus, RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow

NOTICE = """{name}：

因违规使用账号，您的账号已按 {clause} 处理，至 {until}。
恢复使用须由单位提交启用申请，并经主要负责人批准；到期不自动恢复。

Your account was taken out of use for a violation ({clause}) until {until}. It does not come back by itself.
"""
REFUSED = ("rejected", "withdrawn")


class SanctionForm(BaseModel):
    """A sanction to be proposed for the violation of one account."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    user_name: str = Field(max_length=64)
    impact: str = Field(max_length=32, description="impact of the violation, as the rule packs name it")
    violation: str = Field(max_length=500)


@dataclass(frozen=True, kw_only=True)
class SanctionView:
    """One line of the register of sanctions. `state`: pending, refused, in_force, term_over, lifted."""

    row: SanctionRow
    state: str
    user_name: str
    person: str
    unit: str
    request: str
    lifted_by: str  # number of the request to enable that ended it
    lifted_at: datetime | None


def weigh(act: Act, impact: str, earlier: int) -> SanctionPart:
    """The part of the packs that counts: as found, or, for a second violation, the heavier one it names (LC 7(3))."""
    parts = {part.impact: part for part in act.rulebook.incidents.sanctions()}
    if impact not in parts:
        raise UnknownImpactError(impact=impact)
    found = parts[impact]
    for _ in range(earlier):
        found = parts.get(found.on_repeat, found)
    return found


def propose(act: Act, form: SanctionForm) -> SanctionRow:
    """Proposes the sanction as an ordinary request to suspend or disable, with its chain and its term (LC 7(3)).

    By security administrator, principal, or the head of the person's unit. Raises StepUpNeededError, ForbiddenError,
    OwnCaseError, UnknownImpactError, and what `requests.submit_request` raises.
    """
    check_level(act.actor)
    account = accounts.get_by_user_name(act, form.user_name)
    if act.actor.person_id == account.person_id:
        raise OwnCaseError
    person = people.get_person(act, account.person_id)
    check_holds(act, *ANYBODY, *OWN_UNIT, unit_id=person.unit_id, doing="提请违规处理 / propose a sanction")
    check_text("violation", form.violation)
    accounts.lock_account(act, account.id)
    earlier = count_imposed(act, account.id)
    part = weigh(act, form.impact, earlier)
    last_day = office_day(act) + timedelta(days=part.days)
    request = requests.submit_request(
        act,
        RequestForm(
            kind=RequestKind.SUSPEND if part.measure == "suspend" else RequestKind.DISABLE,
            unit_code=units.get_unit_by_id(act, person.unit_id).code, account=account.user_name, cause=VIOLATION,
            reason=form.violation, until=last_day,
        ),
    )  # fmt: skip
    row = SanctionRow(
        account_id=account.id, request_id=request.id, violation=form.violation, impact=form.impact,
        counted_as=part.impact, earlier=earlier, measure=part.measure, days=part.days, clause=part.clause,
        proposed_by=str(act.actor.person_id), proposed_at=act.now, term_ends_at=end_of_day(last_day),
    )  # fmt: skip
    act.session.add(row)
    act.session.flush()
    _record(act, Event.SANCTION_PROPOSED, row, account, impact=row.impact, counted_as=row.counted_as, days=row.days)
    return row


def count_imposed(act: Act, account_id: str) -> int:
    """Sanctions of the account that were approved: a violation that was lifted has happened all the same."""
    statement = select(func.count()).select_from(SanctionRow).join(RequestRow, RequestRow.id == SanctionRow.request_id)
    imposed = statement.where(SanctionRow.account_id == account_id, RequestRow.state == "approved")
    return act.session.scalar(imposed) or 0


def list_sanctions(act: Act, *, user_name: str = "", count: int = 200) -> list[SanctionView]:
    """The register of sanctions, the newest first: all for those who oversee, his unit's for a unit head."""
    whole = bool(units_where(act, OVERSEERS)) or act.actor.person_id is None
    if not whole:
        check_holds(act, *OVERSEERS, *OWN_UNIT, doing="查看违规处理 / read the sanctions")
    query = (
        select(SanctionRow, AccountRow, PersonRow, UnitRow, RequestRow)
        .select_from(SanctionRow)
        .join(AccountRow, AccountRow.id == SanctionRow.account_id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .join(RequestRow, RequestRow.id == SanctionRow.request_id)
        .order_by(SanctionRow.proposed_at.desc(), SanctionRow.id)
        .limit(count)
    )
    if user_name:
        query = query.where(AccountRow.user_name == user_name)
    own = [] if whole else [unit.path for unit in units_where(act, OWN_UNIT)]
    return [
        _view(act, row, account, person, unit, request)
        for row, account, person, unit, request in act.session.execute(query)
        if whole or any(unit.path.startswith(path) for path in own)
    ]


def get_sanction(act: Act, sanction_id: str) -> SanctionView:
    """One sanction that the actor may read; raises NotFoundError."""
    found = next((one for one in list_sanctions(act, count=10_000) if one.row.id == sanction_id), None)
    if found is None:
        raise NotFoundError(kind="违规处理 (sanction)", name=sanction_id)
    return found


def inform(act: Act, sanction_id: str, *, receipt: str) -> SanctionRow:
    """Writes down that the notice was handed to the person, with his receipt, where no mail reaches him (LC 7(3))."""
    check_holds(act, *ANYBODY, *OWN_UNIT, doing="登记告知 / enter that the person was informed")
    check_text("receipt", receipt, most=128)
    seen = get_sanction(act, sanction_id)
    row = seen.row
    row.informed_at, row.informed_by, row.informed_receipt = act.now, act.actor.name, receipt.strip()
    _record(act, Event.SANCTION_INFORMED, row, accounts.get_account(act, row.account_id), receipt=row.informed_receipt)
    return row


def inform_by_mail(act: Act) -> int:
    """Mails everybody whose sanction was approved and who has an address; returns how many (LC 7(3))."""
    waiting = (
        select(SanctionRow, AccountRow, PersonRow)
        .select_from(SanctionRow)
        .join(RequestRow, RequestRow.id == SanctionRow.request_id)
        .join(AccountRow, AccountRow.id == SanctionRow.account_id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(RequestRow.state == "approved", SanctionRow.informed_at.is_(None), PersonRow.mail.is_not(None))
    )
    found: Sequence[tuple[SanctionRow, AccountRow, PersonRow]] = [
        (row, account, person) for row, account, person in act.session.execute(waiting) if person.mail
    ]
    for row, account, person in found:
        until = (row.term_ends_at - timedelta(seconds=1)).astimezone(offices.OFFICE_ZONE).date().isoformat()
        text = NOTICE.format(name=person.name, clause=row.clause, until=until)
        payload = {"to": person.mail, "subject": "账号处理告知 / Your account", "text": text}
        outbox.enqueue(act, "mail", key=f"sanction:{row.id}", lane="mail", payload=payload)
        row.informed_at, row.informed_by = act.now, "mail"
        _record(act, Event.SANCTION_INFORMED, row, account, by="mail")
    return len(found)


def _view(
    act: Act, row: SanctionRow, account: AccountRow, person: PersonRow, unit: UnitRow, request: RequestRow
) -> SanctionView:
    lifted = _lifting(act, row, request)
    return SanctionView(
        row=row, state=_state(act, row, account, request, lifted), user_name=account.user_name, person=person.name,
        unit=unit.name, request=request.number, lifted_by=lifted.number if lifted else "",
        lifted_at=lifted.closed_at if lifted else None,
    )  # fmt: skip


def _state(act: Act, row: SanctionRow, account: AccountRow, request: RequestRow, lifted: RequestRow | None) -> str:
    if request.state in REFUSED:
        return "refused"
    if request.state != "approved":
        return "pending"
    if lifted is not None or account.status == AccountStatus.ACTIVE:
        return "lifted"
    return "term_over" if row.term_ends_at <= act.now else "in_force"


def _lifting(act: Act, row: SanctionRow, request: RequestRow) -> RequestRow | None:
    """The first request to enable that was approved after the sanction was."""
    if request.closed_at is None:
        return None
    enabled = select(RequestRow).where(
        RequestRow.account_id == row.account_id,
        RequestRow.kind == RequestKind.ENABLE.value,
        RequestRow.state == "approved",
        RequestRow.closed_at > request.closed_at,
    )
    return act.session.scalars(enabled.order_by(RequestRow.closed_at).limit(1)).first()


def _record(act: Act, event: Event, row: SanctionRow, account: AccountRow, **data: Any) -> None:
    audit.record(
        act, event, f"sanction:{row.id}", account_id=account.id, person_id=account.person_id,
        request_id=row.request_id, **data,
    )  # fmt: skip
