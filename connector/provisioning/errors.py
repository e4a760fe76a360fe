"""Refusals of provisioning."""

from connector.errors import ConflictError, ConnectorError, Text


class LinkNotValidError(ConnectorError):
    """The one-time link is unknown, used, too old, or was tried wrongly too often. It does not say which."""

    code = "link-not-valid"
    status = 404
    clause = "JC 23"
    says = Text(
        "此链接不能使用：可能已使用、已过期或已被新链接取代", "This link cannot be used: used, expired or replaced"
    )
    remedy = Text("请联系信息技术科重新发放链接", "Ask the information technology department for a new link")


class WrongDocumentError(ConnectorError):
    """The last characters of the document number do not match the person the link is for."""

    code = "wrong-document"
    status = 403
    clause = "JC 23"
    says = Text("证件号码后六位不正确，还可尝试{left}次", "The last six characters do not match; {left} tries left")
    remedy = Text("请输入本人证件号码的后六位", "Enter the last six characters of your own document number")
    who = Text("使用人本人", "the person himself")


class AccountNotActiveError(ConflictError):
    """The account is not active, so nothing may be provisioned for it."""

    code = "account-not-active"
    clause = "LC 7"
    says = Text("账号当前状态为{status}，不能办理", "The account is {status}; this cannot be done")
    remedy = Text("请先申请启用账号", "Apply for enabling the account first")
    who = Text("科室（单位）负责人", "the unit head")


class FreezeNotProvenError(ConflictError):
    """After a freeze Keycloak still shows the account enabled or with sessions; the sweep is repeated."""

    code = "freeze-not-proven"
    clause = "GS 12-14"
    says = Text(
        "冻结尚未核实：启用={enabled}，会话={sessions}", "Freeze not proven: enabled={enabled}, sessions={sessions}"
    )


KEYCLOAK_ADMINISTRATOR = Text("Keycloak 管理员（master 域）", "an administrator of Keycloak (master realm)")


class OutsideAccountsError(ConnectorError):
    """The account's user was taken out of the accounts group; the service account may neither see him nor pull him in.

    Whoever may pull users into the group may pull an administrator in and set his password.
    """

    code = "outside-accounts"
    status = 502
    clause = "JC 9"
    says = Text(
        "该账号的用户被移出账号组，本系统不能处理",
        "The account's user was taken out of the accounts group, out of this product's reach",
    )
    remedy = Text(
        "请 Keycloak 管理员核查原因，将该用户放回 /accounts 组，再重试此步骤",
        "An administrator of Keycloak looks into it and puts the user back into /accounts; then retry the step",
    )
    who = KEYCLOAK_ADMINISTRATOR


class AdministratorNeededError(ConnectorError):
    """What else differed was put right; the rest is a thing that the service account may not change."""

    code = "administrator-needed"
    status = 502
    clause = "JC 9"
    says = Text(
        "其余差异已修复，以下须由管理员处理：{left}", "All else was put right; left to an administrator: {left}"
    )
    remedy = Text(
        "请 Keycloak 管理员收回目录以外的角色或恢复用户名，再重试此步骤",
        "An administrator of Keycloak takes the unlisted role away or restores the user name; then retry the step",
    )
    who = KEYCLOAK_ADMINISTRATOR


class StrangerOutOfReachError(ConnectorError):
    """A user outside the accounts group: his permissions were withdrawn, but he cannot be disabled from here."""

    code = "stranger-out-of-reach"
    status = 502
    clause = "JC 9"
    says = Text(
        "该用户不在账号组内：其业务权限已收回，但本系统不能停用他",
        "The user is outside the accounts group: his permissions were withdrawn, but he cannot be disabled from here",
    )
    remedy = Text(
        "请 Keycloak 管理员核查并停用该用户、结束其会话",
        "An administrator of Keycloak looks into it, disables the user and ends his sessions",
    )
    who = KEYCLOAK_ADMINISTRATOR


class NotConvergedError(ConflictError):
    """After several rounds Keycloak still differs, because somebody changes it at the same time; tried again."""

    code = "not-converged"
    clause = "JC 9"
    says = Text("身份服务与台账仍有差异：{left}", "Keycloak still differs from the register: {left}")
