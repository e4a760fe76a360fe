"""Sanctions for violations: term by impact, a second violation counts, and nothing comes back by itself (LC 7(3))."""

from datetime import timedelta

import pytest

from connector.auth.actor import Actor
from connector.errors import ForbiddenError
from connector.incidents import freezes, sanctions
from connector.incidents.errors import OwnCaseError, UnknownImpactError
from connector.incidents.sanctions import SanctionForm
from connector.incidents.scopes import Scope, ScopeKind
from connector.keys import service as keys
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.causes import cause_to_lift
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import Office, RequestKind
from connector.requests.tables import RequestRow
from tests.factories import make_account
from tests.town import HOST, Town

SECURITY = Office.SECURITY_ADMINISTRATOR


@pytest.fixture
def account(town: Town) -> AccountRow:
    with town.connector.act(HOST) as act:
        return make_account(act, "ywk")


def propose(town: Town, account: AccountRow, impact: str, by: Actor | None = None) -> RequestRow:
    with town.connector.act(by or town.actor(SECURITY)) as act:
        form = SanctionForm(user_name=account.user_name, impact=impact, violation="将账号借给他人使用")
        return act.session.get_one(RequestRow, sanctions.propose(act, form).request_id)


def impose(town: Town, account: AccountRow, impact: str) -> RequestRow:
    return town.approve(propose(town, account, impact))


def enable(town: Town, account: AccountRow) -> list[str]:
    """Goes the way of a request to enable; returns the offices that decided it."""
    town.clock.advance(timedelta(hours=1))
    form = town.form(kind=RequestKind.ENABLE, account=account.user_name, reason="处理期满，恢复使用")
    request, offices = town.submit(form), []
    while request.state == "pending":
        offices.append(town.open_stage(request).office)
        request = town.decide(request)
    return offices


def view(town: Town) -> sanctions.SanctionView:
    with town.connector.act(town.actor(Office.AUDITOR)) as act:
        return sanctions.list_sanctions(act)[0]


def status(town: Town, account: AccountRow) -> str:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id).status


@pytest.mark.parametrize(
    ("impact", "status_then", "days"),
    [
        ("minor", "suspended", 7),
        ("moderate", "suspended", 30),
        ("serious", "suspended", 90),
        ("grave", "disabled", 365),
    ],
)
def test_impose_sanction_takes_measure_and_term_from_the_impact(
    town: Town, account: AccountRow, impact: str, status_then: str, days: int
) -> None:
    request = propose(town, account, impact)
    assert status(town, account) == "active"
    assert view(town).state == "pending"
    town.approve(request)
    assert status(town, account) == status_then
    assert (view(town).state, view(town).row.days) == ("in_force", days)


def test_lift_sanction_takes_the_principal_before_and_after_its_term(town: Town, account: AccountRow) -> None:
    impose(town, account, "minor")
    assert "principal" in enable(town, account)
    assert (status(town, account), view(town).state) == ("active", "lifted")
    town.clock.advance(timedelta(hours=1))
    impose(town, account, "minor")
    town.clock.advance(timedelta(days=60))
    with town.connector.act(HOST) as act:
        provisioning.end_suspensions(act, keys.keeps_out)
    assert (status(town, account), view(town).state) == ("suspended", "term_over")
    assert "principal" in enable(town, account)


def test_second_violation_weighs_one_step_more_and_a_refused_one_does_not_count(
    town: Town, account: AccountRow
) -> None:
    impose(town, account, "minor")
    enable(town, account)
    propose(town, account, "minor")
    second = view(town).row
    assert (second.impact, second.counted_as, second.earlier, second.days) == ("minor", "moderate", 1, 30)


def test_lift_a_violation_hidden_behind_another_freeze_still_takes_the_principal(
    town: Town, account: AccountRow
) -> None:
    impose(town, account, "minor")
    scope = Scope(ScopeKind.PERSON, account.user_name)
    with town.connector.act(town.actor(SECURITY)) as act:
        seen = freezes.preview(act, scope, alone=3)
        freezes.order_freeze(act, scope, reason="另查口令外泄", plan_hash=seen.hash, alone=3)
    with town.connector.act(HOST) as act:
        assert cause_to_lift(act, accounts.get_account(act, account.id)) == "violation"


def test_propose_sanction_on_oneself_or_without_office_is_refused(town: Town, account: AccountRow) -> None:
    head = town.actor(Office.UNIT_HEAD, "ywk")
    with town.connector.act(HOST) as act:
        own = accounts.get_account(act, str(head.account_id))
    with pytest.raises(OwnCaseError):
        propose(town, own, "minor", head)
    with pytest.raises(ForbiddenError):
        propose(town, account, "minor", town.applicant())
    with pytest.raises(UnknownImpactError):
        propose(town, account, "unheard")


def test_inform_by_mail_tells_the_person_once(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        act.session.get_one(PersonRow, account.person_id).mail = "someone@example.cn"
    request = propose(town, account, "minor")
    assert inform(town) == 0
    town.approve(request)
    assert (inform(town), inform(town)) == (1, 0)
    assert view(town).row.informed_by == "mail"


def inform(town: Town) -> int:
    with town.connector.act(HOST) as act:
        return sanctions.inform_by_mail(act)
