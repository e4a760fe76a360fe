"""What speaks for an account of a scan or a proposal, and the rule behind it, in words. Pure: JSON in, texts out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.activity.evidence import WORDS as USE_UNKNOWN
from connector.errors import Text
from connector.pages.wording import CLASSES, PURPOSES, Words
from connector.reconciliation.words import KINDS

VERDICTS: Mapping[str, Text] = {
    "dormant": Text("长期未使用", "long unused"),
    "never_used": Text("开通后从未使用", "never used since it was opened"),
    "unknown": Text("无法判断", "cannot be told"),
    "old_policy": Text("口令早于现行口令规则", "the password is older than the policy in force"),
    "flagged": Text("检查认定为简单口令", "an inspection calls the password weak"),
    "test_no_end": Text("测试账号没有截止日期", "a test account without an end"),
    "named_test": Text("名称像测试账号，但不是按测试账号申请", "named like a test, and not applied for as one"),
    "no_head": Text("所在单位没有负责人", "its unit has no head"),
    "no_permission": Text("长期没有任何权限", "without any permission for long"),
    "no_directory_key": Text("不在人事目录中", "not in the HR directory"),
    "expired": Text("已到批准的截止日期", "its approved end has come"),
}
SOURCES: Mapping[str, Text] = {
    "event": Text("依据登录事件", "by a login event"),
    "log": Text("依据业务系统日志", "by a subsystem's log"),
    "baseline": Text("依据首次读取的数据", "by the first reading"),
}
TOLD: Mapping[str, Text] = {
    "person": Text("已提醒本人", "the person was told"),
    "unit": Text("已提醒单位负责人", "the unit head was told"),
    "nobody": Text("无可提醒的邮箱", "nobody had an address"),
}
WHYS: Mapping[str, Text] = {
    **{reason.value: words for reason, words in USE_UNKNOWN.items()},
    "password-age": Text("没有口令设置时间的记录", "when the password was set is not known"),
    "policy-since": Text("不知道现行口令规则从何时起施行", "since when the policy is in force is not known"),
}

Teller = Callable[[Any], Text | None]


def says(found: Mapping[str, Any]) -> list[Text]:
    """The evidence in the order of this table; what has no words here is left out."""
    return _told(found, TELLERS)


def rule_words(rule: Mapping[str, Any]) -> list[Text]:
    """The rule of a run as sentences with its numbers; what has no words here is left out."""
    return _told(rule, RULES)


def joined(texts: Iterable[Text], zh: str = "；", en: str = "; ") -> Text:
    """Several texts as one."""
    kept = list(texts)
    return Text(zh.join(text.zh for text in kept), en.join(text.en for text in kept))


def _told(found: Mapping[str, Any], tellers: Mapping[str, Teller]) -> list[Text]:
    told = (teller(found[key]) for key, teller in tellers.items() if found.get(key) not in (None, "", [], {}))
    return [text for text in told if text is not None]


def _named(names: Mapping[str, Text]) -> Teller:
    return lambda value: names.get(str(value))


def _on(zh: str, en: str) -> Teller:
    """A moment as its day in China, put into the words."""

    def tell(value: Any) -> Text | None:
        try:
            day = Words.day(datetime.fromisoformat(str(value)))
        except ValueError:
            return None
        return Text(zh.format(day), en.format(day))

    return tell


def _with(zh: str, en: str) -> Teller:
    """A value put into the words; of a list its parts."""

    def tell(value: Any) -> Text:
        parts = [str(each) for each in value] if isinstance(value, list) else [str(value)]
        return Text(zh.format("、".join(parts)), en.format(", ".join(parts)))

    return tell


def _days(zh: str, en: str) -> Teller:
    """A number of days, one for all or one for each class of accounts."""

    def tell(value: Any) -> Text:
        spans = value if isinstance(value, Mapping) else {"": value}
        by_number: dict[Any, list[Text]] = {}
        for name, number in spans.items():
            by_number.setdefault(number, []).append(CLASSES.get(name, Text(name, name)))
        if len(by_number) == 1:
            number = next(iter(by_number))
            return Text(zh.format(number), en.format(number))
        return joined(_of_class(names, number) for number, names in sorted(by_number.items()))

    def _of_class(names: Sequence[Text], number: Any) -> Text:
        who = joined(names, "、", ", ")
        return Text(f"{who.zh}{zh.format(number)}", f"{who.en}: {en.format(number)}")

    return tell


def _differences(value: Any) -> Text:
    """What Keycloak has otherwise than approved, each with the role or attribute it is about."""
    names = {kind.value: words for kind, words in KINDS.items()}
    told = []
    for one in value:
        words, name = names.get(one["kind"], Text(one["kind"], one["kind"])), one.get("name", "")
        told.append(Text(f"{words.zh}：{name}", f"{words.en}: {name}") if name else words)
    return joined(told)


TELLERS: Mapping[str, Teller] = {
    "verdict": _named(VERDICTS),
    "why": _named(WHYS),
    "differences": _differences,
    "covers_since": _on("使用记录始于{}", "events are known since {}"),
    "last_used_at": _on("最近使用{}", "last used {}"),
    "source": lambda value: SOURCES.get(value, Text(f"来源：{value}", f"source: {value}")),
    "active_since": _on("启用于{}", "in use since {}"),
    "password_set_at": _on("口令设于{}", "password set {}"),
    "policy_since": _on("现行规则自{}施行", "policy in force since {}"),
    "flagged_at": _on("认定于{}", "called weak {}"),
    "warned_at": _on("提醒于{}", "warned {}"),
    "told": _named(TOLD),
    "opened_at": _on("开通于{}", "opened {}"),
    "last_permission_until": _on("最后一项权限收回于{}", "last permission withdrawn {}"),
    "purpose": lambda value: None if value == "ordinary" else PURPOSES.get(value),
    "valid_until": _on("有效期至{}", "valid until {}"),
    "account_class": _named(CLASSES),
}
RULES: Mapping[str, Teller] = {
    "dormancy_days": _days("连续{}天未使用", "not used for {} days"),
    "never_used_days": _days("开通{}天后从未使用", "not used within {} days of opening"),
    "max_age_days": _days("口令使用满{}天", "the password is {} days old"),
    "initial_days": _days("初始口令{}天未修改", "an initial password not changed for {} days"),
    "policy_since": _on("口令设于{}施行的规则之前", "the password is older than the policy of {}"),
    "grace_days": _days("提醒{}天后仍未修改", "not changed within {} days of the warning"),
    "words": _with("名称含有：{}", "named with: {}"),
    "no_permission_days": _days("{}天没有任何权限", "without any permission for {} days"),
    "directory_key_days": _days("{}天不在人事目录中", "not in the HR directory for {} days"),
    "notice_days": _with("到期前{}天提醒，到期冻结", "told {} days before its end, frozen at its end"),
    "evidence_days": _days("使用记录已有{}天", "events of {} days are on record"),
}
