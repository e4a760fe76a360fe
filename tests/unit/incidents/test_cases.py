"""Guided cases: opened with a freeze, traced, answered by the tree, closed only when everything is done."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.auth.actor import Actor, person_actor
from connector.errors import ForbiddenError, RefusedInputError
from connector.incidents import cases, closing, freezes, outcomes
from connector.incidents.case_tables import CaseOutcomeRow, CaseRow
from connector.incidents.cases import CaseForm
from connector.incidents.closing import ReportForm
from connector.incidents.errors import (
    CaseClosedError,
    CaseOpenError,
    CaseStepError,
    CreatedBySubjectError,
    FreezeOfCaseError,
    FreezePlanChangedError,
    OwnCaseError,
    ReportChangedError,
    ReportWriterError,
    WrongAnswerError,
)
from connector.provisioning import service as provisioning
from connector.register import accounts, people, units
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office, RequestKind
from tests.factories import make_account, make_appointment, make_person
from tests.town import HOST, NOON, Town

SECURITY, PRINCIPAL, HEAD = Office.SECURITY_ADMINISTRATOR, Office.PRINCIPAL, Office.SYSTEM_DEPARTMENT_HEAD
OPERATOR = Office.OPERATOR
WORDS = ReportForm(
    cause="口令被钓鱼网站骗取", consequences="新建一个用户，未查到数据外泄", corrections="全员更换口令并培训"
)


def in_keycloak(town: Town, account: AccountRow) -> AccountRow:
    with town.connector.act(HOST) as act:
        row = accounts.get_account(act, account.id)
        provisioning.enable_account(act, row, cause="test", request_id=None)
    town.connector.deliver()
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def person_account(town: Town, office: Office) -> AccountRow:
    return in_keycloak(town, town.centre.accounts[town.centre.person(office).id])


def open_case(town: Town, account: AccountRow, by: Office | Actor = SECURITY, **given: Any) -> CaseRow:
    actor = town.actor(by) if isinstance(by, Office) else by
    form = {"user_name": account.user_name, "since": NOON - timedelta(days=2), "reason": "口令疑似泄露", **given}
    with town.connector.act(actor) as act:
        return cases.open_case(act, CaseForm(**form), alone=3)


def do(town: Town, what: Any, *given: Any, by: Office | Actor = SECURITY, **named: Any) -> Any:
    with town.connector.act(town.actor(by) if isinstance(by, Office) else by) as act:
        return what(act, *given, **named)


def report_up(town: Town, case: CaseRow, **given: Any) -> None:
    do(town, cases.report_up, case.number, **{"to": "省局系统管理员", "receipt": "电话记录12号", **given})


def answer(town: Town, case: CaseRow, question: str, value: str, by: Office | Actor = SECURITY) -> CaseRow:
    found: CaseRow = do(town, cases.answer, case.number, question=question, value=value, why="查阅记录后", by=by)
    return found


def open_steps(town: Town, case: CaseRow) -> list[str]:
    with town.connector.act(HOST) as act:
        return [step.en for step in closing.open_steps(act, cases.case_access.get_case(act, case.number))]


def status(town: Town, account: AccountRow) -> str:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id).status


def created_names(town: Town, case: CaseRow) -> list[str]:
    with town.connector.act(HOST) as act:
        return [one.name for one in cases.list_created(act, case)]


def test_open_case_freezes_the_account_by_an_order_at_once(town: Town) -> None:
    account = person_account(town, OPERATOR)
    case = open_case(town, account)
    assert (case.article, case.state, case.question) == ("administrator", "open", "created")
    assert status(town, account) == "frozen"
    assert not town.idp.get_user(account.keycloak_id).enabled
    with town.connector.act(HOST) as act:
        assert freezes.get_order(act, str(case.freeze_order_id)).reason == "口令疑似泄露"


def test_open_case_of_somebody_without_administration_takes_the_tree_of_gs_14(town: Town) -> None:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk")
    assert open_case(town, in_keycloak(town, account)).article == "user"


def test_open_case_twice_is_refused_and_names_the_open_one(town: Town) -> None:
    account = person_account(town, OPERATOR)
    case = open_case(town, account)
    with pytest.raises(CaseOpenError) as refused:
        open_case(town, account, PRINCIPAL)
    assert refused.value.facts == {"number": case.number}


def test_open_case_by_the_subject_or_by_nobody_of_office_is_refused(town: Town) -> None:
    account = person_account(town, SECURITY)
    with pytest.raises(OwnCaseError):
        open_case(town, account, SECURITY)
    with pytest.raises(ForbiddenError):
        open_case(town, account, town.applicant())
    assert status(town, account) == "active"


def test_open_case_looking_into_the_future_is_refused(town: Town) -> None:
    with pytest.raises(RefusedInputError):
        open_case(town, person_account(town, OPERATOR), since=NOON + timedelta(days=1))


def test_created_users_are_found_by_the_requests_the_account_took_part_in(town: Town) -> None:
    opened = town.account_of(town.approve(town.submit()))  # The operator's decision is the last.
    earlier = NOON + timedelta(days=3)
    case = open_case(town, person_account(town, OPERATOR))
    assert opened.user_name in created_names(town, case)
    town.clock.advance(timedelta(days=4))
    late = open_case(town, person_account(town, HEAD), since=earlier)
    assert created_names(town, late) == []


def test_created_user_of_a_created_user_is_found_too(town: Town) -> None:
    first = town.account_of(town.approve(town.submit()))
    person = actor_of(town, first)
    second = town.account_of(town.approve(town.submit(town.form("ywk"), actor=person)))
    case = open_case(town, person_account(town, Office.UNIT_HEAD), PRINCIPAL)
    assert {first.user_name, second.user_name} <= set(created_names(town, case))


def actor_of(town: Town, account: AccountRow) -> Actor:
    return person_actor(account.person_id, account.user_name, account_id=account.id, acr="mfa")


def test_answer_before_the_report_up_is_refused(town: Town) -> None:
    case = open_case(town, person_account(town, OPERATOR))
    with pytest.raises(CaseStepError):
        answer(town, case, "created", "no")


def test_answer_no_created_users_against_the_list_is_refused(town: Town) -> None:
    town.approve(town.submit())
    case = open_case(town, person_account(town, OPERATOR))
    report_up(town, case)
    with pytest.raises(WrongAnswerError):
        answer(town, case, "created", "no")
    assert answer(town, case, "created", "yes").question == "leaked_after_creating"
    with pytest.raises(WrongAnswerError):
        answer(town, case, "created", "yes")


def test_handle_case_by_its_subject_or_by_whom_it_created_is_refused(town: Town) -> None:
    account = person_account(town, SECURITY)
    created = town.account_of(town.approve(town.submit()))
    case = open_case(town, person_account(town, OPERATOR))
    with town.connector.act(HOST) as act:
        person = accounts.get_account(act, created.id).person_id
        make_appointment(act, people.get_person(act, person), "jyzx", PRINCIPAL)
    with pytest.raises(CreatedBySubjectError):
        do(town, cases.report_up, case.number, to="上级", receipt="12号", by=actor_of(town, created))
    own = open_case(town, account, PRINCIPAL)
    with pytest.raises(OwnCaseError):
        do(town, cases.report_up, own.number, to="上级", receipt="12号", by=SECURITY)
    with pytest.raises(OwnCaseError):
        do(town, cases.get_case, own.number, by=SECURITY)
    assert own.number not in [one.number for one in do(town, cases.list_cases, by=SECURITY)]


def test_freeze_created_freezes_exactly_the_list_that_was_shown(town: Town) -> None:
    created = town.account_of(town.approve(town.submit()))
    town.connector.deliver()
    case = open_case(town, person_account(town, OPERATOR))
    seen = do(town, cases.preview_created, case.number, alone=3)
    assert [one.user_name for one in seen.freeze.accounts] == [created.user_name]
    with pytest.raises(FreezePlanChangedError):
        do(town, cases.freeze_created, case.number, plan_hash="0" * 64, alone=3)
    order = do(town, cases.freeze_created, case.number, plan_hash=seen.freeze.hash, alone=3)
    town.connector.deliver()
    assert (order.scope_kind, status(town, created)) == ("incident", "frozen")
    for number in (order.number, freeze_number(town, case)):
        with pytest.raises(FreezeOfCaseError):
            do(town, freezes.order_undo, number, reason="误会", plan_hash="0" * 64)


def freeze_number(town: Town, case: CaseRow) -> str:
    with town.connector.act(HOST) as act:
        return freezes.get_order(act, str(case.freeze_order_id)).number


def test_case_closes_only_when_outcomes_are_done_and_the_report_is_filed(town: Town) -> None:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", account_class=AccountClass.SYSTEM_ADMINISTRATOR)
    account = in_keycloak(town, account)
    case = open_case(town, account)
    report_up(town, case)
    answer(town, case, "created", "no")
    answer(town, case, "leaked", "no")
    assert answer(town, case, "key", "no").question == ""
    settle(town)
    assert open_steps(town, case) == ["Restore the account", "sign the report"]
    with pytest.raises(CaseStepError):
        do(town, closing.close_case, case.number)
    restore(town, account)
    report = do(town, closing.write_report, case.number, WORDS)
    with pytest.raises(ReportChangedError):
        do(town, closing.sign_report, case.number, version=1, shown_hash="0" * 64, by=PRINCIPAL)
    do(town, closing.sign_report, case.number, version=1, shown_hash=report.hash, by=PRINCIPAL)
    assert open_steps(town, case) == []
    assert do(town, closing.close_case, case.number).state == "closed"
    with pytest.raises(CaseClosedError):
        report_up(town, case)


def settle(town: Town) -> None:
    town.clock.advance(timedelta(seconds=5))
    town.connector.deliver()


def restore(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        unit = accounts.get_account(act, account.id)
        code = units.get_unit_by_id(act, people.get_person(act, unit.person_id).unit_id).code
    form = town.form(code, kind=RequestKind.ENABLE, account=account.user_name, reason="处置完毕，恢复使用")
    request = town.submit(form, actor=town.actor(Office.VERIFIER, "jyzx") if code == "jyzx" else None)
    offices = []
    while request.state == "pending":
        offices.append(town.open_stage(request).office)
        request = town.decide(request)
    assert "principal" in offices
    settle(town)
    assert status(town, account) == "active"


def test_report_is_not_signed_by_its_writer_nor_changed_after_it(town: Town) -> None:
    case = open_case(town, person_account(town, OPERATOR))
    row = do(town, closing.write_report, case.number, WORDS, by=PRINCIPAL)
    with pytest.raises(ReportWriterError):
        do(town, closing.sign_report, case.number, version=1, shown_hash=row.hash, by=PRINCIPAL)
    second = do(town, closing.write_report, case.number, WORDS)
    assert (second.version, second.facts["account"]) == (2, second.facts["account"])
    with pytest.raises(ReportChangedError):
        do(town, closing.sign_report, case.number, version=1, shown_hash=row.hash, by=HEAD)
    do(town, closing.sign_report, case.number, version=2, shown_hash=second.hash, by=HEAD)
    with pytest.raises(ReportChangedError):
        do(town, closing.write_report, case.number, WORDS)


def test_change_of_password_is_ordered_while_the_account_is_shut(town: Town) -> None:
    account = person_account(town, OPERATOR)
    case = open_case(town, account)
    report_up(town, case)
    answer(town, case, "created", "no")
    answer(town, case, "leaked", "no")
    settle(town)
    with town.connector.act(HOST) as act:
        rows = act.session.scalars(select(CaseOutcomeRow).where(CaseOutcomeRow.case_id == case.id))
        done = {row.outcome: outcomes.is_done(act, case, row) for row in rows}
    assert done == {"change_password": True, "restore": False}
    assert not town.idp.get_user(account.keycloak_id).enabled
    assert status(town, account) == AccountStatus.FROZEN


def test_outcome_that_shows_elsewhere_cannot_be_told(town: Town) -> None:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk", person=make_person(act, "ywk"))
    case = open_case(town, in_keycloak(town, account))
    report_up(town, case)
    answer(town, case, "leaked", "no")
    with pytest.raises(WrongAnswerError):
        do(town, closing.tell_outcome, case.number, outcome="restore", note="已恢复", receipt="1号")
    do(town, closing.tell_outcome, case.number, outcome="clean_data", note="已清理两条记录", receipt="1号")
    assert "Clear rubbish and wrong data" not in open_steps(town, case)
