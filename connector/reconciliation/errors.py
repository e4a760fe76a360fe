"""Refusals of the reconciliation."""

from connector.errors import ConflictError, Text


class NothingToRepairError(ConflictError):
    """The run found nothing that a request could put right."""

    code = "nothing-to-repair"
    clause = "JC 9"
    says = Text("本次对账没有可通过申请修复的差异", "The run found nothing that a request can put right")
    remedy = Text(
        "其余差异须由 Keycloak 管理员处理，见对账结果",
        "What is left is for an administrator of Keycloak; see the run's list",
    )


class OldRunError(ConflictError):
    """A newer run has looked since: only what it found may be proposed."""

    code = "old-reconciliation"
    clause = "JC 9"
    says = Text("已有更新的对账结果：{newest}", "There is a newer run: {newest}")
    remedy = Text("请按最新一次对账提出修复方案", "Propose the repair from the newest run")


class PlanRefusedError(ConflictError):
    """The same plan was refused by those who decide; it is not asked again until something changes."""

    code = "repair-refused-before"
    clause = "JC 11"
    says = Text("相同的修复方案已被否决：{number}", "The same plan was refused before: {number}")
    remedy = Text(
        "差异变化后重新对账，或由 Keycloak 管理员处理",
        "Reconcile again when something has changed, or let an administrator of Keycloak act",
    )
    who = Text("安全管理员", "the security administrator")
