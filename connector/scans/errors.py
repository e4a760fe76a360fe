"""Refusals of scanned papers: each names what is wrong with the file and what to do."""

from connector.errors import ConflictError, ConnectorError, FaultError, Text, UnavailableError


class ScanRefusedError(ConnectorError):
    """The file is no scan that can be kept. Root of the reasons below."""

    code = "scan-refused"
    status = 422
    clause = "LC 6(1), 7"
    says = Text("此文件不能作为扫描件", "The file cannot be kept as a scan")
    remedy = Text(
        "请重新扫描盖章的申请表，保存为 PDF、JPEG 或 PNG 后上传", "Scan the stamped form again, as PDF, JPEG or PNG"
    )
    who = Text("上传人", "whoever uploads it")


class UnknownFormatError(ScanRefusedError):
    """By its content it is none of the three formats, whatever its name says."""

    code = "scan-format"
    says = Text("文件内容不是 PDF、JPEG 或 PNG", "By its content the file is no PDF, JPEG or PNG")


class TooLargeScanError(ScanRefusedError):
    """More bytes than the setting allows."""

    code = "scan-too-large"
    status = 413
    says = Text("文件超过{limit}字节", "The file is larger than {limit} bytes")
    remedy = Text("请降低扫描分辨率（300 dpi 即可）或分成几个文件", "Scan at 300 dpi, or in several files")


class TruncatedScanError(ScanRefusedError):
    """The file ends too early or is damaged."""

    code = "scan-truncated"
    says = Text("文件不完整或已损坏：{reason}", "The file is incomplete or damaged: {reason}")


class AmbiguousScanError(ScanRefusedError):
    """The file is two things at once: another program would open it as something else."""

    code = "scan-ambiguous"
    says = Text("文件中还含有其他格式的内容：{reason}", "The file holds something else besides: {reason}")


class EncryptedScanError(ScanRefusedError):
    """A PDF that needs a password cannot be read by those who come after."""

    code = "scan-encrypted"
    says = Text("PDF 已加密，其他人无法查看", "The PDF is encrypted: others cannot read it")
    remedy = Text("请取消 PDF 的口令保护后上传", "Remove the protection of the PDF, then upload it")


class ActiveScanError(ScanRefusedError):
    """A PDF that acts when it is opened is no scan of a paper."""

    code = "scan-active"
    says = Text("PDF 含有脚本、附件或自动动作：{reason}", "The PDF holds scripts, files or actions: {reason}")


class HugeImageError(ScanRefusedError):
    """A picture of so many points that opening it takes the reader's memory."""

    code = "scan-huge-image"
    says = Text(
        "图像过大：{width}×{height} 点，上限{limit}点", "The picture is too large: {width}×{height}, at most {limit}"
    )
    remedy = Text("请以 300 dpi 重新扫描", "Scan again at 300 dpi")


class VirusFoundError(ScanRefusedError):
    """The centre's virus scanner refused the file."""

    code = "scan-virus"
    clause = "LC 5(1)"
    says = Text("病毒扫描未通过，文件未保存", "The virus scanner refused the file; it was not kept")
    remedy = Text("请在本机查毒后重新扫描上传", "Check your machine for viruses, then scan the paper again")


class VirusScanUnavailableError(UnavailableError):
    """The scanner gave no answer: nothing is kept unchecked."""

    code = "virus-scan-unavailable"
    clause = "LC 5(1)"
    says = Text(
        "病毒扫描程序没有给出结果（{reason}），文件未保存",
        "The virus scanner did not answer ({reason}); nothing was kept",
    )
    remedy = Text(
        "请稍后重试；如持续出现，请检查 TRADING_IDP_SCAN_COMMAND",
        "Try again; if it goes on, look at TRADING_IDP_SCAN_COMMAND",
    )


class TooManyScansError(ConflictError):
    """One version of a request holds a few papers, not an archive."""

    code = "too-many-scans"
    clause = "LC 6(1), 7"
    says = Text("每份申请最多附{limit}个扫描件", "A request holds at most {limit} scans")
    remedy = Text("请将多页合并为一个 PDF 后上传", "Put the pages into one PDF")
    who = Text("上传人", "whoever uploads it")


class ScanFileMissingError(FaultError):
    """A scan that a decision is bound to is not on the disk any more."""

    code = "scan-file-missing"
    clause = "GX 10"
    says = Text("扫描件 {sha256} 的文件不存在", "The file of scan {sha256} is missing")
    remedy = Text("请从备份恢复数据目录中的 scans", "Restore scans in the data directory from the backup")


class ScanFileChangedError(FaultError):
    """The file on the disk is not what the decision was bound to."""

    code = "scan-file-changed"
    clause = "GX 10"
    says = Text("扫描件 {sha256} 的文件内容已被改动", "The file of scan {sha256} was changed")
    remedy = Text(
        "请保留现场，从备份恢复此文件，并按安全事件处理", "Keep the evidence, restore the file, treat it as an incident"
    )
