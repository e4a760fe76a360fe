"""What a request contains. Which fields a kind needs is data of the rule packs; their form is checked here."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connector.errors import FieldProblem, RefusedInputError
from connector.register.people import PersonForm
from connector.regulations.rulebook import Form
from connector.regulations.vocabulary import AccountClass, RequestKind


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
    reason: str = Field("", max_length=500)
    cause: str = Field("", max_length=32, description="departure, transfer, violation, forgotten, …")
    urgent: bool = False
    event_on: date | None = Field(None, description="day of the event, for example of leaving (LC 7(2))")
    until: date | None = Field(None, description="last day of a suspension (LC 7(3))")
    accounts: tuple[str, ...] = Field((), description="user names, for proposals about many accounts")
    evidence: dict[str, Any] = Field(default_factory=dict, description="per user name, for proposals")
    plan_hash: str | None = Field(None, max_length=64, description="the departure plan to be released, and no other")


def check_fields(form: RequestForm, rules: Form) -> None:
    """Every field that the annex demands is filled; all missing ones are named at once, each with its clause."""
    problems = [
        FieldProblem(field.name, f"请填写{field.label}", f"Fill in: {field.label_en}", field.clause)
        for field in rules.fields
        if field.required and not _value(form, field.name)
    ]
    if problems:
        raise RefusedInputError(problems, clause=rules.clause)


def _value(form: RequestForm, name: str) -> object:
    """The value of an annex's field. Some are filled in by the system and are never missing."""
    person = form.person
    named = {
        "unit": form.unit_code,
        "category": True,  # 新增/变更 follows from whether the person has an account.
        "person_name": form.account or (person and person.name) or form.accounts,
        "phone": form.account or (person and person.phone),
        "document_number": form.account or (person and person.document_number),
        "account": form.account or form.accounts,
        "modules": form.permissions or form.withdraw,
        "workflow_roles": form.permissions or form.withdraw,
        "permissions": form.permissions or form.withdraw,
        "reason": form.reason,
        "cause": form.cause or form.reason,
        "submitted_at": True,
        "applied_at": True,
    }
    if name in named:
        return named[name]
    return getattr(form, name, True)
