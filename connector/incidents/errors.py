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


class FreezeOfCaseError(ConflictError):
    """The order froze the account of an open case: it comes back by the case and the ordinary request alone."""

    code = "freeze-of-case"
    clause = "GS 13, GS 14"
    says = Text("指令{number}属于未结案件{case}，不能直接解冻", "Order {number} belongs to the open case {case}")
    remedy = Text("请按案件步骤处理，再提交启用申请", "Follow the steps of the case, then apply for enabling")
    who = OFFICERS


class NoTreeError(ConflictError):
    """No rule pack in force has a decision tree for such a case."""

    code = "no-decision-tree"
    clause = "GS 13, GS 14"
    says = Text("启用的规则包中没有该类案件的处置步骤", "No rule pack in force has the steps for such a case")
    remedy = Text(
        "请启用 GS 规则包，或在中心自有规则包中写明", "Put the pack GS in force, or write the steps in your own"
    )


class CaseOpenError(ConflictError):
    """The account has an open case already."""

    code = "case-open-already"
    clause = "GS 13, GS 14"
    says = Text("该账号已有未结案件{number}", "The account has the open case {number}")
    remedy = Text("请在该案件中继续处理", "Go on in that case")
    who = OFFICERS


class CaseClosedError(ConflictError):
    """The case is closed; nothing in it changes any more."""

    code = "case-closed"
    clause = "GS 15"
    says = Text("案件{number}已结案", "Case {number} is closed")
    remedy = Text("如有新情况，请另立案件", "Open another case for what is new")
    who = OFFICERS


class HeldByCaseError(ConflictError):
    """An open case holds the account. Its number is not told: whoever asks may not read the case."""

    code = "held-by-case"
    clause = "GS 13, GS 14"
    says = Text("该账号正按事件处置程序处理，不能启用", "An incident case holds the account: it is not put into use")
    remedy = Text(
        "请待案件回答完毕、其他措施完成后再申请启用", "Apply when the case is answered and its other measures are done"
    )
    who = OFFICERS


class OwnCaseError(ConnectorError):
    """Nobody handles or reads a case that is about himself."""

    code = "own-case"
    status = 403
    clause = "GS 13, GS 14"
    says = Text("本案涉及本人，不能立案、查看或处理", "The case is about you: you cannot open, read or handle it")
    remedy = Text("请由另一名有权人员处理", "Another person who may do so handles it")
    who = OFFICERS


class CreatedBySubjectError(ConnectorError):
    """Whoever the compromised account created or appointed handles nothing of its case."""

    code = "created-by-subject"
    status = 403
    clause = "GS 13"
    says = Text(
        "本人的账号或任职由涉案账号设置，不能处理此案", "Your account or office was made by the account in question"
    )
    remedy = Text("请由与涉案账号无关的人员处理", "Somebody the account has not set up handles the case")
    who = OFFICERS


class CaseStepError(ConflictError):
    """A step comes before this one; `open` names what is to be done first."""

    code = "case-step-first"
    clause = "GS 13, GS 14, GS 15"
    says = Text("还有步骤未完成：{zh}", "Steps are still open: {en}")
    remedy = Text("请先完成上述步骤", "Do these steps first")
    who = OFFICERS


class WrongAnswerError(ConflictError):
    """The question is no longer open, the answer is none of its answers, or the list of created users denies it."""

    code = "wrong-answer"
    clause = "GS 13, GS 14"
    says = Text("此回答不能采用：{zh}", "This answer does not hold: {en}")
    remedy = Text("请刷新后按当前问题和清单回答", "Reload and answer by the open question and the list")
    who = OFFICERS


class ReportChangedError(ConflictError):
    """The report is no longer the version that was shown, or it is signed already."""

    code = "report-changed"
    clause = "GS 15"
    says = Text("报告已更新或已签发，未执行", "The report has a newer version or is signed; nothing was done")
    remedy = Text("请查看最新版本", "Read the newest version")
    who = OFFICERS


class ReportWriterError(ConnectorError):
    """The report is signed by somebody other than who wrote it."""

    code = "report-writer"
    status = 403
    clause = "GS 15"
    says = Text("报告须由编写人以外的负责人签发", "Somebody other than its writer signs the report")
    remedy = Text(
        "请由信息技术科负责人或中心主要负责人签发", "The head of the system department or the principal signs it"
    )
    who = Text("信息技术科负责人或中心主要负责人", "the head of the system department or the principal")


class UnknownImpactError(ConnectorError):
    """The packs have no term for such an impact."""

    code = "unknown-impact"
    status = 422
    clause = "LC 7(3)"
    says = Text("没有此影响程度：{impact}", "There is no such impact: {impact}")
    remedy = Text("请从规则包规定的影响程度中选择", "Choose one that the rule packs name")
    who = OFFICERS


class OwnAlarmError(ConnectorError):
    """An alarm is acknowledged by somebody whom it is not about."""

    code = "own-alarm"
    status = 403
    clause = "GX 11"
    says = Text("此告警涉及本人，须由他人确认", "The alarm is about you: another person acknowledges it")
    remedy = Text("请由安全管理员、中心主要负责人或信息技术科负责人中的他人确认", "Ask another officer")
    who = OFFICERS


class AlarmClosedError(ConflictError):
    """The alarm was acknowledged already, or has counted more since it was shown."""

    code = "alarm-closed"
    clause = "GX 11"
    says = Text("告警已确认，或查看后又有新增", "The alarm was acknowledged, or has counted more since you looked")
    remedy = Text("请刷新后再确认", "Reload and look again")
    who = OFFICERS
