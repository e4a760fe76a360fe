"""Which boxes the page of an application draws, in the annex's order and words, with what was typed and what is wrong.

Which boxes a kind has is data of the rule packs; how each is drawn is said here. Checks nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from connector.auth.act import Act
from connector.errors import FieldProblem, Text
from connector.pages import facts, terms
from connector.pages.choices import choices
from connector.pages.drafts import Draft
from connector.pages.entries import text
from connector.pages.ways import Way
from connector.pages.wording import Words
from connector.register import accounts, catalogue, people, units
from connector.register.tables import AccountRow, PermissionRow, PersonRow
from connector.regulations.rulebook import Field
from connector.regulations.vocabulary import AccountPurpose, RequestKind

LONG, DAYS = ("reason", "account_note"), ("event_on", "until")
SELECT = ("document_kind", "account_class")
MAY_STAY_EMPTY = ("post", "mail", "event_on", "until", "extends", "project")  # of the boxes that no annex draws
CHOSEN_AT_FIRST = {"purpose": AccountPurpose.ORDINARY.value}
HINTS: Mapping[str, Text] = {
    "reason": Text(
        "写明岗位和要办的业务，最多500字；请勿填写证件号码和手机号",
        "The post and what it is needed for, at most 500 characters; no document numbers or phones",
    ),
    "document_number": Text(
        "用于实名登记，提交后只显示前后各4位", "For registration under the real name; later shown only in part"
    ),
    "mail": Text("用于接收一次性链接", "Receives the one-time link"),
    "event_on": Text("例如 2026-11-23", "For example 2026-11-23"),
    "until": Text("例如 2026-12-31；当日仍有效", "For example 2026-12-31; that day is included"),
    "key": Text("见密钥背面", "On the back of the key"),
    **terms.HINTS,
    "purpose": Text("临时和测试账号到期后自动冻结", "A temporary or test account is frozen at its end"),
}
ENDS: Mapping[RequestKind, Text] = {
    RequestKind.GRANT: Text(
        "仅临时和测试账号填写，且必填；例如 2026-12-31，当日仍可使用",
        "For a temporary or test account alone, which needs it; for example 2026-12-31, that day included",
    ),
    RequestKind.SUSPEND: Text("例如 2026-12-31；当日仍暂停", "For example 2026-12-31; that day is included"),
    RequestKind.ENABLE: Text(
        "账号已到期，启用须有新的截止日期；例如 2026-12-31，当日仍可使用",
        "The account is past its end and needs a new one; for example 2026-12-31, that day included",
    ),
}
ASKED_OF_SOME = (RequestKind.GRANT, RequestKind.ENABLE)  # where the hint says when the last day is needed

WHAT_HAPPENED = Text(
    "写明情况，最多500字；请勿填写证件号码和手机号",
    "What happened, at most 500 characters; no document numbers or phones",
)


class Option(NamedTuple):
    value: str
    label: Text
    chosen: bool = False
    sensitive: bool = False


class Box(NamedTuple):
    """One box as it is drawn.

    `widget`: text, day, long, select, radios, checks, groups (permissions by subsystem), said (nothing to type).
    `known` is a masked value that stays when the box is left empty.
    """

    name: str
    label: Text
    widget: str
    value: str = ""
    hint: Text | None = None
    options: Sequence[Option] = ()
    groups: Sequence[tuple[str, Sequence[Option]]] = ()
    problem: FieldProblem | None = None
    known: str = ""
    said: Text | None = None
    optional: bool = False

    def pairs(self, words: Words) -> list[tuple[str, str]]:
        """The options of a select."""
        return [(option.value, words.pick(option.label)) for option in self.options]

    def listed(self, words: Words) -> list[dict[str, str]]:
        """The options of radios and checkboxes."""
        return [{"value": option.value, "words": words.pick(option.label)} for option in self.options]


def draw(
    act: Act, way: Way, draft: Draft, account: AccountRow | None, problems: Mapping[str, FieldProblem]
) -> list[Box]:
    """The boxes of the form, in the annex's order, then those that no annex draws."""
    drawer = _Drawer(act, way, draft, account, problems)
    drawn: dict[str, Box] = {}
    for field in way.form(act.rulebook).fields:
        if field.filled_by in ("applicant", "system") and field.name not in facts.NOT_SHOWN:
            drawn |= {box.name: box for box in drawer.boxes(field)}
    for name in way.boxes_beyond(asks_end=has_ended(act, account)):
        if name not in drawn:
            drawn |= {box.name: box for box in drawer.more(name)}
    return list(drawn.values())


def has_ended(act: Act, account: AccountRow | None) -> bool:
    """Whether the account was approved for a time that is over (JC 18, JC 21)."""
    return account is not None and account.valid_until is not None and account.valid_until <= act.now


