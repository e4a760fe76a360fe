"""Registrations, untrue data and changes of handler on a real Keycloak: what may log in there, and when."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.auth.actor import Actor, person_actor
from connector.errors import RefusedInputError
from connector.ports import UnknownUserError
from connector.register import accounts, people
from connector.register.errors import CancellationUnfinishedError
from connector.register.tables import AccountRow
from connector.registration import service as registration
from connector.registration.contacts import ChangeForm
from connector.registration.corrections import CorrectionForm, VerdictForm
from connector.registration.handovers import SignatureForm
from connector.registration.mismatches import MismatchForm
from connector.registration.tables import MismatchRow
from connector.regulations.vocabulary import AccountStatus, Office, RequestKind, Verdict
from connector.requests import registrations
from connector.requests import service as requests
from connector.requests.tables import RequestRow
from connector.requests.verification import Comparison
from jobs import follow_registration
from tests.factories import make_account, make_person, make_person_form, resident_id
from tests.servers.realm import RealmUnderTest, realm
from tests.town import HOST, NOON, Town, open_town

__all__ = ["realm"]

AGREED = [Comparison(item=i, result="agrees") for i in ("document_seen", "directory_agrees", "unit_confirms")]


@pytest.fixture
def town(tmp_path: Path, realm: RealmUnderTest) -> Iterator[Town]:
    opened = open_town(tmp_path, idp=realm.provider)
    yield opened
    opened.close()
    for user in list(realm.provider.list_accounts()):
        realm.provider.delete_user(user.user_id)


def employed(town: Town) -> AccountRow:
    account = town.account_of(town.approve(town.submit()))
    town.connector.deliver()
    return now(town, account)


def now(town: Town, account: AccountRow) -> AccountRow:
    with town.connector.act(HOST) as act:
        return accounts.get_account(act, account.id)


def enabled(town: Town, account: AccountRow) -> bool:
    town.connector.deliver()
    user = town.idp.get_user(str(now(town, account).keycloak_id))
    return bool(user.enabled)


def request_of(town: Town, request_id: str | None) -> RequestRow:
    with town.connector.act(HOST) as act:
        return requests.get_request(act, str(request_id))


def begin(town: Town, account: AccountRow) -> str:
    form = MismatchForm(account=account.user_name, fields=["document_number", "name"], reason="证件与本人不符")
    with town.connector.act(town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
        return registration.open_mismatch(act, form).id


def case_of(town: Town, case_id: str) -> MismatchRow:
    with town.connector.act(HOST) as act:
        return registration.get_case(act, case_id)


@pytest.mark.req("A7")
def test_registration_is_in_keycloak_only_after_a_verifier_said_what_he_compared(town: Town) -> None:
    form = make_person_form("ywk", name="孙核验")
    request = town.submit(town.form(person=form))
    while town.open_stage(request).office != Office.VERIFIER:
        request = town.decide(request)
    stage = town.open_stage(request)
    with pytest.raises(RefusedInputError):
        town.decide(request, compared=())
    with town.connector.act(HOST) as act:
        assert stage.due_at == act.rulebook.calendar.due(NOON, 5)
    town.connector.deliver()
    assert list(town.idp.list_accounts()) == []

    town.decide(request, Verdict.REJECT, reason="单位未确认", compared=())
    town.connector.deliver()
    assert list(town.idp.list_accounts()) == []
    with town.connector.act(HOST) as act:
        (kept,) = registrations.list_refused(act, text="孙核验")
        assert (kept.number, kept.has_account) == (request.number, False)

    account = town.account_of(town.approve(town.submit(town.form(person=form))))
    assert enabled(town, account)


@pytest.mark.req("A6")
def test_untrue_data_suspend_and_their_correction_restores_the_login(town: Town) -> None:
    account = employed(town)
    case_id = begin(town, account)
    assert enabled(town, account)  # The clause lets nothing happen at once: people decide the suspension.
    town.approve(request_of(town, case_of(town, case_id).suspend_request_id))
    assert not enabled(town, account)

    with town.connector.act(town.actor(Office.UNIT_HEAD, "ywk")) as act:
        sent = CorrectionForm(name="王改正", document_number=resident_id(60_001))
        row = registration.send_correction(act, case_id, sent)
    assert not enabled(town, account)
    verdict = VerdictForm(digest=row.digest, approves=True, compared=AGREED)
    with town.connector.act(town.actor(Office.VERIFIER, "jyzx")) as act:
        registration.verify_correction(act, row.id, verdict)
    assert not enabled(town, account)
    town.approve(request_of(town, case_of(town, case_id).enable_request_id))
    assert enabled(town, account)
    user = town.idp.get_user(str(account.keycloak_id))
    assert user.display_name == "王改正"
    follow_registration.run(town.connector, NOON + timedelta(days=1))
    assert case_of(town, case_id).outcome == "restored"


@pytest.mark.req("A6")
def test_untrue_data_not_corrected_in_time_end_the_account_when_people_say_so(town: Town) -> None:
    account = employed(town)
    case_id = begin(town, account)
    town.approve(request_of(town, case_of(town, case_id).suspend_request_id))
    summary = follow_registration.run(town.connector, NOON + timedelta(days=20))
    assert summary["mismatches"]["overdue"] == 1
    assert not enabled(town, account)
    town.approve(request_of(town, case_of(town, case_id).cancel_request_id))
    town.connector.deliver()
    follow_registration.run(town.connector, NOON + timedelta(days=21))
    assert (now(town, account).status, now(town, account).keycloak_id) == (AccountStatus.CANCELLED, None)
    assert case_of(town, case_id).outcome == "terminated"
    with town.connector.act(HOST) as act:
        assert people.get_person(act, account.person_id).document_digest  # Person and history stay (GS 10(6)).


@pytest.mark.req("A2", "C6")
def test_who_returns_after_a_cancellation_has_his_one_account_with_a_new_user_and_new_secrets(town: Town) -> None:
    form = make_person_form("ywk", name="周复归", mail="zhou@example.cn")
    account = town.account_of(town.approve(town.submit(town.form(person=form, permissions=town.permissions(2)))))
    assert enabled(town, account)
    former_id = str(now(town, account).keycloak_id)
    town.approve(town.submit(town.form(kind=RequestKind.CANCEL, account=account.user_name, reason="已离职")))
    again = town.form(person=form, permissions=town.permissions(3)[2:])
    with pytest.raises(CancellationUnfinishedError):
        town.submit(again)
    town.connector.deliver()
    with pytest.raises(UnknownUserError):
        town.idp.get_user(former_id)

    request = town.submit(again)
    town.connector.deliver()
    assert list(town.idp.list_accounts()) == []  # People decide first, the verifier among them.
    assert town.account_of(town.approve(request)).id == account.id
    assert enabled(town, account)
    user = town.idp.get_user(str(now(town, account).keycloak_id))
    assert (user.user_name, user.user_id == former_id) == (account.user_name, False)
    assert ("UPDATE_PASSWORD" in user.required_actions, user.attributes["secondFactor"]) == (True, "key")
    assert town.idp.list_credentials(user.user_id) == []
    held = {f"{subsystem}:{role}" for subsystem, roles in town.idp.roles_of(user.user_id).items() for role in roles}
    assert held == set(again.permissions)


def member(town: Town) -> Actor:
    with town.connector.act(HOST) as act:
        person = make_person(act, "ywk")
        account = make_account(act, "ywk", person=person)
        return person_actor(person.id, account.user_name, account_id=account.id, acr="mfa")


@pytest.mark.req("A8")
def test_change_of_handler_is_announced_ahead_and_filed_when_both_sides_signed(town: Town) -> None:
    head, first = town.actor(Office.UNIT_HEAD, "ywk"), employed(town)
    giver = person_actor(first.person_id, first.user_name, account_id=first.id, acr="mfa")
    taker = member(town)
    day = NOON.date() + timedelta(days=7)

    def announce(name: str, moved: int) -> str:
        form = ChangeForm(unit_code="ywk", duty="handler", taker=name, effective_on=day + timedelta(days=moved))
        with town.connector.act(head, now=NOON + timedelta(days=moved)) as act:
            return registration.announce_change(act, form).id

    announce(giver.name, 0)
    with town.connector.act(head) as act, pytest.raises(RefusedInputError):
        registration.announce_change(
            act, ChangeForm(unit_code="ywk", duty="contact", taker=taker.name, effective_on=day - timedelta(days=1))
        )
    assert follow_registration.run(town.connector, NOON + timedelta(days=7))["changes"]["effective"] == 1
    change_id = announce(taker.name, 7)
    for side, signer in (("giver", giver), ("taker", taker)):
        with town.connector.act(signer) as act:
            change = registration.get_open(act, change_id)
            digest = registration.show(act, change).digest
            registration.sign(act, change, SignatureForm(side=side, digest=digest))  # type: ignore[arg-type]
    summary = follow_registration.run(town.connector, NOON + timedelta(days=14))
    assert (summary["changes"]["effective"], summary["changes"]["filed"]) == (1, 1)
    with town.connector.act(HOST) as act:
        assert {s.side for s in registration.show(act, registration.get_change(act, change_id)).signatures} == {
            "giver",
            "taker",
        }
