"""Registers and reads units: the tree region -> centre/bureau -> department/agency. Never touches persons."""

import re

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from connector.audit import service as audit
from connector.audit.events import Event
from connector.auth.act import Act
from connector.errors import FieldProblem, NotFoundError, RefusedInputError
from connector.register import confine, identifiers, offices
from connector.register.errors import CentreMissingError
from connector.register.fields import checked, too_long
from connector.register.tables import UnitRow
from connector.regulations.vocabulary import Office
from connector.storage.tables import new_id

# Which kinds of unit may stand directly above a unit; None means that it may be the top of the tree.
PARENT_KINDS: dict[str, tuple[str | None, ...]] = {
    "region": ("region", None),
    "centre": ("region", None),
    "bureau": ("region", "centre", None),
    "department": ("centre", "bureau", "department"),
    "agency": ("region", "centre", "bureau"),
}
CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")  # It becomes part of user names.
REGION_CODE = re.compile(r"[1-9]\d{5}")  # GB/T 2260
PHONE_CONTEXT = "unit.phone"


class UnitForm(BaseModel):
    """A unit to be registered (HH 1, GS 3). `parent_code` is empty for the top of the tree."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    code: str
    name: str
    kind: str
    parent_code: str = ""
    address: str = ""
    belongs_to: str = ""
    contact_name: str = ""
    phone: str = ""
    credit_code: str = ""


def register_unit(act: Act, form: UnitForm) -> UnitRow:
    """Registers one unit below its parent (A3; HH 1, GS 3).

    Done by an operator, the head of the system department, or the operator of the machine. Raises
    RefusedInputError with every wrong field at once; nothing is stored then.
    """
    keepers = (Office.OPERATOR, Office.SYSTEM_DEPARTMENT_HEAD)
    offices.check_host_or_holds(act, *keepers, doing="登记单位 / register a unit")
    parent = find_unit(act, form.parent_code) if form.parent_code else None
    problems = [*_text_problems(form), *_tree_problems(act, form, parent)]
    credit_code = checked(problems, identifiers.check_credit_code, form.credit_code) if form.credit_code else ""
    phone = checked(problems, identifiers.check_phone, form.phone) if form.phone else ""
    if problems:
        raise RefusedInputError(problems, clause="HH 1, GS 3")
    return _insert(act, form.model_copy(update={"credit_code": credit_code, "phone": phone}), parent)


def find_unit(act: Act, code: str) -> UnitRow | None:
    """The unit with this code, in whatever case it is written."""
    return act.session.scalars(select(UnitRow).where(func.lower(UnitRow.code) == code.strip().lower())).one_or_none()


def get_unit(act: Act, code: str) -> UnitRow:
    """The unit with this code; raises NotFoundError."""
    unit = find_unit(act, code)
    if unit is None:
        raise NotFoundError(kind="单位 (unit)", name=code)
    return unit


def get_unit_by_id(act: Act, unit_id: str) -> UnitRow:
    """The unit with this id; raises NotFoundError."""
    unit = act.session.get(UnitRow, unit_id)
    if unit is None:
        raise NotFoundError(kind="单位 (unit)", name=unit_id)
    return unit


def list_units(act: Act, *, below: str | None = None) -> list[UnitRow]:
    """Every unit in the order of the tree, or only the unit with code `below` and those under it."""
    statement = select(UnitRow).order_by(UnitRow.path)
    if below:
        statement = statement.where(UnitRow.path.startswith(get_unit(act, below).path, autoescape=True))
    return list(act.session.scalars(statement))


def is_within(unit: UnitRow, ancestor: UnitRow) -> bool:
    """Whether `unit` is `ancestor` or stands below it."""
    return unit.path.startswith(ancestor.path)


def centre(act: Act) -> UnitRow:
    """The trading centre of this installation: the topmost unit of kind centre; raises CentreMissingError.

    Counties below a city may have centres of their own; the one nearest to the root is meant.
    """
    found = list(act.session.scalars(select(UnitRow).where(UnitRow.kind == "centre")))
    depths = sorted((unit.path.count("/"), unit.code) for unit in found)
    if not depths or (len(depths) > 1 and depths[0][0] == depths[1][0]):
        raise CentreMissingError()
    return next(unit for unit in found if unit.code == depths[0][1])


def region_code(act: Act, unit: UnitRow) -> str:
    """Code of the topmost region above `unit`, which opens the user names of its people (GS 10(1)).

    Raises NotFoundError when the unit stands in no region.
    """
    codes = [code for code in unit.path.split("/") if code]
    regions = (
        select(UnitRow.code)
        .where(UnitRow.code.in_(codes), UnitRow.kind == "region")
        .order_by(func.length(UnitRow.path))
    )
    found = act.session.scalars(regions).first()
    if found is None:
        raise NotFoundError(kind="行政区划 (region)", name=unit.code)
    return found


def set_contact(act: Act, unit_id: str, *, name: str, phone: str) -> UnitRow:
    """The unit's contact and his normalised phone from now on (HH 1, GX 12); for the room that keeps the changes."""
    unit = get_unit_by_id(act, unit_id)
    unit.contact_name = name
    unit.phone_sealed = act.vault.encrypt(phone, f"{PHONE_CONTEXT}:{unit.id}")
    act.session.flush()
    audit.record(act, Event.UNIT_CHANGED, f"unit:{unit.id}", code=unit.code, fields=["contact_name", "phone"])
    return unit


