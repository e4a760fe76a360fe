"""The sample subsystems of `trading-idp up`: one login for all of them, and out of all of them at once."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from connector.embedded.process import free_port
from connector.embedded.sample_subsystems import SampleSubsystems
from tests.integration.sso.conftest import SUBSYSTEMS, wait_until
from tests.relying_parties.visitor import Visitor
from tests.servers.keycloak import Keycloak
from tests.servers.realm import RealmUnderTest, make_realm


@pytest.fixture(scope="module")
def samples(keycloak: Keycloak) -> Iterator[tuple[RealmUnderTest, SampleSubsystems, str]]:
    port = free_port()
    url = f"http://localhost:{port}"
    redirects = {name: f"{url}/{name}/callback" for name in SUBSYSTEMS}
    realm = make_realm(
        keycloak, subsystem_urls=redirects, logout_urls={name: f"{url}/{name}/logout" for name in SUBSYSTEMS}
    )
    around: Any = SimpleNamespace(ports={"subsystems": port}, keycloak_url=keycloak.url, redirect_uris=redirects)
    with SampleSubsystems(around, realm.name) as running:
        yield realm, running, url
    realm.delete()


@pytest.mark.req("D1")
def test_freeze_signs_a_person_out_of_every_sample(samples: tuple[RealmUnderTest, SampleSubsystems, str]) -> None:
    realm, running, url = samples
    user_id, person = realm.new_person(actions=("webauthn-register",))
    realm.provider.grant_roles(user_id, "member", ["deposit.clerk"])
    realm.provider.grant_roles(user_id, "centre", ["project.reviewer"])
    with Visitor(realm.server.url, realm.name, realm.redirect_uris) as browser:
        pages = {name: browser.visit(f"{url}/{name}/", person).text for name in SUBSYSTEMS}
        assert browser.pages.count("login") == 1
        assert all(person.user_name in page for page in pages.values())
        assert "deposit.clerk" in pages["member"]
        assert "project.reviewer" in pages["centre"]
        assert "refeds.org/profile/mfa" in pages["member"]
        realm.provider.set_enabled(user_id, False)
        realm.provider.log_out(user_id)
        wait_until(lambda: not running.sessions)
        assert {browser.get(f"{url}/{name}/").status_code for name in SUBSYSTEMS} == {302}


def test_logout_told_by_anybody_else_ends_nothing(samples: tuple[RealmUnderTest, SampleSubsystems, str]) -> None:
    realm, _, url = samples
    _, person = realm.new_person()
    with Visitor(realm.server.url, realm.name, realm.redirect_uris) as browser:
        browser.visit(f"{url}/website/", person)
        for token in ("a.b.c", browser.log_in("website").id_token):
            answer = httpx.post(f"{url}/website/logout", data={"logout_token": token}, trust_env=False)
            assert answer.status_code == 400
        assert browser.get(f"{url}/website/").status_code == 200
    assert httpx.post(f"{url}/member/logout", content="x" * 200_000, trust_env=False).status_code == 413


def test_return_of_a_login_that_began_in_another_browser_signs_nobody_in(
    samples: tuple[RealmUnderTest, SampleSubsystems, str],
) -> None:
    realm, _, url = samples
    _, person = realm.new_person()
    with (
        Visitor(realm.server.url, realm.name, realm.redirect_uris) as thief,
        Visitor(realm.server.url, realm.name, realm.redirect_uris) as victim,
    ):
        planted = thief.go(f"{url}/website/", realm.redirect_uris["website"], person)
        assert victim.get(planted).status_code == 403
        assert victim.get(f"{url}/website/").status_code == 302
