"""Who returns after his account was cancelled: applies anew, is verified, and has his one account again (LC 5(3))."""

from datetime import timedelta

import pytest

from connector.errors import RefusedInputError
from connector.register import accounts, people, rebuild, rebuild_tables, returning
from connector.register.errors import CancellationUnfinishedError, ClassFixedError, SecondAccountError
from connector.register.people import PersonForm
from connector.register.tables import AccountRow
from connector.regulations.vocabulary import AccountClass, AccountPurpose, AccountStatus, Office, RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from tests.factories import make_person, make_person_form, resident_id
from tests.town import HOST, Town


@pytest.fixture
def person() -> PersonForm:
    return make_person_form("ywk", name="周复归")


@pytest.fixture
def former(town: Town, person: PersonForm) -> AccountRow:
    """His account, approved and provisioned."""
    account = town.account_of(town.approve(town.submit(town.form(person=person))))
    town.connector.deliver()
    return present(town, account)


def present(town: Town, account: AccountRow) -> AccountRow:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def cancel(town: Town, account: AccountRow, *, deliver: bool = True) -> None:
    town.approve(town.submit(town.form(kind=RequestKind.CANCEL, account=account.user_name, reason="已离职")))
    if deliver:
        town.connector.deliver()


def again(town: Town, person: PersonForm, **fields: object) -> RequestForm:
    return town.form(person=person, permissions=town.permissions(3)[2:], **fields)


def test_return_after_a_cancellation_opens_the_same_account_anew(
    town: Town, former: AccountRow, person: PersonForm
) -> None:
    cancel(town, former)
    assert present(town, former).keycloak_id is None
    town.clock.advance(timedelta(days=30))
    account = town.account_of(town.approve(town.submit(again(town, person))))
    town.connector.deliver()
    account = present(town, account)
    assert (account.id, account.user_name, account.status) == (former.id, former.user_name, AccountStatus.ACTIVE)
    assert account.keycloak_id not in (None, former.keycloak_id)
    with town.connector.act(HOST) as act:
        held = [permission.id for permission in accounts.list_grants(act, account)]
        assert accounts.present_cause(act, account) == returning.CAUSE
    assert held == list(town.permissions(3)[2:])  # What he held before stays withdrawn.
    assert town.idp.get_user(account.keycloak_id).enabled
    assert (account.opened_at, account.opened_by) == (former.opened_at, former.opened_by)


def test_return_goes_the_whole_road_of_a_new_registration(town: Town, former: AccountRow, person: PersonForm) -> None:
    cancel(town, former)
    with town.connector.act(town.applicant()) as act:
        chain = [stage.office for stage in requests.preview_chain(act, again(town, person))]
    with town.connector.act(town.applicant()) as act:
        new = [stage.office for stage in requests.preview_chain(act, again(town, make_person_form("ywk")))]
    assert chain == new
    assert Office.VERIFIER in chain
    request = town.submit(again(town, person))
    while town.open_stage(request).office != Office.VERIFIER:
        request = town.decide(request)
    with pytest.raises(RefusedInputError):
        town.decide(request, compared=())
    assert present(town, former).status == AccountStatus.CANCELLED


def test_return_after_a_violation_needs_the_principal(town: Town, former: AccountRow, person: PersonForm) -> None:
    fields = {"account": former.user_name, "cause": "violation", "until": "2026-04-30"}
    town.approve(town.submit(town.form(kind=RequestKind.SUSPEND, **fields)))
    cancel(town, former)
    form = again(town, person, cause="harmless")
    with town.connector.act(town.applicant()) as act:
        assert Office.PRINCIPAL in [stage.office for stage in requests.preview_chain(act, form)]
        assert act.rulebook.in_person(Office.PRINCIPAL, RequestKind.GRANT, cause="violation") == "LC 7(3)"
    request = town.approve(town.submit(form))
    assert (request.cause, request.state) == ("violation", "approved")


