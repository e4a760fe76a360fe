"""The annexes as they are drawn: LC annexes 1 to 3, JC annex 2, and a plain form for what no annex draws. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connector.papers.boxes import Box, label, opinion, option, options, said, sealed, tick, value
from connector.papers.facts import ADMINISTRATORS, PaperFacts, day
from connector.regulations.vocabulary import Office, RequestKind

Drawn = dict[str, Any]
NOTES_ON_CLASSES: Final = (  # word for word, JC annex 2
    "填写说明：",
    "1、用户账号为科室相关业务层面的操作人员；",
    "2、管理账号为我局相关工作牵头科室的管理账号，例：中介平台系统管理由公共资源交易管理科负责，"
    "由管理账号分配各用户的相关权限。",
)
UNIT_HEAD_BOX: Final = "科室（单位）\n负责人意见"
LEADER_BOX: Final = "分管负责人意见"


def asked_for(facts: PaperFacts) -> str:
    """The annexes' own word for what is asked."""
    change = facts.kind is RequestKind.GRANT and facts.raw.get("account")
    return "变更" if change else KINDS.get(facts.kind, "")


def draw_permission(facts: PaperFacts) -> Drawn:
    """LC annex 1, with the row 申请原因, which LC 6(1) asks for and the annex has no box for."""
    change = asked_for(facts) == "变更"
    return {
        "annex": "附件1：",
        "title": facts.title,
        "columns": [36, 32, 0, 25, 36],
        "rows": [
            [label("申请科室（单位）"), sealed("申请科室（单位）", facts.unit, 4)],
            [label("用户权限类别"), label("新增"), tick(not change), label("变更"), tick(change)],
            [label("使用人姓名"), value("使用人姓名", facts.name, 2), label("联系方式"), _phone(facts)],
            [label("身份证号"), value("身份证号", facts.numbers.document, 4)],
            [
                label("需分配（变更）\n权限", rows=2),
                label("需配置\n模块"),
                value("需配置模块", _modules(facts), 3, high=16),
            ],
            [label("需配置工作流\n（角色）"), value("需配置工作流（角色）", _roles(facts), 3, high=16)],
            [label("申请原因"), value("申请原因", facts.reason, 4, high=16)],
            [label("申请时间"), value("申请时间", day(facts.submitted_at), 4)],
            [label(UNIT_HEAD_BOX), _by(facts, "科室（单位）负责人意见", Office.UNIT_HEAD, 4)],
            [label(LEADER_BOX), _by(facts, LEADER_BOX, Office.LEADER_IN_CHARGE, 4)],
        ],
    }


def draw_reset(facts: PaperFacts) -> Drawn:
    """LC annex 2, with the row 用户账号, which LC 7(1) asks for and the annex has no box for."""
    when = day(facts.submitted_at)
    signed = said(verdict="", text="", signer=facts.name, when=when, proof="以本人登录提交，视为签字")
    return {
        "annex": "附件2：",
        "title": facts.title,
        "columns": [30, 0, 30, 0],
        "rows": [
            [
                label("用户姓名"),
                value("用户姓名", facts.name),
                label("科室（单位）"),
                value("科室（单位）", facts.unit),
            ],
            [label("用户账号"), value("用户账号", facts.account, 3)],
            [
                label("申请原因"),
                value("申请原因", facts.reason, high=14),
                label("申请时间"),
                value("申请时间", day(facts.submitted_at)),
            ],
            [label("身份证号"), value("身份证号", facts.numbers.document), label("联系方式"), _phone(facts)],
            [
                label("申请人\n签字"),
                opinion("申请人签字", [signed] if facts.by_himself else [], 3),
            ],
        ],
    }


