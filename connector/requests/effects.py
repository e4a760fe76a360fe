"""What an approved request makes true: register rows and outbox steps, in the transaction of the last decision.

One kind acts when it is submitted: a key reported lost must not open anything while people decide (GS 12).
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from connector.activity import service as activity
from connector.auth.act import Act
from connector.keys import service as keys
from connector.provisioning import links, repairs
from connector.provisioning import service as provisioning
from connector.register import accounts, offices, people, returning
from connector.register.tables import AccountRow, GrantRow
from connector.regulations.vocabulary import AccountClass, AccountPurpose, AccountStatus, RequestKind
from connector.requests import matrix_proposal, reorganise, separation
from connector.requests.freshness import check_mirror_is_read
from connector.requests.rules import check_status_allows, only_withdraws
from connector.requests.tables import RequestRow

Effect = Callable[[Act, RequestRow, Collection[str]], None]


def carry_out(act: Act, request: RequestRow, excluded: Collection[str]) -> None:
    """Writes what the approved request asks for. `excluded` are user names the approval leaves out.

    WrongStatusError when the account's status has changed since submission so that the request no longer fits.
    """
    EFFECTS[RequestKind(request.kind)](act, request, excluded)


def act_on_submission(act: Act, request: RequestRow) -> None:
    """Writes what must not wait for a decision: the account of a lost or damaged key is frozen at once (GS 12)."""
    if request.kind == RequestKind.REPLACE_KEY:
        account = accounts.lock_account(act, str(request.account_id))
        keys.open_replacement(act, account, request.form["key"], request.cause, request.id)


def _account(act: Act, request: RequestRow) -> AccountRow:
    account = accounts.lock_account(act, str(request.account_id))
    kind, status, form = RequestKind(request.kind), AccountStatus(account.status), request.form
    withdraws = only_withdraws(form.get("permissions", ()), form.get("withdraw", ()))
    check_status_allows(kind, status, withdraws=withdraws)
    return account


def _grant(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    form = request.form
    if request.account_id is None:
        account = _open(act, request)
        request.account_id = account.id
        added = accounts.add_grants(act, account, form["permissions"], granted_by=request.id)
        provisioning.open_in_keycloak(act, account, added, request_id=request.id)
        return
    account = _account(act, request)
    separation.take_over(act, account, form["permissions"], request.id)
    added = accounts.add_grants(act, account, form["permissions"], granted_by=request.id)
    taken = accounts.withdraw_grants(act, account, form["withdraw"], withdrawn_by=request.id)
    provisioning.grant_in_keycloak(act, account, added, request_id=request.id)
    provisioning.withdraw_in_keycloak(act, account, taken, request_id=request.id)


def _open(act: Act, request: RequestRow) -> AccountRow:
    """The account of somebody new; of one who returns, the account that was cancelled (LC 5(3))."""
    form, person = request.form, people.get_person(act, str(request.person_id))
    purpose, end = AccountPurpose(form.get("purpose", AccountPurpose.ORDINARY)), _last_moment(form)
    former = returning.find_former(act, person)
    if former is not None:
        return returning.reopen_account(act, former, request_id=request.id, purpose=purpose, valid_until=end)
    account_class = AccountClass(form["account_class"])
    return accounts.open_account(
        act, person, account_class=account_class, opened_by=request.id, purpose=purpose, valid_until=end
    )


def _reset_password(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    provisioning.issue_link(act, _account(act, request), request_id=request.id)


def _suspend(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    provisioning.freeze_account(
        act,
        _account(act, request),
        cause=request.cause or "request",
        request_id=request.id,
        status=AccountStatus.SUSPENDED,
        until=_last_moment(request.form),
    )


def _disable(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    provisioning.freeze_account(
        act,
        _account(act, request),
        cause=request.cause or "request",
        request_id=request.id,
        status=AccountStatus.DISABLED,
    )


def _enable(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    account = _account(act, request)
    keys.check_may_enable(act, account)
    if account.valid_until is not None:  # An account for a time stays one: the approval may move its end.
        account.valid_until = _last_moment(request.form) or account.valid_until
    provisioning.enable_account(act, account, cause="request", request_id=request.id)
    if links.needs_link(act, account):
        provisioning.issue_link(act, account, request_id=request.id)


def _cancel(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    """Frozen at once; unbound, and deleted in Keycloak when no key is out any more (GS 10(6))."""
    account = _account(act, request)
    keys.unbind(act, account, request_id=request.id)
    is_back = keys.holds_key(act, account.id) is None
    provisioning.cancel_account(act, account, request_id=request.id, delete=is_back)


def _disable_found(act: Act, request: RequestRow, excluded: Collection[str]) -> None:
    """Disables the proposed accounts but those excluded, and those whose finding was cleared up since (LC 7(2)).

    MirrorBehindError when it cannot be seen who cleared it up.
    """
    if request.cause in MIRRORED:
        check_mirror_is_read(act)
    cleared_up_at = CLEARED_UP.get(request.cause, _never)
    for user_name in request.form["accounts"]:
        account = accounts.lock_account(act, accounts.get_by_user_name(act, user_name).id)
        at = cleared_up_at(act, account.id)
        spared = user_name in excluded or (at is not None and at >= request.submitted_at)
        if spared or account.status != AccountStatus.ACTIVE:
            continue
        provisioning.freeze_account(
            act, account, cause=request.cause, request_id=request.id, status=AccountStatus.DISABLED
        )


def _never(_act: Act, _account_id: str) -> datetime | None:
    return None


def _granted_at(act: Act, account_id: str) -> datetime | None:
    held = select(func.max(GrantRow.since)).where(GrantRow.account_id == account_id, GrantRow.until.is_(None))
    return act.session.scalar(held)


MIRRORED = frozenset({"dormant", "weak_password"})  # Causes that only Keycloak's events can clear up.
# When whatever a proposal says of an account stopped being true, by the proposal's cause.
CLEARED_UP: Mapping[str, Callable[[Act, str], datetime | None]] = {
    "dormant": activity.last_used_at,
    "weak_password": activity.password_set_at,
    "orphaned": _granted_at,
}


def _repair(act: Act, request: RequestRow, excluded: Collection[str]) -> None:
    """Keycloak is made to agree with what was approved before; users whom nobody applied for are shut out (JC 9)."""
    for user_name in request.form["accounts"]:
        if user_name not in excluded:
            account = accounts.lock_account(act, accounts.get_by_user_name(act, user_name).id)
            repairs.make_agree(act, account, cause="reconciliation", request_id=request.id)
    for user_id in request.form["strangers"]:
        if user_id not in excluded:
            repairs.shut_out(act, user_id, cause="reconciliation", request_id=request.id)


def _withdraw_reviewed(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    """What a review found no longer needed is taken away, and nothing else (JC 9)."""
    account = accounts.lock_account(act, str(request.account_id))
    taken = accounts.withdraw_grants(act, account, request.form["withdraw"], withdrawn_by=request.id)
    provisioning.withdraw_in_keycloak(act, account, taken, request_id=request.id)


def _replace_key(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    """The custodian may now issue the new key, and with it the account is enabled."""
    keys.approve_replacement(act, _account(act, request), request.id)


def _waive_key(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    until = date.fromisoformat(request.form["until"])
    keys.start_waiver(act, _account(act, request), offices.end_of_day(until), request.id)


def _use_privileged(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    separation.use_privileged(act, request, _account(act, request))


def _except_conflict(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    separation.except_conflict(act, request)


def _nothing(_act: Act, _request: RequestRow, _excluded: Collection[str]) -> None:
    """The plan is carried out by the next departure run, which compares its hash with the one approved here."""


EFFECTS: Mapping[RequestKind, Effect] = {
    RequestKind.GRANT: _grant,
    RequestKind.PASSWORD_RESET: _reset_password,
    RequestKind.SUSPEND: _suspend,
    RequestKind.DISABLE: _disable,
    RequestKind.ENABLE: _enable,
    RequestKind.CANCEL: _cancel,
    RequestKind.REPLACE_KEY: _replace_key,
    RequestKind.WAIVE_KEY: _waive_key,
    RequestKind.DISABLE_DORMANT: _disable_found,
    RequestKind.DISABLE_FOUND: _disable_found,
    RequestKind.RELEASE_DEPARTURES: _nothing,
    RequestKind.REPAIR_DRIFT: _repair,
    RequestKind.USE_PRIVILEGED: _use_privileged,
    RequestKind.EXCEPT_CONFLICT: _except_conflict,
    RequestKind.ADOPT_MATRIX: matrix_proposal.adopt,
    RequestKind.WITHDRAW_REVIEWED: _withdraw_reviewed,
    RequestKind.REORGANISE_UNIT: reorganise.approve_change,
}


def _last_moment(form: Mapping[str, Any]) -> datetime | None:
    until = form.get("until")
    return offices.end_of_day(date.fromisoformat(until)) if until else None
