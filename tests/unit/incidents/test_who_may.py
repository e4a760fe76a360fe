"""Who may handle, read and sign a case: each rule by the one person whom it alone refuses (GS 13-15)."""

import pytest

from connector.auth.actor import Actor, person_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ForbiddenError
from connector.incidents import cases, closing
from connector.incidents.case_tables import CaseRow
from connector.incidents.errors import CreatedBySubjectError, OwnCaseError
from connector.register import accounts, people
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import Office
from tests.factories import make_account, make_appointment
from tests.town import HOST, Town
from tests.unit.incidents.test_cases import (
    HEAD,
    OPERATOR,
    PRINCIPAL,
    WORDS,
    actor_of,
    do,
    in_keycloak,
    open_case,
    person_account,
)


def appoint(town: Town, account: AccountRow, office: Office) -> Actor:
    with town.connector.act(HOST) as act:
        person = people.get_person(act, accounts.get_account(act, account.id).person_id)
        make_appointment(act, person, "jyzx", office)
    return actor_of(town, account)


def newcomer(town: Town) -> AccountRow:
    with town.connector.act(HOST) as act:
        account = make_account(act, "ywk")
    return in_keycloak(town, account)


def sign(town: Town, case: CaseRow, by: Actor | Office) -> None:
    report = do(town, closing.write_report, case.number, WORDS)
    do(town, closing.sign_report, case.number, version=report.version, shown_hash=report.hash, by=by)


def test_handle_case_as_the_machines_operator_is_refused_though_he_may_open_and_read_it(town: Town) -> None:
    case = open_case(town, newcomer(town), HOST)
    assert do(town, cases.get_case, case.number, by=HOST).number == case.number
    with pytest.raises(ForbiddenError):
        do(town, cases.report_up, case.number, to="上级", receipt="12号", by=HOST)
    with pytest.raises(ForbiddenError):
        do(town, closing.write_report, case.number, WORDS, by=HOST)


def test_read_case_without_office_is_refused_and_overseers_may(town: Town) -> None:
    case = open_case(town, newcomer(town))
    with pytest.raises(ForbiddenError):
        do(town, cases.get_case, case.number, by=town.applicant("dljg"))
    assert do(town, cases.list_cases, by=town.applicant("dljg")) == []
    assert do(town, cases.get_case, case.number, by=Office.AUDITOR).number == case.number
    with pytest.raises(ForbiddenError):
        do(town, cases.report_up, case.number, to="上级", receipt="12号", by=Office.AUDITOR)


def test_sign_report_by_the_subject_is_refused_whatever_his_office(town: Town) -> None:
    account = newcomer(town)
    case = open_case(town, account)
    with pytest.raises(OwnCaseError):
        sign(town, case, appoint(town, account, PRINCIPAL))


def test_sign_report_by_whom_the_account_created_is_refused_whatever_his_office(town: Town) -> None:
    created = town.account_of(town.approve(town.submit()))  # The operator's decision is the last.
    case = open_case(town, person_account(town, OPERATOR))
    with pytest.raises(CreatedBySubjectError):
        sign(town, case, appoint(town, created, PRINCIPAL))


def test_sign_report_without_the_office_or_the_second_factor_is_refused(town: Town) -> None:
    case = open_case(town, newcomer(town))
    with pytest.raises(ForbiddenError):
        sign(town, case, OPERATOR)
    head = town.actor(HEAD)
    weak = person_actor(str(head.person_id), head.name, account_id=str(head.account_id), acr="pwd")
    with pytest.raises(StepUpNeededError):
        sign(town, case, weak)
    sign(town, case, HEAD)
