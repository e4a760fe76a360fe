"""The columns of a list of requests, per kind: headings, how they are filled, and how a line becomes a form. Pure."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from connector.errors import FieldProblem
from connector.register.workbooks import FORMULA
from connector.regulations.vocabulary import RequestKind
from connector.requests.forms import RequestForm
from connector.requests.sheets import NUMBER, SheetLine

CLAUSE = "LC 3"
SEPARATORS = re.compile(r"[;；,，\s]+")


class Column(NamedTuple):
    """One column: its name in a form, its heading, what to type, and whether every line needs it."""

    name: str
    heading: str
    says: str
    required: bool = False


UNIT = Column("unit_code", "单位代码", "申请单位的代码，如 ywk", True)
REASON = Column("reason", "申请原因", "500字以内；请勿填写证件号码和手机号", True)
ACCOUNT = Column("account", "用户账号", "已有账号的用户名", True)
CAUSE = Column("cause", "事由", "如 departure（离职）、transfer（调岗）、forgotten（忘记口令）")
EVENT_ON = Column("event_on", "事由发生日期", "如 2026-11-23")
UNTIL = Column("until", "截止日期", "如 2026-12-31")
GRANT = (
    UNIT,
    Column("name", "使用人姓名", "与证件一致", True),
    Column("document_kind", "证件种类", "resident_id（身份证，缺省）、passport、hk_macau_permit、taiwan_permit 等"),
    Column("document_number", "身份证号", "列格式请保持为文本", True),
    Column("phone", "联系方式", "手机号码，列格式请保持为文本", True),
    Column("post", "岗位", "如 科员"),
    Column("mail", "邮箱", "选填"),
    Column("permissions", "需分配权限", "权限代码，多项以分号分隔；代码见下", True),
    REASON,
    Column("purpose", "账号用途", "ordinary（缺省）、temporary、test"),
    UNTIL,
)
CHANGE = (
    UNIT,
    ACCOUNT,
    Column("permissions", "需分配权限", "权限代码，多项以分号分隔；代码见下"),
    Column("withdraw", "需撤销权限", "权限代码，多项以分号分隔"),
    REASON,
)
ABOUT_ACCOUNT = (UNIT, ACCOUNT, REASON, CAUSE, EVENT_ON, UNTIL)
# What a list may ask for, by the name it is asked by.
SHEETS: Mapping[str, tuple[RequestKind, tuple[Column, ...]]] = {
    "grant": (RequestKind.GRANT, GRANT),
    "change": (RequestKind.GRANT, CHANGE),
    "password_reset": (RequestKind.PASSWORD_RESET, (UNIT, ACCOUNT, REASON, CAUSE)),
    "suspend": (RequestKind.SUSPEND, ABOUT_ACCOUNT),
    "disable": (RequestKind.DISABLE, ABOUT_ACCOUNT),
    "enable": (RequestKind.ENABLE, (UNIT, ACCOUNT, REASON, UNTIL)),
    "cancel": (RequestKind.CANCEL, (UNIT, ACCOUNT, REASON)),
}
OF_PERSON = ("name", "document_kind", "document_number", "phone", "post", "mail")
MANY = ("permissions", "withdraw")
# The names under which a rule complains, where they are not the column's own.
COLUMN_OF: Mapping[str, str] = {
    "person_name": "name",
    "unit": "unit_code",
    "module": "permissions",
    "workflow_role": "permissions",
    "subsystem": "permissions",
    "second-account": "document_number",
    "unknown-permission": "permissions",
    "nothing-to-change": "permissions",
    "wrong-status": "account",
    "other-unit": "unit_code",
    "not-applicant": "unit_code",
}


def headings_of(sheet: str) -> dict[str, str]:
    """The words a heading may have, lower case and without spaces, each with its column's name."""
    columns = SHEETS[sheet][1]
    return {column.heading: column.name for column in columns} | {column.name: column.name for column in columns}


def form_of(sheet: str, line: SheetLine) -> tuple[RequestForm | None, list[FieldProblem]]:
    """The form of one line, or everything that is wrong with its shape."""
    kind, columns = SHEETS[sheet]
    cells = {column.name: line.cells.get(column.name, "") for column in columns}
    problems = _cell_problems(line.line, columns, cells)
    if problems:
        return None, problems
    try:
        return RequestForm.model_validate({"kind": kind, **_boxes(sheet, cells)}), []
    except ValidationError as error:
        return None, [_wrong(sheet, line.line, item) for item in error.errors(include_input=False)]


def place(sheet: str, line: int, name: str) -> str:
    """Where in the file a rule's complaint belongs: "3.phone"; "3" when it is about the line as a whole."""
    last = name.rsplit(".", 1)[-1]
    column = COLUMN_OF.get(last, last)
    return f"{line}.{column}" if column in {one.name for one in SHEETS[sheet][1]} else str(line)


def _boxes(sheet: str, cells: Mapping[str, str]) -> dict[str, Any]:
    boxes: dict[str, Any] = {}
    for name, text in cells.items():
        if not text or (name in OF_PERSON and sheet == "grant"):
            continue
        boxes[name] = tuple(dict.fromkeys(SEPARATORS.split(text.strip(";； ,，")))) if name in MANY else text
    if sheet == "grant":
        person = {name: cells[name] for name in OF_PERSON if cells[name]}
        boxes["person"] = {**person, "unit_code": cells["unit_code"]}
    return boxes


def _cell_problems(line: int, columns: tuple[Column, ...], cells: Mapping[str, str]) -> list[FieldProblem]:
    problems = []
    for column in columns:
        where, text = f"{line}.{column.name}", cells[column.name]
        if text == FORMULA:
            problems.append(FieldProblem(where, "单元格是公式，请改为文本", "the cell is a formula; type text", CLAUSE))
        elif text == NUMBER:
            words = "单元格是数值，可能已丢失位数，请改为文本", "the cell is a number that lost digits; make it text"
            problems.append(FieldProblem(where, *words, CLAUSE))
        elif column.required and not text:
            problems.append(FieldProblem(where, f"请填写{column.heading}", f"fill in: {column.name}", "LC 6(1), 7"))
    return problems


def _wrong(sheet: str, line: int, item: Any) -> FieldProblem:
    where = place(sheet, line, ".".join(map(str, item["loc"])))
    return FieldProblem(where, f"格式不正确（{item['type']}）", str(item["msg"]), CLAUSE)
