"""Refusals of the registration: each names the broken rule and its clause. Facts never hold personal values."""

from connector.errors import ConflictError, ForbiddenError, Text


class OpenMismatchError(ConflictError):
    """The person has an open case of untrue data already."""

    code = "open-mismatch"
    clause = "HH 4"
    says = Text("此使用人已有一件未办结的信息不符个案", "This person has an open case of untrue data already")
    remedy = Text("请在原个案中继续办理", "Go on with that case")
    who = Text("核验人", "the verifier")


class MismatchClosedError(ConflictError):
    """The case has ended."""

    code = "mismatch-closed"
    clause = "HH 4"
    says = Text("此个案已办结", "This case has ended")
    remedy = Text("如再次发现不符，请另立个案", "Open another case if the data are untrue again")
    who = Text("核验人", "the verifier")


class DataUntrueError(ConflictError):
    """The account is suspended for untrue data, and no correction is verified."""

    code = "data-untrue"
    clause = "HH 4"
    says = Text("账号因登记信息不符暂停，尚未改正", "The account is suspended for untrue data that are not corrected")
    remedy = Text("请先提交更正并经核验；核验后自动提请启用", "Send the correction; its enabling follows when verified")
    who = Text("使用人或所在单位，然后核验人", "the person or his unit, then the verifier")


class CorrectionWaitsError(ConflictError):
    """A correction waits for its verifier already."""

    code = "correction-waits"
    clause = "HH 4"
    says = Text("已有一份更正等待核验", "A correction waits for its verification already")
    remedy = Text("请等待核验人办理", "Wait for the verifier")
    who = Text("核验人", "the verifier")


class CorrectionChangedError(ConflictError):
    """The correction is not the one that was shown, or is decided already."""

    code = "correction-changed"
    clause = "HH 4"
    says = Text("更正内容与显示时不同或已核验", "The correction is not the one shown, or is decided already")
    remedy = Text("请重新查看后再核验", "Read it again, then decide")
    who = Text("核验人", "the verifier")


class OwnVerificationError(ForbiddenError):
    """Nobody verifies his own data, what he sent himself, or the case that he opened."""

    code = "own-verification"
    clause = "HH 3, HH 4"
    says = Text(
        "不能核验本人的信息、本人提交的更正或本人发起的个案",
        "Nobody verifies his own data, what he sent, or the case he opened",
    )
    remedy = Text("请由另一名核验人办理", "Ask another verifier")
    who = Text("另一名核验人", "another verifier")


class OpenChangeError(ConflictError):
    """A change of this duty of the unit is announced already."""

    code = "open-contact-change"
    clause = "HH 3, GX 12"
    says = Text("此单位的该项人员变更已通知，尚未生效", "This change of the unit is announced and not yet effective")
    remedy = Text("请在原通知中办理，或先撤回", "Go on with that announcement, or withdraw it first")
    who = Text("单位负责人", "the unit head")


class SameDutyError(ConflictError):
    """Handler and reviewer of a unit are different people."""

    code = "handler-is-reviewer"
    clause = "HH 3"
    says = Text("同一单位的经办和审核不能由同一人担任", "Handler and reviewer of a unit are different people")
    remedy = Text("请另择人员", "Name somebody else")
    who = Text("单位负责人", "the unit head")


class ChangeClosedError(ConflictError):
    """The change is filed or withdrawn."""

    code = "contact-change-closed"
    clause = "HH 3"
    says = Text("此变更已归档或已撤回", "This change is filed or withdrawn")
    remedy = Text("如需再次变更，请另行通知", "Announce another change if one is needed")
    who = Text("单位负责人", "the unit head")


class SuccessorMissingError(ConflictError):
    """Nobody is named yet who takes over."""

    code = "successor-missing"
    clause = "HH 3"
    says = Text("尚未指定接任人员", "Nobody is named yet who takes over")
    remedy = Text("请单位负责人指定接任人员", "Have the unit head name him")
    who = Text("单位负责人", "the unit head")


class OtherSideError(ForbiddenError):
    """Each side signs itself; nobody signs for the other."""

    code = "other-side"
    clause = "HH 3"
    says = Text("交接记录由移交人和接收人各自签字，不得代签", "Each side signs itself, nobody for the other")
    remedy = Text(
        "请由本人签字；移交人已离岗的，由其单位负责人说明理由后代签",
        "Have him sign; for one who has left, his unit head signs with the reason",
    )
    who = Text("移交人或接收人本人", "the one who gives or takes over")


class StillHereError(ForbiddenError):
    """The one who hands over can still sign himself."""

    code = "giver-still-here"
    clause = "HH 3"
    says = Text("移交人的账号仍在使用，须由本人签字", "The one who hands over can still sign himself")
    remedy = Text("请由移交人本人签字", "Have him sign")
    who = Text("移交人本人", "the one who hands over")


class RecordChangedError(ConflictError):
    """The record is not the one that was shown."""

    code = "handover-changed"
    clause = "HH 3"
    says = Text("交接记录在显示之后已变化，未签字", "The record has changed since it was shown; nothing was signed")
    remedy = Text("请重新查看后再签字", "Read it again, then sign")
    who = Text("移交人或接收人", "the one who gives or takes over")
