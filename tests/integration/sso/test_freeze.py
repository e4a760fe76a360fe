"""A freeze reaches every subsystem, one that is down or hangs later, and holds up nobody (D1, I3; GS 12-14)."""

import threading
import time
from collections.abc import Callable

import pytest

from connector.app import create_app
from connector.embedded.browser import LoginRefusedError, Person
from tests.integration.sso.conftest import PERMISSIONS, SUBSYSTEMS, Platform, wait_until
from tests.relying_parties.door import PATIENCE_SECONDS
from tests.relying_parties.visitor import Visitor

Note = Callable[[str, object], None]
TAKEN_OUT = ["account-disabled", "session-revoked"]


def everywhere(platform: Platform, browser: Visitor, person: Person) -> None:
    for name in SUBSYSTEMS:
        browser.visit(platform.url(name, "/login"), person)
    assert [name for name in SUBSYSTEMS if platform.is_in(browser, name)] == list(SUBSYSTEMS)


def nowhere(platform: Platform, browser: Visitor) -> bool:
    return not any(platform.is_in(browser, name) for name in SUBSYSTEMS)


@pytest.mark.req("D1", "I3")
def test_freeze_ends_every_session_and_tells_every_subsystem(platform: Platform, record_property: Note) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser:
        everywhere(platform, browser, person)
        begun = time.monotonic()
        platform.freeze(account_id)
        commanded = time.monotonic() - begun
        wait_until(lambda: nowhere(platform, browser))
        record_property("seconds", {"command": commanded, "ended": time.monotonic() - begun})
        for name in SUBSYSTEMS:
            wait_until(lambda name=name: platform.told(name, account_id) == TAKEN_OUT)  # type: ignore[misc]
            with pytest.raises(LoginRefusedError):
                browser.visit(platform.url(name, "/login"), person)
        platform.enable(account_id)
        wait_until(lambda: all(platform.told(n, account_id) == [*TAKEN_OUT, "account-enabled"] for n in SUBSYSTEMS))
        assert nowhere(platform, browser)
        with pytest.raises(LoginRefusedError, match="asks for a person"):
            browser.visit(platform.url("website", "/login"))
    with platform.browser() as later:
        everywhere(platform, later, person)


@pytest.mark.req("D1")
def test_logout_by_keycloak_alone_reaches_all_five(platform: Platform) -> None:
    """Back-channel logout to those of OpenID Connect, and by SOAP to the one of SAML: without any signal of ours."""
    account_id, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser:
        everywhere(platform, browser, person)
        platform.realm.provider.log_out(str(platform.account(account_id).keycloak_id))
        wait_until(lambda: nowhere(platform, browser))
    assert platform.told("member", account_id) == []


@pytest.mark.req("I3")
def test_subsystem_that_hangs_holds_up_neither_keycloak_nor_the_others(
    platform: Platform, record_property: Note
) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    sub = str(platform.account(account_id).keycloak_id)
    others = [name for name in SUBSYSTEMS if name != "website"]
    with platform.browser() as browser:
        everywhere(platform, browser, person)
        platform.gates["website"].shut()
        begun = time.monotonic()
        command = threading.Thread(target=platform.freeze, args=(account_id,))
        command.start()
        disabled = wait_until(lambda: not platform.realm.provider.get_user(sub).enabled)
        gone = wait_until(lambda: not any(platform.is_in(browser, name) for name in others))
        wait_until(lambda: all(platform.told(name, account_id) == TAKEN_OUT for name in others))
        told = time.monotonic() - begun
        command.join()
        took = time.monotonic() - begun
        record_property("seconds", {"disabled": disabled, "ended": gone, "told": told, "command": took})
        assert platform.gates["website"].asked  # It did hang.
        platform.gates["website"].open()
        wait_until(lambda: platform.told("website", account_id) == TAKEN_OUT)
        assert not platform.is_in(browser, "website")


@pytest.mark.req("I3")
def test_subsystem_that_is_down_hears_everything_in_order_when_it_is_back(platform: Platform) -> None:
    account_id, _ = platform.new_person(*PERMISSIONS)
    platform.places["centre"].stop()
    platform.freeze(account_id)
    platform.enable(account_id)
    platform.freeze(account_id)
    others = [name for name in SUBSYSTEMS if name != "centre"]
    wait_until(lambda: all(platform.told(name, account_id)[-2:] == TAKEN_OUT for name in others))
    assert platform.told("centre", account_id) == []
    platform.places["centre"].start(platform.gates["centre"])
    wait_until(lambda: len(platform.told("centre", account_id)) >= 4, seconds=120)
    # That the account worked in between is not told any more: it would open what is shut.
    assert platform.told("centre", account_id) == TAKEN_OUT * 2


@pytest.mark.req("I3")
def test_badge_of_a_frozen_person_opens_no_door_until_the_account_works_again(platform: Platform) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    door, badge = platform.door, f"badge-{account_id}"
    with platform.browser() as browser:
        assert browser.post(platform.url("door-access", "/badges"), badge=badge).status_code == 401
        browser.visit(platform.url("door-access", "/login"), person)
        assert browser.post(platform.url("door-access", "/badges"), badge=badge).status_code == 201
    assert door.opens(badge, "hall.entrant")
    assert not door.opens(badge, "control-room.operator")
    assert not door.opens("somebody else's", "hall.entrant")
    platform.freeze(account_id)
    wait_until(lambda: not door.opens(badge, "hall.entrant"))
    platform.enable(account_id)
    wait_until(lambda: door.opens(badge, "hall.entrant"))


@pytest.mark.req("I3")
def test_door_that_hears_nothing_asks_and_stays_shut_without_an_answer(platform: Platform) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    door, badge = platform.door, f"badge-{account_id}"
    with platform.browser() as browser:
        browser.visit(platform.url("door-access", "/login"), person)
        browser.post(platform.url("door-access", "/badges"), badge=badge)
    assert door.opens(badge, "hall.entrant")
    platform.places["door-access"].stop()  # No signal arrives from here on.
    door.patience = 0.0
    try:
        asked = door.questions
        platform.freeze(account_id)
        assert not door.opens(badge, "hall.entrant")
        assert door.questions > asked
        platform.places["connector"].stop()
        assert not door.opens(badge, "hall.entrant")
    finally:
        door.patience = PATIENCE_SECONDS
        platform.places["connector"].start(create_app(platform.town.connector))
        platform.places["door-access"].start(platform.gates["door-access"])
