"""Refusals that only pages know."""

from connector.errors import ConnectorError, NotSignedInError, Text


class SignInNeededError(NotSignedInError):
    """The browser has no living session; a page sends the person to the sign-in."""

    code = "sign-in-needed"
    clause = "GS 10(2)"


class PageExpiredError(ConnectorError):
    """The form was not made by this session, or by none: nothing was done."""

    code = "page-expired"
    status = 403
    clause = "GS 10(2)"
    says = Text("页面已过期，没有提交", "The page has expired; nothing was submitted")
    remedy = Text("请重新打开此页面，填写后再提交", "Open the page again, fill it in and submit it")
    who = Text("使用人本人", "the person himself")


class NoAccountHereError(ConnectorError):
    """Keycloak knows the person, this product's register does not, or not as active."""

    code = "no-account-here"
    status = 403
    clause = "LC 7"
    says = Text("此账号不能登录：未登记，或不在启用状态", "This account cannot sign in: not registered, or not active")
    remedy = Text("请由本科室（单位）负责人申请启用", "Let the head of the unit apply for enabling it")
    who = Text("科室（单位）负责人", "the unit head")
