"""Refusals of the reviews: each names the broken rule and its clause."""

from connector.errors import ConflictError, ConnectorError, ForbiddenError, Text


class SelfReviewError(ForbiddenError):
    """Nobody reviews what he holds himself."""

    code = "self-review"
    clause = "JC 7, JC 9"
    says = Text("不能复核本人的权限", "Nobody reviews his own permissions")
    remedy = Text("请由{offices}复核", "To be reviewed by: {offices}")
    who = Text("{offices}", "{offices}")


class NotReviewerError(ForbiddenError):
    """The person is not one of those who may answer for this account now."""

    code = "not-reviewer"
    clause = "JC 9, HH 3"
    says = Text("此账号的权限不由本人复核", "This account is not yours to review")
    remedy = Text("请由{offices}复核", "To be reviewed by: {offices}")
    who = Text("{offices}", "{offices}")


class AlreadyAnsweredError(ConflictError):
    """Somebody answered first; an answer stands."""

    code = "already-answered"
    clause = "JC 9"
    says = Text("此账号已由他人于{at}复核", "This account was answered already, at {at}")
    remedy = Text("请查看复核结果", "Look at the answer that was given")
    who = Text("复核人", "the reviewer")


class CampaignClosedError(ConflictError):
    """The campaign has ended."""

    code = "campaign-closed"
    clause = "JC 9"
    says = Text("复核{number}已结束", "The review {number} has ended")
    remedy = Text("如需变更权限，请提交申请", "Apply for the change instead")
    who = Text("申请人", "the applicant")


class CampaignOpenError(ConflictError):
    """Something of the campaign is not done yet, so that it cannot be closed."""

    code = "campaign-open"
    clause = "JC 9"
    says = Text(
        "复核尚不能结束：未答复{unanswered}个，未收回{waiting}个",
        "The review cannot end: {unanswered} unanswered, {waiting} not withdrawn yet",
    )
    remedy = Text("请先办结收回申请；未答复的须先列入主要负责人清单", "Settle these first; silence goes up")
    who = Text("复核人和审批人", "reviewers and approvers")


class NothingToReviewError(ConflictError):
    """No account with permissions in these units."""

    code = "nothing-to-review"
    clause = "JC 9"
    says = Text("所选单位没有持有权限的账号", "No account of these units holds a permission")
    remedy = Text("请另选单位", "Choose other units")
    who = Text("信息技术科", "the system department")


class ReviewUnderWayError(ConflictError):
    """A unit is under review already."""

    code = "review-under-way"
    clause = "JC 9"
    says = Text("{unit}正在复核（{number}）", "{unit} is under review already ({number})")
    remedy = Text("请等待其结束", "Wait until it has ended")
    who = Text("信息技术科", "the system department")


class PeriodDoneError(ConflictError):
    """What comes round was done for this period."""

    code = "period-done"
    clause = "HH 3, JC 19"
    says = Text("{period}已办理", "{period} is done already")
    remedy = Text("请查看已有记录", "Look at what is there")
    who = Text("信息技术科", "the system department")


class PeriodNotOverError(ConflictError):
    """A period is filed when it is over."""

    code = "period-not-over"
    clause = "JC 19"
    says = Text("{period}尚未结束，不能备案", "{period} is not over yet and cannot be filed")
    remedy = Text("请在季度结束后办理", "Prepare it when the quarter has ended")
    who = Text("信息技术科", "the system department")


class NotAskedForError(ConflictError):
    """No rule pack in force asks for this check."""

    code = "not-asked-for"
    clause = "HH 3, GS 16"
    says = Text("启用的规则包未要求此项检查：{name}", "No rule pack in force asks for this check: {name}")
    remedy = Text("请核对规则包设置", "Look at the rule packs in force")
    who = Text("信息技术科", "the system department")


class NotSealedYetError(ConflictError):
    """The checkpoint that gives the seed is not signed yet."""

    code = "not-sealed-yet"
    clause = "JC 9"
    says = Text("抽样种子尚未产生：审计记录还未签署检查点", "No seed yet: the record's next checkpoint is not signed")
    remedy = Text("请稍后再试；作业 seal_record 每10秒签署一次", "Try again shortly; the job seal_record signs it")
    who = Text("信息技术科", "the system department")


