"""Cases of untrue data: suspended by a request, notified, restored or proposed for cancellation (HH 4)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connector.audit.events import Event
from connector.audit.tables import AuditEntryRow
from connector.auth.actor import person_actor
from connector.auth.levels import StepUpNeededError
from connector.errors import ForbiddenError, RefusedInputError
from connector.outbox.tables import StepRow
from connector.ports import DirectoryEntry
from connector.register import accounts, documents, people
from connector.register.errors import AlreadyRegisteredError
from connector.register.tables import AccountRow
from connector.registration import service as registration
from connector.registration.corrections import CorrectionForm, VerdictForm
from connector.registration.errors import (
    CorrectionChangedError,
    CorrectionWaitsError,
    DataUntrueError,
    MismatchClosedError,
    OpenMismatchError,
    OwnVerificationError,
)
from connector.registration.mismatches import MismatchForm
from connector.registration.tables import MismatchRow, ParticularsRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests import service as requests
from connector.requests.tables import RequestRow
from connector.requests.verification import Comparison
from tests.factories import make_person, make_person_form, resident_id
from tests.town import HOST, NOON, Town

AGREED = [Comparison(item=i, result="agrees") for i in ("document_seen", "directory_agrees", "unit_confirms")]


@pytest.fixture
def account(town: Town) -> AccountRow:
    return town.account_of(town.approve(town.submit(town.form(person=make_person_form("ywk", mail="wang@example.cn")))))


def reporter(town: Town) -> Any:
    return town.actor(Office.SECURITY_ADMINISTRATOR)


def begin(town: Town, account: AccountRow, *, by: Any = None, fields: tuple[str, ...] = ("document_number",)) -> str:
    form = MismatchForm(account=account.user_name, fields=list(fields), reason="证件与本人不符")  # type: ignore[arg-type]
    with town.connector.act(by or reporter(town)) as act:
        return registration.open_mismatch(act, form).id


def case_of(town: Town, case_id: str) -> MismatchRow:
    with town.connector.act(HOST) as act:
        return registration.get_case(act, case_id)


def request_of(town: Town, request_id: str | None) -> RequestRow:
    with town.connector.act(HOST) as act:
        return requests.get_request(act, str(request_id))


def status_of(town: Town, account: AccountRow) -> str:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id).status


def tick(town: Town, days: int) -> dict[str, int]:
    with town.connector.act(HOST, now=NOON + timedelta(days=days)) as act:
        return registration.follow_mismatches(act)


def correct(town: Town, case_id: str, **fields: str) -> ParticularsRow:
    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        return registration.send_correction(act, case_id, CorrectionForm(**fields))


def verify(town: Town, row: ParticularsRow, *, by: Any = None, **changed: Any) -> None:
    form = VerdictForm(**{"digest": row.digest, "approves": True, "compared": AGREED, **changed})
    with town.connector.act(by or town.actor(Office.VERIFIER, "jyzx")) as act:
        registration.verify_correction(act, row.id, form)


def test_open_a_case_asks_for_the_suspension_and_takes_nothing_away_itself(town: Town, account: AccountRow) -> None:
    case = case_of(town, begin(town, account))
    assert status_of(town, account) == AccountStatus.ACTIVE
    request = request_of(town, case.suspend_request_id)
    assert (request.kind, request.state, request.cause, case.clause) == ("suspend", "pending", "mismatch", "HH 4")
    assert request.applicant_id == town.centre.person(Office.SECURITY_ADMINISTRATOR).id
    town.approve(request)
    assert status_of(town, account) == AccountStatus.SUSPENDED


def test_open_a_case_mails_the_person_and_his_unit_head_the_deadline(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        people.get_person(act, town.centre.person(Office.UNIT_HEAD, "ywk").id).mail = "head@example.cn"
    case = case_of(town, begin(town, account))
    with town.connector.act(HOST) as act:
        mails = [s.payload for s in act.session.scalars(select(StepRow).where(StepRow.key.like("mismatch:%")))]
        name = people.get_person(act, account.person_id).name
        due = act.rulebook.calendar.due(NOON, 10)
    assert {mail["to"] for mail in mails} == {"wang@example.cn", "head@example.cn"}
    assert case.due_at == due
    assert all(name not in mail["text"] and "HH 4" in mail["text"] for mail in mails)


def test_open_a_second_case_or_without_the_duty_is_refused(town: Town, account: AccountRow) -> None:
    begin(town, account)
    with pytest.raises(OpenMismatchError):
        begin(town, account)
    for by in (town.applicant("ywk"), town.actor(Office.UNIT_HEAD, "dljg")):
        with pytest.raises(ForbiddenError):
            begin(town, account, by=by)


def test_verified_correction_registers_the_data_and_asks_to_enable(town: Town, account: AccountRow) -> None:
    case_id = begin(town, account)
    town.approve(request_of(town, case_of(town, case_id).suspend_request_id))
    number = resident_id(40_001)
    verify(town, correct(town, case_id, document_number=number, name="王改正"))
    with town.connector.act(HOST) as act:
        person = people.get_person(act, account.person_id)
        assert (person.name, people.read_document(act, person)) == ("王改正", number)
        assert {view.registered: view.void_at is None for view in documents.list_documents(act, person.id)} == {
            False: False,
            True: True,
        }
    assert status_of(town, account) == AccountStatus.SUSPENDED
    enable = request_of(town, case_of(town, case_id).enable_request_id)
    assert (enable.kind, enable.cause) == ("enable", "mismatch")
    town.approve(enable)
    tick(town, 1)
    assert (status_of(town, account), case_of(town, case_id).outcome) == (AccountStatus.ACTIVE, "restored")


def test_ask_to_enable_before_a_correction_is_verified_is_refused(town: Town, account: AccountRow) -> None:
    case = case_of(town, begin(town, account))
    town.approve(request_of(town, case.suspend_request_id))
    form = town.form(kind=RequestKind.ENABLE, account=account.user_name, reason="业务需要，申请恢复使用")
    with pytest.raises(DataUntrueError):
        town.submit(form)
    verify(town, correct(town, case.id, document_number=resident_id()))
    tick(town, 1)
    assert request_of(town, case_of(town, case.id).enable_request_id).kind == RequestKind.ENABLE


def test_untrue_document_goes_back_to_its_true_owner(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        stolen = people.read_document(act, people.get_person(act, account.person_id))
    case_id = begin(town, account)
    verify(town, correct(town, case_id, document_number=resident_id(40_002)))
    with town.connector.act(HOST) as act:
        assert make_person(act, "dljg", document_number=stolen).id != account.person_id


def test_correction_before_the_suspension_is_decided_withdraws_it(town: Town, account: AccountRow) -> None:
    case_id = begin(town, account, fields=("phone",))
    verify(town, correct(town, case_id, phone="13712345678"))
    case = case_of(town, case_id)
    assert (case.outcome, request_of(town, case.suspend_request_id).state) == ("restored", "withdrawn")
    with pytest.raises(MismatchClosedError):
        correct(town, case_id, phone="13712345679")


def test_verify_ones_own_case_or_by_password_or_other_content_is_refused(town: Town, account: AccountRow) -> None:
    verifier = town.actor(Office.VERIFIER, "jyzx")
    case_id = begin(town, account, by=verifier)
    row = correct(town, case_id, name="王改正")
    with pytest.raises(OwnVerificationError):
        verify(town, row)
    other = town.actor(Office.VERIFIER, "ywk")
    with pytest.raises(CorrectionChangedError):
        verify(town, row, by=other, digest="0" * 64)
    with pytest.raises(RefusedInputError):
        verify(town, row, by=other, compared=AGREED[:2])
    with pytest.raises(StepUpNeededError):
        verify(town, row, by=replace(other, acr="pwd"))
    with pytest.raises(CorrectionWaitsError):
        correct(town, case_id, name="王再改")
    with pytest.raises(ForbiddenError):
        verify(town, row, by=town.actor(Office.OPERATOR))
    verify(town, row, by=other)


@pytest.mark.req("J5")
def test_verifier_sees_a_waiting_correction_in_full_and_is_recorded(town: Town, account: AccountRow) -> None:
    number = resident_id(40_077)
    row = correct(town, begin(town, account), document_number=number)
    verifier = town.actor(Office.VERIFIER, "jyzx")
    with town.connector.act(verifier) as act:
        view = registration.show_correction(act, row.id)
        registered = people.read_document(act, people.get_person(act, account.person_id))
    assert (view.document_number, view.new["document_number"]) == (registered, number)
    with town.connector.act(HOST) as act:
        entries = select(AuditEntryRow).where(AuditEntryRow.event == Event.PERSON_REVEALED)
        assert [(each.actor, each.data["reason"]) for each in act.session.scalars(entries)] == [
            (verifier.name, f"correction:{row.id}")
        ]


@pytest.mark.req("J5")
def test_nobody_but_its_verifier_sees_a_correction_in_full(town: Town, account: AccountRow) -> None:
    row = correct(town, begin(town, account), document_number=resident_id(40_078))
    person = person_actor(account.person_id, account.user_name, account_id=account.id, acr="mfa")
    for by in (reporter(town), town.actor(Office.UNIT_HEAD, "ywk"), town.actor(Office.OPERATOR), person):
        with pytest.raises(ForbiddenError), town.connector.act(by) as act:
            registration.show_correction(act, row.id)
    verify(town, row)
    with pytest.raises(CorrectionChangedError), town.connector.act(town.actor(Office.VERIFIER, "jyzx")) as act:
        registration.show_correction(act, row.id)
    with town.connector.act(HOST) as act:
        entries = select(AuditEntryRow).where(AuditEntryRow.event == Event.PERSON_REVEALED)
        assert act.session.scalars(entries).all() == []


@pytest.mark.req("J5")
def test_verifier_who_opened_the_case_does_not_see_its_correction_in_full(town: Town, account: AccountRow) -> None:
    verifier = town.actor(Office.VERIFIER, "jyzx")
    row = correct(town, begin(town, account, by=verifier), document_number=resident_id(40_079))
    with pytest.raises(OwnVerificationError), town.connector.act(verifier) as act:
        registration.show_correction(act, row.id)


def test_correction_with_the_document_of_another_person_is_refused(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        make_person(act, "dljg", document_number=resident_id(40_003))
    case_id = begin(town, account)
    with pytest.raises(AlreadyRegisteredError, match="某招标代理机构"):
        correct(town, case_id, document_number=resident_id(40_003))


def test_refused_correction_leaves_the_data_and_the_deadline(town: Town, account: AccountRow) -> None:
    case_id = begin(town, account)
    row = correct(town, case_id, name="王改正")
    verify(town, row, approves=False, compared=[], reason="证件未出示")
    with town.connector.act(HOST) as act:
        assert people.get_person(act, account.person_id).name != "王改正"
    assert case_of(town, case_id).rectified_at is None
    correct(town, case_id, name="王再改")


def test_deadline_passed_proposes_the_cancellation_and_people_decide(town: Town, account: AccountRow) -> None:
    case_id = begin(town, account)
    town.approve(request_of(town, case_of(town, case_id).suspend_request_id))
    assert tick(town, 10)["overdue"] == 0
    assert tick(town, 20)["overdue"] == 1
    case = case_of(town, case_id)
    proposed = request_of(town, case.cancel_request_id)
    assert (proposed.kind, proposed.state, status_of(town, account)) == ("cancel", "pending", AccountStatus.SUSPENDED)
    with town.connector.act(HOST, now=NOON + timedelta(days=20)) as act:
        assert [view.case_id for view in registration.list_mismatches(act, overdue_only=True)] == [case_id]
    town.approve(proposed)
    tick(town, 21)
    assert (status_of(town, account), case_of(town, case_id).outcome) == (AccountStatus.CANCELLED, "terminated")


def test_cancellation_that_people_refuse_is_not_proposed_again(town: Town, account: AccountRow) -> None:
    case_id = begin(town, account)
    tick(town, 20)
    proposed = request_of(town, case_of(town, case_id).cancel_request_id)
    town.decide(proposed, Verdict.REJECT, reason="正在补办证件")
    tick(town, 21)
    case = case_of(town, case_id)
    assert (case.cancel_request_id, case.closed_at) == (proposed.id, None)


def test_suspension_for_untrue_data_is_not_ended_by_the_clock(town: Town, account: AccountRow) -> None:
    town.approve(request_of(town, case_of(town, begin(town, account)).suspend_request_id))
    with town.connector.act(HOST) as act:
        assert accounts.get_account(act, account.id).suspended_until is None


def _entry(key: str, number: str) -> DirectoryEntry:
    return DirectoryEntry(key=key, dn=f"uid={key}", name="某", status="on", departed=False, document_number=number)


def test_directory_with_another_number_opens_a_case(town: Town, account: AccountRow) -> None:
    with town.connector.act(HOST) as act:
        person = people.get_person(act, account.person_id)
        person.directory_key = "E1"
        own = people.read_document(act, person)
    with town.connector.act(HOST) as act:
        assert registration.compare_entries(act, [_entry("E1", own)]) == {"compared": 1, "opened": 0, "held": 0}
    with town.connector.act(HOST) as act:
        said = registration.compare_entries(act, [_entry("E1", resident_id(40_009))])
        (view,) = registration.list_mismatches(act)
    assert (said["opened"], view.source, view.fields) == (1, "directory", ["document_number"])


def test_directory_in_which_many_differ_opens_nothing(town: Town) -> None:
    entries = []
    with town.connector.act(HOST) as act:
        for number, held in enumerate(town.centre.people.values()):
            people.get_person(act, held.id).directory_key = f"K{number}"
            entries.append(_entry(f"K{number}", resident_id(41_000 + number)))
    with town.connector.act(HOST) as act:
        said = registration.compare_entries(act, entries)
        assert registration.list_mismatches(act) == []
    assert (said["opened"], said["held"]) == (0, len(entries))
