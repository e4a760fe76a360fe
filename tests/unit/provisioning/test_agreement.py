"""What differs between an account and its user, rule by rule."""

from dataclasses import replace
from typing import Any

import pytest

from connector.ports import IdpUser, NewUser
from connector.provisioning.agreement import Approved, Difference, Drift, Found, Presence, differences
from connector.regulations.vocabulary import AccountStatus

CATALOGUE = frozenset({"website:notice.editor", "website:notice.reviewer", "centre:project.registrar"})
NEW = NewUser(
    user_name="371500-0001",
    display_name="张三",
    account_id="a",
    request_id="r",
    unit_code="ywk",
    account_class="ordinary",
    required_actions=(),
)
ATTRIBUTES = {"accountId": ("a",), "keySerial": (), "secondFactor": ("key",)}


def approved(**changes: Any) -> Approved:
    values: dict[str, Any] = {
        "account_id": "a",
        "person_id": "p",
        "status": AccountStatus.ACTIVE,
        "keycloak_id": "k",
        "user": NEW,
        "roles": frozenset({"website:notice.editor"}),
        "attributes": ATTRIBUTES,
    }
    return Approved(**{**values, **changes})


def found(roles: frozenset[str] = frozenset({"website:notice.editor"}), **changes: Any) -> Found:
    user = IdpUser(
        user_id="k",
        user_name="371500-0001",
        enabled=True,
        display_name="张三",
        attributes={"accountId": "a", "secondFactor": "key", "other": "x"},
    )
    return Found(presence=Presence.THERE, user=replace(user, **changes), roles=roles)


GONE, OUTSIDE = Found(presence=Presence.GONE), Found(presence=Presence.OUTSIDE)
OUT_OF_USE = [AccountStatus.SUSPENDED, AccountStatus.DISABLED, AccountStatus.FROZEN]


def test_compare_an_account_with_the_user_it_asked_for_finds_nothing() -> None:
    assert differences(approved(), found(), CATALOGUE) == ()


@pytest.mark.parametrize("status", [*OUT_OF_USE, AccountStatus.CANCELLED])
def test_compare_an_enabled_user_of_an_account_out_of_use_finds_it(status: AccountStatus) -> None:
    assert differences(approved(status=status), found(), CATALOGUE) == (Difference(Drift.ENABLED),)
    assert differences(approved(status=status), found(enabled=False), CATALOGUE) == ()


def test_compare_a_disabled_user_of_an_account_in_use_finds_it() -> None:
    assert differences(approved(), found(enabled=False), CATALOGUE) == (Difference(Drift.DISABLED),)


def test_compare_roles_tells_extra_missing_and_unlisted_ones_apart() -> None:
    held = frozenset({"centre:project.registrar", "website:back.door"})
    assert differences(approved(), found(held), CATALOGUE) == (
        Difference(Drift.EXTRA_ROLE, "centre:project.registrar"),
        Difference(Drift.UNLISTED_ROLE, "website:back.door"),
        Difference(Drift.MISSING_ROLE, "website:notice.editor"),
    )


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"display_name": "李四"}, Difference(Drift.DISPLAY_NAME)),
        ({"user_name": "371500-0002"}, Difference(Drift.USER_NAME)),
        ({"attributes": {"accountId": "b", "secondFactor": "key"}}, Difference(Drift.ATTRIBUTE, "accountId")),
        ({"attributes": {"accountId": "a"}}, Difference(Drift.ATTRIBUTE, "secondFactor")),
        (
            {"attributes": {"accountId": "a", "secondFactor": "key", "keySerial": "0a"}},
            Difference(Drift.ATTRIBUTE, "keySerial"),
        ),
    ],
)
def test_compare_a_changed_profile_names_the_field_and_no_value(changes: Any, difference: Difference) -> None:
    assert differences(approved(), found(**changes), CATALOGUE) == (difference,)


@pytest.mark.parametrize(
    ("status", "keycloak_id", "expected"),
    [
        (AccountStatus.ACTIVE, "k", True),
        (AccountStatus.ACTIVE, None, True),
        *((status, "k", True) for status in OUT_OF_USE),
        *((status, None, False) for status in OUT_OF_USE),
        (AccountStatus.CANCELLED, "k", False),
        (AccountStatus.CANCELLED, None, False),
    ],
)
def test_compare_with_nobody_there_is_a_difference_when_somebody_should_be(
    status: AccountStatus, keycloak_id: str | None, expected: bool
) -> None:
    got = differences(approved(status=status, keycloak_id=keycloak_id), GONE, CATALOGUE)
    assert got == ((Difference(Drift.MISSING),) if expected else ())


def test_compare_a_user_outside_the_accounts_says_that_alone() -> None:
    assert differences(approved(), OUTSIDE, CATALOGUE) == (Difference(Drift.OUTSIDE),)


def test_compare_a_cancelled_account_leaves_its_roles_to_the_deletion() -> None:
    cancelled = approved(status=AccountStatus.CANCELLED, roles=frozenset())
    assert differences(cancelled, found(enabled=False, display_name="x"), CATALOGUE) == ()
