"""Refusals of the provenance gate."""

from connector.errors import ConflictError, ConnectorError, Text


class OwnFindingError(ConnectorError):
    """Whoever a finding names, as the one who did it or as the one it happened to, does not close it."""

    code = "own-finding"
    status = 403
    clause = "JC 8"
    says = Text("不能处理涉及本人的发现", "Nobody settles a finding that names himself")
    remedy = Text("请由另一名安全管理员处理", "Another security administrator settles it")
    who = Text("另一名安全管理员", "another security administrator")


class FindingClosedError(ConflictError):
    """Somebody has closed the finding already."""

    code = "finding-closed"
    clause = "JC 9"
    says = Text("此发现已关闭", "This finding is closed already")
    remedy = Text("请刷新后查看处理结果", "Reload to see how it was settled")


class NotHeldError(ConflictError):
    """Nothing of this finding waits for a person."""

    code = "finding-not-held"
    clause = "GS 13"
    says = Text("此发现没有待决定的处置", "Nothing of this finding waits for a decision")
    remedy = Text("请刷新后查看处置状态", "Reload to see what was done about it")


class UnrelatedRequestError(ConnectorError):
    """The request named does not explain the finding: it is not approved, or it is about somebody else."""

    code = "unrelated-request"
    status = 409
    clause = "JC 9"
    says = Text("申请 {number} 不能说明此更改", "Request {number} does not explain this change")
    remedy = Text("请关联已批准的、同一账号的申请", "Link a request that is approved and about the same account")
    who = Text("安全管理员", "the security administrator")