class OwnUnitInspectionError(ForbiddenError):
    """An inspector does not inspect the unit he belongs to, nor himself."""

    code = "own-unit-inspection"
    clause = "JC 9, GS 17"
    says = Text("检查人员不能检查本单位", "An inspector does not inspect his own unit")
    remedy = Text("请由其他单位的检查人员办理", "An inspector of another unit must answer")
    who = Text("其他检查人员", "another inspector")


class NotInspectorError(ForbiddenError):
    """The person is not an inspector of this inspection."""

    code = "not-inspector"
    clause = "JC 9, GS 17"
    says = Text("不是此次抽查的检查人员", "Not an inspector of this inspection")
    remedy = Text("请由指定的检查人员办理", "An inspector named for it must answer")
    who = Text("检查人员", "an inspector")


class InspectionStateError(ConflictError):
    """The inspection is not at the step this act belongs to."""

    code = "inspection-state"
    clause = "JC 9"
    says = Text("抽查当前状态为{state}，不能办理", "The inspection is {state}; this cannot be done")
    remedy = Text("请查看抽查的进度：{missing}", "Look at its progress: {missing}")
    who = Text("检查人员", "the inspector")


class CorrectionStateError(ConflictError):
    """The correction is not at the step this act belongs to."""

    code = "correction-state"
    clause = "GS 17"
    says = Text("整改事项当前状态为{state}，不能办理", "The correction is {state}; this cannot be done")
    remedy = Text("请查看整改事项的当前状态", "Look at its present state")
    who = Text("责任人或检查人员", "the person responsible, or the inspector")


class OwnCorrectionError(ForbiddenError):
    """Whoever put a thing right does not check it."""

    code = "own-correction"
    clause = "JC 7, GS 17"
    says = Text("不能复查由本人负责的整改", "Nobody checks a correction he is responsible for")
    remedy = Text("请由其他人员复查", "Somebody else must check it")
    who = Text("检查人员", "the inspector")


class FilingStateError(ConflictError):
    """The filing is not at the step this act belongs to."""

    code = "filing-state"
    clause = "JC 19"
    says = Text("备案材料当前状态为{state}，不能办理", "The filing is {state}; this cannot be done")
    remedy = Text("顺序为：制作、签署、登记回执", "The order is: prepare, sign, note the receipt")
    who = Text("信息技术科和中心主要负责人", "the system department and the principal")


class OwnFilingError(ForbiddenError):
    """Whoever prepared a filing does not sign it."""

    code = "own-filing"
    clause = "JC 7, JC 19"
    says = Text("备案材料不能由制作人本人签署", "Whoever prepared the filing cannot sign it")
    remedy = Text("请由中心主要负责人签署", "The principal must sign it")
    who = Text("中心主要负责人", "the principal")


class FilingChangedError(ConflictError):
    """The package is not the one that was shown to the signer."""

    code = "filing-changed"
    clause = "JC 19"
    says = Text("备案材料在显示之后已重新制作，未签署", "Prepared anew since it was shown; nothing was signed")
    remedy = Text("请重新查看后再签署", "Read it again, then sign")
    who = Text("中心主要负责人", "the principal")


class PackageUnreadableError(ConnectorError):
    """The file is no package of a filing. `reason` says what is wrong, without content."""

    code = "package-unreadable"
    status = 422
    clause = "JC 19"
    says = Text("备案材料无法读取：{reason}", "The package cannot be read: {reason}")
    remedy = Text("请重新取得原文件后再核验", "Get the file anew from whoever filed it, then verify")
    who = Text("备案单位", "the unit that filed it")


class UnsignableFilingError(ConnectorError):
    """The package stored is not what its manifest says: it must not be signed."""

    code = "filing-damaged"
    status = 500
    says = Text("备案材料与清单不一致：{reason}", "The package does not agree with its manifest: {reason}")
    remedy = Text("请重新制作并检查数据库", "Prepare it anew and look at the database")
