"""Refusals of the check against the table of posts and permissions."""

from connector.errors import ConflictError, ConnectorError, Text

HEAD = Text("信息技术科负责人", "the head of the system department")


class ExcessNeedsOverrideError(ConflictError):
    """The table does not allow what is asked, and the approval does not say why it is granted all the same (JC 11)."""

    code = "excess-needs-override"
    clause = "JC 11"
    says = Text(
        "以下权限不在{unit}“{post}”岗位的账号权限对照表内：{permissions}",
        "The table of {unit} does not allow the post “{post}”: {permissions}",
    )
    remedy = Text(
        "请退回或不同意；确需授予的，逐项勾选（列出）超出的权限并写明理由后再同意；"
        "通过对接系统审批的，例外须写在签名消息的 override 中",
        "Return or reject it; to grant it all the same, name each permission in excess with the reason (`override`). "
        "A connected system puts the override into its signed message",
    )
    who = HEAD


class EntitlementChangedError(ConflictError):
    """The table, the post or the permissions changed since the override's author was shown them (B12)."""

    code = "entitlement-changed"
    clause = "JC 11"
    says = Text(
        "对照结果在显示之后已变化（{unit}，岗位“{post}”），例外未生效",
        "What the table says of {unit}, “{post}”, has changed since it was shown; the override does not count",
    )
    remedy = Text("请重新查看对照结果后再审批", "Look at the check again, then decide")
    who = HEAD


class OverrideStaleError(ConflictError):
    """The check was made by a table that is no longer in force when the request would take effect (JC 11)."""

    code = "override-stale"
    clause = "JC 11"
    says = Text(
        "审核之后对照表或岗位已变化，以下权限未经按现行对照表审核：{permissions}",
        "Table or post changed after the check; not checked by the table in force: {permissions}",
    )
    remedy = Text(
        "请退回申请，由信息技术科按现行对照表重新审核", "Return it, so that it is checked by the table in force"
    )
    who = Text("本环节审批人", "whoever decides this stage")


class OverrideMisplacedError(ConnectorError):
    """An override that names other permissions than those in excess, or that stands where nothing is checked."""

    code = "override-misplaced"
    status = 422
    clause = "JC 11"
    says = Text(
        "例外与对照结果不符；应列出的超出权限：{permissions}",
        "The override does not fit the check; the permissions in excess are: {permissions}",
    )
    remedy = Text(
        "例外只在信息技术科审核环节同意时填写，须逐项列出全部超出的权限",
        "An override belongs to the approval of the system department's stage and names every permission in excess",
    )
    who = HEAD
