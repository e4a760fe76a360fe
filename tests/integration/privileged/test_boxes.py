"""A box on a real Keycloak: given at its start, gone with every session at its end, also when Keycloak was away."""

import time
from datetime import datetime, timedelta

import pytest

from connector.auth.actor import person_actor
from connector.conflicts.errors import BlackoutError
from connector.embedded.browser import FormBrowser, LoginRefusedError, Tokens
from connector.ports import SessionCount
from connector.privileged import rules
from connector.privileged import service as privileged
from connector.privileged.tables import BoxRow
from connector.provisioning import service as provisioning
from connector.register import accounts
from tests.fixtures_boxes import BoxDesk
from tests.fixtures_key_holders import Holder
from tests.integration.privileged.conftest import Line
from tests.integration.provenance.conftest import GateTown

VIEWER, ENTRANT = "centre:statistics.viewer", "door-access:visitor.registrar"
SECONDS = timedelta(seconds=1)


@pytest.fixture
def user(town: GateTown) -> Holder:
    """Somebody with a key, after the first login."""
    who = town.newcomer()
    who.log_in("website")
    town.reconcile()
    assert town.judge() == []
    return who


def open_box(desk: BoxDesk, who: Holder, *, last: timedelta) -> BoxRow:
    request = desk.town.approve(desk.ask(who.account, VIEWER, ENTRANT, last=last))
    desk.turn()
    desk.town.connector.deliver()
    return desk.box(request.number)


def wait_until(moment: datetime, desk: BoxDesk) -> None:
    while desk.now < moment:
        time.sleep(0.2)


def refreshes(browser: FormBrowser, tokens: Tokens) -> bool:
    try:
        browser.refresh(tokens)
    except LoginRefusedError:
        return False
    return True


@pytest.mark.req("G4")
def test_box_gives_its_permissions_and_takes_them_with_every_session_at_its_end(
    town: GateTown, desk: BoxDesk, user: Holder
) -> None:
    town.realm.allow_offline(user.user_id, "website")
    before = town.findings()
    held = desk.held(user.account)
    box = open_box(desk, user, last=45 * SECONDS)
    assert box.granted_at is not None
    assert desk.roles(user.account) == held | {VIEWER, ENTRANT}
    browser, tokens = user.log_in("centre")
    assert "statistics.viewer" in tokens.roles
    elsewhere = town.realm.browser()
    offline = elsewhere.log_in("website", user.person, scope="openid offline_access")
    assert refreshes(browser, tokens)
    assert user.sessions().offline == 1
    wait_until(box.ends_at, desk)
    assert desk.turn()["ended"] == 1
    ended = desk.box(box.number)
    assert ended.proof == {"online_sessions": 0, "offline_sessions": 0}
    assert ended.proved_at is not None
    assert not rules.is_late(ended.ends_at, ended.proved_at)
    assert desk.held(user.account) == desk.roles(user.account) == held
    assert user.sessions() == SessionCount(0, 0)
    assert not refreshes(browser, tokens)
    assert not refreshes(elsewhere, offline)
    _, after = user.log_in("centre")
    assert "statistics.viewer" not in after.roles
    town.judge()
    explained = {finding.id for finding in before}
    ours = [f for f in town.findings() if f.id not in explained and f.kind.startswith(("roles", "user.logged"))]
    assert [finding for finding in ours if "offline" not in str(finding)] == []


