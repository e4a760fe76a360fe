"""What every IdentityProvider must do: the same tests run on the fake and on a real Keycloak."""

import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from connector.ports import (
    ForeignAccountError,
    IdentityProvider,
    IdpEvent,
    KeycloakRefusedError,
    NewUser,
    SessionCount,
    UnknownUserError,
)

NOBODY = "00000000-0000-4000-8000-000000000000"
GOOD_PASSWORD = "Zb7#ttkwz2"
_numbers: Iterator[int] = itertools.count(1)


class World(Protocol):
    """An identity provider and what people do at it."""

    idp: IdentityProvider

    def log_in(self, user_id: str, *, offline: bool = False) -> Any:
        """The person logs in (with whatever password he needs); returns the login."""

    def refresh(self, login: Any) -> bool:
        """Whether the login's refresh token gives new tokens."""

    def take_name(self, user_name: str) -> None:
        """A user of this name comes to be outside the accounts group."""

    def take_out_of_accounts(self, user_id: str) -> None:
        """An administrator takes the user out of the accounts group."""

    def make_role(self, subsystem: str, role: str, holder: str) -> None:
        """An administrator makes a role that the catalogue does not know, and gives it to the user."""

    def give_role_to_stranger(self, subsystem: str, role: str) -> str:
        """An administrator gives a role to a user outside the accounts group; returns his id."""

    def wait_after_logout(self) -> None:
        """As long as logins of the same second must grow old."""


def new_user(**changes: Any) -> NewUser:
    number = f"{os.getpid()}-{next(_numbers)}"
    values: dict[str, Any] = {
        "user_name": f"u{number}",
        "display_name": "李四",
        "account_id": f"a{number}",
        "request_id": f"r{number}",
        "unit_code": "371500",
        "account_class": "ordinary",
        "required_actions": (),
    }
    return NewUser(**{**values, **changes})


def all_events(idp: IdentityProvider, kind: str, since: datetime, page: int = 50) -> list[IdpEvent]:
    found: list[IdpEvent] = []
    while batch := idp.list_events(kind, since, len(found), page):
        found += batch
    return found


