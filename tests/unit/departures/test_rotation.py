"""What a leaving administrator knew: which leavers have a case, what stands in it, how it ends, and what he leaves."""

from datetime import timedelta
from typing import Any

import pytest

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.actor import Actor, person_actor
from connector.departures import service as departures
from connector.departures import shared_secrets
from connector.departures.handover import list_handovers
from connector.departures.rotation import RotationView
from connector.departures.secret_tables import RotationCaseRow
from connector.departures.shared_secrets import SecretKind
from connector.departures.staff_errors import (
    LeaverMayNotRotateError,
    RotationItemDoneError,
    SecretNameTakenError,
)
from connector.errors import ForbiddenError, NotFoundError, RefusedInputError
from connector.provisioning.tables import LinkRow
from connector.register import accounts
from connector.register.tables import AccountRow, AppointmentRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office
from connector.requests.tables import RequestRow, StageRow
from tests.factories import make_account, make_appointment
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON


def rotations(desk: DepartureDesk, *, open_only: bool = True) -> list[RotationView]:
    with desk.desk.act() as act:
        return departures.list_rotations(act, open_only=open_only)


def appoint(desk: DepartureDesk, key: str, office: Office, unit: str = "jyzx") -> str:
    person = desk.person(key)
    with desk.desk.act() as act:
        return make_appointment(act, person, unit, office)


def actor_of(desk: DepartureDesk, key: str) -> Actor:
    account = desk.account(key)
    return person_actor(account.person_id, account.user_name, account_id=account.id, acr="mfa")


def note(desk: DepartureDesk, event: Event, subject: str, actor: Actor, **data: Any) -> None:
    with desk.act(actor, now=NOON) as act:
        audit.record(act, event, subject, **data)


@pytest.mark.parametrize(
    ("office", "opened"),
    [
        (Office.SYSTEM_ADMINISTRATOR, 1),
        (Office.OPERATOR, 1),
        (Office.SECURITY_ADMINISTRATOR, 1),
        (Office.UNIT_HEAD, 0),
    ],
)
def test_leaver_with_an_administering_office_opens_a_rotation(desk: DepartureDesk, office: Office, opened: int) -> None:
    appoint(desk, "003", office)
    desk.leave("003")
    desk.run(NOON + HOUR)
    assert len(rotations(desk)) == opened
    assert len(desk.alarms("rotation.opened")) == opened


def test_get_rotation_reads_the_one_asked_for_and_refuses_a_case_that_is_not_there(desk: DepartureDesk) -> None:
    for key in ("003", "004"):
        appoint(desk, key, Office.OPERATOR)
        desk.leave(key)
    desk.run(NOON + HOUR)
    both = rotations(desk)
    assert len(both) == 2
    with desk.desk.act() as act:
        assert [departures.get_rotation(act, case.case_id).user_name for case in both] == [c.user_name for c in both]
        with pytest.raises(NotFoundError):
            departures.get_rotation(act, "nirgends")


@pytest.mark.parametrize("account_class", [AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.SUPER_ADMINISTRATOR])
def test_leaver_with_an_administrators_account_opens_a_rotation(
    desk: DepartureDesk, account_class: AccountClass
) -> None:
    desk.hire("900", account_class=account_class)
    desk.fake.add("900", status="left")
    desk.run(NOON + HOUR)
    (case,) = rotations(desk)
    assert [item.kind for item in case.items] == ["review"]
    with desk.desk.act() as act:
        assert [c.rotation_items for c in departures.list_cases(act)] == [1]


@pytest.mark.parametrize(("days", "opened"), [(89, 1), (91, 0)])
def test_office_ended_lately_still_opens_a_rotation(desk: DepartureDesk, days: int, opened: int) -> None:
    appointment = appoint(desk, "003", Office.OPERATOR)
    with desk.desk.act() as act:
        act.session.get_one(AppointmentRow, appointment).ended_at = NOON + HOUR - timedelta(days=days)
    desk.leave("003")
    desk.run(NOON + HOUR)
    assert len(rotations(desk)) == opened


def test_administrator_who_leaves_by_form_opens_a_rotation_in_the_next_run(desk: DepartureDesk) -> None:
    appoint(desk, "003", Office.OPERATOR)
    account_id = desk.account("003").id
    with desk.desk.act() as act:
        accounts.set_status(act, accounts.get_account(act, account_id), AccountStatus.DISABLED, cause="departure")
    for hours in (1, 2):
        desk.run(NOON + hours * HOUR)
    assert len(desk.stored(RotationCaseRow)) == 1