def reseal(act: Act) -> int:
    """Seals the phones of all units under the present key (J5); returns how many were sealed anew."""
    renewed = 0
    for unit in act.session.scalars(select(UnitRow).where(UnitRow.phone_sealed.is_not(None))):
        if unit.phone_sealed and act.vault.needs_rotation(unit.phone_sealed):
            context = f"{PHONE_CONTEXT}:{unit.id}"
            unit.phone_sealed = act.vault.encrypt(act.vault.decrypt(unit.phone_sealed, context), context)
            renewed += 1
    return renewed


def _insert(act: Act, form: UnitForm, parent: UnitRow | None) -> UnitRow:
    unit_id = new_id()
    unit = UnitRow(
        id=unit_id,
        code=form.code,
        name=form.name,
        kind=form.kind,
        parent_id=parent.id if parent else None,
        path=f"{parent.path if parent else '/'}{form.code}/",
        address=form.address,
        belongs_to=form.belongs_to,
        contact_name=form.contact_name,
        phone_sealed=act.vault.encrypt(form.phone, f"{PHONE_CONTEXT}:{unit_id}") if form.phone else None,
        credit_code=form.credit_code or None,
        registered_at=act.now,
    )
    act.session.add(unit)
    act.session.flush()
    audit.record(act, Event.UNIT_REGISTERED, f"unit:{unit.id}", code=unit.code, kind=unit.kind, path=unit.path)
    return unit


def _text_problems(form: UnitForm) -> list[FieldProblem]:
    problems = too_long(form, {"name": 128, "address": 256, "belongs_to": 128, "contact_name": 64}, "HH 1")
    if not form.name:
        problems.append(FieldProblem("name", "单位名称不能为空", "a unit has a name", "HH 1"))
    return problems


def _is_taken(act: Act, code: str) -> bool:
    with confine.beyond(act):  # A code stands for one unit in the whole installation.
        return find_unit(act, code) is not None


def _tree_problems(act: Act, form: UnitForm, parent: UnitRow | None) -> list[FieldProblem]:
    problems: list[FieldProblem] = []
    pattern = REGION_CODE if form.kind == "region" else CODE
    if not pattern.fullmatch(form.code):
        asked = (
            ("6位行政区划代码", "six digits of GB/T 2260")
            if form.kind == "region"
            else ("字母、数字和-，最多32位", "letters, digits and -, at most 32")
        )
        problems.append(FieldProblem("code", f"单位代码应为{asked[0]}", f"the code is {asked[1]}", "GS 10(1)"))
    elif _is_taken(act, form.code):
        problems.append(FieldProblem("code", "单位代码已被使用", "this code is taken", "GS 3"))
    if form.kind not in PARENT_KINDS:
        kinds = ", ".join(PARENT_KINDS)
        return [*problems, FieldProblem("kind", f"单位类别应为：{kinds}", f"the kind is one of: {kinds}", "GS 3")]
    if form.parent_code and parent is None:
        problems.append(FieldProblem("parent_code", "没有该上级单位", "there is no such parent unit", "GS 3"))
    elif (parent.kind if parent else None) not in PARENT_KINDS[form.kind]:
        allowed = ", ".join(kind or "（无 none）" for kind in PARENT_KINDS[form.kind])
        problems.append(
            FieldProblem("parent_code", f"上级单位类别应为：{allowed}", f"the parent is one of: {allowed}", "GS 3")
        )
    return problems
