"""Refusals of privileged use. Facts are numbers of boxes, permissions and moments, never names of persons."""

from connector.errors import ConflictError, ForbiddenError, Text

_APPLICANT = Text("申请人", "the applicant")
_SECURITY = Text("安全管理员", "the security administrator")


class BoxOverlapError(ConflictError):
    """Two boxes of one account share a moment."""

    code = "box-overlap"
    clause = "JC 18"
    says = Text("该账号在此时段已有临时使用{number}", "The account has {number} in this time already")
    remedy = Text("请改用其他时段，或申请延长{number}", "Choose another time, or apply to extend {number}")
    who = _APPLICANT


class BoxOverError(ConflictError):
    """The approved time is past, or the box that was to be extended has ended."""

    code = "box-over"
    clause = "JC 18"
    says = Text(
        "临时使用的时间已过（{ends_at}），不能批准或延长", "The time is over ({ends_at}): nothing can be granted"
    )
    remedy = Text("如仍需使用，请按新的时段重新申请", "Apply again for another time if it is still needed")
    who = _APPLICANT


class AlreadyHeldError(ConflictError):
    """The account holds the permissions already; there is nothing to give for a time."""

    code = "box-permissions-held"
    clause = "JC 18"
    says = Text("该账号已持有权限：{permissions}", "The account holds already: {permissions}")
    remedy = Text("请从申请中去掉已持有的权限", "Leave out what is held")
    who = _APPLICANT


class ExtensionError(ConflictError):
    """An extension does not continue the box it names."""

    code = "box-extension"
    clause = "JC 18"
    says = Text(
        "延长{number}须为同一账号、相同权限，并从原结束时间{ends_at}开始",
        "An extension of {number} is for the same account and permissions, and begins at its end {ends_at}",
    )
    remedy = Text("请按原临时使用填写，或另行申请", "Repeat what the box says, or apply for another one")
    who = _APPLICANT


class BoxStateError(ConflictError):
    """The box's state does not allow this."""

    code = "box-state"
    clause = "JC 18"
    says = Text("临时使用{number}的状态为{state}，不能办理", "{number} is {state}; this cannot be done")
    remedy = Text("请查看其当前状态", "Look at its present state")
    who = _APPLICANT


class OwnReviewError(ForbiddenError):
    """Whoever used the permissions does not review his own record."""

    code = "own-privileged-review"
    clause = "JC 7, JC 18"
    says = Text("使用人不得复核本人的使用记录", "Nobody reviews the record of his own use")
    remedy = Text("请由指定的另一人复核", "The other person who was named must review it")
    who = Text("指定的复核人", "the reviewer who was named")


class NotReviewerError(ForbiddenError):
    """The record is signed by the person named for it."""

    code = "not-the-reviewer"
    clause = "JC 18"
    says = Text("此记录须由指定的复核人签字", "This record is signed by the reviewer who was named")
    remedy = Text("请由指定的复核人办理，或请安全管理员更换复核人", "Ask the reviewer, or have another one named")
    who = Text("指定的复核人", "the reviewer who was named")


class ReviewTooEarlyError(ConflictError):
    """The end is not proved, or Keycloak's events are not read up to it: the record may still grow."""

    code = "review-too-early"
    clause = "JC 18"
    says = Text(
        "{number}的收回尚未核实，或使用记录尚未读全",
        "The end of {number} is not proved, or its record not read to the end",
    )
    remedy = Text(
        "请稍后再签；如持续出现，请检查作业 ingest_events 和 deliver_outbox",
        "Sign later; if it goes on, look at the jobs ingest_events and deliver_outbox",
    )
    who = Text("信息技术科", "the information technology department")


class BoxNotClosedError(ConflictError):
    """Keycloak still shows a permission of the box or a session after the end; it is tried again."""

    code = "box-not-closed"
    clause = "JC 18"
    says = Text(
        "临时权限尚未收回：权限={roles}，会话={sessions}",
        "The box is not closed yet: roles={roles}, sessions={sessions}",
    )


class UserNotMadeError(ConflictError):
    """Keycloak does not have the account's user yet."""

    code = "box-user-not-made"
    clause = "JC 18"
    says = Text("该账号尚未在身份服务中开通", "Keycloak does not have this account yet")
