"""What the API shows of a finding and takes for settling it. Shapes only."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connector.errors import Text
from connector.provenance.service import FindingView


class Words(BaseModel):
    zh: str
    en: str


class FindingShown(BaseModel):
    """一项来源核查发现 / one finding: what, who, when, from where, how bad, what was done, what to do, who can."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    name: Words
    severity: str = Field(description="critical, high, medium, low")
    subject: str = Field(
        description="用户名；无人申请的用户为 Keycloak 编号；域设置为空 / user name, Keycloak id, or empty"
    )
    user_name: str
    person: str
    unit: str
    keycloak_id: str | None
    actor: str
    actor_id: str | None
    actor_realm: str | None
    actor_client: str | None
    by_service_account: bool = Field(description="以服务账号密钥所为 / done with the service account's own key")
    address: str
    facts: dict[str, Any]
    happened_at: datetime
    seen_at: datetime
    found_at: datetime
    action: str
    action_name: Words
    held: bool
    action_state: str = Field(description="waiting, done, failed, held; 空 / empty: nothing was ordered")
    to_do: Words
    who: Words
    closed_at: datetime | None
    closed_by: str
    reason: str
    request: str


class Settling(BaseModel):
    """理由，以及可说明此更改的申请 / the reason, and the approved request that explains the change, if one does."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=512)
    request: str = Field("", max_length=24)


class Order(BaseModel):
    """理由 / the reason."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=512)


def show_finding(view: FindingView) -> FindingShown:
    fields = {name: value._asdict() if isinstance(value, Text) else value for name, value in vars(view).items()}
    return FindingShown(**fields)
