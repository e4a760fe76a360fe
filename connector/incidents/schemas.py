"""Shapes of the freeze orders in the API, the commands and the pages. Names of persons, no number of any person."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from connector.auth.act import Act
from connector.incidents import freezes, store
from connector.incidents.proof import Looked, look
from connector.incidents.scopes import Candidate, Scope, ScopeKind
from connector.incidents.tables import FreezeLineRow, FreezeOrderRow


class ScopeForm(BaseModel):
    """What the freeze goes by: a user name, a unit's code, a subsystem's id or the number of a batch of keys."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    scope_kind: ScopeKind
    scope_value: str = Field(min_length=1, max_length=128)

    @property
    def scope(self) -> Scope:
        return Scope(self.scope_kind, self.scope_value)


class OrderForm(ScopeForm):
    """An order for exactly the list that was shown."""

    reason: str
    plan_hash: str = Field(max_length=64, description="the preview's hash")


class UndoForm(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str
    plan_hash: str = Field(max_length=64, description="the preview's hash")


class Confirmation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    plan_hash: str = Field(max_length=64, description="hash of the list that the second person was shown")


class Refusal(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str


class AccountShown(BaseModel):
    """One account of a preview; `left_out` says why it is not in the plan."""

    user_name: str
    person: str
    unit: str
    status: str
    subsystems: list[str]
    left_out: str | None


class PreviewShown(BaseModel):
    """What an order would do now; `hash` is sent with the order."""

    scope_kind: ScopeKind
    scope_value: str
    scope_name: str
    hash: str
    count: int
    alone: int = Field(description="how many the caller may still freeze alone within the hour")
    needs_second: bool
    accounts: list[AccountShown]
    left_out: list[AccountShown]


class LineShown(BaseModel):
    """One account of an order and what is proved of it."""

    user_name: str
    person: str
    unit: str
    state: str = Field(description="pending, done, failed, skipped")
    skipped_because: str
    former_status: str
    proof: dict[str, Any] = Field(description="disabled, sessions counted, and when")
    signals_taken: int = Field(description="streams of subsystems that took their signal")
    signals: int


class OrderListed(BaseModel):
    """One order without its lines."""

    model_config = ConfigDict(from_attributes=True)

    number: str
    direction: str
    scope_kind: ScopeKind
    scope_value: str
    reason: str
    plan_hash: str
    size: int
    state: str = Field(description="waiting, started, done, refused, expired")
    ordered_by: str
    ordered_at: datetime
    expires_at: datetime | None
    confirmed_by: str | None
    started_at: datetime | None
    closed_at: datetime | None
    closed_reason: str


class OrderShown(OrderListed):
    """One order with its lines and how many there are of each state."""

    undoes: str | None
    counts: dict[str, int]
    lines: list[LineShown]


class LiveProofShown(BaseModel):
    """Keycloak's own answer about one account of an order, a moment ago."""

    user_name: str
    shut: bool
    enabled: bool
    online_sessions: int
    offline_sessions: int
    checked_at: datetime


def show_preview(seen: freezes.Preview) -> PreviewShown:
    return PreviewShown(
        scope_kind=seen.scope.kind,
        scope_value=seen.scope.value,
        scope_name=seen.name,
        hash=seen.hash,
        count=len(seen.accounts),
        alone=seen.alone,
        needs_second=seen.needs_second,
        accounts=[_show_account(one) for one in seen.accounts],
        left_out=[_show_account(one) for one in seen.left_out],
    )


def list_order(act: Act, order: FreezeOrderRow) -> OrderListed:
    """The order; one whose hour is over is shown as expired, whether or not the job has been there."""
    listed = OrderListed.model_validate(order)
    return listed.model_copy(update={"state": "expired"}) if freezes.is_expired(act, order) else listed


def show_order(act: Act, order: FreezeOrderRow) -> OrderShown:
    """The order with every line as its steps stand at this moment."""
    lines = store.lines_of(act, order.id)
    looked = look(act, order, lines)
    people = store.accounts_of(act, order.id)
    shown = [_show_line(line, looked[line.id], *people[line.account_id]) for line in lines]
    counts: dict[str, int] = {}
    for line in shown:
        counts[line.state] = counts.get(line.state, 0) + 1
    undoes = store.get_order(act, order.undoes_id).number if order.undoes_id else None
    return OrderShown(**list_order(act, order).model_dump(), undoes=undoes, counts=counts, lines=shown)


def _show_line(line: FreezeLineRow, looked: Looked, account: Any, person: Any, unit: Any) -> LineShown:
    return LineShown(
        user_name=account.user_name,
        person=person.name,
        unit=unit.name,
        state=looked.state,
        skipped_because=line.skipped_because,
        former_status=line.former_status,
        proof=looked.proof,
        signals_taken=looked.signals_taken,
        signals=looked.signals,
    )


def _show_account(one: Candidate) -> AccountShown:
    return AccountShown(
        user_name=one.user_name,
        person=one.person_name,
        unit=one.unit_name,
        status=one.status.value,
        subsystems=list(one.subsystems),
        left_out=one.left_out.value if one.left_out else None,
    )