class _Drawer:
    """Draws the boxes of one form."""

    def __init__(
        self, act: Act, way: Way, draft: Draft, account: AccountRow | None, problems: Mapping[str, FieldProblem]
    ) -> None:
        self._act, self._way, self._draft, self._account, self._problems = act, way, draft, account, problems
        person_id = account.person_id if account else draft.subject_id
        self._person: PersonRow | None = people.get_person(act, person_id) if person_id else None

    def boxes(self, field: Field) -> list[Box]:
        """The box of one field of the annex; of the first of the permission's fields, all permissions."""
        label = Text(field.label, field.label_en)
        if field.name in facts.PERMISSION_BOXES:
            return self._permissions(facts.permissions_label(self._way.form(self._act.rulebook).fields))
        if field.filled_by == "system" and field.name not in self._way.more:
            said = {"change_kind": facts.change_kind(self._way), "submitted_at": facts.ON_SUBMISSION}.get(field.name)
            return [Box(field.name, label, "said", said=said)] if said else []
        boxes = [self._box(field.name, label)._replace(optional=not field.required and field.name not in SELECT)]
        if field.name == "document_number" and not self._account:
            return [self._box("document_kind", facts.LABELS["document_kind"]), *boxes]
        return boxes

    def more(self, name: str) -> list[Box]:
        """A box that no annex draws."""
        label = facts.label_of(self._way.kind, name)
        if name == "permissions":
            return self._permissions(label)
        is_asked = name == "until" and self._way.kind in ASKED_OF_SOME
        return [self._box(name, label)._replace(optional=name in MAY_STAY_EMPTY and not is_asked)]

    def _box(self, name: str, label: Text) -> Box:
        if self._account is not None and name in facts.OF_PERSON:
            return Box(name, label, "said", said=Text(self._of_person(name), self._of_person(name)))
        value = text(self._draft.entries, name) or CHOSEN_AT_FIRST.get(name, "")
        box = Box(name, label, "text", value=value, hint=self._hint(name), problem=self._problems.get(name))
        offered = self._options(name, value)
        if offered:
            widget = "select" if name in (*SELECT, "unit") else "checks" if name == "urgent" else "radios"
            return box._replace(widget=widget, options=offered)
        if self._person is not None and name in ("document_number", "phone"):
            return box._replace(known=self._of_person(name))
        return box._replace(widget="long" if name in LONG else "day" if name in DAYS else "text")

    def _hint(self, name: str) -> Text | None:
        if name == "reason" and self._way.kind is not RequestKind.GRANT:
            return WHAT_HAPPENED
        if name == "until":
            return ENDS.get(self._way.kind, HINTS[name])
        return HINTS.get(name)

    def _options(self, name: str, value: str) -> list[Option]:
        if name == "unit":
            own = people.get_person(self._act, str(self._act.actor.person_id)).unit_id
            below = units.list_units(self._act, below=units.get_unit_by_id(self._act, own).code)
            return [Option(unit.code, Text(unit.name, unit.name), unit.code == value) for unit in below]
        if name == "conflict":
            return [Option(key, label, key == value) for key, label in terms.conflicts_offered(self._act)]
        offered = choices(self._way.kind, name)
        return [Option(key, label, key == value) for key, label in offered.items()]

    def _permissions(self, label: Text) -> list[Box]:
        """All permissions to choose from; of an account those it lacks, and those it holds to be withdrawn."""
        if self._way.slug not in ("grant", "change", "use_privileged"):
            return []
        held = {row.id for row in accounts.list_grants(self._act, self._account)} if self._account else set[str]()
        rows = catalogue.list_permissions(self._act)
        problem = self._problems.get("permissions")
        lacking = self._groups("permissions", [row for row in rows if row.id not in held])
        if self._account is None or self._way.slug == "use_privileged":
            return [Box("permissions", label, "groups", groups=lacking, problem=problem)]
        return [
            Box("permissions", facts.LABELS["permissions"], "groups", groups=lacking, problem=problem),
            Box(
                "withdraw",
                Text("现有权限（勾选要撤销的）", "Held now (tick what is to be withdrawn)"),
                "groups",
                groups=self._groups("withdraw", [row for row in rows if row.id in held]),
            ),
        ]

    def _groups(self, box: str, rows: Sequence[PermissionRow]) -> list[tuple[str, list[Option]]]:
        names = {row.id: row.name for row in catalogue.list_subsystems(self._act)}
        chosen = set(self._draft.entries.get(box, ()))
        grouped: dict[str, list[Option]] = {}
        for row in rows:
            part = facts.permission_part(names, row)
            grouped.setdefault(part.group, []).append(Option(row.id, part.text, row.id in chosen, row.sensitive))
        return list(grouped.items())

    def _of_person(self, name: str) -> str:
        person = self._person
        if person is None:
            return ""
        known: dict[str, Any] = {
            "person_name": person.name,
            "phone": person.phone_masked,
            "document_number": person.document_masked,
            "post": person.post,
            "account": self._account.user_name if self._account else "",
            "unit": units.get_unit_by_id(self._act, person.unit_id).name,
        }
        return str(known[name])
