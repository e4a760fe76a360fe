"""What the gate does about a finding by itself, and the guard over it: a hostile administrator must not make the
product freeze everybody. Writes the register and outbox steps only.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.keys import steps as key_steps
from connector.outbox import service as outbox
from connector.provenance.handlers import END_SESSIONS
from connector.provenance.kinds import Action, Kind
from connector.provenance.tables import FindingRow
from connector.provisioning import repairs
from connector.provisioning import service as provisioning
from connector.provisioning.passwords import REPLACE_PASSWORD
from connector.register import accounts, offices
from connector.register.tables import AccountRow, AppointmentRow
from connector.regulations.vocabulary import AccountStatus, Office

CAUSE = "provenance"
WITHIN = timedelta(hours=1)
IN_USE = (AccountStatus.ACTIVE.value, AccountStatus.SUSPENDED.value)  # A suspension ends by itself.
UNSAFE_PASSWORD = (Kind.PASSWORD_RESET.value, Kind.CREDENTIAL_IMPLANTED.value)


def act_upon(act: Act, finding: FindingRow, *, most_freezes: int) -> None:
    """Carries the finding's action out, or holds it for a person when too many accounts would be frozen in an hour."""
    if finding.action == Action.FREEZE and _would_be_too_many(act, finding, most_freezes):
        first = not act.session.scalar(
            select(func.count()).where(FindingRow.held, FindingRow.found_at > act.now - WITHIN)
        )
        finding.held = True
        if first:
            audit.record(act, Event.PROVENANCE_HELD, f"finding:{finding.id}", alarm=True, limit=most_freezes)
        return
    carry_out(act, finding)


def carry_out(act: Act, finding: FindingRow) -> None:
    """Orders what the finding's action says; a repeated one orders nothing that waits already."""
    action, account = Action(finding.action), _account(act, finding)
    finding.held = False
    if action is Action.SHUT_OUT and finding.user_id:
        finding.steps = [repairs.shut_out(act, finding.user_id, cause=CAUSE).id]
    elif account is None:
        return
    elif action is Action.FREEZE:
        finding.steps = [*_freeze(act, account, finding), *_make_right(act, account, finding)]
    elif action is Action.FREEZE_AGAIN:
        finding.steps = _take_out_again(act, account)
    elif action is Action.AGREE:
        finding.steps = _make_right(act, account, finding)
    elif action is Action.NEW_PASSWORD:
        finding.steps = [_order(act, account, REPLACE_PASSWORD)]
        provisioning.issue_link(act, account, request_id="")
    elif action is Action.END_SESSIONS:
        finding.steps = [_order(act, account, END_SESSIONS)]


def _account(act: Act, finding: FindingRow) -> AccountRow | None:
    return accounts.lock_account(act, finding.account_id) if finding.account_id else None


def _freeze(act: Act, account: AccountRow, finding: FindingRow) -> list[int]:
    """An account that is out of use already stays as it is, but for a freeze that a new key would end."""
    if account.status not in IN_USE and not accounts.is_frozen_for_key(act, account):
        return []
    return provisioning.freeze_account(act, account, cause=CAUSE, reason=finding.id)


def _take_out_again(act: Act, account: AccountRow) -> list[int]:
    """The register says out of use, and for what cause: that stays, Keycloak is made to follow."""
    if account.status == AccountStatus.ACTIVE:
        return []
    return provisioning.freeze_account(
        act,
        account,
        cause=accounts.present_cause(act, account),
        status=AccountStatus(account.status),
        until=account.suspended_until,
    )


def _make_right(act: Act, account: AccountRow, finding: FindingRow) -> list[int]:
    waiting = {step.kind: step.id for step in outbox.list_steps(act, states=("pending",), account_id=account.id)}
    ordered = []
    if finding.kind == Kind.ATTRIBUTES_CHANGED:
        ordered.append(waiting.get(key_steps.UPDATE_USER) or key_steps.update_user(act, account).id)
    if finding.kind in UNSAFE_PASSWORD:
        ordered.append(waiting.get(REPLACE_PASSWORD) or _order(act, account, REPLACE_PASSWORD))
    return [*ordered, waiting.get(repairs.CONVERGE) or repairs.make_agree(act, account, cause=CAUSE).id]


def _order(act: Act, account: AccountRow, kind: str) -> int:
    return outbox.enqueue_for_account(act, kind, account.id, {"cause": CAUSE}).id


def _would_be_too_many(act: Act, finding: FindingRow, most: int) -> bool:
    account = _account(act, finding)
    if account is None or account.status not in IN_USE:
        return False
    frozen = act.session.scalar(
        select(func.count(func.distinct(FindingRow.account_id))).where(
            FindingRow.action == Action.FREEZE.value,
            FindingRow.held.is_(False),
            FindingRow.found_at > act.now - WITHIN,
            FindingRow.id != finding.id,
            FindingRow.account_id != account.id,
        )
    )
    return (frozen or 0) >= most or _is_last_guard(act, account)


def _is_last_guard(act: Act, account: AccountRow) -> bool:
    """Whether nobody would be left to settle findings: the last security administrator is not frozen by a machine."""
    holders: Sequence[str] = act.session.scalars(
        select(AppointmentRow.person_id)
        .join(AccountRow, AccountRow.person_id == AppointmentRow.person_id)
        .where(
            AppointmentRow.office == Office.SECURITY_ADMINISTRATOR.value,
            offices.in_office(act),
            AccountRow.status == AccountStatus.ACTIVE.value,
        )
    ).all()
    return set(holders) == {account.person_id}
