"""What a request says, row by row in the order of its annex, personal numbers masked. Reads, and decides nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from connector.auth.act import Act
from connector.errors import Text
from connector.pages import terms
from connector.pages.choices import name_of
from connector.pages.ways import Way
from connector.pages.wording import PURPOSES
from connector.register import accounts, catalogue, identifiers, offices, people, units
from connector.register.tables import AccountRow, PermissionRow, PersonRow, UnitRow
from connector.regulations.rulebook import Field
from connector.regulations.vocabulary import AccountPurpose, RequestKind
from connector.requests.forms import RequestForm
from connector.requests.tables import RequestRow

PERMISSION_BOXES = ("module", "workflow_role", "subsystem")
# What the register says of the person of an account, instead of a box to type into.
OF_PERSON = ("person_name", "phone", "document_number", "post", "account", "unit")
UNIT_BOXES: Mapping[str, str] = {
    "unit_address": "address",
    "unit_belongs_to": "belongs_to",
    "unit_contact": "contact_name",
}
NOT_SHOWN = frozenset({"unit_phone"})  # The register's data of the unit, sealed there.
ON_SUBMISSION = Text("提交时由系统填写", "Filled in by the system on submission")
LABELS: Mapping[str, Text] = {
    "unit": Text("申请科室（单位）", "Applying department (unit)"),
    "person_name": Text("使用人姓名", "Name of the person"),
    "document_number": Text("身份证号", "ID number"),
    "phone": Text("联系方式", "Phone"),
    "document_kind": Text("证件种类", "Kind of document"),
    "post": Text("岗位", "Post"),
    "mail": Text("邮箱", "Mail"),
    "account_class": Text("账号类别", "Class of the account"),
    "urgent": Text("是否紧急", "Urgent"),
    "cause": Text("事由", "Cause"),
    "event_on": Text("事由发生日期", "Day it happened"),
    "purpose": Text("账号用途", "Purpose of the account"),
    "until": Text("截止日期", "Last day"),
    "account": Text("账号", "Account"),
    "permissions": Text("新增权限", "Added"),
    "withdraw": Text("撤销权限", "Withdrawn"),
    **terms.LABELS,
}
SUSPENDED_UNTIL = Text("暂停至", "Suspended until")


class Part(NamedTuple):
    """One piece of a value: words, the subsystem they belong to, and whether they name a sensitive permission."""

    text: Text
    group: str = ""
    sensitive: bool = False


class Fact(NamedTuple):
    """One row. `box` is the name of the box where it was filled in; empty where the product fills it itself."""

    box: str
    label: Text
    parts: Sequence[Part]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What one request says, whether it is still a form or stored already. Numbers are masked."""

    way: Way
    unit: UnitRow
    name: str
    document: str
    phone: str
    post: str
    form: Mapping[str, Any]
    mail: str = ""
    document_kind: str = ""
    account: AccountRow | None = None
    submitted_at: datetime | None = None


def change_kind(way: Way) -> Text:
    """The annex's own word for what is asked: new, or change."""
    return {"grant": Text("新增", "New"), "change": Text("变更", "Change")}.get(way.slug, way.name)


def local_time(moment: datetime) -> str:
    """A moment in China to the minute, as tables show it."""
    return f"{moment.astimezone(offices.OFFICE_ZONE):%Y-%m-%d %H:%M}"


def of_form(act: Act, way: Way, form: RequestForm) -> Content:
    """The content of a form that was checked."""
    unit = units.get_unit(act, form.unit_code)
    stored = form.model_dump(mode="json", exclude={"person"})
    if form.account is not None:
        account = accounts.get_by_user_name(act, form.account)
        return _about(way, unit, stored, people.get_person(act, account.person_id), account)
    person = form.person
    if person is None:
        raise ValueError("a form names a person or an account")
    number = identifiers.check_document(person.document_kind, person.document_number, offices.office_day(act))
    return Content(
        way=way,
        unit=unit,
        name=people.clean_name(person.name),
        document=identifiers.mask_document(number),
        phone=identifiers.mask_phone(identifiers.check_phone(person.phone)),
        post=person.post,
        mail=person.mail,
        document_kind=person.document_kind,
        form=stored,
    )


def of_request(act: Act, way: Way, request: RequestRow, form: Mapping[str, Any] | None = None) -> Content:
    """The content of a stored request, or of a former version's `form`."""
    person = people.get_person(act, str(request.person_id))
    account = accounts.get_account(act, request.account_id) if request.account_id else None
    return _about(
        way, units.get_unit_by_id(act, request.unit_id), form or request.form, person, account, request.submitted_at
    )


def _about(
    way: Way, unit: UnitRow, form: Mapping[str, Any], person: PersonRow, account: AccountRow | None,
    submitted_at: datetime | None = None,
) -> Content:  # fmt: skip
    return Content(
        way=way,
        unit=unit,
        name=person.name,
        document=person.document_masked,
        document_kind=person.document_kind,
        phone=person.phone_masked,
        post=person.post,
        mail=person.mail or "",
        form=form,
        account=account,
        submitted_at=submitted_at,
    )


