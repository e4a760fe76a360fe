"""安全事件分析报告 on paper (GS 15): facts and words of one version, hash, writer and signer. Draws only.

GS draws no form: the boxes are what GS 13 to 15 ask for. Moments are those of Asia/Shanghai.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from connector.auth.act import Act
from connector.errors import NotFoundError, Text
from connector.incidents import cases, closing, outcomes
from connector.incidents.case_tables import CaseReportRow, CaseRow
from connector.papers.boxes import Box, flow, label, opinion, said, value
from connector.papers.forms import Drawn
from connector.register.offices import OFFICE_ZONE
from connector.regulations.incidents import CasePart, Outcome

ARTICLES: Mapping[str, str] = {"administrator": "系统管理员账号信息泄露", "user": "系统用户账号信息泄露"}
CLAUSES: Mapping[str, str] = {"administrator": "第十三条、第十五条", "user": "第十四条、第十五条"}
PLACES: Mapping[str, str] = {
    "record": "审计记录", "requests": "申请和审批", "login": "登录事件", "console": "Keycloak管理事件",
}  # fmt: skip
STATES: Mapping[str, str] = {
    "active": "在用", "frozen": "已冻结", "disabled": "已停用", "suspended": "已暂停", "cancelled": "已注销",
}  # fmt: skip
NONE = "无"
Names = Callable[[str], Text]


def report_paper(act: Act, number: str, names: Names, *, version: int = 0) -> Drawn:
    """A version of the report, the newest without one, for those who may read the case; `names` tells of events.

    Raises NotFoundError, ForbiddenError, OwnCaseError.
    """
    case = cases.get_case(act, number)
    row = closing.get_report(act, case, version) if version else closing.newest_report(act, case)
    if row is None:
        raise NotFoundError(kind="分析报告 (report)", name=case.number)
    printed = f"打印时间：{act.now.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}"
    return {
        "title": "安全事件分析报告",
        "columns": [32, 0, 30, 0],
        "rows": [*_heads(case, row.facts), *_facts(case, row.facts, names), *_words(row), *_signed(act, row)],
        "foot": f"案件编号：{case.number}（第{row.version}版）　{printed}\nSHA-256：{row.hash}",
    }


def _heads(case: CaseRow, facts: Mapping[str, Any]) -> list[list[Box]]:
    reported, freeze = facts["reported"], facts["freeze"]
    up = _join(reported["to"], _told(reported["at"]), f"回执：{reported['receipt']}" if reported["receipt"] else "")
    return [
        [*_pair("案件编号", case.number), *_pair("涉案账号", facts["account"])],
        [*_pair("事件类别", ARTICLES[facts["article"]]), *_pair("处置依据", CLAUSES[facts["article"]])],
        [*_pair("可能泄露时间", _told(facts["since"])), *_pair("立案时间", _told(facts["opened_at"]))],
        [label("立案人"), value("立案人", facts["opened_by"], 3)],
        [label("发现的情况"), value("发现的情况", facts["reason"], 3, high=14)],
        [label("报告上级"), value("报告上级", up or NONE, 3)],
        [label("冻结指令"), value("冻结指令", _join(freeze["order"] or NONE, *_proof(freeze["proof"])), 3)],
    ]


def _proof(proof: Mapping[str, str]) -> Iterable[str]:
    """When Keycloak took the account out of use, and when that was seen to hold."""
    for name, words in (("frozen_at", "冻结于"), ("verified_at", "核实于")):
        if name in proof:
            yield f"{words}{_told(proof[name])}"


def _facts(case: CaseRow, facts: Mapping[str, Any], names: Names) -> list[list[Box]]:
    acts = (
        f"{PLACES[one['found_in']]}：{names(one['what']).zh}，{one['count']}次，"
        f"{_told(one['first'])}至{_told(one['last'])}" for one in facts["acts"]
    )  # fmt: skip
    created = (
        _join(one["name"], f"{PLACES[one['found_in']]} {one['reference']}", _told(one["at"]),
              STATES.get(one["status"], "未登记")) for one in facts["created"]
    )  # fmt: skip
    return [
        *_part("一、该账号的操作", acts),
        *_part("二、新建用户", created),
        *_part("三、处置", [*_answers(cases.tree_of(case), facts), *_outcomes(facts)]),
        *_part("四、资料缺口", (gap["zh"] for gap in facts["gaps"])),
    ]


def _words(row: CaseReportRow) -> list[list[Box]]:
    parts = {"五、原因": row.cause, "六、后果和影响": row.consequences, "七、整改措施": row.corrections}
    return [line for head, text in parts.items() for line in _part(head, [text], numbered=False)]


def _signed(act: Act, row: CaseReportRow) -> list[list[Box]]:
    return [
        [
            label("编写人"),
            value("编写人", f"{closing.name_of(act, row.writer_id)}　{_day(row.written_at)}", 3, high=14),
        ],
        [
            label("签发人"),
            opinion("签发人", [_by(act, row.signer_id, row.signed_at)] if row.signed_at else (), 3, high=26),
        ],
    ]


def _by(act: Act, person_id: str | None, at: datetime) -> Box:
    return said(verdict="", text="", signer=closing.name_of(act, person_id), when=_day(at), proof="")


def _day(at: datetime) -> str:
    local = at.astimezone(OFFICE_ZONE)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _answers(tree: CasePart, facts: Mapping[str, Any]) -> Iterable[str]:
    for one in facts["answers"]:
        asked = tree.ask(one["question"])
        words = next((given.words for given in asked.answer if given.value == one["answer"]), "") if asked else ""
        yield f"{asked.words if asked else one['question']}{words or one['answer']}。{one['why']}（{_told(one['at'])}）"


def _outcomes(facts: Mapping[str, Any]) -> Iterable[str]:
    for one in facts["outcomes"]:
        done = "已完成" if one["done"] else "未完成"
        yield _join(f"{outcomes.NAMES[Outcome(one['outcome'])].zh}：{done}", one["receipt"])


def _part(head: str, lines: Iterable[str], *, numbered: bool = True) -> list[list[Box]]:
    """A heading and its text across the table; the text may go on over the page, the heading stays with it."""
    found = list(lines)
    text = "\n".join(f"{place}. {line}" for place, line in enumerate(found, 1)) if numbered else "\n".join(found)
    return [[flow(head, text or NONE, 4)]]


def _pair(head: str, text: str) -> list[Box]:
    return [label(head), value(head, text)]


def _told(moment: str) -> str:
    """A moment of the report's facts as people read it."""
    return f"{datetime.fromisoformat(moment).astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}" if moment else ""


def _join(*parts: str) -> str:
    return "，".join(part for part in parts if part)
