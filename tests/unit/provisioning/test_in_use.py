"""Taking a user out of use, and looking again: what is written, what is read, and what is not believed."""

import pytest

from connector.ports import NewUser, UnknownUserError
from connector.provisioning.errors import FreezeNotProvenError
from connector.provisioning.in_use import look_again, take_out
from tests.fakes.identity_provider import FakeIdentityProvider

NAME = "zhang"
PROOF = {"online_sessions": 0, "offline_sessions": 0}
WRITES = {"set_enabled", "log_out", "end_offline_sessions"}


@pytest.fixture
def idp() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def user_id(idp: FakeIdentityProvider) -> str:
    made = idp.create_user(
        NewUser(
            user_name=NAME, display_name="张三", account_id="a", request_id="r", unit_code="ywk",
            account_class="ordinary", required_actions=(),
        )
    )  # fmt: skip
    idp.users[made].password = "Anfang#7"
    idp.calls.clear()
    return made


def writes(idp: FakeIdentityProvider) -> list[str]:
    return [call for call in idp.calls if call in WRITES]


def test_take_out_without_offline_sessions_reads_once_and_proves(idp: FakeIdentityProvider, user_id: str) -> None:
    idp.log_in(NAME)
    idp.calls.clear()
    assert take_out(idp, user_id) == PROOF
    assert idp.calls == ["set_enabled", "log_out", "sessions_of", "is_enabled"]


def test_take_out_with_offline_sessions_ends_them_and_reads_again(idp: FakeIdentityProvider, user_id: str) -> None:
    idp.log_in(NAME, offline=True)
    assert take_out(idp, user_id) == PROOF
    assert idp.sessions_of(user_id).offline == 0


@pytest.mark.parametrize("broken", ["set_enabled", "log_out", "end_offline_sessions"])
def test_take_out_that_had_no_effect_is_not_proven(
    idp: FakeIdentityProvider, user_id: str, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    idp.log_in(NAME)
    idp.log_in(NAME, offline=True)
    monkeypatch.setattr(idp, broken, lambda *_: None)
    with pytest.raises(FreezeNotProvenError):
        take_out(idp, user_id)


def test_look_again_where_nothing_lives_writes_nothing(idp: FakeIdentityProvider, user_id: str) -> None:
    take_out(idp, user_id)
    idp.calls.clear()
    assert look_again(idp, user_id) == PROOF
    assert writes(idp) == []


@pytest.mark.parametrize("revived", ["enabled", "online", "offline"])
def test_look_again_where_something_lives_takes_out_once_more(
    idp: FakeIdentityProvider, user_id: str, revived: str
) -> None:
    take_out(idp, user_id)
    user = idp.users[user_id]
    if revived == "enabled":
        user.enabled = True  # Whoever wrote the whole row at the same moment had read it before.
    else:
        user.enabled = True
        idp.log_in(NAME, offline=revived == "offline")
        user.enabled = False
    assert look_again(idp, user_id) == PROOF
    assert not idp.is_enabled(user_id)
    assert (idp.sessions_of(user_id).online, idp.sessions_of(user_id).offline) == (0, 0)


def test_look_again_at_a_deleted_user_says_so(idp: FakeIdentityProvider, user_id: str) -> None:
    idp.delete_user(user_id)
    with pytest.raises(UnknownUserError):
        look_again(idp, user_id)
