"""Records that are no request: GS annex 1, the Hohhot register and handover record, JC annex 1. Drawn; nothing changed.

GS names its annex 1 and prints none: the boxes are what GS 5, 9 and 10(1) ask for. HH draws no form either: the boxes
are those of HH 1 and HH 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.papers.boxes import Box, label, opinion, option, options, sealed, value
from connector.papers.facts import ADMINISTRATORS, Numbers, class_name, day, key_serial, masked, unit_phone
from connector.papers.forms import Drawn
from connector.register import accounts, matrix, people, units
from connector.register.names import CLASS_NAMES
from connector.register.tables import AccountRow, GrantRow, PermissionRow, PersonRow, SubsystemRow, UnitRow
from connector.regulations.vocabulary import AccountClass

HEADINGS = ("序号", "系统名称", "账号类别", "岗位", "使用人", "备注")  # word for word, JC annex 1
WIDTHS = (14, 0, 34, 24, 34, 26)


def administrator_form(act: Act, user_name: str, whole: Numbers | None = None) -> Drawn:
    """系统管理员登记表 (GS 9): who administers what, to be reported to the level above. NotFoundError for others."""
    account = accounts.get_by_user_name(act, user_name)
    if account.account_class not in ADMINISTRATORS:
        raise NotFoundError(kind="管理员账号 (administrator's account)", name=user_name)
    person = people.get_person(act, account.person_id)
    unit = units.get_unit_by_id(act, person.unit_id)
    above = units.get_unit_by_id(act, unit.parent_id) if unit.parent_id else None
    numbers = whole or masked(person)
    classes = (AccountClass.SYSTEM_ADMINISTRATOR, AccountClass.SUPER_ADMINISTRATOR, AccountClass.BUSINESS_ADMINISTRATOR)
    kinds = [option(CLASS_NAMES[one].zh, account.account_class == one) for one in classes]
    return {
        "annex": "附件1",
        "title": "系统管理员登记表",
        "columns": [36, 0, 32, 0],
        "rows": [
            [label("单位名称"), sealed("单位名称", unit.name, 3)],
            [label("报送单位"), value("报送单位", above.name if above else "", 3)],
            [label("管理员类别"), options(kinds, 3)],
            [label("姓名"), value("姓名", person.name), label("职务（岗位）"), value("职务", person.post)],
            [
                label("证件号码"),
                value("证件号码", numbers.document),
                label("手机号码"),
                value("手机号码", numbers.phone),
            ],
            [label("系统用户名"), value("系统用户名", account.user_name), label("设置日期"), _opened(account)],
            [
                label("密钥序列号"),
                value("密钥序列号", key_serial(act, account)),
                label("专用即时通信\n工具账户"),
                value("专用即时通信工具账户", ""),
            ],
            [label("管理范围"), value("管理范围", _scope(act, account), 3, high=20)],
            [label("本单位负责人\n意见"), opinion("本单位负责人意见", (), 3, high=36)],
            [label("上一级系统\n管理部门意见"), opinion("上一级系统管理部门意见", (), 3, high=36)],
        ],
    }


def unit_register(act: Act, unit: UnitRow) -> Drawn:
    """账号注册登记表 (HH 1): the unit as it was registered, and everybody who handles its business with an account."""
    found = act.session.execute(
        select(PersonRow, AccountRow)
        .join(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(PersonRow.unit_id == unit.id)
        .order_by(AccountRow.user_name)
    )
    heads = [label(text) for text in ("序号", "经办人员姓名", "证件号码", "联系电话", "账号")]
    people_rows = [
        [
            label(str(number)),
            value("经办人员姓名", person.name),
            value("证件号码", person.document_masked),
            value("联系电话", person.phone_masked),
            value("账号", account.user_name),
        ]
        for number, (person, account) in enumerate(found, 1)
    ]
    return {
        "title": "采购人账号注册登记表",
        "columns": [27, 31, 42, 28, 0],
        "rows": [
            [label("单位名称"), sealed("单位名称", unit.name, 4)],
            [label("统一社会\n信用代码"), value("统一社会信用代码", unit.credit_code or "", 4)],
            [label("地址"), value("地址", unit.address, 4)],
            [label("归口"), value("归口", unit.belongs_to, 4)],
            [
                label("单位联系人"),
                value("单位联系人", unit.contact_name),
                label("联系电话"),
                value("联系电话", unit_phone(act, unit), 2),
            ],
            heads,
            *people_rows,
            [label("核验意见"), opinion("核验意见", (), 4, high=32)],
        ],
        "notes": ["注册信息应与实际的单位、经办人员信息保持一致，不得使用他人身份信息注册账号。"],
    }


@dataclass(frozen=True, kw_only=True)
class Handover:
    """One handover of an account (HH 3): between whom, what of it, and who signed when."""

    unit: str
    account: str
    giver: str
    taker: str
    items: Sequence[str]
    reason: str
    at: datetime
    giver_signed: Box | None = None
    taker_signed: Box | None = None
    supervisor_signed: Box | None = None


def handover_record(facts: Handover) -> Drawn:
    """账号交接记录 (HH 3): signed by both sides; the finance department's opinion below."""
    items = "\n".join(f"{number}、{item}" for number, item in enumerate(facts.items, 1))

    def signed(box: Box | None) -> list[Box]:
        return [box] if box else []

    return {
        "title": "账号交接记录",
        "columns": [32, 0, 30, 0],
        "rows": [
            [label("单位名称"), sealed("单位名称", facts.unit, 3)],
            [label("账号"), value("账号", facts.account), label("交接日期"), value("交接日期", day(facts.at))],
            [label("移交人"), value("移交人", facts.giver), label("接收人"), value("接收人", facts.taker)],
            [label("变动原因"), value("变动原因", facts.reason, 3, high=20)],
            [label("交接内容"), value("交接内容", items, 3, high=40)],
            [label("移交人签字"), opinion("移交人签字", signed(facts.giver_signed), 3, high=24)],
            [label("接收人签字"), opinion("接收人签字", signed(facts.taker_signed), 3, high=24)],
            [label("财政部门意见"), opinion("财政部门意见", signed(facts.supervisor_signed), 3, high=34)],
        ],
    }


