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