def draw_suspension(facts: PaperFacts) -> Drawn:
    """LC annex 3; enabling again is drawn in the same boxes (LC 7(3))."""
    asked = asked_for(facts)
    return {
        "annex": "附件3：",
        "title": facts.title,
        "columns": [36, 0, 26, 0],
        "rows": [
            [label("申请科室（单位）"), sealed("申请科室（单位）", facts.unit, 3)],
            [
                label("申请事由\n（暂停/禁用）" if asked != "启用" else "申请事由"),
                value("申请事由", asked),
                label("账号名称"),
                value("账号名称", facts.account),
            ],
            [label("使用人姓名"), value("使用人姓名", facts.name), label("联系方式"), _phone(facts)],
            [label("使用人身份证号"), value("使用人身份证号", facts.numbers.document, 3)],
            [label("申请原因"), value("申请原因", facts.reason, 3, high=24)],
            [label("申请时间"), value("申请时间", day(facts.submitted_at), 3)],
            [label(UNIT_HEAD_BOX), _by(facts, "科室（单位）负责人意见", Office.UNIT_HEAD, 3, high=38)],
            [label(LEADER_BOX), _by(facts, LEADER_BOX, Office.LEADER_IN_CHARGE, 3, high=38)],
        ],
    }


def draw_application(facts: PaperFacts) -> Drawn:
    """JC annex 2: application for, or cancellation of, an account."""
    manages = facts.account_class in ADMINISTRATORS
    asked = asked_for(facts)
    choices = [option(word, word == asked, round_=True) for word in ("新增", "变更", "注销", "启用")]
    if asked not in ("新增", "变更", "注销", "启用"):
        choices.append(option(asked, True, round_=True))  # The annex has no word for it, JC 10 asks for it.
    return {
        "annex": "附件 2",
        "title": "信息系统账号申请（注销）表",
        "above": f"系统名称：{'、'.join(facts.systems)}",
        "columns": [31, 33, 29, 30, 0],
        "rows": [
            [
                label("账号申请类型", rows=2),
                options([option("用户账号", not manages)]),
                options(choices, 3),
            ],
            [
                options([option("管理账号", manages)]),
                value("账号说明", f"账号说明：{facts.note or facts.account}", 3),
            ],
            [label("申请人"), value("申请人", facts.name), label("部门及岗位"), value("部门及岗位", _post(facts), 2)],
            [label("申请日期"), value("申请日期", day(facts.submitted_at)), label("联系方式"), _phone(facts, 2)],
            [label("系统名称"), value("系统名称", "、".join(facts.systems), 4)],
            [label("申请描述"), value("申请描述", _description(facts), 4, high=36)],
            *(
                [*_signed(facts, f"{who}：", office), *_dated(facts, f"{when}：", office)]
                for who, when, office in (
                    ("分管领导", "批准日期", Office.LEADER_IN_CHARGE),
                    ("科室负责人", "审核日期", Office.UNIT_HEAD),
                    ("操作员", "处理日期", Office.OPERATOR),
                )
            ),
            [label("处理描述"), value("处理描述", _processing(facts), 4, high=24)],
        ],
        "notes": NOTES_ON_CLASSES,
    }


def draw_plain(facts: PaperFacts) -> Drawn:
    """What no annex draws: the fields of the rule packs in their order, then every opinion."""
    rows: list[list[Box]] = []
    for one in facts.form.fields:
        text = PLAIN.get(one.name, _typed(one.name))(facts)
        if one.filled_by in ("applicant", "system") and text:
            rows.append([label(one.label), value(one.label, text)])
    if facts.about:
        rows.append([label("所涉账号"), value("所涉账号", "、".join(facts.about))])
    for office, decisions in facts.opinions.items():
        name = OPINIONS.get(office, "审批意见")
        rows.append([label(name), opinion(name, decisions, high=24)])
    return {"title": facts.title, "columns": [42, 0], "rows": rows}


def _typed(name: str) -> Callable[[PaperFacts], str]:
    return lambda facts: str(facts.raw.get(name) or facts.raw.get("extra", {}).get(name, ""))


def _unit(facts: PaperFacts) -> Box:
    return value("科室（单位）", facts.unit)


def _phone(facts: PaperFacts, cols: int = 1) -> Box:
    return value("联系方式", facts.numbers.phone, cols)


def _modules(facts: PaperFacts) -> str:
    return _changes(facts, lambda one: f"{one[0]}：{one[1]}")


def _roles(facts: PaperFacts) -> str:
    return _changes(facts, lambda one: f"{one[1]}：{one[2]}")