def rows(act: Act, content: Content) -> list[Fact]:
    """Every row of the annex that is not an office's to fill, then what the annex has no box for."""
    drawn: dict[str, Fact] = {}
    fields = content.way.form(act.rulebook).fields
    for field in fields:
        if field.filled_by not in ("applicant", "system") or field.name in NOT_SHOWN:
            continue
        if field.name in PERMISSION_BOXES:
            drawn |= _permission_rows(act, content, permissions_label(fields))
            continue
        if field.name == "document_number" and not content.way.needs_account:
            drawn["document_kind"] = Fact("document_kind", LABELS["document_kind"], _value(content, "document_kind"))
        typed = _is_typed(content, field)
        label = Text(field.label, field.label_en)
        parts = _value(content, field.name)
        if typed or parts:
            drawn[field.name] = Fact(field.name if typed else "", label, parts)
    for box in _beyond(content):
        drawn.setdefault(box, Fact(box, label_of(content.way.kind, box), _value(content, box)))
    return list(drawn.values())


def label_of(kind: RequestKind, box: str) -> Text:
    """What a box that no annex draws is called."""
    return SUSPENDED_UNTIL if box == "until" and kind is RequestKind.SUSPEND else LABELS[box]


def _beyond(content: Content) -> list[str]:
    """The boxes that no annex draws; of an account without an end, the end is no row."""
    has_end = bool(content.form.get("until"))
    boxes = content.way.boxes_beyond(asks_end=has_end)
    hidden = "until" if content.way.kind is RequestKind.GRANT and not has_end else ""
    return [box for box in boxes if box != hidden]


def _is_typed(content: Content, field: Field) -> bool:
    """Whether the applicant fills the box: of an account's person he chooses the account alone."""
    if content.way.needs_account and field.name in OF_PERSON:
        return False
    return field.filled_by == "applicant" or field.name in content.way.more


def permissions_label(fields: Iterable[Field]) -> Text:
    """The words of the annex for a permission: it draws module and workflow role as two boxes, the page as one."""
    asked = [f for f in fields if f.name in PERMISSION_BOXES] or None
    if asked is None:
        return LABELS["permissions"]
    return Text("、".join(f.label for f in asked), ", ".join(f.label_en for f in asked))


def permissions(act: Act, ids: Iterable[str]) -> list[Part]:
    """The permissions as module and workflow role under the name of their subsystem."""
    names = {subsystem.id: subsystem.name for subsystem in catalogue.list_subsystems(act)}
    return [permission_part(names, row) for row in catalogue.check_permissions(act, ids)]


def permission_part(names: Mapping[str, str], row: PermissionRow) -> Part:
    group = names.get(row.subsystem_id, row.subsystem_id)
    name = f"{row.module}：{row.workflow_role}"
    return Part(Text(name, name), group, row.sensitive)


def _permission_rows(act: Act, content: Content, label: Text) -> dict[str, Fact]:
    """Of a first grant one row in the annex's words, of a change two, of anything else the systems now open."""
    if content.way.kind is RequestKind.USE_PRIVILEGED:
        return {"permissions": Fact("permissions", label, permissions(act, content.form.get("permissions", ())))}
    if content.way.kind is not RequestKind.GRANT:
        held = accounts.list_grants(act, content.account) if content.account else []
        names = {row.id: row.name for row in catalogue.list_subsystems(act)}
        systems = dict.fromkeys(names[row.subsystem_id] for row in held)
        return {"subsystem": Fact("", label, [Part(Text(name, name)) for name in systems])}
    if content.account is None:
        return {"permissions": Fact("permissions", label, permissions(act, content.form.get("permissions", ())))}
    return {
        name: Fact(name, LABELS[name], permissions(act, content.form.get(name, ())))
        for name in ("permissions", "withdraw")
    }


def _value(content: Content, box: str) -> list[Part]:
    if box in VALUES:
        value: Any = VALUES[box](content)
    elif box in UNIT_BOXES:
        value = getattr(content.unit, UNIT_BOXES[box])
    else:
        value = content.form.get(box) or content.form.get("extra", {}).get(box, "")
    if isinstance(value, Text):
        return [Part(value)]
    if value is True:
        value = "yes"
    return [Part(name_of(content.way.kind, box, str(value)))] if value else []


def _of_terms(name: str, content: Content) -> str | Text:
    """One box of a time box or an exception; two charges by their names."""
    value = terms.typed_of(content.form).get(name, "")
    if name != "conflict" or not value:
        return value
    return Text("开标封闭期", "Blackout") if value == terms.BLACKOUT else value.replace("+", " / ")


VALUES: Mapping[str, Callable[[Content], Any]] = {
    "unit": lambda content: content.unit.name,
    "person_name": lambda content: content.name,
    "document_kind": lambda content: content.document_kind,
    "document_number": lambda content: content.document,
    "phone": lambda content: content.phone,
    "post": lambda content: content.post,
    "mail": lambda content: content.mail,
    "account": lambda content: content.account.user_name if content.account else "",
    "purpose": lambda content: PURPOSES[content.form.get("purpose", AccountPurpose.ORDINARY)],
    **{name: partial(_of_terms, name) for name in terms.BOXES},
    "change_kind": lambda content: change_kind(content.way),
    "submitted_at": lambda content: local_time(content.submitted_at) if content.submitted_at else ON_SUBMISSION,
    "signature": lambda _content: Text("以本人登录提交，视为签字", "Signed by signing in"),
}
