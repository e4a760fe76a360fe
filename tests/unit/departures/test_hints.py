"""Joiners, returners, unknown units: hints for people, mailed once, closed when they came true."""

import pytest
from sqlalchemy import select

from connector.departures import service as departures
from connector.departures.hints import HintView
from connector.departures.linking import link_key
from connector.departures.staff_errors import KeyInUseError, KeyNotPresentError, KeyTakenError
from connector.departures.tables import DepartureCaseRow
from connector.errors import NotFoundError
from connector.outbox.tables import StepRow
from connector.register import accounts, people
from connector.register.errors import SecondAccountError
from connector.register.tables import AccountRow, PersonRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office, RequestKind
from connector.requests import service as requests
from connector.requests.forms import RequestForm
from tests.factories import make_person, make_person_form
from tests.fixtures_departures import HOUR, DepartureDesk
from tests.fixtures_register import NOON


def hints(desk: DepartureDesk, *, open_only: bool = True) -> list[HintView]:
    with desk.desk.act() as act:
        return departures.list_hints(act, open_only=open_only)


def mails(desk: DepartureDesk) -> list[str]:
    return [s.payload["text"] for s in desk.stored(StepRow) if s.kind == "mail" and "directory-hints" in s.key]


def give_head_mail(desk: DepartureDesk, unit: str = "ywk") -> None:
    with desk.desk.act() as act:
        act.session.get_one(PersonRow, desk.centre.person(Office.UNIT_HEAD, unit).id).mail = "head@example.cn"


def test_joiner_is_hinted_once_to_the_unit_head_and_closed_when_registered(desk: DepartureDesk) -> None:
    give_head_mail(desk)
    desk.fake.add("J-1", name="王新来", unit="ywk", post="科员", document="11010519491231002X")
    desk.fake.add("J-2", unit="ywk")
    desk.fake.add("J-3", unit="ywk", status="left")
    assert desk.run(NOON + HOUR)["hints"] == 2
    found = hints(desk)
    assert [(h.kind, h.key, h.unit_code, h.post, h.mailed) for h in found] == [
        ("joiner", "J-1", "ywk", "科员", 1),
        ("joiner", "J-2", "ywk", None, 1),
    ]
    (mail,) = mails(desk)
    assert "J-1" in mail
    assert "J-2" in mail
    assert "王新来" not in mail
    assert desk.run(NOON + 2 * HOUR)["hints"] == 0
    assert len(mails(desk)) == 1
    with desk.desk.act() as act:
        make_person(act, "ywk", directory_key="J-1")
    desk.run(NOON + 3 * HOUR)
    assert [h.key for h in hints(desk)] == ["J-2"]


def test_first_read_makes_nobody_a_joiner(empty_desk: DepartureDesk) -> None:
    for key in ("1", "2", "3"):
        empty_desk.fake.add(key, unit="ywk")
    assert empty_desk.run()["hints"] == 0


def test_joiner_of_a_held_read_is_hinted_by_the_next_good_one(desk: DepartureDesk) -> None:
    desk.leave("001", "002", "003")
    desk.fake.add("J-1", unit="ywk")
    held = desk.run(NOON + HOUR)
    assert hints(desk) == []
    desk.decide(held["request_id"])
    assert desk.run(NOON + 2 * HOUR)["hints"] == 1


def test_joiner_reported_as_a_change_is_hinted_at_once_and_not_again(desk: DepartureDesk) -> None:
    desk.fake.add("J-1", unit="ywk")
    desk.watch(NOON + HOUR)
    assert [h.key for h in hints(desk)] == ["J-1"]
    assert desk.run(NOON + 2 * HOUR)["hints"] == 0


def test_joiner_who_vanishes_again_is_no_hint_any_more(desk: DepartureDesk) -> None:
    dn = desk.fake.add("J-1", unit="ywk")
    desk.run(NOON + HOUR)
    desk.fake.remove(dn)
    desk.run(NOON + 2 * HOUR)
    assert hints(desk) == []


def test_joiner_with_a_registered_document_is_the_same_person(desk: DepartureDesk) -> None:
    give_head_mail(desk)
    form = make_person_form("ywk")
    with desk.desk.act() as act:
        person = people.register_person(act, form)
        person.directory_key = "OLD"
        account = accounts.open_account(act, person, account_class=AccountClass.ORDINARY, opened_by="paper:T")
        name = account.user_name
    desk.fake.add("NEW", unit="ywk", document=form.document_number, name="王某")
    desk.run(NOON + HOUR)
    (hint,) = hints(desk)
    assert (hint.kind, hint.key, hint.user_name) == ("same_person", "NEW", name)
    assert form.document_number not in mails(desk)[0]
    with desk.desk.act() as act:
        departures.link_key(act, "NEW", name)
    assert desk.events("directory_key.linked") == [{"key": "NEW", "former": "OLD"}]
    desk.run(NOON + 2 * HOUR)
    assert hints(desk) == []


