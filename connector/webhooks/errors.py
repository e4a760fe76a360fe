"""Refusals and faults of the webhooks."""

from connector.errors import ConflictError, ConnectorError, ForbiddenError, NotFoundError, Text, UnavailableError

SENDER = Text("对接系统的管理员", "the administrator of the connected system")


class UnknownEndpointError(NotFoundError):
    """No endpoint has this id."""

    code = "webhook-unknown-endpoint"
    says = Text("没有此对接端点", "There is no such endpoint")
    who = SENDER

    def __init__(self) -> None:
        super().__init__()


class EndpointDisabledError(ConnectorError):
    """The endpoint is registered, and is switched off: it neither sends nor receives."""

    code = "webhook-endpoint-disabled"
    status = 403
    says = Text("对接端点已停用：{name}", "The endpoint is disabled: {name}")
    remedy = Text("请安全管理员重新登记该端点", "Ask the security administrator to register it again")
    who = Text("安全管理员", "the security administrator")


class EndpointNameTakenError(ConflictError):
    """Another endpoint has this name."""

    code = "webhook-endpoint-name"
    says = Text("对接端点名称已被使用：{name}", "An endpoint has this name already: {name}")
    remedy = Text("请换一个名称", "Choose another name")


class DuplicateMessageError(ConflictError):
    """A message with this id was received before; it does not count again."""

    code = "webhook-duplicate"
    clause = "JC 7"
    says = Text(
        "消息编号{message}已接收过，未重复处理", "Message {message} was received before and was not processed again"
    )
    remedy = Text("如需办理新的事项，请使用新的消息编号", "For something new, use a new message id")
    who = SENDER


class EndpointNotEntitledError(ForbiddenError):
    """The endpoint does not answer for this unit or this office."""

    code = "webhook-not-entitled"
    says = Text("该对接端点不能办理此环节", "This endpoint may not answer for this stage")
    remedy = Text(
        "请在系统页面上审批，或由安全管理员调整端点的岗位",
        "Decide in the web inbox, or have the endpoint's offices changed",
    )
    who = Text("安全管理员", "the security administrator")

    def __init__(self) -> None:
        super().__init__()


class UnknownDeciderError(ForbiddenError):
    """The message names a person this product does not know as a decider."""

    code = "webhook-unknown-decider"
    says = Text("消息中的审批人没有可用账号", "The decider named in the message has no account in use")
    remedy = Text("请核对审批人的用户名", "Check the decider's user name")
    who = SENDER

    def __init__(self) -> None:
        super().__init__()


class MessageTooLargeError(ConnectorError):
    """The body is larger than a message may be."""

    code = "webhook-too-large"
    status = 413
    says = Text("消息正文超过{limit}字节", "The body is larger than {limit} bytes")
    remedy = Text("请只发送任务编号和审批结论", "Send only the task and the verdict")
    who = SENDER


class WebhookNotTakenError(UnavailableError):
    """The endpoint did not answer 2xx; the message is sent again by the schedule."""

    code = "webhook-not-taken"
    says = Text("对接端点{name}未接收消息：{reason}", "Endpoint {name} did not take the message: {reason}")


class EndpointGoneError(ConnectorError):
    """The endpoint answered 410 Gone: it wants no more messages and was disabled."""

    code = "webhook-endpoint-gone"
    status = 502
    says = Text("对接端点{name}已声明停用（410）", "Endpoint {name} says it is gone (410) and was disabled")
    remedy = Text("请与对接系统确认后重新登记", "Ask the connected system, then register it again")
    who = Text("安全管理员", "the security administrator")
