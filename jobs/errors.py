"""What a job finds out that must not be taken for success."""

from connector.errors import ConnectorError, NotFoundError, Text


class RecordBrokenError(ConnectorError):
    """The record is not as it was signed; names the first bad place."""

    code = "record-broken"
    status = 500
    clause = "GX 10"
    says = Text(
        "审计记录与签署的检查点不符：{kind}，位置{position}",
        "The record is not as it was signed: {kind} at position {position}",
    )
    remedy = Text(
        "请保全现场，运行 trading-idp audit verify，并与异地检查点核对",
        "Preserve the machine, run trading-idp audit verify, and compare with checkpoints kept elsewhere",
    )
    who = Text("审计管理员", "the auditor")


class ScansBrokenError(ConnectorError):
    """Stamped scans that decisions are bound to are missing or were changed on the disk."""

    code = "scans-broken"
    status = 500
    clause = "GX 10"
    says = Text(
        "盖章扫描件缺失{missing}个，被改动{changed}个", "{missing} stamped scans are missing, {changed} were changed"
    )
    remedy = Text(
        "请保全现场，运行 trading-idp scans verify，并从备份恢复文件",
        "Preserve the machine, run trading-idp scans verify, and restore the files from the backup",
    )
    who = Text("安全管理员", "the security administrator")


class UnknownJobError(NotFoundError):
    """There is no job of this name."""

    code = "unknown-job"

    def __init__(self, name: str) -> None:
        super().__init__(kind="作业 (job)", name=name)


class JobRunningError(ConnectorError):
    """The job is running now; two runs at once would do the same work."""

    code = "job-running"
    status = 409
    says = Text("作业{name}正在运行", "The job {name} is running")
    remedy = Text("请稍后再运行", "Run it again later")


class TurnLostError(ConnectorError):
    """Another process has taken over this run: this one stood still for longer than its lease."""

    code = "turn-lost"
    status = 409
    says = Text(
        "作业{name}已由其他进程接管，本进程的更改未保存", "The job {name} was taken over; nothing was stored here"
    )
    remedy = Text(
        "无需处理；若常出现，请检查主机负载和时钟", "Nothing to do; if it recurs, look at the load and the clock"
    )
