"""What a request contains. Which fields a kind needs is data of the rule packs; their form is checked here."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connector.conflicts.forms import ExceptionForm
from connector.errors import FieldProblem, RefusedInputError
from connector.privileged.forms import BoxForm
from connector.register import identifiers
from connector.register.matrix_lines import MatrixProposal
from connector.register.people import PersonForm
from connector.register.unit_changes import UnitChange
from connector.regulations.rulebook import Form
from connector.regulations.vocabulary import AccountClass, AccountPurpose, RequestKind

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)  # What a calendar can count with.
PROPOSALS = (
    RequestKind.DISABLE_DORMANT,
    RequestKind.DISABLE_FOUND,
    RequestKind.RELEASE_DEPARTURES,
    RequestKind.REPAIR_DRIFT,
)
BY_MACHINE = (*PROPOSALS, RequestKind.WITHDRAW_REVIEWED)  # Submitted by the product itself, never from a form.


class RequestForm(BaseModel):
    """A request as it is sent. `person` only for a first grant; later an account is named by its user name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: RequestKind
    unit_code: str = Field(max_length=32)
    person: PersonForm | None = None
    account: str | None = Field(None, max_length=64, description="user name")
    permissions: tuple[str, ...] = Field((), description='"subsystem:role", to be granted')
    withdraw: tuple[str, ...] = Field((), description='"subsystem:role", to be withdrawn')
    account_class: AccountClass = AccountClass.ORDINARY
    purpose: AccountPurpose = Field(
        AccountPurpose.ORDINARY, description="a temporary or test account needs `until`, its last day (JC 18, JC 21)"
    )
    reason: str = Field("", max_length=500)
    cause: str = Field("", max_length=32, description="departure, transfer, violation, forgotten, …")
    urgent: bool = False
    event_on: date | None = Field(
        None, ge=FIRST_DAY, le=LAST_DAY, description="day of the event, for example of leaving (LC 7(2))"
    )
    until: date | None = Field(
        None, ge=FIRST_DAY, le=LAST_DAY, description="last day of a suspension (LC 7(3)), a waiver, a temporary account"
    )
    accounts: tuple[str, ...] = Field((), description="user names, for proposals about many accounts")
    evidence: dict[str, Any] = Field(default_factory=dict, description="per user name, for proposals")
    strangers: tuple[str, ...] = Field((), description="Keycloak ids of users whom nobody applied for, to be shut out")
    extra: dict[str, str] = Field(default_factory=dict, description="boxes that only a centre's own rule pack knows")
    plan_hash: str | None = Field(None, max_length=64, description="the plan to be carried out, and no other")
    matrix: MatrixProposal | None = Field(None, description="the unit's whole table of posts and permissions (JC 4)")
    key: str | None = Field(None, max_length=64, description="serial number of the key that is lost or damaged (GS 12)")

    box: BoxForm | None = Field(None, description="the time box of a privileged use (JC 18)")
    exception: ExceptionForm | None = Field(None, description="the exception to a conflict of duty (HH 3, JC 7)")

    unit_change: UnitChange | None = Field(None, description="what becomes of the unit, as previewed (HH 1, GS 3)")

    @model_validator(mode="after")
    def _check_proposal(self) -> Self:
        if self.kind not in PROPOSALS and (self.accounts or self.evidence or self.plan_hash or self.strangers):
            raise ValueError("accounts, evidence, strangers and plan_hash belong to proposals")
        if self.matrix is not None and self.kind is not RequestKind.ADOPT_MATRIX:
            raise ValueError("a matrix belongs to the kind adopt_matrix")
        if self.unit_change is not None and self.kind is not RequestKind.REORGANISE_UNIT:
            raise ValueError("a unit_change belongs to the kind reorganise_unit")
        return self


def check_fields(form: RequestForm, rules: Form) -> None:
    """Every box of the annex that the applicant fills is filled; all empty ones are named at once, with clauses."""
    problems = [
        FieldProblem(field.name, f"请填写{field.label}", f"Fill in: {field.label_en}", field.clause)
        for field in rules.fields
        if field.required and field.filled_by == "applicant" and not _is_filled(form, field.name)
    ]
    # A proposal's reason names the hash of its plan: eleven of its digits in a row are not a phone.
    reason = form.reason.replace(form.plan_hash, "") if form.plan_hash else form.reason
    texts = {"reason": reason, "cause": form.cause, **{f"extra.{box}": text for box, text in form.extra.items()}}
    problems += [problem for name, text in texts.items() for problem in number_problems(name, text)]
    if problems:
        raise RefusedInputError(problems, clause=rules.clause)


def check_last_day(form: RequestForm, today: date) -> None:
    """What is to end, ends after today: a waiver of the key (GS 10(2)), a suspension (LC 7(3)).

    An account for a time or for a test has a last day, a regular one has none (JC 18, JC 21).
    """
    wrong = wrong_end(form)
    if wrong is None and form.until is not None and form.until < today:
        clause = "JC 18, JC 21" if form.kind is RequestKind.GRANT else "GS 10(2), LC 7(3)"
        wrong = FieldProblem("until", "截止日期不能早于今天", "the last day must not be before today", clause)
    if wrong is not None:
        raise RefusedInputError([wrong], clause=wrong.clause)


def wrong_end(form: RequestForm) -> FieldProblem | None:
    """What is wrong with purpose and last day of a new account together; None when they fit (JC 18, JC 21)."""
    if form.kind is not RequestKind.GRANT or (form.purpose is AccountPurpose.ORDINARY) == (form.until is None):
        return None
    zh, en = ("临时和测试账号必须填写截止日期", "a temporary or test account needs a last day")
    if form.until is not None:
        zh = "正式账号没有截止日期；有期限的，请选择“临时”或“测试”"
        en = "a regular account has no last day: choose temporary or test for one that ends"
    return FieldProblem("until", zh, en, "JC 18, JC 21")


def number_problems(field: str, text: str) -> list[FieldProblem]:
    """One problem when a free text holds a document number or a phone: it is stored and shown as it is (J5)."""
    if not identifiers.holds_number(text):
        return []
    return [FieldProblem(field, "请勿在说明中填写证件号码或手机号", "leave out document numbers and phones", "LC 5(5)")]


# Which entries of the form fill which box of an annex. A person who has an account is known by it.
BOXES: dict[str, tuple[str, ...]] = {
    "unit": ("unit_code",),
    "person_name": ("account", "person.name"),
    "phone": ("account", "person.phone"),
    "document_number": ("account", "person.document_number"),
    "account": ("account",),
    "module": ("permissions", "withdraw"),
    "workflow_role": ("permissions", "withdraw"),
    "subsystem": ("permissions", "withdraw", "account"),
    "post": ("account", "person.post"),
    "box_from": ("box.starts_at",),
    "box_to": ("box.ends_at",),
    "reviewer": ("box.reviewer",),
    "conflict": ("exception.rule",),
    "except_until": ("exception.until",),
}


def _is_filled(form: RequestForm, box: str) -> bool:
    return any(_entry(form, path) for path in BOXES.get(box, (box,))) or bool(form.extra.get(box, "").strip())


def _entry(form: RequestForm, path: str) -> object:
    value: object = form
    for name in path.split("."):
        value = getattr(value, name, None)
    return value.strip() if isinstance(value, str) else value