class IdentityProviderContract:
    """Inherit, and give a fixture `world`."""

    @pytest.mark.req("C1")
    def test_create_user_is_enabled_in_the_accounts_with_its_attributes_and_no_password(self, world: World) -> None:
        new = new_user(required_actions=("UPDATE_PASSWORD", "CONFIGURE_TOTP"))
        user = world.idp.get_user(world.idp.create_user(new))
        assert user.enabled
        assert user.user_name == new.user_name
        assert user.attributes == {
            "accountId": new.account_id,
            "requestId": new.request_id,
            "unitCode": "371500",
            "accountClass": "ordinary",
            "secondFactor": "key",
            "oneSession": "false",
        }
        assert set(user.required_actions) == {"UPDATE_PASSWORD", "CONFIGURE_TOTP"}
        assert world.idp.password_set_at(user.user_id) is None
        assert user.user_id in {account.user_id for account in world.idp.list_accounts()}

    def test_create_user_again_for_the_same_request_adopts_it(self, world: World) -> None:
        new = new_user()
        assert world.idp.create_user(new) == world.idp.create_user(new)

    def test_create_user_of_another_request_is_foreign_and_changes_nothing(self, world: World) -> None:
        new = new_user()
        user_id = world.idp.create_user(new)
        with pytest.raises(ForeignAccountError):
            world.idp.create_user(new_user(user_name=new.user_name, account_class="leader"))
        assert world.idp.get_user(user_id).attributes["accountClass"] == "ordinary"

    def test_create_user_with_a_name_taken_outside_the_accounts_is_foreign(self, world: World) -> None:
        new = new_user()
        world.take_name(new.user_name)
        with pytest.raises(ForeignAccountError):
            world.idp.create_user(new)
        assert world.idp.find_user(new.user_name) is None

    def test_find_user_by_another_case_finds_the_lower_case_name(self, world: World) -> None:
        new = new_user(user_name=f"Zhang{next(_numbers)}-{os.getpid()}")
        user_id = world.idp.create_user(new)
        found = world.idp.find_user(new.user_name.upper())
        assert found is not None
        assert (found.user_id, found.user_name) == (user_id, new.user_name.lower())
        assert found.attributes["requestId"] == new.request_id

    def test_find_user_unknown_is_none(self, world: World) -> None:
        assert world.idp.find_user("nobody-at-all") is None

    def test_change_unknown_user_is_refused_as_unknown(self, world: World) -> None:
        idp = world.idp
        for change in (
            lambda: idp.get_user(NOBODY),
            lambda: idp.is_enabled(NOBODY),
            lambda: idp.set_enabled(NOBODY, False),
            lambda: idp.log_out(NOBODY),
            lambda: idp.end_offline_sessions(NOBODY),
            lambda: idp.sessions_of(NOBODY),
            lambda: idp.grant_roles(NOBODY, "website", ["notice.editor"]),
            lambda: idp.withdraw_roles(NOBODY, "website", ["notice.editor"]),
            lambda: idp.roles_of(NOBODY),
            lambda: idp.set_temporary_password(NOBODY, GOOD_PASSWORD),
            lambda: idp.require_actions(NOBODY, ["UPDATE_PASSWORD"]),
            lambda: idp.drop_actions(NOBODY, ["UPDATE_PASSWORD"]),
            lambda: idp.password_set_at(NOBODY),
            lambda: idp.update_user(NOBODY, display_name="李四"),
            lambda: idp.list_credentials(NOBODY),
            lambda: idp.delete_credential(NOBODY, NOBODY),
            lambda: idp.join_accounts(NOBODY),
        ):
            with pytest.raises(UnknownUserError):
                change()

    @pytest.mark.req("C3")
    def test_grant_and_withdraw_roles_twice_have_one_effect(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        for _ in range(2):
            world.idp.grant_roles(user_id, "centre", ["project.registrar", "experts.viewer"])
        world.idp.grant_roles(user_id, "website", ["notice.editor"])
        for _ in range(2):
            world.idp.withdraw_roles(user_id, "centre", ["experts.viewer"])
        assert world.idp.roles_of(user_id) == {
            "centre": frozenset({"project.registrar"}),
            "website": frozenset({"notice.editor"}),
        }
        world.idp.withdraw_roles(user_id, "website", ["notice.editor"])
        assert world.idp.roles_of(user_id).keys() == {"centre"}

    def test_grant_a_list_with_an_unknown_role_is_refused_and_grants_none(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        with pytest.raises(KeycloakRefusedError):
            world.idp.grant_roles(user_id, "centre", ["project.registrar", "no.such-role"])
        with pytest.raises(KeycloakRefusedError):
            world.idp.grant_roles(user_id, "no-such-subsystem", ["project.registrar"])
        assert world.idp.roles_of(user_id) == {}

    def test_list_role_holders_names_each_account_once_and_no_other(self, world: World) -> None:
        users = [world.idp.create_user(new_user()) for _ in range(3)]
        for user_id in users[:2]:
            world.idp.grant_roles(user_id, "website", ["enquiry.responder"])
        stranger = world.give_role_to_stranger("website", "enquiry.responder")
        holders = list(world.idp.list_role_holders("website", "enquiry.responder"))
        assert sorted(holders) == sorted(set(holders))
        assert set(users) & set(holders) == set(users[:2])
        # Keycloak does not show the service account whom it may not see: strangers are found by events.
        assert stranger not in holders

    def test_list_roles_has_also_one_that_the_catalogue_does_not_know(self, world: World) -> None:
        user_id, role = world.idp.create_user(new_user()), f"back.door-{next(_numbers)}"
        assert role not in world.idp.list_roles("website")
        world.make_role("website", role, user_id)
        assert {role, "notice.editor"} <= world.idp.list_roles("website")
        assert list(world.idp.list_role_holders("website", role)) == [user_id]
        with pytest.raises(KeycloakRefusedError, match="403"):
            world.idp.withdraw_roles(user_id, "website", [role])

    def test_list_roles_or_holders_of_what_is_not_there_is_refused(self, world: World) -> None:
        for read in (
            lambda: world.idp.list_roles("no-such-subsystem"),
            lambda: list(world.idp.list_role_holders("no-such-subsystem", "notice.editor")),
            lambda: list(world.idp.list_role_holders("website", "no.such-role")),
        ):
            with pytest.raises(KeycloakRefusedError, match="404"):
                read()

    def test_join_accounts_is_no_error_for_a_member_and_refused_for_anybody_else(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        world.idp.join_accounts(user_id)
        world.take_out_of_accounts(user_id)
        assert user_id not in {account.user_id for account in world.idp.list_accounts()}
        for call in (world.idp.join_accounts, world.idp.get_user):
            with pytest.raises(KeycloakRefusedError, match="403") as refused:
                call(user_id)
            assert not isinstance(refused.value, UnknownUserError)

    def test_withdraw_a_role_of_the_catalogue_from_a_stranger_goes(self, world: World) -> None:
        stranger = world.give_role_to_stranger("website", "notice.editor")
        for _ in range(2):
            world.idp.withdraw_roles(stranger, "website", ["notice.editor"])

    def test_disable_and_enable_keep_everything_else(self, world: World) -> None:
        user_id = world.idp.create_user(new_user(required_actions=("UPDATE_PASSWORD",)))
        before = world.idp.get_user(user_id)
        world.idp.set_enabled(user_id, False)
        world.idp.set_enabled(user_id, False)
        assert not world.idp.get_user(user_id).enabled
        world.idp.set_enabled(user_id, True)
        assert world.idp.get_user(user_id) == before

    def test_require_actions_adds_to_those_there_are(self, world: World) -> None:
        user_id = world.idp.create_user(new_user(required_actions=("CONFIGURE_TOTP",)))
        for _ in range(2):
            world.idp.require_actions(user_id, ["UPDATE_PASSWORD"])
            user = world.idp.get_user(user_id)
            assert sorted(user.required_actions) == ["CONFIGURE_TOTP", "UPDATE_PASSWORD"]
        assert user.attributes["accountClass"] == "ordinary"

    def test_drop_actions_takes_those_named_and_leaves_the_others(self, world: World) -> None:
        user_id = world.idp.create_user(new_user(required_actions=("CONFIGURE_TOTP", "UPDATE_PASSWORD")))
        for _ in range(2):
            world.idp.drop_actions(user_id, ["CONFIGURE_TOTP", "webauthn-register"])
            user = world.idp.get_user(user_id)
            assert user.required_actions == ("UPDATE_PASSWORD",)
        assert (user.enabled, user.attributes["accountClass"]) == (True, "ordinary")

    def test_update_user_changes_what_is_named_and_nothing_else(self, world: World) -> None:
        new = new_user(required_actions=("UPDATE_PASSWORD",))
        user_id = world.idp.create_user(new)
        world.idp.set_enabled(user_id, False)
        before = world.idp.get_user(user_id)
        for _ in range(2):
            world.idp.update_user(user_id, attributes={"secondFactor": ["otp"], "keySerial": ["0a01"]})
        changed = world.idp.get_user(user_id)
        assert changed == replace(before, attributes={**before.attributes, "secondFactor": "otp", "keySerial": "0a01"})
        assert not changed.enabled
        world.idp.update_user(user_id, display_name="李四新", attributes={"keySerial": []})
        after = world.idp.get_user(user_id)
        assert after.display_name == "李四新"
        assert after.attributes == {**before.attributes, "secondFactor": "otp"}
        assert after.required_actions == ("UPDATE_PASSWORD",)

    def test_delete_credential_twice_is_no_error(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        world.idp.set_temporary_password(user_id, GOOD_PASSWORD)
        held = world.idp.list_credentials(user_id)
        assert [credential.type for credential in held] == ["password"]
        for _ in range(2):
            world.idp.delete_credential(user_id, held[0].id)
        assert world.idp.list_credentials(user_id) == []

    def test_set_temporary_password_is_dated_and_must_be_changed(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        world.idp.set_temporary_password(user_id, GOOD_PASSWORD)
        set_at = world.idp.password_set_at(user_id)
        assert set_at is not None
        assert abs(datetime.now(UTC) - set_at) < timedelta(seconds=30)
        assert "UPDATE_PASSWORD" in world.idp.get_user(user_id).required_actions

    def test_set_temporary_password_that_is_weak_is_refused(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        with pytest.raises(KeycloakRefusedError):
            world.idp.set_temporary_password(user_id, "kurz")
        assert world.idp.password_set_at(user_id) is None

    def test_delete_user_twice_is_no_error(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        world.idp.delete_user(user_id)
        world.idp.delete_user(user_id)
        assert user_id not in {account.user_id for account in world.idp.list_accounts()}

    def test_ask_whether_many_are_enabled_at_once_tells_each_as_it_is_now(self, world: World) -> None:
        users = [world.idp.create_user(new_user()) for _ in range(6)]
        for shut in (users[:3], users[3:]):
            for user_id in shut:
                world.idp.set_enabled(user_id, False)
            with ThreadPoolExecutor(len(users)) as pool:
                told = list(pool.map(world.idp.is_enabled, users))
            assert told == [world.idp.get_user(user_id).enabled for user_id in users]
        assert told == [False] * len(users)

    def test_disable_alone_lets_an_old_login_live_again_after_enable(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        login = world.log_in(user_id)
        world.idp.set_enabled(user_id, False)
        assert not world.refresh(login)
        world.idp.set_enabled(user_id, True)
        assert world.refresh(login)

    @pytest.mark.req("E4")
    def test_freeze_ends_every_session_also_after_enable(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        online, offline = world.log_in(user_id), world.log_in(user_id, offline=True)
        assert world.idp.sessions_of(user_id) == SessionCount(online=1, offline=1)
        world.idp.set_enabled(user_id, False)
        world.idp.log_out(user_id)
        world.idp.end_offline_sessions(user_id)
        world.idp.end_offline_sessions(user_id)
        assert world.idp.sessions_of(user_id) == SessionCount(online=0, offline=0)
        world.wait_after_logout()
        world.idp.set_enabled(user_id, True)
        assert not world.refresh(online)
        assert not world.refresh(offline)

    def test_list_login_events_are_in_order_with_the_person(self, world: World) -> None:
        since = datetime.now(UTC)
        user_id = world.idp.create_user(new_user())
        world.log_in(user_id)
        events = all_events(world.idp, "login", since, page=2)
        logins = [event for event in events if event.type == "LOGIN" and event.user_id == user_id]
        assert len(logins) == 1
        assert logins[0].client_id in {"website", "door-access"}
        assert logins[0].at >= since.replace(microsecond=0)
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert len({event.event_id for event in events}) == len(events)

    def test_list_admin_events_say_what_was_changed_and_by_whom(self, world: World) -> None:
        since = datetime.now(UTC)
        user_id = world.idp.create_user(new_user())
        world.idp.set_enabled(user_id, False)
        events = [e for e in all_events(world.idp, "admin", since) if e.user_id == user_id]
        assert [event.type for event in events] == ["CREATE:USER", "UPDATE:USER"]
        assert all(event.details["by_us"] for event in events)
        assert events[1].details["representation"]["enabled"] is False
        assert events[1].resource_path == f"users/{user_id}"

    def test_list_events_since_a_later_moment_leaves_out_earlier_ones(self, world: World) -> None:
        user_id = world.idp.create_user(new_user())
        later = datetime.now(UTC) + timedelta(minutes=1)
        assert not [e for e in all_events(world.idp, "admin", later) if e.user_id == user_id]

    @pytest.mark.req("C9")
    def test_probe_of_a_rightly_configured_account_is_all_good(self, world: World) -> None:
        results = world.idp.probe()
        assert results
        assert [result for result in results if not result.ok] == []
