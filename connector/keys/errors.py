"""Refusals of the keys. Facts are serial numbers and user names, never names of persons."""

from connector.errors import ConflictError, ConnectorError, Text

_CUSTODIAN = Text("密钥保管员", "the key custodian")


class KeyMoveError(ConflictError):
    """The key's state does not lead to the one asked for."""

    code = "key-move"
    clause = "GS 16"
    says = Text(
        "密钥{serial}当前为“{former_zh}”，不能转为“{wanted_zh}”", "Key {serial} is {former}, not to be {wanted}"
    )
    remedy = Text("请核对密钥台账中的当前状态", "Check the key's present state in the inventory")
    who = _CUSTODIAN


class OwnKeyError(ConnectorError):
    """A custodian issues, takes back or destroys a key of his own."""

    code = "own-key"
    status = 403
    clause = "GS 16"
    says = Text("不得办理本人的密钥", "Nobody handles his own key")
    remedy = Text("请由另一名密钥保管员办理", "Ask another key custodian")
    who = _CUSTODIAN


class WitnessError(ConnectorError):
    """A key is destroyed by two people, and the second is not another one."""

    code = "witness-needed"
    status = 422
    clause = "GS 16"
    says = Text("销毁密钥须由另一人见证", "A key is destroyed before a witness, who is somebody else")
    remedy = Text("请填写另一名在用账号的使用人", "Name another person with an active account")
    who = _CUSTODIAN


class AccountHoldsKeyError(ConflictError):
    """The account holds a key already; a person has one."""

    code = "account-holds-key"
    clause = "GS 10(1)"
    says = Text("账号{user_name}已持有密钥{serial}", "Account {user_name} holds key {serial} already")
    remedy = Text("请先收回或登记遗失、损坏", "Take it back first, or report it lost or damaged")
    who = _CUSTODIAN


class KeyNotHeldError(ConflictError):
    """The account does not hold this key."""

    code = "key-not-held"
    clause = "GS 12"
    says = Text("账号{user_name}未持有该密钥", "Account {user_name} does not hold this key")
    remedy = Text("请核对密钥序列号", "Check the serial number of the key")
    who = Text("使用人、密钥保管员", "the person, or the key custodian")


class KeyIdTakenError(ConflictError):
    """The credential is that of another key of the inventory."""

    code = "key-id-taken"
    clause = "GS 10(1)"
    says = Text("该凭据已登记在密钥{serial}名下", "This credential is registered for key {serial}")
    remedy = Text("请核查两枚密钥的来源", "Find out where both keys come from")
    who = _CUSTODIAN


class AccountNotReadyError(ConflictError):
    """The account's status does not allow a key or a waiver."""

    code = "account-not-ready"
    clause = "GS 12"
    says = Text("账号{user_name}当前状态为{status}，不能办理", "Account {user_name} is {status}; this cannot be done")
    remedy = Text("请先按规定申请启用账号", "Apply for enabling the account first")
    who = Text("科室（单位）负责人", "the unit head")


class ReplacementNotApprovedError(ConflictError):
    """A new key is issued in place of a lost or damaged one only after the request is approved."""

    code = "replacement-not-approved"
    clause = "GS 12"
    says = Text("账号{user_name}的密钥补发申请尚未批准", "The replacement for account {user_name} is not approved")
    remedy = Text("请先提交并办结密钥补发申请", "Submit the request for a replacement and have it approved")
    who = Text("科室（单位）负责人", "the unit head")


class ReplacementNotOpenError(ConflictError):
    """There is no open case of a lost or damaged key for the account."""

    code = "replacement-not-open"
    clause = "GS 12"
    says = Text("账号{user_name}没有待办的密钥补发", "No replacement is open for account {user_name}")
    remedy = Text("请先登记密钥遗失或损坏", "Report the key lost or damaged first")
    who = _CUSTODIAN


class KeyStillMissingError(ConflictError):
    """The account was frozen for a lost or damaged key, and is enabled with the new one, not before."""

    code = "key-still-missing"
    clause = "GS 12"
    says = Text("账号{user_name}须待补发密钥后启用", "Account {user_name} is enabled with its new key, not before")
    remedy = Text("请先办结密钥补发", "Have the replacement approved and the new key issued")
    who = _CUSTODIAN


class WaiverOverError(ConflictError):
    """The waiver's end is past."""

    code = "waiver-over"
    clause = "GS 10(2)"
    says = Text("所批的截止时间已过", "The end that was approved is past")
    remedy = Text("请重新申请并填写以后的日期", "Apply again with a later day")
    who = Text("申请人", "the applicant")


class SheetUnreadableError(ConnectorError):
    """The file is no .csv or .xlsx of this product's template. `reason` says what is wrong, without content."""

    code = "key-sheet-unreadable"
    status = 422
    clause = "GS 16"
    says = Text("导入文件无法读取：{reason}", "The file cannot be read: {reason}")
    remedy = Text("请使用模板，保存为 .csv（UTF-8）或 .xlsx", "Use the template; save as .csv (UTF-8) or .xlsx")
    who = _CUSTODIAN
