"""Keycloak's password policy from the rules in force. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.regulations.rulebook import PasswordRules, Rulebook
from connector.regulations.vocabulary import AccountClass


@dataclass(frozen=True)
class PasswordWords:
    """The rules as people read them before they type: what a password must be, and how long it is good for."""

    rules: str
    age: str


def strictest(rules: Iterable[PasswordRules]) -> PasswordRules:
    """One set of rules that satisfies every class: Keycloak has one policy for a realm, so administrators' holds."""
    every = list(rules)
    return PasswordRules(
        min_length=max(r.min_length for r in every),
        max_age_days=min(r.max_age_days for r in every),
        history=max(r.history for r in every),
        letters=any(r.letters for r in every),
        digits=any(r.digits for r in every),
        symbols=any(r.symbols for r in every),
        notice_days=every[0].notice_days,
        clauses=every[0].clauses,
    )


def realm_password_rules(rulebook: Rulebook) -> PasswordRules:
    return strictest(rulebook.password(account_class) for account_class in AccountClass)


def password_words(rules: PasswordRules) -> dict[str, PasswordWords]:
    """The rules in words, by locale of Keycloak; an age of no limit has none."""
    kinds = (rules.letters, rules.digits, rules.symbols)
    chinese = [word for word, needed in zip(("字母", "数字", "符号"), kinds, strict=True) if needed]
    english = [word for word, needed in zip(("a letter", "a digit", "a symbol"), kinds, strict=True) if needed]
    zh, en = [f"至少{rules.min_length}位"], [f"at least {rules.min_length} characters"]
    if chinese:
        zh.append(f"须有{'、'.join(chinese)}")
        en.append(f"with {', '.join(english)}")
    zh.append("不含账号和常见弱口令")
    en.append("without the account name or a well-known weak one")
    if rules.history:
        zh.append(f"不与最近{rules.history}次的相同")
        en.append(f"not one of the last {rules.history}")
    days = rules.max_age_days
    return {
        "zh-CN": PasswordWords("，".join(zh), f"口令每{days}天须修改一次。" if days else ""),
        "en": PasswordWords(", ".join(en), f"It is to be changed every {days} days." if days else ""),
    }


def password_policy(rules: PasswordRules, weak: Sequence[str] = ()) -> str:
    """The policy in Keycloak's notation. `weak` are regular expressions in lower case (D2, D3).

    Keycloak takes one pattern, so letters and weak words share it; the pattern must not contain " and ".
    """
    parts = [f"length({rules.min_length})"]
    if rules.digits:
        parts.append("digits(1)")
    if rules.symbols:
        parts.append("specialChars(1)")
    if pattern := _pattern(letters=rules.letters, weak=weak):
        parts.append(f"regexPattern({pattern})")
    parts += ["notUsername(undefined)", "notContainsUsername(undefined)", "notEmail(undefined)"]
    if rules.history:
        parts.append(f"passwordHistory({rules.history})")
    if rules.max_age_days:
        parts.append(f"forceExpiredPasswordChange({rules.max_age_days})")
    return " and ".join(parts)


def _pattern(*, letters: bool, weak: Sequence[str]) -> str:
    looks = ("(?=.*[a-z])" if letters else "") + (f"(?!.*(?:{'|'.join(weak)}))" if weak else "")
    return f"(?i)^{looks}.*$" if looks else ""
