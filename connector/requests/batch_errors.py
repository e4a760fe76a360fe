"""Refusals of files with many requests."""

from connector.errors import ConflictError, ConnectorError, Text


class BatchFileError(ConnectorError):
    """The file cannot be read as a list of people."""

    code = "batch-file"
    status = 422
    clause = "LC 3"
    says = Text("文件无法读取：{reason}", "The file cannot be read: {reason}")
    remedy = Text("请下载模板，填写后另存为 .xlsx 或 .csv 再上传", "Fill in the template, save as .xlsx or .csv")
    who = Text("申请人", "the applicant")


class SameBatchError(ConflictError):
    """The same list has come before."""

    code = "same-batch"
    clause = "LC 3, LC 5(3)"
    says = Text("同样内容的文件已提交过，批号{number}", "The same list was submitted before as {number}")
    remedy = Text("请先查看此批申请；确需再次提交的，请勾选“再次提交”", "See that batch; say “again” if you mean it")
    who = Text("申请人", "the applicant")
