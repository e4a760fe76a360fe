"""How far a freeze reaches, and that nothing of before comes back with enabling; on the Keycloak of the run."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from connector.audit.tables import AuditEntryRow
from connector.auth.actor import Actor
from connector.embedded.browser import FormBrowser, LoginRefusedError
from connector.incidents import freezes, proof, store
from connector.incidents.live import prove_account, prove_order
from connector.incidents.schemas import OrderShown, show_order
from connector.incidents.scopes import Scope, ScopeKind
from connector.ports import SessionCount
from connector.regulations.vocabulary import Office
from tests.factories import make_unit
from tests.fixtures_api import Api, check_problem
from tests.integration.freezes.conftest import Centre, Member
from tests.town import HOST, Town

ROUNDS, PEOPLE = 8, 5  # Tokens minted in the second of a freeze.
REASON = "口令外泄，先行冻结"


def order(town: Town, scope: Scope, by: Actor | None = None) -> str:
    actor = by or town.actor(Office.SECURITY_ADMINISTRATOR)
    with town.connector.act(actor) as act:
        shown = freezes.preview(act, scope, alone=20)
    with town.connector.act(actor) as act:
        return freezes.order_freeze(act, scope, reason=REASON, plan_hash=shown.hash, alone=20).number


def settle(town: Town, number: str) -> OrderShown:
    """The worker and the job as they run beside it, until the sweep is done."""
    until = time.monotonic() + 20
    while True:
        town.connector.deliver()
        with town.connector.act(HOST) as act:
            proof.settle_orders(act)
            shown = show_order(act, store.get_order(act, number))
        if shown.state == "done":
            return shown
        assert time.monotonic() < until, shown
        time.sleep(0.2)


def person_scope(centre: Centre, member: Member) -> Scope:
    return Scope(ScopeKind.PERSON, centre.account(member).user_name)


@pytest.mark.req("I3")
def test_freeze_closes_every_way_in_at_once(centre: Centre, api: Api) -> None:
    member = centre.hire()
    centre.realm.allow_offline(member.user_id, "website")
    with centre.realm.browser() as browser:
        online = browser.log_in_device("connector-cli", member.person)
        offline = browser.log_in("website", member.person, scope="openid offline_access")
        headers = {"Authorization": f"Bearer {online.access_token}"}
        assert centre.realm.provider.sessions_of(member.user_id) == SessionCount(1, 1)
        assert (centre.knows(online), centre.introspects(online)) == (200, True)
        assert api.call("GET", "/requests", headers=headers).status_code == 200
        scope = person_scope(centre, member)
        order(centre.town, scope)
        check_problem(api.call("GET", "/requests", headers=headers), 401, "not-signed-in")
        assert centre.realm.provider.sessions_of(member.user_id) == SessionCount(0, 0)
        assert not centre.refreshes(browser, online)
        assert not centre.refreshes(browser, offline)
        assert (centre.knows(online), centre.introspects(online)) == (401, False)
        with pytest.raises(LoginRefusedError):
            browser.log_in("website")
        with pytest.raises(LoginRefusedError):
            centre.realm.browser().log_in("website", member.person)


@pytest.mark.req("I3")
def test_freeze_of_a_unit_is_proved_for_each_account_and_asked_of_keycloak_again(centre: Centre) -> None:
    town = centre.town
    with town.connector.act(HOST) as act:
        make_unit(act, "xm", parent="ywk", name="项目组")
    members = [centre.hire("xm", first_login=False) for _ in range(6)]
    members.append(centre.hire("xm"))
    with centre.realm.browser() as browser:
        tokens = browser.log_in("website", members[-1].person)
        number = order(town, Scope(ScopeKind.UNIT, "xm"), town.actor(Office.UNIT_HEAD, "ywk"))
        assert not centre.refreshes(browser, tokens)
    shown = settle(town, number)
    assert shown.counts == {"done": 7}
    assert all(line.proof["disabled"] and line.proof["verified_at"] for line in shown.lines)
    assert {(line.proof["online_sessions"], line.proof["offline_sessions"]) for line in shown.lines} == {(0, 0)}
    live = prove_order(town.connector, town.actor(Office.AUDITOR), number)
    assert [answer.shut for answer in live] == [True] * 7
    centre.realm.provider.set_enabled(members[0].user_id, True)  # A hand that drifts is seen at once.
    name = centre.account(members[0]).user_name
    assert not prove_account(town.connector, town.actor(Office.AUDITOR), number, name).shut


@pytest.mark.req("I3")
def test_undo_by_two_people_lets_the_person_in_again_and_no_token_of_before(centre: Centre, api: Api) -> None:
    member = centre.hire()
    centre.realm.allow_offline(member.user_id, "website")
    with centre.realm.browser() as browser:
        before = browser.log_in_device("connector-cli", member.person)
        offline = browser.log_in("website", member.person, scope="openid offline_access")
        number = order(centre.town, person_scope(centre, member))
        settle(centre.town, number)
        with centre.town.connector.act(centre.town.actor(Office.SECURITY_ADMINISTRATOR)) as act:
            plan = freezes.preview_undo(act, number).hash
            back = freezes.order_undo(act, number, reason="已排查", plan_hash=plan).number
        with centre.town.connector.act(centre.town.actor(Office.PRINCIPAL)) as act:
            freezes.confirm_order(act, back, plan_hash=plan)
        settle(centre.town, back)
        assert not centre.refreshes(browser, before)
        assert not centre.refreshes(browser, offline)
        assert (centre.knows(before), centre.introspects(before)) == (401, False)
        headers = {"Authorization": f"Bearer {before.access_token}"}
        check_problem(api.call("GET", "/requests", headers=headers), 401, "not-signed-in")
    with centre.realm.browser() as browser:
        fresh = browser.log_in_device("connector-cli", member.person)
        assert (centre.knows(fresh), centre.introspects(fresh)) == (200, True)
        headers = {"Authorization": f"Bearer {fresh.access_token}"}
        assert api.call("GET", "/requests", headers=headers).status_code == 200


@pytest.mark.req("I3", "B1")
def test_enable_brings_no_token_back_minted_in_the_second_of_the_freeze(centre: Centre) -> None:
    """Each token is renewed and then frozen within the same second; after enabling none of them works."""
    members = [centre.hire() for _ in range(PEOPLE)]
    for member in members:
        centre.realm.allow_offline(member.user_id, "website")
    alive: list[str] = []
    same_second = 0
    with ThreadPoolExecutor(PEOPLE) as pool:
        for number in range(ROUNDS):
            scope = "openid offline_access" if number % 2 else "openid"
            browsers = [centre.realm.browser() for _ in members]
            first = [
                browser.log_in("website", m.person, scope=scope) for browser, m in zip(browsers, members, strict=True)
            ]
            minted = list(pool.map(FormBrowser.refresh, browsers, first))
            centre.freeze(*members)
            same_second += sum(map(centre.is_of_the_second, members, minted))
            centre.enable(*members)
            alive += [f"round {number}: {scope}" for works in pool.map(centre.works, browsers, minted) if works]
    assert alive == []
    assert same_second > 0


@pytest.mark.req("I3")
def test_freeze_that_was_proved_stands_in_the_record(centre: Centre) -> None:
    member = centre.hire()
    settle(centre.town, order(centre.town, person_scope(centre, member)))
    with centre.town.connector.act(HOST) as act:
        entries = act.session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.account_id == member.account_id).order_by(AuditEntryRow.id)
        ).all()
    told = [entry.event for entry in entries if entry.event in ("account.frozen", "freeze.verified")]
    assert told == ["account.frozen", "freeze.verified"]
    assert all(entry.data["proof"]["online_sessions"] == 0 for entry in entries if entry.event == "freeze.verified")
