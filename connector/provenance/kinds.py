"""Every kind of finding: how bad it is, its words, what can be done about it and by whom. Data; decides nothing."""

from dataclasses import dataclass
from enum import StrEnum

from connector.errors import Text


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Kind(StrEnum):
    """What was found. The names stand in the record for ever."""

    USER_CREATED = "user_created"
    USER_DELETED = "user_deleted"
    USER_ENABLED = "user_enabled"
    USER_DISABLED = "user_disabled"
    USER_CHANGED = "user_changed"
    ATTRIBUTES_CHANGED = "attributes_changed"
    CREDENTIAL_IMPLANTED = "credential_implanted"
    CREDENTIAL_REMOVED = "credential_removed"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    ROLE_GIVEN = "role_given"
    ROLE_WITHDRAWN = "role_withdrawn"
    GROUP_JOINED = "group_joined"
    GROUP_LEFT = "group_left"
    IDENTITY_LINKED = "identity_linked"
    IMPERSONATED = "impersonated"
    LOGGED_OUT = "logged_out"
    GROUP_CHANGED = "group_changed"
    ROLE_CHANGED = "role_changed"
    POLICY_WEAKENED = "policy_weakened"
    EVENTS_OFF = "events_off"
    EVENTS_CLEARED = "events_cleared"
    REALM_CHANGED = "realm_changed"
    CLIENT_CHANGED = "client_changed"
    PROVIDER_CHANGED = "identity_provider_changed"
    FLOW_CHANGED = "flow_changed"
    COMPONENT_CHANGED = "component_changed"
    PERMISSIONS_CHANGED = "permissions_changed"
    PROFILE_CHANGED = "profile_changed"
    OTHER_CHANGED = "other_changed"


class Action(StrEnum):
    """What the gate does about a finding by itself."""

    NONE = "none"
    SHUT_OUT = "shut_out"  # a user nobody applied for is disabled
    FREEZE = "freeze"  # the account is taken out of use, and Keycloak is made to agree with the register
    FREEZE_AGAIN = "freeze_again"  # the account stays as the register has it: out of use
    AGREE = "agree"  # Keycloak is made to agree with the register
    NEW_PASSWORD = "new_password"  # noqa: S105  # a password that nobody knows, sessions end, a link for the person
    END_SESSIONS = "end_sessions"


SEVERITY_NAMES = {
    Severity.CRITICAL: Text("特别严重", "critical"),
    Severity.HIGH: Text("严重", "high"),
    Severity.MEDIUM: Text("一般", "medium"),
    Severity.LOW: Text("提示", "low"),
}
ACTION_NAMES = {
    Action.NONE: Text("未自动处置", "nothing done automatically"),
    Action.SHUT_OUT: Text("禁用该用户", "the user is shut out"),
    Action.FREEZE: Text("冻结账号并恢复为批准内容", "the account is frozen and made what was approved"),
    Action.FREEZE_AGAIN: Text("按台账状态重新停用", "taken out of use again, as the register has it"),
    Action.AGREE: Text("恢复为批准内容", "made what was approved"),
    Action.NEW_PASSWORD: Text(
        "口令已作废并退出会话，向使用人发放链接", "password made void, sessions ended, a link for the person"
    ),
    Action.END_SESSIONS: Text("结束全部会话", "all sessions ended"),
}

SECURITY = Text("安全管理员", "the security administrator")
MASTER = Text("Keycloak 主域管理员", "the administrator of Keycloak's master realm")
UNIT = Text("科室（单位）负责人", "the unit head")

CHECK = Text(
    "请核实操作人和原因；确有需要的，补办申请并关联后关闭",
    "Find out who did it and why; if it was needed, file the request, link it and close",
)
REALM = Text(
    "本产品无权改回：请由主域管理员运行 trading-idp realm diff 核对，再用 realm apply 恢复",
    "The product cannot undo it: run trading-idp realm diff as master's administrator, then realm apply",
)
REMOVE = Text(
    "本产品无权删除：请由主域管理员在 Keycloak 中删除，并运行 trading-idp realm diff 核对",
    "The product cannot remove it: the master administrator removes it in Keycloak, then runs trading-idp realm diff",
)
ENABLE = Text(
    "请核实操作人；恢复使用须提交启用申请，口令一并重置",
    "Find out who did it; to use the account again apply for enabling, with a password reset",
)


@dataclass(frozen=True)
class Entry:
    """One line of the table. `quarantine` and `revert` are what the gate does under those policies."""

    severity: Severity
    name: Text
    to_do: Text
    who: Text
    quarantine: Action = Action.NONE
    revert: Action = Action.NONE


def _realm(severity: Severity, zh: str, en: str, to_do: Text = REALM) -> Entry:
    return Entry(severity, Text(zh, en), to_do, MASTER)


C, H, M, L = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
FREEZE, AGREE = Action.FREEZE, Action.AGREE