def matrix_listing(act: Act, unit: UnitRow) -> Drawn:
    """账号权限对照表 (JC annex 1) of a unit: each post with its systems, and who holds the post."""
    posts = matrix.current(act, unit.id)
    holders = _holders(act, unit)
    rows: list[list[str]] = []
    for post, system, role in _lines(act, posts):
        rows.append([str(len(rows) + 1), system, role, post, "、".join(holders.get(post, ())), ""])
    return {
        "annex": "附件 1",
        "title": "账号权限对照表",
        "above": [f"科室（单位）名称：{unit.name}"],
        "columns": [{"title": head, "width": width} for head, width in zip(HEADINGS, WIDTHS, strict=True)],
        "rows": rows,
        "below": ["分管领导签字：　　　　　　　　　　　　　　　　日期：　　　　年　　月　　日"],
        "notes": [
            "填写说明：",
            "1、“账号类别”可填写账号本身属性，例如：受理、审批。",
            "2、“岗位”可填写单位岗位，例如：科长、科员。",
        ],
    }


def _phone(numbers: Numbers) -> Box:
    return value("手机号码", numbers.phone)


def _opened(account: AccountRow) -> Box:
    return value("设置日期", day(account.opened_at))


def _scope(act: Act, account: AccountRow) -> str:
    rows = act.session.execute(
        select(SubsystemRow.name, PermissionRow.module, PermissionRow.workflow_role)
        .join(PermissionRow, PermissionRow.subsystem_id == SubsystemRow.id)
        .join(GrantRow, GrantRow.permission_id == PermissionRow.id)
        .where(GrantRow.account_id == account.id, GrantRow.until.is_(None))
        .order_by(PermissionRow.id)
    )
    return "\n".join(f"{system}：{module}（{role}）" for system, module, role in rows) or class_name(
        account.account_class
    )


def _holders(act: Act, unit: UnitRow) -> dict[str, list[str]]:
    found = act.session.execute(
        select(PersonRow.post, PersonRow.name)
        .join(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(PersonRow.unit_id == unit.id)
        .order_by(PersonRow.name)
    )
    names: dict[str, list[str]] = {}
    for post, name in found:
        names.setdefault(post, []).append(name)
    return names


def _lines(act: Act, posts: dict[str, frozenset[str]]) -> list[tuple[str, str, str]]:
    wanted = {permission for held in posts.values() for permission in held}
    rows = act.session.execute(
        select(PermissionRow.id, SubsystemRow.name, PermissionRow.workflow_role)
        .join(SubsystemRow, SubsystemRow.id == PermissionRow.subsystem_id)
        .where(PermissionRow.id.in_(wanted))
    )
    known = {permission: (system, role) for permission, system, role in rows}
    lines = {(post, *known[one]) for post, held in posts.items() for one in held if one in known}
    return sorted(lines, key=lambda line: (line[1], line[0], line[2]))
