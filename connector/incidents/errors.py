"""Refusals of the freeze orders."""

from connector.errors import ConflictError, ConnectorError, Text

OFFICERS = Text("安全管理员或中心主要负责人", "the security administrator or the principal")


class NothingToFreezeError(ConflictError):
    """The scope holds no account that is in use."""

    code = "nothing-to-freeze"
    clause = "GS 13, GS 14"
    says = Text("该范围内没有可冻结的账号", "No account of this scope is in use")
    remedy = Text("请核对范围；已冻结、禁用或注销的账号不再冻结", "Check the scope; accounts out of use are left out")
    who = OFFICERS


class FreezePlanChangedError(ConflictError):
    """The accounts of the scope are no longer those that were shown; nothing was done."""

    code = "freeze-plan-changed"
    clause = "GS 13, GS 14"
    says = Text(
        "名单已变化：现有{count}个账号，未执行", "The list has changed: now {count} account(s); nothing was done"
    )
    remedy = Text("请重新查看名单后再下达", "Look at the list again, then order anew")
    who = OFFICERS


class FreezeSameOfficerError(ConnectorError):
    """An order is confirmed by somebody other than who gave it."""

    code = "freeze-same-officer"
    status = 403
    clause = "JC 7"
    says = Text("须由下达人以外的人员确认", "The order is confirmed by somebody other than its giver")
    remedy = Text("请由另一名有权人员确认", "Ask another person who may give such an order")
    who = OFFICERS


class FreezeOrderClosedError(ConflictError):
    """The order no longer waits: it was started, refused, or its hour is over."""

    code = "freeze-order-closed"
    clause = "JC 7"
    says = Text("指令{number}的状态为{state}，不能再确认或驳回", "Order {number} is {state} and waits for nobody")
    remedy = Text("如仍需要，请重新下达", "If it is still needed, order anew")
    who = OFFICERS


class FreezeNotUndoableError(ConflictError):
    """Only a freeze that was carried out can be undone, and only accounts that it froze and that are frozen still."""

    code = "freeze-not-undoable"
    clause = "GS 13, GS 14"
    says = Text("指令{number}没有可解冻的账号", "Order {number} has no account to put back into use")
    remedy = Text("另有原因冻结的账号请申请启用", "Accounts frozen for another cause need a request to enable them")
    who = OFFICERS
