"""Shapes of requests in the API. Personal values never leave but masked."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connector.regulations.vocabulary import Verdict


class StageShown(BaseModel):
    """One stage of the chain, before submission (`id`, `state` empty) or after."""

    id: str = ""
    position: int
    office: str
    office_name: str
    unit: str
    deciders: list[str] = Field(description="names of those who may decide")
    working_days: int | None = None
    clause: str
    state: str = ""
    due_at: datetime | None = None


class DecisionShown(BaseModel):
    version: int
    stage_id: str
    decided_by: str
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


class DecisionSent(BaseModel):
    """A decision as it is sent. `digest` is that of the content that was shown (B12)."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    reason: str = Field("", max_length=500)
    digest: str = Field(min_length=64, max_length=64)
    excluded: list[str] = Field(default_factory=list, max_length=1000)


class Withdrawal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=500)