TABLE: dict[Kind, Entry] = {
    Kind.USER_CREATED: Entry(
        H, Text("未经申请建立用户", "user created that nobody applied for"), REMOVE, MASTER, Action.SHUT_OUT,
        Action.SHUT_OUT,
    ),
    Kind.USER_DELETED: Entry(
        H, Text("未经申请删除用户", "user deleted without a request"),
        Text("请提交修复申请，重新建立该用户并发放链接", "File a repair request: the user is made again, with a link"),
        SECURITY, Action.NONE, AGREE,
    ),
    Kind.USER_ENABLED: Entry(
        C, Text("停用账号被人工启用", "account enabled by hand while it is out of use"), CHECK, SECURITY,
        Action.FREEZE_AGAIN, Action.FREEZE_AGAIN,
    ),
    Kind.USER_DISABLED: Entry(
        M, Text("在用账号被人工禁用", "account in use disabled by hand"),
        Text("请核实后提交修复申请恢复使用", "Find out why, then file a repair request"), SECURITY, Action.NONE, AGREE,
    ),
    Kind.USER_CHANGED: Entry(M, Text("用户资料被人工修改", "user changed by hand"), CHECK, SECURITY),
    Kind.ATTRIBUTES_CHANGED: Entry(
        H, Text("用户安全属性被人工修改", "security attributes of a user changed by hand"), ENABLE, SECURITY,
        FREEZE, AGREE,
    ),
    Kind.CREDENTIAL_IMPLANTED: Entry(
        C, Text("用户被植入登录凭据", "a credential implanted into a user"), ENABLE, SECURITY, FREEZE, FREEZE
    ),
    Kind.CREDENTIAL_REMOVED: Entry(
        H, Text("用户登录凭据被人工删除", "a credential of a user removed by hand"),
        Text("请核对密钥台账，由使用人重新登记", "Compare with the inventory of keys; the person enrols again"),
        SECURITY,
    ),
    Kind.PASSWORD_RESET: Entry(
        H, Text("口令被管理员重置", "password reset by an administrator"), ENABLE, SECURITY, FREEZE, Action.NEW_PASSWORD
    ),
    Kind.ROLE_GIVEN: Entry(
        H, Text("未经批准授予权限", "role given without a request"), ENABLE, SECURITY, FREEZE, AGREE
    ),
    Kind.ROLE_WITHDRAWN: Entry(
        M, Text("未经批准撤销权限", "role withdrawn without a request"),
        Text("请核实后提交修复申请恢复权限", "Find out why, then file a repair request"), SECURITY, Action.NONE, AGREE,
    ),
    Kind.GROUP_JOINED: Entry(
        H, Text("用户被加入组", "user put into a group"), REMOVE, MASTER, FREEZE, FREEZE
    ),
    Kind.GROUP_LEFT: Entry(
        H, Text("账号被移出账号组", "account taken out of the accounts group"),
        Text("移出后本产品不能停用该账号；未能自动放回的，请由主域管理员放回",
             "Outside it the product cannot freeze the account; the master administrator puts it back"),
        MASTER, AGREE, AGREE,
    ),
    Kind.IDENTITY_LINKED: Entry(
        C, Text("用户被关联外部身份", "an outside identity linked to a user"), REMOVE, MASTER, FREEZE, FREEZE
    ),
    Kind.IMPERSONATED: Entry(
        C, Text("管理员冒用使用人身份登录", "an administrator acted as the person"), ENABLE, SECURITY, FREEZE,
        Action.END_SESSIONS,
    ),
    Kind.LOGGED_OUT: Entry(L, Text("会话被人工结束", "sessions ended by hand"), CHECK, SECURITY),
    Kind.GROUP_CHANGED: _realm(H, "组或组的角色被修改", "a group or its roles changed", REMOVE),
    Kind.ROLE_CHANGED: _realm(H, "角色或其组成被修改", "a role or what it contains changed"),
    Kind.POLICY_WEAKENED: _realm(H, "安全策略偏离域配置", "security policy left the realm as code"),
    Kind.EVENTS_OFF: _realm(C, "事件记录被关闭或缩减", "the recording of events switched off or cut"),
    Kind.EVENTS_CLEARED: Entry(
        C, Text("Keycloak 事件日志被清空", "Keycloak's event log was cleared"),
        Text("清空期间的更改看不到：请立即运行 trading-idp reconcile run 核对全部账号",
             "What was changed meanwhile cannot be seen: run trading-idp reconcile run at once"), SECURITY,
    ),
    Kind.REALM_CHANGED: _realm(M, "域设置被修改", "settings of the realm changed"),
    Kind.CLIENT_CHANGED: _realm(H, "客户端被新增或修改", "a client added or changed"),
    Kind.PROVIDER_CHANGED: _realm(C, "身份提供方被新增或修改", "an identity provider added or changed", REMOVE),
    Kind.FLOW_CHANGED: _realm(C, "登录流程被修改", "a login flow changed"),
    Kind.COMPONENT_CHANGED: _realm(C, "签名密钥或用户来源被修改", "a component changed: keys, user stores", REMOVE),
    Kind.PERMISSIONS_CHANGED: _realm(C, "管理权限规则被修改", "rules of administrative permissions changed"),
    Kind.PROFILE_CHANGED: _realm(M, "用户属性定义被修改", "the user profile changed"),
    Kind.OTHER_CHANGED: _realm(L, "其他配置被修改", "another setting changed"),
}  # fmt: skip

STOLEN = Text(
    "服务账号在没有审批步骤时有操作，其密钥可能已被盗用：立即在 Keycloak 停用该客户端，更换密钥后运行 realm apply",
    "The service account acted without a step, so its key may be stolen: disable its client in Keycloak at once, "
    "replace the key, run realm apply",
)
