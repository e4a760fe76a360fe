"""What an approval makes true of accounts for a time, and of what a scan or a reconciliation proposed."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from connector.auth.actor import job_actor
from connector.errors import RefusedInputError
from connector.outbox.tables import StepRow
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.regulations.vocabulary import AccountPurpose, RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow
from tests.factories import make_account
from tests.town import HOST, Town

SCAN = job_actor("scan_accounts")


def propose(town: Town, kind: RequestKind, **fields: object) -> RequestRow:
    form = RequestForm.model_validate(
        {"kind": kind, "unit_code": "jyzx", "reason": "排查发现", "cause": "test_account", **fields}
    )
    with town.connector.act(SCAN) as act:
        return requests.submit_request(act, form)


def hire(town: Town) -> str:
    with town.connector.act(HOST) as act:
        return make_account(act, "ywk").user_name


def status_of(town: Town, user_name: str) -> str:
    with town.connector.act(HOST) as act:
        return accounts.get_by_user_name(act, user_name).status


@pytest.mark.parametrize("purpose", [AccountPurpose.TEMPORARY, AccountPurpose.TEST])
def test_grant_for_a_time_without_a_last_day_is_refused_and_with_one_it_ends_then(
    town: Town, purpose: AccountPurpose
) -> None:
    with pytest.raises(RefusedInputError) as refused:
        town.submit(town.form(purpose=purpose))
    assert [problem.field for problem in refused.value.fields] == ["until"]
    account = town.account_of(town.approve(town.submit(town.form(purpose=purpose, until=date(2026, 4, 30)))))
    assert (account.purpose, account.valid_until) == (purpose.value, datetime(2026, 4, 30, 16, tzinfo=UTC))


def test_grant_of_an_ordinary_account_has_no_end(town: Town) -> None:
    account = town.account_of(town.approve(town.submit()))
    assert (account.purpose, account.valid_until) == ("ordinary", None)


def test_clean_up_disables_what_the_principal_did_not_exclude(town: Town) -> None:
    first, second = hire(town), hire(town)
    request = propose(town, RequestKind.DISABLE_FOUND, accounts=(first, second), evidence={first: {}, second: {}})
    assert town.decide(request, excluded=(second,)).state == "approved"
    assert (status_of(town, first), status_of(town, second)) == ("disabled", "active")


def test_repair_orders_what_both_offices_approved_and_nothing_that_either_left_out(town: Town) -> None:
    first, second, third = hire(town), hire(town), hire(town)
    request = propose(
        town, RequestKind.REPAIR_DRIFT, accounts=(first, second, third), strangers=("kc-1", "kc-2"), plan_hash="0" * 64
    )
    assert town.open_stage(request).office == "system_department_head"
    town.decide(request, excluded=(second, "kc-2"))
    assert town.open_stage(request).office == "security_administrator"
    assert town.decide(request, excluded=(third,)).state == "approved"
    with town.connector.act(HOST) as act:
        steps = act.session.scalars(select(StepRow).where(StepRow.request_id == request.id, StepRow.kind.like("keyc%")))
        ordered = [(step.kind, step.account_id is None, step.payload.get("user_id")) for step in steps]
    assert ordered == [("keycloak.converge", False, None), ("keycloak.shut_out", True, "kc-1")]


def test_approval_that_leaves_out_a_name_not_proposed_is_refused_and_decides_nothing(town: Town) -> None:
    first = hire(town)
    request = propose(town, RequestKind.DISABLE_FOUND, accounts=(first,))
    with pytest.raises(RefusedInputError) as refused:
        town.decide(request, excluded=(f"{first}x",))
    assert [problem.field for problem in refused.value.fields] == ["excluded"]
    assert (town.open_stage(request).state, status_of(town, first)) == ("open", "active")


def test_enable_of_an_account_whose_end_has_come_asks_for_a_new_end(town: Town) -> None:
    form = town.form(purpose=AccountPurpose.TEMPORARY, until=date(2026, 4, 30))
    account = town.account_of(town.approve(town.submit(form)))
    town.clock.set(datetime(2026, 5, 6, 4, tzinfo=UTC))
    with town.connector.act(HOST) as act:
        provisioning.freeze_account(act, accounts.lock_account(act, account.id), cause="expired")
    again = {"kind": RequestKind.ENABLE, "account": account.user_name, "reason": "项目延期"}
    with pytest.raises(RefusedInputError) as refused:
        town.submit(town.form(**again))
    assert [problem.field for problem in refused.value.fields] == ["until"]
    enabled = town.account_of(town.approve(town.submit(town.form(**again, until=date(2026, 6, 30)))))
    assert (enabled.status, enabled.valid_until) == ("active", datetime(2026, 6, 30, 16, tzinfo=UTC))