@pytest.mark.req("G4")
def test_end_while_keycloak_is_stopped_is_late_alarmed_and_never_forgotten(
    town: GateTown, desk: BoxDesk, user: Holder, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connector.privileged import clock

    monkeypatch.setattr(clock, "LATE", 2 * SECONDS)
    monkeypatch.setattr(rules, "LATE", 2 * SECONDS)
    held = desk.held(user.account)
    box = open_box(desk, user, last=20 * SECONDS)
    browser, tokens = user.log_in("centre")
    line.cut()
    wait_until(box.ends_at, desk)
    desk.turn()
    waiting = desk.box(box.number)
    assert (waiting.state, waiting.proved_at) == ("ended", None)
    assert desk.held(user.account) == held
    assert refreshes(browser, tokens)  # The past login goes on: Keycloak has not heard of the end.
    time.sleep(3)
    assert desk.turn()["late"] == 1
    (alarm,) = desk.entries("privilege.ended_late")
    assert (alarm.alarm, alarm.data["proved"]) == (True, False)
    line.mend()
    until = time.monotonic() + 90
    while desk.box(box.number).proved_at is None:
        desk.town.connector.deliver()
        assert time.monotonic() < until
        time.sleep(0.5)
    assert desk.roles(user.account) == held
    assert user.sessions() == SessionCount(0, 0)
    assert not refreshes(browser, tokens)
    assert len(desk.entries("privilege.ended_late")) == 1
    assert town.judge() == []


@pytest.mark.req("G4")
def test_end_while_keycloak_is_stopped_for_nine_hours_happens_when_it_is_back(
    town: GateTown, desk: BoxDesk, user: Holder, line: Line
) -> None:
    held = desk.held(user.account)
    box = open_box(desk, user, last=timedelta(minutes=10))
    browser, tokens = user.log_in("centre")
    line.cut()
    for _ in range(54):
        desk.pass_time(timedelta(minutes=10))
        desk.turn()
        desk.town.connector.deliver()
    waiting = desk.box(box.number)
    assert (waiting.state, waiting.end_cause, waiting.proved_at) == ("ended", "over", None)
    assert refreshes(browser, tokens)
    line.mend()
    desk.pass_time(timedelta(minutes=1))
    desk.town.connector.deliver()
    assert desk.box(box.number).proof == {"online_sessions": 0, "offline_sessions": 0}
    assert desk.roles(user.account) == desk.held(user.account) == held
    assert user.sessions() == SessionCount(0, 0)
    assert not refreshes(browser, tokens)
    assert len(desk.entries("privilege.ended_late")) == 1


@pytest.mark.req("G4")
def test_record_of_a_box_holds_the_logins_and_is_signed_by_the_reviewer(
    town: GateTown, desk: BoxDesk, user: Holder
) -> None:
    box = open_box(desk, user, last=60 * SECONDS)
    user.log_in("centre")
    with desk.town.connector.act(desk.actor_of(user.account)) as act:
        privileged.give_back(act, box.number)
    desk.pass_time(timedelta(minutes=1))
    town.judge()
    reviewer = desk.reviewer
    actor = person_actor(reviewer.person_id, reviewer.user_name, account_id=reviewer.id, acr="mfa")
    with desk.town.connector.act(actor) as act:
        signed = privileged.sign_record(act, box.number, "clean")
    assert signed.reviewed_at is not None
    types = [use["type"] for use in signed.report["uses"]]
    assert "LOGIN" in types
    assert signed.report["places"]
    assert {deed["event"] for deed in signed.report["deeds"]} >= {"privilege.started", "privilege.granted"}
    assert desk.roles(user.account) == desk.held(user.account)
    assert town.judge() == []


@pytest.mark.req("G4")
def test_freeze_during_a_box_takes_it_away_and_enabling_does_not_bring_it_back(
    town: GateTown, desk: BoxDesk, user: Holder
) -> None:
    held = desk.held(user.account)
    box = open_box(desk, user, last=timedelta(minutes=10))
    with town.act() as act:
        provisioning.freeze_account(act, accounts.get_account(act, user.account_id), cause="order")
    desk.turn()
    assert desk.box(box.number).end_cause == "frozen"
    assert desk.roles(user.account) == held
    assert not desk.town.idp.is_enabled(user.user_id)
    with town.act() as act:
        provisioning.enable_account(act, accounts.get_account(act, user.account_id), cause="order", request_id=None)
    desk.town.connector.deliver()
    assert desk.town.idp.is_enabled(user.user_id)
    assert desk.roles(user.account) == held
    assert town.judge() == []


@pytest.mark.req("B14")
def test_blackout_that_begins_ends_the_box_of_a_sensitive_permission(
    town: GateTown, desk: BoxDesk, user: Holder
) -> None:
    request = desk.town.approve(desk.ask(user.account, "centre:experts.viewer", last=timedelta(hours=3)))
    desk.turn()
    desk.town.connector.deliver()
    held = desk.roles(user.account)
    assert "centre:experts.viewer" in held
    browser, tokens = user.log_in("centre")
    desk.project(opening=timedelta(hours=1))
    assert desk.turn()["ended"] == 1
    assert desk.box(request.number).end_cause == "forbidden"
    assert desk.roles(user.account) == held - {"centre:experts.viewer"}
    assert not refreshes(browser, tokens)
    with pytest.raises(BlackoutError):
        desk.ask(user.account, "centre:experts.viewer")
