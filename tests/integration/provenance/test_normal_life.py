"""A whole normal life through the product, read and judged as it happens, ends without a single finding."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from connector.auth.actor import Actor
from connector.embedded.soft_key import SoftKey
from connector.incidents import freezes
from connector.incidents.scopes import Scope, ScopeKind
from connector.keys.tables import WaiverRow
from connector.provisioning import repairs
from connector.provisioning import service as provisioning
from connector.register import accounts
from connector.register.tables import PersonRow
from connector.regulations.vocabulary import Office, RequestKind
from jobs import sync_departures
from tests.factories import make_account, make_unit
from tests.fakes.directory import FakeDirectory
from tests.fixtures_key_holders import Holder
from tests.integration.provenance.conftest import GateTown
from tests.town import HOST

CROWD = 50


def ask(town: GateTown, who: Holder, kind: RequestKind, **fields: object) -> None:
    town.town.approve(town.ask(kind, who.account, **fields))
    town.settle()


def freeze(town: GateTown, scope: Scope) -> str:
    by = town.town.actor(Office.SECURITY_ADMINISTRATOR)
    connector = town.town.connector
    with connector.act(by) as act:
        seen = freezes.preview(act, scope, alone=CROWD)
    with connector.act(by) as act:
        order = freezes.order_freeze(act, scope, reason="演练", plan_hash=seen.hash, alone=CROWD)
    town.settle()
    return order.number


def undo(town: GateTown, number: str) -> None:
    connector = town.town.connector
    by: tuple[Actor, Actor] = (
        town.town.actor(Office.SECURITY_ADMINISTRATOR),
        town.town.actor(Office.PRINCIPAL),
    )
    with connector.act(by[0]) as act:
        seen = freezes.preview_undo(act, number)
    with connector.act(by[0]) as act:
        back = freezes.order_undo(act, number, reason="演练结束", plan_hash=seen.hash)
    with connector.act(by[1]) as act:
        again = freezes.preview_waiting(act, back.number)
    with connector.act(by[1]) as act:
        freezes.confirm_order(act, back.number, plan_hash=again.hash)
    town.settle()


def first_login(town: GateTown, who: Holder) -> None:
    who.log_in("website")
    assert town.reconcile().bound == 1
    assert town.judge() == []


@pytest.mark.req("C7")
def test_live_a_normal_life_leaves_no_finding(town: GateTown) -> None:
    one = town.newcomer()
    first_login(town, one)
    more = town.town.permissions(4)[2:]
    ask(town, one, RequestKind.GRANT, permissions=more)
    ask(town, one, RequestKind.GRANT, permissions=(), withdraw=more[:1])
    assert town.judge() == []
    ask(town, one, RequestKind.SUSPEND, until=(town.town.clock.now() + timedelta(days=9)).date().isoformat())
    ask(town, one, RequestKind.ENABLE)
    assert town.judge() == []
    ask(town, one, RequestKind.PASSWORD_RESET, cause="forgotten")
    one.open_link()
    one.log_in("website")
    assert town.judge() == []
    undo(town, freeze(town, Scope(ScopeKind.PERSON, one.account.user_name)))
    assert town.judge() == []
    with town.act() as act:
        provisioning.require_password_change(act, accounts.get_account(act, one.account_id), reason="expired")
        repairs.make_agree(act, accounts.get_account(act, one.account_id), cause="reconciliation")
    town.settle()
    ask(town, one, RequestKind.DISABLE, cause="departure")
    ask(town, one, RequestKind.CANCEL)
    serial = next(key.serial for key in town.keys_of(one.account))
    town.give_back(serial)
    town.settle()
    assert one.account.keycloak_id is None
    assert town.judge() == []
    assert town.findings() == []
    assert town.judged["waiting"] == 0


@pytest.mark.req("C7")
def test_lose_and_waive_and_replace_a_key_leaves_no_finding(town: GateTown) -> None:
    who = town.newcomer()
    first_login(town, who)
    serial = next(key.serial for key in town.keys_of(who.account))
    until = (town.town.clock.now() + timedelta(days=10)).date().isoformat()
    ask(town, who, RequestKind.WAIVE_KEY, until=until)
    assert town.judge() == []
    with town.act() as act:
        act.session.execute(update(WaiverRow).values(until=act.now - timedelta(seconds=1)))
    assert town.reconcile().waivers_ended == 1
    assert town.judge() == []
    lost = town.town.submit(
        town.town.form(kind=RequestKind.REPLACE_KEY, account=who.account.user_name, key=serial, cause="lost")
    )
    assert town.judge() == []
    town.town.approve(lost)
    town.stock(f"{serial}-2")
    town.issue(f"{serial}-2", who.account)
    town.settle()
    who.open_link()
    assert who.person is not None
    who.person.key = SoftKey.make()
    first_login(town, who)
    town.stock(f"{serial}-3", aaguid="", cert_serial=f"{abs(hash(serial)) % 10**8:08d}")
    other = town.hire_holder()
    town.issue(f"{serial}-3", other.account)
    town.settle()
    town.lose(f"{serial}-3")
    town.settle()
    assert town.judge() == []
    assert town.findings() == []


@pytest.mark.req("C7")
def test_leave_by_the_directory_leaves_no_finding(town: GateTown) -> None:
    who, directory = town.newcomer(), FakeDirectory()
    first_login(town, who)
    town.town.connector.directory = directory
    with town.act() as act:
        act.session.get_one(PersonRow, who.account.person_id).directory_key = "E-1"
    dn = directory.add("E-1")
    for number in range(30):
        directory.add(f"S-{number}")
    sync_departures.run(town.town.connector, town.town.clock.now())
    directory.change(dn, "employeeStatus", "left")
    sync_departures.run(town.town.connector, town.town.clock.now())
    assert who.account.status == "frozen"
    town.settle()
    assert town.judge() == []


@pytest.mark.req("C7")
def test_freeze_a_crowd_and_put_it_back_leaves_no_finding(town: GateTown) -> None:
    with town.act(HOST) as act:
        make_unit(act, "crowd", parent="jyzx")
        for _ in range(CROWD):
            account = make_account(act, "crowd", "website:notice.editor")
            provisioning.open_in_keycloak(act, account, accounts.list_grants(act, account), request_id="")
    town.settle()
    number = freeze(town, Scope(ScopeKind.UNIT, "crowd"))
    assert town.judge() == []
    undo(town, number)
    assert town.judge() == []
    assert town.judged["waiting"] == 0
    assert town.findings() == []