def test_returner_is_offered_and_never_enabled_by_the_machine(desk: DepartureDesk) -> None:
    give_head_mail(desk)
    desk.leave("003")
    desk.run(NOON + HOUR)
    for purpose, value in (("status", "active"), ("unit", "ywk")):
        desk.move("003", **{purpose: value})
    summary = desk.run(NOON + 2 * HOUR)
    assert (summary["hints"], summary["frozen"]) == (1, 0)
    (hint,) = hints(desk)
    assert (hint.kind, hint.key, hint.account_status, hint.mailed) == ("returner", "003", "frozen", 1)
    assert hint.user_name in mails(desk)[0]
    assert desk.frozen() == {"003"}
    assert [case.closed_at for case in desk.stored(DepartureCaseRow)] == [None]
    assert desk.run(NOON + 3 * HOUR)["hints"] == 0
    with desk.desk.act() as act:
        account = accounts.get_by_user_name(act, str(hint.user_name))
        accounts.set_status(act, account, AccountStatus.ACTIVE, cause="request")
    desk.run(NOON + 4 * HOUR)
    assert hints(desk) == []


def test_returner_by_absence_is_offered_too(desk: DepartureDesk) -> None:
    desk.vanish("003")
    desk.run(NOON + HOUR)
    desk.run(NOON + 2 * HOUR)
    assert desk.frozen() == {"003"}
    desk.fake.add("003", dn=desk.dns["003"])
    desk.run(NOON + 3 * HOUR)
    assert [hint.kind for hint in hints(desk)] == ["returner"]


@pytest.mark.parametrize("status", [AccountStatus.DISABLED, AccountStatus.CANCELLED])
def test_returner_disabled_by_a_form_before_he_left_is_offered(desk: DepartureDesk, status: AccountStatus) -> None:
    account_id = desk.account("003").id
    with desk.desk.act() as act:
        accounts.set_status(act, accounts.get_account(act, account_id), status, cause="departure")
    desk.leave("003")
    desk.run(NOON + HOUR)
    assert hints(desk) == []
    desk.move("003", status="active")
    desk.run(NOON + 2 * HOUR)
    assert [(hint.kind, hint.account_status) for hint in hints(desk)] == [("returner", status.value)]


def test_zombie_who_never_left_is_no_returner(desk: DepartureDesk) -> None:
    account_id = desk.account("003").id
    with desk.desk.act() as act:
        accounts.set_status(act, accounts.get_account(act, account_id), AccountStatus.DISABLED, cause="dormant")
    desk.run(NOON + HOUR)
    assert hints(desk) == []


def test_returner_gets_no_second_account(desk: DepartureDesk) -> None:
    form = make_person_form("ywk")
    with desk.desk.act() as act:
        person = people.register_person(act, form)
        person.directory_key = "900"
        accounts.open_account(act, person, account_class=AccountClass.ORDINARY, opened_by="paper:T")
    dn = desk.fake.add("900", name=form.name)
    desk.run(NOON + HOUR)
    desk.fake.change(dn, "employeeStatus", "left")
    desk.run(NOON + 2 * HOUR)
    again = RequestForm(
        kind=RequestKind.GRANT, unit_code="ywk", person=form, permissions=("website:notice.editor",), reason="返岗"
    )
    with pytest.raises(SecondAccountError), desk.act(desk.centre.actor(Office.UNIT_HEAD, "ywk")) as act:
        requests.submit_request(act, again)


def test_unknown_unit_is_listed_until_it_is_known(desk: DepartureDesk) -> None:
    desk.move("003", unit="0099")
    desk.run(NOON + HOUR)
    assert [(h.kind, h.key, h.unit_code, h.mailed) for h in hints(desk)] == [("unknown_unit", "003", "0099", 0)]
    assert mails(desk) == []
    desk.run(NOON + 2 * HOUR)
    assert len(hints(desk, open_only=False)) == 1
    desk.move("003", unit="ywk")
    desk.run(NOON + 3 * HOUR)
    assert hints(desk) == []


def test_link_key_refuses_what_would_confuse_two_people(desk: DepartureDesk) -> None:
    desk.fake.add("FREE")
    desk.fake.add("GONE", status="left")
    desk.run(NOON + HOUR)
    name = desk.account("003").user_name
    for key, refusal in (
        ("nobody", KeyNotPresentError),
        ("GONE", KeyNotPresentError),
        ("004", KeyTakenError),
        ("FREE", KeyInUseError),
    ):
        with pytest.raises(refusal), desk.desk.act() as act:
            link_key(act, key, name)
    with pytest.raises(NotFoundError), desk.desk.act() as act:
        link_key(act, "FREE", "nobody")
    desk.leave("003")
    desk.run(NOON + 2 * HOUR)
    with desk.desk.act() as act:
        assert link_key(act, "FREE", name).status == AccountStatus.FROZEN
        assert link_key(act, "FREE", name).status == AccountStatus.FROZEN
    assert len(desk.events("directory_key.linked")) == 1
    with desk.desk.act() as act:
        person = act.session.scalars(select(PersonRow).where(PersonRow.directory_key == "FREE")).one()
        assert act.session.scalars(select(AccountRow).where(AccountRow.person_id == person.id)).one().user_name == name
    desk.run(NOON + 3 * HOUR)
    assert ("returner", "FREE") in {(hint.kind, hint.key) for hint in hints(desk)}
