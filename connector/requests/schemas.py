"""Shapes of requests in the API. Personal values never leave but masked."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connector.register.matrix_lines import MatrixLine
from connector.regulations.vocabulary import Verdict
from connector.requests.entitlement import Override
from connector.requests.verification import Comparison


class StageShown(BaseModel):
    """One stage of the chain, before submission (`id`, `state` empty) or after."""

    id: str = ""
    position: int
    office: str
    office_name: str
    unit: str
    deciders: list[str] = Field(description="names of those who may decide")
    deputies: list[str] = Field(default_factory=list, description="who may decide in a decider's place, and for whom")
    alternates: list[str] = Field(default_factory=list, description="whom the stage was opened to when it was overdue")
    working_days: int | None = None
    clause: str
    state: str = ""
    due_at: datetime | None = None


class DecisionShown(BaseModel):
    version: int
    stage_id: str
    decided_by: str
    capacity: str = Field("holder", description="holder, deputy or alternate")
    stands_for: str | None = Field(None, description="name of the office holder a deputy stood for (HH 3)")
    via_office: str = Field("", description="office by which an alternate was added")
    verdict: str
    reason: str
    via: str
    proof: str = Field(description='how the decider proved himself: "mfa hwk", "mfa otp", "webhook"')
    decided_at: datetime


class StepShown(BaseModel):
    """One provisioning step that follows from the request."""

    id: int
    kind: str
    state: str
    attempts: int
    last_error: str | None


class EntitledLine(BaseModel):
    """One permission against the table of posts in force: allowed, excess, unknown_post or no_table (JC 11)."""

    permission: str
    standing: str


class EntitlementShown(BaseModel):
    """The check of a request that grants permissions. An override names all of `outside` and this `digest`."""

    unit: str
    post: str
    matrix_version: int | None = Field(description="of the table in force; null where the unit has none")
    lines: list[EntitledLine]
    outside: list[str] = Field(description="what only an override approves")
    digest: str


class OverrideShown(BaseModel):
    """An approval beyond the table: what, by whom, and why (JC 11)."""

    version: int
    permissions: list[str]
    post: str
    post_unknown: bool
    decided_by: str
    reason: str
    at: datetime


class MatrixChangeShown(BaseModel):
    """What a request for a unit's table would change of the one it was made from (JC 4)."""

    added: list[MatrixLine]
    removed: list[MatrixLine]
    noted: list[MatrixLine]


class RequestShown(BaseModel):
    """A request with its chain, its decisions and what became of it."""

    id: str
    number: str
    kind: str
    state: str
    version: int
    digest: str
    form: dict[str, Any]
    unit: str
    person: str | None = Field(description="name of the person it is about")
    document: str | None = Field(description="masked document number")
    account: str | None = Field(description="user name, once there is one")
    submitted_by: str
    submitted_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    stages: list[StageShown]
    decisions: list[DecisionShown]
    versions: list[int]
    steps: list[StepShown]
    provisioned: bool | None = Field(description="null until approved; then whether every step is done")
    entitlement: EntitlementShown | None = Field(None, description="while it is pending: against the table in force")
    overrides: list[OverrideShown] = Field(default_factory=list)
    matrix_change: MatrixChangeShown | None = None
    registration: "RegistrationShown | None" = Field(None, description="of a new person: his verification (HH 4)")


class CandidateShown(BaseModel):
    """Somebody registered who may be the same person: a hint for the verifier, never a refusal (LC 5(3))."""

    person_id: str
    unit: str
    document_kind: str
    document_masked: str
    same_birth: bool | None = Field(description="null where a document does not tell the birth date")
    same_unit: bool
    account_status: str | None


class RefusalShown(BaseModel):
    """An earlier registration of the same person that was refused; it opened nothing (HH 4)."""

    number: str
    unit: str
    office: str
    reason: str
    refused_at: datetime


class VerificationShown(BaseModel):
    """What one verifier compared (HH 4)."""

    version: int
    verified_by: str
    verdict: str
    items: list[Comparison]
    at: datetime


class ChecklistItem(BaseModel):
    """One item that the verifier of a new registration answers."""

    name: str
    label: str
    label_en: str
    clause: str


class RegistrationShown(BaseModel):
    """What the deciders of a new registration see: the checklist, what was compared, refusals, possible doubles."""

    checklist: list[ChecklistItem] = Field(description="to be answered at the open stage; empty at any other")
    verifications: list[VerificationShown]
    refusals: list[RefusalShown]
    candidates: list[CandidateShown]


class RequestListed(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    number: str
    kind: str
    state: str
    version: int
    submitted_by: str
    submitted_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


class TaskListed(BaseModel):
    """One line of the inbox. `days_left` in working days: 0 is today, negative is overdue."""

    stage_id: str
    request_id: str
    number: str
    kind: str
    office: str
    digest: str
    due_at: datetime | None
    days_left: int | None
    stands_for: str | None = Field(None, description="name of the office holder in whose place one decides")


class DecisionSent(BaseModel):
    """A decision as it is sent. `digest` is that of the content that was shown (B12)."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    reason: str = Field("", max_length=500)
    digest: str = Field(min_length=64, max_length=64)
    excluded: list[str] = Field(default_factory=list, max_length=1000)
    override: Override | None = Field(None, description="what is granted beyond the table of posts, and why (JC 11)")
    compared: list[Comparison] = Field(
        default_factory=list, max_length=50, description="what the verifier of a new registration compared (HH 4)"
    )


class Withdrawal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=500)
