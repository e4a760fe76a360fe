"""Refusals of the record: it cannot be written, sealed, exported or kept too short. Knows no table."""

from connector.errors import ConnectorError, Text


class UnrecordableDataError(ConnectorError):
    """The data of an entry has no canonical form (RFC 8785): NaN, an integer beyond 2^53, a lone surrogate."""

    code = "unrecordable-data"
    status = 422
    clause = "GX 10"
    says = Text("内容无法写入审计记录：{event}", "The content cannot be put into the record: {event}")
    remedy = Text(
        "请去除非法字符或超出范围的数字", "Remove characters that are not Unicode text and numbers out of range"
    )


class InconsistentLogError(ConnectorError):
    """What is stored contradicts the last signed checkpoint; nothing was signed."""

    code = "log-inconsistent"
    status = 500
    clause = "GX 10"
    says = Text(
        "审计日志与上一个签名检查点不一致，未签名：{reason}",
        "The log contradicts its last checkpoint, not signed: {reason}",
    )
    remedy = Text(
        "请运行 trading-idp audit verify 并保留现场", "Run trading-idp audit verify and keep everything as it is"
    )
    who = Text("审计管理员", "the auditor")


class MalformedNoteError(ConnectorError):
    """A note, checkpoint or verifier key is not written as C2SP asks, or its signature is wrong."""

    code = "malformed-note"
    status = 422
    clause = "GX 10"
    says = Text("检查点或公钥无效：{reason}", "The checkpoint or key is not valid: {reason}")
    remedy = Text(
        "请核对文件是否完整、公钥是否属于该日志", "Check that the file is whole and that the key belongs to this log"
    )
    who = Text("审计管理员", "the auditor")


class ExportRefusedError(ConnectorError):
    """The place of an export cannot be used, or what is there is not an export."""

    code = "export-refused"
    status = 409
    clause = "GX 10"
    says = Text("导出目录不可用：{reason}", "The export directory cannot be used: {reason}")
    remedy = Text("请指定一个空目录或完整的导出目录", "Name an empty directory, or a whole export")
    who = Text("审计管理员", "the auditor")


class RetentionTooShortError(ConnectorError):
    """The record would be kept for less than the rules in force ask."""

    code = "retention-too-short"
    status = 500
    clause = "GX 10"
    says = Text(
        "审计记录保存期{days}天，少于规定的{least}天",
        "The record would be kept {days} days, the rules ask for {least} at least",
    )
    remedy = Text("请调高 TRADING_IDP_RETENTION_DAYS", "Raise TRADING_IDP_RETENTION_DAYS")
