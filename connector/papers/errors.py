"""Refusals of the printed forms."""

from connector.errors import ConflictError, Text


class NoSuchAnnexError(ConflictError):
    """The rules in force do not draw this kind of request in this way."""

    code = "no-such-annex"
    clause = "LC 6(1), JC 10"
    says = Text("此类申请没有{annex}的表样", "This kind of request has no form {annex}")
    remedy = Text("可用的表样：{offered}", "Forms there are: {offered}")
    who = Text("申请人", "the applicant")
