"""Three separated offices and accounts that hold nothing else: in code, in the database, and when two come at once."""

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from connector.register import accounts, appointments
from connector.register.appointments import AppointmentForm
from connector.register.errors import (
    AdministratorAloneError,
    SuperAndSystemError,
)
from connector.register.tables import AccountRow, AppointmentRow, GrantRow, PermissionRow, PersonRow
from connector.regulations.vocabulary import AccountClass, Office
from tests.factories import Centre, make_account, make_centre, make_person
from tests.fixtures_register import NOON, Desk

SECURITY, SYSTEM, AUDITOR = Office.SECURITY_ADMINISTRATOR, Office.SYSTEM_ADMINISTRATOR, Office.AUDITOR
PERMISSION = "website:notice.editor"


@pytest.fixture
def centre(desk: Desk) -> Centre:
    with desk.act() as act:
        return make_centre(act)


def form(person: PersonRow, office: Office, unit: str = "jyzx") -> AppointmentForm:
    return AppointmentForm(
        person_id=person.id, unit_code=unit, office=office, valid_from=date(2026, 1, 1), paper="聊公资任〔2026〕5号"
    )


def bare(person: PersonRow, office: Office) -> AppointmentRow:
    return AppointmentRow(
        person_id=person.id, unit_id=person.unit_id, office=office.value, valid_from=date(2026, 1, 1), paper="1",
        made_by="paper:1", made_at=NOON,
    )  # fmt: skip


def newcomer(desk: Desk, *permissions: str, account_class: AccountClass = AccountClass.ORDINARY) -> PersonRow:
    with desk.act() as act:
        person = make_person(act, "ywk")
        make_account(act, "ywk", *permissions, person=person, account_class=account_class)
        return person


@pytest.mark.req("G3")
@pytest.mark.parametrize("office", [SYSTEM, AUDITOR])
def test_appoint_somebody_who_may_work_in_a_subsystem_is_refused(desk: Desk, centre: Centre, office: Office) -> None:
    person = newcomer(desk, PERMISSION)
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(AdministratorAloneError):
        appointments.appoint(act, form(person, office))
    with pytest.raises(IntegrityError, match="administrator_alone"), desk.act() as act:
        act.session.add(bare(person, office))


@pytest.mark.req("G3")
@pytest.mark.parametrize("office", [SYSTEM, AUDITOR])
def test_grant_to_an_auditor_or_system_administrator_is_refused(desk: Desk, centre: Centre, office: Office) -> None:
    account = centre.accounts[centre.person(office).id]
    with desk.act() as act, pytest.raises(AdministratorAloneError):
        accounts.add_grants(act, act.session.get_one(AccountRow, account.id), [PERMISSION], granted_by="paper:1")
    with pytest.raises(IntegrityError, match="administrator_alone"), desk.act() as act:
        act.session.add(GrantRow(account_id=account.id, permission_id=PERMISSION, granted_by="paper:1", since=NOON))


@pytest.mark.req("G1")
@pytest.mark.parametrize("account_class", [AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.SUPER_ADMINISTRATOR])
def test_account_of_an_administrator_holds_no_working_permission(
    desk: Desk, centre: Centre, account_class: AccountClass
) -> None:
    person = newcomer(desk, account_class=account_class)
    with desk.act() as act:
        account = accounts.find_by_person(act, person.id)
        assert account is not None
        with pytest.raises(AdministratorAloneError):
            accounts.add_grants(act, account, [PERMISSION], granted_by="paper:1")
    with pytest.raises(IntegrityError, match="administrator_alone"), desk.act() as act:
        act.session.add(GrantRow(account_id=account.id, permission_id=PERMISSION, granted_by="paper:1", since=NOON))


@pytest.mark.req("G1")
def test_super_administrator_is_never_the_system_administrator(desk: Desk, centre: Centre) -> None:
    person = newcomer(desk, account_class=AccountClass.SUPER_ADMINISTRATOR)
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(SuperAndSystemError):
        appointments.appoint(act, form(person, SYSTEM))
    with pytest.raises(IntegrityError, match="administrator_alone"), desk.act() as act:
        act.session.add(bare(person, SYSTEM))
    system = centre.accounts[centre.person(SYSTEM).id]
    with pytest.raises(IntegrityError, match="administrator_alone"), desk.act() as act:
        act.session.get_one(AccountRow, system.id).account_class = AccountClass.SUPER_ADMINISTRATOR.value


@pytest.mark.req("G1")
def test_leader_holds_what_looks_and_nothing_that_works(desk: Desk, centre: Centre) -> None:
    person = newcomer(desk, account_class=AccountClass.LEADER)
    with desk.act() as act:
        account = accounts.find_by_person(act, person.id)
        assert account is not None
        assert accounts.add_grants(act, account, ["centre:statistics.viewer"], granted_by="paper:1")
        with pytest.raises(AdministratorAloneError) as refused:
            accounts.add_grants(act, account, [PERMISSION], granted_by="paper:1")
    assert refused.value.problem()["clause"] == "GS 7(1)"


@pytest.mark.req("G3")
@pytest.mark.parametrize("office", [SYSTEM, AUDITOR])
def test_second_office_beside_an_auditor_or_system_administrator_is_refused(
    desk: Desk, centre: Centre, office: Office
) -> None:
    person = centre.person(office)
    with desk.act(centre.actor(SECURITY)) as act, pytest.raises(AdministratorAloneError):
        appointments.appoint(act, form(person, Office.VERIFIER))
    with pytest.raises(IntegrityError, match="administrator_alone"), desk.act() as act:
        act.session.add(bare(person, Office.VERIFIER))


@pytest.mark.req("G3")
def test_confirm_asks_again_whether_the_person_is_free(desk: Desk, centre: Centre) -> None:
    """What came between the making and the confirming stops the confirmation: the database itself is put aside here."""
    person = newcomer(desk)
    with desk.act(centre.actor(SECURITY)) as act:
        made = appointments.appoint(act, form(person, AUDITOR)).id
    with desk.act() as act:
        for moment in ("insert", "update"):
            act.session.execute(text(f"DROP TRIGGER grants_alone_{moment}"))
        account = accounts.find_by_person(act, person.id)
        assert account is not None
        permission = act.session.scalars(select(PermissionRow.id)).first()
        act.session.add(GrantRow(account_id=account.id, permission_id=permission, granted_by="paper:1", since=NOON))
    with desk.act(centre.actor(Office.PRINCIPAL)) as act, pytest.raises(AdministratorAloneError):
        appointments.confirm(act, made)
    with desk.act() as act:
        assert act.session.get_one(AppointmentRow, made).confirmed_at is None
