"""What each kind of difference is called, and who puts it right. Data only."""

from collections.abc import Mapping

from connector.errors import Text
from connector.provisioning.agreement import FOR_ADMINISTRATOR, Drift

KINDS: Mapping[Drift, Text] = {
    Drift.MISSING: Text("身份服务中没有此账号", "Keycloak has no such user"),
    Drift.OUTSIDE: Text("账号被移出账号组", "taken out of the accounts group"),
    Drift.ENABLED: Text("应停用，实际可以登录", "out of use, and can log in"),
    Drift.DISABLED: Text("应启用，实际被停用", "in use, and cannot log in"),
    Drift.EXTRA_ROLE: Text("未经审批的权限", "a permission that nobody approved"),
    Drift.MISSING_ROLE: Text("已审批但未生效的权限", "an approved permission that is not held"),
    Drift.UNLISTED_ROLE: Text("权限目录以外的角色", "a role that is not of the catalogue"),
    Drift.USER_NAME: Text("用户名被改动", "the user name was changed"),
    Drift.DISPLAY_NAME: Text("显示姓名不一致", "the display name differs"),
    Drift.ATTRIBUTE: Text("账号属性不一致", "an attribute differs"),
    Drift.UNKNOWN: Text("无人申请的账号", "a user nobody applied for"),
    Drift.DUPLICATE: Text("占用了已有账号的用户名", "a user who bears the name of an account"),
    Drift.STRANGER_ROLE: Text("账号组以外的用户持有权限", "a user outside the accounts was given a permission"),
    Drift.CLIENT_ROLE: Text("业务系统中有目录以外的角色", "a subsystem has a role that is not of the catalogue"),
    Drift.ABSENT_ROLE: Text("业务系统中缺少目录内的角色", "a subsystem lacks a role of the catalogue"),
}
BY_REQUEST = Text("批准修复方案后自动修复", "repaired once the plan is approved")
BY_ADMINISTRATOR = Text(
    "由 Keycloak 管理员（master 域）处理后重新对账",
    "an administrator of Keycloak (master realm) puts it right; then reconcile again",
)
BY_RETRY = Text("处理并重试已停止的步骤后消除", "ends when the step that stopped is looked into and retried")


def who_repairs(kind: Drift, *, stopped: bool = False) -> Text:
    """By whom and how this kind of difference ends; `stopped`: a step of the account stopped and is the reason."""
    if stopped:
        return BY_RETRY
    return BY_ADMINISTRATOR if kind in FOR_ADMINISTRATOR else BY_REQUEST