def test_rotation_lists_shared_secrets_and_what_the_record_shows(desk: DepartureDesk) -> None:
    appoint(desk, "003", Office.OPERATOR)
    leaver, other = actor_of(desk, "003"), actor_of(desk, "004")
    with desk.desk.act() as act:
        for name, kind in (("kc-master", SecretKind.MASTER_ADMINISTRATOR), ("pg", SecretKind.DATABASE)):
            shared_secrets.add_secret(act, name, kind=kind, opens="keycloak")
            shared_secrets.note_knower(act, name, leaver.name)
        shared_secrets.add_secret(act, "door", kind=SecretKind.DOOR_CONTROLLER, opens="gate")
        shared_secrets.forget_knower(act, "pg", leaver.name, reason="已更换")
        issued = make_account(act, "ywk")
        changed = make_account(act, "ywk")
        names = {issued.id: issued.user_name}
        for number, account in enumerate((issued, changed)):
            link = LinkRow(
                id=f"l-{number}", account_id=account.id, token_digest=str(number), issued_at=NOON,
                expires_at=NOON + 72 * HOUR, wrong_tries=0, opened_at=NOON if account is issued else None,
                ended_at=None if account is issued else NOON,
            )  # fmt: skip
            act.session.add(link)
    for number in range(2):
        note(desk, Event.LINK_ISSUED, f"link:l-{number}", leaver)
    note(desk, Event.ENDPOINT_REGISTERED, "endpoint:1", leaver, name="oa", url="https://oa.example")
    note(desk, Event.ENDPOINT_REGISTERED, "endpoint:2", leaver, name="old")
    note(desk, Event.ENDPOINT_ROTATED, "endpoint:2", other, name="old")
    note(desk, Event.ENDPOINT_REGISTERED, "endpoint:3", leaver, name="off")
    note(desk, Event.ENDPOINT_DISABLED, "endpoint:3", other, name="off")
    note(desk, Event.ENDPOINT_ROTATED, "endpoint:4", leaver, name="hr")
    note(desk, Event.STREAM_REGISTERED, "stream:website", leaver, url="https://web.example")
    desk.leave("003")
    desk.run(NOON + HOUR)
    (case,) = rotations(desk)
    assert [(item.kind, item.name) for item in case.items] == [
        ("master_administrator", "kc-master"),
        ("endpoint_secret", "oa"),
        ("endpoint_secret", "hr"),
        ("stream_secret", "stream:website"),
        ("link_password", next(iter(names.values()))),
        ("review", "其他共用账号和口令 / anything else he knew"),
    ]


def test_rotation_closes_when_another_administrator_has_done_each_item(desk: DepartureDesk) -> None:
    appoint(desk, "003", Office.OPERATOR)
    leaver = actor_of(desk, "003")
    with desk.desk.act() as act:
        shared_secrets.add_secret(act, "pg", kind=SecretKind.DATABASE, opens="db1")
        shared_secrets.note_knower(act, "pg", leaver.name)
    desk.leave("003")
    desk.run(NOON + HOUR)
    (case,) = rotations(desk)
    first, last = case.items
    operator, outsider = desk.centre.actor(Office.OPERATOR), desk.centre.actor(Office.UNIT_HEAD, "ywk")
    for actor, item_id, text, refusal in (
        (leaver, first.item_id, "已更换", LeaverMayNotRotateError),
        (outsider, first.item_id, "已更换", ForbiddenError),
        (operator, "none", "已更换", NotFoundError),
        (operator, first.item_id, "", RefusedInputError),
        (operator, first.item_id, "找13912345678", RefusedInputError),
    ):
        with pytest.raises(refusal), desk.act(actor) as act:
            departures.do_item(act, item_id, text)
    with desk.act(operator, now=NOON + 2 * HOUR) as act:
        assert departures.do_item(act, first.item_id, "已更换并重启").closed_at is None
    with pytest.raises(RotationItemDoneError), desk.act(operator) as act:
        departures.do_item(act, first.item_id, "再次")
    with desk.desk.act() as act:
        (secret,) = departures.list_secrets(act)
    assert (secret.known_by, secret.changed_at) == ([], NOON + 2 * HOUR)
    with desk.act(operator, now=NOON + 3 * HOUR) as act:
        assert departures.do_item(act, last.item_id, "已核对").closed_at == NOON + 3 * HOUR
    assert rotations(desk) == []
    (done,) = rotations(desk, open_only=False)
    assert [item.done_by for item in done.items] == [operator.name] * 2
    assert [entry["late"] for entry in desk.events("rotation.closed")] == [False]


