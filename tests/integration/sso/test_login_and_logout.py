"""One login for all five subsystems, and one logout for all of them (D1)."""

import pytest

from connector.embedded.browser import LoginRefusedError, Person
from tests.integration.sso.conftest import PERMISSIONS, SUBSYSTEMS, Platform, wait_until
from tests.relying_parties.saml_rp import MFA
from tests.relying_parties.visitor import Visitor

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@pytest.mark.req("D1", "C3")
def test_log_in_once_opens_all_five_each_with_the_roles_approved_for_it(platform: Platform) -> None:
    _, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser:
        shown = {"website": browser.visit(platform.url("website", "/login"), person).json()}
        first = list(browser.pages)
        assert first == ["login", "update-password", "webauthn-register"]
        shown["member"] = browser.visit(platform.url("member", "/login"), person).json()
        assert browser.pages[len(first) :] == ["webauthn-authenticate"]
        for name in ("bid-opening", "centre", "door-access"):
            shown[name] = browser.visit(platform.url(name, "/login")).json()
    roles = {name: page["roles"] for name, page in shown.items()}
    assert roles == {
        name: sorted(p.partition(":")[2] for p in PERMISSIONS if p.startswith(f"{name}:")) for name in SUBSYSTEMS
    }
    assert {page["user"] for page in shown.values()} == {person.user_name}
    assert shown["member"]["acr"] == MFA
    assert {name: shown[name]["acr"] for name in ("website", "bid-opening", "centre")} == {
        "website": "pwd", "bid-opening": "mfa", "centre": "mfa",
    }  # fmt: skip


@pytest.mark.req("D1")
@pytest.mark.parametrize("at", SUBSYSTEMS)
def test_log_out_at_one_ends_all_five(platform: Platform, at: str) -> None:
    _, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser:
        for name in SUBSYSTEMS:
            browser.visit(platform.url(name, "/login"), person)
        assert all(platform.is_in(browser, name) for name in SUBSYSTEMS)
        browser.log_out_everywhere(platform.url(at, "/logout"))
        wait_until(lambda: not any(platform.is_in(browser, name) for name in SUBSYSTEMS))
        for name in SUBSYSTEMS:
            with pytest.raises(LoginRefusedError, match="asks for a person"):
                browser.visit(platform.url(name, "/login"))


def attempt(browser: Visitor, url: str, person: Person) -> str:
    """What came of a login: the reason of the subsystem, or that Keycloak asked for the key and got none."""
    try:
        return str(browser.visit(url, person).json().get("refused"))
    except LoginRefusedError:
        return "key refused"


@pytest.mark.req("D1")
def test_password_alone_does_not_open_the_saml_subsystem(platform: Platform) -> None:
    """Neither a cookie of a lower level, nor a request that asks for less, nor one that asks for nothing."""
    _, person = platform.new_person(*PERMISSIONS)
    with platform.browser() as browser:
        browser.visit(platform.url("website", "/login"), person)
        key, person.key = person.key, None  # The finder of a password has no key.
        member = platform.parties["member"]
        for context, expected in ((MFA, "key refused"), ("", "key refused"), (PASSWORD, "StatusNoAuthnContext")):
            member.context = context
            outcome = attempt(browser, platform.url("member", "/login"), person)
            member.context = MFA
            assert outcome == expected
            assert not platform.is_in(browser, "member")
        person.key = key
        assert browser.visit(platform.url("member", "/login"), person).json()["acr"] == MFA
