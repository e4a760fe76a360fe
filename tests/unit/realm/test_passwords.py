"""The password policy is the rules in force, in Keycloak's notation."""

import re

import pytest

from connector.adapters.realm_passwords import password_policy, realm_password_rules, strictest
from connector.realm_config import load_realm_config
from connector.regulations.loader import load_rulebook
from connector.regulations.rulebook import PasswordRules
from connector.regulations.vocabulary import AccountClass

WEAK = load_realm_config().weak_passwords


def rules(**changes: object) -> PasswordRules:
    values: dict[str, object] = {
        "min_length": 8, "max_age_days": 90, "history": 5, "letters": True, "digits": True, "symbols": True,
        "notice_days": (7,), "clauses": {},
    }  # fmt: skip
    return PasswordRules.model_validate({**values, **changes})


def pattern_of(policy: str) -> re.Pattern[str]:
    part = next(part for part in policy.split(" and ") if part.startswith("regexPattern("))
    return re.compile(part.removeprefix("regexPattern(")[:-1])


@pytest.mark.req("D2", "D3")
def test_password_policy_says_every_rule() -> None:
    assert password_policy(rules()).split(" and ") == [
        "length(8)",
        "digits(1)",
        "specialChars(1)",
        "regexPattern((?i)^(?=.*[a-z]).*$)",
        "notUsername(undefined)",
        "notContainsUsername(undefined)",
        "notEmail(undefined)",
        "passwordHistory(5)",
        "forceExpiredPasswordChange(90)",
    ]


def test_password_policy_without_a_rule_leaves_it_out() -> None:
    policy = password_policy(rules(letters=False, digits=False, symbols=False, history=0, max_age_days=0))
    assert policy == "length(8) and notUsername(undefined) and notContainsUsername(undefined) and notEmail(undefined)"


@pytest.mark.req("D2")
@pytest.mark.parametrize("weak", ["P@ssw0rd!9", "Admin@2026", "x12345x#K", "QWErty#1a", "Huawei@123", "Woaini520!"])
def test_password_policy_pattern_refuses_well_known_words(weak: str) -> None:
    assert not pattern_of(password_policy(rules(), WEAK)).match(weak)


@pytest.mark.parametrize("good", ["Zb7#ttkwz2", "mein-Haus_77", "Tz9$Lq2v&b"])
def test_password_policy_pattern_takes_good_ones(good: str) -> None:
    assert pattern_of(password_policy(rules(), WEAK)).match(good)


def test_password_policy_pattern_refuses_one_without_letters() -> None:
    assert not pattern_of(password_policy(rules(), WEAK)).match("8273940#-+")


def test_password_policy_pattern_cannot_break_the_notation() -> None:
    policy = password_policy(rules(), WEAK)
    assert len(policy) < 2000  # Keycloak's column holds 2,550 characters.
    assert len(policy.split(" and ")) == 9


@pytest.mark.req("D2")
def test_strictest_takes_the_harder_value_of_each_rule() -> None:
    found = strictest([rules(min_length=10, max_age_days=180, symbols=False), rules(history=12, digits=False)])
    assert (found.min_length, found.max_age_days, found.history) == (10, 90, 12)
    assert found.letters
    assert found.digits
    assert found.symbols


@pytest.mark.req("D2", "D3")
def test_realm_password_rules_are_at_least_as_strict_as_for_any_class() -> None:
    rulebook = load_rulebook(("LC", "GS", "HH", "GX", "JC"))
    found = realm_password_rules(rulebook)
    for account_class in AccountClass:
        one = rulebook.password(account_class)
        assert found.min_length >= one.min_length >= 8
        assert found.max_age_days <= one.max_age_days
    assert found.max_age_days <= 90
