"""What an approved request makes true: register rows and outbox steps, in the transaction of the last decision.

One kind acts when it is submitted: a key reported lost must not open anything while people decide (GS 12).
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector.activity import service as activity
from connector.auth.act import Act
from connector.keys import service as keys
from connector.provisioning import service as provisioning
from connector.register import accounts, people
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, RequestKind
from connector.requests.rules import check_status_allows
from connector.requests.tables import RequestRow

SHANGHAI = ZoneInfo("Asia/Shanghai")

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
    check_status_allows(RequestKind(request.kind), AccountStatus(account.status))
    return account


def _grant(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    form = request.form
    if request.account_id is None:
        person = people.get_person(act, str(request.person_id))
        account_class = AccountClass(form["account_class"])
        account = accounts.open_account(act, person, account_class=account_class, opened_by=request.id)
        request.account_id = account.id
        added = accounts.add_grants(act, account, form["permissions"], granted_by=request.id)
        provisioning.open_in_keycloak(act, account, added, request_id=request.id)
        return
    account = _account(act, request)
    added = accounts.add_grants(act, account, form["permissions"], granted_by=request.id)
    taken = accounts.withdraw_grants(act, account, form["withdraw"], withdrawn_by=request.id)
    provisioning.grant_in_keycloak(act, account, added, request_id=request.id)
    provisioning.withdraw_in_keycloak(act, account, taken, request_id=request.id)


def _reset_password(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    provisioning.issue_link(act, _account(act, request), request_id=request.id)


def _suspend(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    until = request.form.get("until")
    provisioning.freeze_account(
        act,
        _account(act, request),
        cause=request.cause or "request",
        request_id=request.id,
        status=AccountStatus.SUSPENDED,
        until=_end_of_day(date.fromisoformat(until)) if until else None,
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
    provisioning.enable_account(act, account, cause="request", request_id=request.id)


def _cancel(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    """Frozen at once; unbound, and deleted in Keycloak when no key is out any more (GS 10(6))."""
    account = _account(act, request)
    keys.unbind(act, account, request_id=request.id)
    is_back = keys.holds_key(act, account.id) is None
    provisioning.cancel_account(act, account, request_id=request.id, delete=is_back)


def _disable_dormant(act: Act, request: RequestRow, excluded: Collection[str]) -> None:
    """Disables the proposed accounts but those excluded, and those used since the proposal was made (LC 7(2))."""
    for user_name in request.form["accounts"]:
        account = accounts.lock_account(act, accounts.get_by_user_name(act, user_name).id)
        used_at = activity.last_used_at(act, account.id)
        spared = user_name in excluded or (used_at is not None and used_at >= request.submitted_at)
        if spared or account.status != AccountStatus.ACTIVE:
            continue
        provisioning.freeze_account(act, account, cause="dormant", request_id=request.id, status=AccountStatus.DISABLED)


def _replace_key(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    """The custodian may now issue the new key, and with it the account is enabled."""
    keys.approve_replacement(act, _account(act, request), request.id)


def _waive_key(act: Act, request: RequestRow, _excluded: Collection[str]) -> None:
    keys.start_waiver(act, _account(act, request), _end_of_day(date.fromisoformat(request.form["until"])), request.id)


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
    RequestKind.DISABLE_DORMANT: _disable_dormant,
    RequestKind.RELEASE_DEPARTURES: _nothing,
}


def _end_of_day(day: date) -> datetime:
    """The first moment after this day in China."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
