"""The fake keeps the contract of the port, and its faults are what they say."""

import pytest

from connector.ports import KeycloakUnavailableError
from tests.contract_identity_provider import IdentityProviderContract, new_user
from tests.fakes.identity_provider import FakeIdentityProvider, FakeSession


class FakeWorld:
    def __init__(self) -> None:
        self.idp = FakeIdentityProvider()

    def log_in(self, user_id: str, *, offline: bool = False) -> FakeSession:
        self.idp.set_temporary_password(user_id, "Zb7#ttkwz2")
        return self.idp.log_in(self.idp.users[user_id].user_name, "member" if offline else "website", offline=offline)

    def refresh(self, login: FakeSession) -> bool:
        return self.idp.refresh(login)

    def take_name(self, user_name: str) -> None:
        self.idp.make_stranger(user_name)

    def take_out_of_accounts(self, user_id: str) -> None:
        self.idp.take_out_of_accounts(user_id)

    def make_role(self, subsystem: str, role: str, holder: str) -> None:
        self.idp.unlisted[subsystem].add(role)
        self.idp.give_by_hand(holder, subsystem, role)

    def give_role_to_stranger(self, subsystem: str, role: str) -> str:
        user_id = self.idp.make_stranger("stranger")
        self.idp.give_by_hand(user_id, subsystem, role)
        return user_id

    def wait_after_logout(self) -> None:
        return


class TestFakeIdentityProvider(IdentityProviderContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


def test_lose_reply_of_create_leaves_the_user_and_a_repeat_adopts_it() -> None:
    idp, new = FakeIdentityProvider(), new_user()
    idp.fail("create_user", after_effect=True)
    with pytest.raises(KeycloakUnavailableError):
        idp.create_user(new)
    assert len(idp.users) == 1
    assert idp.create_user(new) in idp.users
    assert len(idp.users) == 1


def test_fail_create_before_effect_leaves_nothing() -> None:
    idp = FakeIdentityProvider()
    idp.fail("create_user", times=2)
    for _ in range(2):
        with pytest.raises(KeycloakUnavailableError):
            idp.create_user(new_user())
    assert idp.users == {}
    assert idp.create_user(new_user()) in idp.users
