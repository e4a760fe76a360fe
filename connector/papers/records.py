"""Records that are no request: GS annex 1, the Hohhot register, JC annex 1. Drawn; nothing is changed.

GS names its annex 1 and prints none: the boxes are what GS 5, 9 and 10(1) ask for. HH draws no form either: the boxes
are those of HH 1.
"""

from collections.abc import Iterable

from sqlalchemy import select

from connector.auth.act import Act
from connector.errors import NotFoundError
from connector.papers.boxes import Box, label, opinion, option, options, said, sealed, value
from connector.papers.facts import (
    ADMINISTRATORS,
    Numbers,
    class_name,
    day,
    key_serial,
    masked,
    proof_told,
    unit_phone,
)
from connector.papers.forms import Drawn
from connector.register import accounts, catalogue, confine, matrix, people, units
from connector.register.administrator_tables import AdministratorReportRow
from connector.register.matrix_lines import MatrixLine
from connector.register.names import CLASS_NAMES
from connector.register.tables import AccountRow, GrantRow, PermissionRow, PersonRow, SubsystemRow, UnitRow
from connector.regulations.vocabulary import AccountClass, AccountStatus, Office
from connector.requests import matrix_desk
from connector.requests.matrix_desk import Version

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
            [label("上一级系统\n管理部门意见"), opinion("上一级系统管理部门意见", _noted(act, person), 3, high=36)],
        ],
    }


def unit_register(act: Act, unit: UnitRow) -> Drawn:
    """账号注册登记表 (HH 1): the unit as it was registered, and everybody who handles its business with an account."""
    found = act.session.execute(
        select(PersonRow, AccountRow)
        .join(AccountRow, AccountRow.person_id == PersonRow.id)
        .where(PersonRow.unit_id == unit.id, AccountRow.status != AccountStatus.CANCELLED.value)
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


def matrix_listing(act: Act, unit: UnitRow) -> Drawn:
    """账号权限对照表 (JC annex 1) of a unit as it is in force, with who signed it; without one, to be filled."""
    table = matrix_desk.show_version(act, unit.code) if matrix.in_force(act, unit.id) else None
    holders = _holders(act, unit)
    rows = [
        [str(number), system, role, post, "、".join(holders.get(post, ())), note]
        for number, (system, post, role, note) in enumerate(_lines(act, table.lines if table else ()), 1)
    ]
    version = f"　　第{table.version}版，自{day(table.since)}起施行" if table else ""
    return {
        "annex": "附件 1",
        "title": "账号权限对照表",
        "above": [f"科室（单位）名称：{unit.name}{version}"],
        "columns": [{"title": head, "width": width} for head, width in zip(HEADINGS, WIDTHS, strict=True)],
        "rows": rows,
        "below": [_leader(table)],
        "notes": [
            "填写说明：",
            "1、“账号类别”可填写账号本身属性，例如：受理、审批。",
            "2、“岗位”可填写单位岗位，例如：科长、科员。",
        ],
    }


def _leader(table: Version | None) -> str:
    """Who signed the table (JC 5); a line to sign on while nobody has."""
    if table is not None and table.paper:
        return f"分管领导签字：见文件{table.paper}"
    signed = [one for one in table.signed if one.office == Office.LEADER_IN_CHARGE] if table else []
    if not signed:
        return "分管领导签字：　　　　　　　　　　　　　　　　日期：　　　　年　　月　　日"
    return f"分管领导签字：{signed[0].name}（{proof_told(signed[0].proof)}）　　日期：{day(signed[0].at)}"


def _noted(act: Act, person: PersonRow) -> list[Box]:
    """That the level above has taken note of the administrator, when, and who did (GS 9)."""
    with confine.beyond(act):
        row = act.session.scalar(
            select(AdministratorReportRow)
            .where(AdministratorReportRow.person_id == person.id, AdministratorReportRow.acknowledged_at.is_not(None))
            .order_by(AdministratorReportRow.acknowledged_at.desc())
            .limit(1)
        )
        if row is None or row.acknowledged_at is None or row.acknowledged_by is None:
            return []
        signer = people.get_person(act, row.acknowledged_by).name
    told = "设置已备案" if row.what == "set" else "免去已备案"
    return [said(verdict=told, text="", signer=signer, when=day(row.acknowledged_at), proof=proof_told(""))]


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
        .where(PersonRow.unit_id == unit.id, AccountRow.status != AccountStatus.CANCELLED.value)
        .order_by(PersonRow.name)
    )
    names: dict[str, list[str]] = {}
    for post, name in found:
        names.setdefault(post, []).append(name)
    return names


def _lines(act: Act, table: Iterable[MatrixLine]) -> list[tuple[str, str, str, str]]:
    """(system, post, role, note) of each line, by system and post."""
    permissions = {row.id: row for row in catalogue.list_permissions(act)}
    systems = {row.id: row.name for row in catalogue.list_subsystems(act)}
    found = [(permissions[line.permission], line) for line in table if line.permission in permissions]
    return sorted((systems[row.subsystem_id], line.post, row.workflow_role, line.note) for row, line in found)
