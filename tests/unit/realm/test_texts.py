"""Words of Keycloak's pages: the wording that binds, and the rules in force put in."""

import re

import pytest

from connector.adapters.realm_passwords import password_words, realm_password_rules
from connector.adapters.realm_state import RealmParameters
from connector.adapters.realm_texts import desired_texts
from connector.realm_config import load_realm_config
from connector.regulations.loader import load_rulebook
from tests.unit.realm.test_passwords import rules

CONFIG = load_realm_config()
FORBIDDEN = re.compile("您|你|账户|帐|登陆|无效|非法|抱歉|其它|用户名|令牌|(?<!（)密码(?!）)")


def parameters(**changes: object) -> RealmParameters:
    words = password_words(rules(**changes))
    return RealmParameters(realm="t", public_url="x", jwks={}, password_policy="x", password_words=words)


@pytest.mark.req("D2")
def test_texts_tell_the_rules_in_force() -> None:
    texts = desired_texts(CONFIG, parameters(min_length=10, history=12, max_age_days=60))
    chinese, english = texts["zh-CN"], texts["en"]
    assert chinese["passwordNew"] == (
        "新口令（至少10位，须有字母、数字、符号，不含账号和常见弱口令，不与最近12次的相同）"
    )
    assert chinese["updatePasswordMessage"].endswith("口令每60天须修改一次。")
    assert english["passwordNew"].startswith("New password (at least 10 characters, with a letter, a digit, a symbol")
    assert "连续5次不正确，账号将锁定15分钟" in chinese["invalidUserMessage"]


@pytest.mark.req("D2")
def test_texts_leave_out_rules_that_are_not_in_force() -> None:
    free = parameters(letters=False, digits=False, symbols=False, history=0, max_age_days=0)
    texts = desired_texts(CONFIG, free)
    assert texts["zh-CN"]["passwordNew"] == "新口令（至少8位，不含账号和常见弱口令）"
    assert texts["en"]["updatePasswordMessage"] == "Set a new password to go on."


def test_texts_keep_to_the_wording_and_leave_no_place_unfilled() -> None:
    words = password_words(realm_password_rules(load_rulebook(("LC", "GS", "HH", "GX", "JC"))))
    known = RealmParameters(realm="t", public_url="x", jwks={}, password_policy="x", password_words=words)
    texts = desired_texts(CONFIG, known)
    assert texts.keys() == set(CONFIG.realm["supportedLocales"])
    for locale, pages in texts.items():
        for key, text in pages.items():
            assert "'" not in text, key  # Keycloak takes it for a quote.
            assert not re.search(r"\{[^0-9]", text), key
            assert locale != "zh-CN" or not FORBIDDEN.search(text), (key, text)


def test_texts_do_not_tell_a_locked_account_from_a_wrong_password() -> None:
    for pages in desired_texts(CONFIG, parameters()).values():
        assert pages["accountTemporarilyDisabledMessage"] == pages["invalidUserMessage"]
        assert pages["accountPermanentlyDisabledMessage"] == pages["invalidUserMessage"]
        assert pages["accountTemporarilyDisabledMessageTotp"] == pages["invalidTotpMessage"]
