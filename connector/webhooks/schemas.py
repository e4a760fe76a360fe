"""Shapes of what approvers' systems send, and of endpoints as shown. Unknown members are passed over."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from connector.regulations.vocabulary import Verdict
from connector.requests.verification import Comparison

Short = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
Sentence = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]


class SignedOverride(BaseModel):
    """Permissions granted beyond the table of posts, all by name; part of what the sender has signed (JC 11)."""

    permissions: list[Annotated[str, StringConstraints(pattern=r"^[!-~]{1,96}$")]] = Field(min_length=1, max_length=200)
    reason: Sentence
    digest: Short


class Decision(BaseModel):
    """One decision: on which task (the stage's id), by whom (user name), and on which content (digest)."""

    task: Short
    decided_by: Short
    verdict: Verdict
    reason: Sentence = ""
    digest: Short
    override: SignedOverride | None = None
    compared: list[Comparison] = Field(default_factory=list, max_length=50)  # by the verifier of a new registration


class DecisionMessage(BaseModel):
    type: Literal["task.decided"]
    data: Decision


class DecisionTaken(BaseModel):
    """Answer to a decision that counts: the request's number and its state after it."""

    request: str
    state: str
    task: str
    decided_by: str = Field("", description="user name of the one who decided")
    capacity: str = Field("holder", description="holder, deputy or alternate")
    stands_for: str | None = Field(None, description="user name of the office holder a deputy stood for (HH 3)")


class EndpointView(BaseModel):
    """An endpoint without its secrets."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    unit_id: str
    url: str
    offices: list[str]
    active: bool
    disabled_at: datetime | None
    disabled_cause: str
    registered_by: str
    registered_at: datetime
    previous_until: datetime | None


class EndpointSecretsView(BaseModel):
    """The secrets of an endpoint, shown this once: `outgoing` verifies our messages, `incoming` signs its own."""

    endpoint: EndpointView
    outgoing: str
    incoming: str


class Rotation(BaseModel):
    """`incoming_key` is a new public key of the other side (`whpk_…`), for an endpoint with key pairs."""

    incoming_key: str = ""
