"""Refusals and faults of the signals."""

from connector.errors import ConnectorError, NotFoundError, Text, UnavailableError

SUBSYSTEM = Text("该子系统的管理员", "the administrator of the subsystem")


class UnknownStreamError(NotFoundError):
    """No stream is registered for this subsystem."""

    code = "signal-unknown-stream"
    says = Text("子系统{subsystem}没有登记安全事件接收地址", "No signal stream is registered for {subsystem}")
    remedy = Text("请安全管理员先登记", "Ask the security administrator to register it first")
    who = Text("安全管理员", "the security administrator")

    def __init__(self, subsystem: str) -> None:
        super().__init__(subsystem=subsystem)


class StreamDisabledError(ConnectorError):
    """The stream was switched off after this signal was put in line; it is not sent."""

    code = "signal-stream-disabled"
    status = 409
    says = Text(
        "子系统{subsystem}的安全事件接收地址已停用，未发送", "The stream of {subsystem} is disabled; nothing was sent"
    )
    remedy = Text("请重新登记安全事件接收地址后重试此步骤", "Register the stream again, then retry the step")
    who = Text("安全管理员", "the security administrator")


class SignalNotTakenError(UnavailableError):
    """The subsystem did not accept the token (anything but 202 and 400); it is sent again until it does."""

    code = "signal-not-taken"
    says = Text("子系统{subsystem}未接收安全事件：{reason}", "{subsystem} did not take the signal: {reason}")


class SignalRefusedError(ConnectorError):
    """The subsystem refused the token as wrong (400, RFC 8935 2.4): sending it again will not help."""

    code = "signal-refused"
    status = 502
    clause = "GS 12-14"
    says = Text("子系统{subsystem}拒绝了安全事件：{reason}", "{subsystem} refused the signal: {reason}")
    remedy = Text(
        "请核对其受众和密钥设置，然后重试此步骤",
        "Check its audience and keys, then retry the step; until then it may not know of the freeze",
    )
    who = SUBSYSTEM
