"""The ways to apply: which kind of request each page of the application makes, and whom it is about. Pure data."""

from collections.abc import Collection
from typing import NamedTuple

from connector.errors import NotFoundError, Text
from connector.regulations.rulebook import Form, Rulebook
from connector.regulations.vocabulary import AccountStatus, RequestKind
from connector.requests.rules import ALLOWED_STATUS


class Way(NamedTuple):
    """One entry of the page 我要申请. `more` are boxes that no annex draws and this kind of request needs."""

    slug: str
    kind: RequestKind
    name: Text
    hint: Text
    needs_account: bool = True
    more: tuple[str, ...] = ()
    warns: Text | None = None  # of what happens at once, or for ever

    def form(self, rulebook: Rulebook) -> Form:
        return rulebook.form(self.kind)

    def boxes_beyond(self, *, asks_end: bool) -> tuple[str, ...]:
        """The boxes that no annex draws; an account whose end has come is enabled with a new one (JC 18, JC 21)."""
        return (*self.more, "until") if asks_end and self.kind is RequestKind.ENABLE else self.more

    def allowed(self) -> Collection[AccountStatus]:
        """The states of an account for which this can be applied for."""
        return ALLOWED_STATUS.get(self.kind, frozenset(AccountStatus))


WAYS: tuple[Way, ...] = (
    Way(
        "grant",
        RequestKind.GRANT,
        Text("为新使用人申请账号和权限", "Account and permissions for a new person"),
        Text(
            "本单位新入职、尚无账号或原账号已注销的人员",
            "Somebody of the unit who has no account, or had one that is cancelled",
        ),
        needs_account=False,
        more=(
            "unit",
            "person_name",
            "document_number",
            "phone",
            "post",
            "mail",
            "account_class",
            "purpose",
            "until",
            "permissions",
        ),
    ),
    Way(
        "change",
        RequestKind.GRANT,
        Text("变更已有账号的权限", "Change the permissions of an account"),
        Text("增加或撤销权限，岗位变动时办理", "Add or withdraw permissions, as after a change of post"),
    ),
    Way(
        "password_reset",
        RequestKind.PASSWORD_RESET,
        Text("重置口令（密码）", "Reset a password"),
        Text("忘记口令，或怀疑口令已被他人知道", "A forgotten password, or one that others may know"),
        more=("urgent",),
    ),
    Way(
        "replace_key",
        RequestKind.REPLACE_KEY,
        Text("报告密钥丢失或损坏并补发", "Report a lost or damaged key and get another"),
        Text("提交后账号立即冻结", "The account is frozen on submission"),
        warns=Text(
            "提交后，此账号立即冻结，密钥停用，现有会话全部退出；审批通过并领到新密钥后恢复使用。",
            "On submission the account is frozen, the key stopped and all sessions end; it is used again with the new "
            "key, once that is approved.",
        ),
    ),
    Way(
        "waive_key",
        RequestKind.WAIVE_KEY,
        Text("暂以动态口令代替密钥", "A one-time code instead of the key, for a time"),
        Text("密钥补发、维修期间使用，到期自动失效", "While a key is being replaced; it ends by itself"),
    ),
    Way(
        "use_privileged",
        RequestKind.USE_PRIVILEGED,
        Text("临时使用系统账号权限", "Privileged permissions for a time"),
        Text("经批准在约定时段内使用，到时自动收回", "For an approved time; they end by themselves"),
        more=("extends",),
        warns=Text(
            "到期自动收回权限，全部会话退出；使用记录由指定的复核人复核签字。",
            "At the end the permissions and every session are taken away; the record is reviewed and signed.",
        ),
    ),
    Way(
        "except_conflict",
        RequestKind.EXCEPT_CONFLICT,
        Text("职责冲突例外", "Exception to a conflict of duty"),
        Text("确需一人兼任互斥职责，或封闭期内办理", "Where one person must have two charges, or in a blackout"),
        more=("project",),
    ),
    Way(
        "suspend",
        RequestKind.SUSPEND,
        Text("暂停账号", "Suspend an account"),
        Text("离岗一段时间，到期自动恢复", "An absence for some time; it ends by itself"),
        more=("cause", "event_on", "until"),
    ),
    Way(
        "disable",
        RequestKind.DISABLE,
        Text("禁用账号", "Disable an account"),
        Text("离职、调离或不再需要使用", "Somebody has left, was transferred, or needs it no more"),
        more=("cause", "event_on"),
    ),
    Way(
        "enable",
        RequestKind.ENABLE,
        Text("启用账号", "Enable an account"),
        Text("恢复已暂停、禁用或冻结的账号", "Bring back an account that is suspended, disabled or frozen"),
    ),
    Way(
        "cancel",
        RequestKind.CANCEL,
        Text("注销账号", "Cancel an account"),
        Text("永久停止使用，不能恢复", "For ever; it cannot be undone"),
        warns=Text("注销后不能恢复，账号名不再使用。", "It cannot be undone, and the user name is never used again."),
    ),
)
BY_SLUG = {way.slug: way for way in WAYS}


def get_way(slug: str) -> Way:
    """The way with this name in the address; raises NotFoundError."""
    way = BY_SLUG.get(slug)
    if way is None:
        raise NotFoundError(kind="申请类别 (kind of request)", name=slug)
    return way


def way_of(kind: RequestKind, *, has_account: bool) -> Way:
    """The way by which a request of this kind came; raises NotFoundError for kinds that only jobs make."""
    if kind is RequestKind.GRANT:
        return BY_SLUG["change" if has_account else "grant"]
    return get_way(kind.value)
