"""A freeze reaches every subsystem, one that is down or hangs later, and holds up nobody (D1, I3; GS 12-14)."""

import threading
import time

import pytest

from connector.embedded.browser import LoginRefusedError, Person
from tests.integration.sso.conftest import PERMISSIONS, SUBSYSTEMS, Platform, wait_until
from tests.relying_parties.visitor import Visitor

TAKEN_OUT = ["account-disabled", "session-revoked"]


def everywhere(platform: Platform, browser: Visitor, person: Person) -> None:
    for name in SUBSYSTEMS:
        browser.visit(platform.url(name, "/login"), person)
    assert [name for name in SUBSYSTEMS if platform.is_in(browser, name)] == list(SUBSYSTEMS)


def nowhere(platform: Platform, browser: Visitor) -> bool:
    return not any(platform.is_in(browser, name) for name in SUBSYSTEMS)


@pytest.mark.req("D1", "I3")
def test_freeze_ends_every_session_and_tells_every_subsystem(platform: Platform) -> None:
    account_id, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser:
        everywhere(platform, browser, person)
        begun = time.monotonic()
        platform.freeze(account_id)
        commanded = time.monotonic() - begun
        wait_until(lambda: nowhere(platform, browser))
        print(f"freeze: command {commanded:.2f} s, all five ended after {time.monotonic() - begun:.2f} s")
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
def test_subsystem_that_hangs_holds_up_neither_keycloak_nor_the_others(platform: Platform) -> None:
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
        print(
            f"hanging: disabled {disabled:.2f}, ended {gone:.2f}, told {told:.2f}, command {time.monotonic() - begun:.2f}"
        )
        print(platform.gates["website"].asked)
        platform.gates["website"].open()
        wait_until(lambda: platform.told("website", account_id) == TAKEN_OUT)
        assert not platform.is_in(browser, "website")