def test_rotation_open_past_two_working_days_alarms_once_a_day(desk: DepartureDesk) -> None:
    appoint(desk, "003", Office.OPERATOR)
    desk.leave("003")
    desk.run(NOON + HOUR)
    desk.run(NOON + timedelta(days=2, hours=2))
    assert desk.alarms("rotation.overdue") == []
    for hours in (0, 1, 23, 24):
        desk.run(NOON + timedelta(days=3, hours=hours))
    assert len(desk.alarms("rotation.overdue")) == 2
    assert [case.overdue for case in rotations(desk)] == [False]  # As of the desk's own noon.


def test_register_of_secrets_refuses_what_it_must_not_hold(desk: DepartureDesk) -> None:
    with desk.desk.act() as act:
        shared_secrets.add_secret(act, "pg", kind=SecretKind.DATABASE, opens="db1")
    for name, opens, refusal in (
        ("pg", "db1", SecretNameTakenError),
        ("", "db1", RefusedInputError),
        ("x" * 65, "db1", RefusedInputError),
        ("13912345678", "db1", RefusedInputError),
    ):
        with pytest.raises(refusal), desk.desk.act() as act:
            shared_secrets.add_secret(act, name, kind=SecretKind.OTHER, opens=opens)
    name = desk.account("003").user_name
    with desk.desk.act() as act:
        assert shared_secrets.note_knower(act, "pg", name).id == shared_secrets.note_knower(act, "pg", name).id
        assert [secret.known_by for secret in departures.list_secrets(act)] == [[name]]
        assert shared_secrets.forget_knower(act, "pg", name, reason="已更换")
        assert not shared_secrets.forget_knower(act, "pg", name, reason="已更换")
    assert len(desk.events("secret.known")) == 1


def test_case_says_which_offices_and_requests_stand_open(desk: DepartureDesk) -> None:
    appoint(desk, "003", Office.UNIT_HEAD, "ywk")
    head = desk.centre.person(Office.UNIT_HEAD, "ywk")
    with desk.desk.act() as act:
        for number in (1, 2):
            request = RequestRow(
                id=f"r-{number}", number=f"QX-{number}", kind="grant", state="pending", digest="", form={},
                unit_id=desk.centre.unit.id, submitted_by="x", submitted_at=NOON,
            )  # fmt: skip
            act.session.add(request)
            act.session.flush()
            unit_id = desk.centre.people["ywk", Office.UNIT_HEAD].unit_id
            act.session.add(
                StageRow(
                    request_id=request.id, version=1, position=0, office="unit_head", unit_id=unit_id, clause="",
                    level="", state="open" if number == 1 else "waiting",
                )
            )  # fmt: skip
    desk.leave("003")
    desk.run(NOON + HOUR)
    with desk.desk.act() as act:
        (case,) = departures.list_cases(act)
        assert (case.offices, case.waiting_requests) == (("unit_head@ywk",), ())
        account = accounts.find_by_person(act, head.id)
        assert account is not None
        account.status = AccountStatus.SUSPENDED.value
    with desk.desk.act() as act:
        (case,) = departures.list_cases(act)
        assert case.waiting_requests == ("QX-1",)
        (left,) = list_handovers(act)
    assert (left.user_name, left.offices, left.requests) == (case.user_name, ("unit_head@ywk",), ("QX-1",))
    assert desk.events("departure.opened")[0]["offices"] == ["unit_head@ywk"]


def test_cancelled_account_with_an_office_is_handed_over_too(desk: DepartureDesk) -> None:
    appoint(desk, "003", Office.VERIFIER, "ywk")
    account_id = desk.account("003").id
    with desk.desk.act() as act:
        account = act.session.get_one(AccountRow, account_id)
        accounts.set_status(act, account, AccountStatus.CANCELLED, cause="cancel")
        assert [each.offices for each in list_handovers(act)] == [("verifier@ywk",)]