def _changes(facts: PaperFacts, words: Callable[[tuple[str, str, str]], str]) -> str:
    """What is added; where something is also withdrawn, both by name."""
    added = "\n".join(dict.fromkeys(map(words, facts.added)))
    if not facts.withdrawn:
        return added
    withdrawn = "\n".join(dict.fromkeys(map(words, facts.withdrawn)))
    return f"新增：\n{added}\n撤销：\n{withdrawn}" if added else f"撤销：\n{withdrawn}"


def _by(facts: PaperFacts, name: str, office: Office, cols: int, *, high: int = 34) -> Box:
    return opinion(name, facts.opinions.get(office, ()), cols, high=high)


def _post(facts: PaperFacts) -> str:
    return f"{facts.unit} {facts.post}".strip()


def _description(facts: PaperFacts) -> str:
    wanted = _changes(facts, lambda one: f"{one[0]}：{one[1]}（{one[2]}）")
    return f"{facts.reason}\n{wanted}" if wanted else facts.reason


def _signed(facts: PaperFacts, words: str, office: Office) -> list[Box]:
    signers = "、".join(one["signer"].split("（")[0] for one in facts.opinions.get(office, ()))
    return [value(words.rstrip("："), f"{words}{signers}", 2, high=12)]


def _dated(facts: PaperFacts, words: str, office: Office) -> list[Box]:
    days = "、".join(dict.fromkeys(one["when"] for one in facts.opinions.get(office, ())))
    return [value(words.rstrip("："), f"{words}{days}", 3, high=12)]


def _processing(facts: PaperFacts) -> str:
    opinions = facts.opinions.get(Office.OPERATOR, ())
    told = ["。".join(filter(None, (one["verdict"], one["text"]))) for one in opinions]
    if facts.done_at:
        told.append(f"{day(facts.done_at)}全部审批通过，账号{facts.account}按申请办理。")
    return "\n".join(told)


KINDS: Mapping[RequestKind, str] = {
    RequestKind.GRANT: "新增",
    RequestKind.SUSPEND: "暂停",
    RequestKind.DISABLE: "禁用",
    RequestKind.ENABLE: "启用",
    RequestKind.CANCEL: "注销",
}
PLAIN: Mapping[str, Callable[[PaperFacts], str]] = {
    "unit": lambda facts: facts.unit,
    "person_name": lambda facts: facts.name,
    "phone": lambda facts: facts.numbers.phone,
    "document_number": lambda facts: facts.numbers.document,
    "account": lambda facts: facts.account,
    "post": lambda facts: facts.post,
    "subsystem": lambda facts: "、".join(facts.systems),
    "module": _modules,
    "workflow_role": _roles,
    "reason": lambda facts: facts.reason,
    "submitted_at": lambda facts: day(facts.submitted_at),
    "change_kind": asked_for,
    "key_serial": lambda facts: facts.key_serial,
}
OPINIONS: Mapping[str, str] = {
    Office.UNIT_HEAD: UNIT_HEAD_BOX,
    Office.LEADER_IN_CHARGE: LEADER_BOX,
    Office.VERIFIER: "核验意见",
    Office.PRINCIPAL: "中心主要负责人\n意见",
    Office.SYSTEM_DEPARTMENT_HEAD: "信息技术科\n负责人意见",
    Office.OPERATOR: "操作员办理意见",
    Office.KEY_CUSTODIAN: "密钥保管员\n办理意见",
    Office.SECURITY_ADMINISTRATOR: "安全管理员意见",
    Office.SYSTEM_ADMINISTRATOR: "系统管理员意见",
}
# Which form draws which kind, by name; the first whose regulation is in force is the one that is printed.
Draw = Callable[[PaperFacts], Drawn]
ANNEXES: Sequence[tuple[str, str, Draw, frozenset[RequestKind]]] = (
    ("lc1", "LC annex 1", draw_permission, frozenset({RequestKind.GRANT})),
    ("lc2", "LC annex 2", draw_reset, frozenset({RequestKind.PASSWORD_RESET})),
    (
        "lc3",
        "LC annex 3",
        draw_suspension,
        frozenset({RequestKind.SUSPEND, RequestKind.DISABLE, RequestKind.ENABLE}),
    ),
    ("jc2", "JC annex 2", draw_application, frozenset(KINDS)),
)