def test_return_while_the_user_is_still_in_keycloak_is_refused(
    town: Town, former: AccountRow, person: PersonForm
) -> None:
    cancel(town, former, deliver=False)
    with pytest.raises(CancellationUnfinishedError) as refused:
        town.submit(again(town, person))
    assert former.user_name not in str(refused.value.facts)
    town.connector.deliver()
    assert town.submit(again(town, person)).state == "pending"


@pytest.mark.parametrize("status", [AccountStatus.FROZEN, AccountStatus.DISABLED, AccountStatus.SUSPENDED])
def test_register_again_with_an_account_that_is_not_cancelled_is_refused(
    town: Town, former: AccountRow, person: PersonForm, status: AccountStatus
) -> None:
    with town.connector.act(HOST) as act:
        accounts.set_status(act, accounts.get_account(act, former.id), status, cause="request")
    with pytest.raises(SecondAccountError):
        town.submit(again(town, person))


def test_return_in_another_class_is_refused(town: Town, former: AccountRow, person: PersonForm) -> None:
    cancel(town, former)
    with pytest.raises(ClassFixedError):
        town.submit(again(town, person, account_class=AccountClass.BUSINESS_ADMINISTRATOR))


def test_return_of_an_administrator_as_an_ordinary_user_is_refused_even_unsaid(
    town: Town, former: AccountRow, person: PersonForm
) -> None:
    """Deciders would approve an ordinary user and get back an administrator."""
    cancel(town, former)
    with town.connector.act(HOST) as act:
        accounts.get_account(act, former.id).account_class = AccountClass.BUSINESS_ADMINISTRATOR.value
    with pytest.raises(ClassFixedError):
        town.submit(again(town, person))


def test_return_with_a_new_phone_and_post_renews_them(town: Town, former: AccountRow, person: PersonForm) -> None:
    cancel(town, former)
    given = person.model_copy(update={"phone": "13900001234", "post": "副科长", "mail": "zhou@example.cn"})
    request = town.submit(again(town, given))
    with town.connector.act(HOST) as act:
        kept = people.get_person(act, str(request.person_id))
        assert (kept.phone_masked, kept.post, kept.mail) == ("139****1234", "副科长", "zhou@example.cn")
        assert people.get_form(act, kept.id).document_number == person.document_number


def test_return_under_another_name_is_refused(town: Town, former: AccountRow, person: PersonForm) -> None:
    cancel(town, former)
    with pytest.raises(RefusedInputError) as refused:
        town.submit(again(town, person.model_copy(update={"name": "周冒名"})))
    assert [problem.field for problem in refused.value.fields] == ["name"]
    assert present(town, former).status == AccountStatus.CANCELLED


def test_return_for_a_time_stands_in_the_record_as_in_the_tables(
    town: Town, former: AccountRow, person: PersonForm
) -> None:
    cancel(town, former)
    form = again(town, person, purpose=AccountPurpose.TEMPORARY, until="2026-06-30")
    account = town.account_of(town.approve(town.submit(form)))
    assert (account.purpose, account.valid_until is None) == ("temporary", False)
    with town.connector.act(HOST) as act:
        record = rebuild.LedgerOfRecord().read(rebuild_tables.read_entries(act.session)).accounts
        tables = rebuild_tables.read_accounts(act.session)
    assert list(rebuild.compare({account.id: record[account.id]}, {account.id: tables[account.id]})) == []


def test_serial_of_a_user_name_is_not_used_up_by_a_return(town: Town, former: AccountRow, person: PersonForm) -> None:
    cancel(town, former)
    town.approve(town.submit(again(town, person)))
    with town.connector.act(HOST) as act:
        other = make_person(act, "ywk", document_number=resident_id(91_000))
        names = {row.user_name for row in rebuild_tables.read_accounts(act.session).values()}
        account = accounts.open_account(act, other, account_class=AccountClass.ORDINARY, opened_by="paper:T")
        assert account.user_name not in names
