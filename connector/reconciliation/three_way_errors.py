"""Refusals of the three-way check."""

from connector.errors import ConflictError, Text

ADMINISTRATOR = Text("系统管理员", "the system administrator")


class OlderExportError(ConflictError):
    """A newer list of this subsystem was received already: an older one would bring back what was put right."""

    code = "older-export"
    clause = "JC 9"
    says = Text(
        "已有{subsystem}更新的导出清单（{taken_at}）", "There is a newer list of {subsystem} already ({taken_at})"
    )
    remedy = Text("请上传更新的导出清单", "Upload a list that was taken later")
    who = ADMINISTRATOR


class NoSuchRoadError(ConflictError):
    """This kind of difference is not settled by withdrawing a permission, or it is closed."""

    code = "difference-not-withdrawable"
    clause = "JC 9, JC 11"
    says = Text("此项差异不能通过收回权限处理：{kind}", "A withdrawal does not settle this difference: {kind}")
    remedy = Text("请按差异清单所列的办法处理", "Take one of the ways that the worklist names")
    who = Text("信息技术科", "the system department")
