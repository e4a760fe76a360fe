"""Names of kinds, states, verdicts, offices and subsystems, days and limits, as people read them. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from connector.errors import Text
from connector.keys.rules import STATE_NAMES as KEY_STATES
from connector.pages.language import CHINESE
from connector.register.accounts import PAPER
from connector.register.names import CLASS_NAMES
from connector.register.offices import OFFICE_NAMES
from connector.regulations.calendar import SHANGHAI, local_day
from connector.regulations.rulebook import WorkingCalendar
from connector.regulations.vocabulary import AccountPurpose, AccountStatus, RequestKind, Verdict

NOTHING = "--"

KINDS: Mapping[str, Text] = {
    RequestKind.GRANT: Text("新增或变更权限", "Grant or change permissions"),
    RequestKind.PASSWORD_RESET: Text("重置口令", "Reset password"),
    RequestKind.SUSPEND: Text("暂停账号", "Suspend account"),
    RequestKind.DISABLE: Text("禁用账号", "Disable account"),
    RequestKind.ENABLE: Text("启用账号", "Enable account"),
    RequestKind.CANCEL: Text("注销账号", "Cancel account"),
    RequestKind.REPLACE_KEY: Text("补发密钥", "Replace key"),
    RequestKind.WAIVE_KEY: Text("以动态口令代替密钥", "One-time code instead of the key"),
    RequestKind.DISABLE_DORMANT: Text("禁用僵尸账号", "Disable dormant accounts"),
    RequestKind.DISABLE_FOUND: Text("禁用排查发现的账号", "Disable accounts a scan found"),
    RequestKind.RELEASE_DEPARTURES: Text("放行离职处理计划", "Release held departure plan"),
    RequestKind.ADOPT_MATRIX: Text("账号权限对照表备案", "Table of posts and permissions"),
    RequestKind.USE_PRIVILEGED: Text("临时使用系统账号权限", "Privileged use for a time"),
    RequestKind.EXCEPT_CONFLICT: Text("职责冲突例外", "Exception to a conflict of duty"),
    RequestKind.REPAIR_DRIFT: Text("修复账号差异", "Repair differences"),
    RequestKind.REORGANISE_UNIT: Text("单位撤并、更名或划转", "Close, split, rename or move a unit"),
    RequestKind.WITHDRAW_REVIEWED: Text("收回复核认为不需要的权限", "Withdraw permissions after a review"),
}
STATES: Mapping[str, Text] = {
    "pending": Text("待审批", "Pending"),
    "returned": Text("已退回补充", "Returned"),
    "approved": Text("已同意", "Approved"),
    "rejected": Text("不同意", "Rejected"),
    "withdrawn": Text("已撤回", "Withdrawn"),
    "waiting": Text("未到此环节", "Not yet"),
    "open": Text("待审批", "Pending"),
    "dropped": Text("不再需要", "Not needed"),
}
STATE_TAGS: Mapping[str, str] = {
    "pending": "info", "open": "info", "returned": "warn", "approved": "ok", "rejected": "bad",
    "active": "ok", "suspended": "warn", "disabled": "bad", "frozen": "bad",
}  # fmt: skip
VERDICTS: Mapping[str, Text] = {
    Verdict.APPROVE: Text("同意", "Approve"),
    Verdict.REJECT: Text("不同意", "Reject"),
    Verdict.RETURN: Text("退回补充材料", "Return for correction"),
}
STATUSES: Mapping[str, Text] = {
    AccountStatus.ACTIVE: Text("启用", "Active"),
    AccountStatus.SUSPENDED: Text("暂停", "Suspended"),
    AccountStatus.DISABLED: Text("禁用", "Disabled"),
    AccountStatus.FROZEN: Text("冻结", "Frozen"),
    AccountStatus.CANCELLED: Text("注销", "Cancelled"),
}
CLASSES: Mapping[str, Text] = CLASS_NAMES
PURPOSES: Mapping[str, Text] = {
    AccountPurpose.ORDINARY: Text("正式", "Regular"),
    AccountPurpose.TEMPORARY: Text("临时", "Temporary"),
    AccountPurpose.TEST: Text("测试", "Test"),
}
# Why an account has its status, as the register writes it.
CAUSES: Mapping[str, Text] = {
    "opened": Text("开通", "Opened"),
    "request": Text("按申请办理", "By request"),
    "departure": Text("离岗", "Departure"),
    "transfer": Text("调离或岗位变动", "Transferred"),
    "absence": Text("离岗（休假、学习、借调）", "Absence"),
    "violation": Text("违规使用", "Misuse"),
    "dormant": Text("长期未使用", "Long unused"),
    "key_lost": Text("密钥丢失", "Key lost"),
    "key_damaged": Text("密钥损坏", "Key damaged"),
    "order": Text("冻结或解冻指令", "Freeze order"),
    "cancel": Text("注销", "Cancelled"),
    "returned": Text("注销后重新登记", "Registered again"),
    "mismatch": Text("登记信息不符", "Untrue data"),
    "key_replaced": Text("已补发密钥", "Key replaced"),
    "suspension_over": Text("暂停期满", "Suspension over"),
    "weak_password": Text("长期使用简单口令", "Long-standing simple password"),
    "test": Text("测试账号清理", "Test account cleared up"),
    "temporary": Text("临时账号清理", "Temporary account cleared up"),
    "orphaned": Text("无人使用的账号", "Account without a person"),
    "expired": Text("有效期届满", "Past its approved end"),
    "other": Text("其他", "Other"),
}
SUBSYSTEMS: Mapping[str, Text] = {
    "website": Text("网站系统", "Website"),
    "bid-opening": Text("开评标系统", "Bid opening"),
    "member": Text("会员系统", "Members"),
    "centre": Text("中心端系统", "Centre"),
    "door-access": Text("门禁系统", "Door access"),
}
METHODS: Mapping[str, Text] = {
    "pwd": Text("口令", "password"),
    "otp": Text("动态口令", "one-time code"),
    "hwk": Text("硬件密钥", "hardware key"),
    "x509": Text("证书密钥", "certificate key"),
}


class Due(NamedTuple):
    """A time limit: the day, the words underneath, and how pressing it is ("", "warn", "bad")."""

    day: str
    words: str
    kind: str


class Words:
    """The names in one language. A value that has no name is shown as it is."""

    def __init__(self, language: str) -> None:
        self._is_chinese = language == CHINESE

    def pick(self, text: Text) -> str:
        return text.zh if self._is_chinese else text.en

    def heading(self, text: Text) -> str:
        """A text that begins a line: English begins with a capital there."""
        picked = self.pick(text)
        return picked[:1].upper() + picked[1:]

    def kind(self, value: str) -> str:
        return self._named(KINDS, value)

    def state(self, value: str) -> str:
        return self._named(STATES, value)

    def verdict(self, value: str) -> str:
        return self._named(VERDICTS, value)

    def office(self, value: str) -> str:
        return self._named({office.value: name for office, name in OFFICE_NAMES.items()}, value)

    def status(self, value: str) -> str:
        return self._named(STATUSES, value)

    def account_class(self, value: str) -> str:
        return self._named(CLASSES, value)

    def purpose(self, value: str) -> str:
        return self._named(PURPOSES, value)

    def cause(self, value: str) -> str:
        """Why an account has its status; a freeze order says its number."""
        kind, _, number = value.partition(":")
        return f"{self._named(CAUSES, kind)} {number}".strip()

    def subsystem(self, value: str) -> str:
        return self._named(SUBSYSTEMS, value)

    def key_state(self, value: str) -> str:
        return self._named({state.value: name for state, name in KEY_STATES.items()}, value)

    def methods(self, values: tuple[str, ...] | list[str]) -> str:
        return ("、" if self._is_chinese else ", ").join(self._named(METHODS, value) for value in values) or NOTHING

    @staticmethod
    def tag(value: str) -> str:
        """The colour of a state's tag: ok, warn, bad, info or none."""
        return STATE_TAGS.get(value, "")

    @staticmethod
    def day(moment: datetime | date | None) -> str:
        """2026-11-23, in China; for tables."""
        return _day(moment).isoformat() if moment else NOTHING

    @classmethod
    def last_day(cls, end: datetime | None) -> str:
        """The last day of what holds until this moment, which is the first after it."""
        return cls.day(end - timedelta(seconds=1)) if end else NOTHING

    def paper(self, source: str) -> str:
        """What an account or a permission rests on, where it is no request: the number of a paper."""
        if not source.startswith(PAPER):
            return NOTHING
        return self.pick(Text(f"文件：{source.removeprefix(PAPER)}", f"paper {source.removeprefix(PAPER)}"))

    @staticmethod
    def moment(moment: datetime | None) -> str:
        """2026-11-23 09:40, in China."""
        return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment else NOTHING

    @classmethod
    def stored_day(cls, stored: str | None) -> str:
        """The day of a moment as JSON keeps it."""
        return cls.day(datetime.fromisoformat(stored)) if stored else NOTHING

    def half(self, name: str) -> str:
        """The half of "中文 / English" that is read here; a name of one language as it is."""
        chinese, slash, english = name.partition(" / ")
        return chinese if self._is_chinese or not slash else english

    @staticmethod
    def number(value: int) -> str:
        """1,284."""
        return f"{value:,}"

    @staticmethod
    def second(moment: datetime | None) -> str:
        """2026-11-23 09:40:07, in China."""
        return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if moment else NOTHING

    def duration(self, seconds: float | None) -> str:
        """A span in its largest unit, as "3分钟"; under a second in milliseconds."""
        if seconds is None:
            return NOTHING
        for length, zh, en in ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"), (1, "秒", "s")):
            if seconds >= length:
                return self.pick(Text(f"{seconds / length:.0f}{zh}", f"{seconds / length:.0f} {en}"))
        return self.pick(Text(f"{seconds * 1000:.0f}毫秒", f"{seconds * 1000:.0f} ms"))

    def day_text(self, moment: datetime | date | None) -> str:
        """2026年11月23日 (23 November 2026 in English), in China; for sentences."""
        if not moment:
            return NOTHING
        day = _day(moment)
        return f"{day.year}年{day.month}月{day.day}日" if self._is_chinese else f"{day.day} {day:%B %Y}"

    def days_left(self, days: int) -> str:
        """Working days until a limit: 0 is today, negative is past."""
        if days < 0:
            return self.pick(Text(f"已超期{-days}个工作日", f"{_working_days(-days)} overdue"))
        if days == 0:
            return self.pick(Text("今日到期", "Due today"))
        return self.pick(Text(f"还有{days}个工作日", f"{_working_days(days)} left"))

    def due(self, due_at: datetime | None, now: datetime, calendar: WorkingCalendar) -> Due | None:
        """What a limit looks like; None where there is none."""
        if due_at is None:
            return None
        days = calendar.working_days_between(now, due_at)
        if days == 0 and local_day(due_at) < local_day(now):  # Past, and no working day since.
            return Due(self.day(due_at), self.pick(Text("已超期", "Overdue")), "bad")
        return Due(self.day(due_at), self.days_left(days), "bad" if days < 0 else "warn" if days == 0 else "")

    def _named(self, names: Mapping[str, Text], value: str) -> str:
        name = names.get(value)
        return self.pick(name) if name else value


def _day(moment: datetime | date) -> date:
    return local_day(moment) if isinstance(moment, datetime) else moment


def _working_days(count: int) -> str:
    return f"{count} working day{'' if count == 1 else 's'}"
