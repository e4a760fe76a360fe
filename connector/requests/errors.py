"""Refusals of the requests: each names the broken rule and its clause."""

from connector.errors import ConflictError, ConnectorError, ForbiddenError, Text


class SelfApprovalError(ForbiddenError):
    """Nobody decides on a request he made or benefits from."""

    code = "self-approval"
    clause = "JC 7"
    says = Text("不能审批自己提交或自己为使用人的申请", "Nobody decides on his own request or on himself")
    remedy = Text("请由本环节的其他任职人员审批", "Another holder of this stage's office must decide")
    who = Text("本环节其他任职人员", "another holder of the office")


class SecondPartError(ForbiddenError):
    """Nobody takes part twice in one request: application, decision and execution are different people."""

    code = "second-part"
    clause = "JC 7, HH 3"
    says = Text("同一人不能在一份申请中参与两个环节", "The same person cannot take part twice in one request")
    remedy = Text("请由本环节的其他任职人员审批", "Another holder of this stage's office must decide")
    who = Text("本环节其他任职人员", "another holder of the office")


class WrongOfficeError(ForbiddenError):
    """The decider does not hold the office of this stage in its unit today."""

    code = "wrong-office"
    clause = "LC 6(1), JC 11"
    says = Text("此环节须由{office}审批", "This stage is decided by: {office}")
    remedy = Text("请由该岗位任职人员审批", "A holder of that office must decide")
    who = Text("{office}", "{office}")


class InPersonError(ForbiddenError):
    """A deputy or an alternate cannot make this decision: the office holder makes it himself."""

    code = "in-person"
    clause = "HH 3"
    says = Text("此项须由{office}本人审批，不得代理", "The {office_en} decides this in person; nobody stands for him")
    remedy = Text("请由任职人员本人审批", "The office holder must decide himself")
    who = Text("{office}本人", "the {office_en} himself")


class RepresentedPartError(ForbiddenError):
    """The one the deputy stands for takes part in the request himself; the deputy is no way round the separation."""

    code = "represented-part"
    clause = "JC 7, HH 3"
    says = Text(
        "被代理人已参与此申请（提交、审批或为使用人），其代理人不能审批",
        "The person stood for has a part in this request himself, so his deputy cannot decide it",
    )
    remedy = Text("请由本环节的其他任职人员审批", "Another holder of this stage's office must decide")
    who = Text("本环节其他任职人员", "another holder of the office")


class NeededLaterError(ConflictError):
    """Who decides now in another's place would be missing at a later stage that needs him."""

    code = "needed-later"
    clause = "JC 7, HH 3"
    says = Text(
        "由代理人审批后，后续环节将没有可以审批的人员，审批未提交",
        "A later stage would have nobody left to decide it; nothing was decided",
    )
    remedy = Text("请由任职人员本人或其他代理人审批", "The office holder himself or another deputy must decide")
    who = Text("本环节任职人员", "the holder of this stage's office")


class ContentChangedError(ConflictError):
    """The content has changed since it was shown to the decider (B12)."""

    code = "content-changed"
    clause = "JC 11"
    says = Text(
        "申请内容在显示之后已变化，审批未提交", "The content has changed since it was shown; nothing was decided"
    )
    remedy = Text("请重新查看申请后再审批", "Read the request again, then decide")
    who = Text("审批人", "the approver")


class StageClosedError(ConflictError):
    """Somebody else decided first, or an earlier stage is still open."""

    code = "stage-closed"
    clause = "JC 7"
    says = Text("此环节的状态为{state}，不能审批", "This stage is {state}; it cannot be decided")
    remedy = Text("请查看申请的当前环节", "Look at the request's present stage")
    who = Text("审批人", "the approver")


class RequestClosedError(ConflictError):
    """The request has ended or is with the applicant."""

    code = "request-closed"
    clause = "JC 15"
    says = Text("申请的状态为{state}，不能办理", "The request is {state}; this cannot be done")
    remedy = Text("如仍需要，请重新提交申请", "Submit a new request if it is still needed")
    who = Text("申请人", "the applicant")


class OpenRequestError(ConflictError):
    """Two requests for one person at once: one wins."""

    code = "open-request"
    clause = "LC 5(3)"
    says = Text("此使用人已有一份未办结的申请", "This person already has an open request")
    remedy = Text("请等待其办结，或由申请人撤回后再提交", "Wait until it has ended, or have its applicant withdraw it")
    who = Text("原申请的申请人", "the applicant of the other request")


