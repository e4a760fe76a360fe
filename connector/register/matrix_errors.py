"""Refusals of the units' tables of posts and permissions."""

from connector.errors import ConflictError, ConnectorError, Text

UNIT_HEAD = Text("{unit}负责人", "the head of {unit}")


class MatrixInForceError(ConflictError):
    """The unit has a table in force: from then on it changes by a request alone."""

    code = "matrix-in-force"
    clause = "JC 4, JC 5"
    says = Text(
        "{unit}已有现行的账号权限对照表（第{version}版），不能再直接导入",
        "{unit} has a table in force (version {version}); it cannot be loaded past the approvals any more",
    )
    remedy = Text(
        "请把文件存为草稿，由单位负责人提交申请，经分管领导签字、系统管理部门备案后生效",
        "Load the file as a draft; the unit head applies, the leader in charge signs, the system department files it",
    )
    who = UNIT_HEAD


class NotAtInstallationError(ConnectorError):
    """Only the operator of the machine takes a first table over from a signed paper."""

    code = "matrix-not-at-installation"
    status = 403
    clause = "JC 5"
    says = Text("首个对照表只能在安装时由服务器操作人员按签字文件导入", "A first table is loaded on the server alone")
    remedy = Text("请提交对照表申请", "Apply for the table by a request")
    who = Text("单位负责人", "the unit head")


class MatrixMovedOnError(ConflictError):
    """Another version came into force since this one was begun: what it would undo was not looked at."""

    code = "matrix-moved-on"
    clause = "JC 5"
    says = Text(
        "{unit}的现行对照表已是第{version}版，此表是按第{based_on}版修订的",
        "The table of {unit} in force is version {version}; this one was made from version {based_on}",
    )
    remedy = Text("请按现行版本重新修订后再提交", "Begin again from the version in force, then submit")
    who = UNIT_HEAD


class MatrixDraftMovedOnError(ConflictError):
    """Somebody else has saved the draft since it was read."""

    code = "matrix-draft-moved-on"
    clause = "JC 4"
    says = Text(
        "{unit}的对照表草稿已被他人修改（第{revision}次保存）",
        "The draft of {unit} was saved by somebody else since (save {revision})",
    )
    remedy = Text("请重新打开草稿，核对后再保存", "Open the draft again, look, and save again")
    who = UNIT_HEAD