class OpenTableRequestError(ConflictError):
    """Two tables of posts for one unit at once: one waits for its decision already."""

    code = "open-table-request"
    clause = "JC 5"
    says = Text("{unit}已有一份待审批的对照表：{number}", "A table of {unit} waits for its decision already: {number}")
    remedy = Text("请等待其办结，或由申请人撤回后再提交", "Wait until it has ended, or have its applicant withdraw it")
    who = Text("原申请的申请人", "the applicant of the other request")


class OpenUnitChangeError(ConflictError):
    """A change of the unit waits for its decision or its day already."""

    code = "open-unit-change"
    clause = "HH 1, GS 3"
    says = Text("此单位已有一份未完成的撤并方案", "A change of this unit is under way already")
    remedy = Text("请等待其完成，或由申请人撤回", "Wait until it is done, or have its applicant withdraw it")
    who = Text("操作员", "the operator")


class NoApproverError(ConflictError):
    """A stage has nobody who may decide it. Refused, never skipped."""

    code = "no-approver"
    clause = "LC 6(1), JC 11"
    says = Text("审批环节缺少可以审批的任职人员：{offices}", "No eligible office holder for: {offices}")
    remedy = Text("请安全管理员办理任职登记并经另一人确认", "Have an appointment made and confirmed by a second person")
    who = Text("安全管理员", "the security administrator")


class NotApplicantError(ForbiddenError):
    """Only the applicant may withdraw or resubmit, and only for a unit he belongs to."""

    code = "not-applicant"
    clause = "LC 6(1)"
    says = Text("只有本单位的申请人可以办理此项", "Only the unit's applicant may do this")
    remedy = Text("请由申请人或其所在单位办理", "Ask the applicant or his unit")
    who = Text("申请人", "the applicant")


class OtherUnitError(ForbiddenError):
    """The person belongs to another unit: its own offices would not be asked."""

    code = "other-unit"
    clause = "LC 6(1)"
    says = Text("使用人不属于{unit}", "The person does not belong to {unit}")
    remedy = Text("请以使用人所在单位的名义申请", "Apply for the unit the person belongs to")
    who = Text("使用人所在单位", "the person's own unit")


class NotUnderVerificationError(ConflictError):
    """Full numbers are shown while a new registration is being verified, and at no other time."""

    code = "not-under-verification"
    clause = "LC 5(5), HH 3, HH 4"
    says = Text(
        "此申请不在登记核验环节，不能查看完整号码", "This request is not being verified; its numbers stay masked"
    )
    remedy = Text("确需查看的，请有权人员说明理由后查看", "Ask somebody who may, with a reason")
    who = Text(
        "信息技术科负责人、操作员、安全管理员", "head of the system department, operator, security administrator"
    )


class NothingToChangeError(ConflictError):
    """The request asks for what is already so."""

    code = "nothing-to-change"
    clause = "LC 6(1)"
    says = Text("申请的内容与现状相同", "The request asks for what is already so")
    remedy = Text("请核对现有权限和账号状态", "Check present permissions and status")
    who = Text("申请人", "the applicant")


class TermsMissingError(ConnectorError):
    """A time box or an exception is missing, or stands in a request of another kind."""

    code = "terms-missing"
    status = 422
    clause = "JC 18, HH 3"
    says = Text("“{name}”只用于且必须用于申请{kind}", "“{name}” belongs to requests of kind {kind}, which need it")
    remedy = Text("请按申请类别填写", "Send what the kind of request needs")
    who = Text("申请人", "the applicant")


class WrongStatusError(ConflictError):
    """The account's status does not allow this kind of request."""

    code = "wrong-status"
    clause = "LC 7"
    says = Text("账号当前状态为{status}，不能申请{kind}", "The account is {status}; {kind} cannot be applied for")
    remedy = Text(
        "请核对账号状态；已禁用的账号请申请启用，已注销的请为使用人重新登记",
        "Check the status; a disabled account is enabled; who had one that is cancelled is registered again",
    )
    who = Text("申请人", "the applicant")


class MirrorBehindError(ConflictError):
    """Keycloak's events were not read lately: who used his account since the proposal cannot be seen."""

    code = "mirror-behind"
    clause = "LC 7(2)"
    says = Text(
        "登录记录已{seconds}秒未更新，无法核实提请后是否有人使用账号，审批未提交",
        "Login events were not read for {seconds} s: who used his account since cannot be seen; nothing was decided",
    )
    remedy = Text(
        "请稍后再试；如持续出现，请检查作业 ingest_events 和身份服务",
        "Try again in a minute; if it goes on, look at the job ingest_events and at Keycloak",
    )
